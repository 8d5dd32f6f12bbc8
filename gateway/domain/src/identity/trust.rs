//! Tests of single sign-on, component by component, and whether it may be switched on (IDS-11, IDS-18).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The most components whose tests are kept.
pub const TRUST_TESTS_MAX: usize = 64;

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustTest {
    /// When.
    pub at: Timestamp,
    /// Whether somebody was signed on.
    pub passed: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Who signed on.
    pub who: Option<String>,
    /// A digest of what was trusted then: hosts, the IdP's metadata, our certificate.
    pub trust: String,
}

/// The last test of every component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustTests {
    /// By the component's name.
    pub tests: BTreeMap<String, TrustTest>,
    /// The metadata of each IdP with which somebody was signed on last, by its name. Its keys count beside those
    /// of a newer file until that one is proven too.
    #[serde(default)]
    pub proven: BTreeMap<String, String>,
}

/// Why single sign-on must stay off, in sentences; none where every component passed with what is trusted now.
pub fn why_not_enabled(
    components: &BTreeSet<String>,
    tests: &TrustTests,
    trust: &str,
) -> Vec<String> {
    if components.is_empty() {
        return vec![
            "no component is registered; start a node with an identity listener".to_owned(),
        ];
    }
    let why = components.iter().filter_map(|component| match tests.tests.get(component) {
        None => Some(format!("{component} was not tested")),
        Some(test) if test.trust != trust => {
            Some(format!("{component} was tested before hosts, metadata or certificate changed"))
        }
        Some(test) if !test.passed => {
            let reason = test.reason.as_deref().unwrap_or("nobody was signed on");
            Some(format!("the test of {component} failed: {reason}"))
        }
        Some(_) => None,
    });
    why.collect()
}
