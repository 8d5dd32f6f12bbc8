//! Why a text is no token of ours.

use super::{HEADER_BYTES_MAX, KEY_ID_BYTES_MAX, TOKEN_BYTES_MAX};

/// Why a token is refused. Nothing of the token is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoseRefused {
    /// Too many bytes.
    #[error("a token has more than {TOKEN_BYTES_MAX} bytes")]
    TooLarge,
    /// Too few or too many segments, or one that must be empty is not.
    #[error("a token does not have the segments of its form")]
    Segments,
    /// Not base64url as RFC 7515 writes it: without padding, and each value in one way.
    #[error("a segment is not base64url without padding")]
    Encoding,
    /// No JSON object of texts, a member twice, or too long.
    #[error("a header is no JSON object of at most {HEADER_BYTES_MAX} bytes with each member once")]
    Header,
    /// A parameter that this form does not have.
    #[error("a header has a parameter that is not taken here")]
    Parameter,
    /// `alg` is missing, unknown or not the one of the key.
    #[error("`alg` is not the algorithm of the key")]
    Algorithm,
    /// `enc` is missing or another one.
    #[error("`enc` is not A256GCM")]
    Encryption,
    /// `kid` is missing or can name no key.
    #[error("`kid` does not name a key in {KEY_ID_BYTES_MAX} bytes")]
    KeyId,
    /// `kid` names no key that is there.
    #[error("`kid` names a key that is not known")]
    UnknownKey,
    /// `typ` is missing or means a token for something else.
    #[error("`typ` is not the one asked for")]
    Purpose,
    /// `cty` is missing or means something other than a token.
    #[error("`cty` is not JWT")]
    Content,
    /// The signature is not that of the key over these bytes.
    #[error("the signature is wrong")]
    Signature,
    /// Nonce or tag has another length, or the bytes were not sealed with this key.
    #[error("the seal is wrong")]
    Seal,
}

impl JoseRefused {
    /// A word for counters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Segments => "segments",
            Self::Encoding => "encoding",
            Self::Header => "header",
            Self::Parameter => "parameter",
            Self::Algorithm => "algorithm",
            Self::Encryption => "encryption",
            Self::KeyId => "key_id",
            Self::UnknownKey => "unknown_key",
            Self::Purpose => "purpose",
            Self::Content => "content",
            Self::Signature => "signature",
            Self::Seal => "seal",
        }
    }
}
