//! Documents: the bytes that are sent, what phones and servers were seen to send, what is refused.

use super::super::remotecc::{
    AgentState, AgentStatus, BadRemotecc, CallForward, ContactUpdate, DEPTH_MAX, DataPassThrough,
    DialogId, Direction, DoNotDisturb, Feature, FeatureNotice, FeatureStatus, HeadsetNews,
    HeadsetServices, Lines, NODES_MAX, ReasonElement, Request, Response, Sequence, ServiceClass,
    SoftKey, SoftKeyEvent, StatusLine, Tone, VoiceMessages, decode,
};
use super::super::{
    BYTES_MAX, Combine, Flag, OptionsIndication, Remotecc, Unsendable, Ways, accepted,
};
use super::kept;
use crate::phone_xml::DecodeError;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const CALL: &str = "<dialogid><callid>c1</callid><localtag>phone</localtag>\
                    <remotetag>server</remotetag></dialogid>";

fn call() -> DialogId {
    DialogId::seen_by_server("c1", "server", "phone")
}

/// A request is written as `body` within its root, and is read from it.
#[track_caller]
fn check(request: Request, body: &str) {
    check_spelled(request, ReasonElement::Plain, body);
}

#[track_caller]
fn check_spelled(request: Request, reason: ReasonElement, body: &str) {
    let expected =
        format!("{DECLARATION}<x-cisco-remotecc-request>{body}</x-cisco-remotecc-request>");
    let remotecc = Remotecc::Request(request);
    let written = remotecc.encode(reason).unwrap();
    assert_eq!(String::from_utf8_lossy(&written), expected);
    let decoded = decode(&written).unwrap();
    assert_eq!((decoded.remotecc, decoded.ignored), (remotecc, 0));
}

#[track_caller]
fn request(bytes: &[u8]) -> (Request, usize) {
    let decoded = decode(bytes).unwrap();
    let Remotecc::Request(request) = decoded.remotecc else { panic!("{decoded:?}") };
    (request, decoded.ignored)
}

fn within(body: &str) -> Vec<u8> {
    format!("<x-cisco-remotecc-request>{body}</x-cisco-remotecc-request>").into_bytes()
}

#[test]
fn what_phones_are_told_is_written_byte_for_byte() {
    let line = StatusLine {
        dialog: Some(call()),
        text: "Parked & <held>".to_owned(),
        timeout_seconds: 7,
        line: 0,
        priority: 1,
    };
    check(
        Request::StatusLine(line.clone()),
        &format!(
            "<statuslineupdatereq><action>notify_display</action>{CALL}\
             <statustext>Parked &amp; &lt;held&gt;</statustext>\
             <displaytimeout>7</displaytimeout><linenumber>0</linenumber><priority>1</priority>\
             </statuslineupdatereq>"
        ),
    );
    let (dialog, text) = (None, "x".to_owned());
    check(
        Request::StatusLine(StatusLine { dialog, text, ..line }),
        "<statuslineupdatereq><action>notify_display</action><statustext>x</statustext>\
         <displaytimeout>7</displaytimeout><linenumber>0</linenumber><priority>1</priority>\
         </statuslineupdatereq>",
    );
    check(
        Request::PlayTone { dialog: None, tone: Tone::ZipZip, direction: Direction::All },
        "<playtonereq><tonetype>DtZipZip</tonetype><direction>all</direction></playtonereq>",
    );
    let tone = Tone::of("DtBeepBonk");
    check(
        Request::PlayTone { dialog: Some(call()), tone, direction: Direction::of("user") },
        &format!(
            "<playtonereq>{CALL}<tonetype>DtBeepBonk</tonetype><direction>user</direction>\
             </playtonereq>"
        ),
    );
    check(
        Request::Notify(FeatureNotice {
            dialog: call(),
            feature: Feature::Join,
            status: FeatureStatus::Complete,
        }),
        &format!("<notifyreq>{CALL}<feature>Join</feature><status>Complete</status></notifyreq>"),
    );
    check(Request::RetrieveHeld(call()), &format!("<holdretrievereq>{CALL}</holdretrievereq>"));
    check(Request::AnswerCall(call()), &format!("<answercallreq>{CALL}</answercallreq>"));
    check(
        Request::InitiateCall { dialled: "4711".to_owned(), line: 2 },
        "<initiatecallreq><dialstring>4711</dialstring><linenumber>2</linenumber>\
         </initiatecallreq>",
    );
    check(Request::HuntGroupLogOn(true), "<hlogupdate><status>on</status></hlogupdate>");
    check(Request::HuntGroupLogOn(false), "<hlogupdate><status>off</status></hlogupdate>");
    check(
        Request::DoNotDisturb(DoNotDisturb { enabled: true, rejects: false }),
        "<dndupdate><state>enable</state><option>ringeroff</option></dndupdate>",
    );
    check(
        Request::DoNotDisturb(DoNotDisturb { enabled: false, rejects: true }),
        "<dndupdate><state>disable</state><option>callreject</option></dndupdate>",
    );
    check(
        Request::CallForward(CallForward { address: "4711".to_owned(), to_voice_mail: true }),
        "<cfwdallupdate><fwdaddress>4711</fwdaddress><tovoicemail>on</tovoicemail></cfwdallupdate>",
    );
}

