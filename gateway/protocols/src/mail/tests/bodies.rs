//! Bodies: alphabets, flowed lines, several texts, notices.

use super::*;

fn text(content_type: &str, body: &[u8]) -> String {
    let mail = [format!("Content-Type: {content_type}\r\n\r\n").as_bytes(), body].concat();
    read(&mail, &options()).text
}

#[test]
fn labels_of_alphabets_give_way_to_utf_8() {
    let utf8 = "Grüße €".as_bytes();
    for label in
        ["text/plain", "text/plain; charset=us-ascii", "text/plain; charset=\"ISO-8859-1\""]
    {
        assert_eq!(text(label, utf8), "Grüße €", "{label}");
    }
    let latin = b"Gr\xFC\xDFe \x80";
    for label in [
        "text/plain",
        "text/plain; charset=us-ascii",
        "text/plain; charset=iso-8859-1",
        "text/plain; charset=nonsense",
    ] {
        assert_eq!(text(label, latin), "Grüße €", "{label}");
    }
    assert_eq!(text("text/plain; charset=gb2312", b"\xC4\xE3\xBA\xC3"), "你好");
    assert_eq!(text("text/plain; charset=shift_jis", b"\x93\xFA\x96\x7B"), "日本");
    assert_eq!(text("text/plain; charset=euc-kr", b"\xBE\xC8\xB3\xE7"), "안녕");
    assert_eq!(text("text/plain; charset=big5", b"\xA7A\xA6n"), "你好");
    assert_eq!(text("text/plain; charset=koi8-r", b"\xF0\xD2\xC9\xD7\xC5\xD4"), "Привет");
    assert_eq!(text("text/plain; charset=utf-7", b"+ZYeB9FH6ckg-"), "文致出版");
    assert_eq!(text("text/plain; charset=iso-2022-jp", b"\x1B$BF|K\\\x1B(B"), "日本");
    assert_eq!(text("text/plain; charset=utf-8", b"a\xFFb"), "a\u{FFFD}b");
}

#[test]
fn transfer_encodings_are_read_past_what_does_not_belong() {
    let decoded = |encoding: &str, body: &str| {
        read_text(&format!("Content-Transfer-Encoding: {encoding}\n\n{body}")).text
    };
    assert_eq!(decoded("Quoted-Printable", "a=C3=BC=\nb=3D=ZZ  \nc="), "aüb==ZZ\nc");
    assert_eq!(decoded("base64", "R3LDvMOfZQ==\n"), "Grüße");
    assert_eq!(decoded("base64", "R3LD!\nvMOf ZQ"), "Grüße");
    assert_eq!(decoded("8bit", "Grüße"), "Grüße");
    assert_eq!(decoded("nonsense", "as it is"), "as it is");
}

#[test]
fn control_and_bidi_characters_are_gone_from_text() {
    assert_eq!(text("text/plain", "a\u{0}b\u{202E}c\u{2067}\td\r\ne".as_bytes()), "abc\td\ne");
    let mail = "Content-Type: text/html\n\n<p>a\u{202E}b&#x202e;c&#0;d</p>";
    assert_eq!(read_text(mail).html.as_deref(), Some("<p>abc\u{FFFD}d</p>"));
}

#[test]
fn flowed_lines_are_joined() {
    let flowed = "text/plain; format=flowed";
    assert_eq!(text(flowed, b"one \r\ntwo\r\n three \r\nfour"), "one two\nthree four");
    assert_eq!(text(flowed, b"> a \r\n> b\r\n>> c \r\n> d"), "> a b\n>> c \n> d");
    assert_eq!(text(flowed, b"one \r\n-- \r\nAnn"), "one \n-- \nAnn");
    assert_eq!(text("text/plain; format=flowed; delsp=yes", b"Donau \r\ndampf"), "Donaudampf");
    assert_eq!(text("text/plain", b"one \r\ntwo"), "one \ntwo");
}

#[test]
fn of_alternatives_html_is_shown_and_text_is_searched() {
    let read = read_text(
        "Content-Type: multipart/alternative; boundary=a\n\n--a\n\nplain\n--a\nContent-Type: text/html\n\n\
         <p>rich</p>\n--a--\n",
    );
    assert_eq!((read.text.as_str(), read.html.as_deref()), ("plain", Some("<p>rich</p>")));
    assert!(!read.is_plain_text && read.attachments.is_empty());
    let read = read_text(
        "Content-Type: multipart/alternative; boundary=a\n\n--a\n\n \n--a\nContent-Type: text/html\n\n\
         <p>rich</p>\n--a--\n",
    );
    assert_eq!(read.text, "rich");
    assert!(read_text("Subject: a\n\nplain").is_plain_text);
}

