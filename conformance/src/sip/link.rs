//! Where phones meet the network: connections, the task of one phone, the capture of what came.

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::chance;
use super::event::Event;
use super::handset::{Command, Handset, Output};
use super::identity::Transport;
use super::message::{Framing, Item};

/// How long a connection may take, TLS included, and a write.
const CONNECT_MAX: Duration = Duration::from_secs(10);
const WRITE_MAX: Duration = Duration::from_secs(30);
/// Between two bytes of a phone that sends one at a time.
const BYTE_PAUSE: Duration = Duration::from_millis(1);
/// What is read at once from a stream; of a datagram nothing may be cut.
const READ_BYTES: usize = 4096;
const DATAGRAM_BYTES: usize = 65_535;

/// Where and how phones connect.
pub(crate) struct Route {
    pub(crate) transport: Transport,
    pub(crate) server: SocketAddr,
    /// What the server's certificate has to name.
    pub(crate) server_name: ServerName<'static>,
    /// Servers tried in turn where no connection comes about, each with the name in its certificate.
    pub(crate) standby: Vec<(SocketAddr, ServerName<'static>)>,
    /// The longest first pause before connecting again, and the longest of all.
    pub(crate) pause_first: Duration,
    pub(crate) pause_max: Duration,
    pub(crate) capture: Option<Capture>,
}

impl Route {
    /// The server that is tried after so many in vain.
    fn turn(&self, at: usize) -> (SocketAddr, ServerName<'static>) {
        let standby = at.checked_rem(self.standby.len() + 1).and_then(|place| place.checked_sub(1));
        let found = standby.and_then(|place| self.standby.get(place));
        found.cloned().unwrap_or_else(|| (self.server, self.server_name.clone()))
    }
}

/// The near end of one phone's connections.
#[derive(Clone)]
pub(crate) struct Origin {
    /// Where they come from; wherever the system likes without.
    pub(crate) source: Option<IpAddr>,
    /// Trust, certificate and the sessions to resume.
    pub(crate) tls: Arc<ClientConfig>,
}

/// One connection; for UDP a socket that hears one server.
pub(crate) enum Link {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Link {
    /// Opens one to the first server.
    pub(crate) async fn open(route: &Route, origin: &Origin) -> io::Result<Self> {
        Self::open_to(route, route.turn(0), origin).await
    }

    async fn open_to(
        route: &Route,
        (server, name): (SocketAddr, ServerName<'static>),
        origin: &Origin,
    ) -> io::Result<Self> {
        let opening = async {
            let any: IpAddr = match server {
                SocketAddr::V4(_) => [0, 0, 0, 0].into(),
                SocketAddr::V6(_) => [0_u16; 8].into(),
            };
            let near = SocketAddr::new(origin.source.unwrap_or(any), 0);
            if route.transport == Transport::Udp {
                let socket = UdpSocket::bind(near).await?;
                socket.connect(server).await?;
                return Ok(Self::Udp(socket));
            }
            let socket = match near {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            if origin.source.is_some() {
                socket.bind(near)?;
            }
            let stream = socket.connect(server).await?;
            stream.set_nodelay(true)?;
            if route.transport == Transport::Tcp {
                return Ok(Self::Tcp(stream));
            }
            let connector = TlsConnector::from(Arc::clone(&origin.tls));
            let stream = connector.connect(name, stream).await?;
            Ok(Self::Tls(Box::new(stream)))
        };
        match tokio::time::timeout(CONNECT_MAX, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(io::Error::new(ErrorKind::TimedOut, "no connection within ten seconds")),
        }
    }

    /// The near end's address.
    pub(crate) fn local(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Udp(socket) => socket.local_addr(),
            Self::Tcp(stream) => stream.local_addr(),
            Self::Tls(stream) => stream.get_ref().0.local_addr(),
        }
    }

    /// The next bytes, none at the end of a stream. Nothing is lost where this is dropped, and no
    /// buffer waits with it: there may be ten thousand.
    pub(crate) async fn read(&mut self) -> io::Result<Vec<u8>> {
        poll_fn(|context| match self {
            Self::Udp(socket) => loop {
                if let Err(error) = std::task::ready!(socket.poll_recv_ready(context)) {
                    return Poll::Ready(Err(error));
                }
                let mut buffer = vec![0; DATAGRAM_BYTES];
                match socket.try_recv(&mut buffer) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Poll::Ready(Err(error)),
                    Ok(count) => {
                        buffer.truncate(count);
                        buffer.shrink_to_fit();
                        return Poll::Ready(Ok(buffer));
                    }
                }
            },
            Self::Tcp(stream) => poll_stream(context, stream),
            Self::Tls(stream) => poll_stream(context, stream.as_mut()),
        })
        .await
    }

    /// Sends all of it, or a byte at a time.
    pub(crate) async fn write(&mut self, bytes: &[u8], slowly: bool) -> io::Result<()> {
        let writing = async {
            if slowly && !matches!(self, Self::Udp(_)) {
                for byte in bytes {
                    self.write_at_once(std::slice::from_ref(byte)).await?;
                    tokio::time::sleep(BYTE_PAUSE).await;
                }
                return Ok(());
            }
            self.write_at_once(bytes).await
        };
        match tokio::time::timeout(WRITE_MAX, writing).await {
            Ok(written) => written,
            Err(_) => Err(io::Error::new(ErrorKind::TimedOut, "the server reads nothing")),
        }
    }