#[test]
fn the_states_of_lines_are_written_byte_for_byte() {
    let update = ContactUpdate {
        lines: Lines::All,
        message_waiting: Some(false),
        voice_messages: None,
        forward: None,
    };
    let more = ContactUpdate {
        lines: Lines::Line(3),
        message_waiting: Some(true),
        voice_messages: Some(VoiceMessages { new: 2, old: 5 }),
        forward: Some(CallForward { address: "4711".to_owned(), to_voice_mail: false }),
    };
    let expected = Request::BulkUpdate(vec![update, more]);
    check(
        expected.clone(),
        "<bulkupdate><contact all=\"true\"><mwi>no</mwi></contact>\
         <contact line=\"3\"><mwi>yes</mwi><emwi><voice-msg new=\"2\" old=\"5\"/></emwi>\
         <cfwdallupdate><fwdaddress>4711</fwdaddress><tovoicemail>off</tovoicemail>\
         </cfwdallupdate></contact></bulkupdate>",
    );
    assert_eq!(request(kept!("bulk-update.xml")), (expected, 0));
}

#[test]
fn the_state_of_an_agent_is_written_with_the_reason_spelled_as_set() {
    for (number, state) in [
        (0, AgentState::SignedIn),
        (1, AgentState::SignedOut),
        (2, AgentState::NotReady),
        (3, AgentState::Ready),
    ] {
        check(
            Request::AgentStatus(AgentStatus { state, reason: 0 }),
            &format!(
                "<agentstatusupdate><status>{number}</status><reasoncode>0</reasoncode>\
                 </agentstatusupdate>"
            ),
        );
    }
    let status = AgentStatus { state: AgentState::NotReady, reason: 12 };
    for reason in ReasonElement::ALL {
        let name = reason.name();
        assert_eq!(ReasonElement::of(name), Some(reason));
        check_spelled(
            Request::AgentStatus(status),
            reason,
            &format!(
                "<agentstatusupdate><status>2</status><{name}>12</{name}></agentstatusupdate>"
            ),
        );
    }
    assert_eq!(ReasonElement::of("reason code"), None);
    assert_eq!(request(kept!("agent-status.xml")), (Request::AgentStatus(status), 0));
    let none = within("<agentstatusupdate><status> 3 </status></agentstatusupdate>");
    let ready = AgentStatus { state: AgentState::Ready, reason: 0 };
    assert_eq!(request(&none), (Request::AgentStatus(ready), 0));
    let no_xml = within(
        "<agentstatusupdate><status>2</status><reason code>0</reason code></agentstatusupdate>",
    );
    assert_eq!(decode(&no_xml), Err(BadRemotecc::Xml(DecodeError::Malformed)));
}

#[test]
fn news_of_a_headsets_services_are_written_byte_for_byte() {
    for (status, word) in [
        (HeadsetNews::ServicesChanged, "SERVICE_CONFIG_CHANGE"),
        (HeadsetNews::ConfigurationChanged, "HS_CONFIG_CHANGE"),
    ] {
        check(
            Request::HeadsetServices(HeadsetServices {
                class: ServiceClass::ContactCentre,
                status,
            }),
            &format!(
                "<hsintegrationservices><serviceclass>cc</serviceclass><status>{word}</status>\
                 </hsintegrationservices>"
            ),
        );
    }
}

