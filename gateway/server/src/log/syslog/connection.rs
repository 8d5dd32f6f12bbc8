//! A way to a receiver: found, opened, and told apart by what goes wrong.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::{SyslogReceiver, Transport, tls};

/// How long finding, connecting or a handshake may take, each.
const STEP_MAX: Duration = Duration::from_secs(10);
/// How long a write may hang: a receiver that takes nothing is as good as away.
const WRITE_MAX: Duration = Duration::from_secs(20);
/// A silent connection is asked for a sign of life after this long, and then this often.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// An open way.
pub(super) enum Connection {
    Udp(UdpSocket, SocketAddr),
    Tcp(TcpStream, SocketAddr),
    Tls(Box<TlsStream<TcpStream>>, SocketAddr),
}

impl Connection {
    /// Opens the way to that receiver; a failure is told in words.
    pub(super) async fn open(receiver: &SyslogReceiver) -> Result<Self, String> {
        let host = receiver.host.as_str();
        // Before anything else: no network mends it.
        let connector = match receiver.transport {
            Transport::Tls => Some(tls::connector(receiver)?),
            Transport::Udp | Transport::Tcp => None,
        };
        let addresses = find(host, receiver.port).await?;
        if receiver.transport == Transport::Udp {
            return each(&addresses, datagrams).await.map(|(it, address)| Self::Udp(it, address));
        }
        let (stream, address) = each(&addresses, connect).await?;
        let Some(connector) = connector else { return Ok(Self::Tcp(stream, address)) };
        match timeout(STEP_MAX, tls::shake_hands(&connector, host, stream)).await {
            Ok(stream) => Ok(Self::Tls(Box::new(stream?), address)),
            Err(_) => Err(format!("TLS with {host} failed: it does not answer")),
        }
    }

    /// Whether each message is a datagram of its own.
    pub(super) fn is_datagrams(&self) -> bool {
        matches!(self, Self::Udp(..))
    }

    /// What was reached, in words.
    pub(super) fn reached(&self) -> String {
        match self {
            Self::Udp(_, address) => format!("{address} over UDP"),
            Self::Tcp(_, address) => format!("{address} over TCP"),
            Self::Tls(stream, address) => {
                let version = match stream.get_ref().1.protocol_version() {
                    Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
                    _ => "TLS 1.3",
                };
                format!("{address} over {version}, whose certificate is right")
            }
        }
    }

    /// Hands bytes to the network.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let written = timeout(WRITE_MAX, async {
            match self {
                Self::Udp(socket, _) => socket.send(bytes).await.map(|_| ()),
                Self::Tcp(stream, _) => stream.write_all(bytes).await,
                Self::Tls(stream, _) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
            }
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broken(&error)),
            Err(_) => Err("it takes nothing any more".to_owned()),
        }
    }

    /// Waits until the other end closes, `Ok`, or the way breaks. What it says is passed over, since a
    /// receiver has nothing to say. May be given up at any moment.
    pub(super) async fn until_closed(&mut self) -> Result<(), String> {
        let mut said = [0; 512];
        loop {
            let read = match self {
                // Only errors come back: a datagram of the receiver is nothing.
                Self::Udp(socket, _) => socket.recv(&mut said).await.map(|_| 1),
                Self::Tcp(stream, _) => stream.read(&mut said).await,
                Self::Tls(stream, _) => stream.read(&mut said).await,
            };
            match read {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // Many close without a word of TLS.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(self.broken(&error)),
            }
        }
    }

    /// Says goodbye.
    pub(super) async fn close(mut self) {
        let _ = timeout(STEP_MAX, async {
            match &mut self {
                Self::Udp(..) => Ok(()),
                Self::Tcp(stream, _) => stream.shutdown().await,
                Self::Tls(stream, _) => stream.shutdown().await,
            }
        })
        .await;
    }

    fn broken(&self, error: &io::Error) -> String {
        match self {
            Self::Udp(_, address) if error.kind() == io::ErrorKind::ConnectionRefused => {
                format!("nobody listens on UDP at {address}")
            }
            Self::Tls(..) if error.get_ref().is_some_and(|it| it.is::<rustls::Error>()) => {
                tls::reason(error, "it")
            }
            _ => format!("the connection broke: {error}"),
        }
    }
}

async fn find(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let found = match timeout(STEP_MAX, lookup_host((host, port))).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => return Err(format!("the name {host} was not found: {error}")),
        Err(_) => return Err(format!("the name {host} was not found: no answer from DNS")),
    };
    if found.is_empty() {
        return Err(format!("the name {host} has no address"));
    }
    Ok(found)
}

/// Tries addresses in turn; the first that works, else what the last one said.
async fn each<T>(
    addresses: &[SocketAddr],
    open: impl AsyncFn(SocketAddr) -> io::Result<T>,
) -> Result<(T, SocketAddr), String> {
    let mut told = String::new();
    for address in addresses {
        match timeout(STEP_MAX, open(*address)).await {
            Ok(Ok(opened)) => return Ok((opened, *address)),
            Ok(Err(error)) => told = format!("{address} cannot be reached: {error}"),
            Err(_) => told = format!("{address} cannot be reached: it does not answer"),
        }
    }
    Err(told)
}

async fn datagrams(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(socket)
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    let socket = SockRef::from(&stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    socket.set_tcp_keepalive(&keepalive)?;
    // What is not acknowledged for so long breaks the connection, so that it is opened anew.
    socket.set_tcp_user_timeout(Some(KEEPALIVE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
