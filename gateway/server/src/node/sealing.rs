//! The sealing keys of a node: read again at a reload, and what does not open under them is told.

use std::sync::{Arc, PoisonError};

use engine::{SealedSecret, SealingKeys};

use super::Shared;
use crate::sealing_file;

/// So many secrets that do not open are told one by one; a lost key shuts those of all phones.
const TOLD_MAX: usize = 20;

/// Which secrets of the settings do not open here, as of some settings and keys.
#[derive(Debug)]
pub(super) struct Unopened {
    number: u64,
    keys: Vec<String>,
    secrets: Arc<[SealedSecret]>,
}

/// Tells the log which secrets of the settings do not open here.
pub(super) fn tell_unopened(shared: &Shared) {
    let unopened = shared.secrets_unopened();
    for SealedSecret { place, problem, .. } in unopened.iter().take(TOLD_MAX) {
        if let Some(problem) = problem {
            tracing::error!(secret = place, %problem, "a secret in the settings does not open here");
        }
    }
    let more = unopened.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        tracing::error!(more, "more secrets in the settings do not open here");
    }
}

impl Shared {
    /// The secrets of the settings that do not open here. They are looked at anew only once settings or
    /// keys are others: there may be one for each phone, and a status is asked for every few seconds.
    pub(crate) fn secrets_unopened(&self) -> Arc<[SealedSecret]> {
        let (number, keys) = (self.engine.settings().number, self.sealing.ids());
        let mut known = self.unopened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|it| it.number == number && it.keys == keys) {
            return Arc::clone(&known.secrets);
        }
        let mut secrets = self.engine.sealed_settings(&self.sealing);
        secrets.retain(|secret| secret.problem.is_some());
        let secrets: Arc<[_]> = secrets.into();
        *known = Some(Unopened { number, keys, secrets: Arc::clone(&secrets) });
        secrets
    }

    /// Reads the keys again. They are refused where a secret that opens now would not any more;
    /// `None` where they are what they were.
    pub(super) async fn reload_sealing_keys(&self) -> Result<Option<String>, String> {
        let file = self.config.sealing_key_file.clone();
        let read = tokio::task::spawn_blocking(move || sealing_file::read(&file)).await;
        let read = read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        if read.ids() == self.sealing.ids() {
            return Ok(None);
        }
        let before = self.shut_under(&self.sealing).await?;
        let after = self.shut_under(&read).await?;
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

    async fn shut_under(&self, keys: &SealingKeys) -> Result<Vec<String>, String> {
        let secrets = self.engine.sealed_secrets(keys).await.map_err(|error| error.to_string())?;
        let shut = secrets.into_iter().filter(|secret| secret.problem.is_some());
        Ok(shut.map(|secret| secret.place).collect())
    }
}
