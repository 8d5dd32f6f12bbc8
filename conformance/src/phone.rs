//! A Cisco IP phone for XML services, simulated: its screen, its keys, its web server, its scruples.
//!
//! `run` drives one phone. Everything a phone *decides* is pure; only `network`, `web`, `driver`,
//! `script` and `terminal` touch the world:
//!
//! - `model`, `limits`: the phones and their limits, as data.
//! - `object`, `parse`, `uri`, `headers`: what a page is, and what is wrong with it.
//! - `cookies`, `history`, `softkeys`, `screen`, `draw`: what the phone remembers and shows.
//! - `handset`: the state machine over them; `driver`: the task that owns it.
//! - `push`: a push's HTTP form; `web`: the phone's web server; `network`: its connections.
//! - `options`: command line and endpoints file; `script`, `terminal`: the two ways to drive it.
//! - `check`: what needs no network at all.
//!
//! It is written from public documents alone and knows nothing of any gateway's code.

mod check;
mod cookies;
mod draw;
mod driver;
mod handset;
mod headers;
mod history;
mod limits;
mod model;
mod network;
mod object;
mod options;
mod parse;
mod push;
mod screen;
mod script;
mod softkeys;
mod terminal;
mod uri;
mod web;

use std::io::{BufRead, Write};

#[cfg(test)]
mod schema;
#[cfg(test)]
pub(crate) mod tests;

use self::driver::Driver;
use self::model::Model;
use self::parse::Delivery;

pub(crate) use self::check::models;
pub(crate) use self::options::PhoneArguments;

/// Runs one phone until its script ends or its user quits; answers the exit code.
pub(crate) async fn run(
    arguments: PhoneArguments,
    input: impl BufRead + Send + 'static,
    output: &mut impl Write,
    complaints: &mut impl Write,
) -> Result<u8, String> {
    let io = |error: std::io::Error| error.to_string();
    let (script, strict_exit) = (arguments.script, arguments.strict_exit);
    let mut settings = arguments.settle().await?;
    let warnings = std::mem::take(&mut settings.warnings);
    let mut driver = Driver::start(settings).await?;
    if script {
        for warning in warnings {
            writeln!(complaints, "warning: {warning}").map_err(io)?;
        }
        return script::run(&mut driver, input, output, strict_exit).await.map_err(io);
    }
    let violations = terminal::run(&mut driver, warnings).await.map_err(io)?;
    Ok(if strict_exit && violations > 0 { script::EXIT_VIOLATION } else { 0 })
}

/// Judges one page; the report ends with a line break, and is clean where nothing was found.
pub(crate) fn check_page(
    bytes: &[u8],
    content_type: Option<&str>,
    model: &str,
    push: bool,
) -> Result<(String, bool), String> {
    let model = Model::find(model).ok_or_else(|| {
        format!("model {model:?} is unknown; `jackfield-peers models` lists them")
    })?;
    let delivery = if push { Delivery::Push } else { Delivery::Pull };
    let verdict = check::check_page(bytes, content_type, model, delivery);
    let mut report = format!("{} shows: {}\n", model.name, verdict.shown);
    for violation in &verdict.violations {
        report.push_str("violation: ");
        report.push_str(violation);
        report.push('\n');
    }
    Ok((report, verdict.violations.is_empty()))
}
