//! One event of the log as texts, for whoever takes fields rather than lines.

use std::error::Error;
use std::fmt::{Debug, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::words::with_causes;

/// Bytes of one value; what is beyond is cut.
const VALUE_BYTES_MAX: usize = 4 * 1024;
/// The field that tracing keeps an event's words in.
const WORDS: &str = "message";

/// An event as it is told.
#[derive(Debug)]
pub(crate) struct Told {
    /// How much it matters.
    pub(crate) level: Level,
    /// Which part of the program it is from.
    pub(crate) target: &'static str,
    /// The line of the program's text.
    pub(super) place: Option<(&'static str, u32)>,
    /// In words.
    pub(crate) words: String,
    /// Names and values, in order.
    pub(crate) fields: Vec<(&'static str, String)>,
}

impl Told {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        let mut told = Self {
            level: *metadata.level(),
            target: metadata.target(),
            place: metadata.file().zip(metadata.line()),
            words: String::new(),
            fields: Vec::new(),
        };
        event.record(&mut told);
        told
    }

    #[cfg(test)]
    pub(super) fn empty(level: Level) -> Self {
        Self { level, target: "", place: None, words: String::new(), fields: Vec::new() }
    }

    /// Words and fields on one line, as people read them.
    pub(super) fn line(&self) -> String {
        let mut line = self.words.clone();
        for (name, value) in &self.fields {
            if !line.is_empty() {
                line.push(' ');
            }
            let is_plain = !value.is_empty()
                && !value.contains(|it: char| it.is_whitespace() || it.is_control() || it == '"');
            // Writing to a text cannot fail.
            let _ = if is_plain {
                write!(line, "{name}={value}")
            } else {
                write!(line, "{name}={value:?}")
            };
        }
        line
    }

    /// The field of that name.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }

    fn keep(&mut self, field: &Field, mut value: String) {
        if value.len() > VALUE_BYTES_MAX {
            value.truncate(value.floor_char_boundary(VALUE_BYTES_MAX));
        }
        if field.name() == WORDS {
            self.words = value;
        } else {
            self.fields.push((field.name(), value));
        }
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.keep(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.keep(field, with_causes(value));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::Subscriber;
    use tracing_subscriber::layer::{Context, SubscriberExt as _};
    use tracing_subscriber::{Layer, registry};

    use super::*;

    struct Keep(Arc<Mutex<Vec<Told>>>);

    impl<S: Subscriber> Layer<S> for Keep {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(Told::of(event));
        }
    }

    #[test]
    fn words_and_fields_are_told_as_the_log_writes_them() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let subscriber = registry().with(Keep(Arc::clone(&told)));
        tracing::subscriber::with_default(subscriber, || {
            let (name, error) = ("two words", std::io::Error::other("broken"));
            let long = "ü".repeat(5_000);
            tracing::warn!(count = 3, name, %error, ok = true, none = ?None::<u8>, "it {}", "fell");
            tracing::info!(target: "server::somewhere", long);
        });
        let told = told.lock().unwrap();
        assert_eq!((told[0].level, told[0].words.as_str()), (Level::WARN, "it fell"));
        assert_eq!(
            told[0].line(),
            "it fell count=3 name=\"two words\" error=broken ok=true none=None"
        );
        assert_eq!(told[0].field("name"), Some("two words"));
        assert!(told[0].place.is_some_and(|(file, _)| file.ends_with("told.rs")));
        assert_eq!((told[1].target, told[1].words.as_str()), ("server::somewhere", ""));
        assert_eq!(told[1].field("long").unwrap().len(), VALUE_BYTES_MAX);
    }
}
