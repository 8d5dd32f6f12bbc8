//! Answers on their way out: asked for in the same commit that ends the contact, so that none is lost or sent twice.

use std::time::Duration;

use super::assignment::sticky_timer;
use super::other_ids::learned;
use super::work::{draft_of, noted_last};
use super::{KeptContact, nothing, out_of_desk, put_contact};
use crate::mail::{
    AnswerMode, ConversationNote, Draft, MailOut, MailThread, OutKind, OutState, PARTICIPANTS_MAX,
    Proof, Writing,
};
use crate::view::Loaded;
use crate::{
    AgentId, Closing, Contact, ContactId, Decision, Document, Effect, Ending, Event,
    FAILED_ANSWERS_MAX, Halt, Key, Place, Refusal, Reply, Sticky, Timestamp, Version, View,
    WakeChange, WriteBody,
};

/// The topic of mails that go out.
pub const MAIL_TOPIC: &str = "mail";
/// The topic of blobs that nothing names any more.
pub const SWEEP_TOPIC: &str = "sweep";
/// The topic of records of contacts for the site's own systems (CTX-02).
pub const RECORD_TOPIC: &str = "customer_record";

/// Before the reason for which a mail was given up that may have arrived by an earlier try.
const MAY_HAVE_ARRIVED: &str = "an earlier try may have reached the customer: look among the sent mails, or ask, before it is \
    sent again. The last try:";

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
        proof: Proof::default(),
        next_try_at: None,
        other_ids: Vec::new(),
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

/// Whether a mail goes from one state to another: only from where whoever reports it knew it to be, so that of two who
/// would send it one does. That a server took it is so whoever says it, and however late: a node that was cut off from the
/// store alone knows what the server said to it.
fn may_move(before: &MailOut, was: &OutState, state: &OutState) -> bool {
    let is_taken = matches!(state, OutState::Accepted { is_filed: false, .. });
    match &before.state {
        OutState::Failed { is_unclear: true, .. } if is_taken => true,
        _ if before.is_over() => false,
        OutState::Prepared => before.state == *was || is_taken,
        OutState::Sending { .. } | OutState::Unknown { .. } => {
            (before.state == *was || is_taken) && !matches!(state, OutState::Sending { .. })
        }
        _ => before.state == *was && !matches!(state, OutState::Sending { .. }),
    }
}

/// A mail that is given up may have arrived where nobody knows what became of one of its tries, whatever the last one came
/// to; its writer must know that before they send it again.
fn given_up(before: &MailOut, state: OutState) -> OutState {
    let was_unclear = before.proof.unclear > 0 || matches!(before.state, OutState::Unknown { .. });
    match state {
        OutState::Failed { at, reason, is_unclear: false, settled } if was_unclear => {
            let reason = format!("{MAY_HAVE_ARRIVED} {reason}");
            OutState::Failed { at, reason, is_unclear: true, settled }
        }
        state => state,
    }
}

