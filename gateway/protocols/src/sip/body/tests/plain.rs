//! What is no remotecc document: service control, status lines, alarms, screens and their keys.

use bytes::Bytes;

use super::super::multipart::{CONTENT_TYPE, Part, parts};
use super::super::remotecc::DataPassThrough;
use super::super::{
    Action, Alarm, BadAlarm, BadFragment, BadPress, BadScreen, BadServiceControl, BadUserCallData,
    Fragment, Key, LastReset, OBJECT_TYPE, Press, REQUEST_TYPE, ReasonAlarm, STAMP_NEVER,
    ServiceControl, Unsendable, UserCallData, press, screen,
};
use super::{kept, kept_parts};
use crate::phone_xml::{Execute, ExecuteItem, Object, Priority, Screen, Text};
use crate::sip::Status;

#[test]
fn service_control_is_written_byte_for_byte() {
    let control = ServiceControl::new(Action::CheckVersion, "0011-a@192.0.2.21");
    let expected = format!(
        "action=check-version\r\nRegisterCallId={{0011-a@192.0.2.21}}\r\n\
         ConfigVersionStamp={{{STAMP_NEVER}}}\r\nDialplanVersionStamp={{{STAMP_NEVER}}}\r\n\
         SoftkeyVersionStamp={{{STAMP_NEVER}}}\r\nFeatureControlVersionStamp={{{STAMP_NEVER}}}\r\n"
    );
    let written = control.encode().unwrap();
    assert_eq!(written, expected);
    assert_eq!(ServiceControl::decode(&written), Ok((control, 0)));
    let report = ServiceControl::new(Action::ProblemReport, "a");
    assert_eq!(report.encode().unwrap(), "action=prt-report\r\nRegisterCallId={a}\r\n");
    for word in ["restart", "reset"] {
        let control = ServiceControl::new(Action::of(word), "a");
        assert!(control.encode().unwrap().starts_with(format!("action={word}\r\n").as_bytes()));
    }
}

#[test]
fn service_control_is_read_with_odd_lines_and_keys_that_nobody_knows() {
    let (control, ignored) = ServiceControl::decode(kept!("service-control.txt")).unwrap();
    assert_eq!(ignored, 0);
    assert_eq!(control.action, Action::CheckVersion);
    assert_eq!(control.configuration.as_deref(), Some("0106514225374329"));
    assert_eq!((control.dial_plan.as_deref(), control.feature_control), (Some(""), None));
    let odd = b"\n Action = reset \nRegisterCallId=bare\nPhase={1}\n\n";
    let (control, ignored) = ServiceControl::decode(odd).unwrap();
    assert_eq!((control.action, ignored), (Action::Reset, 1));
    assert_eq!(control.register_call_id.as_deref(), Some("bare"));
    let large = vec![b'\n'; 5_000];
    let refused: [(&[u8], _); 6] = [
        (b"", BadServiceControl::Action),
        (b"action=", BadServiceControl::Action),
        (b"action=reset\r\nreset", BadServiceControl::Line),
        (b"action=reset\r\naction=restart", BadServiceControl::Line),
        (b"action=\xFF", BadServiceControl::Text),
        (&large, BadServiceControl::TooLarge),
    ];
    for (bytes, expected) in refused {
        assert_eq!(ServiceControl::decode(bytes), Err(expected), "{bytes:?}");
    }
}

#[test]
fn service_control_takes_no_second_line_in_a_value() {
    let control = ServiceControl::new(Action::Reset, "a}\r\naction=restart");
    assert_eq!(control.encode(), Err(Unsendable::ControlCharacter));
    let control = ServiceControl::new(Action::of("reset\nx"), "a");
    assert_eq!(control.encode(), Err(Unsendable::ControlCharacter));
    let control = ServiceControl::new(Action::Reset, &"a".repeat(5_000));
    assert_eq!(control.encode(), Err(Unsendable::TooLarge));
}

