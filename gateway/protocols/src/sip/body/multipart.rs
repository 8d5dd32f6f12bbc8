//! Several bodies in one (RFC 2046, section 5.1), as phones and their servers send them.
//!
//! Read: any boundary, quoted or not; lines that end with LF alone; no line end after the last boundary; parts
//! within a part, once, which come out in their order. Refused is what two readers might take apart
//! differently: a line that begins with a boundary and goes on, a part that is never closed, fields that
//! contradict each other.
//!
//! Written: always with the boundary [`BOUNDARY`], the only one that phones are known to take.

use bytes::Bytes;

use super::{BYTES_MAX, Unsendable, pen::is_plain};

/// The boundary of all that is written.
pub const BOUNDARY: &str = "uniqueBoundary";
/// `Content-Type` of what [`write()`] returns.
pub const CONTENT_TYPE: &str = "multipart/mixed;boundary=uniqueBoundary";
/// `Content-Type` of a part that says none (RFC 2046, section 5.1).
pub const CONTENT_TYPE_UNSAID: &str = "text/plain";
/// What phones say of their parts.
pub const OPTIONAL: &str = "session;handling=optional";

/// Parts of one body, those that hold others among them.
pub const PARTS_MAX: usize = 16;
/// How deep multiparts may be nested.
pub const NESTING_MAX: usize = 2;
/// Bytes of the fields of one part.
pub const HEAD_BYTES_MAX: usize = 4 * 1024;
/// Characters of a boundary (RFC 2046, section 5.1.1).
pub const BOUNDARY_CHARACTERS_MAX: usize = 70;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is: the value of `Content-Type`.
    pub content_type: String,
    /// Its name, without brackets: what `cid:` in `Refer-To` refers to.
    pub id: Option<String>,
    /// What it is for: the value of `Content-Disposition`.
    pub disposition: Option<String>,
    /// Its bytes.
    pub body: Bytes,
}

impl Part {
    /// A part of that type.
    pub fn new(content_type: &str, body: Bytes) -> Self {
        Self { content_type: content_type.to_owned(), id: None, disposition: None, body }
    }

    /// Its media type, in lower case and without parameters.
    pub fn media_type(&self) -> String {
        super::media_type(&self.content_type)
    }
}

/// Why a multipart is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMultipart {
    /// The whole is too large.
    #[error("a body of more than {BYTES_MAX} bytes is refused")]
    TooLarge,
    /// `Content-Type` names no boundary, or one that cannot be.
    #[error("the content type names no usable boundary")]
    Boundary,
    /// There is not one part.
    #[error("there is no part")]
    Empty,
    /// There are too many.
    #[error("more than {PARTS_MAX} parts are refused")]
    TooManyParts,
    /// Multiparts within multiparts within multiparts.
    #[error("multiparts are nested more than {NESTING_MAX} deep")]
    TooDeep,
    /// The bytes end before the last boundary.
    #[error("the last part has no end")]
    Unclosed,
    /// A line begins with the boundary and goes on.
    #[error("a line begins with the boundary and goes on")]
    Ambiguous,
    /// The fields of a part have no end, are too large, or one is no field or there twice.
    #[error("a part has fields that cannot be read")]
    Field,
    /// A part is packed in a way that SIP does not need (RFC 3261, section 7.4.1).
    #[error("a part has a transfer encoding")]
    Encoding,
}

/// Whether that `Content-Type` is a multipart.
pub fn is_multipart(content_type: &str) -> bool {
    super::media_type(content_type).starts_with("multipart/")
}

/// What a message carries, whether that is one body or several; of one body, `id` is the message's
/// `Content-Id`.
pub fn bodies(
    content_type: &str,
    id: Option<&str>,
    body: &Bytes,
) -> Result<Vec<Part>, BadMultipart> {
    if is_multipart(content_type) {
        return parts(content_type, body);
    }
    if body.len() > BYTES_MAX {
        return Err(BadMultipart::TooLarge);
    }
    let mut part = Part::new(content_type.trim(), body.clone());
    part.id = id.map(|id| without_brackets(id.trim()).to_owned());
    Ok(vec![part])
}

/// The parts of `body`, in their order; parts within a part stand in its place. `content_type` is that of the
/// message.
pub fn parts(content_type: &str, body: &Bytes) -> Result<Vec<Part>, BadMultipart> {
    if body.len() > BYTES_MAX {
        return Err(BadMultipart::TooLarge);
    }
    let (mut found, mut left) = (Vec::new(), PARTS_MAX);
    collect(content_type, body, NESTING_MAX, &mut left, &mut found)?;
    Ok(found)
}

