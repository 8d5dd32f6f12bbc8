//! What clients may send: the layout of every request as data, and the judge that reads one by it.
//!
//! A request is judged in the order of the guide's chapter "Messaging Conventions": the fixed part must
//! be whole, then every floating field must be known, known to this version, meant for this message,
//! not too long, and of its form.

mod layouts;

use serde_json::{Map, Value, json};

use self::layouts::LAYOUTS;

use super::numbers::{field_length_max, field_since, is_text, message, status, tag};
use super::wire::{Framing, Reader};

/// The fixed part and the floating fields of one request.
pub(crate) struct Layout {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
    /// First protocol version with this message.
    since: u32,
    /// Names and bytes of the fields, in order.
    fixed: &'static [(&'static str, usize)],
    /// A last field that older versions lack, and the first version that must have it. `CLEAR_CONNECTION`
    /// is met with and without, whatever the version.
    last: Option<(&'static str, usize, u32)>,
    floats: &'static [u16],
    /// Fields that may come more than once.
    lists: &'static [u16],
}

/// The layout of a request; none for what no client may send.
pub(crate) fn layout(number: u32) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.number == number)
}

/// The layout of a request by its name, with or without `_REQ`, in any case.
pub(crate) fn layout_named(name: &str) -> Option<&'static Layout> {
    let wanted = name.to_ascii_uppercase().replace('-', "_");
    LAYOUTS.iter().find(|layout| {
        layout.name == wanted || layout.name.strip_suffix("_REQ") == Some(wanted.as_str())
    })
}

/// A request as read.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
    fixed: Vec<(&'static str, u32)>,
    floats: Vec<(u16, Vec<u8>)>,
}

/// Why a request is refused: the status, and words for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) status: u32,
    pub(crate) words: String,
}

impl Request {
    /// Reads a body; `own_tag` is a tag allowed in `OPEN_REQ` beyond the guide's table.
    pub(crate) fn read(
        layout: &'static Layout,
        body: &[u8],
        framing: Framing,
        own_tag: Option<u16>,
    ) -> Result<Self, Malformed> {
        let wrong = |status, words: String| Malformed { status, words };
        if layout.since > framing.version {
            return Err(wrong(
                status::MESSAGE_NOT_IN_VERSION,
                format!("{} needs version {}", layout.name, layout.since),
            ));
        }
        let mut reader = Reader::new(body);
        let mut fixed = Vec::with_capacity(layout.fixed.len() + 1);
        let short = |name: &str| {
            let words = format!("{} ends before {name}: {} bytes", layout.name, body.len());
            wrong(status::MESSAGE_LENGTH, words)
        };
        for (name, bytes) in layout.fixed {
            fixed.push((*name, reader.number(*bytes).ok_or_else(|| short(name))?));
        }
        if let Some((name, bytes, since)) = layout.last {
            let mut with = reader;
            let value = with.number(bytes);
            if framing.version >= since && value.is_none() {
                return Err(short(name));
            }
            // The form without the field is the one whose rest reads as fields of this message.
            let without = reader
                .floats(framing.width)
                .is_ok_and(|floats| floats.iter().all(|(tag, _)| layout.floats.contains(tag)));
            if let Some(value) = value.filter(|_| framing.version >= since || !without) {
                fixed.push((name, value));
                reader = with;
            }
        }
        let floats = reader.floats(framing.width).map_err(|status| {
            wrong(status, format!("{}: a floating field runs past the end", layout.name))
        })?;
        let mut seen: Vec<u16> = Vec::new();
        for (tag, data) in &floats {
            judge(layout, *tag, data, framing, own_tag)?;
            if seen.contains(tag) && !layout.lists.contains(tag) {
                return Err(wrong(status::FORMAT, format!("{}: tag {tag} twice", layout.name)));
            }
            seen.push(*tag);
        }
        let floats = floats.into_iter().map(|(tag, data)| (tag, data.to_vec())).collect();
        Ok(Self { number: layout.number, name: layout.name, fixed, floats })
    }

