//! Reports of email: by agent, by CSQ, by both; as JSON and as a table (RPT-01, RPT-03).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::report::{AgentWork, EmailReport, QueueWork, Seconds};
use domain::{AgentId, Contact, Role, Timestamp};
use engine::surface::Callers;
use http::header::CONTENT_DISPOSITION;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{Given, Kind, Operation, Parameter};
use crate::problem::Problem;
use crate::{Console, answer, csv};

const TAG: &str = "Reports";
const CSV: &str = "text/csv";
/// Who reads reports; supervisors those of their teams' agents.
const READERS: Callers = Callers::Roles(&[Role::Administrator, Role::Supervisor, Role::Report]);
/// The longest stretch of one report.
const DAYS_MAX: u64 = 92;
/// The stretch where nobody says.
const USUAL: Duration = Duration::from_secs(7 * 86_400);
/// In so many steps arrivals are counted.
const STEPS: usize = 60;
/// So many contacts are read at once.
const PAGE: u32 = 1_000;

const PERIOD: [Parameter; 2] = [
    Parameter {
        name: "from",
        kind: Kind::Time,
        about: "Mails that came from then on; a week before the end where not set.",
    },
    Parameter {
        name: "to",
        kind: Kind::Time,
        about: "Until then, at most 92 days later; now where not set.",
    },
];

const AGENT_COLUMNS: [(&str, &str); 12] = [
    ("agent", "/agent"),
    ("name", "/name"),
    ("csq", "/csq"),
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

const QUEUE_COLUMNS: [(&str, &str); 12] = [
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

/// Which report.
#[derive(Clone, Copy)]
enum Which {
    Agents,
    Queues,
    Pairs,
}

impl Which {
    fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Agents | Self::Pairs => &AGENT_COLUMNS,
            Self::Queues => &QUEUE_COLUMNS,
        }
    }
}

pub(super) fn operations() -> Vec<Operation> {
    let rows = |columns: &[(&str, &str)]| {
        let members: Vec<_> = columns
            .iter()
            .map(|(name, _)| {
                let is_text = matches!(*name, "agent" | "name" | "csq");
                let kind = if is_text {
                    json!({"type": ["string", "null"]})
                } else {
                    json!({"type": "integer", "minimum": 0})
                };
                (*name, kind)
            })
            .collect();
        let rows = json!({"type": "array", "items": schema::told(&members)});
        let mut members = vec![("from", schema::time()), ("to", schema::time()), ("rows", rows)];
        if columns.iter().any(|(name, _)| *name == "arrived") {
            let about = "How many came, by CSQ, in equal steps.";
            members.push(("arrivals", schema::about(json!({"type": "object"}), about)));
        }
        schema::told(&members)
    };
    let mut operations = Vec::new();
    for (path, table, id, table_id, about, which) in [
        (
            "/api/v1/reports/email-agent-activity",
            "/api/v1/reports/email-agent-activity.csv",
            "reportEmailAgents",
            "exportEmailAgents",
            "What agents did with mails that came in a stretch of time",
            Which::Agents,
        ),
        (
            "/api/v1/reports/email-csq-activity",
            "/api/v1/reports/email-csq-activity.csv",
            "reportEmailQueues",
            "exportEmailQueues",
            "What became of mails that came in a stretch of time, by the CSQ they came to first",
            Which::Queues,
        ),
        (
            "/api/v1/reports/email-csq-agent-summary",
            "/api/v1/reports/email-csq-agent-summary.csv",
            "reportEmailQueuesAndAgents",
            "exportEmailQueuesAndAgents",
            "The same by CSQ and agent",
            Which::Pairs,
        ),
    ] {
        operations.push(
            Operation::new((Method::GET, path), id, about, READERS, move |console, asked| {
                told(console, asked, which)
            })
            .tagged(TAG)
            .asks(&PERIOD)
            .gives(StatusCode::OK, "Rows.", rows(which.columns())),
        );
        operations.push(
            Operation::new(
                (Method::GET, table),
                table_id,
                about,
                READERS,
                move |console, asked| exported(console, asked, which),
            )
            .tagged(TAG)
            .asks(&PERIOD)
            .gives_as(
                StatusCode::OK,
                "A table.",
                vec![(CSV, json!({"type": "string"}))],
            ),
        );
    }
    operations
}

/// The stretch that is asked for.
fn period(console: &Console, asked: &Asked) -> Result<(Timestamp, Timestamp), Problem> {
    let to = asked.time("to").unwrap_or_else(|| console.port.now());
    let usual = i64::try_from(USUAL.as_micros()).unwrap_or(i64::MAX);
    let usual = Timestamp::from_microseconds(to.microseconds().saturating_sub(usual));
    let from = asked.time("from").unwrap_or(usual);
    if from > to {
        return Err(Problem::query("from", "must not be after to"));
    }
    if to.since(from) > Duration::from_secs(DAYS_MAX * 86_400) {
        return Err(Problem::query(
            "from",
            "must be at most 92 days before to; ask for a shorter stretch",
        ));
    }
    Ok((from, to))
}

/// How many mails came, by the CSQ they came to first, in equal steps.
struct Arrivals {
    from: Timestamp,
    to: Timestamp,
    step: Duration,
    counts: BTreeMap<String, Vec<u64>>,
}

impl Arrivals {
    fn new(from: Timestamp, to: Timestamp) -> Self {
        let steps = u32::try_from(STEPS).unwrap_or(1);
        let step = (to.since(from) / steps).max(Duration::from_secs(1));
        Self { from, to, step, counts: BTreeMap::new() }
    }

