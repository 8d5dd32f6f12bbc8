//! Starting cargo from inside a program that cargo itself started.

use std::error::Error;
use std::ffi::OsStr;
use std::process::Command;

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

/// Runs cargo in the foreground; an error names the command to repeat by hand.
pub(crate) fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let status = command(arguments).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`cargo {}` ended with {status}", arguments.join(" ")).into())
    }
}
