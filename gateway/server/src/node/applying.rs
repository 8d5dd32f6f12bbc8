//! Settings of a node: applied at start, by whoever sends them, and with certificates at a reload.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::Problems;
use tokio::time::timeout;

use super::{FirstSettings, NodeError, Shared, notify};
use crate::secret_file;
use crate::settings::{self, ApplyError};

/// So long a node waits for its settings file before it serves with the settings it has, and
/// between two words to the supervisor where it has none. Many passwords take minutes to hash.
const GRACE: Duration = Duration::from_secs(5);
/// What the supervisor is told while a node without settings cannot serve yet.
const APPLYING: &str =
    "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=Hashing the passwords of the settings file";

/// Applying a settings file, which goes on while the node serves.
pub(super) type Applying =
    Pin<Box<dyn Future<Output = Result<settings::Applied, ApplyError>> + Send>>;

/// What came of a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reloaded {
    /// What is in force now, in words.
    pub(crate) done: Vec<String>,
    /// What was refused and stays as it was.
    pub(crate) refused: Vec<String>,
}

impl Shared {
    /// Reads certificate and settings files again. What does not verify is refused and stays.
    pub(crate) async fn reload(&self) -> Reloaded {
        let _changing = self.changing.lock().await;
        let mut reloaded = Reloaded::default();
        match self.certificate.reload(&self.config, self.engine.now()) {
            Ok(()) => reloaded.done.push("certificate read".to_owned()),
            Err(error) => {
                tracing::error!(%error, "the certificate was refused, the old one stays");
                reloaded.refused.push(format!("certificate: {error}"));
            }
        }
        if let Some(file) = &self.settings_file {
            match self.apply_file(file).await {
                Ok(applied) => reloaded.done.push(format!("settings number {}", applied.number)),
                Err(error) => {
                    tell_refused(&error);
                    reloaded.refused.push(format!("settings: {error}"));
                }
            }
        }
        tracing::info!(refused = reloaded.refused.len(), "reloaded");
        reloaded
    }

    /// Applies settings that somebody sent, unless a file rules them.
    pub(crate) async fn apply(&self, bytes: &[u8]) -> Result<settings::Applied, ApplyError> {
        if let Some(file) = &self.settings_file {
            return Err(ApplyError::Refused(format!(
                "this node takes its settings from {}; edit that file and reload",
                file.display()
            )));
        }
        let _changing = self.changing.lock().await;
        self.applied(bytes).await
    }

    /// Applies what a node is started with. What takes long is left to be done while it serves
    /// with the settings it has.
    pub(super) async fn apply_at_start(
        self: &Arc<Self>,
        first: Option<&FirstSettings>,
    ) -> Result<Option<Applying>, NodeError> {
        if let Some(FirstSettings { bytes, applied }) = first {
            let current = self.engine.settings();
            let noted = std::fs::read_to_string(applied).ok();
            // Without a source nothing was applied, or not from a file.
            let ours = current.number == 0 || (noted.is_some() && noted == current.source);
            if ours {
                self.applied(bytes).await?;
                let source = self.engine.settings().source.clone().unwrap_or_default();
                secret_file::write(applied, source.as_bytes())?;
            }
        }
        let Some(file) = self.settings_file.clone() else { return Ok(None) };
        let shared = Arc::clone(self);
        let mut applying: Applying = Box::pin(async move {
            let _changing = shared.changing.lock().await;
            shared.apply_file(&file).await
        });
        let mut told = false;
        loop {
            match timeout(GRACE, &mut applying).await {
                Ok(applied) => {
                    if told {
                        notify::tell("STATUS=");
                    }
                    applied?;
                    return Ok(None);
                }
                Err(_) if self.engine.settings().number > 0 => return Ok(Some(applying)),
                Err(_) => {
                    notify::tell(APPLYING);
                    told = true;
                }
            }
        }
    }

    async fn apply_file(&self, file: &Path) -> Result<settings::Applied, ApplyError> {
        let file = file.to_owned();
        let read = tokio::task::spawn_blocking(move || settings::read_file(&file)).await;
        let bytes = read.map_err(|_| ApplyError::Broken)?.map_err(ApplyError::Problems)?;
        self.applied(&bytes).await
    }

    async fn applied(&self, bytes: &[u8]) -> Result<settings::Applied, ApplyError> {
        let applied = settings::apply(&self.engine, &self.sealing, &self.pool, bytes).await?;
        tracing::info!(number = applied.number, changed = applied.changed, "settings applied");
        Ok(applied)
    }
}

/// Says in the log that settings were refused. Their problems may be thousands of lines and name
/// agents, so it says how many there are and where the first one is; `jackfield check` tells all.
pub(super) fn tell_refused(error: &ApplyError) {
    const MESSAGE: &str = "the settings were refused, the old ones stay";
    match error {
        ApplyError::Problems(problems) => {
            let first = problems.as_slice().first().map(|problem| problem.key.as_str());
            tracing::error!(problems = count(problems), first, MESSAGE);
        }
        error => tracing::error!(%error, MESSAGE),
    }
}

fn count(problems: &Problems) -> usize {
    problems.as_slice().len()
}
