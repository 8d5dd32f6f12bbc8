//! Exact bytes of worked messages, limits, and what a plain reading of the grammar gives back.

use proptest::prelude::*;

use super::*;

fn message(text: &str, parameters: &[(&str, &str)]) -> Message {
    let parameter = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    Message {
        severity: Severity::Warning,
        microseconds: 1_065_910_455_003_000,
        id: "listener".to_owned(),
        parameters: parameters.iter().map(parameter).collect(),
        text: text.to_owned(),
    }
}

fn origin() -> Origin {
    Origin::new("gw-a.example.com", "jackfield", "4711")
}

fn envelope(bytes_max: usize) -> Envelope {
    let element = ElementId::private("jackfield", DOCUMENTATION_ENTERPRISE);
    Envelope { facility: Facility::LOCAL0, element, bytes_max }
}

fn encoded(message: &Message) -> String {
    String::from_utf8(encode(message, &origin(), &envelope(DATAGRAM_BYTES_MAX))).unwrap()
}

#[test]
fn ops_02_a_syslog_message_has_exactly_these_bytes() {
    assert_eq!(
        encoded(&message("a connection was not accepted", &[("listener", "phone")])),
        "<132>1 2003-10-11T22:14:15.003000Z gw-a.example.com jackfield 4711 listener \
         [jackfield@32473 listener=\"phone\"] \u{feff}a connection was not accepted"
    );
    assert_eq!(
        encoded(&message("Grüße", &[])),
        "<132>1 2003-10-11T22:14:15.003000Z gw-a.example.com jackfield 4711 listener - \
         \u{feff}Grüße"
    );
    let nothing = Message { id: String::new(), ..message("", &[]) };
    let nobody = Origin::new("", "", "");
    assert_eq!(
        encode(&nothing, &nobody, &envelope(DATAGRAM_BYTES_MAX)),
        b"<132>1 2003-10-11T22:14:15.003000Z - - - - -"
    );
}

