//! The files these tests look at, and promtool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Where everything is.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The text of a file below the root.
#[track_caller]
pub(crate) fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A YAML file as values.
#[track_caller]
pub(crate) fn yaml(file: &str) -> Value {
    serde_saphyr::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Names of the files in a folder below the root that end in `end`, in order.
#[track_caller]
pub(crate) fn names(folder: &str, end: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder));
    let entries = entries.unwrap_or_else(|error| panic!("{folder}: {error}"));
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(end)).collect();
    names.sort();
    assert!(!names.is_empty(), "{folder} has no file that ends in {end}");
    names
}

/// Runs promtool in a folder below the root and fails with its words; where it is missing it says so.
#[track_caller]
pub(crate) fn promtool(folder: &str, arguments: &[&str]) {
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(root().join(folder));
    match command.output() {
        Ok(output) => {
            let words = [output.stdout, output.stderr].concat();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&words));
        }
        Err(_) => println!("left out: promtool is missing; install prometheus"),
    }
}
