//! Rows of a report as whoever asks may see them, in the order of what they are of.
//!
//! Supervisors see the agents of their teams. Queues belong to no team: what became of a queue's mails names no agent,
//! and every supervisor sees it.

use domain::report::{AgentWork, QueueWork, Seconds};
use domain::{AgentId, Settings};
use serde_json::{Map, Value, json};

use super::counting::Counted;
use crate::asked::Asked;
use crate::problem::Problem;
use crate::sections::visible;

/// Which report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Agents,
    Queues,
    Pairs,
}

/// A column: its name in tables, and its place in a row.
pub(super) type Column = (&'static str, &'static str);

const AGENTS: [Column; 11] = [
    ("agent", "/agent"),
    ("name", "/name"),
    ("assigned", "/assigned"),
    ("replied", "/replied"),
    ("forwarded", "/forwarded"),
    ("discarded", "/discarded"),
    ("requeued", "/requeued"),
    ("taken", "/taken"),
    ("in_hand", "/in_hand"),
    ("handling_mean_seconds", "/handling_mean_seconds"),
    ("handling_longest_seconds", "/handling_longest_seconds"),
];

const PAIRS: [Column; 12] = {
    let [
        agent,
        name,
        assigned,
        replied,
        forwarded,
        discarded,
        requeued,
        taken,
        in_hand,
        mean,
        longest,
    ] = AGENTS;
    let csq = ("csq", "/csq");
    [
        csq, agent, name, assigned, replied, forwarded, discarded, requeued, taken, in_hand, mean,
        longest,
    ]
};

const QUEUES: [Column; 12] = [
    ("csq", "/csq"),
    ("arrived", "/arrived"),
    ("automatic", "/automatic"),
    ("replied", "/replied"),
    ("forwarded", "/forwarded"),
    ("discarded", "/discarded"),
    ("waiting", "/waiting"),
    ("in_hand", "/in_hand"),
    ("first_wait_mean_seconds", "/first_wait_mean_seconds"),
    ("first_wait_longest_seconds", "/first_wait_longest_seconds"),
    ("lasting_mean_seconds", "/lasting_mean_seconds"),
    ("lasting_longest_seconds", "/lasting_longest_seconds"),
];

impl Which {
    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Agents => &AGENTS,
            Self::Pairs => &PAIRS,
            Self::Queues => &QUEUES,
        }
    }

    /// How many texts say what a row is of.
    pub(super) fn key_parts(self) -> usize {
        match self {
            Self::Agents | Self::Queues => 1,
            Self::Pairs => 2,
        }
    }
}

/// A row with what it is of, by which rows are sorted.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) of: Vec<String>,
    pub(super) told: Value,
}

/// All rows that whoever asks may see.
pub(super) fn of(
    counted: &Counted,
    which: Which,
    settings: &Settings,
    asked: &Asked,
) -> Result<Vec<Row>, Problem> {
    let report = &counted.report;
    let teams = visible(asked.principal()?);
    let is_seen = |agent: &AgentId| {
        let team = settings.agents.get(agent).and_then(|agent| agent.team.as_ref());
        teams.is_none_or(|teams| team.is_some_and(|team| teams.contains(team)))
    };
    Ok(match which {
        Which::Agents => {
            let seen = report.agents.iter().filter(|(agent, _)| is_seen(agent));
            let row = |(agent, work): (&AgentId, &AgentWork)| Row {
                of: vec![agent.to_string()],
                told: Value::Object(of_agent(settings, agent, work)),
            };
            seen.map(row).collect()
        }
        Which::Queues => {
            let row = |(csq, work): (&String, &QueueWork)| Row {
                of: vec![csq.clone()],
                told: Value::Object(of_queue(csq, work)),
            };
            report.queues.iter().map(row).collect()
        }
        Which::Pairs => {
            let seen = report.pairs.iter().filter(|((_, agent), _)| is_seen(agent));
            let row = |((csq, agent), work): (&(String, AgentId), &AgentWork)| {
                let mut told = of_agent(settings, agent, work);
                told.insert("csq".to_owned(), json!(csq));
                Row { of: vec![csq.clone(), agent.to_string()], told: Value::Object(told) }
            };
            seen.map(row).collect()
        }
    })
}

fn of_agent(settings: &Settings, agent: &AgentId, work: &AgentWork) -> Map<String, Value> {
    let name = settings.agents.get(agent).map(|it| it.called().to_owned());
    let mut row = members(json!({
        "agent": agent, "name": name, "assigned": work.assigned, "replied": work.replied,
        "forwarded": work.forwarded, "discarded": work.discarded, "requeued": work.requeued,
        "taken": work.taken, "in_hand": work.in_hand,
    }));
    seconds(&mut row, "handling", &work.handling);
    row
}

fn of_queue(csq: &str, work: &QueueWork) -> Map<String, Value> {
    let mut row = members(json!({
        "csq": csq, "arrived": work.arrived, "automatic": work.automatic, "replied": work.replied,
        "forwarded": work.forwarded, "discarded": work.discarded, "waiting": work.waiting,
        "in_hand": work.in_hand,
    }));
    seconds(&mut row, "first_wait", &work.first_wait);
    seconds(&mut row, "lasting", &work.lasting);
    row
}

fn members(row: Value) -> Map<String, Value> {
    match row {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn seconds(row: &mut Map<String, Value>, name: &str, of: &Seconds) {
    row.insert(format!("{name}_mean_seconds"), json!(of.mean()));
    row.insert(format!("{name}_longest_seconds"), json!(of.longest));
}
