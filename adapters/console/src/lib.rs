//! Administrators and their programs as peers: the REST interface under `/api/v1`, described by OpenAPI.
//!
//! ```text
//!   browser, program --HTTP--> routes --Deed--> Administration (the server: one place for what the
//!                                |               admin socket, the command line and REST do)
//!                                `--settings, sessions, states--> Port
//! ```
//!
//! Answers are JSON; what went wrong is a problem document (RFC 9457) that names each field. Who asks
//! was proven by the server: a cookie of a session, a token, or a password with the request. What they
//! may do is a matter of the route and, for supervisors, of their teams. Beside it are the pages that
//! browsers load, which ask for all they show by the same interface.

mod administration;
mod answer;
mod asked;
mod assets;
mod codes;
mod conditions;
mod csv;
mod etag;
mod event_stream;
mod history;
mod json;
mod merge;
mod news;
mod openapi;
mod operation;
mod operations;
mod parts;
mod pointer;
mod problem;
mod sections;
mod surface;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use administration::{
    Administration, Archive, Context, Failure, LogLine, LogLines, MailTest, MailTested, NewSession,
    SetUp, SignIn, SignInRefusal,
};
pub use etag::{ETAG_PURPOSE, etag};
pub use history::{AGENTS_SERIES, agent_states, series_unit};
pub use openapi::document as openapi_document;
pub use operations::{DEVICE_STATES, headset_csv_head, headset_csv_lines};
pub use parts::{Part, PartCode, PartKind, PartState};
pub use surface::Console;
