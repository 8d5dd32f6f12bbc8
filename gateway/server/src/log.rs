//! The log on standard error: one line for each event, for people or as JSON.

use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex, PoisonError};

use domain::NodeName;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::LogConfig;

mod line_limit;
mod named;
mod recent;

pub(crate) use line_limit::{Line, LineLimit};

use named::Named;
pub(crate) use recent::Recent;

/// The levels there are.
pub(crate) const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// Changes what is logged while the program runs.
#[derive(Clone)]
pub struct LogControl {
    set: Option<Arc<dyn Fn(EnvFilter) -> bool + Send + Sync>>,
    /// How often the level was changed.
    changes: Arc<Mutex<u64>>,
    /// The last lines.
    pub(crate) recent: Recent,
}

impl LogControl {
    /// For where nothing is logged, as in tests.
    pub fn none() -> Self {
        Self { set: None, changes: Arc::default(), recent: Recent::default() }
    }

    /// Logs from `level` on; the number of this change, or `None` where that cannot be.
    pub(crate) fn set_level(&self, level: &str) -> Option<u64> {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.set_now(level) {
            return None;
        }
        *changes += 1;
        Some(*changes)
    }

    /// Logs from `level` on again, unless another change came after that of `number`.
    pub(crate) fn set_back(&self, level: &str, number: u64) -> bool {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        *changes == number && self.set_now(level)
    }

    fn set_now(&self, level: &str) -> bool {
        self.set.as_ref().is_some_and(|set| LEVELS.contains(&level) && set(filter(level)))
    }
}

/// Begins to log what `node` does; call it once.
pub fn start(config: LogConfig, node: Option<&NodeName>) -> LogControl {
    let (filter, handle) = reload::Layer::new(filter(config.level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines: Box<dyn Layer<_> + Send + Sync> = if config.json {
        let named = Named::new(node);
        let lines = lines.with_writer(move || named.write_to(std::io::stderr()));
        Box::new(lines.json().flatten_event(true).with_current_span(false).with_span_list(false))
    } else {
        Box::new(lines.with_target(false))
    };
    let registry: tracing_subscriber::layer::Layered<_, Registry> =
        tracing_subscriber::registry().with(filter);
    // A second start in one process changes nothing; the first log goes on.
    let recent = Recent::default();
    let kept = tracing_subscriber::fmt::layer().with_writer(recent.clone()).with_ansi(false);
    let _ = registry.with(lines).with(kept).try_init();
    std::panic::set_hook(Box::new(log_panic));
    LogControl {
        set: Some(Arc::new(move |filter| handle.reload(filter).is_ok())),
        changes: Arc::default(),
        recent,
    }
}

/// Our own crates from `level` on, libraries from `warn` on at most.
fn filter(level: &str) -> EnvFilter {
    let libraries = if level == "error" { "error" } else { "warn" };
    let mut directives = libraries.to_owned();
    for name in ["server", "engine", "store", "phone", "protocols", "domain", "jackfield"] {
        directives.push_str(&format!(",{name}={level}"));
    }
    EnvFilter::new(directives)
}

/// A panic's place and constant text; a text made at run time may hold what peers sent.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let text = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
    let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
    tracing::error!(place, text, "panic");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_level_ends_no_later_one() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noting = Arc::clone(&seen);
        let set = move |filter: EnvFilter| {
            noting.lock().unwrap().push(filter.to_string().contains("server=debug"));
            true
        };
        let control = LogControl { set: Some(Arc::new(set)), ..LogControl::none() };
        let first = control.set_level("debug").unwrap();
        let second = control.set_level("debug").unwrap();
        assert!(!control.set_back("info", first));
        assert!(control.set_back("info", second));
        assert_eq!(*seen.lock().unwrap(), [true, true, false]);
        assert_eq!(LogControl::none().set_level("debug"), None);
    }
}
