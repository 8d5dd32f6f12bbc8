//! Settings that change while phones are registered, and nodes that listen on IPv6.

use std::net::Ipv6Addr;
use std::sync::Arc;

use domain::settings::{SipAlgorithm, SipProof};
use domain::{Extension, Secret};
use sip::{Delivery, SipEvent};

use crate::bench::{Bench, DOMAIN, FIRST, SECOND, change_device, change_sip, member};
use crate::flows::{became, deliver, errand};
use crate::peer::Request;
use crate::phone::{OPTIONS, Phone, REQUEST_TYPE};

#[tokio::test]
async fn a_new_password_counts_from_the_next_request_and_the_old_one_no_more() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    bench
        .change(|settings| {
            change_device(settings, FIRST, |device| {
                device.sip = Some(member("phone-1", Some("renewed")));
            });
        })
        .await;
    let mut renewed = Phone::new(bench.tcp().await, FIRST, "phone-1", "renewed");
    // The adapter follows the settings some moments later.
    let mut code = 0;
    for _ in 0..100 {
        let query = renewed.query();
        code = renewed.ask(&query).await.code();
        if code != 401 {
            break;
        }
        bench.port.settings();
        tokio::task::yield_now().await;
    }
    assert!([200, 503].contains(&code), "{code}");
    // Whoever came by the old one has to come again.
    phone.peer.ends().await;
    bench.until("the end", || bench.sip.status().bindings == 0).await;
    bench.end().await;
}

#[tokio::test]
async fn another_domain_and_other_algorithms_are_asked_for_from_then_on() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    bench
        .change(|settings| {
            change_sip(settings, |sip| {
                sip.domains = vec!["new.example.com".to_owned(), DOMAIN.to_owned()];
                sip.digest_algorithms = vec![SipAlgorithm::Sha512_256];
            });
        })
        .await;
    let register = Request::new("REGISTER", &format!("sip:{DOMAIN}"));
    let mut peer = bench.tcp().await;
    let mut challenges = Vec::new();
    for _ in 0..1_000 {
        let answer = peer.ask(&register.again()).await;
        challenges = answer.all("WWW-Authenticate").iter().map(|it| (*it).to_owned()).collect();
        if challenges.len() == 1 {
            break;
        }
    }
    let [challenge] = challenges.as_slice() else { panic!("{challenges:?}") };
    assert!(challenge.contains("realm=\"new.example.com\""), "{challenge}");
    assert!(challenge.contains("SHA-512-256"), "{challenge}");
    // Who is registered is reached as before.
    let waiting = deliver(&bench, errand(FIRST));
    let got = phone.peer.next().await;
    phone.peer.answer(&got, "200 OK", &[]).await;
    assert!(matches!(became(waiting).await, Delivery::Accepted(_)));
    bench.end().await;
}

#[tokio::test]
async fn a_phone_that_the_settings_no_longer_have_is_told_nothing() {
    let mut bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    assert!(matches!(bench.event().await, SipEvent::Reachable(_)));
    bench.change(|settings| change_device(settings, FIRST, |device| device.sip = None)).await;
    assert!(matches!(bench.event().await, SipEvent::Unreachable(..)));
    assert_eq!(bench.sip.status().bindings, 0);
    phone.peer.ends().await;
    let became_of = became(deliver(&bench, errand(FIRST))).await;
    assert!(matches!(became_of, Delivery::Unsendable(_)), "{became_of:?}");
    bench.end().await;
}

