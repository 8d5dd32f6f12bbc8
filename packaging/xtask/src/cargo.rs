//! Starting cargo from inside a program that cargo itself started.

use std::error::Error;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::workspace::Workspace;

/// Variables cargo sets for the program it runs. Build scripts watch some of them (ring's does), so a
/// cargo that inherited ours would rebuild what a cargo started by hand has already built.
const INHERITED: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// A cargo command with these arguments, run by the same cargo that runs us.
pub(crate) fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if INHERITED.iter().any(|prefix| name_text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.args(arguments);
    command
}

/// Arguments that build the two programs; `release` for the ones people run.
pub(crate) fn build_programs(release: bool) -> Vec<&'static str> {
    let mut arguments = vec!["build", "--locked"];
    arguments.extend(["--package", "server", "--package", "conformance"]);
    arguments.extend(["--bin", "jackfield", "--bin", "jackfield-peers"]);
    if release {
        arguments.push("--release");
    }
    arguments
}

/// The judges by other people's parsers: a workspace of its own, which nothing else looks at, built into
/// a folder of its own, since its lock file is another one.
pub(crate) struct Oracles {
    target_directory: PathBuf,
    features: &'static [&'static str],
}

impl Oracles {
    /// Those of this checkout.
    pub(crate) fn of(workspace: &Workspace) -> Self {
        Self { target_directory: workspace.target_directory.join("oracles"), features: &[] }
    }

    /// With those that need C libraries and minutes to build. In a folder of their own, since their features
    /// would have the others compiled again and again.
    pub(crate) fn all_of(workspace: &Workspace) -> Self {
        let target_directory = workspace.target_directory.join("oracles-saml");
        Self { target_directory, features: &["--features", "samael"] }
    }

    /// Where the program is once it is built.
    pub(crate) fn program(&self) -> PathBuf {
        self.target_directory.join("debug").join("oracles")
    }

    pub(crate) fn format(&self) -> Vec<String> {
        strings(&["fmt", "--check", "--manifest-path", ORACLES])
    }

    pub(crate) fn lint(&self) -> Vec<String> {
        [self.command("clippy"), strings(&["--all-targets", "--", "-D", "warnings"])].concat()
    }

    pub(crate) fn build(&self) -> Vec<String> {
        self.command("build")
    }

    pub(crate) fn test(&self) -> Vec<String> {
        [self.command("test"), strings(&["--no-fail-fast", "--", "--show-output"])].concat()
    }

    fn command(&self, name: &str) -> Vec<String> {
        let folder = self.target_directory.display().to_string();
        let command = [name, "--locked", "--manifest-path", ORACLES, "--target-dir", &folder];
        strings(&[&command, self.features].concat())
    }
}

const ORACLES: &str = "conformance/oracles/Cargo.toml";

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Runs cargo in the foreground; an error names the command to repeat by hand.
pub(crate) fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let status = command(arguments).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`cargo {}` ended with {status}", arguments.join(" ")).into())
    }
}
