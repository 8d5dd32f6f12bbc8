//! The header: how urgent, from which part of a system, from whom.

use super::text::printable;
use super::{APPLICATION_CHARACTERS_MAX, HOST_NAME_CHARACTERS_MAX, PROCESS_ID_CHARACTERS_MAX};

/// How urgent a message is (RFC 5424, table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The system is unusable.
    Emergency = 0,
    /// Somebody must act at once.
    Alert = 1,
    /// A critical condition.
    Critical = 2,
    /// An error.
    Error = 3,
    /// A warning.
    Warning = 4,
    /// Normal and significant.
    Notice = 5,
    /// For information.
    Informational = 6,
    /// For finding mistakes.
    Debug = 7,
}

/// Which part of a system a message is from, 0 to 23 (RFC 5424, table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Facility(u8);

impl Facility {
    /// The first of those for local use, number 16.
    pub const LOCAL0: Self = Self(16);
    /// The highest number.
    pub const MAX: u8 = 23;

    /// The facility of that number.
    pub fn new(number: u8) -> Option<Self> {
        (number <= Self::MAX).then_some(Self(number))
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// PRI without its brackets.
    pub(super) fn priority(self, severity: Severity) -> u8 {
        self.0 * 8 + severity as u8
    }
}

/// Who sends messages: the same for all that one process sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub(super) host_name: String,
    pub(super) application: String,
    pub(super) process_id: String,
}

impl Origin {
    /// Names the sender; what a header may not carry is replaced or cut, what is empty is nil.
    pub fn new(host_name: &str, application: &str, process_id: &str) -> Self {
        Self {
            host_name: printable(host_name, HOST_NAME_CHARACTERS_MAX),
            application: printable(application, APPLICATION_CHARACTERS_MAX),
            process_id: printable(process_id, PROCESS_ID_CHARACTERS_MAX),
        }
    }
}
