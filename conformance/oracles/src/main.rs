//! Judges by other people's parsers what simulated peers received, and what is sent to the gateway.

mod oauth;
mod prepare;
mod saml;
mod sip;
mod table;

use std::io::{Write, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: oracles sip FILE
       oracles oauth
       oracles saml FOLDER --request-id ID --sp ENTITY --acs URL [--only JUDGE] [--differences FILE]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let judged = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["sip", file] => std::fs::read_to_string(file)
            .map_err(|error| format!("{file}: {error}"))
            .and_then(|capture| sip::judge(&capture))
            .map(|table| (table.to_string(), table.is_good())),
        ["oauth"] => oauth::journey(),
        ["saml", folder, options @ ..] => saml::judge(Path::new(folder), options),
        // Not for people: how the program has one message judged by a process that may be ended.
        [saml::ONE, message, options @ ..] => saml::judge_one(Path::new(message), options),
        _ => Err(USAGE.to_owned()),
    };
    match judged {
        Ok((told, is_good)) => {
            // Nothing is left to tell it to if even this cannot be written.
            let _ = write!(stdout(), "{told}");
            ExitCode::from(u8::from(!is_good))
        }
        Err(problem) => {
            let _ = writeln!(stderr(), "oracles: {problem}");
            ExitCode::from(2)
        }
    }
}
