//! Peers that mean harm: connections that stall, dribble or never read, and floods over UDP.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use super::tally::{percentiles, seconds};
use crate::sip::compose::{self, Registering, Style, Thread};
use crate::sip::identity::{Identity, Transport};
use crate::sip::link::{Link, Origin};
use crate::sip::options::Settled;

/// How a peer means harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Hostile {
    /// TLS connections that stop within the handshake
    StalledHandshakes,
    /// Connections that send half a request and then nothing
    HalfOpen,
    /// Connections that send nothing at all
    Mute,
    /// Requests a byte at a time
    Slow,
    /// Requests without end, whose answers are never read
    NeverReading,
    /// REGISTER over UDP that nobody stands behind
    FloodRegister,
    /// Bytes over UDP that are no SIP
    FloodGarbage,
}

impl Hostile {
    /// As the command line names it.
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// One attack.
pub(super) struct Harm {
    pub(super) kind: Hostile,
    pub(super) connections: usize,
    /// Connections or datagrams a second.
    pub(super) rate: f64,
    pub(super) keep: Duration,
    pub(super) byte_pause: Duration,
    pub(super) sources: Vec<IpAddr>,
    pub(super) settled: Arc<Settled>,
}

/// How one connection ended.
enum End {
    Refused,
    /// The server closed it, after that time.
    Closed(Duration),
    Open,
}

/// The beginning of a TLS 1.2 record that announces a ClientHello of 508 bytes, and no more.
const HALF_HELLO: [u8; 11] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];
/// Datagrams that one socket sends at a time before it looks at the clock.
const BURST: u32 = 32;
/// What the socket of a peer that never reads holds.
const RECEIVE_BYTES: u32 = 4096;

impl Harm {
    /// Does it to the end; answers the line to print.
    pub(super) async fn run(self) -> Result<Value, String> {
        let harm = Arc::new(self);
        match harm.kind {
            Hostile::FloodRegister | Hostile::FloodGarbage => harm.flood().await,
            _ => Ok(harm.connections().await),
        }
    }

