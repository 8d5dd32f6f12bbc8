//! What a browser brings to the authorization endpoint (RFC 6749 section 4.1.1, RFC 7636 section 4.3).

use super::form::{FormRefused, read};
use super::pkce::is_challenge;
use super::refusal::describe;
use super::{CLIENT_ID_BYTES_MAX, REDIRECT_URL_BYTES_MAX, STATE_BYTES_MAX};

/// Why a request is answered with a page: it is not known where an answer might go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizeRefused {
    /// `client_id` is missing or none of ours.
    #[error("client_id is missing, or none that is registered")]
    Client,
    /// `redirect_uri` is missing or not one of the client's.
    #[error("redirect_uri is missing, or not registered for that client to the letter")]
    RedirectUri,
    /// The rest cannot be read.
    #[error("{0}")]
    Request(String),
}

impl AuthorizeRefused {
    /// The word for the error, as clients of this service know it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Client => "invalid_client",
            Self::RedirectUri => "invalid_redirectUri",
            Self::Request(_) => "invalid_request",
        }
    }
}

/// Errors that are told to the application, by redirect (RFC 6749 section 4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizeErrorCode {
    /// Something is missing or cannot be taken.
    InvalidRequest,
    /// The client may not ask for that.
    UnauthorizedClient,
    /// The person was refused.
    AccessDenied,
    /// Another `response_type` than `code`.
    UnsupportedResponseType,
    /// A scope that cannot be read or had.
    InvalidScope,
    /// Something of ours is broken.
    ServerError,
    /// Later perhaps.
    TemporarilyUnavailable,
}

impl AuthorizeErrorCode {
    /// The word of the standard.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}

/// A request that can be read. What is wrong in the parts after `state` is for [`AuthorizeRequest::demand`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// Which application asks.
    pub client_id: String,
    /// Where the answer shall go; to be compared with what is registered before anything else.
    pub redirect_uri: String,
    /// What the application wants back as it is.
    pub state: Option<String>,
    /// What is asked for.
    pub response_type: Option<String>,
    /// What the token shall be good for.
    pub scope: Option<String>,
    /// What a verifier must answer.
    pub code_challenge: Option<String>,
    /// How the challenge was made.
    pub code_challenge_method: Option<String>,
}

/// What a good request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// What the verifier must answer, made by S256; none from applications that need not prove that.
    pub challenge: Option<String>,
}

impl AuthorizeRequest {
    /// Reads the query of a GET or the form of a POST.
    pub fn parse(query: &[u8]) -> Result<Self, AuthorizeRefused> {
        let names = [
            "client_id",
            "redirect_uri",
            "state",
            "response_type",
            "scope",
            "code_challenge",
            "code_challenge_method",
        ];
        let [client_id, redirect_uri, state, response_type, scope, code_challenge, method] =
            read(query, names).map_err(|refused| AuthorizeRefused::Request(describe(refused)))?;
        if state.as_ref().is_some_and(|state| state.len() > STATE_BYTES_MAX) {
            let refused = FormRefused::Value("state");
            return Err(AuthorizeRefused::Request(describe(refused)));
        }
        let is_short = |text: &String, bytes_max| text.len() <= bytes_max;
        Ok(Self {
            client_id: client_id
                .filter(|id| is_short(id, CLIENT_ID_BYTES_MAX))
                .ok_or(AuthorizeRefused::Client)?,
            redirect_uri: redirect_uri
                .filter(|uri| is_short(uri, REDIRECT_URL_BYTES_MAX))
                .ok_or(AuthorizeRefused::RedirectUri)?,
            state,
            response_type,
            scope,
            code_challenge,
            code_challenge_method: method,
        })
    }

    /// What is asked for, or why not: an error and a sentence for the application. A challenge is judged wherever
    /// one is sent, so that nobody can make it count for less.
    pub fn demand(
        &self,
        is_challenge_required: bool,
    ) -> Result<Demand, (AuthorizeErrorCode, &'static str)> {
        use AuthorizeErrorCode::{InvalidRequest, InvalidScope, UnsupportedResponseType};
        match self.response_type.as_deref() {
            Some("code") => {}
            Some(_) => return Err((UnsupportedResponseType, "response_type must be code")),
            None => return Err((InvalidRequest, "response_type is missing")),
        }
        if !self.scope.as_deref().is_none_or(is_scope) {
            return Err((InvalidScope, "scope has characters that no scope has"));
        }
        match (&self.code_challenge, self.code_challenge_method.as_deref()) {
            (Some(challenge), Some("S256")) if is_challenge(challenge) => {
                Ok(Demand { challenge: Some(challenge.clone()) })
            }
            (Some(_), Some("S256")) => Err((InvalidRequest, "code_challenge is not one of S256")),
            (Some(_), _) => Err((InvalidRequest, "code_challenge_method must be S256")),
            (None, Some(_)) => Err((InvalidRequest, "code_challenge is missing")),
            (None, None) if is_challenge_required => {
                Err((InvalidRequest, "code_challenge is missing"))
            }
            (None, None) => Ok(Demand { challenge: None }),
        }
    }
}

/// Tokens with one space between two (RFC 6749 section 3.3).
fn is_scope(text: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    text.split(' ').all(|token| !token.is_empty() && token.bytes().all(is_allowed))
}
