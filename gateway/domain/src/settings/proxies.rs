//! Proxies on the way to the outside (OPS-09). A link uses one only where its own settings say so.

use serde::{Deserialize, Serialize};

use super::{NewSecret, Reader};
use crate::Sealed;

/// What the password for a proxy is sealed for.
pub const PROXY_PASSWORD_PURPOSE: &str = "proxy";

/// One proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who we are there, where it asks.
    pub user: Option<String>,
    /// The password of `user`, sealed for [`PROXY_PASSWORD_PURPOSE`].
    pub password: Option<Sealed>,
}

/// The proxies of the system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxies {
    /// For HTTP, by CONNECT.
    pub http: Option<Proxy>,
    /// For everything else, by SOCKS version 5.
    pub socks: Option<Proxy>,
    /// Hosts and domains (with a leading dot) that are reached without one.
    #[serde(default)]
    pub except: Vec<String>,
}

/// The proxies as a settings file gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenProxies {
    /// All but the passwords.
    pub proxies: Proxies,
    /// The password for the HTTP proxy.
    pub http: Option<NewSecret>,
    /// The password for the SOCKS proxy.
    pub socks: Option<NewSecret>,
}

impl WrittenProxies {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let http = reader.table("http", |reader| read_proxy(reader, 3_128));
        let socks = reader.table("socks", |reader| read_proxy(reader, 1_080));
        let except = reader.text_list("except", 200, 253);
        let (http, http_password) = http.unzip();
        let (socks, socks_password) = socks.unzip();
        Some(Self {
            proxies: Proxies { http, socks, except },
            http: http_password.flatten(),
            socks: socks_password.flatten(),
        })
    }
}

fn read_proxy(reader: &mut Reader<'_>, usual: u64) -> Option<(Proxy, Option<NewSecret>)> {
    let host = reader.host("host");
    let port = reader.number("port", 1..=65_535).unwrap_or(usual);
    let user = reader.short_text("user", 128);
    let password = reader.sealable("password", 255);
    if user.is_none() && password.is_some() {
        reader.problem("user", "is missing beside the password");
    }
    Some((Proxy { host: host?, port: port.try_into().ok()?, user, password: None }, password))
}
