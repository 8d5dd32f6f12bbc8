//! Dashboards for Grafana.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::figures;
use crate::files::{names, promtool, text};

const FOLDER: &str = "packaging/grafana";

/// Units that our figures have: base units, ratios, and rates of them.
const UNITS: [&str; 6] = ["short", "s", "bytes", "Bps", "percentunit", "reqps"];

/// Variables of a dashboard that stand in expressions, with a value of their kind.
const VARIABLES: [(&str, &str); 3] =
    [("$__rate_interval", "5m"), ("$job", "jackfield"), ("$instance", ".*")];

fn dashboards() -> Vec<(String, Value)> {
    let read = |name: String| {
        let file = format!("{FOLDER}/{name}");
        let board = serde_json::from_str(&text(&file));
        (name, board.unwrap_or_else(|error| panic!("{file}: {error}")))
    };
    names(FOLDER, ".json").into_iter().map(read).collect()
}

/// The panels of a dashboard but its headings, each with its title.
fn panels(board: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let panels = board["panels"].as_array().unwrap().iter();
    let panels = panels.filter(|panel| panel["type"] != "row");
    panels.map(|panel| (panel["title"].as_str().unwrap(), panel))
}

/// Expressions of a panel.
fn expressions(panel: &Value) -> Vec<&str> {
    let targets = panel["targets"].as_array().unwrap();
    targets.iter().map(|target| target["expr"].as_str().unwrap()).collect()
}

#[test]
fn dashboards_have_what_grafana_needs_to_take_them_anywhere() {
    let mut uids = BTreeSet::new();
    for (name, board) in dashboards() {
        let uid = board["uid"].as_str().unwrap().to_owned();
        assert!(uid.starts_with("jackfield-") && uid.len() <= 40, "{name}: {uid}");
        assert!(uids.insert(uid), "{name}: another one has its uid");
        assert_eq!(board["id"], Value::Null, "{name}: an id is one of a single Grafana");
        assert_eq!(board["tags"], json!(["jackfield"]), "{name}");
        assert!(board["schemaVersion"].as_u64().unwrap() >= 36, "{name}");
        let refresh = board["refresh"].as_str().unwrap();
        let seconds: u32 = refresh.trim_end_matches('s').parse().unwrap();
        assert!(seconds >= 10, "{name}: refreshes every {refresh}");
        let variables: Vec<_> = board["templating"]["list"].as_array().unwrap().iter().collect();
        let of: Vec<_> = variables.iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(of, ["datasource", "job", "instance"], "{name}");
        let text = board.to_string();
        assert!(!text.contains("://"), "{name} links to one host");
    }
}

#[test]
fn panels_say_their_unit_and_ask_the_chosen_source() {
    for (name, board) in dashboards() {
        let ids: BTreeSet<_> = board["panels"].as_array().unwrap().iter().map(id).collect();
        assert_eq!(ids.len(), board["panels"].as_array().unwrap().len(), "{name}: ids of panels");
        for (title, panel) in panels(&board) {
            let unit = panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap();
            assert!(UNITS.contains(&unit), "{name}: {title} has the unit {unit:?}");
            let expressions = expressions(panel);
            assert!(!expressions.is_empty(), "{name}: {title} shows nothing");
            let targets = panel["targets"].as_array().unwrap();
            for source in targets.iter().chain([panel]).map(|it| &it["datasource"]) {
                let expected = json!({"type": "prometheus", "uid": "${datasource}"});
                assert_eq!(*source, expected, "{name}: {title}");
            }
            for expression in expressions {
                check_unit(&name, title, unit, expression);
            }
        }
    }
}

fn id(panel: &Value) -> u64 {
    panel["id"].as_u64().unwrap()
}

/// A unit that is plainly another one than the figure's would mislead.
fn check_unit(name: &str, title: &str, unit: &str, expression: &str) {
    let is_ratio = expression.contains(" / ") && unit == "percentunit";
    let is_time = ["seconds_bucket", "timestamp_seconds", "start_time_seconds", "ahead_seconds"];
    if is_time.iter().any(|end| expression.contains(end)) {
        assert_eq!(unit, "s", "{name}: {title}: {expression}");
    }
    if expression.contains("_bytes") && !is_ratio {
        assert!(unit == "bytes" || unit == "Bps", "{name}: {title}: {expression}");
    }
}

#[test]
fn ops_02_dashboards_ask_for_figures_that_a_node_shows() {
    let all = figures::all();
    for (name, board) in dashboards() {
        for (title, panel) in panels(&board) {
            for expression in expressions(panel) {
                let wrong = figures::wrong_with(expression, &all);
                assert!(wrong.is_empty(), "{name}: {title}: {wrong:?}");
                let counters = all.iter().filter(|(figure, it)| {
                    it.kind == "counter" && expression.contains(&format!("{figure}{{"))
                });
                let is_paced = ["rate(", "increase("].iter().any(|it| expression.contains(it));
                assert!(counters.count() == 0 || is_paced, "{name}: {title} shows a raw counter");
            }
        }
    }
}

#[test]
fn prometheus_reads_every_expression_of_the_dashboards() {
    // As rules of a file, since promtool reads expressions in no other way without a server.
    let mut rules = Vec::new();
    for (name, board) in dashboards() {
        let all = panels(&board).flat_map(|(title, panel)| {
            expressions(panel).into_iter().map(move |expression| (title, expression))
        });
        for (index, (title, expression)) in all.enumerate() {
            let plain = VARIABLES
                .iter()
                .fold(expression.to_owned(), |it, (variable, value)| it.replace(variable, value));
            assert!(!plain.contains('$'), "{name}: {title}: {plain}");
            let board = name.replace(['-', '.'], "_");
            rules.push(json!({"record": format!("board:{board}:{index}"), "expr": plain}));
        }
    }
    let file = std::env::temp_dir().join(format!("jackfield-boards-{}.yml", std::process::id()));
    // JSON is YAML.
    let rules = json!({"groups": [{"name": "boards", "rules": rules}]}).to_string();
    fs::write(&file, rules).unwrap();
    let _removed = Removed(file.clone());
    promtool(FOLDER, &["check", "rules", file.to_str().unwrap()]);
}

/// A file that goes with the value.
struct Removed(std::path::PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
