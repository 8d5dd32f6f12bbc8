//! The sealing keys of a node: read again at a reload, and what does not open under them is told.

use engine::{SealedSecret, SealingKeys};

use super::Shared;
use crate::sealing_file;

/// Tells the log which secrets of the settings do not open here.
pub(super) fn tell_unopened(shared: &Shared) {
    for SealedSecret { place, problem, .. } in shared.engine.sealed_settings(&shared.sealing) {
        if let Some(problem) = problem {
            tracing::error!(secret = place, %problem, "a secret in the settings does not open here");
        }
    }
}

impl Shared {
    /// Reads the keys again. They are refused where a secret that opens now would not any more;
    /// `None` where they are what they were.
    pub(super) async fn reload_sealing_keys(&self) -> Result<Option<String>, String> {
        let file = self.config.sealing_key_file.clone();
        let read = tokio::task::spawn_blocking(move || sealing_file::read(&file)).await;
        let read = read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        if read.ids() == self.sealing.ids() {
            return Ok(None);
        }
        let before = self.unopened(&self.sealing).await?;
        let after = self.unopened(&read).await?;
        if let Some(lost) = after.iter().find(|place| !before.contains(place)) {
            return Err(format!(
                "the secret {lost} would not open any more; reseal before a key goes"
            ));
        }
        self.sealing.replace(&read);
        let ids = self.sealing.ids();
        let seals = ids.first().map_or("", String::as_str);
        tracing::info!(event = "sealing_keys_read", keys = ids.len(), seals, "sealing keys read");
        tell_unopened(self);
        Ok(Some(format!("sealing keys read, {seals} seals")))
    }

    async fn unopened(&self, keys: &SealingKeys) -> Result<Vec<String>, String> {
        let secrets = self.engine.sealed_secrets(keys).await.map_err(|error| error.to_string())?;
        let shut = secrets.into_iter().filter(|secret| secret.problem.is_some());
        Ok(shut.map(|secret| secret.place).collect())
    }
}
