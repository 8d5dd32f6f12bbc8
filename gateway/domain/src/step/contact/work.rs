//! What an agent does with a contact short of answering it: gives it back, ends it, says what it was about, writes.

use super::assignment::cleared;
use super::{KeptContact, nothing, out_of_desk, put_contact, queued_again};
use crate::mail::{
    AnswerMode, DRAFT_BYTES_MAX, Draft, DraftFile, FILE_BYTES_MAX, FILES_BYTES_MAX, FILES_MAX,
    RECIPIENTS_MAX, Writing,
};
use crate::view::Loaded;
use crate::{
    AgentId, Closing, ContactId, Decision, Document, Event, Halt, Key, LegEnd, Place, Refusal,
    Reply, SUBJECT_CHARACTERS_MAX, Timestamp, Version, View, WRAP_UP_CHOSEN_MAX, WrapUpChoice,
};

/// A change of what is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftChange {
    /// All of it but its files.
    Write {
        /// What is written now.
        writing: Writing,
        /// The version that it follows; another one means that another page wrote meanwhile.
        follows: u32,
    },
    /// One more file, whose bytes are kept already.
    AddFile(DraftFile),
    /// That file goes.
    RemoveFile(ContactId),
    /// All of it goes.
    Discard,
}

/// The agent gives a contact back, to its CSQ or another, and never gets it again (MAIL-09).
pub(in crate::step) fn requeue(
    now: Timestamp,
    contact: ContactId,
    by: Option<&AgentId>,
    csq: &str,
    view: &View,
) -> Result<Decision, Halt> {
    let kept = KeptContact::of(contact, by, view)?;
    known_csq(csq, view)?;
    if let Some((_, draft)) = draft_of(contact, view)?
        && draft.writing.as_ref().is_some_and(|it| it.mode == AnswerMode::Forward)
    {
        return Err(Refusal::ForwardOpen.into());
    }
    let mut after = queued_again(kept.contact, now, csq, LegEnd::Requeued);
    after.not_for.extend(by.cloned());
    let decision = put_contact(kept.guarded(nothing()), &kept.key, after, "contact_requeued");
    out_of_desk(decision, now, kept.contact, view)
}

/// A supervisor takes a contact back into a queue, its own where none is named (MAIL-16).
pub(super) fn take_back(
    now: Timestamp,
    contact: ContactId,
    csq: Option<&str>,
    view: &View,
) -> Result<Decision, Halt> {
    let kept = KeptContact::load(contact, view)?.ok_or(Refusal::ContactUnknown)?;
    if kept.contact.is_closed() {
        return Err(Refusal::ContactClosed.into());
    }
    let csq = csq.unwrap_or(&kept.contact.csq);
    known_csq(csq, view)?;
    let mut after = queued_again(kept.contact, now, csq, LegEnd::Reassigned);
    if kept.contact.is_queued() {
        after.waiting_since = kept.contact.waiting_since;
    }
    let decision = put_contact(kept.guarded(nothing()), &kept.key, after, "contact_requeued");
    let decision = cleared(decision, kept.contact);
    out_of_desk(decision, now, kept.contact, view)
}

fn known_csq(csq: &str, view: &View) -> Result<(), Halt> {
    view.version(&Key::settings_head())?;
    match view.settings.csqs.get(csq).is_some_and(|csq| csq.email.is_some()) {
        true => Ok(()),
        false => Err(Refusal::CsqUnknown.into()),
    }
}

