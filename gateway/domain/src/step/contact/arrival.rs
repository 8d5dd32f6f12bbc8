//! A mail that a round found on a server: what becomes of it is written once, with the contact that it makes.
//!
//! ```text
//!   seen before --> nothing                       same mail, known to the CSQ --> duplicate
//!   too old at the first reading --> noted        says that something did not arrive --> a note, or parked
//!   a copy of what this mailbox sent, as often as that was tried --> proof that the server took it
//!   everything else --> a contact, in a conversation: by the ids that it names, else by sender and subject
//! ```

use std::collections::BTreeSet;
use std::time::Duration;

use super::assignment::sticky_timer;
use super::other_ids::reported;
use super::sending::{copy_came, owed, sweep};
use super::{nothing, put_contact};
use crate::mail::{
    Acknowledged, ArrivedMail, BOUNCED_MAX, Conversation, ConversationNote, Disposition,
    MailCursor, MailKnown, MailSeen, MailThread, OutKind, PARTICIPANTS_MAX, THREAD_IDS_MAX,
};
use crate::settings::Csq;
use crate::step::Entropy;
use crate::view::Loaded;
use crate::{
    CategoryTerms, Channel, Contact, ContactId, ContactMail, ContactTerms, Decision, Document,
    Event, Halt, Index, IndexRange, Key, LedgerPlace, Place, SUBJECT_CHARACTERS_MAX, Sticky,
    Timestamp, View, WakeChange,
};

/// A sender is told at most once in this time that a mail arrived.
const ACKNOWLEDGED_HOURS: u64 = 24;

/// Where a mail belongs.
struct Belongs<'v> {
    conversation: Option<(crate::Version, &'v Conversation)>,
    /// A conversation that it names without being part of it.
    names: Option<ContactId>,
}

