//! What becomes an alarm, when it is told again, and when it is over: states of parts over time, nothing else.
//!
//! ```text
//!   amiss --after_seconds--> raised --again_minutes--> repeated ...
//!   well --for a minute, longer each time within an hour--> cleared, or forgotten where nobody was told
//! ```
//!
//! Whoever is well for less than that minute was never well: so a part that comes and goes is told of once.
//! Everything here can be kept and read again, so a restart tells nothing twice. Times are seconds since 1970.

use std::collections::{BTreeMap, BTreeSet};

use domain::settings::{AlarmSeverity, AlarmState, Alarms};
use serde::{Deserialize, Serialize};

/// A part must be well for so long before its alarm is over.
const WELL_SECONDS: i64 = 60;
/// What was raised within that time makes the wait longer.
const FLAP_SECONDS: i64 = 3_600;
/// The wait is doubled so often at most.
const DOUBLED_MAX: u32 = 4;
/// The most parts that are followed.
const FOLLOWED_MAX: usize = 2_000;
/// So much of a reason is kept and told: what peers say may stand in it.
const REASON_CHARACTERS_MAX: usize = 2_000;

/// Which part: its sort and, where there are several, its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartKey {
    /// Its sort, one of [`domain::settings::ALARM_PARTS`].
    pub part: String,
    /// Its name.
    pub name: Option<String>,
}

/// How a part was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// As it should be, or not wanted.
    Well,
    /// That is not known: what was so before still counts.
    Unknown,
    /// Not as it should be.
    Amiss {
        /// How far.
        state: AlarmState,
        /// The reason for programs.
        code: String,
        /// The reason for people.
        reason: String,
    },
}

/// A part, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which part.
    pub key: PartKey,
    /// How it was found.
    pub found: Found,
}

/// What is told of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It is amiss, or worse than it was told.
    Raised,
    /// It still is.
    Repeated,
    /// It is well again.
    Cleared,
    /// Nothing is amiss: somebody asked for a test.
    Test,
}

impl Event {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Repeated => "repeated",
            Self::Cleared => "cleared",
            Self::Test => "test",
        }
    }
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What of it.
    pub event: Event,
    /// Which part.
    pub key: PartKey,
    /// How grave it is, or was.
    pub severity: AlarmSeverity,
    /// How far from what it should be it is, or was.
    pub state: AlarmState,
    /// The reason for programs.
    pub code: String,
    /// The reason for people.
    pub reason: String,
    /// Since when it is, or was, amiss.
    pub since: i64,
    /// When this was found.
    pub at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    at: i64,
    severity: AlarmSeverity,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Followed {
    state: AlarmState,
    code: String,
    reason: String,
    /// Since when it is amiss, short recoveries not counted.
    since: i64,
    /// Since when it is as far amiss as it is.
    state_since: i64,
    /// Since when it is well.
    well_since: Option<i64>,
    told: Option<Told>,
    /// When it was raised lately.
    raised: Vec<i64>,
}

/// Every part that is amiss, or was lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(PartKey, Followed)>", into = "Vec<(PartKey, Followed)>")]
pub struct Judge {
    parts: BTreeMap<PartKey, Followed>,
}

impl From<Vec<(PartKey, Followed)>> for Judge {
    fn from(parts: Vec<(PartKey, Followed)>) -> Self {
        Self { parts: parts.into_iter().collect() }
    }
}

impl From<Judge> for Vec<(PartKey, Followed)> {
    fn from(judge: Judge) -> Self {
        judge.parts.into_iter().collect()
    }
}

impl Judge {
    /// Takes in how all parts were found at `now`; what is not among them any more is well.
    pub fn look(&mut self, now: i64, alarms: &Alarms, seen: &[Seen]) -> Vec<Notice> {
        let mut missed: BTreeSet<_> = self.parts.keys().cloned().collect();
        for Seen { key, found } in seen {
            missed.remove(key);
            match found {
                Found::Unknown => {}
                Found::Well => self.well(key, now),
                Found::Amiss { state, code, reason } => self.amiss(key, *state, code, reason, now),
            }
        }
        missed.iter().for_each(|key| self.well(key, now));
        let mut notices = Vec::new();
        self.parts.retain(|key, followed| {
            let (notice, stays) = followed.judge(key, now, alarms);
            notices.extend(notice);
            stays
        });
        notices
    }

