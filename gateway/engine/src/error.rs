//! What keeps the engine from doing something, sorted by what to do about it.

use store::StoreError;

/// Why an input came to no outcome. Nothing was accepted, except where it says so.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Too much is in hand; the same input may come again.
    #[error("too much is in hand")]
    Busy,
    /// The store cannot take it now.
    #[error("the store cannot take it")]
    Unavailable {
        /// What it said.
        #[source]
        source: StoreError,
    },
    /// It is not known whether it was accepted; the same input may come again and will be
    /// recognised.
    #[error("it is not known whether the store took it")]
    Unknown,
    /// The engine is being closed.
    #[error("the node is stopping")]
    Stopping,
    /// A rule asked for the same thing over and over; this is a fault of ours.
    #[error("a rule came to no decision")]
    Undecided,
}

impl SubmitError {
    /// Whether only what was asked for is damaged, so that asking again changes nothing.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unavailable { source: StoreError::Unreadable { .. } })
    }

    /// Whether only what was asked for cannot be read here, as what a newer program wrote, so that all else goes on.
    pub fn is_about_one(&self) -> bool {
        matches!(self, Self::Unavailable { source } if source.is_about_one())
    }
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            StoreError::Unknown => Self::Unknown,
            source => Self::Unavailable { source },
        }
    }
}

/// Why an engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store's content cannot be read.
    #[error("the store's content cannot be read")]
    Store(#[from] StoreError),
    /// Settings or sessions cannot be read for another reason than the store's own.
    #[error("settings and sessions cannot be read")]
    Read(#[source] SubmitError),
    /// The deployment's secrets were sealed under another key.
    #[error("the deployment's secrets cannot be opened")]
    Sealed(#[from] crate::UnsealError),
    /// The shared secrets could not be kept.
    #[error("the deployment's secrets cannot be kept")]
    Keep(#[source] SubmitError),
    /// The machine gives no randomness.
    #[error("the machine gives no random numbers")]
    NoRandomness,
    /// The deployment's secrets are not what this program writes.
    #[error("the deployment's secrets are damaged; restore a backup")]
    Damaged,
}

impl OpenError {
    /// What keeps something from being read at start.
    pub(crate) fn reading(error: SubmitError) -> Self {
        match error {
            SubmitError::Unavailable { source } => Self::Store(source),
            error => Self::Read(error),
        }
    }
}

/// An error and what caused it, in one line for an operator.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
