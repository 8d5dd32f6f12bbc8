//! `jackfield backup`, `restore` and `store check`: through a running node, or on the store itself where none
//! runs.
//!
//! ```text
//!   a node answers at its socket --> it reads or writes its store; the file is ours
//!   nobody answers there ----------> the store of the configuration is opened here
//! ```

use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use clap::Args;
use domain::Secret;
use serde_json::{Value, json};
use store::BackupKey;

use super::new_file::{NewFile, Progress, about};
use super::parts::{asked, backup_of_node, file_of_node, restore_into_node};
use super::without_node::{Missing, backup_here, open_now, restore_here};
use super::{Problem, WhichNode, ask, runtime};
use crate::admin::streamed::PASSPHRASE_CHARACTERS_MAX;
use crate::backup::{self, Wish, size};
use crate::config::Config;
use crate::node::NodeError;
use crate::words::with_causes;
use crate::{sealing_file, secret_file};

/// The fewest characters of a passphrase: the file may be tried anywhere, as often as one likes.
const PASSPHRASE_CHARACTERS_MIN: usize = 12;

/// What a backup is made with.
#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The file to write, or to look at; one that is there is not written over.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Read the file and compare all of it, and tell what is inside; no node is asked.
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    with: With,
}

/// What a backup is restored with.
#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// The backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Tell what is inside and what it would replace, and replace nothing.
    #[arg(long)]
    dry_run: bool,
    /// Restore a backup of another deployment too.
    #[arg(long)]
    other_deployment: bool,
    #[command(flatten)]
    with: With,
}

/// Which key, which node.
#[derive(Debug, Args)]
struct With {
    /// A file with a passphrase of at least 12 characters, instead of the sealing key.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    node: WhichNode,
}

pub(super) const BACKUP_HELP: &str = "\
The file holds all of the store as of one moment: settings, sessions, timers, what is owed, the log and \
bodies. It is encrypted under the sealing key of the deployment, or under a passphrase. It does not hold the \
sealing key, certificates or the node's configuration: keep those elsewhere. Work goes on meanwhile. Where no \
node runs, the store that the configuration names is opened.

Example:
  jackfield backup /backups/$(date +%F).jackfield
  jackfield backup --verify /backups/2026-11-27.jackfield";

pub(super) const RESTORE_HELP: &str = "\
The whole file is read and compared before anything is replaced; then all is replaced at once, or nothing. \
Nodes that run go on with the new content. Any sort of store takes any backup. Who signed in since is signed \
out, who was signed in then is signed in again, and what was owed then is owed again.

Example:
  jackfield restore --dry-run /backups/2026-11-27.jackfield
  jackfield restore /backups/2026-11-27.jackfield";

/// Where the work is done.
pub(super) enum Where {
    Node(UnixStream),
    Here(Box<Config>),
}

pub(super) fn backup(arguments: &BackupArguments, out: &mut impl Write) -> Result<(), Problem> {
    let BackupArguments { file, verify, with } = arguments;
    if *verify {
        return self::verify(file, with, out);
    }
    let passphrase = with.passphrase()?;
    let mut new = NewFile::begin(file)?;
    let written = match with.place()? {
        Where::Node(stream) => backup_of_node(stream, passphrase.as_ref(), &mut new)?,
        Where::Here(config) => runtime()?.block_on(backup_here(&config, passphrase, &mut new))?,
    };
    new.finish(file)?;
    writeln!(out, "{} written, {}", file.display(), size(written))?;
    Ok(())
}

pub(super) fn restore(arguments: &RestoreArguments, out: &mut impl Write) -> Result<(), Problem> {
    let RestoreArguments { file, dry_run, other_deployment, with } = arguments;
    let passphrase = with.passphrase()?;
    let wish = Wish { dry_run: *dry_run, other_deployment: *other_deployment };
    let opened = File::open(file).map_err(|error| about(file, &error))?;
    let answer = match with.place()? {
        Where::Node(stream) => restore_into_node(stream, opened, passphrase.as_ref(), wish)?,
        Where::Here(config) => {
            runtime()?.block_on(restore_here(&config, opened, passphrase, wish))?
        }
    };
    let inside = answer.get("inside").cloned().unwrap_or_default();
    for line in backup::lines(&inside) {
        writeln!(out, "{line}")?;
    }
    if let Some(replaces) = answer.get("replaces").and_then(Value::as_str) {
        writeln!(out, "it would replace: {replaces}")?;
    }
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    if let Some(warning) = text("warning") {
        writeln!(out, "warning: {warning}")?;
    }
    match (wish.dry_run, text("refused")) {
        (false, _) => writeln!(out, "restored")?,
        (true, None) => writeln!(out, "nothing was replaced: this was a dry run")?,
        (true, Some(why)) => return Err(Problem(format!("it would be refused: {why}"))),
    }
    Ok(())
}

