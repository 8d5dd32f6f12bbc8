//! Syslog messages (RFC 5424), and how they stand in a stream (RFC 6587, RFC 5425).
//!
//! [`encode()`] writes one message within a limit of bytes, whatever its parts hold: what a header
//! may not carry is replaced, control characters are shown as `#` and three octal digits as common
//! receivers do, and what is too long is cut between characters. So a message never holds a line
//! feed, and both framings of a stream can carry it.
//!
//! Parameters stand in one element of structured data of our own, `name@number`, where the number is
//! a private enterprise number. [`DOCUMENTATION_ENTERPRISE`] is the one of examples: a site with a
//! number of its own sets that.

mod element;
mod encode;
mod framing;
mod header;
mod text;
mod timestamp;

#[cfg(test)]
mod tests;

pub use element::ElementId;
pub use encode::{Envelope, Message, encode};
pub use framing::Framing;
pub use header::{Facility, Origin, Severity};

/// The enterprise number that examples use (RFC 5612); nobody owns it.
pub const DOCUMENTATION_ENTERPRISE: u32 = 32_473;
/// Characters of HOSTNAME.
pub const HOST_NAME_CHARACTERS_MAX: usize = 255;
/// Characters of APP-NAME.
pub const APPLICATION_CHARACTERS_MAX: usize = 48;
/// Characters of PROCID.
pub const PROCESS_ID_CHARACTERS_MAX: usize = 128;
/// Characters of MSGID.
pub const MESSAGE_ID_CHARACTERS_MAX: usize = 32;
/// Characters of an SD-ID and of a PARAM-NAME.
pub const NAME_CHARACTERS_MAX: usize = 32;
/// Bytes of a parameter's value before escaping.
pub const VALUE_BYTES_MAX: usize = 1_024;
/// Bytes of a message in a datagram: what every receiver should take (RFC 5424, section 6.1).
pub const DATAGRAM_BYTES_MAX: usize = 2_048;
/// Bytes of a message in a stream: what receivers over TLS should take (RFC 5425, section 4.3.1).
pub const STREAM_BYTES_MAX: usize = 8_192;
/// A limit below this counts as this: so long the header alone may be.
pub const BYTES_MIN: usize = 512;
