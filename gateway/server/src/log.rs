//! The log: on standard error, one line for each event, for people or as JSON; or as entries of
//! systemd's journal where standard error is one of its streams. Beside it to syslog receivers.

use std::panic::PanicHookInfo;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::NodeName;
use engine::SystemClock;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::LogConfig;

mod journal;
mod line_limit;
mod named;
mod recent;
mod syslog;
mod told;

pub(crate) use line_limit::{Line, LineLimit};
pub use syslog::{Facility, Framing, Syslog, SyslogLayer, SyslogReceiver, SyslogState, Transport};

use journal::Journal;
use named::Named;
pub(crate) use recent::{Found, Recent};

/// The levels there are.
pub(crate) const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// A level by its name among [`LEVELS`].
pub(crate) fn level_name(level: tracing::Level) -> &'static str {
    use tracing::Level;
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// Changes what is logged while the program runs.
#[derive(Clone)]
pub struct LogControl {
    set: Option<Arc<dyn Fn(EnvFilter) -> bool + Send + Sync>>,
    levels: Arc<Mutex<Levels>>,
    syslog: Syslog,
    /// The last lines.
    pub(crate) recent: Recent,
}

/// From where on is logged.
#[derive(Debug)]
struct Levels {
    /// Where nobody asked for another one for a while.
    lasting: &'static str,
    /// The number of the change that is in force for a while.
    passing: Option<u64>,
    /// How often the level was changed for a while.
    changes: u64,
}

impl Levels {
    fn shared(lasting: &'static str) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { lasting, passing: None, changes: 0 }))
    }
}

impl LogControl {
    /// For where nothing is logged, as in tests.
    pub fn none() -> Self {
        Self {
            set: None,
            levels: Levels::shared("info"),
            syslog: Syslog::new(None),
            recent: Recent::default(),
        }
    }

    /// The syslog receivers of this log.
    pub fn syslog(&self) -> &Syslog {
        &self.syslog
    }

    /// Logs from `level` on for a while; the number of this change, or `None` where that cannot be.
    pub(crate) fn set_level(&self, level: &str) -> Option<u64> {
        let mut levels = self.levels();
        if !self.set_now(level) {
            return None;
        }
        levels.changes += 1;
        levels.passing = Some(levels.changes);
        levels.passing
    }

    /// Logs as ever again, unless another change came after that of `number`; gives that level.
    pub(crate) fn set_back(&self, number: u64) -> Option<&'static str> {
        let mut levels = self.levels();
        if levels.passing != Some(number) || !self.set_now(levels.lasting) {
            return None;
        }
        levels.passing = None;
        Some(levels.lasting)
    }

    /// Logs from `level` on whenever nobody asked for another level for a while.
    pub(crate) fn set_lasting_level(&self, level: &'static str) {
        let mut levels = self.levels();
        if levels.lasting == level {
            return;
        }
        levels.lasting = level;
        if levels.passing.is_none() {
            self.set_now(level);
        }
    }

    fn levels(&self) -> MutexGuard<'_, Levels> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_now(&self, level: &str) -> bool {
        self.set.as_ref().is_some_and(|set| LEVELS.contains(&level) && set(filter(level)))
    }
}

/// What is left of all events by the level in force.
type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;
type BoxedLayer = Box<dyn Layer<Filtered> + Send + Sync>;

/// Begins to log what `node` does; call it once.
pub fn start(config: LogConfig, node: Option<&NodeName>) -> LogControl {
    let (filter, handle) = reload::Layer::new(filter(config.level));
    let registry: Filtered = tracing_subscriber::registry().with(filter);
    let syslog = Syslog::new(node);
    let receivers = syslog.layer(Arc::new(SystemClock));
    // A second start in one process changes nothing; the first log goes on.
    let recent = Recent::default();
    let kept = recent.layer(Arc::new(SystemClock));
    let _ = registry
        .with(entries(node).unwrap_or_else(|| lines(config, node)))
        .with(receivers)
        .with(kept)
        .try_init();
    std::panic::set_hook(Box::new(log_panic));
    LogControl {
        set: Some(Arc::new(move |filter| handle.reload(filter).is_ok())),
        levels: Levels::shared(config.level),
        syslog,
        recent,
    }
}

