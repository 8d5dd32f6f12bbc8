//! Answers, where they go, and what cannot get into what is sent.

use proptest::prelude::*;

use super::*;

#[test]
fn sip_accept_47_the_source_is_noted_wherever_a_via_points() {
    let noted = |via: &str, source: &str| {
        let mut message = read(register_with("Via", &format!("Via: {via}\r\n"))).unwrap();
        note_source(&mut message, source.parse().unwrap());
        let all: Vec<_> =
            message.headers.all(&Name::VIA).map(|value| value.as_str().to_owned()).collect();
        let wanted = reply(&message, Status::OK, None);
        let copied: Vec<_> =
            wanted.headers.all(&Name::VIA).map(|value| value.as_str().to_owned()).collect();
        assert_eq!(copied, all);
        all.join("|")
    };
    let source = "198.51.100.7:40001";
    let check = |via: &str, wanted: &str| assert_eq!(noted(via, source), wanted);
    // Somebody else, by address and by name.
    check(
        "SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bK1",
        "SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bK1;received=198.51.100.7",
    );
    check(
        "SIP/2.0/UDP victim.example;branch=z9hG4bK1",
        "SIP/2.0/UDP victim.example;branch=z9hG4bK1;received=198.51.100.7",
    );
    check(
        "SIP/2.0/UDP 203.0.113.5;rport;branch=z9hG4bK1",
        "SIP/2.0/UDP 203.0.113.5;branch=z9hG4bK1;received=198.51.100.7;rport=40001",
    );
    // What the sender wrote itself counts for nothing.
    check(
        "SIP/2.0/UDP 203.0.113.5;rport=53;received=203.0.113.5;branch=z9hG4bK1",
        "SIP/2.0/UDP 203.0.113.5;branch=z9hG4bK1;received=198.51.100.7;rport=40001",
    );
    check(
        "SIP/2.0/UDP 198.51.100.7;received=203.0.113.5;branch=z9hG4bK1",
        "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1",
    );
    check(
        "SIP/2.0/UDP 198.51.100.7 ; RPORT ;maddr=203.0.113.5 ; branch = z9hG4bK1",
        "SIP/2.0/UDP 198.51.100.7;maddr=203.0.113.5; branch = z9hG4bK1;received=198.51.100.7;rport=40001",
    );
    check(
        "SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bK1",
        "SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bK1",
    );
    // Only the first is ours to note in.
    check(
        "SIP/2.0/UDP a.example;rport, SIP/2.0/TCP b.example;rport;received=192.0.2.1\r\nVia: SIP/2.0/TLS c.example;rport",
        "SIP/2.0/UDP a.example;received=198.51.100.7;rport=40001, SIP/2.0/TCP b.example;rport;received=192.0.2.1|SIP/2.0/TLS c.example;rport",
    );
    let mut message = read(REGISTER).unwrap();
    note_source(&mut message, source.parse().unwrap());
    let via = message.top_via().unwrap();
    assert_eq!((via.received(), via.rport()), (Some("198.51.100.7".parse().unwrap()), Some(40001)));
}

#[test]
fn an_answer_has_what_it_takes_from_the_request() {
    let request = read(register_and(
        "Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=0\r\nRecord-Route: <sip:r.example;lr>",
    ))
    .unwrap();
    let answer = reply(&request, Status::UNAUTHORIZED, Some("t1"));
    let wanted = "SIP/2.0 401 Unauthorized\r\n\
        Via: SIP/2.0/TLS 192.0.2.17:49622;branch=z9hG4bK3f6a18d2;rport\r\n\
        From: \"Ada\" <sip:1007@voice.example.com>;tag=0c11f1b2a9c4\r\n\
        To: <sip:1007@voice.example.com>;tag=t1\r\n\
        Call-ID: 0c11f1b2-a9c40003-5d1c2a4f@192.0.2.17\r\n\
        CSeq: 104 REGISTER\r\n\
        Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=0\r\n\
        Content-Length: 0\r\n\r\n";
    assert_eq!(encode(&answer), wanted);
    let to = |line: &str, tag: Option<&str>| {
        let request = read(register_with("To:", &format!("{line}\r\n"))).unwrap();
        field(&reply(&request, Status::OK, tag), &Name::TO)
    };
    assert_eq!(to("To: sip:a@b.example", Some("x")), "sip:a@b.example;tag=x");
    assert_eq!(to("To: <sip:a@b.example;tag=1>", Some("x")), "<sip:a@b.example;tag=1>;tag=x");
    assert_eq!(to("To: <sip:a@b.example>;Tag=1", Some("x")), "<sip:a@b.example>;Tag=1");
    assert_eq!(to("To: <sip:a@b.example>", Some("x\r\ny")), "<sip:a@b.example>");
    assert_eq!(to("To: <sip:a@b.example>", None), "<sip:a@b.example>");
    // Broken requests are answered with what they wrote.
    let malformed = refused(
        register_with("CSeq", "CSeq: 99999999999 REGISTER\r\n"),
        Status::BAD_REQUEST,
        "CSeq",
    );
    let answer = reply(&malformed.head.unwrap(), malformed.status, Some("t1"));
    assert_eq!(field(&answer, &Name::CSEQ), "99999999999 REGISTER");
    assert_eq!(answer.status(), Some(Status::BAD_REQUEST));
}

