//! Subscriptions (RFC 6665) that a REFER of ours brings about.
//!
//! ```text
//!   we refer      Awaited --NOTIFY--> Known --terminated, or its time is over--> gone
//!                    `-- N: failed, or it was not awaited at all (norefersub) --> gone
//! ```
//!
//! [`Subscriptions`] owns what may be notified to us after a REFER (RFC 3515, 4488, 7647). A NOTIFY belongs to it
//! by Call-ID, tags and, where there are several, the `id`, which is the number of the REFER. It neither sends nor
//! answers: statuses go to whoever asked. A NOTIFY of another event, which phones and their servers send unasked,
//! is for whoever has the settings; it never comes here. Nobody can subscribe to anything of ours.

mod referred;
#[cfg(test)]
mod tests;

pub use referred::{
    Notified, Referred, SubscriptionId, SubscriptionOutput, SubscriptionSettings, Subscriptions,
};

use super::{Message, Name};

/// The package of what a REFER brings about.
const REFER: &str = "refer";

/// Whether a REFER wants no subscription: by `Refer-Sub` or `norefersub` (RFC 4488), or by `nosub` (RFC 7614).
/// Cisco's phones and servers write the second alone.
pub fn declines_subscription(refer: &Message) -> bool {
    let required = refer.tokens(&Name::REQUIRE);
    let is_required = ["norefersub", "nosub"]
        .iter()
        .any(|tag| required.iter().any(|word| word.eq_ignore_ascii_case(tag)));
    is_required
        || refer
            .tokens(&Name::Other("Refer-Sub".into()))
            .iter()
            .any(|word| word.eq_ignore_ascii_case("false"))
}
