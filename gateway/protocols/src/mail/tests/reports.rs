//! Automatic mail, and reports about mails of ours.

use super::*;

fn automatic(header: &str) -> Option<Automatic> {
    read_text(&format!("{header}\nFrom: ann@example.com\n\nx")).automatic
}

#[test]
fn mail_16_mail_of_programs_is_told_by_its_signs() {
    for (header, why) in [
        ("Auto-Submitted: auto-replied", Automatic::AutoSubmitted),
        ("Auto-Submitted: Auto-Generated (rejected)", Automatic::AutoSubmitted),
        ("Return-Path: <>", Automatic::EmptyReturnPath),
        ("Precedence: Bulk", Automatic::Precedence),
        ("Precedence: junk", Automatic::Precedence),
        ("Precedence: auto_reply", Automatic::Precedence),
        ("X-Auto-Response-Suppress: DR, OOF", Automatic::ResponsesSuppressed),
        ("X-Auto-Response-Suppress: All", Automatic::ResponsesSuppressed),
        ("X-Autoreply: yes", Automatic::AutoReply),
        ("X-Autorespond:", Automatic::AutoReply),
        ("List-Unsubscribe: <http://x/>", Automatic::List),
        ("List-Id: <a.b>", Automatic::List),
        (
            "Content-Type: multipart/report; boundary=a\nX: y\n\n--a\n\nx\n--a--\n\n",
            Automatic::Report,
        ),
    ] {
        assert_eq!(automatic(header), Some(why), "{header}");
    }
    for header in [
        "X: y",
        "Auto-Submitted: no",
        "Auto-Submitted: No (really)",
        "Return-Path: <ann@example.com>",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: None",
        "X-Auto-Response-Suppress: DR",
        "X-Autoreply: no",
        "Feedback-ID: 1",
    ] {
        assert_eq!(automatic(header), None, "{header}");
    }
    for (from, why) in [
        ("MAILER-DAEMON@mx.example.com", Automatic::SystemSender),
        ("Postmaster <postmaster@example.com>", Automatic::SystemSender),
        ("Service <SERVICE@example.org>", Automatic::Own),
        ("help+1@example.org", Automatic::Own),
    ] {
        assert_eq!(read_text(&format!("From: {from}\n\nx")).automatic, Some(why), "{from}");
    }
}

const STATUS: &str = "Return-Path: <>\nFrom: mailer-daemon@mx.example.com\nIn-Reply-To: <other@x>\n\
    Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n--r\n\nIt failed.\n--r\n\
    Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ann@example.com\n\
    Action: Failed\nStatus: 5.1.1 (no)\nDiagnostic-Code: smtp; 550 no\n such user\n\n\
    Original-Recipient: rfc822;bob@example.com\nFinal-Recipient: rfc822; bob@inside.example\nAction: delayed\n\
    Status: 4.4.1\n--r\n";

#[test]
fn a_bounce_names_the_mail_and_who_did_not_get_it() {
    for returned in [
        "Content-Type: message/rfc822\n\nMessage-ID: <out@example.org>\nSubject: a\n\ntext",
        "Content-Type: text/rfc822-headers\n\nSubject: a\nMessage-ID: <out@example.org>\n",
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nTWVzc2FnZS1JRDogPG91dEBleGFtcGxlLm9yZz4NCg0KeA==",
    ] {
        let read = read_text(&format!("{STATUS}{returned}\n--r--\n"));
        let bounce = read.bounce.unwrap();
        assert_eq!(
            (bounce.kind, bounce.original.as_deref()),
            (BounceKind::Delivery, Some("out@example.org"))
        );
        assert!(bounce.is_failure());
        let recipients: Vec<_> = bounce
            .recipients
            .iter()
            .map(|it| {
                (it.recipient.as_str(), it.action, it.status.as_str(), it.diagnostic.as_str())
            })
            .collect();
        assert_eq!(
            recipients,
            [
                ("ann@example.com", Action::Failed, "5.1.1", "550 no such user"),
                ("bob@example.com", Action::Delayed, "4.4.1", ""),
            ]
        );
        assert_eq!(read.automatic, Some(Automatic::Report));
        assert_eq!(read.text, "It failed.");
    }
    let numbered = |number: &str| {
        let returned = format!("Content-Type: text/rfc822-headers\n\nX-Jackfield-Id: {number}\n");
        read_text(&format!("{STATUS}{returned}\n--r--\n")).bounce.unwrap().own_number
    };
    assert_eq!(numbered("00ff").as_deref(), Some("00ff"));
    assert_eq!((numbered("0 f"), numbered(""), numbered(&"0".repeat(65))), (None, None, None));
    let without = read_text(&format!("{STATUS}Content-Type: image/png\n\nx\n--r--\n"));
    assert_eq!(without.bounce.unwrap().original.as_deref(), Some("other@x"));
    let in_text = STATUS
        .replace("In-Reply-To: <other@x>\n", "")
        .replace("It failed.", "It failed.\n> message-id: <told@example.org>");
    assert_eq!(read_text(&in_text).bounce.unwrap().original.as_deref(), Some("told@example.org"));
}

#[test]
fn a_notice_of_reading_is_a_report_too() {
    let read = read_text(
        "From: ann@example.com\nContent-Type: multipart/report; report-type=disposition-notification; boundary=r\n\n\
         --r\n\nread\n--r\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;ann@example.com\n\
         Original-Message-ID: <out@example.org>\nDisposition: manual-action/MDN-sent-manually; displayed/error\n--r--\n",
    );
    let bounce = read.bounce.unwrap();
    assert_eq!(
        (bounce.kind, bounce.original.as_deref()),
        (BounceKind::Disposition, Some("out@example.org"))
    );
    assert_eq!(bounce.recipients[0].action, Action::Displayed);
    assert!(!bounce.is_failure());
    assert_eq!(read_text("From: ann@example.com\n\nx").bounce, None);
}

