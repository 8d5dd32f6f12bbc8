//! Measures the product beside a baseline in one run and prints ratios.
#![expect(clippy::print_stdout, reason = "printing results is what this program is for")]

mod durable;
mod median;

use clap::Parser;

/// Measures the product beside a baseline in one run and prints ratios.
#[derive(Parser)]
struct Arguments {
    /// Shorter rounds: enough to see that it works, too noisy to quote.
    #[arg(long)]
    quick: bool,
    /// Only the measurements whose name begins like this.
    #[arg(default_value = "")]
    only: String,
}

fn main() {
    let arguments = Arguments::parse();
    let rounds = if arguments.quick { 1 } else { 5 };
    let wanted = |name: &str| name.starts_with(&arguments.only);
    if wanted("store") {
        durable::run(rounds, arguments.quick);
    }
}
