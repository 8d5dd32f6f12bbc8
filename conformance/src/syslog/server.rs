//! Sockets of the receiver: whatever comes is one line of one queue.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::SyslogArguments;
use super::framing::Stream;
use super::message::parse;

/// Lines that wait to be printed.
const LINES_MAX: usize = 1_024;
/// The largest datagram there is.
const DATAGRAM_MAX: usize = 65_535;

/// A receiver that listens.
pub(super) struct Server {
    endpoints: Value,
    lines: mpsc::Receiver<Value>,
}

impl Server {
    /// Listens wherever it is asked to.
    pub(super) async fn bind(arguments: &SyslogArguments) -> Result<Self, String> {
        let (lines, received) = mpsc::channel(LINES_MAX);
        let mut endpoints = json!({});
        let at_once = arguments.close_at_once;
        if let Some(address) = arguments.udp {
            let named = |error: std::io::Error| format!("--udp {address}: {error}");
            let socket = UdpSocket::bind(address).await.map_err(named)?;
            tell(&mut endpoints, "udp", socket.local_addr().map_err(named)?);
            tokio::spawn(datagrams(socket, lines.clone()));
        }
        if let Some(address) = arguments.tcp {
            let named = |error: std::io::Error| format!("--tcp {address}: {error}");
            let socket = TcpListener::bind(address).await.map_err(named)?;
            tell(&mut endpoints, "tcp", socket.local_addr().map_err(named)?);
            tokio::spawn(connections(socket, None, at_once, lines.clone()));
        }
        if let Some(address) = arguments.tls {
            let named = |error: std::io::Error| format!("--tls {address}: {error}");
            let acceptor = acceptor(arguments)?;
            let socket = TcpListener::bind(address).await.map_err(named)?;
            tell(&mut endpoints, "tls", socket.local_addr().map_err(named)?);
            tokio::spawn(connections(socket, Some(acceptor), at_once, lines.clone()));
        }
        match endpoints.as_object() {
            Some(some) if !some.is_empty() => Ok(Self { endpoints, lines: received }),
            _ => Err("give at least one of --udp, --tcp and --tls".to_owned()),
        }
    }

    /// Where it listens.
    pub(super) fn endpoints(&self) -> &Value {
        &self.endpoints
    }

    /// The next line.
    pub(super) async fn next(&mut self) -> Option<Value> {
        self.lines.recv().await
    }
}

fn tell(endpoints: &mut Value, transport: &str, address: SocketAddr) {
    if let Some(endpoints) = endpoints.as_object_mut() {
        endpoints.insert(transport.to_owned(), json!(address.to_string()));
    }
}

async fn datagrams(socket: UdpSocket, lines: mpsc::Sender<Value>) {
    let mut bytes = vec![0; DATAGRAM_MAX];
    while let Ok((length, peer)) = socket.recv_from(&mut bytes).await {
        let datagram = bytes.get(..length).unwrap_or_default();
        let line = line("udp", "datagram", peer, datagram);
        if lines.send(line).await.is_err() {
            return;
        }
    }
}

async fn connections(
    socket: TcpListener,
    acceptor: Option<TlsAcceptor>,
    close_at_once: bool,
    lines: mpsc::Sender<Value>,
) {
    while let Ok((stream, peer)) = socket.accept().await {
        if close_at_once {
            continue;
        }
        let (lines, acceptor) = (lines.clone(), acceptor.clone());
        tokio::spawn(async move {
            match acceptor {
                None => receive(stream, "tcp", peer, lines).await,
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok(stream) => receive(stream, "tls", peer, lines).await,
                    Err(error) => {
                        let reason = error.to_string();
                        let _ = lines.send(event("tls", "no_handshake", peer, &reason)).await;
                    }
                },
            }
        });
    }
}

async fn receive(
    mut stream: impl AsyncRead + Unpin,
    transport: &'static str,
    peer: SocketAddr,
    lines: mpsc::Sender<Value>,
) {
    // Whoever reads the lines may be gone, and then nothing is left to do.
    let _ = lines.send(event(transport, "connected", peer, "")).await;
    let mut frames = Stream::new(transport == "tls");
    let mut bytes = vec![0; 16 * 1024];
    let reason = loop {
        let length = match stream.read(&mut bytes).await {
            Ok(0) if frames.is_within() => break "within a message".to_owned(),
            Ok(0) => break String::new(),
            Ok(length) => length,
            Err(error) => break error.to_string(),
        };
        frames.push(bytes.get(..length).unwrap_or_default());
        let broken = loop {
            match frames.next() {
                Ok(None) => break None,
                Ok(Some((framing, message))) => {
                    if lines.send(line(transport, framing.name(), peer, &message)).await.is_err() {
                        return;
                    }
                }
                Err(breach) => break Some(breach),
            }
        };
        if let Some(breach) = broken {
            let told =
                json!({"transport": transport, "peer": peer.to_string(), "violation": breach});
            let _ = lines.send(told).await;
            break "the frames cannot be told apart any more".to_owned();
        }
    };
    let _ = lines.send(event(transport, "closed", peer, &reason)).await;
}

fn event(transport: &str, event: &str, peer: SocketAddr, reason: &str) -> Value {
    json!({"transport": transport, "event": event, "peer": peer.to_string(), "reason": reason})
}

fn line(transport: &str, framing: &str, peer: SocketAddr, bytes: &[u8]) -> Value {
    let mut line = json!({
        "transport": transport,
        "framing": framing,
        "peer": peer.to_string(),
        "bytes": bytes.len(),
    });
    let (member, value) = match parse(bytes) {
        Ok(message) => ("message", message),
        Err(breach) => ("violation", json!(breach)),
    };
    if let Some(line) = line.as_object_mut() {
        if member == "violation" {
            line.insert("raw".to_owned(), json!(String::from_utf8_lossy(bytes)));
        }
        line.insert(member.to_owned(), value);
    }
    line
}

/// A certificate by an authority that is made here and now, and written down for senders.
fn acceptor(arguments: &SyslogArguments) -> Result<TlsAcceptor, String> {
    let wrong = |error: rcgen::Error| format!("the receiver's certificate: {error}");
    let name = vec![arguments.name.clone()];
    let authority_name = if arguments.self_signed { name.clone() } else { Vec::new() };
    let mut params = CertificateParams::new(authority_name).map_err(wrong)?;
    params.distinguished_name.push(DnType::CommonName, "Syslog receiver's authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().map_err(wrong)?;
    let authority = CertifiedIssuer::self_signed(params, authority_key).map_err(wrong)?;
    let (certificate, key) = if arguments.self_signed {
        (authority.der().clone(), authority.key().serialize_der())
    } else {
        let key = KeyPair::generate().map_err(wrong)?;
        let params = CertificateParams::new(name).map_err(wrong)?;
        let certificate = params.signed_by(&key, &authority).map_err(wrong)?;
        (certificate.der().clone(), key.serialize_der())
    };
    if let Some(path) = &arguments.authority {
        std::fs::write(path, authority.pem())
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let unusable = |error: &dyn std::fmt::Display| format!("TLS cannot be set up: {error}");
    let key = PrivateKeyDer::try_from(key).map_err(|error| unusable(&error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(|error| unusable(&error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
