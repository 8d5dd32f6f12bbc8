//! What phones are told: the request's fields, and what each answer, or none, means.

use std::time::Duration;

use domain::DeviceName;
use protocols::sip::Status;
use sip::{By, Delivery, SipEvent};

use crate::bench::{Bench, DOMAIN, FIRST, SECOND};
use crate::flows::{became, deliver, errand};
use crate::peer::Got;
use crate::phone::{Phone, REQUEST_TYPE};

#[tokio::test]
async fn sip_accept_35_what_is_told_by_refer_says_all_that_phones_want() {
    let bench = Bench::start().await;
    for secure in [false, true] {
        let peer = if secure { bench.tls().await } else { bench.tcp().await };
        let (at, transport) = if secure { (bench.tls, "tls") } else { (bench.tcp, "tcp") };
        let mut phone = Phone::first(peer);
        phone.register().await;
        let waiting = deliver(&bench, errand(FIRST));
        let got = phone.peer.next().await;
        assert_eq!(got.method(), "REFER");
        assert_eq!(got.uri(), phone.contact);
        let via = format!("SIP/2.0/{} {at};branch=z9hG4bK", transport.to_uppercase());
        assert!(got.get("Via").starts_with(&via), "{got:?}");
        assert_eq!(got.get("Max-Forwards"), "70");
        assert_eq!(got.get("To"), format!("<sip:phone-1@{DOMAIN}>"));
        assert!(got.get("From").starts_with(&format!("<sip:gateway@{DOMAIN}>;tag=")));
        assert!(got.get("Call-ID").len() >= 22, "{got:?}");
        let contact = format!("<sip:gateway@{at};transport={transport}>");
        assert_eq!(got.get("Contact"), contact);
        assert_eq!(got.get("Referred-By"), contact);
        assert_eq!(got.get("Require"), "norefersub");
        let id = got.get("Content-Id");
        assert!(id.len() == 8 && id.chars().all(|it| it.is_ascii_hexdigit()), "{id}");
        assert_eq!(got.get("Refer-To"), format!("cid:{id}"));
        assert_eq!(got.get("Content-Type"), REQUEST_TYPE);
        assert_eq!(got.get("Content-Length"), got.body.len().to_string());
        assert_eq!(got.body, "<x-cisco-remotecc-request/>");
        assert!(!got.has("Event") && !got.has("Route"));
        phone.peer.answer(&got, "100 Trying", &[]).await;
        phone.peer.answer(&got, "202 Accepted", &[]).await;
        assert_eq!(became(waiting).await, Delivery::Accepted(Status::ACCEPTED));
    }
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_34_200_and_202_both_accept_and_news_by_notify_name_their_event() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register_plainly().await;
    for (status, code) in [("200 OK", 200), ("202 Accepted", 202)] {
        let mut errand = errand(FIRST);
        errand.by = By::Notify("service-control".to_owned());
        let waiting = deliver(&bench, errand);
        let got = phone.peer.next().await;
        assert_eq!(got.method(), "NOTIFY");
        assert_eq!(got.get("Event"), "service-control");
        assert_eq!(got.get("Subscription-State"), "active");
        assert!(!got.has("Refer-To") && !got.has("Require"));
        phone.peer.answer(&got, status, &[]).await;
        let Delivery::Accepted(accepted) = became(waiting).await else { panic!("{status}") };
        assert_eq!(accepted.code(), code);
    }
    bench.end().await;
}

#[tokio::test]
async fn a_phone_that_is_told_nothing_by_such_requests_is_told_none() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register_plainly().await;
    let mut needs = errand(FIRST);
    needs.needs_remotecc = true;
    assert!(matches!(became(deliver(&bench, needs.clone())).await, Delivery::Unsendable(_)));
    let mut second = Phone::second(bench.tcp().await);
    second.register().await;
    needs.device = SECOND.parse().unwrap();
    let waiting = deliver(&bench, needs.clone());
    let got = second.peer.next().await;
    second.peer.answer(&got, "603 Decline", &[]).await;
    let became_of = became(waiting).await;
    assert_eq!(became_of, Delivery::Refused(Status::DECLINE, "Decline".to_owned()));
    needs.device = "SEP00000000FFFF".parse().unwrap();
    assert!(matches!(became(deliver(&bench, needs)).await, Delivery::Unsendable(_)));
    bench.end().await;
}

#[tokio::test]
async fn a_phone_that_says_that_nobody_is_there_is_forgotten() {
    let mut bench = Bench::start().await;
    for status in ["404 Not Found", "410 Gone", "430 Flow Failed"] {
        let mut phone = Phone::first(bench.tcp().await);
        phone.register().await;
        assert!(matches!(bench.event().await, SipEvent::Reachable(_)), "{status}");
        let waiting = deliver(&bench, errand(FIRST));
        let got = phone.peer.next().await;
        phone.peer.answer(&got, status, &[]).await;
        assert!(matches!(became(waiting).await, Delivery::Refused(..)), "{status}");
        assert!(matches!(bench.event().await, SipEvent::Unreachable(..)), "{status}");
        assert_eq!(bench.sip.status().bindings, 0, "{status}");
        assert!(matches!(became(deliver(&bench, errand(FIRST))).await, Delivery::Unreachable(_)));
    }
    bench.end().await;
}

