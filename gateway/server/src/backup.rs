//! What is said of a backup, and whether it may be restored; the same for a running node and without one.

use domain::{Kind, Secret, Timestamp};
use engine::{Kinship, SealingKeys};
use serde_json::{Value, json};
use store::{BackupInside, BackupKey, Inspection, Severity};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// How a restore was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Nothing is to be replaced.
    pub(crate) dry_run: bool,
    /// It may be of another deployment.
    pub(crate) other_deployment: bool,
}

/// The key of a backup: made of the passphrase, where there is one.
pub(crate) fn key(passphrase: Option<&Secret>, sealing: &SealingKeys) -> BackupKey {
    match passphrase {
        Some(text) => BackupKey::Passphrase(Zeroizing::new(text.expose().as_bytes().to_vec())),
        None => sealing.backup_key(),
    }
}

/// What a restore of it brings that must be known before.
pub(crate) fn warning(kinship: Kinship) -> Option<&'static str> {
    match kinship {
        Kinship::Same => None,
        Kinship::OtherSecrets => Some(
            "the backup is of another deployment: links that phones show end, and every node has to be \
             started again after the restore",
        ),
        Kinship::OtherKey => Some(
            "the backup is of a deployment with another sealing key: the secrets in it do not open here \
             (passwords of servers and of push), and no node starts on it until that deployment's \
             sealing.key is in its place",
        ),
        Kinship::None => Some(
            "the backup holds no secrets of a deployment: it is of a store that no node has used",
        ),
    }
}

/// Why it is not restored; nothing is replaced then.
pub(crate) fn refused(inside: &BackupInside, kinship: Kinship, wish: Wish) -> Option<String> {
    if let Err(error) = inside.refuse_newer() {
        return Some(error.to_string());
    }
    let warning = warning(kinship).filter(|_| !wish.other_deployment)?;
    Some(format!("{warning}; to do so all the same add --other-deployment"))
}

/// What is inside, for programs.
pub(crate) fn told(inside: &BackupInside) -> Value {
    let origin = &inside.origin;
    let mut told = inspected(&inside.inspection);
    if let Some(members) = told.as_object_mut() {
        members.insert("program".into(), json!(origin.program));
        members.insert("node".into(), json!(origin.node));
        members.insert("store".into(), json!(origin.store));
        members.insert("at".into(), json!(when(origin.at)));
        members.insert("bytes".into(), json!(inside.bytes));
    }
    told
}

/// What a store or a backup holds, for programs.
pub(crate) fn inspected(found: &Inspection) -> Value {
    let documents: serde_json::Map<_, _> = found
        .documents
        .iter()
        .map(|(kind, count)| (kind.name().to_owned(), json!(count)))
        .collect();
    let findings: Vec<_> = found
        .findings
        .iter()
        .map(|it| json!({"what": it.what, "wrong": it.severity == Severity::Wrong}))
        .collect();
    json!({
        "rows": found.rows,
        "documents": documents,
        "agents": found.agents,
        "signed_in": found.signed_in,
        "settings": found.settings_number,
        "first_line_at": found.lines_at.map(|(first, _)| when(first)),
        "last_line_at": found.lines_at.map(|(_, last)| when(last)),
        "body_bytes": found.blob_bytes,
        "wrong": found.wrong,
        "of_newer": found.of_newer,
        "findings": findings,
    })
}

/// What is inside, as lines for people.
pub(crate) fn lines(told: &Value) -> Vec<String> {
    let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
    let number = |name: &str| told.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut lines = Vec::new();
    if told.get("program").is_some() {
        lines.push(format!(
            "written {} by node {} (version {}) from {}, {} of content",
            text("at"),
            text("node"),
            text("program"),
            text("store"),
            size(number("bytes"))
        ));
    }
    lines.push(format!(
        "settings number {} with {} agents; {} signed in",
        number("settings"),
        number("agents"),
        number("signed_in")
    ));
    let rows = |table: &str| told.pointer(&format!("/rows/{table}")).and_then(Value::as_u64);
    let rows = |table| rows(table).unwrap_or(0);
    let last = match told.get("last_line_at").and_then(Value::as_str) {
        Some(last) => format!(", the last of {last}"),
        None => String::new(),
    };
    lines.push(format!(
        "{} documents, {} lines of the log{last}, {} promises, {} timers, {} bodies ({})",
        rows("document"),
        rows("log"),
        rows("outbox"),
        rows("wake"),
        rows("blob"),
        size(number("body_bytes"))
    ));
    let findings = told.get("findings").and_then(Value::as_array).into_iter().flatten();
    for finding in findings {
        let what = finding.get("what").and_then(Value::as_str).unwrap_or("?");
        let is_wrong = finding.get("wrong") == Some(&Value::Bool(true));
        lines.push(format!("{}: {what}", if is_wrong { "wrong" } else { "of a newer program" }));
    }
    let shown = told.get("findings").and_then(Value::as_array).map_or(0, Vec::len);
    let all = number("wrong").saturating_add(number("of_newer"));
    let more = all.saturating_sub(u64::try_from(shown).unwrap_or(0));
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// A size as people read it.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        10_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

/// A time as people read it.
pub(crate) fn when(at: Timestamp) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(at.seconds()) else {
        return "at no known time".to_owned();
    };
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// The documents that a restore replaces, for the one who is asked.
pub(crate) fn replaced(present: &Inspection) -> String {
    let count = |kind: Kind| present.documents.get(&kind).copied().unwrap_or(0);
    format!(
        "settings number {} with {} agents, {} sessions ({} signed in), {} lines of the log",
        present.settings_number,
        present.agents,
        count(Kind::Session),
        present.signed_in,
        present.rows.get("log").copied().unwrap_or(0)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read_by_people() {
        assert_eq!(when(Timestamp::from_seconds(1_795_780_800)), "2026-11-27 12:00:00 UTC");
        assert_eq!(when(Timestamp::default()), "1970-01-01 00:00:00 UTC");
        assert_eq!(size(9_999), "9999 bytes");
        assert_eq!(size(123_456), "123 kB");
        assert_eq!(size(987_654_321), "987 MB");
    }

    #[test]
    fn a_key_is_a_passphrases_where_there_is_one() {
        let sealing = SealingKeys::single([1; 32]);
        assert!(matches!(key(None, &sealing), BackupKey::Sealing(_)));
        let passphrase = Secret::new("correct horse");
        assert!(matches!(key(Some(&passphrase), &sealing), BackupKey::Passphrase(_)));
    }
}
