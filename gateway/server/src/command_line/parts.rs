//! Requests to a running node that are more than a line each way: files in parts, and words of how far it is.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;

use domain::Secret;
use serde_json::{Value, json};

use super::new_file::{NewFile, Progress};
use super::{Problem, ask};
use crate::admin::streamed::PART_BYTES_MAX;
use crate::backup::Wish;

/// Has a node write into the file; gives its size.
pub(super) fn backup_of_node(
    stream: UnixStream,
    passphrase: Option<&Secret>,
    new: &mut NewFile,
) -> Result<u64, Problem> {
    let request = json!({"do": "backup", "passphrase": exposed(passphrase)});
    file_of_node(&stream, &request, new)
}

/// Has a node write what was asked for into the file; gives its size.
pub(super) fn file_of_node(
    stream: &UnixStream,
    request: &Value,
    new: &mut NewFile,
) -> Result<u64, Problem> {
    let mut from = begun(stream, request)?;
    let mut progress = Progress::new("written");
    loop {
        let mut length = [0; 4];
        from.read_exact(&mut length).map_err(ask::silent)?;
        let length = u32::from_be_bytes(length);
        if length == 0 {
            break;
        }
        if length > PART_BYTES_MAX {
            return Err(Problem("error: the node sends no backup".to_owned()));
        }
        let mut part = vec![0; usize::try_from(length).unwrap_or(0)];
        from.read_exact(&mut part).map_err(ask::silent)?;
        new.write(&part)?;
        progress.tell(new.bytes);
    }
    last_answer(&mut from)?;
    Ok(new.bytes)
}

pub(super) fn restore_into_node(
    stream: UnixStream,
    mut file: File,
    passphrase: Option<&Secret>,
    wish: Wish,
) -> Result<Value, Problem> {
    let request = json!({
        "do": "restore",
        "passphrase": exposed(passphrase),
        "dry_run": wish.dry_run,
        "other_deployment": wish.other_deployment,
    });
    let mut from = begun(&stream, &request)?;
    let mut progress = Progress::new("sent");
    let mut part = vec![0; 256 * 1024];
    let mut sent = 0;
    loop {
        let length = file.read(&mut part)?;
        let some = part.get(..length).unwrap_or_default();
        let header = u32::try_from(length).unwrap_or(0).to_be_bytes();
        (&stream).write_all(&header).map_err(ask::silent)?;
        if some.is_empty() {
            break;
        }
        (&stream).write_all(some).map_err(ask::silent)?;
        sent += u64::try_from(length).unwrap_or(0);
        progress.tell(sent);
    }
    last_answer(&mut from)
}

fn exposed(passphrase: Option<&Secret>) -> Option<&str> {
    passphrase.map(Secret::expose)
}

/// Asks for something that has no parts.
pub(super) fn asked(stream: &UnixStream, request: &Value) -> Result<Value, Problem> {
    send(stream, request)?;
    last_answer(&mut BufReader::new(stream))
}

fn send(mut stream: &UnixStream, request: &Value) -> Result<(), Problem> {
    stream.write_all(format!("{request}\n").as_bytes()).map_err(ask::silent)
}

/// Asks for something with parts, and waits until the node is ready for it.
pub(super) fn begun<'a>(
    stream: &'a UnixStream,
    request: &Value,
) -> Result<BufReader<&'a UnixStream>, Problem> {
    send(stream, request)?;
    let mut from = BufReader::new(stream);
    let answer = answer_line(&mut from)?;
    match answer.get("stream") {
        Some(_) => Ok(from),
        None => Err(ask::told(answer.get("error").unwrap_or(&Value::Null))),
    }
}

/// The last line; those before it say how far it is.
pub(super) fn last_answer(from: &mut impl BufRead) -> Result<Value, Problem> {
    let is_terminal = std::io::stderr().is_terminal();
    loop {
        let answer = answer_line(from)?;
        if let Some(words) = answer.get("told").and_then(Value::as_str) {
            if is_terminal && !words.is_empty() {
                let _ = writeln!(std::io::stderr(), "{words}");
            }
            continue;
        }
        return match answer.get("error") {
            None => Ok(answer.get("ok").cloned().unwrap_or_default()),
            Some(error) => Err(ask::told(error)),
        };
    }
}

fn answer_line(from: &mut impl BufRead) -> Result<Value, Problem> {
    let mut line = Vec::new();
    let limit = u64::try_from(crate::admin::protocol::LINE_BYTES_MAX).unwrap_or(u64::MAX);
    from.take(limit).read_until(b'\n', &mut line).map_err(ask::silent)?;
    serde_json::from_slice(&line)
        .map_err(|_| Problem("error: the node broke off its answer".to_owned()))
}
