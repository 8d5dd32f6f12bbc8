//! By which ids a mail of ours is known outside. Some servers give a mail another Message-ID than it had, and whoever
//! answers it, or reports on it, names what they got.
//!
//! ```text
//!   found among the sent mails (MailOutMoved), or its own copy came (MailArrived) --> an id more, of the same conversation
//!   a report names none that is known --> the number of ours in what came back of the mail
//! ```
//!
//! An id is kept only of a mail that is ours by more than what it claims: it lies where nobody but its account puts mails,
//! or it says what was sent. What is known of an id stays; a mail's ids go with it.

use crate::mail::{BounceSaid, MailOut, MailThread, OTHER_ID_BYTES_MAX, OTHER_IDS_MAX};
use crate::view::Loaded;
use crate::{Decision, Document, Halt, Key, View};

/// Keeps ids that a mail has beside its own: in the mail, and as those of its conversation.
pub(super) fn learned<'a>(
    mut decision: Decision,
    mail: &mut MailOut,
    ids: impl IntoIterator<Item = &'a String>,
    view: &View,
) -> Result<Decision, Halt> {
    for id in ids {
        let is_new = *id != mail.message_id && !mail.other_ids.contains(id);
        if !is_new || !is_id(id) || mail.other_ids.len() >= OTHER_IDS_MAX {
            continue;
        }
        let (own, other) = (Key::mail_thread(&mail.message_id), Key::mail_thread(id));
        view.need(&[own.clone(), other.clone()])?;
        let (Some(Loaded { document: Document::MailThread(thread), .. }), None) =
            (view.document(&own)?, view.document(&other)?)
        else {
            continue;
        };
        let thread = Document::MailThread(thread.clone());
        decision = decision.guard(other.clone(), None).put(other, thread);
        mail.other_ids.push(id.clone());
    }
    Ok(decision)
}

fn is_id(id: &str) -> bool {
    let halves = id.split_once('@');
    let is_hidden = |it: char| it.is_whitespace() || it.is_control() || matches!(it, '<' | '>');
    halves.is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
        && id.len() <= OTHER_ID_BYTES_MAX
        && !id.contains(is_hidden)
}

/// To what the mail belongs that a report is about: by the Message-ID that it names, else by the number of ours.
pub(super) fn reported<'v>(
    bounce: &BounceSaid,
    view: &'v View,
) -> Result<Option<&'v MailThread>, Halt> {
    if let Some(id) = &bounce.original
        && let Some(thread) = thread_of(id, view)?
    {
        return Ok(Some(thread));
    }
    let Some(out) = bounce.out else { return Ok(None) };
    match view.document(&Key::mail_out(out))? {
        Some(Loaded { document: Document::MailOut(sent), .. }) => thread_of(&sent.message_id, view),
        _ => Ok(None),
    }
}

fn thread_of<'v>(id: &str, view: &'v View) -> Result<Option<&'v MailThread>, Halt> {
    Ok(match view.document(&Key::mail_thread(id))? {
        Some(Loaded { document: Document::MailThread(thread), .. }) => Some(thread),
        _ => None,
    })
}
