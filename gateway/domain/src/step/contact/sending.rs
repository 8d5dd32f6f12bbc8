//! Answers on their way out: asked for in the same commit that ends the contact, so that none is lost or sent twice.

use std::time::Duration;

use super::assignment::sticky_timer;
use super::work::{draft_of, noted_last};
use super::{KeptContact, nothing, out_of_desk, put_contact};
use crate::mail::{
    AnswerMode, ConversationNote, Draft, MailOut, MailThread, OutKind, OutState, PARTICIPANTS_MAX,
    Writing,
};
use crate::view::Loaded;
use crate::{
    AgentId, Closing, Contact, ContactId, Decision, Document, Effect, Ending, Event, Halt, Key,
    Place, Refusal, Reply, Sticky, Timestamp, View, WakeChange, WriteBody,
};

/// The topic of mails that go out.
pub const MAIL_TOPIC: &str = "mail";
/// The topic of blobs that nothing names any more.
pub const SWEEP_TOPIC: &str = "sweep";
/// The topic of records of contacts for the site's own systems (CTX-02).
pub const RECORD_TOPIC: &str = "customer_record";

/// The agent sends what they wrote: the contact ends, and the answer is owed.
pub(in crate::step) fn send(
    now: Timestamp,
    entropy: super::super::Entropy,
    contact: ContactId,
    by: Option<&AgentId>,
    version: u32,
    domain: &str,
    view: &View,
) -> Result<Decision, Halt> {
    let agent = by.ok_or(Refusal::ContactNotYours)?;
    let kept = KeptContact::load(contact, view)?.ok_or(Refusal::ContactUnknown)?;
    // A browser repeats what it has no answer to.
    if let (Place::Closed { agent: sent_by, .. }, Some(out)) =
        (&kept.contact.place, kept.contact.answer)
        && sent_by == agent
    {
        return Ok(Decision::already(Reply::Sent { out }));
    }
    let kept = KeptContact::of(contact, by, view)?;
    let (draft_version, draft) = draft_of(contact, view)?.ok_or(Refusal::NothingWritten)?;
    if draft.version != version {
        return Err(Refusal::Stale.into());
    }
    let writing = draft.writing.as_ref().ok_or(Refusal::NothingWritten)?;
    if writing.to.is_empty() && writing.cc.is_empty() && writing.bcc.is_empty() {
        return Err(Refusal::NoRecipient.into());
    }
    let how = match writing.mode {
        AnswerMode::Forward => Closing::Forwarded,
        AnswerMode::Reply | AnswerMode::ReplyAll => Closing::Replied,
    };
    let out = ContactId(u128::from_be_bytes(entropy.0));
    let kind = OutKind::Answer {
        writing: Box::new(writing.clone()),
        files: draft.files.clone(),
        agent: agent.clone(),
    };
    let draft_key = Key::draft(contact);
    let decision =
        kept.guarded(nothing()).guard(draft_key.clone(), Some(draft_version)).delete(draft_key);
    let mut after = kept.contact.clone();
    after.end(now, how, agent);
    after.answer = Some(out);
    let decision = record(decision, &after);
    let decision = put_contact(decision, &kept.key, after, "contact_closed");
    let decision = owed(decision, now, kept.contact, out, domain, kind);
    let mut decision = noted_last(decision, now, kept.contact.conversation, agent, view)?;
    joined(&mut decision, kept.contact.conversation, writing);
    let mut decision = out_of_desk(decision, now, kept.contact, view)?;
    decision.reply = Reply::Sent { out };
    Ok(decision)
}

/// Whom an agent writes to takes part from now on.
fn joined(decision: &mut Decision, conversation: ContactId, writing: &Writing) {
    let key = Key::conversation(conversation);
    for write in decision.writes.iter_mut().filter(|it| it.key == key) {
        if let WriteBody::Put(Document::Conversation(after)) = &mut write.body {
            for address in writing.to.iter().chain(&writing.cc) {
                if after.participants.len() < PARTICIPANTS_MAX {
                    after.participants.insert(address.to_lowercase());
                }
            }
        }
    }
}

/// Keeps a mail that is to go out with the promise to send it, and its Message-ID as one of the conversation's.
pub(super) fn owed(
    decision: Decision,
    now: Timestamp,
    contact: &Contact,
    out: ContactId,
    domain: &str,
    kind: OutKind,
) -> Decision {
    let message_id = format!("{out}@{domain}");
    let mail = MailOut {
        id: out,
        contact: contact.id,
        csq: contact.csq.clone(),
        message_id: message_id.clone(),
        at: now,
        kind,
        state: OutState::Queued,
        tries: 0,
        next_try_at: None,
    };
    let thread =
        MailThread { conversation: contact.conversation, contact: contact.id, is_ours: true };
    let key = Key::mail_out(out);
    let event = Event::new("mail_owed", key.clone());
    let payload = out.to_string();
    decision
        .put(Key::mail_thread(&message_id), Document::MailThread(thread))
        .put(key, Document::MailOut(Box::new(mail)))
        .event(event)
        .effect(Effect { topic: MAIL_TOPIC.to_owned(), payload, owed: None })
}

