//! The private connection as the SMTP library takes it, with a note of what the server offers.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// What stands in for the greeting where that came before TLS.
const GREETING: &[u8] = b"220 ready\r\n";
/// Bytes that are noted: a greeting and what is offered after it.
const NOTED_BYTES_MAX: usize = 16 * 1024;

/// What a server said first.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// How many bytes a mail may have, where the server says so; 0 is no limit (RFC 1870).
    pub(super) fn size(&self) -> Option<usize> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = String::from_utf8_lossy(&noted);
        noted.lines().find_map(|line| {
            let offer = line.strip_prefix("250")?.get(1..)?;
            let mut words = offer.split_ascii_whitespace();
            let is_size = words.next()?.eq_ignore_ascii_case("SIZE");
            is_size.then(|| words.next().and_then(|size| size.parse().ok()).unwrap_or(0))
        })
    }

    fn note(&self, bytes: &[u8]) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = NOTED_BYTES_MAX.saturating_sub(noted.len());
        noted.extend(bytes.iter().take(room));
    }
}

/// A private connection.
#[derive(Debug)]
pub(super) struct Tapped {
    greeting: &'static [u8],
    inner: TlsStream<TcpStream>,
    heard: Heard,
}

impl Tapped {
    /// With a greeting of our own in front where the server's was read before.
    pub(super) fn new(inner: TlsStream<TcpStream>, is_greeted: bool) -> (Self, Heard) {
        let heard = Heard::default();
        let greeting = if is_greeted { GREETING } else { &[] };
        (Self { greeting, inner, heard: heard.clone() }, heard)
    }
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.greeting.is_empty() {
            let (now, later) = this.greeting.split_at(this.greeting.len().min(buffer.remaining()));
            buffer.put_slice(now);
            this.greeting = later;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.inner).poll_read(context, buffer);
        this.heard.note(buffer.filled().get(before..).unwrap_or_default());
        polled
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl AsyncTokioStream for Tapped {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().0.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_a_server_takes_is_found_among_its_offers() {
        for (said, size) in [
            ("220 SIZE 5\r\n250-x\r\n250-SIZE 35882577\r\n250 HELP\r\n", Some(35_882_577)),
            ("250 size\r\n", Some(0)),
            ("250-SIZEABLE 3\r\n250 x\r\n", None),
            ("", None),
        ] {
            let heard = Heard::default();
            heard.note(said.as_bytes());
            assert_eq!(heard.size(), size, "{said:?}");
        }
    }
}
