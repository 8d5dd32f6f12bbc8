//! Single sign-on: how it stands, tests of it, its mode, keys, metadata, and secrets of applications.

use std::sync::Arc;

use domain::Timestamp;
use domain::settings::{METADATA_BYTES_MAX, REDIRECT_URLS_MAX};
use http::header::CONTENT_DISPOSITION;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::openapi::{documents, schema};
use crate::operation::{ADMINISTRATORS, Body, Given, Operation};
use crate::{Console, answer};

const TAG: &str = "Single sign-on";
const OK: StatusCode = StatusCode::OK;
const METADATA: &str = "application/samlmetadata+xml";
const KEY_KINDS: [&str; 3] = ["signing", "encryption", "saml"];
const SMALL: usize = 16 * 1024;
const CLIENT_BYTES_MAX: usize = 64 * 1024;

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = service();
    operations.extend(providers());
    operations.extend(applications());
    operations.into_iter().map(|operation| operation.tagged(TAG)).collect()
}

fn service() -> Vec<Operation> {
    let test = schema::object(
        &[],
        &[
            ("component", schema::about(schema::short(300), "One of `components`.")),
            ("provider", schema::about(schema::short(64), "Or the identity provider in use.")),
        ],
    );
    let keys = schema::object(
        &[("kind", schema::choice(&KEY_KINDS))],
        &[(
            "invalidate",
            schema::about(schema::switch(), "What the old ones made is good no more."),
        )],
    );
    let link = schema::told(&[("url", schema::about(schema::only_text(8_192), "Good once."))]);
    let post = |path, words: (&str, &str), deed| {
        Operation::new(
            (Method::POST, path),
            words.0,
            words.1,
            ADMINISTRATORS,
            move |console, asked| pass(console, asked, deed),
        )
    };
    vec![
        Operation::new(
            (Method::GET, "/api/v1/identity"),
            "getIdentity",
            "How single sign-on stands",
            ADMINISTRATORS,
            |console, asked| async move {
                let told = console.perform(&asked, "identity_overview", json!({})).await?;
                Ok(answer::json(OK, &with_times(told)))
            },
        )
        .gives(
            OK,
            "Mode, nodes, identity providers, keys, and what was tested.",
            overview(),
        ),
        post(
            "/api/v1/identity/tests",
            ("testSingleSignOn", "Begin a test of single sign-on"),
            "identity_test",
        )
        .described("Whoever opens the link in a browser is sent to the identity provider.")
        .takes(Body::Json(test), SMALL)
        .refuses(&[404, 409])
        .gives(OK, "Where the test begins.", link),
        post(
            "/api/v1/identity/mode",
            ("setSingleSignOn", "Switch single sign-on on or off"),
            "identity_mode",
        )
        .described("On only when every component passed its test with what is trusted now.")
        .takes(Body::Json(schema::object(&[("on", schema::switch())], &[])), SMALL)
        .refuses(&[409])
        .gives(OK, "As asked for.", schema::open("Whether it is on.")),
        post(
            "/api/v1/identity/keys",
            ("renewIdentityKeys", "Make keys of one kind anew"),
            "identity_keys",
        )
        .takes(Body::Json(keys), SMALL)
        .refuses(&[409])
        .gives(OK, "Made.", schema::open("Which kind.")),
        post(
            "/api/v1/identity/keys/saml/activate",
            ("activateSamlKey", "Sign requests to the identity provider with the next certificate"),
            "identity_saml_activate",
        )
        .refuses(&[409])
        .gives(OK, "In force.", schema::open("That it is.")),
        Operation::new(
            (Method::GET, "/api/v1/identity/sp.xml"),
            "getServiceMetadata",
            "Our metadata, for the identity provider",
            ADMINISTRATORS,
            |console, asked| async move {
                let told = console.perform(&asked, "identity_sp_metadata", json!({})).await?;
                let text = told.get("text").and_then(Value::as_str).unwrap_or_default();
                let answer = answer::text(OK, METADATA, text.to_owned());
                Ok(answer::with(answer, CONTENT_DISPOSITION, "attachment; filename=\"sp.xml\""))
            },
        )
        .refuses(&[409])
        .gives_as(OK, "As XML.", vec![(METADATA, json!({"type": "string"}))]),
    ]
}

fn providers() -> Vec<Operation> {
    let told = || schema::open("`changed`, and `warnings_of_metadata`.");
    let name = || schema::only_text(64);
    vec![
        Operation::new(
            (Method::PUT, "/api/v1/identity/providers/{name}/metadata"),
            "putProviderMetadata",
            "Give an identity provider its metadata, and make it where it is new",
            ADMINISTRATORS,
            put_metadata,
        )
        .path_holds("name", name())
        .takes(Body::Metadata, METADATA_BYTES_MAX)
        .refuses(&[409, 412, 422])
        .gives(OK, "Taken.", told()),
        Operation::new(
            (Method::POST, "/api/v1/identity/providers/{name}/fetch"),
            "fetchProviderMetadata",
            "Fetch an identity provider's metadata from its address, and take them",
            ADMINISTRATORS,
            |console, asked| async move {
                let members = json!({"name": asked.path("name")});
                let done = console.perform(&asked, "identity_provider_fetch", members).await?;
                Ok(answer::json(OK, &done))
            },
        )
        .path_holds("name", name())
        .refuses(&[404, 409, 412, 422])
        .gives(OK, "Fetched.", told()),
    ]
}

