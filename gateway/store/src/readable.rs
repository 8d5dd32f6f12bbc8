//! Rows of a newer program: a node that does not know their kinds or events passes them over, so that they
//! hold up no other.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::Kind;

use crate::StoreError;

/// Passes over one row; the first one is told.
pub(crate) fn pass_over(table: &str, error: &StoreError) {
    /// They are met again each time, and are no news then.
    static TOLD: AtomicBool = AtomicBool::new(false);
    if !TOLD.swap(true, Ordering::Relaxed) {
        let reason = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(table, reason, "rows that this program cannot read are left out");
    }
}

/// The kind of that stored name.
pub(crate) fn kind_named(name: &str) -> Result<Kind, StoreError> {
    Kind::from_name(name)
        .ok_or_else(|| StoreError::Unreadable { source: format!("no kind {name:?}").into() })
}
