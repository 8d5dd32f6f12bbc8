//! What is taken but cannot work, or looks wrong.

use super::{Headset, HeadsetMode, HeadsetProof};
use crate::Problem;
use crate::settings::Sip;

/// What of headsets does not go together with how SIP is spoken, or proves too little.
pub(in crate::settings) fn warnings(headset: &Headset, sip: &Sip) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let mut warn = |key: &str, message: &str| {
        warnings.push(Problem { key: key.to_owned(), message: message.to_owned() });
    };
    if headset.mode != HeadsetMode::Disabled && !sip.is_on() {
        let message = "is on, but sip.domains is missing: phones register nowhere here and cannot be \
                       told of states; name what they register at";
        warn("headset.mode", message);
    }
    if headset.proof == [HeadsetProof::Address] {
        let message = "is address alone, which is weak where many phones share an address; add \
                       certificate or token, or take address away";
        warn("headset.proof", message);
    }
    warnings
}
