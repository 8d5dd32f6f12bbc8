//! One message as bytes.

use super::element::ElementId;
use super::header::{Facility, Origin, Severity};
use super::text::{NIL, name, printable, push_shown, shown_bytes, value};
use super::timestamp::timestamp;
use super::{BYTES_MIN, MESSAGE_ID_CHARACTERS_MAX, NAME_CHARACTERS_MAX, VALUE_BYTES_MAX};

/// What precedes a text in UTF-8: a space and the byte order mark (RFC 5424, section 6.4).
const BEFORE_TEXT: &str = " \u{feff}";

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How urgent it is.
    pub severity: Severity,
    /// When, in microseconds since 1970.
    pub microseconds: i64,
    /// What sort of message; empty is nil.
    pub id: String,
    /// Names and values.
    pub parameters: Vec<(String, String)>,
    /// In words.
    pub text: String,
}

/// What a receiver wants of every message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Under which facility it files them.
    pub facility: Facility,
    /// The element that holds parameters.
    pub element: ElementId,
    /// The most bytes of one; at least [`BYTES_MIN`].
    pub bytes_max: usize,
}

/// Writes a message. Where it is too long, parameters that do not fit are left out and the text is
/// cut, which keeps up to half of the bytes.
pub fn encode(message: &Message, origin: &Origin, envelope: &Envelope) -> Vec<u8> {
    let bytes_max = envelope.bytes_max.max(BYTES_MIN);
    let mut out = format!(
        "<{}>1 {} {} {} {} {} ",
        envelope.facility.priority(message.severity),
        timestamp(message.microseconds),
        origin.host_name,
        origin.application,
        origin.process_id,
        printable(&message.id, MESSAGE_ID_CHARACTERS_MAX),
    )
    .into_bytes();

    let kept_for_text = (BEFORE_TEXT.len() + shown_bytes(&message.text)).min(bytes_max / 2);
    push_parameters(&mut out, message, envelope, bytes_max - kept_for_text);
    push_text(&mut out, &message.text, bytes_max);
    out
}

/// The element with every parameter that fits, or nil.
fn push_parameters(out: &mut Vec<u8>, message: &Message, envelope: &Envelope, bytes_max: usize) {
    let begin = out.len();
    out.push(b'[');
    out.extend_from_slice(envelope.element.as_str().as_bytes());
    let empty = out.len();
    for (parameter, text) in &message.parameters {
        let parameter = name(parameter, NAME_CHARACTERS_MAX);
        let written = format!(" {parameter}=\"{}\"", value(text, VALUE_BYTES_MAX));
        // A bracket follows.
        if out.len() + written.len() < bytes_max {
            out.extend_from_slice(written.as_bytes());
        }
    }
    if out.len() == empty {
        out.truncate(begin);
        out.extend_from_slice(NIL.as_bytes());
    } else {
        out.push(b']');
    }
}

/// As much of the text as fits; what precedes it says nothing alone.
fn push_text(out: &mut Vec<u8>, text: &str, bytes_max: usize) {
    let before = out.len();
    out.extend_from_slice(BEFORE_TEXT.as_bytes());
    let empty = out.len();
    push_shown(out, text, bytes_max);
    if out.len() == empty {
        out.truncate(before);
    }
}
