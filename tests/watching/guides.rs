//! Guides: every link leads to a file and a heading that are there, and the index lists every guide.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::files::{names, root, text};

const FOLDER: &str = "packaging/docs";

/// Guides and runbooks below the root, and the texts at its top that lead to them.
fn texts() -> Vec<String> {
    let mut files = Vec::new();
    for folder in [FOLDER.to_owned(), format!("{FOLDER}/runbooks")] {
        files.extend(names(&folder, ".md").iter().map(|name| format!("{folder}/{name}")));
    }
    files.extend(
        ["README.md", "packaging/bench/README.md", "conformance/README.md"].map(Into::into),
    );
    files
}

/// Lines of a text outside of blocks of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// Targets of links in a text.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text).collect::<Vec<_>>().join("\n");
    let after = prose.split("](").skip(1);
    after.filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

/// `folder/../other` without the way back.
fn resolved(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn every_link_of_a_guide_leads_somewhere() {
    let mut broken = Vec::new();
    for file in texts() {
        let own = text(&file);
        for link in links(&own).iter().filter(|link| !link.contains("://")) {
            let (path, wanted) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => PathBuf::from(&file),
                path => resolved(&Path::new(&file).parent().unwrap().join(path)),
            };
            if !root().join(&target).exists() {
                broken.push(format!("{file}: {link}: there is no such file"));
            } else if !wanted.is_empty()
                && !anchors(&text(target.to_str().unwrap())).contains(wanted)
            {
                broken.push(format!("{file}: {link}: there is no such heading"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn guides_reach_nothing_outside_their_folder() {
    // Packages install the folder alone.
    for file in texts().iter().filter(|file| file.starts_with(FOLDER)) {
        for link in links(&text(file)).iter().filter(|link| !link.contains("://")) {
            let path = link.split('#').next().unwrap();
            let target = resolved(&Path::new(file).parent().unwrap().join(path));
            assert!(target.starts_with(FOLDER), "{file}: {link} leads out of {FOLDER}");
        }
    }
}

#[test]
fn the_index_lists_every_guide() {
    let index: BTreeSet<_> = links(&text(&format!("{FOLDER}/README.md"))).into_iter().collect();
    let mut guides = names(FOLDER, ".md");
    guides.retain(|name| name != "README.md");
    guides.push("runbooks/README.md".to_owned());
    let missing: Vec<_> = guides.iter().filter(|guide| !index.contains(*guide)).collect();
    assert!(missing.is_empty(), "{FOLDER}/README.md does not lead to {missing:?}");
}

#[test]
fn links_and_headings_are_read_as_they_are_shown() {
    assert_eq!(
        anchor("Provisioning: files that phones load"),
        "provisioning-files-that-phones-load"
    );
    let text = "# A\n[one](a.md#b)\n```sh\n# no [two](x)\n```\n## `b` c\n[t](u)";
    assert_eq!(links(text), ["a.md#b", "u"]);
    assert_eq!(anchors(text), ["a", "b-c"].map(str::to_owned).into());
    assert_eq!(resolved(Path::new("a/b/../c.md")), Path::new("a/c.md"));
}
