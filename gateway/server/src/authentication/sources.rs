//! How many failed tries each source has left, and which accounts failed from there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;
use ring::digest;

use crate::source::Source;

/// Failed tries a source may make at once.
const BURST: f64 = 50.0;
/// Failed tries a source gets back in a second.
const REFILL: f64 = 5.0;
/// Sources that are looked after at once.
const SOURCES_MAX: usize = 8_192;
/// Accounts noted as failed from one source.
const FAILED_MAX: usize = 256;

/// Failed tries by source.
#[derive(Debug, Default)]
pub(super) struct Sources(Mutex<HashMap<Source, Failures>>);

/// How a source stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has tries left.
    Good,
    /// It has none left.
    UsedUp {
        /// Whether that account failed from there lately.
        failed_before: bool,
    },
}

#[derive(Debug)]
struct Failures {
    tries: f64,
    at: Timestamp,
    accounts: VecDeque<[u8; 8]>,
}

impl Sources {
    /// How `source` stands for a try with that account.
    pub(super) fn standing(&self, source: Source, account: &str, now: Timestamp) -> Standing {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failures) = sources.get_mut(&source) else { return Standing::Good };
        failures.refill(now);
        if failures.tries >= 1.0 {
            return Standing::Good;
        }
        let failed_before = failures.accounts.contains(&short(account));
        Standing::UsedUp { failed_before }
    }

    /// Notes that a try with that account failed.
    pub(super) fn failed(&self, source: Source, account: &str, now: Timestamp) {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= SOURCES_MAX && !sources.contains_key(&source) {
            sources.retain(|_, failures| {
                failures.refill(now);
                failures.tries < BURST
            });
            // Still full of failing sources: the one with the most tries left makes room.
            if sources.len() >= SOURCES_MAX {
                let most = sources.iter().max_by(|a, b| a.1.tries.total_cmp(&b.1.tries));
                if let Some(most) = most.map(|(source, _)| *source) {
                    sources.remove(&most);
                }
            }
        }
        let failures = sources.entry(source).or_insert_with(|| Failures {
            tries: BURST,
            at: now,
            accounts: VecDeque::new(),
        });
        failures.refill(now);
        failures.tries = (failures.tries - 1.0).max(0.0);
        let account = short(account);
        if !failures.accounts.contains(&account) {
            if failures.accounts.len() >= FAILED_MAX {
                failures.accounts.pop_front();
            }
            failures.accounts.push_back(account);
        }
    }
}

impl Failures {
    fn refill(&mut self, now: Timestamp) {
        self.tries = (self.tries + now.since(self.at).as_secs_f64() * REFILL).min(BURST);
        self.at = now;
        if self.tries >= BURST {
            self.accounts.clear();
        }
    }
}

/// Enough of a digest to tell accounts apart; their names may be long and are personal.
fn short(account: &str) -> [u8; 8] {
    let digest = digest::digest(&digest::SHA256, account.as_bytes());
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}
