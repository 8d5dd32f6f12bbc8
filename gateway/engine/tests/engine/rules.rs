//! What may happen to agents, through the whole engine.

use std::time::Duration;

use domain::{
    CallDirection, CallVariable, Command, DeviceName, Input, InputId, PhoneProof, ReasonCategory,
    ReasonCode, Refusal, Reply, Report, SessionRef, SignInOn, SignedOutBy, Status, Wish,
};
use engine::Outcome;

use crate::{Bench, command, key, sign_in};

const DONE: Outcome = Outcome::Done(Reply::Done);

fn session(outcome: Outcome) -> SessionRef {
    match outcome {
        Outcome::Done(Reply::SignedIn { session }) => session,
        other => panic!("not signed in: {other:?}"),
    }
}

fn refusal(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn on_phone(device: &str) -> SignInOn {
    let proof = PhoneProof { cookie_digest: "c".into(), address: [127, 0, 0, 1].into() };
    SignInOn::Phone { device: device.parse().unwrap(), proof }
}

fn call(id: &str) -> Wish {
    let variables = vec![CallVariable { name: "callVariable1".into(), value: "A".into() }];
    let (id, number) = (id.to_owned(), "+49 30 1".to_owned());
    Wish::CallBegins { id, direction: CallDirection::Inbound, number, variables }
}

#[tokio::test]
async fn phn_05_an_agent_works_through_a_shift() {
    let mut bench = Bench::new().await;
    session(bench.sign_in("1001", "2001").await);
    assert_eq!(bench.state("1001").await, "not_ready");
    assert_eq!(bench.wish("1001", Wish::Ready).await, DONE);
    assert_eq!(bench.state("1001").await, "ready");
    assert_eq!(
        refusal(bench.wish("1001", Wish::SignOut(None)).await),
        Refusal::SignOutNeedsNotReady
    );
    assert_eq!(bench.wish("1001", Wish::NotReady(Some(ReasonCode(12)))).await, DONE);
    let unknown = bench.wish("1001", Wish::NotReady(Some(ReasonCode(99)))).await;
    let category = ReasonCategory::NotReady;
    assert_eq!(refusal(unknown), Refusal::ReasonUnknown { category, code: ReasonCode(99) });
    assert_eq!(bench.wish("1001", Wish::SignOut(Some(ReasonCode(5)))).await, DONE);
    assert_eq!(bench.state("1001").await, "signed_out");
    assert_eq!(refusal(bench.wish("1001", Wish::Ready).await), Refusal::NotSignedIn);
}

#[tokio::test]
async fn a_repeated_input_is_recognised_even_after_the_state_moved_on() {
    let bench = Bench::new().await;
    let once = |name: &str, wish| {
        Input::command(InputId::new("once", name), Command::Agent(command("1001", wish)))
    };
    let sign_in = Command::SignIn(Box::new(sign_in("1001", "2001")));
    let first = Input::command(InputId::new("once", "in"), sign_in);
    let outcome = bench.engine.submit(first.clone()).await.unwrap();
    bench.engine.submit(once("ready", Wish::Ready)).await.unwrap();
    bench.engine.submit(once("not", Wish::NotReady(None))).await.unwrap();
    assert_eq!(bench.engine.submit(once("ready", Wish::Ready)).await.unwrap(), DONE);
    assert_eq!(bench.state("1001").await, "not_ready");
    assert_eq!(bench.engine.submit(first).await.unwrap(), outcome);
}

#[tokio::test]
async fn a_wish_that_was_so_already_is_not_carried_out_when_it_comes_again_later() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let not_ready = Command::Agent(command("1001", Wish::NotReady(None)));
    let first = Input::command(InputId::new("once", "not"), not_ready);
    assert_eq!(bench.engine.submit(first.clone()).await.unwrap(), DONE);
    bench.wish("1001", Wish::Ready).await;
    assert_eq!(bench.engine.submit(first).await.unwrap(), DONE);
    assert_eq!(bench.state("1001").await, "ready");
}

#[tokio::test]
async fn phn_22_a_second_sign_in_takes_the_session_over() {
    let mut bench = Bench::new().await;
    let first = session(bench.sign_in("1001", "2001").await);
    bench.wish("1001", Wish::Ready).await;
    let second = session(bench.sign_in("1001", "2001").await);
    assert_eq!(second.number, first.number);
    assert!(second.generation > first.generation);
    assert_eq!(bench.state("1001").await, "ready");
    let mut old = command("1001", Wish::NotReady(None));
    old.holder = Some(first);
    assert_eq!(refusal(bench.submit(Command::Agent(old)).await), Refusal::NotSignedIn);
    assert_eq!(bench.state("1001").await, "ready");
}

