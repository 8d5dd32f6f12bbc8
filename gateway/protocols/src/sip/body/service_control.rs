//! What a server asks of a phone as a whole: lines of `key=value` in a NOTIFY with `Event: service-control`.

use bytes::Bytes;

use super::{BYTES_MAX, Unsendable, pen::is_plain, words::words};

/// Bytes of one document.
const DOCUMENT_BYTES_MAX: usize = 4 * 1024;

/// A stamp that no configuration has, so that a phone that compares finds a difference.
pub const STAMP_NEVER: &str = "00000000-0000-0000-0000-000000000000";

words! {
    /// What is asked.
    Action {
        /// Restart without a look for new software.
        Restart = "restart",
        /// Start anew.
        Reset = "reset",
        /// Send a problem report.
        ProblemReport = "prt-report",
        /// Compare versions, and fetch the configuration anew where they differ.
        CheckVersion = "check-version",
    }
}

/// What is asked of a phone, and of which registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceControl {
    /// What is asked.
    pub action: Action,
    /// The `Call-ID` of the phone's newest REGISTER. One that is not the newest has no effect.
    pub register_call_id: Option<String>,
    /// The version of its configuration.
    pub configuration: Option<String>,
    /// That of its dial plan.
    pub dial_plan: Option<String>,
    /// That of its soft keys.
    pub soft_keys: Option<String>,
    /// That of its feature control.
    pub feature_control: Option<String>,
}

/// Why service control cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadServiceControl {
    /// It is too large.
    #[error("service control of more than {DOCUMENT_BYTES_MAX} bytes is refused")]
    TooLarge,
    /// It is no text.
    #[error("service control has to be text in UTF-8")]
    Text,
    /// A line is no `key=value`, or a key is there twice.
    #[error("a line is no key and value, or is there twice")]
    Line,
    /// It asks for nothing.
    #[error("there is no action")]
    Action,
}

const ACTION: &str = "action";
const REGISTER_CALL_ID: &str = "RegisterCallId";

impl ServiceControl {
    /// `action` for the phone that registered last with that `Call-ID`. All versions are [`STAMP_NEVER`], and
    /// absent where only a report is asked for.
    pub fn new(action: Action, register_call_id: &str) -> Self {
        let stamp = (action != Action::ProblemReport).then(|| STAMP_NEVER.to_owned());
        Self {
            action,
            register_call_id: Some(register_call_id.to_owned()),
            configuration: stamp.clone(),
            dial_plan: stamp.clone(),
            soft_keys: stamp.clone(),
            feature_control: stamp,
        }
    }

    /// Reads it; the second value is how many keys were passed over.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), BadServiceControl> {
        if bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(BadServiceControl::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BadServiceControl::Text)?;
        let (mut action, mut ignored) = (None, 0);
        let mut read = Self::new(Action::ProblemReport, "");
        read.register_call_id = None;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once('=').ok_or(BadServiceControl::Line)?;
            let key = key.trim_end();
            let place = match key.to_ascii_lowercase().as_str() {
                ACTION => &mut action,
                "registercallid" => &mut read.register_call_id,
                "configversionstamp" => &mut read.configuration,
                "dialplanversionstamp" => &mut read.dial_plan,
                "softkeyversionstamp" => &mut read.soft_keys,
                "featurecontrolversionstamp" => &mut read.feature_control,
                _ => {
                    ignored += 1;
                    continue;
                }
            };
            let value = value.trim_start();
            let value = if key.eq_ignore_ascii_case(ACTION) { value } else { bare(value) };
            if place.replace(value.to_owned()).is_some() {
                return Err(BadServiceControl::Line);
            }
        }
        let action = action.filter(|action| !action.is_empty()).ok_or(BadServiceControl::Action)?;
        read.action = Action::of(&action);
        Ok((read, ignored))
    }

    /// Writes it, each line with CR LF.
    pub fn encode(&self) -> Result<Bytes, Unsendable> {
        let mut text = format!("{ACTION}={}\r\n", self.action.as_str());
        let values = [
            (REGISTER_CALL_ID, &self.register_call_id),
            ("ConfigVersionStamp", &self.configuration),
            ("DialplanVersionStamp", &self.dial_plan),
            ("SoftkeyVersionStamp", &self.soft_keys),
            ("FeatureControlVersionStamp", &self.feature_control),
        ];
        if !is_plain(self.action.as_str()) {
            return Err(Unsendable::ControlCharacter);
        }
        for (key, value) in values {
            let Some(value) = value else { continue };
            if !is_plain(value) {
                return Err(Unsendable::ControlCharacter);
            }
            text.push_str(&format!("{key}={{{value}}}\r\n"));
        }
        if text.len() > DOCUMENT_BYTES_MAX.min(BYTES_MAX) {
            return Err(Unsendable::TooLarge);
        }
        Ok(text.into())
    }
}

/// The value within its braces.
fn bare(value: &str) -> &str {
    value.strip_prefix('{').and_then(|value| value.strip_suffix('}')).unwrap_or(value)
}
