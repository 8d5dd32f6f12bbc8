//! REGISTER: proofs, lifetimes, who may have which address.

use crate::bench::{Bench, DOMAIN, NODE};
use crate::phone::Phone;

#[tokio::test]
async fn sip_accept_26_challenge_success_refresh_shortening_removal_and_query() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let contact = phone.contact.clone();
    let answer = phone.ask(&phone.plain().add("Expires", "600")).await;
    assert_eq!(answer.code(), 200);
    let granted: u32 = expires(answer.get("Contact"));
    assert!((540..=600).contains(&granted), "{granted}");
    assert!(answer.has("Date"));
    assert!(answer.get("Contact").starts_with(&format!("<{contact}>")));
    // Refreshed and shortened by the contact's own parameter.
    let request = phone.query().add("Contact", &format!("<{contact}>;expires=100"));
    let request = phone.proven_again(&request);
    let answer = phone.peer.ask(&request).await;
    let shorter = expires(answer.get("Contact"));
    assert!((90..=100).contains(&shorter), "{shorter}");
    // What is there is told to who asks, nothing changes.
    let query = phone.proven_again(&phone.query());
    let answer = phone.peer.ask(&query).await;
    assert_eq!(answer.code(), 200);
    assert!(expires(answer.get("Contact")) <= shorter);
    // One is taken back.
    let request = phone.query().add("Contact", &format!("<{contact}>")).add("Expires", "0");
    let request = phone.proven_again(&request);
    let answer = phone.peer.ask(&request).await;
    assert_eq!((answer.code(), answer.all("Contact").len()), (200, 0));
    assert_eq!(bench.sip.status().bindings, 0);
    // All are.
    for other in ["sip:a@192.0.2.1", "sip:b@192.0.2.1"] {
        let request = phone.query().add("Contact", &format!("<{other}>"));
        let request = phone.proven_again(&request);
        assert_eq!(phone.peer.ask(&request).await.code(), 200);
    }
    assert_eq!(bench.sip.status().bindings, 2);
    let star = phone.query().add("Contact", "*");
    for (wrong, _) in [(star.clone(), 0), (star.clone().add("Expires", "10"), 0)] {
        let request = phone.proven_again(&wrong);
        assert_eq!(phone.peer.ask(&request).await.code(), 400);
    }
    let mixed = star.clone().add("Contact", "<sip:a@192.0.2.1>").add("Expires", "0");
    let request = phone.proven_again(&mixed);
    assert_eq!(phone.peer.ask(&request).await.code(), 400);
    assert_eq!(bench.sip.status().bindings, 2);
    let request = phone.proven_again(&star.add("Expires", "0"));
    let answer = phone.peer.ask(&request).await;
    assert_eq!((answer.code(), answer.all("Contact").len()), (200, 0));
    assert_eq!(bench.sip.status().bindings, 0);
    bench.end().await;
}

