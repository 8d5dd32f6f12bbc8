//! A certificate that an authority signs by itself (ACME, RFC 8555): asked for, renewed, its state told.
//!
//! ```text
//!   due --order--> signed --> in force, due again when a third of its time is left
//!    ^        `--> refused, or nobody there --> waits, longer each time
//!    `-- an administrator asks for it now
//! ```
//!
//! When the next try is stands in a file, so that a node that starts again and again does not ask again
//! and again. [`Challenges`] hold what the authority is answered while an order is under way.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::{Problems, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use super::certificates::{Certificates, Described, Purpose};
use crate::config::{AcmeChallenge, AcmeConfig};
use crate::secret_file;

mod challenges;
mod client;
mod order;

pub(crate) use challenges::{ALPN, Challenges};
use order::NotSigned;

/// The first pause after nobody answered, and the longest one.
const AWAY: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3_600));
/// The first pause after a refusal, and the longest one: authorities count those, and shut out who
/// has too many.
const REFUSED: (Duration, Duration) = (Duration::from_secs(900), Duration::from_secs(86_400));
/// The pause after the authority said that it was asked too often.
const TOO_OFTEN: Duration = Duration::from_secs(43_200);
/// The pause after a certificate was signed, whatever becomes of it here.
const SIGNED: Duration = Duration::from_secs(3_600);
/// The longest of all pauses.
const LONGEST: Duration = Duration::from_secs(86_400);
/// A clock that was set may make something due, so it is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// So long an order may take.
const ORDER_MAX: Duration = Duration::from_secs(600);

/// How it stands with the authority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AcmeState {
    /// The directory all of this is about.
    pub(crate) directory: String,
    /// When it was asked last, in seconds since 1970.
    pub(crate) tried_at: Option<i64>,
    /// Why the last try came to nothing; `None` where it did not.
    pub(crate) problem: Option<String>,
    /// How many tries came to nothing since the last that did not.
    pub(crate) failures: u32,
    /// When it is asked next, in seconds since 1970.
    pub(crate) next_at: Option<i64>,
    /// SHA-256 of the certificate that it signed last.
    pub(crate) sha256: Option<String>,
}

/// Keeps a certificate signed.
pub(crate) struct Acme {
    config: AcmeConfig,
    folder: PathBuf,
    state: RwLock<AcmeState>,
    challenges: Arc<Challenges>,
    asked: Notify,
}

impl Acme {
    /// With what was noted before in `folder`.
    pub(crate) fn new(config: AcmeConfig, folder: PathBuf) -> Arc<Self> {
        let noted = std::fs::read_to_string(folder.join(STATE)).ok();
        let noted = noted.and_then(|text| serde_json::from_str::<AcmeState>(&text).ok());
        // What another authority said is of no interest here.
        let noted = noted.filter(|state| state.directory == config.directory);
        let fresh = || AcmeState { directory: config.directory.clone(), ..AcmeState::default() };
        let state = RwLock::new(noted.unwrap_or_else(fresh));
        let challenges = Arc::default();
        Arc::new(Self { config, folder, state, challenges, asked: Notify::new() })
    }

