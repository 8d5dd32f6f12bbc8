//! Refer-To: what to turn to (RFC 3515); phones name a part of the same message, or what they want, there.

use crate::sip::{Text, Uri};

/// What a Refer-To names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferTo {
    /// The part of this message with that Content-Id (RFC 2392), escapes decoded.
    Cid(String),
    /// A name, `urn:` included, as it was written.
    Urn(Text),
    /// Another URI.
    Uri(Uri),
}

/// Why a Refer-To cannot be used; each is a 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferToProblem {
    /// There is none.
    #[error("there is no Refer-To")]
    Missing,
    /// There are several.
    #[error("there is more than one Refer-To")]
    Several,
    /// It cannot be read.
    #[error("Refer-To {0}")]
    Malformed(&'static str),
}

impl ReferTo {
    pub(super) fn of(uri: Uri) -> Result<Self, ReferToProblem> {
        if uri.scheme().eq_ignore_ascii_case("cid") {
            let id = uri.as_str().split_once(':').map(|(_, id)| decoded(id));
            return id.flatten().map(Self::Cid).ok_or(ReferToProblem::Malformed("names no part"));
        }
        if uri.scheme().eq_ignore_ascii_case("urn") {
            return Ok(Self::Urn(uri.text().clone()));
        }
        Ok(Self::Uri(uri))
    }
}

/// The text with its escapes decoded once, where that gives a text of visible characters.
fn decoded(text: &str) -> Option<String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.extend_from_slice(before.as_bytes());
        let code =
            after.get(..2).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        plain.push(u8::from_str_radix(code, 16).ok()?);
        rest = after.get(2..)?;
    }
    plain.extend_from_slice(rest.as_bytes());
    String::from_utf8(plain).ok().filter(|plain| !plain.chars().any(char::is_control))
}
