//! The headset behind a Cisco IP phone, simulated: its base's light, its mute key, the phone's software
//! that talks to the headset service.
//!
//! Written from public notes and the schema proposed there; it knows nothing of any gateway's code.
//!
//! - `base`: light and mute key; `documents`: what the service says, read strictly.
//! - `machine`: the software without sockets; `timestamp`: points in time as text.
//! - `draw`: the base as lines of text.
//! - `client`: its HTTP connections; `worn`: a headset that runs; `options`: its command line.
//! - `load`: thousands of such phones, measured.

pub(crate) mod base;
pub(crate) mod client;
mod documents;
pub(crate) mod draw;
mod load;
pub(crate) mod machine;
mod options;
pub(crate) mod timestamp;
mod worn;

pub(crate) use self::load::{HeadsetLoadArguments, run as run_load};
pub(crate) use self::options::{Around, HeadsetArguments, HeadsetSettings};
pub(crate) use self::worn::Worn;

#[cfg(test)]
mod tests;
