//! Keeping promises: one node at a time reads a topic's outbox and closes what it carried out.
//!
//! An owed command is compared with the generation it was meant for when it is handed out, and once
//! more by [`Outbox::still_due`] right before it is sent; it is given up after its deadline. A durable
//! one is repeated under the same id until it is closed.

use std::sync::Arc;
use std::time::Duration;

use domain::Document;
use store::{Promise, StoreError};

use crate::engine::Engine;
use crate::{HeldLease, SubmitError};

/// How long a dead reader keeps others from going on.
const LASTING: Duration = Duration::from_secs(6);
/// So long before the topic may be another node's nothing owed is sent any more: what is on its way
/// then has arrived before that node is told that all is over. Less than a lease has when it is renewed.
const ARRIVES: Duration = Duration::from_secs(2);

/// The promises of one topic.
#[derive(Debug)]
pub struct Outbox {
    engine: Arc<Engine>,
    topic: String,
    lease: HeldLease,
}

impl Outbox {
    pub(crate) fn new(engine: Arc<Engine>, topic: &str) -> Self {
        Self::lasting(engine, topic, LASTING)
    }

    pub(crate) fn lasting(engine: Arc<Engine>, topic: &str, lasting: Duration) -> Self {
        let lease = HeldLease::new(Arc::clone(&engine), format!("outbox/{topic}"), lasting);
        Self { engine, topic: topic.to_owned(), lease }
    }

    /// At most `limit` promises that are to be kept now, oldest first, from those numbered above
    /// `after`; none while another node keeps this topic. Whoever has some in hand that are stuck
    /// goes on after them; 0 begins anew. What is meant for nobody any more is closed on the way.
    pub async fn take(&mut self, mut after: u64, limit: u32) -> Result<Vec<Promise>, SubmitError> {
        if self.lease.hold().await?.is_none() {
            return Ok(Vec::new());
        }
        loop {
            let page = self.engine.store.promises(&self.topic, after, limit).await;
            let page = self.engine.noting(page)?;
            let full = u32::try_from(page.len()).is_ok_and(|length| length >= limit);
            after = page.last().map_or(after, |promise| promise.number);
            let kept = self.sort_out(page).await?;
            if !kept.is_empty() || !full {
                return Ok(kept);
            }
        }
    }

    /// Whether a promise is to be kept still, to be asked right before it is sent: this node surely
    /// keeps the topic, and what the promise is meant for is as it was.
    pub async fn still_due(&self, promise: &Promise) -> Result<bool, SubmitError> {
        let due = self.standing(promise).await? == Standing::Due;
        let rest = if promise.effect.owed.is_some() { ARRIVES } else { Duration::ZERO };
        // Asked last: reading takes time too.
        Ok(due && self.lease.surely_for(rest).is_some())
    }

    /// Closes promises that were carried out; refused once the lease is lost, whatever was done.
    pub async fn close(&mut self, ids: Vec<String>) -> Result<(), SubmitError> {
        let Some(lease) = self.lease.surely() else {
            return Err(StoreError::LeaseLost.into());
        };
        Ok(self.engine.noting(self.engine.store.close_promises(ids, lease).await)?)
    }

    /// Whether this node surely keeps the topic now.
    pub fn is_kept(&self) -> bool {
        self.lease.surely().is_some()
    }

    /// Lets another node go on at once.
    pub async fn release(&mut self) -> Result<(), SubmitError> {
        self.lease.release().await
    }

    async fn sort_out(&mut self, page: Vec<Promise>) -> Result<Vec<Promise>, SubmitError> {
        let (mut kept, mut void) = (Vec::new(), Vec::new());
        for promise in page {
            match self.standing(&promise).await? {
                Standing::Due => kept.push(promise),
                Standing::Unclear => {}
                Standing::Void(why) => {
                    let (topic, id) = (&self.topic, &promise.id);
                    tracing::info!(%topic, %id, why, "a promise is given up");
                    void.push(promise.id);
                }
            }
        }
        if !void.is_empty() {
            self.close(void).await?;
        }
        Ok(kept)
    }

    async fn standing(&self, promise: &Promise) -> Result<Standing, SubmitError> {
        let Some(owed) = &promise.effect.owed else { return Ok(Standing::Due) };
        if self.engine.now() >= owed.deadline {
            return Ok(Standing::Void("its deadline passed"));
        }
        let read = self.engine.document(&owed.subject).await;
        if let Err(SubmitError::Unavailable { source }) = &read
            && source.is_about_one()
        {
            // A newer node can read it, or the deadline ends it.
            return Ok(Standing::Unclear);
        }
        let generation = read?.map(|loaded| match loaded.document {
            Document::Session(session) => u64::from(session.generation),
            _ => loaded.version,
        });
        let meant = generation == Some(owed.generation);
        Ok(if meant {
            Standing::Due
        } else {
            Standing::Void("it was meant for an older generation")
        })
    }
}

/// What becomes of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It is to be kept.
    Due,
    /// Nobody here can say.
    Unclear,
    /// It is meant for nobody any more, for that reason.
    Void(&'static str),
}