/// How far a mail came, as the adapter found; refused where it was somewhere else than the adapter knew. That it is being
/// sent is taken once, and only from where its bytes are kept: whoever is told so hands it over, and nobody else.
pub(in crate::step) fn out_moved(
    now: Timestamp,
    out: ContactId,
    (was, state): (&OutState, &OutState),
    next_try_at: Option<Timestamp>,
    other_ids: &[String],
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::mail_out(out);
    let Some(Loaded { version, document: Document::MailOut(before) }) = view.document(&key)? else {
        return Err(Refusal::Stale.into());
    };
    let is_sending = matches!(state, OutState::Sending { .. });
    if before.state == *state && before.next_try_at == next_try_at && !is_sending {
        return Ok(nothing());
    }
    if !may_move(before, was, state) {
        return Err(Refusal::Stale.into());
    }
    let state = &given_up(before, state.clone());
    let mut after = before.as_ref().clone();
    after.state = state.clone();
    after.next_try_at = next_try_at;
    let ids = learned(nothing(), &mut after, other_ids, view)?;
    match state {
        OutState::Sending { asks_copy, .. } => {
            after.tries = after.tries.saturating_add(1);
            after.proof.is_asked |= asks_copy;
        }
        OutState::Unknown { .. } if !matches!(before.state, OutState::Unknown { .. }) => {
            after.proof.unclear = after.proof.unclear.saturating_add(1);
        }
        // Its copy came before the server's answer was noted.
        OutState::Accepted { is_filed: false, .. } if after.proof.copies > 0 => {
            after.next_try_at = None;
        }
        _ => {}
    }
    let name = match state {
        OutState::Queued => "mail_queued",
        OutState::Prepared => "mail_prepared",
        OutState::Sending { .. } => "mail_sending",
        OutState::Accepted { is_filed: false, .. } => "mail_accepted",
        OutState::Accepted { is_filed: true, .. } => "mail_filed",
        OutState::Unknown { .. } => "mail_unknown",
        OutState::Failed { .. } => "mail_failed",
    };
    let event = Event::new(name, key.clone());
    let mut decision = ids
        .guard(key.clone(), Some(*version))
        .put(key, Document::MailOut(Box::new(after.clone())))
        .event(event);
    let is_failed = |state: &OutState| matches!(state, OutState::Failed { .. });
    // A copy may come still, which is compared with it, or word that the server took it.
    let may_come_back = after.proof.unclear > 0;
    if is_failed(state) && !is_failed(&before.state) && !may_come_back {
        decision = sweep(decision, after.blob());
    }
    if let OutKind::Answer { writing, files, agent } = &after.kind {
        match (&before.state, state) {
            (OutState::Failed { .. }, OutState::Accepted { .. }) if after.proof.copies == 0 => {
                decision = taken(decision, now, &after, view)?;
            }
            // Both happened before a copy came late.
            (OutState::Accepted { is_filed: true, .. }, _) | (OutState::Failed { .. }, _) => {}
            // Its files are in what was sent, and in the draft of whom it was given back to before that was known.
            (_, OutState::Accepted { is_filed: true, .. }) if !was_given_back(&after, view)? => {
                for file in files {
                    decision = sweep(decision, file.blob());
                }
            }
            (_, OutState::Failed { reason, is_unclear, .. }) => {
                let draft = Draft {
                    contact: after.contact,
                    writing: Some(writing.as_ref().clone()),
                    files: files.clone(),
                    version: 1,
                    saved_at: now,
                    by: agent.clone(),
                };
                let note = ConversationNote {
                    at: now,
                    recipient: String::new(),
                    action: if *is_unclear { "unclear" } else { "failed" }.to_owned(),
                    status: reason.chars().take(200).collect(),
                    contact: Some(after.contact),
                    is_ours: true,
                };
                decision = given_back(decision, now, &after, draft, note, view)?;
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
    note: ConversationNote,
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
    contact.failed_answers.push(mail.id);
    let surplus = contact.failed_answers.len().saturating_sub(FAILED_ANSWERS_MAX);
    contact.failed_answers.drain(..surplus);
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
    noted(decision, kept.contact.conversation, note, view)
}

/// Whether a mail that the server took was given back to its writer before, who has its files.
fn was_given_back(mail: &MailOut, view: &View) -> Result<bool, Halt> {
    if mail.proof.unclear == 0 {
        return Ok(false);
    }
    let kept = KeptContact::load(mail.contact, view)?;
    Ok(kept.is_some_and(|kept| kept.contact.failed_answers.contains(&mail.id)))
}

/// An answer that was given back as unclear went out after all.
fn taken(
    decision: Decision,
    now: Timestamp,
    mail: &MailOut,
    view: &View,
) -> Result<Decision, Halt> {
    let Some(kept) = KeptContact::load(mail.contact, view)? else { return Ok(decision) };
    let note = ConversationNote {
        at: now,
        recipient: String::new(),
        action: "taken".to_owned(),
        status: String::new(),
        contact: Some(mail.contact),
        is_ours: true,
    };
    noted(decision, kept.contact.conversation, note, view)
}

/// Something about an answer is noted in its conversation.
fn noted(
    decision: Decision,
    conversation: ContactId,
    note: ConversationNote,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::conversation(conversation);
    let Some(Loaded { version, document: Document::Conversation(before) }) = view.document(&key)?
    else {
        return Ok(decision);
    };
    let mut after = before.as_ref().clone();
    after.note(note);
    Ok(decision
        .guard(key.clone(), Some(*version))
        .put(key, Document::Conversation(Box::new(after))))
}

/// A copy of a mail of ours came to the mailbox that sent it, so the server took it. What waits for that goes on at
/// once; where the answer was given back to its writer, the conversation says that it went out after all. Another
/// Message-ID of the copy is the mail's as well.
pub(super) fn copy_came(
    decision: Decision,
    now: Timestamp,
    (version, before): (Version, &MailOut),
    message_id: Option<&String>,
    view: &View,
) -> Result<Decision, Halt> {
    let mut after = before.clone();
    let decision = learned(decision, &mut after, message_id, view)?;
    after.proof.copies = after.proof.copies.saturating_add(1);
    after.next_try_at = None;
    let key = Key::mail_out(before.id);
    let event = Event::new("mail_copy_came", key.clone());
    let decision = decision
        .guard(key.clone(), Some(version))
        .put(key, Document::MailOut(Box::new(after)))
        .event(event);
    let was_given_back = matches!(before.state, OutState::Failed { is_unclear: true, .. });
    match was_given_back && before.proof.copies == 0 {
        true => taken(decision, now, before, view),
        false => Ok(decision),
    }
}
