//! Backups kept on this node's disk, for administrators who have no shell on it.
//!
//! ```text
//!   state directory/backups/   mode 0700
//!     backup-20260601T120000Z.jackfield   mode 0600, encrypted; written under another name first
//! ```
//!
//! Files from elsewhere may be put there and restored by name. There are at most [`BACKUPS_MAX`]; whoever
//! wants another deletes one first.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use console::{Archive, Context, Failure};
use domain::settings::Reader;
use domain::{Deed, Secret};
use engine::surface::{BrokenOff, Source};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::people;
use super::streamed::{PASSPHRASE_CHARACTERS_MAX, Progress, restore};
use crate::backup::{self, Wish};
use crate::node::Shared;
use crate::secret_file::make_folder;
use crate::words::with_causes;

/// The most backups on one node.
pub(super) const BACKUPS_MAX: usize = 20;
/// The end of their names.
const ENDING: &str = ".jackfield";
/// Parts that wait to be written.
const PARTS_WAITING: usize = 4;
/// The fewest characters of a new passphrase.
const PASSPHRASE_CHARACTERS_MIN: usize = 12;
/// So much stays free beside twice the size of the store.
const SPARE_BYTES: u64 = 256 * 1024 * 1024;
/// So much of a file is sent at once.
const PIECE_BYTES: usize = 64 * 1024;
/// The most characters of a name.
const NAME_CHARACTERS_MAX: usize = 64;

/// A backup by its name, and what opens it.
pub(super) struct Named {
    name: String,
    passphrase: Option<Secret>,
    wish: Wish,
}

/// Whether a name is one file of the folder, and nothing else.
fn is_plain(name: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    name.chars().all(is_plain) && !name.starts_with('.') && name.ends_with(ENDING)
}

/// Reads the name of a backup.
pub(super) fn read_named(reader: &mut Reader<'_>) -> Option<Named> {
    let name = reader.named("name", NAME_CHARACTERS_MAX)?;
    if !is_plain(&name) {
        let message = format_args!(
            "must be a name of letters, digits, '-', '_' and '.' that ends in {ENDING}, without folders"
        );
        reader.problem("name", message);
        return None;
    }
    let passphrase = read_passphrase(reader);
    let dry_run = reader.switch("dry_run").unwrap_or_default();
    let other_deployment = reader.switch("other_deployment").unwrap_or_default();
    Some(Named { name, passphrase, wish: Wish { dry_run, other_deployment } })
}

pub(super) fn read_passphrase(reader: &mut Reader<'_>) -> Option<Secret> {
    reader.secret("passphrase", PASSPHRASE_CHARACTERS_MAX)
}

/// The passphrase of a new backup, which is worth its length.
pub(super) fn read_new_passphrase(reader: &mut Reader<'_>) -> Option<Secret> {
    let passphrase = read_passphrase(reader)?;
    if passphrase.expose().chars().count() < PASSPHRASE_CHARACTERS_MIN {
        let message = format_args!("must have at least {PASSPHRASE_CHARACTERS_MIN} characters");
        reader.problem("passphrase", message);
    }
    Some(passphrase)
}

/// The backups there are, newest first.
pub(super) async fn list(shared: &Shared) -> Result<Value, Failure> {
    let folder = folder(shared);
    let listed = blocking(move || found(&folder)).await?;
    Ok(json!({"backups": listed, "most": BACKUPS_MAX}))
}

/// When the newest one was made, in seconds since 1970; `None` where there is none.
pub(crate) async fn newest(shared: &Shared) -> Result<Option<i64>, Failure> {
    let folder = folder(shared);
    let listed = blocking(move || found(&folder)).await?;
    Ok(listed.first().and_then(|newest| newest.get("at")?.as_i64()))
}

