//! A headset behind a phone: discovery, agent state, and what its base's light shall mean.
//!
//! The source is Cisco's guide on the integration of headsets with Finesse; bodies and paths over HTTP are public
//! nowhere, so they are ours, and a profile says how they look (`protocols::headset`).
//!
//! ```text
//!   phone --GET discovery, configuration--> answer <-- services, roster, settings
//!   phone --PUT agent-state--> updates: judge --> execute --> the owner of the state
//!   the owner's events, sessions --> roster: whose phone --> teller --Notice--> channels --> REFER
//!   settings, nodes --> rounds --Notice--> channels --> NOTIFY --> phones ask anew
//! ```
//!
//! Who owns what: the owner of an agent's voice state owns the state, and the light follows what it tells, never
//! what a headset asked for. This adapter owns which phone was told what, in memory alone: phones are told
//! anew when they register, their agent signs in, the owner's link returns, or a node starts. Each node tells the
//! phones that it reaches; nodes share nothing but keys and settings. The SIP adapter is reached by the engine's
//! channels.

mod answer;
mod awake;
mod execute;
mod figures;
mod identity;
mod inventory;
mod judge;
mod noted;
mod roster;
mod rounds;
mod service;
mod services;
mod state;
mod status;
mod surface;
mod teller;
mod time;
mod translate;
mod unknown;
mod updates;

#[cfg(test)]
mod tests;

pub use identity::Proven;
pub use roster::Whose;
pub use service::Headset;
pub use status::HeadsetSeen;
pub use translate::{Light, light, status};
pub use unknown::UnknownRequest;
