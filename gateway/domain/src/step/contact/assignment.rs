//! Who works on a contact: what the router found out, and what a supervisor wants.

use super::{KeptContact, KeptDesk, is_ready, mails_max, nothing, out_of_desk, put_contact};
use crate::routing::qualifies;
use crate::{
    AgentId, Contact, ContactId, Decision, Halt, Key, LegEnd, Place, Refusal, Timestamp, View,
    Wake, WakeChange,
};

/// The router found that `agent` is the one. What it saw may be old, so all of it is judged again (RTE-05).
pub(in crate::step) fn assign(
    now: Timestamp,
    contact: ContactId,
    agent: &AgentId,
    view: &View,
) -> Result<Decision, Halt> {
    view.need(&[Key::contact(contact), Key::desk(agent), Key::settings_head()])?;
    let kept = KeptContact::load(contact, view)?.ok_or(Refusal::ContactUnknown)?;
    if !kept.contact.is_queued() || kept.contact.not_for.contains(agent) {
        return Err(Refusal::Stale.into());
    }
    if kept.contact.sticks_to(now).is_some_and(|it| it != agent) {
        return Err(Refusal::Stale.into());
    }
    let settings = &view.settings;
    let skills = settings.agents.get(agent).map(|it| &it.skills);
    let csq = settings.csqs.get(&kept.contact.csq);
    let fits = skills.zip(csq).is_some_and(|(skills, csq)| qualifies(skills, &csq.skills));
    if !fits {
        return Err(Refusal::Stale.into());
    }
    give(now, &kept, agent, view)
}

/// Gives a contact to an agent who is Ready and has a place.
fn give(
    now: Timestamp,
    kept: &KeptContact<'_>,
    agent: &AgentId,
    view: &View,
) -> Result<Decision, Halt> {
    let desk = KeptDesk::load(agent, view)?.ok_or(Refusal::NotSignedIn)?;
    let signed_in = desk.desk.signed_in().ok_or(Refusal::NotSignedIn)?;
    let most = mails_max(&view.settings);
    if !is_ready(signed_in.state) || signed_in.mails.len() >= most {
        return Err(Refusal::AgentHasNoPlace.into());
    }
    let head = Key::settings_head();
    let version = view.version(&head)?;
    let mut seat = signed_in.clone();
    seat.mails.push(kept.contact.id);
    seat.note_place(now, most);
    let contact = begun(kept.contact, now, agent);
    let decision = kept.guarded(nothing()).guard(head, version);
    let decision = put_contact(decision, &kept.key, contact, "contact_assigned");
    let decision = cleared(decision, kept.contact);
    Ok(desk.written(decision, seat))
}

fn begun(contact: &Contact, now: Timestamp, agent: &AgentId) -> Contact {
    let mut after = contact.clone();
    // There is a leg still where a supervisor takes it from somebody.
    after.end_leg(now, LegEnd::Reassigned);
    after.place = Place::Active { agent: agent.clone(), since: now };
    after.sticky = None;
    after.begin_leg(now, agent);
    after
}

/// A supervisor gives a contact to an agent, who need not qualify, but must be Ready and have a place (MAIL-16).
pub(in crate::step) fn reassign(
    now: Timestamp,
    contact: ContactId,
    agent: &AgentId,
    view: &View,
) -> Result<Decision, Halt> {
    view.need(&[Key::contact(contact), Key::desk(agent), Key::settings_head()])?;
    let kept = KeptContact::load(contact, view)?.ok_or(Refusal::ContactUnknown)?;
    if kept.contact.is_closed() {
        return Err(Refusal::ContactClosed.into());
    }
    if kept.contact.agent() == Some(agent) {
        return Ok(nothing());
    }
    let decision = give(now, &kept, agent, view)?;
    out_of_desk(decision, now, kept.contact, view)
}

/// A supervisor lets a contact go to anybody of its CSQ (MAIL-16).
pub(in crate::step) fn release(contact: ContactId, view: &View) -> Result<Decision, Halt> {
    let kept = KeptContact::load(contact, view)?.ok_or(Refusal::ContactUnknown)?;
    if kept.contact.sticky.is_none() {
        return Ok(nothing());
    }
    Ok(cleared(freed(&kept), kept.contact))
}

fn freed(kept: &KeptContact<'_>) -> Decision {
    let mut after = kept.contact.clone();
    after.sticky = None;
    put_contact(kept.guarded(nothing()), &kept.key, after, "contact_released")
}

/// The time is over for which a contact waited for one agent (MAIL-02).
pub(in crate::step) fn released(
    now: Timestamp,
    wake: &Wake,
    view: &View,
) -> Result<Decision, Halt> {
    let claim = WakeChange::Claim { id: wake.id.clone(), generation: wake.generation };
    let nothing = nothing().wake(claim.clone());
    let Ok(id) = wake.subject.id.parse::<ContactId>() else { return Ok(nothing) };
    let Some(kept) = KeptContact::load(id, view)? else { return Ok(nothing) };
    let until = kept.contact.sticky.as_ref().map(|sticky| sticky.until);
    match until {
        Some(until) if generation(until) == wake.generation && until <= now => {
            Ok(freed(&kept).wake(claim))
        }
        _ => Ok(nothing),
    }
}

/// The timer of a contact that waits for one agent.
pub(super) fn sticky_timer(contact: &Contact) -> Option<Wake> {
    let sticky = contact.sticky.as_ref()?;
    Some(Wake {
        id: sticky_wake(contact.id),
        due_at: sticky.until,
        subject: Key::contact(contact.id),
        generation: generation(sticky.until),
    })
}

/// Takes that timer away.
pub(super) fn cleared(decision: Decision, contact: &Contact) -> Decision {
    match contact.sticky {
        Some(_) => decision.wake(WakeChange::Clear(sticky_wake(contact.id))),
        None => decision,
    }
}

fn sticky_wake(contact: ContactId) -> String {
    format!("sticky/{contact}")
}

fn generation(until: Timestamp) -> u64 {
    until.microseconds().unsigned_abs()
}
