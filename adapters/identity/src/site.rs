//! What the settings say of the identity service, as requests need it.
//!
//! Made anew with every change of the settings, so that a request neither parses metadata nor searches lists.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::settings::{IdentityProvider, IdentitySettings, OauthClient, Settings};
use domain::{Timestamp, TrustTests};
use protocols::saml::{ProviderMetadata, TrustedKey, read_metadata};
use ring::digest;

use crate::making::hexadecimal;

/// The path that IdPs post to.
pub(crate) const ACS_PATH: &str = "/ids/saml/response";
/// What older trusts at IdPs have behind it.
const META_ALIAS: &str = "?metaAlias=/sp";

/// What the settings say.
pub(crate) struct Site {
    /// The settings' number.
    pub(crate) number: u64,
    pub(crate) settings: Arc<Settings>,
    /// Where each host is, the publisher first.
    pub(crate) origins: Vec<String>,
    /// Which of those is this node's.
    pub(crate) own: Option<usize>,
    /// The IdPs whose metadata can be used, by name.
    pub(crate) providers: HashMap<String, Provider>,
}

/// An IdP.
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) metadata: ProviderMetadata,
    /// A digest of the metadata.
    pub(crate) digest: String,
    /// Keys of the metadata that somebody was signed on with last, where those are others.
    pub(crate) proven_keys: Vec<TrustedKey>,
}

impl Provider {
    fn read(provider: &IdentityProvider, proven: Option<&str>, now: Timestamp) -> Option<Self> {
        let text = provider.metadata.as_deref()?;
        let read = |text: &str| {
            read_metadata(text.as_bytes(), provider.entity_id.as_deref(), now.seconds())
        };
        let metadata = read(text)
            .inspect_err(|refused| {
                tracing::error!(provider = provider.name, %refused, "an IdP's metadata cannot be used");
            })
            .ok()?;
        let proven = proven.filter(|proven| *proven != text).and_then(|proven| read(proven).ok());
        // Of another entity it would be another IdP's keys.
        let proven = proven.filter(|proven| proven.entity_id == metadata.entity_id);
        Some(Self {
            name: provider.name.clone(),
            digest: sha256(text.as_bytes()),
            proven_keys: proven.map(|proven| proven.keys).unwrap_or_default(),
            metadata,
        })
    }

    /// Every key that messages may be signed with which sign somebody on. A test tries the metadata alone.
    pub(crate) fn keys(&self) -> Vec<TrustedKey> {
        self.metadata.keys.iter().chain(&self.proven_keys).cloned().collect()
    }

    /// Whether a signing certificate is in its time.
    pub(crate) fn is_current(&self, now: Timestamp) -> bool {
        let until = self.metadata.valid_until;
        let is_valid = until.is_none_or(|until| now.seconds() < until);
        is_valid && self.metadata.certificates.iter().any(|it| now.seconds() < it.not_after)
    }
}

impl Site {
    /// What those settings say to the node whose listener is reached at `base`.
    pub(crate) fn new(
        settings: Arc<Settings>,
        tests: &TrustTests,
        base: &str,
        now: Timestamp,
    ) -> Self {
        let origins: Vec<_> = settings.identity.origins().collect();
        let own = origins.iter().position(|origin| origin.eq_ignore_ascii_case(base));
        let providers = settings.identity_providers.values();
        let read = |provider: &Arc<IdentityProvider>| {
            let proven = tests.proven.get(&provider.name).map(String::as_str);
            Provider::read(provider, proven, now)
        };
        let providers = providers.filter_map(read).map(|it| (it.name.clone(), it)).collect();
        Self { number: settings.number, settings, origins, own, providers }
    }

    pub(crate) fn identity(&self) -> &IdentitySettings {
        &self.settings.identity
    }

    /// What IdPs know us by.
    pub(crate) fn entity_id(&self) -> Option<&str> {
        self.identity().entity_id()
    }

    /// What tokens and metadata name as their issuer.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.origins.first().map(String::as_str)
    }

    /// The IdP that people are sent to.
    pub(crate) fn provider(&self) -> Option<&Provider> {
        match &self.identity().provider {
            Some(name) => self.providers.get(name),
            None if self.settings.identity_providers.len() == 1 => self.providers.values().next(),
            None => None,
        }
    }

    /// Where IdPs post to, node by node, the publisher first.
    pub(crate) fn acs_urls(&self) -> Vec<String> {
        let alias = if self.identity().acs_with_meta_alias { META_ALIAS } else { "" };
        self.origins.iter().map(|origin| format!("{origin}{ACS_PATH}{alias}")).collect()
    }

    /// Where IdPs post to for this node.
    pub(crate) fn own_acs_url(&self) -> Option<String> {
        self.acs_urls().into_iter().nth(self.own?)
    }

    /// What a message for this node may name as its destination.
    pub(crate) fn destinations(&self) -> Vec<String> {
        let Some(origin) = self.own.and_then(|own| self.origins.get(own)) else {
            return Vec::new();
        };
        vec![format!("{origin}{ACS_PATH}"), format!("{origin}{ACS_PATH}{META_ALIAS}")]
    }

    /// The application of that id, unless it is switched off.
    pub(crate) fn client(&self, id: &str) -> Option<&Arc<OauthClient>> {
        self.settings.oauth_clients.get(id).filter(|client| !client.disabled)
    }

    /// What is trusted: hosts, the IdP's metadata and our certificate. Tests count for one of it.
    pub(crate) fn trust(&self, saml_key: &str) -> String {
        let hosts = self.identity().hosts.join(" ");
        let provider = self.provider().map_or("", |provider| provider.digest.as_str());
        sha256(format!("{hosts}\0{provider}\0{saml_key}").as_bytes())
    }

    /// How long refresh tokens are good, from the sign-on on.
    pub(crate) fn refresh_lasting(&self) -> Duration {
        Duration::from_secs(u64::from(self.identity().refresh_token_hours) * 3_600)
    }

    /// How long access tokens are good.
    pub(crate) fn access_lasting(&self) -> Duration {
        Duration::from_secs(u64::from(self.identity().access_token_minutes) * 60)
    }

    /// How long codes are good.
    pub(crate) fn code_lasting(&self) -> Duration {
        Duration::from_secs(u64::from(self.identity().code_minutes) * 60)
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(digest::digest(&digest::SHA256, bytes).as_ref())
}
