//! How a client says who it is, and proves it (RFC 6749 section 2.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::form::decode;
use super::{CLIENT_ID_BYTES_MAX, Proof, TokenError, VALUE_BYTES_MAX};

/// Where a client's secret was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In the `Authorization` header.
    Basic,
    /// In the form.
    Post,
    /// Nowhere: a public client.
    None,
}

/// Who a client says it is. Nothing is proven yet.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// Its identifier.
    pub id: String,
    /// Its secret, where it sent one.
    pub secret: Option<Proof>,
    /// Where that was.
    pub via: ClientAuthentication,
}

impl ClientCredentials {
    /// Puts together what the header and the form say. Both may name the client, but only one may hold a secret.
    pub(super) fn read(
        authorization: Option<&str>,
        client_id: Option<String>,
        client_secret: Option<String>,
    ) -> Result<Self, TokenError> {
        if client_id.as_ref().is_some_and(|id| id.len() > CLIENT_ID_BYTES_MAX) {
            return Err(TokenError::invalid_request("client_id is too long"));
        }
        if let Some(authorization) = authorization {
            if client_secret.is_some() {
                let twice = "the client authenticates in two ways at once";
                return Err(TokenError::invalid_request(twice));
            }
            let basic = Self::basic(authorization).ok_or_else(|| {
                TokenError::invalid_client(
                    ClientAuthentication::Basic,
                    "the Authorization header is no Basic with form-encoded identifier and secret",
                )
            })?;
            return match client_id {
                Some(id) if id != basic.id => {
                    Err(TokenError::invalid_request("two different clients are named"))
                }
                _ => Ok(basic),
            };
        }
        let via = match client_secret {
            Some(_) => ClientAuthentication::Post,
            None => ClientAuthentication::None,
        };
        let Some(id) = client_id else {
            return Err(TokenError::invalid_client(via, "no client is named"));
        };
        Ok(Self { id, secret: client_secret.map(Proof::new), via })
    }

    /// Identifier and secret are form-encoded before they are put together (section 2.3.1).
    fn basic(authorization: &str) -> Option<Self> {
        let (scheme, encoded) = authorization.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > VALUE_BYTES_MAX {
            return None;
        }
        let pair = STANDARD.decode(encoded.trim_matches(' ')).ok()?;
        let colon = pair.iter().position(|byte| *byte == b':')?;
        let (id, secret) = (pair.get(..colon)?, pair.get(colon + 1..)?);
        let [id, secret] = [text(id)?, text(secret)?];
        let is_named = (1..=CLIENT_ID_BYTES_MAX).contains(&id.len());
        // An identifier with an empty secret is what some public clients send.
        let secret = Some(secret).filter(|secret| !secret.is_empty()).map(Proof::new);
        is_named.then_some(Self { id, secret, via: ClientAuthentication::Basic })
    }
}

/// Printable ASCII, decoded.
fn text(encoded: &[u8]) -> Option<String> {
    let decoded = String::from_utf8(decode(encoded)?).ok()?;
    decoded.bytes().all(|byte| matches!(byte, 0x20..=0x7E)).then_some(decoded)
}
