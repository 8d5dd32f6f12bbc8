//! The audit log: what administrators did and who signed in, one entry after the other (OPS-02).
//!
//! ```text
//!   head {number, hash} --guarded--> entry number+1 {who, what, changes, hash over all of it and the hash before}
//! ```
//!
//! An entry is written in the commit of what it tells, under the guard of the head, so that there is
//! one order over all nodes and no change without its entry. Entries name what changed, secrets
//! masked; nothing in them is a customer's text. Old ones are removed from the beginning alone, and
//! the head keeps where the rest begins, so that what is left still proves itself.
//!
//! Entries stand in the order of their times. What is told later than another has that one's time, and
//! says when it happened.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Proof, Timestamp};

/// The most documents that one entry names.
pub const CHANGES_MAX: usize = 50;
/// The most characters of a value in an entry.
const VALUE_CHARACTERS_MAX: usize = 200;
/// A time that is ahead by more was a wrong clock's, and those after it are not counted from it.
const AHEAD_MAX: Duration = Duration::from_secs(86_400);

/// Who did something, and by what it was proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The account, or what part of the gateway it was.
    pub who: String,
    /// How it was proven; `None` where the gateway did it by itself.
    pub how: Option<Proof>,
    /// The address it came from, or the name of the machine's own socket.
    pub from: Option<String>,
    /// The number that the log has beside the request.
    pub reference: Option<String>,
}

impl Actor {
    /// The gateway itself.
    pub fn gateway() -> Self {
        Self { who: "gateway".to_owned(), how: None, from: None, reference: None }
    }
}

/// A member of a document that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Where it stands: `agents/1001` or `agents/1001 team`.
    pub field: String,
    /// What was there before, as JSON; a secret is masked.
    pub before: Option<String>,
    /// What is there now, likewise.
    pub after: Option<String>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// A name that stays: `settings_changed`, `signed_in`.
    pub action: String,
    /// To what: a section and name, a node, an account.
    pub object: String,
    /// What changed.
    pub changes: Vec<FieldChange>,
    /// How many more changes there were than are named.
    pub more: u64,
    /// `done`, or why not.
    pub outcome: String,
}

impl Deed {
    /// Something that was done to `object`.
    pub fn done(action: &str, object: impl Into<String>) -> Self {
        Self {
            action: action.to_owned(),
            object: object.into(),
            changes: Vec::new(),
            more: 0,
            outcome: "done".to_owned(),
        }
    }

    /// The same with that outcome.
    #[must_use]
    pub fn with_outcome(mut self, outcome: impl Into<String>) -> Self {
        self.outcome = outcome.into();
        self
    }

    /// The same with one more value told.
    #[must_use]
    pub fn with(mut self, field: &str, after: &Value) -> Self {
        self.changes.push(FieldChange {
            field: field.to_owned(),
            before: None,
            after: Some(short(after)),
        });
        self
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its place, from 1 on, without gaps.
    pub number: u64,
    /// When, or the time of the entry before where that is later; then the deed says `happened_at`.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// What.
    pub deed: Deed,
    /// The hash of the entry before, in hexadecimal; 64 zeros before the first.
    pub previous: String,
    /// SHA-256 over `previous` and this entry, in hexadecimal.
    pub hash: String,
}

/// The end of the audit log, and where what is kept begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The number of the last entry; 0 before the first.
    pub number: u64,
    /// Its hash.
    pub hash: String,
    /// The number of the first entry that is kept.
    pub first: u64,
    /// The hash of the entry before that one.
    pub before_first: String,
    /// Up to where sign-ins of agents were taken over from the event log.
    #[serde(default)]
    pub taken: Option<TakenUpTo>,
    /// The time of the last entry.
    #[serde(default)]
    pub last_at: Option<Timestamp>,
}

/// A place in the event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenUpTo {
    /// The epoch that the number counts in.
    pub epoch: u64,
    /// The last line that was taken.
    pub number: u64,
}

/// A deed that was done, now or some time ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// What.
    pub deed: Deed,
}

impl Default for AuditHead {
    fn default() -> Self {
        let zeros = "0".repeat(64);
        Self {
            number: 0,
            hash: zeros.clone(),
            first: 1,
            before_first: zeros,
            taken: None,
            last_at: None,
        }
    }
}

/// What is wrong with a stretch of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// An entry is missing, or stands elsewhere.
    #[error("entry {expected} is missing; {found} stands in its place")]
    Missing {
        /// The number that was expected.
        expected: u64,
        /// The number that was found.
        found: u64,
    },
    /// An entry was changed, or the one before it was.
    #[error("entry {number} was altered: its hash is not that of what it says")]
    Altered {
        /// Which.
        number: u64,
    },
    /// The log ends before the head says.
    #[error("entries after {last} are missing; there were {expected}")]
    Cut {
        /// The last that is there.
        last: u64,
        /// The last that there was.
        expected: u64,
    },
}

/// Looks whether entries follow each other unaltered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainCheck {
    next: u64,
    previous: String,
}

impl ChainCheck {
    /// Begins where what is kept begins.
    pub fn new(head: &AuditHead) -> Self {
        Self { next: head.first, previous: head.before_first.clone() }
    }

    /// Takes the next entry.
    pub fn take(&mut self, entry: &AuditEntry) -> Result<(), BrokenChain> {
        if entry.number != self.next {
            return Err(BrokenChain::Missing { expected: self.next, found: entry.number });
        }
        let hash = hash(entry.number, entry.at, &entry.by, &entry.deed, &self.previous);
        if entry.previous != self.previous || entry.hash != hash {
            return Err(BrokenChain::Altered { number: entry.number });
        }
        self.previous = hash;
        self.next += 1;
        Ok(())
    }

