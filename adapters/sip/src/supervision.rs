//! The adapter's tasks: one that panics is told and counted, and begun again, waiting longer each time.

use std::time::Duration;

use engine::metrics::Counters;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::stream::stopped;

/// The first wait before a task is begun again, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Runs what `start` gives until that ends by itself, or it is to stop; dropping the wait ends it.
pub(crate) async fn keep_running<F>(
    restarts: Counters,
    task: &'static str,
    mut stop: watch::Receiver<bool>,
    start: impl Fn() -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut pause = PAUSE;
    loop {
        let mut running = JoinSet::new();
        running.spawn(start());
        match running.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!(task, %error, "a task of SIP panicked");
                restarts.with(&[task]).increment();
            }
            _ => return,
        }
        tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use engine::metrics::Metrics;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_counted_and_begun_again_until_it_ends_or_is_to_stop() {
        let restarts = Metrics::new().counters("restarts_total", "Restarts.", &["task"]);
        let (stop, stopping) = watch::channel(false);
        let begun = Arc::new(AtomicU32::new(0));
        let (count, halt) = (Arc::clone(&begun), stopping.clone());
        let running = tokio::spawn(keep_running(restarts.clone(), "weak", stopping, move || {
            let number = count.fetch_add(1, Ordering::AcqRel);
            let mut halt = halt.clone();
            async move {
                assert!(number > 2, "as planned");
                stopped(&mut halt).await;
            }
        }));
        while begun.load(Ordering::Acquire) < 4 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(restarts.with(&["weak"]).value(), 3);
        stop.send_replace(true);
        running.await.unwrap();
        assert_eq!(begun.load(Ordering::Acquire), 4);
    }
}
