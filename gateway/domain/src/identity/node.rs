//! What a node's identity service can do, and which node's a client uses (IDS-09, IDS-10).

use serde::{Deserialize, Serialize};

/// What a node's identity service can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityState {
    /// Nobody set it up.
    NotConfigured,
    /// All.
    InService,
    /// Tokens are checked and refreshed; nobody signs on anew.
    PartialService,
    /// Tokens cannot be checked.
    OutOfService,
}

impl IdentityState {
    /// Every state.
    pub const ALL: [Self; 4] =
        [Self::NotConfigured, Self::InService, Self::PartialService, Self::OutOfService];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::InService => "in_service",
            Self::PartialService => "partial_service",
            Self::OutOfService => "out_of_service",
        }
    }

    /// The state of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What a node knows of its own identity service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// Whether hosts are in the settings.
    pub has_hosts: bool,
    /// Whether the node's own name is among them.
    pub is_host: bool,
    /// Whether an IdP with usable metadata is in the settings.
    pub has_provider: bool,
    /// Whether one of the IdP's signing certificates is in its time.
    pub provider_is_current: bool,
    /// Whether keys are there and open.
    pub has_keys: bool,
    /// Whether the SAML certificate is in its time.
    pub certificate_is_current: bool,
    /// Whether the SAML certificate names the entity id of the settings (IDS-13).
    pub certificate_fits: bool,
    /// Whether the store works.
    pub has_store: bool,
    /// Whether signs of life get through to the others.
    pub is_joined: bool,
    /// Whether the clock is believed.
    pub has_clock: bool,
}

/// Why a node is not wholly in service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateReason {
    /// No hosts are in the settings.
    NoHosts,
    /// The node's own name is not among them.
    NotAHost,
    /// There is no IdP with usable metadata.
    NoProvider,
    /// All signing certificates of the IdP are over.
    ProviderCertificateOver,
    /// Keys are missing or do not open.
    NoKeys,
    /// The SAML certificate is over.
    CertificateOver,
    /// The SAML certificate names another entity id than the settings.
    CertificateForAnotherName,
    /// The store does not work.
    NoStore,
    /// Others may have revoked what this node does not hear of.
    CutOff,
    /// The clock jumped.
    Clock,
}

impl StateReason {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoHosts => "no_hosts",
            Self::NotAHost => "not_a_host",
            Self::NoProvider => "no_provider",
            Self::ProviderCertificateOver => "provider_certificate_over",
            Self::NoKeys => "no_keys",
            Self::CertificateOver => "certificate_over",
            Self::CertificateForAnotherName => "certificate_for_another_name",
            Self::NoStore => "no_store",
            Self::CutOff => "cut_off",
            Self::Clock => "clock",
        }
    }

    /// What it means, and what an administrator does.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoHosts => {
                "no host names are set; put the names under which browsers reach the nodes into \
                 identity.hosts, the publisher first"
            }
            Self::NotAHost => {
                "this node is not in identity.hosts by its name and port (those of listeners.identity); after a \
                 change of host name put the new one there, renew the SAML certificate, exchange metadata and \
                 test again"
            }
            Self::NoProvider => "no identity provider is set up; upload the metadata of yours",
            Self::ProviderCertificateOver => {
                "every signing certificate in the identity provider's metadata has ended; fetch its \
                 metadata anew and upload it"
            }
            Self::NoKeys => "keys are missing, or the shared secret that opens them is another one",
            Self::CertificateOver => {
                "the SAML certificate has ended; renew it and give the identity provider the new metadata"
            }
            Self::CertificateForAnotherName => {
                "the SAML certificate names another host; renew it, give the identity provider the new \
                 metadata, and test every component"
            }
            Self::NoStore => "the store does not work: tokens are checked, and none is issued",
            Self::CutOff => {
                "this node is cut off from the others, so it would not hear of revoked tokens"
            }
            Self::Clock => {
                "the clock jumped by more than a day, so no end of anything is believed; set it right"
            }
        }
    }

    fn state(self) -> IdentityState {
        match self {
            Self::NoHosts => IdentityState::NotConfigured,
            Self::NoKeys | Self::CutOff => IdentityState::OutOfService,
            // Without one nothing was ever set up; the others keep what was issued before good.
            Self::NoProvider => IdentityState::NotConfigured,
            _ => IdentityState::PartialService,
        }
    }
}

/// The state that follows from what a node knows, with every reason for it.
pub fn state(facts: &NodeFacts) -> (IdentityState, Vec<StateReason>) {
    let reasons: Vec<_> = [
        (facts.has_hosts, StateReason::NoHosts),
        (facts.has_keys || !facts.has_hosts, StateReason::NoKeys),
        (facts.is_joined, StateReason::CutOff),
        (facts.has_provider, StateReason::NoProvider),
        (facts.is_host || !facts.has_hosts, StateReason::NotAHost),
        (facts.provider_is_current || !facts.has_provider, StateReason::ProviderCertificateOver),
        (facts.certificate_is_current || !facts.has_keys, StateReason::CertificateOver),
        (facts.certificate_fits || !facts.has_keys, StateReason::CertificateForAnotherName),
        (facts.has_store, StateReason::NoStore),
        (facts.has_clock, StateReason::Clock),
    ]
    .into_iter()
    .filter_map(|(holds, reason)| (!holds).then_some(reason))
    .collect();
    let worst =
        [IdentityState::NotConfigured, IdentityState::OutOfService, IdentityState::PartialService]
            .into_iter()
            .find(|worst| reasons.iter().any(|reason| reason.state() == *worst));
    (worst.unwrap_or(IdentityState::InService), reasons)
}

/// Whose identity service a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// That of its own node.
    Local,
    /// Another node's.
    Remote,
    /// None is of use.
    None,
}

/// The client's table of failover and fail-back; `remote` is `None` where no other is configured. What the
/// features guide leaves open: with the local one out, any remote that is in or partly in service is used, and
/// one that is not configured counts as out.
pub fn choose(local: IdentityState, remote: Option<IdentityState>) -> Choice {
    use IdentityState::{InService, PartialService};
    match (local, remote) {
        (InService, _) => Choice::Local,
        (_, Some(InService)) => Choice::Remote,
        (PartialService, _) => Choice::Local,
        (_, Some(PartialService)) => Choice::Remote,
        _ => Choice::None,
    }
}
