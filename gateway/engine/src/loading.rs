//! Reading what is kept: one document, stretches of an index, everything at start.
//!
//! A document that cannot be read, as a newer program's, is passed over where many are read.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::{
    Ask, Command, Document, Index, IndexRange, Input, InputId, Key, Loaded, Node, Reply, Secret,
    Version,
};
use store::{Indexed, Load, LoadAnswer};
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::{OpenError, SubmitError};

/// What the shared root secret is sealed for.
pub(crate) const ROOT_PURPOSE: &str = "deployment_root";
/// How many documents are asked for at once when all are read.
const PAGE: u32 = 1_000;
/// How many documents that cannot be read are told.
const UNREADABLE_MAX: usize = 1_000;

impl Engine {
    /// A document straight from the store.
    pub async fn document(&self, key: &Key) -> Result<Option<Loaded>, SubmitError> {
        let load = Load { asks: vec![Ask::Document(key.clone())], input: None };
        let mut answer = self.noting(self.store.load(load).await)?;
        Ok(answer.documents.pop().and_then(|(_, loaded)| loaded))
    }

    /// Documents straight from the store, as of one moment.
    pub async fn documents(
        &self,
        asks: Vec<Ask>,
    ) -> Result<Vec<(Key, Option<Loaded>)>, SubmitError> {
        let answer = self.noting(self.store.load(Load { asks, input: None }).await)?;
        Ok(answer.documents)
    }

    /// What became of an input of the last day; `None` where nobody knows of it.
    pub async fn outcome(&self, input: &InputId) -> Result<Option<Reply>, SubmitError> {
        Ok(self.noting(self.store.outcome(input).await)?)
    }

    /// Takes in what is so for a node, where it is this one and nothing later was seen.
    pub(crate) fn see_node(&self, key: &Key, version: Version, node: &Node) {
        if *key == Key::node(&self.node) {
            self.maintenance.see(version, node.maintenance);
        }
    }

    pub(crate) async fn see_session(&self, key: &Key) -> Result<(), SubmitError> {
        let load = Load { asks: vec![Ask::Document(key.clone())], input: None };
        let mut answer = self.noting(self.store.load(load).await)?;
        // What was read before a restore is no news after it.
        let is_of_now = answer.epoch >= self.epoch.load(Ordering::Acquire);
        if let Some((_, Some(Loaded { version, document: Document::Session(session) }))) =
            answer.documents.pop()
            && is_of_now
        {
            self.mirror.see(version, session);
        }
        Ok(())
    }

    /// Looks at a session that was erased, unless its agent signed in anew since. A session that is merely
    /// not found may be one that begins at this moment.
    pub(crate) async fn look_at_erased(&self, key: &Key) -> Result<(), SubmitError> {
        let read = self.document(key).await;
        let gone = matches!(read, Ok(None));
        if self.passing_over(key, read)?.is_some() {
            return self.look_at_session(key).await;
        }
        if gone {
            self.forget_session(key);
        }
        Ok(())
    }

    /// An agent was erased.
    pub(crate) fn forget_session(&self, key: &Key) {
        if let Ok(agent) = key.id.parse() {
            self.mirror.drop_session(&agent);
        }
    }

    /// The keys in a stretch of an index.
    pub async fn keys(&self, range: IndexRange) -> Result<Vec<Key>, SubmitError> {
        Ok(self.indexed(range).await?.into_iter().map(|indexed| indexed.key).collect())
    }

    pub(crate) async fn indexed(&self, range: IndexRange) -> Result<Vec<Indexed>, SubmitError> {
        let load = Load { asks: vec![Ask::Range(range)], input: None };
        let mut answer = self.noting(self.store.load(load).await)?;
        Ok(answer.ranges.pop().map(|(_, indexed)| indexed).unwrap_or_default())
    }

    /// Looks at this node's own document or another's.
    pub(crate) async fn look_at_node(&self, key: &Key) -> Result<(), SubmitError> {
        let read = self.document(key).await;
        if let Some(Loaded { version, document: Document::Node(node) }) =
            self.passing_over(key, read)?
        {
            self.see_node(key, version, &node);
        }
        Ok(())
    }

    /// Looks at a session that was committed.
    pub(crate) async fn look_at_session(&self, key: &Key) -> Result<(), SubmitError> {
        let read = self.see_session(key).await;
        self.passing_over(key, read.map(Some)).map(|_| ())
    }

    /// Forgets everything and reads it anew: the store's content was replaced, and versions may have
    /// fallen.
    pub(crate) async fn load_anew(&self) -> Result<(), SubmitError> {
        self.mirror.forget();
        self.maintenance.forget();
        self.load_everything().await?;
        self.mirror.tell_gone();
        Ok(())
    }

