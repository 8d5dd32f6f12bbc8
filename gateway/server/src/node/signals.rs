//! Signals: SIGHUP reloads, SIGTERM and SIGINT stop.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use super::Shared;

/// Signals to this process, received from the moment this is made.
///
/// Made before a node starts: a supervisor may stop it while it starts.
pub struct Signals {
    hang_up: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to receive signals.
    pub fn receive() -> io::Result<Self> {
        Ok(Self {
            hang_up: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits until the process is asked to stop.
    pub(super) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Reloads as often as asked, until the process is asked to stop; that waits for no reload.
    pub(super) async fn until_stopped(&mut self, shared: &Arc<Shared>) {
        // One at a time; it ends with this where it is not done.
        let mut reload = JoinSet::new();
        loop {
            tokio::select! {
                _ = self.hang_up.recv(), if reload.is_empty() => {
                    let shared = Arc::clone(shared);
                    reload.spawn(async move { shared.reload().await });
                }
                Some(_) = reload.join_next() => {}
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
            }
        }
    }
}
