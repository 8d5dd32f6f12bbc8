//! Framing, limits and strictness: bytes to checked messages, and messages to bytes.
//!
//! ```text
//!   datagram --head, check--> Message | Malformed
//!   stream --feed--> Decoder --next--> More | Ping | Pong | Message | Malformed
//!                      Between --a head is whole--> Body --all of it is there--> Between
//!                         `-----------'------------- framing is lost --> dead
//!   Message --encode--> bytes
//! ```
//!
//! A message that comes out was read in the only way there is: lines end with CR LF and with nothing else, a
//! continued line is joined before it is looked at, no control characters but tabs, exactly one Content-Length
//! on a stream, fields that may stand once stand once, and lists, addresses and numbers can all be read. So
//! getters on it cannot surprise, and a peer behind us cannot read another message in it.
//!
//! Content-Length belongs to the framing: it is no header field of a [`Message`], and `encode` writes it.
//!
//! Where framing is lost a stream is dead, and is never looked through for the next beginning. Where only the
//! meaning of a field is (a Contact that cannot be read), the message ends where it says, and the stream goes
//! on: else one phone behind a proxy could have the proxy's connection closed for all of them.

mod check;
mod encode;
mod head;
mod lenient;
mod limits;
mod malformed;
mod start;
mod stream;

use bytes::Bytes;

pub use encode::encode;
pub use limits::Limits;
pub use malformed::{Breach, Malformed};
pub use stream::{Cut, Decoder};

use head::Head;
use malformed::Problem;

use super::{Message, Status};

/// The message that a datagram is. Line ends before it are passed over, and so is what follows the body; without
/// a Content-Length the body goes to the end (RFC 3261, section 18.3).
pub fn datagram(bytes: &Bytes, limits: &Limits) -> Result<Message, Malformed> {
    let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = bytes.slice(blank..);
    let Some(end) = head::end(&bytes, 0) else {
        return Err(Problem::bad("message", "has no empty line behind its header fields")
            .of(&bytes, limits));
    };
    let head_bytes = bytes.slice(..end);
    let head =
        Head::read(&head_bytes, limits).map_err(|problem| problem.of(&head_bytes, limits))?;
    let there = bytes.len() - end;
    let length = match head.content_length {
        Some(length) if length > there => {
            return Err(
                Problem::bad("Content-Length", "is more than there is").of(&head_bytes, limits)
            );
        }
        Some(length) => length,
        None => there,
    };
    if length > limits.body_bytes {
        let problem =
            Problem::new(Status::ENTITY_TOO_LARGE, "body", "is too long", limits.body_bytes);
        return Err(problem.of(&head_bytes, limits));
    }
    match head.problem {
        Some(problem) => Err(problem.of(&head_bytes, limits)),
        None => Ok(head.with_body(bytes.slice(end..end + length))),
    }
}

/// Whether a datagram only keeps a way open: line ends, blanks and zeros, as phones and proxies send them.
pub fn is_keep_alive(datagram: &[u8]) -> bool {
    datagram.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | 0))
}
