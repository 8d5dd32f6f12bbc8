//! What may be wished for a signed-in agent whose voice state the gateway owns, and their timers.

use std::time::Duration;

use super::client::clear_timer;
use crate::settings::Settings;
use crate::view::Loaded;
use crate::{
    AgentCommand, AgentKey, AgentSession, Call, CallDirection, CallState, CallVariable, Decision,
    Document, Event, Halt, Key, Kind, ReasonCategory, ReasonCode, Refusal, Reply, SignedIn,
    SignedOut, SignedOutBy, Status, Timestamp, VARIABLE_VALUE_CHARACTERS_MAX, VARIABLES_MAX,
    Version, View, Voice, VoiceChange, VoiceState, Wake, WakeChange, Wish,
};

/// How far apart the clocks of two nodes may be before one of them counts as set back.
pub(super) const CLOCKS_APART_MAX: Duration = Duration::from_secs(60);

/// A signed-in agent's session as it was loaded.
struct Current<'v> {
    key: Key,
    version: Version,
    session: &'v AgentSession,
    signed_in: &'v SignedIn,
}

/// Decides one wish.
pub(super) fn agent(now: Timestamp, command: &AgentCommand, view: &View) -> Result<Decision, Halt> {
    let Some(current) = current(&command.agent, view)? else {
        return match command.wish {
            // Signing out somebody who is signed out is done already.
            Wish::ForceSignOut { .. } | Wish::CallEnds { .. } => Ok(Decision::already(Reply::Done)),
            _ => Err(Refusal::NotSignedIn.into()),
        };
    };
    if command.holder.is_some_and(|holder| holder != current.session.holder()) {
        return Err(Refusal::NotSignedIn.into());
    }
    if command.seen_changes.is_some_and(|seen| seen != current.signed_in.changes) {
        return Err(Refusal::Stale.into());
    }
    let id = &command.agent.id;
    if command.holder.is_some() && !view.settings.agents.contains_key(id) {
        // Whoever was removed is being signed out, and may do nothing more meanwhile.
        return Err(Refusal::AgentUnknown.into());
    }
    match &command.wish {
        Wish::Ready => change(now, &current, VoiceChange::GoReady),
        Wish::NotReady(reason) => {
            let decision = change(now, &current, VoiceChange::GoNotReady(*reason))?;
            with_reason(decision, id, ReasonCategory::NotReady, *reason, view)
        }
        Wish::WrapUpReason(reason) => {
            let decision = note_wrap_up(&current, *reason)?;
            with_reason(decision, id, ReasonCategory::WrapUp, Some(*reason), view)
        }
        Wish::SignOut(reason) => {
            if !matches!(state_of(&current), VoiceState::NotReady { .. }) {
                return Err(Refusal::SignOutNeedsNotReady.into());
            }
            let decision = sign_out(now, &current, *reason, SignedOutBy::Agent);
            with_reason(decision, id, ReasonCategory::SignOut, *reason, view)
        }
        Wish::ForceSignOut { reason, by } => Ok(sign_out(now, &current, *reason, *by)),
        Wish::CallBegins { id, direction, number, variables } => {
            call_begins(now, &current, id, *direction, number, variables)
        }
        Wish::CallEnds { id } => call_ends(now, &current, id.as_deref(), view),
    }
}

/// Signs out an agent whom the settings no longer have. What a node remembers of them may be older than what is in
/// force, after a restore above all, so they are asked for here and the decision holds for these alone.
pub(super) fn sign_out_removed(
    now: Timestamp,
    agent: &AgentKey,
    view: &View,
) -> Result<Decision, Halt> {
    let head = Key::settings_head();
    let version = view.version(&head)?;
    if view.settings.may_stay(agent) {
        return Ok(Decision::already(Reply::Done));
    }
    let wish = Wish::ForceSignOut { reason: None, by: SignedOutBy::Supervisor };
    let command = AgentCommand { agent: agent.clone(), holder: None, seen_changes: None, wish };
    let decided = match agent.is_owned() {
        true => self::agent(now, &command, view),
        false => super::owner::agent(now, &command, view),
    }?;
    Ok(if decided.is_empty() { decided } else { decided.guard(head, version) })
}

/// A timer is due. It is claimed in any case, and does nothing where the session moved on.
pub(super) fn wake_due(now: Timestamp, wake: &Wake, view: &View) -> Result<Decision, Halt> {
    let claim = WakeChange::Claim { id: wake.id.clone(), generation: wake.generation };
    let nothing = Decision::already(Reply::Done).wake(claim.clone());
    let agent = match wake.subject.kind {
        Kind::Session => wake.subject.id.parse::<AgentKey>().ok(),
        _ => None,
    };
    let Some(agent) = agent else { return Ok(nothing) };
    let Some(current) = current(&agent, view)? else { return Ok(nothing) };
    let VoiceState::WrapUp { until, .. } = state_of(&current) else {
        return Ok(nothing);
    };
    if generation(until) != wake.generation {
        return Ok(nothing);
    }
    let mut decision = change(now, &current, VoiceChange::WrapUpOver(until))?;
    decision.wakes = vec![claim];
    Ok(decision)
}

