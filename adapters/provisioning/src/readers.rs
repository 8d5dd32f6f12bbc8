//! Whoever reads from the disk: so many at once, since a folder of another machine may hang.
//!
//! Threads that wait for a disk are those of the whole process, and others need them too (passwords are checked
//! on them). A thread that hangs keeps its place until the disk answers, however long nobody waits for it any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Readers at once.
const READERS_MAX: usize = 32;
/// How long a file that is asked for waits for a reader.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// How long the disk may take to find it.
const READING_MAX: Duration = Duration::from_secs(30);

/// Why something was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRead {
    /// All readers wait for the disk.
    Busy,
    /// The disk takes too long, or there was a bug.
    Failed,
}

/// The readers of one folder.
#[derive(Clone, Debug)]
pub(crate) struct Readers(Arc<Semaphore>);

impl Default for Readers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(READERS_MAX)))
    }
}

impl Readers {
    /// Does that where it may take its time, but neither waits long for a reader nor for the disk.
    pub(crate) async fn read_soon<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotRead> {
        let reader = Arc::clone(&self.0).acquire_owned();
        let Ok(Ok(reader)) = timeout(WAIT_MAX, reader).await else { return Err(NotRead::Busy) };
        timeout(READING_MAX, with(reader, work)).await.unwrap_or(Err(NotRead::Failed))
    }

    /// Does that where it may take its time, however long; whoever calls has a limit of their own.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotRead> {
        let reader = Arc::clone(&self.0).acquire_owned().await;
        with(reader.map_err(|_| NotRead::Failed)?, work).await
    }
}

async fn with<T: Send + 'static>(
    reader: OwnedSemaphorePermit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotRead> {
    let work = move || {
        let _reader = reader;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| NotRead::Failed)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_keeps_so_many_threads_and_no_more() {
        let readers = Readers::default();
        let (hanging, ends): (Vec<_>, Vec<_>) = (0..READERS_MAX)
            .map(|_| {
                let (end, ended) = mpsc::channel::<()>();
                let readers = readers.clone();
                let hangs = move || ended.recv().is_err();
                (tokio::spawn(async move { readers.read(hangs).await }), end)
            })
            .unzip();
        while readers.0.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        // Time passes by itself where nobody but timers has anything to do; threads that hang keep it from that.
        let waiting = {
            let readers = readers.clone();
            tokio::spawn(async move { readers.read_soon(|| ()).await })
        };
        tokio::task::yield_now().await;
        tokio::time::advance(WAIT_MAX).await;
        assert_eq!(waiting.await.unwrap(), Err(NotRead::Busy));
        // Nobody waits for them any more, and they still take their threads.
        hanging.iter().for_each(tokio::task::JoinHandle::abort);
        for one in hanging {
            assert!(one.await.unwrap_err().is_cancelled());
        }
        assert_eq!(readers.0.available_permits(), 0);
        drop(ends);
        assert_eq!(readers.read(|| 7).await, Ok(7));
    }
}
