//! Signals: SIGHUP reloads, SIGTERM and SIGINT stop.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Shared;

/// Signals to this process, received from the moment this is made.
///
/// Made before a node starts: a supervisor may stop it the moment it says that it is ready.
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

    /// Reloads as often as asked, until the process is asked to stop.
    pub(super) async fn until_stopped(&mut self, shared: &Arc<Shared>) {
        loop {
            tokio::select! {
                _ = self.hang_up.recv() => {
                    shared.reload().await;
                }
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
            }
        }
    }
}
