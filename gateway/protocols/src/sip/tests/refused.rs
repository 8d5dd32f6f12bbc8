//! What is refused, and with which status.

use super::*;

#[test]
fn sip_accept_10_what_the_grammar_forbids_is_a_400() {
    let bad = |field: &str, line: &str| {
        let malformed =
            refused(register_with(field, &format!("{line}\r\n")), Status::BAD_REQUEST, field);
        assert!(!malformed.framing_is_lost, "{line}");
    };
    for line in [
        "Via: SIP/2.0/TLS 192.0.2.17;;,;,,",
        "Via: SIP/2.0/TLS 192.0.2.17;branch=z9hG4bK1;",
        "Via: SIP/2.0/TLS 192.0.2.17;;branch=z9hG4bK1",
        "Via: SIP/2.0/TLS 192.0.2.17,",
        "Via: ,SIP/2.0/TLS 192.0.2.17",
        "Via: SIP/2.0/TLS 192.0.2.17;branch=",
        "Via: SIP/2.0/TLS 192.0.2.17;branch=1;BRANCH=2",
        "Via: SIP/3.0/TLS 192.0.2.17",
        "Via: SIP/2.0/TLS192.0.2.17",
        "Via: SIP/2.0/TLS 192.0.2.17:65536",
        "Via: SIP/2.0/TLS 192.0.2.17:",
        "Via: SIP/2.0/TLS 192.0.2.17 x",
    ] {
        bad("Via", line);
    }
    for line in [
        "Contact: \"Joe\" <sip:joe@example.org>;;;;",
        "Contact: <sip:joe@example.org>;",
        "Contact: <sip:joe@example.org>,,<sip:joe@example.org>",
        "Contact: <sip:joe@example.org>,",
        "Contact: \"Joe <sip:joe@example.org>",
        "Contact: \"Joe\\\" <sip:joe@example.org>",
        "Contact: <sip:joe@example.org",
        "Contact: sip:joe@example.org?Route=%3Csip:x.example%3E",
        "Contact: sip:joe,friend@example.org",
        "Contact: <sip:joe@example.org>;expires=4294967296",
        "Contact: <sip:joe@example.org>;expires=\"28029759663281528152\"",
        "Contact: <sip:joe@example.org>;expires=-1",
        "Contact: <sip:joe@example.org>;expires",
        "Contact: <sip:joe@example.org>;q=1;Q=0",
        "Contact: <sip:joe smith@example.org>",
        "Contact: < sip:joe@example.org>",
        "Contact: <>",
        "Contact: Joe",
        "Contact: \"Joe\"",
        "Contact: *, <sip:joe@example.org>",
        "Contact: *\r\nContact: <sip:joe@example.org>",
        "Contact: <sip:joe@example.org>\r\nm: *",
        "Contact: *\r\nm: *",
    ] {
        bad("Contact", line);
    }
    for line in [
        "CSeq: 2147483648 REGISTER",
        "CSeq: 92923947948 REGISTER",
        "CSeq: -1 REGISTER",
        "CSeq: REGISTER",
        "CSeq: 1",
        "CSeq: 1 OPTIONS",
        "CSeq: 1 REGISTER x",
        "CSeq: 0x1 REGISTER",
        "CSeq: 1REGISTER",
    ] {
        bad("CSeq", line);
    }
    for line in ["Max-Forwards: 256", "Max-Forwards: -1", "Max-Forwards: ", "Max-Forwards: 7 0"] {
        bad("Max-Forwards", line);
    }
    for line in
        ["Expires: 4294967296", "Expires: 99999999999999999999999", "Expires: 1h", "Expires: "]
    {
        bad("Expires", line);
    }
    for line in [
        "From: \"Ada <sip:a@b.example>;tag=1",
        "From: Bell, Alex <sip:a@b.example>;tag=1",
        "From: <sip:a@b.example>;tag=1;tag=2",
        "From: sip:a@b.example?x=1;tag=1",
        "From: <sip:a@b.example> tag=1",
        "From: Ada: <sip:a@b.example>",
    ] {
        bad("From", line);
    }
    for line in ["Call-ID: a b", "Call-ID: a,b", "Call-ID: ä"] {
        bad("Call-ID", line);
    }
    for (field, line) in [
        ("Warning", "Warning: 1812 overture \"In Progress\""),
        ("Warning", "Warning: 99 overture \"In Progress\""),
        ("Retry-After", "Retry-After: 949302838503028349304023988"),
        ("Min-Expires", "Min-Expires: x"),
        ("Route", "Route: sip:edge.example.com;lr"),
        ("Route", "Route: <sip:edge.example.com;lr>,"),
        ("Path", "Path: <sip:edge.example.com>, x"),
        ("Content-Type", "Content-Type: text"),
        ("Content-Type", "Content-Type: text/plain;;"),
        ("Event", "Event: "),
        ("Require", "Require: a b"),
        ("Require", "Require: \"outbound"),
    ] {
        refused(register_and(line), Status::BAD_REQUEST, field);
    }
    for uri in [
        "sip:a b@voice.example.com",
        "sip:voice.example.com; lr",
        "sip:",
        "voice.example.com",
        "sip:@host",
        "sip:a@b@c.example",
        "sip:a@h.example;;lr",
        "sip:a@h.example;x=1;X=2",
        "sip:a@h_.example:x",
        "<sip>",
    ] {
        let text = REGISTER.replacen("sip:voice.example.com", uri, 1);
        refused(text, Status::BAD_REQUEST, "Request-URI");
    }
}

