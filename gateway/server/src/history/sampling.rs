//! Where the values of the series come from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use console::AGENTS_SERIES;
use domain::settings::Settings;
use domain::{TeamName, Timestamp};
use engine::metrics::Gathered;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::{STEP, Sample, TEAMS_MAX};
use crate::node::Shared;

/// What has been counted so far, by the name of the series that tells how fast it grows.
type Totals = BTreeMap<&'static str, f64>;

/// Takes a sample every ten seconds until `stop` becomes true.
pub(crate) async fn keep(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut steps = tokio::time::interval(STEP);
    steps.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut before: Option<(Timestamp, Totals)> = None;
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = steps.tick() => {}
        }
        let now = shared.engine.now();
        (shared.observe)();
        let gathered = shared.port.metrics().gathered();
        let totals = totals(&gathered);
        let mut sample = sample(&shared, &gathered);
        if let Some((then, before)) = &before {
            sample.whole.extend(rates(now.since(*then), before, &totals));
        }
        shared.history.take(now, &sample);
        before = Some((now, totals));
    }
}

fn totals(gathered: &Gathered) -> Totals {
    let all = |_: &str| true;
    let found = [
        ("http.requests_per_second", gathered.sum("jackfield_http_requests_total", "", all)),
        ("phone.pages_per_second", gathered.sum("jackfield_phone_pages_total", "", all)),
        (
            "push.failures_per_second",
            gathered.sum("jackfield_phone_pushes_total", "result", |it| it != "ok"),
        ),
        (
            "cti.events_per_second",
            // Fields that were passed over are counted there too.
            Some(
                gathered
                    .sum("jackfield_cti_messages_total", "result", |it| it == "read")
                    .unwrap_or_default(),
            ),
        ),
        (
            "store.commits_per_second",
            gathered.sum("jackfield_store_transactions_total", "kind", |it| it == "commit"),
        ),
        ("process.cpu_ratio", Some(processor_seconds())),
    ];
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// How long processors have worked for this process.
#[expect(clippy::cast_precision_loss, reason = "no process works for so long")]
fn processor_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

/// How fast each total grew. After a moment that was none, or a clock that jumped, nothing is known.
fn rates(apart: Duration, before: &Totals, now: &Totals) -> Vec<(String, f64)> {
    if apart < STEP / 2 || apart > STEP * 6 {
        return Vec::new();
    }
    let rate = |(name, now): (&&'static str, &f64)| {
        let grown = now - before.get(name)?;
        (grown >= 0.0).then(|| ((*name).to_owned(), grown / apart.as_secs_f64()))
    };
    now.iter().filter_map(rate).collect()
}

#[expect(clippy::cast_precision_loss, reason = "bytes and counts are far below 2^53")]
fn sample(shared: &Shared, gathered: &Gathered) -> Sample {
    let settings = shared.engine.settings();
    let sessions = shared.port.signed_in();
    let states = sessions.iter().filter_map(|session| {
        let agent = settings.agents.get(&session.agent.id);
        let team = agent.and_then(|agent| agent.team.as_ref());
        Some((team, shared.engine.presence(session)?.state.name()))
    });
    let mut sample = agents(&settings, states);
    let sum = |family| gathered.sum(family, "", |_| true);
    let bytes = shared.engine.store_growth().sizes.bytes;
    let figures = [
        ("sessions", Some(sessions.len() as f64)),
        ("sip.registrations", Some(sum("jackfield_sip_bindings").unwrap_or_default())),
        ("process.resident_bytes", sum("process_resident_memory_bytes")),
        ("store.size_bytes", Some(bytes as f64)),
    ];
    let figures = figures.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    sample.whole.extend(figures);
    sample
}

/// How many agents are in each state, in all and by team.
fn agents<'a>(
    settings: &Settings,
    states: impl Iterator<Item = (Option<&'a TeamName>, &'static str)>,
) -> Sample {
    let known_teams: Vec<_> = settings.teams.keys().take(TEAMS_MAX).cloned().collect();
    let mut sample =
        Sample { teams_left_out: settings.teams.len() - known_teams.len(), ..Sample::default() };
    let name = |state: &str| format!("{AGENTS_SERIES}{state}");
    sample.whole.extend(console::agent_states().map(|state| (name(state), 0.0)));
    for (team, state) in states {
        if let Some(count) = sample.whole.get_mut(&name(state)) {
            *count += 1.0;
            if let Some(team) = team.filter(|team| known_teams.binary_search(team).is_ok()) {
                let count = sample.teams.entry((team.clone(), state)).or_default();
                *count = count.saturating_add(1).min(super::UNKNOWN - 1);
            }
        }
    }
    sample.known_teams = known_teams;
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_where_time_went_on_as_usual() {
        let before = Totals::from([("phone.pages_per_second", 100.0)]);
        let now = Totals::from([("phone.pages_per_second", 150.0), ("process.cpu_ratio", 3.0)]);
        let rate = |seconds| rates(Duration::from_secs(seconds), &before, &now);
        assert_eq!(rate(10), [("phone.pages_per_second".to_owned(), 5.0)]);
        assert_eq!([rate(0), rate(3_600)], [Vec::new(), Vec::new()]);
        // Counters that fell began anew.
        assert_eq!(rates(STEP, &now, &before), Vec::new());
    }

    #[test]
    fn agents_are_counted_in_all_and_by_the_teams_there_is_room_for() {
        let team = |name: &str| name.parse::<TeamName>().unwrap();
        let of = |number: usize| domain::settings::Team {
            name: team(&format!("team {number:04}")),
            pair: None,
            supervisors: Vec::new(),
            layout: None,
            wrap_up_seconds: None,
        };
        let teams = (0..TEAMS_MAX + 3).map(|number| (of(number).name.clone(), of(number).into()));
        let settings = Settings { teams: Arc::new(teams.collect()), ..Settings::default() };
        let (first, last) = (team("team 0000"), team(&format!("team {:04}", TEAMS_MAX + 2)));
        let states = [(Some(&first), "ready"), (Some(&first), "ready"), (Some(&last), "ready")];
        let sample = agents(&settings, states.into_iter().chain([(None, "talking")]));
        assert_eq!((sample.whole["agents.ready"], sample.whole["agents.talking"]), (3.0, 1.0));
        assert_eq!(sample.teams, [((first, "ready"), 2)].into());
        assert_eq!(sample.teams_left_out, 3);
    }
}
