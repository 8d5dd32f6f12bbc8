//! The form that a browser posts on behalf of the identity provider (HTTP-POST binding).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{SamlReason, SamlRefused};

/// Bytes of a form.
pub const FORM_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a relay state, as the standard has it.
pub const RELAY_STATE_BYTES_MAX: usize = 80;

/// What a form held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedResponse {
    /// The message; nothing about it has been looked at.
    pub xml: Vec<u8>,
    /// The handle that came back; whether it is one of ours is for the caller to say.
    pub relay_state: Option<String>,
}

/// Reads a form: exactly one `SAMLResponse`, at most one `RelayState`, names decoded before they are
/// counted. Other fields are passed over.
pub fn read_form(content_type: Option<&str>, body: &[u8]) -> Result<PostedResponse, SamlRefused> {
    let refuse = |detail: &'static str| SamlRefused::new(SamlReason::Form, detail);
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(refuse("not application/x-www-form-urlencoded"));
    }
    if body.len() > FORM_BYTES_MAX {
        let detail = format!("a form of {} bytes", body.len());
        return Err(SamlRefused::new(SamlReason::TooLarge, detail));
    }
    let (mut response, mut relay_state) = (None, None);
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let at = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(at).unwrap_or((pair, &[]));
        let value = value.strip_prefix(b"=").unwrap_or(value);
        let name = decoded(name).ok_or_else(|| refuse("a name that is not percent-encoded"))?;
        let place = match name.as_ref() {
            b"SAMLResponse" => &mut response,
            b"RelayState" => &mut relay_state,
            _ => continue,
        };
        let value = decoded(value).ok_or_else(|| refuse("a value that is not percent-encoded"))?;
        if place.replace(value).is_some() {
            return Err(refuse("a field twice"));
        }
    }
    let response = response.ok_or_else(|| refuse("no SAMLResponse"))?;
    let relay_state = match relay_state {
        Some(value) if value.len() > RELAY_STATE_BYTES_MAX => {
            return Err(SamlRefused::new(SamlReason::RelayState, "longer than 80 bytes"));
        }
        Some(value) => {
            let text = String::from_utf8(value.into_owned());
            Some(text.map_err(|_| SamlRefused::new(SamlReason::RelayState, "not UTF-8"))?)
        }
        None => None,
    };
    let xml = base64_decoded(&response, |byte| matches!(byte, b' ' | b'\r' | b'\n'))
        .ok_or_else(|| SamlRefused::new(SamlReason::Base64, "SAMLResponse is not base64"))?;
    Ok(PostedResponse { xml, relay_state })
}

/// Strict base64 with padding; only `is_space` may stand between the characters.
pub(super) fn base64_decoded(text: &[u8], is_space: fn(u8) -> bool) -> Option<Vec<u8>> {
    let text = if text.iter().any(|byte| is_space(*byte)) {
        Cow::Owned(text.iter().copied().filter(|byte| !is_space(*byte)).collect())
    } else {
        Cow::Borrowed(text)
    };
    STANDARD.decode(text.as_ref()).ok()
}

fn decoded(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr2(b'%', b'+', text).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Some(Cow::Owned(out)),
            [b'+', after @ ..] => {
                out.push(b' ');
                after
            }
            [b'%', high, low, after @ ..] => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                out.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
                after
            }
            [b'%', ..] => return None,
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
        };
    }
}
