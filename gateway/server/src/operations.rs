//! The surface for monitoring: `/livez`, `/readyz`, `/startupz` and `/metrics`.
//!
//! Readiness is told per surface. Without a name it fails only when nothing works or the node
//! drains: a store that is away takes nobody's phone (OPS-11), and other systems' faults are not
//! ours to fail for.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::Secret;
use engine::metrics::{Gauge, Gauges};
use engine::surface::{Callers, Readiness, Request, ResponsePolicy, Route, Surface};
use engine::{Engine, Metrics, StoreState};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Response, StatusCode};
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use crate::http::{Credentials, is_handed_on};

mod heard;

use heard::Heard;

/// The runtime must have turned within this time, and the store's writer answered.
const SILENCE_MAX: Duration = Duration::from_secs(5);
const TURN_EVERY: Duration = Duration::from_secs(1);
/// How often the writer is asked.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// What is known of the node's health.
pub(crate) struct Health {
    loop_turned: Heard,
    writer_answered: Heard,
    draining: AtomicBool,
    surfaces: OnceLock<Vec<Arc<dyn Surface>>>,
}

/// The surface for monitoring.
pub(crate) struct Operations {
    health: Arc<Health>,
    engine: Arc<Engine>,
    metrics: Metrics,
    token: Option<Secret>,
    figures: Figures,
}

struct Figures {
    ready: Gauges,
    maintenance: Gauge,
    store: Gauge,
}

impl Health {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            loop_turned: Heard::now(),
            writer_answered: Heard::now(),
            draining: AtomicBool::new(false),
            surfaces: OnceLock::new(),
        })
    }

    /// Silence counts from here: until it serves, a node may have been busy.
    pub(crate) fn begin(&self) {
        self.loop_turned.note();
        self.writer_answered.note();
    }

    /// Names the surfaces whose readiness counts; only the first call does.
    pub(crate) fn watch_over(&self, surfaces: Vec<Arc<dyn Surface>>) {
        let _ = self.surfaces.set(surfaces);
    }

    /// What has been silent for too long, a line each; empty while the process is alive.
    pub(crate) fn silence(&self) -> String {
        let mut lines = String::new();
        for (silent, what) in [
            (self.loop_turned.ago(), "loop: stood still"),
            (self.writer_answered.ago(), "store writer: no answer for"),
        ] {
            if silent > SILENCE_MAX {
                // Writing to a string cannot fail.
                let _ = writeln!(lines, "{what} {} s", silent.as_secs());
            }
        }
        lines
    }

    /// From now on nobody shall send anybody here.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Each surface with its readiness.
    pub(crate) fn surfaces(&self) -> Vec<(&'static str, Readiness)> {
        let surfaces = self.surfaces.get().map(Vec::as_slice).unwrap_or_default();
        surfaces.iter().map(|surface| (surface.name(), surface.readiness())).collect()
    }

    /// Whether the node stops.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}

impl Operations {
    pub(crate) fn new(
        health: Arc<Health>,
        engine: Arc<Engine>,
        metrics: Metrics,
        token: Option<Secret>,
    ) -> Arc<Self> {
        let figures = Figures {
            ready: metrics.gauges(
                "jackfield_surface_ready",
                "1 where a surface serves, 0 where it serves nobody.",
                &["surface"],
            ),
            maintenance: metrics
                .gauges("jackfield_maintenance", "1 while the node refuses sign-ins.", &[])
                .with(&[]),
            store: metrics.gauges("jackfield_store_up", "1 while the store works.", &[]).with(&[]),
        };
        Arc::new(Self { health, engine, metrics, token, figures })
    }

    fn live(&self) -> Response<Bytes> {
        let lines = self.health.silence();
        match lines.is_empty() {
            true => text(StatusCode::OK, "ok\n".to_owned()),
            false => text(StatusCode::SERVICE_UNAVAILABLE, lines),
        }
    }

