//! The work of surfaces beside answering: begun again, waiting longer each time, where it breaks off.

use std::sync::Arc;
use std::time::Duration;

use engine::metrics::{Counters, Metrics};
use engine::surface::Surface;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The first wait before work is begun again, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Runs the work of all surfaces until `stop` becomes true.
pub(super) fn supervise(
    surfaces: Vec<Arc<dyn Surface>>,
    metrics: &Metrics,
    stop: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) {
    let restarts = metrics.counters(
        "jackfield_surface_restarts_total",
        "How often a surface's work beside answering broke off and was begun again.",
        &["surface"],
    );
    for surface in surfaces {
        restarts.with(&[surface.name()]);
        tasks.spawn(supervise_one(surface, restarts.clone(), stop.clone(), PAUSE));
    }
}

/// Runs one surface's work. A panic ends that work alone.
async fn supervise_one(
    surface: Arc<dyn Surface>,
    restarts: Counters,
    mut stop: watch::Receiver<bool>,
    first_pause: Duration,
) {
    let mut pause = first_pause;
    loop {
        // Aborted with the one who watches it, so that nothing is left running.
        let mut work = JoinSet::new();
        work.spawn(Arc::clone(&surface).run(stop.clone()));
        let ended = work.join_next().await;
        if *stop.borrow() {
            return;
        }
        let panicked = matches!(ended, Some(Err(error)) if error.is_panic());
        tracing::error!(surface = surface.name(), panicked, "a surface's work broke off");
        restarts.with(&[surface.name()]).increment();
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use engine::surface::{Readiness, Route};

    use super::*;

    /// Panics, then ends, then works.
    #[derive(Default)]
    struct Weak(AtomicU32);

    #[async_trait]
    impl Surface for Weak {
        fn name(&self) -> &'static str {
            "weak"
        }

        fn routes(self: Arc<Self>) -> Vec<Route> {
            Vec::new()
        }

        fn readiness(&self) -> Readiness {
            Readiness::Ready
        }

        async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
            match self.0.fetch_add(1, Ordering::AcqRel) {
                0 => panic!("as planned"),
                1 => {}
                _ => {
                    let _ = stop.wait_for(|stop| *stop).await;
                }
            }
        }
    }

    #[tokio::test]
    async fn work_that_breaks_off_is_begun_again() {
        let weak = Arc::new(Weak::default());
        let metrics = Metrics::new();
        let restarts = metrics.counters("restarts_total", "Restarts.", &["surface"]);
        let (stop, stopping) = watch::channel(false);
        let pause = Duration::from_millis(1);
        let surface = Arc::clone(&weak) as Arc<dyn Surface>;
        let task = tokio::spawn(supervise_one(surface, restarts.clone(), stopping, pause));
        while weak.0.load(Ordering::Acquire) < 3 {
            tokio::time::sleep(pause).await;
        }
        stop.send_replace(true);
        task.await.unwrap();
        assert_eq!(restarts.with(&["weak"]).value(), 2);
    }
}