#[test]
fn several_texts_are_joined_and_only_one_is_html() {
    let read = read_text(
        "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nfirst\n--a\nContent-Type: text/html\n\n\
         <p>second<blockquote>\n--a\nContent-Type: text/html\n\n</blockquote><b>third</b><img src=http://x/y>\n\
         --a\n\nfourth <b>\n--a--\n",
    );
    assert_eq!(read.text, "first\n\nsecond\n\nthird\n\nfourth <b>");
    let html = "<div>first</div><p>second</p><blockquote>\n</blockquote><div>third</div><div>fourth \
                &lt;b&gt;</div>";
    assert_eq!(
        read.html.as_deref().map(|html| html.replace("\r", "")),
        Some(html.replace("\n</", "</"))
    );
    assert!(!read.has_remote_content);
}

#[test]
fn mail_11_a_mail_without_html_is_plain() {
    assert!(read_text("Content-Type: text/plain\n\nx").is_plain_text);
    assert!(!read_text("Content-Type: text/html\n\nx").is_plain_text);
    assert!(!read_text("Content-Type: image/png\n\nx").is_plain_text);
}

#[test]
fn a_boundary_that_never_comes_leaves_a_text() {
    let read = read_text("Content-Type: multipart/mixed; boundary=never\n\n--other\n\nall of it");
    assert_eq!(read.text, "--other\n\nall of it");
    let read = read_text("Content-Type: multipart/mixed\n\nno boundary");
    assert_eq!(read.text, "no boundary");
    let read = read_text("Content-Type: multipart/mixed; boundary=a\n\n--a\n\ncut off");
    assert_eq!(read.text, "cut off");
    let read = read_text(
        "Content-Type: multipart/mixed; boundary=a\n\n--a\n\none\n--ab\ntwo\n--a--\nafter",
    );
    assert_eq!(read.text, "one\n--ab\ntwo");
}

#[test]
fn what_is_not_shown_is_told() {
    let notices = |mail: &str| read_text(mail).notices;
    let encrypted = "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=e\n\n--e\n\
        Content-Type: application/pgp-encrypted\n\nVersion: 1\n--e\nContent-Type: application/octet-stream\n\nx\n--e--";
    assert_eq!(notices(encrypted), [Notice::Encrypted, Notice::NoText]);
    assert_eq!(read_text(encrypted).attachments.len(), 2);
    let smime =
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nx";
    assert_eq!(notices(smime), [Notice::Encrypted, Notice::NoText]);
    assert_eq!(notices("Subject: a\n\n-----BEGIN PGP MESSAGE-----\nx"), [Notice::Encrypted]);
    let calendar = "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR";
    assert_eq!(notices(calendar), [Notice::Calendar, Notice::NoText]);
    assert_eq!(read_text(calendar).attachments[0].name, "invite-1.ics");
    let tnef = "Content-Type: application/ms-tnef\n\nx";
    assert_eq!(notices(tnef), [Notice::Tnef, Notice::NoText]);
    let partial = "Content-Type: message/partial; id=a; number=1; total=2\n\nSubject: a\n\nx";
    assert_eq!(notices(partial), [Notice::Partial, Notice::NoText]);
    let external = "Content-Type: message/external-body; access-type=URL; url=\"http://x/\"\n\nx";
    assert_eq!(notices(external), [Notice::ExternalBody, Notice::NoText]);
    assert_eq!(notices("Subject: a\n\nx"), []);
}

#[test]
fn mail_07_a_mail_that_is_too_large_says_so() {
    let cut = read(b"Subject: a\r\n\r\nbegin", &ReadOptions { is_cut: true, ..options() });
    assert_eq!((cut.notices, cut.is_cut), (vec![Notice::TooLarge], true));
    let file = "x".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1);
    let mail = format!(
        "Content-Type: multipart/mixed; boundary=a\n\n--a\n\ntext\n--a\nContent-Type: image/png\n\n{file}\n--a--"
    );
    let read = read_text(&mail);
    assert_eq!((read.notices, read.text.as_str()), (vec![Notice::TooLarge], "text"));
}
