//! Opening, silence, sides.

use std::time::Duration;

use serde_json::json;

use super::client::{Site, numbers, open, open_with, set_state, status};
use crate::cti::events;
use crate::cti::numbers::{message, tag};
use crate::cti::wire::{Message, NONE};
use crate::cti::world::Side;

#[track_caller]
fn check_open(words: &str, side: Side, message: &Message, expected: u32, violations: u64) {
    let mut site = Site::new(words);
    let session = site.connect(side);
    if message.encode_version() >= 20 {
        site.speaks(20);
    }
    let answer = site.send(session, message);
    assert_eq!(status(&answer), expected);
    assert_eq!(site.violations(), violations);
}

/// VersionNumber of an `OPEN_REQ`.
trait Version {
    fn encode_version(&self) -> u32;
}

impl Version for Message {
    fn encode_version(&self) -> u32 {
        let bytes = self.encode(crate::cti::wire::Framing::of(9, false, None));
        u32::from_be_bytes(bytes[12..16].try_into().unwrap())
    }
}

#[test]
fn what_an_open_request_must_not_do_is_refused_with_its_status() {
    let named =
        |message: Message| message.text(tag::CLIENT_ID, "x").data(tag::CLIENT_PASSWORD, &[]);
    check_open("", Side::A, &open(8, 0x10), 1, 0);
    check_open("", Side::A, &open(25, 0x10), 1, 0);
    check_open("", Side::A, &named(open_with(14, 0x10, 19, [0; 3])), 18, 1);
    check_open("", Side::A, &named(open_with(14, 0x10, 120, [0, 1, 0])), 22, 1);
    check_open("", Side::A, &named(open_with(14, 0x4000, 120, [0; 3])), 19, 1);
    check_open("", Side::A, &named(open_with(14, 0x90, 120, [0; 3])), 12, 1);
    check_open("", Side::A, &open_with(14, 0x10, 120, [0; 3]).text(1, "x"), 6, 1);
    check_open("", Side::A, &open_with(14, 0x10, 120, [0; 3]).data(2, &[]), 6, 1);
    check_open("--client gw:secret", Side::A, &open(14, 0x10), 36, 0);
    check_open("--dialect express", Side::A, &named(open_with(14, 0x10, 120, [0; 3])), 18, 1);
    let masks = |call, agent, config| {
        let fixed = [7, 14, 120, NONE, 0x10, call, agent, config, 0, 0, 0];
        named(Message::new(message::OPEN_REQ).longs(&fixed))
    };
    check_open("", Side::A, &masks(0x1000_0000, 0, 0), 20, 1);
    check_open("", Side::A, &masks(0, 0x4000, 0), 21, 1);
    check_open("", Side::A, &masks(0, 0, 64), 95, 1);
}

#[test]
fn a_standby_side_refuses_as_its_version_and_product_say() {
    check_open("", Side::B, &open(14, 0x10), 15, 0);
    check_open("", Side::B, &open(24, 0x10), 107, 0);
    check_open("--standby-sessions=false", Side::B, &open(24, 0x200_0010), 15, 0);
    let express = open_with(14, 0x10, 60, [0; 3]).text(1, "x").data(2, &[]);
    check_open("--dialect express", Side::B, &express, 92, 0);
}

#[test]
fn an_open_confirmation_grows_with_the_version_and_a_system_event_follows() {
    for (version, body) in [(18, 26), (19, 30), (24, 32)] {
        let mut site = Site::new("");
        let session = site.connect(Side::A);
        site.speaks(version);
        let answer = site.send(session, &open(version, 0x16));
        assert_eq!(numbers(&answer), [message::OPEN_CONF, message::SYSTEM_EVENT]);
        assert_eq!((answer[0].long(0), answer[0].long(4)), (7, 0x16));
        assert_eq!((answer[1].long(8), answer[1].long(12)), (3, 5000));
        let width = crate::cti::wire::Framing::of(version, false, None).width;
        let float = answer[0].float(body, width, tag::PERIPHERAL_ID);
        assert_eq!(float, Some(vec![0, 0, 0x13, 0x88]), "{version}");
    }
}

