//! Strangers: floods, guesses, and what is told to nobody.

use std::io::Write;
use std::sync::{Arc, Mutex};

use domain::settings::Network;

use crate::bench::{Bench, DOMAIN, FIRST, NODE, change_sip};
use crate::flows::{became, deliver, errand};
use crate::peer::{Peer, Request};
use crate::phone::Phone;

fn options() -> Request {
    Request::new("OPTIONS", &format!("sip:gateway@{NODE}"))
}

#[tokio::test]
async fn sip_accept_46_a_flood_of_packets_gets_no_more_than_it_sends_and_phones_are_served() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.udp().await);
    phone.register_plainly().await;
    let mut strangers = Vec::new();
    for _ in 0..64 {
        strangers.push(bench.udp().await);
    }
    let register =
        Request::new("REGISTER", &format!("sip:{DOMAIN}")).add("Contact", "<sip:a@192.0.2.1>");
    let (mut sent, mut got) = (0, 0);
    for round in 0..100 {
        for stranger in &mut strangers {
            let text = register.again().text(stranger);
            sent += text.len();
            stranger.send(text).await;
        }
        if round % 20 == 0 {
            // Who is registered is served all the while.
            let waiting = deliver(&bench, errand(FIRST));
            let request = phone.peer.next().await;
            phone.peer.answer(&request, "200 OK", &[]).await;
            assert!(matches!(became(waiting).await, sip::Delivery::Accepted(_)));
            let query = phone.query();
            let query = phone.proven_again(&query);
            assert_eq!(phone.peer.ask(&query).await.code(), 200);
        }
    }
    for stranger in &mut strangers {
        got += stranger.drain();
    }
    // The allowance of a second, and of those that passed meanwhile.
    assert!(got <= sent + 20 * 64 * 1_024, "{got} for {sent}");
    let dropped = bench.figure("jackfield_sip_dropped_total{reason=\"source\"}")
        + bench.figure("jackfield_sip_dropped_total{reason=\"source_refused\"}")
        + bench.figure("jackfield_sip_dropped_total{reason=\"amplification\"}");
    assert!(dropped > 0);
    assert_eq!(bench.figure("jackfield_sip_transactions{side=\"server_in_hand\"}"), 0);
    assert_eq!(bench.sip.status().bindings, 1);
    bench.end().await;
}

impl Peer {
    /// All that came meanwhile, in bytes.
    fn drain(&mut self) -> usize {
        let mut all = 0;
        while let Some(length) = self.packet() {
            all += length;
        }
        all
    }
}