#[test]
fn status_lines_of_referrals_are_read_and_written() {
    let accepted = Fragment::of(Status::ACCEPTED);
    assert_eq!(accepted.encode().unwrap(), "SIP/2.0 202 Accepted\r\n");
    assert_eq!(Fragment::decode(kept!("sipfrag.txt")), Ok(accepted));
    let busy =
        Fragment { status: Status::new(486).unwrap(), reason: "Busy – später".to_owned() };
    assert_eq!(Fragment::decode("SIP/2.0 486 Busy – später\nTo: x\n".as_bytes()), Ok(busy));
    let bare = Fragment { status: Status::OK, reason: String::new() };
    assert_eq!(Fragment::decode(b"sip/2.0 200"), Ok(bare.clone()));
    assert_eq!(Fragment::decode(b"SIP/2.0 200 \r\n"), Ok(bare));
    let long = format!("SIP/2.0 200 {}", "x".repeat(2_000));
    let refused = [
        "",
        "SIP/2.0",
        "SIP/3.0 200 OK",
        "SIP/2.0 20 OK",
        "SIP/2.0 700 OK",
        "SIP/2.0 +20 OK",
        "INVITE sip:a SIP/2.0",
        "SIP/2.0 200 \0",
        &long,
    ];
    for text in refused {
        assert_eq!(Fragment::decode(text.as_bytes()), Err(BadFragment), "{text}");
    }
    let two = Fragment { status: Status::OK, reason: "OK\r\nTo: x".to_owned() };
    assert_eq!(two.encode(), Err(Unsendable::ControlCharacter));
}

#[test]
fn alarms_tell_their_name_and_what_stands_in_them() {
    let alarm = Alarm::decode(kept!("alarm.xml")).unwrap();
    assert_eq!(alarm.name, "LastOutOfServiceInformation");
    assert_eq!(alarm.parameters.len(), 3);
    assert_eq!(alarm.parameter("ReasonForOutOfService"), Some("22"));
    assert_eq!(alarm.parameter("IPv6Address"), Some(""));
    assert_eq!(alarm.parameter("Other"), None);
    for none in ["<x-cisco-alarm/>", "<x-cisco-alarm><Alarm/></x-cisco-alarm>", "<Alarm Name='x'/>"]
    {
        assert_eq!(Alarm::decode(none.as_bytes()), Err(BadAlarm::Name), "{none}");
    }
    assert!(matches!(Alarm::decode(kept!("entity.xml")), Err(BadAlarm::Xml(_))));
}

#[test]
fn the_reason_of_a_register_tells_the_alarm_and_whether_the_phone_goes() {
    let read = ReasonAlarm::of(
        "SIP;cause=200;text=\"cisco-alarm:23 Name=SEP001122334455 ActiveLoad=sip78xx.12-1 \
         InactiveLoad=sip78xx.10-3 Last=reset-restart\"",
    );
    let expected = ReasonAlarm {
        code: 23,
        device: Some("SEP001122334455".to_owned()),
        load: Some("sip78xx.12-1".to_owned()),
        inactive_load: Some("sip78xx.10-3".to_owned()),
        last: Some(LastReset::Restart),
    };
    assert!(expected.is_reset());
    assert_eq!(read, Some(expected));
    let older =
        "SIP ; cause=200 ; Text = \"cisco-alarm:25 Name=SEP0011 Load=SIP70.8 Last=initialized\"";
    let read = ReasonAlarm::of(older).unwrap();
    assert_eq!((read.code, read.load.as_deref()), (25, Some("SIP70.8")));
    assert!(!read.is_reset());
    let quoted = "SIP;other=\"a;text=no\\\"\";text=\"cisco-alarm:111\"";
    assert_eq!(ReasonAlarm::of(quoted).map(|read| read.code), Some(111));
    let long = format!("SIP;text=\"cisco-alarm:23 {}\"", "x".repeat(5_000));
    let others = [
        "",
        "SIP;cause=200",
        "SIP;cause=200;text=\"Normal\"",
        "SIP;text=\"cisco-alarm:x\"",
        "SIP;text=\"cisco-alarm:23",
        "SIP;text=\"\"",
        &long,
    ];
    for other in others {
        assert_eq!(ReasonAlarm::of(other), None, "{other}");
    }
}

#[test]
fn uris_of_keys_carry_their_data() {
    let data = UserCallData::new(71, 4, "ready:12");
    assert_eq!(data.uri().unwrap(), "UserCallData:71:0:4:0:ready:12");
    assert_eq!(UserCallData::parse("UserCallData:71:0:4:0:ready:12"), Ok(data.clone()));
    let key = UserCallData { key: Some(Key::Select), ..data.clone() };
    assert_eq!(key.uri().unwrap(), "UserCallDataSoftKey:Select:71:0:4:0:ready:12");
    let text = String::from_utf8(kept!("user-call-data.txt").to_vec()).unwrap();
    assert_eq!(UserCallData::parse(&text), Ok(key));
    let update = UserCallData { key: Some(Key::Update), ..UserCallData::new(1, 0, "") };
    assert_eq!(UserCallData::parse("UserCallDataSoftKey:Update:1:0:0:0:"), Ok(update));
    for none in [
        "",
        "UserCallData:",
        "UserCallData:1:0:0:0",
        "UserCallData:a:0:0:0:x",
        "SoftKey:Exit",
        "UserCallData:1:0:0:4294967296:x",
        "UserCallDataSoftKey:Select:1:0:0:0",
    ] {
        assert_eq!(UserCallData::parse(none), Err(BadUserCallData), "{none}");
    }
    let unwritable = [
        UserCallData::new(1, 0, "a\nb"),
        UserCallData::new(1, 0, &"x".repeat(256)),
        UserCallData { key: Some(Key::of("a:b")), ..data },
    ];
    for one in unwritable {
        assert_eq!(one.uri(), Err(BadUserCallData), "{one:?}");
    }
}

