//! The engine's own tasks: one that panics is told, and started again.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::engine::Engine;

/// How long to wait before a task that panicked is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs what `start` gives until it ends by itself; dropping the wait ends it.
pub(crate) async fn keep_running<F>(
    engine: Arc<Engine>,
    name: &'static str,
    start: impl Fn(Arc<Engine>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut stop = engine.stop.subscribe();
    loop {
        let mut running = JoinSet::new();
        running.spawn(start(Arc::clone(&engine)));
        match running.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!(task = name, %error, "a task of the engine panicked");
            }
            _ => return,
        }
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}
