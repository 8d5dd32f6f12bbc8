//! The flight recorder as people and programs read it: JSON, JSON lines, and lines of text.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use domain::settings::Reader;
use domain::{NodeName, Timestamp};
use engine::Engine;
use engine::recorder::{Link, RECORDS_MAX, Record, Timeline, Value as Said, Wanted};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

/// The most characters of an agent, a device or a contact that is looked for.
const NAME_CHARACTERS_MAX: usize = 200;
/// How many are told where nothing is said.
const USUAL: u64 = 1_000;
/// The longest that may be kept.
const MINUTES_MAX: u64 = 1_440;

/// How it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A line of text each.
    Text,
    /// A line of JSON each.
    JsonLines,
}

/// Which records somebody asks for.
pub(crate) fn read(reader: &mut Reader<'_>, now: Timestamp) -> Option<Wanted> {
    let links = Link::ALL.map(|link| (link.name(), link));
    let mut time = |name: &str| {
        let at = reader.number(name, 0..=u64::try_from(i64::MAX).unwrap_or(u64::MAX));
        at.and_then(|at| i64::try_from(at).ok()).map(Timestamp::from_microseconds)
    };
    let (from, to) = (time("from"), time("to"));
    let minutes = reader.number("minutes", 1..=MINUTES_MAX);
    let last = minutes.map(|minutes| before(now, Duration::from_secs(minutes * 60)));
    let most = u64::try_from(RECORDS_MAX).unwrap_or(u64::MAX);
    let limit = reader.number("limit", 1..=most).unwrap_or(USUAL);
    Some(Wanted {
        agent: reader.short_text("agent", NAME_CHARACTERS_MAX),
        device: reader.short_text("device", NAME_CHARACTERS_MAX),
        contact: reader.short_text("contact", NAME_CHARACTERS_MAX),
        link: if reader.has("link") { Some(reader.choice("link", &links)?) } else { None },
        from: from.max(last),
        to,
        limit: usize::try_from(limit).ok()?,
    })
}

fn before(now: Timestamp, lasting: Duration) -> Timestamp {
    let lasting = i64::try_from(lasting.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_microseconds(now.microseconds().saturating_sub(lasting))
}

/// Reads it beside the runtime's own work, since all that is kept is looked through.
pub(crate) async fn timeline(engine: &Arc<Engine>, wanted: Wanted) -> Timeline {
    let engine = Arc::clone(engine);
    let reading = tokio::task::spawn_blocking(move || engine.timeline(&wanted));
    reading.await.unwrap_or_default()
}

/// One answer with all of it.
pub(crate) fn json(node: &NodeName, timeline: &Timeline) -> Value {
    let records: Vec<_> = timeline.records.iter().map(|record| of(node, record)).collect();
    json!({
        "node": node,
        "since_at": timeline.since.map(Timestamp::microseconds),
        "left_out": timeline.left_out,
        "records": records,
    })
}

/// All of it as a text.
pub(crate) fn written(node: &NodeName, timeline: &Timeline, format: Format) -> String {
    let mut text = String::new();
    if format == Format::Text {
        let since = timeline.since.map_or_else(|| "nothing yet".to_owned(), moment);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# Flight recorder of node {node}; it holds personal data.");
        let _ =
            writeln!(text, "# Kept since {since}; older records left out: {}.", timeline.left_out);
        let _ = writeln!(text, "# An agent behind ~ follows from device, line or call.");
    }
    for record in &timeline.records {
        let _ = match format {
            Format::Text => writeln!(text, "{} {node} {record}", moment(record.at)),
            Format::JsonLines => {
                let mut told = of(node, record);
                if let Some(at) = told.get_mut("at") {
                    *at = moment(record.at).into();
                }
                // Some control characters may stand in JSON as they are, and would drive a terminal.
                let told = told.to_string().chars().fold(String::new(), |mut line, character| {
                    let _ = match character.is_control() {
                        true => write!(line, "\\u{:04x}", u32::from(character)),
                        false => write!(line, "{character}"),
                    };
                    line
                });
                writeln!(text, "{told}")
            }
        };
    }
    text
}

fn of(node: &NodeName, record: &Record) -> Value {
    let said = record.values.iter().map(|(name, said)| {
        let said = match said {
            Said::Text(text) => json!(text),
            Said::Number(number) => json!(number),
        };
        (name.clone(), said)
    });
    let said: Map<String, Value> = said.collect();
    json!({
        "number": record.number,
        "at": record.at.microseconds(),
        "node": node,
        "link": record.link.name(),
        "way": record.way.name(),
        "message": record.kind,
        "peer": record.peer,
        "agent": record.agent,
        "agent_inferred": record.is_inferred,
        "device": record.device,
        "line": record.line,
        "calls": record.calls,
        "said": said,
        "cut": record.is_cut,
        "words": record.to_string(),
    })
}

/// A time to the millisecond, UTC.
fn moment(at: Timestamp) -> String {
    let Ok(time) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.microseconds()) * 1_000)
    else {
        return "at no known time".to_owned();
    };
    let (date, of_day) = (time.date(), time.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        of_day.hour(),
        of_day.minute(),
        of_day.second(),
        of_day.millisecond(),
    )
}

