//! Directories follow the settings, and agents are taken over now and then by the node with the lease.
//!
//! ```text
//!   settings change -> Directories::set (secrets opened, authorities put together)
//!   lease held, N minutes over -> read -> plan -> ChangeSettings under the number it was made for
//!   by hand, on any node ---------^
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::settings::{DIRECTORY_PASSWORD_PURPOSE, Settings, TrustPurpose};
use domain::{Actor, Input, InputId, Problems, Refusal, Timestamp};
use engine::{Outcome, Port};
use tokio::sync::watch;

use crate::authenticate::Directories;
use crate::configuration::Directory;
use crate::sync::{SyncReport, SyncResult, planned, rows};

/// How often it is looked whether a directory is due.
const LOOK: Duration = Duration::from_secs(5);
/// How long the lease lasts without being renewed; a directory of 50,000 takes less to be read.
const LEASE: Duration = Duration::from_secs(60);
const LEASE_NAME: &str = "directory-sync";
/// How often a plan is made anew when settings changed meanwhile.
const TRIES: usize = 3;

/// Keeps directories and what is taken over from them.
pub struct Keeper {
    port: Port,
    directories: Arc<Directories>,
    /// Whether settings may be changed here; where a file rules them, that file has the agents.
    takes_over: bool,
    reports: Mutex<BTreeMap<String, SyncReport>>,
    /// One at a time: two plans would be made for the same settings.
    turn: tokio::sync::Mutex<()>,
}

/// What happened.
enum Happened {
    Stop,
    Changed,
    Look,
}

async fn happens(stop: &mut watch::Receiver<bool>, changes: &mut watch::Receiver<u64>) -> Happened {
    tokio::select! {
        () = stopped(stop) => Happened::Stop,
        changed = changes.changed() => match changed {
            Ok(()) => Happened::Changed,
            Err(_) => Happened::Stop,
        },
        () = tokio::time::sleep(LOOK) => Happened::Look,
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever asks us to stop may also be gone.
    let _ = stop.wait_for(|stop| *stop).await.is_ok();
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("keeper of directories")
    }
}

impl Keeper {
    /// Keeps these directories. Where a file rules the settings nothing is taken over.
    #[must_use]
    pub fn new(port: Port, directories: Arc<Directories>, takes_over: bool) -> Arc<Self> {
        let (reports, turn) = (Mutex::default(), tokio::sync::Mutex::default());
        Arc::new(Self { port, directories, takes_over, reports, turn })
    }