    /// Drops what was read in another epoch of the store, before anything is decided by it.
    pub(crate) async fn meet_epoch(&self, epoch: u64) -> Result<(), SubmitError> {
        // An answer from before somebody else met the present one is no news.
        let is_known = |known| epoch <= known || known == 0;
        if is_known(self.epoch.load(Ordering::Acquire)) {
            return Ok(());
        }
        // Many meet it at once; one of them reads everything, and the others go on with that.
        let _meeting = self.meeting.lock().await;
        let known = self.epoch.load(Ordering::Acquire);
        if is_known(known) {
            return Ok(());
        }
        tracing::error!(
            known,
            epoch,
            "the store's content was replaced: a backup was restored, or the database lost its tail; \
             what was kept last may be missing"
        );
        self.load_anew().await?;
        self.epoch.store(epoch, Ordering::Release);
        Ok(())
    }

    /// Reads settings, sessions and this node's document, all anew.
    pub(crate) async fn load_everything(&self) -> Result<(), SubmitError> {
        self.read_settings(true).await?;
        self.look_at_node(&Key::node(&self.node)).await?;
        self.load_identity().await?;
        self.load_digital().await?;
        let mut from = String::new();
        loop {
            let range = IndexRange {
                index: Index::SessionByNumber,
                from: from.clone(),
                to: "~".to_owned(),
                limit: PAGE,
            };
            let page = self.indexed(range).await?;
            let full = u32::try_from(page.len()).is_ok_and(|length| length >= PAGE);
            // On from there, even if the document is gone or stands elsewhere by now.
            if let Some(last) = page.last() {
                from = format!("{}+", last.value);
            }
            let keys: Vec<_> = page.into_iter().map(|indexed| indexed.key).collect();
            let asks = keys.iter().cloned().map(Ask::Document).collect();
            let answer = match self.noting(self.store.load(Load { asks, input: None }).await) {
                Ok(answer) => answer,
                // One of them: the others are read one by one.
                Err(error) if error.is_about_one() => self.load_one_by_one(keys).await?,
                Err(error) => return Err(error.into()),
            };
            for (_, loaded) in answer.documents {
                if let Some(Loaded { version, document: Document::Session(session) }) = loaded {
                    self.mirror.see(version, session);
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn load_one_by_one(&self, keys: Vec<Key>) -> Result<LoadAnswer, SubmitError> {
        let mut answer = LoadAnswer::default();
        for key in keys {
            let read = self.document(&key).await;
            let loaded = self.passing_over(&key, read)?;
            answer.documents.push((key, loaded));
        }
        Ok(answer)
    }

    /// Passes over a document that cannot be read, as a newer program's: the others go on. It is told
    /// once.
    pub(crate) fn passing_over<T>(
        &self,
        key: &Key,
        read: Result<Option<T>, SubmitError>,
    ) -> Result<Option<T>, SubmitError> {
        match read {
            Err(SubmitError::Unavailable { source }) if source.is_about_one() => {
                let mut told = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
                if told.len() < UNREADABLE_MAX && told.insert(key.clone()) {
                    let reason = crate::error::with_causes(&source);
                    tracing::warn!(document = %key, %reason, "a document is passed over");
                }
                Ok(None)
            }
            read => read,
        }
    }

    /// Reads the secret that all nodes share, or makes it where there is none.
    pub(crate) async fn open_root(&self) -> Result<Zeroizing<[u8; 32]>, OpenError> {
        let key = Key::deployment();
        if self.document(&key).await.map_err(OpenError::reading)?.is_none() {
            let mut bytes = Zeroizing::new([0; 32]);
            if !self.random.fill(bytes.as_mut()) {
                return Err(OpenError::NoRandomness);
            }
            let secret = Secret::new(STANDARD_NO_PAD.encode(bytes.as_ref()));
            let root = self.sealing.seal(ROOT_PURPOSE, &secret).ok_or(OpenError::NoRandomness)?;
            let id = InputId::new("deployment", &self.node);
            let keep = Command::KeepDeployment { root };
            self.submit(Input::command(id, keep)).await.map_err(OpenError::Keep)?;
        }
        let Some(Loaded { document: Document::Deployment(deployment), .. }) =
            self.document(&key).await.map_err(OpenError::reading)?
        else {
            return Err(OpenError::Damaged);
        };
        let secret = self.sealing.unseal(ROOT_PURPOSE, &deployment.root)?;
        let bytes = STANDARD_NO_PAD.decode(secret.expose()).map_err(|_| OpenError::Damaged)?;
        bytes.try_into().map(Zeroizing::new).map_err(|_| OpenError::Damaged)
    }
}
