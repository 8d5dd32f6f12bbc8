//! Requests that the profile does not know, kept masked, so that a site with real phones can write one.
//!
//! The newest of each shape are kept, with a count; nothing of them is secret: what stood in values was
//! replaced by its kind when it came (`protocols::headset::masked`).

use std::collections::VecDeque;

use domain::Timestamp;
use protocols::headset::MaskedRequest;

/// How many shapes are kept.
const KEPT_MAX: usize = 64;

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
pub(crate) struct Unknown(VecDeque<UnknownRequest>);

impl Unknown {
    /// Notes one; gives whether its shape is new.
    pub(crate) fn note(&mut self, request: MaskedRequest, at: Timestamp) -> bool {
        let before = self.0.iter().position(|it| it.request == request);
        let known = before.and_then(|at| self.0.remove(at));
        let is_new = known.is_none();
        let count = known.map_or(1, |it| it.count.saturating_add(1));
        self.0.push_front(UnknownRequest { request, at, count });
        self.0.truncate(KEPT_MAX);
        is_new
    }

    pub(crate) fn all(&self) -> Vec<UnknownRequest> {
        self.0.iter().cloned().collect()
    }
}
