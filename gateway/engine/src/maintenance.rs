//! Whether this node refuses sign-ins, as its latest document says.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Version;

/// The flag, beside the version it was read at: a slow reader must not bring an older one back.
#[derive(Debug, Default)]
pub(crate) struct Maintenance(Mutex<(Version, bool)>);

impl Maintenance {
    /// Takes in the flag of that version, unless a later one was seen.
    pub(crate) fn see(&self, version: Version, on: bool) {
        let mut seen = self.seen();
        if version > seen.0 {
            *seen = (version, on);
        }
    }

    /// Forgets it, for a new epoch.
    pub(crate) fn forget(&self) {
        *self.seen() = (0, false);
    }

    /// Whether sign-ins are refused.
    pub(crate) fn is_on(&self) -> bool {
        self.seen().1
    }

    fn seen(&self) -> MutexGuard<'_, (Version, bool)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phn_09_an_older_reading_does_not_bring_the_flag_back() {
        let maintenance = Maintenance::default();
        maintenance.see(1, true);
        maintenance.see(2, false);
        maintenance.see(1, true);
        assert!(!maintenance.is_on());
        maintenance.forget();
        maintenance.see(1, true);
        assert!(maintenance.is_on());
    }
}