    /// Everybody learns what is ready; why not, which may name files and peers, only who may see the
    /// metrics too.
    fn ready(&self, request: &Request) -> Response<Bytes> {
        let query = request.uri.query().unwrap_or_default();
        let refused = self.refused(request);
        let line = match refused {
            None => line,
            Some(_) => line_without_reason,
        };
        let mut named = None;
        let (mut verbose, mut strict) = (false, false);
        for pair in query.split('&') {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("surface", name) => named = Some(name.to_owned()),
                ("verbose", _) => verbose = true,
                ("strict", _) => strict = true,
                _ => {}
            }
        }
        if let Some(refused) = refused.filter(|_| verbose) {
            return refused;
        }
        // Whoever has another node to go to may leave one that only gets by.
        let fails = |it: &Readiness| match it {
            Readiness::Ready => false,
            Readiness::Degraded(_) => strict,
            Readiness::Failing(_) => true,
        };
        let surfaces = self.health.surfaces();
        if self.health.is_draining() {
            return text(StatusCode::SERVICE_UNAVAILABLE, "draining: the node stops\n".to_owned());
        }
        if let Some(name) = named {
            let Some((name, readiness)) = surfaces.iter().find(|(there, _)| *there == name) else {
                return text(StatusCode::NOT_FOUND, "there is no such surface\n".to_owned());
            };
            let fails = fails(readiness);
            return text(status(fails), line(name, readiness));
        }
        let not_ready = !surfaces.is_empty()
            && match strict {
                true => surfaces.iter().any(|(_, readiness)| fails(readiness)),
                false => surfaces.iter().all(|(_, readiness)| fails(readiness)),
            };
        let mut lines = String::new();
        for (name, readiness) in &surfaces {
            if verbose || not_ready {
                lines.push_str(&line(name, readiness));
            }
        }
        if verbose {
            // Writing to a string cannot fail.
            let _ = match self.engine.store_state() {
                StoreState::Working => writeln!(lines, "store: ok"),
                StoreState::Failing { since, why } => {
                    let seconds = self.engine.now().since(since).as_secs();
                    writeln!(lines, "store: failing for {seconds} s: {why}")
                }
            };
            let ago = |heard: &Heard| heard.ago().as_secs();
            let _ = writeln!(lines, "loop: turned {} s ago", ago(&self.health.loop_turned));
            let writer = ago(&self.health.writer_answered);
            let _ = writeln!(lines, "store writer: answered {writer} s ago");
        }
        if lines.is_empty() {
            lines.push_str("ok\n");
        }
        text(status(not_ready), lines)
    }

    /// What somebody is told who may not look inside: only this machine may, and who has the token.
    fn refused(&self, request: &Request) -> Option<Response<Bytes>> {
        // What a proxy on this machine hands on comes from anywhere.
        if request.peer.address.is_loopback() && !is_handed_on(&request.headers) {
            return None;
        }
        let Some(token) = &self.token else {
            let why = "this is for this machine alone; configure metrics_token_file\n";
            return Some(text(StatusCode::FORBIDDEN, why.to_owned()));
        };
        let right = match Credentials::read(&request.headers) {
            Some(Credentials::Bearer(shown)) => {
                shown.expose().as_bytes().ct_eq(token.expose().as_bytes()).into()
            }
            _ => false,
        };
        if right {
            return None;
        }
        let mut answer = text(StatusCode::UNAUTHORIZED, "a bearer token is needed\n".to_owned());
        let challenge = HeaderValue::from_static("Bearer realm=\"jackfield metrics\"");
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        Some(answer)
    }

    fn metrics(&self, request: &Request) -> Response<Bytes> {
        if let Some(refused) = self.refused(request) {
            return refused;
        }
        self.observe();
        let mut answer = Response::new(Bytes::from(self.metrics.text()));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }

    /// Brings the figures that are looked up rather than counted up to date.
    pub(crate) fn observe(&self) {
        self.engine.observe();
        for (name, readiness) in self.health.surfaces() {
            let serves = !matches!(readiness, Readiness::Failing(_));
            self.figures.ready.with(&[name]).set(serves.into());
        }
        self.figures.maintenance.set(self.engine.in_maintenance().into());
        self.figures.store.set((self.engine.store_state() == StoreState::Working).into());
    }
}

#[async_trait]
impl Surface for Operations {
    fn name(&self) -> &'static str {
        "operations"
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        let route = |path, answer: fn(&Self, &Request) -> Response<Bytes>| {
            let surface = Arc::clone(&self);
            Route {
                listener: "operations",
                path,
                methods: &[Method::GET],
                callers: Callers::Anyone,
                body_bytes_max: 0,
                policy: ResponsePolicy::Browser,
                handler: Route::handler(move |request| {
                    let answer = answer(&surface, &request);
                    async move { answer }
                }),
            }
        };
        vec![
            route("/livez", |it, _| it.live()),
            route("/readyz", Self::ready),
            // What answers at all has opened its store and brought it to its schema.
            route("/startupz", |_, _| text(StatusCode::OK, "ok\n".to_owned())),
            route("/metrics", Self::metrics),
        ]
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let turning = async {
            loop {
                self.health.loop_turned.note();
                tokio::time::sleep(TURN_EVERY).await;
            }
        };
        let asking = async {
            loop {
                if self.engine.writer_answers().await {
                    self.health.writer_answered.note();
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        };
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = turning => {}
            () = asking => {}
        }
    }
}

fn status(fails: bool) -> StatusCode {
    if fails { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

fn line(name: &str, readiness: &Readiness) -> String {
    match readiness {
        Readiness::Ready => format!("{name}: ok\n"),
        Readiness::Degraded(why) => format!("{name}: degraded: {why}\n"),
        Readiness::Failing(why) => format!("{name}: failing: {why}\n"),
    }
}

fn line_without_reason(name: &str, readiness: &Readiness) -> String {
    let state = match readiness {
        Readiness::Ready => "ok",
        Readiness::Degraded(_) => "degraded",
        Readiness::Failing(_) => "failing",
    };
    format!("{name}: {state}\n")
}

fn text(status: StatusCode, text: String) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(text));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

#[cfg(test)]
mod tests;