    /// Works until `stop` becomes true.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut changes = self.port.settings_changes();
        let mut lease = self.port.lease(LEASE_NAME, LEASE);
        self.follow().await;
        loop {
            match happens(&mut stop, &mut changes).await {
                Happened::Stop => break,
                Happened::Changed => self.follow().await,
                Happened::Look => match lease.hold().await {
                    Ok(Some(_)) => {
                        tokio::select! {
                            () = stopped(&mut stop) => break,
                            () = self.take_over_what_is_due() => {}
                        }
                    }
                    Ok(None) => {}
                    Err(error) => tracing::debug!(%error, "no lease to take agents over"),
                },
            }
        }
        // Another node may begin at once; where the store is away the lease ends by itself.
        let _ = lease.release().await;
    }

    /// Makes the directories of the settings those in force.
    pub async fn follow(&self) {
        let settings = self.port.settings();
        let (directories, mut problems) = self.opened(&settings);
        for problem in self.directories.set(directories).await.as_slice() {
            problems.add(problem.key.clone(), &problem.message);
        }
        for problem in problems.as_slice() {
            tracing::error!(key = problem.key, what = problem.message, "a directory is left out");
        }
    }

    fn opened(&self, settings: &Settings) -> (Vec<Directory>, Problems) {
        let mut problems = Problems::default();
        let trusted = settings.trust.values();
        let trusted = trusted.filter(|it| it.purposes.contains(&TrustPurpose::Directory));
        let authorities: Vec<_> = trusted.map(|it| it.certificates.as_str()).collect();
        let authorities = authorities.join("\n");
        let mut directories = Vec::new();
        for directory in settings.directories.values() {
            let key = format!("directories {}", directory.name);
            let Some(sealed) = &directory.bind_password else {
                problems.add(key, "has no password");
                continue;
            };
            let opened = self.port.unseal(DIRECTORY_PASSWORD_PURPOSE, sealed);
            if let Some(password) = problems.keep(key, opened) {
                directories.push(Directory::of_settings(directory, password, &authorities));
            }
        }
        (directories, problems)
    }

    async fn take_over_what_is_due(&self) {
        if !self.takes_over {
            return;
        }
        let settings = self.port.settings();
        for directory in settings.directories.values() {
            let Some(sync) = &directory.sync else { continue };
            let pause = Duration::from_secs(60 * u64::from(sync.every_minutes));
            let last = self.reports().get(&directory.name).map(|report| report.at);
            if last.is_some_and(|last| self.port.now().since(last) < pause) {
                continue;
            }
            self.take_over(&directory.name, false, Actor::gateway()).await;
        }
    }

    /// How each directory went the last time on this node.
    #[must_use]
    pub fn reports(&self) -> BTreeMap<String, SyncReport> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes agents over from one directory now. More removals than it may do by itself are done where
    /// they are wanted. The audit log says that `by` did it.
    pub async fn take_over(&self, directory: &str, removals_wanted: bool, by: Actor) -> SyncReport {
        let _turn = self.turn.lock().await;
        let report = self.taken_over(directory, removals_wanted, by).await;
        match &report.result {
            SyncResult::Done => tracing::info!(
                directory,
                found = report.found,
                added = report.added,
                changed = report.changed,
                removed = report.removed,
                not_taken = report.not_taken,
                "agents are taken over"
            ),
            SyncResult::TooManyRemovals { percent_max } => tracing::error!(
                directory,
                removed = report.removed,
                percent_max,
                "agents are not taken over: too many would go at once"
            ),
            SyncResult::Failed(why) => {
                tracing::error!(directory, why, "agents are not taken over");
            }
        }
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.insert(directory.to_owned(), report.clone());
        report
    }

    async fn taken_over(&self, directory: &str, removals_wanted: bool, by: Actor) -> SyncReport {
        let now: Timestamp = self.port.now();
        let failed = |why: String| SyncReport::failed(now, why);
        if !self.takes_over {
            return failed("this node takes its settings from a file; put agents there".to_owned());
        }
        let known = self.port.settings().directories.get(directory).cloned();
        let Some(known) = known else { return failed("there is no such directory".to_owned()) };
        let Some(sync) = &known.sync else {
            return failed("the directory has no sync in its settings".to_owned());
        };
        let found = match self.directories.read(directory, sync).await {
            Ok(found) => found,
            Err(refusal) => return failed(refusal.to_string()),
        };
        let (imported, unusable) = rows(&known, sync, &found);
        for _ in 0..TRIES {
            let settings = self.port.settings();
            let read = (imported.clone(), unusable.clone());
            let (change, report) = planned(&settings, sync, read, removals_wanted, now);
            let Some(change) = change.filter(|change| !change.is_empty()) else { return report };
            let Some(random) = self.port.random::<16>() else {
                return failed("the machine gives no random numbers".to_owned());
            };
            let id =
                InputId::new("directory", format_args!("{:032x}", u128::from_be_bytes(random)));
            match self.port.submit(Input::command(id, change.command(by.clone()))).await {
                Ok(Outcome::Done(_)) => return report,
                Ok(Outcome::Refused(Refusal::SettingsMoved)) => {}
                Ok(Outcome::Refused(refusal)) => return failed(format!("refused: {refusal:?}")),
                Ok(Outcome::Unclear(_)) => {
                    return failed("it is not clear what became of it".into());
                }
                Err(error) => return failed(error.to_string()),
            }
        }
        failed("the settings change all the time".to_owned())
    }
}
