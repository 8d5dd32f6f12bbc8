//! Which commits must not happen at the same time.
//!
//! A commit locks what it writes and, shared, what it guards, for as long as its transaction lasts. All
//! take their locks in the same order, so none waits for one that waits for it. Every commit holds the
//! lock on everything too, shared; one that concerns very much, or replaces all, takes it alone.

use std::collections::BTreeMap;

use domain::{Decision, Key, WakeChange};

/// The most keys that a commit locks one by one: the server's table of locks is bounded.
const KEYS_MAX: usize = 64;
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

    /// What several commits lock together.
    pub(super) fn of(wants: &Wants) -> Self {
        match wants {
            Wants::Everything => Self::everything(),
            Wants::Keys(keys) => {
                let all = keys.iter().map(|(key, shared)| (*key, *shared));
                let (keys, shared) = std::iter::once((EVERYTHING, true)).chain(all).unzip();
                Self { keys, shared }
            }
        }
    }
}

/// What a commit locks: keys, and whether each is shared with others that only guard it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    Keys(BTreeMap<i64, bool>),
    Everything,
}

impl Wants {
    /// Of a commit that wants nothing yet.
    pub(super) fn nothing() -> Self {
        Self::Keys(BTreeMap::new())
    }

    pub(super) fn of(decision: &Decision) -> Self {
        let written = decision.writes.iter().map(|write| (of_document(&write.key), false));
        let guarded = decision.guards.iter().map(|guard| (of_document(&guard.key), true));
        let timers = decision.wakes.iter().map(|change| match change {
            WakeChange::Set(wake) => (of_timer(&wake.id), false),
            WakeChange::Clear(id) | WakeChange::Claim { id, .. } => (of_timer(id), false),
        });
        let mut keys = BTreeMap::new();
        for (key, shared) in written.chain(guarded).chain(timers) {
            *keys.entry(key).or_insert(true) &= shared;
        }
        if keys.len() > KEYS_MAX { Self::Everything } else { Self::Keys(keys) }
    }

    /// Whether the two cannot be made at the same time.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let (keys, others) = match (self, other) {
            (Self::Keys(keys), Self::Keys(others)) => (keys, others),
            // Who has nothing in hand meets nobody.
            (Self::Keys(keys), Self::Everything) | (Self::Everything, Self::Keys(keys)) => {
                return !keys.is_empty();
            }
            (Self::Everything, Self::Everything) => return true,
        };
        others.iter().any(|(key, shared)| keys.get(key).is_some_and(|own| !(*own && *shared)))
    }

    /// Takes the wants of another commit in, unless the two concern something in common or are too many.
    pub(super) fn take_in(&mut self, other: &Self) -> bool {
        let meets = self.meets(other);
        let (Self::Keys(keys), Self::Keys(others)) = (self, other) else { return false };
        if meets || keys.len() + others.len() > KEYS_MAX {
            return false;
        }
        keys.extend(others);
        true
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

    fn locks(guards: usize, writes: usize) -> Locks {
        Locks::of(&Wants::of(&decision(guards, writes)))
    }

    #[test]
    fn what_is_written_is_locked_alone_and_in_one_order() {
        let Locks { keys, shared } = locks(3, 1);
        assert_eq!(keys[0], EVERYTHING);
        assert!(shared[0] && keys[1..].is_sorted());
        assert_eq!(keys.len(), 4);
        let alone: Vec<_> = keys.iter().zip(&shared).filter(|(_, shared)| !**shared).collect();
        assert_eq!(alone, [(&of_document(&key(0)), &false)]);
    }

    #[test]
    fn very_many_keys_are_one_lock() {
        assert_eq!(locks(0, KEYS_MAX).keys.len(), KEYS_MAX + 1);
        assert_eq!(locks(0, KEYS_MAX + 1), Locks::everything());
    }

    #[test]
    fn commits_go_together_unless_one_writes_what_the_other_looks_at() {
        let wants = |guards: &[usize], writes: &[usize]| {
            Wants::of(&Decision {
                guards: guards.iter().map(|id| Guard { key: key(*id), version: None }).collect(),
                writes: writes
                    .iter()
                    .map(|id| Write { key: key(*id), body: WriteBody::Delete })
                    .collect(),
                ..Decision::already(Reply::Done)
            })
        };
        let mut together = Wants::nothing();
        assert!(together.take_in(&wants(&[1], &[2])));
        assert!(together.take_in(&wants(&[1], &[3])));
        for (guards, writes) in [(&[2][..], &[][..]), (&[], &[1]), (&[4], &[3])] {
            assert!(!together.take_in(&wants(guards, writes)), "{guards:?} {writes:?}");
        }
        assert!(!together.take_in(&Wants::Everything));
        assert!(together.take_in(&wants(&[4], &[5])));
        assert!(!together.take_in(&Wants::of(&decision(0, KEYS_MAX))));
    }

    #[test]
    fn numbers_never_change_between_versions() {
        assert_eq!(number(&[]), 0xcbf2_9ce4_8422_2325_u64.cast_signed());
        assert_eq!(of_timer("a"), of_timer("a"));
        assert_ne!(number(&["a", "b"]), number(&["ab"]));
    }
}
