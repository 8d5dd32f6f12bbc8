//! Alarms: who is told when a part of a node is not as it should be, and of what (OPS-02).
//!
//! A part is told of by the first rule that fits it; where none does, [`AlarmRule::usual`] says what holds.

use serde::{Deserialize, Serialize};

use crate::Sealed;

mod read;

pub use read::{WrittenAlarms, webhook_place};

/// What secrets of receivers are sealed for.
pub const ALARM_SECRET_PURPOSE: &str = "alarm";
/// The most receivers.
pub const ALARM_RECEIVERS_MAX: usize = 8;
/// The most rules.
pub const ALARM_RULES_MAX: usize = 100;
/// The most addresses of one receiver.
pub const ALARM_ADDRESSES_MAX: usize = 20;
/// The parts there are alarms for, as the overview of the console calls them.
pub const ALARM_PARTS: [&str; 21] = [
    "node",
    "maintenance",
    "nodes",
    "store",
    "disk",
    "backups",
    "settings_file",
    "secrets",
    "clock",
    "surface",
    "listener",
    "certificate",
    "identity",
    "cti_pair",
    "directory",
    "registrations",
    "sip_next_hop",
    "phones",
    "headsets",
    "mailbox",
    "syslog",
];

const MINUTES_OF_DAY: u16 = 1_440;

/// How grave an alarm is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum AlarmSeverity {
    /// Somebody should look at it today.
    #[default]
    Warning,
    /// Somebody should look at it now.
    Critical,
}

impl AlarmSeverity {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] =
        [("warning", Self::Warning), ("critical", Self::Critical)];

    /// Its name in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// How far a part is from what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    /// Some of it is not there.
    Partial,
    /// None of it is there.
    Missing,
}

impl AlarmState {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] =
        [("partial", Self::Partial), ("missing", Self::Missing)];

    /// Its name in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::Missing => "missing",
        }
    }
}

/// Alarms of the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarms {
    /// Whether anybody is told.
    pub enabled: bool,
    /// The most messages to one receiver in a minute; beyond them one message says what the others would have.
    pub per_minute_max: u32,
    /// Who is told.
    pub receivers: Vec<AlarmReceiver>,
    /// Of what; the first that fits counts.
    pub rules: Vec<AlarmRule>,
}

impl Default for Alarms {
    fn default() -> Self {
        Self { enabled: true, per_minute_max: 10, receivers: Vec::new(), rules: Vec::new() }
    }
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmReceiver {
    /// Its name.
    pub name: String,
    /// What is told: alarms as grave as that, and graver ones.
    pub severity: AlarmSeverity,
    /// A program that takes them; either that or `mail` is there.
    pub webhook: Option<AlarmWebhook>,
    /// People who read them.
    pub mail: Option<AlarmMail>,
}

/// A program that alarms are posted to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmWebhook {
    /// Its address, `https` alone; its certificate is judged by trust for the purpose `alarms`.
    pub url: String,
    /// What messages are signed with, sealed for [`ALARM_SECRET_PURPOSE`].
    pub signing_secret: Option<Sealed>,
    /// Whether it is reached by the HTTP proxy of the system.
    pub proxy: bool,
}

/// How a connection to a mail server is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// TLS from the first byte; the usual port is 465.
    Tls,
    /// TLS before anything else is said; the usual port is 587.
    #[default]
    StartTls,
    /// Not at all; the usual port is 25. Nobody signs in there.
    Plain,
}

/// People who get alarms by mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmMail {
    /// The mail server's name or address; its certificate is judged by trust for the purpose `alarms`.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept private.
    pub security: MailSecurity,
    /// Who we are there, where it asks.
    pub user: Option<String>,
    /// The password of `user`, sealed for [`ALARM_SECRET_PURPOSE`].
    pub password: Option<Sealed>,
    /// Whom the mail is from.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
}

/// What holds for alarms about some part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmRule {
    /// The sort of part, one of [`ALARM_PARTS`].
    pub part: String,
    /// The part of that name alone, as `a` for a pair.
    pub name: Option<String>,
    /// In that state alone.
    pub state: Option<AlarmState>,
    /// Whether it is told of.
    pub enabled: bool,
    /// How grave it is; as usual where not set.
    pub severity: Option<AlarmSeverity>,
    /// How long it must be so before it is told; as usual where not set.
    pub after_seconds: Option<u32>,
    /// After how long it is told again while it is so, 0 for never; as usual where not set.
    pub again_minutes: Option<u32>,
    /// From when in the day (UTC, `HH:MM`) it is told.
    pub from: Option<TimeOfDay>,
    /// Until when.
    pub until: Option<TimeOfDay>,
}

