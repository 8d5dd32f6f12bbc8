//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::proxy_header::{self, Client};
use super::rarely::Rarely;
use super::table::Place;
use super::watched::{Phase, Progress, Watched};
use super::{Content, Ending, Listener, is_true};
use crate::http::{Caller, Outgoing, is_trusted};
use crate::tls::ShownByDevice;
use crate::tls::acme::{ALPN, Challenges};

/// How long a refusal may take, handshake included.
const REFUSAL: Duration = Duration::from_secs(2);
/// How long the node waits, when it stops, for whoever came before and has not asked anything yet: a slow
/// phone's handshake. Whoever comes later waits for the next process.
const FIRST_REQUEST: Duration = Duration::from_secs(2);
/// The same for whoever has asked before: a busy proxy asks again in this time, and is told with the answer
/// that it was the last one. Closed at once, a request that is on its way would be lost.
const NEXT_REQUEST: Duration = Duration::from_millis(500);
/// What is said where there is no place; nothing of the request is read.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n\
    Content-Length: 21\r\nRetry-After: 5\r\nConnection: close\r\n\r\ntoo many connections\n";

/// Serves a connection that has its place.
pub(super) async fn serve(
    listener: &Listener,
    mut stream: TcpStream,
    mut address: IpAddr,
    mut place: Place,
    ending: Ending,
) {
    let setup = &listener.setup;
    let mut given_up = Box::pin(given_up(ending.clone()));
    if setup.proxy_protocol {
        if !is_trusted(&setup.trusted_proxies, address) {
            setup.metrics.proxy_header.increment();
            return;
        }
        let header = tokio::select! {
            () = given_up.as_mut() => return,
            header = timeout(setup.limits.header, proxy_header::read(&mut stream)) => header,
        };
        match header {
            Ok(Ok(Client::Proxy)) => {}
            Ok(Ok(Client::At(client))) => {
                address = client;
                if !is_trusted(&setup.trusted_proxies, client)
                    && place.is_for(client.into()).is_err()
                {
                    setup.metrics.source.increment();
                    setup.metrics.overload.increment();
                    return;
                }
            }
            Ok(Err(_)) | Err(_) => {
                setup.metrics.proxy_header.increment();
                return;
            }
        }
    }
    let Some(tls) = &setup.tls else {
        converse(listener, stream, address, None, ending, given_up).await;
        return;
    };
    if let Some(devices) = &setup.devices {
        devices.follow();
    }
    let accept = TlsAcceptor::from(tls.current()).accept(stream);
    let accepted = tokio::select! {
        () = given_up.as_mut() => return,
        accepted = timeout(setup.limits.handshake, accept) => accepted,
    };
    match accepted {
        // An ACME authority has seen what it looked for.
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(ALPN) => {}
        Ok(Ok(stream)) => {
            // The certificate of a proxy is that of none whose requests it brings.
            let own = !is_trusted(&setup.trusted_proxies, address);
            let devices = setup.devices.as_ref().filter(|_| own);
            let shown = devices.and_then(|devices| devices.shown(stream.get_ref().1));
            converse(listener, stream, address, shown, ending, given_up).await;
        }
        Ok(Err(error)) => {
            setup.metrics.handshake.increment();
            tracing::debug!(listener = setup.name, %error, "a TLS handshake failed");
        }
        Err(_) => setup.metrics.handshake.increment(),
    }
}

/// Ends when the node stops and no first request is waited for any longer.
async fn given_up(mut ending: Ending) {
    is_true(&mut ending.stop).await;
    tokio::select! {
        () = is_true(&mut ending.abort) => {}
        () = tokio::time::sleep(FIRST_REQUEST) => {}
    }
}

/// Tells a peer without a place to come again.
pub(super) async fn refuse(listener: &Listener, mut stream: TcpStream) {
    let setup = &listener.setup;
    if setup.proxy_protocol {
        return;
    }
    let say = async {
        match &setup.tls {
            None => {
                stream.write_all(NO_PLACE).await?;
                stream.shutdown().await
            }
            Some(tls) => {
                let mut stream = TlsAcceptor::from(tls.current()).accept(stream).await?;
                stream.write_all(NO_PLACE).await?;
                stream.shutdown().await
            }
        }
    };
    // Whether they hear it is up to them.
    let _ = timeout(REFUSAL, say).await;
}

