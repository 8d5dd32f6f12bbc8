//! Which node answers for a session: the one where its phone was seen last, or the heir of one that is
//! gone.
//!
//! ```text
//!   node A -- its phone asks node B: SeenAt -----------> node B
//!   node A -- A is gone, B is its heir: NodeGone ------> node B
//! ```
//!
//! A node that is gone takes its clients' connections with it: a client that was connected to it alone is
//! unavailable from then on. So it may be the report of a session that another node answers for.
//!
//! Nothing else of the session changes, so no page becomes stale. Each report names where the session was:
//! the second of two nodes that report the same finds it elsewhere, and writes nothing.

use super::client::changed;
use super::owner::Kept;
use crate::{AgentKey, Decision, Event, Halt, NodeName, Reply, SessionRef, Timestamp, View};

/// Where a session was, and where it is from now on.
pub(super) struct Move<'i> {
    /// Whose session.
    pub(super) agent: &'i AgentKey,
    /// Its holder then.
    pub(super) session: SessionRef,
    /// Where it was.
    pub(super) from: &'i NodeName,
    /// Where it is.
    pub(super) to: &'i NodeName,
}

impl Move<'_> {
    /// The session goes from one node to another, where that holder still has it and it is there.
    pub(super) fn seen(&self, now: Timestamp, view: &View) -> Result<Decision, Halt> {
        self.carried(now, view, false)
    }

    /// The node is gone, so the session goes to the heir, and its client is connected there no more.
    pub(super) fn node_gone(&self, now: Timestamp, view: &View) -> Result<Decision, Halt> {
        self.carried(now, view, true)
    }

    fn carried(&self, now: Timestamp, view: &View, is_gone: bool) -> Result<Decision, Halt> {
        let nothing = Decision::already(Reply::Done);
        let kept = Kept::load(self.agent, view)?;
        let kept = kept.filter(|kept| kept.session.holder() == self.session);
        let Some(kept) = kept.filter(|_| self.from != self.to) else { return Ok(nothing) };
        let Some(signed_in) = kept.session.signed_in() else { return Ok(nothing) };
        let mut after = signed_in.clone();
        if after.node == *self.from {
            after.node = self.to.clone();
        }
        if is_gone {
            after.client = after.client.map(|client| client.without(now, self.from));
        }
        if after == *signed_in {
            return Ok(nothing);
        }
        let event = match after.node == signed_in.node {
            true => Event::new("client_unavailable", kept.key.clone()).with("node", self.from),
            false => Event::new("session_moved", kept.key.clone())
                .with("from", self.from)
                .with("to", self.to),
        };
        Ok(changed(&kept, signed_in, after).event(event))
    }
}
