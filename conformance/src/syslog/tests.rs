//! The examples of RFC 5424, and messages that break one rule each.

use serde_json::{Value, json};

use super::framing::{Framing, Stream};
use super::message::parse;

#[test]
fn the_examples_of_the_standard_are_read() {
    let first = "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' \
                 failed for lonvick on /dev/pts/8";
    let read = parse(first.as_bytes()).unwrap();
    assert_eq!((&read["facility"], &read["severity"]), (&json!(4), &json!(2)));
    assert_eq!(read["procid"], Value::Null);
    assert_eq!(read["text"], "'su root' failed for lonvick on /dev/pts/8");
    assert_eq!(read["byte_order_mark"], true);
    let second = b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time";
    assert_eq!(parse(second).unwrap()["byte_order_mark"], false);
    let third = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 \
                 [exampleSDID@32473 iut=\"3\" eventSource=\"Application\"]\
                 [examplePriority@32473 class=\"high\"]";
    let read = parse(third.as_bytes()).unwrap();
    assert_eq!(
        read["structured_data"]["exampleSDID@32473"][1],
        json!(["eventSource", "Application"])
    );
    assert_eq!(read["text"], Value::Null);
    assert_eq!(read["structured_data"]["examplePriority@32473"][0], json!(["class", "high"]));
    let escaped = r#"<0>1 - - - - - [a@1 b="\"\]\\ü"]"#;
    let read = parse(escaped.as_bytes()).unwrap();
    assert_eq!(read["structured_data"]["a@1"][0], json!(["b", "\"]\\ü"]));
}

#[test]
fn each_broken_rule_is_found() {
    let time = "2024-02-29T00:00:00Z";
    let broken = [
        ("34>1 - - - - - -".to_owned(), "PRI"),
        ("<192>1 - - - - - -".to_owned(), "above 191"),
        ("<034>1 - - - - - -".to_owned(), "leading zero"),
        ("<>1 - - - - - -".to_owned(), "one to three digits"),
        ("<34>2 - - - - - -".to_owned(), "VERSION"),
        ("<34> 1 - - - - - -".to_owned(), "VERSION"),
        ("<34>1 - - - - -".to_owned(), "MSGID does not end"),
        ("<34>1 2023-02-29T00:00:00Z - - - - -".to_owned(), "no time"),
        ("<34>1 2024-02-29T00:00:60Z - - - - -".to_owned(), "no time"),
        ("<34>1 2024-02-29t00:00:00Z - - - - -".to_owned(), "TIMESTAMP"),
        ("<34>1 2024-02-29T00:00:00.1234567Z - - - - -".to_owned(), "TIMESTAMP"),
        ("<34>1 2024-02-29T00:00:00 - - - - -".to_owned(), "TIMESTAMP"),
        (format!("<34>1 {time} - {} - - -", "a".repeat(49)), "APP-NAME"),
        (format!("<34>1 {time} - - {} - -", "a".repeat(129)), "PROCID"),
        (format!("<34>1 {time} - - - {} -", "a".repeat(33)), "MSGID"),
        (format!("<34>1 {time} gw\u{e4} - - - -"), "HOSTNAME"),
        (format!("<34>1 {time}  - - - -"), "HOSTNAME"),
        (format!("<34>1 {time} - - - - [own a=\"1\"]"), "not registered"),
        (format!("<34>1 {time} - - - - [own@x a=\"1\"]"), "enterprise number"),
        (format!("<34>1 {time} - - - - [a@1][a@1]"), "twice"),
        (format!("<34>1 {time} - - - - [a@1 b=\"]\"]"), "not escaped"),
        (format!("<34>1 {time} - - - - [a@1 b=\"\\n\"]"), "escapes nothing"),
        (format!("<34>1 {time} - - - - [a@1 b=\"1\""), "does not end with ]"),
        (format!("<34>1 {time} - - - - [a@1 {}=\"1\"]", "n".repeat(33)), "PARAM-NAME"),
        (format!("<34>1 {time} - - - - [a@1 b=\"\t\"]"), "control characters"),
        (format!("<34>1 {time} - - - - x"), "neither nil nor an element"),
        (format!("<34>1 {time} - - - - -x"), "no space"),
        (format!("<34>1 {time} - - - - - a\nb"), "control characters"),
    ];
    for (message, expected) in broken {
        let breach = parse(message.as_bytes()).unwrap_err();
        assert!(breach.contains(expected), "{message}: {breach}");
    }
    let breach = parse(b"<34>1 - - - - - - \xef\xbb\xbf\xff").unwrap_err();
    assert!(breach.contains("not UTF-8"), "{breach}");
}

#[test]
fn both_framings_are_told_apart() {
    let mut stream = Stream::new(false);
    stream.push(b"3 <1>");
    stream.push(b"5 <2>\n1");
    assert_eq!(stream.next(), Ok(Some((Framing::OctetCounting, b"<1>".to_vec()))));
    assert_eq!(stream.next(), Ok(Some((Framing::OctetCounting, b"<2>\n1".to_vec()))));
    assert_eq!(stream.next(), Ok(None));
    stream.push(b"<3> x\n<4>");
    assert_eq!(stream.next(), Ok(Some((Framing::Newline, b"<3> x".to_vec()))));
    assert_eq!(stream.next(), Ok(None));
    assert!(stream.is_within());
}

#[test]
fn broken_frames_are_found() {
    for (bytes, counting_only, expected) in [
        (b"<1>1\n".as_slice(), true, "over TLS"),
        (b"05 <1>", false, "neither"),
        (b"12x", false, "no space"),
        (b"1234567 ", false, "too many digits"),
        (b"999999 ", false, "longer"),
    ] {
        let mut stream = Stream::new(counting_only);
        stream.push(bytes);
        let breach = stream.next().unwrap_err();
        assert!(breach.contains(expected), "{breach}");
    }
}
