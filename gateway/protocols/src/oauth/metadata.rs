//! What clients learn about this server by themselves (RFC 8414).

use serde_json::{Value, json};

/// Where the document stands below the issuer.
pub const METADATA_PATH: &str = "/.well-known/oauth-authorization-server";

/// Paths of the endpoints below the issuer.
pub mod paths {
    /// Where browsers are sent to sign in.
    pub const AUTHORIZE: &str = "/ids/v1/oauth/authorize";
    /// Where codes and refresh tokens are redeemed.
    pub const TOKEN: &str = "/ids/v1/oauth/token";
    /// Where applications ask what a token is.
    pub const INTROSPECT: &str = "/ids/v1/oauth/introspect";
    /// Where tokens are ended.
    pub const REVOKE: &str = "/ids/v1/oauth/revoke";
    /// Where the keys are that tokens are proven with.
    pub const JWKS: &str = "/ids/v1/oauth/jwks";
}

/// The document of the server whose issuer is `https://HOST:PORT`, without a slash at its end.
#[must_use]
pub fn server_metadata(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}{path}");
    json!({
        "issuer": issuer,
        "authorization_endpoint": at(paths::AUTHORIZE),
        "token_endpoint": at(paths::TOKEN),
        "introspection_endpoint": at(paths::INTROSPECT),
        "revocation_endpoint": at(paths::REVOKE),
        "jwks_uri": at(paths::JWKS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
        "authorization_response_iss_parameter_supported": true,
    })
}
