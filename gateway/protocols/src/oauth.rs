//! What applications ask of an authorization server, and what it answers (RFC 6749, 7636, 8414, 9207, 9700).
//!
//! ```text
//!   query of a browser  --parse--> AuthorizeRequest --is_registered--> may be told about by redirect
//!                                                   --demand---------> a challenge, or an error to redirect with
//!   form of a client    --parse--> ClientCredentials and TokenRequest, or TokenQuery
//!   answers             redirect_with(), TokenError::body(), server_metadata()
//! ```
//!
//! Forms are read strictly: each name of ours at most once, percent-encoding whole, values of printable ASCII
//! within their limits; names that are not ours are ignored, as RFC 6749 section 3 asks. A parameter without a
//! value counts as left out. Until client and redirect URI are known to be right, nothing may be redirected, so
//! the errors before and after that are types of their own.
//!
//! Who a client is and what is redeemed is the caller's to know. What proves anything (secrets, codes,
//! verifiers, tokens) is a [`Proof`], which does not print itself.

mod authorize;
mod client;
mod form;
pub mod fuzz;
mod metadata;
mod pkce;
mod proof;
mod redirect;
mod refusal;
#[cfg(test)]
mod tests;
mod token;

pub use authorize::{AuthorizeErrorCode, AuthorizeRefused, AuthorizeRequest, Demand};
pub use client::{ClientAuthentication, ClientCredentials};
pub use metadata::{METADATA_PATH, paths, server_metadata};
pub use pkce::{challenge_of, is_answered, is_challenge};
pub use proof::Proof;
pub use redirect::{RedirectUrlRefused, is_registered, redirect_with, validate_redirect_url};
pub use refusal::{TokenError, TokenErrorCode, error_body};
pub use token::{TokenHint, TokenQuery, TokenRequest};

/// Bytes of a query or a form.
pub const FORM_BYTES_MAX: usize = 16 * 1024;
/// Parameters of one form, those that are not ours among them.
pub const PARAMETERS_MAX: usize = 64;
/// Bytes of a parameter's value, decoded.
pub const VALUE_BYTES_MAX: usize = 4 * 1024;
/// Bytes of `state`, which travels on in a cookie.
pub const STATE_BYTES_MAX: usize = 2_048;
/// Bytes of a client's identifier.
pub const CLIENT_ID_BYTES_MAX: usize = 128;
/// Bytes of a redirect URL.
pub const REDIRECT_URL_BYTES_MAX: usize = 1_024;
/// Characters of a description of an error.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 256;
