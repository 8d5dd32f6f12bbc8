//! Waiting for a condition, with a deadline after which the test fails.

use std::time::{Duration, Instant};

use crate::failure::must;

/// Longer than any sound server takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(10);

/// Waits until `found` gives something, at most a minute; the test fails then.
#[track_caller]
pub fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        if Instant::now() >= deadline {
            return must(what, Err("did not come"));
        }
        std::thread::sleep(PAUSE);
    }
}
