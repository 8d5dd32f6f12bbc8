//! What is written is read as it was, whatever it says.

use bytes::Bytes;
use proptest::prelude::*;

use super::super::multipart::{self, Part};
use super::super::remotecc::{
    AgentState, AgentStatus, CallForward, ContactUpdate, DataPassThrough, Decoded, DialogId,
    Direction, DoNotDisturb, Feature, FeatureNotice, FeatureStatus, HeadsetNews, HeadsetServices,
    Lines, ReasonElement, Request, Response, Sequence, ServiceClass, SoftKey, SoftKeyEvent,
    StatusLine, Tone, VoiceMessages, decode,
};
use super::super::{
    Action, Combine, Flag, Key, OptionsIndication, Remotecc, ServiceControl, UserCallData, Ways,
    fuzz_multipart, fuzz_remotecc,
};

/// A text that can be written, and that nothing is cut from when it is read.
fn any_word() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => any::<char>(),
        3 => prop::char::range(' ', '~'),
        1 => prop::sample::select(vec!['&', '<', '>', '"', '\'', ']', '{', '}', ':', '=', 'ß']),
    ];
    prop::collection::vec(character, 0..30).prop_map(|characters| {
        let plain = |one: &char| !one.is_control() && !matches!(one, '\u{FFFE}' | '\u{FFFF}');
        characters.iter().filter(|one| plain(one)).collect::<String>().trim().to_owned()
    })
}

fn any_dialog() -> impl Strategy<Value = DialogId> {
    (any_word(), any_word(), any_word())
        .prop_map(|(call, local, remote)| DialogId::seen_by_server(&call, &local, &remote))
}

fn any_ways() -> impl Strategy<Value = Option<Ways>> {
    let ways = (any::<bool>(), any::<bool>());
    prop::option::of(
        ways.prop_map(|(unsolicited, subscription)| Ways { unsolicited, subscription }),
    )
}

fn any_options() -> impl Strategy<Value = OptionsIndication> {
    let combine = (1u8.., any::<bool>(), any::<bool>()).prop_map(|(max, status, control)| {
        Combine { max, remotecc_status: status, service_control: control }
    });
    let flags = prop::collection::btree_set(prop::sample::select(Flag::ALL), 0..Flag::ALL.len());
    (prop::option::of(combine), any_ways(), any_ways(), any_ways(), flags).prop_map(
        |(combine, hook_status, shared_line, busy_lamps, flags)| OptionsIndication {
            combine,
            hook_status,
            shared_line,
            busy_lamps,
            flags,
        },
    )
}

fn any_lines() -> impl Strategy<Value = Lines> {
    prop_oneof![Just(Lines::All), any::<u32>().prop_map(Lines::Line)]
}

fn any_forward() -> impl Strategy<Value = CallForward> {
    (any_word(), any::<bool>())
        .prop_map(|(address, to_voice_mail)| CallForward { address, to_voice_mail })
}

fn any_update() -> impl Strategy<Value = ContactUpdate> {
    let messages = (any::<u32>(), any::<u32>()).prop_map(|(new, old)| VoiceMessages { new, old });
    let (waiting, forward) = (prop::option::of(any::<bool>()), prop::option::of(any_forward()));
    (any_lines(), waiting, prop::option::of(messages), forward).prop_map(
        |(lines, message_waiting, voice_messages, forward)| ContactUpdate {
            lines,
            message_waiting,
            voice_messages,
            forward,
        },
    )
}

fn any_pass() -> impl Strategy<Value = DataPassThrough> {
    let numbers = prop::array::uniform6(any::<u32>());
    (numbers, any_word()).prop_map(|([one, two, three, four, five, six], word)| DataPassThrough {
        application: one,
        transaction: two,
        sequence: Sequence::of(&word),
        display_priority: three,
        application_instance: four,
        routing: five,
        conference: six,
    })
}