impl AgentSession {
    /// The timer of a wrap-up that would last longer still than it was meant to, since the clock was
    /// set back meanwhile: it is over.
    pub fn overlong_wrap_up(&self, now: Timestamp) -> Option<Wake> {
        let voice = self.signed_in()?.voice?;
        let VoiceState::WrapUp { until, .. } = voice.state else { return None };
        let meant = until.since(voice.since);
        (until > now.after(meant + CLOCKS_APART_MAX))
            .then(|| wrap_up_timer(Key::session(&self.agent), &self.agent, until))
    }
}

/// Removes a session's claims and timer and says why it ended.
pub(crate) fn end_session(
    decision: Decision,
    now: Timestamp,
    session: &AgentSession,
    signed_in: &SignedIn,
    reason: Option<ReasonCode>,
    by: SignedOutBy,
) -> Decision {
    let key = Key::session(&session.agent);
    let mut event = Event::new("agent_signed_out", key.clone());
    if let Some(reason) = reason {
        event = event.with("reason", reason);
    }
    let ended = AgentSession {
        status: Status::SignedOut(SignedOut { at: now, reason, by }),
        generation: session.generation.saturating_add(1),
        ..session.clone()
    };
    let mut decision = decision
        .put(key, Document::Session(ended))
        .event(event)
        .wake(WakeChange::Clear(wrap_up_wake(&session.agent)));
    decision = clear_timer(decision, &session.agent, signed_in);
    // Lines of a contact-centre server are its own to give.
    if session.agent.is_owned() {
        decision = decision.delete(Key::line(&signed_in.extension));
    }
    if let Some(screen) = &signed_in.screen {
        decision = decision.delete(Key::device(screen));
    }
    decision
}

/// A session of owned voice state has one; one that lost it begins anew.
fn voice_of(signed_in: &SignedIn) -> Voice {
    signed_in.voice.unwrap_or_else(|| Voice::signed_in(signed_in.at))
}

fn state_of(current: &Current<'_>) -> VoiceState {
    voice_of(current.signed_in).state
}

fn current<'v>(agent: &AgentKey, view: &'v View) -> Result<Option<Current<'v>>, Halt> {
    let key = Key::session(agent);
    let Some(Loaded { version, document: Document::Session(session) }) = view.document(&key)?
    else {
        return Ok(None);
    };
    let signed_in = session.signed_in();
    Ok(signed_in.map(|signed_in| Current { key, version: *version, session, signed_in }))
}

/// Checks a reason that the agent chose, and makes the decision depend on the settings it stood in.
fn with_reason(
    decision: Decision,
    agent: &crate::AgentId,
    category: ReasonCategory,
    reason: Option<ReasonCode>,
    view: &View,
) -> Result<Decision, Halt> {
    let Some(code) = reason else { return Ok(decision) };
    let head = Key::settings_head();
    let version = view.version(&head)?;
    let settings: &Settings = &view.settings;
    if settings.reason_for(agent, category, code).is_none() {
        return Err(Refusal::ReasonUnknown { category, code }.into());
    }
    Ok(if decision.is_empty() { decision } else { decision.guard(head, version) })
}

fn change(now: Timestamp, current: &Current<'_>, change: VoiceChange) -> Result<Decision, Halt> {
    let Some(state) = state_of(current).after(change)? else {
        return Ok(Decision::already(Reply::Done));
    };
    let mut signed_in = current.signed_in.clone();
    signed_in.voice = Some(voice_of(&signed_in).with(state, now));
    if !matches!(state, VoiceState::Talking { .. } | VoiceState::WrapUp { .. }) {
        signed_in.call = None;
    }
    Ok(changed(current, signed_in))
}

fn call_begins(
    now: Timestamp,
    current: &Current<'_>,
    id: &str,
    direction: CallDirection,
    number: &str,
    variables: &[CallVariable],
) -> Result<Decision, Halt> {
    check_call(id, number, variables)?;
    if current.signed_in.call.as_ref().is_some_and(|call| call.id == id) {
        return Ok(Decision::already(Reply::Done));
    }
    let began = VoiceChange::CallBegins(direction);
    let Some(state) = state_of(current).after(began)? else {
        return Ok(Decision::already(Reply::Done));
    };
    let mut signed_in = current.signed_in.clone();
    signed_in.voice = Some(voice_of(&signed_in).with(state, now));
    signed_in.call = Some(Call {
        id: id.to_owned(),
        direction,
        number: number.to_owned(),
        began_at: now,
        variables: variables.to_vec(),
        wrap_up_reason: None,
        wrap_up_text: None,
        state: CallState::Active,
        other_line: None,
        queue: None,
    });
    Ok(changed(current, signed_in))
}