/// Makes one of what is so now.
pub(super) async fn make(
    shared: &Arc<Shared>,
    passphrase: Option<Secret>,
    context: &Context,
) -> Result<Value, Failure> {
    let Ok(_one) = shared.backing_up.try_lock() else {
        return Err(Failure::new("busy", "a backup is being made already; wait for its end"));
    };
    let folder = folder(shared);
    let place = folder.clone();
    let (there, free_bytes) = blocking(move || {
        make_folder(&place)?;
        sweep(&place)?;
        let disk = rustix::fs::statvfs(&place)?;
        Ok((found(&place)?, disk.f_bavail.saturating_mul(disk.f_frsize)))
    })
    .await?;
    check_room(free_bytes, shared.engine.store_growth().sizes.bytes)?;
    if there.len() >= BACKUPS_MAX {
        let message = format!("there are {BACKUPS_MAX} backups on this node; delete one first");
        return Err(Failure::new("too_many", message));
    }
    let at = backup::when(shared.engine.now()).replace([':', '-'], "");
    let at: String = at.chars().filter(char::is_ascii_alphanumeric).collect();
    let number: String = super::fresh_number()?.chars().take(6).collect();
    let name = format!("backup-{at}-{number}{ENDING}");
    let (path, fresh) = (folder.join(&name), folder.join(format!(".{name}")));
    let (out, mut parts) = mpsc::channel::<Vec<u8>>(PARTS_WAITING);
    let key = backup::key(passphrase.as_ref(), &shared.sealing);
    let writing = shared.engine.backup(key, crate::VERSION, out);
    let target = fresh.clone();
    let keeping = tokio::task::spawn_blocking(move || -> io::Result<()> {
        let mut file = File::options().create_new(true).write(true).mode(0o600).open(&target)?;
        while let Some(part) = parts.blocking_recv() {
            file.write_all(&part)?;
        }
        file.sync_all()
    });
    let (written, kept) = tokio::join!(writing, keeping);
    let kept = kept.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    let result = match (written, kept) {
        (Ok(written), Ok(())) => {
            std::fs::rename(&fresh, &path).map(|()| written).map_err(|error| unavailable(&error))
        }
        (_, Err(error)) => Err(unavailable(&error)),
        (Err(error), Ok(())) => Err(unavailable(&error)),
    };
    let outcome = if result.is_ok() { "done" } else { "failed" };
    let deed = Deed::done("backup_written", format!("backups/{name}")).with_outcome(outcome);
    people::note(shared, context, deed).await;
    match result {
        Ok(written) => Ok(json!({"name": name, "bytes": written.bytes, "rows": written.rows})),
        Err(failure) => {
            let _ = std::fs::remove_file(&fresh);
            Err(failure)
        }
    }
}

/// Removes one.
pub(super) async fn delete(
    shared: &Shared,
    named: Named,
    context: &Context,
) -> Result<Value, Failure> {
    let path = folder(shared).join(&named.name);
    match std::fs::remove_file(&path) {
        Ok(()) => {
            let deed = Deed::done("backup_deleted", format!("backups/{}", named.name));
            people::note(shared, context, deed).await;
            Ok(json!({}))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing(&named.name)),
        Err(error) => Err(unavailable(&error)),
    }
}

/// The file of one, for a browser; that it was asked for stands in the audit log before its first byte leaves.
pub(crate) async fn archive(
    shared: &Shared,
    name: &str,
    context: &Context,
) -> Result<Archive, Failure> {
    if name.len() > NAME_CHARACTERS_MAX || !is_plain(name) {
        return Err(missing("of that name"));
    }
    let file = open(shared, name)?;
    let bytes = file.metadata().map_err(|error| unavailable(&error))?.len();
    let deed = Deed::done("backup_downloaded", format!("backups/{name}"));
    people::note(shared, context, deed).await;
    Ok(Archive { bytes, pieces: Box::new(Reading(Some(file))) })
}

/// A file that is read as it is sent.
struct Reading(Option<File>);