#[tokio::test]
async fn settings_that_say_the_same_of_a_phone_end_nothing_and_another_proof_does() {
    let bench = Bench::start().await;
    let (mut first, mut second) =
        (Phone::first(bench.tcp().await), Phone::second(bench.tcp().await));
    first.register().await;
    second.register().await;
    // The same password, sealed anew, and another line.
    bench
        .change(|settings| {
            change_device(settings, FIRST, |device| {
                device.sip = Some(member("phone-1", Some("password-1")));
                device.lines = vec!["1002".parse().unwrap()];
            });
            change_device(settings, SECOND, |device| {
                if let Some(sip) = &mut device.sip {
                    sip.proof = Some(SipProof::Certificate);
                }
            });
        })
        .await;
    second.peer.ends().await;
    assert_eq!(bench.sip.status().bindings, 1);
    let query = first.query();
    let query = first.proven_again(&query);
    assert_eq!(first.peer.ask(&query).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn an_address_that_a_phone_had_by_a_line_of_before_goes_with_the_line() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let request = phone.plain().set("To", &format!("<sip:1001@{DOMAIN}>"));
    assert_eq!(phone.ask(&request).await.code(), 200);
    let request = phone.plain();
    let request = phone.proven_again(&request);
    assert_eq!(phone.peer.ask(&request).await.code(), 200);
    assert_eq!(bench.sip.status().bindings, 2);
    bench.change(|settings| change_device(settings, FIRST, |device| device.lines.clear())).await;
    bench.until("the end", || bench.sip.status().bindings == 1).await;
    let query = phone.query();
    let query = phone.proven_again(&query);
    assert_eq!(phone.peer.ask(&query).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn networks_that_are_allowed_no_more_end_what_came_from_there() {
    let bench = Bench::start().await;
    let mut packets = Phone::first(bench.udp().await);
    let mut stream = Phone::second(bench.tcp().await);
    packets.register().await;
    stream.register().await;
    assert_eq!(bench.sip.status().reachable, 2);
    bench
        .change(|settings| {
            change_sip(settings, |sip| {
                sip.allowed_networks = vec!["192.0.2.0/24".parse().unwrap()]
            });
        })
        .await;
    stream.peer.ends().await;
    bench.until("the loss", || bench.sip.status().reachable == 0).await;
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_41_a_node_on_ipv6_registers_phones_and_reaches_them() {
    let bench = Bench::with(|start| start.address = Ipv6Addr::LOCALHOST.into()).await;
    for peer in [bench.udp().await, bench.tcp().await, bench.tls().await] {
        let transport = peer.transport;
        let mut phone = Phone::first(peer);
        phone.contact = "sip:p@[2001:db8::9:1]:5070".to_owned();
        let request = phone.plain();
        let challenge = phone.peer.ask(&request).await;
        let via = challenge.get("Via");
        assert!(via.contains(";received=::1") && !via.contains("received=["), "{via}");
        assert!(via.contains(&format!(";rport={}", phone.peer.local.port())), "{via}");
        let request = phone.proven(&request, &challenge);
        let answer = phone.peer.ask(&request).await;
        assert_eq!(answer.code(), 200);
        assert!(answer.get("Contact").starts_with("<sip:p@[2001:db8::9:1]:5070>"), "{answer:?}");
        let waiting = deliver(&bench, errand(FIRST));
        let got = phone.peer.next().await;
        assert_eq!(got.uri(), phone.contact);
        let via = got.get("Via");
        assert!(via.starts_with(&format!("SIP/2.0/{transport} [::1]:")), "{via}");
        assert!(got.get("Contact").contains("@[::1]:"), "{got:?}");
        phone.peer.answer(&got, "200 OK", &[]).await;
        assert!(matches!(became(waiting).await, Delivery::Accepted(_)));
    }
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_41_hosts_without_brackets_and_impossible_addresses_are_refused() {
    let bench = Bench::with(|start| start.address = Ipv6Addr::LOCALHOST.into()).await;
    let mut peer = bench.udp().await;
    for uri in [
        "sip:2001:db8::1",
        "sip:a@2001:db8::1:5060",
        "sip:a@[2001:db8:::1]",
        "sip:a@[1:2:3:4:5:6:7:8:9]",
        "sip:a@[2001:db8::1",
        "sip:a@[::1]:65536",
    ] {
        let answer = peer.ask(&Request::new("OPTIONS", uri)).await;
        assert_eq!(answer.code(), 400, "{uri}");
    }
    for uri in ["sip:a@[2001:db8::1]:5060", "sip:[2001:db8::1]", "sip:a@[::ffff:192.0.2.10]:19823"]
    {
        assert_eq!(peer.ask(&Request::new("OPTIONS", uri)).await.code(), 200, "{uri}");
    }
    // With and without brackets in what others noted.
    for received in ["received=[2001:db8::9:255]", "received=2001:db8::9:255"] {
        let request = Request::new("OPTIONS", "sip:a@[::1]");
        let first = request.get("Via").to_owned();
        let via = format!("{first}, SIP/2.0/UDP [2001:db8::9:1];{received};branch=z9hG4bKas3");
        let answer = peer.ask(&request.set("Via", &via)).await;
        assert_eq!(answer.code(), 200);
        assert!(answer.all("Via").join(",").contains(received), "{answer:?}");
    }
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_43_a_registration_may_hold_contacts_of_both_families() {
    let bench = Bench::with(|start| start.address = Ipv6Addr::LOCALHOST.into()).await;
    let mut phone = Phone::first(bench.tcp().await);
    let contacts = "<sip:p@192.0.2.1:5060>, <sip:p@[2001:db8::1]:5060>";
    let request = phone.query().add("Contact", contacts);
    let answer = phone.ask(&request).await;
    assert_eq!((answer.code(), answer.all("Contact").len()), (200, 2));
    // The same address written otherwise is the same one.
    let request = phone.query().add("Contact", "<sip:p@[2001:0DB8:0:0::1]:5060>");
    let request = phone.proven_again(&request);
    let answer = phone.peer.ask(&request).await;
    assert_eq!((answer.code(), answer.all("Contact").len()), (200, 2));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_43_a_listener_for_both_families_knows_its_address_in_either_form() {
    let bench = Bench::with(|start| start.address = Ipv6Addr::UNSPECIFIED.into()).await;
    let at = std::net::SocketAddr::from(([127, 0, 0, 1], bench.tcp.port()));
    let mut phone = Phone::first(crate::peer::Peer::tcp(at).await);
    let mut request = phone.cisco();
    request.uri = "sip:127.0.0.1".to_owned();
    assert_eq!(phone.ask(&request).await.code(), 200);
    let waiting = deliver(&bench, errand(FIRST));
    let got = phone.peer.next().await;
    assert!(got.get("Via").starts_with(&format!("SIP/2.0/TCP {at};")), "{got:?}");
    phone.peer.answer(&got, "200 OK", &[]).await;
    assert!(matches!(became(waiting).await, Delivery::Accepted(_)));
    bench.end().await;
}

#[tokio::test]
async fn a_stop_ends_all_there_is_at_once() {
    let mut bench = Bench::start().await;
    let mut phones = vec![Phone::first(bench.tls().await), Phone::second(bench.tcp().await)];
    for phone in &mut phones {
        phone.register().await;
        assert!(matches!(bench.event().await, SipEvent::Reachable(_)));
    }
    let waiting = deliver(&bench, errand(SECOND));
    assert_eq!(phones[1].peer.next().await.method(), "REFER");
    let sip = Arc::clone(&bench.sip);
    bench.end().await;
    assert!(matches!(became(waiting).await, Delivery::Unreachable(_)));
    for mut phone in phones {
        phone.peer.ends().await;
    }
    assert_eq!(sip.status().connections, 0);
}

#[tokio::test]
async fn a_phone_has_only_so_many_contacts_and_a_line_of_another_is_not_its_own() {
    let bench = Bench::with(|start| {
        change_device(&mut start.settings, SECOND, |device| {
            device.lines = vec!["2002".parse::<Extension>().unwrap()];
        });
    })
    .await;
    let mut phone = Phone::second(bench.tcp().await);
    for number in 0..8 {
        let request = phone.query().add("Contact", &format!("<sip:p{number}@192.0.2.1>"));
        assert_eq!(phone.ask(&request).await.code(), 200);
    }
    let request = phone.query().add("Contact", "<sip:p8@192.0.2.1>");
    assert_eq!(phone.ask(&request).await.code(), 403);
    let request = phone.plain().set("To", &format!("<sip:2002@{DOMAIN}>"));
    let request = request.body(REQUEST_TYPE, OPTIONS);
    assert_eq!(phone.ask(&request).await.code(), 200);
    let request = phone.plain().set("To", &format!("<sip:1001@{DOMAIN}>"));
    assert_eq!(phone.ask(&request).await.code(), 403);
    assert_eq!(bench.sip.status().bindings, 9);
    let secret = Secret::new("password-2");
    assert!(!format!("{secret:?} {:?}", bench.port.settings()).contains("password-2"));
    bench.end().await;
}
