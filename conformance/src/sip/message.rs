//! One SIP message read by the grammar, or the first thing that breaks it.
//!
//! Strict about bytes, line ends, start line, header names, lengths and fields that may be there
//! once; what the values mean is judged elsewhere.

use super::grammar;

/// A message whose outline is in order.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) start: Start,
    /// Long names in lower case, values unfolded and trimmed, in order.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// The start line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Request { method: String, uri: String },
    Status { code: u16, reason: String },
}

/// Compact names of RFC 3261, 3265, 3515, 3841, 3892, 4028, 4474 and 4538.
const COMPACT: [(&str, &str); 20] = [
    ("a", "accept-contact"),
    ("b", "referred-by"),
    ("c", "content-type"),
    ("d", "request-disposition"),
    ("e", "content-encoding"),
    ("f", "from"),
    ("i", "call-id"),
    ("j", "reject-contact"),
    ("k", "supported"),
    ("l", "content-length"),
    ("m", "contact"),
    ("n", "identity-info"),
    ("o", "event"),
    ("r", "refer-to"),
    ("s", "subject"),
    ("t", "to"),
    ("u", "allow-events"),
    ("v", "via"),
    ("x", "session-expires"),
    ("y", "identity"),
];

/// Fields that hold one value and stand there once.
const SINGLE: [&str; 21] = [
    "call-id",
    "content-disposition",
    "content-id",
    "content-length",
    "content-type",
    "cseq",
    "date",
    "event",
    "expires",
    "from",
    "max-forwards",
    "mime-version",
    "min-expires",
    "refer-sub",
    "referred-by",
    "retry-after",
    "server",
    "session-id",
    "subscription-state",
    "to",
    "user-agent",
];

impl Message {
    /// Values of that header, in order.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let found = self.headers.iter().filter(move |(each, _)| each == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The first value of that header.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(each, _)| each == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a header that is a list, several to a line or not.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<&str>, String> {
        let mut values = Vec::new();
        for line in self.all(name) {
            values.extend(grammar::split(line, ',').map_err(|words| format!("{name}: {words}"))?);
        }
        Ok(values)
    }

    /// Number and method of CSeq.
    pub(crate) fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.get("cseq")?.split_once([' ', '\t'])?;
        let number = grammar::number(number, u64::from(u32::MAX >> 1))?;
        Some((u32::try_from(number).ok()?, method.trim_start()))
    }

    /// The start line in a few words, for reports.
    pub(crate) fn title(&self) -> String {
        match &self.start {
            Start::Request { method, uri } => format!("{method} {uri}"),
            Start::Status { code, reason } => {
                let method = self.cseq().map_or("?", |(_, method)| method);
                format!("{code} {reason} to {method}")
            }
        }
    }
}

/// Reads a whole message; `on_stream` says whether Content-Length must be there.
pub(crate) fn parse(raw: &[u8], on_stream: bool) -> Result<Message, String> {
    let Some(end) = head_end(raw) else {
        return Err("the head has no end (an empty line ended by CR LF)".to_owned());
    };
    let (head, body) = raw.split_at(end);
    let head = std::str::from_utf8(head).map_err(|_| "the head is not UTF-8".to_owned())?;
    let mut lines = unfolded(head)?.into_iter();
    let start = start_line(&lines.next().unwrap_or_default())?;
    let headers = lines.map(|line| header(&line)).collect::<Result<Vec<_>, _>>()?;
    for name in SINGLE {
        if headers.iter().filter(|(each, _)| each == name).count() > 1 {
            return Err(format!("{name} is there more than once"));
        }
    }
    let message = Message { start, headers, body: body.to_vec() };
    match content_length(&message)? {
        None if on_stream => Err("no Content-Length on a stream".to_owned()),
        Some(length) if length != message.body.len() => {
            Err(format!("Content-Length is {length}, the body has {} bytes", message.body.len()))
        }
        _ => Ok(message),
    }
}

