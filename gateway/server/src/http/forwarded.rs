//! What a trusted proxy says about the client: Forwarded (RFC 7239), else X-Forwarded-*.
//!
//! Hops are read from the nearest on: as long as a hop is itself a trusted proxy, the one before
//! it is believed. What an untrusted client put in front stays unread.

use std::net::{IpAddr, SocketAddr};

use engine::surface::Peer;
use http::HeaderMap;
use http::header::{FORWARDED, HOST, HeaderName};
use ipnet::IpNet;

use super::is_trusted;

/// The most hops that are read.
const HOPS_MAX: usize = 16;
/// The most bytes of a host with its port.
const HOST_BYTES_MAX: usize = 128;

/// One hop as the proxy that received it tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hop {
    client: Option<IpAddr>,
    host: Option<String>,
    scheme: Option<&'static str>,
}

/// Who is at the other end of a connection from `address`, and under which URL it reaches us.
pub(super) fn peer(
    address: IpAddr,
    headers: &HeaderMap,
    base: &str,
    trusted_proxies: &[IpNet],
) -> Peer {
    let mut peer = Peer { address: address.to_canonical(), base: base.to_owned() };
    if !is_trusted(trusted_proxies, address) {
        return peer;
    }
    let hops = if headers.contains_key(FORWARDED) { standard(headers) } else { customary(headers) };
    let (mut host, mut scheme) = (None, None);
    for hop in hops.into_iter().rev().take(HOPS_MAX) {
        host = hop.host.or(host);
        scheme = hop.scheme.or(scheme);
        let Some(client) = hop.client else { break };
        peer.address = client;
        if !is_trusted(trusted_proxies, client) {
            break;
        }
    }
    let (own_scheme, own_host) = base.split_once("://").unwrap_or(("https", base));
    if host.is_some() || scheme.is_some() {
        let sent = headers.get(HOST).and_then(|host| good_host(host.to_str().ok()?));
        let host = host.or(sent).unwrap_or_else(|| own_host.to_owned());
        peer.base = format!("{}://{host}", scheme.unwrap_or(own_scheme));
    }
    peer
}

/// The elements of all Forwarded fields, the nearest proxy's last.
fn standard(headers: &HeaderMap) -> Vec<Hop> {
    let fields = headers.get_all(FORWARDED).iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| split_quoted(field, ',')).map(standard_hop).collect()
}

fn standard_hop(element: &str) -> Hop {
    let mut hop = Hop::default();
    for pair in split_quoted(element, ';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.client = address(value),
            "host" => hop.host = good_host(value),
            "proto" => hop.scheme = scheme(value),
            _ => {}
        }
    }
    hop
}

fn customary(headers: &HeaderMap) -> Vec<Hop> {
    const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
    const SCHEME: HeaderName = HeaderName::from_static("x-forwarded-proto");
    const NAME: HeaderName = HeaderName::from_static("x-forwarded-host");
    const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
    let last = |name: HeaderName| {
        let field = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        field.rsplit(',').next().map(|value| value.trim().to_owned())
    };
    let mut hops: Vec<Hop> = headers
        .get_all(FOR)
        .iter()
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','))
        .map(|client| Hop { client: address(client.trim()), ..Hop::default() })
        .collect();
    if hops.is_empty() {
        hops.push(Hop::default());
    }
    if let Some(nearest) = hops.last_mut() {
        nearest.scheme = last(SCHEME).as_deref().and_then(scheme);
        nearest.host = last(NAME).as_deref().and_then(good_host);
        let port = last(PORT).and_then(|port| port.parse::<u16>().ok());
        if let (Some(host), Some(port)) = (&mut nearest.host, port)
            && !has_port(host)
        {
            host.push_str(&format!(":{port}"));
        }
    }
    hops
}

/// Splits outside of quotation marks; what is between them is taken as it stands.
fn split_quoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == separator && !quoted
    })
}

/// An address with or without a port, an IPv6 one with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    let address = plain.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()))?;
    Some(address.to_canonical())
}

fn scheme(text: &str) -> Option<&'static str> {
    ["https", "http"].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme))
}

/// A host with or without a port that may stand in a URL.
fn good_host(text: &str) -> Option<String> {
    let good = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | ':' | '[' | ']')
    };
    let fits = (1..=HOST_BYTES_MAX).contains(&text.len()) && text.chars().all(good);
    let authority: Option<http::uri::Authority> = fits.then(|| text.parse().ok()).flatten();
    authority.filter(|it| !it.host().is_empty()).map(|_| text.to_ascii_lowercase())
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const BASE: &str = "https://gw-a.example:8445";

    /// Compares address and base for a connection from `from`, with 10.0.0.0/8 trusted.
    #[track_caller]
    fn check(from: &str, fields: &[(&'static str, &str)], expected: (&str, &str)) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let peer = peer(from.parse().unwrap(), &headers, BASE, &trusted);
        assert_eq!((peer.address.to_string().as_str(), peer.base.as_str()), expected, "{fields:?}");
    }

    #[test]
    fn ops_14_only_trusted_proxies_are_believed() {
        let fields = [("x-forwarded-for", "192.0.2.9"), ("x-forwarded-host", "evil.example")];
        check("192.0.2.1", &fields, ("192.0.2.1", BASE));
        check("192.0.2.1", &[("forwarded", "for=192.0.2.9;host=evil")], ("192.0.2.1", BASE));
        check("10.0.0.1", &[], ("10.0.0.1", BASE));
        check("::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.9")], ("192.0.2.9", BASE));
    }

    #[test]
    fn ops_14_hops_are_read_from_the_nearest() {
        check("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 192.0.2.9")], ("192.0.2.9", BASE));
        check("10.0.0.1", &[("x-forwarded-for", "192.0.2.9, 10.0.0.2")], ("192.0.2.9", BASE));
        check(
            "10.0.0.1",
            &[("forwarded", "for=1.1.1.1"), ("forwarded", "for=192.0.2.9")],
            ("192.0.2.9", BASE),
        );
        check("fd00::1", &[("forwarded", "for=\"[2001:db8::9]:4711\"")], ("2001:db8::9", BASE));
        check("10.0.0.1", &[("x-forwarded-for", "nonsense")], ("10.0.0.1", BASE));
        check("10.0.0.1", &[("x-forwarded-for", "192.0.2.9, _hidden")], ("10.0.0.1", BASE));
    }

    #[test]
    fn ops_14_a_trusted_proxy_says_under_which_url_we_are_reached() {
        let forwarded = "for=192.0.2.9;proto=http;host=\"old-phones.example:8082\"";
        check(
            "10.0.0.1",
            &[("forwarded", forwarded)],
            ("192.0.2.9", "http://old-phones.example:8082"),
        );
        let fields = [
            ("x-forwarded-for", "192.0.2.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "Phones.example"),
            ("x-forwarded-port", "8443"),
        ];
        check("10.0.0.1", &fields, ("192.0.2.9", "https://phones.example:8443"));
        check(
            "10.0.0.1",
            &[("x-forwarded-proto", "http"), ("host", "gw.example:80")],
            ("10.0.0.1", "http://gw.example:80"),
        );
        for bad in ["a b", "a/b", "a\"b", "<x>", "user@host", "[", ""] {
            check("10.0.0.1", &[("x-forwarded-host", bad)], ("10.0.0.1", BASE));
        }
        check("10.0.0.1", &[("x-forwarded-proto", "javascript")], ("10.0.0.1", BASE));
    }
}
