//! Who a phone is, and how it behaves: settings with nothing left to check.

use std::time::Duration;

use super::chance;

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// As Via names it.
    pub(crate) fn via(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// As a URI parameter names it.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// Whether bytes come in order and are never lost.
    pub(crate) fn is_stream(self) -> bool {
        self != Self::Udp
    }
}

/// What all phones of one run share.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) transport: Transport,
    pub(crate) domain: String,
    /// Seconds the registrar has to grant whatever was asked.
    pub(crate) expires_seconds: u64,
    /// How long after a registration it is refreshed.
    pub(crate) refresh: Duration,
    /// How often the phone pings; never without.
    pub(crate) ping: Option<Duration>,
    /// A phone that is no Cisco phone: no device parameters, no body.
    pub(crate) plain: bool,
    /// Whether the phone offers remotecc in its body.
    pub(crate) remotecc: bool,
    /// Whether it does what service-control asks: restart and reset.
    pub(crate) obeys: bool,
    /// Its number of RFC 5626, where it has one.
    pub(crate) flow_number: Option<u32>,
    /// Whether it writes `rport` into its Via.
    pub(crate) rport: bool,
    /// Answer the last challenge again without being asked, the count of its nonce rising.
    pub(crate) proves_at_once: bool,
    /// Whether the wording of each message may be judged against a wall clock.
    pub(crate) judges_date: bool,
}

/// Who one phone is.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) device: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) model: String,
    /// User part of its Contact, new with each start.
    pub(crate) contact_user: String,
}

impl Identity {
    /// A phone as it is after power came on.
    pub(crate) fn new(device: &str, user: &str, password: &str, model: &str) -> Self {
        Self {
            device: device.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
            model: model.to_owned(),
            contact_user: uuid(),
        }
    }

    /// The value of `+sip.instance`, without quotes: made of the device's hardware address.
    pub(crate) fn instance(&self) -> String {
        let hardware = self.device.strip_prefix("SEP").unwrap_or(&self.device);
        let is_address = hardware.len() == 12 && hardware.bytes().all(|b| b.is_ascii_hexdigit());
        let node = match is_address {
            true => hardware.to_ascii_lowercase(),
            // Other names still need twelve hex digits that stay the same.
            false => {
                let sum = hardware.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
                    (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
                });
                format!("{:012x}", sum & 0xffff_ffff_ffff)
            }
        };
        format!("<urn:uuid:00000000-0000-0000-0000-{node}>")
    }
}

/// A random UUID of version 4.
pub(crate) fn uuid() -> String {
    let hex = chance::hex(2);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
