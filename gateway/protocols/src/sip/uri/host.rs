//! Hosts and ports.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::BadUri;
use crate::sip::{Text, grammar};

/// A host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// By its name, in small letters.
    Name(Text),
    /// By its address.
    Ip(IpAddr),
}

/// A host with a port, where one is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: Option<u16>,
}

/// The address that peers are compared by: IPv4 where it is IPv4 mapped into IPv6 (RFC 5118, section 4.10).
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

impl Host {
    /// The host that the text is; an IPv6 address stands in brackets.
    pub fn parse(text: &str) -> Result<Self, BadUri> {
        let host_port = HostPort::parse(text)?;
        match host_port.port {
            None => Ok(host_port.host),
            Some(_) => Err(BadUri("has a port where only a host may stand")),
        }
    }

    /// Its address, where it has one of itself.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::Name(_) => None,
        }
    }
}

impl HostPort {
    /// Host and port that the text is.
    pub fn parse(text: &str) -> Result<Self, BadUri> {
        let text = Text::from(text);
        let (host, port) = grammar::host_port(&text).map_err(BadUri)?;
        Ok(Self::from_text(&text, host, port))
    }

    /// `host` is a part of `whole`.
    pub(in super::super) fn from_text(
        whole: &Text,
        host: grammar::HostText<'_>,
        port: Option<u16>,
    ) -> Self {
        let host = match host {
            grammar::HostText::Ip(address) => Host::Ip(address),
            grammar::HostText::Name(name) if name.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Host::Name(name.to_ascii_lowercase().into())
            }
            grammar::HostText::Name(name) => Host::Name(grammar::share(whole, name)),
        };
        Self { host, port }
    }
}

impl From<SocketAddr> for HostPort {
    fn from(address: SocketAddr) -> Self {
        Self { host: Host::Ip(canonical(address.ip())), port: Some(address.port()) }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Ip(IpAddr::V4(address)) => write!(formatter, "{address}"),
            Self::Ip(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(formatter, "{}:{port}", self.host),
            None => write!(formatter, "{}", self.host),
        }
    }
}
