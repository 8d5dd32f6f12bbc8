//! What mails of ours look like on their way.

use super::*;

fn person(name: &str, address: &str) -> Person {
    Person { name: name.to_owned(), address: address.to_owned() }
}

fn draft() -> Draft {
    Draft {
        kind: Kind::Answer,
        message_id: "1.abc@x.test".to_owned(),
        own_id: "00112233445566778899aabbccddeeff".to_owned(),
        sent_at_seconds: 1_700_000_000,
        entropy: [7; 16],
        from: person("Help", "help@x.test"),
        to: vec![person("Ann", "ann@customer.test")],
        cc: Vec::new(),
        bcc: vec![person("", "hidden@x.test")],
        subject: "Re: An order".to_owned(),
        in_reply_to: Some("q1@customer.test".to_owned()),
        references: vec!["q0@customer.test".to_owned(), "q1@customer.test".to_owned()],
        text: "Hello Ann\n".to_owned(),
        html: Some("<p>Hello Ann</p>".to_owned()),
        files: Vec::new(),
    }
}

fn written(draft: &Draft) -> String {
    let composed = compose(draft).unwrap();
    fuzz::holds(&composed);
    String::from_utf8(composed.raw).unwrap()
}

/// The value of a header, unfolded.
fn header(raw: &str, name: &str) -> Option<String> {
    let head = raw.split_once("\r\n\r\n").unwrap().0.replace("\r\n ", " ");
    let prefix = format!("{name}: ");
    head.split("\r\n").find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
}

#[test]
fn mail_05_an_answer_names_what_it_answers_and_comes_from_the_account() {
    let raw = written(&draft());
    let value = |name| header(&raw, name).unwrap();
    assert!(value("From").contains("help@x.test") && value("From").contains("Help"));
    assert_eq!(value("Message-ID"), "<1.abc@x.test>");
    assert_eq!(value("Date"), "Tue, 14 Nov 2023 22:13:20 +0000");
    assert_eq!(value("In-Reply-To"), "<q1@customer.test>");
    assert_eq!(value("References"), "<q0@customer.test> <q1@customer.test>");
    assert_eq!(value("X-Jackfield-Id"), "00112233445566778899aabbccddeeff");
    for absent in ["Reply-To", "Bcc", "Auto-Submitted", "X-Auto-Response-Suppress"] {
        assert_eq!(header(&raw, absent), None, "{absent}");
    }
    assert!(value("Content-Type").starts_with("multipart/alternative"));
    let plain = raw.find("text/plain").unwrap();
    assert!(plain < raw.find("text/html").unwrap(), "what is shown is the last one");
    let envelope = compose(&draft()).unwrap().envelope;
    assert_eq!(envelope.from.as_deref(), Some("help@x.test"));
    assert_eq!(envelope.to, ["ann@customer.test", "hidden@x.test"]);
}

#[test]
fn the_same_draft_gives_the_same_bytes_and_another_one_other_boundaries() {
    let (first, second) = (draft(), Draft { entropy: [8; 16], ..draft() });
    assert_eq!(written(&first), written(&first));
    assert_ne!(written(&first), written(&second));
}

#[test]
fn mail_04_a_forwarded_mail_is_answered_to_the_customer() {
    let reply_to = person("Ann", "ann@customer.test");
    let to = vec![person("", "expert@other.test")];
    let raw = written(&Draft { kind: Kind::Forward { reply_to }, to, ..draft() });
    assert!(header(&raw, "Reply-To").unwrap().contains("ann@customer.test"));
}

