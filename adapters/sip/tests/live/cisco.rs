//! Phones that say more when they register, and are told more.

use std::time::Duration;

use domain::DeviceName;
use sip::SipEvent;

use crate::bench::{Bench, DOMAIN, FIRST, change_sip};
use crate::phone::{OPTIONS, Phone, REQUEST_TYPE};
use crate::registrations::expires;

#[tokio::test]
async fn sip_accept_26_a_phone_is_granted_its_own_lifetime_and_told_what_of_its_offer_is_taken() {
    let mut bench = Bench::start().await;
    let mut phone = Phone::first(bench.tls().await);
    let answer = phone.register().await;
    // Whatever it asked for.
    assert_eq!(answer.get("Expires"), "120");
    let contact = answer.get("Contact");
    assert_eq!(expires(contact), 120);
    // All parameters as they were written, and once that it is new.
    assert!(contact.starts_with(&phone.cisco_contact()), "{contact}");
    assert!(contact.contains(";x-cisco-newreg"), "{contact}");
    assert!(answer.get("Supported").contains("X-cisco-sis-"), "{answer:?}");
    assert!(answer.get("Date").ends_with(" GMT"), "{answer:?}");
    assert_eq!(answer.get("Content-Type"), "application/x-cisco-remotecc-response+xml");
    let body = &answer.body;
    for part in ["<code>200</code>", "max=\"6\"", "<joinreq", "unot", "<status"] {
        assert!(body.contains(part), "{part} in {body}");
    }
    for part in ["coaching", "never-heard-of", "<sub"] {
        assert!(!body.contains(part), "{part} in {body}");
    }
    let device: DeviceName = FIRST.parse().unwrap();
    assert!(
        matches!(bench.event().await, SipEvent::Reachable(it) if it.device == device && it.is_fresh)
    );
    let status = bench.sip.status();
    let [registered] = &status.devices[..] else { panic!("{status:?}") };
    assert_eq!((registered.device.as_str(), registered.peer), (FIRST, phone.peer.local));
    assert_eq!((registered.transport, registered.is_reachable), ("TLS", true));
    assert_eq!(registered.address, format!("sip:phone-1@{DOMAIN}"));
    assert_eq!(registered.user_agent.as_deref(), Some("Cisco-CP7821/12.1.1"));
    assert!(registered.takes_remotecc);
    assert_eq!(status.listeners, [("udp", bench.udp), ("tcp", bench.tcp), ("tls", bench.tls)]);
    // A refresh says nothing and is told nothing, and is not new any more.
    let refresh = phone.query().add("Contact", &phone.cisco_contact()).add("Expires", "3600");
    let refresh = phone.proven_again(&refresh);
    let answer = phone.peer.ask(&refresh).await;
    assert_eq!(answer.code(), 200);
    assert!(!answer.get("Contact").contains("x-cisco-newreg"), "{answer:?}");
    assert!(!answer.has("Content-Type"));
    assert_eq!(answer.get("Content-Length"), "0");
    assert_eq!(expires(answer.get("Contact")), 120);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_26_a_keep_alive_to_a_standby_node_touches_nothing() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    let alive = format!("{};expires=0;cisco-keep-alive", phone.cisco_contact());
    let keep = phone.query().add("Contact", &alive).add("Expires", "0");
    let mut standby = bench.tcp().await;
    let answer = standby.ask(&keep).await;
    assert_eq!(answer.code(), 200);
    assert!(answer.has("Date"));
    assert!(!answer.has("Contact"));
    let status = bench.sip.status();
    assert_eq!((status.bindings, status.reachable), (1, 1));
    // With a lifetime it is a registration, which needs a proof.
    let pretended = format!("{};expires=600;cisco-keep-alive", phone.cisco_contact());
    let request = phone.query().add("Contact", &pretended);
    assert_eq!(standby.ask(&request).await.code(), 401);
    // A true removal takes it away.
    let gone = phone.query().add("Contact", &phone.cisco_contact()).add("Expires", "0").add(
        "Reason",
        "SIP;cause=200;text=\"cisco-alarm:25 Name=SEP001122334455 Load=1 Last=reset-restart\"",
    );
    let gone = phone.proven_again(&gone);
    assert_eq!(phone.peer.ask(&gone).await.code(), 200);
    assert_eq!(bench.sip.status().bindings, 0);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_26_a_phone_whose_settings_say_so_is_granted_another_lifetime() {
    let bench = Bench::with(|start| {
        change_sip(&mut start.settings, |sip| sip.phone_expires_seconds = 300);
    })
    .await;
    let mut phone = Phone::first(bench.tcp().await);
    assert_eq!(expires(phone.register().await.get("Contact")), 300);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_37_a_body_of_a_registration_is_read_as_part_of_several_and_refused_where_broken()
 {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let part = |body: &str| {
        format!(
            "--uniqueBoundary\r\nContent-Type: {REQUEST_TYPE}\r\n\
             Content-Disposition: session;handling=optional\r\n\r\n{body}\r\n"
        )
    };
    let bulk = "<?xml version=\"1.0\"?>\n<x-cisco-remotecc-request><bulkregisterreq>\
        <contact all=\"true\"><register></register></contact></bulkregisterreq>\
        </x-cisco-remotecc-request>";
    let both = format!("{}{}--uniqueBoundary--\r\n", part(bulk), part(OPTIONS));
    let multipart = "multipart/mixed; boundary=\"uniqueBoundary\"";
    let answer = phone.ask(&phone.cisco().body(multipart, both)).await;
    assert_eq!(answer.code(), 200);
    assert!(answer.body.contains("joinreq"), "{answer:?}");
    for broken in
        ["<x-cisco-remotecc-request><optionsind>", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"]
    {
        let request = phone.cisco().body(REQUEST_TYPE, broken);
        let request = phone.proven_again(&request);
        assert_eq!(phone.peer.ask(&request).await.code(), 400, "{broken}");
    }
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_31_a_phone_that_is_silent_is_gone_some_seconds_after_its_lifetime() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut phone = Phone::first(bench.udp().await);
    phone.register().await;
    assert!(matches!(bench.event().await, SipEvent::Reachable(_)));
    bench.pass(Duration::from_secs(130)).await;
    // A refresh that is late by the pace of the phone is no new registration.
    let refresh = phone.query().add("Contact", &phone.cisco_contact());
    let refresh = phone.proven_again(&refresh);
    let answer = phone.peer.ask(&refresh).await;
    assert!(!answer.get("Contact").contains("x-cisco-newreg"), "{answer:?}");
    assert!(bench.events.try_recv().is_err());
    bench.pass(Duration::from_secs(137)).await;
    let gone = bench.event().await;
    assert!(matches!(gone, SipEvent::Unreachable(..)), "{gone:?}");
    assert_eq!(bench.sip.status().bindings, 0);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_37_a_request_for_a_domain_by_its_address_is_for_us() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let mut request = phone.cisco();
    request.uri = format!("sip:{}", bench.tcp);
    assert_eq!(phone.ask(&request).await.code(), 200);
    let mut request = phone.cisco();
    request.uri = format!("sips:{DOMAIN}");
    let request = phone.proven_again(&request);
    let code = phone.peer.ask(&request).await.code();
    assert_eq!(code, 200);
    bench.end().await;
}
