//! Proxies and registrars that have phones, or pass on what is meant for them.

use serde::{Deserialize, Serialize};

use super::address::{URI_CHARACTERS_MAX, is_uri};
use super::read::read_uri;
use super::{SIP_CREDENTIAL_CHARACTERS_MAX, SIP_SERVERS_MAX};
use crate::Sealed;
use crate::settings::{NewSecret, Reader};

/// What our password at a next hop is sealed for.
pub const SIP_NEXT_HOP_PASSWORD_PURPOSE: &str = "sip_next_hop";

/// How bytes travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SipTransport {
    /// TLS; the usual port is 5061.
    #[default]
    Tls,
    /// TCP in the clear; the usual port is 5060.
    Tcp,
    /// UDP; the usual port is 5060.
    Udp,
}

impl SipTransport {
    /// Every transport.
    pub const ALL: [Self; 3] = [Self::Tls, Self::Tcp, Self::Udp];

    /// Its name in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// The port that is usual for it.
    pub fn usual_port(self) -> u16 {
        if self == Self::Tls { 5_061 } else { 5_060 }
    }
}

/// One server of a next hop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SipServer {
    /// Its host name or address, in small letters.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// A proxy or registrar, whose servers have the same phones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipNextHop {
    /// Its name.
    pub name: String,
    /// Its servers, in the order they are tried; one to eight.
    pub servers: Vec<SipServer>,
    /// How we reach them.
    pub transport: SipTransport,
    /// How often it is asked whether it is there: 5 to 3,600 seconds, 0 for never.
    pub ping_seconds: u32,
    /// Who we are there, where it asks.
    pub user: Option<String>,
    /// The password of `user`, sealed for [`SIP_NEXT_HOP_PASSWORD_PURPOSE`].
    pub password: Option<Sealed>,
    /// The realms that the password is told to; the names of its servers where none is given.
    pub realms: Vec<String>,
    /// The address that we register there, where it wants that; its Service-Route is kept.
    pub register_as: Option<String>,
    /// The route of what we send, before any Service-Route.
    pub route: Vec<String>,
    /// Whether requests from it are its own word: who it names is taken for proven, and its Path kept.
    pub trusted: bool,
}

impl SipNextHop {
    /// The realms that the password may be told to.
    pub fn told_realms(&self) -> Vec<String> {
        match self.realms.is_empty() {
            true => self.servers.iter().map(|server| server.host.clone()).collect(),
            false => self.realms.clone(),
        }
    }

    /// Reads one of the list.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<(Self, Option<NewSecret>)> {
        let transports = SipTransport::ALL.map(|it| (it.name(), it));
        let name = reader.named("name", 64);
        let transport = reader.choice("transport", &transports).unwrap_or_default();
        let servers = reader.list("servers", SIP_SERVERS_MAX, |reader| {
            let host = reader.host("host").map(|host| host.to_ascii_lowercase());
            let usual = u64::from(transport.usual_port());
            let port = reader.number("port", 1..=65_535).unwrap_or(usual);
            Some(SipServer { host: host?, port: port.try_into().ok()? })
        });
        if servers.is_empty() {
            let message =
                format_args!("must name one to {SIP_SERVERS_MAX} servers, each with its host");
            reader.problem("servers", message);
        }
        let mut seen = std::collections::BTreeSet::new();
        if let Some(server) = servers.iter().find(|server| !seen.insert(*server)) {
            let SipServer { host, port } = server;
            reader.problem("servers", format_args!("has {host} port {port} twice; keep one"));
        }
        let ping_seconds = match reader.number("ping_seconds", 0..=3_600) {
            Some(seconds @ 1..=4) => {
                let message = format_args!("must be 0 (never) or 5 to 3600 seconds, not {seconds}");
                reader.problem("ping_seconds", message);
                30
            }
            seconds => seconds.and_then(|it| it.try_into().ok()).unwrap_or(30),
        };
        let user = reader.short_text("user", SIP_CREDENTIAL_CHARACTERS_MAX);
        let is_given = reader.has("password") || reader.has("password_sealed");
        let password = reader.sealable("password", SIP_CREDENTIAL_CHARACTERS_MAX);
        match (&user, is_given) {
            (None, true) => reader.problem("user", "is missing beside the password"),
            (Some(_), false) => reader.problem("password", "is missing beside the user"),
            _ => {}
        }
        let realms = reader.text_list("realms", 16, 253);
        let register_as = read_uri(reader, "register_as");
        let route = reader.text_list("route", 8, URI_CHARACTERS_MAX);
        if !route.iter().all(|uri| is_uri(uri)) {
            let message = "must hold URIs as sip:proxy.example.com;lr, without angle brackets";
            reader.problem("route", message);
        }
        let trusted = reader.switch("trusted").unwrap_or(false);
        let hop = Self {
            name: name?,
            servers,
            transport,
            ping_seconds,
            user,
            password: None,
            realms,
            register_as,
            route,
            trusted,
        };
        Some((hop, password))
    }
}
