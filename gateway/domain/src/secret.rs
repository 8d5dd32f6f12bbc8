//! Texts that must not be seen: they cannot print themselves.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A password or key in the clear. It prints as `(secret)`, and is compared only by who checks it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that must not be seen.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// A secret encrypted under a key that is not in the store; safe to keep and to export.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Sealed {
    /// Wraps what a sealing key made.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as the sealing key made it.
    pub fn as_text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(sealed)")
    }
}

/// Stands in what is printed for the hash of a password: whoever has it may try passwords on it.
pub(crate) struct Hashed;

impl fmt::Debug for Hashed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hash)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_05_a_secret_does_not_print_itself() {
        let printed = format!("{:?} {:?}", Secret::new("hunter2"), Sealed::from_text("v1:abc"));
        assert_eq!(printed, "(secret) (sealed)");
    }
}
