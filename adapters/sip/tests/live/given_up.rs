//! What whoever asked gave up waiting for: it is not sent again, so nothing old overtakes what is said next.

use std::time::Duration;

use domain::{DeviceName, HeadsetNews, HeadsetState, HeadsetStatus};
use engine::{Notice, SHOW_TIME, ShowFailure, TellOutcome};

use crate::bench::{Bench, FIRST, PATIENCE};
use crate::flows::{deliver, errand};
use crate::peer::Peer;
use crate::phone::Phone;

/// How long anything is sent again, and more.
const LONG: Duration = Duration::from_secs(40);
const ACCEPTED: &str = "jackfield_sip_sent_requests_total{method=\"REFER\",result=\"accepted\"}";

fn status(state: HeadsetState) -> Notice {
    Notice::AgentStatus(HeadsetStatus::plain(state))
}

/// Tells the phone something.
fn tell(bench: &Bench, notice: Notice) -> tokio::task::JoinHandle<TellOutcome> {
    let (port, device): (_, DeviceName) = (bench.port.clone(), FIRST.parse().unwrap());
    tokio::spawn(async move { port.channels().tell(&device, notice).await })
}

async fn outcome(telling: tokio::task::JoinHandle<TellOutcome>) -> TellOutcome {
    tokio::time::timeout(PATIENCE, telling).await.unwrap().unwrap()
}

async fn with_channel(bench: &Bench, peer: Peer) -> Phone {
    let mut phone = Phone::first(peer);
    phone.register().await;
    let device: DeviceName = FIRST.parse().unwrap();
    bench.until("the channel", || bench.port.channels().reach(&device).is_some()).await;
    phone
}

/// How many packets came that nobody looked at.
fn packets(phone: &mut Phone) -> usize {
    std::iter::from_fn(|| phone.peer.has_more().then_some(())).count()
}

#[tokio::test(start_paused = true)]
async fn hst_14_over_udp_what_was_given_up_does_not_overtake_what_is_told_next() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let peer = bench.udp().await;
    let mut phone = with_channel(&bench, peer).await;
    let telling = tell(&bench, status(HeadsetState::Ready));
    // Its packets are lost until the phone is given up.
    let old = phone.peer.next().await;
    bench.pass(SHOW_TIME).await;
    assert_eq!(outcome(telling).await, TellOutcome::Failed(ShowFailure::NoAnswer));
    assert_eq!(packets(&mut phone), 2, "at 0.5 and 1.5 s");

    let telling = tell(&bench, status(HeadsetState::NotReady));
    let new = phone.peer.next().await;
    assert_ne!(new.get("Call-ID"), old.get("Call-ID"));
    phone.peer.answer(&new, "202 Accepted", &[]).await;
    assert_eq!(outcome(telling).await, TellOutcome::Told);
    // Nothing of the old one comes after it, though its answer still would count.
    bench.pass(LONG / 2).await;
    assert_eq!(packets(&mut phone), 0);
    assert_eq!(bench.figure(ACCEPTED), 1);
    phone.peer.answer(&old, "202 Accepted", &[]).await;
    bench.until("the late answer", || bench.figure(ACCEPTED) == 2).await;
    bench.pass(LONG).await;
    assert_eq!(packets(&mut phone), 0);
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_errand_that_nobody_waits_for_is_not_sent_again_and_those_beside_it_are() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut phone = Phone::first(bench.udp().await);
    phone.register_plainly().await;
    let (dropped, kept) = (deliver(&bench, errand(FIRST)), deliver(&bench, errand(FIRST)));
    let (first, second) = (phone.peer.next().await, phone.peer.next().await);
    assert_ne!(first.get("Call-ID"), second.get("Call-ID"));
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    bench.pass(LONG).await;
    // Each is sent again ten times where it is waited for.
    assert_eq!(packets(&mut phone), 10);
    assert!(kept.is_finished());
    let silent = "jackfield_sip_sent_requests_total{method=\"REFER\",result=\"silent\"}";
    assert_eq!(bench.figure(silent), 2);
    bench.end().await;
}

#[tokio::test]
async fn hst_05_a_phone_that_has_no_use_for_news_stays_registered_and_is_told_of_its_agent() {
    let bench = Bench::start().await;
    let peer = bench.tcp().await;
    let mut phone = with_channel(&bench, peer).await;
    let refusals = [
        "481 Subscription Does Not Exist",
        "489 Bad Event",
        "501 Not Implemented",
        "405 Method Not Allowed",
        "404 Not Found",
        "410 Gone",
    ];
    for refusal in refusals {
        let telling = tell(&bench, Notice::HeadsetNews(HeadsetNews::ServicesChanged));
        let got = phone.peer.next().await;
        assert_eq!(got.method(), "NOTIFY");
        phone.peer.answer(&got, refusal, &[]).await;
        let refused = TellOutcome::Failed(ShowFailure::Refused);
        assert_eq!(outcome(telling).await, refused, "{refusal}");
        assert_eq!(bench.sip.status().bindings, 1, "{refusal}");
        let telling = tell(&bench, status(HeadsetState::Ready));
        let got = phone.peer.next().await;
        assert_eq!(got.method(), "REFER", "{refusal}");
        phone.peer.answer(&got, "202 Accepted", &[]).await;
        assert_eq!(outcome(telling).await, TellOutcome::Told, "{refusal}");
    }
    bench.end().await;
}
