//! Calls from their beginning to their end.

use std::time::Duration;

use serde_json::json;

use super::client::{Site, failure, login, numbers, set_state, states, string};
use crate::cti::numbers::{message, tag};
use crate::cti::wire::{Message, NONE, Width};
use crate::cti::world::Side;

/// A site with agent 1001 available, and 1002 not ready.
fn site() -> (Site, u64) {
    let mut site = Site::new("--no-login-event --no-skill-group-events");
    let session = site.bridge(Side::A, 14);
    site.control("sign-in 1001 --state ready");
    site.control("sign-in 1002");
    (site, session)
}

/// `InvokeID`, peripheral, a call and its type, for the agent's instrument.
fn about(number: u32, call: u32) -> Message {
    let message = Message::new(number).longs(&[8, 5000, call]).short(1);
    let message = if number == message::HOLD_CALL_REQ { message.short(0) } else { message };
    message.text(tag::INSTRUMENT, "2001")
}

fn options(message: Message) -> Message {
    message.shorts(&[0; 10])
}

#[test]
fn a_queued_call_goes_its_whole_way() {
    let (mut site, session) = site();
    let call = site.control("call 1001 --queue sales --var 1=Gold --ani 5551234 --named user_a=b");
    let call = u32::try_from(call["call"].as_u64().unwrap()).unwrap();
    let told = site.of(session);
    assert_eq!(numbers(&told), [23, 21, 86, 30, 9]);
    // NumQueued counts the call, and then does not.
    assert_eq!((told[1].short(32), told[2].short(26)), (1, 0));
    assert_eq!(states(&told), [(8, 0)]);
    let delivered = &told[4];
    assert_eq!(delivered.short(46), 2);
    assert_eq!(delivered.short(50), 1);
    assert_eq!(string(delivered.float(54, Width::One, tag::CALL_VARIABLE_1)), "Gold");
    assert_eq!(string(delivered.float(54, Width::One, tag::ANI)), "5551234");
    let named = delivered.float(54, Width::One, tag::NAMED_VARIABLE);
    assert_eq!(named, Some(b"user_a\0b\0".to_vec()));
    let answer = site.send(session, &about(message::ANSWER_CALL_REQ, call));
    assert_eq!(numbers(&answer), [43, 10, 30]);
    assert_eq!(states(&answer), [(4, 0)]);
    let answer = site.send(session, &about(message::HOLD_CALL_REQ, NONE));
    assert_eq!((numbers(&answer), states(&answer)), (vec![55, 11, 30], vec![(10, 0)]));
    assert_eq!(failure(&site.send(session, &about(message::HOLD_CALL_REQ, NONE))), 24);
    let answer = site.send(session, &about(message::RETRIEVE_CALL_REQ, call));
    assert_eq!((numbers(&answer), states(&answer)), (vec![63, 12, 30], vec![(4, 0)]));
    site.control("data 1001 --var 2=Silver");
    let told = site.of(session);
    assert_eq!(numbers(&told), [message::CALL_DATA_UPDATE]);
    assert_eq!(told[0].float(40, Width::One, tag::CALL_VARIABLE_1), None);
    assert_eq!(string(told[0].float(40, Width::One, 14)), "Silver");
    // All named variables come with every update.
    assert!(told[0].float(40, Width::One, tag::NAMED_VARIABLE).is_some());
    let answer = site.send(session, &about(message::CLEAR_CONNECTION_REQ, call));
    assert_eq!(numbers(&answer), [47, 14, 14, 13, 24, 30]);
    assert_eq!(states(&answer), [(6, 0)]);
    site.pass(Duration::from_secs(16));
    assert_eq!(states(&site.of(session)), [(3, 0)]);
    assert_eq!(site.violations(), 0);
}

#[test]
fn what_is_asked_for_during_a_call_follows_it() {
    let (mut site, session) = site();
    site.control("call 1001");
    site.control("answer 1001");
    let wish = set_state(2, 0, 12, 0).text(tag::INSTRUMENT, "2001");
    let answer = site.send(session, &wish);
    assert_eq!(states(&answer), [(4, 0)]);
    assert_eq!(answer[1].float(58, Width::One, tag::NEXT_AGENT_STATE), Some(vec![0, 2]));
    site.control("clear 1001");
    assert_eq!(states(&site.of(session)), [(5, 0)]);
    site.pass(Duration::from_secs(16));
    assert_eq!(states(&site.of(session)), [(2, 12)]);
}

#[test]
fn a_call_nobody_answers_makes_not_ready_and_waits_again() {
    for (words, reason) in [("", 32_767), ("--dialect express", 32_763)] {
        let mut site = Site::new(&format!("{words} --no-login-event"));
        site.control("sign-in 1001 --state ready");
        site.control("call 1001 --queue Sales");
        site.pass(Duration::from_secs(21));
        let agent = site.control("agent 1001");
        assert_eq!(agent["agent"]["state"], json!("not-ready"));
        assert_eq!(agent["agent"]["reason"], json!(reason));
        assert_eq!(site.control("calls")["calls"][0]["waiting"], json!(true));
        site.control("sign-in 1003 --state ready");
        assert_eq!(site.control("agent 1003")["agent"]["state"], json!("reserved"));
    }
}

#[test]
fn a_call_on_the_other_line_disturbs_nothing() {
    let (mut site, session) = site();
    let acd_only = site.bridge_with(Side::A, 14, 0x40_0016);
    site.control("call 1001 --line 2");
    assert_eq!(numbers(&site.of(session)), [23, 9]);
    assert!(site.of(acd_only).is_empty());
    let delivered = &site.of(session)[1];
    assert_eq!(delivered.short(18), 10);
    site.control("answer 1001");
    assert_eq!(numbers(&site.of(session)), [10]);
    assert_eq!(site.control("agent 1001")["agent"]["state"], json!("available"));
    site.control("call 2001");
    assert_eq!(site.control("agent 1001")["agent"]["state"], json!("reserved"));
}