#[test]
fn values_are_escaped_and_control_characters_shown() {
    let text = encoded(&message("one\ntwo\t\u{85}", &[("why", "a \"b\" [c] \\d\r\n")]));
    assert!(text.contains(r#"why="a \"b\" [c\] \\d#015#012"]"#), "{text}");
    assert!(text.ends_with("\u{feff}one#012two#011#205"), "{text}");
}

#[test]
fn what_a_header_or_a_name_may_not_carry_is_replaced() {
    let origin = Origin::new("gw ä", "jack\nfield", &"9".repeat(200));
    let odd = Message { id: "m".repeat(40), ..message("x", &[("a=b]\" ü", "1"), ("", "2")]) };
    let text = String::from_utf8(encode(&odd, &origin, &envelope(2_048))).unwrap();
    let expected = format!(" gw__ jack_field {} {} ", "9".repeat(128), "m".repeat(32));
    assert!(text.contains(&expected), "{text}");
    assert!(text.contains("[jackfield@32473 a_b____=\"1\" _=\"2\"]"), "{text}");
}

#[test]
fn the_name_of_the_element_keeps_its_number() {
    assert_eq!(ElementId::private("jackfield", 32_473).as_str(), "jackfield@32473");
    assert_eq!(ElementId::private("a@b", 1).as_str(), "a_b@1");
    let long = ElementId::private(&"n".repeat(50), u32::MAX);
    assert_eq!(long.as_str(), format!("{}@4294967295", "n".repeat(21)));
}

#[test]
fn facility_and_severity_make_the_priority() {
    assert_eq!(Facility::new(24), None);
    let highest = Facility::new(23).unwrap();
    assert_eq!(highest.priority(Severity::Debug), 191);
    assert_eq!(Facility::new(0).unwrap().priority(Severity::Emergency), 0);
    assert_eq!(Facility::LOCAL0.priority(Severity::Error), 131);
}

#[test]
fn a_long_message_is_cut_between_characters() {
    let long = message(&"ü".repeat(5_000), &[("a", &"\"".repeat(5_000)), ("b", "kept")]);
    let bytes = encode(&long, &origin(), &envelope(600));
    assert!(bytes.len() <= 600 && bytes.len() > 595, "{}", bytes.len());
    let text = String::from_utf8(bytes).unwrap();
    // The parameter that does not fit is left out whole.
    assert!(text.contains("[jackfield@32473 b=\"kept\"] \u{feff}üü"), "{text}");
    // A limit below the least one counts as that.
    assert_eq!(encode(&long, &origin(), &envelope(0)), encode(&long, &origin(), &envelope(512)));
}

#[test]
fn times_are_written_by_the_calendar() {
    let of = |microseconds| timestamp::timestamp(microseconds);
    assert_eq!(of(0), "1970-01-01T00:00:00.000000Z");
    assert_eq!(of(-1), "1969-12-31T23:59:59.999999Z");
    assert_eq!(of(951_782_400_000_000), "2000-02-29T00:00:00.000000Z");
    assert_eq!(of(1_709_251_199_123_456), "2024-02-29T23:59:59.123456Z");
    assert_eq!(of(4_107_542_400_000_000), "2100-03-01T00:00:00.000000Z");
    assert_eq!(of(253_402_300_799_999_999), "9999-12-31T23:59:59.999999Z");
    assert_eq!(of(253_402_300_800_000_000), "-");
    assert_eq!(of(i64::MIN), "-");
    assert_eq!(of(i64::MAX), "-");
}

#[test]
fn both_framings_say_where_a_message_ends() {
    let mut out = Vec::new();
    Framing::OctetCounting.push(&mut out, b"<1>1 a");
    Framing::OctetCounting.push(&mut out, b"<1>1 bcde");
    assert_eq!(out, b"6 <1>1 a9 <1>1 bcde");
    out.clear();
    Framing::Newline.push(&mut out, b"<1>1 a\nb");
    Framing::Newline.push(&mut out, b"<1>1 c");
    assert_eq!(out, b"<1>1 a b\n<1>1 c\n");
}

/// The parts of a message.
struct Read {
    priority: u8,
    header: Vec<String>,
    parameters: Vec<(String, String)>,
    words: Option<String>,
}

/// Reads a message plainly by the grammar.
fn read(bytes: &[u8]) -> Read {
    let text = std::str::from_utf8(bytes).unwrap();
    let (priority, rest) = text.strip_prefix('<').unwrap().split_once(">1 ").unwrap();
    let mut words = rest.splitn(6, ' ');
    let header: Vec<_> = words.by_ref().take(5).map(str::to_owned).collect();
    assert!(header.iter().all(|it| !it.is_empty() && it.chars().all(|it| it.is_ascii_graphic())));
    let mut rest = words.next().unwrap();
    let mut parameters = Vec::new();
    if let Some(after) = rest.strip_prefix('-') {
        rest = after;
    } else {
        rest = rest.strip_prefix("[jackfield@32473").unwrap();
        while let Some(after) = rest.strip_prefix(' ') {
            let (name, after) = after.split_once("=\"").unwrap();
            let mut value = String::new();
            let mut characters = after.char_indices();
            let end = loop {
                match characters.next().unwrap() {
                    (_, '\\') => value.push(characters.next().unwrap().1),
                    (at, '"') => break at,
                    (_, ']') => panic!("a bracket that is not escaped in {after}"),
                    (_, other) => value.push(other),
                }
            };
            parameters.push((name.to_owned(), value));
            rest = &after[end + 1..];
        }
        rest = rest.strip_prefix(']').unwrap();
    }
    let words = match rest.strip_prefix(" \u{feff}") {
        Some(words) => Some(words.to_owned()),
        None => {
            assert_eq!(rest, "");
            None
        }
    };
    Read { priority: priority.parse().unwrap(), header, parameters, words }
}

/// A text of any characters but controls, which are not given back as they were.
fn plain() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace(char::is_control, ""))
}

proptest! {
    #[test]
    fn what_fits_is_read_again(
        text in plain(),
        values in prop::collection::vec(("[a-z.]{1,32}", plain()), 0..5),
        facility in 0_u8..=23,
    ) {
        let sent = Message { parameters: values.clone(), ..message(&text, &[]) };
        let envelope = Envelope { facility: Facility::new(facility).unwrap(), ..envelope(100_000) };
        let Read { priority, header, parameters, words } = read(&encode(&sent, &origin(), &envelope));
        prop_assert_eq!(priority, facility * 8 + 4);
        prop_assert_eq!(&header[1..], ["gw-a.example.com", "jackfield", "4711", "listener"]);
        prop_assert_eq!(parameters, values);
        prop_assert_eq!(words, Some(text).filter(|text| !text.is_empty()));
    }

    #[test]
    fn anything_gives_one_line_within_the_limit(
        text in any::<String>(),
        times in 1_usize..200,
        parameters in prop::collection::vec((any::<String>(), any::<String>()), 0..20),
        host in any::<String>(),
        microseconds in any::<i64>(),
        bytes_max in 0_usize..4_000,
    ) {
        let text = text.repeat(times);
        let id = host.clone();
        let severity = Severity::Debug;
        let sent = Message { severity, microseconds, id, parameters, text };
        let origin = Origin::new(&host.repeat(9), &host, &host);
        let bytes = encode(&sent, &origin, &envelope(bytes_max));
        prop_assert!(bytes.len() <= bytes_max.max(BYTES_MIN));
        prop_assert!(!bytes.iter().any(|byte| *byte < 32 || *byte == 127));
        read(&bytes);
    }
}