/// Entries of the journal, where standard error is its stream and it listens.
fn entries(node: Option<&NodeName>) -> Option<BoxedLayer> {
    if !journal::is_standard_error() {
        return None;
    }
    let journal = Journal::open(Path::new(journal::SOCKET), node).ok()?;
    Some(Box::new(journal))
}

/// Lines on standard error.
fn lines(config: LogConfig, node: Option<&NodeName>) -> BoxedLayer {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    if !config.json {
        return Box::new(lines.with_target(false));
    }
    let named = Named::new(node);
    let lines = lines.with_writer(move || named.write_to(std::io::stderr()));
    Box::new(lines.json().flatten_event(true).with_current_span(false).with_span_list(false))
}

/// Our own crates, whose lines are logged from the level on that is set.
const OURS: [&str; 17] = [
    "jackfield",
    "server",
    "engine",
    "store",
    "domain",
    "protocols",
    "console",
    "cti",
    "directory",
    "dispatch",
    "headset",
    "identity",
    "mail",
    "phone",
    "provisioning",
    "sip",
    "workspace",
];

/// Our own crates from `level` on, libraries from `warn` on at most: what reads mails for us, `async_imap`, tells
/// passwords and whole mails at `trace`.
fn filter(level: &str) -> EnvFilter {
    let libraries = if level == "error" { "error" } else { "warn" };
    let mut directives = libraries.to_owned();
    for name in OURS {
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

    /// A log that notes from which level on it is told to log.
    fn noting() -> (LogControl, Arc<Mutex<Vec<&'static str>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noting = Arc::clone(&seen);
        let set = move |filter: EnvFilter| {
            let text = filter.to_string();
            let level = LEVELS.into_iter().find(|level| text.contains(&format!("server={level}")));
            noting.lock().unwrap().extend(level);
            true
        };
        (LogControl { set: Some(Arc::new(set)), ..LogControl::none() }, seen)
    }

    #[test]
    fn what_each_crate_of_ours_tells_is_logged() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for folder in ["adapters", "gateway"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let folder = entry.unwrap().path();
                // What browsers load has a folder there too, and is no crate.
                if !folder.join("Cargo.toml").exists() {
                    continue;
                }
                let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
                assert!(OURS.contains(&name.as_str()), "{name} logs nothing");
                assert!(filter("debug").to_string().contains(&format!("{name}=debug")), "{name}");
            }
        }
    }

    #[test]
    fn what_reads_mails_for_us_tells_none_of_them_at_any_level() {
        for level in LEVELS {
            let filter = filter(level).to_string();
            let mut directives = filter.split(',');
            let libraries = directives.find(|directive| !directive.contains('=')).unwrap();
            assert!(["error", "warn"].contains(&libraries), "{filter}");
            assert!(!filter.contains("async_imap"), "{filter}");
        }
    }

    #[test]
    fn a_change_of_the_level_ends_no_later_one() {
        let (control, seen) = noting();
        let first = control.set_level("debug").unwrap();
        let second = control.set_level("trace").unwrap();
        assert_eq!(control.set_back(first), None);
        assert_eq!(control.set_back(second), Some("info"));
        assert_eq!(*seen.lock().unwrap(), ["debug", "trace", "info"]);
        assert_eq!(LogControl::none().set_level("debug"), None);
    }

    #[test]
    fn ids_12_the_level_of_the_settings_lasts_and_ends_none_that_somebody_asked_for() {
        let (control, seen) = noting();
        control.set_lasting_level("info");
        control.set_lasting_level("warn");
        let change = control.set_level("debug").unwrap();
        control.set_lasting_level("error");
        assert_eq!(*seen.lock().unwrap(), ["warn", "debug"]);
        assert_eq!(control.set_back(change), Some("error"));
        assert_eq!(control.set_back(change), None);
        assert_eq!(*seen.lock().unwrap(), ["warn", "debug", "error"]);
    }
}
