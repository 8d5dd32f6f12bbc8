//! A record as it is read, and the line that a person reads.

use std::fmt::{self, Write as _};

use domain::Timestamp;

use super::note::{HEAD_BYTES, Tag};
use super::{Link, Way};

/// What a message had under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, perhaps cut.
    Text(String),
    /// A number.
    Number(u64),
}

/// One message, as far as it was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Rises by one with each record of this node since it started.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Over which sort of link.
    pub link: Link,
    /// Which way.
    pub way: Way,
    /// The name of the message.
    pub kind: String,
    /// The peer, where there are several.
    pub peer: Option<String>,
    /// The agent whom it is about; where the message did not say, see [`Record::is_inferred`].
    pub agent: Option<String>,
    /// Whether the agent is not said by the message, but follows from device, line or call.
    pub is_inferred: bool,
    /// The device that it is about.
    pub device: Option<String>,
    /// The line that it is about.
    pub line: Option<String>,
    /// The calls or contacts that it is about.
    pub calls: Vec<String>,
    /// What else it said, in order.
    pub values: Vec<(String, Value)>,
    /// Whether something was left out for its length.
    pub is_cut: bool,
}

impl Record {
    /// Reads one that a note wrote.
    pub(super) fn read(number: u64, bytes: &[u8]) -> Option<Self> {
        let (head, mut rest) = bytes.split_at_checked(HEAD_BYTES)?;
        let (&link, head) = head.split_first()?;
        let (&way, at) = head.split_first()?;
        let at = i64::from_le_bytes(at.try_into().ok()?);
        let mut record = Self {
            number,
            at: Timestamp::from_microseconds(at),
            link: Link::ALL.into_iter().find(|it| it.place() == link)?,
            way: [Way::In, Way::Out, Way::Here].into_iter().find(|it| it.place() == way)?,
            kind: String::new(),
            peer: None,
            agent: None,
            is_inferred: false,
            device: None,
            line: None,
            calls: Vec::new(),
            values: Vec::new(),
            is_cut: false,
        };
        while let Some((head, after)) = rest.split_first_chunk::<3>() {
            let [tag, name_bytes, value_bytes] = *head;
            let (name, after) = after.split_at_checked(name_bytes.into())?;
            let (value, after) = after.split_at_checked(value_bytes.into())?;
            rest = after;
            record.take(tag, name, value);
        }
        Some(record)
    }

    fn take(&mut self, tag: u8, name: &[u8], value: &[u8]) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match Tag::ALL.into_iter().find(|it| *it as u8 == tag) {
            Some(Tag::Kind) => self.kind = text(value),
            Some(Tag::Peer) => self.peer = Some(text(value)),
            Some(Tag::Agent) => self.agent = Some(text(value)),
            Some(Tag::Device) => self.device = Some(text(value)),
            Some(Tag::Line) => self.line = Some(text(value)),
            Some(Tag::Call) => self.calls.push(text(value)),
            Some(Tag::Text) => self.values.push((text(name), Value::Text(text(value)))),
            Some(Tag::Number) => {
                if let Ok(number) = value.try_into() {
                    self.values.push((text(name), Value::Number(u64::from_le_bytes(number))));
                }
            }
            Some(Tag::Cut) => self.is_cut = true,
            None => {}
        }
    }
}

impl fmt::Display for Record {
    /// One line without time and node, such as
    /// `cti <- AGENT_STATE_EVENT  east a, agent 1001, line 2001: state=ready`. Texts of others cannot break it
    /// or turn it round.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.way {
            Way::In => "<-",
            Way::Out => "->",
            Way::Here => "--",
        };
        write!(formatter, "{:<12} {arrow} ", self.link.name())?;
        plain(formatter, &self.kind)?;
        let mut about = About { formatter, any: false };
        about.say("", self.peer.as_deref())?;
        about.say(if self.is_inferred { "agent ~" } else { "agent " }, self.agent.as_deref())?;
        about.say("device ", self.device.as_deref())?;
        about.say("line ", self.line.as_deref())?;
        for call in &self.calls {
            about.say("call ", Some(call))?;
        }
        for (place, (name, value)) in self.values.iter().enumerate() {
            formatter.write_str(if place == 0 { ": " } else { " " })?;
            plain(formatter, name)?;
            formatter.write_char('=')?;
            match value {
                Value::Number(number) => write!(formatter, "{number}")?,
                Value::Text(text) if text.is_empty() || text.contains([' ', '"', '=']) => {
                    formatter.write_char('"')?;
                    plain(formatter, text)?;
                    formatter.write_char('"')?;
                }
                Value::Text(text) => plain(formatter, text)?,
            }
        }
        if self.is_cut {
            formatter.write_str(" (cut)")?;
        }
        Ok(())
    }
}

struct About<'a, 'f> {
    formatter: &'a mut fmt::Formatter<'f>,
    any: bool,
}

impl About<'_, '_> {
    fn say(&mut self, what: &str, who: Option<&str>) -> fmt::Result {
        let Some(who) = who else { return Ok(()) };
        self.formatter.write_str(if self.any { ", " } else { "  " })?;
        self.any = true;
        self.formatter.write_str(what)?;
        plain(self.formatter, who)
    }
}

/// Writes a text of others: what would break the line, move the cursor or turn the direction of writing
/// round is escaped.
fn plain(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for character in text.chars() {
        let turns = matches!(character,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || turns || character == '\\' {
            write!(formatter, "{}", character.escape_default())?;
        } else {
            formatter.write_char(character)?;
        }
    }
    Ok(())
}