#[test]
fn what_phones_tell_is_read_and_written() {
    let all = Request::BulkRegister(vec![Lines::All]);
    check(
        all.clone(),
        "<bulkregisterreq><contact all=\"true\"><register/></contact></bulkregisterreq>",
    );
    assert_eq!(request(kept!("bulk-register.xml")), (all, 0));
    let passed = DataPassThrough { conference: 4, ..DataPassThrough::of_application(71) };
    check(
        Request::DataPassThrough(passed.clone()),
        "<datapassthroughreq><applicationid>71</applicationid><transactionid>0</transactionid>\
         <stationsequence>StationSequenceLast</stationsequence><displaypriority>2</displaypriority>\
         <appinstance>0</appinstance><routingid>0</routingid><confid>4</confid></datapassthroughreq>",
    );
    assert_eq!(passed.sequence, Sequence::Last);
    assert_eq!(request(kept!("press.xml")), (Request::DataPassThrough(passed), 0));
    check(Request::Location, "<x-cisco-location/>");
    let told = within("<x-cisco-location><bssid>a</bssid></x-cisco-location>");
    assert_eq!(request(&told), (Request::Location, 0));
}

#[test]
fn keys_of_a_phones_own_are_read_and_those_that_nobody_knows_too() {
    let empty = DialogId::seen_by_phone("", "", "");
    let expected = SoftKeyEvent {
        key: SoftKey::HuntGroup,
        dialog: Some(DialogId::seen_by_phone("c1@192.0.2.21", "phone", "server")),
        consult_dialog: Some(empty),
        join_dialog: None,
    };
    let (read, ignored) = request(kept!("soft-key.xml"));
    assert_eq!((read, ignored), (Request::SoftKey(expected), 1), "a line number is not known");
    let keys = [
        "Park",
        "ParkMonitor",
        "HLog",
        "Conference",
        "ConfList",
        "ConfDetails",
        "RmLastConf",
        "Cancel",
        "Select",
        "Unselect",
        "Join",
        "StartRecording",
        "StopRecording",
        "IDivert",
        "QRT",
        "MCID",
        "CallBack",
    ];
    for word in keys {
        let key = SoftKey::of(word);
        assert!(!matches!(key, SoftKey::Other(_)), "{word}");
        let event =
            SoftKeyEvent { key, dialog: Some(call()), consult_dialog: None, join_dialog: None };
        check(
            Request::SoftKey(event),
            &format!(
                "<softkeyeventmsg><softkeyevent>{word}</softkeyevent>{CALL}</softkeyeventmsg>"
            ),
        );
    }
    assert_eq!(SoftKey::of("hlog"), SoftKey::HuntGroup);
    assert_eq!(SoftKey::of("Mute").as_str(), "Mute");
}

/// Tags are seen from the phone on the wire (traps, number 1).
#[test]
fn tags_are_written_as_the_phone_sees_them() {
    let ours = DialogId::seen_by_server("c1", "ours", "theirs");
    assert_eq!(ours, DialogId::seen_by_phone("c1", "theirs", "ours"));
    let written = Remotecc::Request(Request::AnswerCall(ours)).encode(ReasonElement::Plain);
    let text = String::from_utf8(written.unwrap().to_vec()).unwrap();
    assert!(text.contains("<localtag>theirs</localtag><remotetag>ours</remotetag>"), "{text}");
}

fn both() -> Ways {
    Ways { unsolicited: true, subscription: true }
}

fn offered() -> OptionsIndication {
    OptionsIndication {
        combine: Some(Combine { max: 6, remotecc_status: true, service_control: true }),
        hook_status: Some(both()),
        shared_line: Some(both()),
        busy_lamps: Some(both()),
        flags: Flag::ALL.iter().copied().collect(),
    }
}

