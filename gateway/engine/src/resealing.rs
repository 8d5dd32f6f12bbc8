//! Every sealed secret there is, and its way to the key that seals now.
//!
//! ```text
//!   settings, root --open--> seal under the first key --> Reseal{base, put, root}   one commit
//!                    `-- does not open here: left as it is, and told
//! ```
//!
//! Nothing else changes, and other nodes go on as long as they have the key too; so it is refused while a
//! node is there that has not, which each node says of itself ([`SAID_SEALING_KEYS`]).

use domain::settings::{SecretOf, SettingDocument};
use domain::{
    Actor, Command, Deed, Document, Input, InputId, Key, NodeName, Refusal, Sealed, Secret,
};

use crate::engine::Engine;
use crate::loading::ROOT_PURPOSE;
use crate::sealing::{SealingKeys, UnsealError, sealed_under};
use crate::{Outcome, SubmitError};

/// Under which name a node says which sealing keys it has.
pub const SAID_SEALING_KEYS: &str = "sealing_keys";
/// Where the secret that all nodes share stands, for people.
const ROOT_PLACE: &str = "shared secret of the nodes";
/// How often secrets are sealed anew for settings that moved.
const TRIES: usize = 8;

/// A sealed secret, as this node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// Where it stands, for people.
    pub place: String,
    /// The id of its key, where it says so.
    pub key: Option<String>,
    /// Whether its key is the one that seals now.
    pub is_present: bool,
    /// Why it does not open here.
    pub problem: Option<UnsealError>,
}

/// What was sealed anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many secrets.
    pub count: usize,
    /// Where secrets stand that do not open here, and are left as they are.
    pub left: Vec<String>,
}

/// Why nothing is sealed anew.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// It could open nothing any more.
    #[error(
        "{node} does not say that it has the key {id}; give it that key first, or stop it, and try again"
    )]
    NodeWithoutKey {
        /// Which node.
        node: NodeName,
        /// The key that seals now.
        id: String,
    },
    /// The machine gives no randomness.
    #[error("the machine gives no random numbers")]
    NoRandomness,
    /// The settings move.
    #[error("others change the settings all the time; try again")]
    Moved,
    /// The store did not do its part.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

impl Engine {
    /// Every sealed secret there is, as whoever has those keys sees it.
    pub async fn sealed_secrets(
        &self,
        keys: &SealingKeys,
    ) -> Result<Vec<SealedSecret>, SubmitError> {
        let mut secrets = self.sealed_settings(keys);
        if let Some(root) = self.root().await? {
            secrets.push(looked_at(keys, ROOT_PLACE.to_owned(), ROOT_PURPOSE, &root));
        }
        Ok(secrets)
    }

    /// The same of the settings in force alone.
    pub fn sealed_settings(&self, keys: &SealingKeys) -> Vec<SealedSecret> {
        let documents = self.settings().with_secrets();
        let secrets = documents.iter().flat_map(SettingDocument::secrets);
        secrets.map(|(of, sealed)| looked_at(keys, of.place(), of.purpose(), sealed)).collect()
    }

    async fn root(&self) -> Result<Option<Sealed>, SubmitError> {
        let loaded = self.document(&Key::deployment()).await?;
        Ok(loaded.and_then(|loaded| match loaded.document {
            Document::Deployment(deployment) => Some(deployment.root),
            _ => None,
        }))
    }

    /// Other live nodes that do not say that they have that key.
    pub fn nodes_without_key(&self, key: &str) -> Vec<NodeName> {
        let lacks = |said: &str| !said.split(' ').any(|id| id == key);
        let nodes = self.nodes().into_iter().filter(|it| it.live && it.node != *self.node());
        let without =
            nodes.filter(|it| it.said.get(SAID_SEALING_KEYS).is_none_or(|ids| lacks(ids)));
        without.map(|it| it.node).collect()
    }

    /// Seals every secret under the key that seals now; what is sealed so already stays as it is.
    pub async fn reseal(&self, by: Actor) -> Result<Resealed, ResealError> {
        let id = self.sealing.ids().first().cloned().unwrap_or_default();
        if let Some(node) = self.nodes_without_key(&id).into_iter().next() {
            return Err(ResealError::NodeWithoutKey { node, id });
        }
        for _ in 0..TRIES {
            // Settings that another node changed a moment ago count too.
            self.refresh_settings().await?;
            let settings = self.settings();
            let mut resealed = Resealed::default();
            let mut put = Vec::new();
            for mut document in settings.with_secrets() {
                let mut changed = false;
                for (of, sealed) in owned(&document) {
                    let anew =
                        self.sealed_anew(of.place(), of.purpose(), &sealed, &mut resealed)?;
                    if let Some(anew) = anew {
                        document = document.with_secret(&of, anew);
                        changed = true;
                    }
                }
                if changed {
                    put.push(document);
                }
            }
            let root = match self.root().await? {
                None => None,
                Some(root) => {
                    let place = ROOT_PLACE.to_owned();
                    let anew = self.sealed_anew(place, ROOT_PURPOSE, &root, &mut resealed)?;
                    anew.map(|anew| (root, anew))
                }
            };
            if resealed.count == 0 {
                return Ok(resealed);
            }
            let deed = Deed::done("secrets_resealed", "secrets")
                .with("key", &id.clone().into())
                .with("secrets", &resealed.count.into());
            let command = Command::Reseal { base: settings.number, put, root };
            let command = Command::Audited {
                by: by.clone(),
                deed: Some(deed),
                command: Some(Box::new(command)),
            };
            let mut number = [0; 16];
            if !self.random.fill(&mut number) {
                return Err(ResealError::NoRandomness);
            }
            let name = format!("{:032x}", u128::from_be_bytes(number));
            let input = Input::command(InputId::new("reseal", name), command);
            match self.submit(input).await? {
                Outcome::Done(_) => {
                    let secrets = resealed.count;
                    tracing::info!(
                        event = "secrets_resealed",
                        key = id,
                        secrets,
                        "secrets sealed anew"
                    );
                    return Ok(resealed);
                }
                Outcome::Refused(Refusal::SettingsMoved) => {}
                Outcome::Refused(_) | Outcome::Unclear(_) => {
                    return Err(SubmitError::Undecided.into());
                }
            }
        }
        Err(ResealError::Moved)
    }

    /// The secret under the key that seals now, unless it is that already, or does not open here.
    fn sealed_anew(
        &self,
        place: String,
        purpose: &str,
        sealed: &Sealed,
        resealed: &mut Resealed,
    ) -> Result<Option<Sealed>, ResealError> {
        let opened: Secret = match self.sealing.unseal(purpose, sealed) {
            Ok(_) if self.sealing.is_present(sealed) => return Ok(None),
            Ok(opened) => opened,
            Err(_) => {
                resealed.left.push(place);
                return Ok(None);
            }
        };
        resealed.count += 1;
        self.sealing.seal(purpose, &opened).map(Some).ok_or(ResealError::NoRandomness)
    }
}

fn looked_at(keys: &SealingKeys, place: String, purpose: &str, sealed: &Sealed) -> SealedSecret {
    SealedSecret {
        place,
        key: sealed_under(sealed).map(str::to_owned),
        is_present: keys.is_present(sealed),
        problem: keys.unseal(purpose, sealed).err(),
    }
}

/// The secrets of a document that is about to change.
fn owned(document: &SettingDocument) -> Vec<(SecretOf, Sealed)> {
    document.secrets().into_iter().map(|(of, sealed)| (of, sealed.clone())).collect()
}
