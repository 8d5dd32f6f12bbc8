//! Addresses: what may be the target of an answer.

use mail_parser::parsers::MessageStream;

use super::clean::{is_hidden, one_line};
use super::{Address, DISPLAY_NAME_BYTES_MAX};

const ADDRESS_BYTES_MAX: usize = 254;
const LOCAL_BYTES_MAX: usize = 64;
const LABEL_BYTES_MAX: usize = 63;

/// Why something is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// There is nothing.
    #[error("the address is missing")]
    Missing,
    /// It has no `@`, or not one.
    #[error("the address has no @ between a name and a domain")]
    NoDomain,
    /// What stands before the `@`.
    #[error("the part before the @ has characters or dots that do not belong there")]
    Local,
    /// What stands after the `@`.
    #[error("the part after the @ is no domain name")]
    Domain,
    /// It is too long.
    #[error("the address is longer than 254 bytes, or its part before the @ longer than 64")]
    TooLong,
    /// There are line breaks or several addresses.
    #[error("this is more than one address")]
    Several,
}

/// Reads what somebody types: `local@domain`, `Name <local@domain>` or `"Name, of" <local@domain>`.
pub fn address(text: &str) -> Result<Address, InvalidAddress> {
    let text = text.trim();
    if text.contains(['\r', '\n', '\0']) {
        return Err(InvalidAddress::Several);
    }
    let Some((name, bare)) = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) else {
        return Ok(Address { name: String::new(), address: valid(text)? });
    };
    let name = name.trim();
    let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    if quoted.is_none() && name.contains(['@', '<', '>', ',', ';']) {
        return Err(InvalidAddress::Several);
    }
    let name = quoted.map_or_else(|| name.to_owned(), unescaped);
    Ok(Address { name: one_line(&name, DISPLAY_NAME_BYTES_MAX), address: valid(bare)? })
}

fn unescaped(quoted: &str) -> String {
    let mut name = String::with_capacity(quoted.len());
    let mut is_escaped = false;
    for character in quoted.chars() {
        if character == '\\' && !is_escaped {
            is_escaped = true;
            continue;
        }
        is_escaped = false;
        name.push(character);
    }
    name
}

/// A bare address, trimmed, its domain in lower case.
pub(super) fn valid(text: &str) -> Result<String, InvalidAddress> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidAddress::Missing);
    }
    let (local, domain) = text.rsplit_once('@').ok_or(InvalidAddress::NoDomain)?;
    if text.len() > ADDRESS_BYTES_MAX || local.len() > LOCAL_BYTES_MAX {
        return Err(InvalidAddress::TooLong);
    }
    if local.is_empty() || domain.is_empty() {
        return Err(InvalidAddress::NoDomain);
    }
    if !is_local(local) {
        return Err(InvalidAddress::Local);
    }
    if !is_domain(domain) {
        return Err(InvalidAddress::Domain);
    }
    Ok(format!("{local}@{}", domain.to_lowercase()))
}

fn is_local(local: &str) -> bool {
    if let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let is_text = |byte: u8| matches!(byte, 0x20..=0x7E) && !matches!(byte, b'"' | b'\\');
        return !quoted.is_empty() && quoted.bytes().all(is_text);
    }
    let is_atom = |character: char| {
        character.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(character)
            || !character.is_ascii() && !is_hidden(character) && !character.is_whitespace()
    };
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_BYTES_MAX
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|character| character.is_alphanumeric() || "-_".contains(character))
    };
    domain.split('.').all(is_label)
}

/// One entry of an address header.
pub(super) struct Entry {
    /// The name shown, cleaned, empty where there is none.
    pub(super) name: String,
    /// The address where it is a valid one.
    pub(super) address: Option<String>,
}

/// The entries of an address header, in order; groups are opened.
pub(super) fn entries(value: &str) -> Vec<Entry> {
    let line = format!("{value}\n");
    let parsed = MessageStream::new(line.as_bytes()).parse_address();
    let entries = parsed.as_address().into_iter().flat_map(|parsed| parsed.iter());
    let entries = entries.map(|entry| {
        let name = one_line(entry.name.as_deref().unwrap_or_default(), DISPLAY_NAME_BYTES_MAX);
        let bare = entry.address.as_deref().map(without_route).unwrap_or_default();
        Entry { name, address: valid(bare).ok() }
    });
    entries.collect()
}

/// The valid addresses of a header.
pub(super) fn addresses(value: &str) -> Vec<Address> {
    let valid = entries(value)
        .into_iter()
        .filter_map(|Entry { name, address }| Some(Address { name, address: address? }));
    valid.collect()
}

/// The first valid address of a header that names one person. A comma in a name that should have been quoted
/// splits it; what stands before is put together again.
pub(super) fn first(value: &str) -> Option<Address> {
    let mut names: Vec<String> = Vec::new();
    for Entry { name, address } in entries(value) {
        if !name.is_empty() {
            names.push(name);
        }
        if let Some(address) = address {
            return Some(Address {
                name: one_line(&names.join(", "), DISPLAY_NAME_BYTES_MAX),
                address,
            });
        }
    }
    None
}

/// `@relay,@other:local@domain` names the way to go, which nobody does any more.
fn without_route(address: &str) -> &str {
    let address = address.trim();
    match address.rsplit_once(':') {
        Some((route, bare)) if route.starts_with('@') => bare,
        _ => address,
    }
}

/// Whether two addresses reach the same mailbox: whatever the case, and whatever follows a plus.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let split = |address: &str| {
        let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        let local = local.split_once('+').map_or(local, |(local, _)| local);
        (local.to_lowercase(), domain.to_lowercase())
    };
    split(one) == split(other)
}
