//! One story out of all links: whose each record is, and which of them are wanted.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use domain::Timestamp;

use super::{CLAIMED, Link, Record, Recorder, Value};
use crate::engine::Engine;

/// The most records that are told at once; of more, the newest.
pub const RECORDS_MAX: usize = 10_000;
/// So long before and after a call what its agents' links said belongs to its story.
const AROUND_CALL: Duration = Duration::from_secs(5);

/// Which records are wanted; all of them, where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those of that agent.
    pub agent: Option<String>,
    /// Those of that device, and of whoever was at it.
    pub device: Option<String>,
    /// Those of that call or contact, and of its agents meanwhile.
    pub contact: Option<String>,
    /// Those of that sort of link.
    pub link: Option<Link>,
    /// Those since.
    pub from: Option<Timestamp>,
    /// Those until.
    pub to: Option<Timestamp>,
    /// At most so many, the newest.
    pub limit: usize,
}

/// What a session says of where its agent is: it tells whose a record is before any record does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The agent.
    pub agent: String,
    /// Their line.
    pub line: Option<String>,
    /// The devices they are at.
    pub devices: Vec<String>,
}

/// The records that were wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// By time.
    pub records: Vec<Record>,
    /// How many older ones were wanted beyond the limit.
    pub left_out: usize,
    /// Since when everything is there; `None` where there is nothing.
    pub since: Option<Timestamp>,
}

impl Recorder {
    /// The records that are wanted, as one timeline. Reads all that is kept, some ten milliseconds a megabyte,
    /// and holds no more than what is wanted.
    pub fn timeline(&self, wanted: &Wanted, whose: &[Whose]) -> Timeline {
        let kept = self.kept();
        let owners = Owners::at_first(kept.records(), whose);
        let spans = wanted
            .contact
            .as_ref()
            .and_then(|contact| Spans::of(owners.clone().attributed(kept.records()), contact));
        let device = wanted.device.as_ref();
        let mut agent_at = device.and_then(|device| owners.by_device.get(device).cloned());
        let limit = wanted.limit.min(RECORDS_MAX);
        let mut timeline = Timeline::default();
        let mut records = VecDeque::new();
        for record in owners.attributed(kept.records()) {
            timeline.since.get_or_insert(record.at);
            if let Some(device) = device {
                moved(&mut agent_at, &record, device);
            }
            let is_wanted = wanted.link.is_none_or(|link| record.link == link)
                && wanted.from.is_none_or(|from| record.at >= from)
                && wanted.to.is_none_or(|to| record.at <= to)
                && wanted.agent.as_ref().is_none_or(|agent| record.agent.as_ref() == Some(agent))
                && device.is_none_or(|device| is_of(&record, device, agent_at.as_ref()))
                && (wanted.contact.is_none() || spans.as_ref().is_some_and(|it| it.want(&record)));
            if is_wanted {
                records.push_back(record);
                if records.len() > limit {
                    records.pop_front();
                    timeline.left_out += 1;
                }
            }
        }
        timeline.records = records.into();
        // Two that came at once may have been noted the other way round.
        timeline.records.sort_by_key(|record| (record.at, record.number));
        timeline
    }
}

impl Engine {
    /// The records of the flight recorder that are wanted, with what this node knows of sessions.
    pub fn timeline(&self, wanted: &Wanted) -> Timeline {
        let sessions = self.mirror.signed_in();
        let whose: Vec<_> = sessions
            .iter()
            .filter_map(|session| {
                let signed_in = session.signed_in()?;
                let devices = signed_in.screen.iter().chain(&signed_in.device);
                Some(Whose {
                    agent: session.agent.id.to_string(),
                    line: Some(signed_in.extension.to_string()),
                    devices: devices.map(ToString::to_string).collect(),
                })
            })
            .collect();
        self.recorder.timeline(wanted, &whose)
    }
}

/// Whose devices, lines and calls are, as of some record.
#[derive(Clone, Debug, Default)]
struct Owners {
    by_device: HashMap<String, String>,
    by_line: HashMap<String, String>,
    by_call: HashMap<String, String>,
}

