//! CHANGELOG.md has a place for what users will notice next.

use crate::checkout::checkout;

#[test]
fn the_changelog_has_an_unreleased_section() {
    let text = checkout().text("CHANGELOG.md");
    let first = text.lines().find(|line| line.starts_with("## "));
    assert_eq!(
        first,
        Some("## [Unreleased]"),
        "the first section of CHANGELOG.md collects what users notice; add it and write there"
    );
}
