//! What is kept of contacts that are over for as long as the settings say, and no longer (OPS-13); and the ledger, which
//! outlives them: a mail that lies on the server still must not come back.
//!
//! ```text
//!   MailSeen: goes LEDGER_DAYS later, unless the folder's cursor may look at its number again
//!   MailKnown: with a contact, until that is forgotten; without one, LEDGER_DAYS
//! ```

use super::nothing;
use crate::mail::{LOOK_BACK_UIDS, MailKnown, MailSeen};
use crate::view::Loaded;
use crate::{Contact, ContactId, Decision, Document, Event, Halt, Key, Place, Timestamp, View};

/// So many contacts are forgotten in one commit at most.
pub const CONTACTS_FORGOTTEN_MAX: usize = 100;

/// All that went out for a contact, or was meant to: its answer, those that nobody took, and the acknowledgement, which
/// has its number turned round.
fn sent_for(contact: &Contact) -> impl Iterator<Item = ContactId> {
    let acknowledged = ContactId(!contact.id.0);
    contact.failed_answers.iter().copied().chain(contact.answer).chain([acknowledged])
}

/// Contacts that ended before that time go, with what was kept of their answers.
pub(in crate::step) fn forget(
    before: Timestamp,
    contacts: &[ContactId],
    view: &View,
) -> Result<Decision, Halt> {
    let contacts = contacts.get(..CONTACTS_FORGOTTEN_MAX).unwrap_or(contacts);
    let keys: Vec<_> = contacts.iter().map(|it| Key::contact(*it)).collect();
    view.need(&keys)?;
    let mut beside = Vec::new();
    for key in &keys {
        if let Some(Loaded { document: Document::Contact(contact), .. }) = view.document(key)? {
            let ledger = &contact.mail.ledger;
            beside.push(Key::mail_known(&ledger.csq, &ledger.identity));
            beside.extend(sent_for(contact).map(Key::mail_out));
        }
    }
    view.need(&beside)?;
    let mut decision = nothing();
    for key in keys {
        let Some(Loaded { version, document: Document::Contact(contact) }) = view.document(&key)?
        else {
            continue;
        };
        let is_over = matches!(contact.place, Place::Closed { at, .. } if at < before);
        if !is_over {
            continue;
        }
        if let Some(blob) = &contact.mail.blob {
            decision = super::sending::sweep(decision, blob.clone());
        }
        for out in sent_for(contact) {
            decision = super::sending::sweep(decision, format!("out/{out}"));
            let key = Key::mail_out(out);
            if let Some(Loaded { document: Document::MailOut(mail), .. }) = view.document(&key)? {
                for id in mail.other_ids.iter().chain([&mail.message_id]) {
                    decision = decision.delete(Key::mail_thread(id));
                }
                decision = decision.delete(key);
            }
        }
        let ledger = &contact.mail.ledger;
        let known = Key::mail_known(&ledger.csq, &ledger.identity);
        if let Some(Loaded { document: Document::MailKnown(before), .. }) = view.document(&known)? {
            let after = MailKnown { contact: None, at: before.at };
            decision = decision.put(known, Document::MailKnown(after));
        }
        if contact.conversation == contact.id {
            decision = decision.delete(Key::conversation(contact.conversation));
        }
        if let Some(id) = &contact.mail.message_id {
            decision = decision.delete(Key::mail_thread(id));
        }
        let event = Event::new("contact_forgotten", key.clone());
        decision = decision.guard(key.clone(), Some(*version)).delete(key).event(event);
    }
    Ok(decision)
}

/// Rows of the ledger, and who was told that a mail arrived, from before that time go where they matter no more.
pub(in crate::step) fn forget_ledger(
    before: Timestamp,
    rows: &[Key],
    view: &View,
) -> Result<Decision, Halt> {
    let rows = rows.get(..CONTACTS_FORGOTTEN_MAX).unwrap_or(rows);
    view.need(rows)?;
    let cursors = rows.iter().filter_map(|key| match view.document(key) {
        Ok(Some(Loaded { document: Document::MailSeen(seen), .. })) => {
            Some(Key::mail_cursor(&seen.csq, &seen.folder))
        }
        _ => None,
    });
    view.need(&cursors.collect::<Vec<_>>())?;
    let mut decision = nothing();
    for key in rows {
        let Some(Loaded { version, document }) = view.document(key)? else { continue };
        let is_over = match document {
            Document::MailSeen(seen) => seen.at < before && !is_looked_at(seen, view)?,
            Document::MailKnown(known) => known.contact.is_none() && known.at < before,
            Document::Acknowledged(last) => last.at < before,
            _ => false,
        };
        if is_over {
            decision = decision.guard(key.clone(), Some(*version)).delete(key.clone());
        }
    }
    Ok(decision)
}

/// Whether a round may meet that mail: in a folder whose numbers are others by now, none does.
fn is_looked_at(seen: &MailSeen, view: &View) -> Result<bool, Halt> {
    let key = Key::mail_cursor(&seen.csq, &seen.folder);
    Ok(match view.document(&key)? {
        Some(Loaded { document: Document::MailCursor(cursor), .. }) => {
            cursor.uid_validity == seen.uid_validity
                && seen.uid >= cursor.uid_next.saturating_sub(LOOK_BACK_UIDS)
        }
        _ => false,
    })
}
