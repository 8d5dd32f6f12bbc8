//! How many contacts waited and were in hand, and how many agents were ready, for plots that people watch (RPT-02).
//!
//! Of this node's view and in memory: an hour in steps of ten seconds.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use domain::{DeskState, TeamName, Timestamp};
use engine::Port;
use serde_json::{Value, json};

use crate::answer;

/// How often it is noted.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How many notes are kept: an hour.
const NOTES_MAX: usize = 360;
/// So many CSQs are in a plot: each is a line with a value for each note.
const LINES_MAX: usize = 20;

/// What was noted, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct History(VecDeque<Note>);

/// What was so at one time.
#[derive(Debug)]
struct Note {
    at: Timestamp,
    /// By CSQ: how many waited, and how many were in hand.
    counts: BTreeMap<String, (u32, u32)>,
    /// By team: how many agents were ready, and how many not.
    agents: BTreeMap<Option<TeamName>, (u32, u32)>,
}

impl History {
    /// Notes what is so.
    pub(crate) fn note(&mut self, port: &Port) {
        if self.0.len() >= NOTES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Note { at: port.now(), counts: contacts(port), agents: agents(port) });
    }

    /// The plots of the busiest of those CSQs and of the agents of those teams; `now` where nothing was noted.
    pub(crate) fn told<'a>(
        &self,
        now: Timestamp,
        csqs: impl Iterator<Item = &'a str>,
        is_led: impl Fn(Option<&TeamName>) -> bool,
    ) -> Value {
        let csqs = self.busiest(csqs);
        let of_csqs = |pick: fn(&(u32, u32)) -> u32| {
            let series = csqs.iter().copied().map(|name| {
                let values = self.0.iter().map(|note| note.counts.get(name).map(pick));
                json!({"name": name, "values": values.collect::<Vec<_>>()})
            });
            series.collect::<Vec<_>>()
        };
        let of_agents = |name: &str, pick: fn(&(u32, u32)) -> u32| {
            let values = self.0.iter().map(|note| {
                let led = note.agents.iter().filter(|(team, _)| is_led(team.as_ref()));
                led.map(|(_, counts)| pick(counts)).sum::<u32>()
            });
            json!({"name": name, "values": values.collect::<Vec<_>>()})
        };
        json!({
            "step_seconds": LOOK_EVERY.as_secs(),
            "ends_at": answer::time(self.0.back().map_or(now, |note| note.at)),
            "series": of_csqs(|(waiting, _)| *waiting),
            "in_hand": of_csqs(|(_, in_hand)| *in_hand),
            "agents": [
                of_agents("ready", |(ready, _)| *ready),
                of_agents("not_ready", |(_, not_ready)| *not_ready),
            ],
        })
    }

    /// Those in which most waited and was in hand, as many as a plot has lines for, in their order.
    fn busiest<'a>(&self, csqs: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let sum = |name: &str| {
            let counts = self.0.iter().filter_map(|note| note.counts.get(name));
            counts.map(|(waiting, in_hand)| u64::from(*waiting) + u64::from(*in_hand)).sum::<u64>()
        };
        let mut all: Vec<_> = csqs.enumerate().map(|(at, name)| (sum(name), at, name)).collect();
        all.sort_by_key(|(sum, at, _)| (std::cmp::Reverse(*sum), *at));
        all.truncate(LINES_MAX);
        all.sort_by_key(|(_, at, _)| *at);
        all.into_iter().map(|(_, _, name)| name).collect()
    }
}

/// Contacts by CSQ: how many wait, and how many are in hand.
fn contacts(port: &Port) -> BTreeMap<String, (u32, u32)> {
    let settings = port.settings();
    let csqs = settings.csqs.values().filter(|csq| csq.email.is_some());
    let mut counts: BTreeMap<_, _> = csqs.map(|csq| (csq.name.clone(), (0, 0))).collect();
    for contact in port.open_contacts() {
        let (waiting, active) = counts.entry(contact.csq.clone()).or_default();
        if contact.is_queued() {
            *waiting += 1;
        } else {
            *active += 1;
        }
    }
    counts
}

/// Signed-in agents by team: how many are ready, and how many not.
fn agents(port: &Port) -> BTreeMap<Option<TeamName>, (u32, u32)> {
    let settings = port.settings();
    let mut counts: BTreeMap<_, (u32, u32)> = BTreeMap::new();
    for desk in port.desks() {
        let Some(known) = settings.agents.get(&desk.agent) else { continue };
        let Some(signed_in) = desk.signed_in() else { continue };
        let (ready, not_ready) = counts.entry(known.team.clone()).or_default();
        match signed_in.state {
            DeskState::Ready => *ready += 1,
            DeskState::NotReady { .. } => *not_ready += 1,
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rpt_02_a_plot_has_lines_of_the_busiest_queues_alone() {
        let names: Vec<String> = (0..100).map(|number| format!("q{number:03}")).collect();
        let counts = |name: &String| match name.as_str() {
            "q007" => (1, 0),
            "q099" => (0, 9),
            _ => (0, 0),
        };
        let counts = names.iter().map(|name| (name.clone(), counts(name))).collect();
        let note = Note { at: Timestamp::from_seconds(1), counts, agents: BTreeMap::new() };
        let history = History(VecDeque::from([note]));
        let told =
            history.told(Timestamp::from_seconds(2), names.iter().map(String::as_str), |_| true);
        for plot in ["series", "in_hand"] {
            let lines = told[plot].as_array().unwrap();
            assert_eq!(lines.len(), LINES_MAX);
            assert_eq!(lines[7]["name"], "q007");
            assert_eq!(lines[LINES_MAX - 1]["name"], "q099");
        }
    }
}
