//! A second opinion: what we send is read by `ezk-sip-types` as we meant it, apart from what it is known not to
//! read: `\"` in display names, empty ones, percent signs in tags, schemes other than two.

use bytesstr::BytesStr;
use ezk_sip_types as ezk;
use ezk_sip_types::header::typed;
use proptest::prelude::*;

use super::framing::any_message;
use super::*;

/// The first line, the fields and the body, as the other library bounds them.
fn read_by_other(bytes: &Bytes) -> (ezk::msg::MessageLine, ezk::Headers, Bytes) {
    let mut parser = ezk::msg::PullParser::new(bytes, 0);
    let first = std::str::from_utf8(parser.next().unwrap().unwrap()).unwrap();
    let start: ezk::msg::MessageLine = first.parse().unwrap();
    let mut headers = ezk::Headers::new();
    for line in &mut parser {
        let line = std::str::from_utf8(line.unwrap()).unwrap();
        let (_, line) = ezk::msg::Line::parse(bytes, line).unwrap();
        headers.insert(line.name, line.value);
    }
    let body = bytes.slice(parser.head_end()..);
    (start, headers, body)
}

fn check(message: &Message) {
    let bytes = encode(message);
    let (start, headers, body) = read_by_other(&bytes);
    match (&start, &message.start) {
        (ezk::msg::MessageLine::Request(line), StartLine::Request { method, .. }) => {
            assert_eq!(line.method.to_string(), method.name());
        }
        (ezk::msg::MessageLine::Response(line), StartLine::Response { status, reason }) => {
            assert_eq!(line.code.into_u16(), status.code());
            assert_eq!(line.reason.as_deref().unwrap_or_default().trim(), reason.trim());
        }
        (other, ours) => panic!("{other:?} and {ours:?}"),
    }
    assert_eq!(body, message.body);
    assert_eq!(headers.get_named::<typed::ContentLength>().unwrap().0, body.len());
    let via: Vec<typed::Via> = headers.get_named().unwrap();
    for (other, ours) in via.iter().zip(message.vias().unwrap()) {
        assert_eq!(other.transport.as_str(), ours.transport.as_str());
        assert_eq!(printed(&other.sent_by), ours.sent_by.to_string());
        assert_eq!(other.params.get_val("branch").map(BytesStr::as_str), ours.branch());
    }
    assert_eq!(via.len(), message.vias().unwrap().len());
    let cseq: typed::CSeq = headers.get_named().unwrap();
    let ours = message.cseq().unwrap();
    assert_eq!((cseq.cseq, cseq.method.to_string().as_str()), (ours.number, ours.method.name()));
    assert_eq!(headers.get_named::<typed::CallID>().unwrap().0.as_str(), message.call_id());
    for (name, ours) in [(ezk::Name::FROM, message.from()), (ezk::Name::TO, message.to())] {
        let ours = ours.unwrap();
        let is_unread = |display: &str| display.is_empty() || display.contains(['"', '\\']);
        let tag = ours.tag().unwrap_or_default();
        if ours.display.as_deref().is_some_and(is_unread) || tag.contains('%') {
            continue;
        }
        let other: typed::FromTo = headers.get(name).unwrap();
        assert_eq!(other.tag.as_deref(), ours.tag());
        assert_eq!(printed(&other.uri.uri.host_port), ours.uri.host_port().unwrap().to_string());
        let display = ours.display.as_deref().map(str::trim).unwrap_or_default();
        assert_eq!(other.uri.name.as_deref().unwrap_or_default(), display);
    }
    let contacts: Vec<typed::Contact> = headers.get_named().unwrap_or_default();
    let Contacts::List(ours) = message.contacts().unwrap() else { panic!("a star") };
    assert_eq!(contacts.len(), ours.len());
    for (other, ours) in contacts.iter().zip(ours) {
        assert_eq!(printed(&other.uri.uri.host_port), ours.uri.host_port().unwrap().to_string());
        for name in ["+sip.instance", "expires", "+u.sip!devicename.ccm.cisco.com"] {
            assert_eq!(
                other.params.get_val(name).map(BytesStr::as_str),
                ours.parameters.get(name),
                "{name}"
            );
        }
    }
}

fn printed(host_port: &ezk::host::HostPort) -> String {
    use ezk_sip_types::print::AppendCtx;
    host_port.default_print_ctx().to_string()
}

#[test]
fn sip_accept_50_another_library_reads_what_we_send() {
    let request = read(register_and(
        "Via: SIP/2.0/UDP [2001:db8::1]:5062;branch=z9hG4bK2;received=192.0.2.1",
    ))
    .unwrap();
    check(&request);
    let request = read(REGISTER).unwrap();
    check(&request);
    let mut noted = request.clone();
    note_source(&mut noted, "[2001:db8::9]:5062".parse().unwrap());
    check(&noted);
    let mut answer = reply(&noted, Status::OK, Some("2f1"));
    let Contacts::List(contacts) = request.contacts().unwrap() else { panic!("a star") };
    let granted = NameAddress {
        parameters: contacts[0].parameters.with("expires", Some("120")).unwrap(),
        ..contacts[0].clone()
    };
    answer.headers.push(Name::CONTACT, granted.value().unwrap());
    check(&answer);
    let host = HostPort::parse("[2001:db8::7]:5061").unwrap();
    let target =
        Uri::build(false, Some("a b"), &host, &[("transport", Some("tls")), ("lr", None)]).unwrap();
    let ours = NameAddress {
        display: Some("Zoë, K".to_owned()),
        parameters: Parameters::default().with("tag", Some("1a")).unwrap(),
        uri: target.clone(),
    };
    let mut refer = request.clone();
    refer.start = StartLine::Request { method: Method::Refer, uri: target.text().clone() };
    refer.headers.set(Name::CSEQ, CSeq { number: 7, method: Method::Refer }.value().unwrap());
    refer.headers.set(Name::FROM, ours.value().unwrap());
    refer.headers.set(Name::REFER_TO, Value::new("cid:0badcafe").unwrap());
    refer.body = Bytes::from_static(b"<x/>\0\xff");
    check(&refer);
}

proptest! {
    #[test]
    fn sip_accept_50_another_library_reads_any_message_of_ours(message in any_message()) {
        check(&message);
    }
}
