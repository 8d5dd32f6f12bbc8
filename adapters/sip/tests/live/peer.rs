//! A peer that writes and reads text, and knows no more of SIP than how a message ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

use crate::authority::{Authority, Identity};
use crate::bench::{NODE, PATIENCE};

/// Numbers that make calls and branches unlike.
static NEXT: AtomicU32 = AtomicU32::new(1);

pub(crate) trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Bytes for T {}

enum Way {
    Stream(Box<dyn Bytes>),
    Datagrams(UdpSocket, SocketAddr),
}

/// A peer.
pub(crate) struct Peer {
    way: Way,
    pub(crate) local: SocketAddr,
    pub(crate) transport: &'static str,
    read: Vec<u8>,
}

/// A message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) start: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Got {
    fn parse(head: &str, body: &[u8]) -> Self {
        let mut lines = head.split("\r\n");
        let start = lines.next().unwrap().to_owned();
        let field = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no field: {line}"));
            (name.trim().to_owned(), value.trim().to_owned())
        };
        let fields = lines.filter(|line| !line.is_empty()).map(field).collect();
        Self { start, fields, body: String::from_utf8_lossy(body).into_owned() }
    }

    /// The status code; 0 for a request.
    pub(crate) fn code(&self) -> u16 {
        let code = self.start.strip_prefix("SIP/2.0 ").and_then(|it| it.split(' ').next());
        code.map_or(0, |it| it.parse().unwrap())
    }

    pub(crate) fn method(&self) -> &str {
        self.start.split(' ').next().unwrap()
    }

    pub(crate) fn uri(&self) -> &str {
        self.start.split(' ').nth(1).unwrap()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.fields.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &str {
        match self.all(name).as_slice() {
            [value] => value,
            other => panic!("{name}: {other:?} in {self:?}"),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }
}

impl Peer {
    pub(crate) async fn udp(to: SocketAddr) -> Self {
        let any = SocketAddr::new(to.ip(), 0);
        let socket = UdpSocket::bind(any).await.unwrap();
        let local = socket.local_addr().unwrap();
        Self { way: Way::Datagrams(socket, to), local, transport: "UDP", read: Vec::new() }
    }

    pub(crate) async fn tcp(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.unwrap();
        let local = stream.local_addr().unwrap();
        Self { way: Way::Stream(Box::new(stream)), local, transport: "TCP", read: Vec::new() }
    }

    /// Over TLS, with what it shows of itself; an error where the handshake fails at our end.
    pub(crate) async fn tls(
        to: SocketAddr,
        authority: &Authority,
        identity: Option<Identity>,
    ) -> std::io::Result<Self> {
        Self::tls_by(to, authority.roots(), identity).await
    }

    /// The same, where who signed is known as roots.
    pub(crate) async fn tls_by(
        to: SocketAddr,
        roots: RootCertStore,
        identity: Option<Identity>,
    ) -> std::io::Result<Self> {
        Self::tls_over(TcpStream::connect(to).await?, roots, identity).await
    }

    /// The same over a connection that is there.
    pub(crate) async fn tls_over(
        stream: TcpStream,
        roots: RootCertStore,
        identity: Option<Identity>,
    ) -> std::io::Result<Self> {
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            Some(Identity { chain, key }) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        let local = stream.local_addr()?;
        let name = ServerName::try_from(NODE).unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        Ok(Self { way: Way::Stream(Box::new(stream)), local, transport: "TLS", read: Vec::new() })
    }

    /// The other end of a connection that was accepted.
    pub(crate) fn accepted(
        stream: impl Bytes + 'static,
        local: SocketAddr,
        transport: &'static str,
    ) -> Self {
        Self { way: Way::Stream(Box::new(stream)), local, transport, read: Vec::new() }
    }

    /// Packets to and from whoever is at that address.
    pub(crate) fn at(socket: UdpSocket, to: SocketAddr) -> Self {
        let local = socket.local_addr().unwrap();
        Self { way: Way::Datagrams(socket, to), local, transport: "UDP", read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.try_send(text).await.unwrap();
    }

    pub(crate) async fn try_send(&mut self, text: impl AsRef<[u8]>) -> std::io::Result<()> {
        let bytes = text.as_ref();
        match &mut self.way {
            Way::Stream(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
            Way::Datagrams(socket, to) => socket.send_to(bytes, *to).await.map(drop),
        }
    }

    /// The next message; it must come.
    pub(crate) async fn next(&mut self) -> Got {
        match tokio::time::timeout(PATIENCE, self.read_message()).await {
            Ok(Some(got)) => got,
            Ok(None) => panic!("the connection ended"),
            Err(_) => panic!("no message came"),
        }
    }

    /// A message that is there already, or will be before anybody has anything else to do.
    pub(crate) async fn now(&mut self) -> Option<Got> {
        let idle = async {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            got = self.read_message() => got,
            () = idle => None,
        }
    }

    /// The next message, however long that takes, or `None` where the connection ends.
    pub(crate) async fn next_or_none(&mut self) -> Option<Got> {
        self.read_message().await
    }

    /// The next message, or `None` where the connection ends.
    pub(crate) async fn next_or_end(&mut self) -> Option<Got> {
        tokio::time::timeout(PATIENCE, self.read_message()).await.unwrap()
    }

    /// Whether a message is there already.
    pub(crate) fn has_more(&mut self) -> bool {
        match &self.way {
            Way::Datagrams(socket, _) => socket.try_recv(&mut [0; 10]).is_ok(),
            Way::Stream(_) => !self.read.is_empty(),
        }
    }

    /// How long the next packet is, where one is there.
    pub(crate) fn packet(&mut self) -> Option<usize> {
        let Way::Datagrams(socket, _) = &self.way else { panic!("a connection has no packets") };
        socket.try_recv(&mut [0; 65_536]).ok()
    }

    /// The connection must end, whatever comes before.
    pub(crate) async fn ends(&mut self) {
        let ended = async {
            let Way::Stream(stream) = &mut self.way else { panic!("packets do not end") };
            let mut bytes = [0; 4_096];
            while matches!(stream.read(&mut bytes).await, Ok(count) if count > 0) {}
        };
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            panic!("the connection did not end");
        }
    }

    /// Exactly so many bytes.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let Way::Stream(stream) = &mut self.way else { panic!("no stream") };
        while self.read.len() < count {
            let mut more = [0; 1_024];
            let read = tokio::time::timeout(PATIENCE, stream.read(&mut more)).await;
            let read = read.unwrap_or_else(|_| panic!("no bytes came")).unwrap();
            assert_ne!(read, 0, "the connection ended");
            self.read.extend_from_slice(&more[..read]);
        }
        self.read.drain(..count).collect()
    }

    async fn read_message(&mut self) -> Option<Got> {
        loop {
            if let Some(got) = self.take() {
                return Some(got);
            }
            let mut bytes = vec![0; 65_536];
            let count = match &mut self.way {
                Way::Stream(stream) => stream.read(&mut bytes).await.unwrap_or(0),
                Way::Datagrams(socket, _) => socket.recv(&mut bytes).await.unwrap(),
            };
            if count == 0 {
                return None;
            }
            self.read.extend_from_slice(&bytes[..count]);
        }
    }

    fn take(&mut self) -> Option<Got> {
        let end = self.read.windows(4).position(|it| it == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
        let length = head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim()
                .eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().unwrap())
        });
        let length: usize = length.unwrap_or_else(|| panic!("no Content-Length in {head}"));
        let all = end + 4 + length;
        if self.read.len() < all {
            return None;
        }
        let got = Got::parse(&head, &self.read[end + 4..all]);
        self.read.drain(..all);
        Some(got)
    }

    /// Sends a request, and the answer to it: the next final message.
    pub(crate) async fn ask(&mut self, request: &Request) -> Got {
        self.send(request.text(self)).await;
        self.next().await
    }

    /// Answers a request with that status and these further fields.
    pub(crate) async fn answer(&mut self, request: &Got, status: &str, fields: &[&str]) {
        self.send(answer(request, status, fields)).await;
    }
}

