//! What refusals say, and what the figures tell of them.

use crate::bench::{Bench, NODE};
use crate::peer::Request;
use crate::phone::Phone;

fn options() -> Request {
    Request::new("OPTIONS", &format!("sip:gateway@{NODE}"))
}

fn dropped(reason: &str) -> String {
    format!("jackfield_sip_dropped_total{{reason=\"{reason}\"}}")
}

#[tokio::test]
async fn sip_accept_46_nobody_answers_an_ack_that_is_one_too_many() {
    let bench = Bench::with(|start| start.limits.requests_per_second_per_source = 1).await;
    let mut peer = bench.tcp().await;
    while peer.ask(&options()).await.code() != 503 {}
    peer.send(Request::new("ACK", &format!("sip:gateway@{NODE}")).text(&peer)).await;
    assert_eq!(peer.ask(&options()).await.get("CSeq").split(' ').nth(1), Some("OPTIONS"));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_13_a_refusal_says_which_field_is_wrong_and_the_limit_and_counts_as_what_it_is()
{
    let bench = Bench::start().await;
    let long = "x".repeat(9 * 1_024);
    for (request, words, reason) in [
        (options().set("Max-Forwards", "300"), "Max-Forwards ", "malformed_grammar"),
        (
            options().add("Subject", &long),
            "header field is too long: at most 8192",
            "malformed_too_long",
        ),
        (
            options().set("Content-Length", "70000"),
            "body is too long: at most 65536",
            "malformed_too_long",
        ),
        (options().set("Content-Length", "x"), "Content-Length ", "malformed_framing"),
        (Request::new("OPTIONS", "sip:a@[::1"), "Request-URI ", "malformed_uri"),
    ] {
        let before = bench.figure(&dropped(reason));
        let mut peer = bench.tcp().await;
        let answer = peer.ask(&request).await;
        let warning = answer.get("Warning");
        assert!(warning.starts_with(&format!("399 jackfield \"{words}")), "{warning}");
        assert_eq!(bench.figure(&dropped(reason)), before + 1, "{reason}");
    }
    let mut peer = bench.tcp().await;
    let text = String::from_utf8(options().text(&peer)).unwrap();
    peer.send(text.replacen("SIP/2.0\r\n", "SIP/7.0\r\n", 1)).await;
    assert_eq!(
        peer.next().await.get("Warning"),
        "399 jackfield \"start line has another version than 2.0\""
    );
    assert_eq!(bench.figure(&dropped("malformed_version")), 1);
    bench.end().await;
}

#[tokio::test]
async fn an_address_that_is_full_is_told_how_many_it_may_have() {
    let bench = Bench::start().await;
    let mut phones = Vec::new();
    for _ in 0..9 {
        let mut phone = Phone::first(bench.tcp().await);
        let instance =
            format!("<sip:a@192.0.2.1>;reg-id=1;+sip.instance=\"<urn:uuid:{}>\"", phone.call_id);
        let request = phone.query().add("Contact", &instance).add("Supported", "path, outbound");
        let answer = phone.ask(&request).await;
        phones.push((phone, answer));
    }
    let (_, last) = &phones[8];
    assert_eq!(last.code(), 403);
    assert!(last.get("Warning").contains("at most 8"), "{last:?}");
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_11_a_connection_that_is_open_follows_the_switch_to_lenient() {
    let bench = Bench::start().await;
    let mut peer = bench.tcp().await;
    assert_eq!(peer.ask(&options()).await.code(), 200);
    bench.change(|settings| crate::bench::change_sip(settings, |sip| sip.lenient = true)).await;
    let mut judge = bench.udp().await;
    let bracketed = |peer: &crate::peer::Peer| {
        let text = String::from_utf8(options().text(peer)).unwrap();
        text.replacen(&format!("sip:gateway@{NODE}"), &format!("<sip:gateway@{NODE}>"), 1)
    };
    // A new message elsewhere tells that the settings are in force.
    loop {
        let text = bracketed(&judge);
        judge.send(text).await;
        if judge.next().await.code() == 200 {
            break;
        }
    }
    let text = bracketed(&peer);
    peer.send(text).await;
    assert_eq!(peer.next().await.code(), 200);
    bench.end().await;
}
