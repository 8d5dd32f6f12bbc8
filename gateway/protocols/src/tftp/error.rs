//! What is wrong with bytes of a peer.

use super::ErrorCode;
use super::{FILE_NAME_BYTES_MAX, OPTION_BYTES_MAX, OPTIONS_MAX, REQUEST_BYTES_MAX};

/// A packet that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DecodeError {
    /// It ends before its end.
    #[error("the packet ends inside")]
    Truncated,
    /// It goes on behind its end.
    #[error("something follows the packet's end")]
    Trailing,
    /// It is none of the six sorts.
    #[error("there is no operation {0}")]
    Operation(u16),
    /// It is longer than such a packet may be.
    #[error("more than {REQUEST_BYTES_MAX} bytes that are no block")]
    Oversize,
    /// The name is empty, too long, or holds something else than printable ASCII.
    #[error("a file's name must be 1 to {FILE_NAME_BYTES_MAX} printable characters")]
    FileName,
    /// The mode is neither `octet` nor `netascii`.
    #[error("the mode is neither octet nor netascii")]
    Mode,
    /// An option is there twice, or has no name, or is too long.
    #[error("options must be named once, with at most {OPTION_BYTES_MAX} bytes")]
    Option,
    /// There are too many of them.
    #[error("more than {OPTIONS_MAX} options")]
    TooManyOptions,
}

impl DecodeError {
    /// What a peer is told whose request that was; `None` where it cannot be told, since it may be anything.
    pub fn answer(self) -> Option<(ErrorCode, &'static str)> {
        match self {
            Self::FileName => Some((ErrorCode::ACCESS_VIOLATION, "that is no name of a file")),
            Self::Mode => {
                Some((ErrorCode::ILLEGAL_OPERATION, "the mode must be octet or netascii"))
            }
            Self::Option | Self::TooManyOptions => {
                Some((ErrorCode::OPTIONS_REFUSED, "the options cannot be read"))
            }
            Self::Truncated | Self::Trailing | Self::Operation(_) | Self::Oversize => None,
        }
    }
}
