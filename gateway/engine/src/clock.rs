//! The one clock, handed to whoever needs the time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::Timestamp;

/// Gives the time of day.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_microseconds(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
