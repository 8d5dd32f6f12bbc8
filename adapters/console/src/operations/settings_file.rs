//! The settings as one file: shown, planned, applied.

use std::sync::Arc;

use domain::settings::{export, masked};
use http::header::VARY;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::FILE_BYTES_MAX;
use super::settings_lists::TAG;
use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Body, Given, Operation};
use crate::{Console, answer};

const YAML: &str = "application/yaml";

pub(super) fn operations() -> Vec<Operation> {
    let file = schema::open("A settings file, secrets masked.");
    vec![
        Operation::new(
            (Method::GET, "/api/v1/settings"),
            "getSettings",
            "All settings as a file, secrets masked",
            ADMINISTRATORS,
            whole,
        )
        .tagged(TAG)
        .gives_as(
            StatusCode::OK,
            "The file; as YAML where that is asked for.",
            vec![("application/json", file), (YAML, json!({"type": "string"}))],
        )
        .with_header("ETag", "Stands for the settings."),
        Operation::new(
            (Method::POST, "/api/v1/settings/plan"),
            "planSettings",
            "What a settings file would change",
            ADMINISTRATORS,
            |console, asked| file_deed(console, asked, "settings_plan"),
        )
        .tagged(TAG)
        .takes(Body::SettingsFile, FILE_BYTES_MAX)
        .refuses(&[409])
        .gives(
            StatusCode::OK,
            "The plan.",
            schema::open("What would be made, changed, removed."),
        ),
        Operation::new(
            (Method::PUT, "/api/v1/settings"),
            "applySettings",
            "Put a settings file in force as a whole",
            ADMINISTRATORS,
            |console, asked| file_deed(console, asked, "settings_apply"),
        )
        .tagged(TAG)
        .takes(Body::SettingsFile, FILE_BYTES_MAX)
        .refuses(&[409])
        .gives(StatusCode::OK, "In force.", schema::reference("Changed")),
    ]
}

async fn whole(console: Arc<Console>, asked: Asked) -> Given {
    let settings = console.port.settings();
    let file = masked(export(&settings));
    let tag = console.tag_of_view(settings.number, &asked);
    let answer = match asked.wants(YAML) {
        true => answer::text(StatusCode::OK, YAML, yaml(&file)),
        false => answer::json(StatusCode::OK, &file),
    };
    Ok(answer::with(answer::tagged(answer, &tag), VARY, "Accept, Cookie, Authorization"))
}

async fn file_deed(console: Arc<Console>, asked: Asked, deed: &'static str) -> Given {
    let members = json!({"text": asked.body()});
    let done = console.perform(&asked, deed, members).await?;
    Ok(answer::json(StatusCode::OK, &done))
}

/// JSON is YAML; this spells the outer parts over lines, so that people read it.
fn yaml(file: &Value) -> String {
    let mut text = String::new();
    for (key, part) in file.as_object().into_iter().flatten() {
        match part {
            Value::Array(elements) => {
                text.push_str(&format!("{key}:\n"));
                for element in elements {
                    text.push_str(&format!("  - {element}\n"));
                }
            }
            Value::Object(members) if !members.is_empty() => {
                text.push_str(&format!("{key}:\n"));
                for (name, member) in members {
                    text.push_str(&format!("  {name}: {member}\n"));
                }
            }
            other => text.push_str(&format!("{key}: {other}\n")),
        }
    }
    text
}
