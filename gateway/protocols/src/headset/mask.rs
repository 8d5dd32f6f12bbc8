//! What is kept of a request that no profile knows: enough to write a profile from, nothing that was secret.
//!
//! ```text
//!  PUT /phones/SEP001122334455/state?key=8fJ2... --> PUT /phones/{device}/state?key=text(12)
//!  Authorization: Bearer 8fJ2...                 --> Authorization: text(19)
//!  {"user":"anna","status":"Ready","n":5551234}  --> {"user":text(4),"status":"Ready","n":number(7)}
//! ```
//!
//! Values become their kind and length. A value stays where it is a word that protocols of phones use
//! ([`vocabulary`]) or a single digit that is no entry of a list, and nothing that it stands in sounds as if it held
//! a name or a secret. What cannot be read becomes its length.
//!
//! Names of headers, elements, attributes, members and in queries stay where they look like names in programs. Members
//! may be keys of a map by people or things, so one that holds members stays only where a word of that list is in
//! it, and of members beside each other all or none: one of them must have such a word in its name. In paths, words
//! stay up to the first segment that was masked; behind it only those of the list do.

mod body;
mod vocabulary;
mod word;

use std::fmt;

use word::{is_private, kind, masked_name, masked_segment, with_known_words};

/// Characters that are kept of a target.
const TARGET_CHARACTERS_MAX: usize = 512;
/// Headers that are kept.
const HEADERS_MAX: usize = 24;
/// Characters that are kept of all headers.
const HEADERS_CHARACTERS_MAX: usize = 1_400;
/// Characters that are kept of the value of one.
const HEADER_VALUE_CHARACTERS_MAX: usize = 120;
/// Characters that are kept of a body.
const BODY_CHARACTERS_MAX: usize = 1_900;
/// Segments of a path and names of a query that are kept.
const PARTS_MAX: usize = 16;
/// Headers whose values say what a phone is and how it writes.
const HEADERS_KEPT: [&str; 3] = ["content-type", "accept", "user-agent"];
/// Methods that are kept.
const METHODS: [&str; 8] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "SUBSCRIBE"];
/// Stands where something was cut off.
const CUT: &str = "...";

/// What is kept of a request: at most 4 KiB of ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedRequest {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names of headers and what is kept of their values.
    pub headers: Vec<(String, String)>,
    /// What is kept of the body.
    pub body: String,
}

impl fmt::Display for MaskedRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} {}", self.method, self.target)?;
        for (name, value) in &self.headers {
            writeln!(formatter, "{name}: {value}")?;
        }
        if self.body.is_empty() { Ok(()) } else { write!(formatter, "\n{}", self.body) }
    }
}

/// What is kept of a request.
#[must_use]
pub fn masked(method: &str, target: &str, headers: &[(&str, &[u8])], body: &[u8]) -> MaskedRequest {
    let is_known = METHODS.contains(&method);
    let method = if is_known { method.to_owned() } else { kind(method) };
    let mut left = HEADERS_CHARACTERS_MAX;
    let kept = headers.iter().take(HEADERS_MAX).map(|(name, value)| header(name, value));
    let headers = kept.take_while(|(name, value)| {
        let (taken, is_room) = (name.len() + value.len(), name.len() + value.len() <= left);
        left = left.saturating_sub(taken);
        is_room
    });
    let headers = headers.collect();
    MaskedRequest { method, target: masked_target(target), headers, body: body::masked_body(body) }
}

fn header(name: &str, value: &[u8]) -> (String, String) {
    let is_kept = HEADERS_KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept));
    let value = match std::str::from_utf8(value) {
        Ok(value) if is_kept => {
            let mut pen = Pen::new(HEADER_VALUE_CHARACTERS_MAX);
            pen.put(&with_known_words(value));
            pen.page
        }
        Ok(value) => kind(value),
        Err(_) => format!("bytes({})", value.len()),
    };
    (masked_name(name), value)
}

fn masked_target(target: &str) -> String {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let Some(path) = path.strip_prefix('/') else { return kind(target) };
    let mut pen = Pen::new(TARGET_CHARACTERS_MAX);
    let (mut is_after_private, mut is_after_masked) = (false, false);
    let mut segments = path.split('/');
    for segment in segments.by_ref().take(PARTS_MAX) {
        pen.put("/");
        let shown = masked_segment(segment, is_after_private, is_after_masked);
        pen.put(&shown);
        is_after_masked |= shown != segment;
        is_after_private = is_private(segment);
    }
    if segments.next().is_some() {
        pen.put("/");
        pen.put(CUT);
    }
    let mut parts = query.into_iter().flat_map(|query| query.split('&'));
    for (position, part) in parts.by_ref().take(PARTS_MAX).enumerate() {
        pen.put(if position == 0 { "?" } else { "&" });
        // Without a name it is all value, and so is what ends as Base64 does.
        match part.split_once('=').filter(|(_, value)| value.contains(|one| one != '=')) {
            Some((name, value)) => pen.put(&[&masked_name(name), "=", &kind(value)].concat()),
            None => pen.put(&kind(part)),
        }
    }
    if parts.next().is_some() {
        pen.put(CUT);
    }
    pen.page
}

/// Writes until its page is full, and then that there was more.
struct Pen {
    page: String,
    characters_max: usize,
    is_full: bool,
}

impl Pen {
    fn new(characters_max: usize) -> Self {
        Self { page: String::new(), characters_max, is_full: false }
    }

    fn put(&mut self, text: &str) {
        if self.is_full {
            return;
        }
        if self.page.len() + text.len() + CUT.len() > self.characters_max {
            self.is_full = true;
            self.page.push_str(CUT);
            return;
        }
        self.page.push_str(text);
    }
}