/// The agent ends a contact without an answer; the mail stays on the server (MAIL-10).
pub(in crate::step) fn discard(
    now: Timestamp,
    contact: ContactId,
    by: Option<&AgentId>,
    view: &View,
) -> Result<Decision, Halt> {
    let kept = KeptContact::load(contact, view)?.ok_or(Refusal::ContactUnknown)?;
    let agent = by.or(kept.contact.agent()).ok_or(Refusal::ContactNotYours)?.clone();
    if matches!(&kept.contact.place, Place::Closed { agent: ended, how, .. }
        if *ended == agent && *how == Closing::Discarded)
    {
        return Ok(nothing());
    }
    let kept = KeptContact::of(contact, by, view)?;
    let mut decision = kept.guarded(nothing());
    if let Some((version, draft)) = draft_of(contact, view)? {
        decision = without_draft(decision, contact, version, draft);
    }
    let mut after = kept.contact.clone();
    after.end(now, Closing::Discarded, &agent);
    let decision = super::sending::record(decision, &after);
    let decision = put_contact(decision, &kept.key, after, "contact_closed");
    let decision = noted_last(decision, now, kept.contact.conversation, &agent, view)?;
    out_of_desk(decision, now, kept.contact, view)
}

/// Removes a draft; its files are swept once nothing names them.
fn without_draft(
    decision: Decision,
    contact: ContactId,
    version: Version,
    draft: &Draft,
) -> Decision {
    let key = Key::draft(contact);
    let mut decision = decision.guard(key.clone(), Some(version)).delete(key);
    for file in &draft.files {
        decision = super::sending::sweep(decision, file.blob());
    }
    decision
}

/// Notes who worked on a conversation last.
pub(super) fn noted_last(
    decision: Decision,
    now: Timestamp,
    conversation: ContactId,
    agent: &AgentId,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::conversation(conversation);
    let Some(Loaded { version, document: Document::Conversation(before) }) = view.document(&key)?
    else {
        return Ok(decision);
    };
    let mut after = before.as_ref().clone();
    after.last_agent = Some(agent.clone());
    after.last_at = now;
    let decision = decision.guard(key.clone(), Some(*version));
    Ok(decision.put(key, Document::Conversation(Box::new(after))))
}

/// The agent says what a contact was about, until it ends (CCP-16).
pub(in crate::step) fn choose_wrap_up(
    contact: ContactId,
    by: Option<&AgentId>,
    chosen: &[WrapUpChoice],
    view: &View,
) -> Result<Decision, Halt> {
    let kept = KeptContact::of(contact, by, view)?;
    if kept.contact.is_closed() {
        return Err(Refusal::ContactClosed.into());
    }
    let terms_key = Key::contact_terms(&kept.contact.terms);
    let terms = match view.document(&terms_key)? {
        Some(Loaded { document: Document::ContactTerms(terms), .. }) => Some(terms),
        _ => None,
    };
    let mut chosen = chosen.to_vec();
    chosen.sort();
    chosen.dedup();
    if chosen.len() > WRAP_UP_CHOSEN_MAX {
        return Err(Refusal::TooMany { limit: WRAP_UP_CHOSEN_MAX }.into());
    }
    let is_there = |choice: &WrapUpChoice| {
        terms.is_some_and(|terms| {
            let mut of = terms.wrap_up.iter().filter(|it| it.name == choice.category);
            of.any(|it| it.reasons.contains(&choice.reason))
        })
    };
    if !chosen.iter().all(is_there) {
        return Err(Refusal::WrapUpUnknown.into());
    }
    if chosen == kept.contact.wrap_up {
        return Ok(nothing());
    }
    let mut after = kept.contact.clone();
    after.wrap_up = chosen;
    Ok(put_contact(kept.guarded(nothing()), &kept.key, after, "contact_wrap_up"))
}

/// The draft of a contact.
pub(super) fn draft_of(contact: ContactId, view: &View) -> Result<Option<(Version, &Draft)>, Halt> {
    Ok(match view.document(&Key::draft(contact))? {
        Some(Loaded { version, document: Document::Draft(draft) }) => Some((*version, draft)),
        _ => None,
    })
}

