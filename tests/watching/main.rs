//! What operators watch us with fits the program: alert rules, runbooks, dashboards and guides.
//!
//! Reads files of the checkout, and starts promtool alone, which judges rules and expressions as a
//! Prometheus would. What a running program shows is compared with the lists of figures elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly"
)]

mod alerts;
mod dashboards;
mod figures;
mod files;
mod guides;
