//! Parts: what phones send, what has two readings, what costs too much.

use bytes::Bytes;

use super::super::multipart::{
    BadMultipart, CONTENT_TYPE, CONTENT_TYPE_UNSAID, HEAD_BYTES_MAX, OPTIONAL, PARTS_MAX, Part,
    bodies, is_multipart, parts, write,
};
use super::super::{BYTES_MAX, REQUEST_TYPE, Unsendable};
use super::{kept, kept_parts};

fn read(content_type: &str, body: &str) -> Result<Vec<Part>, BadMultipart> {
    parts(content_type, &Bytes::copy_from_slice(body.as_bytes()))
}

fn plain(body: &str) -> Part {
    Part::new(CONTENT_TYPE_UNSAID, Bytes::copy_from_slice(body.as_bytes()))
}

/// The parts of a body whose boundary is `b`.
#[track_caller]
fn check(body: &str, expected: &[&str]) {
    let expected: Vec<_> = expected.iter().map(|body| plain(body)).collect();
    assert_eq!(read("multipart/mixed;boundary=b", body), Ok(expected), "{body:?}");
}

#[track_caller]
fn check_refused(body: &str, expected: BadMultipart) {
    assert_eq!(read("multipart/mixed;boundary=b", body), Err(expected), "{body:?}");
}

#[test]
fn what_a_phone_registers_with_is_taken_apart() {
    let (content_type, body) = kept_parts(kept!("register.part"));
    let found = parts(&content_type, &body).unwrap();
    assert_eq!(found.len(), 2);
    for part in &found {
        assert_eq!(part.media_type(), REQUEST_TYPE);
        assert_eq!(part.disposition.as_deref(), Some(OPTIONAL));
        assert!(part.body.starts_with(b"<?xml"), "{part:?}");
        assert!(
            part.body.ends_with(b"</x-cisco-remotecc-request>")
                || part.body.ends_with(b"</x-cisco-remotecc-request>\n"),
            "{part:?}"
        );
    }
    let (content_type, body) = kept_parts(kept!("register-lf-quoted.part"));
    let again = parts(&content_type, &body).unwrap();
    assert_eq!(again, found, "with LF alone, another boundary in quotes, no last line end");
}

#[test]
fn one_body_is_one_part_with_the_messages_content_id() {
    let body = Bytes::from_static(b"<x/>");
    let expected = Part { id: Some("1@a".to_owned()), ..Part::new("a/b;c=d", body.clone()) };
    assert_eq!(bodies(" a/b;c=d", Some(" <1@a> "), &body), Ok(vec![expected.clone()]));
    assert_eq!(bodies("a/b;c=d", Some("1@a"), &body), Ok(vec![expected]));
    assert_eq!(bodies("a/b", None, &body), Ok(vec![Part::new("a/b", body)]));
    let (content_type, body) = kept_parts(kept!("press.part"));
    assert_eq!(bodies(&content_type, Some("<1@a>"), &body), parts(&content_type, &body));
    let large = Bytes::from(vec![b'x'; BYTES_MAX + 1]);
    assert_eq!(bodies("a/b", None, &large), Err(BadMultipart::TooLarge));
}

#[test]
fn parts_within_a_part_stand_in_its_place() {
    let (content_type, body) = kept_parts(kept!("nested.part"));
    let mut reset = plain("action=reset");
    reset.id = Some("a@b".to_owned());
    assert_eq!(parts(&content_type, &body), Ok(vec![plain("plain"), reset]));
}

#[test]
fn a_third_level_is_refused() {
    let third = "--c\r\n\r\nx\r\n--c--";
    let second = format!("--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n{third}\r\n--b--");
    let first = format!("--a\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n{second}\r\n--a--");
    assert_eq!(read("multipart/mixed;boundary=a", &first), Err(BadMultipart::TooDeep));
    assert_eq!(read("multipart/mixed;boundary=b", &second), Ok(vec![plain("x")]));
}

