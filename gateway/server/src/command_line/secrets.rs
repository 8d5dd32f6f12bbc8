//! `jackfield secrets`: the file with the sealing keys, and what a node says of sealed secrets.
//!
//! The file is changed where it stands, since a node has no right to; the node reads it at `reload`.

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::ask::{exchange, socket};
use super::{CONFIG, Problem, WhichNode};
use crate::config::{Config, credential};
use crate::node::NodeError;
use crate::sealing_file;

pub(super) const SECRETS_HELP: &str = "\
Secrets that the gateway presents itself are sealed under a key that stands in a file of its own. To replace it, \
on every node: add the same new key and reload; then let it seal and reload; then, once for all nodes, reseal; \
then remove the old key everywhere and reload. No key is ever printed.

Example, one node:
  jackfield secrets new-key
  jackfield secrets use-key KEY
  jackfield reload && jackfield secrets reseal
  jackfield secrets remove-key OLD && jackfield reload";

/// What to do with secrets and their keys.
#[derive(Debug, Subcommand)]
pub(super) enum SecretsDeed {
    /// Tell under which keys secrets are sealed, and which keys the running node has.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Add a new key to the file; it opens, and seals nothing yet.
    NewKey {
        #[command(flatten)]
        file: KeyFile,
    },
    /// Put a key of the file first, so that it seals.
    UseKey {
        /// Which one, as `status` names it.
        #[arg(value_name = "KEY")]
        key: String,
        #[command(flatten)]
        file: KeyFile,
    },
    /// Take a key that does not seal out of the file.
    RemoveKey {
        /// Which one, as `status` names it.
        #[arg(value_name = "KEY")]
        key: String,
        #[command(flatten)]
        file: KeyFile,
    },
    /// Seal every secret anew under the key that seals on the running node.
    Reseal {
        #[command(flatten)]
        node: WhichNode,
    },
}

/// Which file holds the keys.
#[derive(Debug, Args)]
pub(super) struct KeyFile {
    /// The file, where it is not the one of the configuration.
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    file: Option<PathBuf>,
    /// The node's configuration, which says where the file is.
    #[arg(long, value_name = "FILE", default_value = CONFIG)]
    config: PathBuf,
}

impl KeyFile {
    fn path(&self) -> Result<PathBuf, Problem> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let path = Config::load(&self.config)?.sealing_key_file;
        if credential::is_one(&path) {
            return Err(Problem(format!(
                "error: {} is a credential; name the file that it is made of: --file FILE",
                path.display()
            )));
        }
        Ok(path)
    }
}

pub(super) fn secrets(deed: SecretsDeed, out: &mut impl Write) -> Result<(), Problem> {
    match deed {
        SecretsDeed::Status { json: as_json, node } => {
            let answer = exchange(&socket(&node)?, &json!({"do": "secrets_status"}))?;
            if as_json {
                writeln!(out, "{}", serde_json::to_string_pretty(&answer).unwrap_or_default())?;
            } else {
                write!(out, "{}", status(&answer))?;
            }
        }
        SecretsDeed::NewKey { file } => {
            let path = file.path()?;
            let mut keys = sealing_file::read_list(&path).map_err(NodeError::from)?;
            let key = sealing_file::generate(&path).map_err(NodeError::from)?;
            let id = key.id().to_owned();
            keys.push(key);
            sealing_file::write(&path, &keys).map_err(NodeError::from)?;
            writeln!(out, "key {id} is added to {}; it opens after a reload", path.display())?;
        }
        SecretsDeed::UseKey { key, file } => {
            let path = file.path()?;
            let mut keys = sealing_file::read_list(&path).map_err(NodeError::from)?;
            let position = position(&keys, &key)?;
            let found = keys.remove(position);
            keys.insert(0, found);
            sealing_file::write(&path, &keys).map_err(NodeError::from)?;
            writeln!(out, "key {key} is the first of {}; it seals after a reload", path.display())?;
        }
        SecretsDeed::RemoveKey { key, file } => {
            let path = file.path()?;
            let mut keys = sealing_file::read_list(&path).map_err(NodeError::from)?;
            let position = position(&keys, &key)?;
            if position == 0 {
                return Err(Problem(format!(
                    "error: key {key} is the one that seals; put another one first: use-key"
                )));
            }
            keys.remove(position);
            sealing_file::write(&path, &keys).map_err(NodeError::from)?;
            writeln!(
                out,
                "key {key} is taken out of {}; backups that were written under it open with it alone",
                path.display()
            )?;
        }
        SecretsDeed::Reseal { node } => {
            let answer = exchange(&socket(&node)?, &json!({"do": "secrets_reseal"}))?;
            let key = answer.get("key").and_then(Value::as_str).unwrap_or("?");
            match answer.get("resealed").and_then(Value::as_u64).unwrap_or(0) {
                0 => writeln!(out, "nothing to seal anew under {key}")?,
                count => writeln!(out, "{count} secrets sealed anew under {key}")?,
            }
            let left = answer.get("left").and_then(Value::as_array).into_iter().flatten();
            let left: Vec<_> = left.filter_map(Value::as_str).collect();
            if !left.is_empty() {
                return Err(Problem(format!(
                    "error: left as they are, since they do not open here: {}",
                    left.join(", ")
                )));
            }
        }
    }
    Ok(())
}

fn position(keys: &[engine::SealingKey], wanted: &str) -> Result<usize, Problem> {
    keys.iter().position(|key| key.id() == wanted).ok_or_else(|| {
        let ids: Vec<_> = keys.iter().map(engine::SealingKey::id).collect();
        Problem(format!("error: there is no such key in the file; it has {}", ids.join(", ")))
    })
}

fn status(answer: &Value) -> String {
    let mut text = String::new();
    let list = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let member =
        |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
    let number = |of: &Value, name: &str| of.get(name).and_then(Value::as_u64).unwrap_or(0);
    for key in list("keys") {
        let role = if key.get("seals") == Some(&Value::Bool(true)) { "seals" } else { "opens" };
        let (id, secrets) = (member(&key, "key"), number(&key, "secrets"));
        let _ = writeln!(text, "key {id} {role}, {secrets} secrets are under it");
        let without = key.get("not_on").and_then(Value::as_array).into_iter().flatten();
        for node in without.filter_map(Value::as_str) {
            let _ = writeln!(text, "    node {node} does not say that it has it");
        }
    }
    match number(answer, "without_id") {
        0 => {}
        count => {
            let _ = writeln!(text, "{count} secrets were sealed before keys had ids");
        }
    }
    for key in list("missing_keys") {
        let (id, secrets) = (member(&key, "key"), number(&key, "secrets"));
        let _ = writeln!(text, "key {id} is not here, {secrets} secrets are under it");
    }
    for secret in list("unopened") {
        let _ = writeln!(
            text,
            "does not open here: {}: {}",
            member(&secret, "secret"),
            member(&secret, "why")
        );
    }
    let _ = match number(answer, "to_reseal") {
        0 => writeln!(text, "all secrets are under the key that seals"),
        count => writeln!(text, "{count} secrets are to be sealed anew: jackfield secrets reseal"),
    };
    text
}
