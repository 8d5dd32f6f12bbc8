//! Headers: who, to whom, about what, when, and who vouches for it.

use super::*;

fn from(header: &str) -> Option<Address> {
    read_text(&format!("{header}\n\nx")).from
}

#[test]
fn the_first_from_counts_and_a_second_is_told() {
    let read = read_text("From: Ann <ann@example.com>\nFrom: Boss <boss@example.org>\n\nx");
    assert_eq!(read.from, Some(named("Ann", "ann@example.com")));
    assert!(read.has_several_from);
    assert!(!read_text("From: Ann <ann@example.com>\n\nx").has_several_from);
}

#[test]
fn senders_are_read_the_way_they_are_written() {
    for (header, name, address) in [
        ("From: ann@example.com", "", "ann@example.com"),
        ("From: <ann@EXAMPLE.com>", "", "ann@example.com"),
        ("From: \"Customer, Ann\" <ann@example.com>", "Customer, Ann", "ann@example.com"),
        ("From: Customer, Ann <ann@example.com>", "Customer, Ann", "ann@example.com"),
        ("From: Ann <@relay.example,@b.example:ann@example.com>", "Ann", "ann@example.com"),
        ("From: =?utf-8?Q?J=C3=BCrgen?= <j@example.com>", "Jürgen", "j@example.com"),
        ("From: =?iso-8859-1?Q?a=0D=0ABcc=3A_x?= <j@example.com>", "a Bcc: x", "j@example.com"),
        ("From: =?utf-8?B?4oCuQW5u4oCs?= <j@example.com>", "Ann", "j@example.com"),
        ("From: =?utf-8?Q?a=40b=2Eexample?= <j@example.com>", "a@b.example", "j@example.com"),
        ("from : Ann\n <ann@example.com>", "Ann", "ann@example.com"),
        ("From: nobody, Ann <ann@example.com>, b@example.com", "nobody, Ann", "ann@example.com"),
    ] {
        assert_eq!(from(header), Some(named(name, address)), "{header}");
    }
    for header in [
        "From: Ann <>",
        "From: nothing at all",
        "From:",
        "X: y",
        "From: ann@",
        "From: @example.com",
        "From: ann@exa mple.com@",
        "From: a..b@example.com",
        "From: <ann@-example.com>",
    ] {
        assert_eq!(from(header), None, "{header}");
    }
}

#[test]
fn raw_bytes_in_headers_are_windows_1252_or_utf_8() {
    let read =
        read(b"From: M\xFCller <m@example.com>\r\nSubject: Gr\xFC\xDFe \x80\r\n\r\nx", &options());
    assert_eq!(read.from, Some(named("Müller", "m@example.com")));
    assert_eq!(read.subject, "Grüße €");
    assert_eq!(read_text("Subject: Grüße\n\nx").subject, "Grüße");
}

