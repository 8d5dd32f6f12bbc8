//! The lists of figures beside the program's sources, and beside the expressions that use them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::files::{root, text};

/// Figures that a node always shows, compared with a running one by tests of the server.
const ALWAYS: &str = "schemas/metrics.txt";
/// Figures that are there once a pair, a next hop or a receiver is configured.
const CONFIGURED: &str = "schemas/metrics-when-configured.txt";

/// Labels that Prometheus gives, and the bound of a histogram's class.
const OF_PROMETHEUS: [&str; 3] = ["job", "instance", "le"];

/// Words of the query language that stand before a bracket and name no figure.
const GROUPINGS: [&str; 4] = ["by", "on", "without", "ignoring"];

/// A figure that we show.
pub(crate) struct Figure {
    pub(crate) kind: String,
    labels: BTreeSet<String>,
}

/// Every figure of ours by its name; a histogram under the three names that are asked for.
pub(crate) fn all() -> BTreeMap<String, Figure> {
    let mut all = BTreeMap::new();
    for line in [ALWAYS, CONFIGURED].map(text).iter().flat_map(|list| list.lines()) {
        let mut words = line.split_whitespace();
        let (Some(name), Some(kind)) = (words.next(), words.next()) else { continue };
        if name == "#" {
            continue;
        }
        let names = match kind {
            "histogram" => ["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")).to_vec(),
            _ => vec![name.to_owned()],
        };
        let labels = words.next().unwrap_or("").split(',').filter(|label| !label.is_empty());
        let labels: BTreeSet<_> = labels.map(str::to_owned).collect();
        for name in names {
            let figure = Figure { kind: kind.to_owned(), labels: labels.clone() };
            assert!(all.insert(name.clone(), figure).is_none(), "{name} is listed twice");
        }
    }
    all
}

/// What is wrong with the names and labels in an expression.
pub(crate) fn wrong_with(expression: &str, all: &BTreeMap<String, Figure>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut known: BTreeSet<&str> = OF_PROMETHEUS.into();
    let mut asked = Vec::new();
    for (name, rest) in words(expression) {
        let labels = rest.strip_prefix('{').map(|rest| rest.split('}').next().unwrap());
        let is_ours = name.starts_with("jackfield_") || name.starts_with("process_");
        if is_ours {
            let Some(figure) = all.get(name) else {
                wrong.push(format!("{name} is no figure of ours"));
                continue;
            };
            known.extend(figure.labels.iter().map(String::as_str));
            let matched =
                labels.into_iter().flat_map(|labels| labels.split("\",")).filter_map(|pair| {
                    Some(pair.split_once('=')?.0.trim().trim_end_matches('!').to_owned())
                });
            for label in matched {
                let is_known = figure.labels.contains(&label);
                if !is_known && !OF_PROMETHEUS.contains(&label.as_str()) {
                    wrong.push(format!("{name} has no label {label}"));
                }
            }
        } else if let Some(list) = rest.trim_start().strip_prefix('(')
            && GROUPINGS.contains(&name)
        {
            let list = list.split(')').next().unwrap();
            asked.extend(list.split(',').map(|label| label.trim().to_owned()));
        }
    }
    let unknown = asked.iter().filter(|label| !known.contains(label.as_str()));
    wrong.extend(unknown.map(|label| format!("no figure of it has the label {label}")));
    wrong
}

/// The words of an expression outside of quotes, each with what follows it.
fn words(expression: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut quoted = false;
    let mut begin = None;
    for (at, character) in expression.char_indices().chain([(expression.len(), ' ')]) {
        let is_part = !quoted && (character.is_ascii_alphanumeric() || character == '_');
        match (begin, is_part) {
            (None, true) => begin = Some(at),
            (Some(first), false) => {
                found.push((&expression[first..at], &expression[at..]));
                begin = None;
            }
            _ => {}
        }
        quoted ^= character == '"';
    }
    found
}

#[test]
fn what_appears_once_configured_is_what_the_sources_make_beside_the_rest() {
    let mut made = BTreeMap::new();
    for folder in ["gateway", "adapters"] {
        figures_made(&root().join(folder), &mut made);
    }
    let names = |file: &str| -> BTreeSet<String> {
        let list = text(file);
        let lines = list.lines().filter(|line| line.starts_with("jackfield_"));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    let (always, configured) = (names(ALWAYS), names(CONFIGURED));
    let unlisted: Vec<_> =
        made.keys().filter(|name| !always.contains(*name) && !configured.contains(*name)).collect();
    assert!(unlisted.is_empty(), "in no list of schemas: {unlisted:?}");
    for name in &configured {
        let (kind, listed) = (made.get(name), &all()[name].kind);
        assert_eq!(kind, Some(listed), "{name} of {CONFIGURED} is not what the sources make");
    }
    assert!(configured.is_disjoint(&always));
}

/// Figures that sources make, by name, with their kind.
fn figures_made(folder: &Path, made: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "node_modules" && name != "dist" {
            figures_made(&path, made);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let source = fs::read_to_string(&path).unwrap();
            for (call, kind) in [("counters(", "counter"), ("gauges(", "gauge")] {
                for after in source.split(call).skip(1) {
                    let literal = after.trim_start().strip_prefix("\"jackfield_");
                    let Some(rest) = literal.and_then(|rest| rest.split('"').next()) else {
                        continue;
                    };
                    made.insert(format!("jackfield_{rest}"), kind.to_owned());
                }
            }
        }
    }
}

#[test]
fn names_and_labels_that_do_not_exist_are_found() {
    let all = all();
    let wrong = |expression| wrong_with(expression, &all);
    assert!(
        wrong("sum by (job, state) (jackfield_nodes{state!=\"gone\",job=~\"x,y\"})").is_empty()
    );
    assert!(wrong("rate(jackfield_store_batch_size_sum[5m]) > 0").is_empty());
    assert!(wrong("sum by (by) (jackfield_provisioning_files_total)").is_empty());
    assert_eq!(wrong("jackfield_store_batch_size").len(), 1);
    assert_eq!(wrong("jackfield_nodes{stat=\"gone\"}"), ["jackfield_nodes has no label stat"]);
    assert_eq!(wrong("max by (pair) (jackfield_nodes)"), ["no figure of it has the label pair"]);
}
