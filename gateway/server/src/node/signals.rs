//! Signals: SIGHUP reloads, SIGTERM and SIGINT stop.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::Shared;

/// Reloads as often as asked, until the process is asked to stop.
pub(super) async fn until_stopped(shared: &Arc<Shared>) -> io::Result<()> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            _ = hang_up.recv() => {
                shared.reload().await;
            }
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
    }
}
