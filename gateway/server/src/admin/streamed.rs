//! What takes long or moves whole files over the admin socket: backup, restore, check.
//!
//! ```text
//!   {"id": 1, "do": "backup"}                 {"id": 2, "do": "restore"}
//!   {"id": 1, "stream": true}                 {"id": 2, "stream": true}
//!       <- parts: length (4 bytes), bytes         -> parts
//!       <- length 0                               -> length 0
//!   {"id": 1, "ok": {"rows": ..}}             {"id": 2, "told": "reading: 64 MB"}    now and then
//!                                             {"id": 2, "ok": {..}}
//! ```
//!
//! So files are read and written by whoever asks, and the node needs no right in their folders. What arrives is
//! kept in a file without a name until all of it is there, since it is read twice.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Actor, Deed, Secret};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::SILENCE;
use super::kept;
use super::protocol::{Answer, by_socket, read};
use crate::backup::{self, Wish, size};
use crate::node::Shared;
use crate::support_bundle;
use crate::words::with_causes;
use console::Failure;

/// The most characters of a passphrase.
pub(crate) const PASSPHRASE_CHARACTERS_MAX: usize = 1_024;
/// The most bytes of a part.
pub(crate) const PART_BYTES_MAX: u32 = 1024 * 1024;
/// The most bytes of a request here.
const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Parts that wait for the client to take them.
const PARTS_WAITING: usize = 4;
/// Between two words of how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// A request that is more than one line each way.
pub(super) struct Streamed {
    id: Value,
    asked: Asked,
}

enum Asked {
    Backup { passphrase: Option<Secret> },
    Restore { passphrase: Option<Secret>, wish: Wish },
    Check,
    SupportBundle { with_flight_recorder: bool },
}

impl Streamed {
    /// The request, where it is such a one; what is wrong with it otherwise.
    pub(super) fn of(line: &[u8]) -> Option<Result<Self, Answer>> {
        // Longer ones are settings, and are read once.
        if line.len() > REQUEST_BYTES_MAX {
            return None;
        }
        let Ok(Value::Object(mut members)) = serde_json::from_slice::<Value>(line) else {
            return None;
        };
        let deed = members.get("do").and_then(Value::as_str)?.to_owned();
        let id = members.remove("id").unwrap_or_default();
        members.remove("do");
        let members = Value::Object(members);
        let asked = match deed.as_str() {
            "backup" => {
                read(members, |reader| Some(Asked::Backup { passphrase: passphrase(reader) }))
            }
            "restore" => read(members, |reader| {
                let passphrase = passphrase(reader);
                let dry_run = reader.switch("dry_run").unwrap_or_default();
                let other_deployment = reader.switch("other_deployment").unwrap_or_default();
                Some(Asked::Restore { passphrase, wish: Wish { dry_run, other_deployment } })
            }),
            "store_check" => read(members, |_| Some(Asked::Check)),
            "support_bundle" => read(members, |reader| {
                let with_flight_recorder = kept::read_bundle(reader)?;
                Some(Asked::SupportBundle { with_flight_recorder })
            }),
            _ => return None,
        };
        Some(match asked {
            Ok(asked) => Ok(Self { id, asked }),
            Err(failure) => Err(Answer::of(id, Err(failure))),
        })
    }

