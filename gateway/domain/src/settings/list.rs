//! Lists whose elements must differ.

use std::collections::BTreeSet;

use crate::Problems;

/// Notes each element whose `name` stood before it in the list under `key`.
pub(super) fn refuse_repeated<T, N: Ord + std::fmt::Display>(
    key: &str,
    elements: &[T],
    name: impl Fn(&T) -> N,
    problems: &mut Problems,
) {
    let mut seen = BTreeSet::new();
    for element in elements {
        let name = name(element);
        let message = format!("has {name} more than once; keep one");
        if !seen.insert(name) {
            problems.add(key, message);
        }
    }
}
