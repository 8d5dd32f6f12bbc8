//! Loading and committing: what goes in and what comes back.

use domain::{Ask, Decision, InputId, Key, Loaded, Reply, Timestamp};

use crate::Cursor;

/// What is wanted, and for which input.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Documents and stretches of indexes.
    pub asks: Vec<Ask>,
    /// The input whose outcome is wanted too, in case it was committed before.
    pub input: Option<InputId>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct LoadAnswer {
    /// The documents asked for, in order; `None` where there is none.
    pub documents: Vec<(Key, Option<Loaded>)>,
    /// The stretches of indexes asked for, in order.
    pub ranges: Vec<(domain::IndexRange, Vec<Indexed>)>,
    /// What became of the input, where it was committed before.
    pub known: Option<Reply>,
    /// The epoch it was read in.
    pub epoch: u64,
}

/// A document in an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// Under which value it stands there.
    pub value: String,
    /// Which document.
    pub key: Key,
}

/// A decision to be kept as a whole.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Recognises a repeat.
    pub input: InputId,
    /// When it was decided.
    pub at: Timestamp,
    /// The epoch that all it was decided from was read in. In another one the numbers of versions mean
    /// something else, and the commit is a [`Committed::Conflict`].
    pub epoch: Option<u64>,
    /// What was decided.
    pub decision: Decision,
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of it is durable.
    Done {
        /// The last line it added to the log, or the log's end.
        cursor: Cursor,
    },
    /// The input was committed before, with that reply. Nothing was written now.
    Known(Reply),
    /// A guard did not hold. Nothing was written.
    Conflict,
    /// A timer that was to be claimed is not set like that any more: somebody else ran it, or it is
    /// over. Nothing was written, whatever became of the guards.
    ClaimGone,
}