#[test]
fn sip_accept_11_old_sins_are_refused_unless_leniency_is_asked_for() {
    let clean = read(REGISTER).unwrap();
    let uri = "REGISTER sip:voice.example.com SIP/2.0";
    for (old, new) in [
        (uri, "REGISTER <sip:voice.example.com> SIP/2.0"),
        (uri, "REGISTER  sip:voice.example.com SIP/2.0"),
        (uri, "REGISTER sip:voice.example.com  SIP/2.0"),
        (uri, "REGISTER sip:voice.example.com SIP/2.0  "),
        (uri, "REGISTER sip:voice.example.com?Route=%3Csip:x.example%3E SIP/2.0"),
        ("<sip:1007@voice.example.com>;tag", "< sip:1007@voice.example.com  >;tag"),
        ("To: <sip:1007@voice.example.com>", "To: <sip:1007@voice.example.com\t>"),
        ("Contact: <sip:", "Contact: < sip:"),
    ] {
        let text = REGISTER.replacen(old, new, 1);
        assert_ne!(text, REGISTER);
        let malformed = read(&text).unwrap_err();
        assert_eq!(malformed.status, Status::BAD_REQUEST, "{new}");
        assert!(malformed.head.is_some(), "{new}");
        assert_eq!(read_leniently(&text).unwrap(), clean, "{new}");
    }
    let text = register_with("From", "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\r\n");
    refused(&text, Status::BAD_REQUEST, "From");
    let message = read_leniently(&text).unwrap();
    assert_eq!(message.from().unwrap().display.as_deref(), Some("Bell, Alexander"));
    let sent = encode(&message);
    assert!(read(&sent).is_ok(), "what is sent on is not clean");
    let response = REGISTER.replace(uri, "SIP/2.0 100");
    assert!(read(&response).is_err());
    assert_eq!(
        encode(&read_leniently(&response).unwrap()).get(..14),
        Some(&b"SIP/2.0 100 \r\n"[..])
    );
    // What moves bounds is refused all the same.
    for (old, new) in [
        ("Content-Length: 0\r\n", "Content-Length: 0\r\nl: 0\r\n"),
        ("70\r\n", "70\n"),
        ("To: <", "To: \"<"),
    ] {
        assert!(read_leniently(REGISTER.replacen(old, new, 1)).is_err(), "{new:?}");
    }
}

#[test]
fn sip_accept_12_other_versions_and_impossible_statuses() {
    for version in ["SIP/7.0", "SIP/2.1", "sip/1.0", "SIP/22.0"] {
        let text = REGISTER.replacen("SIP/2.0\r\n", &format!("{version}\r\n"), 1);
        refused(text, Status::VERSION_NOT_SUPPORTED, "start line");
    }
    for version in ["HTTP/1.1", "SIP", "SIP/2", "SIP/2.0x", "SIP/2.", "RTSP/2.0"] {
        let text = REGISTER.replacen("SIP/2.0\r\n", &format!("{version}\r\n"), 1);
        assert_eq!(read(text).unwrap_err().status, Status::BAD_REQUEST, "{version}");
    }
    assert!(read(REGISTER.replacen("SIP/2.0\r\n", "sip/2.0\r\n", 1)).is_ok());
    for status in ["99", "000", "700", "4294967301", "2000", "20", "-200", "2xx", ""] {
        let first = format!("SIP/2.0 {status} OK");
        let text = REGISTER.replacen("REGISTER sip:voice.example.com SIP/2.0", &first, 1);
        let malformed = read(&text).expect_err(status);
        assert!(malformed.head.is_none(), "a response is answered");
        let all = stream(format!("{text}{REGISTER}"));
        assert!(matches!(all.as_slice(), [Err(_), Ok(_)]), "{status}: {all:?}");
    }
    for date in ["Fri, 01 Jan 2010 16:00:00 EST", "soon"] {
        assert!(read(register_and(&format!("Date: {date}"))).is_ok());
    }
}

