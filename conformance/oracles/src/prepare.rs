//! Messages rewritten so far that rsip's known gaps do not hide what they say.

/// Long names of the compact ones that rsip does not know.
const COMPACT: [(&str, &str); 12] = [
    ("b", "Referred-By"),
    ("c", "Content-Type"),
    ("e", "Content-Encoding"),
    ("f", "From"),
    ("i", "Call-ID"),
    ("k", "Supported"),
    ("l", "Content-Length"),
    ("m", "Contact"),
    ("o", "Event"),
    ("r", "Refer-To"),
    ("t", "To"),
    ("v", "Via"),
];

/// A message taken apart, unfolded and with long names.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) start: String,
    /// Names as written or made long, values unfolded and trimmed.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Prepared {
    /// Takes bytes apart; an error is about bytes that are no message at all.
    pub(crate) fn new(raw: &[u8]) -> Result<Self, String> {
        let end = raw.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.ok_or("no empty line ends the head")?;
        let (head, body) = raw.split_at(end);
        let head = std::str::from_utf8(head).map_err(|_| "the head is not UTF-8")?;
        let mut lines: Vec<String> = Vec::new();
        for line in head.split("\r\n") {
            match lines.last_mut() {
                Some(before) if line.starts_with([' ', '\t']) => {
                    before.push(' ');
                    before.push_str(line.trim());
                }
                _ => lines.push(line.to_owned()),
            }
        }
        let mut lines = lines.into_iter();
        let start = lines.next().unwrap_or_default();
        let headers = lines.map(|line| {
            let (name, value) =
                line.split_once(':').ok_or_else(|| format!("no colon in {line:?}"))?;
            let name = name.trim_end();
            let long = COMPACT.iter().find(|(short, _)| short.eq_ignore_ascii_case(name));
            let name = long.map_or(name, |(_, long)| long);
            Ok::<_, String>((name.to_owned(), value.trim().to_owned()))
        });
        let headers = headers.collect::<Result<_, _>>()?;
        Ok(Self { start, headers, body: body.get(4..).unwrap_or_default().to_vec() })
    }

    /// Values of a header, in order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.headers.iter().filter(move |(each, _)| each.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The bytes rsip is given: unfolded, long names, without a body that is not UTF-8.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{}\r\n", self.start).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        if self.has_text_body() {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }

    /// Whether the body survives a library that keeps text alone.
    pub(crate) fn has_text_body(&self) -> bool {
        std::str::from_utf8(&self.body).is_ok()
    }
}

/// Splits a header's value at commas outside quotes and brackets.
pub(crate) fn values(text: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !bracketed => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            ',' if !quoted && !bracketed => {
                parts.push(text.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default().trim());
    parts
}

/// A value without the parameters that rsip cannot read: those in quotes, and those whose names hold
/// more than letters, digits and dashes.
pub(crate) fn without_odd_parameters(value: &str) -> String {
    let mut quoted = false;
    let bracket = value.char_indices().find(|(_, character)| {
        quoted ^= *character == '"';
        *character == '>' && !quoted
    });
    let (address, parameters) = match bracket {
        Some((at, _)) => value.split_at(at + 1),
        None => value.split_at(value.find(';').unwrap_or(value.len())),
    };
    let is_plain = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default().trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !parameter.contains('"') && !name.is_empty() && name.bytes().all(plain)
    };
    let kept = split_parameters(parameters).into_iter().filter(is_plain);
    kept.fold(address.to_owned(), |value, parameter| format!("{value};{}", parameter.trim()))
}

fn split_parameters(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            ';' if !quoted => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_and_folded_lines_become_plain_ones() {
        let raw = b"OPTIONS sip:a SIP/2.0\r\nv :\r\n SIP/2.0/TCP a;branch=z9hG4bK1\r\nl: 0\r\n\r\n";
        let prepared = Prepared::new(raw).unwrap();
        assert_eq!(prepared.all("via").collect::<Vec<_>>(), ["SIP/2.0/TCP a;branch=z9hG4bK1"]);
        assert!(prepared.bytes().ends_with(b"Content-Length: 0\r\n\r\n"));
    }

    #[test]
    fn quoted_parameters_go_and_others_stay() {
        let value =
            "<sip:a@b;transport=tcp>;+sip.instance=\"<urn:uuid:1;2>\";expires=120;x-cisco-newreg";
        let plain = "<sip:a@b;transport=tcp>;expires=120;x-cisco-newreg";
        assert_eq!(without_odd_parameters(value), plain);
        assert_eq!(values("\"a, b\" <sip:a>, <sip:b,c>"), ["\"a, b\" <sip:a>", "<sip:b,c>"]);
    }
}
