//! The program `jackfield`: listeners, TLS, authentication, supervision and the command line.

mod authentication;
pub mod config;
mod http;
mod listener;
mod sealing_file;
mod secret_file;
mod source;
#[cfg(test)]
mod temporary;
pub mod tls;
mod token_file;
