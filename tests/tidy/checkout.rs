//! The files of this checkout, and the form in which breaches of a rule are reported.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::tokens::Source;

/// Folders that hold what was built or fetched, for a checkout without git history.
const NOT_OURS: [&str; 4] = [".git", "target", "node_modules", "corpus"];

/// Read once: every rule looks at the same files.
static CHECKOUT: LazyLock<Checkout> = LazyLock::new(Checkout::read);

/// What is in the checkout.
pub(crate) struct Checkout {
    pub(crate) root: PathBuf,
    /// Paths below the root with `/`, sorted: what git tracks or would track.
    pub(crate) files: Vec<String>,
    /// Every Rust file.
    pub(crate) sources: Vec<Source>,
}

/// The checkout these tests were built from.
pub(crate) fn checkout() -> &'static Checkout {
    &CHECKOUT
}

/// Fails with every breach and how to mend it.
#[track_caller]
pub(crate) fn report(rule: &str, breaches: &[String], mend: &str) {
    let list = breaches.join("\n  ");
    assert!(breaches.is_empty(), "\n{rule}, but:\n  {list}\nTo mend: {mend}\n");
}

impl Checkout {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = root.canonicalize().expect("the package tests lies in the workspace");
        let mut files = tracked(&root).unwrap_or_else(|| walked(&root));
        files.sort();
        files.dedup();
        let rust = files.iter().filter(|file| file.ends_with(".rs"));
        let sources = Source::all(rust.map(|file| (file.as_str(), read(&root, file))));
        Self { root, files, sources }
    }

    /// The text of a file below the root.
    #[track_caller]
    pub(crate) fn text(&self, file: &str) -> String {
        read(&self.root, file)
    }

    /// A manifest or another TOML file.
    #[track_caller]
    pub(crate) fn toml(&self, file: &str) -> toml::Table {
        self.text(file).parse().unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// The manifests, as path and content; the root's is not among them.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = (&str, toml::Table)> {
        let manifests = self.files.iter().filter(|file| file.ends_with("/Cargo.toml"));
        manifests.map(|file| (file.as_str(), self.toml(file)))
    }
}

#[track_caller]
fn read(root: &Path, file: &str) -> String {
    let bytes = fs::read(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What git tracks or would add; nothing where there is no git or no history.
fn tracked(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    // A file deleted but not yet committed is still listed.
    let files = text.split_terminator('\0').filter(|file| root.join(file).is_file());
    let files: Vec<_> = files.map(str::to_owned).collect();
    // A checkout unpacked inside somebody else's repository lists nothing.
    (!files.is_empty()).then_some(files)
}

fn walked(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder of the checkout is readable")
        {
            let entry = entry.expect("a folder of the checkout is readable");
            let name = entry.file_name();
            let below = folder.join(&name);
            let name = name.to_string_lossy();
            let folder_of_ours = !NOT_OURS.contains(&name.as_ref()) && !name.starts_with("target-");
            if entry.path().is_file() {
                files.push(below.to_string_lossy().into_owned());
            } else if folder_of_ours {
                folders.push(below);
            }
        }
    }
    files
}

#[test]
fn a_checkout_without_git_history_shows_the_same_sources() {
    let checkout = checkout();
    let sources = |files: &[String]| -> Vec<String> {
        let mut sources: Vec<_> =
            files.iter().filter(|file| file.ends_with(".rs")).cloned().collect();
        sources.sort();
        sources
    };
    assert_eq!(sources(&walked(&checkout.root)), sources(&checkout.files));
    assert!(checkout.files.iter().any(|file| file == "tests/tidy/checkout.rs"));
}
