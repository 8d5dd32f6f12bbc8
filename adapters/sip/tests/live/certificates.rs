//! TLS: what phones show of themselves, whose word a certificate is, and handshakes that stall.

use std::sync::{Arc, PoisonError};

use domain::settings::{SipProof, TrustPurpose};
use sip::SipEvent;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::authority::{Authority, Identity};
use crate::bench::{Bench, DOMAIN, FIRST, NODE, SECOND, change_device, trust};
use crate::peer::{Peer, Request};
use crate::phone::Phone;

/// A bench that trusts that authority for phones.
async fn trusting(authority: &Authority) -> Bench {
    Bench::with(|start| {
        trust(&mut start.settings, "makers", TrustPurpose::SipDevices, Some(&authority.pem()));
    })
    .await
}

async fn shows(bench: &Bench, identity: Identity) -> std::io::Result<Peer> {
    Peer::tls(bench.tls, &bench.authority, Some(identity)).await
}

#[tokio::test]
async fn sip_accept_44_a_certificate_proves_who_a_phone_is_and_no_other() {
    let makers = Authority::new("Makers");
    let bench = trusting(&makers).await;
    let identity = makers.identity("CP-7821-SEP001122334455", &[]);
    let mut phone = Phone::first(shows(&bench, identity).await.unwrap());
    // Without a challenge.
    let request = phone.cisco();
    assert_eq!(phone.peer.ask(&request).await.code(), 200);
    // Another's address, another's name.
    let request = phone.plain().set("To", &format!("<sip:phone-2@{DOMAIN}>"));
    assert_eq!(phone.peer.ask(&request).await.code(), 403);
    let other = phone.cisco_contact().replace(FIRST, SECOND);
    let request = phone.query().add("Contact", &other);
    assert_eq!(phone.peer.ask(&request).await.code(), 403);
    // A password of another phone makes it no other phone.
    let second = shows(&bench, makers.identity(FIRST, &[])).await.unwrap();
    let mut second = Phone::second(second);
    let request = second.cisco();
    assert_eq!(second.ask(&request).await.code(), 403);
    assert_eq!(bench.sip.status().bindings, 1);
    // Who is nobody here proves who they are by their password.
    let stranger = shows(&bench, makers.identity("SEP00000000FFFF", &[])).await.unwrap();
    let mut stranger = Phone::second(stranger);
    let request = stranger.cisco();
    assert_eq!(stranger.peer.ask(&request).await.code(), 401);
    stranger.register().await;
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_44_where_the_password_is_wanted_the_certificate_must_be_the_same_phones() {
    let makers = Authority::new("Makers");
    let bench = Bench::with(|start| {
        trust(&mut start.settings, "makers", TrustPurpose::SipDevices, Some(&makers.pem()));
        for (device, proof) in [(FIRST, SipProof::Digest), (SECOND, SipProof::Certificate)] {
            change_device(&mut start.settings, device, |device| {
                device.sip.as_mut().unwrap().proof = Some(proof);
            });
        }
    })
    .await;
    let mut phone = Phone::first(shows(&bench, makers.identity(FIRST, &[])).await.unwrap());
    let request = phone.cisco();
    assert_eq!(phone.peer.ask(&request).await.code(), 401);
    phone.register().await;
    // The password of the first phone over a connection that is the second's.
    let mut phone = Phone::first(shows(&bench, makers.identity(SECOND, &[])).await.unwrap());
    let request = phone.cisco();
    assert_eq!(phone.ask(&request).await.code(), 403);
    // A password alone does not do for the second.
    let mut phone = Phone::second(bench.tls().await);
    let request = phone.cisco();
    let answer = phone.ask(&request).await;
    assert_eq!(answer.code(), 403);
    assert!(answer.get("Warning").contains("certificate"), "{answer:?}");
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_44_a_certificate_of_an_unknown_authority_opens_no_connection() {
    let makers = Authority::new("Makers");
    let bench = trusting(&makers).await;
    let forged = Authority::new("Makers").identity(FIRST, &[]);
    let failed = match shows(&bench, forged).await {
        Err(_) => true,
        // With TLS 1.3 the refusal comes after the handshake is over for the peer.
        Ok(mut peer) => {
            let request = Request::new("OPTIONS", &format!("sip:{NODE}"));
            let text = request.text(&peer);
            let _ = peer.try_send(text).await;
            peer.next_or_end().await.is_none()
        }
    };
    assert!(failed);
    // Nor does a plain connection prove anything.
    let mut phone = Phone::first(bench.tcp().await);
    let request = phone.cisco();
    assert_eq!(phone.peer.ask(&request).await.code(), 401);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_44_other_authorities_end_what_the_old_ones_vouched_for() {
    let (makers, others) = (Authority::new("Makers"), Authority::new("Others"));
    let mut bench = trusting(&makers).await;
    let mut phone = Phone::first(shows(&bench, makers.identity(FIRST, &[])).await.unwrap());
    let request = phone.cisco();
    assert_eq!(phone.peer.ask(&request).await.code(), 200);
    assert!(matches!(bench.event().await, SipEvent::Reachable(_)));
    let mut by_password = Phone::second(bench.tls().await);
    by_password.register().await;
    assert!(matches!(bench.event().await, SipEvent::Reachable(_)));
    bench
        .change(|settings| {
            trust(settings, "makers", TrustPurpose::SipDevices, None);
            trust(settings, "others", TrustPurpose::SipDevices, Some(&others.pem()));
        })
        .await;
    phone.peer.ends().await;
    assert!(matches!(bench.event().await, SipEvent::Unreachable(..)));
    // The rest stays.
    let query = by_password.query();
    let query = by_password.proven_again(&query);
    assert_eq!(by_password.peer.ask(&query).await.code(), 200);
    let mut phone = Phone::first(shows(&bench, others.identity(FIRST, &[])).await.unwrap());
    let request = phone.cisco();
    assert_eq!(phone.peer.ask(&request).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn a_new_certificate_of_ours_is_shown_to_who_comes_and_ends_no_connection() {
    let bench = Bench::start().await;
    let mut before = Phone::first(bench.tls().await);
    before.register().await;
    let renewed = Authority::new("Renewed");
    *bench.shown.0.write().unwrap_or_else(PoisonError::into_inner) = renewed.shown(NODE);
    let mut after = Peer::tls(bench.tls, &renewed, None).await.unwrap();
    assert!(Peer::tls(bench.tls, &bench.authority, None).await.is_err());
    let options = Request::new("OPTIONS", &format!("sip:{NODE}"));
    assert_eq!(after.ask(&options).await.code(), 200);
    let query = before.query();
    let query = before.proven_again(&query);
    assert_eq!(before.peer.ask(&query).await.code(), 200);
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_44_a_thousand_handshakes_that_stall_keep_no_phone_waiting_and_end() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut stalled = Vec::new();
    for number in 0..1_000 {
        let mut stream = TcpStream::connect(bench.tls).await.unwrap();
        if number % 2 == 0 {
            // The beginning of a handshake that says it will be longer.
            stream.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252]).await.unwrap();
        }
        stalled.push(stream);
    }
    bench.until("them", || bench.sip.status().places == 1_000).await;
    let mut phone = Phone::first(bench.tls().await);
    phone.register().await;
    bench.pass(std::time::Duration::from_secs(6)).await;
    bench.until("their end", || bench.sip.status().places == 1).await;
    let timed = "jackfield_sip_connections_refused_total{reason=\"handshake_time\"}";
    assert_eq!(bench.figure(timed), 1_000);
    drop(stalled);
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_44_more_handshakes_than_there_may_be_are_refused() {
    let mut bench = Bench::with(|start| start.limits.handshakes_max = 3).await;
    bench.hold_time();
    let mut stalled = Vec::new();
    for _ in 0..5 {
        stalled.push(TcpStream::connect(bench.tls).await.unwrap());
    }
    bench.until("them", || bench.sip.status().places == 5).await;
    // They have some time to come to their turn.
    bench.pass(std::time::Duration::from_secs(3)).await;
    let refused = "jackfield_sip_connections_refused_total{reason=\"handshakes\"}";
    bench.until("refusals", || bench.figure(refused) == 2).await;
    // Who waits is served as soon as another is done.
    let waiting = TcpStream::connect(bench.tls).await.unwrap();
    bench.until("it", || bench.sip.status().places == 4).await;
    stalled.clear();
    let waiting = Peer::tls_over(waiting, bench.authority.roots(), None).await.unwrap();
    let mut phone = Phone::first(waiting);
    phone.register().await;
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn sip_accept_44_handshakes_that_stall_at_one_address_keep_none_from_others() {
    let mut bench = Bench::with(|start| {
        start.limits.connections_per_source_max = 64;
        start.limits.handshakes_max = 10;
    })
    .await;
    bench.hold_time();
    let mut stalled = Vec::new();
    for _ in 0..20 {
        stalled.push(TcpStream::connect(bench.tls).await.unwrap());
    }
    bench.until("them", || bench.sip.status().places == 20).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    if socket.bind("127.0.0.2:0".parse().unwrap()).is_err() {
        println!("left out: this machine has one loopback address");
        return;
    }
    let stream = socket.connect(bench.tls).await.unwrap();
    let peer = Peer::tls_over(stream, bench.authority.roots(), None).await.unwrap();
    let mut phone = Phone::first(peer);
    phone.register().await;
    bench.end().await;
}

#[tokio::test]
async fn a_tls_session_that_is_resumed_is_the_same_phones() {
    let makers = Authority::new("Makers");
    let bench = trusting(&makers).await;
    let Identity { chain, key } = makers.identity(FIRST, &[]);
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(bench.authority.roots())
    .with_client_auth_cert(chain, key)
    .unwrap();
    let config = Arc::new(config);
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let stream = TcpStream::connect(bench.tls).await.unwrap();
        let local = stream.local_addr().unwrap();
        let name = rustls_pki_types::ServerName::try_from(NODE).unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(&config));
        let stream = connector.connect(name, stream).await.unwrap();
        kinds.push(stream.get_ref().1.handshake_kind().unwrap());
        let mut phone = Phone::first(Peer::accepted(stream, local, "TLS"));
        let request = phone.cisco();
        assert_eq!(phone.peer.ask(&request).await.code(), 200);
    }
    assert_eq!(kinds[1], rustls::HandshakeKind::Resumed, "{kinds:?}");
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_no_handshake() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let _stalled = TcpStream::connect(bench.tls).await.unwrap();
    bench.until("it", || bench.sip.status().places == 1).await;
    let before = tokio::time::Instant::now();
    bench.end_without_time().await;
    assert_eq!(before, tokio::time::Instant::now());
}

#[tokio::test]
async fn the_connection_of_a_phone_that_the_settings_take_away_ends() {
    let makers = Authority::new("Makers");
    let bench = trusting(&makers).await;
    let mut phone = Phone::first(shows(&bench, makers.identity(FIRST, &[])).await.unwrap());
    let request = phone.cisco();
    assert_eq!(phone.peer.ask(&request).await.code(), 200);
    bench.change(|settings| change_device(settings, FIRST, |device| device.sip = None)).await;
    phone.peer.ends().await;
    assert_eq!(bench.sip.status().bindings, 0);
    bench.end().await;
}
