//! Exact bytes, by the guide's tables.

use super::super::events::{self, AgentView};
use super::super::numbers::{message, status, tag};
use super::super::request::{Request, hex, layout};
use super::{Framing, Message, Reader, Width};

#[track_caller]
fn check(message: &Message, version: u32, expected: &str) {
    let expected: String = expected.split_whitespace().collect();
    assert_eq!(hex(&message.encode(Framing::of(version, false, None))), expected);
}

#[test]
fn a_client_id_has_tags_of_one_byte_up_to_19_and_of_two_from_20() {
    let message = Message::new(3).text(tag::CLIENT_ID, "RTP");
    check(&message, 14, "00000006 00000003 0104 52545000");
    check(&message, 19, "00000006 00000003 0104 52545000");
    check(&message, 20, "00000008 00000003 00010004 52545000");
}

#[test]
fn session_messages_have_the_bytes_of_the_tables() {
    check(&events::plain_conf(message::HEARTBEAT_CONF, 5), 14, "00000004 00000006 00000005");
    check(&events::failure_conf(1, 15, 8), 24, "00000008 00000001 00000001 0000000f");
    check(&events::failure_conf(1, 15, 10), 24, "0000000a 00000001 00000001 000f 00000000");
    check(&events::control_failure_conf(2, 259, 0), 14, "0000000a 00000023 00000002 0103 00000000");
    check(
        &events::system_event(0, 256, 3, 5000, ""),
        14,
        "0000001a 0000001f 00000000 00000100 00000003 00001388 00000000 00000000 ffff",
    );
}

fn view() -> AgentView<'static> {
    AgentView {
        id: "1001",
        extension: "2001",
        instrument: "2001",
        terminal: "",
        number: 6001,
        state: 2,
        duration: 9,
        reason: 50_003,
        next: Some(3),
        direction: 1,
        skill_groups: &[],
        peripheral: 5000,
        session: 0,
    }
}

#[test]
fn an_agent_state_event_has_58_bytes_and_a_department_from_19() {
    let fixed = "00000000 00001388 00000000 0011 0002 00000009 ffffffff ffffffff 0000 0002 c353 \
                 00000001 00000001 0001 00000001 00001771 00000000 0000";
    let floats = "0505 3130303100 0405 3230303100 0605 3230303100 7b02 0003 f404 00000001";
    let message =
        |version| events::agent_state_event(&view(), Framing::of(version, false, None), 0, None);
    // Direction came with version 16.
    let old = floats.replace("f404 00000001", "");
    check(&message(14), 14, &format!("00000053 0000001e {fixed} {old}"));
    check(&message(18), 18, &format!("00000059 0000001e {fixed} {floats}"));
    check(&message(19), 19, &format!("0000005d 0000001e {fixed} 00000000 {floats}"));
}

#[test]
fn a_field_is_left_out_where_the_version_or_the_width_lacks_it() {
    let message = Message::new(30).text(tag::ACTIVE_TERMINAL, "SEP1");
    check(&message, 23, "00000000 0000001e");
    check(&message, 24, "00000009 0000001e 012f0005 5345503100");
    let narrow = Framing::of(24, false, Some(Width::One));
    assert_eq!(hex(&message.encode(narrow)), "000000000000001e");
}

#[test]
fn set_agent_state_is_21_bytes_without_padding() {
    let body = Message::new(38)
        .longs(&[1, 5000])
        .shorts(&[2, 0, 0, 7])
        .byte(1)
        .long(0)
        .text(tag::INSTRUMENT, "2001")
        .encode(Framing::of(14, false, None));
    assert_eq!(body.len(), 8 + 21 + 7);
    let layout = layout(38).unwrap();
    let read = Request::read(layout, &body[8..], Framing::of(14, false, None), None).unwrap();
    assert_eq!(
        (read.field("AgentState"), read.field("EventReasonCode"), read.field("ForcedFlag")),
        (2, 7, 1)
    );
    assert_eq!(read.text(tag::INSTRUMENT), "2001");
}