/// What holds for one part in one state, all rules considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmTerms {
    /// How grave it is.
    pub severity: AlarmSeverity,
    /// How long it must be so before it is told.
    pub after_seconds: u32,
    /// After how long it is told again, 0 for never.
    pub again_minutes: u32,
    /// Whether it is told at that time of day.
    pub is_due_now: bool,
}

/// A time of day, in minutes since midnight (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

/// It is no time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a time of day as 08:30, from 00:00 to 23:59")]
pub struct InvalidTimeOfDay;

impl std::str::FromStr for TimeOfDay {
    type Err = InvalidTimeOfDay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (hours, minutes) = text.split_once(':').ok_or(InvalidTimeOfDay)?;
        let number = |text: &str| match text.len() {
            2 if text.bytes().all(|it| it.is_ascii_digit()) => text.parse::<u16>().ok(),
            _ => None,
        };
        let hours = number(hours).filter(|it| *it < 24).ok_or(InvalidTimeOfDay)?;
        let minutes = number(minutes).filter(|it| *it < 60).ok_or(InvalidTimeOfDay)?;
        Ok(Self(hours * 60 + minutes))
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = InvalidTimeOfDay;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}

impl AlarmRule {
    /// What holds where no rule says anything; `None` where it is not told of.
    ///
    /// Maintenance is meant. Single phones that are away are everyday life, and all of them are not.
    pub fn usual(part: &str, state: AlarmState) -> Option<AlarmTerms> {
        let terms = |severity, after_seconds, again_minutes| {
            Some(AlarmTerms { severity, after_seconds, again_minutes, is_due_now: true })
        };
        use AlarmSeverity::{Critical, Warning};
        match (part, state) {
            ("maintenance", _) => None,
            ("phones" | "headsets" | "registrations", AlarmState::Partial) => None,
            ("phones" | "headsets", AlarmState::Missing) => terms(Warning, 900, 240),
            ("certificate" | "backups" | "settings_file", AlarmState::Partial) => {
                terms(Warning, 900, 1_440)
            }
            ("directory" | "syslog", _) => terms(Warning, 300, 240),
            (_, AlarmState::Partial) => terms(Warning, 300, 240),
            (_, AlarmState::Missing) => terms(Critical, 60, 60),
        }
    }

    fn fits(&self, part: &str, name: Option<&str>, state: AlarmState) -> bool {
        self.part == part
            && self.name.as_deref().is_none_or(|wanted| Some(wanted) == name)
            && self.state.is_none_or(|wanted| wanted == state)
    }

    fn is_due(&self, minute: u16) -> bool {
        match (self.from, self.until) {
            (None, None) => true,
            (Some(from), None) => minute >= from.0,
            (None, Some(until)) => minute < until.0,
            (Some(from), Some(until)) if from <= until => (from.0..until.0).contains(&minute),
            // Over midnight.
            (Some(from), Some(until)) => minute >= from.0 || minute < until.0,
        }
    }
}

impl Alarms {
    /// Whether there is anybody to tell.
    pub fn is_on(&self) -> bool {
        self.enabled && !self.receivers.is_empty()
    }

    /// What holds for that part in that state, at that many seconds since 1970; `None` where it is not told of.
    pub fn terms(
        &self,
        part: &str,
        name: Option<&str>,
        state: AlarmState,
        seconds: i64,
    ) -> Option<AlarmTerms> {
        let usual = AlarmRule::usual(part, state);
        let Some(rule) = self.rules.iter().find(|rule| rule.fits(part, name, state)) else {
            return usual;
        };
        if !rule.enabled {
            return None;
        }
        let minute = seconds.rem_euclid(86_400) / 60;
        let minute = u16::try_from(minute).unwrap_or_default() % MINUTES_OF_DAY;
        let usual = usual.unwrap_or(AlarmTerms {
            severity: AlarmSeverity::Warning,
            after_seconds: 300,
            again_minutes: 240,
            is_due_now: true,
        });
        Some(AlarmTerms {
            severity: rule.severity.unwrap_or(usual.severity),
            after_seconds: rule.after_seconds.unwrap_or(usual.after_seconds),
            again_minutes: rule.again_minutes.unwrap_or(usual.again_minutes),
            is_due_now: rule.is_due(minute),
        })
    }
}

impl AlarmReceiver {
    /// Its secret, where it has one.
    pub fn secret(&self) -> Option<&Sealed> {
        let of_webhook = self.webhook.as_ref().and_then(|it| it.signing_secret.as_ref());
        of_webhook.or_else(|| self.mail.as_ref()?.password.as_ref())
    }

    /// Where its secret stands, where it has one.
    pub(super) fn secret_mut(&mut self) -> Option<&mut Sealed> {
        let of_webhook = self.webhook.as_mut().and_then(|it| it.signing_secret.as_mut());
        of_webhook.or_else(|| self.mail.as_mut()?.password.as_mut())
    }
}

#[cfg(test)]
mod tests;
