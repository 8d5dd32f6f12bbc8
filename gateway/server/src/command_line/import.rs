//! `jackfield import`: what another system or a table holds is laid over the settings, plan first.
//!
//! ```text
//!   Finesse (asked from here) or a CSV file --> entries --admin socket--> plan --with --apply--> in force
//! ```

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use directory::import::csv::{self, Kind};
use directory::import::{Imported, finesse};
use serde_json::{Value, json};

use super::{Problem, WhichNode, ask, runtime};
use crate::password_file;
use crate::words::with_causes;

/// Where Debian keeps the authorities that the machine trusts.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// The most bytes of a file with authorities.
const AUTHORITIES_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The most faults of a file that are printed.
const FAULTS_SHOWN: usize = 50;

/// Where it comes from.
#[derive(Debug, Subcommand)]
pub(super) enum Source {
    /// Read users, teams, reasons and layouts from a Finesse server (REST).
    #[command(after_long_help = FINESSE_HELP)]
    Finesse(FinesseArguments),
    /// Read a table.
    #[command(after_long_help = CSV_HELP)]
    Csv(CsvArguments),
}

const FINESSE_HELP: &str = "\
The user must be an administrator there. A refused password is not tried again, since the fifth wrong one \
locks the account. What Finesse holds back is told: passwords, and the extensions of who is signed out.

Example:
  jackfield import finesse https://finesse.example.com:8445 --user admin \\
      --password-file finesse.password --authority finesse.pem
  jackfield import finesse ... --apply";

const CSV_HELP: &str = "\
The first line names the columns, parted by , or ; in UTF-8. A column that is there sets its member, an \
empty cell removes it, a column that is not there leaves it alone. Lists stand in one cell, parted by |.

  agents:  id, name, alias, team, pair, extension, roles, skills (German:7|Billing:3)
  teams:   name, pair, layout, wrap_up_seconds
  reasons: category (not_ready, wrap_up, sign_out), code, label, teams
  devices: name, description, lines, profile (yes, no), certificate_sha256

Texts that begin with = + - @ or a TAB are refused, since spreadsheets run them. Every bad cell is told by \
line and column, and with any of them nothing is taken.

Example:
  jackfield import csv agents.csv --kind agents
  jackfield import csv agents.csv --kind agents --apply";

/// How Finesse is reached.
#[derive(Debug, Args)]
pub(super) struct FinesseArguments {
    /// Its address: https://NAME or https://NAME:PORT; the port is 8445 where none is given.
    #[arg(value_name = "URL")]
    address: String,
    /// An administrator there.
    #[arg(long)]
    user: String,
    /// A file with the administrator's password on one line, readable for nobody else.
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// The certificate of the authority that signed the server's (PEM); what this machine trusts
    /// where not given.
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    #[command(flatten)]
    laid: Laid,
}

/// Which table is read.
#[derive(Debug, Args)]
pub(super) struct CsvArguments {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it holds.
    #[arg(long, value_enum)]
    kind: CsvKind,
    #[command(flatten)]
    laid: Laid,
}