/// Where the body begins: after the first empty line.
pub(crate) fn head_end(raw: &[u8]) -> Option<usize> {
    raw.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// The declared length of the body, none without the field.
pub(crate) fn content_length(message: &Message) -> Result<Option<usize>, String> {
    let Some(text) = message.get("content-length") else { return Ok(None) };
    let length = grammar::number(text, 1 << 24).and_then(|length| usize::try_from(length).ok());
    length.map(Some).ok_or_else(|| format!("Content-Length is {text:?}"))
}

fn unfolded(head: &str) -> Result<Vec<String>, String> {
    let mut lines: Vec<String> = Vec::new();
    for line in head.trim_end_matches("\r\n").split("\r\n") {
        if line.contains(['\r', '\n']) {
            return Err(format!("a line end that is not CR LF: {line:?}"));
        }
        if let Some(control) = line.chars().find(|each| each.is_control() && *each != '\t') {
            return Err(format!("a control character {control:?}: {line:?}"));
        }
        match lines.last_mut() {
            Some(before) if line.starts_with([' ', '\t']) => {
                before.push(' ');
                before.push_str(line.trim());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    Ok(lines)
}

fn header(line: &str) -> Result<(String, String), String> {
    let Some((name, value)) = line.split_once(':') else {
        return Err(format!("a line without a colon: {line:?}"));
    };
    let name = name.trim_end_matches([' ', '\t']);
    if !grammar::is_token(name) {
        return Err(format!("the header name {name:?} is no token"));
    }
    let name = name.to_ascii_lowercase();
    let long = COMPACT.iter().find(|(short, _)| *short == name).map(|(_, long)| (*long).to_owned());
    Ok((long.unwrap_or(name), value.trim_matches([' ', '\t']).to_owned()))
}

fn start_line(line: &str) -> Result<Start, String> {
    if let Some(rest) = line.strip_prefix("SIP/2.0 ") {
        let Some((code, reason)) = rest.split_once(' ') else {
            return Err(format!("no space after the status code: {line:?}"));
        };
        let number = grammar::number(code, 699).filter(|code| *code >= 100);
        let number = number.filter(|_| code.len() == 3).and_then(|code| u16::try_from(code).ok());
        return match number {
            None => Err(format!("{code:?} is no status code")),
            Some(code) => Ok(Start::Status { code, reason: reason.to_owned() }),
        };
    }
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, uri, "SIP/2.0"] = parts.as_slice() else {
        return Err(format!("neither a request line nor a status line of SIP/2.0: {line:?}"));
    };
    if !grammar::is_token(method) {
        return Err(format!("the method {method:?} is no token"));
    }
    grammar::check_uri(uri)?;
    Ok(Start::Request { method: (*method).to_owned(), uri: (*uri).to_owned() })
}

/// What a stream brings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// An empty line between messages.
    EmptyLine,
    /// The bytes of one message.
    Message(Vec<u8>),
}

/// Cuts a stream into messages; after an error nothing more comes of it.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    buffer: Vec<u8>,
}

/// Bytes of one head, and of one body.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const BODY_BYTES_MAX: usize = 1024 * 1024;

impl Framing {
    /// Takes what was read.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole thing; `None` where more bytes are needed.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, String> {
        if self.buffer.starts_with(b"\r\n") {
            self.take(2);
            return Ok(Some(Item::EmptyLine));
        }
        let Some(head) = head_end(&self.buffer) else {
            return match self.buffer.len() > HEAD_BYTES_MAX {
                true => Err("a head without end".to_owned()),
                false => Ok(None),
            };
        };
        let length = declared_length(self.buffer.get(..head).unwrap_or_default())?;
        if length > BODY_BYTES_MAX {
            return Err(format!("a body of {length} bytes"));
        }
        if self.buffer.len() < head + length {
            return Ok(None);
        }
        Ok(Some(Item::Message(self.take(head + length))))
    }

    fn take(&mut self, bytes: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(bytes);
        std::mem::replace(&mut self.buffer, rest)
    }
}

/// The length in a head that is otherwise not yet judged.
fn declared_length(head: &[u8]) -> Result<usize, String> {
    let head = std::str::from_utf8(head).map_err(|_| "the head is not UTF-8".to_owned())?;
    let mut lengths = Vec::new();
    for line in unfolded(head)?.iter().skip(1) {
        let (name, value) = header(line)?;
        if name == "content-length" {
            let length = grammar::number(&value, 1 << 24);
            let length = length.and_then(|length| usize::try_from(length).ok());
            lengths.push(length.ok_or_else(|| format!("Content-Length is {value:?}"))?);
        }
    }
    match lengths.as_slice() {
        [length] => Ok(*length),
        [] => Err("no Content-Length on a stream".to_owned()),
        _ => Err("Content-Length is there more than once".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/TCP c\r\nL :\r\n 3\r\n\r\nabc";

    #[test]
    fn a_stream_is_cut_the_same_however_it_comes() {
        let stream = [MESSAGE, b"\r\n", MESSAGE].concat();
        let expected =
            [Item::Message(MESSAGE.to_vec()), Item::EmptyLine, Item::Message(MESSAGE.to_vec())];
        for at in 0..=stream.len() {
            let mut framing = Framing::default();
            let mut items = Vec::new();
            for piece in [&stream[..at], &stream[at..]] {
                framing.feed(piece);
                while let Some(item) = framing.next().unwrap() {
                    items.push(item);
                }
            }
            assert_eq!(items, expected, "cut at {at}");
        }
    }

    #[test]
    fn lengths_that_could_hide_a_message_are_told() {
        let text = String::from_utf8(MESSAGE.to_vec()).unwrap();
        for (from, to) in [
            ("L :\r\n 3", "X: 3"),
            ("L :\r\n 3", "L: 3\r\nContent-Length: 3"),
            ("L :\r\n 3", "L: -1"),
            ("L :\r\n 3", "L: 3a"),
            ("L :\r\n 3", "L: 99999999999999999999"),
        ] {
            let mut framing = Framing::default();
            framing.feed(text.replace(from, to).as_bytes());
            assert!(framing.next().is_err(), "{to}");
        }
    }

    #[test]
    fn compact_names_become_long_and_folds_one_line() {
        let message = parse(MESSAGE, true).unwrap();
        assert_eq!(message.get("via"), Some("SIP/2.0/TCP c"));
        assert_eq!(message.get("content-length"), Some("3"));
        assert!(parse(&MESSAGE[..MESSAGE.len() - 1], false).is_err());
    }
}
