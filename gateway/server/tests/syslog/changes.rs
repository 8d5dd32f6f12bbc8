//! Receivers that go away and come back, and lists of receivers that change.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::SystemClock;
use serde_json::json;
use server::log::{Syslog, SyslogReceiver, Transport};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::peer::{PATIENCE, Peer, free_port};
use crate::{log, metric};

fn at(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// Waits until a number of the metrics is that one.
async fn until(metrics: &engine::Metrics, name: &str, expected: u64) {
    let reached = async {
        while metric(metrics, name) != Some(expected) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let text = || String::from_utf8(metrics.text()).unwrap();
    assert!(tokio::time::timeout(PATIENCE, reached).await.is_ok(), "{name}: {}", text());
}

#[tokio::test]
async fn a_receiver_that_comes_back_gets_what_waited() {
    let port = free_port();
    let Some(mut peer) = Peer::start(&["--tcp", &at(port)]) else { return };
    let (syslog, metrics, _guard) = log();
    syslog.set_receivers(vec![SyslogReceiver::new("one", "127.0.0.1", port, Transport::Tcp)]);
    tracing::info!("first");
    assert_eq!(peer.text().await, "first");
    drop(peer);
    // What the network takes before the sender sees that the receiver is gone is lost. What still waits
    // after a pause, in which it would have been sent, proves that the sender knows.
    let waiting = "jackfield_syslog_queue_length{receiver=\"one\"}";
    let gone = async {
        let mut number = 0;
        while metric(&metrics, waiting) == Some(0) {
            number += 1;
            tracing::info!(number, "meanwhile");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    tracing::info!("last");
    let mut peer = Peer::start(&["--tcp", &at(port)]).unwrap();
    loop {
        let text = peer.text().await;
        if text == "last" {
            break;
        }
        assert!(text.starts_with("meanwhile"), "{text}");
    }
}

#[tokio::test]
async fn ops_02_messages_beyond_the_room_of_a_syslog_queue_are_counted_and_told() {
    let port = free_port();
    let (syslog, metrics, _guard) = log();
    syslog.set_receivers(vec![SyslogReceiver::new("one", "127.0.0.1", port, Transport::Tcp)]);
    for number in 0..10_007 {
        tracing::info!(number, "one of many");
    }
    let counted = |result: &str| format!("jackfield_syslog_messages_total{{result=\"{result}\"}}");
    assert_eq!(metric(&metrics, &counted("dropped")), Some(7));
    let waiting = "jackfield_syslog_queue_length{receiver=\"one\"}";
    assert_eq!(metric(&metrics, waiting), Some(10_000));
    let Some(mut peer) = Peer::start(&["--tcp", &at(port)]) else { return };
    let first = peer.message().await["message"].clone();
    assert_eq!(first["msgid"], "messages_dropped");
    assert_eq!(first["structured_data"]["jackfield@32473"], json!([["count", "7"]]));
    assert_eq!(peer.text().await, "one of many number=7");
    until(&metrics, waiting, 0).await;
    assert_eq!(metric(&metrics, &counted("sent")), Some(10_000));
}

#[tokio::test]
async fn a_changed_list_acts_at_once_and_leaves_the_others_alone() {
    let tcp = ["--tcp", "127.0.0.1:0"];
    let (Some(mut kept), Some(mut other)) = (Peer::start(&tcp), Peer::start(&tcp)) else { return };
    let (syslog, _, _guard) = log();
    let one = kept.receiver("kept", Transport::Tcp);
    syslog.set_receivers(vec![one.clone()]);
    tracing::info!("1");
    syslog.set_receivers(vec![one.clone(), other.receiver("other", Transport::Tcp)]);
    tracing::info!("2");
    assert_eq!(other.text().await, "2");
    syslog.set_receivers(vec![one.clone()]);
    tracing::info!("3");
    // One connection all the time, and nothing is missing.
    let mut lines = Vec::new();
    while lines.len() < 4 {
        lines.push(kept.line().await);
    }
    assert_eq!(lines.remove(0)["event"], "connected");
    let texts: Vec<_> = lines.iter().map(|line| &line["message"]["text"]).collect();
    assert_eq!(texts, ["1", "2", "3"]);
    syslog.set_receivers(Vec::new());
    tracing::info!("nobody is told");
    syslog.set_receivers(vec![one]);
    tracing::info!("4");
    assert_eq!(kept.text().await, "4");
    // A new place for the same name: what waits goes there.
    syslog.set_receivers(vec![SyslogReceiver::new("moved", "127.0.0.1", 1, Transport::Tcp)]);
    tracing::info!("waits");
    syslog.set_receivers(vec![other.receiver("moved", Transport::Tcp)]);
    assert_eq!(other.text().await, "waits");
}

/// Words of every event.
struct Words(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Words {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            if field.name() == "message" {
                words = format!("{value:?}");
            }
        });
        self.0.lock().unwrap().push(words);
    }
}

#[tokio::test]
async fn events_about_syslog_itself_are_in_the_log_and_go_to_no_receiver() {
    let Some(mut peer) = Peer::start(&["--tcp", "127.0.0.1:0"]) else { return };
    let (syslog, words) = (Syslog::new(None), Arc::default());
    let layers = tracing_subscriber::registry()
        .with(Words(Arc::clone(&words)))
        .with(syslog.layer(Arc::new(SystemClock)));
    let _guard = tracing::subscriber::set_default(layers);
    syslog.set_receivers(vec![
        peer.receiver("here", Transport::Tcp),
        SyslogReceiver::new("away", "127.0.0.1", free_port(), Transport::Tcp),
    ]);
    peer.connected().await;
    let away = "a syslog receiver is away; messages wait for it";
    tokio::time::timeout(PATIENCE, async {
        while !words.lock().unwrap().iter().any(|it| it == away) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    tracing::info!("something else");
    assert_eq!(peer.text().await, "something else");
    let states = syslog.states();
    assert_eq!((states[0].name.as_str(), &states[0].away), ("here", &None));
    assert_eq!((states[1].name.as_str(), states[1].waiting), ("away", 1));
    assert!(states[1].away.as_ref().is_some_and(|it| it.contains("cannot be reached")));
    // It is told once, however often it is tried.
    assert_eq!(words.lock().unwrap().iter().filter(|it| *it == away).count(), 1);
}
