//! Reports of email: by agent, by CSQ, by both; page by page as JSON, whole as a table (RPT-01, RPT-03).
//!
//! ```text
//!   stretch of time --contacts read and counted--> Counted --who asks--> rows --> pages, table
//!                                                     ^ kept for the pages behind the first
//! ```

mod counting;
mod period;
mod rows;

use std::sync::Arc;

use domain::{Role, Timestamp};
use engine::surface::Callers;
use http::header::CONTENT_DISPOSITION;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use self::counting::Counted;
use self::period::{PERIOD, Period, STEPS, Steps};
use self::rows::{Row, Which};
use super::{AFTER, LIMIT, PAGE_MAX, PAGE_USUAL};
use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{Given, Operation};
use crate::problem::Problem;
use crate::sections::{cursor, of_cursor};
use crate::{Console, answer, csv};

pub(crate) use self::counting::Counts;

const TAG: &str = "Reports";
const CSV: &str = "text/csv";
/// Who reads reports; supervisors those of their teams' agents.
const READERS: Callers = Callers::Roles(&[Role::Administrator, Role::Supervisor, Role::Report]);

/// A report: its path, that of its table, the names of both operations, what it is, and the table's name.
type Told = (&'static str, &'static str, &'static str, &'static str, &'static str, Which);

const REPORTS: [Told; 3] = [
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
        "What agents did with mails that came in a stretch of time, by CSQ and agent",
        Which::Pairs,
    ),
];

const ABOUT: &str = "Administrators and the role `report` see all; supervisors the agents of their teams, and every CSQ, \
                     since those belong to no team.";

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, table, id, table_id, about, which) in REPORTS {
        let mut report =
            Operation::new((Method::GET, path), id, about, READERS, move |console, asked| {
                told(console, asked, which)
            })
            .tagged(TAG)
            .described(ABOUT)
            .asks(&[LIMIT, AFTER])
            .asks(&PERIOD);
        if which == Which::Queues {
            report = report.asks(&STEPS);
        }
        operations.push(report.gives(StatusCode::OK, "A page.", page_schema(which)));
        operations.push(
            Operation::new(
                (Method::GET, table),
                table_id,
                about,
                READERS,
                move |console, asked| exported(console, asked, which),
            )
            .tagged(TAG)
            .described(ABOUT)
            .asks(&PERIOD)
            .gives_as(
                StatusCode::OK,
                "All rows as a table.",
                vec![(CSV, json!({"type": "string"}))],
            ),
        );
    }
    operations
}

fn page_schema(which: Which) -> Value {
    let number = || json!({"type": "integer", "minimum": 0});
    let members = which.columns().iter().map(|(name, _)| {
        let kind = match *name {
            "agent" | "csq" => json!({"type": "string"}),
            "name" => json!({"type": ["string", "null"]}),
            _ => number(),
        };
        (*name, kind)
    });
    let row = schema::told(&members.collect::<Vec<_>>());
    let mut page = schema::page(&row, true);
    let mut more = vec![("from", schema::time()), ("to", schema::time())];
    if which == Which::Queues {
        let series = schema::told(&[
            ("csq", json!({"type": "string"})),
            ("counts", json!({"type": "array", "items": number()})),
        ]);
        let arrivals = schema::told(&[
            ("step", schema::choice(&["hour", "day"])),
            ("time_zone", json!({"type": "string"})),
            ("starts", json!({"type": "array", "items": schema::time()})),
            ("series", json!({"type": "array", "items": series})),
        ]);
        let about = "How many came, by CSQ, in steps that begin then; on the first page alone.";
        more.push(("arrivals", schema::about(schema::or_null(arrivals), about)));
    }
    if let Some(properties) = page.pointer_mut("/properties").and_then(Value::as_object_mut) {
        properties.extend(more.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())));
    }
    if let Some(required) = page.pointer_mut("/required").and_then(Value::as_array_mut) {
        required.extend(more.iter().map(|(name, _)| json!(name)));
    }
    page
}

/// What comes behind a page: the row that it ends with, and the count that it is of.
struct After {
    period: Period,
    at: Timestamp,
    of: Vec<String>,
}

