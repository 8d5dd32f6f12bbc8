//! Predefined responses: what agents put into answers and chats by a click (CCP-06).

use serde::{Deserialize, Serialize};

use super::csq_tags::{CSQS_OF_TAG_MAX, is_for, read_tags};
use super::references::References;
use super::{Channel, Reader};

/// The most responses, of both channels together.
pub const PREDEFINED_RESPONSES_MAX: usize = 500;
/// The most characters of a response, markup among them.
pub const RESPONSE_CHARACTERS_MAX: usize = 1_500;
/// The most characters of a title.
pub const RESPONSE_TITLE_CHARACTERS_MAX: usize = 100;

/// What stands in no title and in no response for chats.
const FORBIDDEN: [char; 6] = ['<', '>', '(', ')', '"', '|'];

/// A predefined response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredefinedResponse {
    /// What it is chosen by.
    pub title: String,
    /// In what it can be used.
    pub channel: Channel,
    /// What it says: HTML for emails, plain for chats.
    pub text: String,
    /// For which CSQs it is; all where none is named.
    pub csqs: Vec<String>,
}

impl PredefinedResponse {
    /// Whether agents find it in contacts of that CSQ.
    pub fn is_for(&self, csq: &str) -> bool {
        is_for(&self.csqs, csq)
    }

    pub(super) fn read(reader: &mut Reader<'_>, known: &References) -> Option<Self> {
        let title = reader.named("title", RESPONSE_TITLE_CHARACTERS_MAX);
        refuse_forbidden(reader, "title", title.as_deref());
        let channel = reader.choice("channel", &Channel::NAMED).unwrap_or_default();
        let text = read_rich(reader, "text");
        if channel == Channel::Chat {
            refuse_forbidden(reader, "text", text.as_deref());
        }
        let csqs = read_tags(reader, known, CSQS_OF_TAG_MAX);
        for csq in csqs.iter().flatten() {
            if known.csqs.get(csq).is_some_and(|of| *of != channel) {
                let message = format_args!(
                    "names {csq:?}, which is not of the channel {}; name CSQs of one channel",
                    channel.name()
                );
                reader.problem("csqs", message);
            }
        }
        Some(Self { title: title?, channel, text: text?, csqs: csqs? })
    }
}

fn refuse_forbidden(reader: &mut Reader<'_>, name: &str, text: Option<&str>) {
    if text.is_some_and(|text| text.contains(FORBIDDEN)) {
        reader.problem(name, "must not hold any of < > ( ) \" |; write it without them");
    }
}

/// A text that must be there, of at most [`RESPONSE_CHARACTERS_MAX`] characters with its markup.
pub(super) fn read_rich(reader: &mut Reader<'_>, name: &str) -> Option<String> {
    if !reader.has(name) {
        reader.problem(name, "is missing");
        return None;
    }
    let text = reader.text(name)?;
    let length = text.chars().count();
    let is_odd = |it: char| it.is_control() && !matches!(it, '\n' | '\r' | '\t');
    if length > RESPONSE_CHARACTERS_MAX || text.trim().is_empty() || text.chars().any(is_odd) {
        let message = format_args!(
            "must be 1 to {RESPONSE_CHARACTERS_MAX} characters, markup among them, without control \
             characters other than ends of lines, not {length}; shorten it"
        );
        reader.problem(name, message);
        return None;
    }
    Some(text)
}