#[tokio::test]
async fn a_press_on_an_older_page_is_stale() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    bench.wish("1001", Wish::Ready).await;
    let mut old = command("1001", Wish::NotReady(None));
    old.seen_changes = Some(0);
    assert_eq!(refusal(bench.submit(Command::Agent(old)).await), Refusal::Stale);
}

#[tokio::test]
async fn a_line_has_one_agent_and_is_free_after_sign_out() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let by = key("1001");
    let extension = "2001".parse().unwrap();
    let taken = bench.sign_in("1002", "2001").await;
    assert_eq!(refusal(taken), Refusal::ExtensionInUse { extension, by });
    let by = SignedOutBy::Supervisor;
    bench.wish("1001", Wish::ForceSignOut { reason: None, by }).await;
    session(bench.sign_in("1002", "2001").await);
}

#[tokio::test]
async fn moving_to_another_line_frees_the_first() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    bench.sign_in("1001", "2009").await;
    session(bench.sign_in("1002", "2001").await);
    assert!(matches!(bench.sign_in("1003", "2009").await, Outcome::Refused(_)));
}

#[tokio::test]
async fn phn_19_a_phone_has_one_agent_at_a_time() {
    let mut bench = Bench::new().await;
    let at = |agent: &str, extension: &str| {
        let mut wish = sign_in(agent, extension);
        wish.on = on_phone("SEP000000000001");
        Command::SignIn(Box::new(wish))
    };
    session(bench.submit(at("1001", "2001")).await);
    let refused = refusal(bench.submit(at("1002", "2008")).await);
    assert!(matches!(refused, Refusal::DeviceInUse { .. }), "{refused:?}");
    let by = SignedOutBy::Agent;
    bench.wish("1001", Wish::ForceSignOut { reason: None, by }).await;
    session(bench.submit(at("1002", "2008")).await);
}

#[tokio::test]
async fn cti_05_a_shared_line_asks_for_the_phone() {
    let mut bench = Bench::new().await;
    let devices: Vec<DeviceName> =
        ["SEP000000000002", "SEP000000000003"].map(|name| name.parse().unwrap()).to_vec();
    let asked = refusal(bench.sign_in("1003", "2003").await);
    assert_eq!(asked, Refusal::DeviceChoice { devices: devices.clone() });
    let mut wish = sign_in("1003", "2003");
    wish.device = devices.last().cloned();
    session(bench.submit(Command::SignIn(Box::new(wish))).await);
    let session = bench.engine.session_of(&key("1003")).await.unwrap().unwrap();
    assert_eq!(session.signed_in().unwrap().device, devices.last().cloned());
}

#[tokio::test]
async fn phn_09_maintenance_refuses_sign_ins_and_lets_others_go_on() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let node = bench.engine.node().clone();
    bench.submit(Command::SetMaintenance { node: node.clone(), on: true }).await;
    assert!(bench.engine.in_maintenance());
    let refused = refusal(bench.sign_in("1002", "2002").await);
    assert_eq!(refused, Refusal::Maintenance { alternate: None });
    assert_eq!(bench.wish("1001", Wish::Ready).await, DONE);
    bench.submit(Command::SetMaintenance { node, on: false }).await;
    assert!(!bench.engine.in_maintenance());
    session(bench.sign_in("1002", "2002").await);
}

#[tokio::test]
async fn phn_09_maintenance_of_one_node_leaves_the_other_alone() {
    let mut bench = Bench::new().await;
    let node = bench.engine.node().clone();
    bench.submit(Command::SetMaintenance { node, on: true }).await;
    assert!(matches!(bench.sign_in("1001", "2001").await, Outcome::Refused(_)));
    let mut elsewhere = sign_in("1001", "2001");
    elsewhere.node = "gw-b.example".parse().unwrap();
    session(bench.submit(Command::SignIn(Box::new(elsewhere))).await);
}

#[tokio::test(start_paused = true)]
async fn wrap_up_ends_by_a_wake() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    bench.wish("1001", Wish::Ready).await;
    assert_eq!(bench.wish("1001", call("c1")).await, DONE);
    assert_eq!(bench.state("1001").await, "talking");
    assert_eq!(bench.wish("1001", Wish::WrapUpReason(ReasonCode(1))).await, DONE);
    bench.wish("1001", Wish::CallEnds { id: None }).await;
    assert_eq!(bench.state("1001").await, "wrap_up");
    let mut watch = bench.engine.port(std::sync::Arc::new(engine::testing::PlainAuthenticator));
    let mut latest = watch.watch(&key("1001"));
    bench.clock.advance(Duration::from_secs(19));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(bench.state("1001").await, "wrap_up");
    bench.clock.advance(Duration::from_secs(1));
    let ready = latest.wait_for(|session| {
        session
            .as_ref()
            .and_then(|it| it.signed_in())
            .is_some_and(|it| it.voice.unwrap().state.name() == "ready")
    });
    tokio::time::timeout(Duration::from_secs(10), ready).await.expect("a wake").unwrap();
    watch = bench.engine.port(std::sync::Arc::new(engine::testing::PlainAuthenticator));
    assert!(watch.store_state() == engine::StoreState::Working);
}