#[test]
fn what_a_phone_offers_is_read_whole_and_accepted_in_part() {
    assert_eq!(request(kept!("options.xml")), (Request::Options(offered()), 0));
    let options = Some(accepted(&offered()));
    let written = Remotecc::Response(Response { code: 200, options }).encode(ReasonElement::Plain);
    let expected = format!(
        "{DECLARATION}<x-cisco-remotecc-response><response><code>200</code><optionsind>\
         <combine max=\"6\"><remotecc><status/></remotecc><service-control/></combine>\
         <dialog usage=\"hook status\"><unot/></dialog><dialog usage=\"shared line\"><unot/></dialog>\
         <presence usage=\"blf speed dial\"><unot/><sub/></presence>\
         <joinreq/><cfwdall-anyline>Yes</cfwdall-anyline>\
         </optionsind></response></x-cisco-remotecc-response>"
    );
    assert_eq!(String::from_utf8_lossy(&written.unwrap()), expected);
}

#[test]
fn nothing_is_accepted_that_was_not_offered() {
    assert_eq!(accepted(&OptionsIndication::default()), OptionsIndication::default());
    let subscription = Some(Ways { unsolicited: false, subscription: true });
    let some = OptionsIndication {
        combine: Some(Combine { max: 4, remotecc_status: true, service_control: false }),
        hook_status: subscription,
        shared_line: None,
        busy_lamps: subscription,
        flags: [Flag::Bfcp, Flag::Join].into(),
    };
    let expected =
        OptionsIndication { hook_status: None, flags: [Flag::Join].into(), ..some.clone() };
    assert_eq!(accepted(&some), expected);
    let many = Combine { max: 200, remotecc_status: true, service_control: true };
    let taken = accepted(&OptionsIndication { combine: Some(many), ..Default::default() });
    assert_eq!(taken.combine.unwrap().max, 6);
    let nothing = Combine { max: 6, ..Combine::default() };
    let taken = accepted(&OptionsIndication { combine: Some(nothing), ..Default::default() });
    assert_eq!(taken.combine, None);
}

#[test]
fn offers_that_nobody_knows_are_counted() {
    let offers = within(
        "<optionsind><combine max=\"many\"/><dialog usage=\"parked\"><sub/></dialog><dialog/>\
         <flexdscp/><presence usage=\"blf speed dial\"><unot/><pull/></presence></optionsind>",
    );
    let busy_lamps = Some(Ways { unsolicited: true, subscription: false });
    let expected = OptionsIndication { busy_lamps, ..OptionsIndication::default() };
    assert_eq!(request(&offers), (Request::Options(expected), 5));
}

#[test]
fn answers_are_read() {
    let decoded = decode(kept!("answer.xml")).unwrap();
    let Remotecc::Response(response) = decoded.remotecc else { panic!("{decoded:?}") };
    let unsolicited = Some(Ways { unsolicited: true, subscription: false });
    let options = OptionsIndication {
        combine: offered().combine,
        hook_status: unsolicited,
        flags: [Flag::Join, Flag::ForwardAnyLine].into(),
        ..OptionsIndication::default()
    };
    assert_eq!((response, decoded.ignored), (Response { code: 200, options: Some(options) }, 0));
    let failed = Remotecc::Response(Response { code: 500, options: None });
    let written = failed.encode(ReasonElement::Plain).unwrap();
    let expected = format!(
        "{DECLARATION}<x-cisco-remotecc-response><response><code>500</code></response>\
         </x-cisco-remotecc-response>"
    );
    assert_eq!(String::from_utf8_lossy(&written), expected);
    assert_eq!(decode(&written).unwrap().remotecc, failed);
}

#[test]
fn a_request_that_nobody_knows_is_told_from_bytes_that_are_none() {
    let unknown = |name: &str| Err(BadRemotecc::Unknown(name.to_owned()));
    assert_eq!(
        decode(&within("<privacyreq><status>true</status></privacyreq>")),
        unknown("privacyreq")
    );
    let name = "x".repeat(500);
    assert_eq!(decode(&within(&format!("<{name}/>"))), unknown(&name[..40]));
    assert_eq!(decode(&within("")), Err(BadRemotecc::Empty));
    assert_eq!(decode(b"<CiscoIPPhoneText/>"), Err(BadRemotecc::Root));
    // The known one of several counts, the others are passed over.
    let (read, ignored) = request(&within("<extra/><x-cisco-location/><hlogupdate/>"));
    assert_eq!((read, ignored), (Request::Location, 2));
}

