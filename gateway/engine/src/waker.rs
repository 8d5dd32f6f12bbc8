//! Runs timers that are due. Any node may; the claim in the commit lets one of them do it.

use std::sync::Arc;
use std::time::Duration;

use domain::{Input, InputId, Report, Timestamp, Wake};
use tokio::task::JoinSet;

use crate::engine::Engine;

/// How many timers are taken at once.
const BATCH: u32 = 64;
/// Timers that another node set are found within this time.
const LOOK: Duration = Duration::from_secs(1);

/// Runs timers until the engine stops.
pub(crate) async fn run(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    loop {
        let pause = run_due(&engine).await;
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = engine.wake_set.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Runs what is due and says how long to wait.
async fn run_due(engine: &Arc<Engine>) -> Duration {
    let now = engine.clock.now();
    let due = match engine.noting(engine.store.due_wakes(now, BATCH).await) {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "timers cannot be read");
            return LOOK;
        }
    };
    let mut running = JoinSet::new();
    for wake in due.due {
        let engine = Arc::clone(engine);
        running.spawn(async move { run_one(&engine, wake).await });
    }
    while running.join_next().await.is_some() {}
    due.next_at.map_or(LOOK, |next| until(engine.clock.now(), next).min(LOOK))
}

async fn run_one(engine: &Engine, wake: Wake) {
    let name = format!("{}/{}/{}", wake.id, wake.generation, wake.due_at.microseconds());
    let input = Input::report(InputId::new("wake", name), Report::WakeDue(wake));
    if let Err(error) = engine.submit(input).await {
        // It stays due, so it is tried again, unless another node ran it.
        tracing::debug!(%error, "a timer was not run");
    }
}

fn until(now: Timestamp, then: Timestamp) -> Duration {
    // A timer that failed just now must not be tried in a tight loop.
    then.since(now).max(Duration::from_millis(5))
}
