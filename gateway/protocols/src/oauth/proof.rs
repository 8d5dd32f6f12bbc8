//! What proves something, in a type that never shows it.

use std::fmt;

use zeroize::Zeroizing;

/// A secret, code, verifier or token that somebody sent. It prints as `(secret)`.
#[derive(Clone)]
pub struct Proof(Zeroizing<String>);

impl Proof {
    /// Wraps what was sent.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for whoever checks it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}
