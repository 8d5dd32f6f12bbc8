//! Running the plan: every step in order with a line of progress, whatever came of the one before.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode};

use crate::package::{self, Effort, Source};
use crate::plan::{self, Depth, PROGRAMS, Plan, Step, Work};
use crate::tally::{Reader, Summary, Tally};
use crate::workspace::Workspace;
use crate::{Outcome, cargo, demo, setup, web};

/// Runs every check of `depth`, prints the summary and ends with 1 if anything failed.
pub(crate) fn run(workspace: &Workspace, depth: Depth, seeds: u32) -> Outcome {
    perform_all(workspace, plan::plan(workspace, depth, seeds))
}

/// Judges packages and lives of them alone, with programs that are given or built quickly.
pub(crate) fn packages(workspace: &Workspace, programs: Option<std::path::PathBuf>) -> Outcome {
    let programs = package::built(workspace, false, programs)?;
    let profile = std::path::absolute(programs)?;
    perform_all(workspace, plan::packages_alone(workspace, &profile.display().to_string()))
}

fn perform_all(workspace: &Workspace, plan: Plan) -> Outcome {
    let mut summary = Summary::new(is_ci(), plan.left_out);
    let count = plan.steps.len();
    for (index, step) in plan.steps.iter().enumerate() {
        println!("\n[{}/{count}] {}: {}", index + 1, step.kind, describe(&step.work));
        let tallies = if step.needs_programs && summary.has_failed(PROGRAMS) {
            println!("not run, because the programs do not build");
            one(step, false)
        } else {
            perform(workspace, step).unwrap_or_else(|error| {
                println!("{error}");
                one(step, false)
            })
        };
        for (kind, tally) in &tallies {
            summary.add(kind, tally);
        }
    }
    println!("\n{summary}");
    Ok(if summary.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What came of a step, per kind.
type Tallies = Vec<(String, Tally)>;

fn one(step: &Step, passed: bool) -> Tallies {
    vec![(step.kind.clone(), Tally::of_check(passed))]
}

fn perform(workspace: &Workspace, step: &Step) -> Result<Tallies, Box<dyn Error>> {
    match &step.work {
        Work::Check { arguments, environment } => {
            let mut command = cargo::command(arguments);
            command.envs(programs(workspace, "release")).envs(environment.iter().cloned());
            Ok(one(step, command.current_dir(&workspace.root).status()?.success()))
        }
        Work::Tests { arguments, environment, apart } => {
            let mut command = cargo::command(arguments);
            command.envs(programs(workspace, "debug")).envs(environment.iter().cloned());
            command.env("PATH", setup::search_path()).current_dir(&workspace.root);
            tests(command, Reader::new(&step.kind, apart))
        }
        Work::Size { bytes_max } => Ok(one(step, fits(workspace, *bytes_max)?)),
        Work::Packages { profile } => {
            let programs = workspace.target_directory.join(profile);
            let source = Source::of(workspace, programs, Effort::Little)?;
            let verdicts = package::judge(workspace, &source)?;
            let kind = |passed: bool| (step.kind.clone(), Tally::of_check(passed));
            Ok(verdicts.into_iter().map(|(_, passed)| kind(passed)).collect())
        }
        Work::PackagesToTry { profile } => {
            package::to_try(workspace, workspace.target_directory.join(profile))?;
            Ok(one(step, true))
        }
        Work::Demo => demo::start_and_stop(workspace).map(|()| one(step, true)),
        Work::Pages => web::checked_pages(workspace).map(|()| one(step, true)),
        Work::Browser => {
            let mut command = web::browser_tests(workspace)?;
            command.envs(programs(workspace, "debug")).env("PATH", setup::search_path());
            browser(step, command)
        }
    }
}

/// Runs one `cargo test`, showing what matters while it counts. Both outputs go through one pipe, so
/// that what a program prints follows the line in which cargo names it.
fn tests(mut command: Command, mut reader: Reader) -> Result<Tallies, Box<dyn Error>> {
    let (output, input) = std::io::pipe()?;
    // The lines we read must be there, and plain, whatever the person at the terminal prefers.
    command.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_QUIET", "false");
    let mut child = command.stdout(input.try_clone()?).stderr(input).spawn()?;
    // Holds our ends of the pipe open, which would never end then.
    drop(command);
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if reader.line(&line) {
            println!("{line}");
        }
    }
    Ok(reader.closed(child.wait()?.success()))
}

/// Runs the browser tests, showing what matters while node counts.
fn browser(step: &Step, mut command: Command) -> Result<Tallies, Box<dyn Error>> {
    let (output, input) = std::io::pipe()?;
    let mut child = command.stdout(input.try_clone()?).stderr(input).spawn()?;
    // Holds our ends of the pipe open, which would never end then.
    drop(command);
    let mut reported = web::Reported::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if reported.line(&line) {
            println!("{line}");
        }
    }
    let success = child.wait()?.success();
    let failed = if success { reported.failed } else { reported.failed.max(1) };
    let (passed, ignored) = (reported.passed, reported.skipped);
    Ok(vec![(step.kind.clone(), Tally { passed, failed, ignored, ..Tally::default() })])
}

/// Where tests and benches find the programs: cargo does not build another package's programs for them.
fn programs(workspace: &Workspace, profile: &str) -> [(&'static str, std::path::PathBuf); 4] {
    [
        ("JACKFIELD_PACKAGES", workspace.target_directory.join("package-test")),
        ("JACKFIELD_BIN", workspace.program(profile, "jackfield")),
        ("JACKFIELD_PEERS_BIN", workspace.program(profile, "jackfield-peers")),
        ("JACKFIELD_ORACLES_BIN", cargo::Oracles::of(workspace).program()),
    ]
}

fn fits(workspace: &Workspace, bytes_max: u64) -> Result<bool, Box<dyn Error>> {
    let program = workspace.program("release", "jackfield");
    let bytes = program.metadata()?.len();
    println!("{} has {bytes} bytes of at most {bytes_max}", program.display());
    Ok(bytes <= bytes_max)
}

fn describe(work: &Work) -> String {
    match work {
        Work::Check { arguments, environment } | Work::Tests { arguments, environment, .. } => {
            let environment: String =
                environment.iter().map(|(name, value)| format!("{name}='{value}' ")).collect();
            format!("{environment}cargo {}", arguments.join(" "))
        }
        Work::Size { bytes_max } => format!("the release program has at most {bytes_max} bytes"),
        Work::Packages { .. } => "packages are made twice, compared and judged".to_owned(),
        Work::PackagesToTry { .. } => "packages to install, upgrade and remove are made".to_owned(),
        Work::Demo => "the demo starts, answers and stops".to_owned(),
        Work::Pages => "the pages for browsers have right types and are built".to_owned(),
        Work::Browser => "node --test, the pages in Chromium".to_owned(),
    }
}

/// Continuous integration says so in `CI`; nobody reads there what was left out.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}
