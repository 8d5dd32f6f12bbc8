//! Sockets that peers connect to: accepting, limits, TLS, and one HTTP/1.1 conversation each.
//!
//! ```text
//!   accept -> place in the table -> PROXY header -> TLS -> requests -> closed
//! ```
//!
//! Every step has a time limit, and a connection without a place in the table goes no further than
//! a short refusal. A stop closes the sockets, lets requests in hand end within a limit, and drops
//! what is left.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use engine::Clock;
use ipnet::IpNet;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::config::Limits;
use crate::http::{ListenerMetrics, Site, is_trusted};
use crate::inherited::{Inherited, Transport, Wanted};
use crate::log::{Line, LineLimit};
use crate::tls::acme::Challenges;
use crate::tls::{DeviceCertificates, Tls};

mod connection;
mod plain_refusal;
mod proxy_header;
mod rarely;
mod table;
#[cfg(test)]
mod tests;
mod watched;

pub(crate) use plain_refusal::PlainRefusal;

use table::{Full, Table};

/// Connections that wait to be accepted: those of a restart too. The kernel may allow fewer.
pub(crate) const BACKLOG: i32 = 4_096;
/// What the kernel may hold of packets while we are busy. It gives less where it is not allowed more.
const PACKETS_BYTES: usize = 4 * 1024 * 1024;
/// Refusals given at once; what comes beyond is closed without a word.
const REFUSALS_MAX: usize = 32;
/// Who acknowledges nothing for so long is gone: a stream would hold its place for a quarter of an hour.
const UNHEARD: Duration = Duration::from_secs(60);
/// How long we wait after the machine would not give us a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is needed to serve one listener.
pub(crate) struct Setup {
    pub(crate) name: &'static str,
    pub(crate) tls: Option<Arc<Tls>>,
    /// Where devices may prove themselves by a certificate.
    pub(crate) devices: Option<Arc<DeviceCertificates>>,
    pub(crate) proxy_protocol: bool,
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    pub(crate) limits: Limits,
    pub(crate) metrics: ListenerMetrics,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lines: LineLimit,
    pub(crate) content: Content,
}

/// What a listener answers with.
#[derive(Clone)]
pub(crate) enum Content {
    /// Routes of surfaces.
    Site(Arc<Site>),
    /// Answers to an ACME authority.
    Challenges(Arc<Challenges>),
    /// One fixed answer (PHN-02).
    Refusal(Arc<PlainRefusal>),
}

/// A listener at work.
pub(crate) struct Listener {
    setup: Setup,
    table: Arc<Table>,
    refusals: Arc<Semaphore>,
}

/// Why a listener has no socket.
#[derive(Debug, thiserror::Error)]
#[error("{name} cannot listen on {address}: {source}")]
pub struct BindError {
    name: &'static str,
    address: SocketAddr,
    source: io::Error,
}