fn applications() -> Vec<Operation> {
    let switch = schema::switch;
    let wish = schema::object(
        &[
            ("name", schema::short(64)),
            ("redirect_urls", schema::list(schema::only_text(1_024), REDIRECT_URLS_MAX)),
        ],
        &[
            ("kind", schema::choice(&["confidential", "public"])),
            ("pkce_required", switch()),
            ("refresh", schema::choice(&["with_access_token", "refresh_token_only"])),
            ("native", switch()),
            ("encrypt_tokens", switch()),
            ("may_introspect", switch()),
            ("api_roles", schema::list(schema::choice(&documents::ROLES), documents::ROLES.len())),
            ("disabled", switch()),
        ],
    );
    let id = || json!({"type": "string", "pattern": "^[0-9a-f]{40}$"});
    let secret = || schema::about(json!({"type": "string"}), "Shown this once.");
    vec![
        Operation::new(
            (Method::POST, "/api/v1/oauth-clients"),
            "addOauthClient",
            "Add an application, with an id and a secret that are made for it",
            ADMINISTRATORS,
            |console, asked| async move {
                let members = asked.members().into();
                let done = console.perform(&asked, "oauth_client_add", members).await?;
                Ok(answer::json(StatusCode::CREATED, &done))
            },
        )
        .takes(Body::Json(wish), CLIENT_BYTES_MAX)
        .refuses(&[409])
        .gives(
            StatusCode::CREATED,
            "Added.",
            schema::told(&[("client_id", id()), ("secret", schema::or_null(secret()))]),
        ),
        Operation::new(
            (Method::POST, "/api/v1/oauth-clients/{client_id}/secret"),
            "renewOauthClientSecret",
            "Give an application another secret; the one before is good no more",
            ADMINISTRATORS,
            |console, asked| async move {
                let members = json!({"client_id": asked.path("client_id")});
                let done = console.perform(&asked, "oauth_client_secret", members).await?;
                Ok(answer::json(OK, &done))
            },
        )
        .path_holds("client_id", id())
        .refuses(&[404, 409, 412])
        .gives(OK, "Made.", schema::told(&[("client_id", id()), ("secret", secret())])),
    ]
}

/// The schema of how single sign-on stands.
fn overview() -> Value {
    let list = |words| json!({"type": "array", "items": schema::open(words)});
    let text = || json!({"type": "string"});
    let keys: Vec<_> =
        KEY_KINDS.map(|kind| (kind, list("`id`, `state`, `since`, and what its kind has."))).into();
    schema::told(&[
        ("mode", schema::choice(&["off", "on"])),
        ("entity_id", schema::or_null(text())),
        ("publisher", schema::or_null(text())),
        ("can_enable", schema::switch()),
        ("why_not", json!({"type": "array", "items": text()})),
        ("nodes", list("`node`, `host`, `publisher`, `state`, `reasons`, `certificate`, `acs`.")),
        (
            "providers",
            list("`name`, `entity_id`, `sso_url`, `certificates`, `warnings`, `tested`."),
        ),
        ("keys", schema::told(&keys)),
        ("components", list("`name`, `kind`, `node`, `tested`.")),
        ("outside", list("`name`, and `why` it does not take part.")),
    ])
}

/// Hands the body's members on as they are.
async fn pass(console: Arc<Console>, asked: Asked, deed: &'static str) -> Given {
    let done = console.perform(&asked, deed, asked.members().into()).await?;
    Ok(answer::json(OK, &done))
}

async fn put_metadata(console: Arc<Console>, asked: Asked) -> Given {
    let members = json!({"name": asked.path("name"), "metadata": asked.body()});
    let done = console.perform(&asked, "identity_provider_metadata", members).await?;
    Ok(answer::json(OK, &done))
}

/// Points in time as RFC 3339 has them; the ends of certificates stay seconds, as those of all certificates do.
fn with_times(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let told = members.into_iter().map(|(name, member)| {
                let is_time = matches!(name.as_str(), "at" | "since" | "active_from");
                let member = match member.as_i64() {
                    Some(seconds) if is_time => answer::time(Timestamp::from_seconds(seconds)),
                    _ => with_times(member),
                };
                (name, member)
            });
            Value::Object(told.collect())
        }
        Value::Array(elements) => elements.into_iter().map(with_times).collect(),
        other => other,
    }
}
