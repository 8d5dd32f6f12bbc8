//! Agents: sign-in, states, forced logout.

use std::time::Duration;

use serde_json::json;

use super::client::{Site, failure, login, numbers, set_state, states, status, string};
use crate::cti::numbers::{message, tag};
use crate::cti::wire::{Message, Width};
use crate::cti::world::Side;

fn wish(state: u16, reason: u16) -> Message {
    set_state(state, 0, reason, 0).text(tag::INSTRUMENT, "2001").text(tag::AGENT_ID, "1001")
}

#[test]
fn a_sign_in_is_confirmed_then_seen_passing_through_login() {
    let mut site = Site::new("");
    let session = site.bridge(Side::A, 14);
    let answer = site.send(session, &login("1001", "2001"));
    assert_eq!(answer[0].number, message::SET_AGENT_STATE_CONF);
    assert_eq!(states(&answer), [(0, 0), (2, 0)]);
    assert_eq!(string(answer[2].float(58, Width::One, tag::EXTENSION)), "2001");
    assert_eq!(failure(&site.send(session, &login("1001", "2001"))), 259);
    assert_eq!(failure(&site.send(session, &login("1002", "2001"))), 283);
    assert_eq!(failure(&site.send(session, &login("1009", "2002"))), 256);
    assert_eq!(failure(&site.send(session, &login("1002", "9999"))), 260);
    assert_eq!(site.violations(), 0);
    let answer = site.send(session, &wish(3, 0));
    assert_eq!(states(&answer), [(3, 0)]);
    // Repeated, it is confirmed and nothing happens.
    assert_eq!(numbers(&site.send(session, &wish(3, 0))), [message::SET_AGENT_STATE_CONF]);
    assert_eq!(states(&site.send(session, &wish(2, 7))), [(2, 7)]);
}

#[test]
fn a_sign_in_elsewhere_takes_that_place() {
    let mut site = Site::new("--no-login-event");
    let session = site.bridge(Side::A, 14);
    let answer = site.send(session, &login("1001", "2004"));
    assert_eq!(states(&answer), [(2, 0)]);
    assert_eq!(string(answer[1].float(58, Width::One, tag::EXTENSION)), "2004");
    site.control("state 1001 ready");
    site.control("call 2004");
    assert_eq!(site.control("agent 1001")["agent"]["state"], json!("reserved"));
}

#[test]
fn what_a_sign_in_lacks_is_required_and_a_wrong_password_is_told_and_locks() {
    let mut site = Site::new("--lock-after 2");
    let session = site.bridge(Side::A, 20);
    let bare = || set_state(0, 0, 0, 0).text(tag::INSTRUMENT, "2001");
    assert_eq!(status(&site.send(session, &bare())), 6);
    assert_eq!(status(&site.send(session, &bare().text(tag::AGENT_ID, "1001"))), 6);
    let no_instrument = set_state(0, 0, 0, 0).text(5, "1001").text(49, "12345");
    assert_eq!(status(&site.send(session, &no_instrument)), 6);
    assert_eq!(site.violations(), 3);
    let wrong = bare().text(tag::AGENT_ID, "1001").text(tag::AGENT_PASSWORD, "no");
    assert_eq!(failure(&site.send(session, &wrong)), 257);
    assert_eq!(failure(&site.send(session, &wrong)), 257);
    assert_eq!(failure(&site.send(session, &login("1001", "2001"))), 289);
    let single = set_state(0, 0, 0, 0)
        .text(tag::INSTRUMENT, "2004")
        .text(tag::AGENT_ID, "1004")
        .data_short(tag::SSO_ENABLED, 1);
    assert_eq!(site.send(session, &single)[0].number, message::SET_AGENT_STATE_CONF);
}

#[test]
fn a_mobile_agent_gives_a_number_and_a_mode() {
    let mobile = |id: &str, mode, instrument: &str| {
        let fixed = set_state(0, mode, 0, 0).text(tag::INSTRUMENT, instrument);
        fixed.text(tag::AGENT_ID, id).text(tag::AGENT_PASSWORD, "12345")
    };
    let mut site = Site::new("");
    let session = site.bridge(Side::A, 14);
    assert_eq!(failure(&site.send(session, &mobile("1001", 3, "2001;5551234"))), 265);
    assert_eq!(failure(&site.send(session, &mobile("1002", 3, "2002"))), 265);
    assert_eq!(failure(&site.send(session, &mobile("1002", 0, "2002;5551234"))), 265);
    let answer = site.send(session, &mobile("1002", 4, "2002;5551234"));
    let seen = answer.last().unwrap();
    assert_eq!(string(seen.float(58, Width::One, tag::INSTRUMENT)), "2002;5551234");
}

