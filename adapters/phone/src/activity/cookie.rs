//! What is known of the cookie of a session's sign-in, and what a request without it is worth.
//!
//! ```text
//!   Unseen --shown--> Shown(at) --a request without it, sooner than idle phones drop it--> Gone
//!     ^                  |      `-a request without it, later--> Unseen                      |
//!     |                  `<-------------------------shown------------------------------------'
//!     `-- a phone that keeps no cookies stays here, and is judged by its address
//!   any --the service is opened anew--> Gone
//! ```
//!
//! `Gone` means that the window which had the session's page was closed: whoever has the phone now
//! is not shown that page again, unless by the cookie itself or a new sign-in.

use std::time::Duration;

use domain::Timestamp;

/// What is known of the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// It was never shown, or the phone dropped it since, as idle phones do: its address counts.
    Unseen,
    /// It was shown last then.
    Shown(Timestamp),
    /// The window that had it was closed.
    Gone,
}

impl Cookie {
    /// Whether a request without it is refused, where idle phones keep it for `kept`; with zero the
    /// address always counts.
    pub(super) fn is_needed(self, now: Timestamp, kept: Duration) -> bool {
        match self {
            Self::Unseen => false,
            // A clock that was set back does not prolong it.
            Self::Shown(at) => at <= now && now.since(at) < kept,
            Self::Gone => !kept.is_zero(),
        }
    }
}
