//! Files over HTTP: in the clear on 6970, over TLS on 6971, as phones ask before they try TFTP.
//!
//! Whole answers, so what is large is in memory once for all phones that load it at the same time, and
//! there is a bound on all of that together; whoever comes beyond it is asked to come again.

mod body;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::settings::Network;
use engine::surface::{Callers, Readiness, Request, ResponsePolicy, Route, Surface};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Response, StatusCode};
use tokio::sync::watch;

use crate::{Files, NotServed, Via};
use body::Bodies;

static METHODS: [Method; 1] = [Method::GET];
/// The listeners, and how one asks by each.
const LISTENERS: [(&str, Via); 2] = [("provisioning", Via::Http), ("provisioning_tls", Via::Https)];
/// The name within the path.
const PARAMETER: &str = "path";
/// When whoever came at a bad moment comes again; a file of firmware takes some seconds.
const AGAIN_AFTER: &str = "10";

/// What phones load over HTTP.
pub struct Provisioning {
    files: Arc<dyn Files>,
    allowed_networks: Vec<Network>,
    bodies: Bodies,
}

impl std::fmt::Debug for Provisioning {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Provisioning").finish_non_exhaustive()
    }
}

impl Provisioning {
    /// Serves those files to whoever comes from those networks; so many bytes of them are in memory at
    /// once.
    pub fn new(
        files: Arc<dyn Files>,
        allowed_networks: Vec<Network>,
        memory_bytes_max: u64,
    ) -> Arc<Self> {
        Arc::new(Self { files, allowed_networks, bodies: Bodies::new(memory_bytes_max) })
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        self.allowed_networks.iter().any(|network| network.contains(address))
    }

    async fn answer(&self, request: Request, by: Via) -> Response<Bytes> {
        let source = request.peer.address;
        if !self.is_allowed(source) {
            return refused(StatusCode::FORBIDDEN, "not from this network");
        }
        let name = request.parameters.get(PARAMETER).map_or("", String::as_str);
        let file = match self.files.open(source, name, by).await {
            Ok(file) => file,
            Err(NotServed::Busy) => return come_again(NotServed::Busy.to_string()),
            Err(error) => return refused(status(error), error.to_string()),
        };
        match self.bodies.of(&file).await {
            Ok(body) => served(name, body),
            Err(body::NoBody::Full) => come_again("too much is being loaded"),
            Err(body::NoBody::Unreadable) => {
                refused(status(NotServed::Unreadable), NotServed::Unreadable.to_string())
            }
        }
    }
}

#[async_trait]
impl Surface for Provisioning {
    fn name(&self) -> &'static str {
        "provisioning"
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        let route = |(listener, by): (&'static str, Via)| {
            let provisioning = Arc::clone(&self);
            Route {
                listener,
                path: "/{*path}",
                methods: &METHODS,
                callers: Callers::Anyone,
                body_bytes_max: 0,
                policy: ResponsePolicy::Phone,
                handler: Route::handler(move |request| {
                    let provisioning = Arc::clone(&provisioning);
                    async move { provisioning.answer(request, by).await }
                }),
            }
        };
        LISTENERS.into_iter().map(route).collect()
    }

    /// A folder that is away keeps nobody from working.
    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let _ = stop.wait_for(|stop| *stop).await;
    }
}

fn status(error: NotServed) -> StatusCode {
    match error {
        NotServed::BadName | NotServed::Unknown => StatusCode::NOT_FOUND,
        NotServed::Forbidden | NotServed::TooLarge => StatusCode::FORBIDDEN,
        NotServed::Unreadable => StatusCode::INTERNAL_SERVER_ERROR,
        NotServed::Busy => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn served(name: &str, body: Bytes) -> Response<Bytes> {
    // Which character set a file is in, it says itself.
    let sort = match name.rsplit_once('.') {
        Some((_, "xml")) => "text/xml",
        Some((_, "sgn")) if name.ends_with(".xml.sgn") => "text/xml",
        Some((_, "png")) => "image/png",
        _ => "application/octet-stream",
    };
    answer(StatusCode::OK, sort, body)
}

fn refused(status: StatusCode, text: impl Into<String>) -> Response<Bytes> {
    answer(status, "text/plain; charset=utf-8", format!("{}\n", text.into()).into())
}

fn come_again(text: impl Into<String>) -> Response<Bytes> {
    let mut answer = refused(status(NotServed::Busy), text);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(AGAIN_AFTER));
    answer
}

fn answer(status: StatusCode, sort: &'static str, body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(sort));
    // It may hold what proves one phone.
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
