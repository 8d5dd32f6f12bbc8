//! One transfer: its port, its file, and its conversation.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use protocols::tftp::{
    ErrorCode, Input, Outcome, Output, Packet, REQUEST_BYTES_MAX, Request, Transfer, decode, encode,
};
use tokio::net::UdpSocket;
use tokio::sync::watch;

use super::desk::Place;
use super::{Service, stopped};
use crate::files::{NotServed, ServedFile, Via};
use crate::time::now;

/// What is read of an open file at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Serves one request from a port of its own.
pub(super) async fn run(
    service: Arc<Service>,
    mut place: Place,
    local: SocketAddr,
    client: SocketAddr,
    request: Bytes,
) {
    let Ok(Packet::Read(request)) = decode(&request) else { return };
    let source = client.ip().to_canonical();
    let opening = service.files.open(source, request.file_name, Via::Tftp);
    let opening = tokio::time::timeout(service.settings.reading_max, opening);
    let opened = tokio::select! {
        biased;
        opened = opening => opened,
        () = place.displaced() => return service.figures.ended_as("displaced"),
    };
    let file = match opened.unwrap_or(Err(NotServed::Unreadable)) {
        Ok(file) => file,
        Err(why) => {
            tracing::debug!(%client, name = request.file_name, %why, "a file is not served");
            service.figures.not_served(why);
            let Some((code, message)) = words(why) else { return };
            return refuse(&service, local, client, code, message).await;
        }
    };
    let Some(socket) = bind(&service, local).await else { return };
    service.figures.answered("served");
    let transfer = Transfer::begin(now(), service.settings, &request, file.length());
    let sending = Sending {
        stop: service.stop.clone(),
        service: &service,
        place,
        socket,
        client,
        transfer,
        pieces: Pieces { file, begin: 0, piece: Bytes::new() },
    };
    sending.finish(&request).await;
}

/// Tells a client why it gets no file, from a port of its own as everything else.
pub(super) async fn refuse(
    service: &Service,
    local: SocketAddr,
    client: SocketAddr,
    code: ErrorCode,
    message: &str,
) {
    let Some(socket) = bind(service, local).await else { return };
    let packet = encode(&Packet::Error { code, message: message.as_bytes() });
    send(service, &socket, client, &packet).await;
}

/// Whoever meets silence asks again.
const fn words(why: NotServed) -> Option<(ErrorCode, &'static str)> {
    Some(match why {
        NotServed::Busy => return None,
        NotServed::BadName => (ErrorCode::ACCESS_VIOLATION, "that is no name of a file"),
        NotServed::Unknown => (ErrorCode::FILE_NOT_FOUND, "there is no such file"),
        NotServed::Forbidden => (ErrorCode::ACCESS_VIOLATION, "that file is not served here"),
        NotServed::TooLarge => (ErrorCode::UNDEFINED, "that file is too large"),
        NotServed::Unreadable => (ErrorCode::UNDEFINED, "that file cannot be read"),
    })
}

/// A fresh port of the address that was asked.
async fn bind(service: &Service, mut local: SocketAddr) -> Option<UdpSocket> {
    local.set_port(0);
    let bound = UdpSocket::bind(local).await;
    bound
        .inspect_err(|error| {
            tracing::warn!(%error, "no socket is left for a transfer of TFTP");
            service.figures.answered("no_socket");
        })
        .ok()
}

/// What cannot be sent is lost on its way, as it may be anyhow.
async fn send(service: &Service, socket: &UdpSocket, to: SocketAddr, packet: &[u8]) {
    match socket.send_to(packet, to).await {
        Ok(bytes) => service.figures.sent(bytes),
        Err(error) => tracing::debug!(%to, %error, "a packet of TFTP could not be sent"),
    }
}

/// Bytes of a file, read ahead.
struct Pieces {
    file: ServedFile,
    /// Bytes of the file before the piece.
    begin: u64,
    piece: Bytes,
}

