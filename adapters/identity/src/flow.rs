//! A request to an IdP that waits for its answer, carried by the browser.
//!
//! ```text
//!   authorize, test --sealed, in a cookie of this host--> browser --> IdP --POST--> ACS --cookie back--> opened
//!                   `-- RelayState: which of the cookies
//! ```
//!
//! So strangers fill no store, whichever node is asked can go on, and an answer counts only in the browser that
//! asked: somebody else's answer, posted by a page of theirs, signs nobody on (login CSRF). The prefix of the
//! cookie's name keeps other hosts of the domain from setting one.

use std::time::Duration;

use domain::{Sealed, Secret, Timestamp};
use engine::SealingKeys;
use http::HeaderMap;
use http::header::COOKIE;
use serde::{Deserialize, Serialize};

use crate::making::hexadecimal;

/// For how long an IdP's answer is waited for.
pub(crate) const FLOW_LASTING: Duration = Duration::from_secs(600);
/// The most flows of one browser at a time; older ones are dropped.
const FLOWS_MAX: usize = 4;
/// The most bytes of all of them: a browser sends them with every request to this host, whose header has its limit
/// (`limits.header_bytes_max`).
const FLOWS_BYTES_MAX: usize = 6 * 1024;
/// The most bytes of a cookie; browsers keep none of more than 4,096.
const FLOW_BYTES_MAX: usize = 4_000;
/// The most bytes of what an application asked for; sealed, it takes a third more.
const WANTED_BYTES_MAX: usize = 2_600;
/// What the cookies are called, before the flow's own letters.
const COOKIE_PREFIX: &str = "__Host-jackfield-flow-";
/// What flows are sealed for.
const PURPOSE: &str = "identity_flow";
/// How many hexadecimal digits tell flows of one browser apart.
const HANDLE_DIGITS: usize = 8;
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=None";

/// A request that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flow {
    /// The id of the request, which the answer names.
    pub(crate) request: String,
    /// The IdP that was asked.
    pub(crate) provider: String,
    /// When it was asked.
    pub(crate) begun_at: Timestamp,
    /// What for.
    pub(crate) purpose: Purpose,
}

/// What somebody is proven for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// An application that asked for a code.
    Application(Wanted),
    /// A test of the trust.
    Test {
        /// The component that is tested.
        component: String,
        /// A digest of what is trusted.
        trust: String,
        /// The SAML key that the request was signed with.
        key: String,
        /// The metadata's digest.
        metadata: String,
    },
}

/// The code that an application asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) challenge: Option<String>,
    pub(crate) scope: Vec<String>,
}

/// What opens and seals flows.
pub(crate) struct Flows(SealingKeys);

impl Flows {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(SealingKeys::single(key))
    }

    /// The cookie that carries the flow; `None` where the machine gives no randomness, or it would be too long.
    pub(crate) fn cookie(&self, flow: &Flow, handle: &str) -> Option<String> {
        let text = serde_json::to_string(flow).ok()?;
        let sealed = self.0.seal(&purpose(handle), &Secret::new(text))?;
        let seconds = FLOW_LASTING.as_secs();
        let pair = format!("{COOKIE_PREFIX}{handle}={}", sealed.as_text());
        let fits = pair.len() <= FLOW_BYTES_MAX;
        fits.then(|| format!("{pair}; {ATTRIBUTES}; Max-Age={seconds}"))
    }

    /// The flow of that handle, where this browser has one that still waits.
    pub(crate) fn of(&self, headers: &HeaderMap, handle: &str, now: Timestamp) -> Option<Flow> {
        let is_handle =
            handle.len() == HANDLE_DIGITS && handle.bytes().all(|byte| byte.is_ascii_hexdigit());
        let wanted = format!("{COOKIE_PREFIX}{handle}");
        let mut found = pairs(headers).filter(|(name, _)| is_handle && *name == wanted);
        let ((_, value), None) = (found.next()?, found.next()) else { return None };
        let text = self.0.unseal(&purpose(handle), &Sealed::from_text(value)).ok()?;
        let flow: Flow = serde_json::from_str(text.expose()).ok()?;
        let is_early = flow.begun_at > now;
        (!is_early && now.since(flow.begun_at) <= FLOW_LASTING).then_some(flow)
    }
}

fn purpose(handle: &str) -> String {
    format!("{PURPOSE}/{handle}")
}

/// Whether a browser keeps what an application asked for, with what stands beside it, in a cookie.
pub(crate) fn can_carry(wanted: &Wanted) -> bool {
    serde_json::to_string(wanted).is_ok_and(|text| text.len() <= WANTED_BYTES_MAX)
}

/// Letters that tell a browser's flows apart.
pub(crate) fn handle(random: [u8; 4]) -> String {
    hexadecimal(&random)
}

/// The end of the cookie of that flow.
pub(crate) fn end(handle: &str) -> String {
    format!("{COOKIE_PREFIX}{handle}=; {ATTRIBUTES}; Max-Age=0")
}

/// Ends of the cookies that are too many beside a new one.
pub(crate) fn ends_of_surplus(headers: &HeaderMap, new: &str) -> Vec<String> {
    let is_handle =
        |it: &&str| it.len() == HANDLE_DIGITS && it.bytes().all(|b| b.is_ascii_hexdigit());
    let flows: Vec<_> = pairs(headers)
        .filter_map(|(name, value)| {
            let handle = name.strip_prefix(COOKIE_PREFIX).filter(is_handle)?;
            Some((handle, name.len() + value.len()))
        })
        .collect();
    let (mut count, mut bytes) = (1, new.split(';').next().unwrap_or_default().len());
    // Browsers send older ones first, and those go.
    let kept = flows.iter().rev().take_while(|(_, length)| {
        (count, bytes) = (count + 1, bytes + length);
        count <= FLOWS_MAX && bytes <= FLOWS_BYTES_MAX
    });
    let surplus = flows.len() - kept.count();
    flows.into_iter().take(surplus).map(|(handle, _)| end(handle)).collect()
}

/// Names and values of all cookies.
pub(crate) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let fields = headers.get_all(COOKIE).into_iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='))
}
