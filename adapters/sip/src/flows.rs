//! The flows there are: connections by number, datagram sockets, and what waits to be written to each.
//!
//! A connection's task alone reads and writes it; everybody else puts bytes into its queue, which is bounded:
//! a peer that does not read is cut off rather than waited for. Datagrams are sent at once or not at all.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::DeviceName;
use protocols::sip::Flow;
use tokio::net::UdpSocket;
use tokio::sync::Notify;

use crate::limits::Limits;
use crate::sources::Source;
use crate::time::now;

/// Who a connection was proven to belong to when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proven {
    /// Nobody; proofs come with requests.
    Nobody,
    /// The phone that its certificate names.
    Device(DeviceName),
    /// The next hop that we called, or whose certificate names it.
    NextHop(String),
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) flow: Flow,
    /// The address of ours that the peer reached.
    pub(crate) local: SocketAddr,
    pub(crate) proven: Proven,
    /// When it was opened.
    pub(crate) opened: Instant,
    /// Whether the peer opened it.
    pub(crate) is_incoming: bool,
    queue: Mutex<Queue>,
    messages_max: usize,
    bytes_max: usize,
    wake: Notify,
    closing: AtomicBool,
    cut: AtomicBool,
    /// Whether a request proved who is there.
    is_known: AtomicBool,
    /// How long it may be silent, in milliseconds.
    silence_milliseconds: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Bytes>,
    bytes: usize,
}

impl Connection {
    /// Puts bytes into the queue; `false` where it is full, and the connection ends then.
    pub(crate) fn push(&self, bytes: Bytes) -> bool {
        {
            let mut queue = locked(&self.queue);
            let length = queue.bytes.saturating_add(bytes.len());
            if queue.waiting.len() >= self.messages_max || length > self.bytes_max {
                drop(queue);
                self.cut.store(true, Ordering::Release);
                self.wake.notify_one();
                return false;
            }
            queue.bytes = length;
            queue.waiting.push_back(bytes);
        }
        self.wake.notify_one();
        true
    }

    /// What is to be written next.
    pub(crate) fn next(&self) -> Option<Bytes> {
        let mut queue = locked(&self.queue);
        let next = queue.waiting.pop_front()?;
        queue.bytes = queue.bytes.saturating_sub(next.len());
        if queue.waiting.is_empty() {
            // Most connections are idle most of the time.
            queue.waiting = VecDeque::new();
        }
        Some(next)
    }

    /// Waits until something is to be written or the connection is to end.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Ends it once all that waits was written.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    /// Somebody proved who they are over it, and it may be silent for so long; the longest that was told counts.
    pub(crate) fn know(&self, silence: Duration) {
        let silence = u64::try_from(silence.as_millis()).unwrap_or(u64::MAX);
        self.silence_milliseconds.fetch_max(silence, Ordering::AcqRel);
        self.is_known.store(true, Ordering::Release);
    }

    pub(crate) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Acquire)
    }

    pub(crate) fn silence(&self) -> Duration {
        Duration::from_millis(self.silence_milliseconds.load(Ordering::Acquire))
    }
}

/// A datagram socket of ours.
#[derive(Debug)]
pub(crate) struct Datagrams {
    pub(crate) socket: UdpSocket,
    /// Where it is bound.
    pub(crate) local: SocketAddr,
}

/// Where connections are taken.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ports {
    pub(crate) tcp: Option<u16>,
    pub(crate) tls: Option<u16>,
}

/// Why there is no room for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// There are too many.
    All,
    /// There are too many of that source.
    Source,
}

/// All flows.
#[derive(Debug)]
pub(crate) struct Flows {
    datagrams: OnceLock<Vec<Arc<Datagrams>>>,
    listeners: OnceLock<Vec<(&'static str, SocketAddr)>>,
    ports: OnceLock<Ports>,
    connections: Mutex<HashMap<u64, Arc<Connection>>>,
    of_sources: Mutex<(usize, HashMap<Source, usize>)>,
    numbers: AtomicU64,
    limits: Limits,
}

/// A connection's place among those there may be; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    flows: Arc<Flows>,
    source: Source,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = locked(&self.flows.of_sources);
        counts.0 = counts.0.saturating_sub(1);
        if let Some(count) = counts.1.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.1.remove(&self.source);
            }
        }
    }
}

