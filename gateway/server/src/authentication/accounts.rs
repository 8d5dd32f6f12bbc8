//! Where accounts and their counts come from: the engine.

use std::sync::Arc;

use async_trait::async_trait;
use directory::{Directories, Identified};
use domain::{
    Account, AgentId, Document, Identity, Input, InputId, Key, Loaded, Reply, Report, Secret,
    Settings, Timestamp,
};
use engine::{Engine, Outcome};

/// The store that counts wrong passwords cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoreAway;

/// What directories say of a name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DirectorySaid {
    /// It is right; who it is.
    Right(Identity),
    /// No directory knows them, or the password is wrong.
    Nobody,
    /// A directory that might know them cannot be asked.
    Unavailable,
}

/// What the frame must know of accounts.
#[async_trait]
pub(crate) trait Accounts: Send + Sync + 'static {
    /// The settings in force.
    fn settings(&self) -> Arc<Settings>;

    /// The wrong passwords counted for an account.
    async fn account(&self, id: &AgentId) -> Result<Option<Account>, StoreAway>;

    /// Asks the directories of the settings.
    async fn directory(&self, account: &str, password: &Secret) -> DirectorySaid {
        let _ = (account, password);
        DirectorySaid::Nobody
    }

    /// Counts a checked password; the time until which the account is locked now, if it is.
    async fn checked(&self, id: &AgentId, right: bool) -> Result<Option<Timestamp>, StoreAway>;
}

/// The accounts of a node, and the directories that it asks.
pub(crate) struct NodeAccounts {
    engine: Arc<Engine>,
    directories: Arc<Directories>,
}

impl NodeAccounts {
    pub(crate) fn new(engine: Arc<Engine>, directories: Arc<Directories>) -> Self {
        Self { engine, directories }
    }
}

#[async_trait]
impl Accounts for NodeAccounts {
    fn settings(&self) -> Arc<Settings> {
        self.engine.settings()
    }

    async fn account(&self, id: &AgentId) -> Result<Option<Account>, StoreAway> {
        self.engine.account(id).await
    }

    async fn directory(&self, account: &str, password: &Secret) -> DirectorySaid {
        match self.directories.identify(&self.engine.settings(), account, password).await {
            Identified::Right(identity) => DirectorySaid::Right(identity),
            Identified::Nobody => DirectorySaid::Nobody,
            Identified::Unavailable => DirectorySaid::Unavailable,
        }
    }

    async fn checked(&self, id: &AgentId, right: bool) -> Result<Option<Timestamp>, StoreAway> {
        self.engine.checked(id, right).await
    }
}

#[async_trait]
impl Accounts for Arc<Engine> {
    fn settings(&self) -> Arc<Settings> {
        Engine::settings(self)
    }

    async fn account(&self, id: &AgentId) -> Result<Option<Account>, StoreAway> {
        match self.document(&Key::account(id)).await {
            Ok(Some(Loaded { document: Document::Account(account), .. })) => Ok(Some(account)),
            Ok(_) => Ok(None),
            Err(_) => Err(StoreAway),
        }
    }

    async fn checked(&self, id: &AgentId, right: bool) -> Result<Option<Timestamp>, StoreAway> {
        // Every check is one of its own, never a repeat.
        let number = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
        let number = u128::from_be_bytes(number.map_err(|_| StoreAway)?.expose());
        let report = Report::PasswordChecked { agent: id.clone(), right };
        let input = Input::report(InputId::new("password", format_args!("{number:032x}")), report);
        match self.submit(input).await {
            Ok(Outcome::Done(Reply::Locked { until })) => Ok(Some(until)),
            Ok(_) => Ok(None),
            Err(_) => Err(StoreAway),
        }
    }
}
