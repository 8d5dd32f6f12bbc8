//! URIs, and the hosts and ports in them and in Via.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{OF_LABEL, OF_URI, OF_USER, Wrong, check_uri_parameters, cut, is_of, number, split};

/// A host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum HostText<'a> {
    /// By its name, as it was written.
    Name(&'a str),
    /// By its address.
    Ip(IpAddr),
}

/// The parts of a URI.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct UriText<'a> {
    /// Before the colon.
    pub(in super::super) scheme: &'a str,
    /// Before the `@`, a password left out; escapes as they are.
    pub(in super::super) user: Option<&'a str>,
    /// The password, as it is.
    pub(in super::super) password: Option<&'a str>,
    /// Host and port of a sip or sips URI; others are not taken apart.
    pub(in super::super) host_port: Option<(HostText<'a>, Option<u16>)>,
    /// Its parameters from their first semicolon on; checked.
    pub(in super::super) parameters: &'a str,
    /// Behind the question mark.
    pub(in super::super) headers: Option<&'a str>,
}

/// The parts of that URI: no blanks, no brackets around it.
pub(in super::super) fn uri(text: &str) -> Result<UriText<'_>, Wrong> {
    let (scheme, rest) = split(text, b':').ok_or("has a URI without a scheme")?;
    let starts_well = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    if !starts_well || !scheme.bytes().all(is_scheme) {
        return Err("has a URI without a scheme");
    }
    if rest.is_empty() || !rest.bytes().all(|byte| is_of(byte, OF_URI)) {
        return Err("has a URI with characters that it cannot have");
    }
    if !scheme.eq_ignore_ascii_case("sip") && !scheme.eq_ignore_ascii_case("sips") {
        let host_port = None;
        return Ok(UriText {
            scheme,
            user: None,
            password: None,
            host_port,
            parameters: "",
            headers: None,
        });
    }
    let (user, password, rest) = match split(rest, b'@') {
        None => (None, None, rest),
        Some((both, rest)) => {
            let (user, password) = match split(both, b':') {
                Some((user, password)) => (user, Some(password)),
                None => (both, None),
            };
            check_user(user, password.unwrap_or_default())?;
            (Some(user), password, rest)
        }
    };
    let (host, rest) = cut(rest, |byte| !matches!(byte, b';' | b'?'));
    let host_port = Some(host_port(host)?);
    let (parameters, headers) = match split(rest, b'?') {
        Some((parameters, headers)) => (parameters, Some(headers)),
        None => (rest, None),
    };
    check_uri_parameters(parameters, &mut |piece| match has_whole_escapes(piece.raw) {
        true => Ok(()),
        false => Err("has an escape in a URI that is none"),
    })?;
    if headers.is_some_and(|headers| headers.is_empty() || !headers.bytes().all(is_of_headers)) {
        return Err("has a URI whose headers cannot be read");
    }
    Ok(UriText { scheme, user, password, host_port, parameters, headers })
}

fn check_user(user: &str, password: &str) -> Result<(), Wrong> {
    if user.is_empty() {
        return Err("has a URI with an empty user");
    }
    if !user.bytes().chain(password.bytes()).all(|byte| is_of(byte, OF_USER)) {
        return Err("has a user in a URI with characters that it cannot have");
    }
    if !has_whole_escapes(user) || !has_whole_escapes(password) {
        return Err("has an escape in a URI that is none");
    }
    Ok(())
}

/// Whether two hexadecimal digits follow each percent sign.
fn has_whole_escapes(text: &str) -> bool {
    if memchr::memchr(b'%', text.as_bytes()).is_none() {
        return true;
    }
    let is_hexadecimal = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' && !(is_hexadecimal(bytes.next()) && is_hexadecimal(bytes.next())) {
            return false;
        }
    }
    true
}

fn is_of_headers(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b';' | b',' | b'@' | b'#' | b'\\' | b'{' | b'}' | b'|' | b'^')
}

/// Host and port. Blanks round the colon, which Via may have, are for the caller to take out.
pub(in super::super) fn host_port(text: &str) -> Result<(HostText<'_>, Option<u16>), Wrong> {
    let (host, port) = if text.starts_with('[') {
        let end = text.find(']').ok_or("has an address whose bracket does not end")?;
        let (bracketed, rest) = text.split_at_checked(end + 1).unwrap_or((text, ""));
        let inside = bracketed.strip_prefix('[').and_then(|inside| inside.strip_suffix(']'));
        let address: Ipv6Addr =
            inside.unwrap_or_default().parse().map_err(|_| "has an impossible address")?;
        (HostText::Ip(address.into()), rest)
    } else {
        let (host, rest) = cut(text, |byte| byte != b':');
        (host_name(host)?, rest)
    };
    match port {
        "" => Ok((host, None)),
        _ => Ok((
            host,
            Some(port_number(port.strip_prefix(':').ok_or("has no port after its host")?)?),
        )),
    }
}

fn port_number(digits: &str) -> Result<u16, Wrong> {
    let number = number(digits, u16::MAX.into()).map_err(|_| "has a port that is none")?;
    u16::try_from(number).map_err(|_| "has a port that is none")
}

/// A name whose last label begins with a letter (so that no address that is none passes for a name), or four
/// numbers.
fn host_name(text: &str) -> Result<HostText<'_>, Wrong> {
    const NONE: Wrong = "has a host that is none";
    if text.starts_with(|first: char| first.is_ascii_digit())
        && let Ok(address) = text.parse::<Ipv4Addr>()
    {
        return Ok(HostText::Ip(address.into()));
    }
    let mut last_begins_with = 0;
    let mut before = b'.';
    for byte in text.bytes() {
        match byte {
            b'.' if matches!(before, b'.' | b'-') => return Err(NONE),
            b'.' => {}
            b'-' if before == b'.' => return Err(NONE),
            byte if !is_of(byte, OF_LABEL) => return Err(NONE),
            byte if before == b'.' => last_begins_with = byte,
            _ => {}
        }
        before = byte;
    }
    if before == b'-' || !last_begins_with.is_ascii_alphabetic() {
        return Err(NONE);
    }
    Ok(HostText::Name(text))
}
