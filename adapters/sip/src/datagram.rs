//! Datagrams: each is a message of its own, and who sent it is not known until a proof comes back.

use std::sync::Arc;

use bytes::Bytes;
use protocols::sip::{Flow, datagram, is_keep_alive};
use tokio::sync::watch;

use crate::element::Element;
use crate::flows::{Datagrams, locked};
use crate::sources::Admitted;
use crate::stream::stopped;

/// The largest datagram.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Datagrams that are taken before others get their turn.
const AT_ONCE: usize = 64;
/// Shorter ones are keep-alives, which nobody answers here, or nothing.
const LEAST_BYTES: usize = 16;

/// Reads one socket until it is to stop. Several may read the same one.
pub(crate) async fn run(
    datagrams: Arc<Datagrams>,
    socket: u16,
    element: Arc<Element>,
    mut stop: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let ready = tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            ready = datagrams.socket.readable() => ready,
        };
        if ready.is_err() {
            element.figures().receive_failed();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        }
        for _ in 0..AT_ONCE {
            match datagrams.socket.try_recv_from(&mut buffer) {
                Ok((length, peer)) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    received(&element, Flow::Datagram { socket, peer }, bytes);
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                // What an earlier answer met: the peer's port is closed.
                Err(_) => element.figures().receive_failed(),
            }
        }
        tokio::task::yield_now().await;
    }
}

fn received(element: &Arc<Element>, flow: Flow, bytes: &[u8]) {
    if bytes == b"\r\n\r\n" {
        // RFC 5626, section 3.5.1 has this for streams; some phones send it anyway, and get the answer to it
        // where they are registered: it is shorter than what they sent.
        if locked(&element.state).registrar.is_used(&flow) {
            element.pinged();
            element.flows().transmit(&flow, Bytes::from_static(b"\r\n"));
        }
        return;
    }
    if bytes.len() < LEAST_BYTES || is_keep_alive(bytes) {
        return;
    }
    let admitted = element.admit(flow, bytes.len());
    if admitted == Admitted::Dropped {
        return;
    }
    match datagram(&Bytes::copy_from_slice(bytes), &element.wire_limits()) {
        Ok(message) if admitted == Admitted::Refused => element.refuse_overload(flow, &message),
        Ok(message) => element.heard(flow, None, message),
        Err(malformed) => element.malformed(flow, malformed),
    }
}
