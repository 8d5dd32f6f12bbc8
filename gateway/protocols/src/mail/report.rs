//! Reports about mails of ours: of their delivery (RFC 3464) and of their reading (RFC 8098).

use super::clean::one_line;
use super::fields::{Fields, decoded};
use super::mime::{DISPOSITION_TYPES, Part, Parts, STATUS_TYPES};
use super::thread::ids;
use super::{Action, Bounce, BounceKind, BounceRecipient, NUMBER_BYTES_MAX, OWN_FIELD};

/// Recipients kept of one report.
const RECIPIENTS_KEPT_MAX: usize = 100;
const VALUE_BYTES_MAX: usize = 500;

/// The report that a mail is, where it is one; `text` is what it shows.
pub(super) fn bounce(fields: &Fields, parts: &Parts<'_>, text: &str) -> Option<Bounce> {
    if !parts.is_report() {
        return None;
    }
    let of_type =
        |types: &[&str]| parts.parts.iter().find(|part| types.contains(&part.media_type.as_str()));
    let status = of_type(&STATUS_TYPES);
    let disposition = of_type(&DISPOSITION_TYPES);
    let returned = of_type(&[
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "message/global-headers",
    ]);
    let (kind, groups) = match (status, disposition) {
        (Some(part), _) => (BounceKind::Delivery, groups(part)),
        (None, Some(part)) => (BounceKind::Disposition, groups(part)),
        (None, None) if returned.is_some() => (BounceKind::Delivery, Vec::new()),
        (None, None) => return None,
    };
    let recipients = groups.iter().filter_map(recipient).take(RECIPIENTS_KEPT_MAX);
    let returned = returned.map(|part| Fields::read(&part.bytes()).0);
    let own_number = returned.as_ref().and_then(|fields| number(fields.first(OWN_FIELD)?));
    let original = groups
        .iter()
        .find_map(|group| id_of(group, "original-message-id"))
        .or_else(|| id_of(returned.as_ref()?, "message-id"))
        .or_else(|| id_of(fields, "in-reply-to"))
        .or_else(|| fields.first("references").and_then(|value| ids(value).pop()))
        .or_else(|| id_in(text));
    let own_number = own_number.or_else(|| number_in(text));
    Some(Bounce { kind, original, own_number, recipients: recipients.collect(), is_report: true })
}

/// The groups of fields of a report, each separated by a blank line.
fn groups(part: &Part<'_>) -> Vec<Fields> {
    let bytes = part.bytes();
    let mut groups = Vec::new();
    let mut rest = bytes.trim_ascii_start();
    while !rest.is_empty() && groups.len() <= RECIPIENTS_KEPT_MAX {
        let (fields, at) = Fields::read(rest);
        groups.push(fields);
        let after = rest.get(at.max(1)..).unwrap_or_default();
        rest = after.trim_ascii_start();
    }
    groups
}

fn recipient(group: &Fields) -> Option<BounceRecipient> {
    let is_reading = group.first("disposition").is_some();
    if group.first("action").is_none() && !is_reading {
        return None;
    }
    let action = if is_reading {
        let value = group.first("disposition").unwrap_or_default();
        value
            .rsplit(';')
            .next()
            .unwrap_or_default()
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    } else {
        group.word("action")
    };
    let name = |field| {
        let value = group.first(field)?;
        Some(one_line(
            &decoded(value.split_once(';').map_or(value, |(_, name)| name)),
            VALUE_BYTES_MAX,
        ))
    };
    let status = group.word("status");
    let code = status.split_whitespace().next().unwrap_or_default();
    let is_code = code.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    Some(BounceRecipient {
        recipient: name("original-recipient")
            .or_else(|| name("final-recipient"))
            .unwrap_or_default(),
        action: action_of(action.trim()),
        status: code.get(..code.len().min(20)).filter(|_| is_code).unwrap_or_default().to_owned(),
        diagnostic: name("diagnostic-code").unwrap_or_default(),
    })
}

fn action_of(word: &str) -> Action {
    match word.to_ascii_lowercase().as_str() {
        "failed" => Action::Failed,
        "delayed" => Action::Delayed,
        "delivered" => Action::Delivered,
        "relayed" => Action::Relayed,
        "expanded" => Action::Expanded,
        "displayed" => Action::Displayed,
        "deleted" => Action::Deleted,
        _ => Action::Other,
    }
}

fn id_of(fields: &Fields, name: &str) -> Option<String> {
    ids(fields.first(name)?).into_iter().next()
}

/// The number of ours, which is nothing but letters and digits.
fn number(value: &str) -> Option<String> {
    let value = value.trim();
    let is_one = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_one && value.len() <= NUMBER_BYTES_MAX).then(|| value.to_owned())
}

/// A line `Message-ID: <..>` in the text, as servers write that return no part of the mail.
pub(super) fn id_in(text: &str) -> Option<String> {
    ids(value_in(text, "message-id")?).into_iter().next()
}

/// The number of ours in such a line.
pub(super) fn number_in(text: &str) -> Option<String> {
    number(value_in(text, OWN_FIELD)?)
}

fn value_in<'t>(text: &'t str, wanted: &str) -> Option<&'t str> {
    let mut lines = text.lines().map(|line| line.trim_start_matches(['>', ' ', '\t'])).peekable();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.trim().eq_ignore_ascii_case(wanted) {
            // A long one stands in the next line.
            let next = lines.peek().copied().filter(|_| value.trim().is_empty());
            return Some(next.unwrap_or(value));
        }
    }
    None
}