#[test]
fn a_shared_line_wants_one_of_its_devices() {
    let mut site = Site::new("");
    let session = site.bridge(Side::A, 24);
    let at = |device: &str| login("1003", "2003").text(tag::ACTIVE_TERMINAL, device);
    assert_eq!(failure(&site.send(session, &login("1003", "2003"))), 293);
    assert_eq!(failure(&site.send(session, &at("SEP999999999999"))), 260);
    let elsewhere = login("1001", "2001").text(tag::ACTIVE_TERMINAL, "SEP001122334403");
    assert_eq!(failure(&site.send(session, &elsewhere)), 292);
    let answer = site.send(session, &at("SEP001122334413"));
    let seen = answer.last().unwrap();
    assert_eq!(string(seen.float(62, Width::Two, tag::ACTIVE_TERMINAL)), "SEP001122334413");
}

#[test]
fn a_logout_comes_from_not_ready_alone() {
    let mut site = Site::new("");
    let session = site.bridge(Side::A, 14);
    site.send(session, &login("1001", "2001"));
    let out = wish(1, 5).text(tag::AGENT_PASSWORD, "");
    assert_eq!(status(&site.send(session, &wish(1, 5))), 6);
    site.send(session, &wish(3, 0));
    assert_eq!(failure(&site.send(session, &out)), 22);
    site.send(session, &wish(2, 1));
    assert_eq!(failure(&site.send(session, &wish(6, 0))), 22);
    assert_eq!(failure(&site.send(session, &wish(8, 0))), 3);
    assert_eq!(states(&site.send(session, &out)), [(1, 5)]);
    assert_eq!(status(&site.send(session, &wish(3, 0))), 9);
}

#[test]
fn a_forced_logout_follows_the_load_setting() {
    for (words, talking, expected) in
        [("", false, (2, 50_002)), ("--load 1", false, (1, 255)), ("--load 1", true, (1, 255))]
    {
        let mut site = Site::new(words);
        let session = site.bridge(Side::A, 14);
        site.send(session, &login("1001", "2001"));
        site.send(session, &wish(3, 0));
        if talking {
            site.control("call 1001");
            site.control("answer 1001");
        }
        let forced = set_state(1, 0, 255, 1).text(tag::INSTRUMENT, "2001").text(5, "1001");
        let answer = site.send(session, &forced);
        assert_eq!(states(&answer), [expected], "{words} {talking}");
        assert_eq!(site.violations(), 0);
    }
    // While talking, Not Ready follows the call.
    let mut site = Site::new("--wrap-up-seconds 0");
    let session = site.bridge(Side::A, 14);
    site.send(session, &login("1001", "2001"));
    site.send(session, &wish(3, 0));
    site.control("call 1001");
    site.control("answer 1001");
    let forced = set_state(1, 0, 255, 1).text(tag::INSTRUMENT, "2001").text(5, "1001");
    let answer = site.send(session, &forced);
    assert_eq!(states(&answer), [(4, 0)]);
    let next = answer[1].float(58, Width::One, tag::NEXT_AGENT_STATE);
    assert_eq!(next, Some(vec![0, 2]));
    site.control("clear 1001");
    assert_eq!(states(&site.of(session)), [(2, 50_002)]);
}

#[test]
fn express_authenticates_alone_and_refuses_mobile_agents() {
    let mut site = Site::new("--dialect express");
    let session = site.connect(Side::A);
    let open = super::client::open_with(14, 0x14, 60, [0; 3]).text(1, "x").data(2, &[]);
    assert_eq!(site.send(session, &open)[0].number, message::OPEN_CONF);
    let ask = |flag, mode, instrument: &str, password: &str| {
        Message::new(38)
            .longs(&[9, 1])
            .shorts(&[0, mode, 0, 0])
            .byte(flag)
            .long(0)
            .text(tag::INSTRUMENT, instrument)
            .text(tag::AGENT_ID_LONG, "1001")
            .text(tag::AGENT_PASSWORD, password)
    };
    let answer = site.send(session, &ask(2, 0, "2001", "12345"));
    assert_eq!(numbers(&answer), [message::SET_AGENT_STATE_CONF]);
    assert_eq!(failure(&site.send(session, &ask(2, 0, "2001", "no"))), 257);
    assert_eq!(failure(&site.send(session, &ask(0, 4, "2001;555", "12345"))), 265);
    let answer = site.send(session, &ask(0, 0, "2001", "12345"));
    assert_eq!(states(&answer), [(0, 0), (2, 32_760)]);
    assert_eq!(string(answer[1].float(58, Width::One, tag::AGENT_ID_LONG)), "1001");
    // Already signed on, the password is still judged alone.
    let answer = site.send(session, &ask(2, 0, "2001", "12345"));
    assert_eq!(numbers(&answer), [message::SET_AGENT_STATE_CONF]);
    let forced = Message::new(38)
        .longs(&[9, 1])
        .shorts(&[1, 0, 0, 255])
        .byte(1)
        .long(0)
        .text(tag::INSTRUMENT, "2001")
        .text(tag::AGENT_ID_LONG, "1001");
    assert_eq!(states(&site.send(session, &forced)), [(1, 255)]);
}