    /// Whether the same is kept of both: words, which may change with every look, apart.
    pub(crate) fn is_kept_as(&self, other: &Self) -> bool {
        let marks = |judge: &Self| -> Vec<_> {
            let mark = |it: &Followed| {
                (it.state, it.since, it.state_since, it.well_since, it.told, it.raised.clone())
            };
            judge.parts.iter().map(|(key, it)| (key.clone(), mark(it))).collect()
        };
        marks(self) == marks(other)
    }

    /// How many parts somebody was told of that are not well yet, with that severity.
    pub fn open(&self, severity: AlarmSeverity) -> usize {
        let told = self.parts.values().filter_map(|it| it.told);
        told.filter(|told| told.severity == severity).count()
    }

    fn well(&mut self, key: &PartKey, now: i64) {
        if let Some(followed) = self.parts.get_mut(key) {
            // A clock that was set back begins anew.
            let since = followed.well_since.filter(|since| *since <= now);
            followed.well_since = Some(since.unwrap_or(now));
        }
    }

    fn amiss(&mut self, key: &PartKey, state: AlarmState, code: &str, reason: &str, now: i64) {
        let has_room = self.parts.len() < FOLLOWED_MAX;
        let (code, reason) =
            (code.to_owned(), reason.chars().take(REASON_CHARACTERS_MAX).collect());
        match self.parts.get_mut(key) {
            Some(followed) => {
                if followed.is_over(now) {
                    (followed.since, followed.state_since) = (now, now);
                } else if followed.state != state {
                    followed.state_since = now;
                }
                followed.since = followed.since.min(now);
                followed.state_since = followed.state_since.min(now);
                followed.well_since = None;
                (followed.state, followed.code, followed.reason) = (state, code, reason);
            }
            None if has_room => {
                let followed = Followed {
                    state,
                    code,
                    reason,
                    since: now,
                    state_since: now,
                    well_since: None,
                    told: None,
                    raised: Vec::new(),
                };
                self.parts.insert(key.clone(), followed);
            }
            None => {}
        }
    }
}

impl Followed {
    /// Whether it was well for long enough.
    fn is_over(&self, now: i64) -> bool {
        self.well_since.is_some_and(|since| now - since >= self.wait())
    }

    fn wait(&self) -> i64 {
        let raised = u32::try_from(self.raised.len()).unwrap_or(u32::MAX);
        WELL_SECONDS << raised.saturating_sub(1).min(DOUBLED_MAX)
    }

    /// What is to be told of it, and whether it is followed any longer.
    fn judge(&mut self, key: &PartKey, now: i64, alarms: &Alarms) -> (Option<Notice>, bool) {
        self.raised.retain(|at| (0..FLAP_SECONDS).contains(&(now - at)));
        let terms = alarms.terms(&key.part, key.name.as_deref(), self.state, now);
        let Some(terms) = terms else {
            // Nobody wants to know of it any more.
            self.told = None;
            return (None, self.well_since.is_none() || !self.raised.is_empty());
        };
        if self.well_since.is_some() {
            if !self.is_over(now) {
                return (None, true);
            }
            let notice = self.told.take().map(|told| self.notice(Event::Cleared, key, told, now));
            return (notice, !self.raised.is_empty());
        }
        let is_worse = self.told.is_none_or(|told| told.severity < terms.severity);
        let is_long = now - self.state_since >= i64::from(terms.after_seconds);
        let again = i64::from(terms.again_minutes) * 60;
        let event = match self.told {
            _ if !terms.is_due_now => return (None, true),
            _ if is_worse && is_long => Event::Raised,
            Some(told) if again > 0 && !is_worse && now - told.at >= again => Event::Repeated,
            _ => return (None, true),
        };
        if event == Event::Raised {
            self.raised.push(now);
        }
        let told = Told { at: now, severity: terms.severity };
        self.told = Some(told);
        (Some(self.notice(event, key, told, now)), true)
    }

    fn notice(&self, event: Event, key: &PartKey, told: Told, now: i64) -> Notice {
        Notice {
            event,
            key: key.clone(),
            severity: told.severity,
            state: self.state,
            code: self.code.clone(),
            reason: self.reason.clone(),
            since: self.since,
            at: now,
        }
    }
}

#[cfg(test)]
mod tests;
