//! Settings of a node: applied at start, by whoever sends them, and with certificates at a reload.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use console::{Context, Failure};
use domain::settings::{Planned, Section, Settings};
use domain::{Actor, Problem, Problems};
use engine::{StoreState, SubmitError};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{FirstSettings, NodeError, Shared, notify};
use crate::secret_file;
use crate::settings::{self, ApplyError, Maker};

/// So long a node waits for its settings file before it serves with the settings it has, and
/// between two words to the supervisor where it has none. Many passwords take minutes to hash.
const GRACE: Duration = Duration::from_secs(5);
/// How long to wait after a try that came to nothing.
const PAUSE: Duration = Duration::from_secs(30);
/// The longest such wait; each is twice the one before.
const PAUSE_MAX: Duration = Duration::from_secs(600);
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
    /// Reads certificate, sealing key and settings files again. What does not verify is refused and stays.
    pub(crate) async fn reload(&self) -> Reloaded {
        let _changing = self.changing.lock().await;
        notify::reloading(self.read_again()).await
    }

    async fn read_again(&self) -> Reloaded {
        let mut reloaded = Reloaded::default();
        match self.certificates.reload(&self.config, self.engine.now()).await {
            Ok(()) => reloaded.done.push("certificate read".to_owned()),
            Err(problems) => {
                for problem in problems.as_slice() {
                    tracing::error!(%problem, "the certificate was refused, the old one stays");
                    reloaded.refused.push(format!("certificate: {}", problem.message));
                }
            }
        }
        match self.reload_sealing_keys().await {
            Ok(done) => reloaded.done.extend(done),
            Err(error) => {
                tracing::error!(%error, "the sealing keys were refused, the old ones stay");
                reloaded.refused.push(format!("sealing_key_file: {error}"));
            }
        }
        if let Some(file) = &self.settings_file {
            match self.apply_file(file).await {
                Ok(applied) => {
                    reloaded.done.push(format!("settings number {}", applied.number));
                    let warnings = self.warnings();
                    let lines = warnings.iter().map(|it| format!("warning: settings: {it}"));
                    reloaded.done.extend(lines);
                }
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
    pub(crate) async fn apply(
        &self,
        bytes: &[u8],
        context: &Context,
    ) -> Result<settings::Applied, ApplyError> {
        self.refuse_where_a_file_rules()?;
        let _changing = self.changing.lock().await;
        self.applied(bytes, context).await
    }

    /// Changes a few documents, unless a file rules them.
    pub(crate) async fn change(
        &self,
        edits: &settings::Edits,
        context: &Context,
    ) -> Result<settings::Applied, ApplyError> {
        self.refuse_where_a_file_rules()?;
        let _changing = self.changing.lock().await;
        let applied = settings::change(self.maker(), edits, context).await?;
        tracing::info!(number = applied.number, changed = applied.changed, "settings changed");
        Ok(applied)
    }

    /// The settings in force with a document that is not saved; nothing is written.
    pub(crate) async fn with_unsaved(
        &self,
        section: Section,
        name: &str,
        document: Value,
    ) -> Result<Settings, ApplyError> {
        settings::with_unsaved(self.maker(), section, name, document).await
    }

    /// What a file would change.
    pub(crate) async fn planned(&self, bytes: &[u8]) -> Result<Vec<Planned>, ApplyError> {
        settings::planned(self.maker(), bytes).await
    }

    pub(super) fn maker(&self) -> Maker<'_> {
        let identity = self.identity.as_ref();
        Maker { engine: &self.engine, sealing: &self.sealing, pool: &self.pool, identity }
    }

    /// Refuses where a file rules the settings.
    pub(crate) fn writable_settings(&self) -> Result<(), Failure> {
        let refused = self.refuse_where_a_file_rules();
        refused.map_err(|error| Failure::new("read_only", error.to_string()))
    }

    fn refuse_where_a_file_rules(&self) -> Result<(), ApplyError> {
        match &self.settings_file {
            Some(file) => Err(ApplyError::ReadOnly(format!(
                "this node takes its settings from {}; edit that file and reload",
                file.display()
            ))),
            None => Ok(()),
        }
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
                self.applied(bytes, &by_itself()).await?;
                let source = self.engine.settings().source.clone().unwrap_or_default();
                secret_file::write(applied, source.as_bytes())?;
            }
        }
        let Some(file) = self.settings_file.clone() else { return Ok(None) };
        let mut applying = self.applying(file);
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

    /// Goes on with what was left to be done, until it is done or refused.
    pub(super) async fn finish_applying(self: Arc<Self>, applying: Applying) {
        let Some(file) = self.settings_file.clone() else { return };
        let again = || self.applying(file.clone());
        let store_works = || self.engine.store_state() == StoreState::Working;
        finish(applying, again, store_works).await;
    }

    fn applying(self: &Arc<Self>, file: PathBuf) -> Applying {
        let shared = Arc::clone(self);
        Box::pin(async move {
            let _changing = shared.changing.lock().await;
            shared.apply_file(&file).await
        })
    }

    async fn apply_file(&self, file: &Path) -> Result<settings::Applied, ApplyError> {
        let file = file.to_owned();
        let read = tokio::task::spawn_blocking(move || settings::read_file(&file)).await;
        let bytes = read.map_err(|_| ApplyError::Broken)?.map_err(ApplyError::Problems)?;
        self.applied(&bytes, &by_itself()).await
    }

    /// What is in force but looks wrong, or cannot work with the configuration of this node.
    pub(crate) fn warnings(&self) -> Vec<Problem> {
        let settings = self.engine.settings();
        let mut warnings = settings.warnings();
        warnings.extend(self.config.sip.warnings(&settings.sip));
        warnings.extend(self.untested());
        warnings
    }

    /// Single sign-on that is on though not all of it was tested, as the node's own machine may have it.
    fn untested(&self) -> Option<Problem> {
        let identity = self.identity.as_ref()?;
        let is_on = self.engine.settings().identity.single_sign_on;
        let why = if is_on { identity.why_not() } else { Vec::new() };
        (!why.is_empty()).then(|| Problem {
            key: "identity.single_sign_on".to_owned(),
            message: format!("is on, and not all of it was tested: {}", why.join("; ")),
        })
    }

    async fn applied(
        &self,
        bytes: &[u8],
        context: &Context,
    ) -> Result<settings::Applied, ApplyError> {
        let applied = settings::apply(self.maker(), bytes, context).await?;
        tracing::info!(number = applied.number, changed = applied.changed, "settings applied");
        for warning in self.warnings() {
            tracing::warn!(key = warning.key, what = warning.message, "settings look wrong");
        }
        Ok(applied)
    }
}

