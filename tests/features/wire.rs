//! A client that sends exactly the bytes it is told to, over TLS or plainly.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::gateway::{Gateway, PATIENCE};

/// An answer, cut into its parts.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

/// Host and port out of a URL.
pub(crate) fn authority(url: &str) -> String {
    url.split("//").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

pub(crate) fn tcp(authority: &str) -> TcpStream {
    let stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// What stands in those PEM files, to trust.
pub(crate) fn roots(files: impl IntoIterator<Item = impl AsRef<Path>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for file in files {
        for certificate in CertificateDer::pem_file_iter(file).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
    }
    roots
}

/// A TLS connection to the phone listener that checks the gateway's certificate.
pub(crate) fn tls(gateway: &Gateway) -> Tls {
    connect(&authority(&gateway.endpoint("phone")), roots([gateway.endpoint("ca")]))
}

/// The certificate shown to those who ask for `localhost`, which has to be among `trusted`.
pub(crate) fn shown_certificate(port: u16, trusted: &RootCertStore) -> Vec<u8> {
    let stream = connect(&format!("localhost:{port}"), trusted.clone());
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

pub(crate) fn connect(authority: &str, roots: RootCertStore) -> Tls {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = authority.split(':').next().unwrap().to_owned();
    let name = ServerName::try_from(host).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, tcp(authority));
    // Now rather than with the first bytes, whose failure may be what a test expects.
    stream.conn.complete_io(&mut stream.sock).unwrap();
    stream
}

/// The same to any listener of this machine whose certificate is among `trusted`.
pub(crate) fn send_to(port: u16, trusted: &RootCertStore, bytes: &[u8]) -> Option<Answer> {
    let mut stream = connect(&format!("localhost:{port}"), trusted.clone());
    let _ = stream.write_all(bytes);
    let _ = stream.flush();
    read(&mut stream)
}

/// Sends bytes as they are over a new TLS connection and reads one answer, where there is one.
pub(crate) fn send(gateway: &Gateway, bytes: &[u8]) -> Option<Answer> {
    let mut stream = tls(gateway);
    // A peer that has seen enough may close before all is sent.
    let _ = stream.write_all(bytes);
    let _ = stream.flush();
    read(&mut stream)
}

/// Fetches a target from the phone listener with more header lines.
pub(crate) fn get(gateway: &Gateway, target: &str, headers: &str) -> Answer {
    let authority = authority(&gateway.endpoint("phone"));
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n{headers}\r\n");
    send(gateway, request.as_bytes()).expect("an answer")
}

/// Asks the REST interface, whose paths are given without `/api/v1`.
#[track_caller]
pub(crate) fn api(gateway: &Gateway, asked: &str, headers: &str, body: &str) -> Answer {
    let authority = authority(&gateway.endpoint("api"));
    let (method, path) = asked.split_once(' ').unwrap();
    let length = body.len();
    let request = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    );
    let mut stream = connect(&authority, roots([gateway.endpoint("ca")]));
    stream.write_all(request.as_bytes()).unwrap();
    stream.flush().unwrap();
    read(&mut stream).expect("an answer")
}

/// Fetches a plain URL.
pub(crate) fn get_plain(url: &str) -> Answer {
    let authority = authority(url);
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    let mut stream = tcp(&authority);
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")
        .unwrap();
    read(&mut stream).expect("an answer")
}

/// Reads one answer; `None` where the peer closed without one. One that neither answers nor closes is
/// no case of that.
#[track_caller]
pub(crate) fn read(stream: &mut impl Read) -> Option<Answer> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(answer) = parse(&bytes) {
            return Some(answer);
        }
        match stream.read(&mut buffer) {
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {
                panic!("neither an answer nor an end in {PATIENCE:?}")
            }
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// The answer that these bytes begin with, once they are all of it.
pub(crate) fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let answer = Answer { status, head, body: bytes[end + 4..].to_vec() };
    let length = answer.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    (answer.body.len() >= length).then_some(answer)
}
