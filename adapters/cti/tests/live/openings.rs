//! CTI-01 and CTI-02: what it takes to open a session, and what operators read of a refusal.

use domain::settings::CLIENT_PASSWORD_PURPOSE;

use super::*;

/// The pair's client password as the store keeps it, sealed under the key of the memory's engine.
async fn sealed(password: &str) -> Value {
    let settings = Settings::default();
    let port = memory_port(&settings, Arc::new(PlainAuthenticator), Arc::new(SystemClock)).await;
    let sealed = port.seal(CLIENT_PASSWORD_PURPOSE, &domain::Secret::new(password)).unwrap();
    json!(sealed)
}

/// Nobody serves the pair, and operators read why, in words with the code.
async fn refused(bench: &Bench, words: &str) {
    let told = || bench.status().problem.is_some_and(|it| it.contains(words));
    bench.until(words, told).await;
    assert_eq!(bench.status().active_side, None, "{:?}", bench.status());
    assert!(bench.closed('a', "refused") > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_a_server_that_asks_for_a_password_is_given_the_sealed_one() {
    let Some(peers) = Peers::start(&["--client", "jackfield:hunter2"]) else { return };
    let right = sealed("hunter2").await;
    let bench = Bench::start(&[("east", &peers)], |pair| {
        pair["client_password"] = right.clone();
    })
    .await;
    bench.signed_in("1001", "2001").await;
    bench.goes("1001", Wish::Ready).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_a_wrong_password_of_the_client_is_told_to_operators_in_words() {
    let Some(peers) = Peers::start(&["--client", "jackfield:hunter2"]) else { return };
    for password in [sealed("hunter3").await, Value::Null] {
        let bench = Bench::begin(
            &[("east", &peers)],
            |pair| pair["client_password"] = password.clone(),
            |_| {},
        )
        .await;
        refused(&bench, "open refused: password (36)").await;
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_a_server_of_a_lower_version_is_told_to_operators_in_words() {
    let Some(peers) = Peers::start(&["--maximum-version", "20"]) else { return };
    let bench = Bench::begin(&[("east", &peers)], |_| {}, |_| {}).await;
    refused(&bench, "open refused: version (1)").await;
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_a_server_whose_tags_are_not_those_of_its_version_is_served_as_the_settings_say() {
    for (version, width) in [(14, 2), (20, 1)] {
        let width_told = width.to_string();
        let arguments = ["--tag-width", &width_told, "--wrap-up-seconds", "0"];
        let Some(peers) = Peers::start(&arguments) else { return };
        let bench = Bench::start(&[("east", &peers)], |pair| {
            pair["version"] = json!(version);
            pair["tag_width"] = json!(width);
        })
        .await;
        work::whole_life(&peers, &bench, version).await;
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_a_standby_side_that_takes_no_sessions_is_tried_again_and_serves_when_it_is_active()
{
    let arguments = ["--listen-b", "127.0.0.1:0", "--standby-sessions=false"];
    let Some(peers) = Peers::start(&arguments) else { return };
    // Pauses between attempts stay at a second.
    let eager = |pair: &mut Value| pair["reconnect_seconds"] = json!(1);
    let bench = Bench::start(&[("east", &peers)], eager).await;
    bench.until("two refusals", || bench.closed('b', "refused") >= 2).await;
    assert_eq!((bench.status().active_side, bench.status().standby_side), (Some('a'), None));
    bench.signed_in("1001", "2001").await;
    peers.say("side active b");
    bench.until_active(Some('b')).await;
    bench.until_state("1001", NOT_READY).await;
    bench.goes("1001", Wish::Ready).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_a_side_in_maintenance_refuses_with_words_and_the_pair_is_served_afterwards() {
    let Some(peers) = Peers::start(&["--listen-b", "127.0.0.1:0"]) else { return };
    // Another node is asked about the maintenance, and hears of it late; until then it is under way.
    let bench = Bench::of_version(&peers, 24).await;
    bench.until("the standby", || bench.status().standby_side == Some('b')).await;
    peers.say("fault delay 2000");
    peers.say("side maintenance");
    let alone = |pair: &mut Value| pair["side_b"] = Value::Null;
    let late = Bench::begin(&[("east", &peers)], alone, |_| {}).await;
    refused(&late, "open refused: maintenance mode (110)").await;
    peers.say("fault delay 0");
    bench.until_active(Some('b')).await;
    peers.say("side active a");
    late.until_active(Some('a')).await;
    peers.nothing_was_broken();
    late.close().await;
    bench.close().await;
}
