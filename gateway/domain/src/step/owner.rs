//! What may be wished for an agent whose voice state a contact-centre server owns, and what follows
//! from what that server says.
//!
//! A wish becomes a question to the owner; nothing is written for it. What we own follows the owner's
//! word alone:
//!
//! ```text
//!   SignedIn -- VoiceSignedOut(this holder) ---------------------------> SignedOut
//!   SignedIn -- forced --> Leaving(until), sign-out owed -- Left ------> SignedOut
//!                              `-- deadline: wake leaving/AGENT -------> SignedOut
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::agent::{end_session, wrap_up_wake};
use super::client::clear_timer;
use crate::view::Loaded;
use crate::{
    AgentCommand, AgentId, AgentKey, AgentSession, Asked, Decision, Document, Effect, Event,
    Extension, Halt, Key, Kind, Leaving, LiveAgent, OwedUntil, OwnerAsk, OwnerCommand,
    PresenceState, ReasonCategory, ReasonCode, Refusal, Reply, Report, SessionRef, SignedIn,
    SignedOut, SignedOutBy, Status, Target, Timestamp, Version, View, Wake, WakeChange, Wish,
};

/// How long a new sign-in waits for a forced sign-out that is not seen, in seconds.
pub const LEAVING_SECONDS: u64 = 60;
/// For so long a forced sign-out is asked of the owner, in seconds. What was sent last has the rest of
/// [`LEAVING_SECONDS`] to arrive, before a new sign-in may follow it by another way.
pub const OWED_SECONDS: u64 = 50;

/// A forced sign-out as it is owed to a pair of servers: the payload of an [`Effect`] of the topic
/// `sign_out/PAIR`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedSignOut {
    /// Whom.
    pub agent: AgentId,
    /// The line of the session.
    pub extension: Extension,
    /// The code to give.
    pub reason: ReasonCode,
    /// The generation it is meant for.
    pub generation: u32,
}

impl OwedSignOut {
    /// The topic of a pair's owed sign-outs.
    pub fn topic(pair: &crate::PairName) -> String {
        format!("sign_out/{pair}")
    }
}

/// An agent's session as it was loaded.
pub(super) struct Kept<'v> {
    pub(super) key: Key,
    version: Version,
    pub(super) session: &'v AgentSession,
}

impl<'v> Kept<'v> {
    /// Loads it; `None` where the agent never had one.
    pub(super) fn load(agent: &AgentKey, view: &'v View) -> Result<Option<Self>, Halt> {
        let key = Key::session(agent);
        Ok(match view.document(&key)? {
            Some(Loaded { version, document: Document::Session(session) }) => {
                Some(Self { key, version: *version, session })
            }
            _ => None,
        })
    }

    /// A decision that holds as long as the session is as it was loaded.
    pub(super) fn guarded(&self) -> Decision {
        Decision::already(Reply::Done).guard(self.key.clone(), Some(self.version))
    }
}

/// Decides one wish.
pub(super) fn agent(now: Timestamp, command: &AgentCommand, view: &View) -> Result<Decision, Halt> {
    let kept = Kept::load(&command.agent, view)?;
    let signed_in = kept.as_ref().and_then(|kept| kept.session.signed_in());
    let live = view.live.as_deref();
    if let (Some(kept), Some(signed_in)) = (&kept, signed_in) {
        if command.holder.is_some_and(|holder| holder != kept.session.holder()) {
            return Err(Refusal::NotSignedIn.into());
        }
        if let Wish::ForceSignOut { reason, by } = &command.wish {
            return leave(now, kept, signed_in, *reason, *by);
        }
        let fresh = |mark| live.is_none_or(|live| live.is_fresh(mark, view.node_mark));
        if command.seen_changes.is_some_and(|mark| !fresh(mark)) {
            return Err(Refusal::Stale.into());
        }
        let session = kept.session.holder();
        return ask(command, Some(session), &signed_in.extension, live, view);
    }
    // Whoever asks for themselves needs a session; others may act on what the owner says. While a
    // sign-out is owed, that alone is sent: another one could come after the next sign-in.
    let leaving = kept.as_ref().and_then(|kept| kept.session.leaving());
    let leaving = leaving.is_some_and(|leaving| now < leaving.until);
    let elsewhere = live.filter(|live| live.is_signed_in() == Some(true));
    let elsewhere = elsewhere.filter(|_| command.holder.is_none() && !leaving);
    match (&command.wish, elsewhere.and_then(|live| live.extension.as_ref())) {
        (Wish::ForceSignOut { reason, .. }, Some(extension)) => Ok(asking(
            command,
            OwnerAsk::ForceOut {
                reason: reason.unwrap_or(ReasonCode::CONNECTION_LOST),
                extension: Some(extension.clone()),
            },
            None,
        )),
        (Wish::ForceSignOut { .. } | Wish::CallEnds { .. }, None) => {
            Ok(Decision::already(Reply::Done))
        }
        (_, Some(extension)) => ask(command, None, extension, live, view),
        _ => Err(Refusal::NotSignedIn.into()),
    }
}