    /// A field of the fixed part; 0 where this form of the message lacks it.
    pub(crate) fn field(&self, name: &str) -> u32 {
        self.fixed.iter().find(|(each, _)| *each == name).map_or(0, |(_, value)| *value)
    }

    /// A field of two bytes.
    pub(crate) fn short(&self, name: &str) -> u16 {
        u16::try_from(self.field(name)).unwrap_or(u16::MAX)
    }

    pub(crate) fn invoke(&self) -> u32 {
        self.field("InvokeID")
    }

    pub(crate) fn has(&self, tag: u16) -> bool {
        self.floats.iter().any(|(each, _)| *each == tag)
    }

    /// Data of a field.
    pub(crate) fn data(&self, tag: u16) -> Option<&[u8]> {
        self.floats.iter().find(|(each, _)| *each == tag).map(|(_, data)| data.as_slice())
    }

    /// Data of every field with a tag.
    pub(crate) fn list(&self, tag: u16) -> impl Iterator<Item = &[u8]> {
        let of_tag = self.floats.iter().filter(move |(each, _)| *each == tag);
        of_tag.map(|(_, data)| data.as_slice())
    }

    /// A text without its NUL; empty where the field is not there.
    pub(crate) fn text(&self, tag: u16) -> String {
        text(self.data(tag).unwrap_or_default())
    }

    /// For the log: secrets are left out.
    pub(crate) fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("message".to_owned(), json!(self.name));
        for (name, value) in &self.fixed {
            members.insert((*name).to_owned(), json!(value));
        }
        for (each, data) in &self.floats {
            let shown = match *each {
                tag::CLIENT_PASSWORD | tag::AGENT_PASSWORD => json!("***"),
                each if is_text(each) => json!(text(data)),
                _ => json!(hex(data)),
            };
            members.insert(format!("tag {each}"), shown);
        }
        Value::Object(members)
    }
}

fn judge(
    layout: &Layout,
    tag: u16,
    data: &[u8],
    framing: Framing,
    own_tag: Option<u16>,
) -> Result<(), Malformed> {
    let wrong = |status, words: &str| {
        Err(Malformed { status, words: format!("{}: tag {tag} {words}", layout.name) })
    };
    if own_tag == Some(tag) && layout.number == message::OPEN_REQ {
        return Ok(());
    }
    match field_since(tag, framing.express) {
        u32::MAX => return wrong(status::FIELD_TAG, "is unknown"),
        since if since > framing.version => {
            return wrong(status::TAG_NOT_IN_VERSION, &format!("needs version {since}"));
        }
        _ => {}
    }
    if !layout.floats.contains(&tag) {
        return wrong(status::TAG_NOT_FOR_MESSAGE, "does not belong there");
    }
    let longest = field_length_max(tag, framing.express);
    if data.len() > longest {
        let words = format!("has {} bytes, at most {longest} are allowed", data.len());
        return wrong(status::FIELD_LENGTH, &words);
    }
    let number = matches!(tag, tag::SSO_ENABLED | tag::SKILL_GROUP_PRIORITY).then_some(2);
    let number = number.or((tag == tag::SKILL_GROUP_NUMBER).then_some(4));
    if number.is_some_and(|bytes| bytes != data.len()) {
        return wrong(status::FIELD_LENGTH, &format!("has {} bytes", data.len()));
    }
    // Passwords are UNSPEC for the client and met in several forms for the agent.
    if !is_text(tag) || tag == tag::AGENT_PASSWORD {
        return Ok(());
    }
    match data.split_last() {
        Some((0, front)) if front.contains(&0) => wrong(status::FORMAT, "has a NUL inside"),
        Some((0, front)) if !front.is_ascii() => wrong(status::CHARACTER, "is not ASCII"),
        Some((0, _)) => Ok(()),
        _ => wrong(status::FORMAT, "lacks its terminating NUL"),
    }
}

/// A text up to its first NUL.
pub(crate) fn text(data: &[u8]) -> String {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    String::from_utf8_lossy(data.get(..end).unwrap_or_default()).into_owned()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}
