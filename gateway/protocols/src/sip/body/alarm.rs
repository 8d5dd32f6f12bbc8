//! Alarms of phones: a document in a REFER, or words in the `Reason` of a REGISTER.

use super::{BYTES_MAX, words::words};
use crate::phone_xml::DecodeError;
use crate::phone_xml::tree::{Element, Limits, read_within};

/// How deep elements of an alarm may be nested.
const DEPTH_MAX: usize = 8;
/// Elements and attributes of an alarm.
const NODES_MAX: usize = 500;
/// Bytes of a `Reason` that are looked at.
const REASON_BYTES_MAX: usize = 4 * 1024;

/// An alarm (`x-cisco-alarm`). What it tells is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name, for example `LastOutOfServiceInformation`.
    pub name: String,
    /// What it tells, in the phone's order.
    pub parameters: Vec<(String, String)>,
}

/// Why an alarm cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAlarm {
    /// It is no XML, has an entity of its own or is too large.
    #[error("the alarm cannot be read")]
    Xml(#[source] DecodeError),
    /// It has no name.
    #[error("the document is no alarm with a name")]
    Name,
}

impl Alarm {
    /// Reads the document.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadAlarm> {
        let limits = Limits { bytes_max: BYTES_MAX, depth_max: DEPTH_MAX, nodes_max: NODES_MAX };
        let root = read_within(bytes, limits).map_err(BadAlarm::Xml)?;
        let alarm = Some(&root).filter(|root| root.name == "x-cisco-alarm");
        let alarm = alarm.and_then(|root| root.child("Alarm")).ok_or(BadAlarm::Name)?;
        let name = alarm.attribute("Name").ok_or(BadAlarm::Name)?.to_owned();
        let list = alarm.child("ParameterList").map_or([].as_slice(), |list| &list.children);
        let parameter =
            |one: &Element| Some((one.attribute("name")?.to_owned(), one.text.trim().to_owned()));
        Ok(Self { name, parameters: list.iter().filter_map(parameter).collect() })
    }

    /// What it tells under that name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

words! {
    /// What a phone did last before it registered, or does now.
    LastReset {
        /// It starts anew.
        Reset = "reset-reset",
        /// It restarts.
        Restart = "reset-restart",
        /// It was switched on.
        Initialized = "initialized",
    }
}

/// What a phone tells in the `Reason` of a REGISTER, for example
/// `SIP;cause=200;text="cisco-alarm:23 Name=SEP0011 ActiveLoad=... InactiveLoad=... Last=reset-restart"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonAlarm {
    /// The alarm's number: 25 after it was switched on, 111 when it was forced.
    pub code: u16,
    /// The device.
    pub device: Option<String>,
    /// The software that runs.
    pub load: Option<String>,
    /// The software that would run after a switch.
    pub inactive_load: Option<String>,
    /// What it did last.
    pub last: Option<LastReset>,
}

impl ReasonAlarm {
    /// Reads one value of `Reason`, where it has an alarm.
    pub fn of(reason: &str) -> Option<Self> {
        if reason.len() > REASON_BYTES_MAX {
            return None;
        }
        let text = parameter(reason, "text")?;
        let mut words = text.split_ascii_whitespace();
        let code = words.next()?.strip_prefix("cisco-alarm:")?.parse().ok()?;
        let mut read = Self { code, device: None, load: None, inactive_load: None, last: None };
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            match key {
                "Name" => read.device = Some(value.to_owned()),
                "Load" | "ActiveLoad" => read.load = Some(value.to_owned()),
                "InactiveLoad" => read.inactive_load = Some(value.to_owned()),
                "Last" => read.last = Some(LastReset::of(value)),
                _ => {}
            }
        }
        Some(read)
    }

    /// Whether the phone says that it goes: a REGISTER with it that ends a binding is meant.
    pub fn is_reset(&self) -> bool {
        matches!(self.last, Some(LastReset::Reset | LastReset::Restart))
    }
}

/// The value of a parameter, without its quotes. Semicolons within quotes are part of a value.
fn parameter(value: &str, name: &str) -> Option<String> {
    let (mut part, mut parts) = (String::new(), Vec::new());
    let (mut is_quoted, mut characters) = (false, value.chars());
    while let Some(one) = characters.next() {
        match one {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => part.extend(characters.next()),
            ';' if !is_quoted => parts.push(std::mem::take(&mut part)),
            other => part.push(other),
        }
    }
    parts.push(part);
    let named = parts
        .iter()
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    named.filter(|_| !is_quoted).map(|(_, value)| value.trim().to_owned())
}