impl BindError {
    /// Which sort of error the machine gave.
    pub(crate) fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

/// Sockets on all of `addresses`. One of an address family that the machine lacks is left out,
/// unless the operator chose it.
/// Those that were handed over are used as they are.
pub(crate) fn bind(
    name: &'static str,
    addresses: &[SocketAddr],
    chosen: bool,
    inherited: &mut Inherited,
) -> Result<Vec<StdListener>, BindError> {
    bind_each((name, Transport::Tcp), addresses, chosen, inherited, bind_one)
}

/// The same with sockets of packets.
pub(crate) fn bind_packets(
    name: &'static str,
    addresses: &[SocketAddr],
    chosen: bool,
    inherited: &mut Inherited,
) -> Result<Vec<UdpSocket>, BindError> {
    bind_each((name, Transport::Udp), addresses, chosen, inherited, bind_one_of_packets)
}

fn bind_each<S: From<Socket>>(
    (name, transport): (&'static str, Transport),
    addresses: &[SocketAddr],
    chosen: bool,
    inherited: &mut Inherited,
    bind: impl Fn(SocketAddr) -> io::Result<Socket>,
) -> Result<Vec<S>, BindError> {
    let mut sockets = Vec::new();
    let mut left_out = None;
    for &address in addresses {
        let of_before = inherited.take(&Wanted { listener: name, transport, address });
        match of_before.map_or_else(|| bind(address), Ok) {
            Ok(socket) => sockets.push(socket.into()),
            Err(source) if !chosen && lacks_family(&source) => {
                tracing::warn!(listener = name, %address, "address family left out: not on this machine");
                left_out = Some((address, source));
            }
            Err(source) => return Err(BindError { name, address, source }),
        }
    }
    match left_out {
        Some((address, source)) if sockets.is_empty() => Err(BindError { name, address, source }),
        _ => Ok(sockets),
    }
}

/// The same where a port that another program has is done without, unless the operator chose it; `section`
/// is that of its keys.
pub(crate) fn unless_taken<S>(
    chosen: bool,
    section: &'static str,
    bound: Result<Vec<S>, BindError>,
) -> Result<Vec<S>, BindError> {
    match bound {
        Err(error) if !chosen && error.kind() == io::ErrorKind::AddrInUse => {
            let why = error.to_string();
            tracing::warn!(
                why,
                "done without this port; choose another in listeners.{section}, or 0 for none"
            );
            Ok(Vec::new())
        }
        bound => bound,
    }
}

fn lacks_family(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, Unsupported};
    const ADDRESS_FAMILY_NOT_SUPPORTED: i32 = 97;
    matches!(error.kind(), AddrNotAvailable | Unsupported)
        || error.raw_os_error() == Some(ADDRESS_FAMILY_NOT_SUPPORTED)
}

fn bind_one(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // So that the same port can be had for IPv4 by itself.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn bind_one_of_packets(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    let _ = socket.set_recv_buffer_size(PACKETS_BYTES);
    let _ = socket.set_send_buffer_size(PACKETS_BYTES);
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

impl Listener {
    pub(crate) fn new(setup: Setup) -> Arc<Self> {
        let limits = &setup.limits;
        let table = Table::new(limits.connections_max, limits.connections_per_source_max);
        Arc::new(Self { setup, table, refusals: Arc::new(Semaphore::new(REFUSALS_MAX)) })
    }

    /// Serves `sockets` until `stop` becomes true and requests in hand have ended, or `abort`
    /// becomes true.
    pub(crate) async fn serve(
        self: Arc<Self>,
        sockets: Vec<StdListener>,
        stop: watch::Receiver<bool>,
        mut abort: watch::Receiver<bool>,
    ) {
        // Every connection holds a sender; when all are gone, so are the connections.
        let (alive, mut gone) = mpsc::channel::<()>(1);
        let mut accepting = Vec::new();
        for socket in sockets {
            match TcpListener::from_std(socket) {
                Ok(socket) => accepting.push(tokio::spawn(Arc::clone(&self).accept(
                    socket,
                    Ending { stop: stop.clone(), abort: abort.clone(), _alive: alive.clone() },
                ))),
                Err(error) => {
                    tracing::error!(listener = self.setup.name, %error, "a socket cannot be used");
                }
            }
        }
        drop(alive);
        for task in accepting {
            if task.await.is_err() {
                tracing::error!(listener = self.setup.name, "accepting broke off");
            }
        }
        tokio::select! {
            biased;
            _ = gone.recv() => {}
            () = is_true(&mut abort) => {
                tracing::warn!(listener = self.setup.name, "connections cut off: they took too long");
                let _ = gone.recv().await;
            }
        }
    }

    async fn accept(self: Arc<Self>, socket: TcpListener, ending: Ending) {
        let mut stop = ending.stop.clone();
        loop {
            let accepted = tokio::select! {
                () = is_true(&mut stop) => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer, &ending),
                Err(error) => {
                    // Mostly too many open files; the connections in hand go on.
                    if self.setup.lines.may_write(Line::NotAccepted, self.setup.clock.now()) {
                        tracing::warn!(listener = self.setup.name, %error, "a connection was not accepted");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, ending: &Ending) {
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(UNHEARD));
        let proxy = is_trusted(&self.setup.trusted_proxies, peer.ip());
        let source = (!proxy).then(|| peer.ip().into());
        match self.table.enter(source) {
            Ok(place) => {
                let listener = Arc::clone(self);
                let ending = ending.clone();
                tokio::spawn(async move {
                    listener.setup.metrics.open.add(1);
                    connection::serve(&listener, stream, peer.ip(), place, ending).await;
                    listener.setup.metrics.open.add(-1);
                });
            }
            Err(Full::Source) => {
                self.setup.metrics.source.increment();
                self.setup.metrics.overload.increment();
            }
            Err(Full::Table) => {
                self.setup.metrics.full.increment();
                self.setup.metrics.overload.increment();
                if let Ok(turn) = Arc::clone(&self.refusals).try_acquire_owned() {
                    let listener = Arc::clone(self);
                    tokio::spawn(async move {
                        connection::refuse(&listener, stream).await;
                        drop(turn);
                    });
                }
            }
        }
    }
}

/// How a connection learns of the end, and how the listener learns of the connection's.
#[derive(Clone)]
struct Ending {
    stop: watch::Receiver<bool>,
    abort: watch::Receiver<bool>,
    _alive: mpsc::Sender<()>,
}

/// Waits until the signal is given; one whose sender is gone counts as given.
async fn is_true(signal: &mut watch::Receiver<bool>) {
    let _ = signal.wait_for(|given| *given).await;
}
