//! Identifiers that tie mails together.

use super::{ID_BYTES_MAX, IDS_MAX, Read};

/// Identifiers at either end of `References` that an answer repeats.
const KEPT_AT_EACH_END: usize = 20;

/// The `<..@..>` in a header, without the brackets; the prose that some put beside them is passed over.
pub(super) fn ids(value: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for piece in value.split('<').skip(1) {
        let Some((id, _)) = piece.split_once('>') else { continue };
        // Folding may have put white space into it.
        let id: String = id.chars().filter(|character| !character.is_whitespace()).collect();
        if is_id(&id) && !found.contains(&id) {
            found.push(id);
        }
        // One more than is kept at the front lets the end be the latest.
        if found.len() > IDS_MAX {
            found.remove(KEPT_AT_EACH_END);
        }
    }
    found
}

fn is_id(id: &str) -> bool {
    let halves = id.rsplit_once('@');
    halves.is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
        && id.len() <= ID_BYTES_MAX
        && !id.chars().any(super::clean::is_hidden)
}

/// What `References` of an answer to `read` holds: its conversation and itself, shortened in the middle.
pub fn references(read: &Read) -> Vec<String> {
    let before = if read.references.is_empty() { &read.in_reply_to } else { &read.references };
    let own = read.message_id.as_ref();
    let mut all: Vec<String> =
        before.iter().filter(|id| Some(*id) != own).chain(own).cloned().collect();
    if let Some(surplus) =
        all.len().checked_sub(2 * KEPT_AT_EACH_END).filter(|surplus| *surplus > 0)
    {
        all.drain(KEPT_AT_EACH_END..KEPT_AT_EACH_END + surplus);
    }
    all
}
