//! What a node says of itself, for people.

use std::fmt::Write;

use serde_json::Value;

use crate::backup::size;

/// How large the store is and how fast it grows, behind its state.
fn store_size(status: &Value) -> String {
    let number = |pointer| status.pointer(pointer).and_then(Value::as_u64);
    let Some(bytes) = number("/store/size_bytes").filter(|bytes| *bytes > 0) else {
        return String::new();
    };
    let mut text = format!(", {}", size(bytes));
    let a_day = status.pointer("/store/bytes_a_day").and_then(Value::as_i64);
    if let Some(a_day) = a_day.and_then(|a_day| u64::try_from(a_day).ok()) {
        text.push_str(&format!(", {} more a day", size(a_day)));
    }
    if let Some(free) = number("/store/free_bytes") {
        text.push_str(&format!(", {} free", size(free)));
    }
    if status.pointer("/store/disk_fills_up") == Some(&Value::Bool(true)) {
        text.push_str(": THE DISK FILLS UP");
    }
    text
}

/// The status as lines.
pub(super) fn for_people(status: &Value) -> String {
    let mut lines = String::new();
    let mut line = |name: &str, text: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{name:<15}{text}");
    };
    let text = |pointer: &str| match status.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let number = |pointer: &str| status.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    line("node", format!("{} (version {})", text("/node"), text("/version")));
    line("phones", text("/phone_url"));
    line("running for", duration(number("/uptime_seconds")));
    line(
        "store",
        match text("/store/state").as_str() {
            "failing" => format!(
                "FAILING for {}: {}",
                duration(number("/store/since_seconds")),
                text("/store/why")
            ),
            state => format!("{state}{}", store_size(status)),
        },
    );
    let nodes = status.pointer("/nodes").and_then(Value::as_array);
    // One that is alone needs no list.
    for node in nodes.filter(|nodes| nodes.len() > 1).into_iter().flatten() {
        line("node", node_line(node, &text("/node")));
    }
    let from = text("/settings/from_file");
    let from = if from.is_empty() { from } else { format!(", from {from}") };
    line(
        "settings",
        format!(
            "number {}, {} agents, {} devices{from}",
            number("/settings/number"),
            number("/settings/agents"),
            number("/settings/devices")
        ),
    );
    if let Some(drift) = status.pointer("/settings/drift") {
        let changes = drift.get("changes").and_then(Value::as_u64);
        let problem = drift.get("problem").and_then(Value::as_str);
        match (changes, problem) {
            (Some(0), _) => {}
            (Some(changes), _) => line(
                "drift",
                format!("{changes} documents differ from the file; jackfield reload applies it"),
            ),
            (None, Some(problem)) => {
                let problem = problem.lines().next().unwrap_or_default();
                line("drift", format!("the file cannot be applied: {problem}"));
            }
            (None, None) => line("drift", "the file is being compared".to_owned()),
        }
    }
    let unopened = status.pointer("/secrets_unopened").and_then(Value::as_array);
    for secret in unopened.into_iter().flatten() {
        let part = |name| secret.get(name).and_then(Value::as_str).unwrap_or("?");
        line("secret", format!("{} DOES NOT OPEN: {}", part("secret"), part("why")));
    }
    for (name, surface) in
        status.pointer("/surfaces").and_then(Value::as_object).into_iter().flatten()
    {
        let part = |name| surface.get(name).and_then(Value::as_str);
        let why = part("why").map(|why| format!(": {why}")).unwrap_or_default();
        line(name, format!("{}{why}", part("state").unwrap_or("?")));
    }
    for (name, pair) in
        status.pointer("/cti_pairs").and_then(Value::as_object).into_iter().flatten()
    {
        let part = |name| pair.get(name).and_then(Value::as_str);
        let problem = part("problem").map(|why| format!("; {why}")).unwrap_or_default();
        let unknown = pair.get("unknown_agents").and_then(Value::as_u64).unwrap_or(0);
        let unknown = match unknown {
            0 => String::new(),
            count => format!(", {count} agents not known yet"),
        };
        let told = match (part("active_side"), part("standby_side")) {
            (Some(active), None) => format!("side {active} serves{unknown}{problem}"),
            (Some(active), Some(standby)) => {
                format!("side {active} serves, side {standby} in reserve{unknown}{problem}")
            }
            (None, _) => format!("NO SERVER{problem}"),
        };
        line("contact centre", format!("{name}: {told}"));
    }
    if status.pointer("/sip/on").and_then(Value::as_bool) == Some(true) {
        line(
            "SIP",
            format!(
                "{} registrations, {} of them reachable, {} connections",
                number("/sip/registered"),
                number("/sip/reachable"),
                number("/sip/connections")
            ),
        );
    }
    let listeners = status.pointer("/sip/listeners").and_then(Value::as_array);
    for listener in listeners.into_iter().flatten() {
        let part = |name| listener.get(name).and_then(Value::as_str).unwrap_or("?");
        line("SIP listens", format!("{} at {}", part("transport"), part("address")));
    }
    let hops = status.pointer("/sip/next_hops").and_then(Value::as_array);
    for hop in hops.into_iter().flatten() {
        let part = |name| hop.get(name).and_then(Value::as_str);
        let told = match part("server") {
            Some(server) => format!("answers at {server}"),
            None => format!("NO ANSWER: {}", part("problem").unwrap_or("not asked yet")),
        };
        let told = format!("{}: {told}", part("name").unwrap_or("?"));
        line("SIP next hop", told.replace(char::is_control, "?"));
    }
    let is_on = |mode: &str| !mode.is_empty() && mode != "disabled";
    if is_on(&text("/headsets/mode")) {
        line(
            "headsets",
            format!(
                "{} phones told, {} dead, {} ambiguous, {} without discovery",
                number("/headsets/told"),
                number("/headsets/dead"),
                number("/headsets/ambiguous"),
                number("/headsets/without_discovery")
            ),
        );
    }
    line(
        "agents",
        format!(
            "{} ready, {} not ready, {} talking, {} wrapping up",
            number("/agents/ready"),
            number("/agents/not_ready"),
            number("/agents/talking"),
            number("/agents/wrap_up")
        ),
    );
    let on = status.pointer("/maintenance").and_then(Value::as_bool) == Some(true);
    line("maintenance", if on { "ON: sign-ins are refused" } else { "off" }.to_owned());
    line("certificate", format!("good for {} days", number("/certificate/days_left")));
    if let Some(problem) = status.pointer("/certificate/acme/problem").and_then(Value::as_str) {
        line("NOT SIGNED", problem.replace(char::is_control, "?"));
    }
    let problems = status.pointer("/push_problems").and_then(Value::as_array);
    for problem in problems.into_iter().flatten() {
        let part = |name| problem.get(name).and_then(Value::as_str).unwrap_or("?");
        line("no push to", format!("{}: {}", part("device"), part("why")));
    }
    lines
}