#[test]
fn subjects_are_one_line_without_what_hides() {
    for (header, subject) in [
        ("Subject: =?utf-8?Q?a=0D=0ABcc:_x@y.example?=", "a Bcc: x@y.example"),
        ("Subject: a\n\tb\n c", "a b c"),
        ("Subject: =?utf-8?B?YQBi?=", "ab"),
        ("Subject: =?utf-8?Q?=E2=80=AEa?=", "a"),
        ("Subject: =?gb2312?B?xOO6ww==?=", "你好"),
        ("Subject: =?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("Subject: =?broken", "=?broken"),
        ("Subject:", ""),
    ] {
        assert_eq!(read_text(&format!("{header}\n\nx")).subject, subject, "{header}");
    }
}

#[test]
fn recipients_come_from_all_fields_and_groups() {
    let read = read_text(
        "To: a@example.com, Team: b@example.com, C <c@example.com>;\nTo: d@example.com\n\
         Cc: undisclosed-recipients:;\n\nx",
    );
    let to: Vec<_> = read.to.iter().map(|to| to.address.as_str()).collect();
    assert_eq!(to, ["a@example.com", "b@example.com", "c@example.com", "d@example.com"]);
    assert!(read.cc.is_empty());
}

#[test]
fn the_date_is_the_senders() {
    let at = |date: &str| read_text(&format!("Date: {date}\n\nx")).sent_at_seconds;
    assert_eq!(at("Mon, 3 Mar 2025 10:11:12 +0100"), Some(1_740_993_072));
    assert_eq!(at("3 Mar 2025 09:11:12 GMT (comment)"), Some(1_740_993_072));
    assert_eq!(at("yesterday"), None);
    assert_eq!(at(""), None);
}

#[test]
fn a_header_without_end_or_with_rubbish_keeps_what_is_readable() {
    let read = read_text("From ann Mon Mar 3\nSubject: a\nrubbish\nFrom: b@example.com\n\ntext");
    assert_eq!((read.subject.as_str(), read.text.as_str()), ("a", "text"));
    assert_eq!(read.from, Some(named("", "b@example.com")));
    let read = read_text("Subject: a\nHello Ann,\nthis is text");
    assert_eq!((read.subject.as_str(), read.text.as_str()), ("a", "Hello Ann,\nthis is text"));
    let read = read_text("Subject: only this\n");
    assert_eq!(read.subject, "only this");
    assert_eq!(read.notices, [Notice::NoText]);
    for nothing in ["", "\n", "\n\n\n"] {
        let read = read_text(nothing);
        assert_eq!(read.notices, [Notice::Unreadable, Notice::NoText]);
    }
    let read = super::read(&[0xFF, 0xD8, 0x00, 0x01, 0x02], &options());
    assert!(read.notices.contains(&Notice::Unreadable));
}

fn told(header: &str) -> (Option<Authentication>, bool) {
    let read = read_text(&format!("{header}\nFrom: ann@example.com\n\nx"));
    (read.authentication, read.is_unverified)
}

#[test]
fn only_the_topmost_results_of_the_configured_server_count() {
    let (results, is_unverified) = told(
        "Authentication-Results: other.example; dmarc=pass\n\
         Authentication-Results: MX.example.org (comment; dmarc=pass) 1;\n dkim=fail header.d=a; \
         dkim=pass header.d=b; spf=softfail (x) smtp.mailfrom=c; dmarc=fail (p=reject) action=none\n\
         Authentication-Results: mx.example.org; dmarc=pass",
    );
    let results = results.unwrap();
    assert_eq!((results.dmarc.as_str(), results.spf.as_str()), ("fail", "softfail"));
    assert_eq!((results.dkim.as_str(), is_unverified), ("pass", true));
    let forged = told("Authentication-Results: sender.example; dmarc=pass");
    assert_eq!(forged, (None, false));
    assert!(!told("Authentication-Results: mx.example.org; dmarc=pass").1);
    let mail = "Authentication-Results: mx.example.org; dmarc=fail\nFrom: a@example.com\n\nx";
    assert_eq!(read(mail.as_bytes(), &ReadOptions::default()).authentication, None);
}

#[test]
fn one_of_us_from_outside_needs_proof() {
    let is_unverified = |results: &str| {
        let mail = format!(
            "Authentication-Results: mx.example.org; {results}\nFrom: Boss <boss@example.org>\n\nx"
        );
        read_text(&mail).is_unverified
    };
    assert!(is_unverified("dmarc=none") && is_unverified("spf=pass smtp.mailfrom=evil.example"));
    assert!(!is_unverified("dmarc=pass"));
}

/// Results as the server writes them, one sender unless others are given: proven, unverified.
fn judged(results: &str, from: &str) -> (bool, bool) {
    let mail = format!("Authentication-Results: mx.example.org; {results}\n{from}\n\nx");
    let read = read_text(&mail);
    (read.is_proven, read.is_unverified)
}

#[test]
fn mail_16_only_the_policy_of_the_only_senders_domain_proves_a_mail() {
    let ann = "From: Ann <ann@Example.com>";
    for (results, from, judgement) in [
        ("dmarc=pass header.from=example.com", ann, (true, false)),
        ("dmarc = pass (p=reject) header.From=EXAMPLE.COM; spf=fail", ann, (true, false)),
        ("dmarc=pass header.from=ann@example.com", ann, (true, false)),
        ("dmarc=pass", ann, (false, false)),
        ("dmarc=pass header.from=evil.example", ann, (false, true)),
        ("dmarc=pass header.from=example.com header.from=evil.example", ann, (false, false)),
        ("dmarc=pass header.from=sub.example.com", ann, (false, true)),
        ("dmarc=pass header.from=\"example.com\"", ann, (false, true)),
        ("dmarc=pass header.from=(x)example.com", ann, (false, true)),
        ("dmarc=none header.from=example.com", ann, (false, false)),
        ("spf=fail; dmarc=none", ann, (false, true)),
        ("spf=fail; dkim=pass; dmarc=none", ann, (false, false)),
        ("spf=softfail", ann, (false, false)),
        ("none", ann, (false, false)),
        // Two senders.
        (
            "dmarc=pass header.from=evil.example",
            "From: ann@example.com, b@evil.example",
            (false, true),
        ),
        (
            "dmarc=pass header.from=example.com",
            "From: ann@example.com, b@evil.example",
            (false, true),
        ),
        (
            "dmarc=pass header.from=evil.example",
            "From: ann@example.com\nFrom: b@evil.example",
            (false, true),
        ),
        (
            "dmarc=pass header.from=example.com",
            "From: ann@example.com\nFrom: b@evil.example",
            (false, true),
        ),
        (
            "dmarc=pass header.from=example.com",
            "From: Customer, Ann <ann@example.com>",
            (false, false),
        ),
        ("dmarc=pass header.from=example.com", "To: b@example.org", (false, true)),
    ] {
        assert_eq!(judged(results, from), judgement, "{results} {from}");
    }
    // The server says nothing.
    let read = read_text(&format!("{ann}\n\nx"));
    assert_eq!((read.is_proven, read.is_unverified), (false, false));
    let mail = format!("Authentication-Results: mx.example.org\n{MX_PASS}{ann}\n\nx");
    assert!(!read_text(&mail).is_proven, "what stands below came with the mail");
    // Nobody is asked.
    let read = super::read(format!("{MX_PASS}{ann}\n\nx").as_bytes(), &ReadOptions::default());
    assert_eq!((read.is_proven, read.is_unverified), (false, false));
}

const MX_PASS: &str =
    "Authentication-Results: mx.example.org; dmarc=pass header.from=example.com\n";

#[test]
fn mail_16_what_a_stranger_wrote_within_the_results_is_no_result() {
    let pass = "dmarc=pass header.from=example.com";
    let fail = "dmarc=fail header.from=example.com";
    for results in [
        format!("spf=pass smtp.mailfrom=\"x; {pass}\"@evil.example; {fail}"),
        format!("spf=pass smtp.mailfrom=\"a(\"@evil.example; {fail}"),
        format!("spf=pass smtp.mailfrom=\"a\\\"; {pass}; \"@evil.example; {fail}"),
        format!("spf=pass (sender \\) ; {pass}; (\"nested\") ) smtp.mailfrom=a; {fail}"),
        format!("spf=pass smtp.helo=evil\\; {fail}"),
        // A server that leaves out the quotes.
        format!("spf=pass smtp.mailfrom=x; {pass} @evil.example; {fail}"),
        // Quotes and brackets that never end hide nothing.
        format!("spf=pass smtp.mailfrom=\"x@evil.example; {fail}"),
        format!("{pass}; spf=pass (x; {fail}"),
    ] {
        assert_eq!(judged(&results, "From: ann@example.com"), (false, true), "{results}");
    }
    // And a good one survives them.
    let results = format!("spf=pass smtp.mailfrom=\"x; {fail}\"@example.com (a;\"); {pass}");
    assert_eq!(judged(&results, "From: ann@example.com"), (true, false));
}

#[test]
fn mail_04_what_an_agent_types_is_an_address_or_why_not() {
    for (typed, name, bare) in [
        (" ann@example.com ", "", "ann@example.com"),
        ("Ann Example <ann@Example.COM>", "Ann Example", "ann@example.com"),
        (
            "\"Example, \\\"Ann\\\"\" <ann+tag@example.com>",
            "Example, \"Ann\"",
            "ann+tag@example.com",
        ),
        ("ann@münchen.example", "", "ann@münchen.example"),
        ("\"odd one\"@example.com", "", "\"odd one\"@example.com"),
    ] {
        assert_eq!(address(typed), Ok(named(name, bare)), "{typed}");
    }
    for (typed, error) in [
        ("", InvalidAddress::Missing),
        ("Ann <>", InvalidAddress::Missing),
        ("ann", InvalidAddress::NoDomain),
        ("ann@", InvalidAddress::NoDomain),
        ("a b@example.com", InvalidAddress::Local),
        (".a@example.com", InvalidAddress::Local),
        ("a@exa_mple..com", InvalidAddress::Domain),
        ("a@[127.0.0.1]", InvalidAddress::Domain),
        ("a@example.com\r\nBcc: b@example.com", InvalidAddress::Several),
        ("a@example.com, B <b@example.com>", InvalidAddress::Several),
        ("a@example.com,b@example.com", InvalidAddress::Local),
    ] {
        assert_eq!(address(typed), Err(error), "{typed}");
    }
    assert_eq!(address(&format!("{}@example.com", "a".repeat(65))), Err(InvalidAddress::TooLong));
}