impl Flows {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            datagrams: OnceLock::new(),
            listeners: OnceLock::new(),
            ports: OnceLock::new(),
            connections: Mutex::default(),
            of_sources: Mutex::default(),
            numbers: AtomicU64::new(1),
            limits: limits.clone(),
        })
    }

    /// The datagram sockets; to be told once.
    pub(crate) fn set_datagrams(&self, sockets: Vec<Arc<Datagrams>>) {
        // Whoever runs the adapter runs it once.
        let _ = self.datagrams.set(sockets);
    }

    /// All that listens, by transport; to be told once.
    pub(crate) fn set_listeners(&self, listeners: Vec<(&'static str, SocketAddr)>) {
        // Whoever runs the adapter runs it once.
        let _ = self.listeners.set(listeners);
    }

    /// All that listens, by transport.
    pub(crate) fn listeners(&self) -> &[(&'static str, SocketAddr)] {
        self.listeners.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// The datagram socket of that number.
    pub(crate) fn datagrams(&self, number: u16) -> Option<&Arc<Datagrams>> {
        self.datagrams.get()?.get(usize::from(number))
    }

    /// The first datagram socket of that family, by its number.
    pub(crate) fn datagrams_for(&self, peer: SocketAddr) -> Option<u16> {
        let sockets = self.datagrams.get()?;
        let at = sockets.iter().position(|it| it.local.is_ipv4() == peer.is_ipv4())?;
        u16::try_from(at).ok()
    }

    /// A place for a connection from there; a next hop that is trusted brings those of many, and has as many as
    /// it wants.
    pub(crate) fn place(self: &Arc<Self>, peer: SocketAddr, is_hop: bool) -> Result<Place, NoRoom> {
        let source = Source::of(peer.ip());
        let mut counts = locked(&self.of_sources);
        if counts.0 >= self.limits.connections_max {
            return Err(NoRoom::All);
        }
        let count = counts.1.entry(source).or_default();
        if !is_hop && *count >= self.limits.connections_per_source_max {
            return Err(NoRoom::Source);
        }
        *count = count.saturating_add(1);
        counts.0 = counts.0.saturating_add(1);
        drop(counts);
        Ok(Place { flows: Arc::clone(self), source })
    }

    /// Takes a connection up.
    pub(crate) fn open(
        &self,
        peer: SocketAddr,
        local: SocketAddr,
        secure: bool,
        proven: Proven,
        is_incoming: bool,
    ) -> Arc<Connection> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            flow: Flow::Stream { number, peer, secure },
            local,
            proven,
            opened: now(),
            is_incoming,
            queue: Mutex::default(),
            messages_max: self.limits.queue_messages_max,
            bytes_max: self.limits.queue_bytes_max,
            wake: Notify::new(),
            closing: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            is_known: AtomicBool::new(false),
            silence_milliseconds: AtomicU64::new(0),
        });
        locked(&self.connections).insert(number, Arc::clone(&connection));
        connection
    }

    /// Forgets a connection that ended.
    pub(crate) fn ended(&self, flow: &Flow) {
        if let Flow::Stream { number, .. } = flow {
            locked(&self.connections).remove(number);
        }
    }

    /// The connection of that flow.
    pub(crate) fn connection(&self, flow: &Flow) -> Option<Arc<Connection>> {
        match flow {
            Flow::Stream { number, .. } => locked(&self.connections).get(number).cloned(),
            Flow::Datagram { .. } => None,
        }
    }

    /// Whether something can be sent over that flow.
    pub(crate) fn is_there(&self, flow: &Flow) -> bool {
        match flow {
            Flow::Datagram { socket, .. } => self.datagrams(*socket).is_some(),
            Flow::Stream { .. } => self.connection(flow).is_some_and(|it| !it.is_closing()),
        }
    }

    /// Where connections are taken; to be told once.
    pub(crate) fn set_ports(&self, ports: Ports) {
        // Whoever runs the adapter runs it once.
        let _ = self.ports.set(ports);
    }

    /// The address at which the peer of that flow reaches us: where we opened the connection, that is the
    /// port that we listen at, since nobody could call the other one.
    pub(crate) fn local(&self, flow: &Flow) -> Option<SocketAddr> {
        let connection = match flow {
            Flow::Datagram { socket, .. } => return Some(self.datagrams(*socket)?.local),
            Flow::Stream { .. } => self.connection(flow)?,
        };
        let ports = self.ports.get().copied().unwrap_or_default();
        let listens = if flow.is_secure() { ports.tls } else { ports.tcp };
        let port = listens.filter(|_| !connection.is_incoming);
        Some(SocketAddr::new(connection.local.ip(), port.unwrap_or(connection.local.port())))
    }

    /// Sends bytes over that flow, or puts them into its queue; `false` where it is gone or full.
    pub(crate) fn transmit(&self, flow: &Flow, bytes: Bytes) -> bool {
        match flow {
            Flow::Datagram { socket, peer } => {
                let Some(datagrams) = self.datagrams(*socket) else { return false };
                datagrams.socket.try_send_to(&bytes, *peer).is_ok()
            }
            Flow::Stream { .. } => self.connection(flow).is_some_and(|it| it.push(bytes)),
        }
    }

    /// All connections.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        locked(&self.connections).values().cloned().collect()
    }

    /// How many connections are open, whoever opened them; those in a handshake are not yet.
    pub(crate) fn count(&self) -> usize {
        locked(&self.connections).len()
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn a_source_has_only_so_many_connections_and_gives_them_back() {
        let limits =
            Limits { connections_per_source_max: 2, connections_max: 3, ..Limits::default() };
        let flows = Flows::new(&limits);
        let first = flows.place(peer(1), false).unwrap();
        let _second = flows.place(peer(2), false).unwrap();
        assert_eq!(flows.place(peer(3), false).err(), Some(NoRoom::Source));
        let other = SocketAddr::from(([192, 0, 2, 2], 1));
        let _third = flows.place(other, false).unwrap();
        assert_eq!(
            flows.place(SocketAddr::from(([192, 0, 2, 3], 1)), false).err(),
            Some(NoRoom::All)
        );
        drop(first);
        assert!(flows.place(peer(3), false).is_ok());
        // Connections of a next hop are counted, and not limited but with all others.
        let _third_of_it = flows.place(peer(3), true);
        assert_eq!(flows.place(peer(4), true).err(), Some(NoRoom::All));
    }

    #[test]
    fn a_peer_that_does_not_read_is_cut_off() {
        let limits = Limits { queue_messages_max: 2, queue_bytes_max: 10, ..Limits::default() };
        let flows = Flows::new(&limits);
        let connection = flows.open(peer(1), peer(9), false, Proven::Nobody, true);
        assert!(flows.transmit(&connection.flow, Bytes::from_static(b"12345")));
        assert!(!flows.transmit(&connection.flow, Bytes::from_static(b"123456")));
        assert!(connection.is_cut());
        assert_eq!(connection.next().as_deref(), Some(&b"12345"[..]));
        flows.ended(&connection.flow);
        assert!(!flows.transmit(&connection.flow, Bytes::from_static(b"1")));
    }
}