/// `jackfield store check`.
pub(super) fn check(node: &WhichNode, out: &mut impl Write) -> Result<(), Problem> {
    let found = match place(node)? {
        Where::Node(stream) => asked(&stream, &json!({"do": "store_check"}))?,
        Where::Here(config) => runtime()?.block_on(async {
            let store = open_now(&config, Missing::Told).await?;
            let found = store::check(store.as_ref()).await;
            store.close().await;
            let found =
                found.map_err(|error| Problem(format!("error: {}", with_causes(&error))))?;
            Ok::<_, Problem>(backup::inspected(&found))
        })?,
    };
    for line in backup::lines(&found) {
        writeln!(out, "{line}")?;
    }
    match found.get("wrong").and_then(Value::as_u64) {
        Some(0) => Ok(writeln!(out, "all of it fits")?),
        wrong => Err(Problem(format!("{} things are wrong", wrong.unwrap_or(0)))),
    }
}

/// `jackfield support-bundle`.
pub(super) fn support_bundle(
    file: &Path,
    with_flight_recorder: bool,
    node: &WhichNode,
    out: &mut impl Write,
) -> Result<(), Problem> {
    if file.extension().is_some_and(|extension| extension != "tar") {
        return Err(Problem(format!(
            "error: {}: a bundle is a plain tar file; name one that ends in .tar, and compress it \
             afterwards",
            file.display()
        )));
    }
    let mut new = NewFile::begin(file)?;
    let socket = ask::socket(node)?;
    let stream = UnixStream::connect(&socket).map_err(|error| ask::nobody(&socket, &error))?;
    let request = json!({"do": "support_bundle", "flight_recorder": with_flight_recorder});
    let written = file_of_node(&stream, &request, &mut new)?;
    new.finish(file)?;
    writeln!(
        out,
        "{} written, {}; look through it before you hand it on",
        file.display(),
        size(written)
    )?;
    Ok(())
}

fn verify(file: &Path, with: &With, out: &mut impl Write) -> Result<(), Problem> {
    let opened = File::open(file).map_err(|error| about(file, &error))?;
    let key = match with.passphrase()? {
        Some(passphrase) => BackupKey::Passphrase(passphrase.expose().as_bytes().to_vec().into()),
        None => {
            let config = Config::load(&with.node.config)?;
            sealing_file::read(&config.sealing_key_file).map_err(NodeError::from)?.backup_key()
        }
    };
    let mut progress = Progress::new("read");
    let inside = store::inspect(opened, &key, &mut |bytes| progress.tell(bytes))
        .map_err(|error| Problem(format!("error: {}", with_causes(&error))))?;
    for line in backup::lines(&backup::told(&inside)) {
        writeln!(out, "{line}")?;
    }
    if inside.inspection.wrong > 0 {
        return Err(Problem(format!(
            "the file is whole, but of its content {} things are wrong",
            inside.inspection.wrong
        )));
    }
    writeln!(out, "all of it was read and is what was written")?;
    Ok(())
}

impl With {
    fn passphrase(&self) -> Result<Option<Secret>, Problem> {
        let Some(file) = &self.passphrase_file else { return Ok(None) };
        let bytes = secret_file::read(file).map_err(NodeError::from)?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        let text = text.strip_suffix('\n').unwrap_or(text);
        let length = text.chars().count();
        if !(PASSPHRASE_CHARACTERS_MIN..=PASSPHRASE_CHARACTERS_MAX).contains(&length)
            || text.chars().any(char::is_control)
        {
            return Err(Problem(format!(
                "{}: must hold one line of {PASSPHRASE_CHARACTERS_MIN} to \
                 {PASSPHRASE_CHARACTERS_MAX} characters",
                file.display()
            )));
        }
        Ok(Some(Secret::new(text)))
    }

    fn place(&self) -> Result<Where, Problem> {
        place(&self.node)
    }
}

/// The node, where one answers.
pub(super) fn place(node: &WhichNode) -> Result<Where, Problem> {
    use std::io::ErrorKind::{ConnectionRefused, NotFound};
    let socket = ask::socket(node)?;
    match UnixStream::connect(&socket) {
        Ok(stream) => {
            stream.set_read_timeout(Some(ask::PATIENCE))?;
            stream.set_write_timeout(Some(ask::PATIENCE))?;
            Ok(Where::Node(stream))
        }
        Err(error)
            if node.socket.is_none() && matches!(error.kind(), NotFound | ConnectionRefused) =>
        {
            let _ = writeln!(std::io::stderr(), "no node runs here; the store itself is opened");
            Ok(Where::Here(Box::new(Config::load(&node.config)?)))
        }
        Err(error) => Err(ask::nobody(&socket, &error)),
    }
}