fn any_request() -> impl Strategy<Value = Request> {
    let call = || prop::option::of(any_dialog());
    let key = (any_word(), call(), call(), call());
    let line = (call(), any_word(), any::<u32>(), any::<u32>(), any::<u32>());
    prop_oneof![
        prop::collection::vec(any_lines(), 0..4).prop_map(Request::BulkRegister),
        any_options().prop_map(Request::Options),
        key.prop_map(|(key, dialog, consult_dialog, join_dialog)| {
            let key = SoftKey::of(&key);
            Request::SoftKey(SoftKeyEvent { key, dialog, consult_dialog, join_dialog })
        }),
        Just(Request::Location),
        any_pass().prop_map(Request::DataPassThrough),
        line.prop_map(|(dialog, text, timeout_seconds, line, priority)| {
            Request::StatusLine(StatusLine { dialog, text, timeout_seconds, line, priority })
        }),
        (call(), any_word(), any_word()).prop_map(|(dialog, tone, direction)| {
            let (tone, direction) = (Tone::of(&tone), Direction::of(&direction));
            Request::PlayTone { dialog, tone, direction }
        }),
        (any_dialog(), any_word(), any_word()).prop_map(|(dialog, feature, status)| {
            let (feature, status) = (Feature::of(&feature), FeatureStatus::of(&status));
            Request::Notify(FeatureNotice { dialog, feature, status })
        }),
        any_dialog().prop_map(Request::RetrieveHeld),
        any_dialog().prop_map(Request::AnswerCall),
        (any_word(), any::<u32>())
            .prop_map(|(dialled, line)| Request::InitiateCall { dialled, line }),
        any::<bool>().prop_map(Request::HuntGroupLogOn),
        (any::<bool>(), any::<bool>()).prop_map(|(enabled, rejects)| {
            Request::DoNotDisturb(DoNotDisturb { enabled, rejects })
        }),
        any_forward().prop_map(Request::CallForward),
        prop::collection::vec(any_update(), 0..4).prop_map(Request::BulkUpdate),
        (prop::sample::select(AgentState::ALL.as_slice()), any::<u32>())
            .prop_map(|(state, reason)| Request::AgentStatus(AgentStatus { state, reason })),
        (any_word(), any_word()).prop_map(|(class, status)| {
            let (class, status) = (ServiceClass::of(&class), HeadsetNews::of(&status));
            Request::HeadsetServices(HeadsetServices { class, status })
        }),
    ]
}

fn any_remotecc() -> impl Strategy<Value = Remotecc> {
    let response = (any::<u16>(), prop::option::of(any_options()))
        .prop_map(|(code, options)| Remotecc::Response(Response { code, options }));
    prop_oneof![8 => any_request().prop_map(Remotecc::Request), 1 => response]
}

fn any_part() -> impl Strategy<Value = Part> {
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        "[-\r\n uB]{0,30}".prop_map(String::into_bytes),
    ];
    let types = prop::sample::select(vec!["text/plain", "a/b;c=\"d;e\"", ""]);
    (types, prop::option::of(any_word()), prop::option::of(any_word()), body).prop_map(
        |(content_type, id, disposition, body)| {
            let mut part = Part::new(content_type, Bytes::from(body));
            (part.id, part.disposition) = (id, disposition);
            part
        },
    )
}

proptest! {
    #[test]
    fn documents_are_read_as_they_were_written(
        remotecc in any_remotecc(),
        reason in prop::sample::select(ReasonElement::ALL.as_slice()),
    ) {
        let written = remotecc.encode(reason).unwrap();
        prop_assert_eq!(decode(&written), Ok(Decoded { remotecc, ignored: 0 }));
    }

    #[test]
    fn parts_are_read_as_they_were_written(parts in prop::collection::vec(any_part(), 1..17)) {
        let written = multipart::write(&parts).unwrap();
        prop_assert_eq!(multipart::parts(multipart::CONTENT_TYPE, &written), Ok(parts));
    }

    #[test]
    fn service_control_is_read_as_it_was_written(
        action in any_word(),
        call_id in any_word(),
        stamps in prop::array::uniform4(prop::option::of(any_word())),
    ) {
        prop_assume!(!action.is_empty());
        let [configuration, dial_plan, soft_keys, feature_control] = stamps;
        let action = Action::of(&action);
        let control = ServiceControl {
            action,
            register_call_id: Some(call_id),
            configuration,
            dial_plan,
            soft_keys,
            feature_control,
        };
        prop_assert_eq!(ServiceControl::decode(&control.encode().unwrap()), Ok((control, 0)));
    }

    #[test]
    fn uris_are_read_as_they_were_written(
        key in prop::option::of("[A-Za-z]{0,9}"),
        numbers in prop::array::uniform4(any::<u32>()),
        data in any_word(),
    ) {
        let [application, line, conference, call] = numbers;
        let key = key.map(|key| Key::of(&key));
        let data = UserCallData { key, application, line, conference, call, data };
        prop_assert_eq!(UserCallData::parse(&data.uri().unwrap()), Ok(data));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz_remotecc(&bytes);
        let beginning = b"multipart/mixed;boundary=b\n--b\n".as_slice();
        fuzz_multipart(&[beginning, bytes.as_slice(), b"\n--b--"].concat());
    }
}
