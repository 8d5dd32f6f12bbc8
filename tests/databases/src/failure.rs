//! How a test learns that its database could not be had.

use std::fmt::Display;

/// The value, or the end of the test with what was to be done and why it could not.
#[track_caller]
#[expect(clippy::panic, reason = "only tests and benches call this, and they end by panicking")]
pub(crate) fn must<T, E: Display>(what: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}
