//! The one text of a mail, made of its texts.

use super::clean::cut;
use super::decode::flowed;
use super::files::is_shown;
use super::html::{clean_html, clean_with, html_to_text, text_to_html};
use super::mime::{Part, Parts};
use super::{ATTACHMENTS_AT, Attachment, HTML_BYTES_MAX, Remote, TEXT_BYTES_MAX};

/// What a mail shows.
#[derive(Default)]
pub(super) struct Body {
    pub(super) text: String,
    pub(super) html: Option<String>,
    pub(super) has_remote_content: bool,
    pub(super) is_cut: bool,
}

/// One text, in the forms it comes in.
#[derive(Default)]
struct Piece {
    /// The choice it is part of, if it is.
    alternative: Option<usize>,
    plain: Option<String>,
    html: Option<String>,
}

/// Joins the texts in order. Only one may be HTML: where there are more, the others are shown as text, so that
/// none can enclose another.
pub(super) fn body(parts: &Parts<'_>, attachments: &[Attachment]) -> Body {
    let pieces = pieces(parts);
    let mut body = Body::default();
    let texts: Vec<String> = pieces.iter().map(Piece::text).collect();
    let filled = texts.iter().filter(|text| !text.trim().is_empty());
    let text = filled.map(|text| text.trim_end()).collect::<Vec<_>>().join("\n\n");
    body.is_cut = text.len() > TEXT_BYTES_MAX;
    cut(&text, TEXT_BYTES_MAX).clone_into(&mut body.text);
    let of_content_id = |id: &str| {
        let id = percent_decoded(id);
        let mut named = attachments.iter();
        let named = named.find(|each| each.content_id.as_deref() == Some(id.as_str()))?;
        Some(format!("{ATTACHMENTS_AT}{}", named.number))
    };
    let mut html = String::new();
    let mut has_html = false;
    for (piece, text) in pieces.iter().zip(&texts) {
        match piece.html.as_deref().filter(|_| !has_html) {
            Some(source) => {
                has_html = true;
                let cleaned = clean_with(source, Remote::Blocked, &of_content_id);
                html.push_str(&cleaned.html);
                body.has_remote_content |= cleaned.has_remote_content;
                body.is_cut |= cleaned.is_cut;
            }
            None if text.trim().is_empty() || html.len() > HTML_BYTES_MAX => {}
            None => {
                html.push_str("<div>");
                html.push_str(&text_to_html(text));
                html.push_str("</div>");
            }
        }
    }
    if has_html && pieces.len() > 1 {
        let cleaned = clean_html(&html, Remote::Blocked);
        body.is_cut |= cleaned.is_cut;
        html = cleaned.html;
    }
    body.html = Some(html).filter(|_| has_html);
    body
}

fn pieces(parts: &Parts<'_>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (place, part) in parts.parts.iter().enumerate() {
        if !is_shown(place, part) {
            continue;
        }
        let alternative = part.within.alternative;
        let is_html = part.media_type == "text/html";
        let open = pieces.iter_mut().find(|piece| {
            let taken = if is_html { &piece.html } else { &piece.plain };
            alternative.is_some() && piece.alternative == alternative && taken.is_none()
        });
        let text = text_of(part);
        let piece = match open {
            Some(piece) => piece,
            None => {
                pieces.push(Piece { alternative, ..Piece::default() });
                let Some(piece) = pieces.last_mut() else { continue };
                piece
            }
        };
        *(if is_html { &mut piece.html } else { &mut piece.plain }) = Some(text);
    }
    pieces
}

fn text_of(part: &Part<'_>) -> String {
    let text = part.text();
    let is = |name: &str, value: &str| {
        part.content.parameter(name).is_some_and(|given| given.eq_ignore_ascii_case(value))
    };
    if part.media_type == "text/plain" && is("format", "flowed") {
        return flowed(&text, is("delsp", "yes"));
    }
    text
}

impl Piece {
    fn text(&self) -> String {
        let plain = self.plain.as_deref().filter(|plain| !plain.trim().is_empty());
        match (plain, &self.html) {
            (Some(plain), _) => plain.to_owned(),
            (None, Some(html)) => html_to_text(html),
            (None, None) => String::new(),
        }
    }
}

/// `%XX` in an address, as bytes of UTF-8.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
