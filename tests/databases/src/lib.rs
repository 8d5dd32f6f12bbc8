//! Private PostgreSQL servers that tests start, break and throw away.
//!
//! - [`shared`] is the server of a whole test program, on which each test creates its own database.
//! - [`Server`] is one that a test breaks: killed, stopped, frozen, started again.
//! - [`Standby`] follows a server and can be promoted, with or without a lost tail.
//! - [`Proxy`] stands between a client and a server, and holds, delays, cuts or refuses.
//!
//! A server listens on a socket in its own folder only, so no port clashes; TCP is the proxy's. The
//! folder owns everything: once the server is dropped, or the test program ends in whatever way, a
//! watcher ends what still runs there and removes it.
//!
//! What cannot work fails the test that asked for it, so nothing here returns an error. A machine
//! without PostgreSQL gets `None` and a line that says so.

mod failure;
mod folder;
mod installed;
mod processes;
mod proxy;
mod server;
mod standby;
mod waiting;

pub use proxy::{Mode, Proxy};
pub use server::{Options, Server, Stop, shared};
pub use standby::Standby;
pub use waiting::eventually;
