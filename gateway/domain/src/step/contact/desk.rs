//! Desks: sign-in, state, sign-out, and the browser that is there or not (DSK-03).

use super::{DeskCommand, DeskNews, DeskWish};
use super::{KeptContact, KeptDesk, mails_max, nothing, put_contact, queued_again};
use crate::step::Entropy;
use crate::{
    AgentId, Client, ClientPresence, Decision, Desk, DeskState, DeskStatus, Document, Event, Halt,
    Key, Kind, LegEnd, ReasonCategory, ReasonCode, Refusal, Reply, SignedInDesk, SignedOutBy,
    Timestamp, View, Wake, WakeChange,
};

/// Decides a wish about a desk.
pub(in crate::step) fn desk_command(
    now: Timestamp,
    entropy: Entropy,
    command: &DeskCommand,
    view: &View,
) -> Result<Decision, Halt> {
    let DeskCommand { agent, desk, wish } = command;
    let kept = KeptDesk::load(agent, view)?;
    if let DeskWish::SignIn { has_extension } = wish {
        return sign_in(now, entropy, agent, *has_extension, kept.as_ref(), view);
    }
    let kept = kept.ok_or(Refusal::NotSignedIn)?;
    if desk.is_some_and(|number| number != kept.desk.number) {
        return Err(Refusal::NotSignedIn.into());
    }
    let Some(signed_in) = kept.desk.signed_in() else {
        return match wish {
            // Signing out whoever is signed out is done already.
            DeskWish::SignOut { .. } => Ok(nothing()),
            _ => Err(Refusal::NotSignedIn.into()),
        };
    };
    match wish {
        DeskWish::SignIn { .. } => Ok(nothing()),
        DeskWish::Ready => changed(now, &kept, signed_in, DeskState::Ready, view),
        DeskWish::NotReady { reason } => {
            with_reason(agent, ReasonCategory::NotReady, *reason, view)?;
            changed(now, &kept, signed_in, DeskState::NotReady { reason: *reason }, view)
        }
        DeskWish::SignOut { reason, by } => {
            if *by == SignedOutBy::Agent {
                with_reason(agent, ReasonCategory::SignOut, *reason, view)?;
            }
            sign_out(now, &kept, signed_in, *reason, *by, view)
        }
    }
}

fn with_reason(
    agent: &AgentId,
    category: ReasonCategory,
    reason: Option<ReasonCode>,
    view: &View,
) -> Result<(), Halt> {
    let Some(code) = reason else { return Ok(()) };
    match view.settings.reason_for(agent, category, code) {
        Some(_) => Ok(()),
        None => Err(Refusal::ReasonUnknown { category, code }.into()),
    }
}

fn sign_in(
    now: Timestamp,
    entropy: Entropy,
    agent: &AgentId,
    has_extension: bool,
    kept: Option<&KeptDesk<'_>>,
    view: &View,
) -> Result<Decision, Halt> {
    let head = Key::settings_head();
    let version = view.version(&head)?;
    if !view.settings.agents.contains_key(agent) {
        return Err(Refusal::AgentUnknown.into());
    }
    if let Some(kept) = kept
        && let Some(signed_in) = kept.desk.signed_in()
    {
        // Another browser of the same agent, or the same one again: what is in hand stays (MAIL-09).
        if signed_in.has_extension == has_extension {
            return Ok(nothing());
        }
        let after = SignedInDesk { has_extension, ..signed_in.clone() };
        return Ok(kept.written(nothing(), after));
    }
    let [a, b, c, d, e, f, g, h, ..] = entropy.0;
    let signed_in = SignedInDesk {
        at: now,
        state: DeskState::NotReady { reason: None },
        since: now,
        free_since: None,
        mails: Vec::new(),
        // Until the browser shows itself, it counts as one that is gone.
        client: Client::Unavailable { since: now },
        has_extension,
        changes: 1,
    };
    let key = Key::desk(agent);
    let desk = Desk {
        agent: agent.clone(),
        number: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        status: DeskStatus::SignedIn(Box::new(signed_in)),
    };
    Ok(nothing()
        .guard(key.clone(), kept.map(|kept| kept.version))
        .guard(head, version)
        .put(key.clone(), Document::Desk(Box::new(desk)))
        .event(Event::new("desk_signed_in", key))
        .wake(WakeChange::Set(timer(agent, now))))
}

fn changed(
    now: Timestamp,
    kept: &KeptDesk<'_>,
    before: &SignedInDesk,
    state: DeskState,
    view: &View,
) -> Result<Decision, Halt> {
    if before.state == state {
        return Ok(nothing());
    }
    let mut after = before.clone();
    after.state = state;
    after.since = now;
    after.free_since = None;
    after.note_place(now, mails_max(&view.settings));
    let mut event = Event::new(&format!("desk_{}", state.name()), kept.key.clone());
    if let DeskState::NotReady { reason: Some(reason) } = state {
        event = event.with("reason", reason);
    }
    Ok(kept.written(nothing(), after).event(event))
}

