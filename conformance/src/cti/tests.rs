//! The machine and the whole server, met as a client meets them.

mod calls;
mod client;
mod sessions;
mod sockets;
mod states;
