//! What waits for one receiver: in order, bounded, and no more messages in a minute than people can read.
//!
//! ```text
//!   notices --wait--> a letter: one notice, or a digest of all that wait --sent--> gone
//!                       '-- failed: the same letter with the same id, later each time
//! ```
//!
//! A letter that is under way is kept with the rest, so that a restart sends it again under the same id. Times
//! are seconds since 1970.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::judge::Notice;

/// The most notices that wait for one receiver; the oldest give way.
pub(crate) const WAITING_MAX: usize = 500;
/// More than that at once come as one digest.
const SINGLE_MAX: usize = 3;
const MINUTE_SECONDS: i64 = 60;
const PAUSE_SECONDS: i64 = 5;
const PAUSE_SECONDS_MAX: i64 = 600;
/// Who refused us is not asked again for that long, unless the settings change.
const REFUSED_SECONDS: i64 = 3_600;
/// After that a letter is given up.
const LETTER_SECONDS_MAX: i64 = 86_400;

/// What is sent at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The same for every try.
    pub id: String,
    /// When it was put together.
    pub at: i64,
    /// What it tells; several make a digest.
    pub notices: Vec<Notice>,
    /// How many more there were that are lost.
    pub left_out: u64,
}

/// Why a letter did not get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In words for administrators.
    pub words: String,
    /// Whether our user, password or signature was refused.
    pub refused: bool,
}

impl Failure {
    /// A failure that may pass by itself.
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), refused: false }
    }
}

/// What came of a letter that did not get there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// It is tried again.
    Later,
    /// It was tried for a day.
    GivenUp,
}

/// What waits for one receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outgoing {
    waiting: VecDeque<Notice>,
    left_out: u64,
    letter: Option<Letter>,
    /// When letters were begun within the last minute.
    begun: Vec<i64>,
    tries: u32,
    not_before: i64,
    #[serde(skip)]
    is_under_way: bool,
}

impl Outgoing {
    /// Adds something to tell.
    pub(crate) fn push(&mut self, notice: Notice) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
            self.left_out = self.left_out.saturating_add(1);
        }
        self.waiting.push_back(notice);
    }

    /// The letter that is to be sent now; a new one gets its id from `id`. It is under way until
    /// [`Outgoing::sent`] or [`Outgoing::failed`].
    pub(crate) fn take(
        &mut self,
        now: i64,
        per_minute_max: u32,
        id: impl FnOnce() -> Option<String>,
    ) -> Option<Letter> {
        // A clock that was set back must not keep anything for longer than meant.
        let is_later = (1..=REFUSED_SECONDS).contains(&(self.not_before - now));
        if self.is_under_way || is_later {
            return None;
        }
        if self.letter.is_none() {
            self.letter = self.compose(now, per_minute_max, id);
        }
        let letter = self.letter.clone()?;
        self.is_under_way = true;
        Some(letter)
    }

    fn compose(
        &mut self,
        now: i64,
        per_minute_max: u32,
        id: impl FnOnce() -> Option<String>,
    ) -> Option<Letter> {
        self.begun.retain(|at| (0..MINUTE_SECONDS).contains(&(now - at)));
        let most = usize::try_from(per_minute_max).unwrap_or(usize::MAX).max(1);
        let room = most.saturating_sub(self.begun.len());
        if self.waiting.is_empty() || room == 0 {
            return None;
        }
        let id = id()?;
        let is_single = self.waiting.len() <= room.min(SINGLE_MAX);
        let count = if is_single { 1 } else { self.waiting.len() };
        let notices = self.waiting.drain(..count).collect();
        self.begun.push(now);
        Some(Letter { id, at: now, notices, left_out: std::mem::take(&mut self.left_out) })
    }

    /// It got there.
    pub(crate) fn sent(&mut self) {
        self.letter = None;
        (self.is_under_way, self.tries, self.not_before) = (false, 0, 0);
    }

    /// It did not.
    pub(crate) fn failed(&mut self, failure: &Failure, now: i64) -> Failed {
        self.is_under_way = false;
        let began = self.letter.as_ref().map_or(now, |letter| letter.at);
        if now - began >= LETTER_SECONDS_MAX {
            self.letter = None;
            (self.tries, self.not_before) = (0, now + PAUSE_SECONDS_MAX);
            return Failed::GivenUp;
        }
        let doubled = (PAUSE_SECONDS << self.tries.min(10)).min(PAUSE_SECONDS_MAX);
        self.not_before = now + if failure.refused { REFUSED_SECONDS } else { doubled };
        self.tries = self.tries.saturating_add(1);
        Failed::Later
    }

    /// The settings of the receiver are others: it is tried at once.
    pub(crate) fn begin_anew(&mut self) {
        (self.tries, self.not_before) = (0, 0);
    }

    /// A send ended without a word of how.
    pub(crate) fn break_off(&mut self) {
        self.is_under_way = false;
    }

    /// Whether nothing waits, and nothing was sent within the last minute.
    pub(crate) fn is_idle(&self, now: i64) -> bool {
        let is_empty = self.waiting.is_empty() && self.letter.is_none() && self.left_out == 0;
        is_empty && !self.begun.iter().any(|at| (0..MINUTE_SECONDS).contains(&(now - at)))
    }
}

#[cfg(test)]
mod tests;
