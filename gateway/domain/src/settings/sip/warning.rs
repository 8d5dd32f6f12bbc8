//! What is taken but cannot work, or looks wrong.

use std::collections::BTreeSet;

use super::{Sip, SipNextHop, SipProof, SipTransport};
use crate::settings::{Device, Trust, TrustPurpose};
use crate::{DeviceName, Problem};

/// Phones of which one warning tells: the first, and how many there are.
struct Phones<'a> {
    first: &'a DeviceName,
    count: usize,
}

impl std::fmt::Display for Phones<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.count {
            1 => write!(formatter, "{}", self.first),
            count => write!(formatter, "{} and {} more", self.first, count - 1),
        }
    }
}

/// Those phones, where there are any.
fn phones<'a>(devices: impl Iterator<Item = (&'a Device, bool)>) -> Option<Phones<'a>> {
    let mut devices = devices.map(|(device, _)| &device.name);
    let first = devices.next()?;
    Some(Phones { first, count: 1 + devices.count() })
}

/// What of SIP, its phones (each with whether it has a password) and whom it trusts does not go together.
pub(in crate::settings) fn warnings<'a>(
    sip: &Sip,
    devices: impl Iterator<Item = (&'a Device, bool)> + Clone,
    trust: impl Iterator<Item = &'a Trust> + Clone,
) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let mut warn = |key: String, message: String| warnings.push(Problem { key, message });
    let with_sip = devices.filter(|(device, _)| device.sip.is_some());
    if !sip.is_on() {
        // Nothing else of it matters then.
        if let Some(phones) = phones(with_sip) {
            let message = format!(
                "is missing, so SIP is off for {phones}, whose settings have sip; name what they \
                 register at, or take sip from them"
            );
            warn("sip.domains".to_owned(), message);
        }
        return warnings;
    }
    let is_trusted =
        |purpose: TrustPurpose| trust.clone().any(|trust| trust.purposes.contains(&purpose));
    if !is_trusted(TrustPurpose::SipNextHops) {
        let tls = |(_, hop): &(usize, &SipNextHop)| hop.transport == SipTransport::Tls;
        for (position, hop) in sip.next_hops.iter().enumerate().filter(tls) {
            let message = format!(
                "is tls, but no certificate is trusted for sip_next_hops, so {} is never reached; \
                 put the authority of its certificate into trust",
                hop.name
            );
            warn(format!("sip.next_hops[{position}].transport"), message);
        }
    }
    if !is_trusted(TrustPurpose::SipDevices)
        && let Some(phones) = phones(
            with_sip
                .clone()
                .filter(|(device, has_password)| needs_certificate(sip, device, *has_password)),
        )
    {
        let message = format!(
            "has no certificate for sip_devices, so {phones} can never register: there is nothing \
             but a certificate to prove themselves by; add the authority that signed it, or give \
             them a password and the proof digest"
        );
        warn("trust".to_owned(), message);
    }
    let mut strangers: BTreeSet<_> = sip.legacy_no_qop.iter().map(String::as_str).collect();
    for device in with_sip.filter_map(|(device, _)| device.sip.as_ref()) {
        strangers.remove(device.user.as_str());
    }
    if let Some(first) = strangers.first() {
        let others = match strangers.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let message = format!(
            "has {first:?}{others}, which no phone has as its sip.user; write users as the phones \
             have them"
        );
        warn("sip.legacy_no_qop".to_owned(), message);
    }
    warnings
}

/// Whether that phone registers with us and has only a certificate to show.
fn needs_certificate(sip: &Sip, device: &Device, has_password: bool) -> bool {
    let Some(device) = &device.sip else { return false };
    device.next_hop.is_none()
        && match device.proof.unwrap_or(sip.proof) {
            SipProof::Certificate => true,
            SipProof::DigestOrCertificate => !has_password,
            SipProof::Digest => false,
        }
}
