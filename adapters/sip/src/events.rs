//! What others may want to know of phones that speak SIP.

use domain::DeviceName;
use protocols::sip::registrar::Unreachable as Why;

/// A phone that can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The phone.
    pub device: DeviceName,
    /// Whether it registered anew, not only came back over another flow: it shows nothing of ours.
    pub is_fresh: bool,
}

/// Something happened to a phone, or at it.
#[derive(Clone, Debug)]
pub enum SipEvent {
    /// The phone can be sent to.
    Reachable(Reached),
    /// It cannot be sent to any more, and why.
    Unreachable(DeviceName, Why),
    /// It told unasked of something; who it is was proven.
    News {
        /// The phone.
        device: DeviceName,
        /// The event package, in small letters.
        package: String,
    },
}
