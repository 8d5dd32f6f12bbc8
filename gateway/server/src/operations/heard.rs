//! When something was last heard of, whatever the time of day does meanwhile.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The last time something showed that it is alive.
pub(super) struct Heard(Mutex<Instant>);

impl Heard {
    /// It was heard of right now.
    pub(super) fn now() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    /// It is heard of again.
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long that is ago.
    pub(super) fn ago(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}
