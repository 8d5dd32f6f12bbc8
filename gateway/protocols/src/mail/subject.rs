//! Subjects, compared: RFC 5256 section 2.1 with the prefixes of more languages.

use unicode_normalization::UnicodeNormalization;

use super::clean::one_line;
use super::{BaseSubject, SUBJECT_BYTES_MAX};

/// What answers begin with, in lower case.
const REPLY: [&str; 33] = [
    "re",
    "aw",
    "antw",
    "antwort",
    "sv",
    "vs",
    "odp",
    "ynt",
    "r",
    "rif",
    "res",
    "resp",
    "bls",
    "atb",
    "vá",
    "va",
    "ats",
    "hë",
    "απ",
    "σχετ",
    "отв",
    "ответ",
    "відп",
    "תגובה",
    "השב",
    "رد",
    "回复",
    "答复",
    "回覆",
    "返信",
    "답장",
    "회신",
    "ตอบ",
];

/// What forwarded mails begin with, in lower case.
const FORWARD: [&str; 27] = [
    "fwd",
    "fw",
    "wg",
    "tr",
    "rv",
    "i",
    "enc",
    "vb",
    "vl",
    "doorst",
    "pd",
    "ilt",
    "i\u{307}lt",
    "továbbítás",
    "tovább",
    "πρθ",
    "пересл",
    "перенапр",
    "הועבר",
    "إعادة توجيه",
    "转发",
    "轉寄",
    "轉發",
    "转寄",
    "転送",
    "전달",
    "ส่งต่อ",
];

/// Characters of the longest prefix, its number included.
const PREFIX_CHARACTERS_MAX: usize = 20;

/// `subject` without what mail programs and gateways put around it. `tags` are what our gateways add, such as
/// `[EXTERNAL]`; of other words in brackets nothing is taken away.
pub fn base_subject(subject: &str, tags: &[String]) -> BaseSubject {
    let tags: Vec<String> =
        tags.iter().map(|tag| folded(tag)).filter(|tag| !tag.is_empty()).collect();
    let all = folded(subject);
    let mut rest = all.as_str();
    let mut base = BaseSubject::default();
    loop {
        rest = rest.trim();
        if let Some(after) = tags.iter().find_map(|tag| rest.strip_prefix(tag.as_str())) {
            rest = after;
        } else if let Some(before) = tags.iter().find_map(|tag| rest.strip_suffix(tag.as_str())) {
            rest = before;
        } else if let Some((prefix, after)) = prefix(rest) {
            match prefix {
                Prefix::Reply => base.had_reply_prefix = true,
                Prefix::Forward => base.is_forwarded = true,
            }
            rest = after;
        } else if let Some(before) = rest.strip_suffix("(fwd)") {
            base.is_forwarded = true;
            rest = before;
        } else if let Some(inner) = in_brackets(rest) {
            base.is_forwarded = true;
            rest = inner;
        } else {
            break;
        }
    }
    rest.clone_into(&mut base.text);
    base
}

enum Prefix {
    Reply,
    Forward,
}

/// `re:`, `re[2]:`, `re (3) :`, with the colon of any width.
fn prefix(text: &str) -> Option<(Prefix, &str)> {
    let at = text.char_indices().take(PREFIX_CHARACTERS_MAX + 1);
    let (colon, character) = at.into_iter().find(|(_, each)| matches!(each, ':' | '：' | '﹕'))?;
    let (before, after) = text.split_at_checked(colon)?;
    let is_counter = |each: char| each.is_ascii_digit() || "[]()^*# ".contains(each);
    let word = before.trim_end_matches(is_counter);
    let after = after.strip_prefix(character)?;
    if REPLY.contains(&word) {
        return Some((Prefix::Reply, after));
    }
    FORWARD.contains(&word).then_some((Prefix::Forward, after))
}

/// `[fwd: subject]`.
fn in_brackets(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    match prefix(inner)? {
        (Prefix::Forward, after) => Some(after),
        (Prefix::Reply, _) => None,
    }
}

/// Whatever the case, the composition and the white space.
fn folded(text: &str) -> String {
    let text: String = one_line(text, SUBJECT_BYTES_MAX).nfc().collect();
    let text = text.to_lowercase().replace('ς', "σ");
    text.nfc().collect()
}
