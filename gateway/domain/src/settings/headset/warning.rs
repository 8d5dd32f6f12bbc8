//! What is taken but cannot work, or looks wrong.

use super::{Headset, HeadsetMode, HeadsetProof};
use crate::Problem;
use crate::settings::{Sip, Trust, TrustPurpose};

/// What of headsets does not go together with how SIP is spoken and whom we trust, or proves too little.
pub(in crate::settings) fn warnings<'a>(
    headset: &Headset,
    sip: &Sip,
    mut trust: impl Iterator<Item = &'a Trust>,
) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let mut warn = |key: &str, message: &str| {
        warnings.push(Problem { key: key.to_owned(), message: message.to_owned() });
    };
    if headset.mode != HeadsetMode::Disabled && !sip.is_on() {
        let message = "is on, but sip.domains is missing: phones register nowhere here and cannot be \
                       told of states; name what they register at";
        warn("headset.mode", message);
    }
    let is_asked_for =
        headset.mode != HeadsetMode::Disabled && headset.proof.contains(&HeadsetProof::Certificate);
    if is_asked_for && !trust.any(|it| it.purposes.contains(&TrustPurpose::HeadsetDevices)) {
        let message = "has certificate, but no certificate is trusted for headset_devices, so no phone can \
                       prove itself by its own; put the authority that signed theirs into trust, or take \
                       certificate out of proof";
        warn("headset.proof", message);
    }
    if headset.proof == [HeadsetProof::Address] {
        let message = "is address alone, which is weak where many phones share an address; add \
                       certificate or token, or take address away";
        warn("headset.proof", message);
    }
    warnings
}
