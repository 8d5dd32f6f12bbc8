//! Which proxies are believed, in which form, and under which names they may present us.

use http::HeaderValue;
use serde_json::json;

use super::*;

const BASE: &str = "https://gw-a.example:8445";

/// The form that is believed.
#[derive(Clone, Copy)]
enum Form {
    X,
    Standard,
}
use Form::{Standard, X};

/// Compares address and base for a connection from `from`, with 10.0.0.0/8 trusted to name us
/// phones.example, phones.example:8443 and old-phones.example:8082.
#[track_caller]
fn check(form: Form, from: &str, fields: &[(&'static str, &str)], expected: (&str, &str)) {
    let names = ["phones.example", "Phones.example:8443", "old-phones.example:8082"];
    check_with(&names, form, from, fields, expected);
}

#[track_caller]
fn check_with(
    public_names: &[&str],
    form: Form,
    from: &str,
    fields: &[(&'static str, &str)],
    expected: (&str, &str),
) {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    let config = json!({
        "name": "gw-a.example",
        "state_directory": "/nowhere",
        "trusted_proxies": ["10.0.0.0/8", "fd00::/8"],
        "forwarded_fields": match form { X => "x_forwarded", Standard => "forwarded" },
        "public_names": public_names,
    });
    let config = Config::read(config, std::path::Path::new("/")).unwrap();
    let peer = Proxies::configured(&config).peer(from.parse().unwrap(), &headers, BASE);
    assert_eq!((peer.address.to_string().as_str(), peer.base.as_str()), expected, "{fields:?}");
}

#[test]
fn ops_14_only_trusted_proxies_are_believed() {
    let fields = [("x-forwarded-for", "192.0.2.9"), ("x-forwarded-host", "phones.example")];
    check(X, "192.0.2.1", &fields, ("192.0.2.1", BASE));
    let forwarded = [("forwarded", "for=192.0.2.9;host=phones.example")];
    check(Standard, "192.0.2.1", &forwarded, ("192.0.2.1", BASE));
    check(X, "10.0.0.1", &[], ("10.0.0.1", BASE));
    check(X, "::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.9")], ("192.0.2.9", BASE));
}

#[test]
fn ops_14_the_form_that_the_proxy_does_not_set_is_never_believed() {
    let spoofed = "for=127.0.0.1;proto=http;host=phones.example";
    let both = [("forwarded", spoofed), ("x-forwarded-for", "192.0.2.9")];
    check(X, "10.0.0.1", &both, ("192.0.2.9", BASE));
    check(X, "10.0.0.1", &[("forwarded", spoofed)], ("10.0.0.1", BASE));
    let both = [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "phones.example"),
        ("forwarded", "for=192.0.2.9"),
    ];
    check(Standard, "10.0.0.1", &both, ("192.0.2.9", BASE));
    check(Standard, "10.0.0.1", &both[..2], ("10.0.0.1", BASE));
}

#[test]
fn ops_14_hops_are_read_from_the_nearest() {
    check(X, "10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 192.0.2.9")], ("192.0.2.9", BASE));
    check(X, "10.0.0.1", &[("x-forwarded-for", "192.0.2.9, 10.0.0.2")], ("192.0.2.9", BASE));
    let two = [("forwarded", "for=1.1.1.1"), ("forwarded", "for=192.0.2.9")];
    check(Standard, "10.0.0.1", &two, ("192.0.2.9", BASE));
    let quoted = [("forwarded", "for=\"[2001:db8::9]:4711\"")];
    check(Standard, "fd00::1", &quoted, ("2001:db8::9", BASE));
    check(X, "10.0.0.1", &[("x-forwarded-for", "nonsense")], ("10.0.0.1", BASE));
    check(X, "10.0.0.1", &[("x-forwarded-for", "192.0.2.9, _hidden")], ("10.0.0.1", BASE));
}

