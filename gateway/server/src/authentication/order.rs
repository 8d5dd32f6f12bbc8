//! Tries for one account run one after another, in the order they came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many may wait for one account.
const WAITING_MAX: usize = 8;
/// So many accounts may have tries in hand.
const ACCOUNTS_MAX: usize = 4_096;
/// Names are cut here as keys; a longer one is no account anyway.
const NAME_BYTES_MAX: usize = 64;

/// The accounts with a try in hand.
#[derive(Debug, Default)]
pub(super) struct Order {
    accounts: Arc<Mutex<HashMap<Vec<u8>, Line>>>,
}

#[derive(Debug)]
struct Line {
    turn: Arc<Semaphore>,
    there: usize,
}

/// A turn; the next one begins when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    permit: Option<OwnedSemaphorePermit>,
    name: Vec<u8>,
    accounts: Arc<Mutex<HashMap<Vec<u8>, Line>>>,
}

impl Order {
    /// Waits for this account's turn; `None` where too many wait already.
    pub(super) async fn wait(&self, account: &str) -> Option<Turn> {
        let name: Vec<u8> = account.bytes().take(NAME_BYTES_MAX).collect();
        let semaphore = {
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            if accounts.len() >= ACCOUNTS_MAX && !accounts.contains_key(&name) {
                return None;
            }
            let line = accounts
                .entry(name.clone())
                .or_insert_with(|| Line { turn: Arc::new(Semaphore::new(1)), there: 0 });
            if line.there > WAITING_MAX {
                return None;
            }
            line.there += 1;
            Arc::clone(&line.turn)
        };
        // Made before waiting, so that whoever gives up waiting leaves the line too.
        let accounts = Arc::clone(&self.accounts);
        let mut turn = Turn { permit: None, name, accounts };
        turn.permit = Some(semaphore.acquire_owned().await.ok()?);
        Some(turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = accounts.get_mut(&self.name) {
            line.there -= 1;
            if line.there == 0 {
                accounts.remove(&self.name);
            }
        }
        self.permit.take();
    }
}
