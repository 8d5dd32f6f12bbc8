//! Alert rules, their unit tests and their runbooks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::figures;
use crate::files::{names, promtool, text, yaml};

const FOLDER: &str = "packaging/prometheus";
const RULES: &str = "packaging/prometheus/alerts.yml";
const TESTS: &str = "packaging/prometheus/tests";
const RUNBOOKS: &str = "packaging/docs/runbooks";

/// What every runbook answers, in this order.
const PARTS: [&str; 5] =
    ["## Meaning", "## Effect", "## What to look at", "## What to do", "## When it is over"];

/// Every alert by its name.
fn alerts() -> BTreeMap<String, Value> {
    let rules = yaml(RULES);
    let groups = rules["groups"].as_array().unwrap();
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
    let mut alerts = BTreeMap::new();
    for rule in rules {
        let name = rule["alert"].as_str().unwrap().to_owned();
        assert!(alerts.insert(name.clone(), rule.clone()).is_none(), "{name} is there twice");
    }
    alerts
}

/// `JackfieldNodeDown` is explained by `node-down.md`.
fn runbook(alert: &str) -> String {
    let mut name = String::new();
    for character in alert.strip_prefix("Jackfield").unwrap().chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(character.to_ascii_lowercase());
    }
    name + ".md"
}

#[test]
fn ops_02_prometheus_takes_the_rules_and_every_unit_test_passes() {
    promtool(FOLDER, &["check", "rules", "--lint=all", "--lint-fatal", "alerts.yml"]);
    promtool(FOLDER, &["check", "config", "--syntax-only", "scrape.yml"]);
    for file in names(TESTS, ".yml") {
        promtool(TESTS, &["test", "rules", &file]);
    }
}

#[test]
fn ops_02_every_alert_is_shown_to_fire_and_to_be_silent() {
    let (mut fires, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for file in names(TESTS, ".yml") {
        let tests = yaml(&format!("{TESTS}/{file}"));
        let tests = tests["tests"].as_array().unwrap();
        for case in tests.iter().flat_map(|test| test["alert_rule_test"].as_array().unwrap()) {
            let name = case["alertname"].as_str().unwrap().to_owned();
            match case["exp_alerts"].as_array().unwrap().is_empty() {
                true => silent.insert(name),
                false => fires.insert(name),
            };
        }
    }
    let alerts: BTreeSet<_> = alerts().into_keys().collect();
    assert_eq!(fires, alerts, "left: alerts that a test shows to fire; right: those there are");
    assert_eq!(
        silent, alerts,
        "left: alerts that a test shows to be silent; right: those there are"
    );
}

#[test]
fn alerts_use_figures_that_a_node_shows() {
    let all = figures::all();
    for (name, rule) in alerts() {
        let wrong = figures::wrong_with(rule["expr"].as_str().unwrap(), &all);
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["critical", "warning"].contains(&severity), "{name}: {severity}");
        for part in ["summary", "description"] {
            let words = rule["annotations"][part].as_str().unwrap();
            assert!(words.len() > 20, "{name}: its {part} says nothing");
        }
    }
}

#[test]
fn ops_02_every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let mut expected: BTreeSet<_> = ["README.md".to_owned()].into();
    let index = text(&format!("{RUNBOOKS}/README.md"));
    for (name, rule) in alerts() {
        let file = runbook(&name);
        assert_eq!(rule["annotations"]["runbook"], format!("runbooks/{file}"), "{name}");
        let severity = rule["labels"]["severity"].as_str().unwrap();
        let row = format!("| [{name}]({file}) | {severity} | ");
        assert!(index.contains(&row), "the index of runbooks lacks {row:?}");
        expected.insert(file);
    }
    assert_eq!(names(RUNBOOKS, ".md").into_iter().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn a_runbook_answers_what_is_asked_at_night() {
    for (name, rule) in alerts() {
        let file = runbook(&name);
        let text = text(&format!("{RUNBOOKS}/{file}"));
        assert!(text.starts_with(&format!("# {name}\n")), "{file} does not begin with its alert");
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(text.to_lowercase().contains(&format!("\n{severity}, ")), "{file}: {severity}");
        let parts: Vec<_> = text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(parts, PARTS, "{file}");
        for part in text.split("\n## ").skip(1) {
            let body = part.split_once('\n').map_or("", |(_, body)| body);
            assert!(body.trim().len() > 10, "{file}: a part is empty");
        }
    }
}

#[test]
fn a_runbook_is_named_after_its_alert() {
    assert_eq!(runbook("JackfieldSipSheds"), "sip-sheds.md");
}
