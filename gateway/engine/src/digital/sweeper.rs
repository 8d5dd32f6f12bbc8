//! Removes blobs that nothing names any more, as promised with the decision that let them go.

use std::sync::Arc;
use std::time::Duration;

use domain::SWEEP_TOPIC;

use crate::Outbox;
use crate::engine::Engine;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How many are removed at once.
const BATCH: u32 = 200;

/// Sweeps until the engine stops.
pub(crate) async fn sweep(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut outbox = Outbox::new(Arc::clone(&engine), SWEEP_TOPIC);
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let Ok(promises) = outbox.take(0, BATCH).await else { continue };
        let mut done = Vec::new();
        for promise in promises {
            match engine.delete_blob(&promise.effect.payload).await {
                Ok(()) => done.push(promise.id),
                Err(error) => tracing::debug!(%error, "a blob is removed later"),
            }
        }
        if !done.is_empty()
            && let Err(error) = outbox.close(done).await
        {
            tracing::debug!(%error, "blobs that were removed are looked for once more");
        }
    }
    let _ = outbox.release().await;
}