#[test]
fn requests_need_a_session_and_a_session_opens_once() {
    let mut site = Site::new("");
    let session = site.connect(Side::A);
    let beat = events::plain_conf(message::HEARTBEAT_REQ, 3);
    assert_eq!(status(&site.send(session, &beat)), 4);
    let session = site.bridge(Side::A, 14);
    assert_eq!(status(&site.send(session, &open(14, 0x10))), 5);
    assert_eq!(status(&site.send(session, &Message::new(999).long(1))), 48);
    assert_eq!(status(&site.send(session, &Message::new(message::ACTIVE_MAINTENANCE_RESP))), 48);
    assert_eq!(site.violations(), 4);
    let other_peripheral = Message::new(36).longs(&[1, 4999, 1, 0]).text(5, "1001");
    assert_eq!(status(&site.send(session, &other_peripheral)), 7);
    let watcher = site.bridge_with(Side::A, 14, 0x10);
    let wish = set_state(3, 0, 0, 0).text(tag::INSTRUMENT, "2001");
    assert_eq!(status(&site.send(watcher, &wish)), 12);
}

#[test]
fn silence_for_the_idle_timeout_resets_and_heartbeats_prevent_it() {
    let mut site = Site::new("");
    let session = site.bridge(Side::A, 14);
    let beat = events::plain_conf(message::HEARTBEAT_REQ, 3);
    site.pass(Duration::from_secs(119));
    assert_eq!(numbers(&site.send(session, &beat)), [message::HEARTBEAT_CONF]);
    site.pass(Duration::from_secs(119));
    assert!(site.closed.is_empty());
    site.pass(Duration::from_secs(2));
    assert_eq!(site.closed, [session]);
}

#[test]
fn a_closed_session_is_confirmed_and_must_be_silent() {
    let mut site = Site::new("");
    let session = site.bridge(Side::A, 14);
    let answer = site.send(session, &Message::new(message::CLOSE_REQ).longs(&[4, 0]));
    assert_eq!((numbers(&answer), answer[0].long(0)), (vec![message::CLOSE_CONF], 4));
    assert_eq!(site.violations(), 0);
    site.send(session, &events::plain_conf(message::HEARTBEAT_REQ, 3));
    assert_eq!(site.violations(), 1);
}

#[test]
fn a_side_that_becomes_active_ends_the_others_sessions_and_promotes_its_own() {
    let mut site = Site::new("");
    let old = site.bridge(Side::A, 24);
    let waiting = site.bridge_with(Side::B, 24, 0x200_0016);
    let heartbeat = events::plain_conf(message::HEARTBEAT_REQ, 3);
    assert_eq!(numbers(&site.send(waiting, &heartbeat)), [message::HEARTBEAT_CONF]);
    let query = Message::new(36).longs(&[1, 5000, 1, 0]).text(5, "1001");
    assert_eq!(status(&site.send(waiting, &query)), 15);
    site.control("side active b");
    let told = site.of(old);
    assert_eq!((numbers(&told), told[0].long(0)), (vec![message::FAILURE_EVENT], 15));
    let told = site.of(waiting);
    assert_eq!(numbers(&told), [message::STANDBY_ACTIVE_EVENT, message::SYSTEM_EVENT]);
    assert_eq!(numbers(&site.send(waiting, &query)), [message::QUERY_AGENT_STATE_CONF]);
    assert_eq!(site.closed, [old]);
}

#[test]
fn a_side_that_goes_down_takes_its_links_along_and_the_other_takes_over() {
    let mut site = Site::new("");
    let session = site.bridge(Side::A, 14);
    let answer = site.control("side down a");
    assert_eq!(answer["active"], json!("b"));
    assert_eq!(site.closed, [session]);
    site.bridge(Side::B, 14);
    assert_eq!(site.control("side up a")["active"], json!("b"));
}