#[tokio::test]
async fn a_phone_that_refuses_otherwise_is_where_it_was() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    for status in ["481 Call Does Not Exist", "489 Bad Event", "501 Not Implemented", "405 No"] {
        let waiting = deliver(&bench, errand(FIRST));
        let got = phone.peer.next().await;
        phone.peer.answer(&got, status, &[]).await;
        assert!(matches!(became(waiting).await, Delivery::Refused(..)), "{status}");
        assert_eq!(bench.sip.status().bindings, 1, "{status}");
    }
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_wants_to_be_left_alone_is_left_alone() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut phone = Phone::first(bench.tcp().await);
    phone.register_plainly().await;
    let waiting = deliver(&bench, errand(FIRST));
    let got = phone.peer.next().await;
    phone.peer.answer(&got, "503 Service Unavailable", &["Retry-After: 30 (busy)"]).await;
    assert_eq!(became(waiting).await, Delivery::HeldOff(Duration::from_secs(30)));
    bench.pass(Duration::from_secs(20)).await;
    let Delivery::HeldOff(left) = became(deliver(&bench, errand(FIRST))).await else {
        panic!("it was asked")
    };
    assert!(left <= Duration::from_secs(10), "{left:?}");
    let held_off = "jackfield_sip_sent_requests_total{method=\"REFER\",result=\"held_off\"}";
    assert_eq!(bench.figure(held_off), 1);
    bench.pass(Duration::from_secs(11)).await;
    let waiting = deliver(&bench, errand(FIRST));
    let got = phone.peer.next().await;
    phone.peer.answer(&got, "200 OK", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_19_over_udp_a_request_is_repeated_and_fails_at_32_s_and_over_tcp_it_is_sent_once()
 {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut packets = Phone::first(bench.udp().await);
    let mut stream = Phone::second(bench.tcp().await);
    packets.register_plainly().await;
    stream.register_plainly().await;
    let both = [deliver(&bench, errand(FIRST)), deliver(&bench, errand(SECOND))];
    let (first, once) = (packets.peer.next().await, stream.peer.next().await);
    for _ in 0..10 {
        bench.pass(Duration::from_secs(4)).await;
        assert_eq!(once.method(), "REFER");
        if both.iter().all(tokio::task::JoinHandle::is_finished) {
            break;
        }
    }
    for delivery in both {
        assert_eq!(became(delivery).await, Delivery::Silent);
    }
    let mut repeats = 0;
    while packets.peer.has_more() {
        repeats += 1;
    }
    assert_eq!(repeats, 10, "of {first:?}");
    // Nothing but the answer to what is asked next.
    let query = stream.query();
    let query = stream.proven_again(&query);
    assert_eq!(stream.peer.ask(&query).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn a_request_that_is_too_large_for_udp_is_not_sent() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.udp().await);
    phone.register_plainly().await;
    let mut large = errand(FIRST);
    large.body = vec![b'x'; 1_200].into();
    assert!(matches!(became(deliver(&bench, large.clone())).await, Delivery::Unsendable(_)));
    // Over a connection it may be.
    let mut phone = Phone::first(bench.tcp().await);
    phone.register_plainly().await;
    let waiting = deliver(&bench, large);
    let got = phone.peer.next().await;
    assert_eq!(got.body.len(), 1_200);
    phone.peer.answer(&got, "200 OK", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_48_an_errand_whose_type_has_the_end_of_a_line_in_it_is_not_sent() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register_plainly().await;
    for evil in ["text/plain\r\nEvil: 1", "text/plain\nEvil: 1", "text/plain\0", "a\r\n\r\nb"] {
        let mut errand = errand(FIRST);
        errand.content_type = evil.to_owned();
        let became_of = became(deliver(&bench, errand)).await;
        assert!(matches!(became_of, Delivery::Unsendable(_)), "{evil:?}: {became_of:?}");
    }
    // A body may hold what it likes.
    let mut errand = errand(FIRST);
    errand.body = "\r\n\r\nREFER sip:a@example.com SIP/2.0\r\n\r\n".into();
    let waiting = deliver(&bench, errand);
    let got: Got = phone.peer.next().await;
    assert_eq!(got.body, "\r\n\r\nREFER sip:a@example.com SIP/2.0\r\n\r\n");
    phone.peer.answer(&got, "200 OK", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
    bench.end().await;
}

#[tokio::test]
async fn an_answer_that_comes_by_another_connection_is_nobodys() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register_plainly().await;
    let mut other = Phone::second(bench.tcp().await);
    other.register_plainly().await;
    let waiting = deliver(&bench, errand(FIRST));
    let got = phone.peer.next().await;
    other.peer.answer(&got, "200 OK", &[]).await;
    let query = other.query();
    let query = other.proven_again(&query);
    assert_eq!(other.peer.ask(&query).await.code(), 200);
    assert!(!waiting.is_finished());
    phone.peer.answer(&got, "202 Accepted", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::ACCEPTED));
    bench.end().await;
}

#[tokio::test]
async fn a_page_is_shown_over_the_flow_of_a_phone_that_takes_such_requests() {
    use engine::{ChannelKind, Show, ShowOutcome, ShowPriority};
    let bench = Bench::start().await;
    let device: DeviceName = FIRST.parse().unwrap();
    let mut plain = Phone::second(bench.tcp().await);
    plain.register_plainly().await;
    let mut phone = Phone::first(bench.tls().await);
    phone.register().await;
    bench.until("the channel", || bench.port.channels().reaches(&device)).await;
    // A refresh says nothing of what the phone takes, which it takes as before.
    let refresh = phone.query().add("Contact", &phone.cisco_contact()).add("Expires", "3600");
    let refresh = phone.proven_again(&refresh);
    assert_eq!(phone.peer.ask(&refresh).await.code(), 200);
    assert!(!bench.port.channels().reaches(&SECOND.parse().unwrap()));
    let port = bench.port.clone();
    let shown = tokio::spawn(async move {
        let url = "https://gw-a.example/page?a=1&b=2".to_owned();
        port.channels().show(&device, Show { url, priority: ShowPriority::Now }).await
    });
    let got = phone.peer.next().await;
    assert!(got.get("Content-Type").starts_with("multipart/mixed"), "{got:?}");
    assert_eq!(got.get("MIME-Version"), "1.0");
    for part in ["datapassthroughreq", "CiscoIPPhoneExecute", "page?a=1&amp;b=2", "Priority=\"0\""]
    {
        assert!(got.body.contains(part), "{part} in {}", got.body);
    }
    phone.peer.answer(&got, "202 Accepted", &[]).await;
    let outcome = tokio::time::timeout(crate::bench::PATIENCE, shown).await.unwrap().unwrap();
    assert_eq!(outcome, ShowOutcome::Shown(ChannelKind::Sip));
    drop(phone);
    let device: DeviceName = FIRST.parse().unwrap();
    bench.until("its end", || !bench.port.channels().reaches(&device)).await;
    bench.end().await;
}

#[tokio::test]
async fn a_phone_that_starts_anew_before_its_old_flow_is_missed_counts_as_showing_nothing() {
    let bench = Bench::start().await;
    let mut registrations = bench.port.channels().registrations();
    let mut refreshes = bench.port.channels().refreshes();
    let mut old = Phone::first(bench.tcp().await);
    old.register().await;
    let device: DeviceName = FIRST.parse().unwrap();
    let anew = engine::Registered { device, is_fresh: true };
    assert_eq!(registrations.recv().await, Ok(anew.clone()));
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    assert_eq!(registrations.recv().await, Ok(anew));
    assert!(refreshes.try_recv().is_err());
    // A refresh is no beginning, but a sign of life.
    let refresh = phone.query().add("Contact", &phone.cisco_contact());
    let refresh = phone.proven_again(&refresh);
    assert_eq!(phone.peer.ask(&refresh).await.code(), 200);
    let mut second = Phone::second(bench.tcp().await);
    second.register().await;
    let registered = registrations.recv().await.unwrap();
    assert_eq!(registered.device.as_str(), SECOND);
    assert_eq!(refreshes.try_recv().map(|it| it.to_string()), Ok(FIRST.to_owned()));
    // Who leaves, or only asks, tells nothing of the kind.
    let leave = phone.query().add("Contact", &phone.cisco_contact()).add("Expires", "0");
    for request in [phone.query(), leave] {
        let request = phone.proven_again(&request);
        assert_eq!(phone.peer.ask(&request).await.code(), 200);
    }
    assert!(refreshes.try_recv().is_err());
    bench.end().await;
}

#[tokio::test]
async fn the_test_of_a_phone_says_what_is_wrong() {
    let bench = Bench::start().await;
    let device: DeviceName = FIRST.parse().unwrap();
    let sip = std::sync::Arc::clone(&bench.sip);
    let probe = sip.probe_device(&device).await;
    assert!(format!("{probe:?}").contains("not registered"), "{probe:?}");
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    let probing = tokio::spawn(async move { sip.probe_device(&device).await });
    let got = phone.peer.next().await;
    assert!(got.body.contains("statuslineupdatereq"), "{got:?}");
    phone.peer.answer(&got, "202 Accepted", &[]).await;
    let probe = tokio::time::timeout(crate::bench::PATIENCE, probing).await.unwrap().unwrap();
    let words = format!("{probe:?}");
    assert!(words.contains("answered 202") && !words.contains("Failed"), "{words}");
    bench.end().await;
}