impl Owners {
    /// Before the first record. What the first record that names an agent says of a device holds for what came
    /// before it too, since the sign-in may have begun there.
    fn at_first(records: impl Iterator<Item = Record>, whose: &[Whose]) -> Self {
        let mut owners = Self::default();
        for record in records {
            let Some(agent) = record.agent else { continue };
            if let Some(device) = record.device {
                owners.by_device.entry(device).or_insert_with(|| agent.clone());
            }
            if let Some(line) = record.line {
                owners.by_line.entry(line).or_insert_with(|| agent.clone());
            }
        }
        for session in whose {
            for device in &session.devices {
                let agent = || session.agent.clone();
                owners.by_device.entry(device.clone()).or_insert_with(agent);
            }
            if let Some(line) = &session.line {
                owners.by_line.entry(line.clone()).or_insert_with(|| session.agent.clone());
            }
        }
        owners
    }

    /// The records, each with its agent where that follows.
    fn attributed(mut self, records: impl Iterator<Item = Record>) -> impl Iterator<Item = Record> {
        records.map(move |mut record| {
            self.attribute(&mut record);
            record
        })
    }

    fn attribute(&mut self, record: &mut Record) {
        if let Some(agent) = &record.agent {
            if let Some(device) = &record.device {
                own(&mut self.by_device, device, agent);
            }
            if let Some(line) = &record.line {
                own(&mut self.by_line, line, agent);
            }
        } else if let Some(claimed) = claimed(record) {
            if let Some(device) = &record.device
                && !self.by_device.contains_key(device)
            {
                own(&mut self.by_device, device, &claimed);
            }
            record.agent = Some(claimed);
            record.is_inferred = true;
        } else {
            let device = record.device.as_ref().and_then(|device| self.by_device.get(device));
            let line = || record.line.as_ref().and_then(|line| self.by_line.get(line));
            let call = || record.calls.iter().find_map(|call| self.by_call.get(call));
            record.agent = device.or_else(line).or_else(call).cloned();
            record.is_inferred = record.agent.is_some();
        }
        if let Some(agent) = &record.agent {
            for call in &record.calls {
                if !self.by_call.contains_key(call) {
                    self.by_call.insert(call.clone(), agent.clone());
                }
            }
        }
    }
}

/// Whom somebody claims to be.
fn claimed(record: &Record) -> Option<String> {
    record.values.iter().find_map(|(name, value)| match value {
        Value::Text(agent) if name == CLAIMED => Some(agent.clone()),
        _ => None,
    })
}

/// Notes whose it is from now on.
fn own(owners: &mut HashMap<String, String>, what: &str, agent: &str) {
    match owners.get_mut(what) {
        Some(owner) if owner == agent => {}
        Some(owner) => agent.clone_into(owner),
        None => {
            owners.insert(what.to_owned(), agent.to_owned());
        }
    }
}

/// Whether a record is of that device, or of whoever is at it.
fn is_of(record: &Record, device: &str, agent_at: Option<&String>) -> bool {
    match &record.device {
        Some(its) => its == device,
        None => record.agent.is_some() && record.agent.as_ref() == agent_at,
    }
}

/// Follows who is at a device.
fn moved(agent_at: &mut Option<String>, record: &Record, device: &str) {
    let Some(agent) = &record.agent else { return };
    if record.device.as_deref() == Some(device) {
        *agent_at = Some(agent.clone());
    } else if record.device.is_some() && !record.is_inferred && agent_at.as_ref() == Some(agent) {
        // They are at another one by now.
        *agent_at = None;
    }
}

/// When a call went on, and whose it was.
struct Spans {
    contact: String,
    from: Timestamp,
    to: Timestamp,
    agents: BTreeSet<String>,
}

impl Spans {
    fn of(records: impl Iterator<Item = Record>, contact: &str) -> Option<Self> {
        let mut spans: Option<Self> = None;
        for record in records.filter(|record| record.calls.iter().any(|call| call == contact)) {
            let around = i64::try_from(AROUND_CALL.as_micros()).unwrap_or(0);
            let spans = spans.get_or_insert_with(|| Self {
                contact: contact.to_owned(),
                from: Timestamp::from_microseconds(record.at.microseconds() - around),
                to: record.at,
                agents: BTreeSet::new(),
            });
            spans.to = spans.to.max(record.at.after(AROUND_CALL));
            spans.agents.extend(record.agent);
        }
        spans
    }

    fn want(&self, record: &Record) -> bool {
        let is_meanwhile = record.at >= self.from
            && record.at <= self.to
            && record.calls.is_empty()
            && record.agent.as_ref().is_some_and(|agent| self.agents.contains(agent));
        record.calls.contains(&self.contact) || is_meanwhile
    }
}