/// The agent writes (MAIL-08).
pub(in crate::step) fn save_draft(
    now: Timestamp,
    contact: ContactId,
    by: Option<&AgentId>,
    change: &DraftChange,
    view: &View,
) -> Result<Decision, Halt> {
    let agent = by.ok_or(Refusal::ContactNotYours)?;
    let kept = KeptContact::of(contact, by, view)?;
    let before = draft_of(contact, view)?;
    let mut decision = nothing();
    let key = Key::draft(contact);
    let is_begun = !matches!(change, DraftChange::Discard);
    let mut reply = 0;
    match (change, before) {
        (DraftChange::Discard | DraftChange::RemoveFile(_), None) => return Ok(nothing()),
        (DraftChange::Discard, Some((version, draft))) => {
            decision = without_draft(decision, contact, version, draft);
        }
        (change, before) => {
            let mut draft = match before {
                Some((_, draft)) => draft.clone(),
                None => Draft {
                    contact,
                    writing: None,
                    files: Vec::new(),
                    version: 0,
                    saved_at: now,
                    by: agent.clone(),
                },
            };
            match change {
                DraftChange::Write { writing, follows } => {
                    if draft.writing.as_ref() == Some(writing) {
                        return Ok(Decision::already(Reply::Draft { version: draft.version }));
                    }
                    if draft.version != *follows {
                        return Err(Refusal::Stale.into());
                    }
                    checked(writing, &draft.files)?;
                    draft.writing = Some(writing.clone());
                    draft.version = draft.version.saturating_add(1);
                }
                DraftChange::AddFile(file) => {
                    if !draft.files.iter().any(|it| it.id == file.id) {
                        draft.files.push(file.clone());
                    }
                    checked_files(&draft.files)?;
                    if let Some(writing) = &draft.writing {
                        checked(writing, &draft.files)?;
                    }
                }
                DraftChange::RemoveFile(id) => {
                    if let Some(file) = draft.files.iter().find(|it| it.id == *id) {
                        decision = super::sending::sweep(decision, file.blob());
                    }
                    draft.files.retain(|it| it.id != *id);
                }
                DraftChange::Discard => {}
            }
            draft.saved_at = now;
            draft.by = agent.clone();
            reply = draft.version;
            let version = before.map(|(version, _)| version);
            decision = decision
                .guard(key.clone(), version)
                .put(key.clone(), Document::Draft(Box::new(draft)))
                .event(Event::new("draft_saved", key));
        }
    }
    // Nobody writes to what was taken from them meanwhile.
    decision = kept.guarded(decision);
    if kept.contact.begun != is_begun {
        let mut after = kept.contact.clone();
        after.begun = is_begun;
        decision = put_contact(decision, &kept.key, after, "contact_begun");
    }
    decision.reply = Reply::Draft { version: reply };
    Ok(decision)
}

fn checked(writing: &Writing, files: &[DraftFile]) -> Result<(), Halt> {
    let of = [&writing.to, &writing.cc, &writing.bcc];
    if of.iter().any(|it| it.len() > RECIPIENTS_MAX) {
        return Err(Refusal::TooMany { limit: RECIPIENTS_MAX }.into());
    }
    if writing.html.len() > DRAFT_BYTES_MAX
        || writing.subject.chars().count() > SUBJECT_CHARACTERS_MAX
    {
        return Err(Refusal::AnswerTooLarge.into());
    }
    // What is sent on takes no further files with it (MAIL-04).
    if writing.mode == AnswerMode::Forward && files.iter().any(|it| !it.is_inline) {
        return Err(Refusal::ForwardTakesNoFiles.into());
    }
    Ok(())
}

fn checked_files(files: &[DraftFile]) -> Result<(), Halt> {
    if files.len() > FILES_MAX {
        return Err(Refusal::TooMany { limit: FILES_MAX }.into());
    }
    let all: u64 = files.iter().map(|it| it.bytes).sum();
    if files.iter().any(|it| it.bytes > FILE_BYTES_MAX) || all > FILES_BYTES_MAX {
        return Err(Refusal::AnswerTooLarge.into());
    }
    Ok(())
}
