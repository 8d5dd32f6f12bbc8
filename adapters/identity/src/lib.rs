//! The identity provider on one side (SAML 2.0), applications on the other (OAuth 2.0).
//!
//! ```text
//!   application --code?--> authorize --no sign-on yet--> IdP --POST--> consume --proven--> sign-on, code
//!                             `------ signed on --------------------------------------------> code
//!   application --code, refresh token--> token --> access token (JWS in JWE), next refresh token
//!   whoever gets a token --> check: keys, times, client, revocations; no store
//! ```
//!
//! Who owns what: the IdP knows who somebody is; we know that they were proven, since when, and to which applications
//! something was granted; an application decides what they may do there. Nodes share keys, sign-ons, codes, lines of
//! refresh tokens, revocations and the memory of used messages through the store; a request that waits for an IdP is
//! carried by the browser. States of a node and the table of failover are in `domain::identity`.

mod acs;
mod authorize;
mod believed;
mod discovery;
mod figures;
mod flow;
mod keyring;
mod making;
mod operation;
mod pages;
mod service;
mod site;
mod surface;
#[cfg(test)]
mod tests;
mod token;
mod tokens;

pub use operation::{CONSOLE_COMPONENT, IDENTITY_COMPONENT};
pub use service::{
    CONSOLE_CALLBACK, CONSOLE_CLIENT_ID, Fetch, Identity, Kinds, SAID_IDENTITY, Unkept,
};
pub use tokens::{Access, TokenRefused};
