//! Event and Subscription-State (RFC 6665).

use super::Parameters;
use crate::sip::{Text, grammar};

/// An event package, and which of several subscriptions to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The package, as it was written.
    pub package: Text,
    /// Which one.
    pub id: Option<Text>,
}

/// How a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionStatus {
    /// It is in force.
    Active,
    /// It waits for somebody's consent.
    Pending,
    /// It is over.
    Terminated,
    /// Another word.
    Other(Text),
}

/// A value of Subscription-State.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionState {
    /// How it stands.
    pub status: SubscriptionStatus,
    /// For how many more seconds.
    pub expires: Option<u32>,
    /// Why it is over.
    pub reason: Option<Text>,
    /// After how many seconds to try again.
    pub retry_after: Option<u32>,
}

/// A token with parameters.
pub(in super::super) fn token_and_parameters(text: &str) -> Result<(&str, &str), grammar::Wrong> {
    let (token, rest) = grammar::cut(text, grammar::is_token);
    if token.is_empty() {
        return Err("is no token");
    }
    grammar::check_parameters(rest, &mut |_| Ok(()))?;
    Ok((token, rest))
}

impl Event {
    /// The event that the value is.
    pub(super) fn read(whole: &Text) -> Option<Self> {
        let (package, parameters) = token_and_parameters(whole).ok()?;
        let id = Parameters::of_header(whole, parameters).get("id").map(Text::from);
        Some(Self { package: grammar::share(whole, package), id })
    }
}

impl SubscriptionState {
    /// The state that the value is.
    pub(super) fn read(whole: &Text) -> Option<Self> {
        let (word, parameters) = token_and_parameters(whole).ok()?;
        let status = match word {
            word if word.eq_ignore_ascii_case("active") => SubscriptionStatus::Active,
            word if word.eq_ignore_ascii_case("pending") => SubscriptionStatus::Pending,
            word if word.eq_ignore_ascii_case("terminated") => SubscriptionStatus::Terminated,
            other => SubscriptionStatus::Other(grammar::share(whole, other)),
        };
        let parameters = Parameters::of_header(whole, parameters);
        let seconds = |name| parameters.get(name).and_then(|seconds| seconds.parse().ok());
        Some(Self {
            status,
            expires: seconds("expires"),
            reason: parameters.get("reason").map(Text::from),
            retry_after: seconds("retry-after"),
        })
    }
}
