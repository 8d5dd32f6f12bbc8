//! URIs of keys whose press comes back as data.
//!
//! `UserCallData:<application>:<line>:<conference>:<call>:<data>`, and for soft keys that act on what is
//! selected `UserCallDataSoftKey:Select:...` or `:Update:...`. Line and call are 0 in all that was seen.

use super::{pen::is_plain, words::words};
use crate::phone_xml::URL_CHARACTERS_MAX;

const ITEM: &str = "UserCallData:";
const SOFT_KEY: &str = "UserCallDataSoftKey:";

words! {
    /// What a soft key does before its data is sent.
    Key {
        /// Takes what is selected.
        Select = "Select",
        /// Asks for the screen anew.
        Update = "Update",
    }
}

/// What is sent when a key is pressed or an item is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCallData {
    /// The soft key, where it is one.
    pub key: Option<Key>,
    /// The application that it comes back to.
    pub application: u32,
    /// The line.
    pub line: u32,
    /// What comes back as `confid`.
    pub conference: u32,
    /// The call.
    pub call: u32,
    /// What comes back.
    pub data: String,
}

/// A URI that is none of these, or that a phone would not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no user call data URI of at most {URL_CHARACTERS_MAX} characters")]
pub struct BadUserCallData;

impl UserCallData {
    /// An item or key of that application that sends `data`.
    pub fn new(application: u32, conference: u32, data: &str) -> Self {
        let data = data.to_owned();
        Self { key: None, application, line: 0, conference, call: 0, data }
    }

    /// Reads a URI.
    pub fn parse(uri: &str) -> Result<Self, BadUserCallData> {
        if uri.chars().count() > URL_CHARACTERS_MAX || !is_plain(uri) {
            return Err(BadUserCallData);
        }
        let (key, rest) = match (uri.strip_prefix(SOFT_KEY), uri.strip_prefix(ITEM)) {
            (Some(rest), _) => {
                let (key, rest) = rest.split_once(':').ok_or(BadUserCallData)?;
                (Some(Key::of(key)), rest)
            }
            (None, Some(rest)) => (None, rest),
            (None, None) => return Err(BadUserCallData),
        };
        let mut fields = rest.splitn(5, ':');
        let mut number = || fields.next()?.parse::<u32>().ok();
        let numbers = (number(), number(), number(), number());
        let (Some(application), Some(line), Some(conference), Some(call)) = numbers else {
            return Err(BadUserCallData);
        };
        let data = fields.next().ok_or(BadUserCallData)?.to_owned();
        Ok(Self { key, application, line, conference, call, data })
    }

    /// Writes the URI.
    pub fn uri(&self) -> Result<String, BadUserCallData> {
        let beginning = match &self.key {
            Some(key) if key.as_str().contains(':') => return Err(BadUserCallData),
            Some(key) => format!("{SOFT_KEY}{}:", key.as_str()),
            None => ITEM.to_owned(),
        };
        let Self { application, line, conference, call, data, .. } = self;
        let uri = format!("{beginning}{application}:{line}:{conference}:{call}:{data}");
        let fits = uri.chars().count() <= URL_CHARACTERS_MAX && is_plain(&uri);
        if fits { Ok(uri) } else { Err(BadUserCallData) }
    }
}
