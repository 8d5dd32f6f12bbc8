//! The log to syslog receivers: a strict one that is written from the standards alone, and rsyslog.

#![cfg(test)]

mod changes;
mod peer;
mod probes;
mod rsyslog;
mod transports;

use std::sync::Arc;

use engine::{Metrics, SystemClock};
use server::log::Syslog;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt as _;

/// The log of this thread, to syslog receivers alone, until the guard goes.
fn log() -> (Syslog, Metrics, DefaultGuard) {
    let node = "gw-a.example.com".parse().unwrap();
    let (syslog, metrics) = (Syslog::new(Some(&node)), Metrics::new());
    syslog.observe(&metrics);
    let layer = syslog.layer(Arc::new(SystemClock));
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    (syslog, metrics, guard)
}

/// A number of the metrics, such as `jackfield_x{a="b"}`.
fn metric(metrics: &Metrics, name: &str) -> Option<u64> {
    let text = String::from_utf8(metrics.text()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.parse().ok()
}
