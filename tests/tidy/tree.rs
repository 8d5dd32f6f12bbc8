//! The top of the tree holds what ARCHITECTURE.md says and nothing else; the licence is whole.

use std::collections::BTreeSet;

use crate::checkout::{checkout, report};

const TOP: [&str; 20] = [
    ".cargo",
    ".ci",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "adapters",
    "clippy.toml",
    "conformance",
    "deny.toml",
    "gateway",
    "packaging",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "schemas",
    "tests",
];

#[test]
fn the_top_of_the_tree_holds_what_it_should_and_nothing_else() {
    let files = checkout().files.iter().map(String::as_str);
    report(
        "the top of the tree holds what ARCHITECTURE.md lists and nothing else",
        &differences(files),
        "move it into the folder it belongs to, or put it back; a new top folder is a decision, written \
         there first",
    );
}

fn differences<'a>(files: impl Iterator<Item = &'a str>) -> Vec<String> {
    let top: BTreeSet<_> = files.filter_map(|file| file.split('/').next()).collect();
    let surplus = top.iter().filter(|name| !TOP.contains(name));
    let missing = TOP.iter().filter(|name| !top.contains(*name));
    let surplus = surplus.map(|name| format!("{name} is there"));
    surplus.chain(missing.map(|name| format!("{name} is missing"))).collect()
}

#[test]
fn the_licence_is_the_text_of_apache_2_0() {
    let text = checkout().text("LICENSE");
    let licence = checkout().toml("Cargo.toml")["workspace"]["package"]["license"].clone();
    assert_eq!(licence.as_str(), Some("Apache-2.0"));
    for part in [
        "Apache License",
        "Version 2.0, January 2004",
        "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
        "9. Accepting Warranty or Additional Liability.",
        "END OF TERMS AND CONDITIONS",
    ] {
        assert!(text.contains(part), "LICENSE lacks {part:?}; put the whole text back");
    }
}

#[test]
fn what_is_missing_is_found_like_what_is_too_much() {
    let all = || TOP.iter().copied();
    assert!(differences(all()).is_empty());
    let found = differences(all().filter(|name| *name != "LICENSE").chain(["notes/a.txt"]));
    assert_eq!(found, ["notes is there", "LICENSE is missing"]);
}
