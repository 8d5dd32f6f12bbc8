//! Flows: what is told goes over the one that a phone opened, and a flow that is lost is known at once.

use std::time::Duration;

use domain::DeviceName;
use sip::{By, Delivery, Errand, SipEvent};

use crate::bench::{Bench, FIRST, NODE, PATIENCE};
use crate::peer::{Peer, Request};
use crate::phone::{Phone, REQUEST_TYPE};

pub(crate) fn errand(device: &str) -> Errand {
    Errand {
        device: device.parse().unwrap(),
        by: By::Refer,
        content_type: REQUEST_TYPE.to_owned(),
        body: "<x-cisco-remotecc-request/>".into(),
        needs_remotecc: false,
    }
}

/// An errand on its way.
pub(crate) fn deliver(bench: &Bench, errand: Errand) -> tokio::task::JoinHandle<Delivery> {
    let sip = std::sync::Arc::clone(&bench.sip);
    tokio::spawn(async move { sip.deliver(errand).await })
}

/// What became of it; it must be known in time.
pub(crate) async fn became(delivery: tokio::task::JoinHandle<Delivery>) -> Delivery {
    tokio::time::timeout(PATIENCE, delivery).await.unwrap().unwrap()
}

fn options() -> Request {
    Request::new("OPTIONS", &format!("sip:gateway@{NODE}"))
}

