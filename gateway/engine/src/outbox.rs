//! Keeping promises: one node at a time reads a topic's outbox and closes what it carried out.
//!
//! An owed command is compared with the generation it was meant for right before it is handed out,
//! and given up after its deadline. A durable one is repeated under the same id until it is closed.

use std::sync::Arc;
use std::time::Duration;

use domain::Document;
use store::{Promise, StoreError};

use crate::engine::Engine;
use crate::{HeldLease, SubmitError};

/// How long a dead reader keeps others from going on.
const LASTING: Duration = Duration::from_secs(6);

/// The promises of one topic.
#[derive(Debug)]
pub struct Outbox {
    engine: Arc<Engine>,
    topic: String,
    lease: HeldLease,
}

impl Outbox {
    pub(crate) fn new(engine: Arc<Engine>, topic: &str) -> Self {
        let lease = HeldLease::new(Arc::clone(&engine), format!("outbox/{topic}"), LASTING);
        Self { engine, topic: topic.to_owned(), lease }
    }

    /// At most `limit` promises that are to be kept now, oldest first; none while another node
    /// keeps this topic. What is meant for nobody any more is closed on the way.
    pub async fn take(&mut self, limit: u32) -> Result<Vec<Promise>, SubmitError> {
        if self.lease.hold().await?.is_none() {
            return Ok(Vec::new());
        }
        let promises = self.engine.store.promises(&self.topic, 0, limit).await;
        let (mut kept, mut void) = (Vec::new(), Vec::new());
        for promise in self.engine.noting(promises)? {
            if self.is_void(&promise).await? {
                void.push(promise.id);
            } else {
                kept.push(promise);
            }
        }
        if !void.is_empty() {
            self.close(void).await?;
        }
        Ok(kept)
    }

    /// Closes promises that were carried out; refused once the lease is lost, whatever was done.
    pub async fn close(&mut self, ids: Vec<String>) -> Result<(), SubmitError> {
        let Some(lease) = self.lease.surely() else {
            return Err(StoreError::LeaseLost.into());
        };
        Ok(self.engine.store.close_promises(ids, lease).await?)
    }

    /// Lets another node go on at once.
    pub async fn release(&mut self) -> Result<(), SubmitError> {
        self.lease.release().await
    }

    async fn is_void(&self, promise: &Promise) -> Result<bool, SubmitError> {
        let Some(owed) = &promise.effect.owed else { return Ok(false) };
        if self.engine.now() >= owed.deadline {
            return Ok(true);
        }
        let loaded = self.engine.document(&owed.subject).await?;
        let generation = loaded.map(|loaded| match loaded.document {
            Document::Session(session) => u64::from(session.generation),
            _ => loaded.version,
        });
        Ok(generation != Some(owed.generation))
    }
}
