//! The program `jackfield`: listeners, TLS, authentication, supervision and the command line.
//!
//! ```text
//!   command_line --> config --> node --> engine, surfaces, listeners, admin socket
//! ```
//!
//! Knows how things run; what they mean stands in `domain`, what peers see in the adapters.

mod admin;
mod authentication;
mod backup;
pub mod command_line;
pub mod config;
mod console;
pub mod demo;
mod fetching;
mod flight_recorder;
mod headset_profile;
mod history;
mod http;
pub mod inherited;
mod listener;
pub mod log;
pub mod node;
mod open_files;
mod opening;
mod operations;
mod password_file;
pub mod phone_elements;
mod phone_text;
mod probe;
mod sealing_file;
mod secret_file;
mod settings;
mod source;
mod support_bundle;
pub mod surfaces;
#[cfg(test)]
mod temporary;
pub mod tls;
mod token_file;
mod words;
mod yaml;

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
