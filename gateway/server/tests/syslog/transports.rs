//! What arrives, over each transport and framing.

use serde_json::{Value, json};
use server::log::{Facility, Framing, SyslogReceiver, Transport};
use tracing::Level;

use crate::log;
use crate::peer::{Folder, Peer};

const EVERYWHERE: [&str; 4] = ["--udp", "127.0.0.1:0", "--tcp", "127.0.0.1:0"];

#[tokio::test]
async fn ops_02_events_arrive_as_rfc_5424_says_over_udp_tcp_and_tls() {
    let folder = Folder::new();
    let authority = folder.0.join("authority.pem");
    let private = ["--tls", "127.0.0.1:0", "--authority", authority.to_str().unwrap()];
    let Some(mut peer) = Peer::start(&[&EVERYWHERE[..], &private].concat()) else { return };
    let (syslog, _, _guard) = log();
    let tcp = |name| peer.receiver(name, Transport::Tcp);
    let receivers = [
        (peer.receiver("datagrams", Transport::Udp), "udp", "datagram"),
        (tcp("counted"), "tcp", "octet-counting"),
        (SyslogReceiver { framing: Framing::Newline, ..tcp("lines") }, "tcp", "newline"),
        (peer.private("private", &authority), "tls", "octet-counting"),
        // Over TLS nothing else is allowed, whatever somebody sets.
        (
            SyslogReceiver { framing: Framing::Newline, ..peer.private("set", &authority) },
            "tls",
            "octet-counting",
        ),
    ];
    for (receiver, transport, framing) in receivers {
        syslog.set_receivers(vec![SyslogReceiver {
            facility: Facility::new(20).unwrap(),
            enterprise: 64_999,
            ..receiver
        }]);
        tracing::warn!(target: "server::listener", why = "a \"b\"\n[c]\\ü", "not accepted");
        let line = peer.message().await;
        assert_eq!((&line["transport"], &line["framing"]), (&json!(transport), &json!(framing)));
        let message = &line["message"];
        assert_eq!((&message["facility"], &message["severity"]), (&json!(20), &json!(4)));
        assert!(message["timestamp"].as_str().is_some_and(|it| it.ends_with('Z')), "{message}");
        assert_eq!(message["hostname"], "gw-a.example.com");
        assert_eq!(message["app_name"], "jackfield");
        assert_eq!(message["procid"], std::process::id().to_string());
        assert_eq!(message["msgid"], "listener");
        assert_eq!(
            message["structured_data"]["jackfield@64999"],
            json!([["target", "server::listener"], ["why", "a \"b\"#012[c]\\ü"]])
        );
        assert_eq!(message["text"], "not accepted why=\"a \\\"b\\\"\\n[c]\\\\ü\"");
        assert_eq!(message["byte_order_mark"], true);
    }
}

#[tokio::test]
async fn ids_12_each_syslog_receiver_has_its_own_level() {
    let Some(mut peer) = Peer::start(&EVERYWHERE) else { return };
    let (syslog, _, _guard) = log();
    let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
    for (at, level) in levels.into_iter().enumerate() {
        let receiver = peer.receiver("one", Transport::Tcp);
        syslog.set_receivers(vec![SyslogReceiver { level, ..receiver }]);
        tracing::trace!("4");
        tracing::debug!("3");
        tracing::info!("2");
        tracing::warn!("1");
        tracing::error!("0");
        for expected in (0..=at).rev() {
            let message = peer.message().await["message"].clone();
            assert_eq!(message["text"], expected.to_string());
            assert_eq!(message["severity"], [3, 4, 6, 7, 7][expected]);
        }
    }
}

#[tokio::test]
async fn a_long_event_is_cut_to_what_a_datagram_should_hold() {
    let Some(mut peer) = Peer::start(&EVERYWHERE) else { return };
    let (syslog, _, _guard) = log();
    let long = "ü".repeat(3_000);
    for (transport, bytes) in [(Transport::Udp, 2_048), (Transport::Tcp, 8_192)] {
        syslog.set_receivers(vec![peer.receiver("one", transport)]);
        tracing::error!(long, "it is");
        let line = peer.message().await;
        let length = line["bytes"].as_u64().unwrap();
        assert!(length <= bytes && length > bytes / 4, "{length}");
        let text = line["message"]["text"].as_str().unwrap();
        assert!(text.starts_with("it is long=üü"), "{text}");
    }
}

#[tokio::test]
async fn what_was_logged_before_receivers_were_set_is_sent_to_them() {
    let Some(mut peer) = Peer::start(&EVERYWHERE) else { return };
    let (syslog, _, _guard) = log();
    tracing::debug!("before, in detail");
    tracing::info!("before");
    syslog.set_receivers(vec![peer.receiver("one", Transport::Tcp)]);
    tracing::info!("after");
    assert_eq!([peer.text().await, peer.text().await], ["before", "after"]);
}

#[tokio::test]
async fn everything_is_sent_before_the_end() {
    let Some(mut peer) = Peer::start(&EVERYWHERE) else { return };
    let (syslog, metrics, _guard) = log();
    syslog.set_receivers(vec![peer.receiver("one", Transport::Tcp)]);
    (0..500).for_each(|number| tracing::info!(number, "one of many"));
    syslog.finish(crate::peer::PATIENCE).await;
    let sent = "jackfield_syslog_messages_total{result=\"sent\"}";
    assert_eq!(crate::metric(&metrics, sent), Some(500));
    let mut numbers = Vec::new();
    for _ in 0..500 {
        let line: Value = peer.message().await;
        let parameters = &line["message"]["structured_data"]["jackfield@32473"];
        numbers.push(parameters[1][1].as_str().unwrap().parse::<u32>().unwrap());
    }
    assert!(numbers.into_iter().eq(0..500));
}