/// Everything in hand goes back to its CSQ, and may come to the same agent again (MAIL-09, MAIL-13).
fn sign_out(
    now: Timestamp,
    kept: &KeptDesk<'_>,
    signed_in: &SignedInDesk,
    reason: Option<ReasonCode>,
    by: SignedOutBy,
    view: &View,
) -> Result<Decision, Halt> {
    let keys: Vec<_> = signed_in.mails.iter().map(|it| Key::contact(*it)).collect();
    view.need(&keys)?;
    let mut decision = nothing();
    let end = if by == SignedOutBy::System { LegEnd::Lost } else { LegEnd::SignedOut };
    for id in &signed_in.mails {
        let Some(contact) = KeptContact::load(*id, view)? else { continue };
        if contact.contact.agent() != Some(&kept.desk.agent) {
            continue;
        }
        let after = queued_again(contact.contact, now, &contact.contact.csq, end);
        decision = put_contact(contact.guarded(decision), &contact.key, after, "contact_requeued");
    }
    let status = DeskStatus::SignedOut { at: now, by, reason };
    let desk = Desk { status, ..kept.desk.clone() };
    let mut event = Event::new("desk_signed_out", kept.key.clone());
    if let Some(reason) = reason {
        event = event.with("reason", reason);
    }
    Ok(kept
        .guarded(decision)
        .put(kept.key.clone(), Document::Desk(Box::new(desk)))
        .event(event)
        .wake(WakeChange::Clear(wake_name(&kept.desk.agent))))
}

/// Whoever is in the settings no more, or signed out elsewhere, has no desk.
pub(in crate::step) fn signed_out_elsewhere(
    now: Timestamp,
    agent: &AgentId,
    view: &View,
) -> Result<Decision, Halt> {
    let Some(kept) = KeptDesk::load(agent, view)? else { return Ok(nothing()) };
    let Some(signed_in) = kept.desk.signed_in() else { return Ok(nothing()) };
    sign_out(now, &kept, signed_in, None, SignedOutBy::System, view)
}

/// A node says that the agent's browser is there, or there no more.
pub(in crate::step) fn presence(
    now: Timestamp,
    news: &DeskNews,
    view: &View,
) -> Result<Decision, Halt> {
    let Some(kept) = KeptDesk::load(&news.agent, view)? else { return Ok(nothing()) };
    let Some(signed_in) = kept.desk.signed_in().filter(|_| kept.desk.number == news.desk) else {
        return Ok(nothing());
    };
    let before = &signed_in.client;
    let is_known = before.connection(&news.node) == Some(news.connection);
    let client = match news.presence {
        ClientPresence::Available if is_known => return Ok(nothing()),
        ClientPresence::Available => before.with(&news.node, news.connection),
        ClientPresence::Unavailable if is_known => before.without(now, &news.node),
        ClientPresence::Unavailable => return Ok(nothing()),
    };
    let change = match (before.unavailable_since(), client.unavailable_since()) {
        (_, Some(since)) => Some(WakeChange::Set(timer(&news.agent, since))),
        (Some(_), None) => Some(WakeChange::Clear(wake_name(&news.agent))),
        (None, None) => None,
    };
    let mut decision = kept.written(nothing(), SignedInDesk { client, ..signed_in.clone() });
    decision.wakes.extend(change);
    Ok(decision)
}

/// The agent's browser was gone for a minute.
pub(in crate::step) fn absent_too_long(
    now: Timestamp,
    wake: &Wake,
    view: &View,
) -> Result<Decision, Halt> {
    let claim = WakeChange::Claim { id: wake.id.clone(), generation: wake.generation };
    let idle = nothing().wake(claim.clone());
    let Ok(agent) = wake.subject.id.parse::<AgentId>() else { return Ok(idle) };
    let Some(kept) = KeptDesk::load(&agent, view)? else { return Ok(idle) };
    let Some(signed_in) = kept.desk.signed_in() else { return Ok(idle) };
    let since = signed_in.client.unavailable_since();
    if since.is_none_or(|since| crate::client::generation(since) != wake.generation) {
        return Ok(idle);
    }
    let lost = Some(ReasonCode::CONNECTION_LOST);
    let mut decision = sign_out(now, &kept, signed_in, lost, SignedOutBy::System, view)?;
    decision.wakes = vec![claim];
    decision.reply = Reply::Done;
    Ok(decision)
}

/// Whether a timer is that of a desk whose browser is gone.
pub(in crate::step) fn is_desk_wake(wake: &Wake) -> bool {
    wake.subject.kind == Kind::Desk
}

fn wake_name(agent: &AgentId) -> String {
    format!("desk/{agent}")
}

fn timer(agent: &AgentId, since: Timestamp) -> Wake {
    Wake {
        id: wake_name(agent),
        due_at: crate::client::due_at(since),
        subject: Key::desk(agent),
        generation: crate::client::generation(since),
    }
}
