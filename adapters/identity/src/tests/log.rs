//! What was logged on a thread, as text.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default, set_global_default};
use tracing::{Event, Metadata, Subscriber};

/// Everything that is logged on this thread while it is kept.
pub(crate) struct Log {
    lines: Arc<Mutex<String>>,
    _guard: DefaultGuard,
}

impl Log {
    pub(crate) fn of_this_thread() -> Self {
        // A thread without any would have it remembered for all that nobody listens to a line it is first at.
        static ALL_THREADS: Once = Once::new();
        ALL_THREADS.call_once(|| {
            let _ = set_global_default(Writer(Arc::default()));
        });
        let lines = Arc::new(Mutex::new(String::new()));
        let guard = set_default(Writer(Arc::clone(&lines)));
        Self { lines, _guard: guard }
    }

    /// What came since the last look.
    pub(crate) fn taken(&self) -> String {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

struct Writer(Arc<Mutex<String>>);

struct Fields<'w>(&'w mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Subscriber for Writer {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut lines = self.0.lock().unwrap();
        event.record(&mut Fields(&mut lines));
        lines.push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
