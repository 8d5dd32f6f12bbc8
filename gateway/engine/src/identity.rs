//! What this node has seen of the identity service's documents: keys, tests of trust, revocations.
//!
//! ```text
//!   commit of any node --log--> follower --> Keys (watched), TrustTests, revoked: id -> end
//! ```
//!
//! So a token is checked without a look into the store, and a revoked one is refused on every node a tick after
//! it was revoked. A node that is cut off does not hear of that, which whoever checks asks for
//! ([`Port::is_cut_off`]).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::{
    Ask, Document, IDENTITY_FORGOTTEN_MAX, IdentityCommand, IdentityKeys, Index, IndexRange, Input,
    InputId, Key, Kind, Loaded, Revoked, SignOnSession, Timestamp, TokenFamily, TrustTests,
    Version, identity_over,
};
use store::Load;
use tokio::sync::watch;

use crate::engine::Engine;
use crate::{HeldLease, Port, SubmitError};

/// How often it is looked for what is over.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// How many batches of it go in one round, at most.
const BATCHES_MAX: u64 = 200;
/// What is over is kept for so long still, for clocks that differ.
const GRACE: Duration = Duration::from_secs(120);
/// How many revocations are read at once.
const PAGE: u32 = 512;

/// What was seen.
#[derive(Debug)]
pub(crate) struct Identity {
    keys: watch::Sender<Arc<IdentityKeys>>,
    tests: watch::Sender<Arc<TrustTests>>,
    versions: RwLock<(Version, Version)>,
    revoked: RwLock<HashMap<String, Timestamp>>,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            keys: watch::channel(Arc::default()).0,
            tests: watch::channel(Arc::default()).0,
            versions: RwLock::default(),
            revoked: RwLock::default(),
        }
    }
}

impl Identity {
    /// Takes in a document of that version.
    pub(crate) fn see(&self, key: &Key, version: Version, document: &Document) {
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        match document {
            Document::IdentityKeys(keys) if version > versions.0 => {
                versions.0 = version;
                self.keys.send_replace(Arc::new(keys.as_ref().clone()));
            }
            Document::TrustTests(tests) if version > versions.1 => {
                versions.1 = version;
                self.tests.send_replace(Arc::new(tests.as_ref().clone()));
            }
            Document::Revocation(revocation) => {
                let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
                revoked.insert(key.id.clone(), revocation.ends_at);
            }
            _ => {}
        }
    }

    /// Forgets everything, for a new epoch. What was revoked stays so: whatever the store was put back to, those
    /// tokens were given out.
    pub(crate) fn forget(&self) {
        *self.versions.write().unwrap_or_else(PoisonError::into_inner) = (0, 0);
    }

    fn is_revoked(&self, what: &Revoked) -> bool {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).contains_key(&what.id())
    }

    fn drop_over(&self, now: Timestamp) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.retain(|_, ends_at| ends_at.after(GRACE) > now);
    }
}

/// Whether this node looks at documents of that kind as soon as the log names them.
pub(crate) fn is_of_identity(kind: Kind) -> bool {
    matches!(kind, Kind::IdentityKeys | Kind::TrustTests | Kind::Revocation)
}

impl Engine {
    /// Looks at a document of the identity service.
    pub(crate) async fn look_at_identity(&self, key: &Key) -> Result<(), SubmitError> {
        let read = self.document(key).await;
        if let Some(Loaded { version, document }) = self.passing_over(key, read)? {
            self.identity.see(key, version, &document);
        }
        Ok(())
    }

    /// Reads keys, tests and all revocations.
    pub(crate) async fn load_identity(&self) -> Result<(), SubmitError> {
        self.identity.forget();
        self.look_at_identity(&Key::identity_keys()).await?;
        self.look_at_identity(&Key::trust_tests()).await?;
        let (mut from, mut limit) = (String::new(), PAGE);
        loop {
            let (index, to) = (Index::RevocationByEnd, "~".to_owned());
            let page = self.indexed(IndexRange { index, from: from.clone(), to, limit }).await?;
            let full = u32::try_from(page.len()).is_ok_and(|length| length >= limit);
            // Others may stand under the same value, so the next page begins with it once more; a page of nothing
            // else must be a longer one.
            let last = page.last().map(|last| last.value.clone()).unwrap_or_default();
            limit = if last == from { limit.saturating_mul(2) } else { PAGE };
            from = last;
            let asks = page.into_iter().map(|indexed| Ask::Document(indexed.key)).collect();
            let answer = self.noting(self.store.load(Load { asks, input: None }).await)?;
            for (key, loaded) in answer.documents {
                if let Some(Loaded { version, document }) = loaded {
                    self.identity.see(&key, version, &document);
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn forget_over(&self) -> Result<(), SubmitError> {
        let now = self.now();
        let Some(before) = now.microseconds().checked_sub(duration_microseconds(GRACE)) else {
            return Ok(());
        };
        for batch in 0..BATCHES_MAX {
            let over = self.indexed(identity_over(Timestamp::from_microseconds(before))).await?;
            let count = over.len();
            if count == 0 {
                return Ok(());
            }
            let keys = over.into_iter().map(|indexed| indexed.key).collect();
            let name = format!("{}/{}/{batch}", self.node(), now.microseconds());
            let command = domain::Command::Identity(IdentityCommand::Forget { keys });
            self.submit(Input::command(InputId::new("identity_forgets", name), command)).await?;
            if count < IDENTITY_FORGOTTEN_MAX {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Removes what is over, on the node that has the lease, until the engine stops.
pub(crate) async fn keep(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut lease =
        HeldLease::new(Arc::clone(&engine), "identity_forgets".to_owned(), SWEEP_EVERY * 3);
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        // By a clock that is wrong everything would look over.
        if engine.refuse_wrong_clock().is_err() {
            continue;
        }
        engine.identity.drop_over(engine.now());
        if !matches!(lease.hold().await, Ok(Some(_))) {
            continue;
        }
        if let Err(error) = engine.forget_over().await {
            tracing::debug!(%error, "what is over at the identity service is removed later");
        }
    }
}

fn duration_microseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Port {
    /// The identity service's keys as of now; moves with every change.
    pub fn identity_keys(&self) -> watch::Receiver<Arc<IdentityKeys>> {
        self.engine.identity.keys.subscribe()
    }

    /// The last test of each component of single sign-on; moves with every change.
    pub fn trust_tests(&self) -> watch::Receiver<Arc<TrustTests>> {
        self.engine.identity.tests.subscribe()
    }

    /// Whether those tokens were revoked, as far as this node has heard.
    pub fn is_revoked(&self, what: &Revoked) -> bool {
        self.engine.identity.is_revoked(what)
    }

    /// The sign-on whose cookie has that digest.
    pub async fn sign_on_session(
        &self,
        digest: &str,
    ) -> Result<Option<Box<SignOnSession>>, SubmitError> {
        let loaded = self.engine.document(&Key::sign_on_session(digest)).await?;
        Ok(loaded.and_then(|loaded| match loaded.document {
            Document::SignOnSession(session) => Some(session),
            _ => None,
        }))
    }

    /// The family of tokens of that id.
    pub async fn token_family(&self, id: &str) -> Result<Option<Box<TokenFamily>>, SubmitError> {
        let loaded = self.engine.document(&Key::token_family(id)).await?;
        Ok(loaded.and_then(|loaded| match loaded.document {
            Document::TokenFamily(family) => Some(family),
            _ => None,
        }))
    }
}
