//! Long runs that people start by hand: simulation, fuzzing, benches.

use std::process::ExitCode;

use serde_json::Value;

use crate::workspace::Workspace;
use crate::{Outcome, cargo, setup};

/// Runs the simulation for `seeds` seeds.
pub(crate) fn simulate(workspace: &Workspace, seeds: u32) -> Outcome {
    if !workspace.test_targets("tests").contains(&"simulation") {
        return Err("there is no simulation yet: the package tests has no such test target".into());
    }
    let mut command = cargo::command(["test", "--workspace", "--locked", "--test", "simulation"]);
    command.args(["--", "--nocapture"]);
    command.env("JACKFIELD_SEEDS", seeds.to_string());
    println!("simulation over {seeds} seeds");
    exit_code(command.current_dir(&workspace.root).status()?)
}

/// Fuzzes one target of `tests/fuzz` for `seconds` seconds.
pub(crate) fn fuzz(workspace: &Workspace, name: &str, seconds: u32) -> Outcome {
    let folder = workspace.root.join("tests/fuzz");
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err("there is nothing to fuzz yet: tests/fuzz has no manifest".into());
    }
    let metadata = cargo::command(["metadata", "--no-deps", "--format-version", "1"])
        .arg("--manifest-path")
        .arg(&manifest)
        .output()?;
    let targets = program_names(&metadata.stdout);
    if !targets.iter().any(|each| each == name) {
        return Err(format!("{name} is no fuzz target, there are: {}", targets.join(", ")).into());
    }
    if !setup::is_in_path("cargo-fuzz") {
        return Err("cargo-fuzz is missing: run `cargo install cargo-fuzz`, then try again".into());
    }
    let mut command = cargo::command(["fuzz", "run"]);
    command.arg("--fuzz-dir").arg(&folder).args([name, "--"]);
    command.arg(format!("-max_total_time={seconds}"));
    // The sanitizer flags are unstable; this lets the pinned compiler take them.
    command.env("RUSTC_BOOTSTRAP", "1");
    exit_code(command.current_dir(&workspace.root).status()?)
}

/// Runs the benches with the release programs, so that they measure what is shipped.
pub(crate) fn bench(workspace: &Workspace, arguments: &[String]) -> Outcome {
    cargo::run(&cargo::build_programs(true))?;
    let mut command = cargo::command(["run", "--release", "--locked", "--package", "bench", "--"]);
    command
        .args(arguments)
        .env("JACKFIELD_BIN", workspace.program("release", "jackfield"))
        .env("JACKFIELD_PEERS_BIN", workspace.program("release", "jackfield-peers"));
    exit_code(command.current_dir(&workspace.root).status()?)
}

/// Names of the programs in what `cargo metadata` wrote; empty if it wrote nothing of use.
fn program_names(metadata: &[u8]) -> Vec<String> {
    let metadata: Value = serde_json::from_slice(metadata).unwrap_or_default();
    let targets = metadata
        .pointer("/packages/0/targets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|target| target.pointer("/kind/0").and_then(Value::as_str) == Some("bin"))
        .filter_map(|target| target.get("name").and_then(Value::as_str));
    targets.map(str::to_owned).collect()
}

fn exit_code(status: std::process::ExitStatus) -> Outcome {
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_targets_are_the_programs_of_the_fuzz_package() {
        let metadata = br#"{"packages":[{"targets":[
            {"name":"phone_xml","kind":["bin"]},{"name":"fuzz","kind":["lib"]}]}]}"#;
        assert_eq!(program_names(metadata), ["phone_xml"]);
        assert!(program_names(b"").is_empty());
    }
}
