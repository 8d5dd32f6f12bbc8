//! What a simulated phone tells whoever drives it: one JSON line each.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Something that happened to one phone.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A connection stands; `local` is its near end.
    Connected { local: String, server: String },
    /// No connection came about.
    NotConnected(String),
    /// The connection is gone.
    Lost(String),
    /// The registrar granted a binding; `fresh` where this was no refresh.
    Registered { fresh: bool, expires_seconds: u64, took: Duration, challenges: u32 },
    /// The registrar removed the binding.
    Unregistered { took: Duration },
    /// A request of the phone was answered with success.
    Accepted { what: &'static str, status: u16, took: Duration },
    /// A request of the phone was refused.
    Refused { what: &'static str, status: u16, reason: String, warning: Option<String> },
    /// Nobody answered a request of the phone.
    Unanswered { what: &'static str },
    /// The server asked for proof of who it is.
    Challenged { what: &'static str, algorithm: String, stale: bool },
    /// A ping was answered.
    Pong { took: Duration },
    /// The server asked something of the phone; `asked` says what, `answer` what was answered, `at` when
    /// it came.
    Request { name: &'static str, asked: Value, answer: Option<u16>, at: Instant },
    /// The same request came again, as it may over UDP.
    Repeated { method: String },
    /// The server did what the documents forbid.
    Problem { words: String, about: String },
    /// A command could not be understood or done.
    NotDone { command: String, words: String },
}

impl Event {
    /// The line, without the phone's name.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Connected { local, server } => {
                json!({"event": "connected", "local": local, "server": server})
            }
            Self::NotConnected(words) => json!({"event": "not_connected", "words": words}),
            Self::Lost(words) => json!({"event": "lost", "words": words}),
            Self::Registered { fresh, expires_seconds, took, challenges } => json!({
                "event": "registered", "fresh": fresh, "expires_seconds": expires_seconds,
                "milliseconds": milliseconds(*took), "challenges": challenges,
            }),
            Self::Unregistered { took } => {
                json!({"event": "unregistered", "milliseconds": milliseconds(*took)})
            }
            Self::Accepted { what, status, took } => json!({
                "event": "accepted", "what": what, "status": status,
                "milliseconds": milliseconds(*took),
            }),
            Self::Refused { what, status, reason, warning } => json!({
                "event": "refused", "what": what, "status": status, "reason": reason,
                "warning": warning,
            }),
            Self::Unanswered { what } => json!({"event": "unanswered", "what": what}),
            Self::Challenged { what, algorithm, stale } => json!({
                "event": "challenged", "what": what, "algorithm": algorithm, "stale": stale,
            }),
            Self::Pong { took } => json!({"event": "pong", "milliseconds": milliseconds(*took)}),
            Self::Request { name, asked, answer, .. } => {
                json!({"event": name, "asked": asked, "answer": answer})
            }
            Self::Repeated { method } => json!({"event": "repeated", "method": method}),
            Self::Problem { words, about } => {
                json!({"event": "problem", "words": words, "about": about})
            }
            Self::NotDone { command, words } => {
                json!({"event": "not_done", "command": command, "words": words})
            }
        }
    }
}

/// Milliseconds with fractions.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
