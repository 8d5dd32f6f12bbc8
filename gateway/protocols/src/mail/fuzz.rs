//! What must hold for any bytes at all.

use std::collections::BTreeMap;

use super::clean::is_hidden;
use super::{
    ADDRESSES_MAX, DISPLAY_NAME_BYTES_MAX, HTML_BYTES_MAX, IDS_MAX, NAME_BYTES_MAX, PARTS_MAX,
    ReadOptions, Recipients, Remote, SUBJECT_BYTES_MAX, TEXT_BYTES_MAX, address, attachment,
    base_subject, clean_html, for_display, html_to_text, read, references, reply_all, text_to_html,
};

/// Reads `data` as a mail. Panics where something does not hold, which is what a fuzzer looks for.
pub fn intake(data: &[u8]) {
    let options = ReadOptions {
        authentication_server_id: Some("mx.example.org".to_owned()),
        own_addresses: vec!["service@example.org".to_owned()],
        // Either way, by the length of what is given.
        is_cut: data.len() % 2 == 1,
    };
    let read = read(data, &options);
    assert!(read.text.len() <= TEXT_BYTES_MAX, "a long text");
    assert!(read.to.len() + read.cc.len() <= ADDRESSES_MAX, "many addresses");
    assert!(read.attachments.len() <= PARTS_MAX, "many files");
    assert!(read.references.len() <= IDS_MAX, "many references");
    assert!(references(&read).len() <= 40, "a long conversation");
    on_one_line(&read.subject, SUBJECT_BYTES_MAX);
    for each in read.from.iter().chain(&read.reply_to).chain(&read.to).chain(&read.cc) {
        on_one_line(&each.name, DISPLAY_NAME_BYTES_MAX);
        on_one_line(&each.address, 254);
        assert!(address(&each.address).is_ok_and(|again| again.address == each.address), "invalid");
    }
    let ids = read.message_id.iter().chain(&read.in_reply_to).chain(&read.references);
    for id in ids {
        assert!(id.contains('@') && !id.contains(['<', '>', ' ', '\r', '\n']), "no identifier");
    }
    let mut names: Vec<_> = read.attachments.iter().map(|it| it.name.to_lowercase()).collect();
    names.sort();
    names.dedup();
    assert!(names.len() == read.attachments.len(), "two files of one name");
    for each in &read.attachments {
        on_one_line(&each.name, NAME_BYTES_MAX);
        assert!(!each.name.is_empty() && !each.name.contains(['/', '\\']), "a path");
    }
    if let Some(last) = read.attachments.last() {
        let again = attachment(data, last.number, options.is_cut);
        let bytes = again.as_ref().map(|(_, bytes)| bytes.len() as u64);
        assert!(bytes == Some(last.bytes), "another file");
    }
    if let Some(html) = &read.html {
        cleaned(html);
        assert!(&clean_html(html, Remote::Blocked).html == html, "cleaned once is not clean");
    }
    recipients(&reply_all(&read, &options.own_addresses));
    base_subject(&read.subject, &["[EXTERNAL]".to_owned()]);
    let text = String::from_utf8_lossy(data);
    html(&text);
}

/// Reads `text` as HTML, and as plain text.
fn html(text: &str) {
    // One of both, so that a fuzzer gets on; its next change of the length tries the other.
    let remote = if text.len().is_multiple_of(2) { Remote::Blocked } else { Remote::Shown };
    let once = clean_html(text, remote);
    cleaned(&once.html);
    let twice = clean_html(&once.html, remote);
    assert!(twice.html == once.html, "cleaned once is not clean: {}", once.html);
    assert!(twice.has_remote_content == once.has_remote_content, "forgotten images");
    assert!(!twice.is_cut, "cut twice");
    cleaned(&for_display(&once.html, remote, &BTreeMap::new()).html);
    assert!(html_to_text(text).len() <= TEXT_BYTES_MAX, "a long text");
    cleaned(&text_to_html(text));
}

fn on_one_line(text: &str, bytes_max: usize) {
    assert!(text.len() <= bytes_max && !text.chars().any(is_hidden), "not one line: {text:?}");
}

fn recipients(recipients: &Recipients) {
    let all = recipients.to.iter().chain(&recipients.cc);
    assert!(all.clone().all(|each| each.address != "service@example.org"), "we answer ourselves");
    assert!(recipients.to.len() <= 20 && recipients.cc.len() <= 20, "many recipients");
}

/// What is written holds tags of the lists, closed in order, with quoted attributes of the lists.
fn cleaned(html: &str) {
    // What folds earlier mails comes on top, or the last line of a text.
    assert!(html.len() <= 3 * HTML_BYTES_MAX, "long HTML");
    let mut open: Vec<&str> = Vec::new();
    for (number, piece) in html.split('<').enumerate() {
        if number == 0 {
            assert!(!piece.contains('>'), "an end of a tag in text");
            continue;
        }
        let (tag, text) = piece.split_once('>').unwrap_or(("", ">"));
        assert!(!text.contains('>'), "an end of a tag in text");
        if let Some(name) = tag.strip_prefix('/') {
            assert!(open.pop() == Some(name), "closed out of order: {name} in {html}");
            continue;
        }
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(ELEMENTS.contains(&name), "the element {name}");
        while !rest.is_empty() {
            let (attribute, after) = rest.split_once("=\"").unwrap_or((rest, ""));
            let (value, after) = after.split_once('"').unwrap_or(("\u{0}", ""));
            assert!(ATTRIBUTES.contains(&attribute), "the attribute {attribute} in {html}");
            judge(attribute, value);
            rest = after.strip_prefix(' ').unwrap_or(after);
        }
        if !matches!(name, "br" | "hr" | "img" | "wbr") {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

fn judge(attribute: &str, value: &str) {
    let lower = value.to_ascii_lowercase();
    let begins = |beginnings: &[&str]| beginnings.iter().any(|each| lower.starts_with(each));
    let is_allowed = match attribute {
        "href" => begins(&["http://", "https://", "mailto:"]),
        "src" => begins(&[
            "http://",
            "https://",
            "cid:",
            "attachments/",
            "files/",
            "/mail/1/attachments/",
        ]),
        "data-remote-src" => begins(&["http://", "https://"]),
        "style" => !lower.contains(['(', '\\', '@', '<', '/', '{']),
        _ => true,
    };
    assert!(is_allowed && !value.contains('\u{0}'), "{attribute} is {value}");
}

const ELEMENTS: [&str; 77] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "main",
    "mark",
    "nav",
    "nobr",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];
const ATTRIBUTES: [&str; 21] = [
    "alt",
    "border",
    "cellpadding",
    "cellspacing",
    "colspan",
    "data-quote",
    "data-remote-src",
    "dir",
    "height",
    "href",
    "lang",
    "referrerpolicy",
    "rel",
    "rowspan",
    "src",
    "start",
    "style",
    "target",
    "type",
    "value",
    "width",
];
