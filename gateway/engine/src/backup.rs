//! Backup, restore and check of the store of a node that runs, and whose backup it is.
//!
//! A restore ends with a new epoch: this node drops what it remembers before the answer is given, others within
//! a tick. The secret that all nodes share is read at start alone, so where the backup is of another deployment
//! every node has to be started again.

use std::fs::File;

use domain::{Actor, AuditHead, Command, Deed, Deployment, Document, Input, InputId, Key};
use store::{
    BackupError, BackupKey, BackupOrigin, BackupWritten, Inspection, SealingBackupKey, Sizes,
    StoreError,
};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::loading::ROOT_PURPOSE;
use crate::{SealingKey, SealingKeys, SubmitError};

/// How the deployment that a backup is of stands to the one that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinship {
    /// It is the same, or nothing is there yet.
    Same,
    /// Its secrets open under the sealing key here, and they are others: links that phones show end.
    OtherSecrets,
    /// Its secrets open under another sealing key alone.
    OtherKey,
    /// It holds no secrets of a deployment.
    None,
}

impl Kinship {
    /// How a backup with `archived` stands to a store with `present`, under that sealing key.
    pub fn of(
        sealing: &SealingKeys,
        present: Option<&Deployment>,
        archived: Option<&Deployment>,
    ) -> Self {
        let Some(archived) = archived else { return Self::None };
        let Ok(root) = sealing.unseal(ROOT_PURPOSE, &archived.root) else { return Self::OtherKey };
        let present = present.map(|present| sealing.unseal(ROOT_PURPOSE, &present.root));
        match present {
            None => Self::Same,
            Some(Ok(present)) if present == root => Self::Same,
            Some(_) => Self::OtherSecrets,
        }
    }
}

impl SealingKeys {
    /// What backups are encrypted with unless somebody gives a passphrase; those of the other keys open.
    pub fn backup_key(&self) -> BackupKey {
        let keys = self.keys();
        let keys =
            keys.iter().map(|key| SealingBackupKey { id: key.id().to_owned(), key: derived(key) });
        BackupKey::Sealing(keys.collect())
    }
}

fn derived(key: &SealingKey) -> Zeroizing<[u8; 32]> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.expose());
    let tag = ring::hmac::sign(&key, b"derived/backup");
    let mut derived = Zeroizing::new([0; 32]);
    derived.copy_from_slice(tag.as_ref());
    derived
}

impl Engine {
    /// Writes a backup into `out`, piece by piece, while work goes on.
    pub async fn backup(
        &self,
        key: BackupKey,
        program: &str,
        out: mpsc::Sender<Vec<u8>>,
    ) -> Result<BackupWritten, BackupError> {
        let epoch = self.noting(self.store.end_of_log().await)?.epoch;
        let sort = if self.store.is_shared() { "postgresql" } else { "sqlite" };
        let now = self.clock.now();
        let origin = BackupOrigin::new(program, self.node.as_str(), sort, epoch, now);
        store::backup(self.store.as_ref(), key, origin, out).await
    }

    /// Replaces all that the store holds by what is in that file, which was inspected before. When this
    /// returns, this node goes by the new content.
    ///
    /// The audit log is replaced too. Its first new entry tells of that, with the number and hash that the old
    /// one ended with, so that a copy of the old one still proves itself.
    pub async fn restore(
        &self,
        file: File,
        key: BackupKey,
        by: Actor,
        from: &BackupOrigin,
    ) -> Result<u64, BackupError> {
        let before = self.audit_head().await.unwrap_or_default();
        let epoch = store::restore(self.store.as_ref(), file, key).await?;
        if let Err(error) = self.meet_epoch(epoch).await {
            // The follower goes on trying.
            tracing::warn!(%error, "what was restored is not read yet");
        }
        self.wake_set.notify_one();
        let deed = Deed::done("backup_restored", "store")
            .with("written_by", &from.node.clone().into())
            .with("written_at_seconds", &from.at.seconds().into())
            .with("replaced_audit_number", &before.number.into())
            .with("replaced_audit_hash", &before.hash.into());
        self.tell_audit(by, deed).await;
        Ok(epoch)
    }

