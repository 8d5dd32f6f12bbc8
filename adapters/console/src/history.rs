//! The series that a node keeps in memory for plots: one table for who fills them and who asks.

use domain::PresenceState;

/// The beginning of the names of how many agents are in a state.
pub const AGENTS_SERIES: &str = "agents.";

/// Every other series with its unit.
pub(crate) const SERIES: [(&str, &str); 10] = [
    ("sessions", "sessions"),
    ("http.requests_per_second", "per_second"),
    ("phone.pages_per_second", "per_second"),
    ("push.failures_per_second", "per_second"),
    ("cti.events_per_second", "per_second"),
    ("sip.registrations", "registrations"),
    ("store.commits_per_second", "per_second"),
    ("store.size_bytes", "bytes"),
    ("process.cpu_ratio", "ratio"),
    ("process.resident_bytes", "bytes"),
];

/// The states of agents that have a series: all of those who are signed in.
pub fn agent_states() -> impl Iterator<Item = &'static str> {
    PresenceState::NAMES.into_iter().filter(|name| *name != "signed_out")
}

/// The unit of the series of that name; `None` where there is no such series.
pub fn series_unit(name: &str) -> Option<&'static str> {
    let state = name.strip_prefix(AGENTS_SERIES);
    let of_agents = state.is_some_and(|state| agent_states().any(|known| known == state));
    let unit = SERIES.iter().find(|(known, _)| *known == name).map(|(_, unit)| *unit);
    unit.or_else(|| of_agents.then_some("agents"))
}