fn ask(
    command: &AgentCommand,
    session: Option<SessionRef>,
    extension: &Extension,
    live: Option<&LiveAgent>,
    view: &View,
) -> Result<Decision, Halt> {
    if matches!(command.wish, Wish::CallBegins { .. } | Wish::CallEnds { .. }) {
        return Err(Refusal::VoiceNotOwned.into());
    }
    let live = known(command, live)?;
    let line = || live.extension.clone().or_else(|| Some(extension.clone()));
    let set = |target| OwnerAsk::Set { target, extension: line() };
    let id = &command.agent.id;
    let valid = |category, code: Option<ReasonCode>| match code {
        Some(code) if view.settings.reason_for(id, category, code).is_none() => {
            Err(Refusal::ReasonUnknown { category, code })
        }
        _ => Ok(()),
    };
    let so = |wanted: PresenceState| {
        live.state == wanted && live.pending.is_none() || live.pending == Some(wanted)
    };
    let already = || Ok(Decision::already(Reply::Done));
    match &command.wish {
        Wish::Ready if so(PresenceState::Ready) => already(),
        Wish::Ready => Ok(asking(command, set(Target::Ready), None)),
        Wish::NotReady(reason) => {
            valid(ReasonCategory::NotReady, *reason)?;
            if so(PresenceState::NotReady { reason: *reason }) {
                return already();
            }
            Ok(asking(command, set(Target::NotReady(*reason)), None))
        }
        Wish::SignOut(reason) => {
            valid(ReasonCategory::SignOut, *reason)?;
            if !matches!(live.state, PresenceState::NotReady { .. }) {
                return Err(Refusal::SignOutNeedsNotReady.into());
            }
            let done = session.map(|session| Report::VoiceSignedOut {
                agent: command.agent.clone(),
                session,
                reason: *reason,
                by: SignedOutBy::Agent,
            });
            Ok(asking(command, set(Target::SignedOut(*reason)), done))
        }
        Wish::WrapUpReason(code) => {
            let reason = view.settings.reason_for(id, ReasonCategory::WrapUp, *code);
            let Some(reason) = reason else {
                let category = ReasonCategory::WrapUp;
                return Err(Refusal::ReasonUnknown { category, code: *code }.into());
            };
            let call = live.calls.iter().find(|call| call.other_line.is_none());
            let Some(call) = call else { return Err(Refusal::NoCall.into()) };
            let text = reason.label.clone();
            let ask = OwnerAsk::WrapUp { call: call.id.clone(), text };
            Ok(asking(command, ask, None))
        }
        Wish::CallBegins { .. } | Wish::CallEnds { .. } | Wish::ForceSignOut { .. } => already(),
    }
}

/// What the owner said last, where that still holds.
fn known<'l>(command: &AgentCommand, live: Option<&'l LiveAgent>) -> Result<&'l LiveAgent, Halt> {
    match live {
        Some(live) => match live.presence().not_known_since {
            None => Ok(live),
            Some(since) => Err(Refusal::NotKnown { since }.into()),
        },
        None => Err(Refusal::OwnerAway { pair: command.agent.pair.clone() }.into()),
    }
}

fn asking(command: &AgentCommand, ask: OwnerAsk, done: Option<Report>) -> Decision {
    let AgentKey { pair, id } = command.agent.clone();
    let command = OwnerCommand { agent: id, ask };
    Decision {
        ask: Some(Box::new(Asked { pair, command, done })),
        ..Decision::already(Reply::Done)
    }
}

