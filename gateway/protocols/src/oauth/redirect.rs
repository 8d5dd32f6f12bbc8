//! Where answers may go: redirect URLs as they are registered, compared and used.

use super::REDIRECT_URL_BYTES_MAX;
use super::form::{decode, encode};

/// Parameters that an answer adds; one of them in a registered URL would then stand there twice.
const ANSWERED: [&str; 6] = ["code", "state", "iss", "error", "error_description", "error_uri"];

/// Addresses of the machine itself, for which RFC 8252 section 7.3 lets the port differ.
const LOOPBACKS: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

/// Why a redirect URL cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUrlRefused {
    /// Too many bytes.
    #[error("must be at most {REDIRECT_URL_BYTES_MAX} bytes")]
    TooLong,
    /// Not `https://`, nor `http://` to the machine itself for a native application.
    #[error(
        "must begin with https:// (http:// only for native applications, to localhost, 127.0.0.1 or [::1])"
    )]
    Scheme,
    /// A fragment.
    #[error("must have no fragment (#)")]
    Fragment,
    /// Characters that no URL has, or a percent sign without two digits.
    #[error("must have only characters of URLs, others percent-encoded")]
    Characters,
    /// A user before the host.
    #[error("must have no user or password before the host")]
    User,
    /// No host name, or one that cannot be.
    #[error("must have a full host name")]
    Host,
    /// An address where a name is needed.
    #[error("must have a host name, not an address")]
    Address,
    /// No port.
    #[error("must have a port from 1 to 65535, or none")]
    Port,
    /// A parameter that the answer will add.
    #[error(
        "must have none of the parameters code, state, iss, error, error_description, error_uri"
    )]
    Parameter,
}

/// Whether a redirect URL can be registered. It is kept byte for byte, since that is how it is compared.
pub fn validate_redirect_url(text: &str, is_native: bool) -> Result<(), RedirectUrlRefused> {
    if text.len() > REDIRECT_URL_BYTES_MAX {
        return Err(RedirectUrlRefused::TooLong);
    }
    let (is_plain, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => return Err(RedirectUrlRefused::Scheme),
    };
    if rest.contains('#') {
        return Err(RedirectUrlRefused::Fragment);
    }
    if !has_url_characters(rest) {
        return Err(RedirectUrlRefused::Characters);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or(RedirectUrlRefused::Host)?;
    let is_loopback = validate_authority(authority)?;
    if is_plain && !(is_native && is_loopback) {
        return Err(RedirectUrlRefused::Scheme);
    }
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let is_answered = |parameter: &str| {
        let name = decode(parameter.split('=').next().unwrap_or_default().as_bytes());
        name.is_some_and(|name| ANSWERED.iter().any(|each| each.as_bytes() == name))
    };
    if query.split('&').any(is_answered) { Err(RedirectUrlRefused::Parameter) } else { Ok(()) }
}

/// Whether `redirect` is one of those registered: the same bytes, or for a native application the same but for
/// the port where it leads to the machine itself by address.
#[must_use]
pub fn is_registered(redirect: &str, registered: &[String], is_native: bool) -> bool {
    registered.iter().any(|each| {
        each == redirect
            || (is_native
                && without_loopback_port(redirect)
                    .is_some_and(|asked| without_loopback_port(each) == Some(asked)))
    })
}

/// Adds parameters to a registered URL, after those it has.
#[must_use]
pub fn redirect_with(redirect_uri: &str, parameters: &[(&str, &str)]) -> String {
    let (base, _) = redirect_uri.split_once('#').unwrap_or((redirect_uri, ""));
    let mut url = base.to_owned();
    for (name, value) in parameters {
        url.push_str(match url.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        });
        encode(name, &mut url);
        url.push('=');
        encode(value, &mut url);
    }
    url
}

/// The address and what follows the port.
fn without_loopback_port(url: &str) -> Option<(&'static str, &str)> {
    let (address, rest) = LOOPBACKS
        .iter()
        .find_map(|address| url.strip_prefix(address).map(|rest| (*address, rest)))?;
    let rest = match rest.strip_prefix(':') {
        Some(port_and_more) => {
            let end = port_and_more.find(|each: char| !each.is_ascii_digit());
            let (port, rest) =
                port_and_more.split_at_checked(end.unwrap_or(port_and_more.len()))?;
            is_port(port).then_some(rest)?
        }
        None => rest,
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((address, rest))
}

/// Host and port; whether the host is the machine itself.
fn validate_authority(authority: &str) -> Result<bool, RedirectUrlRefused> {
    if authority.contains('@') {
        return Err(RedirectUrlRefused::User);
    }
    let (host, port) = if authority.starts_with('[') {
        let (host, port) = authority.split_once(']').ok_or(RedirectUrlRefused::Host)?;
        if host != "[::1" {
            return Err(RedirectUrlRefused::Address);
        }
        (host, (!port.is_empty()).then_some(port.strip_prefix(':').ok_or(RedirectUrlRefused::Host)))
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, Some(Ok(port))),
            None => (authority, None),
        }
    };
    if let Some(port) = port.transpose()?
        && !is_port(port)
    {
        return Err(RedirectUrlRefused::Port);
    }
    if ["127.0.0.1", "[::1", "localhost"].contains(&host) {
        return Ok(true);
    }
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        (1..=63).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(RedirectUrlRefused::Host);
    }
    // Browsers take every host whose last label is a number for an IPv4 address.
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number { Err(RedirectUrlRefused::Address) } else { Ok(false) }
}

fn is_port(text: &str) -> bool {
    let is_written = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    is_written && text.parse::<u16>().is_ok()
}

/// Characters of RFC 3986, percent-encoding whole.
fn has_url_characters(text: &str) -> bool {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte);
    text.bytes().all(is_allowed) && decode(text.as_bytes()).is_some()
}
