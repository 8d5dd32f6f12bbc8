//! SIP phones and proxies: registrar, flows, and messages to a device.
//!
//! Speaks SIP (RFC 3261 and those that `protocols::sip` names) over TLS, TCP and, where it is switched on, UDP.
//! Two topologies, phone by phone:
//!
//! ```text
//!   registered with us      phone --REGISTER--> this node           what it is told goes over its own flow
//!   behind a next hop       phone --REGISTER--> proxy or registrar  what it is told goes to its address by the
//!                                                                   next hop; answers go where requests came from
//!
//!   sockets --> stream, datagram --Message--> Element <--Errand-- headsets, screens, probes
//!                     ^                          |
//!                     '--- Flows (queues) <------'
//! ```
//!
//! Who owns what: [`Sip`] the tasks, started and replaced as the settings say; `Element` conversations and
//! bindings, in memory alone, since phones bring them again within their lifetime; `Flows` connections and what
//! waits to be written; the engine the settings. Nothing of it is in the store: a registration is known to the
//! node that has its flow.

mod accept;
mod answers;
mod bodies;
mod channels;
mod datagram;
pub mod device_certificates;
mod dial;
mod dismissal;
mod dispatch;
mod element;
mod events;
mod exchanges;
mod figures;
mod flows;
mod handshakes;
mod hop_requests;
mod in_dialog;
mod limits;
mod next_hops;
mod noted;
mod once;
mod outgoing;
mod phone_requests;
mod places;
mod probe;
mod proof;
mod prove;
mod rates;
mod register;
mod replies;
mod service;
mod site;
mod sources;
mod status;
mod stream;
mod supervision;
mod time;
mod tls;
mod tries;

pub use events::{Reached, SipEvent};
pub use limits::{Limits, Listening};
pub use outgoing::{By, Delivery, Errand};
pub use service::Sip;
pub use status::{NextHopStatus, RegisteredDevice, ServerStatus, SipStatus};
