//! How a letter reads: as JSON for programs, as a subject and plain text for people.

use domain::Timestamp;
use domain::settings::AlarmSeverity;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::judge::{Event, Notice};
use crate::outgoing::Letter;

/// So many characters of a subject are shown.
const SUBJECT_CHARACTERS_MAX: usize = 150;

/// The text of a time.
fn time(seconds: i64) -> String {
    let seconds = Timestamp::from_seconds(seconds).seconds();
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(&Rfc3339).unwrap_or_default()
}

fn notice(notice: &Notice) -> Value {
    json!({
        "event": notice.event,
        "part": notice.key.part,
        "name": notice.key.name,
        "severity": notice.severity,
        "state": notice.state,
        "code": notice.code,
        "reason": notice.reason,
        "since": time(notice.since),
        "at": time(notice.at),
    })
}

/// The body for programs.
pub(crate) fn json(letter: &Letter, node: &str) -> Value {
    let kind = match letter.notices.as_slice() {
        [one] => one.event.name(),
        _ => "digest",
    };
    let alarms: Vec<_> = letter.notices.iter().map(notice).collect();
    json!({
        "id": letter.id,
        "type": format!("alarm.{kind}"),
        "timestamp": time(letter.at),
        "data": {"node": node, "alarms": alarms, "left_out": letter.left_out},
    })
}

/// What a person reads first.
pub(crate) fn subject(letter: &Letter, node: &str) -> String {
    let told = match letter.notices.as_slice() {
        [one] if one.event == Event::Test => "test of alarms".to_owned(),
        [one] => format!("{}: {} {}", word(one), part(one), state(one)),
        several => {
            let is_open = |it: &&Notice| it.event != Event::Cleared;
            let critical = |it: &&Notice| is_open(it) && it.severity == AlarmSeverity::Critical;
            let (open, grave) =
                (several.iter().filter(is_open).count(), several.iter().filter(critical).count());
            let over = several.len() - open;
            format!("{open} alarms ({grave} critical), {over} over")
        }
    };
    one_line(&format!("[Jackfield {node}] {told}"), SUBJECT_CHARACTERS_MAX)
}

/// What a person reads then.
pub(crate) fn text(letter: &Letter, node: &str) -> String {
    let mut text = format!("Node {node}, {}\n", time(letter.at));
    for it in &letter.notices {
        if it.event == Event::Test {
            text.push_str("\nThis is a test: nothing is amiss. Alarms reach this address.\n");
            continue;
        }
        let line = format!("\n{}: {} {}\n", word(it), part(it), state(it));
        text.push_str(&line);
        text.push_str(&format!("  {}\n", one_line(&it.reason, 2_000)));
        let until = match it.event {
            Event::Cleared => format!("  From {} to {}.\n", time(it.since), time(it.at)),
            _ => format!("  Since {}. Code {}.\n", time(it.since), it.code),
        };
        text.push_str(&until);
    }
    if letter.left_out > 0 {
        text.push_str(&format!("\n{} older ones were left out.\n", letter.left_out));
    }
    text.push_str("\nThe overview of the console shows how all parts stand now.\n");
    text
}

fn word(notice: &Notice) -> &'static str {
    match (notice.event, notice.severity) {
        (Event::Cleared, _) => "OVER",
        (_, AlarmSeverity::Critical) => "CRITICAL",
        (_, AlarmSeverity::Warning) => "WARNING",
    }
}

fn part(notice: &Notice) -> String {
    let part = notice.key.part.replace('_', " ");
    match &notice.key.name {
        Some(name) => one_line(&format!("{part} {name}"), 100),
        None => part,
    }
}

fn state(notice: &Notice) -> &'static str {
    match notice.event {
        Event::Raised => notice.state.name(),
        Event::Repeated if notice.state.name() == "missing" => "still missing",
        Event::Repeated => "still partial",
        Event::Cleared => "is well again",
        Event::Test => "test",
    }
}

/// The same on one line, at most so many characters of it: what others wrote can begin no header and no line.
fn one_line(text: &str, characters_max: usize) -> String {
    let is_break = |it: char| it.is_control() || matches!(it, '\u{2028}' | '\u{2029}');
    let plain = text.chars().map(|it| if is_break(it) { ' ' } else { it });
    plain.take(characters_max).collect()
}

#[cfg(test)]
mod tests {
    use domain::settings::AlarmState;

    use super::*;
    use crate::judge::PartKey;

    fn notice_of(event: Event, name: &str, reason: &str) -> Notice {
        Notice {
            event,
            key: PartKey { part: "cti_pair".to_owned(), name: Some(name.to_owned()) },
            severity: AlarmSeverity::Critical,
            state: AlarmState::Missing,
            code: "cti_down".to_owned(),
            reason: reason.to_owned(),
            since: 0,
            at: 60,
        }
    }

    fn letter(notices: Vec<Notice>) -> Letter {
        Letter { id: "1".to_owned(), at: 60, notices, left_out: 0 }
    }

    #[test]
    fn one_alarm_names_its_part_and_reason() {
        let letter = letter(vec![notice_of(Event::Raised, "main", "no side answers")]);
        assert_eq!(subject(&letter, "gw-a"), "[Jackfield gw-a] CRITICAL: cti pair main missing");
        let text = text(&letter, "gw-a");
        assert!(text.contains("no side answers\n"), "{text}");
        assert!(text.contains("Since 1970-01-01T00:00:00Z. Code cti_down."), "{text}");
        let json = json(&letter, "gw-a");
        assert_eq!(json.pointer("/type"), Some(&json!("alarm.raised")));
        assert_eq!(json.pointer("/data/alarms/0/since"), Some(&json!("1970-01-01T00:00:00Z")));
    }

    #[test]
    fn many_alarms_are_counted_in_the_subject() {
        let over = notice_of(Event::Cleared, "b", "");
        let letter = letter(vec![notice_of(Event::Raised, "a", ""), over]);
        assert_eq!(subject(&letter, "n"), "[Jackfield n] 1 alarms (1 critical), 1 over");
        assert_eq!(json(&letter, "n").pointer("/type"), Some(&json!("alarm.digest")));
    }

    #[test]
    fn what_others_wrote_stays_on_its_line() {
        let name = "x\r\nBcc: y@example.com\u{2028}\u{85}";
        let letter = letter(vec![notice_of(Event::Raised, name, "a\r\n\r\nb\n.\n")]);
        let subject = subject(&letter, "n");
        assert!(!subject.chars().any(|it| it.is_control() || it == '\u{2028}'), "{subject:?}");
        let text = text(&letter, "n");
        assert!(!text.contains('\r') && text.contains("  a    b . \n"), "{text:?}");
        let long = "x".repeat(10_000);
        let letter = Letter { notices: vec![notice_of(Event::Raised, &long, "")], ..letter };
        assert!(super::subject(&letter, "n").chars().count() <= SUBJECT_CHARACTERS_MAX);
    }
}
