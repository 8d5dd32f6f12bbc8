//! What figures and agents were in the last hour and the last day, for plots; in memory, gone with the process.
//!
//! ```text
//!   every 10 s: Sample --> an hour of values  --every twelfth, their mean--> a day of values
//! ```
//!
//! A series of a team begins with the first agent of it in that state, and there are at most
//! [`TEAMS_MAX`] teams, so that memory is bounded by the settings and not by the days. Where no sample was taken,
//! nothing is known.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{TeamName, Timestamp};
use serde_json::{Value, json};

mod ring;
mod sampling;

use ring::Ring;
pub(crate) use sampling::keep;

/// Between two samples.
const STEP: Duration = Duration::from_secs(10);
/// Of so many samples one value is kept for the day.
const COARSE: u64 = 12;
/// The most minutes that are told in the finer steps.
const FINE_MINUTES: u64 = 60;
/// Values of an hour, and of a day.
const FINE_MAX: usize = 360;
const COARSE_MAX: usize = 720;
/// The most teams with series of their own.
pub(crate) const TEAMS_MAX: usize = 500;
/// Stands for what is not known among counts of agents.
const UNKNOWN: u16 = u16::MAX;

/// What is so at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sample {
    /// Each series of the whole node; what is not known is not there.
    whole: BTreeMap<String, f64>,
    /// How many agents of a team are in a state, where there are any.
    teams: BTreeMap<(TeamName, &'static str), u16>,
    /// The teams there are that have series.
    known_teams: Vec<TeamName>,
    /// How many teams have none, being too many.
    teams_left_out: usize,
}

/// Which series are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedHistory {
    /// Their names; all where there are none.
    pub(crate) series: Vec<String>,
    /// For so many minutes back.
    pub(crate) minutes: u64,
    /// Of these teams alone; of all where it is not set.
    pub(crate) teams: Option<Vec<TeamName>>,
    /// Whether those of the whole node are wanted.
    pub(crate) whole: bool,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// How many steps there were since the beginning.
    count: u64,
    ends_at: Option<Timestamp>,
    coarse_ends_at: Option<Timestamp>,
    whole: BTreeMap<String, Ring<f64>>,
    teams: BTreeMap<(TeamName, &'static str), Ring<u16>>,
    teams_left_out: usize,
}

impl History {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what is so now.
    fn take(&self, at: Timestamp, sample: &Sample) {
        let mut kept = self.kept();
        // A clock that was set back leaves the steps as they are.
        let late = kept.ends_at.map_or(0, |last| at.since(last).as_secs() / STEP.as_secs());
        let missed = usize::try_from(late.saturating_sub(1)).unwrap_or(usize::MAX);
        if missed >= FINE_MAX {
            *kept = Kept::default();
        } else {
            // One that came a moment late missed none.
            (0..missed).for_each(|_| kept.step(at, None));
        }
        kept.step(at, Some(sample));
    }

    /// The wanted series.
    pub(crate) fn told(&self, wanted: &WantedHistory) -> Value {
        let kept = self.kept();
        let is_fine = wanted.minutes <= FINE_MINUTES;
        let step_seconds = STEP.as_secs() * if is_fine { 1 } else { COARSE };
        let length = usize::try_from(wanted.minutes * 60 / step_seconds).unwrap_or(usize::MAX);
        let wants = |name: &str| {
            wanted.series.is_empty() || wanted.series.iter().any(|wanted| wanted == name)
        };
        let mut series = Vec::new();
        for (name, ring) in kept.whole.iter().filter(|(name, _)| wanted.whole && wants(name)) {
            let values = ring.last(is_fine, kept.count, length, |value| number(name, *value));
            series.push(one(name, None, values));
        }
        let of_team =
            |team: &TeamName| wanted.teams.as_ref().is_none_or(|teams| teams.contains(team));
        for ((team, state), ring) in kept.teams.iter().filter(|((team, _), _)| of_team(team)) {
            let name = format!("{}{state}", console::AGENTS_SERIES);
            if wants(&name) {
                let count =
                    |value: &u16| if *value == UNKNOWN { Value::Null } else { json!(value) };
                let values = ring.last(is_fine, kept.count, length, count);
                series.push(one(&name, Some(team), values));
            }
        }
        let ends_at = if is_fine { kept.ends_at } else { kept.coarse_ends_at };
        json!({
            "step_seconds": step_seconds,
            "ends_at": ends_at.map(Timestamp::microseconds),
            "series": series,
            "teams_left_out": kept.teams_left_out,
        })
    }
}

fn one(name: &str, team: Option<&TeamName>, values: Vec<Value>) -> Value {
    let unit = console::series_unit(name);
    json!({"name": name, "team": team, "unit": unit, "values": values})
}

/// A value as it is told: three digits behind the point are enough for a plot.
fn number(name: &str, value: f64) -> Value {
    if !value.is_finite() {
        return Value::Null;
    }
    if name.contains("_per_second") || name.ends_with("_ratio") {
        return json!((value * 1_000.0).round() / 1_000.0);
    }
    // Counts and bytes are whole, and far below where these numbers have gaps.
    #[expect(clippy::cast_possible_truncation, reason = "rounded, and out of range it is cut off")]
    let whole = value.round() as i64;
    json!(whole)
}

impl Kept {
    /// One step more, with what was so or nothing known.
    fn step(&mut self, at: Timestamp, sample: Option<&Sample>) {
        let count = self.count;
        if let Some(sample) = sample {
            self.begin_series(sample);
        }
        for (name, ring) in &mut self.whole {
            let value = sample.and_then(|sample| sample.whole.get(name));
            ring.put(count, value.copied().unwrap_or(f64::NAN));
        }
        for (key, ring) in &mut self.teams {
            let value = sample.map_or(UNKNOWN, |it| it.teams.get(key).copied().unwrap_or(0));
            ring.put(count, value);
        }
        self.count += 1;
        self.ends_at = Some(at);
        if self.count.is_multiple_of(COARSE) {
            self.coarse_ends_at = Some(at);
        }
    }

    /// Makes room for what is seen for the first time, and none any more for teams that are gone.
    fn begin_series(&mut self, sample: &Sample) {
        for name in sample.whole.keys() {
            if !self.whole.contains_key(name) {
                self.whole.insert(name.clone(), Ring::new(f64::NAN));
            }
        }
        self.teams.retain(|(team, _), _| sample.known_teams.binary_search(team).is_ok());
        for key in sample.teams.keys() {
            if !self.teams.contains_key(key) {
                // Before anybody of the team was in that state, nobody was.
                self.teams.insert(key.clone(), Ring::new(0));
            }
        }
        self.teams_left_out = sample.teams_left_out;
    }
}

#[cfg(test)]
mod tests;
