//! Metadata of identity providers is looked at again where an address of it is given (IDS-01).
//!
//! ```text
//!   lease -> is one due (metadata_refresh_hours)? -> fetch -> as kept? --yes--> well
//!                                                                `--no--> take_changes? --yes--> settings
//!                                                                                     `--no--> offered: told
//! ```
//!
//! One node looks, and remembers since when; another one that takes over begins anew. What is remembered here is told by
//! the overview, and through it by alarms.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use console::Context;
use domain::settings::IdentityProvider;
use domain::{Actor, Timestamp};
use tokio::sync::watch;

use crate::admin;
use crate::node::Shared;

const LEASE_NAME: &str = "identity_metadata";
const LEASE: Duration = Duration::from_secs(60);
/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// After a failure it is tried again so soon.
const AGAIN: Duration = Duration::from_secs(900);
const HOUR_SECONDS: u64 = 3_600;

/// What came of the last look at a provider's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// What is kept.
    Same,
    /// Something else, which an administrator is to take.
    Offered,
    /// Nothing that could be taken.
    Failed(String),
}

/// A look at a provider's address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    at: Timestamp,
    url: String,
    found: Found,
}

/// What is known of every provider's address, on the node that looks.
#[derive(Default)]
pub(crate) struct MetadataNews(Mutex<BTreeMap<String, Seen>>);

impl MetadataNews {
    /// What came of the last look, where the provider still has that address, and when that was.
    pub(crate) fn found(&self, provider: &IdentityProvider) -> Option<(Found, Timestamp)> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.get(&provider.name)?;
        let is_there = provider.metadata_url.as_ref() == Some(&seen.url);
        is_there.then(|| (seen.found.clone(), seen.at))
    }

    /// Somebody took what was offered.
    pub(crate) fn is_taken(&self, provider: &str) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.get_mut(provider) {
            seen.found = Found::Same;
        }
    }

    fn note(&self, provider: &str, url: &str, found: Found, at: Timestamp) {
        let seen = Seen { at, url: url.to_owned(), found };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(provider.to_owned(), seen);
    }

    fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether that address is to be looked at now.
    fn is_due(&self, provider: &IdentityProvider, now: Timestamp) -> bool {
        let pause = match self.found(provider) {
            None => return true,
            Some((Found::Failed(_), at)) => (AGAIN, at),
            Some((_, at)) => {
                let hours = u64::from(provider.metadata_refresh_hours);
                (Duration::from_secs(hours * HOUR_SECONDS), at)
            }
        };
        now.since(pause.1) >= pause.0
    }
}

/// Looks until the node stops.
pub(crate) async fn run(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut lease = shared.port.lease(LEASE_NAME, LEASE);
    loop {
        match lease.hold().await {
            Ok(Some(_)) => {
                tokio::select! {
                    biased;
                    // A sender that is gone stops too.
                    _ = stop.wait_for(|stop| *stop) => break,
                    () = look(&shared) => {}
                }
            }
            // Whoever looks now knows better.
            Ok(None) => shared.metadata.forget(),
            Err(error) => tracing::debug!(%error, "no lease to look at metadata"),
        }
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    // Another node may begin at once; where the store is away the lease ends by itself.
    let _ = lease.release().await;
}

async fn look(shared: &Arc<Shared>) {
    let Some(identity) = shared.identity.as_ref() else { return };
    let settings = shared.engine.settings();
    for provider in settings.identity_providers.values() {
        let Some(url) = provider.metadata_url.as_deref() else { continue };
        if !shared.metadata.is_due(provider, shared.engine.now()) {
            continue;
        }
        let fetched = identity.fetch_metadata(&provider.name).await;
        let found = match fetched {
            Err(why) => Found::Failed(why),
            Ok(metadata) if provider.metadata.as_ref() == Some(&metadata) => Found::Same,
            Ok(metadata) if provider.take_changes => take(shared, &provider.name, metadata).await,
            Ok(_) => Found::Offered,
        };
        let name = provider.name.as_str();
        match &found {
            Found::Same => {}
            Found::Offered => tracing::error!(
                provider = name,
                "the identity provider offers other metadata than is kept; look at them and take them over"
            ),
            Found::Failed(why) => {
                tracing::warn!(
                    provider = name,
                    why,
                    "metadata of the identity provider cannot be had"
                );
            }
        }
        shared.metadata.note(name, url, found, shared.engine.now());
    }
}

async fn take(shared: &Arc<Shared>, name: &str, metadata: String) -> Found {
    let context = Context { by: Actor::gateway(), idempotency: None };
    match admin::take_metadata(shared, name, metadata, &context).await {
        Ok(_) => {
            tracing::info!(provider = name, "changed metadata of the identity provider were taken");
            Found::Same
        }
        Err(failure) => Found::Failed(failure.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn provider() -> IdentityProvider {
        IdentityProvider {
            name: "main".to_owned(),
            metadata: None,
            entity_id: None,
            metadata_url: Some("https://idp.example/metadata".to_owned()),
            metadata_refresh_hours: 2,
            take_changes: false,
        }
    }

    fn later(seconds: u64) -> Timestamp {
        NOW.after(Duration::from_secs(seconds))
    }

    #[test]
    fn ids_01_metadata_is_looked_at_when_its_hours_are_over_and_sooner_after_a_failure() {
        let (news, provider) = (MetadataNews::default(), provider());
        let url = "https://idp.example/metadata";
        assert!(news.is_due(&provider, NOW));
        news.note("main", url, Found::Same, NOW);
        assert!(!news.is_due(&provider, later(7_199)));
        assert!(news.is_due(&provider, later(7_200)));
        news.note("main", url, Found::Failed("no answer".to_owned()), NOW);
        assert!(!news.is_due(&provider, later(899)));
        assert!(news.is_due(&provider, later(900)));
    }

    #[test]
    fn ids_01_offered_metadata_is_told_until_somebody_takes_it_or_the_address_is_another() {
        let (news, mut provider) = (MetadataNews::default(), provider());
        news.note("main", "https://idp.example/metadata", Found::Offered, NOW);
        assert_eq!(news.found(&provider), Some((Found::Offered, NOW)));
        news.is_taken("main");
        assert_eq!(news.found(&provider), Some((Found::Same, NOW)));
        provider.metadata_url = Some("https://idp.example/elsewhere".to_owned());
        assert_eq!(news.found(&provider), None);
        assert!(news.is_due(&provider, NOW));
    }
}
