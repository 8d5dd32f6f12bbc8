//! Nonces: made without being remembered, remembered from their first use on.
//!
//! A nonce is its time of issue, random bytes, and a code over both, the realm and where it was sent to.
//! So a flood of requests without proofs costs no memory, and a nonce is of no use elsewhere. From the
//! first proof on that is right, the highest count used with it is kept. The kept ones are ordered by
//! their time of issue; where there are too many, the oldest is dropped and everything issued up to it is
//! stale, so that dropping one never lets a proof be used again.
//!
//! The code's key is that of the settings mixed with random bytes of the first nonce. So what other
//! processes, or other keepers of counts, issued by the same key is stale here, and a restart forgets
//! nothing that could be used again.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::algorithm::Hashed;
use crate::sip::Flow;

const TIME_BYTES: usize = 6;
const STAMP_BYTES: usize = 16;
const CODE_BYTES: usize = 16;

/// Time of issue in milliseconds, then random bytes; orders by time.
pub(super) type Stamp = [u8; STAMP_BYTES];

pub(super) struct Nonces {
    key: Hmac<Sha256>,
    /// None before the first nonce, when none is good.
    issuing: Option<Issuing>,
    lifetime: Duration,
    kept: BTreeMap<Stamp, Used>,
    kept_max: usize,
    /// What was issued up to this one is stale.
    floor: Option<Stamp>,
}

struct Issuing {
    /// Times count from here.
    epoch: Instant,
    code: Hmac<Sha256>,
}

/// What was done with a nonce.
pub(super) struct Used {
    /// The highest count.
    count: u32,
    /// The client's nonce of the first request of a session.
    session_cnonce: Option<Box<str>>,
}

impl Nonces {
    pub(super) fn new(key: &[u8; 32], lifetime: Duration, kept_max: usize) -> Self {
        let key = keyed(key);
        Self { key, issuing: None, lifetime, kept: BTreeMap::new(), kept_max, floor: None }
    }

    /// A new one for who is behind `flow`.
    pub(super) fn issue(
        &mut self,
        now: Instant,
        random: [u8; 16],
        realm: &str,
        flow: &Flow,
    ) -> String {
        let issuing = self.issuing.get_or_insert_with(|| {
            let mut key = self.key.clone();
            key.update(&random);
            Issuing { epoch: now, code: keyed(&key.finalize().into_bytes().into()) }
        });
        let mut stamp = [0; STAMP_BYTES];
        let age = now.saturating_duration_since(issuing.epoch).as_millis();
        let time = u64::try_from(age).unwrap_or(u64::MAX).to_be_bytes();
        // From the end, so that six bytes of those mixed into the key are told to nobody.
        let random = random.iter().rev();
        for (byte, value) in stamp.iter_mut().zip(time.iter().skip(8 - TIME_BYTES).chain(random)) {
            *byte = *value;
        }
        let mut text = Hashed::of(&stamp).text().to_owned();
        text.push_str(Hashed::of(&issuing.code(&stamp, realm, flow)).text());
        text
    }

    /// The nonce of that text, where we issued it for that realm and flow and it is still good.
    pub(super) fn valid(
        &self,
        now: Instant,
        text: &str,
        realm: &str,
        flow: &Flow,
    ) -> Option<Stamp> {
        let stamp = unhex::<STAMP_BYTES>(text.get(..2 * STAMP_BYTES)?)?;
        let code = unhex::<CODE_BYTES>(text.get(2 * STAMP_BYTES..)?)?;
        let issuing = self.issuing.as_ref()?;
        let is_ours = bool::from(issuing.code(&stamp, realm, flow).ct_eq(&code));
        let is_young = !self.is_expired(now, &stamp);
        let is_above = self.floor.is_none_or(|floor| floor < stamp);
        (is_ours && is_young && is_above).then_some(stamp)
    }

    /// The client's nonce that a session with this nonce began with.
    pub(super) fn session_cnonce(&self, stamp: &Stamp) -> Option<&str> {
        self.kept.get(stamp)?.session_cnonce.as_deref()
    }

    /// Whether this count was not reached before; it is from now on.
    pub(super) fn spend(
        &mut self,
        now: Instant,
        stamp: Stamp,
        count: u32,
        session_cnonce: Option<&str>,
    ) -> bool {
        if let Some(used) = self.kept.get_mut(&stamp) {
            let is_new = used.count < count;
            used.count = used.count.max(count);
            return is_new;
        }
        while self.kept.first_key_value().is_some_and(|(oldest, _)| self.is_expired(now, oldest)) {
            self.kept.pop_first();
        }
        let session_cnonce = session_cnonce.map(Box::from);
        self.kept.insert(stamp, Used { count, session_cnonce });
        while self.kept.len() > self.kept_max.max(1) {
            self.floor = self.kept.pop_first().map(|(oldest, _)| oldest).max(self.floor);
        }
        true
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.kept.len()
    }

    fn is_expired(&self, now: Instant, stamp: &Stamp) -> bool {
        let Some(issuing) = &self.issuing else { return true };
        let time = stamp.iter().take(TIME_BYTES).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let age = now.saturating_duration_since(issuing.epoch);
        age.saturating_sub(Duration::from_millis(time)) > self.lifetime
    }
}

impl Issuing {
    fn code(&self, stamp: &Stamp, realm: &str, flow: &Flow) -> [u8; CODE_BYTES] {
        let mut code = self.code.clone();
        code.update(stamp);
        match *flow {
            Flow::Datagram { peer, .. } => {
                let address = match peer.ip() {
                    IpAddr::V4(address) => address.to_ipv6_mapped(),
                    IpAddr::V6(address) => address,
                };
                code.update(b"d");
                code.update(&address.octets());
                code.update(&peer.port().to_be_bytes());
            }
            Flow::Stream { number, .. } => {
                code.update(b"s");
                code.update(&number.to_be_bytes());
            }
        }
        code.update(realm.as_bytes());
        let mut short = [0; CODE_BYTES];
        for (byte, value) in short.iter_mut().zip(code.finalize().into_bytes()) {
            *byte = value;
        }
        short
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // The code's block is longer than the key and is filled with zeros, which leaves the code the same.
    let mut block = [0; 64];
    for (byte, value) in block.iter_mut().zip(key) {
        *byte = *value;
    }
    Hmac::new(&block.into())
}

/// Bytes written as exactly that many pairs of hex digits.
pub(super) fn unhex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != 2 * BYTES {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        for digit in pair {
            let digit = char::from(*digit).to_digit(16)?;
            *byte = *byte << 4 | u8::try_from(digit).ok()?;
        }
    }
    Some(bytes)
}
