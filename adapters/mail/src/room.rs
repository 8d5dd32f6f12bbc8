//! Who may hold mails in memory: a few mailboxes at once, and of one mail server fewer, so that one that stalls
//! leaves room to those of others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many mailboxes hold mails at once.
const MAILBOXES_MAX: usize = 8;
/// How many of them are of one mail server.
const OF_SERVER_MAX: usize = 3;

/// How many mails are made out of their bytes at once; that is work for the processors alone.
const READ_AT_ONCE: usize = 4;

/// The room that all mailboxes of a node share.
#[derive(Debug)]
pub(crate) struct Rooms {
    all: Arc<Semaphore>,
    reading: Arc<Semaphore>,
    /// By host; there are no more than settings ever named.
    servers: Mutex<BTreeMap<String, Arc<Semaphore>>>,
}

impl Default for Rooms {
    fn default() -> Self {
        let of = |places| Arc::new(Semaphore::new(places));
        Self { all: of(MAILBOXES_MAX), reading: of(READ_AT_ONCE), servers: Mutex::default() }
    }
}

impl Rooms {
    /// The room of mailboxes at that host.
    pub(crate) fn of(&self, host: &str) -> Room {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let of_server = servers
            .entry(host.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(OF_SERVER_MAX)));
        let (all, reading) = (Arc::clone(&self.all), Arc::clone(&self.reading));
        Room { of_server: Arc::clone(of_server), all, reading }
    }
}

/// Room for the mailboxes of one server.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    of_server: Arc<Semaphore>,
    all: Arc<Semaphore>,
    reading: Arc<Semaphore>,
}

/// A place in it, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _of_server: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Waits for a place: first among those of the same server, which take none from others meanwhile.
    pub(crate) async fn enter(&self) -> Held {
        let of_server = Arc::clone(&self.of_server).acquire_owned().await;
        let of_all = Arc::clone(&self.all).acquire_owned().await;
        Held { _of_server: of_server.ok(), _of_all: of_all.ok() }
    }

    /// Waits for a turn to make a mail out of its bytes, which ends when it is dropped.
    pub(crate) async fn turn_to_read(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.reading).acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn mail_01_a_server_that_stalls_leaves_room_to_the_mailboxes_of_others() {
        let rooms = Rooms::default();
        let (stalled, well) = (rooms.of("a.test"), rooms.of("b.test"));
        let mut held = Vec::new();
        for _ in 0..OF_SERVER_MAX {
            held.push(rooms.of("a.test").enter().await);
        }
        let full = tokio::time::timeout(Duration::from_millis(20), stalled.enter()).await;
        assert!(full.is_err(), "{full:?}");
        let mut others = Vec::new();
        for _ in 0..OF_SERVER_MAX {
            others.push(well.enter().await);
        }
        // Whoever waits at a full server holds no place of the others.
        assert_eq!(rooms.all.available_permits(), MAILBOXES_MAX - 2 * OF_SERVER_MAX);
        held.pop();
        stalled.enter().await;
    }
}
