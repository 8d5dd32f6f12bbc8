//! TFTP as a server that only gives speaks it: packets (RFC 1350), options (RFC 2347, 2348, 2349), and the
//! conversation that a transfer is.
//!
//! ```text
//!   bytes --decode--> Packet --Request--> Transfer --poll--> packets, content to read, an outcome
//!   Packet --encode--> bytes
//! ```
//!
//! Options that are not known here, `windowsize` (RFC 7440) among them, are left out of what is acknowledged, as
//! are known ones with values that cannot be used: devices give up where a server refuses a request for its
//! options. What contradicts itself is refused.

mod error;
mod fuzz;
mod netascii;
mod option;
mod packet;
#[cfg(test)]
mod tests;
mod transfer;

pub use error::DecodeError;
pub use fuzz::fuzz_tftp;
pub use option::Options;
pub use packet::{ErrorCode, Mode, Packet, Request, decode, encode};
pub use transfer::{Input, Outcome, Output, Transfer, TransferSettings, UNHEARD_BYTES_MAX};

/// Bytes of a request, as RFC 2347 has it, and of all else that is no block.
pub const REQUEST_BYTES_MAX: usize = 512;
/// Bytes of a file's name.
pub const FILE_NAME_BYTES_MAX: usize = 128;
/// Options of one request.
pub const OPTIONS_MAX: usize = 16;
/// Bytes of an option's name, and of its value.
pub const OPTION_BYTES_MAX: usize = 64;
/// Bytes of a block where nothing else was agreed to.
pub const BLOCK_BYTES: u16 = 512;
/// The smallest and the largest block that may be agreed to (RFC 2348).
pub const BLOCK_BYTES_RANGE: std::ops::RangeInclusive<u16> = 8..=65_464;
/// Bytes of any packet: the largest block and what stands before it.
pub const PACKET_BYTES_MAX: usize = 65_468;
