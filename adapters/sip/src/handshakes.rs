//! How many TLS handshakes there may be at once: in all, and of one source, which leaves some to others. Whoever
//! comes while there are as many waits for its turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::flows::locked;
use crate::limits::Limits;
use crate::sources::Source;

/// Of the connections that a source may have, how many for each that may be in its handshake.
const CONNECTIONS_FOR_EACH: usize = 8;

/// All handshakes.
#[derive(Debug)]
pub(crate) struct Handshakes {
    all: Arc<Semaphore>,
    of_source_max: usize,
    /// Of those that shake hands or wait for it.
    of_sources: Mutex<HashMap<Source, (usize, Arc<Semaphore>)>>,
}

/// Leave to shake hands.
pub(crate) struct Permit {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _queued: Queued,
}

struct Queued {
    handshakes: Arc<Handshakes>,
    source: Source,
}

impl Drop for Queued {
    fn drop(&mut self) {
        let mut of_sources = locked(&self.handshakes.of_sources);
        if let Some((count, _)) = of_sources.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                of_sources.remove(&self.source);
            }
        }
    }
}

impl Handshakes {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            all: Arc::new(Semaphore::new(limits.handshakes_max)),
            of_source_max: (limits.connections_per_source_max / CONNECTIONS_FOR_EACH).max(1),
            of_sources: Mutex::default(),
        })
    }

    /// Waits until that source may shake hands.
    pub(crate) async fn permit(self: &Arc<Self>, source: Source) -> Option<Permit> {
        let own = {
            let mut of_sources = locked(&self.of_sources);
            let (count, own) = of_sources
                .entry(source)
                .or_insert_with(|| (0, Arc::new(Semaphore::new(self.of_source_max))));
            *count = count.saturating_add(1);
            Arc::clone(own)
        };
        let queued = Queued { handshakes: Arc::clone(self), source };
        let own = own.acquire_owned().await.ok()?;
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Permit { _all: all, _own: own, _queued: queued })
    }
}
