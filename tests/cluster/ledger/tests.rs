//! The ledger finds what is lost, doubled, late and missing.

use domain::Timestamp;

use super::*;

fn act(deed: Deed, told: Told) -> Act {
    Act { deed, told }
}

fn line(name: &str, reason: Option<u16>) -> Line {
    let details = reason.map(|code| ("reason".to_owned(), code.to_string()));
    let mut details: BTreeMap<_, _> = details.into_iter().collect();
    if name == "agent_signed_in" {
        details.insert("extension".into(), "3001".into());
    }
    let at = Timestamp::from_seconds(1_000);
    Line { agent: "1001".into(), name: name.into(), details, at }
}

#[track_caller]
fn check(acts: &[Act], lines: &[Line], faults: &[&str]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.take(BTreeMap::from([("1001".to_owned(), acts.to_vec())]), lines);
    ledger.close();
    // Each comes with what led to it.
    ledger.faults.retain(|fault| !fault.starts_with("acts"));
    assert_eq!(ledger.faults.len(), faults.len(), "{:?}", ledger.faults);
    for (found, fault) in ledger.faults.iter().zip(faults) {
        assert!(found.contains(fault), "{found}");
    }
    ledger
}

#[test]
fn what_is_there_once_is_sound() {
    use Told::{Done, Nothing, Refused};
    let acts = [
        act(Deed::SignIn, Nothing),
        act(Deed::SignIn, Done),
        act(Deed::Ready, Done),
        act(Deed::CallBegins, Done),
        act(Deed::CallEnds, Done),
        act(Deed::NotReady(1), Nothing),
        act(Deed::NotReady(2), Refused),
        act(Deed::SignOut(3), Done),
    ];
    let lines = [
        line("agent_signed_in", None),
        line("agent_ready", None),
        line("agent_talking", None),
        line("session_moved", None),
        line("agent_wrap_up", None),
        line("agent_ready", None),
        line("agent_not_ready", Some(1)),
        line("agent_signed_out", Some(3)),
    ];
    let ledger = check(&acts, &lines, &[]);
    assert_eq!((ledger.timers, ledger.acknowledged()), (1, 5));
    let told = ledger.to_string();
    assert!(told.contains("sign in") && told.contains("1 ran, 0 did not"), "{told}");
}

#[test]
fn what_is_lost_doubled_or_pretended_is_found() {
    let ready = [act(Deed::NotReady(1), Told::Done), act(Deed::Ready, Told::Done)];
    let both = [line("agent_not_ready", Some(1)), line("agent_ready", None)];
    check(&ready, &both, &[]);
    check(&ready, &both[..1], &["lost: Ready"]);
    check(&ready[..1], &both, &["nowhere"]);
    let twice = [both[0].clone(), both[1].clone(), both[0].clone()];
    check(&ready, &twice, &["once more"]);
    let refused = [act(Deed::NotReady(1), Told::Refused)];
    check(&refused, &both[..1], &["refused and done"]);
}

#[test]
fn what_nobody_acknowledged_may_come_late_and_once() {
    let acts = [act(Deed::NotReady(1), Told::Nothing), act(Deed::Ready, Told::Done)];
    let late = [line("agent_ready", None), line("agent_not_ready", Some(1))];
    assert_eq!(check(&acts, &late, &[]).kinds["not ready"].late, 1);
    let mut ledger = Ledger::default();
    let acts = BTreeMap::from([("1001".to_owned(), acts.to_vec())]);
    ledger.take(acts, &late[..1]);
    ledger.take(BTreeMap::new(), &late[1..]);
    ledger.assert_sound();
    ledger.take(BTreeMap::from([("1001".to_owned(), Vec::new())]), &late[1..]);
    assert!(ledger.faults[0].contains("from nowhere"), "{:?}", ledger.faults);
}

#[test]
fn a_timer_that_never_ran_and_a_line_with_two_agents_are_found() {
    let acts = [act(Deed::CallEnds, Told::Done)];
    check(&acts, &[line("agent_wrap_up", None)], &["never ran"]);
    let mut ledger = Ledger::default();
    let other = Line { agent: "1002".into(), ..line("agent_signed_in", None) };
    ledger.take(BTreeMap::new(), &[line("agent_signed_in", None), other]);
    assert!(ledger.faults[0].contains("while 1001 had it"), "{:?}", ledger.faults);
}
