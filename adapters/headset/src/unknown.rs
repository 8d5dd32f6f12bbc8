//! Requests that the profile does not know, kept masked, so that a site with real phones can write one.
//!
//! The newest of each shape are kept, with a count; nothing of them is secret: what stood in values was
//! replaced by its kind when it came (`protocols::headset::masked`).

use std::collections::VecDeque;
use std::time::Duration;

use domain::Timestamp;
use protocols::headset::MaskedRequest;

/// How many shapes are kept.
const KEPT_MAX: usize = 64;
/// How often the log hears of a new one at most.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// A request that nobody understood.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownRequest {
    /// The request, masked.
    pub request: MaskedRequest,
    /// When one of that shape came last.
    pub at: Timestamp,
    /// How many of that shape came.
    pub count: u64,
}

/// What is kept, the newest first.
#[derive(Default)]
pub(crate) struct Unknown {
    kept: VecDeque<UnknownRequest>,
    told_at: Option<Timestamp>,
}

impl Unknown {
    /// Notes one; gives whether the log is to hear of it: of new shapes, and not of many.
    pub(crate) fn note(&mut self, request: MaskedRequest, at: Timestamp) -> bool {
        let before = self.kept.iter().position(|it| it.request == request);
        let known = before.and_then(|at| self.kept.remove(at));
        let is_new = known.is_none();
        let count = known.map_or(1, |it| it.count.saturating_add(1));
        self.kept.push_front(UnknownRequest { request, at, count });
        self.kept.truncate(KEPT_MAX);
        let is_quiet = self.told_at.is_some_and(|told| at.since(told) < TOLD_EVERY && told <= at);
        if !is_new || is_quiet {
            return false;
        }
        self.told_at = Some(at);
        true
    }

    pub(crate) fn all(&self) -> Vec<UnknownRequest> {
        self.kept.iter().cloned().collect()
    }
}