/// Ends the session here and owes the sign-out to the owner.
pub(super) fn leave(
    now: Timestamp,
    kept: &Kept<'_>,
    signed_in: &SignedIn,
    reason: Option<ReasonCode>,
    by: SignedOutBy,
) -> Result<Decision, Halt> {
    let agent = &kept.session.agent;
    let until = now.after(Duration::from_secs(LEAVING_SECONDS));
    let generation = kept.session.generation.saturating_add(1);
    let owed = OwedSignOut {
        agent: agent.id.clone(),
        extension: signed_in.extension.clone(),
        reason: reason.unwrap_or(ReasonCode::CONNECTION_LOST),
        generation,
    };
    // It holds names and numbers alone, which JSON can always hold.
    let Ok(payload) = serde_json::to_string(&owed) else {
        return Err(Refusal::NotSignedIn.into());
    };
    let effect = Effect {
        topic: OwedSignOut::topic(&agent.pair),
        payload,
        owed: Some(OwedUntil {
            subject: kept.key.clone(),
            generation: u64::from(generation),
            deadline: now.after(Duration::from_secs(OWED_SECONDS)),
        }),
    };
    let mut event = Event::new("agent_leaving", kept.key.clone());
    if let Some(reason) = reason {
        event = event.with("reason", reason);
    }
    let session = AgentSession {
        generation,
        status: Status::Leaving(Leaving { at: now, reason, by, until }),
        ..kept.session.clone()
    };
    let wake = Wake {
        id: leaving_wake(agent),
        due_at: until,
        subject: kept.key.clone(),
        generation: u64::from(generation),
    };
    let mut decision = kept
        .guarded()
        .put(kept.key.clone(), Document::Session(session))
        .event(event)
        .effect(effect)
        .wake(WakeChange::Set(wake))
        .wake(WakeChange::Clear(wrap_up_wake(agent)));
    decision = clear_timer(decision, agent, signed_in);
    if let Some(screen) = &signed_in.screen {
        decision = decision.delete(Key::device(screen));
    }
    Ok(decision)
}

/// The owner says that the agent is signed out: so is the session that was so then.
pub(super) fn voice_signed_out(
    now: Timestamp,
    agent: &AgentKey,
    holder: SessionRef,
    reason: Option<ReasonCode>,
    by: SignedOutBy,
    view: &View,
) -> Result<Decision, Halt> {
    let kept = Kept::load(agent, view)?.filter(|kept| kept.session.holder() == holder);
    let Some(kept) = kept else { return Ok(Decision::already(Reply::Done)) };
    match &kept.session.status {
        Status::SignedIn(signed_in) => {
            Ok(end_session(kept.guarded(), now, kept.session, signed_in, reason, by))
        }
        Status::Leaving(leaving) => Ok(gone(now, &kept, leaving, reason)),
        Status::SignedOut(_) => Ok(Decision::already(Reply::Done)),
    }
}

/// An owed sign-out is over.
pub(super) fn left(
    now: Timestamp,
    agent: &AgentKey,
    generation: u32,
    reason: Option<ReasonCode>,
    view: &View,
) -> Result<Decision, Halt> {
    let kept = Kept::load(agent, view)?.filter(|kept| kept.session.generation == generation);
    let leaving = kept.as_ref().and_then(|kept| Some((kept, kept.session.leaving()?)));
    Ok(match leaving {
        Some((kept, leaving)) => gone(now, kept, leaving, reason),
        None => Decision::already(Reply::Done),
    })
}

/// Whether a timer is the deadline of an owed sign-out.
pub(super) fn is_leaving(wake: &Wake) -> bool {
    wake.subject.kind == Kind::Session && wake.id.starts_with(LEAVING)
}

/// An owed sign-out was not seen by its deadline, and is given up.
pub(super) fn leaving_over(now: Timestamp, wake: &Wake, view: &View) -> Result<Decision, Halt> {
    let claim = WakeChange::Claim { id: wake.id.clone(), generation: wake.generation };
    let nothing = Decision::already(Reply::Done).wake(claim.clone());
    let Ok(agent) = wake.subject.id.parse::<AgentKey>() else { return Ok(nothing) };
    let Some(kept) = Kept::load(&agent, view)? else { return Ok(nothing) };
    let meant = u64::from(kept.session.generation) == wake.generation;
    let Some(leaving) = kept.session.leaving().filter(|_| meant) else { return Ok(nothing) };
    let mut decision = gone(now, &kept, leaving, None);
    decision.wakes = vec![claim];
    Ok(decision)
}

/// The generation rises, so that the sign-out that was owed is meant for nobody any more: a promise
/// that is still open could else be sent after the next sign-in was asked for.
fn gone(
    now: Timestamp,
    kept: &Kept<'_>,
    leaving: &Leaving,
    reason: Option<ReasonCode>,
) -> Decision {
    let reason = reason.or(leaving.reason);
    let ended = SignedOut { at: now, reason, by: leaving.by };
    let session = AgentSession {
        status: Status::SignedOut(ended),
        generation: kept.session.generation.saturating_add(1),
        ..kept.session.clone()
    };
    let mut event = Event::new("agent_signed_out", kept.key.clone());
    if let Some(reason) = reason {
        event = event.with("reason", reason);
    }
    kept.guarded()
        .put(kept.key.clone(), Document::Session(session))
        .event(event)
        .wake(WakeChange::Clear(leaving_wake(&kept.session.agent)))
}

const LEAVING: &str = "leaving/";

/// The timer of an owed sign-out.
pub(crate) fn leaving_wake(agent: &AgentKey) -> String {
    format!("{LEAVING}{agent}")
}
