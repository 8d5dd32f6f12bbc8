//! CTI-03 and CTI-07: forced sign-outs in both settings of the server, and sign-outs by others.

use domain::{ReasonCode, SignedOut, SignedOutBy, Status};

use super::*;

fn forced() -> Wish {
    Wish::ForceSignOut { reason: None, by: SignedOutBy::System }
}

async fn until_signed_out(bench: &Bench, agent: &str) -> SignedOut {
    let mut watch = bench.port.watch(&key(agent));
    let over = watch.wait_for(|session| {
        session.as_ref().is_some_and(|it| matches!(it.status, Status::SignedOut(_)))
    });
    let session = tokio::time::timeout(PATIENCE, over).await.unwrap().unwrap().clone().unwrap();
    let Status::SignedOut(ended) = &session.status else { panic!("{session:?}") };
    ended.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_03_a_forced_sign_out_follows_the_servers_setting() {
    let not_ready = PresenceState::NotReady { reason: Some(ReasonCode(50_002)) };
    let signed_out = PresenceState::SignedOut { reason: Some(ReasonCode(255)) };
    for (load, state, code) in [("0", not_ready, 50_002), ("1", signed_out, 255)] {
        let Some(peers) = Peers::start(&["--load", load]) else { return };
        let bench = Bench::of_version(&peers, 24).await;
        bench.signed_in("1001", "2001").await;
        bench.goes("1001", Wish::Ready).await;
        bench.goes("1001", forced()).await;
        let ended = until_signed_out(&bench, "1001").await;
        assert_eq!((ended.by, ended.reason), (SignedOutBy::System, Some(ReasonCode(code))));
        assert_eq!(bench.state("1001"), Some(state));
        let asked = peers.log("SET_AGENT_STATE").last().unwrap().to_string();
        assert!(asked.contains("255"), "{asked}");
        peers.nothing_was_broken();
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_03_the_code_of_forced_sign_outs_is_a_setting() {
    let Some(peers) = Peers::start(&["--load", "1"]) else { return };
    let other = |pair: &mut Value| pair["logout_reason"] = json!(777);
    let bench = Bench::start(&[("east", &peers)], other).await;
    bench.signed_in("1001", "2001").await;
    bench.goes("1001", forced()).await;
    let ended = until_signed_out(&bench, "1001").await;
    assert_eq!(ended.reason, Some(ReasonCode(777)));
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_03_in_a_call_a_forced_sign_out_waits_for_its_end() {
    let Some(peers) = Peers::start(&["--load", "0", "--wrap-up-seconds", "0"]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1001", "2001").await;
    bench.goes("1001", Wish::Ready).await;
    peers.say("call 2001");
    peers.say("answer 1001");
    bench.until_state("1001", PresenceState::Talking).await;
    bench.goes("1001", forced()).await;
    until_signed_out(&bench, "1001").await;
    let live = bench.port.live(&key("1001")).unwrap();
    assert_eq!((live.state, live.pending), (PresenceState::Talking, Some(NOT_READY)));
    peers.say("clear 1001");
    bench.until_state("1001", PresenceState::NotReady { reason: Some(ReasonCode(50_002)) }).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_03_a_session_is_leaving_until_the_sign_out_is_seen_and_a_sign_in_waits_for_it() {
    let Some(peers) = Peers::start(&["--load", "1"]) else { return };
    let bench = Arc::new(Bench::of_version(&peers, 24).await);
    bench.signed_in("1001", "2001").await;
    peers.say("fault delay 2000");
    bench.goes("1001", forced()).await;
    assert!(bench.session("1001").await.leaving().is_some());
    let signing_in = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.sign_in("1001", "2001", "12345").await }
    });
    // Asked once more in this state, the server would refuse it: it is on its way out.
    peers.say("wait request SET_AGENT_STATE 2");
    assert!(bench.session("1001").await.leaving().is_some());
    assert_eq!(peers.log("SET_AGENT_STATE").len(), 2, "the sign-in is not sent yet");
    peers.say("fault delay 0");
    let answer = signing_in.await.unwrap();
    assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    assert_eq!(peers.agent("1001", "state"), "not-ready");
    assert!(bench.session("1001").await.signed_in().is_some());
    peers.nothing_was_broken();
    Arc::into_inner(bench).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_03_a_slow_server_signs_many_out_side_by_side() {
    let Some(peers) = Peers::start(&["--load", "1", "--generate-agents", "20"]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    let agents: Vec<_> = (100_001..100_021).map(|id: u32| id.to_string()).collect();
    for (agent, line) in agents.iter().zip(200_001u32..) {
        bench.signed_in(agent, &line.to_string()).await;
    }
    // One after another they would take a minute, after which they are given up.
    peers.say("fault delay 3000");
    for agent in &agents {
        bench.goes(agent, forced()).await;
    }
    for agent in &agents {
        let ended = until_signed_out(&bench, agent).await;
        assert_eq!(ended.reason, Some(ReasonCode(255)));
        assert_eq!(peers.agent(agent, "state"), "logout");
    }
    let asked = peers.log("SET_AGENT_STATE");
    assert_eq!(asked.len(), 2 * agents.len(), "each is asked once");
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_03_a_forced_sign_out_is_owed_while_no_side_serves() {
    let Some(peers) = Peers::start(&["--load", "1"]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1001", "2001").await;
    peers.say("side down a");
    bench.until_active(None).await;
    bench.goes("1001", forced()).await;
    assert!(bench.session("1001").await.leaving().is_some());
    peers.say("side up a");
    let ended = until_signed_out(&bench, "1001").await;
    assert_eq!(ended.by, SignedOutBy::System);
    assert_eq!(peers.agent("1001", "state"), "logout");
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_07_whoever_the_server_signs_out_has_no_session_here_either() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    for (words, by, code) in [
        ("device 1001 out", SignedOutBy::System, 50_003),
        ("sign-out 1001", SignedOutBy::Supervisor, 999),
    ] {
        bench.signed_in("1001", "2001").await;
        peers.say(words);
        let ended = until_signed_out(&bench, "1001").await;
        assert_eq!((ended.by, ended.reason), (by, Some(ReasonCode(code))));
        if code == 50_003 {
            peers.say("device 1001 in");
        }
    }
    peers.nothing_was_broken();
    bench.close().await;
}