#[test]
fn maintenance_asks_decides_and_ends() {
    let mut site = Site::new("");
    let knows = site.bridge_with(Side::A, 24, 0x200_0016);
    let unaware = site.bridge(Side::A, 18);
    site.speaks(24);
    site.control("side maintenance");
    assert_eq!(numbers(&site.of(knows)), [message::ACTIVE_MAINTENANCE_REQ]);
    assert!(site.of(unaware).is_empty());
    let invoke = site.of(knows)[0].long(0);
    let late = site.connect(Side::A);
    assert_eq!(status(&site.send(late, &open(24, 0x16))), 110);
    let yes = Message::new(message::ACTIVE_MAINTENANCE_RESP).long(invoke).short(1);
    let answer = site.send(knows, &yes);
    assert_eq!((numbers(&answer), answer[0].short(0)), (vec![280], 1));
    site.send(knows, &Message::new(message::STOPPING_REQUESTS_IND));
    assert_eq!(site.closed, [knows, unaware]);
    assert_eq!(site.control("side show")["active"], json!("b"));
    assert_eq!(site.violations(), 0);
    // Silence is a no.
    let knows = site.bridge_with(Side::B, 24, 0x200_0016);
    site.control("side maintenance");
    site.pass(Duration::from_secs(6));
    let told = site.of(knows);
    assert_eq!((numbers(&told), told[0].short(0)), (vec![280], 0));
    assert_eq!(site.control("side show")["active"], json!("b"));
}

#[test]
fn faults_come_and_go_by_command() {
    let mut site = Site::new("");
    let session = site.bridge(Side::A, 14);
    let beat = events::plain_conf(message::HEARTBEAT_REQ, 3);
    site.control("fault heartbeats off");
    assert!(site.send(session, &beat).is_empty());
    site.control("fault off");
    assert_eq!(site.send(session, &beat).len(), 1);
    site.control("fault refuse 33 --request QUERY_AGENT_STATE");
    assert_eq!(site.send(session, &beat).len(), 1);
    let query = Message::new(36).longs(&[1, 5000, 1, 0]).text(5, "1001");
    assert_eq!(super::client::failure(&site.send(session, &query)), 33);
    site.control("fault lose QUERY_AGENT_STATE 1");
    assert!(site.send(session, &query).is_empty());
    assert_eq!(site.send(session, &query).len(), 1);
    site.control("fault raw 000000040000000600000063");
    assert_eq!(site.of(session)[0].long(0), 0x63);
    site.control("fault unknown-agents 3");
    assert_eq!(super::client::states(&site.of(session)).len(), 3);
    site.control("fault lying-length 4");
    let lied = site.of(session);
    assert_eq!(lied.len(), 1);
    site.control("fault drop-link");
    assert_eq!(site.closed, [session]);
    site.control("fault both-active");
    site.bridge(Side::B, 14);
    assert!(site.ask("fault nonsense")["problem"].as_str().unwrap().contains("--help"));
}

#[test]
fn a_peripheral_that_is_offline_is_told_and_refuses_control() {
    let mut site = Site::new("");
    let session = site.bridge(Side::A, 14);
    site.control("peripheral offline");
    let told = site.of(session);
    assert_eq!((told[0].long(0), told[0].long(8), told[0].long(12)), (4, 4, 5000));
    let answer = site.send(session, &super::client::login("1001", "2001"));
    assert_eq!(super::client::failure(&answer), 34);
    site.control("peripheral online");
    assert_eq!(site.of(session)[0].long(8), 3);
    site.control("system-event 7");
    assert_eq!((site.of(session)[0].long(0), site.of(session)[0].long(8)), (8, 7));
}