fn call_ends(
    now: Timestamp,
    current: &Current<'_>,
    id: Option<&str>,
    view: &View,
) -> Result<Decision, Halt> {
    let call = current.signed_in.call.as_ref();
    if id.is_some_and(|id| call.is_none_or(|call| call.id != id)) {
        return Ok(Decision::already(Reply::Done));
    }
    // How long the agent wraps up is a matter of the settings.
    let head = Key::settings_head();
    let version = view.version(&head)?;
    let seconds = view.settings.wrap_up_seconds_for(&current.session.agent.id);
    let until = (seconds > 0).then(|| now.after(Duration::from_secs(seconds.into())));
    let decision = change(now, current, VoiceChange::CallEnds(until))?;
    Ok(if decision.is_empty() { decision } else { decision.guard(head, version) })
}

fn check_call(id: &str, number: &str, variables: &[CallVariable]) -> Result<(), Halt> {
    let long = |text: &str| text.chars().count() > VARIABLE_VALUE_CHARACTERS_MAX;
    let limit = if variables.len() > VARIABLES_MAX {
        format!("at most {VARIABLES_MAX} variables")
    } else if long(id)
        || long(number)
        || variables.iter().any(|variable| long(&variable.name) || long(&variable.value))
    {
        format!("at most {VARIABLE_VALUE_CHARACTERS_MAX} characters in an id, number or variable")
    } else {
        return Ok(());
    };
    Err(Refusal::CallTooLarge { limit }.into())
}

fn note_wrap_up(current: &Current<'_>, reason: ReasonCode) -> Result<Decision, Halt> {
    let mut signed_in = current.signed_in.clone();
    let Some(call) = &mut signed_in.call else { return Err(Refusal::NoCall.into()) };
    if call.wrap_up_reason == Some(reason) {
        return Ok(Decision::already(Reply::Done));
    }
    call.wrap_up_reason = Some(reason);
    let event = Event::new("wrap_up_reason", current.key.clone()).with("reason", reason);
    Ok(written(current, signed_in).event(event))
}

fn sign_out(
    now: Timestamp,
    current: &Current<'_>,
    reason: Option<ReasonCode>,
    by: SignedOutBy,
) -> Decision {
    let decision = Decision::already(Reply::Done).guard(current.key.clone(), Some(current.version));
    end_session(decision, now, current.session, current.signed_in, reason, by)
}

/// Writes a new voice state: its event, and the timer of a wrap-up that begins or ends.
fn changed(current: &Current<'_>, signed_in: SignedIn) -> Decision {
    let state = voice_of(&signed_in).state;
    let before = state_of(current);
    let mut event = match state {
        _ if state.pending() != before.pending() && state.name() == before.name() => {
            Event::new("agent_pending", current.key.clone())
        }
        _ => Event::new(&format!("agent_{}", state.name()), current.key.clone()),
    };
    if let VoiceState::NotReady { reason: Some(reason) } = state {
        event = event.with("reason", reason);
    }
    let mut decision = written(current, signed_in).event(event);
    match (before, state) {
        (_, VoiceState::WrapUp { until, .. }) => {
            let wake = wrap_up_timer(current.key.clone(), &current.session.agent, until);
            decision = decision.wake(WakeChange::Set(wake));
        }
        (VoiceState::WrapUp { .. }, _) => {
            decision = decision.wake(WakeChange::Clear(wrap_up_wake(&current.session.agent)));
        }
        _ => {}
    }
    decision
}

fn written(current: &Current<'_>, mut signed_in: SignedIn) -> Decision {
    signed_in.changes = signed_in.changes.saturating_add(1);
    let session =
        AgentSession { status: Status::SignedIn(Box::new(signed_in)), ..current.session.clone() };
    Decision::already(Reply::Done)
        .guard(current.key.clone(), Some(current.version))
        .put(current.key.clone(), Document::Session(session))
}

pub(super) fn wrap_up_wake(agent: &AgentKey) -> String {
    format!("wrap_up/{agent}")
}

fn wrap_up_timer(subject: Key, agent: &AgentKey, until: Timestamp) -> Wake {
    Wake { id: wrap_up_wake(agent), due_at: until, subject, generation: generation(until) }
}

fn generation(until: Timestamp) -> u64 {
    until.microseconds().unsigned_abs()
}