impl Pieces {
    async fn read(&mut self, offset: u64, length: usize) -> io::Result<Bytes> {
        if let Some(bytes) = self.kept(offset, length) {
            return Ok(bytes);
        }
        self.piece = self.file.piece(offset, PIECE_BYTES.max(length)).await?;
        self.begin = offset;
        self.kept(offset, length).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn kept(&self, offset: u64, length: usize) -> Option<Bytes> {
        let begin = usize::try_from(offset.checked_sub(self.begin)?).ok()?;
        let end = begin.checked_add(length)?;
        (end <= self.piece.len()).then(|| self.piece.slice(begin..end))
    }
}

struct Sending<'a> {
    service: &'a Service,
    place: Place,
    socket: UdpSocket,
    client: SocketAddr,
    transfer: Transfer,
    pieces: Pieces,
    stop: watch::Receiver<bool>,
}

/// What ended a transfer.
enum Ended {
    ByItself(Outcome),
    Displaced,
    Stopped,
}

impl Sending<'_> {
    async fn finish(mut self, request: &Request<'_>) {
        let figures = &self.service.figures;
        let result = match self.run().await {
            Ended::ByItself(outcome) => {
                figures.ended(outcome);
                format!("{outcome:?}")
            }
            Ended::Displaced => {
                figures.ended_as("displaced");
                self.tell_end(b"others wait for this place").await;
                "displaced".to_owned()
            }
            Ended::Stopped => {
                figures.ended_as("stopped");
                self.tell_end(b"this server stops").await;
                "stopped".to_owned()
            }
        };
        let (client, name) = (self.client, request.file_name);
        tracing::debug!(%client, name, result, "a transfer of TFTP ended");
    }

    async fn run(&mut self) -> Ended {
        // Longer ones are no acknowledgements and no errors.
        let mut buffer = [0; REQUEST_BYTES_MAX + 1];
        let mut from = self.client;
        loop {
            if let Some(outcome) = self.drain(from).await {
                return Ended::ByItself(outcome);
            }
            let Some(deadline) = self.transfer.deadline() else {
                return Ended::ByItself(Outcome::Silent);
            };
            let received = tokio::select! {
                biased;
                () = stopped(&mut self.stop) => return Ended::Stopped,
                () = self.place.displaced() => return Ended::Displaced,
                // Before what arrives, or a flood of that would keep the transfer for ever.
                () = tokio::time::sleep_until(deadline.into()) => None,
                received = self.socket.recv_from(&mut buffer) => received.ok(),
            };
            let input = match received {
                // Also where something that was sent did not arrive: an early timer does nothing.
                None => Input::Timer,
                Some((length, peer)) => {
                    from = peer;
                    let bytes = buffer.get(..length).unwrap_or_default();
                    if peer == self.client {
                        Input::Received(bytes)
                    } else {
                        self.service.figures.stranger();
                        Input::Stranger(bytes)
                    }
                }
            };
            self.transfer.handle(now(), input);
            if self.transfer.is_heard() {
                self.place.heard(self.transfer.acknowledged_bytes());
            }
        }
    }

    /// Does what is to be done; strangers are answered at `from`.
    async fn drain(&mut self, from: SocketAddr) -> Option<Outcome> {
        while let Some(output) = self.transfer.poll() {
            match output {
                Output::Send(packet) => self.send(self.client, &packet).await,
                Output::SendAgain(packet) => {
                    self.service.figures.repeated();
                    self.send(self.client, &packet).await;
                }
                Output::SendToStranger(packet) => self.send(from, &packet).await,
                Output::Read { offset, length } => self.read(offset, length).await,
                Output::Closed(outcome) => return Some(outcome),
            }
        }
        None
    }

    async fn read(&mut self, offset: u64, length: usize) {
        let reading = self.pieces.read(offset, length);
        let read = tokio::time::timeout(self.service.settings.reading_max, reading).await;
        let content = read.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        match content {
            Ok(content) => self.transfer.handle(now(), Input::Content(&content)),
            Err(error) => {
                tracing::warn!(%error, "a file that is being served cannot be read any more");
                self.transfer.handle(now(), Input::Unreadable);
            }
        }
    }

    async fn send(&self, to: SocketAddr, packet: &[u8]) {
        send(self.service, &self.socket, to, packet).await;
    }

    /// A client that is told asks another node at once. Nobody unheard gets one more packet.
    async fn tell_end(&self, message: &[u8]) {
        if self.transfer.is_heard() {
            let code = ErrorCode::UNDEFINED;
            self.send(self.client, &encode(&Packet::Error { code, message })).await;
        }
    }
}
