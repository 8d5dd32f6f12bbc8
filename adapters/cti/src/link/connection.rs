//! A side's connection: its session, what is read for it, and the task that writes for it.

use std::time::Instant;

use protocols::cti::{Counts, Output, Session, SessionSettings, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Pieces that may wait for a peer that does not read.
const WRITES_MAX: usize = 4_096;
/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

/// A side's connection and session.
pub(super) struct Connection {
    pub(super) session: Session,
    read: OwnedReadHalf,
    pub(super) writes: mpsc::Sender<Vec<u8>>,
    pub(super) buffer: Vec<u8>,
    /// What the session had met when it was last told.
    pub(super) told: Counts,
    writer: JoinSet<()>,
}

impl Connection {
    /// A session over a connection that was just made.
    pub(super) fn new(
        stream: TcpStream,
        settings: SessionSettings,
        now: Instant,
    ) -> std::io::Result<Self> {
        // A dead link is dropped at once, and small messages do not wait for each other.
        stream.set_nodelay(true)?;
        stream.set_zero_linger()?;
        let session = Session::new(settings, now);
        let session = session.map_err(|error| std::io::Error::other(error.to_string()))?;
        let (read, write) = stream.into_split();
        let (writes, waiting) = mpsc::channel(WRITES_MAX);
        let mut writer = JoinSet::new();
        writer.spawn(write_all(write, waiting));
        let (buffer, told) = (vec![0; READ_BYTES], Counts::default());
        Ok(Self { session, read, writes, buffer, told, writer })
    }

    /// Takes leave of the server, and waits for its answer.
    pub(super) async fn close(mut self, now: Instant) {
        self.session.close(now, Status::NONE);
        while let Some(output) = self.session.poll() {
            if let Output::Transmit(bytes) = output {
                // Whoever does not read is not told.
                let _ = self.writes.try_send(bytes);
            }
        }
        drop(self.writes);
        while self.writer.join_next().await.is_some() {}
        // The server's answer, so that the reset does not overtake our farewell.
        let _ = self.read.read(&mut [0; 64]).await;
    }
}

/// What comes next from a side; nothing ever from one that is not connected.
pub(super) async fn read(connection: Option<&mut Connection>) -> std::io::Result<usize> {
    match connection {
        Some(Connection { read, buffer, .. }) => read.read(buffer).await,
        None => std::future::pending().await,
    }
}

async fn write_all(mut write: OwnedWriteHalf, mut waiting: mpsc::Receiver<Vec<u8>>) {
    while let Some(mut bytes) = waiting.recv().await {
        while let Ok(more) = waiting.try_recv() {
            bytes.extend(more);
        }
        if write.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