/// A blob that nothing names any more goes.
pub(super) fn sweep(decision: Decision, blob: String) -> Decision {
    decision.effect(Effect { topic: SWEEP_TOPIC.to_owned(), payload: blob, owed: None })
}

/// The site's own systems are told of a contact that ended.
pub(super) fn record(decision: Decision, ended: &Contact) -> Decision {
    let payload = Ending::of(ended).to_string();
    decision.effect(Effect { topic: RECORD_TOPIC.to_owned(), payload, owed: None })
}

/// How far a mail came, as the adapter found; what is over stays so.
pub(in crate::step) fn out_moved(
    now: Timestamp,
    out: ContactId,
    state: &OutState,
    next_try_at: Option<Timestamp>,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::mail_out(out);
    let Some(Loaded { version, document: Document::MailOut(before) }) = view.document(&key)? else {
        return Ok(nothing());
    };
    if before.is_over() || (before.state == *state && before.next_try_at == next_try_at) {
        return Ok(nothing());
    }
    let mut after = before.as_ref().clone();
    if *state == OutState::Sending {
        after.tries = after.tries.saturating_add(1);
    }
    after.state = state.clone();
    after.next_try_at = next_try_at;
    let name = match state {
        OutState::Queued => "mail_queued",
        OutState::Prepared => "mail_prepared",
        OutState::Sending => "mail_sending",
        OutState::Accepted { is_filed: false, .. } => "mail_accepted",
        OutState::Accepted { is_filed: true, .. } => "mail_filed",
        OutState::Unknown => "mail_unknown",
        OutState::Failed { .. } => "mail_failed",
    };
    let event = Event::new(name, key.clone());
    let mut decision = nothing()
        .guard(key.clone(), Some(*version))
        .put(key, Document::MailOut(Box::new(after.clone())))
        .event(event);
    if let OutKind::Answer { writing, files, agent } = &after.kind {
        match state {
            // Its files are in what was sent.
            OutState::Accepted { is_filed: true, .. } => {
                for file in files {
                    decision = sweep(decision, file.blob());
                }
            }
            OutState::Failed { reason, .. } => {
                let draft = Draft {
                    contact: after.contact,
                    writing: Some(writing.as_ref().clone()),
                    files: files.clone(),
                    version: 1,
                    saved_at: now,
                    by: agent.clone(),
                };
                decision = given_back(decision, now, &after, draft, reason, view)?;
            }
            _ => {}
        }
    }
    Ok(decision)
}

/// An answer that nobody took: its contact waits again, for its writer first, with what was written.
fn given_back(
    decision: Decision,
    now: Timestamp,
    mail: &MailOut,
    draft: Draft,
    reason: &str,
    view: &View,
) -> Result<Decision, Halt> {
    let Some(kept) = KeptContact::load(mail.contact, view)? else { return Ok(decision) };
    if !kept.contact.is_closed() || kept.contact.answer != Some(mail.id) {
        return Ok(decision);
    }
    let mut contact = kept.contact.clone();
    contact.place = Place::Queued;
    contact.waiting_since = now;
    contact.answer = None;
    contact.begun = true;
    let hours = u64::from(view.settings.channels.sticky_email_hours);
    contact.sticky = Some(Sticky {
        agent: draft.by.clone(),
        until: now.after(Duration::from_secs(hours * 3_600)),
    });
    let key = Key::draft(mail.contact);
    let version = view.version(&key)?;
    let timer = sticky_timer(&contact).map(WakeChange::Set);
    let mut decision = put_contact(kept.guarded(decision), &kept.key, contact, "contact_requeued")
        .guard(key.clone(), version)
        .put(key, Document::Draft(Box::new(draft)));
    decision.wakes.extend(timer);
    let key = Key::conversation(kept.contact.conversation);
    if let Some(Loaded { version, document: Document::Conversation(before) }) =
        view.document(&key)?
    {
        let mut after = before.as_ref().clone();
        let note = ConversationNote {
            at: now,
            recipient: String::new(),
            action: "failed".to_owned(),
            status: reason.chars().take(200).collect(),
            contact: Some(mail.contact),
            is_ours: true,
        };
        after.note(note);
        decision = decision
            .guard(key.clone(), Some(*version))
            .put(key, Document::Conversation(Box::new(after)));
    }
    Ok(decision)
}
