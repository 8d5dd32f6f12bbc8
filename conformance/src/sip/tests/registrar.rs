//! A registrar in a few lines: it grants what it should, and tests spoil its answers.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::sip::message::{self, Framing, Item, Message, Start};

/// What a 200 to REGISTER says besides what it copies.
pub(super) struct Grant {
    pub(super) expires_seconds: u32,
    pub(super) fresh: bool,
}

impl Default for Grant {
    fn default() -> Self {
        Self { expires_seconds: 120, fresh: true }
    }
}

/// The body that accepts part of what phones offer.
pub(super) const ACCEPTED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <x-cisco-remotecc-response><response><code>200</code><optionsind>\
    <combine max=\"6\"><remotecc><status/></remotecc><service-control/></combine>\
    <dialog usage=\"hook status\"><unot/></dialog><joinreq/>\
    <cfwdall-anyline><Yes/></cfwdall-anyline>\
    </optionsind></response></x-cisco-remotecc-response>\n";

/// Lines every answer copies; To gets a tag.
pub(super) fn copied(request: &Message) -> String {
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
pub(super) fn plain(request: &Message, status: &str, more: &str) -> String {
    format!("SIP/2.0 {status}\r\n{}{more}Content-Length: 0\r\n\r\n", copied(request))
}

/// The right 200 to a REGISTER.
pub(super) fn granted(request: &Message, grant: &Grant) -> String {
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

/// Listens on TCP and answers REGISTER right; `Authorization` is asked for first where `challenge` is
/// given, and each request that the answer calls for is sent after a registration.
pub(super) async fn listen(
    challenge: Option<&'static str>,
    then: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let then = Arc::new(then);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let then = Arc::clone(&then);
            tokio::spawn(async move {
                let mut framing = Framing::default();
                let mut buffer = [0; 4096];
                let mut fresh = true;
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    framing.feed(&buffer[..count]);
                    let mut empty_lines = 0;
                    while let Ok(Some(item)) = framing.next() {
                        let Item::Message(raw) = item else {
                            empty_lines += 1;
                            if empty_lines == 2 {
                                stream.write_all(b"\r\n").await.unwrap();
                            }
                            continue;
                        };
                        let Ok(request) = message::parse(&raw, true) else { continue };
                        if let Some(answer) = answer(&request, challenge, &mut fresh) {
                            stream.write_all(answer.as_bytes()).await.unwrap();
                        }
                        let contact = request.get("contact").unwrap_or_default();
                        let uri = contact.split(['<', '>']).nth(1).unwrap_or_default();
                        let call_id = request.get("call-id").unwrap_or_default();
                        let granted = !request.body.is_empty()
                            && (challenge.is_none() || request.get("authorization").is_some());
                        if let Some(more) = then(uri, call_id).filter(|_| granted) {
                            stream.write_all(more.as_bytes()).await.unwrap();
                        }
                    }
                }
            });
        }
    });
    address
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
