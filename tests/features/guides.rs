//! Guides and runbooks name commands and options that the program has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::gateway::program;

/// What is typed in a guide after the program's name.
fn typed(text: &str) -> Vec<String> {
    let mut typed = Vec::new();
    let mut prose = String::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            typed.extend(line.trim().strip_prefix("jackfield ").map(str::to_owned));
        } else {
            prose.push_str(line);
            prose.push(' ');
        }
    }
    // Between the first and the second mark stands code, and so on.
    let code = prose.split('`').skip(1).step_by(2);
    typed.extend(code.filter_map(|code| code.strip_prefix("jackfield ")).map(str::to_owned));
    typed
}

/// What the program says of a command, or nothing where it has none of that name.
fn help(words: &[&str]) -> Option<String> {
    let mut command = Command::new(program("JACKFIELD_BIN", "jackfield"));
    let output = command.args(words).arg("--help").output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// Names of commands below one, as its help lists them.
fn below(help: &str) -> BTreeSet<&str> {
    let list = help.split("\nCommands:\n").nth(1).unwrap_or("");
    let list = list.split("\n\n").next().unwrap_or("").lines();
    // Longer indented lines go on with the words of the one before.
    let names = list.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).collect()
}

#[test]
fn every_command_that_a_guide_names_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/docs");
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for folder in [folder.clone(), folder.join("runbooks")] {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(text) = fs::read_to_string(&path) else { continue };
            for line in typed(&text) {
                let words: Vec<_> = line.split_whitespace().collect();
                let is_name =
                    |word: &str| word.chars().all(|it| it.is_ascii_lowercase() || it == '-');
                if !is_name(words[0]) || words[0].starts_with('-') {
                    continue;
                }
                count += 1;
                let mut used = 1;
                let told = loop {
                    let name = words[..used].join(" ");
                    let told = known.entry(name).or_insert_with(|| help(&words[..used])).clone();
                    let next = words.get(used);
                    let goes_on = told
                        .as_ref()
                        .zip(next)
                        .is_some_and(|(told, next)| below(told).contains(next));
                    if !goes_on {
                        break told;
                    }
                    used += 1;
                };
                let Some(told) = told else {
                    wrong.push(format!(
                        "{}: jackfield {line}: there is no such command",
                        path.display()
                    ));
                    continue;
                };
                let options = words[used..].iter().filter(|word| word.starts_with("--"));
                let unknown = options
                    .map(|it| it.split('=').next().unwrap())
                    .filter(|it| !told.contains(*it));
                wrong.extend(
                    unknown
                        .map(|it| format!("{}: jackfield {line}: it has no {it}", path.display())),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 50, "guides name commands");
}

#[test]
fn what_is_typed_is_found_in_prose_and_in_blocks() {
    let text = "Say `jackfield\nstatus --json`, or `systemctl edit jackfield`.\n```sh\njackfield export > x\n```\n";
    assert_eq!(typed(text), ["export > x", "status --json"]);
    let help =
        "Usage\n\nCommands:\n  show   Tell\n         more\n  renew  Make\n\nOptions:\n  -h\n";
    assert_eq!(below(help), BTreeSet::from(["renew", "show"]));
}
