//! Addresses of record and URIs in settings: `sip:user@host`, in the one spelling they are compared in.

use std::net::Ipv6Addr;

use super::SIP_CREDENTIAL_CHARACTERS_MAX;

/// The most characters of a URI.
pub(super) const URI_CHARACTERS_MAX: usize = 512;

/// The address of that user at that domain.
pub(super) fn made(user: &str, domain: &str) -> String {
    if domain.contains(':') {
        format!("sip:{user}@[{domain}]")
    } else {
        format!("sip:{user}@{domain}")
    }
}

/// User and domain of an address that [`read`] took or a parser brought into the same spelling.
pub(super) fn parts(address: &str) -> Option<(&str, &str)> {
    let (user, host) = address.strip_prefix("sip:")?.rsplit_once('@')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some((user, host))
}

/// Whether it is a user's name that needs no escape in a URI, so that it has one spelling.
pub(super) fn is_user(text: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_.!~*'()&=+$,".contains(it);
    (1..=SIP_CREDENTIAL_CHARACTERS_MAX).contains(&text.chars().count())
        && text.chars().all(is_plain)
}

/// The address in the one spelling it has here: the scheme and the host in small letters, no port, no
/// parameters.
pub(super) fn read(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let (user, host) = rest.split_once('@')?;
    let is_good = scheme.eq_ignore_ascii_case("sip") && is_user(user);
    let host = is_good.then(|| host_of(host)).flatten()?;
    Some(made(user, &host))
}

/// A host as a URI has it, an IPv6 address without its brackets.
fn host_of(text: &str) -> Option<String> {
    match text.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(|address| address.to_string()),
        None => is_host_name(text).then(|| text.to_ascii_lowercase()),
    }
}

fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_'))
    };
    (1..=253).contains(&text.len()) && text.split('.').all(is_label)
}

/// Whether it is a domain as settings give it: a host name, or an address without brackets.
pub(super) fn is_domain(text: &str) -> bool {
    is_host_name(text) || text.parse::<Ipv6Addr>().is_ok()
}

/// Whether it is a `sip:` or `sips:` URI with a host, without headers and without what would end the
/// place it is written in.
pub(super) fn is_uri(text: &str) -> bool {
    let is_safe = |it: char| it.is_ascii_graphic() && !matches!(it, '<' | '>' | '"' | ',' | '?');
    let place = text.split_once(':').filter(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips")
    });
    let Some((_, rest)) = place else { return false };
    let authority = rest.split(';').next().unwrap_or_default();
    let (user, place) = authority.rsplit_once('@').unwrap_or(("none", authority));
    let end = match place.starts_with('[') {
        true => place.find(']').map_or(0, |position| position + 1),
        false => place.find(':').unwrap_or(place.len()),
    };
    let Some((host, behind)) = place.split_at_checked(end) else { return false };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    text.chars().count() <= URI_CHARACTERS_MAX
        && text.chars().all(is_safe)
        && !user.is_empty()
        && host_of(host).is_some()
        && (behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port))
}
