//! A server that follows a script for each connection, in order.
//!
//! A script is lines: `T` makes the connection private; `S: text` says a line, `S- text` one without its end, where
//! `{t}` is the tag heard last and `¶` a line end; `C: text` hears a line that has to hold the text; `L n` hears n
//! bytes; `D` hears a mail up to its final dot; `B text` hears an HTTP request that has to hold it; `R hex` hears
//! and `W hex` says bytes; `H` says nothing more and waits for the end; `X` closes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};

use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}
type Boxed = Pin<Box<dyn Stream>>;

struct Identity {
    certificate: CertificateDer<'static>,
    pem: String,
    key: Vec<u8>,
}

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der();
    Identity { certificate: made.cert.der().clone(), pem: made.cert.pem(), key }
});

/// Whom a client has to trust.
pub(crate) fn certificate_pem() -> &'static str {
    &IDENTITY.pem
}

/// A client that trusts these servers.
pub(crate) fn client_config() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(IDENTITY.certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

fn acceptor() -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(IDENTITY.key.clone()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![IDENTITY.certificate.clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A server with its scripts.
pub(crate) struct Server {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    faults: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    expected: usize,
    task: JoinHandle<()>,
}

impl Server {
    /// Follows one script for each connection.
    pub(crate) async fn start<S: Into<String>>(scripts: impl IntoIterator<Item = S>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scripts: Vec<String> = scripts.into_iter().map(Into::into).collect();
        let expected = scripts.len();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let faults: Arc<Mutex<Vec<String>>> = Arc::default();
        let connections: Arc<Mutex<usize>> = Arc::default();
        let (told, wrong, count) = (heard.clone(), faults.clone(), connections.clone());
        let task = tokio::spawn(async move {
            let mut following = tokio::task::JoinSet::new();
            let mut scripts = scripts.into_iter().enumerate();
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let Some((number, script)) = scripts.next() else {
                    wrong.lock().unwrap().push("a connection too many".to_owned());
                    continue;
                };
                let (told, wrong) = (told.clone(), wrong.clone());
                following.spawn(async move {
                    if let Err(fault) = follow(&script, Box::pin(stream), &told).await {
                        wrong.lock().unwrap().push(format!("connection {number}: {fault}"));
                    }
                });
            }
        });
        Self { port, heard, faults, connections, expected, task }
    }

    /// All that was heard, line by line.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Ends the test: everything went by the script, and all scripts were begun.
    pub(crate) fn finish(&self) {
        let faults = self.faults.lock().unwrap().clone();
        assert!(faults.is_empty(), "{faults:#?}\nheard: {:#?}", self.heard());
        assert_eq!(*self.connections.lock().unwrap(), self.expected, "{:#?}", self.heard());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(script: &str, mut stream: Boxed, heard: &Mutex<Vec<String>>) -> Result<(), String> {
    let mut tag = String::new();
    for step in script.lines().filter(|line| !line.is_empty()) {
        let (verb, rest) = step.split_at(step.len().min(2));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let done = match verb {
            "T" => match acceptor().accept(stream).await {
                Ok(private) => {
                    stream = Box::pin(private);
                    continue;
                }
                Err(error) => return Err(format!("TLS: {error}")),
            },
            "S:" | "S-" => {
                let mut text = rest.replace("{t}", &tag).replace('¶', "\r\n");
                if verb == "S:" {
                    text.push_str("\r\n");
                }
                say(&mut stream, text.as_bytes()).await
            }
            "C:" => {
                let line = line(&mut stream).await.map_err(|error| format!("{step}: {error}"))?;
                heard.lock().unwrap().push(line.clone());
                if !line.contains(rest) {
                    return Err(format!("{step}: heard {line:?}"));
                }
                tag = line.split(' ').next().unwrap_or_default().to_owned();
                Ok(())
            }
            "L " => {
                let bytes = bytes(&mut stream, rest.parse().unwrap()).await;
                let bytes = bytes.map_err(|error| format!("{step}: {error}"))?;
                heard.lock().unwrap().push(String::from_utf8_lossy(&bytes).into_owned());
                Ok(())
            }
            "D" => loop {
                let line = line(&mut stream).await.map_err(|error| format!("{step}: {error}"))?;
                let is_end = line == ".";
                heard.lock().unwrap().push(line);
                if is_end {
                    break Ok(());
                }
            },
            "B " => {
                let request = request(&mut stream).await;
                let request = request.map_err(|error| format!("{step}: {error}"))?;
                heard.lock().unwrap().push(request.clone());
                if !request.contains(rest) {
                    return Err(format!("{step}: heard {request:?}"));
                }
                Ok(())
            }
            "R " => {
                let wanted = hex(rest);
                let got = bytes(&mut stream, wanted.len()).await;
                let got = got.map_err(|error| format!("{step}: {error}"))?;
                if got != wanted {
                    return Err(format!("{step}: heard {got:02x?}"));
                }
                Ok(())
            }
            "W " => say(&mut stream, &hex(rest)).await,
            "H" => {
                let mut rest = Vec::new();
                // However it ends.
                let _ = stream.read_to_end(&mut rest).await;
                heard.lock().unwrap().push(String::from_utf8_lossy(&rest).into_owned());
                return Ok(());
            }
            "X" => {
                let _ = stream.shutdown().await;
                return Ok(());
            }
            _ => panic!("no step: {step:?}"),
        };
        done.map_err(|error| format!("{step}: {error}"))?;
    }
    Ok(())
}

async fn say(stream: &mut Boxed, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn line(stream: &mut Boxed) -> io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await?);
    }
    line.truncate(line.len() - 2);
    Ok(String::from_utf8_lossy(&line).into_owned())
}

async fn bytes(stream: &mut Boxed, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn request(stream: &mut Boxed) -> io::Result<String> {
    let mut request = String::new();
    let mut length = 0;
    loop {
        let line = line(stream).await?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request.push_str(&line);
        request.push('\n');
        if line.is_empty() {
            break;
        }
    }
    request.push_str(&String::from_utf8_lossy(&bytes(stream, length).await?));
    Ok(request)
}

fn hex(text: &str) -> Vec<u8> {
    let words = text.split(' ').filter(|word| !word.is_empty());
    words
        .flat_map(|word| match word.strip_prefix('\'') {
            Some(text) => text.as_bytes().to_vec(),
            None => vec![u8::from_str_radix(word, 16).unwrap()],
        })
        .collect()
}
