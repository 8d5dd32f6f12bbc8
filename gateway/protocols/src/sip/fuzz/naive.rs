//! A second reading of a stream: slow, plain, and strict in what bounds a message. It shares nothing with the
//! decoder, so that what both give alike is no accident.

/// A message as it is bounded: its first line, its fields, its body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bounded {
    pub(super) first_line: String,
    /// Long names in small letters, and values; without Content-Length.
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Names and their short forms.
const SHORT: [(&str, &str); 15] = [
    ("a", "accept-contact"),
    ("b", "referred-by"),
    ("c", "content-type"),
    ("e", "content-encoding"),
    ("f", "from"),
    ("i", "call-id"),
    ("k", "supported"),
    ("l", "content-length"),
    ("m", "contact"),
    ("o", "event"),
    ("r", "refer-to"),
    ("s", "subject"),
    ("t", "to"),
    ("u", "allow-events"),
    ("v", "via"),
];

/// The messages of a stream up to where it cannot be cut any more.
pub(super) fn stream(mut bytes: &[u8], body_bytes_max: u64) -> Vec<Bounded> {
    let mut all = Vec::new();
    loop {
        while let Some(rest) = bytes.strip_prefix(b"\r\n") {
            bytes = rest;
        }
        let Some((message, rest)) = first(bytes, body_bytes_max) else { return all };
        all.push(message);
        bytes = rest;
    }
}

fn first(bytes: &[u8], body_bytes_max: u64) -> Option<(Bounded, &[u8])> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let rest = bytes.get(end + 4..)?;
    let mut lines: Vec<String> = Vec::new();
    for line in head.split("\r\n") {
        if line.chars().any(|character| character.is_ascii_control() && character != '\t') {
            return None;
        }
        let blank = |character| character == ' ' || character == '\t';
        if line.starts_with(blank) {
            let last = lines.last_mut()?;
            if line.trim_matches(blank).is_empty() {
                return None;
            }
            *last = format!("{} {}", last.trim_matches(blank), line.trim_matches(blank));
        } else {
            lines.push(line.to_owned());
        }
    }
    let mut lines = lines.into_iter();
    let first_line = lines.next()?;
    let mut fields = Vec::new();
    let mut length = None;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name = name.trim_end_matches([' ', '\t']).to_ascii_lowercase();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        let long = SHORT.iter().find(|(short, _)| *short == name);
        let name = long.map_or(name, |(_, long)| (*long).to_owned());
        let value = value.trim_matches([' ', '\t']).to_owned();
        if name != "content-length" {
            fields.push((name, value));
        } else if length.is_some() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        } else {
            length = Some(value.parse::<u64>().ok().filter(|length| *length <= body_bytes_max)?);
        }
    }
    let length = usize::try_from(length?).ok()?;
    let body = rest.get(..length)?.to_vec();
    Some((Bounded { first_line, fields, body }, rest.get(length..)?))
}
