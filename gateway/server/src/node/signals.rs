//! Signals: SIGHUP reloads, SIGTERM and SIGINT stop; so does the end of standard input where asked for.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Shared;

/// What a process is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To end.
    Stop,
    /// To begin again what can be: SIGHUP.
    Again,
}

/// Signals to this process, received from the moment this is made.
///
/// Made before a node starts: a supervisor may stop it while it starts.
pub struct Signals {
    hang_up: Signal,
    terminate: Signal,
    interrupt: Signal,
    input_ended: Option<watch::Receiver<bool>>,
}

impl Signals {
    /// Begins to receive signals.
    pub fn receive() -> io::Result<Self> {
        Ok(Self {
            hang_up: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            input_ended: None,
        })
    }

    /// From now on the end of standard input is a request to stop too.
    pub fn stop_when_input_ends(&mut self) {
        let (ended, input_ended) = watch::channel(false);
        // A thread of its own, since a read of it cannot be broken off. It ends with the process.
        std::thread::spawn(move || {
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            ended.send_replace(true);
        });
        self.input_ended = Some(input_ended);
    }

    /// Waits until the process is asked to stop.
    pub(crate) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = ended(&mut self.input_ended) => {}
        }
    }

    /// Waits until the process is asked for something.
    pub(crate) async fn asked(&mut self) -> Asked {
        tokio::select! {
            _ = self.hang_up.recv() => Asked::Again,
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            () = ended(&mut self.input_ended) => Asked::Stop,
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
                () = ended(&mut self.input_ended) => return,
            }
        }
    }
}

/// Waits for the end of standard input where anybody looks for it.
async fn ended(input: &mut Option<watch::Receiver<bool>>) {
    match input {
        Some(input) => {
            let _ = input.wait_for(|ended| *ended).await;
        }
        None => std::future::pending().await,
    }
}
