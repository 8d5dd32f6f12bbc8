//! Words of others, with what looks like a secret hidden: they may repeat what they were told.

use std::borrow::Cow;

/// What stands in the place of what is hidden.
const HIDDEN: &str = "***";
/// From this length on a run of letters and digits without a space is taken for a token.
const RUN_BYTES: usize = 24;
/// What is said right before a secret, in lower case.
const BEFORE: [&str; 12] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "cookie",
    "authorization",
    "bearer",
    "basic",
    "credential",
    "otp",
];

/// The longest beginning of `text` with at most so many bytes.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}

/// The same words, with hidden what follows a word such as "password", and what is as long as a token.
pub(super) fn masked(words: &str) -> Cow<'_, str> {
    let lower = words.to_ascii_lowercase();
    let is_run = |part: &str| part.len() >= RUN_BYTES;
    let suspicious =
        BEFORE.iter().any(|word| lower.contains(word)) || words.split(is_edge).any(is_run);
    if !suspicious {
        return Cow::Borrowed(words);
    }
    let mut shown = String::with_capacity(words.len());
    let mut hides = false;
    for part in words.split_inclusive(is_edge) {
        let word = part.trim_end_matches(is_edge);
        let edge = part.get(word.len()..).unwrap_or_default();
        let lower = word.to_ascii_lowercase();
        let names = BEFORE.iter().any(|before| lower.ends_with(before));
        if names {
            shown.push_str(word);
            hides = true;
        } else if word.is_empty() || (hides && is_link(word)) {
            shown.push_str(word);
        } else if hides || is_run(word) {
            shown.push_str(HIDDEN);
            hides = false;
        } else {
            shown.push_str(word);
        }
        shown.push_str(edge);
    }
    Cow::Owned(shown)
}

/// Whether it stands between a word such as "password" and the secret.
fn is_link(word: &str) -> bool {
    matches!(word, "is" | "was" | "of" | "for")
}

fn is_edge(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '.' | '@' | '=' | ':' | '"' | '\'' | '&' | '?' | ',' | ';' | '/')
}
