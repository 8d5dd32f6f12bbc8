//! What ties mails together, and whom an answer goes to.

use super::*;

#[test]
fn identifiers_are_what_stands_in_brackets() {
    let read = read_text(
        "Message-ID:\n <m1@example.com>\nIn-Reply-To: Message of \"Mon\" from Ann <a@b.example> <r9@x>\n\
         References: <r1@x> rubbish <r2@\n x> <no-at> <r1@x> <>\n\nx",
    );
    assert_eq!(read.message_id.as_deref(), Some("m1@example.com"));
    assert_eq!(read.in_reply_to, ["a@b.example", "r9@x"]);
    assert_eq!(read.references, ["r1@x", "r2@x"]);
    assert_eq!(read_text("Message-ID: none\n\nx").message_id, None);
    assert_eq!(read_text("Subject: a\n\nx").message_id, None);
}

#[test]
fn an_answer_refers_to_the_conversation_cut_in_the_middle() {
    let read = read_text("Message-ID: <m@x>\nIn-Reply-To: <i@x>\n\nx");
    assert_eq!(references(&read), ["i@x", "m@x"]);
    let many: String = (0..300).map(|at| format!(" <r{at}@x>")).collect();
    let read = read_text(&format!("Message-ID: <m@x>\nReferences:{many}\n\nx"));
    assert_eq!(read.references.len(), IDS_MAX);
    let answer = references(&read);
    assert_eq!(answer.len(), 40);
    assert_eq!((answer[0].as_str(), answer[19].as_str()), ("r0@x", "r19@x"));
    assert_eq!((answer[20].as_str(), answer[39].as_str()), ("r281@x", "m@x"));
}

#[test]
fn mail_02_subjects_are_compared_without_what_programs_add() {
    let tags = ["[EXTERNAL]".to_owned(), "[Extern]".to_owned()];
    for (subject, reply, forward) in [
        ("Order 12", false, false),
        ("Re: Order 12", true, false),
        ("RE: re:  AW:Order   12", true, false),
        ("Re[2]: Order 12", true, false),
        ("Re (3) : Order 12", true, false),
        ("Re^2: order 12", true, false),
        ("Sv: Vs: Odp: Ynt: R: Rif: Antw: ORDER 12", true, false),
        ("回复：Order 12", true, false),
        ("答复: 返信: Order 12", true, false),
        ("Отв: Order 12", true, false),
        ("ΑΠ: Order 12", true, false),
        ("[EXTERNAL] Re: [external] Order 12", true, false),
        ("Re: Order 12 [Extern]", true, false),
        ("Fwd: Order 12", false, true),
        ("WG: AW: Order 12", true, true),
        ("TR : Order 12", false, true),
        ("İLT: Order 12", false, true),
        ("[Fwd: Order 12]", false, true),
        ("Order 12 (fwd)", false, true),
        ("转发：Order 12", false, true),
    ] {
        let base = base_subject(subject, &tags);
        let expected = ("order 12", reply, forward);
        assert_eq!(
            (base.text.as_str(), base.had_reply_prefix, base.is_forwarded),
            expected,
            "{subject}"
        );
    }
    for (one, other) in [("Re: Straße", "STRASSE"), ("[ticket] a", "a"), ("report: a", "a")] {
        assert_ne!(base_subject(one, &tags).text, base_subject(other, &tags).text);
    }
    assert_eq!(base_subject("Cafe\u{301}", &[]).text, base_subject("CAFÉ", &[]).text);
    assert_eq!(base_subject("Re:", &[]).text, "");
}

fn own() -> Vec<String> {
    options().own_addresses
}

#[test]
fn mail_05_an_answer_goes_to_reply_to_else_from() {
    let to = |mail: &str| reply(&read_text(mail), &own()).to;
    let from = "From: Ann <ann@example.com>\n";
    assert_eq!(to(&format!("{from}\nx")), [named("Ann", "ann@example.com")]);
    assert_eq!(to(&format!("{from}Reply-To: b@example.com\n\nx")), [named("", "b@example.com")]);
    for useless in ["nobody", "Ann <>", "service@example.org", "<SERVICE+1@Example.ORG>"] {
        let mail = format!("{from}Reply-To: {useless}\n\nx");
        assert_eq!(to(&mail), [named("Ann", "ann@example.com")], "{useless}");
    }
    assert!(to("From: nobody\n\nx").is_empty());
}

#[test]
fn mail_04_reply_all_names_everybody_once_but_us() {
    let read = read_text(
        "From: Ann <ann@example.com>\nTo: Service+vip@example.org, b@example.com, ANN@example.com\n\
         Cc: help@EXAMPLE.org, c@example.com, B@example.com, c@example.com\n\nx",
    );
    let all = reply_all(&read, &own());
    assert_eq!(all.to, [named("Ann", "ann@example.com"), named("", "b@example.com")]);
    assert_eq!((all.cc, all.left_out), (vec![named("", "c@example.com")], 0));
    let many: Vec<_> = (0..30).map(|at| format!("a{at}@example.com")).collect();
    let read = read_text(&format!("From: ann@example.com\nTo: {}\n\nx", many.join(", ")));
    let all = reply_all(&read, &own());
    assert_eq!((all.to.len(), all.left_out), (20, 11));
}

#[test]
fn copies_of_one_mail_have_one_digest() {
    let mail = "Subject: a\nFrom: b@example.com\n\ntext\nmore\n";
    let here = read_text(mail);
    let there = read(
        b"Return-Path: <b@example.com>\nReceived: by x; now\n\tthen\nDelivered-To: c@example.com\nX-Spam-Score: 1\n\
          Subject: a\nFrom: b@example.com\n\ntext\nmore\n\n",
        &options(),
    );
    assert_eq!((here.body_digest, here.content_digest), (there.body_digest, there.content_digest));
    let other = read_text("Subject: b\nFrom: b@example.com\n\ntext\nmore\n");
    assert_eq!(here.body_digest, other.body_digest);
    assert_ne!(here.content_digest, other.content_digest);
    assert_ne!(here.body_digest, read_text("Subject: a\n\ntext\nless\n").body_digest);
}
