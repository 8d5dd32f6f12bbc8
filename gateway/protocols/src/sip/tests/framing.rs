//! Where messages begin and end.

use proptest::prelude::*;

use super::*;

fn with_body(length: &str, body: &str) -> String {
    let text = register_with("Content-Length", length);
    format!("{text}{body}")
}

#[test]
fn sip_accept_06_a_datagram_ends_where_its_length_says() {
    let message =
        read(with_body("Content-Length: 4\r\n", "bodyREGISTER sip:x SIP/2.0\r\n\r\n")).unwrap();
    assert_eq!(message.body, "body");
    refused(with_body("Content-Length: 5\r\n", "body"), Status::BAD_REQUEST, "Content-Length");
    let message = read(with_body("", "all of this")).unwrap();
    assert_eq!(message.body, "all of this");
    assert_eq!(read(with_body("", "")).unwrap().body, "");
    let message = read(with_body("l : 0004\r\n", "body")).unwrap();
    assert_eq!(message.body, "body");
    assert_eq!(read(format!("\r\n\r\n{REGISTER}")).unwrap(), read(REGISTER).unwrap());
}

#[test]
fn sip_accept_07_a_message_comes_whole_however_the_stream_is_cut() {
    let first = with_body("Content-Length: 31\r\n", "\r\n\r\nOPTIONS sip:a SIP/2.0\r\n\r\n\r\n");
    let second = REGISTER.replace("104 REGISTER", "105 REGISTER");
    let wanted = [read(&first).unwrap(), read(&second).unwrap()];
    let bytes = format!("{first}{second}").into_bytes();
    assert_eq!(stream(&bytes), wanted.clone().map(Ok));
    for at in 0..=bytes.len() {
        let mut decoder = Decoder::new(Limits::default());
        let mut read = Vec::new();
        for piece in [&bytes[..at], &bytes[at..]] {
            decoder.feed(piece);
            loop {
                match decoder.next().unwrap() {
                    Cut::More => break,
                    Cut::Message(message) => read.push(message),
                    other => panic!("{other:?}"),
                }
            }
            let is_between = at == first.len() || at == 0 || read.len() == 2;
            assert_eq!(decoder.is_begun(), !is_between, "cut at {at}");
        }
        assert_eq!(read, wanted, "cut at {at}");
        assert_eq!(decoder.room_bytes(), 0, "an idle connection costs something");
    }
    let mut decoder = Decoder::new(Limits::default());
    let mut read = Vec::new();
    for byte in &bytes {
        decoder.feed(&[*byte]);
        if let Cut::Message(message) = decoder.next().unwrap() {
            read.push(message);
        }
    }
    assert_eq!(read, wanted);
}

#[test]
fn sip_accept_08_a_length_that_is_none_ends_the_stream() {
    let hidden = "BYE sip:victim@voice.example.com SIP/2.0\r\nContent-Length: 0\r\n\r\n";
    for length in [
        "Content-Length: -4\r\n",
        "Content-Length: +4\r\n",
        "Content-Length: four\r\n",
        "Content-Length: 0x4\r\n",
        "Content-Length: 4 4\r\n",
        "Content-Length: 4,4\r\n",
        "Content-Length: 4;x=1\r\n",
        "Content-Length:\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nl: 40\r\n",
        "content-length : 4\r\nL:4\r\n",
        "Content-Length: 4\r\n 0\r\n",
        "Content-Length: 99999999999999999999999999\r\n",
        "Content-Length: 18446744073709551620\r\n",
        "Content-Length: 65537\r\n",
        "",
    ] {
        let text = with_body(length, hidden);
        let all = stream(format!("{text}{REGISTER}"));
        let [Err(malformed)] = all.as_slice() else { panic!("{length:?} gave {all:?}") };
        assert!(malformed.framing_is_lost, "{length:?}");
        let too_large = length.contains("65537");
        let wanted = if too_large { Status::ENTITY_TOO_LARGE } else { Status::BAD_REQUEST };
        assert_eq!(malformed.status, wanted, "{length:?}");
        assert!(malformed.head.is_some(), "{length:?}");
        let response = text.replacen("REGISTER sip:voice.example.com SIP/2.0", "SIP/2.0 200 OK", 1);
        let all = stream(response);
        let [Err(malformed)] = all.as_slice() else { panic!("{length:?} gave {all:?}") };
        assert!(malformed.framing_is_lost && malformed.head.is_none());
        if !length.is_empty() {
            assert!(read(with_body(length, hidden)).is_err(), "{length:?} in a datagram");
        }
    }
}

#[test]
fn a_field_that_cannot_be_read_leaves_the_stream_whole() {
    let bad = with_body("Content-Length: 4\r\n", "body").replace("Contact: <", "Contact: <<");
    let all = stream(format!("{bad}{REGISTER}"));
    let [Err(malformed), Ok(message)] = all.as_slice() else { panic!("{all:?}") };
    assert!(!malformed.framing_is_lost);
    assert_eq!(malformed.field, "Contact");
    assert_eq!(message, &read(REGISTER).unwrap());
}