#[test]
fn ops_14_quotation_marks_left_open_swallow_no_proxys_word() {
    let appended = [("forwarded", "for=127.0.0.1;x=\", for=192.0.2.9")];
    check(Standard, "10.0.0.1", &appended, ("10.0.0.1", BASE));
    let quoted = [("forwarded", "for=127.0.0.1;x=\", for=\"[2001:db8::9]\"")];
    check(Standard, "10.0.0.1", &quoted, ("10.0.0.1", BASE));
    let apart = [("forwarded", "for=127.0.0.1;x=\""), ("forwarded", "for=192.0.2.9")];
    check(Standard, "10.0.0.1", &apart, ("192.0.2.9", BASE));
}

#[test]
fn ops_14_a_trusted_proxy_says_under_which_url_we_are_reached() {
    let forwarded = "for=192.0.2.9;proto=http;host=\"old-phones.example:8082\"";
    let expected = ("192.0.2.9", "http://old-phones.example:8082");
    check(Standard, "10.0.0.1", &[("forwarded", forwarded)], expected);
    let with = |more: &[(&'static str, &'static str)], base: &str| {
        let mut fields = vec![("x-forwarded-for", "192.0.2.9")];
        fields.extend_from_slice(more);
        check(X, "10.0.0.1", &fields, ("192.0.2.9", base));
    };
    let (scheme, host, port) = ("x-forwarded-proto", "x-forwarded-host", "x-forwarded-port");
    let named = [(scheme, "https"), (host, "Phones.example"), (port, "8443")];
    with(&named, "https://phones.example:8443");
    with(&[(scheme, "http"), (host, "phones.example"), (port, "80")], "http://phones.example");
    with(&[(scheme, "http"), ("host", "phones.example:80")], "http://phones.example:80");
    with(&[(scheme, "http"), ("host", "old-phones.example:8082")], expected.1);
    for bad in ["a b", "a/b", "a\"b", "<x>", "user@host", "[", ""] {
        with(&[(scheme, "http"), (host, bad), ("host", "phones.example")], BASE);
    }
    with(&[(scheme, "javascript"), (host, "phones.example")], BASE);
    with(&[(host, "phones.example"), (port, "x")], BASE);
}

#[test]
fn ops_14_a_url_is_believed_only_under_a_public_name() {
    let fields = |host: &'static str| {
        [
            ("x-forwarded-for", "192.0.2.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", host),
        ]
    };
    check_with(&[], X, "10.0.0.1", &fields("gw-a.example"), ("192.0.2.9", BASE));
    check_with(&[], X, "10.0.0.1", &fields("phones.example"), ("192.0.2.9", BASE));
    for host in ["evil.example", "phones.example:8444", "phones.example.evil.example"] {
        check(X, "10.0.0.1", &fields(host), ("192.0.2.9", BASE));
    }
    let forwarded = [("forwarded", "for=192.0.2.9;proto=https;host=evil.example")];
    check(Standard, "10.0.0.1", &forwarded, ("192.0.2.9", BASE));
    let sent =
        [("x-forwarded-for", "192.0.2.9"), ("x-forwarded-proto", "http"), ("host", "evil.example")];
    check(X, "10.0.0.1", &sent, ("192.0.2.9", BASE));
}

#[test]
fn ops_14_what_is_there_twice_or_without_a_client_is_not_believed() {
    let (scheme, host) = ("x-forwarded-proto", "x-forwarded-host");
    check(X, "10.0.0.1", &[(scheme, "https"), (host, "phones.example")], ("10.0.0.1", BASE));
    let client = ("x-forwarded-for", "192.0.2.9");
    for fields in [
        vec![client, (host, "evil.example, phones.example")],
        vec![client, (host, "phones.example"), (host, "phones.example")],
        vec![client, (scheme, "http, https"), (host, "phones.example")],
    ] {
        check(X, "10.0.0.1", &fields, ("192.0.2.9", BASE));
    }
}
