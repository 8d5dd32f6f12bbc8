//! Certificates of every node for phones' trust stores (PHN-14).
//!
//! A node keeps its public certificates as a blob in the store, and says in its signs of life which one
//! is right; so any node can hand out those of all.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use engine::SubmitError;
use serde::Serialize;
use tokio::sync::watch;

use super::Certificates;
use super::described::hexadecimal;

/// The name under which a node says which blob has its certificates.
pub(crate) const SAID_CERTIFICATES: &str = "certificates";
/// How often it is looked at whether the store still has them, which a restored backup may not.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// How long a try that failed waits for the next one.
const PAUSE: Duration = Duration::from_secs(5);

/// The certificates of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct OfNode {
    /// The node.
    pub(crate) node: String,
    /// What its phones' listener shows, with the chain (PEM); `None` where it is not known.
    pub(crate) text: Option<String>,
    /// Why it is not known.
    pub(crate) problem: Option<String>,
}

impl Certificates {
    /// The certificates of all nodes there are, this one's as they are now.
    pub(crate) async fn export(&self) -> Vec<OfNode> {
        let own = self.engine.node().to_string();
        let mut all = Vec::new();
        let mut nodes = self.engine.nodes();
        nodes.retain(|seen| seen.node.as_str() != own);
        let (text, problem) = match self.pem() {
            Ok(text) => (Some(text), None),
            Err(why) => (None, Some(why)),
        };
        all.push(OfNode { node: own, text, problem });
        for seen in nodes {
            let node = seen.node.to_string();
            let (text, problem) = match seen.said.get(SAID_CERTIFICATES) {
                None => (None, Some("it has told none yet".to_owned())),
                Some(digest) => match self.engine.blob(&blob(&node, digest)).await {
                    // Another node's word is shown only where it is what it should be.
                    Ok(Some(bytes)) => match String::from_utf8(bytes) {
                        Ok(text) if is_public(&text) => (Some(text), None),
                        _ => (None, Some("what it told is no PEM".to_owned())),
                    },
                    Ok(None) => (None, Some("the store does not have them".to_owned())),
                    Err(error) => (None, Some(error.to_string())),
                },
            };
            all.push(OfNode { node, text, problem });
        }
        all.sort_by(|one, other| one.node.cmp(&other.node));
        all
    }

    /// Which blob has this node's certificates, for its signs of life.
    pub(crate) fn published(&self) -> Option<String> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what is in force in the store, whenever it changes.
    pub(crate) async fn publish(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            let pause = match self.publish_once().await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    tracing::debug!(%error, "the store did not take this node's certificates");
                    PAUSE
                }
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                _ = changes.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn publish_once(&self) -> Result<(), SubmitError> {
        let Ok(text) = self.pem() else { return Ok(()) };
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let digest = hexadecimal(digest.as_ref());
        let node = self.engine.node().to_string();
        self.engine.put_blob(&blob(&node, &digest), text.as_bytes()).await?;
        let before = self.published();
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(digest.clone());
        // What was published last stands in a file, so that it can be removed after a restart too.
        let note = self.places.beside("published");
        let noted = std::fs::read_to_string(&note).ok();
        for old in before.into_iter().chain(noted).filter(|old| *old != digest && is_digest(old)) {
            self.engine.delete_blob(&blob(&node, &old)).await?;
        }
        if let Err(error) = crate::secret_file::write_whole(&note, digest.as_bytes(), 0o600) {
            tracing::debug!(%error, "which certificates were published cannot be noted");
        }
        Ok(())
    }
}

fn blob(node: &str, digest: &str) -> String {
    format!("certificates/{node}/{digest}")
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text is certificates and nothing else.
fn is_public(text: &str) -> bool {
    let parts = ::pem::parse_many(text);
    parts.is_ok_and(|parts| !parts.is_empty() && parts.iter().all(|it| it.tag() == "CERTIFICATE"))
}