#[tokio::test]
async fn the_end_of_another_call_changes_nothing() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let end = |id: &str| Wish::CallEnds { id: Some(id.to_owned()) };
    assert_eq!(bench.wish("1001", end("c1")).await, DONE);
    bench.wish("1001", call("c1")).await;
    bench.wish("1001", end("c1")).await;
    bench.wish("1001", call("c2")).await;
    // The end of the first call comes late, and once more.
    assert_eq!(bench.wish("1001", end("c1")).await, DONE);
    assert_eq!(bench.state("1001").await, "talking");
    assert_eq!(bench.wish("1001", end("c2")).await, DONE);
    assert_eq!(bench.state("1001").await, "wrap_up");
}

#[tokio::test]
async fn a_late_wake_of_an_older_wrap_up_changes_nothing() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    bench.wish("1001", Wish::Ready).await;
    bench.wish("1001", call("c1")).await;
    bench.wish("1001", Wish::CallEnds { id: None }).await;
    let later = bench.clock.clone();
    later.advance(Duration::from_secs(100));
    let due = bench.store.due_wakes(bench.engine.now(), 9).await.unwrap().due;
    bench.wish("1001", Wish::NotReady(None)).await;
    assert_eq!(due.len(), 1);
    let before = bench.store.end_of_log().await.unwrap();
    for wake in due {
        let input = Input::report(InputId::new("late", &wake.id), Report::WakeDue(wake));
        assert_eq!(bench.engine.submit(input).await.unwrap(), DONE);
    }
    assert_eq!(bench.state("1001").await, "not_ready");
    assert_eq!(bench.store.end_of_log().await.unwrap(), before);
}

#[tokio::test]
async fn five_wrong_passwords_lock_for_five_minutes() {
    let bench = Bench::new().await;
    let check = async |number: u32, right| {
        let report = Report::PasswordChecked { agent: "1001".parse().unwrap(), right };
        let input = Input::report(InputId::new("password", number), report);
        bench.engine.submit(input).await.unwrap()
    };
    for number in 0..4 {
        assert_eq!(check(number, false).await, DONE);
    }
    assert_eq!(check(4, true).await, DONE);
    for number in 5..9 {
        assert_eq!(check(number, false).await, DONE);
    }
    let until = bench.engine.now().after(Duration::from_secs(300));
    assert_eq!(check(9, false).await, Outcome::Done(Reply::Locked { until }));
    bench.clock.advance(Duration::from_secs(299));
    // Trying again does not prolong the lock.
    assert_eq!(check(10, false).await, Outcome::Done(Reply::Locked { until }));
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(check(11, false).await, DONE);
}

#[tokio::test]
async fn a_lock_does_not_outlast_a_clock_that_was_set_back() {
    let bench = Bench::new().await;
    let wrong = async |number: u32| {
        let report = Report::PasswordChecked { agent: "1001".parse().unwrap(), right: false };
        let input = Input::report(InputId::new("password", number), report);
        bench.engine.submit(input).await.unwrap()
    };
    bench.clock.advance(Duration::from_secs(100_000));
    for number in 0..5 {
        wrong(number).await;
    }
    bench.clock.set_back(Duration::from_secs(100_000));
    assert_eq!(wrong(5).await, DONE);
}

#[tokio::test]
async fn what_is_left_of_a_session_says_why_it_ended() {
    let mut bench = Bench::new().await;
    let signed_in = session(bench.sign_in("1001", "2001").await);
    let reason = Some(ReasonCode::CONNECTION_LOST);
    bench.wish("1001", Wish::ForceSignOut { reason, by: SignedOutBy::System }).await;
    let left = bench.engine.session(signed_in.number).await.unwrap().unwrap();
    let Status::SignedOut(signed_out) = &left.status else { panic!("signed in") };
    assert_eq!((signed_out.reason, signed_out.by), (reason, SignedOutBy::System));
    let again = session(bench.sign_in("1001", "2001").await);
    assert_ne!(again.number, signed_in.number);
}

#[tokio::test]
async fn a_call_carries_no_more_than_its_limits() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let variable = CallVariable { name: "n".into(), value: "x".repeat(201) };
    let mut too_long = call("c1");
    if let Wish::CallBegins { variables, .. } = &mut too_long {
        *variables = vec![variable];
    }
    let refused = refusal(bench.wish("1001", too_long).await);
    assert!(matches!(refused, Refusal::CallTooLarge { .. }));
    assert_eq!(
        refusal(bench.wish("1001", Wish::WrapUpReason(ReasonCode(1))).await),
        Refusal::NoCall
    );
}