#[test]
fn line_ends_between_messages_are_pings_and_pongs() {
    let cuts = |decoder: &mut Decoder, bytes: &str| {
        decoder.feed(bytes.as_bytes());
        let mut all = String::new();
        loop {
            match decoder.next().unwrap() {
                Cut::More => return all,
                Cut::Ping => all.push_str("ping "),
                Cut::Pong => all.push_str("pong "),
                Cut::Message(_) => all.push_str("message "),
            }
        }
    };
    let mut decoder = Decoder::new(Limits::default());
    assert_eq!(cuts(&mut decoder, "\r\n\r\n"), "ping ");
    assert_eq!(cuts(&mut decoder, &format!("\r\n\r\n{REGISTER}\r\n\r\n")), "ping message ping ");
    assert_eq!(cuts(&mut decoder, &format!("\r\n{REGISTER}")), "pong message ");
    // Cut in two, and byte by byte.
    assert_eq!(cuts(&mut decoder, "\r\n"), "pong ");
    assert_eq!(cuts(&mut decoder, "\r\n"), "ping ");
    for (byte, wanted) in [("\r", ""), ("\n", "pong "), ("\r", ""), ("\n", "ping ")] {
        assert_eq!(cuts(&mut decoder, byte), wanted);
    }
    assert!(!decoder.is_begun());
    // Answers to pings of ours are no halves of pings.
    for _ in 0..3 {
        decoder.pinged();
        assert_eq!(cuts(&mut decoder, "\r\n"), "pong ");
    }
    assert_eq!(cuts(&mut decoder, "\r\n\r"), "");
    assert!(decoder.is_begun());
    assert_eq!(cuts(&mut decoder, "\n"), "ping ");
    assert!(is_keep_alive(b"\r\n\r\n") && is_keep_alive(&[0, 0]) && !is_keep_alive(b"\r\nA"));
}

#[test]
fn limits_hold_to_the_byte() {
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let check = |text: &str, limits: &Limits, status: Status, field: &str| {
        let malformed = datagram(&Bytes::copy_from_slice(text.as_bytes()), limits).unwrap_err();
        assert_eq!((malformed.status, malformed.field), (status, field), "{malformed}");
        let mut decoder = Decoder::new(*limits);
        decoder.feed(text.as_bytes());
        let malformed = decoder.next().unwrap_err();
        assert_eq!((malformed.status, malformed.field), (status, field), "{malformed}");
    };
    let taken = |text: &str, limits: &Limits| {
        let message = datagram(&Bytes::copy_from_slice(text.as_bytes()), limits);
        let mut decoder = Decoder::new(*limits);
        for byte in text.bytes() {
            decoder.feed(&[byte]);
            if let Cut::Message(streamed) = decoder.next().unwrap() {
                assert_eq!(Ok(streamed), message);
            }
        }
        message.unwrap();
        assert!(!decoder.is_begun());
    };
    let first_line = "REGISTER sip:voice.example.com SIP/2.0".len();
    assert_eq!(first_line, 38);
    taken(REGISTER, &limits(|limits| limits.start_line_bytes = 38));
    check(
        REGISTER,
        &limits(|limits| limits.start_line_bytes = 37),
        Status::URI_TOO_LONG,
        "Request-URI",
    );
    let response = REGISTER.replace("REGISTER sip:voice.example.com SIP/2.0", "SIP/2.0 200 OK");
    check(
        &response,
        &limits(|limits| limits.start_line_bytes = 9),
        Status::BAD_REQUEST,
        "start line",
    );
    let longest = REGISTER.split("\r\n").map(str::len).max().unwrap();
    let mut exact = Limits { line_bytes: longest, head_bytes: REGISTER.len(), ..Limits::default() };
    taken(REGISTER, &exact);
    exact.line_bytes -= 1;
    check(REGISTER, &exact, Status::BAD_REQUEST, "header field");
    exact.head_bytes -= 1;
    check(REGISTER, &exact, Status::MESSAGE_TOO_LARGE, "head");
    taken(REGISTER, &limits(|limits| limits.fields = 10));
    check(REGISTER, &limits(|limits| limits.fields = 9), Status::BAD_REQUEST, "header fields");
    let body = with_body("Content-Length: 4\r\n", "body");
    taken(&body, &limits(|limits| limits.body_bytes = 4));
    check(&body, &limits(|limits| limits.body_bytes = 3), Status::ENTITY_TOO_LARGE, "body");
    let contacts =
        |count: usize| register_and(&vec!["Contact: <sip:a@b.example>"; count].join("\r\n"));
    taken(&contacts(15), &Limits::default());
    check(&contacts(16), &Limits::default(), Status::BAD_REQUEST, "Contact");
    let routes = |count: usize| {
        register_and(&format!("Path: {}", vec!["<sip:p.example;lr>"; count].join(", ")))
    };
    taken(&routes(32), &Limits::default());
    check(&routes(33), &Limits::default(), Status::BAD_REQUEST, "Path");
    // Nothing is waited for that will be refused: neither the rest of a line, of a head, nor a body.
    for (text, status) in [
        ("R sip:".to_owned() + &"x".repeat(4100), Status::URI_TOO_LONG),
        (register_and(&format!("X: 1\r\nY: {}", "y".repeat(33_000))), Status::MESSAGE_TOO_LARGE),
        (register_with("Content-Length", "Content-Length: 70000\r\n"), Status::ENTITY_TOO_LARGE),
    ] {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(text.as_bytes());
        assert_eq!(decoder.next().unwrap_err().status, status);
    }
}

