//! Files pass the site's virus scanner before agents get them and before they are added to answers (MAIL-07).
//!
//! ```text
//!   a file's bytes --> no scanner in the settings? --> given out
//!                 `--> a verdict of the last hour? --> clean: given out      found: refused, with its name
//!                 `--> asked (4 at once) ------------> clean, found: kept as verdict
//!                                             `------> could not look: withheld, or given out where the settings say so
//! ```
//!
//! A mail becomes a contact whatever is in it, and its text is cleaned without a scanner. Verdicts are by the place of
//! the bytes, which never change there, and by the scanner; in memory, as many as there is room for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::settings::{Unscanned, VirusScanner};
use domain::{Contact, Timestamp};
use engine::Metrics;
use engine::metrics::Counters;
use http::StatusCode;
use tokio::sync::Semaphore;

use crate::problem::Problem;
use crate::scanner::{ScanTrouble, scan};
use crate::surface::Workspace;

/// So many files are with the scanner at once; others wait their turn.
const AT_ONCE_MAX: usize = 4;
/// So many are with it or wait at most, each with its bytes in memory.
const WAITING_MAX: usize = 32;
/// A verdict holds for so long: signatures are renewed every few hours.
const HOLDS: Duration = Duration::from_secs(3_600);
/// So many verdicts are kept.
const VERDICTS_MAX: usize = 10_000;
/// What came of asking.
const RESULTS: [&str; 4] = ["clean", "found", "too_large", "failed"];

/// What files were found to be, and whoever waits to know.
#[derive(Debug)]
pub(crate) struct Scanning {
    /// Files in memory that the scanner is asked about, or that wait for that.
    places: Semaphore,
    turns: Semaphore,
    /// By the scanner's address and the place of the bytes.
    verdicts: Mutex<HashMap<(String, String), Verdict>>,
    scans: Counters,
}

#[derive(Clone, Debug)]
struct Verdict {
    found: Option<String>,
    at: Timestamp,
}

impl Scanning {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let scans = metrics.counters(
            "jackfield_file_scans_total",
            "Files of mails and answers that the virus scanner was asked about, by what came of it.",
            &["result"],
        );
        for result in RESULTS {
            scans.with(&[result]);
        }
        let (places, turns) = (Semaphore::new(WAITING_MAX), Semaphore::new(AT_ONCE_MAX));
        Self { places, turns, verdicts: Mutex::default(), scans }
    }

    fn known(&self, key: &(String, String), now: Timestamp) -> Option<Verdict> {
        let verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        verdicts.get(key).filter(|it| now.since(it.at) < HOLDS).cloned()
    }

    fn keep(&self, key: (String, String), verdict: Verdict) {
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if verdicts.len() >= VERDICTS_MAX {
            verdicts.retain(|_, it| verdict.at.since(it.at) < HOLDS);
        }
        // All of them hold: they are asked for again.
        if verdicts.len() >= VERDICTS_MAX {
            verdicts.clear();
        }
        verdicts.insert(key, verdict);
    }
}

impl Workspace {
    /// Fails where the site's virus scanner finds something in a file, or could not look and the settings withhold
    /// what it did not see. `place` is where the bytes are, and nothing else ever is; `name` is told to whoever asks.
    pub(crate) async fn passes_scan(
        &self,
        place: &str,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), Problem> {
        let settings = self.port.settings();
        let Some(scanner) = &settings.channels.virus_scanner else { return Ok(()) };
        let key = (scanner.address.clone(), place.to_owned());
        let verdict = match self.scanning.known(&key, self.port.now()) {
            Some(verdict) => Ok(verdict.found),
            None => {
                let Ok(_place) = self.scanning.places.try_acquire() else {
                    return Err(Problem::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "busy",
                        format!(
                            "{name}: too many files wait for the virus scanner; try again in a moment"
                        ),
                    ));
                };
                self.scanned(scanner, key, bytes).await
            }
        };
        match verdict {
            Ok(None) => Ok(()),
            Ok(Some(found)) => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "virus_found",
                format!(
                    "{name}: the virus scanner found {found}; nobody can open or send this file"
                ),
            )),
            Err(_) if scanner.when_unreachable == Unscanned::Allow => Ok(()),
            Err(ScanTrouble::TooLarge) => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "too_large_to_scan",
                format!(
                    "{name}: the file is larger than the virus scanner looks at ({} MB); an administrator can \
                     raise scan_bytes_max, and the same limit of the scanner",
                    scanner.scan_bytes_max >> 20
                ),
            )),
            Err(trouble) => Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "not_scanned",
                format!(
                    "{name}: the virus scanner could not look at this file ({trouble}); try again later"
                ),
            )),
        }
    }

    /// The same of a contact's whole mail, whose files are about to go to somebody else.
    pub(crate) async fn mail_passes_scan(&self, contact: &Contact) -> Result<(), Problem> {
        let is_off = self.port.settings().channels.virus_scanner.is_none();
        let Some(blob) = contact.mail.blob.as_ref().filter(|_| !is_off) else { return Ok(()) };
        let raw = self.port.blob(blob).await?.ok_or_else(Problem::not_found)?;
        self.passes_scan(blob, &format!("{}.eml", contact.id), &raw).await
    }

    async fn scanned(
        &self,
        scanner: &VirusScanner,
        key: (String, String),
        bytes: &[u8],
    ) -> Result<Option<String>, ScanTrouble> {
        let _turn = self.scanning.turns.acquire().await;
        // Whoever waited for the turn may have waited for the same file.
        if let Some(verdict) = self.scanning.known(&key, self.port.now()) {
            return Ok(verdict.found);
        }
        let scanned = scan(scanner, bytes).await;
        let result = match &scanned {
            Ok(None) => "clean",
            Ok(Some(_)) => "found",
            Err(ScanTrouble::TooLarge) => "too_large",
            Err(_) => "failed",
        };
        self.scanning.scans.with(&[result]).increment();
        match &scanned {
            Ok(Some(found)) => {
                tracing::warn!(found, place = key.1, "a file is withheld: a virus was found in it");
            }
            Err(error) => tracing::warn!(%error, "the virus scanner could not look at a file"),
            Ok(None) => {}
        }
        if let Ok(found) = &scanned {
            self.scanning.keep(key, Verdict { found: found.clone(), at: self.port.now() });
        }
        scanned
    }
}
