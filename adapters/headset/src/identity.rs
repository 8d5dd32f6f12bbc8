//! How a phone proves that it is the device it names; pure but for randomness-free MACs.
//!
//! ```text
//!   certificate of the connection --.
//!   Authorization: Bearer TOKEN ----+--> Proof, where the settings take it, else unproven
//!   ?key=HANDLE of discovery -------'
//!   address of its SIP registration '
//! ```
//!
//! Handles and tokens are kept nowhere: each is a MAC over what it is good for, under a key that all nodes of
//! the deployment share. A handle stands in a file that others may read, so it opens discovery alone, and only from
//! the address that the phone registered from. One that we put into a file ourselves is bound to the address that
//! loaded it besides, and opens nothing before that phone registered: anybody may load files. One that an
//! administrator put into a file is taken where no registration of the phone is known here. A higher
//! `headset.token_generation` makes all of them void.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::settings::{Headset, HeadsetProof};
use domain::{DeviceName, Timestamp};
use ring::hmac;
use subtle::ConstantTimeEq as _;

/// What handles and tokens are authenticated for.
pub(crate) const KEY_PURPOSE: &str = "headset_device";
/// Bytes of the MAC that are kept.
const MAC_BYTES: usize = 16;
/// Kind, expiry in minutes, MAC.
const TICKET_BYTES: usize = 1 + 4 + MAC_BYTES;
/// The most characters of one that are looked at.
const TICKET_CHARACTERS_MAX: usize = 64;

/// What a ticket is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticket {
    /// Discovery, from anywhere that the phone is known to be.
    Handle,
    /// Discovery, from the address that it was given to.
    BoundHandle,
    /// Everything else, from the address that it was given to.
    Token,
}

impl Ticket {
    fn number(self) -> u8 {
        match self {
            Self::Handle => 1,
            Self::BoundHandle => 2,
            Self::Token => 3,
        }
    }
}

/// Makes and judges handles and tokens.
pub(crate) struct Tickets {
    key: hmac::Key,
}

impl Tickets {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// A handle for discovery; bound to that address, where one is named.
    pub(crate) fn handle(
        &self,
        settings: &Headset,
        device: &DeviceName,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> String {
        let kind = if address.is_some() { Ticket::BoundHandle } else { Ticket::Handle };
        let minutes = minutes(now).saturating_add(settings.handle_days * 24 * 60);
        self.write(kind, minutes, settings.token_generation, device, address)
    }

    /// A token for all requests but discovery, and when it ends.
    pub(crate) fn token(
        &self,
        settings: &Headset,
        device: &DeviceName,
        address: IpAddr,
        now: Timestamp,
    ) -> (String, Timestamp) {
        let ends = minutes(now).saturating_add(settings.token_hours * 60);
        let bound = Some(address);
        let token = self.write(Ticket::Token, ends, settings.token_generation, device, bound);
        (token, Timestamp::from_seconds(i64::from(ends) * 60))
    }

    /// What a ticket opens that a phone at that address shows; `None` where it opens nothing.
    pub(crate) fn judge(
        &self,
        settings: &Headset,
        device: &DeviceName,
        address: IpAddr,
        shown: &str,
        now: Timestamp,
    ) -> Option<Ticket> {
        if shown.len() > TICKET_CHARACTERS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(shown).ok()?;
        let bytes: [u8; TICKET_BYTES] = bytes.try_into().ok()?;
        let [kind, a, b, c, d, ..] = bytes;
        let ends = u32::from_be_bytes([a, b, c, d]);
        let (kind, bound) = match kind {
            1 => (Ticket::Handle, None),
            2 => (Ticket::BoundHandle, Some(address)),
            3 => (Ticket::Token, Some(address)),
            _ => return None,
        };
        let expected = self.mac(kind, ends, settings.token_generation, device, bound);
        let given = bytes.get(TICKET_BYTES - MAC_BYTES..)?;
        let is_genuine = bool::from(expected.as_slice().ct_eq(given));
        (is_genuine && minutes(now) < ends).then_some(kind)
    }

    fn write(
        &self,
        kind: Ticket,
        ends: u32,
        generation: u16,
        device: &DeviceName,
        address: Option<IpAddr>,
    ) -> String {
        let mut bytes = vec![kind.number()];
        bytes.extend(ends.to_be_bytes());
        bytes.extend(self.mac(kind, ends, generation, device, address));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn mac(
        &self,
        kind: Ticket,
        ends: u32,
        generation: u16,
        device: &DeviceName,
        address: Option<IpAddr>,
    ) -> Vec<u8> {
        let mut text = vec![kind.number()];
        text.extend(ends.to_be_bytes());
        text.extend(generation.to_be_bytes());
        if let Some(address) = address {
            match address.to_canonical() {
                IpAddr::V4(address) => text.extend(address.octets()),
                IpAddr::V6(address) => text.extend(address.octets()),
            }
        }
        // Last, since it alone is of any length.
        text.push(u8::from(address.is_some_and(|it| it.to_canonical().is_ipv6())));
        text.extend(device.as_str().as_bytes());
        let mut mac = hmac::sign(&self.key, &text).as_ref().to_vec();
        mac.truncate(MAC_BYTES);
        mac
    }
}

/// How a request was proven to be of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// By the certificate of its connection.
    Certificate,
    /// By a token, or by a handle where it asks for discovery.
    Token,
    /// By the address that it registered from.
    Address,
}

impl Proven {
    /// All ways, for figures.
    pub const ALL: [Self; 3] = [Self::Certificate, Self::Token, Self::Address];

    /// Its name in figures and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Token => "token",
            Self::Address => "address",
        }
    }
}

/// What a request shows.
pub(crate) struct Shown<'a> {
    /// The device that the connection's certificate names.
    pub(crate) certificate: Option<&'a str>,
    /// The token, or the handle.
    pub(crate) ticket: Option<&'a str>,
    /// Where it comes from.
    pub(crate) address: IpAddr,
    /// Where that phone registered from, where this node knows.
    pub(crate) registered: Option<IpAddr>,
    /// Whether it asks for discovery.
    pub(crate) is_discovery: bool,
}

/// Whether a request is of that device.
pub(crate) fn proven(
    tickets: &Tickets,
    settings: &Headset,
    device: &DeviceName,
    shown: &Shown<'_>,
    now: Timestamp,
) -> Option<Proven> {
    let takes = |proof: HeadsetProof| settings.proof.contains(&proof);
    let named = shown.certificate.filter(|_| takes(HeadsetProof::Certificate));
    if named == Some(device.as_str()) {
        return Some(Proven::Certificate);
    }
    let registered = shown.registered.map(|it| it.to_canonical());
    let is_where_it_registered = registered == Some(shown.address.to_canonical());
    if let Some(ticket) = shown.ticket.filter(|_| takes(HeadsetProof::Token)) {
        let opens = match tickets.judge(settings, device, shown.address, ticket, now) {
            Some(Ticket::Token) => true,
            // Files are given to whoever asks, so theirs counts only from where the phone registered.
            Some(Ticket::BoundHandle) => shown.is_discovery && is_where_it_registered,
            // Without a registration of its own here there is nothing to hold it against.
            Some(Ticket::Handle) => {
                shown.is_discovery && (registered.is_none() || is_where_it_registered)
            }
            None => false,
        };
        if opens {
            return Some(Proven::Token);
        }
    }
    (takes(HeadsetProof::Address) && is_where_it_registered).then_some(Proven::Address)
}

fn minutes(at: Timestamp) -> u32 {
    u32::try_from(at.microseconds() / 60_000_000).unwrap_or(0)
}
