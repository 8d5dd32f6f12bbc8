//! The schemas of the identity service, of identity providers and of programs that get tokens.

use domain::settings::{
    CLIENT_SECRET_CHARACTERS_MAX, CLIENT_SECRET_CHARACTERS_MIN, IDENTITY_HOSTS_MAX,
    METADATA_BYTES_MAX, REDIRECT_URLS_MAX, TokenSignature, URL_BYTES_MAX,
};
use serde_json::{Value, json};

use super::super::schema::{
    about, choice, kept, list, number, object, secret, short, switch, usual,
};
use super::ROLES;

const CLIENT_ID: &str = "^[0-9a-f]{40}$";
const HTTPS: &str = "^https://[^/?#@ ]+(/[^# ]*)?$";

/// The identity service.
pub(super) fn service() -> Value {
    let host = json!({
        "type": "string",
        "maxLength": 259,
        "pattern": "^[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?$",
    });
    object(
        &[],
        &[
            (
                "hosts",
                about(
                    list(host, IDENTITY_HOSTS_MAX),
                    "host or host:port (8553); the first is the publisher's. Names only.",
                ),
            ),
            ("provider", about(short(64), "Must be there with more than one provider.")),
            ("single_sign_on", about(usual(switch(), false), "Takes a host and a provider.")),
            ("refresh_token_hours", usual(number(2, 24), 10)),
            ("code_minutes", usual(number(1, 10), 1)),
            ("access_token_minutes", usual(number(5, 120), 60)),
            ("encrypt_tokens", usual(switch(), true)),
            (
                "token_signature",
                usual(choice(&TokenSignature::NAMED.map(|(name, _)| name)), "RS256"),
            ),
            ("rotation_overlap_seconds", usual(number(0, 60), 10)),
            ("clock_skew_seconds", usual(number(0, 180), 60)),
            ("response_age_seconds", usual(number(60, 600), 300)),
            ("accept_ecdsa", usual(switch(), false)),
            ("accept_misprinted_name_id_format", usual(switch(), false)),
            ("relaxed_user_principal", usual(switch(), false)),
            ("acs_with_meta_alias", usual(switch(), false)),
        ],
    )
}

/// An identity provider.
pub(super) fn provider() -> Value {
    let metadata = json!({
        "type": "string",
        "maxLength": METADATA_BYTES_MAX,
        "description": "SAML metadata as XML, at most 262,144 bytes.",
    });
    let mut https = url();
    if let Some(members) = https.as_object_mut() {
        members.insert("pattern".to_owned(), json!(HTTPS));
    }
    object(
        &[],
        &[
            ("name", short(64)),
            ("metadata", metadata),
            ("entity_id", about(url(), "Which one, where the metadata have several.")),
            ("metadata_url", about(https, "Where they are fetched from.")),
            ("metadata_refresh_hours", usual(number(1, 168), 24)),
            ("take_changes", usual(switch(), false)),
        ],
    )
}

/// A program that gets tokens.
pub(super) fn client() -> Value {
    let mut urls = list(url(), REDIRECT_URLS_MAX);
    let mut plain = secret(CLIENT_SECRET_CHARACTERS_MAX);
    if let (Some(urls), Some(plain)) = (urls.as_object_mut(), plain.as_object_mut()) {
        urls.insert("minItems".to_owned(), json!(1));
        plain.insert("minLength".to_owned(), json!(CLIENT_SECRET_CHARACTERS_MIN));
    }
    let urls = about(urls, "https, or http of the own machine for native programs.");
    object(
        &[("name", short(64)), ("redirect_urls", urls)],
        &[
            ("client_id", json!({"type": "string", "pattern": CLIENT_ID})),
            ("kind", usual(choice(&["confidential", "public"]), "confidential")),
            ("secret", about(plain, "Of confidential ones; a digest is kept.")),
            ("secret_digest", kept()),
            ("pkce_required", about(usual(switch(), true), "Always true of public ones.")),
            (
                "refresh",
                usual(choice(&["with_access_token", "refresh_token_only"]), "with_access_token"),
            ),
            ("native", usual(switch(), false)),
            ("encrypt_tokens", about(switch(), "As the service says where not set.")),
            ("may_introspect", usual(switch(), false)),
            ("api_roles", about(list(choice(&ROLES), 4), "What its tokens may do here at most.")),
            ("disabled", usual(switch(), false)),
        ],
    )
}

fn url() -> Value {
    json!({"type": "string", "format": "uri", "minLength": 1, "maxLength": URL_BYTES_MAX})
}