#[test]
fn lines_end_with_cr_lf_and_hold_no_control_characters() {
    for (text, what) in [
        (REGISTER.replace("70\r\nFrom", "70\nFrom"), "a bare LF"),
        (REGISTER.replace("70\r\nFrom", "70\rFrom"), "a bare CR"),
        (REGISTER.replace("Ada", "A\0da"), "a NUL"),
        (REGISTER.replace("Ada", "A\x08da"), "a backspace"),
        (REGISTER.replace("Ada", "A\x7fda"), "a delete"),
        (REGISTER.replace("Max-Forwards: 70", "Max-Forwards 70"), "a line without a colon"),
        (REGISTER.replace("Max-Forwards: 70", ": 70"), "a line without a name"),
        (REGISTER.replace("Max-Forwards: 70", "Max Forwards: 70"), "a name with a blank"),
        (REGISTER.replace("Max-Forwards: 70", "Max-Forwards: 70\r\n \t"), "a line of blanks"),
        (REGISTER.replace("SIP/2.0\r\n", "SIP/2.0\r\n more\r\n"), "a continued first line"),
    ] {
        let malformed = read(&text).expect_err(what);
        assert_eq!(malformed.status, Status::BAD_REQUEST);
        let all = stream(format!("{text}{REGISTER}"));
        let [Err(malformed)] = all.as_slice() else { panic!("{what}: {all:?}") };
        assert!(malformed.framing_is_lost, "{what}");
    }
    let mut bytes = REGISTER.replace("Ada", "A?da").into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
    bytes[at] = 0xFF;
    assert_eq!(read(&bytes).unwrap_err().words, "has a head that is no UTF-8");
}

fn any_value() -> impl Strategy<Value = String> {
    "[ -~äé夏]{0,40}".prop_map(|text| text.trim().to_owned())
}

prop_compose! {
    pub(super) fn any_message()(
        others in prop::collection::vec(("[A-Za-z][A-Za-z0-9!%*_+`'~.-]{1,14}", any_value()), 0..8),
        user in "[A-Za-z0-9_.!~*'()&=+$,;?/-]{1,20}",
        tag in "[A-Za-z0-9.!%*_+`'~-]{1,20}",
        display in any_value(),
        number in 0..=CSeq::NUMBER_MAX,
        body in prop::collection::vec(any::<u8>(), 0..200),
        is_response in any::<bool>(),
    ) -> Message {
        let mut message = read(REGISTER).unwrap();
        if is_response {
            let status = Status::new(100 + (number % 600) as u16).unwrap();
            message.start = StartLine::Response { status, reason: display.clone().into() };
        }
        let host = HostPort::parse("voice.example.com").unwrap();
        let uri = Uri::build(false, Some(&user), &host, &[("transport", Some("tls"))]).unwrap();
        let parameters = Parameters::default().with("tag", Some(&tag)).unwrap();
        let from = NameAddress { display: Some(display), uri, parameters };
        message.headers.set(Name::FROM, from.value().unwrap());
        let method = message.cseq().unwrap().method;
        message.headers.set(Name::CSEQ, CSeq { number, method }.value().unwrap());
        for (name, value) in others {
            let name = Name::of(name.as_str().into());
            if matches!(name, Name::Other(_)) {
                message.headers.push(name, Value::new(value).unwrap());
            }
        }
        message.body = body.into();
        message
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(message in any_message()) {
        let bytes = encode(&message);
        prop_assert_eq!(datagram(&bytes, &Limits::default()), Ok(message.clone()));
        prop_assert_eq!(stream(&bytes), vec![Ok(message)]);
        prop_assert_eq!(encode(&datagram(&bytes, &Limits::default()).unwrap()), bytes);
    }

    #[test]
    fn sip_accept_07_any_messages_cut_into_any_pieces_are_the_same(
        messages in prop::collection::vec(any_message(), 1..4),
        sizes in prop::collection::vec(1usize..400, 1..40),
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(|message| encode(message).to_vec()).collect();
        let mut decoder = Decoder::new(Limits::default());
        let mut read = Vec::new();
        let mut rest = bytes.as_slice();
        for size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            decoder.feed(piece);
            loop {
                match decoder.next().unwrap() {
                    Cut::More => break,
                    Cut::Message(message) => read.push(message),
                    other => panic!("{other:?}"),
                }
            }
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(read, messages);
    }
}
