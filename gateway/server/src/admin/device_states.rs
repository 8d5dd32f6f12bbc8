//! Every phone there is: configured, registered, shown something; how each is doing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::settings::{Device, HeadsetMode, Reader, Settings};
use domain::{AgentId, DeviceName, TeamName, Timestamp};
use headset::HeadsetSeen;
use serde_json::{Value, json};
use sip::RegisteredDevice;

use super::headset_phones::is_amiss;
use crate::node::Shared;
use crate::surfaces::Push;

/// The most phones in one answer.
const PAGE_MAX: u64 = 1_000;
/// Those in an answer where nothing is said.
const PAGE_USUAL: u64 = 100;
/// The most teams that are named.
const TEAMS_MAX: usize = 10_000;

/// Which phones are wanted.
pub(super) struct WantedDevices {
    limit: usize,
    after: Option<String>,
    /// What the name, description, a line or the agent holds, in small letters.
    holding: Option<String>,
    state: Option<&'static str>,
    /// Those alone with an agent of these teams.
    teams: Option<Vec<TeamName>>,
}

impl WantedDevices {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let limit = reader.number("limit", 1..=PAGE_MAX).unwrap_or(PAGE_USUAL);
        let after = reader.short_text("after", 256);
        let holding = reader.short_text("q", 256).map(|text| text.to_lowercase());
        let states = console::DEVICE_STATES.map(|name| (name, name));
        let state = reader.choice("state", &states);
        let teams = reader.has("teams").then(|| reader.parsed_list("teams", TEAMS_MAX));
        Some(Self { limit: usize::try_from(limit).ok()?, after, holding, state, teams })
    }
}

/// What is known of all phones at one moment.
struct Seen {
    registered: BTreeMap<String, RegisteredDevice>,
    pushes: BTreeMap<String, Push>,
    headsets: BTreeMap<DeviceName, HeadsetSeen>,
    /// Who is signed in with which phone.
    agents: BTreeMap<DeviceName, AgentId>,
    headset_mode: HeadsetMode,
}

impl Seen {
    fn now(shared: &Shared, settings: &Settings) -> Self {
        let registered = shared.sip.as_ref().map(|sip| sip.registered()).unwrap_or_default();
        let registered = registered.into_iter().map(|it| (it.device.clone(), it));
        let pushes = (shared.pushes)().into_iter().map(|it| (it.device.clone(), it));
        let headsets = shared.headset.as_ref().map(|it| it.seen()).unwrap_or_default();
        let headsets = headsets.into_iter().map(|it| (it.device.clone(), it));
        let mut agents = BTreeMap::new();
        for session in shared.port.signed_in() {
            let Some(signed_in) = session.signed_in() else { continue };
            for device in [&signed_in.device, &signed_in.screen].into_iter().flatten() {
                agents.insert(device.clone(), session.agent.id.clone());
            }
        }
        Self {
            registered: registered.collect(),
            pushes: pushes.collect(),
            headsets: headsets.collect(),
            agents,
            headset_mode: settings.headset.mode,
        }
    }

    /// Every name there is, in order: a phone needs no settings to show something.
    fn names(&self, settings: &Settings) -> BTreeSet<DeviceName> {
        let configured = settings.devices.values().filter(|it| !it.profile);
        let mut names: BTreeSet<_> = configured.map(|it| it.name.clone()).collect();
        names.extend(self.registered.keys().filter_map(|name| name.parse().ok()));
        names.extend(self.agents.keys().cloned());
        names
    }

    /// How the phone is registered, in one word.
    fn state(&self, device: &DeviceName, known: Option<&Device>) -> &'static str {
        match (self.registered.get(device.as_str()), known.and_then(|it| it.sip.as_ref())) {
            (Some(it), _) if it.is_reachable => "registered",
            (Some(_), _) => "unreachable",
            (None, Some(sip)) if sip.next_hop.is_some() => "next_hop",
            (None, Some(_)) => "not_registered",
            (None, None) => "without_sip",
        }
    }

    fn told(&self, shared: &Shared, device: &DeviceName, known: Option<&Device>) -> Value {
        let now = shared.engine.now();
        let registration = self.registered.get(device.as_str()).map(|it| {
            json!({
                "transport": it.transport.to_ascii_lowercase(),
                "peer": it.peer.to_string(),
                "registered_at": ago(now, it.age),
                "refreshed_at": ago(now, it.refreshed),
                "user_agent": it.user_agent,
                "takes_screens": it.takes_remotecc,
            })
        });
        let push = self.pushes.get(device.as_str()).map(|it| {
            json!({
                "result": it.reason,
                "reason": it.problem,
                "since_at": it.since.microseconds(),
            })
        });
        let headset = self.headsets.get(device).map(|it| {
            json!({
                "light": it.light.name(),
                "told": it.told.map(|told| told.state.name()),
                "amiss": is_amiss(it, self.headset_mode),
            })
        });
        json!({
            "device": device,
            "description": known.and_then(|it| it.description.as_deref()),
            "lines": known.map(|it| it.lines.clone()).unwrap_or_default(),
            "configured": known.is_some(),
            "state": self.state(device, known),
            "registration": registration,
            "last_push": push,
            "channel": shared.port.channels().reaches(device),
            "agent": self.agents.get(device),
            "headset": headset,
        })
    }
}

/// A page of the phones by name.
pub(super) fn list(shared: &Shared, wanted: &WantedDevices) -> Value {
    let settings = shared.engine.settings();
    let seen = Seen::now(shared, &settings);
    let known = |device: &DeviceName| settings.devices.get(device).map(AsRef::as_ref);
    let is_wanted = |device: &DeviceName| {
        let known = known(device);
        let agent = seen.agents.get(device);
        let of_team = |teams: &Vec<TeamName>| {
            let agent = agent.and_then(|agent| settings.agents.get(agent));
            agent.and_then(|agent| agent.team.as_ref()).is_some_and(|it| teams.contains(it))
        };
        wanted.state.is_none_or(|state| seen.state(device, known) == state)
            && wanted.teams.as_ref().is_none_or(of_team)
            && wanted.holding.as_deref().is_none_or(|text| holds(text, device, known, agent))
    };
    let names = seen.names(&settings);
    let fitting: Vec<_> = names.iter().filter(|device| is_wanted(device)).collect();
    let after = |device: &&&DeviceName| {
        wanted.after.as_ref().is_none_or(|after| device.as_str() > after.as_str())
    };
    // One more than are wanted tells whether there is another page.
    let mut found: Vec<_> = fitting.iter().filter(after).take(wanted.limit + 1).copied().collect();
    let more = found.len() > wanted.limit;
    found.truncate(wanted.limit);
    let next = found.last().filter(|_| more).map(|last| (*last).clone());
    let devices: Vec<_> =
        found.into_iter().map(|device| seen.told(shared, device, known(device))).collect();
    json!({"devices": devices, "next": next, "total": fitting.len()})
}

fn holds(text: &str, device: &DeviceName, known: Option<&Device>, agent: Option<&AgentId>) -> bool {
    let has = |other: &str| other.to_lowercase().contains(text);
    has(device.as_str())
        || known.and_then(|it| it.description.as_deref()).is_some_and(has)
        || known.is_some_and(|it| it.lines.iter().any(|line| has(line.as_str())))
        || agent.is_some_and(|agent| has(agent.as_str()))
}

fn ago(now: Timestamp, age: Duration) -> i64 {
    let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
    now.microseconds().saturating_sub(age)
}
