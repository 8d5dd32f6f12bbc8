//! What is kept of contacts that are over for as long as the settings say, and no longer (OPS-13).

use super::nothing;
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
    let mut sent = Vec::new();
    for key in &keys {
        if let Some(Loaded { document: Document::Contact(contact), .. }) = view.document(key)? {
            sent.extend(sent_for(contact).map(Key::mail_out));
        }
    }
    view.need(&sent)?;
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
                decision = decision.delete(Key::mail_thread(&mail.message_id)).delete(key);
            }
        }
        // The mail may lie on the server still, far behind what is looked at again.
        let ledger = &contact.mail.ledger;
        let seen = Key::mail_seen(&ledger.csq, &ledger.folder, ledger.uid_validity, ledger.uid);
        decision = decision.delete(seen).delete(Key::mail_known(&ledger.csq, &ledger.identity));
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
