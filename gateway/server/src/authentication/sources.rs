//! How many tries each source has left, which accounts failed from there and which were right.
//!
//! A try is taken before it is made and given back unless it fails, so that many at once get no
//! more than one after another. What is tried beyond the share is owed, within a limit.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use ring::digest;
use tokio::sync::Semaphore;

use super::is_recent;
use crate::source::Source;

/// Failed tries a source may make at once.
const BURST: f64 = 50.0;
/// Failed tries a source gets back in a second.
const REFILL: f64 = 5.0;
/// Failed tries that a source may owe.
const DEBT_MAX: f64 = 50.0;
/// Sources that are looked after at once.
const SOURCES_MAX: usize = 8_192;
/// Accounts noted as failed from one source.
const FAILED_MAX: usize = 256;
/// Accounts noted as right, each with the source.
const RIGHT_MAX: usize = 65_536;
/// How long an account is noted as right: a shift and the night after it.
const RIGHT_LASTING: Duration = Duration::from_secs(86_400);

/// Tries by source.
#[derive(Debug, Default)]
pub(super) struct Sources(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    shares: HashMap<Source, Share>,
    right: HashMap<(Source, Name), Timestamp>,
}

/// Enough of a digest to tell accounts apart; their names may be long and are personal.
type Name = [u8; 8];

/// How a source stands for a try with an account.
#[derive(Debug)]
pub(super) enum Standing {
    /// It may be made now.
    Good(Taken),
    /// The source's share is gone.
    UsedUp {
        /// Whether that account failed from there lately.
        failed_before: bool,
        /// Where tries of that source wait for each other.
        lane: Arc<Semaphore>,
    },
}

/// A try that was taken from a source's share; dropped, it is given back.
#[derive(Debug)]
pub(super) struct Taken {
    sources: Arc<Sources>,
    source: Source,
    account: Name,
    tries: f64,
}

#[derive(Debug)]
struct Share {
    tries: f64,
    at: Timestamp,
    failed: VecDeque<Name>,
    lane: Arc<Semaphore>,
}

impl Sources {
    /// Takes a try with that account from the share of `source`, or what is left of it to do.
    /// Accounts that were right from there lately may owe it.
    pub(super) fn take(
        self: &Arc<Self>,
        source: Source,
        account: &str,
        now: Timestamp,
    ) -> Standing {
        let account = short(account);
        let mut tables = self.lock();
        let was_right = tables
            .right
            .get(&(source, account))
            .is_some_and(|at| is_recent(*at, now, RIGHT_LASTING));
        let share = tables.share(source, now);
        if share.tries >= 1.0 || was_right {
            let tries = share.take();
            return Standing::Good(self.taken(source, account, tries));
        }
        let failed_before = share.failed.contains(&account);
        Standing::UsedUp { failed_before, lane: Arc::clone(&share.lane) }
    }

    /// A try beyond the share, which the source owes.
    pub(super) fn owe(self: &Arc<Self>, source: Source, account: &str) -> Taken {
        let tries = self.lock().shares.get_mut(&source).map_or(0.0, Share::take);
        self.taken(source, short(account), tries)
    }

    /// Whether a try with that account failed from there lately.
    pub(super) fn failed_before(&self, source: Source, account: &str) -> bool {
        let tables = self.lock();
        tables.shares.get(&source).is_some_and(|share| share.failed.contains(&short(account)))
    }

    fn taken(self: &Arc<Self>, source: Source, account: Name, tries: f64) -> Taken {
        Taken { sources: Arc::clone(self), source, account, tries }
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// The try failed: it stays taken, and its account is noted.
    pub(super) fn failed(mut self) {
        self.tries = 0.0;
        let mut tables = self.sources.lock();
        tables.right.remove(&(self.source, self.account));
        let Some(share) = tables.shares.get_mut(&self.source) else { return };
        if !share.failed.contains(&self.account) {
            if share.failed.len() >= FAILED_MAX {
                share.failed.pop_front();
            }
            share.failed.push_back(self.account);
        }
    }

    /// The password was right: the try is given back, and the account noted as at home there.
    pub(super) fn right(self, now: Timestamp) {
        let mut tables = self.sources.lock();
        let key = (self.source, self.account);
        if tables.right.len() >= RIGHT_MAX && !tables.right.contains_key(&key) {
            tables.right.retain(|_, at| is_recent(*at, now, RIGHT_LASTING));
            if tables.right.len() >= RIGHT_MAX {
                return;
            }
        }
        tables.right.insert(key, now);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.tries > 0.0
            && let Some(share) = self.sources.lock().shares.get_mut(&self.source)
        {
            share.tries = (share.tries + self.tries).min(BURST);
        }
    }
}

impl Tables {
    fn share(&mut self, source: Source, now: Timestamp) -> &mut Share {
        if self.shares.len() >= SOURCES_MAX && !self.shares.contains_key(&source) {
            self.shares.retain(|_, share| {
                share.refill(now);
                share.tries < BURST
            });
            // Still full of failing sources: the one with the most tries left makes room.
            if self.shares.len() >= SOURCES_MAX {
                let most = self.shares.iter().max_by(|a, b| a.1.tries.total_cmp(&b.1.tries));
                if let Some(most) = most.map(|(source, _)| *source) {
                    self.shares.remove(&most);
                }
            }
        }
        let share = self.shares.entry(source).or_insert_with(|| Share {
            tries: BURST,
            at: now,
            failed: VecDeque::new(),
            lane: Arc::new(Semaphore::new(1)),
        });
        share.refill(now);
        share
    }
}

impl Share {
    fn refill(&mut self, now: Timestamp) {
        self.tries = (self.tries + now.since(self.at).as_secs_f64() * REFILL).min(BURST);
        self.at = now;
        if self.tries >= BURST {
            self.failed.clear();
        }
    }

    /// Takes a try; how much of one was taken, within the debt that is allowed.
    fn take(&mut self) -> f64 {
        let before = self.tries;
        self.tries = (self.tries - 1.0).max(-DEBT_MAX);
        before - self.tries
    }
}

fn short(account: &str) -> Name {
    let digest = digest::digest(&digest::SHA256, account.as_bytes());
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}
