//! Which commits must not happen at the same time.
//!
//! A group of commits locks what it writes and, shared, what it guards, for as long as its transaction lasts. All
//! take their locks in the same order, so none waits for one that waits for it. Every commit holds the
//! lock on everything too, shared; one that concerns very much, or replaces all, takes it alone.

use domain::{Decision, Key, WakeChange};

/// The most keys that are locked one by one: the server's table of locks is bounded.
pub(super) const KEYS_MAX: usize = 256;
/// Stands for all keys. Its number is the name of this program.
const EVERYTHING: i64 = 0x6a61_636b_6669_656c;
/// Held by whoever changes the schema.
pub(super) const SCHEMA: i64 = 0x6a61_636b_736d_6100;

/// Locks in the order they are taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Locks {
    pub(super) keys: Vec<i64>,
    pub(super) shared: Vec<bool>,
}

impl Locks {
    /// Nobody else commits meanwhile.
    pub(super) fn everything() -> Self {
        Self { keys: vec![EVERYTHING], shared: vec![false] }
    }

    /// What a group of commits locks.
    pub(super) fn of<'a>(decisions: impl IntoIterator<Item = &'a Decision>) -> Self {
        let mut all = Vec::new();
        for decision in decisions {
            let written = decision.writes.iter().map(|write| (of_document(&write.key), false));
            let guarded = decision.guards.iter().map(|guard| (of_document(&guard.key), true));
            let timers = decision.wakes.iter().map(|change| match change {
                WakeChange::Set(wake) => (of_timer(&wake.id), false),
                WakeChange::Clear(id) | WakeChange::Claim { id, .. } => (of_timer(id), false),
            });
            all.extend(written.chain(guarded).chain(timers));
        }
        // Of two locks on the same, the one that is not shared comes first and stays.
        all.sort_unstable();
        all.dedup_by_key(|(key, _)| *key);
        if all.len() > KEYS_MAX {
            return Self::everything();
        }
        let (keys, shared) = std::iter::once((EVERYTHING, true)).chain(all).unzip();
        Self { keys, shared }
    }
}

fn of_document(key: &Key) -> i64 {
    number(&["document", key.kind.name(), &key.id])
}

fn of_timer(id: &str) -> i64 {
    number(&["wake", id])
}

pub(super) fn of_blob(id: &str) -> i64 {
    number(&["blob", id])
}

/// FNV-1a. It is the same in every version of this program; two keys of one number merely wait for each
/// other.
fn number(parts: &[&str]) -> i64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    let number = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |number, byte| {
        (number ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    number.cast_signed()
}

#[cfg(test)]
mod tests {
    use domain::{Guard, Kind, Reply, Write, WriteBody};

    use super::*;

    fn key(id: usize) -> Key {
        Key::new(Kind::Line, id.to_string())
    }

    fn decision(guards: usize, writes: usize) -> Decision {
        let guard = |id| Guard { key: key(id), version: None };
        let write = |id| Write { key: key(id), body: WriteBody::Delete };
        Decision {
            guards: (0..guards).map(guard).collect(),
            writes: (0..writes).map(write).collect(),
            ..Decision::already(Reply::Done)
        }
    }

    #[test]
    fn what_is_written_is_locked_alone_and_in_one_order() {
        let Locks { keys, shared } = Locks::of([&decision(3, 1)]);
        assert_eq!(keys[0], EVERYTHING);
        assert!(shared[0] && keys[1..].is_sorted());
        assert_eq!(keys.len(), 4);
        let alone: Vec<_> = keys.iter().zip(&shared).filter(|(_, shared)| !**shared).collect();
        assert_eq!(alone, [(&of_document(&key(0)), &false)]);
    }

    #[test]
    fn very_many_keys_are_one_lock() {
        assert_eq!(Locks::of([&decision(0, KEYS_MAX)]).keys.len(), KEYS_MAX + 1);
        assert_eq!(Locks::of([&decision(0, KEYS_MAX + 1)]), Locks::everything());
    }

    #[test]
    fn numbers_never_change_between_versions() {
        assert_eq!(number(&[]), 0xcbf2_9ce4_8422_2325_u64.cast_signed());
        assert_eq!(of_timer("a"), of_timer("a"));
        assert_ne!(number(&["a", "b"]), number(&["ab"]));
    }
}