    /// Ends with what the head says.
    pub fn finish(self, head: &AuditHead) -> Result<(), BrokenChain> {
        let last = self.next.saturating_sub(1);
        if last != head.number {
            return Err(BrokenChain::Cut { last, expected: head.number });
        }
        if self.previous != head.hash {
            return Err(BrokenChain::Altered { number: last });
        }
        Ok(())
    }
}

impl AuditHead {
    /// The next entry, written `now`, and the head after it.
    #[must_use]
    pub fn followed_by(&self, now: Timestamp, past: Past) -> (Self, AuditEntry) {
        let Past { at: happened_at, by, mut deed } = past;
        let last = self.last_at.filter(|last| last.since(now) <= AHEAD_MAX);
        let at = last.map_or(happened_at, |last| happened_at.max(last));
        if at != happened_at {
            deed = deed.with("happened_at", &json!(happened_at));
        }
        let number = self.number.saturating_add(1);
        let hash = hash(number, at, &by, &deed, &self.hash);
        let entry =
            AuditEntry { number, at, by, deed, previous: self.hash.clone(), hash: hash.clone() };
        (Self { number, hash, last_at: Some(at), ..self.clone() }, entry)
    }
}

fn hash(number: u64, at: Timestamp, by: &Actor, deed: &Deed, previous: &str) -> String {
    let told = serde_json::to_string(&(number, at, by, deed)).unwrap_or_default();
    let mut digest = Sha256::new();
    digest.update(previous.as_bytes());
    digest.update(b"\n");
    digest.update(told.as_bytes());
    hexadecimal(&digest.finalize())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value as text, no longer than an entry bears.
pub(crate) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{} ...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(length: u64) -> (AuditHead, Vec<AuditEntry>) {
        let mut head = AuditHead::default();
        let mut entries = Vec::new();
        for number in 0..length {
            let at = Timestamp::from_microseconds(i64::try_from(number).unwrap());
            let deed = Deed::done("settings_changed", format!("agents/{number}"));
            let (next, entry) = head.followed_by(at, Past { at, by: Actor::gateway(), deed });
            head = next;
            entries.push(entry);
        }
        (head, entries)
    }

    fn check(head: &AuditHead, entries: &[AuditEntry]) -> Result<(), BrokenChain> {
        let mut check = ChainCheck::new(head);
        for entry in entries {
            check.take(entry)?;
        }
        check.finish(head)
    }

    #[test]
    fn ops_02_an_altered_missing_moved_or_cut_entry_is_noticed() {
        let (head, entries) = chain(5);
        assert_eq!(check(&head, &entries), Ok(()));
        for position in 0..5 {
            let mut altered = entries.clone();
            altered[position].by.who = "somebody".to_owned();
            let number = altered[position].number;
            assert_eq!(check(&head, &altered), Err(BrokenChain::Altered { number }));
            // Whoever alters an entry and its hash breaks the next one, or the head.
            let entry = &altered[position];
            let hash = hash(entry.number, entry.at, &entry.by, &entry.deed, &entry.previous);
            altered[position].hash = hash;
            assert!(check(&head, &altered).is_err());
            let mut missing = entries.clone();
            missing.remove(position);
            assert!(check(&head, &missing).is_err());
        }
        let mut moved = entries.clone();
        moved.swap(1, 2);
        assert!(check(&head, &moved).is_err());
        assert_eq!(check(&head, &entries[..4]), Err(BrokenChain::Cut { last: 4, expected: 5 }));
    }

    #[test]
    fn ops_02_what_is_told_later_stands_in_the_order_of_time_and_says_when_it_happened() {
        let hour = |hour: i64| Timestamp::from_seconds(1_000_000 + hour * 3_600);
        let mut head = AuditHead::default();
        let mut entries = Vec::new();
        let mut tell = |now, at| {
            let past = Past { at, by: Actor::gateway(), deed: Deed::done("done", "x") };
            let (next, entry) = head.followed_by(now, past);
            head = next;
            entries.push(entry.clone());
            (entry.at, entry.deed.changes.into_iter().next())
        };
        assert_eq!(tell(hour(50), hour(50)), (hour(50), None));
        let (at, happened) = tell(hour(51), hour(1));
        assert_eq!(at, hour(50));
        let happened = happened.unwrap();
        assert_eq!(happened.field, "happened_at");
        assert_eq!(happened.after, Some(json!(hour(1)).to_string()));
        // A clock that is a little behind, and one that is far ahead of all others.
        assert_eq!(tell(hour(49), hour(49)).0, hour(50));
        assert_eq!(tell(hour(900), hour(900)), (hour(900), None));
        assert_eq!(tell(hour(52), hour(52)), (hour(52), None));
        assert_eq!(check(&head, &entries), Ok(()));
    }

    #[test]
    fn ops_13_what_is_left_after_a_removal_still_proves_itself() {
        let (head, entries) = chain(5);
        let left = AuditHead { first: 4, before_first: entries[2].hash.clone(), ..head };
        assert_eq!(check(&left, &entries[3..]), Ok(()));
        let all_gone = AuditHead { first: 6, before_first: entries[4].hash.clone(), ..left };
        assert_eq!(check(&all_gone, &[]), Ok(()));
    }
}
