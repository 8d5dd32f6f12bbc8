//! What is read and answered, byte for byte, and everything that must be refused.

mod authorize;
mod hostile;
mod redirect;
mod token;

use proptest::prelude::*;

use super::*;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

#[test]
fn ids_05_the_challenge_of_rfc_7636_appendix_b() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert_eq!(challenge_of(verifier).as_deref(), Some(challenge));
    assert!(is_challenge(challenge) && is_answered(Some(challenge), Some(verifier)));
    assert!(is_answered(None, None));
    for (challenge, verifier) in [
        (Some(challenge), None),
        // Somebody took the challenge out of the request.
        (None, Some(verifier)),
        // As `plain` would have it.
        (Some(challenge), Some(challenge)),
        (Some(verifier), Some(verifier)),
        (Some(""), Some("")),
        (Some(challenge), Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl")),
    ] {
        assert!(!is_answered(challenge, verifier), "{challenge:?} {verifier:?}");
    }
}

#[test]
fn ids_05_a_verifier_has_43_to_128_unreserved_characters() {
    for right in ["a".repeat(43), "Z9-._~".repeat(21), "~".repeat(128)] {
        assert!(challenge_of(&right).is_some_and(|made| is_challenge(&made)), "{right}");
    }
    let long = "a".repeat(42);
    for wrong in [
        String::new(),
        long.clone(),
        "a".repeat(129),
        format!("{long}+"),
        format!("{long}="),
        format!("{long} "),
        format!("{long}\n"),
        format!("{long}\u{e9}"),
    ] {
        assert_eq!(challenge_of(&wrong), None, "{wrong:?}");
    }
    let long = "A".repeat(42);
    // 43 characters hold two bits more than 32 bytes, which must be zero.
    assert!(is_challenge(&format!("{long}A")) && !is_challenge(&format!("{long}B")));
    for wrong in [&long, &format!("{long}AA"), &format!("{long}="), &format!("{long}+")] {
        assert!(!is_challenge(wrong), "{wrong}");
    }
}

#[test]
fn ids_05_errors_are_told_in_the_characters_of_the_standard() {
    let error = TokenError::new(TokenErrorCode::InvalidGrant, "the code was used");
    let body = r#"{"error":"invalid_grant","error_description":"the code was used"}"#;
    assert_eq!((error.body().as_str(), error.status()), (body, 400));
    assert_eq!(error.www_authenticate(), None);
    let body = error_body("invalid_redirectUri", "a \"quote\", a \\ and \u{e9}\r\n");
    let told = r#"{"error":"invalid_redirectUri","error_description":"a 'quote', a ' and ???"}"#;
    assert_eq!(body, told);
    let long: serde_json::Value = serde_json::from_str(&error_body("x", &"x".repeat(999))).unwrap();
    assert_eq!(long["error_description"].as_str().unwrap().len(), DESCRIPTION_CHARACTERS_MAX);
    let codes = [
        (TokenErrorCode::InvalidRequest, "invalid_request", 400),
        (TokenErrorCode::InvalidClient, "invalid_client", 401),
        (TokenErrorCode::InvalidGrant, "invalid_grant", 400),
        (TokenErrorCode::UnauthorizedClient, "unauthorized_client", 400),
        (TokenErrorCode::UnsupportedGrantType, "unsupported_grant_type", 400),
        (TokenErrorCode::InvalidScope, "invalid_scope", 400),
        (TokenErrorCode::TemporarilyUnavailable, "temporarily_unavailable", 503),
        (TokenErrorCode::ServerError, "server_error", 500),
    ];
    for (code, name, status) in codes {
        assert_eq!((code.name(), TokenError::new(code, "").status()), (name, status));
    }
}

#[test]
fn ids_05_the_document_of_rfc_8414_says_what_there_is() {
    let document = server_metadata("https://ids.example:8553");
    let told = serde_json::json!({
        "issuer": "https://ids.example:8553",
        "authorization_endpoint": "https://ids.example:8553/ids/v1/oauth/authorize",
        "token_endpoint": "https://ids.example:8553/ids/v1/oauth/token",
        "introspection_endpoint": "https://ids.example:8553/ids/v1/oauth/introspect",
        "revocation_endpoint": "https://ids.example:8553/ids/v1/oauth/revoke",
        "jwks_uri": "https://ids.example:8553/ids/v1/oauth/jwks",
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
    });
    assert_eq!(document, told);
}