/// A mail arrived.
pub(in crate::step) fn arrived(
    now: Timestamp,
    entropy: Entropy,
    mail: &ArrivedMail,
    view: &View,
) -> Result<Decision, Halt> {
    let seen_key = Key::mail_seen(&mail.csq, &mail.folder, mail.uid_validity, mail.uid);
    let known_key = Key::mail_known(&mail.csq, &mail.identity);
    let head = Key::settings_head();
    view.need(&[seen_key.clone(), known_key.clone(), head.clone()])?;
    if view.document(&seen_key)?.is_some() {
        return Ok(nothing());
    }
    let seen = |disposition| {
        let (from, subject) = match disposition {
            Disposition::Contact { .. } => (String::new(), String::new()),
            _ => (mail.from.address.clone(), subject_of(mail)),
        };
        Document::MailSeen(Box::new(MailSeen {
            csq: mail.csq.clone(),
            folder: mail.folder.clone(),
            uid_validity: mail.uid_validity,
            uid: mail.uid,
            received_at: mail.received_at,
            at: now,
            from,
            subject,
            disposition,
        }))
    };
    let noted = |disposition| {
        let event = Event::new("mail_noted", seen_key.clone());
        nothing()
            .guard(seen_key.clone(), None)
            .put(seen_key.clone(), seen(disposition))
            .event(event)
    };
    // The bytes of what is no contact are shown to nobody.
    let unkept = |decision: Decision| match &mail.blob {
        Some(blob) => sweep(decision, blob.clone()),
        None => decision,
    };
    let known = view.document(&known_key)?;
    if let Some(out) = mail.copy_of
        && let Some(Loaded { version, document: Document::MailOut(sent) }) =
            view.document(&Key::mail_out(out))?
        && sent.csq == mail.csq
        && sent.awaits_copy()
    {
        // Its bytes are kept as those that were sent.
        let decision = noted(Disposition::OwnCopy { out });
        let mut decision = match known {
            Some(Loaded {
                document: Document::MailKnown(MailKnown { contact: Some(id), .. }),
                ..
            }) => without_copy(decision, *id, mail, view)?,
            _ => unkept(decision),
        };
        if known.is_none() {
            let known = MailKnown { contact: None, at: now };
            decision =
                decision.guard(known_key.clone(), None).put(known_key, Document::MailKnown(known));
        }
        // Of a sender who is not who it says, nothing is learned.
        let id = mail.message_id.as_ref().filter(|_| !mail.is_unverified);
        return copy_came(decision, now, (*version, sent), id, view);
    }
    if let Some(Loaded { document: Document::MailKnown(known), .. }) = known {
        return match known.contact {
            Some(contact) => {
                without_copy(noted(Disposition::Duplicate { contact }), contact, mail, view)
            }
            None => Ok(unkept(noted(Disposition::Parked))),
        };
    }
    if mail.is_too_old {
        return Ok(noted(Disposition::TooOld));
    }
    if let Some(bounce) = &mail.bounce {
        let known = MailKnown { contact: None, at: now };
        let thread = reported(bounce, view)?;
        let kept = |decision: Decision| {
            unkept(decision)
                .guard(known_key.clone(), None)
                .put(known_key.clone(), Document::MailKnown(known.clone()))
        };
        if let Some(thread) = thread.filter(|thread| bounce.is_report || thread.is_ours) {
            let key = Key::conversation(thread.conversation);
            let disposition = Disposition::Bounce { conversation: thread.conversation };
            let mut decision = kept(noted(disposition));
            if let Some(Loaded { version, document: Document::Conversation(before) }) =
                view.document(&key)?
            {
                let mut after = before.as_ref().clone();
                for about in bounce.recipients.iter().take(BOUNCED_MAX) {
                    after.note(ConversationNote {
                        at: now,
                        recipient: about.recipient.clone(),
                        action: about.action.clone(),
                        status: about.status.clone(),
                        contact: Some(thread.contact),
                        is_ours: false,
                    });
                }
                decision = decision
                    .guard(key.clone(), Some(*version))
                    .event(Event::new("mail_bounced", key.clone()))
                    .put(key, Document::Conversation(Box::new(after)));
            }
            return Ok(decision);
        }
        if bounce.is_report {
            return Ok(kept(noted(Disposition::Parked)));
        }
        // It may be somebody's words all the same.
    }
    let belongs = belongs(now, mail, view)?;
    let id = ContactId(u128::from_be_bytes(entropy.0));
    let csq = view.settings.csqs.get(&mail.csq).cloned();
    let terms = terms_of(&mail.csq, view);
    let terms_digest = terms.digest();
    let conversation = belongs.conversation.map_or(id, |(_, it)| it.id);
    let contact = Contact {
        id,
        channel: Channel::Email,
        csq: mail.csq.clone(),
        routed_csq: mail.csq.clone(),
        customer: mail.from.clone(),
        subject: subject_of(mail),
        arrived_at: now,
        waiting_since: now,
        place: Place::Queued,
        sticky: sticky(now, mail, &belongs, view),
        not_for: BTreeSet::new(),
        conversation,
        names: belongs.names,
        mail: ContactMail {
            blob: mail.blob.clone(),
            bytes: mail.bytes,
            message_id: mail.message_id.clone(),
            ledger: LedgerPlace {
                csq: mail.csq.clone(),
                folder: mail.folder.clone(),
                uid_validity: mail.uid_validity,
                uid: mail.uid,
                identity: mail.identity.clone(),
            },
            received_at: mail.received_at,
            is_plain_text: mail.is_plain_text,
            is_proven: mail.is_proven,
            is_unverified: mail.is_unverified,
        },
        notice: mail.notice,
        automatic: mail.automatic,
        terms: terms_digest.clone(),
        legs: Vec::new(),
        wrap_up: Vec::new(),
        begun: false,
        answer: None,
        endings: 0,
        failed_answers: Vec::new(),
    };
    let timer = sticky_timer(&contact).map(WakeChange::Set);
    let known = MailKnown { contact: Some(id), at: now };
    let conversation_key = Key::conversation(conversation);
    let (version, mut after) = match belongs.conversation {
        Some((version, before)) => (Some(version), before.clone()),
        None => (None, new_conversation(id, now, mail)),
    };
    after.last_at = now;
    if after.participants.len() < PARTICIPANTS_MAX && !mail.from.address.is_empty() {
        after.participants.insert(mail.from.known_as());
    }
    let mut decision = nothing()
        .guard(seen_key.clone(), None)
        .guard(known_key.clone(), None)
        .guard(conversation_key.clone(), version)
        .guard(head.clone(), view.version(&head)?)
        .put(seen_key.clone(), seen(Disposition::Contact { contact: id }))
        .put(known_key, Document::MailKnown(known))
        .put(conversation_key, Document::Conversation(Box::new(after)))
        .put(Key::contact_terms(&terms_digest), Document::ContactTerms(Box::new(terms)));
    if let Some(message_id) = &mail.message_id {
        let key = Key::mail_thread(message_id);
        // The first mail of an id has it.
        if view.document(&key)?.is_none() {
            let thread = MailThread { conversation, contact: id, is_ours: false };
            decision = decision.put(key, Document::MailThread(thread));
        }
    }
    decision = acknowledged(decision, now, mail, &contact, csq.as_deref(), view)?;
    let key = Key::contact(id);
    let mut decision =
        put_contact(decision.guard(key.clone(), None), &key, contact, "contact_queued");
    decision.wakes.extend(timer);
    Ok(decision)
}