#[test]
fn sip_accept_13_what_is_missing_and_what_is_there_twice() {
    for (name, short) in
        [("To", "t"), ("From", "f"), ("Call-ID", "i"), ("CSeq", "CSEQ"), ("Via", "v")]
    {
        let malformed = read(register_with(&format!("{name}:"), "")).unwrap_err();
        assert_eq!((malformed.field, malformed.words.as_str()), (name, "is missing"));
        assert_eq!(malformed.head, None, "{name} is needed for an answer");
        if name != "Via" {
            let value = field(&read(REGISTER).unwrap(), &Name::of(name.into()));
            let malformed =
                refused(register_and(&format!("{short}: {value}")), Status::BAD_REQUEST, name);
            assert_eq!(malformed.words, "is there more than once");
        }
    }
    assert_eq!(read(register_with("Via", "Via: \r\n")).unwrap_err().head, None);
    assert!(read(register_with("Max-Forwards", "")).is_ok());
    for (name, value) in [
        ("Max-Forwards", "70"),
        ("Expires", "120"),
        ("Content-Type", "text/plain"),
        ("Event", "x"),
        ("Subscription-State", "active"),
        ("Min-Expires", "60"),
        ("Session-ID", "ab"),
        ("Date", "x"),
        ("Content-Id", "x"),
        ("Referred-By", "<sip:a@b.example>"),
        ("Retry-After", "5"),
        ("Subject", "x"),
    ] {
        let twice = format!("{name}: {value}\r\n{}: {value}", name.to_uppercase());
        let text = match name {
            "Max-Forwards" | "Expires" => register_and(&format!("{name}: {value}")),
            _ => register_and(&twice),
        };
        refused(text, Status::BAD_REQUEST, name);
    }
    let response = register_with("To:", "").replacen(
        "REGISTER sip:voice.example.com SIP/2.0",
        "SIP/2.0 200 OK",
        1,
    );
    assert_eq!(read(response).unwrap_err().head, None);
    let ack = REGISTER.replace("REGISTER", "ACK").replace("CSeq: 104", "CSeq: x");
    assert_eq!(read(ack).unwrap_err().head, None, "an ACK is answered");
    assert_eq!(read("hello\r\n\r\n").unwrap_err().head, None);
    assert_eq!(read("\r\n\r\n").unwrap_err().head, None);
    assert_eq!(read("").unwrap_err().head, None);
}

#[test]
fn sip_accept_14_other_schemes_are_read_and_only_a_register_needs_sip() {
    let options = REGISTER.replace("REGISTER", "OPTIONS");
    for uri in [
        "nobody-knows:opaque?content,@;x",
        "name:John_Smith",
        "soap.beep://192.0.2.103:3002",
        "tel:+1-201;x=1",
    ] {
        let message = read(options.replacen("sip:voice.example.com", uri, 1)).unwrap();
        let read_uri = Uri::read(message.request_uri().unwrap()).unwrap();
        assert!(!read_uri.is_sip());
        assert_eq!(read_uri.as_str(), uri);
        assert_eq!(read_uri.aor(), None);
    }
    let mut text = options.clone();
    for (old, new) in [
        ("To: <sip:1007@voice.example.com>", "To: <isbn:2983792873>"),
        ("\"Ada\" <sip:1007@voice.example.com>;tag", "http://www.example.com;tag"),
        ("<sip:7d0c9c2e-4be1@192.0.2.17:49622;transport=tls>", "<name:John_Smith>"),
    ] {
        assert_ne!(text.replacen(old, new, 1), text);
        text = text.replacen(old, new, 1);
    }
    let message = read(&text).unwrap();
    assert_eq!(message.to().unwrap().uri.scheme(), "isbn");
    assert_eq!(message.from().unwrap().tag(), Some("0c11f1b2a9c4"));
    let Contacts::List(contacts) = message.contacts().unwrap() else { panic!("a star") };
    assert!(!contacts[0].uri.is_sip() && contacts[0].parameters.has("+sip.instance"));
    refused(text.replace("OPTIONS", "REGISTER"), Status::BAD_REQUEST, "To");
}
