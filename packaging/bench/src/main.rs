//! Measures the product beside a baseline in one run and prints ratios.
#![expect(clippy::print_stdout, reason = "printing results is what this program is for")]

mod administration;
mod backup;
mod baseline;
mod centre;
mod client;
mod cluster;
mod demand;
mod durable;
mod gateway;
mod handler;
mod headset;
mod identity;
mod idle;
mod lane;
mod mail;
mod median;
mod page;
mod recorder;
mod sip;

use clap::Parser;

/// Measures the product beside a baseline in one run and prints ratios.
///
/// The gateway measured is JACKFIELD_BIN, else the program beside this one. Exits with 1 where something
/// could not be measured or a demanded figure was missed; with --quick a miss is only told.
#[derive(Parser)]
struct Arguments {
    /// Shorter rounds: enough to see that it works, too noisy to quote.
    #[arg(long)]
    quick: bool,
    /// Connections of `page` that stay open.
    #[arg(long, default_value_t = 64)]
    connections: u32,
    /// Serves a file as the baseline of `page`; for this program's own use.
    #[arg(long, hide = true, num_args = 3, value_names = ["BODY", "CERTIFICATE", "KEY"])]
    serve: Vec<String>,
    /// Is a node of `lane` that is flooded with so many events; for this program's own use.
    #[arg(long, hide = true)]
    lane: Option<usize>,
    /// Only the measurements whose name begins like this: store, backup, handler, page, idle, centre,
    /// lane, cluster, administration, sip-register, sip-told, sip-phones, recorder, headset,
    /// identity or mail.
    #[arg(default_value = "")]
    only: String,
}

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    if let [body, certificate, key] = arguments.serve.as_slice() {
        return match baseline::serve(body, certificate, key) {
            Ok(()) => std::process::ExitCode::SUCCESS,
            Err(error) => {
                println!("baseline: {error}");
                std::process::ExitCode::FAILURE
            }
        };
    }
    if let Some(events) = arguments.lane {
        return match lane::node(events) {
            Ok(()) => std::process::ExitCode::SUCCESS,
            Err(error) => {
                println!("lane: {error}");
                std::process::ExitCode::FAILURE
            }
        };
    }
    let rounds = if arguments.quick { 1 } else { 5 };
    let wanted = |name: &str| name.starts_with(&arguments.only);
    let quick = arguments.quick;
    let mut results = Vec::new();
    if wanted("store") {
        results.push(("store", durable::run(rounds, quick)));
    }
    if wanted("backup") {
        results.push(("backup", backup::run(rounds, quick)));
    }
    if wanted("handler") {
        results.push(("handler", handler::run(rounds, quick)));
    }
    if wanted("page") {
        results.push(("page", page::run(rounds, quick, arguments.connections)));
    }
    if wanted("idle") {
        results.push(("idle", idle::run(rounds)));
    }
    if wanted("centre") {
        results.push(("centre", centre::run(rounds, quick)));
    }
    if wanted("lane") {
        results.push(("lane", lane::run(rounds, quick)));
    }
    if wanted("cluster") {
        results.push(("cluster", cluster::run(rounds, quick)));
    }
    if wanted("administration") {
        results.push(("administration", administration::run(rounds, quick)));
    }
    if wanted("sip-register") {
        results.push(("sip-register", sip::registrations(rounds, quick)));
    }
    if wanted("sip-told") {
        results.push(("sip-told", sip::told(quick)));
    }
    if wanted("sip-phones") {
        results.push(("sip-phones", sip::phones(quick)));
    }
    if wanted("recorder") {
        results.push(("recorder", recorder::run(rounds, quick)));
    }
    if wanted("headset") {
        results.push(("headset", headset::run(quick)));
    }
    if wanted("mail") {
        results.push(("mail", mail::run(rounds, quick)));
    }
    if wanted("identity") {
        results.push(("identity", identity::run(rounds, quick)));
    }
    let mut failed = false;
    for (name, result) in results {
        match result {
            Ok(missed) => {
                missed.iter().for_each(|what| println!("missed: {what}"));
                failed |= !quick && !missed.is_empty();
            }
            Err(error) => {
                println!("{name}: not measured: {error}");
                failed = true;
            }
        }
    }
    if failed { std::process::ExitCode::FAILURE } else { std::process::ExitCode::SUCCESS }
}

/// Demands that were not met, each in words.
pub(crate) type Missed = Vec<String>;

/// Any error, since nobody acts on which one it is.
pub(crate) type AnyError = Box<dyn std::error::Error + Send + Sync>;
