//! The parts of a mail, in order; nested mails are one part each.

use memchr::memmem;

use super::fields::{Content, Fields};
use super::{DEPTH_MAX, PARTS_MAX};

/// A part that is no container of others.
pub(super) struct Part<'a> {
    pub(super) fields: Fields,
    /// `type/subtype` in lower case.
    pub(super) media_type: String,
    pub(super) content: Content,
    pub(super) disposition: Content,
    /// Still in its transfer encoding.
    pub(super) body: &'a [u8],
    /// What it stands in.
    pub(super) within: Within,
}

/// What containers a part stands in.
#[derive(Clone, Copy, Default)]
pub(super) struct Within {
    /// Which `multipart/alternative` is the innermost, if any.
    pub(super) alternative: Option<usize>,
    /// Whether it is a part of `multipart/related` other than the first.
    pub(super) is_related: bool,
    /// Whether nothing says where it ends but the end of the bytes.
    pub(super) is_open: bool,
}

/// The parts of a mail.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) parts: Vec<Part<'a>>,
    /// Types of the containers, outermost first, with their `protocol` or `report-type`.
    pub(super) containers: Vec<(String, String)>,
    /// Whether there was more than is kept.
    pub(super) is_cut: bool,
}

/// Reports by programs (RFC 3464, RFC 6533, RFC 8098).
pub(super) const STATUS_TYPES: [&str; 2] =
    ["message/delivery-status", "message/global-delivery-status"];
pub(super) const DISPOSITION_TYPES: [&str; 2] =
    ["message/disposition-notification", "message/global-disposition-notification"];

impl Part<'_> {
    /// The body, decoded.
    pub(super) fn bytes(&self) -> Vec<u8> {
        super::decode::transfer(self.body, &self.fields.word("content-transfer-encoding"))
    }

    /// How long the decoded body is.
    pub(super) fn length(&self) -> usize {
        super::decode::transferred(self.body, &self.fields.word("content-transfer-encoding"))
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        super::decode::text(&self.bytes(), self.content.parameter("charset"))
    }
}

/// Reads the parts of a mail whose header is `fields`.
pub(super) fn parts(fields: Fields, body: &[u8]) -> Parts<'_> {
    let mut parts = Parts::default();
    parts.walk(fields, body, "text/plain", Within { is_open: true, ..Within::default() }, 0);
    parts
}

impl<'a> Parts<'a> {
    /// Whether the mail as a whole is a report (RFC 6522 section 3). One that only stands among other parts was passed
    /// on by somebody who has something to say.
    pub(super) fn is_report(&self) -> bool {
        match (self.containers.first(), self.parts.as_slice()) {
            (Some((kind, _)), _) => kind == "multipart/report",
            (None, [only]) => {
                let kind = only.media_type.as_str();
                STATUS_TYPES.contains(&kind) || DISPOSITION_TYPES.contains(&kind)
            }
            (None, _) => false,
        }
    }

    fn walk(&mut self, fields: Fields, body: &'a [u8], usual: &str, within: Within, depth: usize) {
        if self.parts.len() >= PARTS_MAX {
            self.is_cut = true;
            return;
        }
        let content = fields.content("content-type").unwrap_or_default();
        let media_type =
            if is_media_type(&content.kind) { content.kind.clone() } else { usual.to_owned() };
        let boundary = content.parameter("boundary").unwrap_or_default().to_owned();
        if media_type.starts_with("multipart/") && !boundary.is_empty() {
            if depth >= DEPTH_MAX {
                self.is_cut = true;
            } else if let Some((pieces, is_ended)) = pieces(body, boundary.as_bytes()) {
                let kind = content.parameter("protocol").or(content.parameter("report-type"));
                let kind = kind.unwrap_or_default().to_ascii_lowercase();
                self.containers.push((media_type.clone(), kind));
                let usual =
                    if media_type == "multipart/digest" { "message/rfc822" } else { "text/plain" };
                let alternative =
                    (media_type == "multipart/alternative").then_some(self.containers.len());
                let last = pieces.len().saturating_sub(1);
                for (number, piece) in pieces.into_iter().enumerate() {
                    let within = Within {
                        is_open: within.is_open && !is_ended && number == last,
                        alternative: alternative.or(within.alternative),
                        is_related: media_type == "multipart/related" && number > 0,
                    };
                    let (fields, at) = part_fields(piece);
                    self.is_cut |= fields.is_cut;
                    let body = piece.get(at..).unwrap_or_default();
                    self.walk(fields, body, usual, within, depth + 1);
                }
                return;
            }
        }
        let disposition = fields.content("content-disposition").unwrap_or_default();
        let media_type =
            if media_type.starts_with("multipart/") { "text/plain".to_owned() } else { media_type };
        self.parts.push(Part { fields, media_type, content, disposition, body, within });
    }
}

/// A part may have no header at all: then it begins with a blank line.
fn part_fields(piece: &[u8]) -> (Fields, usize) {
    let blank = [&b"\r\n"[..], b"\n"].into_iter().find(|blank| piece.starts_with(blank));
    match blank {
        Some(blank) => (Fields::default(), blank.len()),
        None => Fields::read(piece),
    }
}

fn is_media_type(kind: &str) -> bool {
    let halves = kind.split_once('/');
    halves.is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.+-_!#$&^".contains(&byte))
}

/// What stands between the lines of a boundary, and whether the last one of them came; none where there is no such
/// line. What a mail that was cut off does not end, ends with it.
fn pieces<'a>(body: &'a [u8], boundary: &[u8]) -> Option<(Vec<&'a [u8]>, bool)> {
    let delimiter = [b"--", boundary].concat();
    let finder = memmem::Finder::new(&delimiter);
    let mut pieces = Vec::new();
    let mut begins: Option<usize> = None;
    let mut at = 0;
    while let Some(found) = body.get(at..).and_then(|rest| finder.find(rest)) {
        let from = at + found;
        at = from + delimiter.len();
        if from > 0 && body.get(from - 1) != Some(&b'\n') {
            continue;
        }
        let rest = body.get(at..).unwrap_or_default();
        let line = rest.get(..memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1));
        let line = line.unwrap_or_default();
        let is_last = line.starts_with(b"--");
        let tail = if is_last { line.get(2..).unwrap_or_default() } else { line };
        if !tail.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if let Some(begins) = begins {
            let piece = body.get(begins..from).unwrap_or_default();
            let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
            pieces.push(piece.strip_suffix(b"\r").unwrap_or(piece));
        }
        at += line.len();
        begins = Some(at);
        if is_last {
            return Some((pieces, true));
        }
        if pieces.len() > PARTS_MAX {
            break;
        }
    }
    let begins = begins?;
    pieces.push(body.get(begins..).unwrap_or_default());
    Some((pieces, false))
}
