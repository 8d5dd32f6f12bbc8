//! URIs: what they are made of, when two are the same, and such of our own.

use super::*;

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap_or_else(|bad| panic!("{text}: {bad}"))
}

#[test]
fn uris_that_name_the_same() {
    let check = |is_same: bool, one: &str, two: &str| {
        assert_eq!(uri(one).matches(&uri(two)), is_same, "{one} and {two}");
        assert_eq!(uri(two).matches(&uri(one)), is_same, "{two} and {one}");
    };
    check(
        true,
        "sip:%61lice@atlanta.example;transport=TCP",
        "sip:alice@AtlanTa.Example;Transport=tcp",
    );
    check(true, "sip:carol@chicago.example", "SIP:carol@chicago.example;newparam=5");
    check(true, "sip:carol@chicago.example;security=on", "sip:carol@chicago.example;newparam=5");
    check(
        true,
        "sip:b.example;transport=tcp;method=REGISTER?to=sip:bob%40b.example",
        "sip:b.example;method=REGISTER;transport=tcp?to=sip:bob%40b.example",
    );
    check(true, "sip:a@b.example?subject=x&priority=y", "sip:a@b.example?priority=y&Subject=x");
    check(true, "sip:a@[2001:DB8::0:1]", "sip:a@[2001:db8::1]");
    check(true, "sip:a@[::ffff:192.0.2.1]", "sip:a@192.0.2.1");
    check(true, "tel:+1-201", "TEL:+1-201");
    check(true, "sip:a%2fb@c.example", "sip:a%2Fb@c.example");
    check(false, "sip:a%2fb@c.example", "sip:a/b@c.example");
    check(false, "SIP:ALICE@a.example", "sip:alice@a.example");
    check(false, "sip:bob@b.example", "sip:bob@b.example:5060");
    check(false, "sip:bob@b.example", "sip:bob@b.example;transport=udp");
    check(false, "sip:bob@b.example", "sip:bob@b.example:6000;transport=tcp");
    check(false, "sip:carol@c.example", "sip:carol@c.example?Subject=next%20meeting");
    check(false, "sip:carol@c.example;security=on", "sip:carol@c.example;security=off");
    check(false, "sip:bob@b.example;maddr=192.0.2.1", "sip:bob@b.example");
    check(false, "sip:bob@b.example;user=phone", "sip:bob@b.example");
    check(false, "sip:bob@b.example", "sips:bob@b.example");
    check(false, "sip:bob@phone21.b.example", "sip:bob@192.0.2.4");
    check(false, "sip:bob:secret@b.example", "sip:bob@b.example");
    check(false, "sip:%2561@b.example", "sip:a@b.example");
    check(false, "tel:+1", "sip:+1@b.example");
}

#[test]
fn addresses_of_record_have_one_form() {
    let check = |text: &str, aor: &str| assert_eq!(uri(text).aor().as_deref(), Some(aor), "{text}");
    check("sip:1007@Voice.Example.COM", "sip:1007@voice.example.com");
    check("SIPS:1007:pw@voice.example.com:5061;transport=tls?x=y", "sip:1007@voice.example.com");
    check("sip:%31007@voice.example.com.:5060", "sip:1007@voice.example.com");
    check("sip:1007@voice.example.com:6000", "sip:1007@voice.example.com:6000");
    check("sip:%2531@voice.example.com", "sip:%2531@voice.example.com");
    check("sip:a%00b%3a%40@h.example", "sip:a%00b%3A%40@h.example");
    check("sip:a@[2001:DB8:0::1]:5060", "sip:a@[2001:db8::1]");
    check("sip:a@[::ffff:192.0.2.9]", "sip:a@192.0.2.9");
    check("sip:voice.example.com", "sip:voice.example.com");
    assert_ne!(uri("sip:Ada@h.example").aor(), uri("sip:ada@h.example").aor());
}

#[test]
fn hosts_that_are_none_are_refused() {
    for good in [
        "a.example",
        "a",
        "a.example.",
        "x-1.b_2.c3",
        "1a.b",
        "192.0.2.1",
        "[::]",
        "[::1]",
        "a.example:0005060",
    ] {
        assert!(HostPort::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        ".",
        "a..b",
        "-a.example",
        "a-.example",
        "a.1",
        "1",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.1.1",
        "192.0.02.1",
        "a b",
        "a.example:",
        "a.example:x",
        "a.example:70000",
        "a.example:-1",
        "é.example",
        "a/b",
        "[1.2.3.4]",
        "[a.example]",
        "[::1]x",
    ] {
        assert!(HostPort::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(HostPort::parse("A.Example:5070").unwrap().to_string(), "a.example:5070");
    assert_eq!(Host::parse("[::1]").unwrap().address(), Some("::1".parse().unwrap()));
    assert!(Host::parse("a.example:1").is_err());
}

#[test]
fn uris_of_our_own_escape_what_they_must() {
    let host = HostPort::parse("[2001:db8::7]:5061").unwrap();
    let built =
        Uri::build(true, Some("a@b;c d\r\n%é"), &host, &[("x y", Some("1;2=\"3\"")), ("lr", None)])
            .unwrap();
    assert_eq!(
        built.as_str(),
        "sips:a%40b%3Bc%20d%0D%0A%25%C3%A9@[2001:db8::7]:5061;x%20y=1%3B2%3D%223%22;lr"
    );
    assert_eq!(built.host_port(), Some(&host));
    assert!(built.is_secure() && built.parameters().has("lr"));
    assert_eq!(Uri::build(false, Some(""), &host, &[]).unwrap().user(), None);
    assert!(Uri::build(false, None, &host, &[("a", None), ("A", None)]).is_err());
    let evil = HostPort { host: Host::Name("a\r\nVia: x".into()), port: None };
    assert!(Uri::build(false, None, &evil, &[]).is_err());
}