#[async_trait]
impl Source for Reading {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        let mut file = self.0.take()?;
        let read = blocking(move || {
            let mut piece = vec![0; PIECE_BYTES];
            let length = file.read(&mut piece)?;
            piece.truncate(length);
            Ok((file, piece))
        });
        match read.await {
            Ok((_, piece)) if piece.is_empty() => None,
            Ok((file, piece)) => {
                self.0 = Some(file);
                Some(Ok(Bytes::from(piece)))
            }
            Err(_) => Some(Err(BrokenOff)),
        }
    }
}

/// Reads one to its end and tells what is inside.
pub(super) async fn verify(shared: &Shared, named: Named) -> Result<Value, Failure> {
    let file = open(shared, &named.name)?;
    let key = backup::key(named.passphrase.as_ref(), &shared.sealing);
    let read = tokio::task::spawn_blocking(move || store::inspect(file, &key, &mut |_| {}));
    let inside = read.await.unwrap_or(Err(store::BackupError::BrokenOff));
    let inside = inside.map_err(|error| Failure::new("wrong_backup", with_causes(&error)))?;
    Ok(backup::told(&inside))
}

/// Puts one in the place of what there is.
pub(super) async fn replace(
    shared: &Arc<Shared>,
    named: Named,
    context: &Context,
) -> Result<Value, Failure> {
    let file = open(shared, &named.name)?;
    let Named { passphrase, wish, .. } = named;
    let by = context.by.clone();
    restore(Arc::clone(shared), file, passphrase, wish, by, Progress::default()).await
}

/// Removes what backups left that never came to their end. None is under way.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(".backup-") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A disk that a backup fills up may be the store's own.
fn check_room(free_bytes: u64, store_bytes: u64) -> Result<(), Failure> {
    let wanted = store_bytes.saturating_mul(2).saturating_add(SPARE_BYTES);
    if free_bytes >= wanted {
        return Ok(());
    }
    let mebibytes = |bytes: u64| bytes / 1024 / 1024;
    let message = format!(
        "the disk of the state directory has {} MiB free, and {} MiB are wanted for a backup; make \
         room, or write it elsewhere with jackfield backup",
        mebibytes(free_bytes),
        mebibytes(wanted)
    );
    Err(Failure::new("refused", message))
}

fn open(shared: &Shared, name: &str) -> Result<File, Failure> {
    let path = folder(shared).join(name);
    // A link could lead out of the folder.
    let is_file = std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    match File::open(&path) {
        Ok(file) if is_file => Ok(file),
        _ => Err(missing(name)),
    }
}

fn missing(name: &str) -> Failure {
    Failure::new("not_found", format!("there is no backup {name}"))
}

fn folder(shared: &Shared) -> PathBuf {
    shared.config.state_directory.join("backups")
}

fn found(folder: &Path) -> io::Result<Vec<Value>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let data = entry.metadata()?;
        if data.is_file() && name.ends_with(ENDING) && !name.starts_with('.') {
            let at =
                data.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            found.push((
                at,
                json!({
                    "name": name,
                    "bytes": data.len(),
                    "at": at.map(|at| at.as_secs()),
                }),
            ));
        }
    }
    found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(found.into_iter().map(|(_, told)| told).collect())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())).map_err(|error| unavailable(&error))
}

fn unavailable(error: &dyn std::error::Error) -> Failure {
    Failure::new("unavailable", with_causes(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_broken_off_backups_left_is_swept_and_nothing_else() {
        let folder = crate::temporary::Folder::new();
        for name in [".backup-1.jackfield", "backup-2.jackfield", ".other"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        sweep(folder.path()).unwrap();
        let left = std::fs::read_dir(folder.path()).unwrap();
        let mut left: Vec<_> = left.map(|it| it.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".other", "backup-2.jackfield"]);
    }

    #[test]
    fn a_backup_leaves_room_for_the_store() {
        assert!(check_room(SPARE_BYTES + 20, 10).is_ok());
        assert_eq!(check_room(SPARE_BYTES + 19, 10).unwrap_err().code, "refused");
        assert!(check_room(u64::MAX - 1, u64::MAX).is_err());
    }
}