#[test]
fn clear_connection_is_read_with_and_without_the_requesting_device() {
    let layout = layout(message::CLEAR_CONNECTION_REQ).unwrap();
    for (version, with) in [(14, true), (14, false), (13, false), (24, true), (24, false)] {
        let framing = Framing::of(version, false, None);
        let message = Message::new(46).longs(&[1, 5000, 77]).short(1);
        let message = if with { message.short(0) } else { message };
        let bytes = message.text(tag::INSTRUMENT, "2001").encode(framing);
        let read = Request::read(layout, &bytes[8..], framing, None).unwrap();
        assert_eq!(read.text(tag::INSTRUMENT), "2001", "{version} {with}");
        assert_eq!(read.field("ConnectionCallID"), 77);
    }
}

#[test]
fn a_body_cut_anywhere_is_refused_and_never_more() {
    let framing = Framing::of(24, false, None);
    let bytes = Message::new(38)
        .longs(&[1, 5000])
        .shorts(&[2, 0, 0, 7])
        .byte(0)
        .long(0)
        .text(tag::INSTRUMENT, "2001")
        .text(tag::AGENT_ID, "1001")
        .encode(framing);
    let (body, layout) = (&bytes[8..], layout(38).unwrap());
    // Whole messages end after the fixed part, after the first field and after the second.
    let whole = [21, 30, 39];
    assert_eq!(body.len(), 39);
    for end in 0..=body.len() {
        let read = Request::read(layout, &body[..end], framing, None);
        assert_eq!(read.is_ok(), whole.contains(&end), "{end}");
    }
}

#[test]
fn floating_fields_are_judged_one_by_one() {
    let framing = Framing::of(23, false, None);
    let refused = |message: Message| {
        let bytes = message.encode(Framing::of(25, false, None));
        let layout = layout(message.number).unwrap();
        Request::read(layout, &bytes[8..], framing, None).unwrap_err().status
    };
    let query = || Message::new(36).longs(&[1, 5000, 1, 0]);
    let mut unknown = query().encode(framing);
    unknown.extend([3, 231, 0, 0]);
    let read = Request::read(layout(36).unwrap(), &unknown[8..], framing, None);
    assert_eq!(read.unwrap_err().status, status::FIELD_TAG);
    assert_eq!(refused(query().text(tag::ACTIVE_TERMINAL, "x")), status::TAG_NOT_IN_VERSION);
    assert_eq!(refused(query().text(tag::ANI, "1")), status::TAG_NOT_FOR_MESSAGE);
    assert_eq!(refused(query().text(tag::AGENT_ID, "123456789012")), status::FIELD_LENGTH);
    assert_eq!(refused(query().data(tag::AGENT_ID, b"1001")), status::FORMAT);
    assert_eq!(refused(query().data(tag::AGENT_ID, b"10\x001\0")), status::FORMAT);
    assert_eq!(refused(query().data(tag::AGENT_ID, b"\xc3\xa4\0")), status::CHARACTER);
    assert_eq!(refused(query().text(5, "1").text(5, "1")), status::FORMAT);
    assert_eq!(refused(Message::new(279).long(1).short(1)), status::MESSAGE_NOT_IN_VERSION);
}

#[test]
fn a_field_that_runs_past_the_end_is_no_field() {
    let floats = |bytes: &[u8], width| Reader::new(bytes).floats(width).map(|it| it.len());
    assert_eq!(floats(&[1, 2, 65, 0], Width::One), Ok(1));
    assert_eq!(floats(&[1, 3, 65, 0], Width::One), Err(status::FIELD_LENGTH));
    assert_eq!(floats(&[1], Width::One), Err(status::MESSAGE_LENGTH));
    assert_eq!(floats(&[0, 1, 0], Width::Two), Err(status::MESSAGE_LENGTH));
}
