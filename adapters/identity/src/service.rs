//! The identity service of one node: what it knows, kept up with settings, keys and tests.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::settings::{OauthClient, OauthClientKind, RefreshRule, TokenSignature};
use domain::{
    Choice, IdentityKeys, IdentityState, Input, InputId, NodeFacts, Refusal, Secret, StateReason,
    Timestamp, choose, identity_state,
};
use domain::{Command, IdentityCommand};
use engine::{Outcome, Port, SealingKeys, StoreState, SubmitError};
use tokio::sync::{Semaphore, watch};

use crate::believed::Believed;
use crate::figures::Figures;
use crate::flow::Flows;
use crate::keyring::Keyring;
use crate::making::{self, hexadecimal};
use crate::site::Site;
use crate::tokens::{self, Access, TokenMac, TokenRefused};

/// What each node says of its identity service: its state's name, a blank, where it is.
pub const SAID_IDENTITY: &str = "identity";
/// The application that our own pages are.
pub const CONSOLE_CLIENT_ID: &str = "6a61636b6669656c6420636f6e736f6c65303031";
/// Where our own pages take codes.
pub const CONSOLE_CALLBACK: &str = "/api/v1/sign-on/callback";
/// How often the service looks at itself.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Reads what is at an https URL, at most so many bytes, or says why not.
pub type Fetch = Arc<
    dyn Fn(String, usize) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send>>
        + Send
        + Sync,
>;

/// The identity service of a node.
pub struct Identity {
    pub(crate) port: Port,
    /// Where this node's listener is reached.
    pub(crate) base: String,
    /// Where this node's console is reached.
    console_base: String,
    site: RwLock<Arc<Site>>,
    keyring: RwLock<Arc<Keyring>>,
    has_clock: AtomicBool,
    is_served: AtomicBool,
    /// Large messages are judged one at a time.
    pub(crate) judging: Semaphore,
    root: [u8; 32],
    pub(crate) sealing: SealingKeys,
    pub(crate) mac: TokenMac,
    pub(crate) flows: Flows,
    pub(crate) figures: Figures,
    pub(crate) fetch: Fetch,
    console_client: Arc<OauthClient>,
    console_secret: Secret,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "identity service at {}", self.base)
    }
}

impl Identity {
    /// The service whose listener is reached at `base`, beside a console at `console_base`.
    pub fn new(port: Port, base: String, console_base: String, fetch: Fetch) -> Arc<Self> {
        let site =
            Site::new(port.settings(), &port.trust_tests().borrow().clone(), &base, port.now());
        let root = port.link_key("identity_encryption");
        let sealing = SealingKeys::single(port.link_key("identity_keys"));
        let (keyring, _) = Keyring::open(&port.identity_keys().borrow().clone(), &sealing, &root);
        let secret = Secret::new(hexadecimal(&port.link_key("identity_console_client")));
        let console_client = OauthClient {
            client_id: CONSOLE_CLIENT_ID.to_owned(),
            name: "Console".to_owned(),
            redirect_urls: Vec::new(),
            kind: OauthClientKind::Confidential,
            secret_digest: Some(OauthClient::digest_of(secret.expose())),
            pkce_required: true,
            refresh: RefreshRule::RefreshTokenOnly,
            native: false,
            encrypt_tokens: None,
            may_introspect: true,
            api_roles: Vec::new(),
            disabled: false,
        };
        Arc::new(Self {
            mac: TokenMac::new(&port.link_key("identity_tokens")),
            flows: Flows::new(port.link_key("identity_flows")),
            figures: Figures::new(port.metrics()),
            base,
            console_base,
            site: RwLock::new(Arc::new(site)),
            keyring: RwLock::new(Arc::new(keyring)),
            has_clock: AtomicBool::new(true),
            is_served: AtomicBool::new(false),
            judging: Semaphore::new(1),
            root,
            sealing,
            fetch,
            console_client: Arc::new(console_client),
            console_secret: secret,
            port,
        })
    }

    /// Whether somebody listens for it on this node.
    pub fn set_served(&self, is_served: bool) {
        self.is_served.store(is_served, Ordering::Release);
    }