/// As servers write that send no report: what they say, then the header of the mail that they give back.
const QMAIL: &str = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n\n\
    Hi. This is the mail program at mx.example.net. I could not deliver your mail.\n\n\
    <ann@example.com>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 no such user\n\n\
    --- Here is a copy of it.\n\nReturn-Path: <service@example.org>\nReceived: from a (5.9.9)\n\
    From: service@example.org\nTo: ann@example.com\nMessage-ID: <out@example.org>\n\nDear Ann\n";
const EXIM: &str = "Return-path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.example.net>\n\
    X-Failed-Recipients: ann@example.com, bob@example.com\nAuto-Submitted: auto-replied\n\
    Subject: Mail delivery failed\n\nA mail that you sent could not be delivered to:\n\n  ann@example.com\n    \
    the mailbox is full\n\n------ Its header ------\n\nReceived: from a\nMessage-Id:\n <out@example.org>\n\
    Subject: Re: x\n";
const LATE: &str = "Return-Path: <>\nFrom: postmaster@mx.example.net\nSubject: late\n\n\
    WARNING: MESSAGE DELAYED\n    ann@example.com\n4.4.7 (later)\n\n> Message-ID: <out@example.org>\n";

#[test]
fn mail_16_a_server_that_writes_no_report_is_understood_where_it_quotes_the_mail() {
    for (mail, recipients, action, status) in [
        (QMAIL, &["ann@example.com"][..], Action::Failed, "5.1.1"),
        (EXIM, &["ann@example.com", "bob@example.com"], Action::Failed, ""),
        (LATE, &["ann@example.com"], Action::Delayed, "4.4.7"),
    ] {
        let bounce = read_text(mail).bounce.unwrap_or_else(|| panic!("no bounce: {mail}"));
        assert_eq!(bounce.original.as_deref(), Some("out@example.org"), "{mail}");
        assert!(!bounce.is_report && bounce.kind == BounceKind::Delivery);
        let named: Vec<_> = bounce.recipients.iter().map(|it| it.recipient.as_str()).collect();
        assert_eq!(named, recipients, "{mail}");
        assert_eq!(
            (bounce.recipients[0].action, bounce.recipients[0].status.as_str()),
            (action, status)
        );
        assert_eq!(bounce.own_number, None);
    }
    let numbered = QMAIL.replace("To: ann", "X-Jackfield-Id: 00ff\nTo: ann");
    assert_eq!(read_text(&numbered).bounce.unwrap().own_number.as_deref(), Some("00ff"));
}

/// A bounce that somebody passes on with words of their own is what they say, and its parts are files.
#[test]
fn mail_01_a_report_among_other_parts_is_passed_on_by_somebody() {
    for kind in [
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "multipart/report; report-type=delivery-status; boundary=i",
    ] {
        let mail = format!(
            "From: ann@example.com\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\nWhat does this mean?\n\
             --o\nContent-Type: {kind}\n\n--i\nContent-Type: message/delivery-status\n\n\
             Final-Recipient: rfc822; bob@example.com\nAction: failed\nDisposition: automatic; displayed\n--i--\n\
             --o\nContent-Type: message/rfc822\n\nMessage-ID: <out@example.org>\n\nx\n--o--\n"
        );
        let read = read_text(&mail);
        assert_eq!((&read.bounce, read.automatic), (&None, None), "{kind}");
        assert_eq!(read.text, "What does this mean?", "{kind}");
        assert_eq!(read.attachments.len(), 2, "{kind}");
    }
}

#[test]
fn mail_16_no_sign_alone_makes_a_mail_a_bounce() {
    let without = |gone: &str, instead: &str| {
        assert!(QMAIL.contains(gone));
        QMAIL.replace(gone, instead)
    };
    for mail in [
        // Somebody who answers by hand.
        without("Return-Path: <>\n", "Return-Path: <postmaster@mx.example.net>\n"),
        without("Return-Path: <>\n", ""),
        // An absence notice, which quotes.
        without("From: MAILER-DAEMON@mx.example.net", "From: ann@example.com"),
        without("From: MAILER-DAEMON@mx.example.net\n", ""),
        // It says nothing of which mail.
        without("Message-ID: <out@example.org>\n", ""),
        without("Message-ID: <out@example.org>\n", "Message-ID: none\n"),
    ] {
        assert_eq!(read_text(&mail).bounce, None, "{mail}");
    }
    // Where a server names neither code nor recipient, it says at least that there is one.
    let bare =
        "Return-Path: <>\nFrom: mailer-daemon@x.example\n\nNo.\nMessage-ID: <out@example.org>\n";
    let bounce = read_text(bare).bounce.unwrap();
    assert_eq!(bounce.recipients.len(), 1);
    assert_eq!((bounce.recipients[0].recipient.as_str(), bounce.is_failure()), ("", true));
}

#[test]
fn a_mail_that_is_nothing_but_a_status_is_a_report() {
    for (kind, sort) in [
        ("message/delivery-status", BounceKind::Delivery),
        ("message/disposition-notification", BounceKind::Disposition),
    ] {
        let read = read_text(&format!(
            "From: mx@example.com\nContent-Type: {kind}\nIn-Reply-To: <out@example.org>\n\n\
             Final-Recipient: rfc822; bob@example.com\nAction: failed\n"
        ));
        assert_eq!(read.automatic, Some(Automatic::Report), "{kind}");
        let bounce = read.bounce.unwrap();
        assert_eq!((bounce.kind, bounce.original.as_deref()), (sort, Some("out@example.org")));
    }
}