/// A copy of a mail adds nothing to what its contact holds, unless it is held by the same name.
fn without_copy(
    decision: Decision,
    contact: ContactId,
    mail: &ArrivedMail,
    view: &View,
) -> Result<Decision, Halt> {
    let held = match view.document(&Key::contact(contact))? {
        Some(Loaded { document: Document::Contact(contact), .. }) => contact.mail.blob.as_ref(),
        _ => None,
    };
    Ok(match &mail.blob {
        Some(blob) if held != Some(blob) => sweep(decision, blob.clone()),
        _ => decision,
    })
}

fn subject_of(mail: &ArrivedMail) -> String {
    mail.subject.chars().take(SUBJECT_CHARACTERS_MAX).collect()
}

fn new_conversation(id: ContactId, now: Timestamp, mail: &ArrivedMail) -> Conversation {
    Conversation {
        id,
        base_subject: mail.base_subject.clone(),
        participants: BTreeSet::new(),
        last_agent: None,
        last_at: now,
        notes: Vec::new(),
    }
}

/// By the ids that it names, else by who wrote and the subject of an answer. A sender who takes no part in what it
/// names begins a conversation of their own, with a hint: ids can be guessed and passed on.
fn belongs<'v>(now: Timestamp, mail: &ArrivedMail, view: &'v View) -> Result<Belongs<'v>, Halt> {
    let keys: Vec<_> =
        mail.answers.iter().take(THREAD_IDS_MAX).map(|it| Key::mail_thread(it)).collect();
    view.need(&keys)?;
    let mut names = None;
    for key in &keys {
        let Some(Loaded { document: Document::MailThread(thread), .. }) = view.document(key)?
        else {
            continue;
        };
        let found = conversation_of(thread.conversation, view)?;
        let Some((version, conversation)) = found else { continue };
        if conversation.participants.contains(&mail.from.known_as()) {
            return Ok(Belongs { conversation: Some((version, conversation)), names: None });
        }
        names = names.or(Some(conversation.id));
    }
    let days = view.settings.mail.joins_by_subject_days;
    let may_join = days > 0
        && mail.had_reply_prefix
        && names.is_none()
        && !mail.from.address.is_empty()
        && !mail.base_subject.is_empty();
    if may_join {
        let from = mail.from.known_as();
        let value = Index::conversation_value(&from, &mail.base_subject);
        let range = IndexRange::exactly(Index::ConversationBySubject, value, 20);
        let keys = view.range(&range)?.to_vec();
        view.need(&keys)?;
        let lasting = Duration::from_secs(u64::from(days) * 86_400);
        let mut best: Option<(crate::Version, &Conversation)> = None;
        for key in &keys {
            if let Some(Loaded { version, document: Document::Conversation(found) }) =
                view.document(key)?
                && found.last_at.after(lasting) > now
                && found.base_subject == mail.base_subject
                && found.participants.contains(&from)
                && best.is_none_or(|(_, best)| (found.last_at, found.id) > (best.last_at, best.id))
            {
                best = Some((*version, found));
            }
        }
        return Ok(Belongs { conversation: best, names: None });
    }
    Ok(Belongs { conversation: None, names })
}