    /// Does it and gives the last line. A client that breaks off is an error.
    pub(super) async fn answer(
        self,
        shared: &Arc<Shared>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<Answer> {
        let Self { id, asked } = self;
        let result = match asked {
            Asked::Backup { passphrase } => {
                line(to, &json!({"id": id, "stream": true})).await?;
                send_backup(shared, passphrase.as_ref(), to).await?
            }
            Asked::Restore { passphrase, wish } => {
                let spool = tokio::fs::File::from_std(spool(shared)?);
                line(to, &json!({"id": id, "stream": true})).await?;
                match receive(from, spool).await? {
                    Err(failure) => Err(failure),
                    Ok(file) => {
                        let (shared, progress) = (Arc::clone(shared), Progress::default());
                        let work = restore(shared, file, passphrase, wish, by(), progress.clone());
                        telling(work, &id, &progress, to).await?
                    }
                }
            }
            Asked::SupportBundle { with_flight_recorder: with } => {
                match support_bundle::made(shared, with) {
                    Err(error) => Err(unavailable(&error)),
                    Ok(bundle) => {
                        line(to, &json!({"id": id, "stream": true})).await?;
                        for part in bundle.chunks(256 * 1024) {
                            send_part(part, to).await?;
                        }
                        send_part(&[], to).await?;
                        shared.engine.tell_audit(by(), kept::bundle_made(with)).await;
                        Ok(json!({"bytes": bundle.len()}))
                    }
                }
            }
            Asked::Check => {
                let shared = Arc::clone(shared);
                let work = async move {
                    let found = shared.engine.check_store().await;
                    let found = found.map_err(|error| unavailable(&error))?;
                    Ok(backup::inspected(&found))
                };
                telling(work, &id, &Progress::default(), to).await?
            }
        };
        Ok(Answer::of(id, result))
    }
}

fn passphrase(reader: &mut domain::settings::Reader<'_>) -> Option<Secret> {
    reader.secret("passphrase", PASSPHRASE_CHARACTERS_MAX)
}

fn by() -> Actor {
    by_socket().by
}

fn unavailable(error: &dyn std::error::Error) -> Failure {
    Failure::new("unavailable", with_causes(error))
}

async fn line(to: &mut (impl AsyncWrite + Unpin), value: &Value) -> io::Result<()> {
    in_time(to.write_all(format!("{value}\n").as_bytes())).await
}

/// A client that takes or gives nothing is not waited for; the store's files are held open for it.
async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(SILENCE, work).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// One part; an empty one is the end.
async fn send_part(part: &[u8], to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    in_time(to.write_all(&length.to_be_bytes())).await?;
    in_time(to.write_all(part)).await
}

async fn send_backup(
    shared: &Shared,
    passphrase: Option<&Secret>,
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<Result<Value, Failure>> {
    let key = backup::key(passphrase, &shared.sealing);
    let (out, mut parts) = mpsc::channel::<Vec<u8>>(PARTS_WAITING);
    let writing = shared.engine.backup(key, crate::VERSION, out);
    let sending = async {
        // Dropped where the client is gone, which ends the writing.
        let mut parts = std::mem::replace(&mut parts, mpsc::channel(1).1);
        while let Some(part) = parts.recv().await {
            send_part(&part, to).await?;
        }
        send_part(&[], to).await
    };
    let (written, sent) = tokio::join!(writing, sending);
    sent?;
    Ok(match written {
        Ok(written) => {
            tracing::info!(event = "backup_written", bytes = written.bytes, "a backup was written");
            let deed = Deed::done("backup_written", "store").with("bytes", &written.bytes.into());
            shared.engine.tell_audit(by(), deed).await;
            Ok(json!({"rows": written.rows, "bytes": written.bytes}))
        }
        Err(error) => {
            let reason = with_causes(&error);
            tracing::warn!(event = "backup_failed", reason, "a backup was not written");
            Err(unavailable(&error))
        }
    })
}

/// A file without a name, which goes with the process whatever happens.
fn spool(shared: &Shared) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("restore-{}-{number}", std::process::id());
    let path = shared.config.state_directory.join(name);
    let _ = std::fs::remove_file(&path);
    let mut options = File::options();
    let file = options.create_new(true).read(true).write(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Keeps what the client sends. All of it is taken, so that the client hears of a full disk as well.
async fn receive(
    from: &mut (impl AsyncRead + Unpin),
    mut spool: tokio::fs::File,
) -> io::Result<Result<File, Failure>> {
    let mut kept = Ok(());
    loop {
        let length = in_time(from.read_u32()).await?;
        if length == 0 {
            break;
        }
        if length > PART_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut part = vec![0; usize::try_from(length).unwrap_or(0)];
        in_time(from.read_exact(&mut part)).await?;
        if kept.is_ok() {
            kept = spool.write_all(&part).await;
        }
    }
    let kept = match kept {
        Ok(()) => spool.flush().await,
        failed => failed,
    };
    Ok(match kept {
        Ok(()) => Ok(spool.into_std().await),
        Err(error) => {
            let why = format!("the backup cannot be kept in the state directory: {error}");
            Err(Failure::new("unavailable", why))
        }
    })
}

/// How far something is, in words.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Mutex<String>>);

impl Progress {
    fn set(&self, words: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    fn words(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Goes on whether the client stays or not, and tells it how far it is.
async fn telling(
    work: impl Future<Output = Result<Value, Failure>> + Send + 'static,
    id: &Value,
    progress: &Progress,
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<Result<Value, Failure>> {
    let mut working = tokio::spawn(work);
    loop {
        tokio::select! {
            done = &mut working => {
                return Ok(done.unwrap_or_else(|_| {
                    Err(Failure::new("unavailable", "it broke off; see the log"))
                }));
            }
            () = sleep(TOLD_EVERY) => {
                line(to, &json!({"id": id, "told": progress.words()})).await?;
            }
        }
    }
}

/// Replaces what is kept here by a backup, or says what would be; one that is refused is told as well.
pub(super) async fn restore(
    shared: Arc<Shared>,
    file: File,
    passphrase: Option<Secret>,
    wish: Wish,
    by: Actor,
    progress: Progress,
) -> Result<Value, Failure> {
    let (engine, is_meant) = (Arc::clone(&shared.engine), !wish.dry_run);
    let result = restored(shared, file, passphrase, wish, by.clone(), progress).await;
    if let Err(failure) = &result
        && is_meant
    {
        let deed = Deed::done("backup_restored", "store").with_outcome(&failure.code);
        engine.tell_audit(by, deed).await;
    }
    result
}

async fn restored(
    shared: Arc<Shared>,
    file: File,
    passphrase: Option<Secret>,
    wish: Wish,
    by: Actor,
    progress: Progress,
) -> Result<Value, Failure> {
    let key = || backup::key(passphrase.as_ref(), &shared.sealing);
    let (reading, key_for_reading) = (file.try_clone(), key());
    let telling = progress.clone();
    let inspected = tokio::task::spawn_blocking(move || {
        let mut reading = reading?;
        io::Seek::rewind(&mut reading)?;
        store::inspect(reading, &key_for_reading, &mut |bytes| {
            telling.set(format!("reading: {}", size(bytes)));
        })
    });
    let inside = inspected.await.unwrap_or(Err(store::BackupError::BrokenOff));
    let inside = inside.map_err(|error| Failure::new("wrong_backup", with_causes(&error)))?;
    let kinship = shared.engine.kinship(inside.inspection.deployment.as_ref()).await?;
    let mut answer = json!({
        "inside": backup::told(&inside),
        "warning": backup::warning(kinship),
        "refused": backup::refused(&inside, kinship, wish),
    });
    if wish.dry_run {
        progress.set("looking at what is there".to_owned());
        let present = shared.engine.check_store().await.map_err(|error| unavailable(&error))?;
        add(&mut answer, "replaces", json!(backup::replaced(&present)));
        return Ok(answer);
    }
    if let Some(why) = backup::refused(&inside, kinship, wish) {
        return Err(Failure::new("refused", why));
    }
    progress.set("replacing".to_owned());
    match shared.engine.restore(file, key(), by, &inside.origin).await {
        Ok(epoch) => {
            let (node, at) = (&inside.origin.node, backup::when(inside.origin.at));
            tracing::warn!(
                event = "backup_restored",
                epoch,
                from = node,
                at,
                "a backup was restored"
            );
            add(&mut answer, "epoch", json!(epoch));
            Ok(answer)
        }
        Err(error) => {
            let reason = with_causes(&error);
            tracing::error!(event = "restore_failed", reason, "a backup was not restored");
            Err(unavailable(&error))
        }
    }
}

fn add(answer: &mut Value, name: &str, value: Value) {
    if let Some(members) = answer.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