#[test]
fn mail_16_an_acknowledgement_says_that_no_person_wrote_it() {
    let kind = Kind::Acknowledgement { is_from_nobody: true };
    let draft = Draft { kind, html: None, ..draft() };
    let raw = written(&draft);
    assert_eq!(header(&raw, "Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(header(&raw, "X-Auto-Response-Suppress").as_deref(), Some("All"));
    assert!(header(&raw, "Content-Type").unwrap().starts_with("text/plain"));
    assert_eq!(compose(&draft).unwrap().envelope.from, None);
}

#[test]
fn no_text_begins_a_header() {
    let evil = "x\r\nBcc: evil@x.test\r\n\r\nbody\u{202e}\0";
    let raw = written(&Draft {
        from: person(evil, "help@x.test"),
        to: vec![person(evil, "ann@customer.test")],
        subject: evil.to_owned(),
        in_reply_to: Some(evil.to_owned()),
        references: vec![evil.to_owned(), "ok@x.test".to_owned()],
        files: vec![File {
            name: evil.to_owned(),
            media_type: evil.to_owned(),
            content_id: None,
            content: b"a\nb".to_vec(),
        }],
        ..draft()
    });
    assert_eq!(header(&raw, "Bcc"), None);
    assert_eq!(header(&raw, "In-Reply-To"), None);
    assert_eq!(header(&raw, "References").as_deref(), Some("<ok@x.test>"));
    assert_eq!(header(&raw, "Subject").as_deref(), Some("x Bcc: evil@x.test body"));
    for wrong in ["a\r\nb@x.test", "a@x.test\r\nBcc: b@x.test", "a b@x.test", "@x.test", "a", ""] {
        let to = vec![person("", wrong)];
        assert!(compose(&Draft { to, ..draft() }).is_err(), "{wrong:?}");
    }
    for id in ["", "a\r\nb", "a b"] {
        assert!(compose(&Draft { message_id: id.to_owned(), ..draft() }).is_err(), "{id:?}");
        assert!(compose(&Draft { own_id: id.to_owned(), ..draft() }).is_err(), "{id:?}");
    }
}

#[test]
fn images_of_the_text_come_with_it_and_other_files_after_it() {
    let file = |name: &str, content_id: Option<&str>| File {
        name: name.to_owned(),
        media_type: "image/png".to_owned(),
        content_id: content_id.map(str::to_owned),
        content: vec![0, 1, 2, 255],
    };
    let files = vec![file("Größe.png", None), file("logo.png", Some("logo@x.test"))];
    let raw = written(&Draft { files, ..draft() });
    assert!(header(&raw, "Content-Type").unwrap().starts_with("multipart/mixed"));
    assert!(raw.contains("multipart/related"));
    let inline = raw.find("Content-ID: <logo@x.test>").unwrap();
    assert!(inline < raw.find("Content-Disposition: attachment").unwrap());
    assert!(raw.contains("filename*0*=utf-8''Gr%C3%B6%C3%9Fe.png"), "{raw}");
    assert!(raw.contains("AAEC/w=="));
}

#[test]
fn people_with_other_letters_are_reached() {
    let to = vec![person("Jörg Müller", "joerg@müller.test"), person("用户", "用户@例子.test")];
    let draft = Draft { to, subject: "Größe: 你好".to_owned(), ..draft() };
    let composed = compose(&draft).unwrap();
    let raw = written(&draft);
    assert!(raw.contains("joerg@xn--mller-kva.test"), "{raw}");
    assert_eq!(composed.envelope.to[1], "用户@xn--fsqu00a.test");
    assert!(header(&raw, "To").unwrap().contains("<用户@xn--fsqu00a.test>"), "{raw}");
    assert!(header(&raw, "Subject").unwrap().starts_with("=?utf-8?"));
}

#[test]
fn long_conversations_name_their_first_mail_and_the_last_ones() {
    let references: Vec<String> = (0..50).map(|number| format!("{number}@x.test")).collect();
    let raw = written(&Draft { references, ..draft() });
    let found = header(&raw, "References").unwrap();
    let found: Vec<&str> = found.split(' ').collect();
    assert_eq!(found.len(), 21);
    assert_eq!((found[0], found[1], found[20]), ("<0@x.test>", "<30@x.test>", "<49@x.test>"));
}

#[test]
fn mail_04_too_many_or_no_recipients_are_refused() {
    let many: Vec<Person> =
        (0..21).map(|number| person("", &format!("a{number}@x.test"))).collect();
    for (to, cc, bcc) in [
        (many.clone(), Vec::new(), Vec::new()),
        (Vec::new(), many.clone(), Vec::new()),
        (Vec::new(), Vec::new(), many.clone()),
        (Vec::new(), Vec::new(), Vec::new()),
    ] {
        assert!(compose(&Draft { to, cc, bcc, ..draft() }).is_err());
    }
    assert!(compose(&Draft { cc: many[..20].to_vec(), ..draft() }).is_ok());
}

#[test]
fn texts_survive_whatever_is_in_them() {
    let long = "x".repeat(5_000);
    let text = format!("From here\n.\n\n{long}\r\rtail \0 end");
    let raw = written(&Draft { text, html: None, ..draft() });
    assert!(header(&raw, "Content-Transfer-Encoding").is_some());
    assert!(raw.lines().all(|line| line.len() <= 998));
}

#[test]
fn any_bytes_make_a_mail_or_none() {
    for seed in 0..2_000_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let length = usize::try_from(next() % 400).unwrap();
        let pieces: [&[u8]; 12] = [
            b"\x1e",
            b"\r\n",
            b"Bcc: a@b",
            b"\xc3\xa4",
            b"@",
            b"|",
            b"\xe2\x80\xae",
            b"=?utf-8?",
            b"\"",
            b"<",
            b" ",
            b"\x00",
        ];
        let mut data = Vec::new();
        while data.len() < length {
            let value = next();
            match value % 3 {
                0 => data.extend_from_slice(pieces[usize::try_from(value >> 8).unwrap() % 12]),
                1 => data.push(value.to_le_bytes()[3]),
                _ => data.extend(std::iter::repeat_n(
                    b'a' + value.to_le_bytes()[2] % 26,
                    usize::try_from((value >> 8) % 120).unwrap(),
                )),
            }
        }
        fuzz::reply(&data);
    }
}