fn conversation_of(
    id: ContactId,
    view: &View,
) -> Result<Option<(crate::Version, &Conversation)>, Halt> {
    Ok(match view.document(&Key::conversation(id))? {
        Some(Loaded { version, document: Document::Conversation(found) }) => {
            Some((*version, found))
        }
        _ => None,
    })
}

/// The agent of the last leg gets it first, unless the customer changed the subject or a machine wrote (MAIL-02).
fn sticky(
    now: Timestamp,
    mail: &ArrivedMail,
    belongs: &Belongs<'_>,
    view: &View,
) -> Option<Sticky> {
    let (_, conversation) = belongs.conversation?;
    let agent = conversation.last_agent.clone()?;
    let is_same = conversation.base_subject == mail.base_subject && !mail.is_forwarded;
    if !is_same || mail.automatic {
        return None;
    }
    let hours = u64::from(view.settings.channels.sticky_email_hours);
    Some(Sticky { agent, until: now.after(Duration::from_secs(hours * 3_600)) })
}

/// What holds for contacts of that CSQ at this time.
fn terms_of(csq: &str, view: &View) -> ContactTerms {
    let categories = view.settings.wrap_up_categories.values();
    let of_csq = categories.filter(|it| it.is_for(csq));
    ContactTerms {
        wrap_up: of_csq
            .map(|it| CategoryTerms { name: it.name.clone(), reasons: it.reasons.clone() })
            .collect(),
    }
}

/// Where the CSQ says so, whoever wrote is told once a day that their mail arrived; never a machine, nor
/// somebody in whose name another one wrote (MAIL-16).
fn acknowledged(
    decision: Decision,
    now: Timestamp,
    mail: &ArrivedMail,
    contact: &Contact,
    csq: Option<&Csq>,
    view: &View,
) -> Result<Decision, Halt> {
    let email = csq.and_then(|csq| csq.email.as_ref());
    let Some(email) = email.filter(|email| email.acknowledgement.is_some()) else {
        return Ok(decision);
    };
    // Whoever was only named as the sender wrote nothing.
    let is_forged = mail.is_unverified || mail.from.address.is_empty();
    if mail.automatic || mail.notice.is_some() || is_forged {
        return Ok(decision);
    }
    let key = Key::acknowledged(&mail.csq, &mail.from.known_as());
    let lasting = Duration::from_secs(ACKNOWLEDGED_HOURS * 3_600);
    let version = match view.document(&key)? {
        Some(Loaded { document: Document::Acknowledged(last), .. })
            if last.at.after(lasting) > now =>
        {
            return Ok(decision);
        }
        kept => kept.map(|it| it.version),
    };
    let out = ContactId(!contact.id.0);
    let kind = OutKind::Acknowledgement { to: mail.from.clone() };
    let decision = decision
        .guard(key.clone(), version)
        .put(key, Document::Acknowledged(Acknowledged { at: now }));
    let domain = email.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    Ok(owed(decision, now, contact, out, domain, kind))
}

/// How far a folder was read. An older word than what is kept changes nothing.
pub(in crate::step) fn cursor_moved(cursor: &MailCursor, view: &View) -> Result<Decision, Halt> {
    let key = Key::mail_cursor(&cursor.csq, &cursor.folder);
    let version = match view.document(&key)? {
        Some(Loaded { version, document: Document::MailCursor(before) }) => {
            let is_same = before.uid_validity == cursor.uid_validity;
            if before.as_ref() == cursor || (is_same && before.uid_next > cursor.uid_next) {
                return Ok(nothing());
            }
            Some(*version)
        }
        _ => None,
    };
    let event = Event::new("mail_cursor_moved", key.clone());
    Ok(nothing()
        .guard(key.clone(), version)
        .put(key, Document::MailCursor(Box::new(cursor.clone())))
        .event(event))
}
