//! Files: their names, their bytes, where they stand in the text.

use super::*;

fn with_files(headers: &[&str]) -> String {
    let parts: String = headers.iter().map(|header| format!("--a\n{header}\n\nx\n")).collect();
    format!("Content-Type: multipart/mixed; boundary=a\n\n--a\n\ntext\n{parts}--a--\n")
}

#[test]
fn mail_07_names_of_files_are_clean() {
    for (header, name) in [
        ("Content-Disposition: attachment; filename=plain.pdf", "plain.pdf"),
        ("Content-Disposition: attachment; filename*=utf-8''%E2%82%AC.pdf", "€.pdf"),
        (
            "Content-Disposition: attachment; filename*0*=utf-8''%E2%82%AC; filename*1=\" b.pdf\"",
            "€ b.pdf",
        ),
        ("Content-Disposition: attachment; filename=\"=?utf-8?Q?=C3=BC?= b.pdf\"", "ü b.pdf"),
        ("Content-Disposition: attachment; filename=\"=?utf-8?B?w7wucGRm?=\"", "ü.pdf"),
        (
            "Content-Type: application/x; name=\"from type.bin\"\nContent-Disposition: attachment",
            "from type.bin",
        ),
        ("Content-Disposition: attachment; filename=\"../../etc/passwd\"", "passwd"),
        ("Content-Disposition: attachment; filename=\"C:\\\\Temp\\\\a.txt\"", "a.txt"),
        ("Content-Disposition: attachment; filename=\"a:b|c?.txt\"", "a_b_c_.txt"),
        ("Content-Disposition: attachment; filename*=utf-8''exe%E2%80%AEfdp.txt", "exefdp.txt"),
        ("Content-Disposition: attachment; filename*=utf-8''a%0D%0Ab%00.txt", "a b.txt"),
        ("Content-Disposition: attachment; filename=\"..\"", "file-1.bin"),
        ("Content-Type: application/pdf", "document-1.pdf"),
        ("Content-Type: message/rfc822", "message-1.eml"),
    ] {
        let header = if header.starts_with("Content-Type") {
            header.to_owned()
        } else {
            format!("Content-Type: application/octet-stream\n{header}")
        };
        let read = read_text(&with_files(&[&header]));
        assert_eq!(read.attachments[0].name, name, "{header}");
        assert_eq!(read.text, "text");
    }
}

#[test]
fn mail_07_names_are_short_and_unique() {
    let long = format!("Content-Type: image/png; name=\"{}.png\"", "ü".repeat(200));
    let read = read_text(&with_files(&[
        "Content-Type: image/png; name=a.png",
        "Content-Type: image/png; name=A.PNG",
        "Content-Type: image/png; name=\"a (2).png\"",
        "Content-Type: image/png; name=a.png",
        &long,
        &long,
    ]));
    let names: Vec<_> = read.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names[..4], ["a.png", "A (2).PNG", "a (2) (2).png", "a (3).png"]);
    for name in &names[4..] {
        assert!(name.len() <= NAME_BYTES_MAX && name.ends_with(".png"), "{name}");
    }
    assert_ne!(names[4], names[5]);
}

#[test]
fn mail_07_the_bytes_of_a_file_are_handed_out() {
    let mail = with_files(&[
        "Content-Type: text/plain; name=notes.txt",
        "Content-Type: text/html\nContent-Disposition: attachment",
        "Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64",
    ])
    .replace("base64\n\nx", "base64\n\nJVBE\nRg==");
    let read = read_text(&mail);
    let kinds: Vec<_> = read.attachments.iter().map(|file| file.media_type.as_str()).collect();
    assert_eq!(kinds, ["text/plain", "text/html", "application/pdf"]);
    let raw = mail.replace('\n', "\r\n");
    let (file, bytes) = attachment(raw.as_bytes(), 3, false).unwrap();
    assert_eq!((file.name.as_str(), bytes.as_slice(), file.bytes), ("a.pdf", &b"%PDF"[..], 4));
    assert_eq!(attachment(raw.as_bytes(), 1, false).unwrap().1, b"x");
    assert_eq!(attachment(raw.as_bytes(), 0, false), None);
    assert_eq!(attachment(raw.as_bytes(), 4, false), None);
}

#[test]
fn images_of_the_mail_stand_where_the_text_shows_them() {
    let read = read_text(
        "Content-Type: multipart/related; boundary=a\n\n--a\nContent-Type: text/html\n\n\
         <img src=\"cid:logo%40x\" alt=logo><img src=\"CID:missing@x\"><img src='data:image/png;base64,AA'>\n\
         --a\nContent-Type: image/png\nContent-ID: <logo@x>\nContent-Disposition: inline\n\nx\n\
         --a\nContent-Type: image/png; name=other.png\nContent-ID: <other@x>\n\nx\n--a--\n",
    );
    let html = read.html.unwrap();
    assert!(
        html.starts_with("<img src=\"attachments/1\" alt=\"logo\"><img src=\"cid:missing@x\""),
        "{html}"
    );
    assert!(!html.contains("data:"));
    let one = BTreeMap::from([(1, "data:image/png;base64,AA==".to_owned())]);
    let shown = for_display(&html, Remote::Blocked, &one).html;
    assert!(shown.starts_with("<img src=\"data:image/png;base64,AA==\" alt=\"logo\">"), "{shown}");
    let without = for_display(&html, Remote::Blocked, &BTreeMap::new()).html;
    assert!(without.starts_with("<img alt=\"logo\">"), "{without}");
    let inline: Vec<_> = read.attachments.iter().map(|file| file.is_inline).collect();
    assert_eq!(inline, [true, false]);
    assert_eq!(read.attachments[0].content_id.as_deref(), Some("logo@x"));
}