#[tokio::test]
async fn sip_accept_31_a_ping_is_answered_between_and_before_messages() {
    let bench = Bench::start().await;
    for mut peer in [bench.tcp().await, bench.tls().await] {
        peer.send("\r\n\r\n").await;
        assert_eq!(peer.bytes(2).await, b"\r\n");
        let mut bytes = options().text(&peer);
        bytes.extend_from_slice(b"\r\n\r\n");
        peer.send(bytes).await;
        assert_eq!(peer.next().await.code(), 200);
        assert_eq!(peer.bytes(2).await, b"\r\n");
    }
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_31_a_silent_flow_is_closed_and_its_phone_unreachable() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut phone = Phone::first(bench.tcp().await);
    let mut pinging = Phone::second(bench.tcp().await);
    phone.register().await;
    let request = pinging.plain().add("Expires", "3600");
    assert_eq!(pinging.ask(&request).await.code(), 200);
    for _ in 0..2 {
        assert!(matches!(bench.event().await, SipEvent::Reachable(_)));
    }
    for _ in 0..3 {
        bench.pass(Duration::from_secs(60)).await;
        pinging.peer.send("\r\n\r\n").await;
        assert_eq!(pinging.peer.bytes(2).await, b"\r\n");
    }
    phone.peer.ends().await;
    let device: DeviceName = FIRST.parse().unwrap();
    let event = bench.event().await;
    assert!(matches!(&event, SipEvent::Unreachable(it, _) if *it == device), "{event:?}");
    assert_eq!(bench.sip.status().connections, 1);
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_was_told_of_no_flow_timer_may_be_silent_until_its_registration_ends() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut phone = Phone::first(bench.tcp().await);
    let request = phone.plain().add("Expires", "3600");
    assert_eq!(phone.ask(&request).await.code(), 200);
    bench.pass(Duration::from_secs(1_000)).await;
    let waiting = deliver(&bench, errand(FIRST));
    let got = phone.peer.next().await;
    phone.peer.answer(&got, "200 OK", &[]).await;
    assert!(matches!(became(waiting).await, Delivery::Accepted(_)));
    bench.pass(Duration::from_secs(3_700)).await;
    phone.peer.ends().await;
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_30_a_phone_that_starts_anew_takes_the_place_of_what_it_was() {
    let bench = Bench::start().await;
    let mut before = Phone::first(bench.tcp().await);
    before.register().await;
    // Another connection, contact and call; the same device.
    let mut after = Phone::first(bench.tls().await);
    after.register().await;
    assert_eq!(bench.sip.status().bindings, 1);
    before.peer.ends().await;
    // A packet from another port is another flow of the same contact.
    let mut moved = Phone::first(bench.udp().await);
    moved.contact = after.contact.clone();
    let request = moved.query().add("Contact", &after.cisco_contact());
    assert_eq!(moved.ask(&request).await.code(), 200);
    let waiting = deliver(&bench, errand(FIRST));
    let got = moved.peer.next().await;
    moved.peer.answer(&got, "200 OK", &[]).await;
    assert!(matches!(became(waiting).await, Delivery::Accepted(_)));
    assert_eq!(bench.sip.status().bindings, 1);
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_45_a_connection_on_which_nobody_proves_anything_is_closed() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut quiet = bench.tcp().await;
    let mut busy = bench.tls().await;
    bench.until("both", || bench.sip.status().connections == 2).await;
    for _ in 0..3 {
        bench.pass(Duration::from_secs(9)).await;
        assert_eq!(busy.ask(&options()).await.code(), 200);
        busy.send("\r\n\r\n").await;
        busy.bytes(2).await;
    }
    bench.pass(Duration::from_secs(4)).await;
    quiet.ends().await;
    busy.ends().await;
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_31_a_phone_whose_connection_ends_is_unreachable_and_what_was_sent_fails_at_once()
 {
    let mut bench = Bench::start().await;
    let mut phone = Phone::first(bench.tls().await);
    phone.register().await;
    assert!(matches!(bench.event().await, SipEvent::Reachable(_)));
    let waiting = deliver(&bench, errand(FIRST));
    assert_eq!(phone.peer.next().await.method(), "REFER");
    drop(phone);
    assert!(matches!(became(waiting).await, Delivery::Unreachable(_)));
    assert!(matches!(bench.event().await, SipEvent::Unreachable(..)));
    // The binding is there until it ends, and nobody can be reached by it.
    let status = bench.sip.status();
    assert_eq!((status.bindings, status.reachable), (1, 0));
    assert!(matches!(became(deliver(&bench, errand(FIRST))).await, Delivery::Unreachable(_)));
    // The next registration takes its place.
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    assert!(matches!(bench.event().await, SipEvent::Reachable(_)));
    let status = bench.sip.status();
    assert_eq!((status.bindings, status.reachable), (1, 1));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_30_flows_of_one_phone_stand_beside_each_other_and_one_takes_over() {
    let mut bench = Bench::start().await;
    let contact = |number: u32, port: u16| {
        format!(
            "<sip:p@192.0.2.7:{port}>;reg-id={number};+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\""
        )
    };
    let mut phones = Vec::new();
    for (number, port) in [(1, 5_071), (2, 5_072)] {
        let mut phone = Phone::first(bench.tcp().await);
        let request = phone.query().add("Contact", &contact(number, port));
        let request = request.add("Supported", "path, outbound");
        let answer = phone.ask(&request).await;
        assert_eq!(answer.code(), 200, "{answer:?}");
        assert_eq!(answer.get("Require"), "outbound");
        assert_eq!(answer.get("Flow-Timer"), "120");
        phones.push(phone);
    }
    assert_eq!(bench.sip.status().bindings, 2);
    // The newest is asked, under its own address.
    let waiting = deliver(&bench, errand(FIRST));
    let request = phones[1].peer.next().await;
    assert_eq!(request.uri(), "sip:p@192.0.2.7:5072");
    phones[1].peer.answer(&request, "202 Accepted", &[]).await;
    assert!(matches!(became(waiting).await, Delivery::Accepted(_)));
    // The same number replaces.
    let mut again = Phone::first(bench.tcp().await);
    let request =
        again.query().add("Contact", &contact(2, 5_073)).add("Supported", "path, outbound");
    assert_eq!(again.ask(&request).await.code(), 200);
    assert_eq!(bench.sip.status().bindings, 2);
    // Whose flow carries nothing any more is closed.
    phones[1].peer.ends().await;
    drop(again);
    bench.until("the loss", || bench.sip.status().reachable == 1).await;
    let waiting = deliver(&bench, errand(FIRST));
    let request = phones[0].peer.next().await;
    assert_eq!(request.uri(), "sip:p@192.0.2.7:5071");
    phones[0].peer.answer(&request, "200 OK", &[]).await;
    assert!(matches!(became(waiting).await, Delivery::Accepted(_)));
    // As long as one is left the phone can be reached.
    while let Ok(event) = bench.events.try_recv() {
        assert!(matches!(event, SipEvent::Reachable(_)), "{event:?}");
    }
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_32_a_phone_behind_nat_is_reached_where_it_comes_from() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.udp().await);
    let request = phone.plain().set("Via", "SIP/2.0/@ 10.0.0.1:5060;branch=z9hG4bK-nat;rport");
    let challenge = phone.peer.ask(&request).await;
    let via = challenge.get("Via");
    let port = phone.peer.local.port();
    assert!(
        via.contains(";received=127.0.0.1") && via.contains(&format!(";rport={port}")),
        "{via}"
    );
    let request = phone.proven(&request, &challenge);
    assert_eq!(phone.peer.ask(&request).await.code(), 200);
    let waiting = deliver(&bench, errand(FIRST));
    let request = phone.peer.next().await;
    assert_eq!(request.uri(), phone.contact);
    assert!(request.get("Via").starts_with(&format!("SIP/2.0/UDP {}", bench.udp)), "{request:?}");
    assert!(request.get("Via").contains(";rport"));
    phone.peer.answer(&request, "200 OK", &[]).await;
    assert!(matches!(became(waiting).await, Delivery::Accepted(_)));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_47_nothing_goes_where_a_via_points() {
    let bench = Bench::start().await;
    let third = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let target = third.local_addr().unwrap();
    let mut third = Peer::at(third, bench.udp);
    for via in [
        format!("SIP/2.0/@ {target};branch=z9hG4bK-a"),
        format!(
            "SIP/2.0/@ #;branch=z9hG4bK-b;maddr=127.0.0.1;received=127.0.0.1;rport={}",
            target.port()
        ),
        format!("SIP/2.0/@ {target};branch=z9hG4bK-c;alias"),
    ] {
        for mut peer in [bench.udp().await, bench.tcp().await] {
            let mut request = options().set("Via", &via);
            request = request.add("Contact", &format!("<sip:a@{target}>"));
            let answer = peer.ask(&request).await;
            assert_eq!(answer.code(), 200);
            if via.contains("rport") {
                assert!(answer.get("Via").contains(&format!("rport={}", peer.local.port())));
            }
        }
    }
    // An alias gives a plain connection no other address: nothing of ours goes over it.
    assert!(!third.has_more());
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_45_a_message_that_never_ends_is_cut_off_and_many_that_overlap_are_not() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut slow = Phone::second(bench.tls().await);
    slow.register().await;
    let text = options().text(&slow.peer);
    for byte in &text[..9] {
        slow.peer.send([*byte]).await;
        bench.pass(Duration::from_secs(1)).await;
    }
    bench.pass(Duration::from_secs(2)).await;
    slow.peer.ends().await;
    assert_eq!(bench.figure("jackfield_sip_connections_ended_total{reason=\"slow_message\"}"), 1);
    // Messages that come without a gap never leave the reader without one that is begun.
    let mut busy = Phone::first(bench.tcp().await);
    busy.register().await;
    let text = options().text(&busy.peer);
    let (before, after) = text.split_at(text.len() / 2);
    busy.peer.send(before).await;
    for _ in 0..8 {
        bench.pass(Duration::from_secs(3)).await;
        busy.peer.send([after, before].concat()).await;
        assert_eq!(busy.peer.next().await.code(), 200);
    }
    bench.end().await;
}

/// A request whose answer is long.
fn long(peer: &Peer) -> Vec<u8> {
    let from = format!("\"{}\" <sip:a@{NODE}>;tag=1", "x".repeat(7_000));
    options().set("From", &from).text(peer)
}

#[tokio::test(start_paused = true)]
async fn sip_accept_45_a_peer_that_never_reads_is_cut_off_once_too_much_waits() {
    let mut bench =
        Bench::with(|start| start.limits.requests_per_second_per_source = 1_000_000).await;
    bench.hold_time();
    let mut served = Phone::first(bench.tcp().await);
    served.register().await;
    for mut deaf in [bench.tcp().await, bench.tls().await] {
        while deaf.try_send(long(&deaf)).await.is_ok() {
            assert_eq!(served.peer.ask(&options()).await.code(), 200);
        }
    }
    let cut = "jackfield_sip_connections_ended_total{reason=\"slow_reader\"}";
    bench.until("the cuts", || bench.figure(cut) == 2).await;
    assert_eq!(served.peer.ask(&options()).await.code(), 200);
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_45_a_peer_that_takes_nothing_of_what_waits_is_cut_off_after_a_while() {
    let mut bench = Bench::with(|start| {
        start.limits.queue_bytes_max = 64 * 1024 * 1024;
        start.limits.queue_messages_max = 100_000;
        start.limits.requests_per_second_per_source = 1_000_000;
    })
    .await;
    bench.hold_time();
    // Strangers may leave little unread.
    let mut deaf = Phone::first(bench.tcp().await);
    deaf.register_plainly().await;
    let mut deaf = deaf.peer;
    // More than both ends of a connection hold.
    for _ in 0..2_500 {
        let text = long(&deaf);
        deaf.send(text).await;
    }
    let cut = || bench.figure("jackfield_sip_connections_ended_total{reason=\"slow_reader\"}");
    bench.pass(Duration::from_secs(5)).await;
    assert_eq!(cut(), 0);
    bench.pass(Duration::from_secs(8)).await;
    assert_eq!(cut(), 1);
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_45_a_peer_that_never_stops_sending_is_held_to_its_time_all_the_same() {
    let mut bench = Bench::with(|start| start.limits.requests_per_second_per_source = 1).await;
    bench.hold_time();
    for number in 0..2 {
        let mut peer = if number == 0 { bench.tcp().await } else { bench.tls().await };
        // Long, so that there is more to read before all was read; and nothing of what is answered is.
        let text = options().body("text/plain", "x".repeat(6_000)).text(&peer);
        let sending = tokio::spawn(async move { while peer.try_send(&text).await.is_ok() {} });
        bench.pass(Duration::from_secs(31)).await;
        tokio::time::timeout(PATIENCE, sending).await.unwrap().unwrap();
        assert_eq!(bench.sip.status().connections, 0);
    }
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_a_moment_for_a_peer_that_never_reads_and_no_longer() {
    let mut bench = Bench::with(|start| {
        start.limits.queue_bytes_max = 64 * 1024 * 1024;
        start.limits.queue_messages_max = 100_000;
        start.limits.requests_per_second_per_source = 1_000_000;
    })
    .await;
    bench.hold_time();
    // Strangers may leave little unread.
    let mut deaf = Phone::first(bench.tcp().await);
    deaf.register_plainly().await;
    let mut deaf = deaf.peer;
    for _ in 0..2_500 {
        let text = long(&deaf);
        deaf.send(text).await;
    }
    let bench = bench.stopped();
    bench.pass(Duration::from_secs(1)).await;
    assert!(!bench.is_over());
    bench.pass(Duration::from_secs(2)).await;
    bench.until("the end", || bench.is_over()).await;
}

#[tokio::test]
async fn a_ping_over_udp_is_answered_where_a_phone_is_registered_and_nowhere_else() {
    let bench = Bench::start().await;
    let mut stranger = bench.udp().await;
    stranger.send("\r\n\r\n").await;
    let mut phone = Phone::first(bench.udp().await);
    phone.register_plainly().await;
    phone.peer.send("\r\n\r\n").await;
    let mut length = None;
    bench
        .until("the answer", || {
            length = phone.peer.packet();
            length.is_some()
        })
        .await;
    assert_eq!(length, Some(2));
    assert_eq!(stranger.packet(), None);
    bench.end().await;
}
