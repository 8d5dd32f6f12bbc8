//! Lines, names and values; what belongs to the framing.

use std::borrow::Cow;

use bytes::Bytes;

use super::{Limits, Problem, check, lenient, start};
use crate::sip::{Header, Headers, Known, Message, Name, StartLine, Status, Text, Value, grammar};

/// A head whose framing is whole.
#[derive(Clone, Debug)]
pub(super) struct Head {
    start: StartLine,
    headers: Headers,
    /// What Content-Length says.
    pub(super) content_length: Option<usize>,
    /// What else is wrong with it.
    pub(super) problem: Option<Problem>,
}

/// Where the head that `bytes` begin with ends: behind its empty line. What is before `from` was searched.
pub(super) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    let mut at = from.saturating_sub(END.len() - 1);
    loop {
        let end = at + memchr::memchr(b'\n', bytes.get(at..)?)? + 1;
        if bytes.get(..end)?.ends_with(END) {
            return Some(end);
        }
        at = end;
    }
}

impl Head {
    /// The head that `bytes` are, its empty line included.
    pub(super) fn read(bytes: &Bytes, limits: &Limits) -> Result<Self, Problem> {
        if bytes.len() > limits.head_bytes {
            return Err(too_long(limits));
        }
        let text = Text::from_utf8_bytes(bytes.clone());
        let text = text.map_err(|_| Problem::bad("message", "has a head that is no UTF-8"))?;
        let mut lines = Lines::of(&text);
        let first = lines.next().ok_or(Problem::bad("message", "is empty"))??;
        if first.text.len() > limits.start_line_bytes {
            return Err(first_line_too_long(first.text.as_bytes(), limits));
        }
        if first.is_continued {
            return Err(Problem::bad("start line", "is continued"));
        }
        let mut problem = None;
        let mut note = |found: Problem| match problem {
            _ if found.framing_is_lost => Err(found),
            Some(_) => Ok(()),
            None => {
                problem = Some(found);
                Ok(())
            }
        };
        let start = match start::read(&first.shared(&text), limits) {
            Ok(start) => start,
            Err(found) => {
                note(found)?;
                unknown_start()
            }
        };
        let mut headers = Headers::with_room(24);
        let mut content_length = None;
        for line in lines {
            let line = line?;
            if line.text.len() > limits.line_bytes {
                return Err(Problem::new(
                    Status::BAD_REQUEST,
                    "header field",
                    "is too long",
                    limits.line_bytes,
                ));
            }
            let (name, value) = grammar::split(&line.text, b':')
                .ok_or(Problem::bad("header field", "has no colon"))?;
            let name = name.trim_end_matches([' ', '\t']);
            if !grammar::is_token_text(name) {
                return Err(Problem::bad("header field", "has a name that is no token"));
            }
            let value = grammar::trim(value);
            let name = match Name::known(name) {
                Some(Known::ContentLength) if content_length.is_some() => {
                    return Err(Problem::bad("Content-Length", "is there more than once"));
                }
                Some(Known::ContentLength) => {
                    content_length = Some(body_length(value, limits)?);
                    continue;
                }
                Some(known) => Name::Known(known),
                None => Name::Other(line.part(&text, name)),
            };
            let mended = match name {
                Name::Known(known) if limits.lenient => lenient::mended(known, value),
                _ => None,
            };
            let value = mended.map_or_else(|| line.part(&text, value), Text::from);
            headers.add(Header { name, value: Value::checked(value) });
            if headers.len() > limits.fields {
                return Err(Problem::new(
                    Status::BAD_REQUEST,
                    "header fields",
                    "are too many",
                    limits.fields,
                ));
            }
        }
        if problem.is_none() {
            problem = check::check(&start, &headers, limits).err();
        }
        Ok(Self { start, headers, content_length, problem })
    }

    pub(super) fn with_body(self, body: Bytes) -> Message {
        Message { start: self.start, headers: self.headers, body }
    }
}

/// Stands for a first line that cannot be used; never given out.
fn unknown_start() -> StartLine {
    StartLine::Response { status: Status::BAD_REQUEST, reason: Text::empty() }
}

fn body_length(digits: &str, limits: &Limits) -> Result<usize, Problem> {
    let number = grammar::number(digits, u64::MAX);
    let number = number.map_err(|words| Problem::bad("Content-Length", words))?;
    let length = usize::try_from(number).ok().filter(|length| *length <= limits.body_bytes);
    length.ok_or(Problem::new(Status::ENTITY_TOO_LARGE, "body", "is too long", limits.body_bytes))
}

pub(super) fn too_long(limits: &Limits) -> Problem {
    Problem::new(Status::MESSAGE_TOO_LARGE, "head", "is too long", limits.head_bytes)
}

/// A first line that is too long is so for its URI, where it has a method.
pub(super) fn first_line_too_long(line: &[u8], limits: &Limits) -> Problem {
    let is_request = line.iter().take(64).any(|byte| *byte == b' ') && !line.starts_with(b"SIP/");
    let (status, field) = if is_request {
        (Status::URI_TOO_LONG, "Request-URI")
    } else {
        (Status::BAD_REQUEST, "start line")
    };
    Problem::new(status, field, "is too long", limits.start_line_bytes)
}

/// A line, continued ones joined with one blank.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub(super) text: Cow<'a, str>,
    is_continued: bool,
}

impl Line<'_> {
    fn shared(&self, whole: &Text) -> Text {
        self.part(whole, &self.text)
    }

    /// `part`, a part of this line: shared where the line stands in `whole` as it is.
    fn part(&self, whole: &Text, part: &str) -> Text {
        if self.is_continued { part.into() } else { grammar::share(whole, part) }
    }
}

/// The lines of a head up to its empty one.
pub(super) struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Lines<'a> {
    pub(super) fn of(head: &'a str) -> Self {
        Self { rest: head }
    }

    /// The next line as it stands there.
    fn raw(&mut self) -> Option<Result<&'a str, Problem>> {
        let (line, rest) = grammar::split(self.rest, b'\n')?;
        self.rest = rest;
        let Some(line) = line.strip_suffix('\r') else {
            return Some(Err(Problem::bad("message", "has a line that does not end with CR LF")));
        };
        // No early end, so that the compiler looks at many bytes at once.
        let controls = line.bytes().fold(0, |found, byte| {
            found | (u8::from(byte < 0x20) & u8::from(byte != b'\t')) | u8::from(byte == 0x7F)
        });
        if controls != 0 {
            return Some(Err(Problem::bad("message", "has a control character in its head")));
        }
        Some(Ok(line))
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = match self.raw()? {
            Ok("") => return None,
            Ok(line) => line,
            Err(problem) => return Some(Err(problem)),
        };
        if !self.rest.starts_with([' ', '\t']) {
            return Some(Ok(Line { text: line.into(), is_continued: false }));
        }
        let mut joined = grammar::trim(line).to_owned();
        while self.rest.starts_with([' ', '\t']) {
            let more = match self.raw()? {
                Ok(more) => grammar::trim(more),
                Err(problem) => return Some(Err(problem)),
            };
            // Some take a line of blanks for the end of the head, so nobody else gets one from here.
            if more.is_empty() {
                return Some(Err(Problem::bad("header field", "is continued by a line of blanks")));
            }
            joined.push(' ');
            joined.push_str(more);
        }
        Some(Ok(Line { text: joined.into(), is_continued: true }))
    }
}
