//! Mails of a queue's mailbox that became no contact, and why: nobody has to believe that none got lost.

use std::cmp::Reverse;
use std::sync::Arc;

use domain::mail::{Aside, Disposition, MailSeen};
use domain::{Timestamp, settings::EmailCsq};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::settings_lists::TAG;
use super::{AFTER, LIMIT, PAGE_USUAL};
use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Given, Kind, Operation, Parameter};
use crate::problem::Problem;
use crate::{Console, answer};

/// No more are counted of one reason.
const COUNTED_MAX: u32 = 10_000;
const REASONS: [&str; 4] = ["duplicate", "bounce", "parked", "too_old"];
const DISPOSITION: Parameter = Parameter {
    name: "disposition",
    kind: Kind::Choice(&REASONS),
    about: "Mails of that one reason; of all where not set.",
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            (Method::GET, "/api/v1/csqs/{name}/mails"),
            "listMailsAside",
            "A page of the mails of a queue's mailbox that became no contact, the latest first",
            ADMINISTRATORS,
            list,
        )
        .tagged(TAG)
        .described(
            "duplicate: it is there already. bounce: it reports on a mail of ours, and is a note in its conversation. \
             parked: it reports on a mail that nobody here knows. too_old: it lay there when the mailbox was read first, \
             and is older than what is read then. Mails that an older version dealt with are not listed.",
        )
        .asks(&[LIMIT, AFTER, DISPOSITION])
        .refuses(&[404])
        .gives(StatusCode::OK, "A page.", schema::reference("MailsAside")),
    ]
}

/// The schema of a page.
pub(crate) fn mails_aside_schema() -> Value {
    let text = || json!({"type": "string"});
    let count = || json!({"type": "integer", "minimum": 0});
    let mail = schema::told(&[
        ("at", schema::about(schema::time(), "When it was dealt with.")),
        ("received_at", schema::about(schema::time(), "When the mail server took it in.")),
        ("from", schema::about(text(), "Empty where nobody looked, as for one that is too old.")),
        ("subject", text()),
        ("disposition", schema::choice(&REASONS)),
        (
            "contact",
            schema::about(
                schema::or_null(text()),
                "Which contact it is already, or the first of the conversation that it is a note in.",
            ),
        ),
        ("folder", text()),
        ("uid", count()),
    ]);
    let counts: Vec<_> = REASONS.iter().map(|reason| (*reason, count())).collect();
    let counts = schema::about(schema::told(&counts), "By reason; no more than 10000 are counted.");
    let older = schema::about(
        schema::or_null(count()),
        "How many mails lay in the inbox at first that were not even looked at, being days too old; the last 200 of \
         all that lay there may be listed one by one too. Null where that was not counted.",
    );
    let next = schema::about(schema::or_null(text()), "What `after` of the next page is.");
    schema::told(&[
        ("items", json!({"type": "array", "items": mail})),
        ("next", next),
        ("counts", counts),
        ("older_left", older),
    ])
}

async fn list(console: Arc<Console>, asked: Asked) -> Given {
    let settings = console.port.settings();
    let name = asked.path("name");
    let email = settings.csqs.get(name).and_then(|csq| csq.email.as_ref());
    let Some(EmailCsq { inbox_folder, .. }) = email else {
        return Err(Problem::not_found("there is no such queue for email"));
    };
    let after = match asked.query("after") {
        None => None,
        Some(cursor) => {
            let place = place_of(cursor);
            Some(place.ok_or_else(|| Problem::query("after", "is no cursor of a page"))?)
        }
    };
    let limit = asked.number("limit").unwrap_or(PAGE_USUAL);
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let unread = |_| Problem::new("unavailable", "the store cannot be read at present; try again");
    let mut mails: Vec<MailSeen> = Vec::new();
    let mut counts = Map::new();
    for aside in Aside::ALL {
        let count = console.port.mails_aside_count(name, aside, COUNTED_MAX).await;
        counts.insert(aside.name().to_owned(), json!(count.map_err(unread)?));
        if asked.query("disposition").is_none_or(|wanted| wanted == aside.name()) {
            // One more tells whether there is another page.
            let found = console.port.mails_aside(name, aside, after, limit.saturating_add(1)).await;
            mails.extend(found.map_err(unread)?);
        }
    }
    mails.sort_by_key(|mail| (Reverse(mail.at), mail.uid));
    let is_more = mails.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    mails.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = mails.last().filter(|_| is_more);
    let next = next.map(|last| format!("{}-{}", last.at.microseconds(), last.uid));
    let cursor = console.port.mail_cursor(name, inbox_folder).await.map_err(unread)?;
    let told = json!({
        "items": mails.iter().map(told).collect::<Vec<_>>(),
        "next": next,
        "counts": counts,
        "older_left": cursor.and_then(|cursor| cursor.older_left),
    });
    Ok(answer::json(StatusCode::OK, &told))
}

/// Behind which mail a page begins.
fn place_of(cursor: &str) -> Option<(Timestamp, u32)> {
    let (at, uid) = cursor.split_once('-')?;
    Some((Timestamp::from_microseconds(at.parse().ok()?), uid.parse().ok()?))
}

fn told(mail: &MailSeen) -> Value {
    let contact = match &mail.disposition {
        Disposition::Contact { contact } | Disposition::Duplicate { contact } => Some(contact),
        Disposition::Bounce { conversation } => Some(conversation),
        _ => None,
    };
    json!({
        "at": answer::time(mail.at),
        "received_at": answer::time(mail.received_at),
        "from": mail.from,
        "subject": mail.subject,
        "disposition": mail.disposition.aside().map(Aside::name),
        "contact": contact.map(ToString::to_string),
        "folder": mail.folder,
        "uid": mail.uid,
    })
}
