//! What a peer may do wrong: the link says why, counts it, and recovers.

use std::io::Read as _;
use std::net::TcpListener;

use super::*;

/// Works again: the link is back and an agent can be asked something.
async fn recovers(bench: &Bench) {
    bench.until_active(Some('a')).await;
    bench.until("known", || bench.port.live(&key("1001")).unwrap().known == Known::Now).await;
    bench.goes("1001", Wish::Ready).await;
    bench.goes("1001", Wish::NotReady(None)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_malformed_frames_end_the_session_and_it_comes_back() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1001", "2001").await;
    let malformed = [
        // More than any message may have.
        "fault raw FFFFFFFF0000001E",
        "fault raw 000030D50000001E",
        // A state event of no and of few bytes.
        "fault raw 000000000000001E",
        "fault raw 000000030000001E000000",
        // A text longer than its message.
        "fault raw 0000001F0000001F00000000000000000000000500000000000000000000000000000007FFFF00",
        "fault lying-length -4",
        "fault lying-length 4",
    ];
    for (index, fault) in malformed.into_iter().enumerate() {
        // Sessions that do not last make the pauses longer.
        bench.lasted().await;
        let before = bench.closed('a', "malformed");
        peers.say(fault);
        if fault.ends_with(" 4") {
            // The next message is what makes it unreadable.
            peers.say("fault unknown-agents 1");
        }
        bench
            .until(&format!("the end of {fault}"), || bench.closed('a', "malformed") > before)
            .await;
        recovers(&bench).await;
        let counted = bench.figure("jackfield_cti_messages_total{result=\"malformed\"}");
        assert_eq!(usize::try_from(counted), Ok(index + 1));
    }
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_half_a_frame_for_ever_is_noticed_by_heartbeats() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1001", "2001").await;
    peers.say("fault half-frame");
    let silent = || bench.closed('a', "heartbeats") + bench.closed('a', "idle");
    bench.until("the end", || silent() == 1).await;
    recovers(&bench).await;
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_unknown_messages_are_passed_over_and_counted() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1001", "2001").await;
    peers.say("fault raw 00000004000003E701020304");
    let unknown = "jackfield_cti_messages_total{result=\"unknown_message\"}";
    bench.until("the count", || bench.figure(unknown) == 1).await;
    assert!(bench.figure("jackfield_cti_messages_total{result=\"read\"}") > 1);
    assert_eq!(bench.closed('a', "malformed"), 0);
    recovers(&bench).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_06_a_flood_keeps_nobody_waiting() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1001", "2001").await;
    peers.say("fault flood 20000 --seconds 2");
    let floods = || bench.figure("jackfield_cti_messages_total{result=\"system\"}");
    bench.until("the flood", || floods() > 1_000).await;
    bench.goes("1001", Wish::Ready).await;
    bench.goes("1001", Wish::NotReady(None)).await;
    bench.until("all of it", || floods() >= 40_000).await;
    assert_eq!(bench.status().active_side, Some('a'));
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_10_events_of_agents_never_seen_disturb_nobody() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1001", "2001").await;
    for _ in 0..6 {
        peers.say("fault unknown-agents 10000");
    }
    bench.goes("1001", Wish::Ready).await;
    bench.until("the last", || bench.port.live(&key("x910000")).is_some()).await;
    recovers(&bench).await;
    peers.nothing_was_broken();
    bench.close().await;
}

/// Accepts links on an address of its own, sends each the same bytes, and keeps it open.
fn impostor(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let _ = stream.write_all(bytes);
                // Until the other end is gone.
                let _ = stream.read_to_end(&mut Vec::new());
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_02_whoever_talks_garbage_is_left_for_the_other_side() {
    let Some(peers) = Peers::start(&[]) else { return };
    for (bytes, reason) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "malformed"),
        // A refusal to a request that was never made counts as one to ours.
        (&[0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9][..], "refused"),
        // An opening that nobody asked for.
        (&[0, 0, 0, 0, 0, 0, 0, 4][..], "malformed"),
        (&[][..], "open_timeout"),
    ] {
        let other = impostor(bytes);
        let bench = Bench::start(&[("east", &peers)], |pair| {
            pair["version"] = json!(20);
            pair["side_a"] = json!(other);
            pair["side_b"] = json!(peers.a());
            pair["open_seconds"] = json!(5);
        })
        .await;
        assert_eq!(bench.status().active_side, Some('b'));
        assert_eq!(bench.closed('a', reason), 1, "{reason}");
        bench.close().await;
    }
    peers.nothing_was_broken();
}