fn collect(
    content_type: &str,
    body: &Bytes,
    depth_left: usize,
    left: &mut usize,
    found: &mut Vec<Part>,
) -> Result<(), BadMultipart> {
    let depth_left = depth_left.checked_sub(1).ok_or(BadMultipart::TooDeep)?;
    let boundary = boundary(content_type).ok_or(BadMultipart::Boundary)?;
    for bytes in pieces(body, &boundary, left)? {
        let part = part(&bytes)?;
        if is_multipart(&part.content_type) {
            collect(&part.content_type, &part.body, depth_left, left, found)?;
        } else {
            found.push(part);
        }
    }
    Ok(())
}

/// The bytes between boundaries, without the line end that belongs to the boundary after them.
fn pieces(body: &Bytes, boundary: &str, left: &mut usize) -> Result<Vec<Bytes>, BadMultipart> {
    let (mut pieces, mut begin) = (Vec::new(), None);
    for line in lines(body) {
        let Some(kind) = delimiter(body, line, boundary)? else { continue };
        if let Some(begin) = begin {
            *left = left.checked_sub(1).ok_or(BadMultipart::TooManyParts)?;
            pieces.push(body.slice(begin..without_line_end(body, begin, line.begin)));
        }
        if kind == Delimiter::Last {
            return if pieces.is_empty() { Err(BadMultipart::Empty) } else { Ok(pieces) };
        }
        begin = Some(line.next);
    }
    Err(BadMultipart::Unclosed)
}

#[derive(Clone, Copy)]
struct Line {
    begin: usize,
    /// Where its text ends, its CR LF or LF not counted.
    end: usize,
    /// Where the next one begins.
    next: usize,
}

/// The lines of `body`; CR alone does not end one.
fn lines(body: &[u8]) -> impl Iterator<Item = Line> + use<'_> {
    let mut begin = 0;
    std::iter::from_fn(move || {
        let rest = body.get(begin..).filter(|rest| !rest.is_empty())?;
        let next = match rest.iter().position(|byte| *byte == b'\n') {
            Some(at) => begin + at + 1,
            None => body.len(),
        };
        let end = match rest.get(..next - begin) {
            Some([.., b'\r', b'\n']) => next - 2,
            Some([.., b'\n']) => next - 1,
            _ => next,
        };
        let line = Line { begin, end, next };
        begin = next;
        Some(line)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Delimiter {
    Next,
    Last,
}

fn delimiter(body: &[u8], line: Line, boundary: &str) -> Result<Option<Delimiter>, BadMultipart> {
    let text = body.get(line.begin..line.end).unwrap_or_default();
    let Some(rest) =
        text.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary.as_bytes()))
    else {
        return Ok(None);
    };
    let (kind, padding) = match rest.strip_prefix(b"--") {
        Some(padding) => (Delimiter::Last, padding),
        None => (Delimiter::Next, rest),
    };
    if padding.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
        Ok(Some(kind))
    } else {
        Err(BadMultipart::Ambiguous)
    }
}

/// Where a part that begins at `begin` ends when a boundary's line begins at `boundary`.
fn without_line_end(body: &[u8], begin: usize, boundary: usize) -> usize {
    match body.get(begin..boundary) {
        Some([.., b'\r', b'\n']) => boundary - 2,
        Some([.., b'\n']) => boundary - 1,
        _ => boundary,
    }
}

