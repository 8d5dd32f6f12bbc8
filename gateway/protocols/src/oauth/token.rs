//! What clients ask for at the endpoints for tokens: a pair, what a token is, and its end (RFC 6749, 7662, 7009).

use super::form::{is_form, read};
use super::{ClientCredentials, Proof, TokenError, TokenErrorCode};

/// What shall be redeemed for a pair of tokens.
#[derive(Clone, Debug)]
pub enum TokenRequest {
    /// An authorization code.
    Code {
        /// The code.
        code: Proof,
        /// Where it was sent; must be the same text as at authorization.
        redirect_uri: String,
        /// What the challenge was made from.
        verifier: Option<Proof>,
    },
    /// A refresh token.
    Refresh {
        /// The refresh token.
        refresh_token: Proof,
        /// The access token that goes with it, which clients of the standard alone do not send.
        access_token: Option<Proof>,
    },
}

impl TokenRequest {
    /// Reads a request of the token endpoint.
    pub fn parse(
        content_type: Option<&str>,
        authorization: Option<&str>,
        body: &[u8],
    ) -> Result<(ClientCredentials, Self), TokenError> {
        demand_form(content_type)?;
        let [client_id, client_secret, grant_type, code, redirect_uri, verifier, refresh, access] =
            read(
                body,
                [
                    "client_id",
                    "client_secret",
                    "grant_type",
                    "code",
                    "redirect_uri",
                    "code_verifier",
                    "refresh_token",
                    "access_token",
                ],
            )?;
        let client = ClientCredentials::read(authorization, client_id, client_secret)?;
        let request = match grant_type.as_deref() {
            Some("authorization_code") => Self::Code {
                code: Proof::new(needed(code, "code")?),
                redirect_uri: needed(redirect_uri, "redirect_uri")?,
                verifier: verifier.map(Proof::new),
            },
            Some("refresh_token") => Self::Refresh {
                refresh_token: Proof::new(needed(refresh, "refresh_token")?),
                access_token: access.map(Proof::new),
            },
            Some(_) => {
                return Err(TokenError::new(
                    TokenErrorCode::UnsupportedGrantType,
                    "grant_type must be authorization_code or refresh_token",
                ));
            }
            None => return Err(TokenError::invalid_request("grant_type is missing")),
        };
        Ok((client, request))
    }
}

/// What kind of token a client believes to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenHint {
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
}

/// A token that a client asks about, or wants to end.
#[derive(Clone, Debug)]
pub struct TokenQuery {
    /// The token.
    pub token: Proof,
    /// What it is believed to be; a hint and no more.
    pub hint: Option<TokenHint>,
}

impl TokenQuery {
    /// Reads a request of the endpoints for introspection and revocation, which are alike.
    pub fn parse(
        content_type: Option<&str>,
        authorization: Option<&str>,
        body: &[u8],
    ) -> Result<(ClientCredentials, Self), TokenError> {
        demand_form(content_type)?;
        let [client_id, client_secret, token, hint] =
            read(body, ["client_id", "client_secret", "token", "token_type_hint"])?;
        let client = ClientCredentials::read(authorization, client_id, client_secret)?;
        let hint = match hint.as_deref() {
            Some("access_token") => Some(TokenHint::Access),
            Some("refresh_token") => Some(TokenHint::Refresh),
            _ => None,
        };
        Ok((client, Self { token: Proof::new(needed(token, "token")?), hint }))
    }
}

fn demand_form(content_type: Option<&str>) -> Result<(), TokenError> {
    let what = "the body must be application/x-www-form-urlencoded";
    if is_form(content_type) { Ok(()) } else { Err(TokenError::invalid_request(what)) }
}

fn needed(value: Option<String>, name: &'static str) -> Result<String, TokenError> {
    value.ok_or_else(|| TokenError::invalid_request(format!("{name} is missing")))
}
