//! The top of the tree holds what ARCHITECTURE.md says and nothing else.

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
fn the_top_of_the_tree_holds_only_what_it_should() {
    let files = checkout().files.iter();
    let top: BTreeSet<_> = files.filter_map(|file| file.split('/').next()).collect();
    let surplus = top.into_iter().filter(|name| !TOP.contains(name));
    let breaches: Vec<_> = surplus.map(|name| format!("{name} is there")).collect();
    report(
        "the top of the tree holds only what ARCHITECTURE.md lists",
        &breaches,
        "move it into the folder it belongs to; a new top folder is a decision, written there first",
    );
}