#[cfg(test)]
mod tests {
    use engine::recorder::Way;

    use super::*;

    fn record() -> Record {
        Record {
            number: 7,
            at: Timestamp::from_microseconds(1_700_000_000_123_456),
            link: Link::Cti,
            way: Way::In,
            kind: "AGENT_STATE_EVENT".to_owned(),
            peer: Some("east a".to_owned()),
            agent: Some("1001".to_owned()),
            is_inferred: true,
            device: None,
            line: Some("2001".to_owned()),
            calls: vec!["east/7".to_owned()],
            values: vec![("state".to_owned(), Said::Text("ready\n\u{9b}".to_owned()))],
            is_cut: false,
        }
    }

    #[test]
    fn byd_02_a_timeline_is_written_as_lines_that_nothing_in_it_breaks() {
        let node: NodeName = "gw-a.example".parse().unwrap();
        let timeline = Timeline {
            records: vec![record()],
            left_out: 2,
            since: Some(Timestamp::from_seconds(1_700_000_000)),
        };
        let text = written(&node, &timeline, Format::Text);
        let expected = "2023-11-14T22:13:20.123Z gw-a.example cti          <- AGENT_STATE_EVENT  \
                        east a, agent ~1001, line 2001, call east/7: state=ready\\n\\u{9b}";
        assert_eq!(text.lines().last(), Some(expected));
        assert!(text.contains("left out: 2.") && text.lines().count() == 4, "{text}");
        let lines = written(&node, &timeline, Format::JsonLines);
        let line: Value = serde_json::from_str(lines.trim_end()).unwrap();
        assert_eq!(line["said"]["state"], "ready\n\u{9b}");
        assert!(!lines.trim_end().contains(char::is_control), "{lines}");
        assert_eq!(
            (&line["at"], &line["agent"]),
            (&json!("2023-11-14T22:13:20.123Z"), &json!("1001"))
        );
        let whole = json(&node, &timeline);
        assert_eq!(whole["records"][0]["at"], 1_700_000_000_123_456_i64);
    }

    #[test]
    fn byd_02_what_is_asked_for_is_read_or_refused_by_name() {
        let now = Timestamp::from_seconds(1_000);
        let read_all = |value: Value| {
            let mut problems = domain::Problems::default();
            let mut reader = Reader::new("", value, &mut problems);
            let wanted = read(&mut reader, now);
            reader.finish();
            wanted.filter(|_| problems.is_empty())
        };
        let wanted = read_all(json!({"agent": "1001", "link": "sip", "minutes": 5})).unwrap();
        assert_eq!(wanted.link, Some(Link::Sip));
        assert_eq!(wanted.from, Some(Timestamp::from_seconds(700)));
        assert_eq!(wanted.limit, 1_000);
        for bad in [
            json!({"link": "fax"}),
            json!({"limit": 0}),
            json!({"limit": 10_001}),
            json!({"minutes": 0}),
            json!({"agent": "x".repeat(201)}),
            json!({"other": 1}),
        ] {
            assert_eq!(read_all(bad.clone()), None, "{bad}");
        }
    }
}