#[test]
fn fields_are_written_by_their_long_names_and_the_length_once() {
    let mut message = read(REGISTER).unwrap();
    message.headers.push(Name::CONTENT_LENGTH, Value::number(77));
    message.headers.push(Name::of("k".into()), Value::new("path").unwrap());
    message.body = Bytes::from_static(b"body");
    let text = String::from_utf8(encode(&message).to_vec()).unwrap();
    assert!(text.ends_with("\r\nSupported: path\r\nContent-Length: 4\r\n\r\nbody"));
    assert_eq!(text.matches("Content-Length").count(), 1);
}

/// Texts that would like to be header fields.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~\r\n\t\0]{0,30}",
        "[a-z]{0,5}(\r\n|\n|\r|\0|\"|\\\\|>|,|;)Evil: [a-z]{1,5}(\r\n\r\n)?",
    ]
}

proptest! {
    #[test]
    fn sip_accept_48_no_text_becomes_a_field(
        text in any_text(), method in any_text(), uri in any_text(), name in any_text(), reason in any_text(),
    ) {
        let host = HostPort::parse("voice.example.com").unwrap();
        let mut message = read(register_with("Supported", "")).unwrap();
        let before = message.headers.len();
        let built = Uri::build(false, Some(&text), &host, &[("x", Some(&text)), (&text, None)]);
        let address = NameAddress::new(built.unwrap_or_else(|_| Uri::parse("sip:a.example").unwrap()));
        let mut address = NameAddress { display: Value::new(text.clone()).ok().map(|it| it.as_str().to_owned()), ..address };
        for (name, value) in [("note", text.as_str()), (&text, "1")] {
            let with = address.parameters.with(name, Some(value));
            address.parameters = with.unwrap_or(address.parameters);
        }
        if let Ok(value) = address.value() {
            message.headers.set(Name::CONTACT, value);
        }
        if let Ok(value) = Value::new(text.clone()) {
            message.headers.push(Name::WARNING.clone(), Value::new("399 x \"y\"").unwrap());
            message.headers.push(Name::of("X-Text".into()), value);
        }
        if let Ok(via) = Via::new("UDP", HostPort { host: Host::Name(text.clone().into()), port: None }, &text)
            && let Ok(value) = via.value()
        {
            message.headers.push(Name::of("X-Via".into()), value);
        }
        let added = message.headers.len();
        message.headers.push(Name::of(name.as_str().into()), Value::new("evil").unwrap());
        for start in [
            StartLine::Request { method: Method::of(&method), uri: uri.as_str().into() },
            StartLine::Response { status: Status::OK, reason: reason.as_str().into() },
        ] {
            message.start = start;
            let bytes = encode(&message);
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            prop_assert_eq!(body, "");
            let lines: Vec<_> = head.split("\r\n").collect();
            let fields = lines.len() - 2;
            prop_assert!(fields == added || fields == added + 1, "{}", text);
            prop_assert!(!head.replace("\r\n", "").contains(|character: char| character.is_ascii_control() && character != '\t'));
            prop_assert!(!lines.iter().skip(1).any(|line| line.starts_with("Evil") || line.starts_with([' ', '\t'])));
        }
        prop_assert!(added >= before);
        let value = message.headers.get(&Name::CONTACT).unwrap().as_str();
        let again = NameAddress::parse(value).unwrap();
        prop_assert_eq!(again.display, address.display);
        prop_assert_eq!(again.uri, address.uri);
    }
}

#[test]
fn an_answer_that_begins_a_dialog_says_by_way_of_whom_and_others_do_not() {
    let refer = "REFER sip:gateway@voice.example.com SIP/2.0\r\n\
        Via: SIP/2.0/TCP 192.0.2.5;branch=z9hG4bK1\r\n\
        Record-Route: <sip:b.example.com;lr>, <sip:a.example.com;lr>\r\n\
        Record-Route: <sip:c.example.com;lr>\r\n\
        Max-Forwards: 70\r\nFrom: <sip:1001@voice.example.com>;tag=1\r\n\
        To: <sip:gateway@voice.example.com>\r\nCall-ID: 1\r\nCSeq: 1 REFER\r\n\
        Contact: <sip:1001@192.0.2.5>\r\nRefer-To: <cid:1>\r\nContent-Length: 0\r\n\r\n";
    let request = read(refer).unwrap();
    let routes = |status: Status| {
        let answer = reply(&request, status, Some("t"));
        let all = answer.headers.all(&Name::RECORD_ROUTE);
        all.map(|value| value.as_str().to_owned()).collect::<Vec<_>>()
    };
    let all = ["<sip:b.example.com;lr>, <sip:a.example.com;lr>", "<sip:c.example.com;lr>"];
    assert_eq!(routes(Status::ACCEPTED), all);
    assert!(routes(Status::DECLINE).is_empty());
    let message =
        read(register_with("Max-Forwards", "Max-Forwards: 9\r\nRecord-Route: <sip:a;lr>\r\n"));
    let answer = reply(&message.unwrap(), Status::OK, None);
    assert!(!answer.headers.has(&Name::RECORD_ROUTE));
}