pub(crate) fn expires(contact: &str) -> u32 {
    let (_, rest) = contact.rsplit_once("expires=").unwrap_or_else(|| panic!("{contact}"));
    rest.split(';').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn sip_accept_26_too_short_a_lifetime_is_423_and_of_several_contacts_all_or_none_count() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let request =
        phone.query().add("Contact", "<sip:a@192.0.2.1>;expires=600, <sip:b@192.0.2.1>;expires=5");
    let answer = phone.ask(&request).await;
    assert_eq!(answer.code(), 423);
    assert_eq!(answer.get("Min-Expires"), "60");
    assert_eq!(bench.sip.status().bindings, 0);
    let request = phone
        .query()
        .add("Contact", "<sip:a@192.0.2.1>;expires=600, <sip:b@[2001:db8::9:1]:5070>;expires=600");
    let request = phone.proven_again(&request);
    let answer = phone.peer.ask(&request).await;
    assert_eq!((answer.code(), answer.all("Contact").len()), (200, 2));
    assert_eq!(bench.sip.status().bindings, 2);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_27_contacts_are_stored_and_echoed_as_they_were_written() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let uri = "sip:%00a%20b;x@192.0.2.1:5070;transport=tcp;Odd=%41?Route=%3Csip:x%3E";
    let parameters = ";Param=\"a, b;c\";+u.sip!odd.name=\"x\"";
    let request = phone.query().add("Contact", &format!("<{uri}>{parameters}"));
    let answer = phone.ask(&request).await;
    assert_eq!(answer.code(), 200);
    let contact = answer.get("Contact");
    assert!(contact.starts_with(&format!("<{uri}>{parameters}")), "{contact}");
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_28_a_request_that_comes_late_changes_nothing() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register_plainly().await;
    let late = phone.plain().add("Expires", "0");
    let late = phone.proven_again(&late).set("CSeq", "1 REGISTER");
    let answer = phone.peer.ask(&late).await;
    assert_eq!(answer.code(), 500, "{answer:?}");
    assert_eq!(bench.sip.status().bindings, 1);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_29_a_proof_counts_once_and_counts_are_hexadecimal() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let query = phone.query();
    let challenge = phone.peer.ask(&query).await;
    let first = phone.proven(&query, &challenge);
    assert_eq!(phone.peer.ask(&first).await.code(), 200);
    let replayed = phone.peer.ask(&first.again()).await;
    assert_eq!(replayed.code(), 401);
    assert!(replayed.all("WWW-Authenticate").iter().all(|it| it.contains("stale=true")));
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let request = phone.proven_again(&query);
        let proof = request.get("Authorization").to_owned();
        for count in ["nc=0000000a", "nc=000000ff", "nc=00000100"] {
            if proof.contains(count) {
                assert_eq!(phone.peer.ask(&request).await.code(), 200, "{count}");
                seen.push(count);
            }
        }
    }
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_29_an_old_nonce_is_stale() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut phone = Phone::first(bench.udp().await);
    let query = phone.query();
    let challenge = phone.peer.ask(&query).await;
    assert!(!challenge.all("WWW-Authenticate")[0].contains("stale"));
    bench.pass(std::time::Duration::from_secs(301)).await;
    let late = phone.proven(&query, &challenge);
    let stale = phone.peer.ask(&late).await;
    assert_eq!(stale.code(), 401);
    assert!(stale.all("WWW-Authenticate").iter().all(|it| it.contains("stale=true")), "{stale:?}");
    let again = phone.proven(&query, &stale);
    assert_eq!(phone.peer.ask(&again).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_29_nobody_registers_under_the_address_of_somebody_else() {
    let bench = Bench::start().await;
    let mut phone = Phone::second(bench.tcp().await);
    for (address, code) in [
        ("sip:phone-1@voice.example.com", 403),
        ("sip:1001@voice.example.com", 403),
        ("sip:phone-2@elsewhere.example.com", 403),
        ("sip:SEP001122334466@voice.example.com:9", 403),
        ("sip:phone-2@voice.example.com:9", 403),
        ("sip:phone-2@voice.example.com", 200),
        ("sip:SEP001122334466@voice.example.com", 200),
    ] {
        let request = phone.plain().set("To", &format!("<{address}>"));
        let request = request.set("Call-ID", address);
        let answer = phone.ask(&request).await;
        assert_eq!(answer.code(), code, "{address}");
    }
    // Lines are the phone's own.
    let mut first = Phone::first(bench.tcp().await);
    let request = first.plain().set("To", &format!("<sip:1001@{DOMAIN}>"));
    assert_eq!(first.ask(&request).await.code(), 200);
    // Nor as another device.
    let other = first.cisco_contact().replace("SEP001122334455", "SEP001122334466");
    let request = first.query().add("Contact", &other);
    let answer = first.ask(&request).await;
    assert_eq!(answer.code(), 403);
    assert!(answer.get("Warning").contains("another device"));
    // Nor for a domain that is not ours.
    let mut request = first.plain();
    request.uri = "sip:elsewhere.example.com".to_owned();
    let code = first.ask(&request).await.code();
    assert_eq!(code, 404);
    let mut request = first.plain();
    request.uri = format!("sip:{NODE}");
    assert_eq!(first.ask(&request).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_29_a_wrong_password_and_an_unknown_user_are_told_alike() {
    let bench = Bench::start().await;
    let mut answers = Vec::new();
    for (user, password) in [("phone-1", "wrong"), ("nobody", "password-1")] {
        let peer = bench.tcp().await;
        let mut phone = Phone::new(peer, crate::bench::FIRST, user, password);
        let request = phone.query();
        let answer = phone.ask(&request).await;
        let names: Vec<String> = answer.fields.iter().map(|(name, _)| name.clone()).collect();
        answers.push((answer.code(), names, answer.body));
    }
    assert_eq!(answers[0].0, 401);
    assert_eq!(answers[0], answers[1]);
    bench.end().await;
}
