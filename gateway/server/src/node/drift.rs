//! How the file that rules the settings differs from what is in force, looked up once for each state.
//!
//! ```text
//!   asked --mark (file's inode, size, change; settings number) known?--> told
//!             `-- else one comparison at a time, apart from who asks --> told, or "being compared"
//! ```
//!
//! No password is hashed for that: one that stands in the file in the clear, beside a hash that is in
//! force, counts as that hash.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::Shared;
use crate::settings::{self, ApplyError};

/// So long whoever asks waits for a comparison; a small file is compared in a moment.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is known of the drift.
#[derive(Debug, Default)]
pub(super) struct Drift(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    compared: Option<(Mark, Result<usize, String>)>,
    /// Closed when the comparison under way is over.
    comparing: Option<watch::Receiver<()>>,
}

/// What a comparison was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    settings: u64,
    /// Device, inode, size, and when it changed; `None` where it cannot be looked at.
    file: Option<[i128; 5]>,
}

impl Mark {
    fn of(file: &Path, settings: u64) -> Self {
        let data = std::fs::metadata(file).ok();
        let file = data.map(|it| {
            [
                it.dev().into(),
                it.ino().into(),
                it.size().into(),
                it.ctime().into(),
                it.ctime_nsec().into(),
            ]
        });
        Self { settings, file }
    }
}

/// How the file that rules the settings stands to what is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DriftTold {
    /// No file rules them.
    NoFile,
    /// That is being looked up.
    BeingCompared,
    /// So many documents differ.
    Differs(usize),
    /// The file cannot be applied, for that reason.
    Wrong(String),
}

impl Drift {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn told(&self, mark: &Mark) -> Option<DriftTold> {
        let (_, result) = self.compared.as_ref().filter(|(known, _)| known == mark)?;
        Some(match result {
            Ok(count) => DriftTold::Differs(*count),
            Err(why) => DriftTold::Wrong(why.clone()),
        })
    }
}

impl Shared {
    /// How the file that rules the settings differs from what is in force.
    pub(crate) async fn drift(self: &Arc<Self>) -> DriftTold {
        let Some(file) = self.settings_file.clone() else { return DriftTold::NoFile };
        let number = self.engine.settings().number;
        let Ok(mark) = tokio::task::spawn_blocking(move || Mark::of(&file, number)).await else {
            return DriftTold::BeingCompared;
        };
        let mut over = {
            let mut known = self.drift.known();
            if let Some(told) = known.told(&mark) {
                return told;
            }
            // One that broke off has closed its end too.
            match known.comparing.clone().filter(|over| over.has_changed().is_ok()) {
                Some(over) => over,
                None => {
                    let (under_way, over) = watch::channel(());
                    known.comparing = Some(over.clone());
                    tokio::spawn(Arc::clone(self).compare(mark.clone(), under_way));
                    over
                }
            }
        };
        let _ = timeout(PATIENCE, over.changed()).await;
        self.drift.known().told(&mark).unwrap_or(DriftTold::BeingCompared)
    }

    async fn compare(self: Arc<Self>, mark: Mark, under_way: watch::Sender<()>) {
        let compared = self.compared().await.map_err(|error| error.to_string());
        let mut known = self.drift.known();
        known.compared = Some((mark, compared));
        known.comparing = None;
        drop(under_way);
    }

    async fn compared(&self) -> Result<usize, ApplyError> {
        let Some(file) = self.settings_file.clone() else { return Ok(0) };
        let read = tokio::task::spawn_blocking(move || settings::read_file(&file)).await;
        let bytes = read.map_err(|_| ApplyError::Broken)?.map_err(ApplyError::Problems)?;
        if settings::is_in_force(self.maker(), &bytes) {
            return Ok(0);
        }
        settings::differing(self.maker(), &bytes).await
    }
}
