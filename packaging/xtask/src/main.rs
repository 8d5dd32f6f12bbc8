//! The project's own commands: run the demo, run every check, prepare the machine for both.
//!
//! Runs through the alias `cargo xtask`. It starts cargo and the built programs, and reads what they
//! print; what is run and how it is counted is decided in `plan` and `tally`, which start nothing.
//! It must not be needed by the product: `cargo build` works without it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its terminal"
)]

mod by_hand;
mod cargo;
mod checks;
mod demo;
mod live;
mod package;
mod plan;
mod setup;
mod tally;
mod web;
mod workspace;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::plan::{Depth, SEEDS_DEFAULT};
use crate::setup::Purpose;
use crate::workspace::Workspace;

/// What a command of this tool ends with: the exit code, or one sentence saying why it could not run.
type Outcome = Result<ExitCode, Box<dyn Error>>;

const OVERVIEW: &str = "\
Two commands are enough on a fresh Debian machine that has cargo and a C compiler:

  cargo xtask demo    build Jackfield and run it here, with agents and a phone to try
  cargo xtask test    run every check a change has to pass

Both first install what they need from Debian, when they may. The pages for browsers are built by what
npm fetches; for the checks some programs come from PyPI, into a folder below target.";

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Jackfield's own commands")]
#[command(long_about = OVERVIEW, disable_help_subcommand = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the release programs, run the demo until Ctrl-C, and say what to try with it
    Demo {
        /// Handed to `jackfield demo` as they are; `--dir` and `--endpoints` replace our own,
        /// `--no-cti` leaves the simulated contact-centre server out, `--nodes 2` runs two nodes on one
        /// database
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        arguments: Vec<String>,
    },
    /// Run every check; the last line is the total, the exit code 1 if anything failed
    ///
    /// In order: format, lint, docs, the two programs, then each kind of test. A failed kind does
    /// not stop the others. With CI set in the environment, a test left out because a program is
    /// missing counts as failed.
    Test {
        /// Add the slow ones: release size, long simulation, long fault rounds, benches, the demo
        #[arg(long)]
        all: bool,
        /// Number of seeds the simulation runs
        #[arg(long, default_value_t = SEEDS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..))]
        seeds: u32,
    },
    /// Make the packages for Debian and for systems with rpm
    Package {
        /// Where they go instead of target/packages
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Which programs: those that are shipped, or quickly built ones to try packages with
        #[arg(long, value_enum, default_value_t = Profile::Release)]
        profile: Profile,
        /// A folder with both programs already built
        #[arg(long, value_name = "DIR")]
        programs: Option<PathBuf>,
    },
    /// Judge the packages, then install, upgrade and remove them on machines that are booted for it (as root)
    PackageTest {
        /// A folder with both programs already built
        #[arg(long, value_name = "DIR")]
        programs: Option<PathBuf>,
    },
    /// Install the Debian packages that `demo` and `test` need, or name them
    Setup,
    /// Build the pages that browsers load, where their sources changed; needs npm
    Web,
    /// Run the simulation alone, for as many seeds as you have time for
    Simulate {
        /// Number of seeds
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        seeds: u32,
    },
    /// Fuzz one target of tests/fuzz with cargo-fuzz, which has to be installed by hand
    Fuzz {
        /// Name of the fuzz target
        name: String,
        /// How long to run
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
        seconds: u32,
    },
    /// Run the benches of packaging/bench in release
    Bench {
        /// Handed to the bench program as they are, for example `--quick`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        arguments: Vec<String>,
    },
}

/// How programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Profile {
    Dev,
    Release,
}

fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    match run(command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Outcome {
    match command {
        Command::Demo { arguments } => {
            setup::ensure(demo::purpose(&arguments))?;
            demo::run(&Workspace::read()?, &arguments)
        }
        Command::Test { all, seeds } => {
            setup::ensure(Purpose::Test)?;
            let workspace = Workspace::read()?;
            live::ensure(&workspace);
            let depth = if all { Depth::All } else { Depth::Usual };
            checks::run(&workspace, depth, seeds)
        }
        Command::Setup => {
            setup::ensure(Purpose::Demo)?;
            setup::ensure(Purpose::Test)?;
            live::ensure(&Workspace::read()?);
            println!("setup: everything `cargo xtask demo` and `cargo xtask test` need is here");
            Ok(ExitCode::SUCCESS)
        }
        Command::Web => {
            setup::ensure(Purpose::Demo)?;
            web::pages(&Workspace::read()?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Package { out, profile, programs } => {
            setup::ensure(Purpose::Package)?;
            package::run(&Workspace::read()?, out, profile == Profile::Release, programs)
        }
        Command::PackageTest { programs } => {
            setup::ensure(Purpose::Test)?;
            checks::packages(&Workspace::read()?, programs)
        }
        Command::Simulate { seeds } => by_hand::simulate(&Workspace::read()?, seeds),
        Command::Fuzz { name, seconds } => by_hand::fuzz(&Workspace::read()?, &name, seconds),
        Command::Bench { arguments } => by_hand::bench(&Workspace::read()?, &arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        CommandLine::command().debug_assert();
    }

    #[test]
    fn demo_hands_unknown_arguments_over() {
        let parsed = CommandLine::try_parse_from(["xtask", "demo", "--phones", "3"]);
        let Ok(CommandLine { command: Command::Demo { arguments } }) = parsed else {
            panic!("not taken as a demo command");
        };
        assert_eq!(arguments, ["--phones", "3"]);
    }
}