    /// Whether the clock is believed.
    pub fn set_clock(&self, is_believed: bool) {
        self.has_clock.store(is_believed, Ordering::Release);
    }

    /// Whether somebody does.
    pub fn is_served(&self) -> bool {
        self.is_served.load(Ordering::Acquire)
    }

    /// Where this node's listener is reached.
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn console_base(&self) -> &str {
        self.console_base.trim_end_matches('/')
    }

    /// What our own pages prove themselves with.
    pub fn console_secret(&self) -> &Secret {
        &self.console_secret
    }

    /// What the settings in force say.
    pub(crate) fn site(&self) -> Arc<Site> {
        let site = Arc::clone(&self.site.read().unwrap_or_else(PoisonError::into_inner));
        if site.number == self.port.settings().number {
            return site;
        }
        // Whoever asks right after a change must not meet what was so before.
        self.look_at_settings();
        Arc::clone(&self.site.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        let keyring = Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner));
        if keyring.keys.number == self.port.identity_keys().borrow().number {
            return keyring;
        }
        self.look_at_keys();
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn look_at_settings(&self) {
        let tests = self.port.trust_tests().borrow().clone();
        let site = Site::new(self.port.settings(), &tests, &self.base, self.port.now());
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
    }

    fn look_at_keys(&self) {
        let keys = self.port.identity_keys().borrow().clone();
        let (keyring, shut) = Keyring::open(&keys, &self.sealing, &self.root);
        if shut > 0 {
            tracing::error!(shut, "keys of the identity service do not open here");
        }
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    /// The application of that id; our own pages are one.
    pub(crate) fn client(&self, site: &Site, id: &str) -> Option<Arc<OauthClient>> {
        if id == CONSOLE_CLIENT_ID {
            return Some(Arc::clone(&self.console_client));
        }
        site.client(id).cloned()
    }

    /// Where codes of that application may be sent.
    pub(crate) fn redirect_urls(&self, client: &OauthClient) -> Vec<String> {
        if client.client_id != CONSOLE_CLIENT_ID {
            return client.redirect_urls.clone();
        }
        let nodes = self.port.nodes();
        let others = nodes.iter().filter_map(|node| node.said.get(engine::SAID_CONSOLE));
        let bases = others.map(String::as_str).chain([self.console_base.as_str()]);
        bases.map(|base| format!("{}{CONSOLE_CALLBACK}", base.trim_end_matches('/'))).collect()
    }

    /// Reads an access token by the keys alone.
    pub fn check(&self, token: &Secret) -> Result<Access, TokenRefused> {
        let checked = self.checked(token);
        match &checked {
            Ok(_) => self.figures.checks_good.increment(),
            Err(refused) => self.figures.checks_refused.with(&[refused.name()]).increment(),
        }
        checked
    }

    fn checked(&self, token: &Secret) -> Result<Access, TokenRefused> {
        // What others revoked would not be heard of.
        if self.port.is_cut_off() {
            return Err(TokenRefused::Unavailable);
        }
        let (site, keyring) = (self.site(), self.keyring());
        let is_revoked = |what: &_| self.port.is_revoked(what);
        let is_client = |id: &str| id == CONSOLE_CLIENT_ID || site.client(id).is_some();
        tokens::check(&site, &keyring, is_client, is_revoked, token, self.port.now())
    }

    /// Whether what was granted under that id was revoked, as far as this node has heard.
    pub fn is_revoked(&self, family: &str) -> bool {
        self.port.is_revoked(&domain::Revoked::Family(family.to_owned()))
    }

    /// What this node's service can do, with every reason.
    pub fn state(&self) -> (IdentityState, Vec<StateReason>) {
        let (site, keyring, now) = (self.site(), self.keyring(), self.port.now());
        let saml = keyring.keys.saml_current();
        identity_state(&NodeFacts {
            has_hosts: !site.origins.is_empty(),
            is_host: site.own.is_some(),
            has_provider: site.provider().is_some(),
            provider_is_current: site.provider().is_some_and(|it| it.is_current(now)),
            has_keys: keyring.is_whole(now),
            certificate_is_current: saml.is_some_and(|it| now < it.not_after),
            certificate_fits: saml.is_some_and(|it| site.entity_id() == Some(&it.entity_id)),
            has_store: self.port.store_state() == StoreState::Working,
            is_joined: !self.port.is_cut_off(),
            has_clock: self.has_clock.load(Ordering::Acquire),
        })
    }

    /// Which node's service our own pages use now, by the client's table, and where it is (IDS-10).
    pub fn chosen(&self) -> Option<String> {
        let (local, _) = self.state();
        let local = if self.is_served() { local } else { IdentityState::OutOfService };
        let remotes = self.remotes();
        let remote = remotes.iter().max_by_key(|(state, _)| rank(*state));
        match choose(local, remote.map(|(state, _)| *state)) {
            Choice::Local => Some(self.own_origin()),
            Choice::Remote => remote.map(|(_, origin)| origin.clone()),
            Choice::None => None,
        }
    }

    /// Where browsers reach this node's service.
    fn own_origin(&self) -> String {
        let site = self.site();
        let own = site.own.and_then(|own| site.origins.get(own));
        own.cloned().unwrap_or_else(|| self.base.clone())
    }

    /// What the other live nodes say of theirs.
    fn remotes(&self) -> Vec<(IdentityState, String)> {
        let nodes = self.port.nodes().into_iter();
        let others = nodes.filter(|node| node.live && !node.left && node.node != *self.port.node());
        let said = others.filter_map(|node| {
            let (state, origin) = node.said.get(SAID_IDENTITY)?.split_once(' ')?;
            Some((IdentityState::of_name(state)?, origin.to_owned()))
        });
        said.collect()
    }

    /// What this node says of itself to the others.
    pub fn said(&self) -> String {
        let (state, _) = self.state();
        let state = if self.is_served() { state } else { IdentityState::OutOfService };
        format!("{} {}", state.name(), self.own_origin())
    }

    /// Keeps up with settings, keys and tests until `stop` becomes true.
    pub(crate) async fn follow(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut settings = self.port.settings_changes();
        let mut keys = self.port.identity_keys();
        let mut tests = self.port.trust_tests();
        keys.mark_changed();
        let mut believed = Believed::since(self.port.now());
        loop {
            tokio::select! {
                biased;
                // A sender that is gone stops too.
                _ = stop.wait_for(|stop| *stop) => return,
                changed = settings.changed() => if changed.is_err() { return },
                changed = tests.changed() => if changed.is_err() { return },
                changed = keys.changed() => match changed {
                    Ok(()) => { keys.mark_unchanged(); self.look_at_keys(); }
                    Err(_) => return,
                },
                () = tokio::time::sleep(LOOK_EVERY) => self.look_at_clock(&mut believed),
            }
            self.look_at_settings();
            self.make_first_keys().await;
            self.tell_figures();
        }
    }

    fn look_at_clock(&self, believed: &mut Believed) {
        let is_believed = believed.take(self.port.now());
        if !is_believed && self.has_clock.load(Ordering::Acquire) {
            tracing::error!(
                "the clock jumped by more than a day; nobody signs on until it is set right"
            );
        }
        self.set_clock(is_believed);
    }

    fn tell_figures(&self) {
        let (state, _) = self.state();
        self.figures.state(state);
        let (site, keyring) = (self.site(), self.keyring());
        if let Some(saml) = keyring.keys.saml_current() {
            self.figures.certificate_end.set(saml.not_after.seconds());
        }
        let provider = site.provider();
        let ends = provider.map(|it| it.metadata.certificates.iter().map(|it| it.not_after).max());
        if let Some(Some(end)) = ends {
            self.figures.provider_end.set(end);
        }
    }

    /// Makes what there must be before anybody signs on, on the one node whose turn it is.
    async fn make_first_keys(&self) {
        let site = self.site();
        let Some(entity_id) = site.entity_id() else { return };
        let keys = self.port.identity_keys().borrow().clone();
        if keys.number > 0 || self.port.heir("identity_keys") != *self.port.node() {
            return;
        }
        match self.made(entity_id.to_owned(), Kinds::all(), &keys, Start::Now).await {
            Ok(made) => match self.keep(made).await {
                Ok(()) => tracing::info!("keys of the identity service were made"),
                Err(error) => tracing::warn!(%error, "keys of the identity service are not kept"),
            },
            Err(Unkept::Unmade) => tracing::error!("keys of the identity service cannot be made"),
            Err(error) => tracing::warn!(%error, "keys of the identity service are not made"),
        }
    }

    /// Those keys with new ones of these kinds beside them.
    pub(crate) async fn made(
        &self,
        entity_id: String,
        kinds: Kinds,
        keys: &IdentityKeys,
        start: Start,
    ) -> Result<IdentityKeys, Unkept> {
        let now = self.port.now();
        let random = self.port.random::<16>().ok_or(Unkept::Unmade)?;
        let sealing = SealingKeys::single(self.port.link_key("identity_keys"));
        let mut keys = keys.clone().pruned(now);
        let making = tokio::task::spawn_blocking(move || {
            let active_from = match start {
                Start::Now | Start::Alone => now,
                Start::At(at) => at,
            };
            if start == Start::Alone {
                if kinds.signing {
                    keys.signing.clear();
                }
                if kinds.encryption {
                    keys.encryption.clear();
                }
            }
            if kinds.signing {
                for algorithm in [TokenSignature::Rs256, TokenSignature::Es256] {
                    let made = making::token_key(algorithm, &sealing, now, active_from);
                    keys.signing.push(made.map_err(|_| Unkept::Unmade)?);
                }
            }
            if kinds.encryption {
                // Nobody but our nodes reads with it, and they know it before any token comes.
                let active_from = active_from.min(now.after(ENCRYPTION_KNOWN));
                keys.encryption.push(making::encryption_key(random, now, active_from));
            }
            if kinds.saml {
                let made =
                    making::saml_key(&entity_id, &sealing, now).map_err(|_| Unkept::Unmade)?;
                // A next one that was never used gives way.
                keys.saml.truncate(1);
                keys.saml.push(made);
            }
            keys.number += 1;
            Ok(keys)
        });
        let made = making.await.map_err(|_| Unkept::Unmade)?;
        made.and_then(|keys| if keys.is_full() { Err(Unkept::Full) } else { Ok(keys) })
    }

    /// Keeps those keys in the place of those before.
    pub(crate) async fn keep(&self, keys: IdentityKeys) -> Result<(), Unkept> {
        let id = InputId::new(
            "identity_keys",
            hexadecimal(&self.port.random::<16>().unwrap_or_default()),
        );
        let command = Command::Identity(IdentityCommand::KeepKeys { keys: Box::new(keys) });
        match self.port.submit(Input::command(id, command)).await? {
            Outcome::Done(_) => Ok(()),
            Outcome::Refused(Refusal::SettingsMoved) => Err(Unkept::Moved),
            _ => Err(Unkept::Unmade),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.port.now()
    }
}

/// After so long every node knows a new key that seals.
const ENCRYPTION_KNOWN: Duration = Duration::from_secs(30);

/// How useful a service of that state is to a client.
fn rank(state: IdentityState) -> u8 {
    match state {
        IdentityState::InService => 3,
        IdentityState::PartialService => 2,
        IdentityState::OutOfService => 1,
        IdentityState::NotConfigured => 0,
    }
}

/// Which keys are made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// What signs tokens.
    pub signing: bool,
    /// What seals them.
    pub encryption: bool,
    /// What signs requests to IdPs.
    pub saml: bool,
}

impl Kinds {
    fn all() -> Self {
        Self { signing: true, encryption: true, saml: true }
    }
}

/// When new keys of tokens begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// At once, beside those there are.
    Now,
    /// Then, beside those there are.
    At(Timestamp),
    /// At once, and what the others made is good no more.
    Alone,
}

/// Why keys are not changed.
#[derive(Debug, thiserror::Error)]
pub enum Unkept {
    /// None could be made.
    #[error("the machine makes no keys")]
    Unmade,
    /// There are too many already.
    #[error("there are too many keys that are still needed; try again tomorrow")]
    Full,
    /// Somebody else changed them.
    #[error("somebody else changed the keys meanwhile; look again")]
    Moved,
    /// The store did not do its part.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}
