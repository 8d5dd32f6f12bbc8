//! What is tracked works for anyone: no path of one machine, no host of a package registry.

use crate::checkout::{checkout, report};

/// Lock files name registries by their nature.
const LOCK_FILES: [&str; 3] = ["Cargo.lock", "package-lock.json", "pnpm-lock.yaml"];

/// Put together here, so that this file does not hold what it forbids.
fn forbidden() -> Vec<String> {
    let folders = ["home", "root", "work"].map(|name| format!("/{name}/"));
    let hosts = [
        ["crates", "io"].as_slice(),
        &["pypi", "org"],
        &["registry", "npmjs", "org"],
        &["deb", "debian", "org"],
    ];
    folders.into_iter().chain(hosts.iter().map(|parts| parts.join("."))).collect()
}

#[test]
fn no_text_names_a_machine_or_a_registry() {
    let forbidden = forbidden();
    let mut breaches = Vec::new();
    for file in &checkout().files {
        let name = file.rsplit('/').next().unwrap_or(file);
        let text = checkout().text(file);
        if LOCK_FILES.contains(&name) || text.contains('\0') {
            continue;
        }
        let found = named_in(&text, &forbidden);
        breaches.extend(found.iter().map(|(line, what)| format!("{file}:{line}: {what}")));
    }
    report(
        "no tracked text names a machine's folder or a registry's host",
        &breaches,
        "write paths relative to the checkout, or of the installed product; name packages, not hosts",
    );
}

fn named_in<'a>(text: &str, forbidden: &'a [String]) -> Vec<(usize, &'a str)> {
    let lines = text.lines().enumerate();
    let found = lines.flat_map(|(index, line)| {
        let words = forbidden.iter().filter(|word| line.contains(word.as_str()));
        words.map(move |word| (index + 1, word.as_str())).collect::<Vec<_>>()
    });
    found.collect()
}

#[test]
fn what_is_forbidden_is_found() {
    let forbidden = forbidden();
    assert_eq!(forbidden.len(), 7);
    let text = format!("fine\nsee {} there", forbidden.concat());
    assert_eq!(named_in(&text, &forbidden).len(), 7);
    assert!(named_in("target/demo and teamwork/x", &forbidden).is_empty());
}
