//! Runs timers that are due. Any node may; the claim in the commit lets one of them do it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Input, InputId, Report, Timestamp, Wake};
use tokio::task::JoinSet;

use crate::engine::Engine;

/// How many timers are taken at once.
const BATCH: u32 = 64;
/// Timers that another node set are found within this time.
const LOOK: Duration = Duration::from_secs(1);
/// After how long a timer that could not be run is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How many of those are remembered.
const FAILED_MAX: usize = 10_000;

/// Runs timers until the engine stops.
pub(crate) async fn run(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut failed = Failed::default();
    loop {
        let pause = run_due(&engine, &mut failed).await;
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = engine.wake_set.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Timers that could not be run, with when they are tried again; they must not keep others waiting.
type Failed = HashMap<String, Timestamp>;

/// Runs what is due and says how long to wait.
async fn run_due(engine: &Arc<Engine>, failed: &mut Failed) -> Duration {
    let now = engine.clock.now();
    failed.retain(|_, again_at| *again_at > now && *again_at <= now.after(RETRY));
    let beyond = u32::try_from(failed.len()).unwrap_or(u32::MAX);
    let limit = BATCH.saturating_add(beyond);
    let due = match engine.noting(engine.store.due_wakes(now, limit).await) {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "timers cannot be read");
            return LOOK;
        }
    };
    let mut running = JoinSet::new();
    for wake in due.due.into_iter().filter(|wake| !failed.contains_key(&wake.id)) {
        let engine = Arc::clone(engine);
        running.spawn(async move {
            let id = wake.id.clone();
            (id, run_one(&engine, wake).await)
        });
    }
    let ran_any = !running.is_empty();
    while let Some(ended) = running.join_next().await {
        if let Ok((id, false)) = ended
            && failed.len() < FAILED_MAX
        {
            failed.insert(id, now.after(RETRY));
        }
    }
    match due.next_at {
        Some(next) if ran_any => until(engine.clock.now(), next).min(LOOK),
        _ => LOOK,
    }
}

pub(crate) async fn run_one(engine: &Engine, wake: Wake) -> bool {
    let name = format!("{}/{}/{}", wake.id, wake.generation, wake.due_at.microseconds());
    let input = Input::report(InputId::new("wake", name), Report::WakeDue(wake));
    let submitted = engine.submit(input).await;
    if let Err(error) = &submitted {
        // It stays due, so it is tried again, unless another node ran it.
        tracing::debug!(%error, "a timer was not run");
    }
    submitted.is_ok()
}

fn until(now: Timestamp, then: Timestamp) -> Duration {
    // A timer that failed just now must not be tried in a tight loop.
    then.since(now).max(Duration::from_millis(5))
}
