//! Certificates of this node: requests, imports, renewal, export.

use std::sync::Arc;

use http::header::VARY;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Body, Given, Operation};
use crate::problem::Problem;
use crate::{Console, answer};

const TAG: &str = "Certificates";
const PEM: &str = "application/x-pem-file";
/// The most bytes of what is imported: a chain and its key.
const IMPORT_BYTES_MAX: usize = 1024 * 1024;
/// The most characters of a key.
const KEY_CHARACTERS_MAX: usize = 262_144;

pub(super) fn operations() -> Vec<Operation> {
    let told = |words| schema::open(words);
    let purpose = || {
        let purpose = schema::choice(&["server", "phone", "console", "sip", "headset"]);
        ("purpose", schema::about(purpose, "For which listener; `server` for all without one."))
    };
    let replace = || ("replace", schema::about(schema::switch(), "In the place of what waits."));
    let password = || ("password", schema::about(schema::secret(1_024), "Of the key or file."));
    let key = || schema::secret(KEY_CHARACTERS_MAX);
    let request = schema::object(
        &[],
        &[
            purpose(),
            password(),
            ("key", schema::about(key(), "A key of one's own as PEM; else one is made.")),
            ("key_sort", schema::choice(&["ecdsa_p256", "ecdsa_p384"])),
            ("organization", schema::short(200)),
            ("organizational_unit", schema::short(200)),
            ("locality", schema::short(200)),
            ("state", schema::short(200)),
            ("country", schema::short(200)),
            ("names", schema::about(schema::list(schema::short(253), 50), "Further names.")),
            replace(),
        ],
    );
    let import = schema::object(
        &[],
        &[
            purpose(),
            password(),
            ("pem", schema::about(json!({"type": "string"}), "The certificates as PEM.")),
            ("key", schema::about(key(), "Their key as PEM, where no request is open.")),
            ("pkcs12", schema::about(json!({"type": "string"}), "Or a PKCS#12 file in base64.")),
        ],
    );
    let renewal = schema::object(&[], &[purpose(), replace()]);
    vec![
        Operation::new(
            (Method::GET, "/api/v1/certificates"),
            "listCertificates",
            "The certificates in force, those that wait, and those that are trusted",
            ADMINISTRATORS,
            |console, asked| pass(console, asked, "certificates", StatusCode::OK),
        )
        .tagged(TAG)
        .gives(
            StatusCode::OK,
            "Of this node.",
            told("Names, ends, issuers, fingerprints."),
        ),
        Operation::new(
            (Method::POST, "/api/v1/certificates/request"),
            "requestCertificate",
            "Make a key and a signing request",
            ADMINISTRATORS,
            |console, asked| pass(console, asked, "certificate_request", StatusCode::CREATED),
        )
        .tagged(TAG)
        .takes(Body::Optional(request), IMPORT_BYTES_MAX)
        .refuses(&[409])
        .gives(
            StatusCode::CREATED,
            "The request as PEM.",
            told("The request, under `text`."),
        ),
        Operation::new(
            (Method::POST, "/api/v1/certificates/import"),
            "importCertificate",
            "Put a certificate with its chain in place, as PEM or PKCS#12",
            ADMINISTRATORS,
            |console, asked| pass(console, asked, "certificate_import", StatusCode::OK),
        )
        .tagged(TAG)
        .takes(Body::Json(import), IMPORT_BYTES_MAX)
        .refuses(&[409])
        .gives(StatusCode::OK, "In force.", told("The certificate.")),
        Operation::new(
            (Method::POST, "/api/v1/certificates/renew"),
            "renewCertificate",
            "Renew a self-signed certificate now",
            ADMINISTRATORS,
            |console, asked| pass(console, asked, "certificate_renew", StatusCode::OK),
        )
        .tagged(TAG)
        .takes(Body::Optional(renewal), 16 * 1024)
        .refuses(&[409])
        .gives(StatusCode::OK, "Renewed.", told("The certificate.")),
        Operation::new(
            (Method::POST, "/api/v1/certificates/order"),
            "orderCertificate",
            "Ask the authority that signs by itself (ACME) now",
            ADMINISTRATORS,
            |console, asked| pass(console, asked, "certificate_order", StatusCode::OK),
        )
        .tagged(TAG)
        .refuses(&[409])
        .gives(StatusCode::OK, "Asked.", told("That it was asked.")),
        Operation::new(
            (Method::GET, "/api/v1/certificates/export"),
            "exportCertificates",
            "The certificates of every node that phones are shown, without keys",
            ADMINISTRATORS,
            export,
        )
        .tagged(TAG)
        .gives_as(
            StatusCode::OK,
            "For trust stores, as PEM; node by node where JSON is asked for.",
            vec![
                (PEM, json!({"type": "string"})),
                ("application/json", schema::page(&told("`node`, `text`, `problem`."), false)),
            ],
        ),
    ]
}

/// Hands the body's members on as they are.
async fn pass(
    console: Arc<Console>,
    asked: Asked,
    deed: &'static str,
    status: StatusCode,
) -> Given {
    let done = console.perform(&asked, deed, asked.members().into()).await?;
    Ok(answer::json(status, &done))
}

async fn export(console: Arc<Console>, asked: Asked) -> Given {
    let done = console.perform(&asked, "certificate_export", json!({})).await?;
    let nodes = done.get("nodes").and_then(Value::as_array).cloned().unwrap_or_default();
    let answer = if asked.wants("application/json") {
        answer::json(StatusCode::OK, &answer::page(nodes, None, None))
    } else {
        let texts = nodes.iter().filter_map(|node| node.get("text").and_then(Value::as_str));
        let text: String = texts.collect();
        if text.is_empty() {
            return Err(Problem::new("unavailable", "no node has told its certificates"));
        }
        answer::text(StatusCode::OK, PEM, text)
    };
    Ok(answer::with(answer, VARY, "Accept"))
}