/// What a node does by itself, told so in the audit log.
fn by_itself() -> Context {
    Context { by: Actor::gateway(), idempotency: None }
}

/// Applies `again` after what passes: nobody is there who would ask once more.
async fn finish(
    mut applying: Applying,
    again: impl Fn() -> Applying,
    store_works: impl Fn() -> bool,
) {
    let mut pause = PAUSE;
    loop {
        match applying.await {
            Ok(_) => return,
            Err(error) if passes(&error) => {
                tracing::warn!(%error, "the settings are not applied yet, and are tried again");
            }
            Err(error) => return tell_refused(&error),
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
        // Many passwords are not hashed for a store that will not take them.
        while !store_works() {
            sleep(PAUSE).await;
        }
        applying = again();
    }
}

/// Whether the same file may be applied later.
fn passes(error: &ApplyError) -> bool {
    match error {
        // A document that cannot be read stays so.
        ApplyError::Submit(SubmitError::Unavailable { source }) => !source.is_about_one(),
        ApplyError::Submit(SubmitError::Undecided | SubmitError::Stopping) => false,
        ApplyError::Submit(SubmitError::Busy | SubmitError::Unknown)
        | ApplyError::Hashing(_)
        | ApplyError::Sealing => true,
        ApplyError::Problems(_)
        | ApplyError::Refused(_)
        | ApplyError::Broken
        | ApplyError::Precondition
        | ApplyError::NotFound(_)
        | ApplyError::ReadOnly(_)
        | ApplyError::LastAdministrator(_)
        | ApplyError::NotTested(_)
        | ApplyError::Moved => false,
    }
}

/// Says in the log that settings were refused. Their problems may be thousands of lines and name
/// agents, so it says how many there are and where the first one is; `jackfield check` tells all.
pub(super) fn tell_refused(error: &ApplyError) {
    const MESSAGE: &str = "the settings were refused, the old ones stay";
    match error {
        ApplyError::Problems(problems) => {
            let first = problems.as_slice().first().map(|problem| problem.key.as_str());
            tracing::error!(problems = count(problems), first, "{MESSAGE}");
        }
        error => tracing::error!(%error, "{MESSAGE}"),
    }
}

fn count(problems: &Problems) -> usize {
    problems.as_slice().len()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use domain::Kind;
    use store::StoreError;

    use super::*;

    /// Lets each try come to what stands at its place; gives how many were made, and how often the
    /// store was asked for.
    async fn check(results: &[fn() -> Result<settings::Applied, ApplyError>]) -> (u32, u32) {
        let (tries, looks) = (AtomicU32::new(0), AtomicU32::new(0));
        let again = || -> Applying {
            let number = tries.fetch_add(1, Ordering::AcqRel);
            let result = results[usize::try_from(number).unwrap()]();
            Box::pin(async { result })
        };
        // Away at every other look.
        let store_works = || looks.fetch_add(1, Ordering::AcqRel) % 2 == 1;
        finish(again(), again, store_works).await;
        (tries.into_inner(), looks.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn settings_applied_in_the_background_are_tried_again_until_done_or_refused() {
        let done = || Ok(settings::Applied { number: 1, changed: true });
        let busy = || Err(ApplyError::Submit(SubmitError::Busy));
        let wrong = || Err(ApplyError::Problems(Problems::default()));
        assert_eq!(check(&[done]).await, (1, 0));
        assert_eq!(check(&[busy, busy, done]).await, (3, 4));
        assert_eq!(check(&[busy, wrong, done]).await, (2, 2));
        // What stays so is no reason to hash all passwords again and again.
        let undecided = || Err(ApplyError::Submit(SubmitError::Undecided));
        let newer = || {
            let source = StoreError::Newer { kind: Kind::Setting, found: 2, known: 1 };
            Err(ApplyError::Submit(SubmitError::Unavailable { source }))
        };
        assert_eq!(check(&[undecided, done]).await, (1, 0));
        assert_eq!(check(&[newer, done]).await, (1, 0));
    }
}
