//! What tests of peers and directories came to, for people.

use serde_json::Value;

/// What can be tested, one line each as it is asked for.
pub(super) fn list(answer: &Value) -> String {
    let peers = answer.get("peers").and_then(Value::as_array).into_iter().flatten();
    let lines = peers.map(|peer| {
        let text = |name| peer.get(name).and_then(Value::as_str);
        let name = text("name").map(|name| format!(" {name}")).unwrap_or_default();
        let kind = text("kind").unwrap_or("?").replace('_', "-");
        format!("jackfield probe {kind}{name}\n")
    });
    lines.collect()
}

/// A test's steps, and how it stands in the end.
pub(super) fn probe(answer: &Value) -> String {
    let text = |value: &Value, name: &str| {
        let text = value.get(name).and_then(Value::as_str).unwrap_or("?");
        // What peers say must not drive a terminal.
        text.replace(char::is_control, "?")
    };
    let mut lines = String::new();
    for step in answer.get("steps").and_then(Value::as_array).into_iter().flatten() {
        let outcome = match text(step, "outcome").as_str() {
            "ok" => "ok",
            "left_out" => "left out",
            _ => "FAILED",
        };
        let milliseconds = step.get("milliseconds").and_then(Value::as_u64).unwrap_or(0);
        let (what, words) = (text(step, "what"), text(step, "words"));
        lines.push_str(&format!("{outcome:<9}{milliseconds:>6} ms  {what}: {words}\n"));
    }
    lines + &format!("{}: {}\n", text(answer, "peer"), text(answer, "verdict"))
}

/// Whether a test came out well.
pub(super) fn is_ok(answer: &Value) -> bool {
    answer.get("verdict").and_then(Value::as_str) == Some("ok")
}

/// How taking over from each directory went.
pub(super) fn directories(answer: &Value) -> String {
    let directories = answer.get("directories").and_then(Value::as_array).into_iter().flatten();
    let lines = directories.map(|directory| {
        let name = directory.get("name").and_then(Value::as_str).unwrap_or("?");
        match directory.get("last").filter(|last| !last.is_null()) {
            Some(last) => format!("{name}: {}", sync(last)),
            None => format!("{name}: not taken over from on this node since it started\n"),
        }
    });
    lines.collect()
}

/// How taking over went.
pub(super) fn sync(report: &Value) -> String {
    let count = |name| report.get(name).and_then(Value::as_u64).unwrap_or(0);
    let text = |name| report.get(name).and_then(Value::as_str);
    let mut lines = format!(
        "{}: {} found, {} added, {} changed, {} removed, {} not taken over\n",
        text("result").unwrap_or("?").replace('_', " "),
        count("found"),
        count("added"),
        count("changed"),
        count("removed"),
        count("not_taken"),
    );
    if let Some(why) = text("why") {
        lines.push_str(&format!("  {}\n", why.replace(char::is_control, "?")));
    }
    for rows in ["held_up", "failed"] {
        for row in report.get(rows).and_then(Value::as_array).into_iter().flatten() {
            let part = |name| row.get(name).and_then(Value::as_str).unwrap_or("?");
            let line = format!("{}: {}", part("who"), part("why"));
            lines.push_str(&format!("  {}\n", line.replace(char::is_control, "?")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ops_15_a_test_is_told_step_by_step() {
        let answer = json!({"peer": "cti east", "verdict": "partial", "steps": [
            {"what": "side a: connect", "outcome": "ok", "words": "connected", "milliseconds": 3},
            {"what": "side b: connect", "outcome": "failed", "words": "refused\u{7}", "milliseconds": 0},
        ]});
        assert_eq!(
            probe(&answer),
            "ok            3 ms  side a: connect: connected\n\
             FAILED        0 ms  side b: connect: refused?\ncti east: partial\n"
        );
        assert!(!is_ok(&answer));
        let hop = json!({"kind": "sip_next_hop", "name": "edge"});
        let peers = json!([{"kind": "store"}, {"kind": "cti", "name": "east"}, hop]);
        assert_eq!(
            list(&json!({"peers": peers})),
            "jackfield probe store\njackfield probe cti east\njackfield probe sip-next-hop edge\n"
        );
    }

    #[test]
    fn cti_08_what_was_held_up_or_failed_is_told() {
        let report = json!({"result": "done", "found": 3, "added": 1, "changed": 0, "removed": 0,
            "not_taken": 2, "held_up": [{"who": "1", "why": "is ours"}],
            "failed": [{"who": "x y", "why": "no id"}], "why": null});
        assert_eq!(
            sync(&report),
            "done: 3 found, 1 added, 0 changed, 0 removed, 2 not taken over\n  1: is ours\n  x y: no id\n"
        );
    }
}
