//! Messages that look strange and are none the less right.

use super::*;

/// Everything that the grammar leaves open, at once.
const STRANGE: &str = "REGISTER sip:voice.example.com;unknown=one;other SIP/2.0\r\n\
    tO :\r\n \t sip:1007@voice.example.com ;\r\n  tag   =  19f-8z\r\n\
    f   : \"A. \\\\\\\"Lovelace\\\"\\\\\"       <sip:1007@voice.example.com>\r\n  ;\r\n  tag = 98a\r\n\
    mAX-fORWARDS: 0070\r\n\
    i: strange.77f\r\n\
    cseq: 0104\r\n   REGISTER\r\n\
    vIA  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2 : 5062 ;branch=z9hG4bKa1\r\n\
    s :\r\n\
    NewThing:   one value\r\n that goes on,\r\n\tand on\r\n\
    X-Odd: ;;,,;;,;\r\n\
    rOUTE:\r\n <sip:edge.example.com;lr;with=value;without>\r\n\
    v:  SIP  / 2.0  / TCP     far.example.com   ;\r\n  branch  =   z9hG4bK9i  ,\r\n\
    \x20SIP  /    2.0   / UDP  192.0.2.255   ; branch=\r\n z9hG4bK30\r\n\
    m:\"Quoted \\\"\\\"\" <sip:1007@192.0.2.2> ; newparam =\r\n      newvalue ;\r\n  second ; q = 0.33\r\n\
    l   : 4\r\n\
    \r\nbody";

const PLAIN: &str = "REGISTER sip:voice.example.com;unknown=one;other SIP/2.0\r\n\
    To: <sip:1007@voice.example.com>;tag=19f-8z\r\n\
    From: \"A. \\\\\\\"Lovelace\\\"\\\\\" <sip:1007@voice.example.com>;tag=98a\r\n\
    Max-Forwards: 70\r\n\
    Call-ID: strange.77f\r\n\
    CSeq: 104 REGISTER\r\n\
    Via: SIP/2.0/UDP 192.0.2.2:5062;branch=z9hG4bKa1\r\n\
    Subject: \r\n\
    NewThing: one value that goes on, and on\r\n\
    X-Odd: ;;,,;;,;\r\n\
    Route: <sip:edge.example.com;lr;with=value;without>\r\n\
    Via: SIP/2.0/TCP far.example.com;branch=z9hG4bK9i\r\n\
    Via: SIP/2.0/UDP 192.0.2.255;branch=z9hG4bK30\r\n\
    Contact: \"Quoted \\\"\\\"\" <sip:1007@192.0.2.2>;newparam=newvalue;second;q=0.33\r\n\
    Content-Length: 4\r\n\
    \r\nbody";

