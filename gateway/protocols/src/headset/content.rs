//! Why a body is refused: which member, in the wire's own name for it, and what to send instead.

use std::fmt;

/// A body that cannot be taken. It never repeats what was sent, only names that the profile has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadBody {
    /// The member as the wire names it, `headsets[3].serialNumber`; empty where the whole body is meant.
    pub member: String,
    /// What is wrong with it, its limit and what to do, as the end of a sentence.
    pub problem: String,
}

impl BadBody {
    pub(super) fn at(member: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { member: member.into(), problem: problem.into() }
    }

    pub(super) fn whole(problem: impl Into<String>) -> Self {
        Self::at("", problem)
    }
}

impl fmt::Display for BadBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = if self.member.is_empty() { "the body" } else { &self.member };
        write!(formatter, "{member} {}", self.problem)
    }
}

impl std::error::Error for BadBody {}
