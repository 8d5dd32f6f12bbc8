//! The local admin socket: what the command line asks of a running node.
//!
//! A Unix socket below the state directory, mode 0600: who may open it may do everything on it.
//! Requests and answers are lines of JSON; see [`protocol`]. Clients are few, lines are bounded.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::node::{NodeError, Shared};
use crate::secret_file;

mod about;
mod agent_phone;
mod agents;
pub(crate) mod backups;
mod certificates;
mod cti;
mod deeds;
mod device_states;
mod digital;
mod directories;
mod flight_recorder;
mod headset_phones;
mod headsets;
mod identity;
mod kept;
pub(crate) mod mail_tests;
mod overview;
pub(crate) mod people;
mod phones;
pub(crate) mod protocol;
mod secrets;
pub(crate) mod status;
pub(crate) mod streamed;

pub(crate) use agents::fresh_number;
pub(crate) use backups::newest as newest_backup;
pub(crate) use identity::take_metadata;
pub(crate) use overview::parts;
use protocol::{Answer, LINE_BYTES_MAX};
use streamed::Streamed;

/// Clients at once.
const CLIENTS_MAX: usize = 16;
/// How long a client may say nothing, and how long it may take to take an answer.
const SILENCE: Duration = Duration::from_secs(60);

/// The socket, made but not served yet.
pub(crate) struct Socket {
    listener: UnixListener,
}

impl Socket {
    /// Makes the socket; one left by a process that is gone is replaced.
    pub(crate) fn bind(path: &Path) -> Result<Self, NodeError> {
        let error = |source| NodeError::Admin { path: path.to_owned(), source };
        match StdUnixStream::connect(path) {
            Ok(_) => {
                let source = io::Error::new(
                    io::ErrorKind::AddrInUse,
                    "another process answers there; is this node running already?",
                );
                return Err(error(source));
            }
            Err(found) if found.kind() == io::ErrorKind::NotFound => {}
            Err(_) => std::fs::remove_file(path).map_err(error)?,
        }
        // Made in a folder of its own and moved, so that it is never there with a wider mode. Its
        // path there is no longer than in its place, where sockets have little room.
        let folder = path.with_extension("");
        let fresh = folder.join("sock");
        match std::fs::remove_file(&fresh) {
            Err(found) if found.kind() != io::ErrorKind::NotFound => return Err(error(found)),
            _ => {}
        }
        secret_file::make_folder(&folder).map_err(error)?;
        let mode = PermissionsExt::from_mode;
        std::fs::set_permissions(&folder, mode(0o700)).map_err(error)?;
        let listener = UnixListener::bind(&fresh).map_err(error)?;
        std::fs::set_permissions(&fresh, mode(0o600)).map_err(error)?;
        std::fs::rename(&fresh, path).map_err(error)?;
        std::fs::remove_dir(&folder).map_err(error)?;
        Ok(Self { listener })
    }

    /// Answers clients until `stop` becomes true.
    pub(crate) async fn serve(self, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
        let clients = Arc::new(Semaphore::new(CLIENTS_MAX));
        loop {
            let accepted = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "an admin client was not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(turn) = Arc::clone(&clients).try_acquire_owned() else {
                tracing::warn!("an admin client was turned away: too many at once");
                continue;
            };
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                if let Err(error) = converse(&shared, stream).await {
                    tracing::debug!(%error, "an admin client is gone");
                }
                drop(turn);
            });
        }
    }
}

async fn converse(shared: &Arc<Shared>, stream: UnixStream) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let answer = match timeout(SILENCE, read_line(&mut read)).await {
            Ok(Ok(Some(line))) => match Streamed::of(&line) {
                Some(Ok(streamed)) => streamed.answer(shared, &mut read, &mut write).await?,
                Some(Err(answer)) => answer,
                None => protocol::answer(shared, &line).await,
            },
            Ok(Ok(None)) | Err(_) => return Ok(()),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                let answer =
                    Answer::malformed(&format!("a line has at most {LINE_BYTES_MAX} bytes"));
                write.write_all(answer.line().as_bytes()).await?;
                return Ok(());
            }
            Ok(Err(error)) => return Err(error),
        };
        let written = timeout(SILENCE, write.write_all(answer.line().as_bytes())).await;
        written.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    }
}

/// One line without its end; `None` at the end of the stream.
async fn read_line(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    stream.take(limit + 1).read_until(b'\n', &mut line).await?;
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(line));
    }
    if line.len() > LINE_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(None)
}
