//! A client that is nothing but a socket.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::server::Server;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Bare(UdpSocket);

impl Bare {
    /// A socket on the server's address.
    pub(crate) fn beside(server: &Server) -> Self {
        Self::at(server.address.ip().to_string().as_str())
    }

    pub(crate) fn at(address: &str) -> Self {
        let socket = UdpSocket::bind((address, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    pub(crate) fn send(&self, to: SocketAddr, packet: &[u8]) {
        self.0.send_to(packet, to).unwrap();
    }

    /// The next packet, and where it came from.
    #[track_caller]
    pub(crate) fn receive(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 65_536];
        let (length, from) = self.0.recv_from(&mut buffer).unwrap();
        buffer.truncate(length);
        (buffer, from)
    }

    /// All that arrived.
    pub(crate) fn drain(&self) -> Vec<Vec<u8>> {
        self.0.set_nonblocking(true).unwrap();
        let mut packets = Vec::new();
        let mut buffer = vec![0; 65_536];
        loop {
            match self.0.recv_from(&mut buffer) {
                Ok((length, _)) => packets.push(buffer[..length].to_vec()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        self.0.set_nonblocking(false).unwrap();
        packets
    }

    /// Asks for a file and takes the first packet of its transfer.
    #[track_caller]
    pub(crate) fn ask(&self, server: &Server, name: &str) -> (Vec<u8>, SocketAddr) {
        self.send(server.address, &request(name));
        self.receive()
    }
}

/// A request without options.
pub(crate) fn request(name: &str) -> Vec<u8> {
    [b"\0\x01", name.as_bytes(), b"\0octet\0"].concat()
}

pub(crate) fn data(block: u16, content: &[u8]) -> Vec<u8> {
    [b"\0\x03", block.to_be_bytes().as_slice(), content].concat()
}

pub(crate) fn acknowledgement(block: u16) -> Vec<u8> {
    [b"\0\x04", block.to_be_bytes().as_slice()].concat()
}