#[test]
fn sip_accept_01_folding_case_blanks_and_short_names_change_nothing() {
    let (strange, plain) = (read(STRANGE).unwrap(), read(PLAIN).unwrap());
    assert_eq!(stream(STRANGE), [Ok(strange.clone())]);
    assert_eq!(strange.start, plain.start);
    assert_eq!(strange.body, plain.body);
    let show = |address: &NameAddress| {
        let parameters: Vec<_> =
            address.parameters.iter().map(|both| format!("{both:?}")).collect();
        (address.display.clone(), address.uri.clone(), parameters)
    };
    assert_eq!(show(&strange.from().unwrap()), show(&plain.from().unwrap()));
    assert_eq!(strange.from().unwrap().display.as_deref(), Some(r#"A. \"Lovelace"\"#));
    assert_eq!(show(&strange.to().unwrap()), show(&plain.to().unwrap()));
    assert_eq!(strange.to().unwrap().tag(), Some("19f-8z"));
    let contacts = |message: &Message| match message.contacts().unwrap() {
        Contacts::List(list) => list.iter().map(show).collect::<Vec<_>>(),
        Contacts::All => panic!("a star"),
    };
    assert_eq!(contacts(&strange), contacts(&plain));
    let vias = |message: &Message| {
        let vias = message.vias().unwrap().into_iter();
        vias.map(|via| {
            (via.transport.to_string(), via.sent_by.clone(), via.branch().unwrap().to_owned())
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(vias(&strange), vias(&plain));
    assert_eq!(vias(&strange).len(), 3);
    assert_eq!(strange.cseq(), plain.cseq());
    assert_eq!(strange.cseq().unwrap().number, 104);
    assert_eq!(strange.call_id(), plain.call_id());
    assert_eq!(strange.routes(&Name::ROUTE).unwrap(), plain.routes(&Name::ROUTE).unwrap());
    assert_eq!(field(&strange, &Name::SUBJECT), "");
    let new = Name::of("newthing".into());
    assert_eq!(field(&strange, &new), "one value that goes on, and on");
    assert_eq!(field(&strange, &Name::of("x-odd".into())), ";;,,;;,;");
    assert_eq!(strange.headers.len(), 12);
}

#[test]
fn sip_accept_02_methods_are_tokens_with_case_and_never_decoded() {
    let odd = "!odd-Method0_*+`.%25indeed'~";
    let text = REGISTER.replace("REGISTER", odd);
    let message = read(&text).unwrap();
    assert_eq!(message.method(), Some(&Method::Other(odd.into())));
    assert_eq!(message.cseq().unwrap().method.name(), odd);
    for name in ["Register", "register", "RE%47ISTER"] {
        let message = read(REGISTER.replace("REGISTER", name)).unwrap();
        assert_eq!(message.method(), Some(&Method::Other(name.into())));
        assert_ne!(message.method(), Some(&Method::Register));
    }
    refused(
        REGISTER.replace("CSeq: 104 REGISTER", "CSeq: 104 register"),
        Status::BAD_REQUEST,
        "CSeq",
    );
    assert!(read(REGISTER.replace("REGISTER", "REG(ISTER")).is_err());
}

#[test]
fn sip_accept_03_escapes_in_users_survive() {
    for user in [
        "null-%00-null",
        "%00%00",
        "sips%3Auser%40example.com",
        "%c3%a4",
        "%FE%ff",
        "a%2fb",
        "%%41",
    ] {
        let text = REGISTER.replace("7d0c9c2e-4be1@", &format!("{user}@"));
        if user == "%%41" {
            refused(text, Status::BAD_REQUEST, "Contact");
            continue;
        }
        let message = read(&text).unwrap();
        let Contacts::List(contacts) = message.contacts().unwrap() else { panic!("a star") };
        assert_eq!(contacts[0].uri.user(), Some(user));
        let again = NameAddress::parse(&contacts[0].to_string()).unwrap();
        assert_eq!(again, contacts[0]);
        let sent = encode(&message);
        assert!(
            String::from_utf8(sent.to_vec())
                .unwrap()
                .contains(&format!("<sip:{user}@192.0.2.17:49622;"))
        );
    }
}

#[test]
fn sip_accept_04_names_stand_close_and_hold_escaped_quotes() {
    let check = |from: &str, display: &str| {
        let message = read(register_with("From", &format!("From: {from}\r\n"))).unwrap();
        let read = message.from().unwrap();
        assert_eq!(read.display.as_deref(), Some(display));
        assert_eq!(read.uri.as_str(), "sip:caller@example.com");
        assert_eq!(read.tag(), Some("3"));
    };
    check("caller<sip:caller@example.com>;tag=3", "caller");
    check("\"caller\"<sip:caller@example.com>;tag=3", "caller");
    check(r#""a \"b\" \\, <c>; d" <sip:caller@example.com> ;tag=3"#, r#"a "b" \, <c>; d"#);
    check("Ada  King <sip:caller@example.com>;tag=3", "Ada  King");
    check("\"Zoë 夏\" <sip:caller@example.com>;tag=3", "Zoë 夏");
    check("Zoë <sip:caller@example.com>;tag=3", "Zoë");
    check("\"\" <sip:caller@example.com>;tag=3", "");
}

#[test]
fn sip_accept_05_long_values_and_dozens_of_vias_are_taken() {
    let long = "x".repeat(700);
    let mut lines = String::new();
    for hop in 0..60 {
        lines.push_str(&format!(
            "Via: SIP/2.0/TCP hop{hop}.example.com;branch=z9hG4bK{hop}{long}\r\n"
        ));
    }
    let half: String = lines.split_inclusive('\n').take(30).collect();
    let text = register_with("Via", &half);
    assert_eq!(read(text).unwrap().vias().unwrap().len(), 30);
    let short = lines.replace(&long, "");
    let message = read(register_with("Via", &short)).unwrap();
    assert_eq!(message.vias().unwrap().len(), 60);
    assert_eq!(message.top_via().unwrap().sent_by, HostPort::parse("hop0.example.com").unwrap());
    let one_line = short.replace("\r\nVia:", ",");
    assert_eq!(
        read(register_with("Via", &one_line)).unwrap().vias().unwrap(),
        message.vias().unwrap()
    );
    let text = REGISTER.replace("1007@", &format!("{long}@")).replace("0003-5d", &long);
    let message = read(text).unwrap();
    assert_eq!(message.to().unwrap().uri.user(), Some(long.as_str()));
    let many: String =
        (0..71).map(|hop| format!("Via: SIP/2.0/TCP hop{hop}.example.com\r\n")).collect();
    refused(register_with("Via", &many), Status::BAD_REQUEST, "Via");
}

#[test]
fn sip_accept_09_separators_in_users_unknown_transports_and_binary_bodies_are_taken() {
    let text = "OPTIONS sip:user;par=u%40example.net@example.com;strange=1;other SIP/2.0\r\n\
        Via: SIP/2.0/UNKNOWN-7 one.example.com;branch=z9hG4bK1\r\n\
        v: SIP/2.0/SCTP two.example.com;branch=z9hG4bK2, SIP/2.0/TLS-SCTP 192.0.2.3;branch=z9hG4bK3\r\n\
        To: <sip:user@example.com>\r\nFrom: sip:caller@example.org;tag=33\r\n\
        Call-ID: semi.1\r\nCSeq: 8 OPTIONS\r\nMax-Forwards: 3\r\n\
        Contact: <sip:user;par=u%40example.net@example.com>\r\n\
        Content-Type: multipart/mixed;boundary=7a9cbec0\r\nContent-Length: 9\r\n\r\n";
    let mut bytes = text.as_bytes().to_vec();
    bytes.extend_from_slice(&[0, 255, 13, 10, 13, 10, 0xC3, 0x28, 7]);
    let message = read(&bytes).unwrap();
    assert_eq!(stream(&bytes), [Ok(message.clone())]);
    assert_eq!(message.body.len(), 9);
    let uri = Uri::read(message.request_uri().unwrap()).unwrap();
    assert_eq!(uri.user(), Some("user;par=u%40example.net"));
    assert_eq!(uri.parameters().get("STRANGE"), Some("1"));
    let transports: Vec<_> =
        message.vias().unwrap().iter().map(|via| via.transport.to_string()).collect();
    assert_eq!(transports, ["UNKNOWN-7", "SCTP", "TLS-SCTP"]);
    let media = message.content_type().unwrap();
    assert!(media.is("multipart", "mixed"));
    assert_eq!(media.parameters.get("boundary"), Some("7a9cbec0"));

    let answer = |first: &str| {
        let rest = REGISTER.split_once("\r\n").unwrap().1;
        read(format!("{first}\r\n{rest}"))
    };
    let reason = |first: &str| match answer(first).unwrap().start {
        StartLine::Response { reason, .. } => reason.to_string(),
        StartLine::Request { .. } => panic!("a request"),
    };
    assert_eq!(reason("SIP/2.0 100 "), "");
    assert_eq!(reason("SIP/2.0 200 = 2**3 * 5² не скажу"), "= 2**3 * 5² не скажу");
    assert_eq!(reason("sip/2.0 200  two blanks "), " two blanks ");
    assert!(answer("SIP/2.0 100").is_err());
}
