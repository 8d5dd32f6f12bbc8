//! Totality: the kept corpus with mutations, any bytes at all, and mails made to cost time.

use proptest::prelude::*;

use super::*;

fn corpus() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/mail_intake");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

const TELLING: &[&str] = &[
    "\r\n",
    "\r\n\r\n",
    ":",
    ";",
    "<",
    ">",
    "\"",
    "=",
    "?=",
    "=?utf-8?Q?",
    "=?utf-8?B?",
    "--",
    "--b1",
    "--b1--",
    "boundary=b1",
    "Content-Type: ",
    "multipart/mixed",
    "message/rfc822",
    "text/html",
    "charset=utf-7",
    "base64",
    "\u{0}",
    "\u{202E}",
    "\u{FFFE}",
    "@",
    ",",
    "(",
    ")",
    "\\",
    "<svg>",
    "<table>",
    "</td>",
    "<td>",
    "<p>",
    "<a href=",
    "&#x3c;",
    "&lt",
    "<!--",
    "]]>",
    "<style>",
    "</style>",
    "<img src=cid:x>",
    "data-quote",
    "hidden",
    "%",
    "'",
    "<details>",
    "<pre>\n",
    "<textarea>",
    "<plaintext>",
    "<li>",
    "ql-indent-2",
    "style=",
    "text-align:",
];

#[test]
fn the_kept_corpus_and_20000_mutations_hold() {
    let corpus = corpus();
    assert!(corpus.len() >= 12);
    corpus.iter().for_each(|bytes| fuzz::intake(bytes));
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(5) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        fuzz::intake(&bytes);
    }
}

fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Xorshift) {
    let at = random.below(bytes.len() + 1);
    match random.below(7) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 | 2 => {
            bytes.splice(at..at, TELLING[random.below(TELLING.len())].bytes());
        }
        3 => {
            let end = (at + random.below(20)).min(bytes.len());
            bytes.drain(at..end);
        }
        4 => {
            let end = (at + random.below(300)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        5 => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len());
            let to = (from + random.below(300)).min(other.len());
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        _ if random.below(4) == 0 => bytes.truncate(at),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        fuzz::intake(&bytes);
    }

    #[test]
    fn a_file_is_as_long_as_it_says(
        body in "[A-Za-z0-9+/=_ \r\n-]{0,300}",
        encoding in "(base64|quoted-printable|8bit)",
    ) {
        let raw = format!(
            "Content-Type: application/pdf\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}"
        );
        let told = read(raw.as_bytes(), &ReadOptions::default()).attachments;
        let (_, bytes) = attachment(raw.as_bytes(), 1, false).unwrap();
        prop_assert_eq!(told.iter().map(|it| it.bytes).collect::<Vec<_>>(), [bytes.len() as u64]);
    }

    #[test]
    fn any_body_is_read(body in ".{0,800}", kind in "(text/html|text/plain|multipart/mixed; boundary=a)") {
        fuzz::intake(format!("From: a@example.com\r\nContent-Type: {kind}\r\n\r\n{body}").as_bytes());
    }

    #[test]
    fn any_row_of_tags_is_cleaned(tags in proptest::collection::vec(
        "</?(p|div|table|tr|td|th|tbody|caption|li|ul|a|b|svg|style|template|select|details|summary|dd|dl|h1|pre)( hidden)?/?>|x",
        0..60,
    )) {
        fuzz::intake(tags.concat().as_bytes());
    }
}

/// Each of these costs a careless reader minutes, gigabytes or its stack.
#[test]
fn mails_made_to_cost_time_are_bounded() {
    let nested: String = (0..20_000)
        .map(|at| format!("Content-Type: multipart/mixed; boundary=n{at}\r\n\r\n--n{at}\r\n"))
        .collect();
    let read = read_text(&nested);
    assert!(read.is_cut);
    // Dropping a tree of these ends a process.
    let messages = "Content-Type: message/rfc822\n\n".repeat(200_000);
    assert_eq!(read_text(&messages).attachments.len(), 1);
    let parts = format!(
        "Content-Type: multipart/mixed; boundary=a\n\n{}",
        "--a\nContent-Type: image/png\n\nx\n".repeat(20_000)
    );
    let read = read_text(&parts);
    assert!(read.is_cut && read.attachments.len() <= PARTS_MAX);
    let names: std::collections::HashSet<_> = read.attachments.iter().map(|it| &it.name).collect();
    assert_eq!(names.len(), read.attachments.len());
    let fields = "X-A: b\n".repeat(200_000);
    assert!(read_text(&format!("{fields}Subject: late\n\nx")).is_cut);
    let to = format!("To: {}\n\nx", "a@example.com, ".repeat(2_000));
    let read = read_text(&to);
    assert!(read.is_cut && read.to.len() == ADDRESSES_MAX);
    let folded = format!("Subject: {}\n\nx", "a\n ".repeat(500_000));
    assert!(read_text(&folded).subject.len() <= SUBJECT_BYTES_MAX);
    let words = format!("Subject: {}\n\nx", "=?utf-8?Q?".repeat(100_000));
    assert!(read_text(&words).is_cut);
    let line = format!("Content-Type: multipart/mixed; boundary=a\n\n{}", "--a".repeat(1_000_000));
    assert!(read_text(&line).text.starts_with("--a--a"));
    let text = format!("Subject: a\n\n{}", "text ".repeat(200_000));
    let read = read_text(&text);
    assert!(read.is_cut && read.text.len() <= TEXT_BYTES_MAX);
}

#[test]
fn html_made_to_cost_time_is_bounded() {
    let deep = clean_html(&format!("{}inside", "<div>".repeat(200_000)), Remote::Blocked);
    assert!(deep.is_cut && deep.html.contains("inside") && !deep.html.contains("<div>"));
    let shallow = clean_html(&"<div>a</div>".repeat(50_000), Remote::Blocked);
    assert!(!shallow.is_cut && shallow.html.len() == 12 * 50_000);
    let long = clean_html(&"<b>&amp;</b>".repeat(300_000), Remote::Blocked);
    assert!(long.is_cut && long.html.len() <= HTML_BYTES_MAX);
    assert_eq!(clean_html(&long.html, Remote::Blocked).html, long.html);
    let growing = clean_html(&"<a href=//x>&".repeat(70_000), Remote::Blocked);
    assert!(growing.html.len() <= HTML_BYTES_MAX);
    let links = clean_html(&"<a href=http://x>\">".repeat(50_000), Remote::Blocked);
    assert!(links.is_cut && links.html.len() <= HTML_BYTES_MAX);
    assert_eq!(clean_html(&links.html, Remote::Blocked).html, links.html);
    let quotes = format!("a{}", "<blockquote type=cite></blockquote>".repeat(25_000));
    let folded = for_display(&quotes, Remote::Blocked, &BTreeMap::new()).html;
    assert_eq!(folded.matches("<details>").count(), 25_000);
    let attributes: String = (0..40_000).map(|at| format!(" a{at}=b")).collect();
    assert_eq!(clean_html(&format!("<p{attributes}>x</p>"), Remote::Blocked).html, "<p>x</p>");
    assert!(html_to_text(&"<blockquote>x".repeat(100_000)).len() <= TEXT_BYTES_MAX);
    assert!(
        text_to_html(&format!("{}\n\n", ">".repeat(20)).repeat(20_000)).len() < 2 * HTML_BYTES_MAX
    );
}

struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % u64::try_from(end.max(1)).unwrap()) as usize
    }
}