#[test]
fn a_session_opened_during_a_call_hears_of_its_beginning_first() {
    let (mut site, _) = site();
    site.control("call 1001");
    let late = site.bridge(Side::A, 14);
    site.control("answer 1001");
    assert_eq!(numbers(&site.of(late))[..2], [23, 10]);
    assert_eq!(numbers(&site.of(late)).iter().filter(|number| **number == 23).count(), 1);
}

#[test]
fn calls_are_made_consulted_and_transferred() {
    let (mut site, session) = site();
    let make = options(Message::new(message::MAKE_CALL_REQ).longs(&[8, 5000])).long(NONE);
    let bare = make.clone().text(tag::INSTRUMENT, "2001");
    assert_eq!(super::client::status(&site.send(session, &bare)), 6);
    let answer = site.send(session, &bare.text(tag::DIALED_NUMBER, "5559999"));
    assert_eq!(numbers(&answer), [57, 23, 20, 15, 30, 34]);
    let first = answer[0].long(4);
    site.pass(Duration::from_secs(1));
    assert_eq!(numbers(&site.of(session)), [10]);
    let consult = Message::new(message::CONSULTATION_CALL_REQ)
        .longs(&[8, 5000, first])
        .shorts(&[1, 0, 0, 1])
        .shorts(&[0; 8]);
    let consult = consult.text(tag::INSTRUMENT, "2001").text(tag::DIALED_NUMBER, "2002");
    let answer = site.send(session, &consult);
    assert_eq!(answer[0].number, message::CONSULTATION_CALL_REQ + 1);
    let second = answer[0].long(4);
    site.control("answer 1002");
    let transfer = |active, held| {
        let message = Message::new(message::TRANSFER_CALL_REQ).longs(&[8, 5000, active, held]);
        options(message.shorts(&[1, 1])).text(tag::INSTRUMENT, "2001")
    };
    // Active comes before held in a transfer; swapped there is nothing to transfer.
    assert_eq!(failure(&site.send(session, &transfer(first, second))), 24);
    let answer = site.send(session, &transfer(second, first));
    assert_eq!(numbers(&answer)[..3], [65, 18, 24]);
    assert_eq!(site.control("agent 1001")["agent"]["state"], json!("work-ready"));
    let calls = site.control("calls");
    assert_eq!(calls["calls"].as_array().unwrap().len(), 1);
    assert_eq!(calls["calls"][0]["parties"][1]["agent"], json!("1002"));
    site.control("clear 1002");
    assert_eq!(site.control("agent 1002")["agent"]["state"], json!("not-ready"));
    assert_eq!(site.control("calls")["calls"], json!([]));
}

#[test]
fn a_conference_keeps_the_agent() {
    let (mut site, session) = site();
    let first = site.control("call 1001")["call"].as_u64().unwrap();
    let first = u32::try_from(first).unwrap();
    site.control("answer 1001");
    let consult = Message::new(message::CONSULTATION_CALL_REQ)
        .longs(&[8, 5000, first])
        .shorts(&[1, 0, 0, 2])
        .shorts(&[0; 8]);
    let consult = consult.text(tag::INSTRUMENT, "2001").text(tag::DIALED_NUMBER, "2002");
    let second = site.send(session, &consult)[0].long(4);
    site.control("answer 1002");
    let conference = Message::new(message::CONFERENCE_CALL_REQ).longs(&[8, 5000, first, second]);
    let conference = options(conference.shorts(&[1, 1])).text(tag::INSTRUMENT, "2001");
    let answer = site.send(session, &conference);
    assert_eq!((answer[0].number, answer[0].short(10)), (49, 3));
    assert_eq!(answer[1].number, message::CONFERENCED);
    assert_eq!(site.control("agent 1001")["agent"]["state"], json!("talking"));
    site.control("clear 1001");
    assert_eq!(site.control("calls")["calls"][0]["parties"].as_array().unwrap().len(), 2);
}

#[test]
fn snapshots_and_refusals_of_what_is_not_there() {
    let (mut site, session) = site();
    assert_eq!(failure(&site.send(session, &about(message::ANSWER_CALL_REQ, NONE))), 28);
    assert_eq!(failure(&site.send(session, &about(message::CLEAR_CALL_REQ, NONE))), 26);
    assert_eq!(failure(&site.send(session, &about(message::CLEAR_CONNECTION_REQ, NONE))), 27);
    assert_eq!(failure(&site.send(session, &about(message::RETRIEVE_CALL_REQ, NONE))), 25);
    site.control("call 1001");
    let device = Message::new(message::SNAPSHOT_DEVICE_REQ).longs(&[8, 5000]).short(0);
    let answer = site.send(session, &device.text(tag::INSTRUMENT, "2001"));
    assert_eq!((answer[0].number, answer[0].short(4)), (85, 1));
    let call = answer[0].float(6, Width::One, tag::CALL_CONNECTION_CALL_ID).unwrap();
    let call = u32::from_be_bytes(call.try_into().unwrap());
    let snapshot = Message::new(message::SNAPSHOT_CALL_REQ).longs(&[8, 5000, call]).short(1);
    let answer = site.send(session, &snapshot);
    assert_eq!((answer[0].number, answer[0].short(8)), (83, 2));
    assert!(site.ask("call 1001")["problem"].as_str().unwrap().contains("on a call"));
    let unknown = login("1001", "2001");
    assert_eq!(failure(&site.send(session, &unknown)), 259);
}
