//! Whole files in memory, each once, and not more of them than there is room for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use crate::ServedFile;
use crate::stamp::Stamp;

/// A place counts so many bytes, since a semaphore counts in 32 bits at a time.
const PLACE_BYTES: u64 = 1_024;

/// How long the disk may take for a whole file.
const READING_MAX: Duration = Duration::from_secs(60);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoBody {
    /// There is no room for it now.
    Full,
    /// It cannot be read.
    Unreadable,
}

/// A file in memory, as long as anybody is sent it.
struct Body {
    content: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

type Cell = OnceCell<Body>;

/// What an answer holds on to.
struct Sent(Arc<Cell>);

impl AsRef<[u8]> for Sent {
    fn as_ref(&self) -> &[u8] {
        self.0.get().map_or(&[], |body| &body.content)
    }
}

/// Files that are being sent.
pub(super) struct Bodies {
    room: Arc<Semaphore>,
    in_hand: Mutex<HashMap<Stamp, Weak<Cell>>>,
}

impl Bodies {
    pub(super) fn new(bytes_max: u64) -> Self {
        let places = usize::try_from(bytes_max.div_ceil(PLACE_BYTES)).unwrap_or(usize::MAX);
        let room = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Self { room, in_hand: Mutex::default() }
    }

    /// The whole file. One that was made for a phone is in memory already, and counts all the same: whoever takes
    /// it slowly keeps it there.
    pub(super) async fn of(&self, file: &ServedFile) -> Result<Bytes, NoBody> {
        let Some(stamp) = file.stamp() else {
            return self.read(file).await.map(Bytes::from_owner);
        };
        let cell = self.cell(stamp);
        cell.get_or_try_init(|| self.read(file)).await?;
        Ok(Bytes::from_owner(Sent(cell)))
    }

    fn cell(&self, stamp: Stamp) -> Arc<Cell> {
        let mut in_hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = in_hand.get(&stamp).and_then(Weak::upgrade) {
            return cell;
        }
        in_hand.retain(|_, cell| cell.strong_count() > 0);
        let cell = Arc::new(Cell::new());
        in_hand.insert(stamp, Arc::downgrade(&cell));
        cell
    }

    async fn read(&self, file: &ServedFile) -> Result<Body, NoBody> {
        let places = u32::try_from(file.length().div_ceil(PLACE_BYTES)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(places);
        let room = room.map_err(|_| NoBody::Full)?;
        let content = tokio::time::timeout(READING_MAX, file.piece(0, usize::MAX)).await;
        let content = content.map_err(|_| NoBody::Unreadable)?.map_err(|_| NoBody::Unreadable)?;
        Ok(Body { content, _room: room })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::tests::{Place, SOURCE};
    use crate::{Files, Via};

    #[tokio::test]
    async fn phones_that_load_the_same_file_at_once_share_it_and_room_comes_back() {
        let place = Place::new();
        place.write("a", &"a".repeat(10_000));
        place.write("b", &"b".repeat(10_000));
        let (files, _) = place.served(u64::MAX);
        let open = |name| files.open(SOURCE, name, Via::Http);
        let bodies = Bodies::new(10 * PLACE_BYTES);
        let first = bodies.of(&open("a").await.unwrap()).await.unwrap();
        let second = bodies.of(&open("a").await.unwrap()).await.unwrap();
        assert_eq!((first.as_ptr(), first.len()), (second.as_ptr(), 10_000));
        let full = bodies.of(&open("b").await.unwrap()).await;
        assert_eq!(full.err(), Some(NoBody::Full));
        drop(first);
        assert_eq!(bodies.of(&open("b").await.unwrap()).await.err(), Some(NoBody::Full));
        drop(second);
        let other = bodies.of(&open("b").await.unwrap()).await.unwrap();
        assert!(other.iter().all(|byte| *byte == b'b'));
        assert_eq!(bodies.in_hand.lock().unwrap().len(), 1);
        // A changed file is another one.
        drop(other);
        place.write("b", "c");
        assert_eq!(bodies.of(&open("b").await.unwrap()).await.unwrap(), "c");
    }

    #[tokio::test]
    async fn files_that_were_made_for_phones_take_their_room_too() {
        let bodies = Bodies::new(2 * PLACE_BYTES);
        let made = |bytes: usize| ServedFile::made(vec![7; bytes].into());
        let one = bodies.of(&made(1_000)).await.unwrap();
        let two = bodies.of(&made(1_000)).await.unwrap();
        assert_eq!((one.len(), two.len()), (1_000, 1_000));
        assert_eq!(bodies.of(&made(1)).await.err(), Some(NoBody::Full));
        let part = one.slice(10..20);
        drop(one);
        assert_eq!(bodies.of(&made(1)).await.err(), Some(NoBody::Full));
        drop(part);
        assert_eq!(bodies.of(&made(1)).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn an_empty_file_is_a_body_too() {
        let place = Place::new();
        place.write("empty", "");
        let (files, _) = place.served(u64::MAX);
        let file = files.open(SOURCE, "empty", Via::Http).await.unwrap();
        assert!(Bodies::new(0).of(&file).await.unwrap().is_empty());
    }
}
