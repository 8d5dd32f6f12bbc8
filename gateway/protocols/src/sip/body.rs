//! What Cisco phones carry in the bodies of SIP messages, and what they are sent.
//!
//! ```text
//!   Content-Type, bytes --multipart::parts--> Part, Part ...
//!                                               |-- ...-request+xml, ...-response+xml --> Remotecc
//!                                               |-- ...-cm+xml ------------------------> screens, keys pressed
//!                                               |-- x-cisco-alarm+xml -----------------> Alarm
//!                                               `-- text/plain ------------------------> ServiceControl
//! ```
//!
//! - Reading is lenient about what phones are known to do (line ends, order, spelling, elements that nobody
//!   knows, which are counted) and strict about what has two readings or costs too much: boundaries, document
//!   types, entities, depth, sizes.
//! - Writing escapes every text and refuses control characters, so that no text of ours becomes an element, a
//!   line or a part.
//! - Tags of a dialog are named after who gave them ([`DialogId`]): on the wire they are seen from the phone.
//!
//! Sources: RFC 2046, 3326, 3420; Cisco's published traces and the bulk registration chapter of the CME guide.
//! Knows nothing of transactions, devices of ours or settings.

mod alarm;
mod fuzz;
pub mod multipart;
mod options_indication;
mod pen;
pub mod remotecc;
mod screen;
mod service_control;
mod sipfrag;
#[cfg(test)]
mod tests;
mod user_call_data;
mod words;

pub use alarm::{Alarm, BadAlarm, LastReset, ReasonAlarm};
pub use fuzz::{fuzz_multipart, fuzz_remotecc};
pub use options_indication::{COMBINE_MAX, Combine, Flag, OptionsIndication, Ways, accepted};
pub use pen::Unsendable;
pub use remotecc::{DialogId, Remotecc};
pub use screen::{BadPress, BadScreen, EXECUTE_BYTES_MAX, Press, press, screen};
pub use service_control::{Action, BadServiceControl, STAMP_NEVER, ServiceControl};
pub use sipfrag::{BadFragment, Fragment};
pub use user_call_data::{BadUserCallData, Key, UserCallData};

/// `Content-Type` of a command or an event.
pub const REQUEST_TYPE: &str = "application/x-cisco-remotecc-request+xml";
/// `Content-Type` of a result.
pub const RESPONSE_TYPE: &str = "application/x-cisco-remotecc-response+xml";
/// `Content-Type` of an object to show, and of what a key that was pressed carries.
pub const OBJECT_TYPE: &str = "application/x-cisco-remotecc-cm+xml";
/// `Content-Type` of an alarm.
pub const ALARM_TYPE: &str = "application/x-cisco-alarm+xml";
/// `Content-Type` of service control.
pub const SERVICE_CONTROL_TYPE: &str = "text/plain";
/// `Content-Type` of the status line that tells how a referral goes.
pub const FRAGMENT_TYPE: &str = "message/sipfrag;version=2.0";

/// Bytes of a body, in all.
pub const BYTES_MAX: usize = 64 * 1024;

/// The media type of a `Content-Type`, in lower case and without parameters.
pub fn media_type(content_type: &str) -> String {
    let bare = content_type.split(';').next().unwrap_or_default();
    let (kind, subtype) = bare.split_once('/').unwrap_or((bare, ""));
    format!("{}/{}", kind.trim(), subtype.trim()).to_ascii_lowercase()
}