fn execute(url: &str) -> Object {
    let items = vec![ExecuteItem { url: url.to_owned(), priority: Priority::Now }];
    Object::Execute(Execute { items })
}

#[test]
fn a_screen_goes_in_two_parts() {
    let object = execute("https://gw.example/fippa/s/TOKEN/home?a=1&b=2");
    let body = screen(&DataPassThrough::default(), &object).unwrap();
    let expected = "--uniqueBoundary\r\n\
        Content-Type: application/x-cisco-remotecc-request+xml\r\n\r\n\
        <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x-cisco-remotecc-request><datapassthroughreq>\
        <applicationid>0</applicationid><transactionid>0</transactionid>\
        <stationsequence>StationSequenceLast</stationsequence>\
        <displaypriority>2</displaypriority><appinstance>0</appinstance><routingid>0</routingid>\
        <confid>0</confid></datapassthroughreq></x-cisco-remotecc-request>\r\n\
        --uniqueBoundary\r\n\
        Content-Type: application/x-cisco-remotecc-cm+xml\r\n\r\n\
        <?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <CiscoIPPhoneExecute><ExecuteItem Priority=\"0\" \
        URL=\"https://gw.example/fippa/s/TOKEN/home?a=1&amp;b=2\"/></CiscoIPPhoneExecute>\r\n\
        --uniqueBoundary--\r\n";
    assert_eq!(String::from_utf8_lossy(&body).to_lowercase(), expected.to_lowercase());
    assert_eq!(parts(CONTENT_TYPE, &body).unwrap().len(), 2);
}

#[test]
fn a_screen_that_a_phone_would_not_take_is_not_sent() {
    let pass = DataPassThrough::default();
    let long = format!("https://gw.example/{}", "x".repeat(300));
    assert_eq!(screen(&pass, &execute(&long)), Err(BadScreen::Url));
    let items = vec![
        ExecuteItem {
            url: format!("https://gw.example/{}", "x".repeat(200)),
            priority: Priority::Now
        };
        3
    ];
    assert_eq!(screen(&pass, &Object::Execute(Execute { items })), Err(BadScreen::TooLarge));
    let text =
        Object::Text(Text { screen: Screen::default(), text: "a\n--uniqueBoundary".to_owned() });
    assert_eq!(screen(&pass, &text), Err(BadScreen::Body(Unsendable::Boundary)));
}

#[test]
fn a_key_that_was_pressed_comes_back_with_its_data() {
    let (content_type, body) = kept_parts(kept!("press.part"));
    let found = parts(&content_type, &body).unwrap();
    let expected = Press { application: 71, conference: 4, data: "ready:12".to_owned() };
    assert_eq!(press(&found), Ok(expected));
    let request = found[0].clone();
    let with = |content_type: &str, data: &'static [u8]| {
        press(&[request.clone(), Part::new(content_type, Bytes::from_static(data))])
    };
    assert_eq!(press(&found[..1]), Err(BadPress::Data));
    assert_eq!(with(OBJECT_TYPE, b"a\nb"), Err(BadPress::Data));
    assert_eq!(with(OBJECT_TYPE, b"\xFF"), Err(BadPress::Data));
    assert_eq!(with("text/plain", b"x"), Err(BadPress::Data));
    assert_eq!(press(&[]), Err(BadPress::Other));
    assert_eq!(press(&found[1..]), Err(BadPress::Other));
    let other = Part::new(REQUEST_TYPE, Bytes::from_static(kept!("soft-key.xml")));
    assert_eq!(press(&[other]), Err(BadPress::Other));
    let broken = Part::new(REQUEST_TYPE, Bytes::from_static(b"<"));
    assert!(matches!(press(&[broken]), Err(BadPress::Request(_))));
}
