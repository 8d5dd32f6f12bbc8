//! Commands that ask a running node: one line of JSON there, one back.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Command, DirectoryDeed, ProbeKind, Problem, Switch, WhichNode, agents, certificate, kept,
    peers, people, single_sign_on, status,
};
use crate::admin::protocol::LINE_BYTES_MAX;
use crate::config::Config;

/// A node that says nothing for so long is not well. Many passwords take minutes to hash.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

/// How an answer is shown.
enum Shown {
    /// The settings' text as it is.
    Text,
    /// The status, as JSON or for people.
    Status { json: bool },
    /// What an agent does now.
    Agent,
    /// What can be tested, or how a test went.
    Probe { json: bool },
    /// How taking over from each directory went.
    Directories,
    /// How taking over from a directory went.
    Sync,
    /// What was applied.
    Applied,
    /// What a reload did.
    Reloaded,
    /// What is older than it is kept.
    Retention,
    /// What is kept of a person.
    Erasure,
    /// As a function tells it.
    InWords(certificate::InWords),
    /// Nothing but that it is done.
    Done,
}

pub(super) fn ask(command: Command, out: &mut impl Write) -> Result<(), Problem> {
    let (node, request, shown) = request(command)?;
    let socket = socket(&node)?;
    let answer = exchange(&socket, &request)?;
    show(&answer, &shown, out)
}

fn request(command: Command) -> Result<(WhichNode, Value, Shown), Problem> {
    Ok(match command {
        Command::Apply { file, dry_run: true, node } => {
            let text = read_settings(&file)?;
            (node, json!({"do": "settings_plan", "text": text}), Shown::InWords(people::plan))
        }
        Command::SetUpLink { node } => (node, json!({"do": "set_up_link"}), Shown::Text),
        Command::Audit { deed } => {
            let (node, request, in_words) = people::audit(deed);
            (node, request, Shown::InWords(in_words))
        }
        Command::Token { deed } => {
            let (node, request, in_words) = people::token(deed);
            (node, request, Shown::InWords(in_words))
        }
        Command::Apply { file, dry_run: false, node } => {
            let text = read_settings(&file)?;
            (node, json!({"do": "settings_apply", "text": text}), Shown::Applied)
        }
        Command::Sso { deed } => {
            let (node, request, in_words) = single_sign_on::request(deed)?;
            (node, request, Shown::InWords(in_words))
        }
        Command::Export { node } => (node, json!({"do": "settings_export"}), Shown::Text),
        Command::Certificate { deed: None, node } => {
            (node, json!({"do": "certificate"}), Shown::Text)
        }
        Command::Certificate { deed: Some(deed), .. } => {
            let (node, request, in_words) = certificate::request(deed)?;
            (node, request, Shown::InWords(in_words))
        }
        Command::PhoneConfig { device, address, node } => {
            let request = json!({"do": "phone_config", "device": device, "address": address});
            (node, request, Shown::Text)
        }
        Command::Status { json, node } => (node, json!({"do": "status"}), Shown::Status { json }),
        Command::Probe { kind, name, json, node } => {
            let Some(kind) = kind else {
                return Ok((node, json!({"do": "probe_list"}), Shown::Probe { json }));
            };
            let kind = match kind {
                ProbeKind::Cti => "cti",
                ProbeKind::Phone => "phone",
                ProbeKind::Directory => "directory",
                ProbeKind::Syslog => "syslog",
                ProbeKind::Alarm => "alarm",
                ProbeKind::Proxy => "proxy",
                ProbeKind::Store => "store",
                ProbeKind::Certificate => "certificate",
                ProbeKind::SipDevice => "sip_device",
                ProbeKind::SipNextHop => "sip_next_hop",
                ProbeKind::Headset => "headset",
                ProbeKind::Idp => "idp",
                ProbeKind::Mail => "mail",
            };
            let mut request = json!({"do": "probe", "kind": kind});
            if let (Some(name), Some(members)) = (name, request.as_object_mut()) {
                members.insert("name".to_owned(), name.into());
            }
            (node, request, Shown::Probe { json })
        }
        Command::Directory { deed } => match deed {
            DirectoryDeed::Status { node } => {
                (node, json!({"do": "directory_status"}), Shown::Directories)
            }
            DirectoryDeed::Sync { name, removals, node } => {
                let request = json!({"do": "directory_sync", "name": name, "removals": removals});
                (node, request, Shown::Sync)
            }
        },
        Command::Agent { deed } => {
            let (node, request) = agents::agent(deed);
            (node, request, Shown::Agent)
        }
        Command::Call { deed } => {
            let (node, request) = agents::call(deed);
            (node, request, Shown::Agent)
        }
        Command::Maintenance { switch, node } => {
            let on = switch == Switch::On;
            (node, json!({"do": "maintenance", "on": on}), Shown::Done)
        }
        Command::FlightRecorder(arguments) => {
            let (node, request) = arguments.request();
            (node, request, Shown::Text)
        }
        Command::Reload { node } => (node, json!({"do": "reload"}), Shown::Reloaded),
        Command::Retention { dry_run, node } => {
            (node, json!({"do": "retention", "dry_run": dry_run}), Shown::Retention)
        }
        Command::Erase(arguments) => {
            let (node, request) = arguments.request();
            (node, request, Shown::Erasure)
        }
        Command::LogLevel { level, minutes, node } => {
            let request = json!({"do": "log_level", "level": level, "minutes": minutes});
            (node, request, Shown::Done)
        }
        Command::Run { .. }
        | Command::Check { .. }
        | Command::Demo { .. }
        | Command::Store { .. }
        | Command::Secrets { .. }
        | Command::Import { .. }
        | Command::Headsets { .. }
        | Command::HeadsetProfile
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::SupportBundle { .. }
        | Command::ManualPages { .. }
        | Command::Completions { .. } => {
            return Err(Problem("error: this asks no running node".to_owned()));
        }
    })
}