#[test]
fn line_ends_belong_to_the_boundary_and_the_rest_to_the_part() {
    check("--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", &["one", "two"]);
    check("--b\n\none\n--b\n\ntwo\n--b--", &["one", "two"]);
    check("--b\r\n\r\none\r\n\r\n--b--", &["one\r\n"]);
    check("--b\r\n\r\none\rmore\r\n--b--", &["one\rmore"]);
    check("before\r\n--b  \t\r\n\r\none\r\n--b-- \r\nafter --b\r\n", &["one"]);
    check("--b\r\n\r\n--b--", &[""]);
    check("--b\r\n--b\r\n\r\n\r\n--b--", &["", ""]);
    check("--b\r\n\r\n --b\r\n-b\r\nx--b\r\n--b--", &[" --b\r\n-b\r\nx--b"]);
}

#[test]
fn a_boundary_that_goes_on_is_refused_since_readers_differ() {
    check_refused("--b\r\n\r\none\r\n--bc\r\n--b--", BadMultipart::Ambiguous);
    check_refused("--b\r\n\r\none\r\n--b--x\r\n", BadMultipart::Ambiguous);
    check_refused("--b\r\n\r\none\r\n--b\rmore\r\n--b--", BadMultipart::Ambiguous);
    let inner =
        "--b\r\nContent-Type: multipart/mixed;boundary=bb\r\n\r\n--bb\r\n\r\nx\r\n--bb--\r\n--b--";
    check_refused(inner, BadMultipart::Ambiguous);
}

#[test]
fn what_has_no_end_is_refused() {
    check_refused("", BadMultipart::Unclosed);
    check_refused("no boundary at all", BadMultipart::Unclosed);
    check_refused("--b\r\n\r\none", BadMultipart::Unclosed);
    check_refused("--b\r\n\r\none\r\n--b\r\n", BadMultipart::Unclosed);
    check_refused("--b--\r\n", BadMultipart::Empty);
}

#[test]
fn fields_are_folded_without_case_and_once() {
    let body = "--b\r\ncontent-TYPE : a/b;\r\n\tc=d\r\nX-Other: 1\r\nContent-ID: x\r\n\
                content-transfer-encoding: 8BIT\r\n\r\n1\r\n--b--";
    let found = read("multipart/mixed;boundary=b", body).unwrap();
    let expected = Part { id: Some("x".to_owned()), ..Part::new("a/b; c=d", "1".into()) };
    assert_eq!(found, [expected]);
    let refused = [
        "Content-Type: a/b\r\nContent-Type: a/c",
        "Content-Id: <a>\r\ncontent-id: <b>",
        " folded: first",
        "no colon",
        ": no name",
        "Content-Type: a\0b",
    ];
    for head in refused {
        check_refused(&format!("--b\r\n{head}\r\n\r\n1\r\n--b--"), BadMultipart::Field);
    }
    let packed = "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--b--";
    check_refused(packed, BadMultipart::Encoding);
    let long = format!("--b\r\nX: {}\r\n\r\n1\r\n--b--", "x".repeat(HEAD_BYTES_MAX));
    check_refused(&long, BadMultipart::Field);
}

#[test]
fn boundaries_are_read_from_the_content_type_and_nowhere_else() {
    let body = "--b c\r\n\r\n1\r\n--b c--";
    for usable in [
        "multipart/mixed;boundary=\"b c\"",
        "Multipart/Mixed ; charset=utf-8 ; Boundary = \"b c\"",
        "multipart/mixed;a=\"x;boundary=no\";boundary=\"b \\c\"",
    ] {
        assert!(is_multipart(usable), "{usable}");
        assert_eq!(read(usable, body), Ok(vec![plain("1")]), "{usable}");
    }
    let long = format!("multipart/mixed;boundary={}", "x".repeat(71));
    for unusable in [
        "multipart/mixed",
        "multipart/mixed;",
        "multipart/mixed;boundary",
        "multipart/mixed;boundary=",
        "multipart/mixed;boundary=\"\"",
        "multipart/mixed;boundary=\"b c",
        "multipart/mixed;boundary=\"b \"",
        "multipart/mixed;boundary=b;boundary=c",
        "multipart/mixed;boundary=b\"c\"",
        "multipart/mixed;boundary=\"b\"c",
        "multipart/mixed;boundary=\"b\u{e9}\"",
        "text/plain;boundary=b",
        &long,
    ] {
        assert_eq!(read(unusable, body), Err(BadMultipart::Boundary), "{unusable}");
    }
}

