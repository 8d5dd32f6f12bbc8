//! Random text for tags, branches and nonces: unlike any other, not secret.

use std::hash::{BuildHasher, RandomState};

/// Lower-case hex digits, 16 for each of `words`.
pub(crate) fn hex(words: usize) -> String {
    (0..words).map(|word| format!("{:016x}", RandomState::new().hash_one(word))).collect()
}

/// A number below `end`, zero where there is none.
pub(crate) fn below(end: u64) -> u64 {
    RandomState::new().hash_one(end).checked_rem(end).unwrap_or_default()
}
