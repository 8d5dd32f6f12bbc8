//! What single texts of a profile may be; each says what is wrong as the end of a sentence.

use super::super::super::device::is_printable;
use super::super::Request;
use super::super::address::{Address, Place};

/// Characters of a name of a member or an element.
const NAME_CHARACTERS_MAX: usize = 64;
/// Names that may stand one in another.
const NAMES_MAX: usize = 4;
/// Characters of a value, a header's name and a content type.
const TEXT_CHARACTERS_MAX: usize = 64;

const READING: [&str; 2] = ["GET", "POST"];
const WRITING: [&str; 3] = ["PUT", "POST", "PATCH"];

/// A method and a path.
pub(super) fn request(line: &str, request: Request) -> Result<(&'static str, Address), String> {
    let methods = match request {
        Request::Update | Request::Inventory => WRITING.as_slice(),
        Request::Discovery | Request::Configuration | Request::Template => READING.as_slice(),
    };
    let (method, path) = line.split_once(' ').unwrap_or((line, ""));
    let Some(method) = methods.iter().find(|one| **one == method) else {
        return Err(format!("must be a method and a path, with {}", methods.join(", ")));
    };
    let address = Address::parse(path)?;
    // An update alone names its device in the body as well.
    let needs_device = request != Request::Update;
    if needs_device && !address.has(Place::Device) {
        return Err("must have {device} in its path".to_owned());
    }
    match (request == Request::Template, address.has(Place::Model)) {
        (true, false) => Err("must have {model} in its path".to_owned()),
        (false, true) => Err("cannot have {model} in its path".to_owned()),
        _ => Ok((method, address)),
    }
}

/// A name of a member or an element, good in JSON and XML alike.
pub(super) fn name(text: &str) -> Option<String> {
    let is_begin = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let is_rest = |byte: u8| is_begin(byte) || byte.is_ascii_digit() || byte == b'-';
    let is_good = text.len() <= NAME_CHARACTERS_MAX
        && text.bytes().next().is_some_and(is_begin)
        && text.bytes().all(is_rest);
    let message = format!(
        "must be a letter or _ and letters, digits, _ and -, at most {NAME_CHARACTERS_MAX} in all"
    );
    (!is_good).then_some(message)
}

/// Names one in another, with dots between.
pub(super) fn path_of_names(text: &str) -> Option<String> {
    if text.split('.').count() > NAMES_MAX {
        return Some(format!("must be at most {NAMES_MAX} names with dots between"));
    }
    text.split('.').find_map(name)
}

/// A value as it stands on the wire.
pub(super) fn value(text: &str) -> Option<String> {
    let is_good = (1..=TEXT_CHARACTERS_MAX).contains(&text.chars().count())
        && text.trim() == text
        && text.chars().all(is_printable);
    let message = format!(
        "must be 1 to {TEXT_CHARACTERS_MAX} characters without control characters and without space around"
    );
    (!is_good).then_some(message)
}

/// A token of HTTP (RFC 9110, section 5.6.2).
pub(super) fn token(text: &str) -> Option<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_good = (1..=TEXT_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(is_token);
    let message =
        format!("must be 1 to {TEXT_CHARACTERS_MAX} letters, digits and the like, without spaces");
    (!is_good).then_some(message)
}

/// A token, or nothing.
pub(super) fn token_or_empty(text: &str) -> Option<String> {
    if text.is_empty() { None } else { token(text) }
}

/// A name in a query, which needs no percent signs.
pub(super) fn query_name(text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_good = (1..=TEXT_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(is_plain);
    let message = format!("must be 1 to {TEXT_CHARACTERS_MAX} letters, digits, -, ., _ and ~");
    (!is_good).then_some(message)
}

/// A content type without parameters.
pub(super) fn content_type(text: &str) -> Option<String> {
    let is_good = text
        .split_once('/')
        .is_some_and(|(kind, rest)| token(kind).is_none() && token(rest).is_none());
    (!is_good).then(|| "must be like application/json, without parameters".to_owned())
}
