//! What a trusted proxy says about the client: `X-Forwarded-*` or `Forwarded` (RFC 7239).
//!
//! Only the form that the configuration names is read: most proxies set one of the two and hand the
//! other through as the client sent it. Hops are read from the nearest on: as long as a hop is itself
//! a trusted proxy, the one before it is believed. What an untrusted client put in front stays
//! unread. A proxy that sets no name hands through the client's, so a URL is believed only under
//! the names that the operator lists.

use std::net::{IpAddr, SocketAddr};

use engine::surface::Peer;
use http::header::{FORWARDED, HOST, HeaderName};
use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

use super::is_trusted;
use crate::config::{Config, ForwardedFields, PublicName};

/// The most hops that are read.
const HOPS_MAX: usize = 16;
/// The most bytes of a host with its port.
const HOST_BYTES_MAX: usize = 128;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// Whom we believe about the client, in which form, and what they may call us.
#[derive(Clone, Debug)]
pub(crate) struct Proxies {
    networks: Vec<IpNet>,
    fields: ForwardedFields,
    public_names: Vec<PublicName>,
}

/// One hop as the proxy that received it tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hop {
    client: Option<IpAddr>,
    host: Option<String>,
    scheme: Option<&'static str>,
}

impl Proxies {
    /// Those of the configuration.
    pub(crate) fn configured(config: &Config) -> Self {
        Self {
            networks: config.trusted_proxies.clone(),
            fields: config.forwarded_fields,
            public_names: config.public_names.clone(),
        }
    }

    /// Nobody: a connection's own address is its client's.
    pub(crate) fn none() -> Self {
        Self { networks: Vec::new(), fields: ForwardedFields::XForwarded, public_names: Vec::new() }
    }

    /// Who is at the other end of a connection from `address`, and under which URL it reaches us,
    /// which is `base` unless a proxy may say otherwise.
    pub(super) fn peer(&self, address: IpAddr, headers: &HeaderMap, base: &str) -> Peer {
        let mut peer = Peer { address: address.to_canonical(), base: base.to_owned() };
        if !is_trusted(&self.networks, address) {
            return peer;
        }
        let hops = match self.fields {
            ForwardedFields::Forwarded => standard(headers),
            ForwardedFields::XForwarded => customary(headers),
        };
        let (mut host, mut scheme) = (None, None);
        for hop in hops.into_iter().rev().take(HOPS_MAX) {
            host = hop.host.or(host);
            scheme = hop.scheme.or(scheme);
            let Some(client) = hop.client else { break };
            peer.address = client;
            if !is_trusted(&self.networks, client) {
                break;
            }
        }
        if host.is_none() && scheme.is_none() {
            return peer;
        }
        let (own_scheme, own_host) = base.split_once("://").unwrap_or(("https", base));
        let sent = headers.get(HOST).and_then(|host| good_host(host.to_str().ok()?));
        let host = host.or(sent).unwrap_or_else(|| own_host.to_owned());
        let scheme = scheme.unwrap_or(own_scheme);
        if self.public_names.iter().any(|name| name.covers(scheme, &host)) {
            peer.base = format!("{scheme}://{host}");
        }
        peer
    }
}

/// Whether a proxy, trusted or not, or somebody who would be taken for one, handed this request on.
pub(crate) fn is_handed_on(headers: &HeaderMap) -> bool {
    [FORWARDED, X_FORWARDED_FOR].iter().any(|name| headers.contains_key(name))
}

/// The elements of all Forwarded fields, the nearest proxy's last. A field that cannot be taken
/// apart is one hop of which nothing is known, so that nothing before it is believed.
fn standard(headers: &HeaderMap) -> Vec<Hop> {
    let mut hops = Vec::new();
    for field in headers.get_all(FORWARDED) {
        // Quotation marks left open by a client would swallow what the proxy wrote behind them.
        match field.to_str().ok().filter(|field| field.matches('"').count() % 2 == 0) {
            Some(field) => hops.extend(split_quoted(field, ',').map(standard_hop)),
            None => hops.push(Hop::default()),
        }
    }
    hops
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
    let hop = |client: &str| Hop { client: address(client.trim()), ..Hop::default() };
    let mut hops = Vec::new();
    for field in headers.get_all(X_FORWARDED_FOR) {
        match field.to_str() {
            Ok(field) => hops.extend(field.split(',').map(hop)),
            Err(_) => hops.push(Hop::default()),
        }
    }
    if let Some(nearest) = hops.last_mut()
        && let Some((host, scheme)) = customary_base(headers)
    {
        (nearest.host, nearest.scheme) = (host, scheme);
    }
    hops
}

/// Host and scheme of the `X-Forwarded-*` fields; nothing where one of them is there twice or
/// makes no sense, since then they are not all the proxy's.
fn customary_base(headers: &HeaderMap) -> Option<(Option<String>, Option<&'static str>)> {
    let scheme_field = only(headers, &X_FORWARDED_PROTO)?;
    let host_field = only(headers, &X_FORWARDED_HOST)?;
    let port_field = only(headers, &X_FORWARDED_PORT)?;
    let mut host = host_field.map(|host| good_host(host).ok_or(())).transpose().ok()?;
    let scheme = scheme_field.map(|name| scheme(name).ok_or(())).transpose().ok()?;
    let port = port_field.map(str::parse::<u16>).transpose().ok()?;
    if let (Some(host), Some(port)) = (&mut host, port)
        && !has_port(host)
        && Some(port) != scheme.and_then(PublicName::usual_port)
    {
        host.push_str(&format!(":{port}"));
    }
    Some((host, scheme))
}

/// The one value of a field, or that it is absent; `None` where it has several.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut fields = headers.get_all(name).iter();
    match (fields.next().map(HeaderValue::to_str), fields.next()) {
        (None, _) => Some(None),
        (Some(Ok(value)), None) if !value.contains(',') => Some(Some(value.trim())),
        _ => None,
    }
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
mod tests;
