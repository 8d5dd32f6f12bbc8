use std::time::Duration;

use super::*;
use crate::Sealed;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microseconds(seconds * 1_000_000)
}

#[test]
fn ids_10_the_clients_table_is_that_of_the_features_guide() {
    use IdentityState::*;
    // Rows of the guide.
    for remote in
        [None, Some(NotConfigured), Some(InService), Some(PartialService), Some(OutOfService)]
    {
        assert_eq!(choose(InService, remote), Choice::Local, "{remote:?}");
    }
    assert_eq!(choose(PartialService, Some(InService)), Choice::Remote);
    assert_eq!(choose(PartialService, Some(PartialService)), Choice::Local);
    assert_eq!(choose(OutOfService, Some(PartialService)), Choice::Remote);
    assert_eq!(choose(OutOfService, Some(OutOfService)), Choice::None);
    assert_eq!(choose(OutOfService, None), Choice::None);
    // What it leaves open.
    assert_eq!(choose(OutOfService, Some(InService)), Choice::Remote);
    assert_eq!(choose(PartialService, Some(OutOfService)), Choice::Local);
    assert_eq!(choose(PartialService, None), Choice::Local);
    for local in IdentityState::ALL {
        for remote in IdentityState::ALL {
            let as_out = |state| if state == NotConfigured { OutOfService } else { state };
            assert_eq!(
                choose(local, Some(remote)),
                choose(as_out(local), Some(as_out(remote))),
                "{local:?} {remote:?}"
            );
        }
    }
}

fn good() -> NodeFacts {
    NodeFacts {
        has_hosts: true,
        is_host: true,
        has_provider: true,
        provider_is_current: true,
        has_keys: true,
        certificate_is_current: true,
        certificate_fits: true,
        has_store: true,
        is_joined: true,
        has_clock: true,
    }
}

#[test]
fn ids_09_a_nodes_state_follows_from_what_it_lacks() {
    #[track_caller]
    fn check(facts: NodeFacts, expected: IdentityState, reason: Option<StateReason>) {
        let (state, reasons) = state(&facts);
        assert_eq!(state, expected, "{reasons:?}");
        assert_eq!(reasons.first().copied(), reason);
    }
    check(good(), IdentityState::InService, None);
    check(NodeFacts::default(), IdentityState::NotConfigured, Some(StateReason::NoHosts));
    let facts = NodeFacts { has_provider: false, ..good() };
    check(facts, IdentityState::NotConfigured, Some(StateReason::NoProvider));
    let facts = NodeFacts { provider_is_current: false, ..good() };
    check(facts, IdentityState::PartialService, Some(StateReason::ProviderCertificateOver));
    let facts = NodeFacts { has_store: false, ..good() };
    check(facts, IdentityState::PartialService, Some(StateReason::NoStore));
    let facts = NodeFacts { is_joined: false, has_store: false, ..good() };
    check(facts, IdentityState::OutOfService, Some(StateReason::CutOff));
    let facts = NodeFacts { has_keys: false, ..good() };
    check(facts, IdentityState::OutOfService, Some(StateReason::NoKeys));
    for state in IdentityState::ALL {
        assert_eq!(IdentityState::of_name(state.name()), Some(state));
    }
}

#[test]
fn ids_13_another_host_name_asks_for_certificate_trust_and_tests() {
    let facts = NodeFacts { certificate_fits: false, is_host: false, ..good() };
    let (state, reasons) = state(&facts);
    assert_eq!(state, IdentityState::PartialService);
    assert_eq!(reasons, [StateReason::NotAHost, StateReason::CertificateForAnotherName]);
    let words = reasons.iter().map(|reason| reason.words()).collect::<String>();
    for what in ["certificate", "metadata", "test"] {
        assert!(words.contains(what), "{words}");
    }
}

fn key(id: &str, active_from: i64) -> TokenKey {
    TokenKey {
        id: id.to_owned(),
        algorithm: TokenAlgorithm::Rs256,
        private: Sealed::from_text("x"),
        public: String::new(),
        made_at: at(0),
        active_from: at(active_from),
    }
}

#[test]
fn ids_07_keys_change_by_the_clock_and_stay_for_what_they_signed() {
    let keys =
        IdentityKeys { signing: vec![key("old", 0), key("new", 1_000)], ..IdentityKeys::default() };
    let signs = |now| keys.signs(TokenAlgorithm::Rs256, at(now)).map(|key| key.id.clone());
    assert_eq!(signs(999).as_deref(), Some("old"));
    assert_eq!(signs(1_000).as_deref(), Some("new"));
    assert_eq!(keys.signs(TokenAlgorithm::Es256, at(2_000)), None);
    let states = |now| {
        let states = keys.signing.iter().map(|key| keys.signing_state(key, at(now)));
        states.collect::<Vec<_>>()
    };
    assert_eq!(states(10), [KeyState::Active, KeyState::Next]);
    assert_eq!(states(1_000), [KeyState::Retired, KeyState::Active]);
    let kept = |now: Timestamp| keys.clone().pruned(now).signing.len();
    let over = at(1_000).after(TOKEN_LIFE_MAX);
    assert_eq!((kept(over), kept(over.after(Duration::from_secs(1)))), (2, 1));
}

#[test]
fn ids_11_single_sign_on_opens_once_every_component_passed_with_the_present_trust() {
    let components = ["identity/a".to_owned(), "console/a".to_owned()].into();
    let mut tests = TrustTests::default();
    assert_eq!(why_not_enabled(&components, &tests, "t").len(), 2);
    assert_eq!(why_not_enabled(&[].into(), &tests, "t").len(), 1);
    let passed = TrustTest {
        at: at(1),
        passed: true,
        reason: None,
        who: Some("1001".to_owned()),
        trust: "t".to_owned(),
    };
    tests.tests.insert("identity/a".to_owned(), passed.clone());
    assert_eq!(why_not_enabled(&components, &tests, "t"), ["console/a was not tested"]);
    let failed = TrustTest {
        passed: false,
        reason: Some("the message is not signed".to_owned()),
        ..passed.clone()
    };
    tests.tests.insert("console/a".to_owned(), failed);
    let why = why_not_enabled(&components, &tests, "t");
    assert_eq!(why, ["the test of console/a failed: the message is not signed"]);
    tests.tests.insert("console/a".to_owned(), passed);
    assert!(why_not_enabled(&components, &tests, "t").is_empty());
    assert_eq!(why_not_enabled(&components, &tests, "another").len(), 2);
}
