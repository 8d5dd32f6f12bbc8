//! How a referral goes: a status line as a body (RFC 3420, RFC 3515 section 2.4.4).

use bytes::Bytes;

use super::{Unsendable, pen::is_plain};
use crate::sip::Status;

/// Bytes that are read of a fragment's first line.
const LINE_BYTES_MAX: usize = 1024;

/// A status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The status.
    pub status: Status,
    /// Its phrase.
    pub reason: String,
}

/// A fragment that is no status line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fragment does not begin with a status line")]
pub struct BadFragment;

impl Fragment {
    /// That status with its usual phrase.
    pub fn of(status: Status) -> Self {
        Self { status, reason: status.phrase().to_owned() }
    }

    /// Reads the first line; header fields and a body may follow.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadFragment> {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = Some(line).filter(|line| line.len() <= LINE_BYTES_MAX);
        let line = line.and_then(|line| std::str::from_utf8(line).ok()).ok_or(BadFragment)?;
        let (version, rest) = line.split_once(' ').ok_or(BadFragment)?;
        // An empty phrase keeps its blank, which some peers leave out.
        let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
        let status = code.parse().ok().filter(|_| is_code).and_then(Status::new);
        let status = status.ok_or(BadFragment)?;
        if !version.eq_ignore_ascii_case("SIP/2.0") || !is_plain(reason) {
            return Err(BadFragment);
        }
        Ok(Self { status, reason: reason.to_owned() })
    }

    /// Writes the line.
    pub fn encode(&self) -> Result<Bytes, Unsendable> {
        if !is_plain(&self.reason) {
            return Err(Unsendable::ControlCharacter);
        }
        Ok(format!("SIP/2.0 {} {}\r\n", self.status.code(), self.reason).into())
    }
}
