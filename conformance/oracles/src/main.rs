//! Judges by other people's parsers what simulated peers received.

mod prepare;
mod sip;
mod table;

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let judged = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["sip", file] => std::fs::read_to_string(file)
            .map_err(|error| format!("{file}: {error}"))
            .and_then(|capture| sip::judge(&capture)),
        _ => Err("usage: oracles sip FILE".to_owned()),
    };
    match judged {
        Ok(table) => {
            // Nothing is left to tell it to if even this cannot be written.
            let _ = write!(stdout(), "{table}");
            ExitCode::from(u8::from(!table.is_good()))
        }
        Err(problem) => {
            let _ = writeln!(stderr(), "oracles: {problem}");
            ExitCode::from(2)
        }
    }
}