fn read_settings(file: &Path) -> Result<String, Problem> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
        bytes
    } else {
        crate::settings::read_file(file)?
    };
    String::from_utf8(bytes).map_err(|_| Problem(format!("{}: must be UTF-8", file.display())))
}

pub(super) fn socket(node: &WhichNode) -> Result<PathBuf, Problem> {
    match &node.socket {
        Some(socket) => Ok(socket.clone()),
        None => Ok(Config::load(&node.config)?.admin_socket()),
    }
}

pub(super) fn exchange(socket: &Path, request: &Value) -> Result<Value, Problem> {
    let stream = UnixStream::connect(socket).map_err(|error| nobody(socket, &error))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = request.to_string();
    line.push('\n');
    (&stream).write_all(line.as_bytes()).map_err(silent)?;
    let mut answer = Vec::new();
    let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    BufReader::new(&stream).take(limit).read_until(b'\n', &mut answer).map_err(silent)?;
    let answer: Value = serde_json::from_slice(&answer)
        .map_err(|_| Problem("error: the node broke off its answer".to_owned()))?;
    match answer.get("error") {
        None => Ok(answer.get("ok").cloned().unwrap_or_default()),
        Some(error) => Err(told(error)),
    }
}

/// What is said where no node answers.
pub(super) fn nobody(socket: &Path, error: &std::io::Error) -> Problem {
    let path = socket.display();
    Problem(format!(
        "error: no node answers at {path}: {error}; is it running, and are you its user?"
    ))
}

/// An error of the socket, in words where it means that nobody answered in time.
pub(super) fn silent(error: std::io::Error) -> Problem {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    match error.kind() {
        WouldBlock | TimedOut => Problem(format!(
            "error: the node gave no answer within {} s; it may still do what was asked, its log \
             tells",
            PATIENCE.as_secs()
        )),
        _ => error.into(),
    }
}

/// Problems as lines by key, anything else as one line.
pub(super) fn told(error: &Value) -> Problem {
    Problem(match error.get("problems") {
        Some(problems) => lines_by_key(problems).join("\n"),
        None => format!("error: {}", member(error, "message")),
    })
}

/// A list of keys and messages, one line each.
fn lines_by_key(list: &Value) -> Vec<String> {
    let line = |it: &Value| format!("{}: {}", member(it, "key"), member(it, "message"));
    list.as_array().into_iter().flatten().map(line).collect()
}

fn member<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("?")
}

fn show(answer: &Value, shown: &Shown, out: &mut impl Write) -> Result<(), Problem> {
    let text = |name| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    match shown {
        Shown::Text => {
            write!(out, "{}", text("text"))?;
            // Beside what is printed, which goes into files as it is.
            if let Some(note) = answer.get("note").and_then(Value::as_str) {
                writeln!(std::io::stderr(), "note: {note}")?;
            }
        }
        Shown::Status { json: true } => {
            writeln!(out, "{}", serde_json::to_string_pretty(answer).unwrap_or_default())?;
        }
        Shown::Status { json: false } => write!(out, "{}", status::for_people(answer))?,
        Shown::Probe { json: true } => {
            writeln!(out, "{}", serde_json::to_string_pretty(answer).unwrap_or_default())?;
        }
        Shown::Probe { json: false } if answer.get("peers").is_some() => {
            write!(out, "{}", peers::list(answer))?;
        }
        Shown::Probe { json: false } => {
            write!(out, "{}", peers::probe(answer))?;
            if !peers::is_ok(answer) {
                return Err(Problem("error: not all of it went well".to_owned()));
            }
        }
        Shown::Directories => write!(out, "{}", peers::directories(answer))?,
        Shown::Sync => {
            write!(out, "{}", peers::sync(answer))?;
            if text("result") != "done" {
                return Err(Problem("error: nothing was taken over".to_owned()));
            }
        }
        Shown::Agent => writeln!(out, "{}", status::agent(answer))?,
        Shown::Applied => {
            for line in answer.get("warnings").map(lines_by_key).into_iter().flatten() {
                writeln!(out, "warning: {line}")?;
            }
            let number = answer.get("number").cloned().unwrap_or_default();
            match answer.get("changed") == Some(&Value::Bool(true)) {
                true => writeln!(out, "applied, settings number {number}")?,
                false => writeln!(out, "already in force, settings number {number}")?,
            }
        }
        Shown::Reloaded => {
            let lines = |name| answer.get(name).and_then(Value::as_array).into_iter().flatten();
            for line in lines("done").filter_map(Value::as_str) {
                writeln!(out, "{line}")?;
            }
            let refused: Vec<_> = lines("refused").filter_map(Value::as_str).collect();
            if !refused.is_empty() {
                return Err(Problem(format!(
                    "refused, the old stays in force: {}",
                    refused.join("\n")
                )));
            }
        }
        Shown::Retention => kept::show_retention(answer, out)?,
        Shown::Erasure => kept::show_erasure(answer, out)?,
        Shown::InWords(told) => {
            write!(out, "{}", told(answer))?;
            if answer.get("intact") == Some(&Value::Bool(false)) {
                return Err(Problem("error: the audit log is not as it was written".to_owned()));
            }
        }
        Shown::Done => writeln!(out, "done")?,
    }
    Ok(())
}
