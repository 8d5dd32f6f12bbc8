//! SIP: what phones register at, how they prove who they are, and the next hops in front of them.
//!
//! Without a domain SIP is off. A phone is reached in one of two ways: it registers with us, or it is
//! registered behind a next hop, to which what is meant for it is then sent.

mod address;
mod device;
mod lookup;
mod network;
mod next_hop;
mod read;
#[cfg(test)]
mod tests;
mod warning;

use serde::{Deserialize, Serialize};

pub use self::device::DeviceSip;
pub(super) use self::device::read_device;
pub use self::lookup::SipDevices;
pub(super) use self::lookup::refuse_repeated_devices;
pub use self::network::{InvalidNetwork, Network};
pub use self::next_hop::{SIP_NEXT_HOP_PASSWORD_PURPOSE, SipNextHop, SipServer, SipTransport};
pub use self::read::WrittenSip;
pub(super) use self::warning::warnings;

/// What a phone's password is sealed for.
pub const SIP_DEVICE_PASSWORD_PURPOSE: &str = "sip_device";
/// The most characters of a user's name and of a password.
pub const SIP_CREDENTIAL_CHARACTERS_MAX: usize = 128;
/// The most domains that phones may register at.
pub const SIP_DOMAINS_MAX: usize = 16;
/// The most next hops.
pub const SIP_NEXT_HOPS_MAX: usize = 64;
/// The most servers of one next hop.
pub const SIP_SERVERS_MAX: usize = 8;

/// How a phone proves who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SipProof {
    /// By user and password.
    Digest,
    /// By the certificate that it shows over TLS.
    Certificate,
    /// By its certificate where it shows one, else by user and password.
    #[default]
    DigestOrCertificate,
}

/// How a password is hashed in a digest (RFC 7616, RFC 8760).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SipAlgorithm {
    /// SHA-512 cut to 256 bits.
    #[serde(rename = "sha_512_256")]
    Sha512_256,
    /// SHA-256.
    #[serde(rename = "sha_256")]
    Sha256,
    /// MD5, which many phones know alone.
    #[serde(rename = "md5")]
    Md5,
}

impl SipAlgorithm {
    /// Every algorithm, the strongest first.
    pub const ALL: [Self; 3] = [Self::Sha512_256, Self::Sha256, Self::Md5];

    /// Its name in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha512_256 => "sha_512_256",
            Self::Sha256 => "sha_256",
            Self::Md5 => "md5",
        }
    }
}

/// How SIP is spoken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sip {
    /// What phones register at, in small letters; SIP is off where there is none.
    pub domains: Vec<String>,
    /// What passwords are for, as phones are told; the first domain where it is not set.
    pub realm: Option<String>,
    /// The digest algorithms that are offered, the strongest first.
    pub digest_algorithms: Vec<SipAlgorithm>,
    /// How long a nonce is good: 60 to 300 seconds.
    pub nonce_seconds: u32,
    /// How phones prove who they are, unless a phone's own settings say otherwise.
    pub proof: SipProof,
    /// What phones that use their registration as a keep-alive are granted, whatever they ask: 60 to
    /// 3,600 seconds.
    pub phone_expires_seconds: u32,
    /// The shortest registration that is granted: 30 to 3,600 seconds.
    pub expires_seconds_min: u32,
    /// The longest: up to 86,400 seconds.
    pub expires_seconds_max: u32,
    /// A flow is closed that is silent for so long and some more (RFC 5626): 30 to 3,600 seconds.
    pub flow_timer_seconds: u32,
    /// T1 of RFC 3261: 500 to 5,000 milliseconds.
    pub timer_t1_milliseconds: u32,
    /// T2, at least T1: up to 32,000 milliseconds.
    pub timer_t2_milliseconds: u32,
    /// T4: 500 to 32,000 milliseconds.
    pub timer_t4_milliseconds: u32,
    /// The name of the element that gives a reason to headsets: the published one has a blank in it.
    pub reason_element: String,
    /// The event package by which phones are told news of headsets: 1 to 32 characters of a token. The source
    /// prints none.
    #[serde(default = "service_control")]
    pub headset_event: String,
    /// Users whose phones know no `qop` (RFC 2069).
    pub legacy_no_qop: Vec<String>,
    /// Whether malformed requests that can be understood are taken: addresses in brackets, blanks and
    /// embedded headers in the request line.
    pub lenient: bool,
    /// From where SIP is spoken with us at all; from everywhere where none is named.
    pub allowed_networks: Vec<Network>,
    /// Proxies and registrars that have phones.
    pub next_hops: Vec<SipNextHop>,
}

fn service_control() -> String {
    "service-control".to_owned()
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            realm: None,
            digest_algorithms: vec![SipAlgorithm::Sha256, SipAlgorithm::Md5],
            nonce_seconds: 300,
            proof: SipProof::default(),
            phone_expires_seconds: 120,
            expires_seconds_min: 60,
            expires_seconds_max: 3_600,
            flow_timer_seconds: 120,
            timer_t1_milliseconds: 500,
            timer_t2_milliseconds: 4_000,
            timer_t4_milliseconds: 5_000,
            reason_element: read::REASON_ELEMENTS[0].to_owned(),
            headset_event: service_control(),
            legacy_no_qop: Vec::new(),
            lenient: false,
            allowed_networks: Vec::new(),
            next_hops: Vec::new(),
        }
    }
}

impl Sip {
    /// Whether SIP is spoken at all.
    pub fn is_on(&self) -> bool {
        !self.domains.is_empty()
    }

    /// What passwords are for, as phones are told; empty where SIP is off.
    pub fn realm(&self) -> &str {
        self.realm.as_deref().or(self.domains.first().map(String::as_str)).unwrap_or_default()
    }

    /// The next hop of that name.
    pub fn next_hop(&self, name: &str) -> Option<&SipNextHop> {
        self.next_hops.iter().find(|it| it.name == name)
    }

    /// Whether whoever has that address may speak SIP with us.
    pub fn allows(&self, address: std::net::IpAddr) -> bool {
        self.allowed_networks.is_empty()
            || self.allowed_networks.iter().any(|network| network.contains(address))
    }

    /// The address of record of a phone: its own, else its user at the first domain.
    pub fn address_of(&self, device: &DeviceSip) -> Option<String> {
        match &device.address {
            Some(address) => Some(address.clone()),
            None => self.domains.first().map(|domain| address::made(&device.user, domain)),
        }
    }
}
