//! What is under way, one job for each mailbox.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);

/// Jobs, each with the CSQ that it is for.
#[derive(Default)]
pub(super) struct Jobs {
    running: JoinSet<bool>,
    at_work: BTreeMap<Id, String>,
}

impl Jobs {
    pub(super) fn are_for(&self, csq: &str) -> bool {
        self.at_work.values().any(|busy| busy == csq)
    }

    /// Begins one that says in the end whether it moved anything.
    pub(super) fn begin(&mut self, csq: String, job: impl Future<Output = bool> + Send + 'static) {
        let handle = self.running.spawn(job);
        self.at_work.insert(handle.id(), csq);
    }

    /// Waits until it is time to look for more; true where it is time to stop. A job that moved something is a reason to
    /// look at once. One that moved nothing is none: what it found is due as before, and would be found for ever.
    pub(super) async fn until_next_look(&mut self, stop: &mut watch::Receiver<bool>) -> bool {
        let look = tokio::time::sleep(LOOK);
        tokio::pin!(look);
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return true,
                Some(ended) = self.running.join_next_with_id(), if !self.running.is_empty() => {
                    let (id, has_moved) = ended.unwrap_or_else(|error| {
                        tracing::error!(%error, "sending of a mailbox broke off and is begun again");
                        (error.id(), false)
                    });
                    self.at_work.remove(&id);
                    if has_moved {
                        return false;
                    }
                }
                () = &mut look => return false,
            }
        }
    }

    /// Waits until all of them ended.
    pub(super) async fn end(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}
