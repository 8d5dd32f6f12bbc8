//! What operators see.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::gateway::Gateway;
use crate::phone::{DEVICE, Phone};
use crate::wire;

#[test]
fn ops_02_health_readiness_and_metrics() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    let health = gateway.endpoint("health");
    let base = health.rsplit_once('/').map_or(health.as_str(), |(base, _)| base);
    for path in ["livez", "readyz", "readyz?surface=phone", "startupz"] {
        let answer = wire::get_plain(&format!("{base}/{path}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    assert_eq!(wire::get_plain(&format!("{base}/readyz?surface=none")).status, 404);
    let metrics = wire::get_plain(&gateway.endpoint("metrics"));
    assert_eq!(metrics.status, 200);
    let text = metrics.text();
    assert!(
        text.contains("jackfield_agent_sessions{state=\"not_ready\",surface=\"phone\"} 1"),
        "{text}"
    );
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        assert!(name.starts_with("jackfield_") || name.starts_with("process_"), "{name}");
        assert!(!line.contains(DEVICE) && !line.contains("\"1001\""), "{line}");
    }
    phone.leave();
}

#[test]
fn ops_02_the_metric_list_is_what_the_program_shows() {
    let gateway = Gateway::start();
    let text = wire::get_plain(&gateway.endpoint("metrics")).text();
    let shown: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(str::to_owned).collect();
    let list = include_str!("../../schemas/metrics.txt");
    let listed: BTreeSet<_> = list
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
        .collect();
    let unlisted: Vec<_> =
        shown.difference(&listed).filter(|it| it.starts_with("jackfield_")).collect();
    assert!(unlisted.is_empty(), "not in schemas/metrics.txt: {unlisted:?}");
}

#[test]
fn ops_02_prometheus_finds_nothing_wrong_with_what_the_program_shows() {
    let gateway = Gateway::start();
    let shown = wire::get_plain(&gateway.endpoint("metrics"));
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        return println!("left out: promtool is missing; install prometheus");
    };
    promtool.stdin.take().unwrap().write_all(shown.text().as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.is_empty(), "{words}");
}

#[test]
fn ops_02_alerts_and_dashboards_ask_for_values_that_the_program_shows() {
    let gateway = Gateway::start();
    let shown = wire::get_plain(&gateway.endpoint("metrics")).text();
    let configured = include_str!("../../schemas/metrics-when-configured.txt");
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging");
    let mut asked = BTreeSet::new();
    let boards = std::fs::read_dir(packaging.join("grafana")).unwrap();
    let boards = boards.map(|entry| entry.unwrap().path());
    for file in boards.chain([packaging.join("prometheus/alerts.yml")]) {
        // Marks are escaped in JSON.
        asked.extend(asked_for(&std::fs::read_to_string(file).unwrap().replace("\\\"", "\"")));
    }
    assert!(asked.len() > 20, "{asked:?}");
    // Parts are there once they are configured; their names are a closed set.
    let interface: serde_json::Value =
        serde_json::from_str(include_str!("../../schemas/openapi.json")).unwrap();
    let parts = &interface["components"]["schemas"]["Part"]["properties"]["part"]["enum"];
    let is_part = |family: &str, value: &str| {
        family == "jackfield_part_state" && parts.as_array().unwrap().iter().any(|it| it == value)
    };
    let is_shown = |(family, label, value): &&(String, String, String)| {
        let mut lines = shown.lines().filter(|line| line.starts_with(&format!("{family}{{")));
        lines.any(|line| line.contains(&format!("{label}=\"{value}\"")))
            || configured.lines().any(|line| line.split(' ').next() == Some(family))
            || is_part(family, value)
    };
    let unknown: Vec<_> = asked.iter().filter(|it| !is_shown(it)).collect();
    assert!(unknown.is_empty(), "no figure of the program has them: {unknown:#?}");
}

/// What expressions in a text compare labels with: figure, label and each value that is written out.
fn asked_for(text: &str) -> Vec<(String, String, String)> {
    let mut asked = Vec::new();
    for after in text.split("jackfield_").skip(1) {
        let Some((name, rest)) = after.split_once('{') else { continue };
        if name.contains(|it: char| !it.is_ascii_lowercase() && it != '_') {
            continue;
        }
        for pair in rest.split('}').next().unwrap().split("\",") {
            let pair = pair.replacen("!~", "=", 1);
            let Some((label, value)) = pair.split_once('=') else { continue };
            let value = value.trim_start_matches('~').trim_matches('"');
            let label = label.trim_end_matches('!');
            // Jobs and nodes are a site's own; what is open matches anything.
            if ["job", "instance"].contains(&label) || value.contains(".*") {
                continue;
            }
            let values = value.split('|');
            asked.extend(values.map(|it| (format!("jackfield_{name}"), label.into(), it.into())));
        }
    }
    asked
}

#[test]
fn ops_06_status_tells_a_person_and_a_program() {
    let gateway = Gateway::start();
    gateway.admin(json!({"do": "agent_sign_in", "agent": "1001", "extension": "2001"}));
    let human = gateway.command(&["status"]);
    assert!(human.status.success());
    assert!(String::from_utf8_lossy(&human.stdout).contains("localhost"));
    let machine = gateway.command(&["status", "--json"]);
    let value: serde_json::Value = serde_json::from_slice(&machine.stdout).unwrap();
    assert!(value.to_string().contains("not_ready"), "{value}");
}

#[test]
fn byd_05_settings_are_exported_and_applied_whole() {
    let gateway = Gateway::start();
    let before = gateway.command(&["export"]).stdout;
    gateway.settings(|settings| settings["voice"]["wrap_up_seconds"] = json!(33));
    let changed = String::from_utf8(gateway.command(&["export"]).stdout).unwrap();
    assert!(changed.contains("33"), "{changed}");
    let file = gateway.folder().join("bad.yaml");
    std::fs::write(&file, "teams: [{name: A}, {name: A}]\nodd: 1\n").unwrap();
    let refused = gateway.command(&["apply", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("teams") && told.contains("odd"), "{told}");
    assert_eq!(String::from_utf8(gateway.command(&["export"]).stdout).unwrap(), changed);
    std::fs::write(&file, before.clone()).unwrap();
    assert!(gateway.command(&["apply", file.to_str().unwrap()]).status.success());
    assert_eq!(gateway.command(&["export"]).stdout, before);
}