#[tokio::test(start_paused = true)]
async fn sip_accept_46_repeats_of_one_packet_get_no_more_than_they_send() {
    let mut bench =
        Bench::with(|start| start.limits.requests_per_second_per_source = 1_000_000).await;
    bench.hold_time();
    let mut stranger = bench.udp().await;
    let short = format!(
        "REGISTER sip:{DOMAIN} SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bKa\r\nf:<sip:a@b>;tag=1\r\n\
         t:<sip:a@b>\r\ni:a\r\nCSeq:1 REGISTER\r\n\r\n"
    );
    let (mut sent, mut got, mut answers) = (0, 0, 0);
    for _ in 0..3_000 {
        stranger.send(&short).await;
        sent += short.len();
        tokio::task::yield_now().await;
        while let Some(length) = stranger.packet() {
            got += length;
            answers += 1;
        }
    }
    assert!(answers > 10, "{answers}");
    assert!(got <= sent + 64 * 1_024, "{got} for {sent}");
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_46_a_source_that_asks_too_much_over_a_connection_is_told_so_and_then_not_heard()
{
    let bench = Bench::with(|start| start.limits.requests_per_second_per_source = 1).await;
    let mut peer = bench.tcp().await;
    let mut codes = Vec::new();
    for _ in 0..10 {
        let answer = peer.ask(&options()).await;
        if answer.code() == 503 {
            let seconds: u32 = answer.get("Retry-After").parse().unwrap();
            assert!((5..=30).contains(&seconds));
        }
        codes.push(answer.code());
    }
    assert_eq!(codes[..2], [200, 200]);
    assert!(codes[2..].iter().filter(|code| **code == 503).count() >= 6, "{codes:?}");
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_46_what_is_no_sip_counts_as_a_request_does() {
    let bench = Bench::with(|start| start.limits.requests_per_second_per_source = 1).await;
    let mut peer = bench.tcp().await;
    for _ in 0..60 {
        let bad = options().set("Max-Forwards", "300").text(&peer);
        peer.send(bad).await;
    }
    let refused = || {
        bench.figure("jackfield_sip_dropped_total{reason=\"source_refused\"}")
            + bench.figure("jackfield_sip_dropped_total{reason=\"source\"}")
    };
    bench.until("refusals", || refused() > 30).await;
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_46_a_connection_that_brings_nothing_but_what_is_no_sip_ends() {
    let bench = Bench::start().await;
    for kind in ["no SIP", "no answers"] {
        let mut phone = Phone::first(bench.tcp().await);
        // Though who is there is known.
        phone.register_plainly().await;
        for number in 0..70 {
            let bad = match kind {
                "no SIP" => options().set("Max-Forwards", "300").text(&phone.peer),
                _ => format!(
                    "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK{number}\r\n\
                     From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: {number}\r\n\
                     CSeq: 1 REFER\r\nContent-Length: 0\r\n\r\n"
                )
                .into_bytes(),
            };
            let _ = phone.peer.try_send(bad).await;
        }
        phone.peer.ends().await;
    }
    let answers = bench.figure("jackfield_sip_dropped_total{reason=\"unmatched\"}");
    let malformed = bench.figure("jackfield_sip_dropped_total{reason=\"malformed_grammar\"}");
    assert_eq!((malformed, answers), (61, 61));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_46_answers_that_nobody_waits_for_count_as_requests_do() {
    let bench = Bench::with(|start| start.limits.requests_per_second_per_source = 1).await;
    let mut peer = bench.tcp().await;
    let answer = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\n\
        To: <sip:a@b>;tag=2\r\nCall-ID: a\r\nCSeq: 1 REFER\r\nContent-Length: 0\r\n\r\n";
    for _ in 0..50 {
        peer.send(answer).await;
    }
    let dropped = || bench.figure("jackfield_sip_dropped_total{reason=\"source\"}");
    bench.until("them", || dropped() >= 20).await;
    bench.end().await;
}

#[tokio::test]
async fn connections_of_one_source_and_in_all_have_limits() {
    let bench = Bench::with(|start| start.limits.connections_per_source_max = 3).await;
    let mut peers = Vec::new();
    for _ in 0..3 {
        let mut peer = bench.tcp().await;
        assert_eq!(peer.ask(&options()).await.code(), 200);
        peers.push(peer);
    }
    let mut refused = bench.tcp().await;
    refused.ends().await;
    let figure = "jackfield_sip_connections_refused_total{reason=\"source\"}";
    assert_eq!(bench.figure(figure), 1);
    peers.pop();
    bench.until("its end", || bench.sip.status().places == 2).await;
    let mut peer = bench.tls().await;
    assert_eq!(peer.ask(&options()).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_29_guesses_have_to_wait_and_others_at_that_place_do_not() {
    let bench = Bench::start().await;
    let mut guesser = Phone::new(bench.tcp().await, FIRST, "phone-1", "guess");
    let mut refused = None;
    for _ in 0..10 {
        let query = guesser.query();
        let answer = guesser.ask(&query).await;
        if answer.code() == 503 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.code(), 401);
    }
    let refused = refused.unwrap_or_else(|| panic!("guesses go on"));
    assert!(refused.has("Retry-After"));
    let mut second = Phone::second(bench.tcp().await);
    second.register().await;
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_29_a_second_proof_that_names_somebody_else_makes_no_guess_free() {
    let bench = Bench::start().await;
    let mut guesser = Phone::new(bench.tcp().await, FIRST, "phone-1", "guess");
    let mut codes = Vec::new();
    for number in 0..10 {
        let query = guesser.query();
        let challenge = guesser.peer.ask(&query).await;
        let guess = guesser.proven(&query, &challenge);
        let proof = guess.get("Authorization").to_owned();
        let decoy = format!("Digest username=\"decoy-{number}\", realm=\"elsewhere\", nonce=\"n\"");
        let guess = guess.set("Authorization", &decoy).add("Authorization", &proof);
        codes.push(guesser.peer.ask(&guess).await.code());
    }
    assert_eq!(codes.last(), Some(&503), "{codes:?}");
    bench.end().await;
}

#[tokio::test]
async fn guesses_by_packets_keep_nobody_waiting_who_has_a_connection() {
    let bench = Bench::start().await;
    let mut guesser = Phone::new(bench.udp().await, FIRST, "phone-1", "guess");
    let mut code = 0;
    for _ in 0..10 {
        let query = guesser.query();
        code = guesser.ask(&query).await.code();
    }
    assert_eq!(code, 503);
    let mut phone = Phone::first(bench.tls().await);
    phone.register().await;
    bench.end().await;
}

#[tokio::test]
async fn who_is_in_no_allowed_network_is_not_answered() {
    let bench = Bench::with(|start| {
        change_sip(&mut start.settings, |sip| {
            sip.allowed_networks = vec!["192.0.2.0/24".parse::<Network>().unwrap()];
        });
    })
    .await;
    let mut peer = bench.udp().await;
    let text = options().text(&peer);
    peer.send(text).await;
    let dropped = "jackfield_sip_dropped_total{reason=\"network\"}";
    bench.until("the drop", || bench.figure(dropped) == 1).await;
    assert!(!peer.has_more());
    // Before a handshake costs anything.
    for at in [bench.tcp, bench.tls] {
        Peer::tcp(at).await.ends().await;
    }
    let refused = "jackfield_sip_connections_refused_total{reason=\"network\"}";
    assert_eq!(bench.figure(refused), 2);
    bench.end().await;
}

#[tokio::test]
async fn a_node_without_a_domain_serves_nobody_until_it_has_one() {
    let bench = Bench::with(|start| {
        change_sip(&mut start.settings, |sip| sip.domains.clear());
    })
    .await;
    assert!(!bench.sip.status().is_on);
    let mut peer = bench.tcp().await;
    assert_eq!(peer.ask(&options()).await.code(), 503);
    bench
        .change(|settings| change_sip(settings, |sip| sip.domains = vec![DOMAIN.to_owned()]))
        .await;
    bench.until("the domain", || bench.sip.status().is_on).await;
    let mut phone = Phone::first(bench.tcp().await);
    phone.register().await;
    bench.end().await;
}

/// What is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn proofs_and_passwords_are_in_no_log_and_a_line_is_a_line() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut bench = Bench::start().await;
    let mut phone = Phone::first(bench.tls().await);
    phone.register().await;
    let mut guesser = Phone::new(bench.tcp().await, FIRST, "phone-1", "guess-word");
    let query = guesser.query();
    assert_eq!(guesser.ask(&query).await.code(), 401);
    let broken = guesser.query().set("Authorization", "Digest username=\"phone-1\", response=\"zz");
    assert_eq!(guesser.peer.ask(&broken).await.code(), 400);
    let alarm = "<x-cisco-alarm><Alarm Name=\"a&#10;INFO forged\"/></x-cisco-alarm>";
    let alarm = Request::new("REFER", &format!("sip:{NODE}"))
        .add("Refer-To", "<cid:1>")
        .add("Content-Id", "<1>")
        .body("application/x-cisco-alarm+xml", alarm);
    let alarm = phone.proven_again(&alarm);
    assert!([202, 400].contains(&phone.peer.ask(&alarm).await.code()));
    drop(phone);
    assert!(matches!(bench.event().await, sip::SipEvent::Reachable(_)));
    assert!(matches!(bench.event().await, sip::SipEvent::Unreachable(..)));
    let printed = format!("{:?} {:?}", bench.sip, bench.sip.status());
    bench.end().await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap() + &printed;
    assert!(text.contains("a wrong user or password"), "{text}");
    // Who comes and goes is told once for each change.
    let registered = text.lines().find(|line| line.contains("a phone registered anew")).unwrap();
    assert!(registered.contains(FIRST) && registered.contains("transport=\"TLS\""), "{registered}");
    let mut gone = text.lines().filter(|line| line.contains("a phone is not reached any more"));
    let (lost, more) = (gone.next().unwrap(), gone.next());
    for part in [FIRST, "reason=\"", "registered_seconds=", "connected_seconds="] {
        assert!(lost.contains(part), "{part} in {lost}");
    }
    assert_eq!(more, None);
    for secret in ["Authorization", "nonce=", "response=", "password-1", "guess-word", "WWW-Auth"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(!text.lines().any(|line| line.starts_with("INFO forged")));
}
