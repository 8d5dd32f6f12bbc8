//! The link to one mailbox: rounds of reading while this node holds its lease.
//!
//! ```text
//!   waits for the lease --held--> round --ok--> waits for news, a poll interval at most --> round
//!        ^                          `--broke off--> pause, from 5 s doubled to the poll interval --> round
//!        `--lost, at any time: what is under way is dropped; the ledger knows what was done
//! ```
//!
//! News are only a reason to look; the poll interval holds whatever a server says. After a refused sign-in it waits
//! for longer, since accounts are locked by who knocks too often.

use std::sync::Arc;
use std::time::Duration;

use engine::{HeldLease, Port};
use tokio::sync::watch;

use crate::figures::Figures;
use crate::imap::News;
use crate::reading::Reading;
use crate::round::{Broken, Rounds};
use crate::status::Statuses;
use crate::trouble::Trouble;

/// How long a dead node keeps others from reading its mailboxes.
pub(crate) const LEASE_LASTS: Duration = Duration::from_secs(20);
/// How often it is renewed, or asked for.
const LEASE_LOOK: Duration = Duration::from_secs(4);
/// The first pause after a round that broke off.
const PAUSE: Duration = Duration::from_secs(5);
/// After a refused sign-in: the first pause, and the longest.
const REFUSED_PAUSE: Duration = Duration::from_secs(15);
const REFUSED_PAUSE_MAX: Duration = Duration::from_secs(900);
/// Between two rounds, however many news there are.
const BETWEEN: Duration = Duration::from_millis(500);

/// A link, and what it works with.
pub(crate) struct Link {
    pub(crate) csq: String,
    pub(crate) port: Port,
    pub(crate) figures: Figures,
    pub(crate) statuses: Arc<Statuses>,
    pub(crate) poll: Duration,
    /// So long the first round waits, so that not all begin at once.
    pub(crate) first_wait: Duration,
}

impl Link {
    /// Reads until `stop` becomes true.
    pub(crate) async fn run(
        self,
        mut rounds: Rounds,
        mut reading: Box<dyn Reading>,
        mut stop: watch::Receiver<bool>,
    ) {
        let lease = format!("mailbox/{}", crate::intake::short(&self.csq));
        let mut lease = self.port.lease(lease, LEASE_LASTS);
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.serve(&mut rounds, reading.as_mut(), &mut lease) => {}
        }
        let _ = lease.release().await;
    }

    async fn serve(&self, rounds: &mut Rounds, reading: &mut dyn Reading, lease: &mut HeldLease) {
        tokio::time::sleep(self.first_wait).await;
        let mut pauses = Pauses::new(self.poll);
        loop {
            if !matches!(lease.hold().await, Ok(Some(_))) {
                self.statuses.elsewhere(&self.csq);
                tokio::time::sleep(LEASE_LOOK).await;
                continue;
            }
            self.statuses.ours(&self.csq, self.port.now());
            let Some(round) = while_held(lease, rounds.round(reading)).await else { continue };
            let pause = match round {
                Ok(done) => {
                    self.figures.round("ok");
                    self.statuses.finished(&self.csq, self.port.now(), &done);
                    pauses.well();
                    None
                }
                Err(broken) => Some(self.broke(&mut pauses, &broken)),
            };
            let waiting = async {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => self.wait(reading).await,
                }
            };
            let _ = while_held(lease, waiting).await;
        }
    }

    /// Notes it, and says how long to wait.
    fn broke(&self, pauses: &mut Pauses, broken: &Broken) -> Duration {
        let result = match broken {
            Broken::Store(_) => "store",
            Broken::Server(trouble) if trouble.is_sign_in() => "sign_in",
            Broken::Server(_) => "server",
        };
        self.figures.round(result);
        self.statuses.broke(&self.csq, broken);
        let (csq, why) = (&self.csq, broken.to_string());
        tracing::warn!(csq, why, "a mailbox could not be read; it is tried again");
        let random = self.port.random::<4>().map_or(u32::MAX / 2, u32::from_be_bytes);
        pauses.after(broken, random)
    }

    /// Until there is news, for a poll interval at most.
    async fn wait(&self, reading: &mut dyn Reading) {
        let until = tokio::time::sleep(self.poll);
        // News that come later than that are looked at without delay.
        let between = tokio::time::sleep(BETWEEN);
        tokio::pin!(until, between);
        loop {
            let news = tokio::select! {
                biased;
                () = &mut until => return,
                news = reading.wait_for_news() => news,
            };
            match news {
                Ok(News::Changed) => return between.await,
                Ok(News::Quiet) => {}
                // It cannot wait, or is gone: the next round says so.
                Err(Trouble::Refused { .. }) => return until.await,
                Err(_) => return tokio::time::sleep(PAUSE.min(self.poll)).await,
            }
        }
    }
}

/// Pauses after rounds that broke off.
#[derive(Debug)]
struct Pauses {
    poll: Duration,
    in_a_row: u32,
}

impl Pauses {
    fn new(poll: Duration) -> Self {
        Self { poll, in_a_row: 0 }
    }

    fn well(&mut self) {
        self.in_a_row = 0;
    }

    /// The next pause; three quarters to all of it, by `random`.
    fn after(&mut self, broken: &Broken, random: u32) -> Duration {
        let is_refused = matches!(broken, Broken::Server(trouble) if trouble.is_sign_in());
        let (first, last) = match is_refused {
            true => (REFUSED_PAUSE, REFUSED_PAUSE_MAX.max(self.poll)),
            false => (PAUSE, self.poll),
        };
        let pause = first.saturating_mul(1 << self.in_a_row.min(16)).min(last);
        self.in_a_row = self.in_a_row.saturating_add(1);
        pause * 3 / 4 + pause.mul_f64(f64::from(random) / f64::from(u32::MAX) / 4.0)
    }
}

/// Does it while the lease is held; nothing where it was lost before the end.
async fn while_held<T>(lease: &mut HeldLease, doing: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(doing);
    loop {
        tokio::select! {
            biased;
            done = &mut doing => return Some(done),
            () = tokio::time::sleep(LEASE_LOOK) => {}
        }
        let is_held = lease.hold().await.map(|held| held.is_some());
        // The store may be back before the lease is over.
        if !is_held.unwrap_or_else(|_| lease.surely().is_some()) {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Broken {
        let (host, text) = ("imap.example".to_owned(), "no".to_owned());
        Broken::Server(Trouble::SignIn { host, text, is_temporary: false })
    }

    #[test]
    fn pauses_rise_from_5_s_to_the_poll_interval_and_begin_anew_once_all_is_well() {
        let lost = Broken::Server(Trouble::Unusable(String::new()));
        let mut pauses = Pauses::new(Duration::from_secs(180));
        let mut told = Vec::new();
        for _ in 0..8 {
            told.push(pauses.after(&lost, u32::MAX).as_secs());
        }
        assert_eq!(told, [5, 10, 20, 40, 80, 160, 180, 180]);
        pauses.well();
        let shortest = pauses.after(&lost, 0);
        assert!(shortest >= Duration::from_millis(3_750) && shortest < Duration::from_secs(4));
    }

    #[test]
    fn nobody_knocks_again_within_10_s_of_a_refused_sign_in() {
        let mut pauses = Pauses::new(Duration::from_secs(60));
        assert!(pauses.after(&refused(), 0) >= Duration::from_secs(10));
        for _ in 0..40 {
            let pause = pauses.after(&refused(), 7);
            assert!(pause >= Duration::from_secs(10) && pause <= REFUSED_PAUSE_MAX, "{pause:?}");
        }
    }
}
