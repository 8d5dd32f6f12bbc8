//! OPS-15: both sides of a pair are tested without disturbing the session that serves.

use engine::probe::{StepOutcome, Verdict};

use super::*;

fn sessions(peers: &Peers) -> usize {
    peers.say("sessions")["sessions"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_15_a_pair_that_serves_is_tested_without_a_second_session() {
    let Some(peers) = Peers::start(&["--listen-b", "127.0.0.1:0"]) else { return };
    let bench = Bench::of_version(&peers, 20).await;
    let pair = Arc::clone(&bench.port.settings().cti_pairs[&"east".parse().unwrap()]);
    let before = peers.log("OPEN_REQ").len();
    let probe = cti::probe(&bench.port, &pair).await;
    assert_eq!(probe.verdict(), Verdict::Ok, "{probe:?}");
    let outcomes: Vec<_> = probe.steps.iter().map(|step| step.outcome).collect();
    // Side a serves; side b was connected to and no more.
    assert_eq!(outcomes, [StepOutcome::Ok, StepOutcome::Ok, StepOutcome::LeftOut], "{probe:?}");
    assert_eq!((peers.log("OPEN_REQ").len(), sessions(&peers)), (before, 1));
    assert_eq!(bench.status().active_side, Some('a'));
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_15_a_pair_without_a_session_is_opened_and_closed_on_both_sides() {
    let Some(peers) = Peers::start(&["--listen-b", "127.0.0.1:0"]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    let pair = Arc::clone(&bench.port.settings().cti_pairs[&"east".parse().unwrap()]);
    let settings = Settings::default();
    let clock = Arc::new(SystemClock);
    let port = memory_port(&settings, Arc::new(PlainAuthenticator), clock).await;
    bench.close().await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while sessions(&peers) > 0 {
        assert!(tokio::time::Instant::now() < deadline, "the link's sessions do not end");
        tokio::task::yield_now().await;
    }
    let probe = cti::probe(&port, &pair).await;
    let words = |part: &str| probe.steps.iter().filter(|it| it.words.contains(part)).count();
    assert_eq!((words("connected"), words("open, and closed again")), (2, 2), "{probe:?}");
    peers.nothing_was_broken();
    let mut wrong: CtiPair = (*pair).clone();
    wrong.version = 25;
    wrong.side_b = None;
    let mut strange = serde_json::to_value(&wrong).unwrap();
    strange["side_a"] = json!("127.0.0.1:1");
    let probe = cti::probe(&port, &serde_json::from_value(strange).unwrap()).await;
    assert_eq!(probe.verdict(), Verdict::Failed, "{probe:?}");
}
