//! Which node answers for a session: the one where its phone was seen last, or the heir of one that is
//! gone.
//!
//! ```text
//!   node A -- its phone asks node B: SeenAt -----------> node B
//!   node A -- A is gone, B is its heir: NodeGone ------> node B
//! ```
//!
//! Nothing else of the session changes, so no page becomes stale. Each report names where the session was:
//! the second of two nodes that report the same finds it elsewhere, and writes nothing.

use crate::view::Loaded;
use crate::{
    AgentKey, AgentSession, Decision, Document, Event, Halt, Key, NodeName, Reply, SessionRef,
    Status, View,
};

/// The session goes from one node to another, where that holder still has it and it is there.
pub(super) fn moved(
    agent: &AgentKey,
    holder: SessionRef,
    from: &NodeName,
    to: &NodeName,
    view: &View,
) -> Result<Decision, Halt> {
    let nothing = Decision::already(Reply::Done);
    let key = Key::session(agent);
    let Some(Loaded { version, document: Document::Session(session) }) = view.document(&key)?
    else {
        return Ok(nothing);
    };
    let signed_in = session.signed_in().filter(|it| it.node == *from && from != to);
    let Some(signed_in) = signed_in.filter(|_| session.holder() == holder) else {
        return Ok(nothing);
    };
    let mut moved = signed_in.clone();
    moved.node = to.clone();
    let moved = AgentSession { status: Status::SignedIn(Box::new(moved)), ..session.clone() };
    let event = Event::new("session_moved", key.clone()).with("from", from).with("to", to);
    Ok(nothing.guard(key.clone(), Some(*version)).put(key, Document::Session(moved)).event(event))
}
