//! The well-known port: requests come in here, and nothing goes out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocols::tftp::{ErrorCode, Packet, REQUEST_BYTES_MAX, decode};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::{Service, sending, stopped};
use crate::time::now;

/// Datagrams that are taken before others get their turn.
const AT_ONCE: usize = 64;
/// How long transfers may take to end once it is to stop: none waits, but for its file.
const GOODBYE_MAX: Duration = Duration::from_secs(2);
/// How long to wait where a socket cannot be read.
const PAUSE: Duration = Duration::from_millis(50);

/// Reads the socket until it is to stop, and then waits for the transfers that began there.
pub(super) async fn run(service: Arc<Service>, socket: Arc<UdpSocket>) {
    let Ok(local) = socket.local_addr() else { return };
    // One more, so that a longer one is seen to be so.
    let mut buffer = [0; REQUEST_BYTES_MAX + 1];
    let mut transfers = JoinSet::new();
    let mut stop = service.stop.clone();
    loop {
        let ready = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(ended) = transfers.join_next() => {
                ended_well(&service, ended);
                continue;
            }
            ready = socket.readable() => ready,
        };
        if ready.is_err() {
            service.figures.dropped("receive");
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        for _ in 0..AT_ONCE {
            match socket.try_recv_from(&mut buffer) {
                Ok((length, client)) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    received(&service, local, client, bytes, &mut transfers).await;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(_) => service.figures.dropped("receive"),
            }
        }
        tokio::task::yield_now().await;
    }
    let goodbye = async {
        while let Some(ended) = transfers.join_next().await {
            ended_well(&service, ended);
        }
    };
    if tokio::time::timeout(GOODBYE_MAX, goodbye).await.is_err() {
        tracing::warn!("transfers of TFTP that waited for their files were cut off");
    }
}

fn ended_well(service: &Service, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a transfer of TFTP panicked");
        service.figures.ended_as("panicked");
    }
}

async fn received(
    service: &Arc<Service>,
    local: SocketAddr,
    client: SocketAddr,
    bytes: &[u8],
    transfers: &mut JoinSet<()>,
) {
    let figures = &service.figures;
    if let Err(why) = service.desk.admit(now(), client) {
        return figures.refused(why);
    }
    let refusal = match decode(bytes) {
        Ok(Packet::Read(_)) => match service.desk.place(now(), client, bytes) {
            Ok(place) => {
                let request = Bytes::copy_from_slice(bytes);
                let service = Arc::clone(service);
                transfers.spawn(sending::run(service, place, local, client, request));
                return;
            }
            Err(why) => return figures.refused(why),
        },
        Ok(Packet::Write(_)) => {
            figures.answered("write");
            Some((ErrorCode::ACCESS_VIOLATION, "files are only given here"))
        }
        // Neither from a client that asks nor worth an answer.
        Ok(_) => None,
        Err(error) => {
            let refusal = error.answer();
            if refusal.is_some() {
                figures.answered("malformed");
            }
            refusal
        }
    };
    match refusal {
        Some((code, message)) => {
            sending::refuse(service, local, client, code, message).await;
        }
        None => figures.dropped("no_request"),
    }
}
