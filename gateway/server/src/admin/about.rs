//! What this program is, since when it runs, and whose work is in it.

use serde_json::{Value, json};

use crate::node::Shared;

/// The crates that are linked, each with its version and licence; `tests/tidy` keeps it as it should be.
const LICENCES: &str = include_str!("../../licences.json");
/// The compiler, where whoever built it said so.
const RUSTC: Option<&str> = option_env!("JACKFIELD_RUSTC");

pub(super) fn about(shared: &Shared) -> Value {
    let licences: Value = serde_json::from_str(LICENCES).unwrap_or_default();
    json!({
        "product": "Jackfield",
        "version": crate::VERSION,
        "rustc": RUSTC,
        "started_at": shared.started_at.microseconds(),
        "licences": licences,
    })
}
