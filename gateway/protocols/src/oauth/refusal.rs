//! Errors that a client is answered with (RFC 6749 section 5.2).

use serde_json::json;

use super::form::FormRefused;
use super::{ClientAuthentication, DESCRIPTION_CHARACTERS_MAX};

/// What went wrong, in the words of RFC 6749 section 5.2 and RFC 7009 section 2.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenErrorCode {
    /// The request lacks something, has it twice, or cannot be read.
    InvalidRequest,
    /// The client is not known or did not prove itself.
    InvalidClient,
    /// What shall be redeemed is wrong, used, expired, or somebody else's.
    InvalidGrant,
    /// The client may not do that.
    UnauthorizedClient,
    /// Another kind of grant than ours.
    UnsupportedGrantType,
    /// A scope that cannot be had.
    InvalidScope,
    /// Later perhaps.
    TemporarilyUnavailable,
    /// Something of ours is broken.
    ServerError,
}

impl TokenErrorCode {
    /// The word of the standard.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

/// An error that a client is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenError {
    /// What went wrong.
    pub code: TokenErrorCode,
    /// A sentence for developers. Nothing that proves anything belongs there.
    pub description: String,
    /// Whether the client tried the `Authorization` header, which then has to be challenged.
    pub is_challenged: bool,
}

impl TokenError {
    /// An error that needs no challenge.
    #[must_use]
    pub fn new(code: TokenErrorCode, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), is_challenged: false }
    }

    /// A client that is not known, or did not prove itself in the way `via`.
    #[must_use]
    pub fn invalid_client(via: ClientAuthentication, description: impl Into<String>) -> Self {
        let is_challenged = via == ClientAuthentication::Basic;
        Self { is_challenged, ..Self::new(TokenErrorCode::InvalidClient, description) }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.code {
            TokenErrorCode::InvalidClient => 401,
            TokenErrorCode::TemporarilyUnavailable => 503,
            TokenErrorCode::ServerError => 500,
            _ => 400,
        }
    }

    /// The value of `WWW-Authenticate`, where the answer has one.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<&'static str> {
        self.is_challenged.then_some("Basic realm=\"oauth\", charset=\"UTF-8\"")
    }

    /// The body of the answer, `application/json`.
    #[must_use]
    pub fn body(&self) -> String {
        error_body(self.code.name(), &self.description)
    }

    pub(super) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(TokenErrorCode::InvalidRequest, description)
    }
}

impl From<FormRefused> for TokenError {
    fn from(refused: FormRefused) -> Self {
        Self::invalid_request(describe(refused))
    }
}

/// A sentence about a form that is refused.
pub(super) fn describe(refused: FormRefused) -> String {
    match refused {
        FormRefused::TooLarge => "the request is too long".to_owned(),
        FormRefused::Encoding => "a parameter is not percent-encoded rightly".to_owned(),
        FormRefused::Twice(name) => format!("{name} is there more than once"),
        FormRefused::Value(name) => format!("{name} is too long or not of printable ASCII"),
    }
}

/// A body as RFC 6749 section 5.2 has it, for a word of the standard or of one's own.
#[must_use]
pub fn error_body(error: &str, description: &str) -> String {
    json!({"error": error, "error_description": describable(description)}).to_string()
}

/// What may stand in `error_description`: printable ASCII without quotation marks and backslashes.
pub(super) fn describable(text: &str) -> String {
    let characters = text.chars().take(DESCRIPTION_CHARACTERS_MAX);
    characters
        .map(|each| match each {
            '\\' | '"' => '\'',
            ' '..='~' => each,
            _ => '?',
        })
        .collect()
}