    /// Tells the audit log of something that is done already; where it cannot be told there the log has it.
    pub async fn tell_audit(&self, by: Actor, deed: Deed) {
        let action = deed.action.clone();
        let mut number = [0; 16];
        if !self.random.fill(&mut number) {
            tracing::error!(action, "the audit log could not be told: no random numbers");
            return;
        }
        let command = Command::Audited { by, deed: Some(deed), command: None };
        let id = format!("{:032x}", u128::from_be_bytes(number));
        let input = Input::command(InputId::new("audit", id), command);
        if let Err(error) = self.submit(input).await {
            tracing::error!(%error, action, "the audit log could not be told");
        }
    }

    pub(crate) async fn audit_head(&self) -> Option<AuditHead> {
        match self.document(&Key::audit_head()).await.ok()??.document {
            Document::AuditHead(head) => Some(head),
            _ => None,
        }
    }

    /// Looks at all that the store holds, and whether it fits.
    pub async fn check_store(&self) -> Result<Inspection, StoreError> {
        store::check(self.store.as_ref()).await
    }

    /// How large the store is.
    pub async fn store_sizes(&self) -> Result<Sizes, StoreError> {
        self.store.sizes().await
    }

    /// How a backup with those secrets stands to this deployment.
    pub async fn kinship(&self, archived: Option<&Deployment>) -> Result<Kinship, SubmitError> {
        let loaded = self.document(&Key::deployment()).await?;
        let present = loaded.and_then(|loaded| match loaded.document {
            Document::Deployment(present) => Some(present),
            _ => None,
        });
        Ok(Kinship::of(&self.sealing, present.as_ref(), archived))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(key: &SealingKeys, root: &str) -> Deployment {
        Deployment { root: key.seal(ROOT_PURPOSE, &domain::Secret::new(root)).unwrap() }
    }

    #[test]
    fn ops_04_a_backup_of_another_deployment_is_told() {
        let (ours, other) = (SealingKeys::single([1; 32]), SealingKeys::single([2; 32]));
        let kinship = |present: Option<&Deployment>, archived: &Deployment| {
            Kinship::of(&ours, present, Some(archived))
        };
        let present = deployment(&ours, "a");
        // Sealed anew it is the same still.
        assert_eq!(kinship(Some(&present), &deployment(&ours, "a")), Kinship::Same);
        assert_eq!(kinship(None, &deployment(&ours, "b")), Kinship::Same);
        assert_eq!(kinship(Some(&present), &deployment(&ours, "b")), Kinship::OtherSecrets);
        assert_eq!(kinship(Some(&present), &deployment(&other, "a")), Kinship::OtherKey);
        assert_eq!(kinship(None, &deployment(&other, "a")), Kinship::OtherKey);
        assert_eq!(Kinship::of(&ours, Some(&present), None), Kinship::None);
        // Sealed under a key that is here beside the present one.
        let both = SealingKeys::new(SealingKey::new([2; 32]), [SealingKey::new([1; 32])]);
        let archived = deployment(&both, "a");
        assert_eq!(Kinship::of(&both, Some(&present), Some(&archived)), Kinship::Same);
    }

    #[test]
    fn ops_05_a_backup_is_encrypted_under_what_follows_from_the_key_that_seals() {
        let (present, old) = (SealingKey::new([0xab; 32]), SealingKey::new([0xac; 32]));
        let keys = SealingKeys::new(present.clone(), [old.clone()]);
        let BackupKey::Sealing(derived) = keys.backup_key() else { panic!("not that") };
        let ids: Vec<_> = derived.iter().map(|it| it.id.clone()).collect();
        assert_eq!(ids, [present.id(), old.id()]);
        for (derived, key) in derived.iter().zip([present, old]) {
            assert_ne!(derived.key.as_ref(), key.expose());
        }
    }
}