/// One node of several, as this one sees it.
fn node_line(node: &Value, own: &str) -> String {
    let part = |name| node.get(name).and_then(Value::as_str);
    let number = |name| node.get(name).and_then(Value::as_u64).unwrap_or(0);
    let name = part("node").unwrap_or("?");
    let own = if name == own { " (this one)" } else { "" };
    let seen = duration(number("seen_seconds"));
    let told = match part("state") {
        Some("gone") => format!("GONE without a word {seen} ago"),
        Some("left") => format!("stopped {seen} ago"),
        state => format!(
            "{}, answers for {} agents, version {}",
            state.unwrap_or("?"),
            number("agents"),
            part("version").unwrap_or("?")
        ),
    };
    // What other nodes say of themselves is shown, never obeyed.
    format!("{name}{own}: {told}").replace(char::is_control, "?")
}

/// What an agent does now, on one line.
pub(super) fn agent(answer: &Value) -> String {
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let mut line = format!(
        "agent {} is {}",
        text("agent").unwrap_or("?"),
        match text("state") {
            Some("wrap_up") => "wrapping up".to_owned(),
            state => state.unwrap_or("?").replace('_', " "),
        }
    );
    if let Some(reason) = answer.get("reason").and_then(Value::as_u64) {
        line.push_str(&format!(" (reason {reason})"));
    }
    if let Some(extension) = text("extension") {
        line.push_str(&format!(" on extension {extension}"));
    }
    if let Some(device) = text("device") {
        line.push_str(&format!(", phone {device}"));
    }
    if let Some(number) = answer.pointer("/mobile/number").and_then(Value::as_str) {
        line.push_str(&format!(", mobile at {number}"));
    }
    line
}

fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
