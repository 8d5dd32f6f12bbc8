//! Options of a request, and those that are acknowledged.

use super::{BLOCK_BYTES_RANGE, DecodeError, OPTION_BYTES_MAX, OPTIONS_MAX};

const BLOCK_BYTES: &str = "blksize";
const TIMEOUT: &str = "timeout";
const BYTES: &str = "tsize";
const KNOWN: [&str; 3] = [BLOCK_BYTES, TIMEOUT, BYTES];

/// Options that are known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `blksize`: bytes of a block, within what RFC 2348 allows.
    pub block_bytes: Option<u16>,
    /// `timeout`: seconds before something is sent again, 1 to 255.
    pub timeout_seconds: Option<u8>,
    /// `tsize`: how long the file is; 0 where a request asks for that.
    pub file_bytes: Option<u64>,
}

impl Options {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads pairs of name and value, each ended by a NUL. A known option whose value cannot be used is left out,
    /// but for a block that is too large: a smaller one may be acknowledged (RFC 2348).
    pub(super) fn decode(mut rest: &[u8]) -> Result<Self, DecodeError> {
        let mut options = Self::default();
        let mut seen = [false; KNOWN.len()];
        let mut count = 0;
        while !rest.is_empty() {
            let (name, after) = text(rest)?;
            let (value, after) = text(after)?;
            rest = after;
            count += 1;
            if count > OPTIONS_MAX {
                return Err(DecodeError::TooManyOptions);
            }
            if name.is_empty() || name.len() > OPTION_BYTES_MAX || value.len() > OPTION_BYTES_MAX {
                return Err(DecodeError::Option);
            }
            let known = KNOWN.iter().zip(&mut seen);
            let found = known.into_iter().find(|(it, _)| name.eq_ignore_ascii_case(it.as_bytes()));
            let Some((known, seen)) = found else { continue };
            if std::mem::replace(seen, true) {
                return Err(DecodeError::Option);
            }
            options.put(known, number(value));
        }
        Ok(options)
    }

    fn put(&mut self, name: &str, value: Option<u64>) {
        let Some(value) = value else { return };
        match name {
            BLOCK_BYTES => {
                let (least, most) = BLOCK_BYTES_RANGE.into_inner();
                let bytes = u16::try_from(value).unwrap_or(most).min(most);
                self.block_bytes = (bytes >= least).then_some(bytes);
            }
            TIMEOUT => {
                self.timeout_seconds = u8::try_from(value).ok().filter(|seconds| *seconds > 0);
            }
            _ => self.file_bytes = Some(value),
        }
    }

    /// Writes them in one order, whatever it was.
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        let values = [
            (BLOCK_BYTES, self.block_bytes.map(u64::from)),
            (TIMEOUT, self.timeout_seconds.map(u64::from)),
            (BYTES, self.file_bytes),
        ];
        for (name, value) in values {
            let Some(value) = value else { continue };
            for text in [name, &value.to_string()] {
                bytes.extend_from_slice(text.as_bytes());
                bytes.push(0);
            }
        }
    }
}

/// Bytes up to a NUL, and those behind it.
pub(super) fn text(bytes: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    let end = memchr::memchr(0, bytes).ok_or(DecodeError::Truncated)?;
    let (text, rest) = bytes.split_at(end);
    Ok((text, rest.get(1..).unwrap_or_default()))
}

/// Digits alone: no sign, no space.
fn number(value: &[u8]) -> Option<u64> {
    if !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}
