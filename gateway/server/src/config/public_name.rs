//! A name under which a proxy may present us.

use std::net::{IpAddr, Ipv6Addr};

use super::raw::host_name;

/// A host, by name or address, with or without a port; without one it is the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicName {
    /// In small letters, an IPv6 address in brackets.
    host: String,
    port: Option<u16>,
}

impl PublicName {
    /// Reads `phones.example.com`, `phones.example.com:8082`, `192.0.2.1:8082` or `[2001:db8::1]`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (host, port) = split(text);
        let port = match port.map(|port| port.parse::<u16>()) {
            None => None,
            Some(Ok(port @ 1..)) => Some(port),
            Some(_) => return Err(format!("has {text:?}, whose port is none from 1 to 65535")),
        };
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let address = match inner {
            Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
            None => host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()),
        };
        if !address {
            host_name(host).map_err(|message| format!("has {text:?}, whose host {message}"))?;
        }
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }

    /// Whether this is `authority`, a host with or without a port in small letters, under `scheme`.
    pub(crate) fn covers(&self, scheme: &str, authority: &str) -> bool {
        let usual = Self::usual_port(scheme);
        let (host, port) = split(authority);
        let port = match port {
            None => usual,
            Some(port) => port.parse().ok(),
        };
        host == self.host && port.is_some() && port == self.port.or(usual)
    }

    /// The port of URLs with that scheme that name none.
    pub(crate) fn usual_port(scheme: &str) -> Option<u16> {
        match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        }
    }
}

/// Host and port of an authority; a colon within brackets begins no port.
fn split(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, scheme: &str, authority: &str, expected: bool) {
        let name = PublicName::read(name).unwrap();
        assert_eq!(name.covers(scheme, authority), expected, "{name:?} {scheme}://{authority}");
    }

    #[test]
    fn ops_14_a_name_without_a_port_has_the_schemes() {
        check("phones.example", "https", "phones.example", true);
        check("phones.example", "https", "phones.example:443", true);
        check("phones.example", "http", "phones.example:443", false);
        check("phones.example:443", "https", "phones.example", true);
        check("Phones.example:8082", "http", "phones.example:8082", true);
        check("phones.example:8082", "http", "phones.example", false);
        check("192.0.2.1:8082", "http", "192.0.2.1:8082", true);
        check("[2001:db8::1]", "https", "[2001:db8::1]", true);
        check("[2001:db8::1]:81", "http", "[2001:db8::1]:81", true);
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in [
            "",
            "a b.example",
            "http://a.example",
            "a.example:0",
            "a.example:x",
            "2001:db8::1",
            "[x]",
        ] {
            assert!(PublicName::read(bad).is_err(), "{bad}");
        }
    }
}
