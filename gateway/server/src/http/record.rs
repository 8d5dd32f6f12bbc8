//! What is counted and logged of requests and connections.
//!
//! One line for each request: listener, route template, status, duration, reference; never the
//! target. Answers that carry a reference are logged where the default level shows them, so that
//! the number finds its line (OPS-12); a flood of them is cut to some lines a second.

use std::time::Duration;

use domain::Timestamp;
use engine::metrics::{Counter, Counters, Gauge, Gauges, Histogram, Histograms, Metrics};
use http::StatusCode;

use crate::log::{Line, LineLimit};

const CODE_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is counted of HTTP.
#[derive(Clone, Debug)]
pub(crate) struct HttpMetrics {
    requests: Counters,
    durations: Histograms,
    connections: Gauges,
    refused: Counters,
    overload: Counters,
    unmatched: RouteMetrics,
    lines: LineLimit,
}

/// What is counted of one route.
#[derive(Clone, Debug)]
pub(super) struct RouteMetrics {
    by_class: [Counter; 5],
    duration: Histogram,
}

/// What is counted of one listener's connections.
#[derive(Clone, Debug)]
pub(crate) struct ListenerMetrics {
    pub(crate) open: Gauge,
    pub(crate) full: Counter,
    pub(crate) source: Counter,
    pub(crate) proxy_header: Counter,
    pub(crate) handshake: Counter,
    pub(crate) malformed: Counter,
    pub(crate) slow: Counter,
    /// Turned away because there is too much at once.
    pub(crate) overload: Counter,
    /// Requests that could not be read, which were answered 400 or 431.
    pub(crate) unreadable: Counter,
    /// Requests to the plain port, which were answered with its refusal.
    pub(crate) plain: Counter,
}

/// A request as the log tells it.
pub(super) struct Told<'a> {
    pub(super) listener: &'static str,
    pub(super) method: &'a http::Method,
    pub(super) surface: &'static str,
    pub(super) route: &'static str,
    pub(super) status: StatusCode,
    pub(super) duration: Duration,
    pub(super) reference: &'a str,
    pub(super) peer: std::net::IpAddr,
}

impl HttpMetrics {
    /// Lines for answers that refuse share `lines` with others that peers cause.
    pub(crate) fn new(metrics: &Metrics, lines: LineLimit) -> Self {
        let requests = metrics.counters(
            "jackfield_http_requests_total",
            "HTTP requests answered.",
            &["surface", "route", "code_class"],
        );
        let durations = metrics.seconds(
            "jackfield_http_request_duration_seconds",
            "Time from a request's header to its answer.",
            &["surface", "route"],
        );
        let overload = metrics.counters(
            "jackfield_overload_rejections_total",
            "Connections and sign-ins turned away because there was too much at once.",
            &["surface"],
        );
        for surface in ["phone", "console", "headset", "operations"] {
            overload.with(&[surface]);
        }
        let unmatched = RouteMetrics::new(&requests, &durations, "none", "none");
        Self {
            connections: metrics.gauges(
                "jackfield_http_connections",
                "Connections open now.",
                &["listener"],
            ),
            refused: metrics.counters(
                "jackfield_http_connections_refused_total",
                "Connections closed by us: table full, too many of one source, bad PROXY header, \
                 failed TLS handshake, malformed request, too slow.",
                &["listener", "reason"],
            ),
            overload,
            unmatched,
            lines,
            requests,
            durations,
        }
    }

    /// The metrics of one route; its template is the only form of a path in labels.
    pub(super) fn route(&self, surface: &str, path: &str) -> RouteMetrics {
        RouteMetrics::new(&self.requests, &self.durations, surface, path)
    }

    /// The metrics of requests that no route answers.
    pub(super) fn unmatched(&self) -> &RouteMetrics {
        &self.unmatched
    }

    /// What is turned away because there is too much at once, by surface.
    pub(crate) fn overload(&self) -> Counters {
        self.overload.clone()
    }

    /// The metrics of one listener.
    pub(crate) fn listener(&self, name: &str) -> ListenerMetrics {
        let refused = |reason| self.refused.with(&[name, reason]);
        let has_own = matches!(name, "operations" | "console" | "headset");
        let surface = if has_own { name } else { "phone" };
        ListenerMetrics {
            overload: self.overload.with(&[surface]),
            unreadable: self.requests.with(&["none", "none", "4xx"]),
            plain: self.requests.with(&["phone", "plain port", "2xx"]),
            open: self.connections.with(&[name]),
            full: refused("full"),
            source: refused("source"),
            proxy_header: refused("proxy_header"),
            handshake: refused("handshake"),
            malformed: refused("malformed"),
            slow: refused("slow"),
        }
    }

    /// Counts and logs one answered request.
    pub(super) fn tell(&self, metrics: &RouteMetrics, told: &Told<'_>, now: Timestamp) {
        let class = usize::from(told.status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = metrics.by_class.get(class) {
            counter.increment();
        }
        metrics.duration.observe(told.duration);
        let status = told.status.as_u16();
        let milliseconds = told.duration.as_secs_f64() * 1_000.0;
        let Told { listener, method, surface, route, reference, peer, .. } = told;
        tracing::debug!(
            listener, %method, surface, route, status, milliseconds, reference, %peer, "request"
        );
        if told.status.is_server_error() {
            if self.may_write(Line::RequestFailed, now) {
                tracing::warn!(
                    listener,
                    surface,
                    route,
                    status,
                    milliseconds,
                    reference,
                    "request failed"
                );
            }
        } else if told.status.is_client_error() && self.may_write(Line::RequestRefused, now) {
            tracing::info!(
                listener,
                surface,
                route,
                status,
                milliseconds,
                reference,
                "request refused"
            );
        }
    }

    /// Whether a line that a peer causes may be written now.
    pub(super) fn may_write(&self, line: Line, now: Timestamp) -> bool {
        self.lines.may_write(line, now)
    }
}

impl RouteMetrics {
    fn new(requests: &Counters, durations: &Histograms, surface: &str, path: &str) -> Self {
        Self {
            by_class: CODE_CLASSES.map(|class| requests.with(&[surface, path, class])),
            duration: durations.with(&[surface, path]),
        }
    }
}
