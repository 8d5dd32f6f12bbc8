//! Why a node does not start.

use std::path::PathBuf;

use domain::Problems;

use crate::listener::BindError;
use crate::secret_file::SecretFileError;
use crate::settings::ApplyError;
use crate::tls::certificates::LoadError;
use crate::tls::making::MakingError;
use crate::tls::{CertificateError, TlsError};

/// Why a node does not start; its text and those of its causes go to standard error.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Files do not fit the configuration.
    #[error("{0}")]
    Problems(Problems),
    /// Two surfaces claim the same, or a route is none.
    #[error("routes: {0}")]
    Routes(Problems),
    /// A folder cannot be made.
    #[error("the folder {path} cannot be made", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another demo keeps its state in that folder and still runs.
    #[error(
        "a demo runs in {path} already; stop it, or choose another folder with --dir",
        path = path.display()
    )]
    DemoRuns {
        /// The folder.
        path: PathBuf,
    },
    /// The simulated contact-centre server of a demo does not run.
    #[error(
        "the simulated contact-centre server {program} does not run: {why}; build it with \
         `cargo build -p conformance`, or start the demo without --cti",
        program = program.display()
    )]
    Peers {
        /// The program.
        program: PathBuf,
        /// Why.
        why: String,
    },
    /// The private database of a demo of several nodes does not run.
    #[error("the demo's database does not run: {why}")]
    Database {
        /// Why, and what to do.
        why: String,
    },
    /// A pair of servers allows one session, and another node has it.
    #[error(
        "the pair {pair} allows one session, and {node} is there, which has it; stop that node, or let \
         the servers allow more and set sessions to per_node"
    )]
    OneSession {
        /// The pair.
        pair: domain::PairName,
        /// The other node.
        node: domain::NodeName,
    },
    /// A node of a demo of several nodes does not serve.
    #[error("{node} does not serve: {why}")]
    DemoNode {
        /// The node.
        node: String,
        /// Why.
        why: String,
    },
    /// A file with a secret is not usable.
    #[error(transparent)]
    SecretFile(#[from] SecretFileError),
    /// The server certificate does not verify.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A certificate cannot be made.
    #[error(transparent)]
    Making(#[from] MakingError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A listener has no certificate to show.
    #[error("there is no certificate to show")]
    NoTls,
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] store::OpenError),
    /// Opening the store broke off.
    #[error("the store cannot be opened: opening it broke off")]
    StoreOpening,
    /// The store's content cannot be used.
    #[error(transparent)]
    Engine(#[from] engine::OpenError),
    /// The key does not open what the store's secrets were sealed with.
    #[error(
        "sealing_key_file: {path} is not the key that secrets in this store are sealed with; all nodes \
         on one store need the same key: copy the file of another node there, or put it back from \
         your copy",
        path = path.display()
    )]
    SealingKey {
        /// The file.
        path: PathBuf,
    },
    /// There was no key, and the store's secrets were sealed already.
    #[error(
        "sealing_key_file: {path} is missing, and secrets in this store are sealed already; all nodes \
         on one store need the same key: copy the file of another node there, or put it back from \
         your copy",
        path = path.display()
    )]
    SealingKeyMissing {
        /// The file.
        path: PathBuf,
    },
    /// The settings are refused.
    #[error("settings: {0}")]
    Settings(String),
    /// A listener has no socket.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The admin socket cannot be made.
    #[error("the admin socket {path} cannot be made", path = path.display())]
    Admin {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The machine gives no randomness.
    #[error("the machine gives no random numbers")]
    NoRandomness,
    /// Signals cannot be received.
    #[error("signals cannot be received")]
    Signals(#[source] std::io::Error),
    /// A file cannot be written.
    #[error("{path} cannot be written", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl From<LoadError> for NodeError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Certificate(error) => Self::Certificate(error),
            LoadError::Tls(error) => Self::Tls(error),
        }
    }
}

impl From<ApplyError> for NodeError {
    fn from(error: ApplyError) -> Self {
        Self::Settings(error.to_string())
    }
}