#[test]
fn more_parts_than_sixteen_and_more_bytes_than_64_kib_are_refused() {
    let many = |count: usize| format!("{}--b--", "--b\r\n\r\nx\r\n".repeat(count));
    check(&many(PARTS_MAX), &["x"; PARTS_MAX]);
    check_refused(&many(PARTS_MAX + 1), BadMultipart::TooManyParts);
    // Parts that hold others count too.
    let inner =
        "Content-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c\r\n\r\ny\r\n--c--";
    let nested = format!("{}--b--", format!("--b\r\n{inner}\r\n").repeat(6));
    check_refused(&nested, BadMultipart::TooManyParts);
    let large = format!("--b\r\n\r\n{}\r\n--b--", "x".repeat(BYTES_MAX));
    check_refused(&large, BadMultipart::TooLarge);
}

#[test]
fn parts_are_written_byte_for_byte() {
    let mut second = Part::new("text/plain", "action=reset\r\n".into());
    second.id = Some("0badcafe".to_owned());
    second.disposition = Some(OPTIONAL.to_owned());
    let written = write(&[Part::new(REQUEST_TYPE, "<x/>".into()), second.clone()]).unwrap();
    let expected = "--uniqueBoundary\r\n\
        Content-Type: application/x-cisco-remotecc-request+xml\r\n\r\n\
        <x/>\r\n\
        --uniqueBoundary\r\n\
        Content-Type: text/plain\r\n\
        Content-Id: <0badcafe>\r\n\
        Content-Disposition: session;handling=optional\r\n\r\n\
        action=reset\r\n\r\n\
        --uniqueBoundary--\r\n";
    assert_eq!(written, expected);
    let read = parts(CONTENT_TYPE, &written).unwrap();
    assert_eq!(read[1], second);
}

#[test]
fn a_part_that_would_end_itself_or_break_its_fields_is_not_written() {
    let body = |text: &'static str| write(&[Part::new("text/plain", text.into())]);
    assert_eq!(body("--uniqueBoundary"), Err(Unsendable::Boundary));
    assert_eq!(body("x\n--uniqueBoundary--"), Err(Unsendable::Boundary));
    assert_eq!(body("x\r--uniqueBoundaryx"), Err(Unsendable::Boundary));
    assert!(body("x --uniqueBoundary").is_ok());
    let fields = |change: fn(&mut Part)| {
        let mut part = plain("x");
        change(&mut part);
        write(&[part])
    };
    let odd = Err(Unsendable::ControlCharacter);
    assert_eq!(fields(|part| part.content_type = "a/b\r\nX: 1".to_owned()), odd);
    assert_eq!(fields(|part| part.id = Some("a\0".to_owned())), odd);
    assert_eq!(fields(|part| part.disposition = Some("a\n".to_owned())), odd);
    let long = Err(Unsendable::TooLarge);
    assert_eq!(fields(|part| part.id = Some("x".repeat(HEAD_BYTES_MAX))), long);
    assert_eq!(write(&[Part::new("a/b", "x".repeat(BYTES_MAX).into())]), long);
    assert_eq!(write(&[]), Err(Unsendable::Parts));
    assert_eq!(write(&vec![plain("x"); PARTS_MAX + 1]), Err(Unsendable::Parts));
}