#[test]
fn a_unique_instance_is_neither_empty_nor_there_twice() {
    let mut site = Site::new("--maximum-version 25 --unique-instance-tag 314");
    site.speaks(25);
    // The encoder knows no such tag, so its bytes are put there by hand.
    let frame = |instance: &str| {
        let mut bytes = open(25, 0x16).encode(crate::cti::wire::Framing::of(25, false, None));
        let length = u16::try_from(instance.len() + 1).unwrap().to_be_bytes();
        bytes.extend([&[1, 58], &length[..], instance.as_bytes(), &[0]].concat());
        let length = u32::try_from(bytes.len() - 8).unwrap().to_be_bytes();
        bytes[..4].copy_from_slice(&length);
        bytes
    };
    let session = site.connect(Side::A);
    assert_eq!(status(&site.raw(session, &frame(""))), 108);
    let session = site.connect(Side::A);
    assert_eq!(site.raw(session, &frame("node-1"))[0].number, message::OPEN_CONF);
    let session = site.connect(Side::A);
    assert_eq!(status(&site.raw(session, &frame("node-1"))), 109);
    let session = site.connect(Side::A);
    assert_eq!(site.raw(session, &frame("node-2"))[0].number, message::OPEN_CONF);
}

#[test]
fn a_client_of_one_agent_holds_its_device_alone() {
    let mut site = Site::new("");
    let agent_session = |site: &mut Site, client: &str, id: &str, services| {
        let session = site.connect(Side::A);
        let fixed = [7, 14, 120, 5_000, services, 0x0FFF_FFFF, 0x3FFF, 0, 0, 0, 0];
        let open = Message::new(message::OPEN_REQ)
            .longs(&fixed)
            .text(tag::CLIENT_ID, client)
            .data(tag::CLIENT_PASSWORD, &[])
            .text(tag::AGENT_ID, id)
            .text(tag::INSTRUMENT, "2001");
        (session, site.send(session, &open))
    };
    let (first, answer) = agent_session(&mut site, "desk", "1001", 0x5);
    assert_eq!(answer[0].number, message::OPEN_CONF);
    assert_eq!(status(&agent_session(&mut site, "desk", "1002", 0x5).1), 32);
    assert_eq!(status(&agent_session(&mut site, "other", "1001", 0x5).1), 10);
    assert_eq!(status(&agent_session(&mut site, "desk", "1001", 0x85).1), 12);
    assert!(site.closed.is_empty());
    // The same client anew ends its old session.
    let (second, _) = agent_session(&mut site, "desk", "1001", 0x5);
    let told = site.of(first);
    assert_eq!((numbers(&told), told[0].long(0)), (vec![message::FAILURE_EVENT], 11));
    assert_eq!(site.closed, [first]);
    site.control("sign-in 1002");
    assert!(site.of(second).is_empty());
    site.control("sign-in 1001");
    assert_eq!(super::client::states(&site.of(second)), [(0, 0), (2, 0)]);
}

#[test]
fn no_request_however_broken_ends_the_server() {
    // A fixed seed: the same bytes each time.
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    for version in [14, 24] {
        let mut site = Site::new("");
        let session = site.bridge(Side::A, version);
        site.control("sign-in 1001 --state ready");
        for _ in 0..4_000 {
            let number = u32::try_from(random(140)).unwrap();
            if matches!(number, 3 | 7) {
                continue;
            }
            let mut body: Vec<u8> =
                (0..random(70)).map(|_| u8::try_from(random(256)).unwrap()).collect();
            // Half of them name the right peripheral and an instrument, so that they get further.
            if body.len() > 40 && random(2) == 0 {
                body[4..8].copy_from_slice(&5_000_u32.to_be_bytes());
                let state = u8::try_from(random(9)).unwrap();
                body[8..21].copy_from_slice(&[0, state, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                body.truncate(21);
                let instrument: &[u8] = if version >= 20 {
                    &[0, 6, 0, 5, b'2', b'0', b'0', b'1', 0]
                } else {
                    &[6, 5, b'2', b'0', b'0', b'1', 0]
                };
                body.extend(instrument);
            }
            let length = u32::try_from(body.len()).unwrap();
            let head = [length.to_be_bytes(), number.to_be_bytes()].concat();
            let answer = site.raw(session, &[head, body].concat());
            assert!(!answer.is_empty(), "message {number} got no answer");
        }
        let beat = events::plain_conf(message::HEARTBEAT_REQ, 3);
        assert_eq!(numbers(&site.send(session, &beat)), [message::HEARTBEAT_CONF]);
    }
}