/// What an ACME authority asks a plain port for; nobody else finds anything there.
fn challenge_answer(challenges: &Challenges, path: &str) -> http::Response<Bytes> {
    let (status, text) = match challenges.at(path) {
        Some(text) => (http::StatusCode::OK, text),
        None => (http::StatusCode::NOT_FOUND, String::new()),
    };
    let mut answer = http::Response::new(Bytes::from(text));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("application/octet-stream");
    answer.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    answer
}

async fn converse<S>(
    listener: &Listener,
    stream: S,
    address: IpAddr,
    shown: Option<ShownByDevice>,
    ending: Ending,
    given_up: Pin<Box<impl Future<Output = ()>>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let setup = &listener.setup;
    let progress = Progress::new();
    let (has_asked, is_last) = (AtomicBool::new(false), AtomicBool::new(false));
    let shown = shown.as_ref();
    let service = service_fn(|request: http::Request<Incoming>| {
        progress.set(Phase::Working);
        has_asked.store(true, Ordering::Relaxed);
        let (progress, stop) = (progress.clone(), ending.stop.clone());
        let is_last = &is_last;
        async move {
            let mut answer = match &setup.content {
                Content::Site(site) => {
                    let device = shown.zip(setup.devices.as_ref());
                    let device =
                        device.and_then(|(shown, it)| it.principal(shown, setup.clock.now()));
                    site.answer(Caller { address, device }, request).await
                }
                Content::Refusal(refusal) => {
                    setup.metrics.plain.increment();
                    refusal.answer().map(Outgoing::from)
                }
                Content::Challenges(challenges) => {
                    challenge_answer(challenges, request.uri().path()).map(Outgoing::from)
                }
            };
            if is_last.load(Ordering::Relaxed) {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            if answer.body().is_pieces() {
                progress.set(Phase::Writing);
                let over = progress.clone();
                answer.body_mut().until(stop, move || over.set(Phase::Answering));
            } else {
                progress.set(Phase::Answering);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = http1::Builder::new();
    builder
        // Our own watch has limits for every phase.
        .header_read_timeout(None)
        .max_header_size(setup.limits.header_bytes_max)
        .max_buf_size(setup.limits.header_bytes_max.max(8_192))
        .half_close(false);
    let io = TokioIo::new(Watched::new(stream, progress.clone()));
    let mut connection = pin!(builder.serve_connection(io, service));
    let overdue = pin!(progress.overdue(&setup.limits));
    let mut overdue = Rarely::new(overdue);
    let (mut stop, mut abort) = (ending.stop.clone(), ending.abort.clone());
    let stop = pin!(is_true(&mut stop));
    let stop = Rarely::new(stop);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        phase = &mut overdue => {
            if phase != Phase::Waiting {
                setup.metrics.slow.increment();
            }
            return;
        }
        () = stop => {
            is_last.store(true, Ordering::Relaxed);
            let is_given_up = async {
                if !has_asked.load(Ordering::Relaxed) {
                    return given_up.await;
                }
                tokio::select! {
                    () = is_true(&mut abort) => {}
                    () = tokio::time::sleep(NEXT_REQUEST) => {}
                }
            };
            let ended = tokio::select! {
                biased;
                () = is_given_up => None,
                ended = connection.as_mut() => Some(ended),
            };
            match ended {
                Some(ended) => ended,
                None => {
                    connection.as_mut().graceful_shutdown();
                    tokio::select! {
                        ended = connection.as_mut() => ended,
                        _ = &mut overdue => return,
                        () = is_true(&mut abort) => return,
                    }
                }
            }
        }
    };
    if let Err(error) = ended
        && error.is_parse()
    {
        setup.metrics.malformed.increment();
        setup.metrics.unreadable.increment();
        tracing::debug!(listener = setup.name, %error, "a request was malformed");
    }
}