    async fn connections(self: Arc<Self>) -> Value {
        let mut tasks = JoinSet::new();
        let began = Instant::now();
        let until =
            began + Duration::from_secs_f64(self.connections as f64 / self.rate) + self.keep;
        for at in 0..self.connections {
            let due = began + Duration::from_secs_f64(at as f64 / self.rate);
            tokio::time::sleep_until(due.into()).await;
            let harm = Arc::clone(&self);
            tasks.spawn(async move { harm.connection(at, until).await });
        }
        let (mut refused, mut open, mut closed) = (0_u64, 0_u64, Vec::new());
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok(End::Closed(after)) => closed.push(after.as_secs_f32()),
                Ok(End::Open) => open += 1,
                Ok(End::Refused) | Err(_) => refused += 1,
            }
        }
        json!({
            "event": "total", "hostile": self.kind.name(), "connections": self.connections,
            "refused": refused, "closed_by_server": closed.len(), "still_open": open,
            "closed_after_seconds": percentiles(&closed), "seconds": seconds(began.elapsed()),
        })
    }

    /// One connection until the server ends it or the time is over.
    async fn connection(&self, at: usize, until: Instant) -> End {
        let source = self.sources.get(at % self.sources.len().max(1)).copied();
        let handshakes = self.settled.route.transport == Transport::Tls
            && matches!(self.kind, Hostile::HalfOpen | Hostile::Slow | Hostile::NeverReading);
        let opened = match handshakes {
            true => {
                let origin = Origin { source, tls: Arc::clone(&self.settled.origin.tls) };
                Link::open(&self.settled.route, &origin).await
            }
            false => self.bare(source).await.map(Link::Tcp),
        };
        let Ok(mut link) = opened else { return End::Refused };
        let began = Instant::now();
        let harm = async {
            match self.kind {
                Hostile::StalledHandshakes => link.write(&HALF_HELLO, false).await?,
                Hostile::HalfOpen => {
                    let request = self.request(at, link.local()?);
                    link.write(request.get(..request.len() / 2).unwrap_or_default(), false).await?;
                }
                Hostile::Slow => return self.slowly(at, link).await,
                Hostile::NeverReading => return self.deaf(at, link).await,
                Hostile::Mute | Hostile::FloodRegister | Hostile::FloodGarbage => {}
            }
            while !link.read().await?.is_empty() {}
            Ok::<_, std::io::Error>(())
        };
        match tokio::time::timeout_at(until.into(), harm).await {
            // Its end or an error: either way the server has had enough.
            Ok(_) => End::Closed(began.elapsed()),
            Err(_) => End::Open,
        }
    }

    async fn bare(&self, source: Option<IpAddr>) -> std::io::Result<TcpStream> {
        let server = self.settled.route.server;
        let socket = match server {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        if self.kind == Hostile::NeverReading {
            socket.set_recv_buffer_size(RECEIVE_BYTES)?;
        }
        if let Some(source) = source.filter(|source| source.is_ipv4() == server.is_ipv4()) {
            socket.bind(SocketAddr::new(source, 0))?;
        }
        socket.connect(server).await
    }

    /// Bytes one after the other, while answers are read.
    async fn slowly(&self, at: usize, link: Link) -> std::io::Result<()> {
        let request = self.request(at, link.local()?);
        let pause = self.byte_pause;
        match link {
            Link::Tcp(stream) => dribble(stream, &request, pause).await,
            Link::Tls(stream) => dribble(*stream, &request, pause).await,
            Link::Udp(_) => Ok(()),
        }
    }

    async fn deaf(&self, at: usize, mut link: Link) -> std::io::Result<()> {
        let local = link.local()?;
        loop {
            let request = self.request(at, local);
            link.write(&request, false).await?;
        }
    }

    /// A REGISTER of a phone that does not exist.
    fn request(&self, at: usize, local: SocketAddr) -> Vec<u8> {
        let name = format!("SEPFF{at:010X}");
        let identity = Identity::new(&name, &name, "", "621");
        let settings = &self.settled.settings;
        let mut thread = Thread::new(local);
        let registering = Registering::Refresh;
        let register = compose::register(settings, &identity, local, &mut thread, registering);
        let style = Style::default();
        register.render(&compose::via(settings, local, style), None, style)
    }

    async fn flood(self: Arc<Self>) -> Result<Value, String> {
        let failed = |error: std::io::Error| error.to_string();
        let (sent, sent_bytes) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (got, got_bytes) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        let until = Instant::now() + self.keep;
        let began = Instant::now();
        for (at, source) in self.sources.iter().enumerate() {
            let socket = UdpSocket::bind(SocketAddr::new(*source, 0)).await.map_err(failed)?;
            socket.connect(self.settled.route.server).await.map_err(failed)?;
            let harm = Arc::clone(&self);
            let counts = [&sent, &sent_bytes, &got, &got_bytes].map(Arc::clone);
            tasks.spawn(async move { harm.flood_from(at, &socket, until, &counts).await });
        }
        while tasks.join_next().await.is_some() {}
        let [sent, sent_bytes, got, got_bytes] =
            [sent, sent_bytes, got, got_bytes].map(|count| count.load(Ordering::Relaxed));
        Ok(json!({
            "event": "total", "hostile": self.kind.name(), "sources": self.sources.len(),
            "seconds": seconds(began.elapsed()), "datagrams_sent": sent, "bytes_sent": sent_bytes,
            "datagrams_received": got, "bytes_received": got_bytes,
            "amplification": got_bytes as f64 / sent_bytes.max(1) as f64,
        }))
    }

    async fn flood_from(
        &self,
        at: usize,
        socket: &UdpSocket,
        until: Instant,
        [sent, sent_bytes, got, got_bytes]: &[Arc<AtomicU64>; 4],
    ) {
        let Ok(local) = socket.local_addr() else { return };
        let share = self.rate / self.sources.len().max(1) as f64;
        let pause = Duration::from_secs_f64(f64::from(BURST) / share);
        let mut buffer = vec![0; 65_535];
        let mut due = Instant::now();
        while due < until {
            for _ in 0..BURST {
                let datagram = match self.kind {
                    Hostile::FloodGarbage => garbage(),
                    _ => self.request(at, local),
                };
                // A refusal by the kernel is the server's: nobody listens.
                if socket.send(&datagram).await.is_ok() {
                    sent.fetch_add(1, Ordering::Relaxed);
                    sent_bytes.fetch_add(datagram.len() as u64, Ordering::Relaxed);
                }
            }
            while let Ok(count) = socket.try_recv(&mut buffer) {
                got.fetch_add(1, Ordering::Relaxed);
                got_bytes.fetch_add(count as u64, Ordering::Relaxed);
            }
            due += pause;
            tokio::time::sleep_until(due.into()).await;
        }
    }
}

async fn dribble(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite,
    request: &[u8],
    pause: Duration,
) -> std::io::Result<()> {
    let (mut reads, mut writes) = tokio::io::split(stream);
    let writing = async {
        for byte in request {
            writes.write_all(std::slice::from_ref(byte)).await?;
            writes.flush().await?;
            tokio::time::sleep(pause).await;
        }
        // Whole at last: a server that bears it may answer, and close in its own time.
        std::future::pending::<std::io::Result<()>>().await
    };
    let reading = async {
        let mut buffer = [0; 1024];
        while reads.read(&mut buffer).await? > 0 {}
        Ok(())
    };
    tokio::select! {
        written = writing => written,
        read = reading => read,
    }
}

/// Bytes that are no SIP, of a length like a REGISTER's.
fn garbage() -> Vec<u8> {
    let mut bytes = crate::sip::chance::hex(24).into_bytes();
    bytes.extend_from_slice(b"\r\n\0\xff\r\n\r\n");
    bytes
}
