//! Housekeeping: notices when the store works again, and removes what is kept no longer.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Engine, StoreState};

/// How often a failing store is tried.
const PROBE: Duration = Duration::from_secs(2);
/// How often old outcomes and log lines are looked for, in probes.
const SWEEP_EVERY: u32 = 30;
/// How many of each are removed at once.
const SWEEP: u32 = 1_000;
/// How many times in a row; together more than a node can add in the meantime.
const SWEEPS_MAX: u32 = 200;

/// Keeps house until the engine stops.
pub(crate) async fn keep(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut round = 0u32;
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(PROBE) => {}
        }
        round = round.wrapping_add(1);
        if engine.store_state() != StoreState::Working {
            probe(&engine).await;
        } else if round.is_multiple_of(SWEEP_EVERY) {
            sweep(&engine).await;
        }
    }
}

/// Writes something harmless: a lease of our own that nobody else wants.
async fn probe(engine: &Engine) {
    let name = format!("probe/{}", engine.node);
    let now = engine.clock.now();
    let written = engine.store.acquire_lease(&name, engine.node.as_str(), now, PROBE).await;
    if written.is_ok() {
        engine.note_written();
    }
}

/// Removes in small steps, so that commits in between do not wait long.
async fn sweep(engine: &Engine) {
    for _ in 0..SWEEPS_MAX {
        match engine.noting(engine.store.sweep(engine.clock.now(), SWEEP).await) {
            Ok(0) => return,
            Ok(removed) => tracing::debug!(removed, "old outcomes and log lines removed"),
            Err(error) => {
                tracing::warn!(%error, "old outcomes and log lines cannot be removed");
                return;
            }
        }
    }
}
