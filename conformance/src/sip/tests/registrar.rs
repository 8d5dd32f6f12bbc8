//! A registrar in a few lines: it grants what it should, and tests spoil its answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::broadcast;
use tokio_rustls::TlsAcceptor;

use crate::sip::message::{self, Framing, Item, Message, Start};

/// What a 200 to REGISTER says besides what it copies.
pub(crate) struct Grant {
    pub(crate) expires_seconds: u32,
    pub(crate) fresh: bool,
}

impl Default for Grant {
    fn default() -> Self {
        Self { expires_seconds: 120, fresh: true }
    }
}

/// The body that accepts part of what phones offer.
pub(crate) const ACCEPTED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <x-cisco-remotecc-response><response><code>200</code><optionsind>\
    <combine max=\"6\"><remotecc><status/></remotecc><service-control/></combine>\
    <dialog usage=\"hook status\"><unot/></dialog><joinreq/>\
    <cfwdall-anyline><Yes/></cfwdall-anyline>\
    </optionsind></response></x-cisco-remotecc-response>\n";

/// Lines every answer copies; To gets a tag.
pub(crate) fn copied(request: &Message) -> String {
    let get = |name: &str| request.get(name).unwrap_or_default().to_owned();
    let via = get("via").replace(";rport", ";received=127.0.0.1;rport=40001");
    format!(
        "Via: {via}\r\nFrom: {}\r\nTo: {};tag=t1\r\nCall-ID: {}\r\nCSeq: {}\r\nSession-ID: {}\r\n",
        get("from"),
        get("to"),
        get("call-id"),
        get("cseq"),
        get("session-id")
    )
}

/// An answer without more than a status.
pub(crate) fn plain(request: &Message, status: &str, more: &str) -> String {
    format!("SIP/2.0 {status}\r\n{}{more}Content-Length: 0\r\n\r\n", copied(request))
}

/// The right 200 to a REGISTER.
pub(crate) fn granted(request: &Message, grant: &Grant) -> String {
    let date = httpdate::fmt_http_date(SystemTime::now());
    if request.get("expires") == Some("0") {
        return plain(request, "200 OK", &format!("Date: {date}\r\n"));
    }
    let body = if request.body.is_empty() { "" } else { ACCEPTED };
    let kind = match body {
        "" => String::new(),
        _ => "Content-Type: application/x-cisco-remotecc-response+xml\r\n".to_owned(),
    };
    format!(
        "SIP/2.0 200 OK\r\n{}Date: {date}\r\nContact: {}{};expires={}\r\nExpires: {}\r\n\
         Supported: X-cisco-srtp-fallback, X-cisco-sis-10.0.0\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        copied(request),
        request.get("contact").unwrap_or_default(),
        if grant.fresh { ";x-cisco-newreg" } else { "" },
        grant.expires_seconds,
        grant.expires_seconds,
        body.len(),
    )
}

/// What a registrar does besides granting.
#[derive(Clone, Default)]
pub(super) struct Habits {
    /// Proof is asked for with it.
    pub(super) challenge: Option<&'static str>,
    /// What is sent after a registration: made of the Contact URI and the Call-ID of the REGISTER.
    pub(super) then: Option<fn(&str, &str) -> String>,
}

/// A registrar that listens; it ends with the runtime.
pub(super) struct Registrar {
    pub(super) address: SocketAddr,
    /// Closes all connections.
    pub(super) closes: broadcast::Sender<()>,
}

/// Listens on TCP, or on TLS with a certificate of its own.
pub(super) async fn listen(habits: Habits, tls: Option<Arc<rustls::ServerConfig>>) -> Registrar {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (closes, _) = broadcast::channel(1);
    let closing = closes.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (habits, mut closed) = (habits.clone(), closing.subscribe());
            let tls = tls.clone();
            tokio::spawn(async move {
                let served = async {
                    match tls {
                        None => serve(stream, &habits).await,
                        Some(tls) => {
                            if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                                serve(stream, &habits).await;
                            }
                        }
                    }
                };
                tokio::select! {
                    () = served => {}
                    _ = closed.recv() => {}
                }
            });
        }
    });
    Registrar { address, closes }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, habits: &Habits) {
    let mut framing = Framing::default();
    let mut buffer = [0; 4096];
    let (mut fresh, mut empty_lines) = (true, 0);
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        framing.feed(&buffer[..count]);
        while let Ok(Some(item)) = framing.next() {
            let answers = match item {
                Item::EmptyLine => {
                    empty_lines += 1;
                    if empty_lines % 2 == 0 { vec!["\r\n".to_owned()] } else { Vec::new() }
                }
                Item::Message(raw) => answers(&raw, habits, &mut fresh),
            };
            for answer in answers {
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
        let _ = stream.flush().await;
    }
}

/// The same over UDP, for one phone.
pub(super) async fn listen_udp(habits: Habits) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = vec![0; 65_535];
        let mut fresh = true;
        while let Ok((count, from)) = socket.recv_from(&mut buffer).await {
            for answer in answers(&buffer[..count], &habits, &mut fresh) {
                let named = answer.replace("rport=40001", &format!("rport={}", from.port()));
                socket.send_to(named.as_bytes(), from).await.unwrap();
            }
        }
    });
    address
}

fn answers(raw: &[u8], habits: &Habits, fresh: &mut bool) -> Vec<String> {
    let Ok(request) = message::parse(raw, true) else { return Vec::new() };
    let Some(answer) = answer(&request, habits.challenge, fresh) else { return Vec::new() };
    let contact = request.get("contact").unwrap_or_default();
    let uri = contact.split(['<', '>']).nth(1).unwrap_or_default();
    let call_id = request.get("call-id").unwrap_or_default();
    let is_granted = !request.body.is_empty() && answer.contains("Expires: 120");
    let more = habits.then.filter(|_| is_granted).map(|then| then(uri, call_id));
    [answer].into_iter().chain(more).collect()
}

fn answer(request: &Message, challenge: Option<&str>, fresh: &mut bool) -> Option<String> {
    let Start::Request { method, .. } = &request.start else { return None };
    if let Some(challenge) = challenge.filter(|_| request.get("authorization").is_none()) {
        let challenge = format!("WWW-Authenticate: {challenge}\r\n");
        return Some(plain(request, "401 Unauthorized", &challenge));
    }
    if method == "REFER" {
        return Some(plain(request, "202 Accepted", "Contact: <sip:gateway@127.0.0.1>\r\n"));
    }
    let grant = Grant { fresh: std::mem::take(fresh), ..Grant::default() };
    Some(granted(request, &grant))
}
