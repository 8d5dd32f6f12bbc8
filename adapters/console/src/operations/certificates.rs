//! Certificates of this node: requests, imports, renewal, export.

use std::sync::Arc;

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
const IMPORT_BYTES_MAX: usize = 256 * 1024;

pub(super) fn operations() -> Vec<Operation> {
    let about = |words| schema::open(words);
    vec![
        Operation::new(
            (Method::GET, "/api/v1/certificates"),
            "listCertificates",
            "The certificates in force and those that wait",
            ADMINISTRATORS,
            |console, asked| pass(console, asked, "certificates", StatusCode::OK),
        )
        .tagged(TAG)
        .gives(
            StatusCode::OK,
            "Certificates.",
            about("Names, ends, issuers, fingerprints."),
        ),
        Operation::new(
            (Method::POST, "/api/v1/certificates/request"),
            "requestCertificate",
            "Make a key and a signing request",
            ADMINISTRATORS,
            |console, asked| pass(console, asked, "certificate_request", StatusCode::CREATED),
        )
        .tagged(TAG)
        .takes(Body::Optional(about("Names and subject of the request.")), 16 * 1024)
        .refuses(&[409])
        .gives(StatusCode::CREATED, "The request as PEM.", about("The request.")),
        Operation::new(
            (Method::POST, "/api/v1/certificates/import"),
            "importCertificate",
            "Import a certificate with its chain, as PEM or PKCS#12",
            ADMINISTRATORS,
            |console, asked| pass(console, asked, "certificate_import", StatusCode::OK),
        )
        .tagged(TAG)
        .takes(
            Body::Json(about("`pem`, or `pkcs12` as base64 and its `password`.")),
            IMPORT_BYTES_MAX,
        )
        .refuses(&[409])
        .gives(StatusCode::OK, "In force.", about("The certificate.")),
        Operation::new(
            (Method::POST, "/api/v1/certificates/renew"),
            "renewCertificate",
            "Renew the certificate now",
            ADMINISTRATORS,
            |console, asked| pass(console, asked, "certificate_renew", StatusCode::OK),
        )
        .tagged(TAG)
        .takes(Body::Optional(about("How it is renewed.")), 16 * 1024)
        .refuses(&[409, 504])
        .gives(StatusCode::OK, "Renewed.", about("The certificate.")),
        Operation::new(
            (Method::GET, "/api/v1/certificates/export"),
            "exportCertificates",
            "The certificates in force as PEM, without keys",
            ADMINISTRATORS,
            export,
        )
        .tagged(TAG)
        .gives_as(
            StatusCode::OK,
            "For trust stores.",
            vec![(PEM, json!({"type": "string"}))],
        ),
    ]
}

/// Hands the body's members on as they are.
pub(super) async fn pass(
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
    let text = done.get("text").and_then(Value::as_str);
    let none = || Problem::new("unavailable", "there is no certificate in force");
    Ok(answer::text(StatusCode::OK, PEM, text.ok_or_else(none)?.to_owned()))
}
