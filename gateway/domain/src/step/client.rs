//! What follows from where a desktop client is connected, and from its absence (DSK-03, DSK-04, DSK-09).
//!
//! A report names the holder of the session, the node and the connection. News of another holder, of
//! another connection than the newest of that node, or of a session that is over changes nothing. A
//! new sign-in has another holder and takes the timer away, so no absence outlives it.
//!
//! A session that a phone's screen holds has no client: it has one holder (PHN-22), and whether that one
//! is still there is asked of the phone (PHN-20). A desktop that signs in takes it over.
//!
//! No page shows where a client is, so nothing here makes one stale. A program that knows nothing of
//! clients drops them when it changes a session; then nobody is signed out for an absence until a node
//! that has the connection says so again.

use super::agent::{CLOCKS_APART_MAX, end_session};
use super::owner::{self, Kept};
use crate::client::{client_timer, client_wake, due_at, generation};
use crate::{
    AgentKey, AgentSession, Client, ClientPresence, ConnectionNumber, Decision, Document, Event,
    Halt, NodeName, ReasonCode, Reply, SessionRef, SignedIn, SignedOutBy, Status, Timestamp, View,
    Wake, WakeChange,
};

/// One node's news of a client.
pub(super) struct News<'i> {
    /// Whose.
    pub(super) agent: &'i AgentKey,
    /// The holder that the client speaks for.
    pub(super) session: SessionRef,
    /// Which connection.
    pub(super) connection: ConnectionNumber,
    /// The node that has or had it.
    pub(super) node: &'i NodeName,
    /// Whether it is there.
    pub(super) presence: ClientPresence,
}

/// A node says that a client is there, or there no more.
pub(super) fn presence(now: Timestamp, news: &News<'_>, view: &View) -> Result<Decision, Halt> {
    let nothing = Decision::already(Reply::Done);
    let kept = Kept::load(news.agent, view)?.filter(|kept| kept.session.holder() == news.session);
    let Some(kept) = kept else { return Ok(nothing) };
    let signed_in = kept.session.signed_in().filter(|signed_in| signed_in.screen.is_none());
    let Some(signed_in) = signed_in else { return Ok(nothing) };
    let before = signed_in.client.as_ref();
    let is_known = before.and_then(|client| client.connection(news.node)) == Some(news.connection);
    let client = match (news.presence, before) {
        (ClientPresence::Available, _) if is_known => return Ok(nothing),
        (ClientPresence::Available, Some(before)) => before.with(news.node, news.connection),
        (ClientPresence::Available, None) => Client::at(news.node.clone(), news.connection),
        (ClientPresence::Unavailable, Some(before)) if is_known => before.without(now, news.node),
        (ClientPresence::Unavailable, _) => return Ok(nothing),
    };
    let mut after = signed_in.clone();
    after.client = Some(client);
    let name = match news.presence {
        ClientPresence::Available => "client_available",
        ClientPresence::Unavailable => "client_unavailable",
    };
    let event = Event::new(name, kept.key.clone()).with("node", news.node);
    Ok(changed(&kept, signed_in, after).event(event))
}

/// Writes a session whose client, and perhaps more, changed, and sets or clears the timer.
pub(super) fn changed(kept: &Kept<'_>, before: &SignedIn, after: SignedIn) -> Decision {
    let agent = &kept.session.agent;
    let timer = timer_change(agent, before, &after);
    let status = Status::SignedIn(Box::new(after));
    let session = AgentSession { status, ..kept.session.clone() };
    let mut decision = kept.guarded().put(kept.key.clone(), Document::Session(session));
    decision.wakes.extend(timer);
    decision
}

/// What becomes of the timer.
fn timer_change(agent: &AgentKey, before: &SignedIn, after: &SignedIn) -> Option<WakeChange> {
    let since = |signed_in: &SignedIn| signed_in.client.as_ref()?.unavailable_since();
    match (since(before), since(after)) {
        (before, Some(since)) if before != Some(since) => {
            Some(WakeChange::Set(client_timer(agent, since)))
        }
        (Some(_), None) => Some(WakeChange::Clear(client_wake(agent))),
        _ => None,
    }
}

/// Takes away the timer of a session that ends or gets another holder.
pub(crate) fn clear_timer(mut decision: Decision, agent: &AgentKey, held: &SignedIn) -> Decision {
    if held.client.as_ref().is_some_and(|client| client.unavailable_since().is_some()) {
        decision = decision.wake(WakeChange::Clear(client_wake(agent)));
    }
    decision
}

/// A client's timer is due: who stayed away is signed out, whatever they do (DSK-03). The timer is
/// claimed, and does nothing where the client came back, or the session is another one by now.
pub(super) fn wake_due(now: Timestamp, wake: &Wake, view: &View) -> Result<Decision, Halt> {
    let claim = WakeChange::Claim { id: wake.id.clone(), generation: wake.generation };
    let nothing = Decision::already(Reply::Done).wake(claim.clone());
    let Ok(agent) = wake.subject.id.parse::<AgentKey>() else { return Ok(nothing) };
    let Some(kept) = Kept::load(&agent, view)? else { return Ok(nothing) };
    let Some(signed_in) = kept.session.signed_in() else { return Ok(nothing) };
    let since = signed_in.client.as_ref().and_then(Client::unavailable_since);
    let Some(since) = since.filter(|since| generation(*since) == wake.generation) else {
        return Ok(nothing);
    };
    if is_ahead(now, since) {
        // The clock was set back meanwhile: nobody knows how long the client is away, so it has a
        // whole minute from now on.
        let mut after = signed_in.clone();
        after.client = Some(Client::Unavailable { since: now });
        let event = Event::new("client_unavailable", kept.key.clone());
        let mut decision = changed(&kept, signed_in, after).event(event);
        decision.wakes.insert(0, claim);
        return Ok(decision);
    }
    if now < due_at(since) {
        return Ok(Decision::already(Reply::Done));
    }
    let (reason, by) = (Some(ReasonCode::CONNECTION_LOST), SignedOutBy::System);
    let mut decision = match agent.is_owned() {
        true => end_session(kept.guarded(), now, kept.session, signed_in, reason, by),
        false => owner::leave(now, &kept, signed_in, reason, by)?,
    };
    // Claimed rather than cleared: one node alone does this.
    decision.wakes.retain(|change| *change != WakeChange::Clear(wake.id.clone()));
    decision.wakes.insert(0, claim);
    Ok(decision)
}

/// Whether a moment that has passed lies further ahead than two nodes' clocks may be apart.
fn is_ahead(now: Timestamp, passed: Timestamp) -> bool {
    passed > now.after(CLOCKS_APART_MAX)
}

impl AgentSession {
    /// The timer of a client that would be waited for longer than a minute, since the clock was set back
    /// meanwhile: it begins anew.
    pub fn overlong_absence(&self, now: Timestamp) -> Option<Wake> {
        let since = self.signed_in()?.client.as_ref()?.unavailable_since()?;
        is_ahead(now, since).then(|| client_timer(&self.agent, since))
    }
}
