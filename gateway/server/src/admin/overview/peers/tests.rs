//! What others do, and how it is told.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use sip::ServerStatus;

use super::*;

const AT: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn shows(part: &Part) -> (PartState, Option<PartCode>) {
    (part.state(), part.code())
}

#[test]
fn ccp_01_a_pair_of_which_no_side_serves_is_missing_with_its_reason() {
    assert_eq!(shows(&cti_pair(None)), (PartState::Unknown, Some(PartCode::CtiNotBegun)));
    let mut status = PairStatus { since: Some(AT), ..PairStatus::default() };
    status.problem = Some("side a refused".to_owned());
    let down = cti_pair(Some(&status));
    assert_eq!(shows(&down), (PartState::Missing, Some(PartCode::CtiDown)));
    assert_eq!(down.json()["since"], "2027-01-15T08:00:00Z");
    status.active_side = Some('a');
    assert_eq!(shows(&cti_pair(Some(&status))), (PartState::Partial, Some(PartCode::CtiAmiss)));
    status.problem = None;
    status.unknown_agents = 7;
    let catching_up = (PartState::Partial, Some(PartCode::CtiCatchingUp));
    assert_eq!(shows(&cti_pair(Some(&status))), catching_up);
    status.unknown_agents = 0;
    assert_eq!(shows(&cti_pair(Some(&status))), (PartState::Ok, None));
}

#[test]
fn ccp_01_another_node_is_there_gone_or_not_as_this_one() {
    let settings = Settings { number: 9, ..Settings::default() };
    let node = |live, left, said: &[(&str, &str)]| {
        let said = said.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let seen = NodeSeen {
            node: "gw-b.example".parse().unwrap(),
            live,
            left,
            age: Duration::ZERO,
            said: Arc::new(said.collect()),
        };
        shows(&other_node(&seen, &settings))
    };
    let well = [("state", "ready"), ("version", crate::VERSION), ("settings", "9")];
    assert_eq!(node(true, false, &well), (PartState::Ok, None));
    assert_eq!(node(false, false, &well), (PartState::Missing, Some(PartCode::OtherNodeGone)));
    assert_eq!(node(false, true, &well), (PartState::Off, Some(PartCode::OtherNodeLeft)));
    for (said, code) in [
        ([("state", "failing"), well[1], well[2]], PartCode::OtherNodeAmiss),
        ([well[0], ("version", "0.0.1"), well[2]], PartCode::OtherNodeVersion),
        ([well[0], well[1], ("settings", "8")], PartCode::OtherNodeBehind),
    ] {
        assert_eq!(node(true, false, &said), (PartState::Partial, Some(code)));
    }
}

#[test]
fn ccp_01_what_a_directory_did_not_give_is_told() {
    let report = |result, not_taken| SyncReport {
        at: AT,
        result,
        found: 10,
        added: 0,
        changed: 0,
        removed: 8,
        held_up: Vec::new(),
        failed: Vec::new(),
        not_taken,
    };
    let code = |report: Option<&SyncReport>| directory(report, true).code();
    assert_eq!(code(None), Some(PartCode::DirectoryNotYet));
    assert_eq!(directory(None, false).code(), Some(PartCode::DirectoryByHand));
    let alone = left_alone("ldap.example:636 refused bind: invalidCredentials (49)").json();
    let reason = alone["reason"].as_str().unwrap();
    assert!(reason.contains("(49). Correct its user or password"), "{reason}");
    assert_eq!(code(Some(&report(SyncResult::Done, 0))), None);
    assert_eq!(code(Some(&report(SyncResult::Done, 3))), Some(PartCode::DirectoryNotAll));
    let failed = SyncResult::Failed("no answer".to_owned());
    assert_eq!(code(Some(&report(failed, 0))), Some(PartCode::DirectoryFailed));
    let stopped = SyncResult::TooManyRemovals { percent_max: 20 };
    assert_eq!(code(Some(&report(stopped, 0))), Some(PartCode::DirectoryTooManyRemovals));
}

#[test]
fn ccp_11_lists_are_all_there_partly_or_all_missing() {
    let status = |bindings| SipStatus { is_on: true, bindings, ..SipStatus::default() };
    let registered = |bindings| registrations(4, &status(bindings), true).state();
    assert_eq!([4, 3, 0].map(registered), [PartState::Ok, PartState::Partial, PartState::Missing]);
    // They may be at another node.
    assert_eq!(registrations(4, &status(0), false).state(), PartState::Ok);
    let server = |is_up| ServerStatus { peer: None, is_up, problem: None };
    let hop = |ups: &[bool]| {
        let servers = ups.iter().copied().map(server).collect();
        next_hop(&NextHopStatus { name: "proxy".to_owned(), servers }).code()
    };
    assert_eq!(hop(&[true, true]), None);
    assert_eq!(hop(&[true, false]), Some(PartCode::NextHopPartly));
    assert_eq!(hop(&[false, false]), Some(PartCode::NextHopDown));
    let pushes = |amiss, all| pushed(amiss, all, true).state();
    assert_eq!([pushes(0, 9), pushes(2, 9)], [PartState::Ok, PartState::Partial]);
    assert_eq!(pushes(9, 9), PartState::Missing);
    assert_eq!(pushed(0, 0, false).code(), Some(PartCode::PushNotConfigured));
}

#[test]
fn ccp_01_a_receiver_of_the_log_that_is_away_is_missing() {
    assert_eq!(syslog(Vec::new()).pop().unwrap().code(), Some(PartCode::SyslogNone));
    let away = Some("connection refused".to_owned());
    let state = SyslogState { name: "siem".to_owned(), waiting: 12, away };
    let told = syslog(vec![state]).pop().unwrap().json();
    assert_eq!((&told["name"], &told["state"]), (&"siem".into(), &"missing".into()));
    assert!(told["reason"].as_str().unwrap().contains("12 messages wait"), "{told}");
}