#[test]
fn an_agent_of_two_groups_is_told_twice_unless_duplicates_are_ignored() {
    let mut site = Site::new("--no-login-event");
    let plain = site.bridge(Side::A, 14);
    let packed = site.bridge_with(Side::A, 14, 0x10_0016);
    site.control("sign-in 1002");
    assert_eq!(states(&site.of(plain)).len(), 2);
    let told = site.of(packed);
    assert_eq!((told.len(), told[0].short(56)), (1, 2));
}

#[test]
fn a_phone_out_of_service_signs_its_agent_out() {
    let mut site = Site::new("");
    let session = site.bridge(Side::A, 14);
    site.send(session, &login("1001", "2001"));
    site.control("device 1001 out");
    let told = site.of(session);
    assert_eq!((told[0].number, told[0].long(8)), (message::SYSTEM_EVENT, 10));
    assert_eq!(string(told[0].float(26, Width::One, tag::TEXT)), "2001");
    assert_eq!(states(&told), [(1, 50_003)]);
    assert_eq!(failure(&site.send(session, &login("1001", "2001"))), 34);
    site.control("device 1001 in");
    assert_eq!(site.of(session)[0].long(8), 11);
    assert_eq!(site.send(session, &login("1001", "2001"))[0].number, 39);
    site.control("sign-out 1001");
    assert_eq!(states(&site.of(session)), [(1, 999)]);
}

#[test]
fn masks_keep_states_from_a_session() {
    let mut site = Site::new("");
    let session = site.connect(Side::A);
    let fixed = [7, 14, 120, u32::MAX, 0x10, 0, 0x8, 0, 0, 0, 0];
    let open = Message::new(message::OPEN_REQ).longs(&fixed).text(1, "x").data(2, &[]);
    site.send(session, &open);
    site.control("sign-in 1001 --state ready");
    assert_eq!(states(&site.of(session)), [(3, 0)]);
}

#[test]
fn the_event_may_come_before_the_confirmation() {
    let mut site = Site::new("--no-login-event");
    let session = site.bridge(Side::A, 14);
    site.control("fault order event-first");
    let answer = site.send(session, &login("1001", "2001"));
    assert_eq!(numbers(&answer), [message::AGENT_STATE_EVENT, message::SET_AGENT_STATE_CONF]);
}

#[test]
fn whoever_waits_is_answered_when_it_is_so_or_when_time_is_over() {
    let mut site = Site::new("");
    assert_eq!(site.ask("wait agent 1001 ready --seconds 5"), serde_json::Value::Null);
    site.control("sign-in 1001 --state ready");
    assert_eq!(site.replies[0].1["agent"]["state"], json!("available"));
    site.ask("wait calls 3 --seconds 5");
    site.pass(Duration::from_secs(6));
    assert_eq!(site.replies.last().unwrap().1["ok"], json!(false));
}

#[test]
fn a_load_numbers_each_agents_events_without_a_gap() {
    let mut site = Site::new("--generate-agents 300");
    let session = site.bridge(Side::A, 24);
    site.ask("load --events-per-second 1000 --seconds 2 --sign-ons-per-second 100000");
    let mut last = std::collections::BTreeMap::new();
    let mut events = 0;
    while site.replies.iter().all(|(_, answer)| answer.get("events").is_none()) {
        site.pass(Duration::from_millis(20));
        for event in site.of(session) {
            let id = string(event.float(62, Width::Two, tag::AGENT_ID));
            let marker = event.long(16);
            if event.short(30) == 2 && event.short(32) == 0 || event.short(30) == 0 {
                continue;
            }
            events += 1;
            assert!(last.insert(id, marker).unwrap_or(0) < marker);
        }
    }
    assert_eq!(events, 2_000);
    let answer = site.control("states");
    let states = answer["states"].as_array().unwrap();
    assert_eq!(states.len(), 300);
    for state in states {
        assert_eq!(
            u64::from(last[state["id"].as_str().unwrap()]),
            state["marker"].as_u64().unwrap()
        );
    }
}