#[test]
fn elements_that_are_missing_or_say_nonsense_are_named() {
    let missing = |name| Err(BadRemotecc::Missing(name));
    let value = |name| Err(BadRemotecc::Value(name));
    let cases = [
        ("<answercallreq/>", missing("dialogid")),
        (
            "<answercallreq><dialogid><callid>a</callid></dialogid></answercallreq>",
            missing("localtag"),
        ),
        ("<hlogupdate><status>maybe</status></hlogupdate>", value("status")),
        ("<agentstatusupdate/>", missing("status")),
        ("<agentstatusupdate><status>4</status></agentstatusupdate>", value("status")),
        ("<agentstatusupdate><status>-1</status></agentstatusupdate>", value("status")),
        (
            "<agentstatusupdate><status>2</status><reasoncode>4294967296</reasoncode></agentstatusupdate>",
            value("reasoncode"),
        ),
        ("<datapassthroughreq><confid>x</confid></datapassthroughreq>", value("confid")),
        ("<bulkregisterreq><contact><register/></contact></bulkregisterreq>", missing("contact")),
        ("<bulkupdate><contact line='one'/></bulkupdate>", value("contact")),
        ("<bulkupdate><contact line='1'><emwi/></contact></bulkupdate>", missing("voice-msg")),
        (
            "<statuslineupdatereq><action>clear</action><statustext/></statuslineupdatereq>",
            value("action"),
        ),
        ("<softkeyeventmsg/>", missing("softkeyevent")),
    ];
    for (body, expected) in cases {
        assert_eq!(decode(&within(body)), expected, "{body}");
    }
    assert_eq!(decode(b"<x-cisco-remotecc-response/>"), missing("response"));
    let code = b"<x-cisco-remotecc-response><response><code>70000</code></response></x-cisco-remotecc-response>";
    assert_eq!(decode(code), value("code"));
}

#[test]
fn bombs_are_refused() {
    let refused = |bytes: &[u8]| match decode(bytes) {
        Err(BadRemotecc::Xml(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(kept!("entity.xml")), DecodeError::DocumentType);
    assert_eq!(refused(&within("<hlogupdate>&lol;</hlogupdate>")), DecodeError::Entity);
    let external = b"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><x-cisco-remotecc-request/>";
    assert_eq!(refused(external), DecodeError::DocumentType);
    let deep = format!("{}{}", "<a>".repeat(DEPTH_MAX), "</a>".repeat(DEPTH_MAX));
    assert_eq!(refused(&within(&deep)), DecodeError::TooDeep);
    let wide = "<a/>".repeat(NODES_MAX);
    assert_eq!(refused(&within(&wide)), DecodeError::TooManyNodes);
    let large = " ".repeat(BYTES_MAX);
    assert!(matches!(refused(&within(&large)), DecodeError::TooLarge { .. }));
    for broken in ["", "<x-cisco-remotecc-request>", "<a></b>", "{}", "<a/><b/>"] {
        assert_eq!(refused(broken.as_bytes()), DecodeError::Malformed, "{broken}");
    }
}

#[test]
fn texts_with_control_characters_are_not_written() {
    let dialled = |text: &str| {
        let request = Request::InitiateCall { dialled: text.to_owned(), line: 1 };
        Remotecc::Request(request).encode(ReasonElement::Plain)
    };
    for odd in ["a\r\nb", "a\0", "\t", "\u{80}S", "\u{7f}", "\u{FFFE}"] {
        assert_eq!(dialled(odd), Err(Unsendable::ControlCharacter), "{odd:?}");
    }
    let text = dialled("]]>\"'&<").unwrap();
    assert!(String::from_utf8_lossy(&text).contains("<dialstring>]]&gt;&quot;&apos;&amp;&lt;<"));
    assert_eq!(dialled(&"x".repeat(BYTES_MAX)), Err(Unsendable::TooLarge));
}
