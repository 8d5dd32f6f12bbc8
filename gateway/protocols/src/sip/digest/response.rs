//! What a proof says, read from its parameters and not yet judged.

use super::Proving;
use super::algorithm::{Algorithm, Hashed, Proof, Quality};
use super::nonce::unhex;
use super::parameters::{Broken, Parameters};

/// Longer nonces of a client are refused.
const CNONCE_BYTES_MAX: usize = 256;

/// A proof as a client wrote it.
pub(super) struct Response<'a> {
    pub(super) user: String,
    pub(super) nonce: &'a str,
    pub(super) uri: &'a str,
    pub(super) algorithm: Algorithm,
    pub(super) quality: Said<'a>,
    /// Empty where there is none.
    pub(super) cnonce: &'a str,
    /// The hash, left-aligned.
    pub(super) hash: Vec<u8>,
}

/// The `qop` of a proof.
pub(super) enum Said<'a> {
    Nothing,
    Auth { count: &'a str, number: u32 },
    AuthInt { count: &'a str, number: u32 },
}

/// Why a proof is not looked at.
pub(super) enum Unread {
    /// It says that there is none, or uses an algorithm that nobody knows: challenge.
    Nothing,
    Broken(Broken),
}

impl From<Broken> for Unread {
    fn from(words: Broken) -> Self {
        Self::Broken(words)
    }
}

impl<'a> Response<'a> {
    pub(super) fn read(parameters: &'a Parameters<'_>) -> Result<Self, Unread> {
        let nonce = parameters.get("nonce").ok_or("a proof has no nonce")?;
        let response = parameters.get("response").ok_or("a proof has no response")?;
        // Clients of mobile networks tell their name this way before the first challenge.
        if nonce.is_empty() || response.is_empty() {
            return Err(Unread::Nothing);
        }
        let algorithm = match parameters.get("algorithm") {
            None => Algorithm::Md5,
            Some(name) => Algorithm::of(name).ok_or(Unread::Nothing)?,
        };
        if parameters.get("userhash").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Err("a hashed user name was not offered".into());
        }
        let hash = match algorithm {
            Algorithm::Md5 | Algorithm::Md5Sess => unhex::<16>(response).map(Vec::from),
            _ => unhex::<32>(response).map(Vec::from),
        };
        let cnonce = parameters.get("cnonce").unwrap_or_default();
        let quality = match parameters.get("qop") {
            None => Said::Nothing,
            Some(name) => {
                let count = parameters.get("nc").ok_or("a proof has a qop and no nc")?;
                let number = unhex::<4>(count).map(u32::from_be_bytes);
                let number = number.filter(|number| *number > 0);
                let number = number.ok_or("nc is not eight hex digits above zero")?;
                if name.eq_ignore_ascii_case("auth") {
                    Said::Auth { count, number }
                } else if name.eq_ignore_ascii_case("auth-int") {
                    Said::AuthInt { count, number }
                } else {
                    return Err("the qop of a proof is not known".into());
                }
            }
        };
        let needs_cnonce = algorithm.is_session() || !matches!(quality, Said::Nothing);
        if cnonce.len() > CNONCE_BYTES_MAX || (needs_cnonce && cnonce.is_empty()) {
            return Err("cnonce is missing or longer than 256 bytes".into());
        }
        Ok(Self {
            user: user(parameters)?,
            nonce,
            uri: parameters.get("uri").ok_or("a proof has no uri")?,
            algorithm,
            quality,
            cnonce,
            hash: hash.ok_or("the response has not the length of its algorithm")?,
        })
    }

    /// What the response must be.
    pub(super) fn expected(
        &self,
        proving: &Proving<'_>,
        ha1: &Hashed,
        session_cnonce: &str,
    ) -> Hashed {
        let quality = match self.quality {
            Said::Nothing => Quality::None,
            Said::Auth { count, .. } => Quality::Auth { count },
            Said::AuthInt { count, .. } => Quality::AuthInt { count, body: proving.body },
        };
        Proof {
            algorithm: self.algorithm,
            method: proving.method.name(),
            uri: self.uri,
            nonce: self.nonce,
            cnonce: self.cnonce,
            session_cnonce,
            quality,
        }
        .response(ha1)
    }
}

/// The user, from `username` or, where it has other letters, `username*` (RFC 8187).
fn user(parameters: &Parameters<'_>) -> Result<String, Broken> {
    match (parameters.get("username"), parameters.get("username*")) {
        (Some(user), None) => Ok(user.to_owned()),
        (None, Some(extended)) => {
            let wrong = "username* is not UTF-8 in percent signs";
            let (charset, rest) = extended.split_once('\'').ok_or(wrong)?;
            let (_language, escaped) = rest.split_once('\'').ok_or(wrong)?;
            if !charset.eq_ignore_ascii_case("UTF-8") {
                return Err(wrong);
            }
            let mut bytes = Vec::with_capacity(escaped.len());
            let mut rest = escaped.as_bytes();
            while let Some((&byte, after)) = rest.split_first() {
                rest = after;
                if byte == b'%' {
                    let (pair, after) = after.split_at_checked(2).ok_or(wrong)?;
                    let pair = std::str::from_utf8(pair).map_err(|_| wrong)?;
                    let [byte] = unhex::<1>(pair).ok_or(wrong)?;
                    bytes.push(byte);
                    rest = after;
                } else {
                    bytes.push(byte);
                }
            }
            String::from_utf8(bytes).map_err(|_| wrong)
        }
        (Some(_), Some(_)) => Err("a proof has both username and username*"),
        (None, None) => Err("a proof has no username"),
    }
}
