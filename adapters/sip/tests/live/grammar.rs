//! What is no SIP, or not quite: answered where it can be, without anything kept, and streams end where what
//! follows could be taken for something else.

use crate::bench::{Bench, DOMAIN, NODE};
use crate::peer::Request;

fn options() -> Request {
    Request::new("OPTIONS", &format!("sip:gateway@{NODE}"))
}

#[tokio::test]
async fn sip_accept_12_another_version_is_505_and_impossible_codes_are_dropped() {
    let bench = Bench::start().await;
    for mut peer in [bench.udp().await, bench.tcp().await] {
        let text = String::from_utf8(options().text(&peer)).unwrap();
        peer.send(text.replacen("SIP/2.0\r\n", "SIP/7.0\r\n", 1)).await;
        assert_eq!(peer.next().await.code(), 505);
    }
    let mut peer = bench.udp().await;
    peer.send(
        "SIP/2.0 4294967301 better not break\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n\
         From: <sip:a@b.c>;tag=1\r\nTo: <sip:a@b.c>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n",
    )
    .await;
    assert_eq!(peer.ask(&options()).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_13_what_is_missing_or_there_twice_is_400_and_nothing_is_kept() {
    let bench = Bench::start().await;
    let mut peer = bench.udp().await;
    for field in ["From", "To", "Call-ID", "CSeq"] {
        let broken = options().without(field);
        peer.send(broken.text(&peer)).await;
        let twice = options();
        let value = twice.get(field).to_owned();
        let answer = peer.ask(&twice.add(field, &value)).await;
        // What cannot be answered in full is answered as far as it says who asks, or dropped.
        assert_eq!(answer.code(), 400, "{field}");
    }
    let mismatched = options().set("CSeq", "5 INVITE");
    assert_eq!(peer.is_answered(&mismatched, 400).await, Some(true));
    // No way back.
    peer.send(options().without("Via").text(&peer)).await;
    assert_eq!(peer.is_answered(&options(), 200).await, Some(true));
    bench
        .until("the figures", || {
            bench.figure("jackfield_sip_transactions{side=\"server_kept\"}") == 1
        })
        .await;
    assert_eq!(bench.figure("jackfield_sip_transactions{side=\"server_in_hand\"}"), 0);
    bench.end().await;
}

impl crate::peer::Peer {
    /// Whether the request is answered so, whatever other answers are on their way.
    async fn is_answered(&mut self, request: &Request, code: u16) -> Option<bool> {
        let call = request.get("Call-ID").to_owned();
        self.send(request.text(self)).await;
        loop {
            let got = self.next_or_end().await?;
            if got.all("Call-ID") == [call.as_str()] {
                return Some(got.code() == code);
            }
        }
    }
}

#[tokio::test]
async fn sip_accept_08_a_length_that_cannot_be_ends_the_stream_and_no_byte_is_read_as_a_request() {
    let bench = Bench::start().await;
    let hidden = |local| {
        let inner = options();
        let text = format!("OPTIONS sip:gateway@{NODE} SIP/2.0\r\nVia: SIP/2.0/TCP {local}");
        (text + ";branch=z9hG4bKhidden\r\n") + &format!("Call-ID: {}\r\n\r\n", inner.get("Call-ID"))
    };
    for length in ["-1", "ten", "999999999999999999999", "70000", "1, 1"] {
        let mut peer = bench.tcp().await;
        let mut text = options().set("Content-Length", length).text(&peer);
        text.extend_from_slice(hidden(peer.local).as_bytes());
        peer.send(text).await;
        let answer = peer.next().await;
        let expected = if length == "70000" { 413 } else { 400 };
        assert_eq!(answer.code(), expected, "{length}");
        assert!(peer.next_or_end().await.is_none(), "{length}");
    }
    // Two of them, equal or not; none at all; a blank before the colon.
    for (fields, code) in [
        (vec![("Content-Length", "0"), ("Content-Length", "0")], 400),
        (vec![("Content-Length", "0"), ("l", "300")], 400),
        (vec![("Content-Length ", "0"), ("Content-Length", "300")], 400),
    ] {
        let mut peer = bench.tcp().await;
        let mut request = options();
        for (name, value) in fields {
            request = request.add(name, value);
        }
        let mut text = request.text(&peer);
        text.extend_from_slice(hidden(peer.local).as_bytes());
        peer.send(text).await;
        assert_eq!(peer.next().await.code(), code);
        assert!(peer.next_or_end().await.is_none());
    }
    bench.until("all to end", || bench.sip.status().connections == 0).await;
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_10_a_stream_whose_framing_holds_goes_on_after_a_bad_message() {
    let bench = Bench::start().await;
    let mut peer = bench.tcp().await;
    for bad in [
        options().set("Max-Forwards", "300"),
        options().set("CSeq", "2147483648 OPTIONS"),
        options().add("Expires", "4294967296"),
        options().add("Contact", "\"unterminated <sip:a@192.0.2.1>"),
        options().add("Contact", "sip:a@192.0.2.1?Route=%3Csip:b%3E"),
    ] {
        assert_eq!(peer.ask(&bad).await.code(), 400, "{:?}", bad.fields);
    }
    assert_eq!(peer.ask(&options()).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_11_a_lenient_node_takes_brackets_round_the_uri_and_others_do_not() {
    let request = |peer: &crate::peer::Peer| {
        let text = String::from_utf8(options().text(peer)).unwrap();
        text.replacen(&format!("sip:gateway@{NODE}"), &format!("<sip:gateway@{NODE}>"), 1)
    };
    let bench = Bench::start().await;
    let mut peer = bench.udp().await;
    let text = request(&peer);
    peer.send(text).await;
    assert_eq!(peer.next().await.code(), 400);
    bench.change(|settings| crate::bench::change_sip(settings, |sip| sip.lenient = true)).await;
    let mut code = 0;
    for _ in 0..1_000 {
        let text = request(&peer);
        peer.send(text).await;
        code = peer.next().await.code();
        if code == 200 {
            break;
        }
    }
    assert_eq!(code, 200);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_07_a_message_comes_in_pieces_and_two_come_at_once() {
    let bench = Bench::start().await;
    let mut peer = bench.tls().await;
    let request = options();
    for byte in request.text(&peer) {
        peer.send([byte]).await;
    }
    assert_eq!(peer.next().await.get("Call-ID"), request.get("Call-ID"));
    let (first, second) = (options(), options());
    let mut both = first.text(&peer);
    both.extend_from_slice(b"\r\n");
    both.extend_from_slice(&second.text(&peer));
    peer.send(both).await;
    assert_eq!(peer.next().await.get("Call-ID"), first.get("Call-ID"));
    assert_eq!(peer.next().await.get("Call-ID"), second.get("Call-ID"));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_48_text_that_a_peer_wrote_never_becomes_a_field_of_an_answer() {
    let bench = Bench::start().await;
    let mut peer = bench.tcp().await;
    // Escaped ends of lines stay what they are, and words of a refusal hold none.
    let request = Request::new("OPTIONS", &format!("sip:a%0d%0aEvil:%201@{NODE}"))
        .set("From", "\"a\\\r\n\tb\" <sip:x%0D%0AEvil@example.com>;tag=1")
        .set("Call-ID", "\"quotes\"@%0d%0aEvil");
    let answer = peer.ask(&request).await;
    assert!(!answer.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("evil")), "{answer:?}");
    let request = Request::new("REGISTER", &format!("sip:{DOMAIN}"))
        .add("Contact", "<sip:a@192.0.2.1>;expires=\"1\\\"\"");
    let answer = peer.ask(&request).await;
    assert!(!answer.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("evil")), "{answer:?}");
    bench.end().await;
}
