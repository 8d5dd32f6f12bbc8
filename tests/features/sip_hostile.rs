//! Peers of SIP that mean harm: others are served all the time, and each of them is let go in the end.

use crate::gateway::Gateway;
use crate::node::eventually;
use crate::phone::DEVICE;
use crate::sip_phone::{Harm, SipPhone, figure};

const SECOND: &str = "SEP001122334466";
const CONNECTIONS: &str = "jackfield_sip_connections";
/// Connections of each kind of harm.
const EACH: &str = "12";

fn ended(gateway: &Gateway, reason: &str) -> u64 {
    figure(gateway, &format!("jackfield_sip_connections_ended_total{{reason=\"{reason}\"}}"))
}

/// Registers a phone anew, and has the gateway reach it.
#[track_caller]
fn serve(gateway: &Gateway, transport: &str) {
    let mut phone = SipPhone::of(gateway, SECOND, transport, &[]);
    phone.until("registered");
    let output = gateway.command(&["probe", "sip-device", SECOND]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("answered 202"), "{told}");
    phone.tell_and_see("unregister", "unregistered");
    phone.leave();
}

/// Harm over connections goes on until the gateway has ended each of them: the longest that any is borne
/// is the half minute within which a peer has to prove who it is.
#[test]
fn sip_accept_45_hostile_connections_are_let_go_and_keep_nobody_out() {
    let gateway = Gateway::start();
    let mut phone = SipPhone::of(&gateway, DEVICE, "tls", &["--time-scale", "50"]);
    phone.until("registered");
    let kinds = [
        ("stalled-handshakes", "tls"),
        ("half-open", "tls"),
        ("half-open", "tcp"),
        ("mute", "tls"),
        ("mute", "tcp"),
        ("slow", "tls"),
        ("slow", "tcp"),
        ("never-reading", "tls"),
        ("never-reading", "tcp"),
    ];
    let harms: Vec<_> = kinds
        .into_iter()
        .enumerate()
        .map(|(number, (kind, transport))| {
            let source = format!("127.0.1.{}", number + 1);
            let more = ["--phones", EACH, "--seconds", "90", "--source", &source];
            (kind, transport, Harm::start(&gateway, kind, transport, &more))
        })
        .collect();
    eventually("hostile connections", || (figure(&gateway, CONNECTIONS) > 40).then_some(()));
    for transport in ["tls", "tcp", "udp"] {
        serve(&gateway, transport);
    }
    for (kind, transport, harm) in harms {
        let total = harm.total();
        assert_eq!(total["still_open"], 0, "{kind} over {transport}: {total}");
    }
    eventually("their end", || (figure(&gateway, CONNECTIONS) == 1).then_some(()));
    for reason in ["unproven", "slow_message"] {
        assert!(ended(&gateway, reason) > 0, "{reason}");
    }
    for transport in ["tls", "tcp", "udp"] {
        serve(&gateway, transport);
    }
    let (told, code) = phone.end();
    assert_eq!(code, Some(0), "{told:#?}");
    assert!(told.iter().all(|line| line["event"] != "lost"), "{told:#?}");
}

#[test]
fn sip_accept_46_floods_of_datagrams_are_not_amplified_and_keep_nobody_out() {
    let gateway = Gateway::start();
    for kind in ["flood-register", "flood-garbage"] {
        let dropped = "jackfield_sip_dropped_total{reason=\"source\"}";
        let before = figure(&gateway, dropped);
        let more = ["--rate", "3000", "--seconds", "3", "--sources", "1", "--source", "127.0.2.1"];
        let harm = Harm::start(&gateway, kind, "udp", &more);
        eventually("the flood", || (figure(&gateway, dropped) > before).then_some(()));
        for transport in ["tls", "tcp", "udp"] {
            serve(&gateway, transport);
        }
        let total = harm.total();
        let of = |name: &str| total[name].as_f64().unwrap();
        assert!(of("datagrams_sent") > 1_000.0, "{total}");
        // What nobody stands behind is worth no more bytes than it came with.
        assert!(of("amplification") <= 1.0, "{kind}: {total}");
    }
}
