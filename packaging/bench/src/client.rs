//! A client that sends the same request over and over on connections that stay open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::AnyError;

#[derive(Clone)]
pub(crate) struct Client {
    connector: TlsConnector,
    port: u16,
}

/// An answer's head and body as text.
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(ca: &str, port: u16) -> Result<Self, AnyError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(ca)? {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), port })
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>, AnyError> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(self.connector.connect(ServerName::try_from("localhost")?, stream).await?)
    }

    /// One request on a connection of its own.
    pub(crate) async fn get(&self, target: &str, headers: &str) -> Result<Answer, AnyError> {
        let mut stream = self.connect().await?;
        stream.write_all(self.request(target, headers).as_bytes()).await?;
        let mut buffer = Vec::new();
        let (head, length) = read(&mut stream, &mut buffer).await?;
        let body = buffer.get(head..head + length).unwrap_or_default();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let head = text(buffer.get(..head).unwrap_or_default());
        Ok(Answer { head, body: text(body) })
    }

    /// One request with a body on a connection of its own.
    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &str,
        body: &str,
    ) -> Result<Answer, AnyError> {
        let mut stream = self.connect().await?;
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost:{}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut buffer = Vec::new();
        let (head, length) = read(&mut stream, &mut buffer).await?;
        let text =
            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        Ok(Answer { head: text(buffer.get(..head)), body: text(buffer.get(head..head + length)) })
    }

    /// Requests a second over `connections` that stay open.
    pub(crate) async fn rate(
        &self,
        target: &str,
        headers: &str,
        connections: u32,
        lasting: Duration,
    ) -> Result<f64, AnyError> {
        let request = Arc::new(self.request(target, headers));
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(self.connect().await?);
        }
        let start = Instant::now();
        let tasks: Vec<_> = open
            .into_iter()
            .map(|mut stream| {
                let request = Arc::clone(&request);
                tokio::spawn(async move {
                    let mut done = 0u32;
                    let mut buffer = Vec::new();
                    while start.elapsed() < lasting {
                        stream.write_all(request.as_bytes()).await?;
                        let (head, length) = read(&mut stream, &mut buffer).await?;
                        if !buffer.starts_with(b"HTTP/1.1 200") {
                            return Err(AnyError::from("an answer that is not 200"));
                        }
                        buffer.drain(..head + length);
                        done += 1;
                    }
                    Ok(done)
                })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await??;
        }
        Ok(f64::from(done) / start.elapsed().as_secs_f64())
    }

    fn request(&self, target: &str, headers: &str) -> String {
        format!(
            "GET {target} HTTP/1.1\r\nHost: localhost:{}\r\nAccept-Charset: utf-8\r\n\
             x-CiscoIPPhoneModelName: CP-8845\r\n{headers}\r\n",
            self.port
        )
    }
}

/// Reads until a whole answer is in `buffer`; gives the lengths of its head and body.
async fn read(
    stream: &mut TlsStream<TcpStream>,
    buffer: &mut Vec<u8>,
) -> Result<(usize, usize), AnyError> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head =
                String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|length| length.trim().parse().ok())
                .unwrap_or(0);
            if buffer.len() >= end + 4 + length {
                return Ok((end + 4, length));
            }
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection was closed".into());
        }
    }
}
