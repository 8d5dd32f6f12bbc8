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
use crate::places::{NoRoom, Place, Places};
use crate::time::now;

/// Bytes that may wait to be written to a connection whose holder proved nothing.
const UNPROVEN_BYTES: usize = 16 * 1024;

/// What may come over a connection within a minute that is no SIP, or answers nothing of ours.
const MISDEEDS_MAX: u32 = 60;
const MISDEEDS_WITHIN: Duration = Duration::from_secs(60);

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
    /// Its place is wanted for somebody else.
    gives_way: AtomicBool,
    place: OnceLock<u64>,
    /// A phone keeps it to the node that it would turn to.
    stands_by: AtomicBool,
    /// Whether a request proved who is there.
    is_known: AtomicBool,
    /// How long it may be silent, in milliseconds.
    silence_milliseconds: AtomicU64,
    /// What it did wrong, and since when that is counted.
    misdeeds: Mutex<(u32, Option<Instant>)>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Bytes>,
    bytes: usize,
}

impl Connection {
    /// Puts bytes into the queue; `false` where it is full, and the connection ends then, or where it is to end.
    pub(crate) fn push(&self, bytes: Bytes) -> bool {
        if self.is_closing() {
            return false;
        }
        {
            let mut queue = locked(&self.queue);
            let length = queue.bytes.saturating_add(bytes.len());
            let bytes_max =
                if self.is_trusted() { self.bytes_max } else { self.bytes_max.min(UNPROVEN_BYTES) };
            if queue.waiting.len() >= self.messages_max || length > bytes_max {
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

    /// Ends it once all that waits was written. Nothing more is taken from it or put into it, and what it proved
    /// counts no more.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Something came over it that is no SIP, or answers nothing of ours; it ends where that happens too often.
    pub(crate) fn misdeed(&self, now: Instant) {
        let mut misdeeds = locked(&self.misdeeds);
        let (count, since) = &mut *misdeeds;
        if since.is_none_or(|since| now.saturating_duration_since(since) >= MISDEEDS_WITHIN) {
            (*count, *since) = (0, Some(now));
        }
        *count = count.saturating_add(1);
        if *count > MISDEEDS_MAX {
            drop(misdeeds);
            self.close();
        }
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

    /// Whether who is there proved who they are, by their certificate or by a request.
    pub(crate) fn is_trusted(&self) -> bool {
        self.proven != Proven::Nobody || self.is_known()
    }

    /// The number of its place.
    pub(crate) fn sits_at(&self, place: u64) {
        // It is told once.
        let _ = self.place.set(place);
    }

    /// Ends it at once: its place is wanted for somebody else.
    pub(crate) fn give_way(&self) {
        self.gives_way.store(true, Ordering::Release);
        self.cut.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub(crate) fn gives_way(&self) -> bool {
        self.gives_way.load(Ordering::Acquire)
    }

    fn stand_by(&self, silence: Duration) {
        let silence = u64::try_from(silence.as_millis()).unwrap_or(u64::MAX);
        self.silence_milliseconds.fetch_max(silence, Ordering::AcqRel);
        self.stands_by.store(true, Ordering::Release);
    }

    /// Whether silence alone ends it.
    pub(crate) fn may_stay(&self) -> bool {
        self.is_known() || self.stands_by.load(Ordering::Acquire)
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

/// All flows.
#[derive(Debug)]
pub(crate) struct Flows {
    datagrams: OnceLock<Vec<Arc<Datagrams>>>,
    listeners: OnceLock<Vec<(&'static str, SocketAddr)>>,
    ports: OnceLock<Ports>,
    connections: Mutex<HashMap<u64, Arc<Connection>>>,
    places: Arc<Places>,
    numbers: AtomicU64,
    limits: Limits,
}

impl Flows {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            datagrams: OnceLock::new(),
            listeners: OnceLock::new(),
            ports: OnceLock::new(),
            connections: Mutex::default(),
            places: Places::new(limits),
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
    pub(crate) fn place(&self, peer: SocketAddr, is_hop: bool) -> Result<Place, NoRoom> {
        self.places.place(peer, is_hop)
    }

    /// How many places are taken, by connections that came and those in a handshake.
    pub(crate) fn places(&self) -> usize {
        self.places.count()
    }

    /// A phone stands by over that connection, which may be silent for so long.
    pub(crate) fn stands_by(&self, connection: &Connection, silence: Duration) {
        let Some(place) = connection.place.get() else { return };
        connection.stand_by(silence);
        self.places.stands_by(*place);
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
            gives_way: AtomicBool::new(false),
            place: OnceLock::new(),
            stands_by: AtomicBool::new(false),
            is_known: AtomicBool::new(false),
            silence_milliseconds: AtomicU64::new(0),
            misdeeds: Mutex::default(),
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
