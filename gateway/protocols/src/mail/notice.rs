//! Words of mail servers that are no report (RFC 3464): of older ones, and of some that write as they like.
//!
//! Only what has all signs counts: nobody to answer to (`Return-Path: <>`, or who did not get it in `X-Failed-Recipients`), a
//! mail server as its sender, and the Message-ID of another mail in its text, as servers give back the header of what they
//! could not deliver. Whether that mail was ours is not known here.

use super::address::addresses;
use super::clean::one_line;
use super::fields::Fields;
use super::report::{id_in, number_in};
use super::{Action, Bounce, BounceKind, BounceRecipient};

const RECIPIENTS_KEPT_MAX: usize = 100;
const VALUE_BYTES_MAX: usize = 500;
/// Names that mail servers write under.
const SENDERS: [&str; 2] = ["mailer-daemon", "postmaster"];
/// What they say of a mail that they still try to deliver.
const DELAYED: [&str; 4] =
    ["warning: message", "delivery is delayed", "has not been delivered yet", "will be retried"];

/// What a mail server says of a mail, where all signs are there.
pub(super) fn bounce(fields: &Fields, text: &str, from: Option<&str>) -> Option<Bounce> {
    let failed = fields.first("x-failed-recipients");
    let is_nobody = fields.first("return-path").is_some_and(|path| path.trim() == "<>");
    let local = from?.rsplit_once('@').map_or(from?, |(local, _)| local).to_ascii_lowercase();
    if !(is_nobody || failed.is_some()) || !SENDERS.contains(&local.as_str()) {
        return None;
    }
    let original = id_in(text)?;
    let status = status_in(text).unwrap_or_default();
    let lower = text.to_lowercase();
    let is_delayed = status.starts_with('4') || DELAYED.iter().any(|words| lower.contains(words));
    let action = if is_delayed { Action::Delayed } else { Action::Failed };
    let named: Vec<String> = match failed {
        Some(failed) => addresses(failed).into_iter().map(|it| it.address).collect(),
        None => recipient_in(text).into_iter().collect(),
    };
    let recipients = named.into_iter().take(RECIPIENTS_KEPT_MAX).map(|recipient| BounceRecipient {
        recipient: one_line(&recipient, VALUE_BYTES_MAX),
        action,
        status: status.clone(),
        diagnostic: String::new(),
    });
    let mut recipients: Vec<_> = recipients.collect();
    if recipients.is_empty() {
        let (recipient, diagnostic) = (String::new(), String::new());
        recipients.push(BounceRecipient { recipient, action, status, diagnostic });
    }
    Some(Bounce {
        kind: BounceKind::Delivery,
        original: Some(original),
        own_number: number_in(text),
        recipients,
        is_report: false,
    })
}

/// A code such as `5.1.1` (RFC 3463) before the mail that is given back.
fn status_in(text: &str) -> Option<String> {
    let is_inside = |it: char| it.is_ascii_digit() || it == '.';
    told(text).flat_map(|line| line.split(|it: char| !is_inside(it))).find_map(|word| {
        let word = word.trim_end_matches('.');
        let numbers: Vec<&str> = word.split('.').collect();
        let [class, subject, detail] = numbers.as_slice() else { return None };
        let fits = |it: &str| (1..=3).contains(&it.len());
        (matches!(*class, "2" | "4" | "5") && fits(subject) && fits(detail))
            .then(|| word.to_owned())
    })
}

/// The first address that stands alone in a line, as servers list who did not get a mail.
fn recipient_in(text: &str) -> Option<String> {
    told(text).find_map(|line| {
        let line = line.trim().trim_end_matches(':');
        let inner = line.strip_prefix('<').and_then(|it| it.strip_suffix('>')).unwrap_or(line);
        let is_alone = inner.contains('@') && !inner.contains(char::is_whitespace);
        let found = addresses(inner).into_iter().next().filter(|_| is_alone)?;
        (!found.address.is_empty()).then_some(found.address)
    })
}

/// What the server says itself: the lines before those of the mail that it gives back.
fn told(text: &str) -> impl Iterator<Item = &str> {
    text.lines().take_while(|line| {
        let line = line.trim_start_matches(['>', ' ', '\t']).to_ascii_lowercase();
        !(line.starts_with("message-id:")
            || line.starts_with("received:")
            || line.starts_with("return-path:"))
    })
}
