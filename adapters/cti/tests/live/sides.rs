//! CTI-02: which side serves, how fast the other takes over, and what becomes of what was asked.

use domain::{Refusal, Unclear};

use super::*;

const TWO: [&str; 4] = ["--listen-b", "127.0.0.1:0", "--wrap-up-seconds", "0"];

/// An agent who is signed in can be asked something over the side that serves now.
async fn serves(bench: &Bench) {
    bench.until("known", || bench.port.live(&key("1001")).unwrap().known == Known::Now).await;
    bench.goes("1001", Wish::Ready).await;
    bench.goes("1001", Wish::NotReady(None)).await;
}

async fn standby(bench: &Bench, side: char) {
    bench.until("the standby", || bench.status().standby_side == Some(side)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_the_other_side_takes_over_at_once_when_a_link_is_closed() {
    for version in [20, 24] {
        let Some(peers) = Peers::start(&TWO) else { return };
        let bench = Bench::of_version(&peers, version).await;
        if version == 24 {
            standby(&bench, 'b').await;
        }
        bench.signed_in("1001", "2001").await;
        // A session that lasted lets the other side be tried without a pause.
        bench.lasted().await;
        let began = std::time::Instant::now();
        peers.say("side down a");
        bench.until_active(Some('b')).await;
        println!("version {version}: side b serves after {:?}", began.elapsed());
        serves(&bench).await;
        peers.nothing_was_broken();
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_below_version_24_the_other_side_is_tried_only_when_it_is_needed() {
    let Some(peers) = Peers::start(&TWO) else { return };
    let bench = Bench::of_version(&peers, 20).await;
    bench.signed_in("1001", "2001").await;
    let sides = || {
        let sessions = peers.say("sessions")["sessions"].as_array().unwrap().clone();
        sessions.iter().map(|it| it["side"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(sides(), ["a"]);
    peers.say("side active b");
    bench.until_active(Some('b')).await;
    assert_eq!(sides(), ["b"]);
    serves(&bench).await;
    assert_eq!(bench.status().standby_side, None);
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_the_standby_side_is_kept_open_and_serves_once_promoted() {
    let Some(peers) = Peers::start(&TWO) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    standby(&bench, 'b').await;
    bench.signed_in("1001", "2001").await;
    for (side, other) in [('b', 'a'), ('a', 'b')] {
        peers.say(&format!("side active {side}"));
        bench.until_active(Some(side)).await;
        serves(&bench).await;
        standby(&bench, other).await;
    }
    assert_eq!(bench.status().problem, None);
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_unanswered_heartbeats_move_the_link_to_the_other_side() {
    let Some(peers) = Peers::start(&TWO) else { return };
    let bench = Bench::of_version(&peers, 20).await;
    peers.say("fault both-active");
    peers.say("fault heartbeats off --side a");
    bench.until_active(Some('b')).await;
    assert_eq!(bench.closed('a', "heartbeats") + bench.closed('a', "idle"), 1);
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_a_server_that_says_it_is_off_line_is_left_at_once() {
    for event in [7, 6] {
        let Some(peers) = Peers::start(&TWO) else { return };
        let bench = Bench::of_version(&peers, 20).await;
        bench.signed_in("1001", "2001").await;
        peers.say("fault both-active");
        peers.say(&format!("system-event {event}"));
        bench.until_active(Some('b')).await;
        serves(&bench).await;
        peers.nothing_was_broken();
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_a_peripheral_that_goes_and_comes_back_is_told_to_operators() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1002", "2002").await;
    let known = || bench.port.live(&key("1002")).map(|live| live.known) == Some(Known::Now);
    bench.until("the agent is known", known).await;
    peers.say("peripheral offline");
    bench.until("the problem", || bench.status().problem.is_some()).await;
    bench.until("nothing is known", || !known()).await;
    // Another peripheral of the same server is none of ours.
    peers.say("system-event 3 --argument 5001");
    peers.say("system-event 4 --argument 5002");
    // Refused while the peripheral is away; by then its news have come.
    let _ = bench.sign_in("1001", "2001", "12345").await;
    assert!(bench.status().problem.is_some_and(|it| it.contains("peripheral")));
    peers.say("peripheral online");
    bench.until("no problem", || bench.status().problem.is_none()).await;
    bench.until("the agent is known again", known).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_a_peripheral_comes_back_to_its_agents_whatever_the_standby_side_did_meanwhile() {
    let Some(peers) = Peers::start(&TWO) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    standby(&bench, 'b').await;
    bench.signed_in("1001", "2001").await;
    let is_told = |part: &str| bench.status().problem.is_some_and(|it| it.contains(part));
    peers.say("peripheral offline");
    bench.until("the problem", || is_told("the peripheral is off-line")).await;
    peers.say("side down b");
    bench.until("both problems", || is_told("peripheral") && is_told("side b")).await;
    peers.say("side up b");
    standby(&bench, 'b').await;
    bench.until("the first problem alone", || is_told("peripheral") && !is_told("side b")).await;
    assert!(bench.port.live(&key("1001")).unwrap().known != Known::Now, "it is away");
    peers.say("peripheral online");
    serves(&bench).await;
    bench.until("no problem", || bench.status().problem.is_none()).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_the_standby_side_of_express_refuses_and_the_other_is_taken() {
    let arguments = ["--dialect", "express", "--listen-b", "127.0.0.1:0"];
    let Some(peers) = Peers::start(&arguments) else { return };
    peers.say("side active b");
    let bench = Bench::express(&peers, 18).await;
    assert_eq!(bench.status().active_side, Some('b'));
    assert_eq!(bench.closed('a', "refused"), 1, "status 92");
    bench.signed_in("1001", "2001").await;
    serves(&bench).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_what_is_in_flight_when_the_link_goes_is_unclear() {
    let Some(peers) = Peers::start(&TWO) else { return };
    let bench = Arc::new(Bench::of_version(&peers, 24).await);
    standby(&bench, 'b').await;
    bench.signed_in("1001", "2001").await;
    peers.say("fault delay 60000");
    let asking = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.wish("1001", Wish::Ready).await }
    });
    // The second request about states: the first was the sign-in.
    peers.say("wait request SET_AGENT_STATE 2");
    peers.say("fault delay 0");
    peers.say("side down a");
    let outcome = asking.await.unwrap();
    assert_eq!(outcome, Outcome::Unclear(Unclear::LinkLost));
    bench.until_active(Some('b')).await;
    // The server did it, and that is known again over the other side.
    bench.until_state("1001", PresenceState::Ready).await;
    peers.nothing_was_broken();
    Arc::into_inner(bench).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_with_both_sides_down_nothing_is_known_and_they_come_back() {
    let Some(peers) = Peers::start(&TWO) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1001", "2001").await;
    peers.say("side down b");
    peers.say("side down a");
    bench.until_active(None).await;
    let outcome = bench.wish("1001", Wish::Ready).await;
    assert!(matches!(outcome, Outcome::Refused(Refusal::NotKnown { .. })), "{outcome:?}");
    let away = bench.sign_in("1002", "2002", "12345").await;
    assert!(matches!(away, SignInAnswer::Refused(Refusal::OwnerAway { .. })), "{away:?}");
    let live = bench.port.live(&key("1001")).unwrap();
    assert!(live.presence().not_known_since.is_some());
    assert!(bench.session("1001").await.signed_in().is_some(), "the session stays");
    assert!(bench.status().problem.is_some(), "{:?}", bench.status());
    peers.say("side up b");
    bench.until_active(Some('b')).await;
    serves(&bench).await;
    peers.say("side up a");
    standby(&bench, 'a').await;
    assert_eq!(bench.status().problem, None);
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_where_both_sides_are_active_the_first_serves_and_operators_read_it() {
    let Some(peers) = Peers::start(&TWO) else { return };
    peers.say("fault both-active");
    let bench = Bench::of_version(&peers, 24).await;
    let first = bench.status().active_side;
    bench
        .until("the problem", || bench.status().problem.is_some_and(|it| it.contains("both sides")))
        .await;
    bench.signed_in("1001", "2001").await;
    serves(&bench).await;
    assert_eq!(bench.status().active_side, first);
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_maintenance_is_accepted_where_the_other_side_can_take_over() {
    let Some(peers) = Peers::start(&TWO) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    standby(&bench, 'b').await;
    bench.signed_in("1001", "2001").await;
    peers.say("side maintenance");
    bench.until_active(Some('b')).await;
    serves(&bench).await;
    standby(&bench, 'a').await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_maintenance_is_refused_where_the_other_side_is_not_ours() {
    let Some(peers) = Peers::start(&TWO) else { return };
    let alone = |pair: &mut Value| pair["side_b"] = Value::Null;
    let bench = Bench::start(&[("east", &peers)], alone).await;
    bench.signed_in("1001", "2001").await;
    peers.say("side maintenance");
    peers.say("wait request ACTIVE_MAINTENANCE_RESP");
    bench.until("no maintenance", || peers.say("side show")["maintenance"] == json!(false)).await;
    assert_eq!(bench.status().active_side, Some('a'));
    serves(&bench).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_a_call_and_its_data_outlive_a_failover() {
    let Some(peers) = Peers::start(&TWO) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    standby(&bench, 'b').await;
    bench.signed_in("1001", "2001").await;
    bench.goes("1001", Wish::Ready).await;
    for side in ['b', 'a'] {
        peers.say("call 2001 --var 1=Gold");
        peers.say("answer 1001");
        bench.until_state("1001", PresenceState::Talking).await;
        bench.until("its call", || !bench.calls("1001").is_empty()).await;
        peers.say(&format!("side active {side}"));
        bench.until_active(Some(side)).await;
        bench.until_state("1001", PresenceState::Talking).await;
        let calls = bench.calls("1001");
        assert!(calls[0].variables.iter().any(|it| it.value == "Gold"), "{calls:?}");
        if side == 'b' {
            peers.say("clear 1001");
        } else {
            // It ends while nobody hears it.
            peers.say("side down b");
            peers.say("side down a");
            bench.until_active(None).await;
            peers.say("clear 1001");
            peers.say("side up a");
        }
        bench.until_state("1001", PresenceState::Ready).await;
        bench.until("no call", || bench.calls("1001").is_empty()).await;
        if side == 'b' {
            standby(&bench, 'a').await;
        }
    }
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_a_changed_pair_is_served_anew_and_a_removed_one_no_more() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    let apply = async |settings: &Settings, number: u32| {
        let documents = domain::settings::Documents(settings.documents());
        let command = Wanted::ApplySettings { documents, source: None };
        let input = Input::command(InputId::new("apply", number), command);
        let outcome = bench.port.submit(input).await.unwrap();
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    };
    let mut settings = (*bench.port.settings()).clone();
    let mut changed = settings.cti_pairs.values().next().unwrap().as_ref().clone();
    changed.version = 20;
    settings.cti_pairs = Arc::new(BTreeMap::from([(changed.name.clone(), Arc::new(changed))]));
    apply(&settings, 1).await;
    bench
        .until("the other version", || {
            let sessions = peers.say("sessions")["sessions"].as_array().unwrap().clone();
            sessions.len() == 1 && sessions[0]["version"] == 20 && sessions[0]["open"] == true
        })
        .await;
    bench.until_active(Some('a')).await;
    bench.signed_in("1001", "2001").await;
    bench.goes("1001", Wish::SignOut(None)).await;
    settings.cti_pairs = Arc::default();
    apply(&settings, 2).await;
    peers.say("wait sessions 0");
    bench.until("no pair", || bench.port.pair_statuses().is_empty()).await;
    peers.nothing_was_broken();
    bench.close().await;
}