impl After {
    /// What the cursor of a page stands for.
    fn asked_for(asked: &Asked, which: Which) -> Result<Option<Self>, Problem> {
        let Some(text) = asked.query("after") else { return Ok(None) };
        let wrong = || Problem::query("after", "is no cursor of a page of this report");
        let read = of_cursor(text).and_then(|it| serde_json::from_str(&it).ok());
        let (from, to, at, of): (i64, i64, i64, Vec<String>) = read.ok_or_else(wrong)?;
        if of.len() != which.key_parts() {
            return Err(wrong());
        }
        let time = Timestamp::from_microseconds;
        let period = Period { from: time(from), to: time(to) }.checked().map_err(|_| wrong())?;
        let is_other = |name: &str, of: Timestamp| asked.time(name).is_some_and(|it| it != of);
        if is_other("from", period.from) || is_other("to", period.to) {
            let message =
                "belongs to another stretch of time; leave from and to out, or as they were";
            return Err(Problem::query("after", message));
        }
        Ok(Some(Self { period, at: time(at), of }))
    }

    fn told(counted: &Counted, row: &Row) -> String {
        let Period { from, to } = counted.period;
        let [from, to, at] = [from, to, counted.at].map(Timestamp::microseconds);
        cursor(&json!([from, to, at, row.of]).to_string())
    }
}

async fn told(console: Arc<Console>, asked: Asked, which: Which) -> Given {
    let port = &console.port;
    let limit = asked.number("limit").unwrap_or(PAGE_USUAL).min(PAGE_MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let after = After::asked_for(&asked, which)?;
    let (counted, steps) = match &after {
        Some(after) => {
            let counted = match console.counts.kept(after.period, after.at) {
                Some(kept) => kept,
                None => console.counts.count(port, after.period, None).await?,
            };
            (counted, None)
        }
        None => {
            let period = Period::asked_for(&console, &asked)?;
            let steps = (which == Which::Queues).then(|| period.steps(&asked)).transpose()?;
            (console.counts.count(port, period, steps.as_ref()).await?, steps)
        }
    };
    let rows = rows::of(&counted, which, &port.settings(), &asked)?;
    let total = rows.len();
    let begin = after.map_or(0, |after| rows.partition_point(|row| row.of <= after.of));
    let mut rest = rows.into_iter().skip(begin);
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let last = page.last().filter(|_| rest.next().is_some());
    let next = last.map(|row| After::told(&counted, row));
    let items = page.into_iter().map(|row| row.told).collect();
    let mut body = answer::page(items, next, Some(total));
    if let Some(members) = body.as_object_mut() {
        members.insert("from".to_owned(), answer::time(counted.period.from));
        members.insert("to".to_owned(), answer::time(counted.period.to));
        if which == Which::Queues {
            let arrivals = steps.map(|steps| arrivals_told(&counted, &steps));
            members.insert("arrivals".to_owned(), json!(arrivals));
        }
    }
    Ok(answer::json(StatusCode::OK, &body))
}

fn arrivals_told(counted: &Counted, steps: &Steps) -> Value {
    let counts = counted.arrivals.counts().iter();
    let starts = counted.arrivals.starts().iter();
    json!({
        "step": steps.step.name(),
        "time_zone": steps.zone,
        "starts": starts.map(|it| answer::time(*it)).collect::<Vec<_>>(),
        "series": counts.map(|(csq, counts)| json!({"csq": csq, "counts": counts})).collect::<Vec<_>>(),
    })
}

async fn exported(console: Arc<Console>, asked: Asked, which: Which) -> Given {
    let period = Period::asked_for(&console, &asked)?;
    let counted = console.counts.count(&console.port, period, None).await?;
    let rows = rows::of(&counted, which, &console.port.settings(), &asked)?;
    let columns = which.columns();
    let lines: String = rows.iter().map(|row| csv::line(columns, &row.told)).collect();
    let text = csv::head(columns) + &lines;
    let answer = answer::text(StatusCode::OK, "text/csv; charset=utf-8", text);
    let name = match which {
        Which::Agents => "attachment; filename=\"email-agent-activity.csv\"",
        Which::Queues => "attachment; filename=\"email-csq-activity.csv\"",
        Which::Pairs => "attachment; filename=\"email-csq-agent-summary.csv\"",
    };
    Ok(answer::with(answer, CONTENT_DISPOSITION, name))
}
