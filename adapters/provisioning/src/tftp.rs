//! TFTP: what phones load files by where they do not use HTTP.
//!
//! ```text
//!   port 69 --request--> Desk --Place--> transfer, a task and a port each --> Files
//!                          '--over a bound: silence, counted
//! ```
//!
//! - **Requests are cheap to forge**, and each is answered with more than it has. So strangers' networks meet silence,
//!   as does whoever asks too often; and whoever was not heard yet gets two small packets (`protocols::tftp`).
//! - **Where all places are taken, whoever was never heard gives way**, the oldest first: a flood of forged
//!   requests leaves each true one the moment that its answer takes. Where all were heard, the slowest does, unless
//!   all are fast; and none is slower than a least pace for long (`protocols::tftp`).
//! - Each transfer has a port of its own on the address that was asked, as RFC 1350 wants it. Where that address is
//!   a wildcard, the system chooses by its routes; a machine with several addresses lists them one by one.
//!
//! The conversation itself is `protocols::tftp::Transfer`; here are sockets, files and bounds.

mod desk;
mod figures;
mod limits;
mod listener;
mod rates;
mod sending;

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use engine::metrics::Metrics;
use protocols::tftp::TransferSettings;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::files::Files;
use desk::Desk;
use figures::Figures;

pub use limits::TftpLimits;

/// How long to wait before a socket is read again after something went wrong with it.
const PAUSE: Duration = Duration::from_secs(1);

/// What all sockets and transfers share.
struct Service {
    files: Arc<dyn Files>,
    settings: TransferSettings,
    desk: Arc<Desk>,
    figures: Arc<Figures>,
    stop: watch::Receiver<bool>,
}

/// Answers requests that come to `sockets` until it is to stop; transfers end then, and clients are told.
pub async fn serve(
    sockets: Vec<UdpSocket>,
    files: Arc<dyn Files>,
    limits: TftpLimits,
    metrics: Metrics,
    stop: watch::Receiver<bool>,
) {
    let figures = Arc::new(Figures::new(&metrics));
    let service = Arc::new(Service {
        files,
        settings: limits.transfer_settings(),
        desk: Arc::new(Desk::new(limits, Arc::clone(&figures))),
        figures,
        stop,
    });
    let mut listeners = JoinSet::new();
    for socket in sockets {
        listeners.spawn(keep_listening(Arc::clone(&service), socket));
    }
    while listeners.join_next().await.is_some() {}
}

/// Begins anew where a bug ends it.
async fn keep_listening(service: Arc<Service>, socket: UdpSocket) {
    let socket =
        socket.set_nonblocking(true).and_then(|()| tokio::net::UdpSocket::from_std(socket));
    let socket = match socket {
        Ok(socket) => Arc::new(socket),
        Err(error) => return tracing::error!(%error, "a socket of TFTP cannot be used"),
    };
    let mut stop = service.stop.clone();
    loop {
        let mut running = JoinSet::new();
        running.spawn(listener::run(Arc::clone(&service), Arc::clone(&socket)));
        match running.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!(%error, "a task of TFTP panicked");
                service.figures.panicked();
            }
            _ => return,
        }
        tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Waits until it is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Nobody who could say so any more means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}
