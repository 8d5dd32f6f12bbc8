//! CTI-01: an agent's whole working day in every dialect, and every way an answer may come.

use domain::{OwnerRefusalKind, Refusal, Unclear};

use super::*;

/// Signs in, takes a call, notes what it was about, asks for Not Ready in it, and signs out.
pub(super) async fn whole_life(peers: &Peers, bench: &Bench, version: u32) {
    let wrong = bench.sign_in("1001", "2001", "wrong").await;
    assert!(matches!(wrong, SignInAnswer::NotProven(_)), "{version}: {wrong:?}");
    bench.signed_in("1001", "2001").await;
    bench.goes("1001", Wish::Ready).await;
    assert_eq!(bench.state("1001"), Some(PresenceState::Ready), "{version}");
    peers.done(json!({"command": "call", "extension": "2001", "ani": "5551234",
        "queue": "Sales", "variables": {"1": "Gold"}}));
    bench
        .until("the call rings", || {
            bench.state("1001") == Some(PresenceState::Reserved) && !bench.calls("1001").is_empty()
        })
        .await;
    let call = bench.calls("1001")[0].clone();
    assert_eq!((call.number.as_str(), call.other_line), ("5551234", None), "{version}");
    assert!(call.variables.iter().any(|it| it.name == "callVariable1" && it.value == "Gold"));
    peers.say("answer 1001");
    bench.until_state("1001", PresenceState::Talking).await;
    peers.say("hold 1001");
    bench.until("held", || bench.calls("1001")[0].state == domain::CallState::Held).await;
    peers.say("retrieve 1001");
    bench.until("active", || bench.calls("1001")[0].state == domain::CallState::Active).await;
    bench.goes("1001", Wish::NotReady(None)).await;
    let live = bench.port.live(&key("1001")).unwrap();
    assert!(live.state == NOT_READY || live.pending == Some(NOT_READY), "{version}: {live:?}");
    peers.say("clear 1001");
    bench
        .until("not ready", || matches!(bench.state("1001"), Some(PresenceState::NotReady { .. })))
        .await;
    bench.until("no call", || bench.calls("1001").is_empty()).await;
    bench.goes("1001", Wish::SignOut(None)).await;
    assert!(bench.session("1001").await.signed_in().is_none(), "{version}");
    peers.nothing_was_broken();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_every_version_of_enterprise_carries_a_working_day() {
    for version in 9..=25 {
        let most = version.to_string();
        let arguments = ["--maximum-version", &most, "--wrap-up-seconds", "0"];
        let Some(peers) = Peers::start(&arguments) else { return };
        let bench = Bench::of_version(&peers, version).await;
        whole_life(&peers, &bench, version).await;
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_every_version_of_express_carries_a_working_day() {
    for version in 10..=18 {
        let arguments = ["--dialect", "express", "--wrap-up-seconds", "0"];
        let Some(peers) = Peers::start(&arguments) else { return };
        let bench = Bench::express(&peers, version).await;
        whole_life(&peers, &bench, version).await;
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_confirmation_and_event_come_in_any_order_and_the_confirmation_may_be_lost() {
    let Some(peers) = Peers::start(&["--wrap-up-seconds", "0"]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    for order in ["event-first", "confirmation-first"] {
        peers.say(&format!("fault order {order}"));
        bench.signed_in("1001", "2001").await;
        bench.goes("1001", Wish::Ready).await;
        bench.goes("1001", Wish::NotReady(None)).await;
        bench.goes("1001", Wish::SignOut(None)).await;
    }
    bench.signed_in("1001", "2001").await;
    peers.say("fault lose SET_AGENT_STATE");
    bench.goes("1001", Wish::Ready).await;
    assert_eq!(bench.state("1001"), Some(PresenceState::Ready));
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_what_comes_too_late_is_unclear_and_then_known() {
    let Some(peers) = Peers::start(&[]) else { return };
    let quick = |pair: &mut Value| pair["request_seconds"] = json!(1);
    let bench = Bench::start(&[("east", &peers)], quick).await;
    bench.signed_in("1001", "2001").await;
    peers.say("fault delay 3000");
    let outcome = bench.wish("1001", Wish::Ready).await;
    assert_eq!(outcome, Outcome::Unclear(Unclear::NotSeen));
    assert!(!peers.log("QUERY_AGENT_STATE").is_empty(), "the agent is asked about");
    peers.say("fault delay 0");
    bench.until_state("1001", PresenceState::Ready).await;
    bench.goes("1001", Wish::NotReady(None)).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_a_refusal_has_its_code_in_words_and_changes_nothing() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1001", "2001").await;
    for (fault, kind, code) in [
        ("fault refuse 281 --request SET_AGENT_STATE", OwnerRefusalKind::Reason, 281),
        ("fault refuse 22 --request SET_AGENT_STATE", OwnerRefusalKind::State, 22),
        ("fault refuse 94 --request SET_AGENT_STATE --failure", OwnerRefusalKind::Away, 94),
    ] {
        peers.say(fault);
        let outcome = bench.wish("1001", Wish::Ready).await;
        let Outcome::Refused(Refusal::Owner { why }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((why.kind, why.code), (kind, code));
        assert!(why.words.chars().any(char::is_alphabetic), "{why}");
        assert_eq!(bench.state("1001"), Some(NOT_READY));
    }
    bench.goes("1001", Wish::Ready).await;
    peers.nothing_was_broken();
    bench.close().await;
}
