//! Texts on their way into a mail: what may stand in a header, and what lines are.

/// Bytes of a Message-ID.
const ID_BYTES_MAX: usize = 500;
const FILE_NAME_BYTES_MAX: usize = 150;

/// A text for a header: one line, nothing that cannot be seen or turns the direction of reading.
pub(super) fn line(text: &str, chars_max: usize) -> String {
    let shown = text.chars().map(|it| if is_hidden(it) { ' ' } else { it });
    let shown: String = shown.collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    let line: String = words.join(" ").chars().take(chars_max).collect();
    line.trim_end().to_owned()
}

fn is_hidden(it: char) -> bool {
    it.is_control()
        || matches!(it, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text as lines of a mail end, without what no text holds.
pub(super) fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text: String =
        text.chars().filter(|it| !it.is_control() || matches!(it, '\n' | '\t')).collect();
    text.replace('\n', "\r\n")
}

/// An id between `<` and `>`, where it is one.
pub(super) fn id(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>');
    let is_part = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>');
    let fits = !text.is_empty() && text.len() <= ID_BYTES_MAX && text.bytes().all(is_part);
    fits.then(|| format!("<{text}>"))
}

/// A name that a file can have anywhere.
pub(super) fn file_name(name: &str, number: usize) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean = line(last, usize::MAX).replace('"', "'");
    let clean = clean.trim_start_matches('.');
    let mut end = clean.len().min(FILE_NAME_BYTES_MAX);
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    match clean.get(..end).map(str::trim_end) {
        Some(clean) if !clean.is_empty() => clean.to_owned(),
        _ => format!("file-{}", number + 1),
    }
}

/// A type that a file may be said to have.
pub(super) fn media_type(text: &str) -> String {
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_part = |part: &str| {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte);
        !part.is_empty() && part.len() <= 100 && part.bytes().all(is_name)
    };
    let fits = essence.split_once('/').is_some_and(|(kind, subtype)| {
        // Those two have parts or a header of their own, which a file has not.
        is_part(kind) && is_part(subtype) && !matches!(kind, "multipart" | "message")
    });
    if fits { essence } else { "application/octet-stream".to_owned() }
}