#[test]
fn nested_mails_are_files_and_stay_whole() {
    let read = read_text(
        "Content-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: one\n\nx\n--a\n\nSubject: two\n\n\
         y\n--a--\n",
    );
    let kinds: Vec<_> = read.attachments.iter().map(|file| file.media_type.as_str()).collect();
    assert_eq!(kinds, ["message/rfc822", "message/rfc822"]);
    assert_eq!(read.attachments[1].bytes, "Subject: two\r\n\r\ny".len() as u64);
}

#[test]
fn mail_07_several_files_are_handed_out_by_one_reading_and_no_others() {
    let raw = with_files(&[
        "Content-Type: image/png; name=a.png",
        "Content-Type: image/png; name=a.png",
        "Content-Type: image/png; name=a.png",
    ]);
    let found = attachments(raw.as_bytes(), &[3, 1, 99], false);
    let told: Vec<_> = found.iter().map(|(file, _)| (file.number, file.name.as_str())).collect();
    assert_eq!(told, [(1, "a.png"), (3, "a (3).png")]);
    let all = read(raw.as_bytes(), &options()).attachments;
    for (file, bytes) in &found {
        assert_eq!((Some(file), bytes.as_slice()), (all.get(file.number as usize - 1), &b"x"[..]));
    }
    assert_eq!(attachments(raw.as_bytes(), &[], false), []);
}

/// What is kept of a mail that is too large ends in the middle of a file: half a file is none.
#[test]
fn mail_07_of_the_beginning_of_a_mail_only_whole_files_count() {
    let begin = "Content-Type: multipart/mixed; boundary=a\n\n--a\n\ntext\n--a\nContent-Type: image/png; name=one.png\n\n\
                 whole\n--a\nContent-Type: image/png; name=two.png\n\nhal";
    let names = |mail: &str, is_cut| -> Vec<String> {
        let raw = mail.replace('\n', "\r\n");
        let read = read(raw.as_bytes(), &ReadOptions { is_cut, ..options() });
        assert_eq!(read.notices.contains(&Notice::TooLarge), is_cut);
        let last = u32::try_from(read.attachments.len()).unwrap();
        assert!(attachment(raw.as_bytes(), last, is_cut).is_some() || last == 0);
        assert_eq!(attachment(raw.as_bytes(), last + 1, is_cut), None);
        read.attachments.into_iter().map(|file| file.name).collect()
    };
    assert_eq!(names(begin, true), ["one.png"]);
    // Of a mail that is whole, what its sender did not end is a file.
    assert_eq!(names(begin, false), ["one.png", "two.png"]);
    assert_eq!(names(&format!("{begin}f\n--a--\n"), true), ["one.png", "two.png"]);
    let inner = "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n\
                 --i\nContent-Type: image/png; name=in.png\n\nx\n--i";
    assert_eq!(names(&format!("{inner}\n\nhal"), true).len(), 1, "in.png, and a text that is cut");
    assert_eq!(names(&format!("{inner}--\n\n"), true), ["in.png"]);
    assert_eq!(names("Content-Type: application/pdf; name=all.pdf\n\nhal", true).len(), 0);
}

/// A mail whose text names its files by their numbers as often as told.
fn showing(text: &str, files: &[(&str, usize)]) -> Read {
    let part = |(number, (kind, bytes)): (usize, &(&str, usize))| {
        format!(
            "--a\nContent-Type: {kind}\nContent-ID: <{}@x>\nContent-Disposition: inline\n\n{}\n",
            number + 1,
            "x".repeat(*bytes)
        )
    };
    let parts: String = files.iter().enumerate().map(part).collect();
    read_text(&format!(
        "Content-Type: multipart/related; boundary=a\n\n--a\nContent-Type: text/html\n\n{text}\n{parts}--a--\n"
    ))
}

#[test]
fn mail_07_pictures_of_a_text_are_of_few_kinds_and_within_their_limits() {
    const MIB: usize = 1024 * 1024;
    let all =
        "<img src=cid:1@x><img src=cid:2@x><img src=cid:3@x><img src=cid:4@x><img src=cid:5@x>";
    let kinds = ["image/png", "image/svg+xml", "image/jpeg", "application/pdf", "image/webp"];
    let of_kinds: Vec<_> = kinds.into_iter().map(|kind| (kind, 9)).collect();
    assert_eq!(pictures(&showing(all, &of_kinds)), [1, 3, 5]);
    assert_eq!(pictures(&showing("<img src=cid:3@x>&quot; src=\"attachments/1\"", &of_kinds)), [3]);
    let large = [("image/png", 5 * MIB), ("image/png", 5 * MIB + 1), ("image/gif", 4 * MIB)];
    assert_eq!(pictures(&showing(all, &large)), [1, 3]);
    // Each place counts.
    let again = format!("{all}<img src=cid:1@x><img src=cid:3@x>");
    assert_eq!(pictures(&showing(&again, &large)), [1]);
    let often = "<img src=cid:1@x>".repeat(20_000);
    assert_eq!(pictures(&showing(&often, &[("image/png", 600)])), Vec::<u32>::new());
    assert_eq!(pictures(&showing(&often, &[("image/png", 500)])), [1]);
}