    fn add(&mut self, contact: &Contact) {
        let counts =
            self.counts.entry(contact.routed_csq.clone()).or_insert_with(|| vec![0; STEPS]);
        let step = contact.arrived_at.since(self.from).as_secs() / self.step.as_secs().max(1);
        let place = usize::try_from(step).unwrap_or(usize::MAX).min(STEPS - 1);
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }

    fn told(&self) -> Value {
        let series =
            self.counts.iter().map(|(name, values)| json!({"name": name, "values": values}));
        json!({
            "step_seconds": self.step.as_secs(),
            "ends_at": answer::time(self.to),
            "series": series.collect::<Vec<_>>(),
        })
    }
}

/// All contacts that came in it, counted.
async fn counted(
    console: &Console,
    from: Timestamp,
    to: Timestamp,
) -> Result<(EmailReport, Arrivals), Problem> {
    let mut report = EmailReport::default();
    let mut arrivals = Arrivals::new(from, to);
    let (mut begin, mut seen) = (from, BTreeSet::new());
    let mut limit = PAGE;
    loop {
        let page = console.port.contacts_arrived(begin, to, limit).await;
        let unread =
            |_| Problem::new("unavailable", "the store cannot be read at present; try again");
        let page = page.map_err(unread)?;
        let is_full = u32::try_from(page.len()).is_ok_and(|length| length >= limit);
        let last = page.last().map(|contact| contact.arrived_at);
        for contact in &page {
            if contact.channel == domain::Channel::Email && seen.insert(contact.id) {
                report.add(contact);
                arrivals.add(contact);
            }
        }
        match last {
            // A page may be short of what cannot be read, so only one that brings nothing new is the last.
            Some(last) if is_full || last > begin => {
                // Others may have come at that very moment, so the next page begins with it once more.
                limit = if last == begin { limit.saturating_mul(2) } else { PAGE };
                begin = last;
            }
            _ => return Ok((report, arrivals)),
        }
    }
}

fn seconds(row: &mut Value, name: &str, of: &Seconds) {
    if let Some(row) = row.as_object_mut() {
        row.insert(format!("{name}_mean_seconds"), json!(of.mean()));
        row.insert(format!("{name}_longest_seconds"), json!(of.longest));
    }
}

async fn rows(
    console: &Console,
    asked: &Asked,
    which: Which,
) -> Result<(Value, Vec<Value>), Problem> {
    let (from, to) = period(console, asked)?;
    let (report, arrivals) = counted(console, from, to).await?;
    let settings = console.port.settings();
    let leads_all = asked.has(Role::Administrator) || asked.has(Role::Report);
    let teams = asked.principal()?.teams.clone();
    let is_seen = |agent: &AgentId| {
        let team = settings.agents.get(agent).and_then(|agent| agent.team.as_ref());
        leads_all || team.is_some_and(|team| teams.contains(team))
    };
    let of_agent = |agent: &AgentId, csq: Option<&str>, work: &AgentWork| {
        let name = settings.agents.get(agent).map(|it| it.called().to_owned());
        let mut row = json!({
            "agent": agent, "name": name, "csq": csq, "assigned": work.assigned,
            "replied": work.replied, "forwarded": work.forwarded, "discarded": work.discarded,
            "requeued": work.requeued, "taken": work.taken, "in_hand": work.in_hand,
        });
        seconds(&mut row, "handling", &work.handling);
        row
    };
    let of_queue = |csq: &String, work: &QueueWork| {
        let mut row = json!({
            "csq": csq, "arrived": work.arrived, "automatic": work.automatic,
            "replied": work.replied, "forwarded": work.forwarded, "discarded": work.discarded,
            "waiting": work.waiting, "in_hand": work.in_hand,
        });
        seconds(&mut row, "first_wait", &work.first_wait);
        seconds(&mut row, "lasting", &work.lasting);
        row
    };
    let rows = match which {
        Which::Agents => {
            let seen = report.agents.iter().filter(|(agent, _)| is_seen(agent));
            seen.map(|(agent, work)| of_agent(agent, None, work)).collect()
        }
        Which::Queues => report.queues.iter().map(|(csq, work)| of_queue(csq, work)).collect(),
        Which::Pairs => {
            let seen = report.pairs.iter().filter(|((_, agent), _)| is_seen(agent));
            seen.map(|((csq, agent), work)| of_agent(agent, Some(csq), work)).collect()
        }
    };
    let mut about = json!({"from": answer::time(from), "to": answer::time(to)});
    if let (Which::Queues, Some(members)) = (which, about.as_object_mut()) {
        members.insert("arrivals".to_owned(), arrivals.told());
    }
    Ok((about, rows))
}

async fn told(console: Arc<Console>, asked: Asked, which: Which) -> Given {
    let (mut told, rows) = rows(&console, &asked, which).await?;
    if let Some(members) = told.as_object_mut() {
        members.insert("rows".to_owned(), Value::Array(rows));
    }
    Ok(answer::json(StatusCode::OK, &told))
}

async fn exported(console: Arc<Console>, asked: Asked, which: Which) -> Given {
    let (_, rows) = rows(&console, &asked, which).await?;
    let columns = which.columns();
    let lines: String = rows.iter().map(|row| csv::line(columns, row)).collect();
    let text = csv::head(columns) + &lines;
    let answer = answer::text(StatusCode::OK, "text/csv; charset=utf-8", text);
    let name = match which {
        Which::Agents => "attachment; filename=\"email-agent-activity.csv\"",
        Which::Queues => "attachment; filename=\"email-csq-activity.csv\"",
        Which::Pairs => "attachment; filename=\"email-csq-agent-summary.csv\"",
    };
    Ok(answer::with(answer, CONTENT_DISPOSITION, name))
}