fn part(bytes: &Bytes) -> Result<Part, BadMultipart> {
    let (mut head, mut body_at, mut head_bytes) = (Vec::<String>::new(), None, 0);
    for line in lines(bytes) {
        if line.begin == line.end {
            body_at = Some(line.next);
            break;
        }
        head_bytes += line.end - line.begin;
        if head_bytes > HEAD_BYTES_MAX {
            return Err(BadMultipart::Field);
        }
        let text = std::str::from_utf8(bytes.get(line.begin..line.end).unwrap_or_default())
            .map_err(|_| BadMultipart::Field)?;
        match (text.strip_prefix([' ', '\t']), head.last_mut()) {
            (Some(more), Some(field)) => field.extend([" ", more.trim()]),
            (Some(_), None) => return Err(BadMultipart::Field),
            (None, _) => head.push(text.to_owned()),
        }
    }
    // Fields without an empty line after them are a part without a body (RFC 2046, section 5.1.1).
    let body = bytes.slice(body_at.unwrap_or(bytes.len())..);
    let (mut content_type, mut id, mut disposition, mut encoding) = (None, None, None, None);
    for field in &head {
        let (name, value) = field.split_once(':').ok_or(BadMultipart::Field)?;
        let (name, value) = (name.trim_end(), value.trim());
        if name.is_empty() || !is_plain(name) || value.contains(is_odd) {
            return Err(BadMultipart::Field);
        }
        let place = match name.to_ascii_lowercase().as_str() {
            "content-type" | "c" => &mut content_type,
            "content-id" => &mut id,
            "content-disposition" => &mut disposition,
            "content-transfer-encoding" => &mut encoding,
            _ => continue,
        };
        if place.replace(value.to_owned()).is_some() {
            return Err(BadMultipart::Field);
        }
    }
    let as_it_is = |encoding: &String| {
        ["7bit", "8bit", "binary"].iter().any(|plain| encoding.eq_ignore_ascii_case(plain))
    };
    if !encoding.as_ref().is_none_or(as_it_is) {
        return Err(BadMultipart::Encoding);
    }
    let id = id.map(|id| without_brackets(&id).to_owned());
    let content_type = content_type.unwrap_or_else(|| CONTENT_TYPE_UNSAID.to_owned());
    Ok(Part { content_type, id, disposition, body })
}

fn without_brackets(id: &str) -> &str {
    id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id)
}

fn is_odd(one: char) -> bool {
    one.is_control() && one != '\t'
}

/// The parameter `boundary` of a multipart's type, where it is one that can be.
fn boundary(content_type: &str) -> Option<String> {
    if !is_multipart(content_type) {
        return None;
    }
    let mut found = None;
    let (_, mut rest) = content_type.split_once(';')?;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after.trim_start())?;
        if name.trim().eq_ignore_ascii_case("boundary") && found.replace(value).is_some() {
            return None;
        }
        match after.trim_start() {
            "" => break,
            more => rest = more.strip_prefix(';')?,
        }
    }
    found.filter(|boundary| {
        let length = boundary.len();
        (1..=BOUNDARY_CHARACTERS_MAX).contains(&length)
            && !boundary.ends_with(' ')
            && boundary.bytes().all(is_boundary_character)
    })
}

/// The value at the beginning of `text`, a token or a quoted string, and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ' ', '\t']).unwrap_or(text.len());
        let (token, after) = text.split_at_checked(end)?;
        return Some((token.to_owned(), after)).filter(|(token, _)| !token.contains('"'));
    };
    let (mut value, mut characters) = (String::new(), quoted.char_indices());
    while let Some((at, one)) = characters.next() {
        match one {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// `bchars` of RFC 2046, section 5.1.1, and what tokens of SIP may have beyond.
fn is_boundary_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=? !%*`~".contains(&byte)
}

/// Puts parts together; the type of the whole is [`CONTENT_TYPE`].
pub fn write(parts: &[Part]) -> Result<Bytes, Unsendable> {
    if parts.is_empty() || parts.len() > PARTS_MAX {
        return Err(Unsendable::Parts);
    }
    let mut body = Vec::with_capacity(parts.iter().map(|part| part.body.len() + 200).sum());
    for part in parts {
        if begins_a_line(&part.body) {
            return Err(Unsendable::Boundary);
        }
        body.extend_from_slice(format!("--{BOUNDARY}\r\n").as_bytes());
        let (id, begin) = (part.id.as_ref().map(|id| format!("<{id}>")), body.len());
        let fields = [
            ("Content-Type", Some(&part.content_type)),
            ("Content-Id", id.as_ref()),
            ("Content-Disposition", part.disposition.as_ref()),
        ];
        for (name, value) in fields {
            let Some(value) = value else { continue };
            if !is_plain(value) {
                return Err(Unsendable::ControlCharacter);
            }
            body.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if body.len() - begin > HEAD_BYTES_MAX {
            return Err(Unsendable::TooLarge);
        }
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(&part.body);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    if body.len() > BYTES_MAX { Err(Unsendable::TooLarge) } else { Ok(body.into()) }
}

/// Whether a line of `body` begins like the boundary. A CR alone ends a line here too: who reads it may think
/// so.
fn begins_a_line(body: &[u8]) -> bool {
    let like = format!("--{BOUNDARY}");
    body.split(|byte| matches!(byte, b'\r' | b'\n')).any(|line| line.starts_with(like.as_bytes()))
}
