//! Holding a lease: renewed in time, and given up in doubt.
//!
//! The holder stops before the store would let another one begin: it counts from the moment before
//! it asked, less a fifth. The monotonic clock stands still while a machine sleeps, so a write
//! under a lease carries its fence as well; the timer alone makes nothing safe.
//!
//! ```text
//!   not held -- its heir among the live nodes ------------------> take it
//!   not held -- another is its heir, but for 10 s nobody held it --> take it
//!   held     -- for 30 s, all of them another live node its heir -> give it back
//! ```
//!
//! So leases spread over the nodes, and a node that comes and goes makes none flap.

use std::sync::Arc;
use std::time::Duration;

use domain::NodeName;
use store::{Lease, StoreError};
use tokio::time::Instant;

use crate::SubmitError;
use crate::engine::Engine;

/// A node that is not a lease's heir waits for so long, in case the heir does not want it.
const WAITS: Duration = Duration::from_secs(10);
/// The heir of a lease must have been so for this long before it is given back to it.
const GIVES_BACK: Duration = Duration::from_secs(30);
/// The longest that an heir which does not want its lease is waited for between two offers.
const PATIENCE_MAX: Duration = Duration::from_secs(600);

/// A lease that this node wants to hold.
#[derive(Debug)]
pub struct HeldLease {
    engine: Arc<Engine>,
    name: String,
    lasting: Duration,
    held: Option<(Lease, Instant)>,
    taken_at: Option<Instant>,
    /// How long it is kept though another is its heir.
    patience: Duration,
    /// The node that is its heir instead of this one, and since when.
    heir: Option<(NodeName, Instant)>,
}

impl HeldLease {
    pub(crate) fn new(engine: Arc<Engine>, name: String, lasting: Duration) -> Self {
        Self { engine, name, lasting, held: None, taken_at: None, patience: GIVES_BACK, heir: None }
    }

    /// The lease, taken or renewed where a third of its time is over; `None` while another node
    /// holds it.
    pub async fn hold(&mut self) -> Result<Option<&Lease>, SubmitError> {
        let before = Instant::now();
        self.look_for_heir(before);
        let others = self.heir.as_ref().map(|(_, since)| before.duration_since(*since));
        let lasting = self.taken_at.map(|taken_at| before.duration_since(taken_at));
        let gives_back = others.min(lasting).is_some_and(|since| since >= self.patience);
        let gives_up = self.engine.is_leaving() || self.engine.nodes.is_replaced();
        if self.held.is_some() && (gives_up || gives_back) {
            // Should the heir not want it, it is kept for longer the next time.
            self.patience = (self.patience * 2).min(PATIENCE_MAX);
            self.release().await?;
            // The heir has its time to notice.
            self.heir = self.heir.take().map(|(heir, _)| (heir, before));
            return Ok(None);
        }
        if self.held.is_none() && (gives_up || others.is_some_and(|it| it < WAITS)) {
            return Ok(None);
        }
        let now = self.engine.clock.now();
        let store = &self.engine.store;
        let fresh = match self.held.take() {
            Some((lease, good_until)) if before + self.lasting * 7 / 15 < good_until => {
                self.held = Some((lease, good_until));
                return Ok(self.held.as_ref().map(|(lease, _)| lease));
            }
            Some((lease, _)) => {
                match self.engine.noting(store.renew_lease(&lease, now, self.lasting).await) {
                    Ok(lease) => Some(lease),
                    Err(StoreError::LeaseLost) => None,
                    Err(error) => return Err(error.into()),
                }
            }
            None => {
                let holder = store::holder(self.engine.node.as_str(), self.engine.nodes.run);
                let acquired = store.acquire_lease(&self.name, &holder, now, self.lasting).await;
                let acquired = self.engine.noting(acquired)?;
                self.taken_at = acquired.as_ref().map(|_| before);
                acquired
            }
        };
        self.held = fresh.map(|lease| (lease, before + self.lasting * 4 / 5));
        Ok(self.held.as_ref().map(|(lease, _)| lease))
    }

    fn look_for_heir(&mut self, now: Instant) {
        let heir = self.engine.heir(&self.name);
        self.heir = match self.heir.take() {
            _ if heir == self.engine.node => None,
            Some((known, since)) if known == heir => Some((known, since)),
            _ => {
                self.patience = GIVES_BACK;
                Some((heir, now))
            }
        };
    }

    /// The lease, where it is surely held still.
    pub fn surely(&self) -> Option<&Lease> {
        let (lease, good_until) = self.held.as_ref().filter(|_| !self.is_over())?;
        (Instant::now() < *good_until).then_some(lease)
    }

    /// The lease, where it is surely held for `rest` more.
    pub(crate) fn surely_for(&self, rest: Duration) -> Option<&Lease> {
        let (lease, good_until) = self.held.as_ref().filter(|_| !self.is_over())?;
        (Instant::now() + rest < *good_until).then_some(lease)
    }

    /// Another process has this node's name, and its leases.
    fn is_over(&self) -> bool {
        self.engine.nodes.is_replaced()
    }

    /// Gives the lease back, so that the next one need not wait.
    pub async fn release(&mut self) -> Result<(), SubmitError> {
        match self.held.take() {
            Some((lease, _)) => Ok(self.engine.store.release_lease(&lease).await?),
            None => Ok(()),
        }
    }
}