    async fn write_at_once(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Udp(socket) => socket.send(bytes).await.map(drop),
            Self::Tcp(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }
}

fn poll_stream(
    context: &mut Context<'_>,
    stream: &mut (impl AsyncRead + Unpin),
) -> Poll<io::Result<Vec<u8>>> {
    let mut bytes = [0; READ_BYTES];
    let mut buffer = ReadBuf::new(&mut bytes);
    Pin::new(stream).poll_read(context, &mut buffer).map_ok(|()| buffer.filled().to_vec())
}

/// The task of one phone; ends when nobody commands it any more.
pub(crate) async fn live(
    mut handset: Handset,
    route: Arc<Route>,
    origin: Origin,
    mut commands: mpsc::Receiver<Command>,
    mut tell: impl FnMut(Event),
) {
    let mut link: Option<Link> = None;
    let mut framing = Framing::default();
    let mut connects = Connects::default();
    let mut turn = 0;
    loop {
        while let Some(output) = handset.poll() {
            match output {
                Output::Tell(event) => tell(event),
                Output::Connect => connects.wanted = true,
                Output::Close => {
                    if link.take().is_some() {
                        handset.lost("closed by the phone");
                        connects.again(&route);
                    }
                }
                Output::Send(bytes) => {
                    let faults = handset.faults;
                    let Some(open) = link.as_mut().filter(|_| !faults.half_open) else { continue };
                    if let Err(error) = open.write(&bytes, faults.byte_at_a_time).await {
                        link = None;
                        handset.lost(&error.to_string());
                        connects.again(&route);
                    }
                }
            }
        }
        if link.is_none() && connects.is_due(handset.is_wanted()) {
            let (server, name) = route.turn(turn);
            let opened = Link::open_to(&route, (server, name), &origin).await;
            match opened.and_then(|open| Ok((open.local()?, open))) {
                Ok((local, open)) => {
                    link = Some(open);
                    framing = Framing::default();
                    connects.wanted = false;
                    handset.connected(Instant::now(), local, server);
                }
                Err(error) => {
                    tell(Event::NotConnected(error.to_string()));
                    turn += 1;
                    connects.again(&route);
                }
            }
            continue;
        }
        // A server that takes connections and no phone is not besieged.
        if handset.is_registered() {
            connects.pause = None;
        }
        let is_deaf = handset.faults.stop_reading || handset.faults.half_open;
        let until = handset.deadline();
        let until = match link.is_none() && (connects.wanted || handset.is_wanted()) {
            true => until.into_iter().chain(connects.not_before).min(),
            false => until,
        };
        // One or the other, whichever comes first.
        let happens = async {
            tokio::select! {
                read = read_from(&mut link), if !is_deaf => Some(read),
                () = sleep_until(until) => None,
            }
        };
        tokio::select! {
            // What was wished for before something came is done before it.
            biased;
            command = commands.recv() => {
                let Some(command) = command else { return };
                handset.command(Instant::now(), command);
            }
            happened = happens => match happened {
                None => handset.elapse(Instant::now()),
                Some(read) => {
                    if let Some(words) = take(&mut handset, &mut framing, &route, read) {
                        link = None;
                        handset.lost(&words);
                        connects.again(&route);
                    }
                }
            },
        }
    }
}

async fn read_from(link: &mut Option<Link>) -> io::Result<Vec<u8>> {
    match link {
        Some(link) => link.read().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

/// Hands what was read to the phone; answers why the connection is over, if it is.
fn take(
    handset: &mut Handset,
    framing: &mut Framing,
    route: &Route,
    read: io::Result<Vec<u8>>,
) -> Option<String> {
    let bytes = match read {
        // Nobody listens there now; the phone asks again in time.
        Err(_) if route.transport == Transport::Udp => return None,
        Err(error) => return Some(error.to_string()),
        Ok(bytes) if bytes.is_empty() => {
            return (route.transport != Transport::Udp).then(|| "closed by the server".to_owned());
        }
        Ok(bytes) => bytes,
    };
    let now = Instant::now();
    let device = &handset.identity.device;
    if route.transport == Transport::Udp {
        capture(route, device, &bytes);
        handset.received(now, Item::Message(bytes));
        return None;
    }
    framing.feed(&bytes);
    loop {
        match framing.next() {
            Ok(None) => return None,
            Ok(Some(item)) => {
                if let Item::Message(raw) = &item {
                    capture(route, &handset.identity.device, raw);
                }
                handset.received(now, item);
            }
            Err(words) => {
                handset.unreadable(words);
                return None;
            }
        }
    }
}

fn capture(route: &Route, device: &str, raw: &[u8]) {
    if let Some(capture) = &route.capture {
        capture.write(device, route.transport, raw);
    }
}

/// When a phone without connection opens one.
#[derive(Default)]
struct Connects {
    wanted: bool,
    not_before: Option<Instant>,
    pause: Option<Duration>,
}

impl Connects {
    fn is_due(&self, is_wanted: bool) -> bool {
        (self.wanted || is_wanted) && self.not_before.is_none_or(|at| at <= Instant::now())
    }

    /// After a failure: each time longer, and never all phones at once.
    fn again(&mut self, route: &Route) {
        let pause = self.pause.map_or(route.pause_first, |pause| pause * 2).min(route.pause_max);
        self.pause = Some(pause);
        let half = u64::try_from(pause.as_millis() / 2).unwrap_or_default();
        let jittered = Duration::from_millis(half + chance::below(half + 1));
        self.not_before = Some(Instant::now() + jittered);
    }
}

/// A file of all messages received, one JSON object a line, for judges that come later.
pub(crate) struct Capture(Mutex<File>);

impl Capture {
    /// Begins the file anew.
    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        let file = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(Mutex::new(file)))
    }

    fn write(&self, device: &str, transport: Transport, raw: &[u8]) {
        let message = BASE64_STANDARD.encode(raw);
        let line = json!({"phone": device, "transport": transport.parameter(), "message": message});
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A capture that cannot be written is short, which its reader notices.
        let _ = writeln!(file, "{line}");
    }
}
