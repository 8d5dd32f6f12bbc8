//! Closed contacts, looked for by words, customer and time (MAIL-16).

use std::sync::Arc;
use std::time::Duration;

use domain::{Contact, Timestamp};
use serde_json::json;

use crate::answer;
use crate::problem::Problem;
use crate::surface::{Asked, Given, Workspace};
use crate::told;

/// So many are given at most.
const FOUND_MAX: usize = 100;
/// So many are looked at in one stretch of time.
const STRETCH_MAX: u32 = 2_000;
/// So far back is looked where nobody says.
const USUAL: Duration = Duration::from_secs(30 * 86_400);
/// How many stretches are looked at.
const STRETCHES_MAX: usize = 60;

/// Looks for contacts that are over.
pub(crate) async fn search(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let now = workspace.port.now();
    let time = |name: &str, usual: Timestamp| match asked.query(name).filter(|it| !it.is_empty()) {
        None => Ok(usual),
        Some(text) => answer::read_time(&text).ok_or_else(|| {
            Problem::field(name, format!("{name}: must be a time such as 2026-11-28T10:00:00Z"))
        }),
    };
    let usual = i64::try_from(USUAL.as_micros()).unwrap_or(i64::MAX);
    let usual = Timestamp::from_microseconds(now.microseconds().saturating_sub(usual));
    let (from, to) = (time("from", usual)?, time("to", now)?);
    let words = asked.query("q").unwrap_or_default().to_lowercase();
    if words.chars().count() > 200 {
        return Err(Problem::field("q", "q: at most 200 characters; use fewer words"));
    }
    let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
    let customer = asked.query("customer").unwrap_or_default().to_lowercase();
    let is_meant = |contact: &Contact| {
        let (address, name) = (contact.customer.known_as(), contact.customer.name.to_lowercase());
        let subject = contact.subject.to_lowercase();
        let has = |word: &String| {
            [&address, &name, &subject].iter().any(|text| text.contains(word.as_str()))
                || contact.id.to_string().starts_with(word.as_str())
        };
        (customer.is_empty() || address.contains(&customer) || name.contains(&customer))
            && words.iter().all(has)
    };
    let Ok(_turn) = workspace.searches.acquire().await else { return Err(Problem::not_found()) };
    let mut found: Vec<Contact> = Vec::new();
    let mut is_all = true;
    let mut is_cut = false;
    let keep = |found: &mut Vec<Contact>| {
        found.retain(|it| ended_at(it).is_some_and(|at| at >= from && at <= to));
        found.retain(|it| workspace.may_read(&asked, it));
        found.sort_by_key(|it| std::cmp::Reverse((ended_at(it), it.id)));
        found.dedup_by_key(|it| it.id);
        let is_more = found.len() > FOUND_MAX;
        found.truncate(FOUND_MAX);
        is_more
    };
    if customer.contains('@') {
        let of = workspace.port.contacts_of_customer(&customer, STRETCH_MAX).await?;
        found.extend(of.into_iter().filter(|it| it.is_closed() && is_meant(it)));
        is_cut |= keep(&mut found);
    } else {
        let mut begin = from;
        for stretch in 0..STRETCHES_MAX {
            let page = workspace.port.contacts_ended(begin, to, STRETCH_MAX).await?;
            let is_full = u32::try_from(page.len()).is_ok_and(|it| it >= STRETCH_MAX);
            let last = page.last().and_then(ended_at);
            found.extend(page.into_iter().filter(is_meant));
            // No more is held in memory than is told.
            is_cut |= keep(&mut found);
            match last.filter(|_| is_full) {
                Some(last) if last > begin => begin = last,
                _ => break,
            }
            is_all = stretch + 1 < STRETCHES_MAX;
        }
    }
    let more = is_cut || !is_all;
    let contacts: Vec<_> = found.iter().map(told::contact).collect();
    let total = contacts.len();
    Ok(answer::json(&json!({"items": contacts, "next": null, "total": total, "is_cut": more})))
}

fn ended_at(contact: &Contact) -> Option<Timestamp> {
    match contact.place {
        domain::Place::Closed { at, .. } => Some(at),
        _ => None,
    }
}
