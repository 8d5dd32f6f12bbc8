//! Contacts, desks and mails as JSON.

use domain::mail::{Draft, MailOut, OutState};
use domain::{Contact, Desk, DeskState, Place, SignedInDesk, Timestamp};
use protocols::mail::{Address, Read, Recipients, pictures};
use serde_json::{Value, json};

use crate::answer::time;

/// What a CSQ's agents see of a contact in lists.
pub(crate) fn contact(contact: &Contact) -> Value {
    let (agent, since, closed_at, how) = match &contact.place {
        Place::Queued => (None, None, None, None),
        Place::Active { agent, since } => (Some(agent), Some(*since), None, None),
        Place::Closed { at, how, agent } => (Some(agent), None, Some(*at), Some(*how)),
    };
    json!({
        "id": contact.id,
        "channel": contact.channel,
        "csq": contact.csq,
        "customer": {"address": contact.customer.address, "name": contact.customer.name},
        "subject": contact.subject,
        "arrived_at": time(contact.arrived_at),
        "received_at": time(contact.mail.received_at),
        "waiting_since": time(contact.waiting_since),
        "state": contact.place.name(),
        "agent": agent,
        "since": since.map(time),
        "closed_at": closed_at.map(time),
        "how": how,
        "begun": contact.begun,
        "conversation": contact.conversation,
        "names": contact.names,
        "automatic": contact.automatic,
        "notice": contact.notice,
        "is_plain_text": contact.mail.is_plain_text,
        "is_unverified": contact.mail.is_unverified,
        "sticky": contact.sticky.as_ref().map(|it| json!({"agent": it.agent, "until": time(it.until)})),
        "wrap_up": contact.wrap_up,
    })
}

/// A desk.
pub(crate) fn desk(desk: &Desk) -> Value {
    match desk.signed_in() {
        None => Value::Null,
        Some(signed_in) => signed_in_desk(desk.number, signed_in),
    }
}

fn signed_in_desk(number: u64, desk: &SignedInDesk) -> Value {
    let reason = match desk.state {
        DeskState::NotReady { reason } => reason,
        DeskState::Ready => None,
    };
    json!({
        "number": format!("{number:016x}"),
        "state": desk.state.name(),
        "reason": reason,
        "since": time(desk.since),
        "signed_in_at": time(desk.at),
        "contacts": desk.mails,
        "has_extension": desk.has_extension,
        "changes": desk.changes,
    })
}

fn addresses(all: &[Address]) -> Value {
    all.iter().map(address).collect()
}

/// An address with the name that a mail gives it.
pub(crate) fn address(address: &Address) -> Value {
    json!({"name": address.name, "address": address.address})
}

/// What a mail says.
pub(crate) fn mail(read: &Read, received_at: Timestamp) -> Value {
    // What has no place in the text that is shown is a file like others.
    let shown = pictures(read);
    let files = read.attachments.iter().map(|file| {
        json!({
            "number": file.number,
            "name": file.name,
            "media_type": file.media_type,
            "bytes": file.bytes,
            "is_inline": file.is_inline && shown.contains(&file.number),
        })
    });
    let sent_at = read.sent_at_seconds.map(|it| time(Timestamp::from_seconds(it)));
    json!({
        "text": read.text,
        "has_html": read.html.is_some(),
        "html": read.html,
        "from": read.from.as_ref().map(address),
        "reply_to": read.reply_to.as_ref().map(address),
        "to": addresses(&read.to),
        "cc": addresses(&read.cc),
        "subject": read.subject,
        "sent_at": sent_at,
        "received_at": time(received_at),
        "has_remote_content": read.has_remote_content,
        "is_plain_text": read.is_plain_text,
        "is_cut": read.is_cut,
        "is_unverified": read.is_unverified,
        "has_several_from": read.has_several_from,
        "notices": read.notices.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        "attachments": files.collect::<Vec<_>>(),
    })
}

/// What is being written.
pub(crate) fn draft(draft: &Draft) -> Value {
    let files = draft.files.iter().map(|file| {
        json!({
            "id": file.id,
            "name": file.name,
            "media_type": file.media_type,
            "bytes": file.bytes,
            "is_inline": file.is_inline,
        })
    });
    let mut told = json!({
        "version": draft.version,
        "saved_at": time(draft.saved_at),
        "by": draft.by,
        "files": files.collect::<Vec<_>>(),
    });
    if let (Some(writing), Some(members)) = (&draft.writing, told.as_object_mut())
        && let Ok(Value::Object(written)) = serde_json::to_value(writing)
    {
        members.extend(written);
    }
    told
}

/// How far an answer came, and why it did not come further.
pub(crate) fn out(mail: &MailOut) -> (&'static str, Option<&str>) {
    match &mail.state {
        OutState::Queued | OutState::Prepared | OutState::Sending { .. } => {
            // A server that does not take it yet is asked again at a time that is kept.
            let waits =
                mail.next_try_at.is_some() && !matches!(mail.state, OutState::Sending { .. });
            (if waits { "delayed" } else { "sending" }, None)
        }
        OutState::Accepted { .. } => ("sent", None),
        OutState::Unknown { .. } => ("unknown", None),
        OutState::Failed { reason, .. } => ("failed", Some(reason)),
    }
}

/// Whom an answer goes to, and how many there was no room for.
pub(crate) fn recipients(of: &Recipients) -> Value {
    json!({"to": addresses(&of.to), "cc": addresses(&of.cc), "left_out": of.left_out})
}
