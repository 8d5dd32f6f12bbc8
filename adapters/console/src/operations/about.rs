//! What this program is, and whose work is in it.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::json;

use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{Given, LEADERS, Operation};
use crate::{Console, answer};

pub(super) fn operations() -> Vec<Operation> {
    let text = || json!({"type": "string"});
    let licence = schema::told(&[("name", text()), ("version", text()), ("licence", text())]);
    let told = schema::told(&[
        ("product", text()),
        ("version", text()),
        ("rustc", schema::or_null(text())),
        ("started_at", schema::time()),
        ("licences", json!({"type": "array", "items": licence})),
    ]);
    vec![
        Operation::new(
            (Method::GET, "/api/v1/about"),
            "getAbout",
            "What this program is, since when it runs, and whose work is in it",
            LEADERS,
            about,
        )
        .tagged("Node")
        .gives(StatusCode::OK, "What it is.", told),
    ]
}

async fn about(console: Arc<Console>, asked: Asked) -> Given {
    let told = console.perform(&asked, "about", json!({})).await?;
    Ok(answer::json(StatusCode::OK, &answer::with_times(told)))
}
