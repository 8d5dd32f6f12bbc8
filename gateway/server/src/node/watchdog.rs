//! Signs of life for the supervisor, which starts the node anew when they stay away: given only while
//! `/livez` would say that all is well.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::notify;
use crate::operations::Health;

/// Gives signs of life twice in each `every`, until `stop` becomes true.
pub(super) async fn run(health: Arc<Health>, every: Duration, mut stop: watch::Receiver<bool>) {
    let giving = give(every, || health.silence().is_empty(), || notify::tell("WATCHDOG=1"));
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = giving => {}
    }
}

async fn give(every: Duration, is_well: impl Fn() -> bool, tell: impl Fn()) {
    let mut warned = false;
    loop {
        let well = is_well();
        if well {
            tell();
        } else if !warned {
            tracing::error!("no sign of life is given: see /livez; the supervisor may act");
        }
        warned = !well;
        tokio::time::sleep(every / 2).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ops_01_no_sign_of_life_is_given_while_something_stands_still() {
        let (well, told) = (AtomicBool::new(true), AtomicU32::new(0));
        let every = Duration::from_secs(10);
        let is_well = || well.load(Ordering::Relaxed);
        let giving = give(every, is_well, || {
            told.fetch_add(1, Ordering::Relaxed);
        });
        let mut giving = std::pin::pin!(giving);
        let mut pass = async |seconds| {
            let _ = tokio::time::timeout(Duration::from_secs(seconds), &mut giving).await;
            told.swap(0, Ordering::Relaxed)
        };
        assert_eq!(pass(9).await, 2);
        well.store(false, Ordering::Relaxed);
        assert_eq!(pass(60).await, 0);
        well.store(true, Ordering::Relaxed);
        assert!(pass(11).await >= 2);
    }
}
