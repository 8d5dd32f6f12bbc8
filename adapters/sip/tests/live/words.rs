//! What refusals say, and what the figures tell of them.

use domain::DeviceName;
use protocols::sip::Status;
use protocols::sip::body::{Action, remotecc};
use sip::{By, Delivery};

use crate::bench::{Bench, FIRST, NODE};
use crate::flows::{became, deliver, errand};
use crate::peer::Request;
use crate::phone::{Phone, REQUEST_TYPE};

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
            // Strangers may send less than phones that are known.
            "head is too long: at most 8192",
            "malformed_too_long",
        ),
        (
            options().set("Content-Length", "70000"),
            "body is too long: at most 8192",
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

#[tokio::test]
async fn sip_accept_15_who_takes_no_such_body_gets_an_answer_without_one() {
    let bench = Bench::start().await;
    for (accept, is_there) in [
        (None, true),
        (Some("application/*;q=0.5"), true),
        (Some("application/sdp"), false),
        (Some("*/*;q=0"), false),
    ] {
        let mut phone = Phone::first(bench.tcp().await);
        let request = match accept {
            Some(accept) => phone.cisco().add("Accept", accept),
            None => phone.cisco(),
        };
        let answer = phone.ask(&request).await;
        assert_eq!(answer.code(), 200, "{answer:?}");
        assert_eq!(!answer.body.is_empty(), is_there, "{accept:?}");
        assert_eq!(answer.has("Content-Type"), is_there, "{accept:?}");
    }
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_15_replaces_is_neither_offered_nor_gone_along_with() {
    let bench = Bench::start().await;
    let mut peer = bench.tcp().await;
    let answer = peer.ask(&options()).await;
    assert!(!answer.get("Supported").contains("replaces"), "{answer:?}");
    assert_eq!(peer.ask(&options().add("Require", "replaces")).await.code(), 420);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_35_what_a_phone_takes_and_then_refuses_counts_as_refused() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    let waiting = deliver(&bench, errand(FIRST));
    let got = phone.peer.next().await;
    // The result comes before the answer.
    let news = Request::new("NOTIFY", &format!("sip:gateway@{NODE}"))
        .set("Call-ID", got.get("Call-ID"))
        .set("To", got.get("From"))
        .add("Contact", "<sip:phone@192.0.2.33>")
        .add("Event", "refer")
        .add("Subscription-State", "terminated;reason=noresource")
        .body(
            "application/x-cisco-remotecc-response+xml",
            "<x-cisco-remotecc-response><response><code>500</code></response></x-cisco-remotecc-response>",
        );
    assert_eq!(phone.peer.ask(&news).await.code(), 200);
    phone.peer.answer(&got, "202 Accepted", &[]).await;
    let Delivery::Refused(status, _) = became(waiting).await else { panic!("it counts as done") };
    assert_eq!(status, Status::SERVER_ERROR);
    let refused = "jackfield_sip_sent_requests_total{method=\"REFER\",result=\"refused\"}";
    assert_eq!(bench.figure(refused), 1);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_34_service_control_names_the_newest_register_of_the_phone() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    let mut told = errand(FIRST);
    told.by = By::ServiceControl(Action::Restart);
    let waiting = deliver(&bench, told);
    let got = phone.peer.next().await;
    assert_eq!((got.method(), got.get("Event")), ("NOTIFY", "service-control"));
    assert_eq!(got.get("Content-Type"), "text/plain");
    let named = format!("RegisterCallId={{{}}}", phone.call_id);
    assert!(got.body.contains("action=restart") && got.body.contains(&named), "{got:?}");
    phone.peer.answer(&got, "200 OK", &[]).await;
    assert!(matches!(became(waiting).await, Delivery::Accepted(_)));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_37_a_soft_key_is_taken_while_somebody_listens() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    let key = || {
        Request::new("REFER", &format!("sip:gateway@{NODE}"))
            .add("Contact", "<sip:phone@192.0.2.33:50211;transport=tcp>")
            .add("Refer-To", "<cid:1234>")
            .add("Content-Id", "<1234>")
            .add("Require", "norefersub")
            .body(
                REQUEST_TYPE,
                "<x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>HLog</softkeyevent>\
                 </softkeyeventmsg></x-cisco-remotecc-request>",
            )
    };
    let nobody = phone.proven_again(&key());
    assert_eq!(phone.peer.ask(&nobody).await.code(), 603);
    let mut wishes = bench.sip.wishes().unwrap();
    let somebody = phone.proven_again(&key());
    assert_eq!(phone.peer.ask(&somebody).await.code(), 202);
    let (device, wish) = wishes.recv().await.unwrap();
    assert_eq!(device, FIRST.parse::<DeviceName>().unwrap());
    let remotecc::Request::SoftKey(pressed) = wish else { panic!("{wish:?}") };
    assert_eq!(pressed.key.as_str(), "HLog");
    bench.end().await;
}

#[tokio::test]
async fn a_cancel_counts_as_a_request() {
    let bench = Bench::start().await;
    let mut peer = bench.tcp().await;
    // What is refused and cancelled counts too.
    let invite = Request::new("INVITE", &format!("sip:gateway@{NODE}"));
    let refusal = peer.ask(&invite.add("Contact", "<sip:a@192.0.2.1>")).await;
    assert_eq!(refusal.code(), 488);
    let cancel = Request::new("CANCEL", &format!("sip:gateway@{NODE}"));
    assert_eq!(peer.ask(&cancel).await.code(), 481);
    assert_eq!(bench.figure("jackfield_sip_requests_total{method=\"CANCEL\"}"), 1);
    bench.end().await;
}
