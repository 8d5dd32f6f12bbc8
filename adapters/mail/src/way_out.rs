//! The way out of each CSQ: whether mails can be handed over, since when not and why; and the pause that all mails of its
//! account keep after its server would not let us in, so that an account is not locked by what waits.
//!
//! ```text
//!   submission: not let in, not reached, told to come later --> pause, twice as long each time --taken, refused--> none
//!   folders:    not let in                                  --> pause, twice as long each time --opened---------> none
//! ```
//!
//! It is known where mails are sent and nowhere else, and lost with that node: the next one tries once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Timestamp;

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(1_800);

/// By which door we come to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Door {
    /// Mails are handed over.
    Submission,
    /// Its folders are looked at.
    Folders,
}

/// That mails of a CSQ cannot be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SendingFails {
    /// Since when.
    pub(crate) since: Timestamp,
    /// Why, as it was the last time.
    pub(crate) why: String,
    /// How many mails wait.
    pub(crate) waiting: u32,
}

#[derive(Debug, Default)]
struct Known {
    /// How often in a row each door was closed, and until when nobody knocks.
    pauses: BTreeMap<Door, (u32, Timestamp)>,
    fails: Option<(Timestamp, String)>,
    waiting: u32,
}

/// What is known of the way out of all CSQs.
#[derive(Debug, Default)]
pub(crate) struct WaysOut(Mutex<BTreeMap<String, Known>>);

impl WaysOut {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The door is closed: nobody tries before the pause is over, which begins with `pause`; until when.
    pub(crate) fn pause(
        &self,
        csq: &str,
        door: Door,
        now: Timestamp,
        pause: Duration,
    ) -> Timestamp {
        let mut all = self.all();
        let known = all.entry(csq.to_owned()).or_default();
        let (times, until) = known.pauses.entry(door).or_insert((0, now));
        *until = now.after(rising(pause, *times));
        *times = times.saturating_add(1);
        *until
    }

    /// The door is open.
    pub(crate) fn opened(&self, csq: &str, door: Door) {
        if let Some(known) = self.all().get_mut(csq) {
            known.pauses.remove(&door);
        }
    }

    /// Whether nobody is to try that door now.
    pub(crate) fn is_paused(&self, csq: &str, door: Door, now: Timestamp) -> bool {
        let all = self.all();
        all.get(csq).and_then(|known| known.pauses.get(&door)).is_some_and(|(_, at)| now < *at)
    }

    /// Other settings may have mended it, so it is tried at once.
    pub(crate) fn try_again(&self) {
        for known in self.all().values_mut() {
            known.pauses.clear();
        }
    }

    /// A mail could not be handed over, and not for what it is.
    pub(crate) fn fails(&self, csq: &str, now: Timestamp, why: &str) {
        let mut all = self.all();
        let known = all.entry(csq.to_owned()).or_default();
        let since = known.fails.as_ref().map_or(now, |(since, _)| *since);
        known.fails = Some((since, why.to_owned()));
    }

    /// The server took a mail, or refused it for what it is.
    pub(crate) fn works(&self, csq: &str) {
        if let Some(known) = self.all().get_mut(csq) {
            known.fails = None;
            known.pauses.remove(&Door::Submission);
        }
    }

    /// So many wait, by CSQ.
    pub(crate) fn wait(&self, waiting: &BTreeMap<String, u32>) {
        for (csq, known) in self.all().iter_mut() {
            known.waiting = waiting.get(csq).copied().unwrap_or(0);
            if known.waiting == 0 {
                // Nothing is tried any more, so nobody would learn that it works again.
                known.fails = None;
            }
        }
    }

    /// Another node sends.
    pub(crate) fn forget(&self) {
        self.all().clear();
    }

    /// Whether and why mails of a CSQ cannot be handed over.
    pub(crate) fn of(&self, csq: &str) -> Option<SendingFails> {
        let all = self.all();
        let known = all.get(csq)?;
        let (since, why) = known.fails.clone()?;
        Some(SendingFails { since, why, waiting: known.waiting })
    }
}

/// The pause doubled so often, within bounds.
pub(crate) fn rising(pause: Duration, times: u32) -> Duration {
    pause.saturating_mul(2_u32.saturating_pow(times.min(16))).min(PAUSE_MAX).max(pause)
}
