//! Source files: a sentence at the top, names that say something, a length one can read.

use crate::checkout::{checkout, report};
use crate::tokens::{Source, lines_with};

/// A file longer than this has a second reason to change.
const LINES_MAX: usize = 600;

/// Files that may be longer, each with the reason. It may only shrink.
const LONG: &[(&str, &str)] = &[];

/// Endings of files that people write and read as code.
const CODE: [&str; 8] = [".rs", ".ts", ".tsx", ".js", ".py", ".sh", ".css", ".html"];

/// Names that fit everything, so that everything gathers there.
const SAYS_NOTHING: [&str; 9] =
    ["common", "helper", "helpers", "manager", "misc", "shared", "types", "util", "utils"];

#[test]
fn every_crate_and_program_says_what_it_is_in_one_sentence() {
    let roots = checkout()
        .files
        .iter()
        .filter(|file| file.ends_with("/lib.rs") || file.ends_with("/main.rs"));
    let without = roots.filter(|file| !begins_with_sentence(&checkout().text(file)));
    let breaches: Vec<_> = without.map(|file| format!("{file} does not")).collect();
    report(
        "every lib.rs and main.rs begins with one sentence saying what it is",
        &breaches,
        "let the first line be `//! ` and one sentence with a full stop; further text follows after an \
         empty `//!` line",
    );
}

fn begins_with_sentence(text: &str) -> bool {
    let mut lines = text.lines();
    let first = lines.next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default();
    let ends = lines
        .next()
        .is_none_or(|second| matches!(second, "" | "//!") || !second.starts_with("//!"));
    ends && first.ends_with('.') && !first.contains(". ")
}

#[test]
fn no_name_says_nothing() {
    let mut breaches = Vec::new();
    for file in &checkout().files {
        let parts = file.split('/').map(|part| part.split_once('.').map_or(part, |(stem, _)| stem));
        if parts.into_iter().any(says_nothing) {
            breaches.push(format!("{file}: a part of this name fits everything"));
        }
        if file.ends_with("/mod.rs") {
            breaches.push(format!("{file}: use a file named like the folder, beside it"));
        }
    }
    for source in &checkout().sources {
        breaches.extend(modules_that_say_nothing(source));
    }
    report(
        "no file, folder or module has a name that fits everything",
        &breaches,
        "name it after what it is for; if that takes an `and`, it is two things",
    );
}

fn says_nothing(name: &str) -> bool {
    SAYS_NOTHING.contains(&name)
        || SAYS_NOTHING
            .iter()
            .any(|word| name.strip_suffix(word).is_some_and(|rest| rest.ends_with('_')))
            && !name.ends_with("_types")
}

fn modules_that_say_nothing(source: &Source) -> Vec<String> {
    SAYS_NOTHING
        .iter()
        .flat_map(|name| {
            lines_with(&source.tokens, &["mod", name])
                .map(move |line| (line, name))
                .collect::<Vec<_>>()
        })
        .map(|(line, name)| format!("{}:{line}: mod {name}", source.path))
        .collect()
}

#[test]
fn no_file_is_too_long() {
    let mut breaches = Vec::new();
    for file in checkout().files.iter().filter(|file| CODE.iter().any(|end| file.ends_with(end))) {
        let lines = checkout().text(file).lines().count();
        let listed = LONG.iter().find(|(long, _)| long == file);
        match listed {
            None if lines > LINES_MAX => breaches.push(format!("{file} has {lines} lines")),
            Some(_) if lines <= LINES_MAX => {
                breaches.push(format!("{file} is listed and not long"))
            }
            Some((_, "")) => breaches.push(format!("{file} is listed without a reason")),
            _ => {}
        }
    }
    let gone = LONG.iter().filter(|(long, _)| !checkout().files.iter().any(|file| file == long));
    breaches.extend(gone.map(|(long, _)| format!("{long} is listed and is not there")));
    report(
        "no file of code has more than 600 lines",
        &breaches,
        "split it along its second reason to change; a table of data may be listed with its reason",
    );
}

#[test]
fn nothing_is_left_for_later() {
    let mut breaches = Vec::new();
    let later: [(&[&str], &str); 4] = [
        (&["todo", "!"], "a promise instead of code"),
        (&["unimplemented", "!"], "a promise instead of code"),
        (&["#", "[", "ignore", "]"], "a test that never runs"),
        (&["#", "[", "ignore", "="], "a test that never runs"),
    ];
    for source in &checkout().sources {
        for (code, what) in later {
            let lines = lines_with(&source.tokens, code);
            breaches.extend(lines.map(|line| format!("{}:{line}: {what}", source.path)));
        }
    }
    report(
        "there are no placeholders and no ignored tests",
        &breaches,
        "finish it or leave it out; a slow test reads an environment variable and says what it left out",
    );
}

#[test]
fn sentences_names_and_placeholders_are_judged() {
    assert!(begins_with_sentence("//! What it is.\n//!\n//! More."));
    assert!(begins_with_sentence("//! What it is.\nuse x;"));
    assert!(!begins_with_sentence("//! What it is. And more.\n"));
    assert!(!begins_with_sentence("//! What it\n//! is.\n"));
    assert!(!begins_with_sentence("use x;\n"));
    assert!(says_nothing("utils") && says_nothing("session_manager"));
    assert!(!says_nothing("content_types") && !says_nothing("commonwealth"));
}
