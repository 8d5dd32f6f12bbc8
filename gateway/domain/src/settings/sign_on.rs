//! What holds for sign-ins of people in consoles (OPS-07).

use serde::{Deserialize, Serialize};

use super::Reader;

/// The most characters of the sign-on message.
pub const MESSAGE_CHARACTERS_MAX: usize = 4_096;

/// Sign-ins in consoles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOn {
    /// Must be acknowledged before anybody signs in; nothing is where it is not set.
    pub message: Option<String>,
    /// A session that does nothing for so long ends: 5 to 1,440 minutes.
    pub idle_minutes: u32,
    /// Every session ends after so many hours: 1 to 168.
    pub session_hours: u32,
    /// The longest life of an access token, in days: 1 to 3,650.
    pub token_days_max: u32,
    /// Whether administrators with a local account must have a second factor.
    pub administrators_need_totp: bool,
}

impl Default for SignOn {
    fn default() -> Self {
        Self {
            message: None,
            idle_minutes: 30,
            session_hours: 12,
            token_days_max: 365,
            administrators_need_totp: false,
        }
    }
}

impl SignOn {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let usual = Self::default();
        let message = reader.text("message").map(|text| text.trim().to_owned());
        let length = message.as_ref().map_or(0, |text| text.chars().count());
        let is_odd = |it: char| it.is_control() && !matches!(it, '\n' | '\r' | '\t');
        if length > MESSAGE_CHARACTERS_MAX
            || message.as_ref().is_some_and(|it| it.chars().any(is_odd))
        {
            let message = format_args!(
                "must be at most {MESSAGE_CHARACTERS_MAX} characters without control characters other \
                 than ends of lines, not {length}"
            );
            reader.problem("message", message);
        }
        let idle_minutes = reader.count("idle_minutes", 5..=1_440, usual.idle_minutes);
        let session_hours = reader.count("session_hours", 1..=168, usual.session_hours);
        let token_days_max = reader.count("token_days_max", 1..=3_650, usual.token_days_max);
        let administrators_need_totp =
            reader.switch("administrators_need_totp").unwrap_or(usual.administrators_need_totp);
        Some(Self {
            message: message.filter(|text| !text.is_empty()),
            idle_minutes,
            session_hours,
            token_days_max,
            administrators_need_totp,
        })
    }
}
