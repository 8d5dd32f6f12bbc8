//! What must hold for any bytes at all.

use super::{Filter, Request, Scope, Search, decode, encode, split};

/// Reads `data` as a stream of a server's messages and as a filter; a filter that can be read is
/// written as one message, whatever its places are filled with. Panics where that does not hold,
/// which is what a fuzzer looks for.
pub fn fuzz(data: &[u8]) {
    let mut rest = data;
    while let Ok(Some(length)) = split(rest) {
        assert!((2..=rest.len()).contains(&length), "a message of no length");
        let (message, after) = rest.split_at(length);
        let _ = decode(message);
        rest = after;
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(filter) = Filter::parse(text, &["user"]) else { return };
    let written = encode(
        1,
        &Request::Search(Search {
            base: "",
            scope: Scope::Subtree,
            entries_max: 1,
            seconds_max: 1,
            filter: &filter,
            filled: &[("user", data)],
            attributes: &[],
            page: None,
        }),
    );
    assert_eq!(split(&written), Ok(Some(written.len())), "a filter broke out of its message");
}