    /// How it stands.
    pub(crate) fn state(&self) -> AcmeState {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the authority is answered.
    pub(crate) fn challenges(&self) -> Arc<Challenges> {
        Arc::clone(&self.challenges)
    }

    /// Asks the authority as soon as possible, whatever it waits for.
    pub(crate) fn ask_now(&self) {
        self.asked.notify_one();
    }

    /// Asks whenever it is due, until `stop` becomes true.
    pub(crate) async fn run(
        self: Arc<Self>,
        certificates: Arc<Certificates>,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let due = self.due(&certificates);
            self.change(|state| state.next_at = Some(due.seconds()));
            let wait = due.since(certificates.now()).min(LOOK_EVERY);
            let asked = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = self.asked.notified() => true,
                () = tokio::time::sleep(wait) => false,
            };
            if !asked && !self.due(&certificates).since(certificates.now()).is_zero() {
                continue;
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = self.try_once(&certificates) => {}
            }
        }
    }

    /// When the authority is to be asked next.
    fn due(&self, certificates: &Certificates) -> Timestamp {
        let state = self.state();
        let shown = certificates.described(Purpose::Server);
        let signed = shown.filter(|it| state.sha256.as_ref() == Some(&it.sha256));
        let due = signed.map_or(Timestamp::from_seconds(0), |it| renewal_of(&it));
        let Some(tried) = state.tried_at.map(Timestamp::from_seconds) else { return due };
        let waits = match (state.failures, state.next_at) {
            (0, _) | (_, None) => tried.after(SIGNED),
            (_, Some(next)) => Timestamp::from_seconds(next),
        };
        // The clock was set back where that lies further off than any pause.
        let now = certificates.now();
        if now < tried || waits.since(now) > LONGEST { due } else { due.max(waits) }
    }

    async fn try_once(&self, certificates: &Arc<Certificates>) {
        let now = certificates.now();
        // Noted before, so that a node that dies of it does not try again at once.
        self.change(|state| {
            state.tried_at = Some(now.seconds());
            state.failures = state.failures.saturating_add(1);
            state.next_at = Some(now.after(pause(AWAY, state.failures)).seconds());
        });
        self.note();
        let names = certificates.names(Purpose::Server);
        let ordered = order::order(&self.config, &self.folder, names, &self.challenges);
        let ordered = match tokio::time::timeout(ORDER_MAX, ordered).await {
            Ok(ordered) => ordered,
            Err(_) => Err(NotSigned::Away("the authority took too long".to_owned())),
        };
        let put = match ordered {
            Ok(signed) => {
                let put = certificates.put_signed(signed.chain, signed.key).await;
                put.map_err(|problems: Problems| {
                    NotSigned::Refused(format!(
                        "what the authority signed is of no use: {problems}"
                    ))
                })
            }
            Err(why) => Err(why),
        };
        match put {
            Ok(imported) => {
                self.change(|state| {
                    state.problem = None;
                    state.failures = 0;
                    state.next_at = None;
                    state.sha256 = Some(imported.certificate.sha256.clone());
                });
                tracing::info!(
                    directory = self.config.directory,
                    "the authority signed a certificate"
                );
            }
            Err(why) => {
                let now = certificates.now();
                self.change(|state| {
                    let wait = match &why {
                        NotSigned::Away(_) => pause(AWAY, state.failures),
                        NotSigned::Refused(_) => pause(REFUSED, state.failures),
                        NotSigned::TooOften(_) => TOO_OFTEN,
                    };
                    state.problem = Some(why.to_string());
                    state.next_at = Some(now.after(wait).seconds());
                });
                let next = self.state().next_at;
                tracing::error!(
                    %why,
                    next,
                    "the authority signed no certificate; `jackfield certificate order` tries again at once"
                );
            }
        }
        self.note();
    }

    fn change(&self, change: impl FnOnce(&mut AcmeState)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Keeps the state over a restart.
    fn note(&self) {
        let text = serde_json::to_string(&self.state()).unwrap_or_default();
        let noted = secret_file::write_whole(&self.folder.join(STATE), text.as_bytes(), 0o644);
        if let Err(error) = noted {
            tracing::warn!(%error, "when the authority was asked cannot be noted");
        }
    }

    /// How the authority sees that names are ours.
    pub(crate) fn challenge(&self) -> AcmeChallenge {
        self.config.challenge
    }
}

const STATE: &str = "acme-state.json";

/// Whether the certificate in force was signed by the authority, as far as is noted in `folder`.
pub(crate) fn signed(folder: &std::path::Path, sha256: &str) -> bool {
    let noted = std::fs::read_to_string(folder.join(STATE)).ok();
    let noted = noted.and_then(|text| serde_json::from_str::<AcmeState>(&text).ok());
    noted.is_some_and(|state| state.sha256.as_deref() == Some(sha256))
}

/// When a third of a certificate's time is left.
fn renewal_of(certificate: &Described) -> Timestamp {
    let lifetime = certificate.not_after.saturating_sub(certificate.not_before).max(0);
    Timestamp::from_seconds(certificate.not_after.saturating_sub(lifetime / 3))
}

/// The pause after so many failures in a row: twice as long each time.
fn pause((first, longest): (Duration, Duration), failures: u32) -> Duration {
    let times = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(times).min(longest)
}

#[cfg(test)]
mod tests;
