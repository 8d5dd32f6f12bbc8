//! Where a contact-centre server listens.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU16;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most characters of a host name.
const HOST_CHARACTERS_MAX: usize = 253;
/// The most characters of a host name between two dots.
const LABEL_CHARACTERS_MAX: usize = 63;

/// One server of a pair: its host in the one spelling it has here, and its port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CtiSide {
    host: String,
    port: NonZeroU16,
}

/// Why a text names no server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCtiSide {
    /// There is no port behind the host.
    #[error(
        "{0:?} has no port; write host:port (usual: 42027 for side A and 43027 for side B, 12028 for \
         Express)"
    )]
    NoPort(String),
    /// The port is none.
    #[error("{0:?} is no port; it must be a number from 1 to 65535")]
    Port(String),
    /// The colons of the host cannot be told from that of the port.
    #[error("{0:?} must be host:port, an IPv6 address in brackets as in \"[2001:db8::1]:42027\"")]
    Brackets(String),
    /// The host is neither a name nor an address.
    #[error("{0:?} is no host name, IPv4 address or IPv6 address in brackets")]
    Host(String),
}

impl CtiSide {
    /// The host: a name in small letters, an IPv4 address, or an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port.get()
    }
}

impl FromStr for CtiSide {
    type Err = InvalidCtiSide;

    fn from_str(text: &str) -> Result<Self, InvalidCtiSide> {
        if let Some(rest) = text.strip_prefix('[') {
            let Some((inner, behind)) = rest.split_once(']') else {
                return Err(InvalidCtiSide::Brackets(text.to_owned()));
            };
            let address: Ipv6Addr =
                inner.parse().map_err(|_| InvalidCtiSide::Host(inner.to_owned()))?;
            if address.is_unspecified() || address.is_multicast() {
                return Err(InvalidCtiSide::Host(inner.to_owned()));
            }
            return match behind.strip_prefix(':') {
                Some(port) => Ok(Self { host: address.to_string(), port: read_port(port)? }),
                None if behind.is_empty() => Err(InvalidCtiSide::NoPort(text.to_owned())),
                None => Err(InvalidCtiSide::Brackets(text.to_owned())),
            };
        }
        let Some((host, port)) = text.split_once(':') else {
            return Err(InvalidCtiSide::NoPort(text.to_owned()));
        };
        if port.contains(':') {
            return Err(InvalidCtiSide::Brackets(text.to_owned()));
        }
        Ok(Self { host: read_host(host)?, port: read_port(port)? })
    }
}

fn read_host(host: &str) -> Result<String, InvalidCtiSide> {
    let refused = || InvalidCtiSide::Host(host.to_owned());
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    // A name never ends in a number (RFC 3696, section 2), so this is meant to be an address.
    if !last.is_empty() && last.chars().all(|character| character.is_ascii_digit()) {
        let address: Ipv4Addr = host.parse().map_err(|_| refused())?;
        let none = address.is_unspecified() || address.is_multicast() || address.is_broadcast();
        return if none { Err(refused()) } else { Ok(address.to_string()) };
    }
    let is_label = |label: &str| {
        (1..=LABEL_CHARACTERS_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            // Underscores are no part of host names, but machines are called so.
            && label.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_'))
    };
    if name.len() > HOST_CHARACTERS_MAX || !name.split('.').all(is_label) {
        return Err(refused());
    }
    Ok(name.to_ascii_lowercase())
}

fn read_port(port: &str) -> Result<NonZeroU16, InvalidCtiSide> {
    let refused = || InvalidCtiSide::Port(port.to_owned());
    // `u16` would take a sign.
    if port.starts_with('+') {
        return Err(refused());
    }
    port.parse().map_err(|_| refused())
}

impl fmt::Display for CtiSide {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        match host.contains(':') {
            true => write!(formatter, "[{host}]:{port}"),
            false => write!(formatter, "{host}:{port}"),
        }
    }
}

impl Serialize for CtiSide {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CtiSide {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
