//! What becomes of contacts and desks: arrival, assignment, work, answers, supervision.
//!
//! ```text
//!   MailArrived (adapter/mail) ---> ledger row, contact queued, conversation     arrival
//!   Assign (router) -------------> contact Active, desk has it                   assignment
//!   agent, supervisor -----------> requeue, discard, wrap-up, draft, send        work, sending
//!   desk: sign-in, state, sign-out, presence, 60 s without a browser             desk
//!   MailOutMoved (adapter/mail) -> how far an outgoing mail came                 sending
//! ```
//!
//! Each decision writes the contact and the desks that have to do with it under guards of both.

use crate::settings::Settings;
use crate::view::Loaded;
use crate::{
    AgentId, Contact, ContactId, Decision, Desk, DeskState, Document, Event, Halt, Key, LegEnd,
    Place, Refusal, Reply, SignedInDesk, Timestamp, Version, View,
};

mod arrival;
mod assignment;
mod desk;
mod forgetting;
mod other_ids;
mod sending;
mod wish;
mod work;

pub(super) use arrival::{arrived, cursor_moved};
pub(super) use assignment::released;
use assignment::{assign, reassign, release};
pub(super) use desk::{
    absent_too_long, desk_command as desk, is_desk_wake, presence, signed_out_elsewhere,
};
pub use forgetting::CONTACTS_FORGOTTEN_MAX;
pub(super) use forgetting::{forget, forget_ledger};
pub(super) use sending::out_moved;
use sending::send;
pub use sending::{MAIL_TOPIC, RECORD_TOPIC, SWEEP_TOPIC};
pub use work::DraftChange;
use work::{choose_wrap_up, discard, requeue, save_draft};

pub use wish::{ContactCommand, ContactWish, DeskCommand, DeskNews, DeskWish};

pub(super) fn is_sticky_wake(wake: &crate::Wake) -> bool {
    wake.subject.kind == crate::Kind::Contact
}

/// Decides a wish about a contact.
pub(super) fn contact(
    now: Timestamp,
    entropy: super::Entropy,
    command: &ContactCommand,
    view: &View,
) -> Result<Decision, Halt> {
    let ContactCommand { contact, by, wish } = command;
    match wish {
        ContactWish::Assign { agent } => assign(now, *contact, agent, view),
        ContactWish::Requeue { csq } => requeue(now, *contact, by.as_ref(), csq, view),
        ContactWish::Discard => discard(now, *contact, by.as_ref(), view),
        ContactWish::WrapUp { chosen } => choose_wrap_up(*contact, by.as_ref(), chosen, view),
        ContactWish::SaveDraft { change } => {
            save_draft(now, *contact, by.as_ref(), change.as_ref(), view)
        }
        ContactWish::Send { version, domain } => {
            send(now, entropy, *contact, by.as_ref(), *version, domain, view)
        }
        ContactWish::Reassign { agent } => reassign(now, *contact, agent, view),
        ContactWish::TakeBack { csq } => work::take_back(now, *contact, csq.as_deref(), view),
        ContactWish::Release => release(*contact, view),
    }
}

/// A contact as it was loaded.
struct KeptContact<'v> {
    key: Key,
    version: Version,
    contact: &'v Contact,
}

impl<'v> KeptContact<'v> {
    fn load(id: ContactId, view: &'v View) -> Result<Option<Self>, Halt> {
        let key = Key::contact(id);
        let Some(Loaded { version, document: Document::Contact(contact) }) = view.document(&key)?
        else {
            return Ok(None);
        };
        Ok(Some(Self { key, version: *version, contact }))
    }

    /// The contact that `agent` works on.
    fn of(id: ContactId, agent: Option<&AgentId>, view: &'v View) -> Result<Self, Halt> {
        let kept = Self::load(id, view)?.ok_or(Refusal::ContactUnknown)?;
        match (agent, kept.contact.agent()) {
            (Some(by), Some(has)) if by == has => Ok(kept),
            // A supervisor or the gateway itself names nobody.
            (None, _) => Ok(kept),
            _ => Err(Refusal::ContactNotYours.into()),
        }
    }

    fn guarded(&self, decision: Decision) -> Decision {
        decision.guard(self.key.clone(), Some(self.version))
    }
}

/// A desk with its agent as it was loaded.
struct KeptDesk<'v> {
    key: Key,
    version: Version,
    desk: &'v Desk,
}

impl<'v> KeptDesk<'v> {
    fn load(agent: &AgentId, view: &'v View) -> Result<Option<Self>, Halt> {
        let key = Key::desk(agent);
        let Some(Loaded { version, document: Document::Desk(desk) }) = view.document(&key)? else {
            return Ok(None);
        };
        Ok(Some(Self { key, version: *version, desk }))
    }

    fn guarded(&self, decision: Decision) -> Decision {
        decision.guard(self.key.clone(), Some(self.version))
    }

    fn written(&self, decision: Decision, mut signed_in: SignedInDesk) -> Decision {
        signed_in.changes = signed_in.changes.saturating_add(1);
        let status = crate::DeskStatus::SignedIn(Box::new(signed_in));
        let desk = Desk { status, ..self.desk.clone() };
        let event = Event::new("desk_changed", self.key.clone());
        self.guarded(decision).put(self.key.clone(), Document::Desk(Box::new(desk))).event(event)
    }
}

fn nothing() -> Decision {
    Decision::already(Reply::Done)
}

/// How many mails an agent may have in hand.
fn mails_max(settings: &Settings) -> usize {
    usize::try_from(settings.channels.emails_per_agent).unwrap_or(usize::MAX)
}

/// Writes a contact with what the log says of it.
fn put_contact(decision: Decision, key: &Key, contact: Contact, event: &str) -> Decision {
    let event = Event::new(event, key.clone()).with("state", contact.place.name());
    decision.put(key.clone(), Document::Contact(Box::new(contact))).event(event)
}

/// Takes a contact out of the desk of the agent who works on it, where there is one.
fn out_of_desk(
    decision: Decision,
    now: Timestamp,
    contact: &Contact,
    view: &View,
) -> Result<Decision, Halt> {
    let Some(agent) = contact.agent() else { return Ok(decision) };
    let Some(desk) = KeptDesk::load(agent, view)? else { return Ok(decision) };
    let Some(signed_in) = desk.desk.signed_in() else { return Ok(decision) };
    let mut after = signed_in.clone();
    after.mails.retain(|it| *it != contact.id);
    after.note_place(now, mails_max(&view.settings));
    Ok(desk.written(decision, after))
}

/// The contact once it waits again.
fn queued_again(contact: &Contact, now: Timestamp, csq: &str, end: LegEnd) -> Contact {
    let mut after = contact.clone();
    after.end_leg(now, end);
    csq.clone_into(&mut after.csq);
    after.place = Place::Queued;
    after.waiting_since = now;
    // The rule of the last agent is for what a customer sends, not for what comes back (MAIL-02).
    after.sticky = None;
    after
}

fn is_ready(state: DeskState) -> bool {
    state == DeskState::Ready
}