/// How it is laid over the settings.
#[derive(Debug, Args)]
struct Laid {
    /// Remove what is there of that sort and not among what is read.
    #[arg(long)]
    mirror: bool,
    /// Do it; without this the plan is printed and nothing changes.
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    node: WhichNode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CsvKind {
    /// Agents and supervisors.
    Agents,
    /// Teams.
    Teams,
    /// Reason codes.
    Reasons,
    /// Phones and device profiles.
    Devices,
}

/// Reads, plans and, where asked, applies.
pub(super) fn import(source: Source, out: &mut impl Write) -> Result<(), Problem> {
    let (imported, laid) = match source {
        Source::Finesse(arguments) => read_finesse(arguments)?,
        Source::Csv(arguments) => (read_csv(&arguments)?, arguments.laid),
    };
    let request = json!({
        "do": "import",
        "entries": imported.json(),
        "mirror": laid.mirror,
        "apply": laid.apply,
    });
    let answer = ask::exchange(&ask::socket(&laid.node)?, &request)?;
    out.write_all(plan(&answer, &imported.left_out, laid.apply).as_bytes())?;
    Ok(())
}

fn read_finesse(arguments: FinesseArguments) -> Result<(Imported, Laid), Problem> {
    let FinesseArguments { address, user, password_file, authority, laid } = arguments;
    let password = password_file::read(&password_file);
    let password = password.map_err(|error| Problem(format!("error: {}", with_causes(&error))))?;
    let authority = authority.unwrap_or_else(|| PathBuf::from(AUTHORITIES));
    let authorities =
        String::from_utf8_lossy(&read(&authority, AUTHORITIES_BYTES_MAX)?).into_owned();
    let refused = |error: finesse::FinesseError| Problem(format!("error: {error}"));
    let server = finesse::Server::new(&address, &user, password, authorities).map_err(refused)?;
    let gathered = runtime()?.block_on(finesse::gather(&server)).map_err(refused)?;
    Ok((finesse::imported(&gathered), laid))
}

fn read_csv(arguments: &CsvArguments) -> Result<Imported, Problem> {
    let kind = match arguments.kind {
        CsvKind::Agents => Kind::Agents,
        CsvKind::Teams => Kind::Teams,
        CsvKind::Reasons => Kind::Reasons,
        CsvKind::Devices => Kind::Devices,
    };
    let limit = u64::try_from(csv::FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let bytes = read(&arguments.file, limit)?;
    csv::read(&bytes, kind).map_err(|faults| {
        let file = arguments.file.display();
        let mut lines: Vec<_> =
            faults.iter().take(FAULTS_SHOWN).map(|fault| format!("{file}: {fault}")).collect();
        if faults.len() > FAULTS_SHOWN {
            lines.push(format!("{file}: and {} more", faults.len() - FAULTS_SHOWN));
        }
        lines.push("nothing was taken over".to_owned());
        Problem(lines.join("\n"))
    })
}

/// A file, bounded.
fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Problem> {
    use std::io::Read;
    let named = |error: std::io::Error| Problem(format!("error: {}: {error}", path.display()));
    let mut bytes = Vec::new();
    // One more than is taken, so that a longer file is refused and not cut.
    let file = std::fs::File::open(path).map_err(named)?;
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(named)?;
    Ok(bytes)
}

fn list(value: &Value, name: &str) -> Option<Vec<Value>> {
    value.get(name).and_then(Value::as_array).cloned()
}

/// A plan as lines: `+` new, `~` changed, `-` removed.
pub(super) fn planned_lines(answer: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for planned in list(answer, "plan").unwrap_or_default() {
        let text = |name| planned.get(name).and_then(Value::as_str).unwrap_or("?");
        let name = text("name");
        let changes = list(&planned, "changes").unwrap_or_default();
        match text("becomes") {
            "added" => {
                let after = changes.first().and_then(|change| change.get("after")?.as_str());
                lines.push(format!("+ {name} {}", after.unwrap_or_default()));
            }
            "removed" => lines.push(format!("- {name}")),
            _ => lines.extend(changes.iter().map(|change| {
                let part = |name| change.get(name).and_then(Value::as_str);
                let nothing = "nothing";
                let (before, after) = (part("before"), part("after"));
                format!(
                    "~ {}: {} -> {}",
                    part("field").unwrap_or(name),
                    before.unwrap_or(nothing),
                    after.unwrap_or(nothing)
                )
            })),
        }
    }
    lines
}

/// The plan of an import, and what came of it.
fn plan(answer: &Value, left_out: &[String], asked_to_apply: bool) -> String {
    let mut lines = planned_lines(answer);
    lines.extend(left_out.iter().map(|line| format!("not taken over: {line}")));
    for who in list(answer, "held_up").unwrap_or_default() {
        let who = who.as_str().unwrap_or("?");
        lines.push(format!(
            "not taken over: agent {who}: comes from a directory, which alone changes it"
        ));
    }
    let number = |name| answer.get(name).and_then(Value::as_u64);
    let count = |name| number(name).unwrap_or(0);
    let (added, changed, removed) = (count("added"), count("changed"), count("removed"));
    lines.push(format!("{added} added, {changed} changed, {removed} removed"));
    lines.push(match number("applied") {
        Some(number) => format!("applied, settings number {number}"),
        None if added + changed + removed == 0 => "all of it is in force already".to_owned(),
        None if asked_to_apply => "nothing was applied".to_owned(),
        None => "nothing is changed yet: --apply does it".to_owned(),
    });
    // What others wrote must not drive a terminal.
    let clean = lines.iter().map(|line| line.replace(char::is_control, "?"));
    clean.fold(String::new(), |text, line| text + &line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_16_the_plan_is_told_before_anything_changes() {
        let mut answer = json!({
            "plan": [
                {"name": "agents/1", "becomes": "added", "changes":
                    [{"field": "agents/1", "before": null, "after": "{\"id\":\"1\"}"}]},
                {"name": "agents/2", "becomes": "changed", "changes":
                    [{"field": "agents/2 name", "before": "\"A\u{1b}[2J\"", "after": null}]},
                {"name": "agents/3", "becomes": "removed", "changes": []},
            ],
            "added": 1, "changed": 1, "removed": 1, "held_up": ["4"], "applied": null,
        });
        let told = plan(&answer, &["passwords: none".to_owned()], false);
        assert_eq!(
            told,
            "+ agents/1 {\"id\":\"1\"}\n~ agents/2 name: \"A?[2J\" -> nothing\n- agents/3\n\
             not taken over: passwords: none\n\
             not taken over: agent 4: comes from a directory, which alone changes it\n\
             1 added, 1 changed, 1 removed\nnothing is changed yet: --apply does it\n"
        );
        answer["applied"] = json!(7);
        assert!(plan(&answer, &[], true).ends_with("applied, settings number 7\n"));
    }
}
