//! Single texts: which may be shown, and what stands for those that may not.

use super::vocabulary::{has_known_word, is_known_word, parts};

/// Letters of a word.
const WORD_LETTERS_MAX: usize = 24;
/// Characters of a name that is shown.
const NAME_CHARACTERS_MAX: usize = 64;
/// Letters of one part of a name.
const NAME_LETTERS_MAX: usize = 32;
/// Letters and digits in a row that may be a model or a version; more may be a number of a thing or a secret.
const RUN_CHARACTERS_MAX: usize = 11;
/// Letters of a model or a version beside its digits.
const VERSION_LETTERS_MAX: usize = 3;
/// What names of members that hold names of people or secrets have in them.
const PRIVATE: [&str; 18] = [
    "user",
    "name",
    "owner",
    "passw",
    "passphrase",
    "passcode",
    "pwd",
    "token",
    "secret",
    "key",
    "auth",
    "cred",
    "login",
    "mail",
    "session",
    "cookie",
    "signature",
    "serial",
];
/// How such names end besides.
const PRIVATE_ENDS: [&str; 5] = ["id", "ids", "pin", "pins", "mac"];
/// Parts of such names that are too short to be looked for within words.
const PRIVATE_PARTS: [&str; 11] = [
    "pass", "pw", "person", "persons", "people", "first", "last", "contact", "contacts", "label",
    "labels",
];
/// Such names that other names have in them without being private.
const PRIVATE_WHOLE: [&str; 4] = ["agent", "agents", "code", "codes"];
/// How names of devices begin.
const DEVICES: [&str; 7] = ["SEP", "CSF", "BOT", "TCT", "TAB", "ATA", "ANC"];

/// Whether `text` is one word of letters.
pub(super) fn is_word(text: &str) -> bool {
    (1..=WORD_LETTERS_MAX).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_alphabetic())
}

/// Whether what stands under that name may be the name of somebody or a secret.
pub(super) fn is_private(name: &str) -> bool {
    let has_part =
        parts(name).any(|part| PRIVATE_PARTS.contains(&part.to_ascii_lowercase().as_str()));
    let name = name.to_ascii_lowercase();
    has_part
        || PRIVATE_WHOLE.contains(&name.as_str())
        || PRIVATE.iter().any(|part| name.contains(part))
        || PRIVATE_ENDS.iter().any(|end| name.ends_with(end))
}

/// The kind of a value, and its length.
pub(super) fn kind(text: &str) -> String {
    let length = text.chars().count();
    if text.is_empty() {
        "empty".to_owned()
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("number({length})")
    } else if looks_like_time(text) {
        format!("time?({length})")
    } else if is_phone(text) {
        format!("device?({length})")
    } else if is_word(text) {
        format!("word({length})")
    } else {
        format!("text({length})")
    }
}

/// A value of a member: a known word stays where nothing that it stands in is private.
pub(super) fn masked_value(text: &str, is_private: bool, may_be_digit: bool) -> String {
    let is_digit = may_be_digit && matches!(text.as_bytes(), [b'0'..=b'9']);
    if !is_private && (is_known_word(text) || is_digit) { text.to_owned() } else { kind(text) }
}

/// A name of a member, an element, a header or in a query: words with a digit or two behind them, joined.
pub(super) fn masked_name(name: &str) -> String {
    let is_part = |part: &str| {
        let letters = part.trim_end_matches(|one: char| one.is_ascii_digit());
        part.len() - letters.len() <= 2
            && letters.len() <= NAME_LETTERS_MAX
            && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    let is_shown = (1..=NAME_CHARACTERS_MAX).contains(&name.len())
        && name.split(['-', '_', '.', ':', '@', '$']).all(is_part)
        && name.bytes().filter(u8::is_ascii_digit).count() <= 3
        && !is_device(name);
    if is_shown { name.to_owned() } else { hidden_name(name) }
}

/// What stands for a name that may be somebody's.
pub(super) fn hidden_name(name: &str) -> String {
    format!("name({})", name.chars().count())
}

/// A segment of a path; behind one that was masked only known words stay.
pub(super) fn masked_segment(segment: &str, is_private: bool, is_behind_masked: bool) -> String {
    let is_version = matches!(
        segment.as_bytes(),
        [b'v' | b'V', b'0'..=b'9'] | [b'v' | b'V', b'0'..=b'9', b'0'..=b'9']
    );
    let may_be_shown = |text: &str| {
        text.len() <= NAME_CHARACTERS_MAX
            && text.split(['-', '_', '.']).all(is_word)
            && (!is_behind_masked || parts(text).all(has_known_word))
    };
    let (stem, ending) = match segment.split_once('.') {
        Some((stem, ending)) if ending.split('.').all(is_known_word) => {
            (stem, format!(".{ending}"))
        }
        _ => (segment, String::new()),
    };
    if segment.is_empty() || is_version {
        segment.to_owned()
    } else if is_device(stem) {
        ["{device}", &ending].concat()
    } else if !is_private && may_be_shown(segment) {
        segment.to_owned()
    } else {
        ["{", &kind(segment), "}"].concat()
    }
}

/// A header's value in ASCII: known words, models and versions stay.
pub(super) fn with_known_words(value: &str) -> String {
    let mut shown = String::with_capacity(value.len());
    for run in value.split_inclusive(|one: char| !one.is_ascii_alphanumeric()) {
        let end = run.trim_end_matches(|one: char| !one.is_ascii_alphanumeric()).len();
        let (run, between) = run.split_at_checked(end).unwrap_or((run, ""));
        let letters = run.bytes().filter(u8::is_ascii_alphabetic).count();
        let has_digit = letters < run.len();
        // CP8865, v2, 12, sip88xx.
        let is_version = has_digit
            && run.len() <= RUN_CHARACTERS_MAX
            && (letters <= VERSION_LETTERS_MAX || has_known_word(run));
        if run.is_empty() || (!is_phone(run) && (is_version || is_known_word(run))) {
            shown.push_str(run);
        } else {
            shown.push_str(&kind(run));
        }
        let visible = |one: char| if matches!(one, ' '..='~') { one } else { '?' };
        shown.extend(between.chars().map(visible));
    }
    shown
}

fn looks_like_time(text: &str) -> bool {
    let may_be = |byte: u8| byte.is_ascii_digit() || b"-:.TtZz+ ".contains(&byte);
    (10..=35).contains(&text.len())
        && text.bytes().all(may_be)
        && text.as_bytes().get(..4).is_some_and(|year| year.iter().all(u8::is_ascii_digit))
        && text.as_bytes().get(4) == Some(&b'-')
}

/// Whether `text` is the name of a desk phone.
fn is_phone(text: &str) -> bool {
    text.len() == 15
        && text.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case("SEP"))
        && text.bytes().skip(3).all(|byte| byte.is_ascii_hexdigit())
}

/// Whether `text` may be the name of a device; names of soft phones hold those of their users.
fn is_device(text: &str) -> bool {
    let is_rest = |byte: u8| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    is_phone(text)
        || DEVICES.iter().any(|begin| {
            text.strip_prefix(begin)
                .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_rest))
        })
}