/// The answer to a request, as text.
pub(crate) fn answer(request: &Got, status: &str, fields: &[&str]) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        for value in request.all(name) {
            let tag = if name == "To" && !value.contains("tag=") { ";tag=peer" } else { "" };
            text += &format!("{name}: {value}{tag}\r\n");
        }
    }
    for field in fields {
        text += &format!("{field}\r\n");
    }
    text + "Content-Length: 0\r\n\r\n"
}

/// A number unlike all others.
pub(crate) fn unlike() -> u32 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A request that is being written.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A request with all it needs but Via, which is the peer's.
    pub(crate) fn new(method: &str, uri: &str) -> Self {
        let number = unlike();
        let mut request = Self {
            method: method.to_owned(),
            uri: uri.to_owned(),
            fields: Vec::new(),
            body: Vec::new(),
        };
        for (name, value) in [
            ("Via", format!("SIP/2.0/@ #;branch=z9hG4bK-{number};rport")),
            ("Max-Forwards", "70".to_owned()),
            ("From", format!("<sip:peer@{NODE}>;tag=f{number}")),
            ("To", format!("<sip:gateway@{NODE}>")),
            ("Call-ID", format!("call-{number}")),
            ("CSeq", format!("{number} {method}")),
        ] {
            request.fields.push((name.to_owned(), value));
        }
        request
    }

    /// The same request as another transaction.
    pub(crate) fn again(&self) -> Self {
        let number = unlike();
        let via = format!("SIP/2.0/@ #;branch=z9hG4bK-{number};rport");
        self.clone().set("Via", &via).set("CSeq", &format!("{number} {}", self.method))
    }

    /// Sets a field, which takes the place of all of that name.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        let at = self.fields.iter().position(|(it, _)| it.eq_ignore_ascii_case(name));
        self.fields.retain(|(it, _)| !it.eq_ignore_ascii_case(name));
        let at = at.unwrap_or(self.fields.len());
        self.fields.insert(at, (name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn add(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(it, _)| !it.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.set("Content-Type", content_type)
    }

    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    /// As that peer writes it.
    pub(crate) fn text(&self, peer: &Peer) -> Vec<u8> {
        let mut text = format!("{} {} SIP/2.0\r\n", self.method, self.uri);
        for (name, value) in &self.fields {
            let value = match name.as_str() {
                "Via" => {
                    value.replacen('@', peer.transport, 1).replacen('#', &peer.local.to_string(), 1)
                }
                _ => value.clone(),
            };
            text += &format!("{name}: {value}\r\n");
        }
        if !self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            text += &format!("Content-Length: {}\r\n", self.body.len());
        }
        let mut bytes = (text + "\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
