//! Timers that are due, and promises that are not kept yet.

use domain::{Effect, Timestamp, Wake};

/// Timers that are due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueWakes {
    /// Those due, the oldest first.
    pub due: Vec<Wake>,
    /// When the next one after those is due.
    pub next_at: Option<Timestamp>,
}

/// A promise as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Its place among all promises.
    pub number: u64,
    /// The id under which it is repeated, made of the input's and its place there.
    pub id: String,
    /// When it was made.
    pub at: Timestamp,
    /// What was promised.
    pub effect: Effect,
}
