//! The list that SIP is accepted by: fifty behaviours, each with a test that is named after its number.

use std::collections::BTreeSet;

use crate::checkout::{checkout, report};
use crate::tokens::test_functions;

/// How many behaviours the list has: 1 to 25 messages and transactions of RFC 3261, 26 to 33 registrations,
/// 34 to 39 REFER and NOTIFY, 40 MESSAGE, 41 to 43 IPv6, 44 to 50 transport and security.
const BEHAVIOURS: usize = 50;

#[test]
fn every_behaviour_of_the_sip_list_has_a_test_of_its_number() {
    // The tests of the simulated peers prove the judge, not the product.
    let product = checkout().sources.iter().filter(|it| !it.path.starts_with("conformance/src"));
    let tests: BTreeSet<String> =
        product.flat_map(|source| test_functions(&source.tokens)).collect();
    let missing: Vec<_> = (1..=BEHAVIOURS)
        .map(|number| format!("sip_accept_{number:02}_"))
        .filter(|start| !tests.iter().any(|test| test.starts_with(start)))
        .map(|start| format!("no test begins with {start}"))
        .collect();
    report(
        "each behaviour that SIP is accepted by is proven",
        &missing,
        "write a test of the behaviour and give it the number of the list",
    );
}
