//! What keeps an installation well: backups, checks, retention, erasure, imports.

use std::sync::Arc;

use domain::AgentId;
use http::{Method, StatusCode};
use serde_json::{Map, json};

use super::certificates::pass;
use super::{FILE_BYTES_MAX, members};
use crate::asked::Asked;
use crate::openapi::{documents, schema};
use crate::operation::{ADMINISTRATORS, Body, Given, Operation};
use crate::{Console, answer};

const TAG: &str = "Upkeep";
const OK: StatusCode = StatusCode::OK;

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = backups();
    operations.extend(records());
    operations.extend(imports());
    operations.into_iter().map(|operation| operation.tagged(TAG)).collect()
}

/// An operation that hands its body's members on.
fn passing(
    (method, path): (Method, &'static str),
    (id, summary): (&'static str, &'static str),
    deed: &'static str,
    status: StatusCode,
) -> Operation {
    let operation =
        Operation::new((method, path), id, summary, ADMINISTRATORS, move |console, asked| {
            pass(console, asked, deed, status)
        });
    let done = schema::open("What was done or found.");
    let operation = operation.gives(status, "Done.", done);
    if operation.is_unsafe() { operation.refuses(&[409]) } else { operation }
}

/// An operation on the backup or directory of the path.
fn on_named(
    place: (Method, &'static str),
    words: (&'static str, &'static str),
    deed: &'static str,
) -> Operation {
    let operation =
        Operation::new(place, words.0, words.1, ADMINISTRATORS, move |console, asked| {
            named(console, asked, deed)
        });
    operation.path_holds("name", schema::only_text(128)).refuses(&[409, 422, 504]).gives(
        OK,
        "Done.",
        schema::open("What was done or found."),
    )
}

async fn named(console: Arc<Console>, asked: Asked, deed: &'static str) -> Given {
    let mut members: Map<_, _> = asked.members();
    members.insert("name".to_owned(), json!(asked.path("name")));
    let done = console.perform(&asked, deed, members.into()).await?;
    Ok(answer::json(OK, &done))
}

fn backups() -> Vec<Operation> {
    let restore = schema::open("What is restored, and its password where it has one.");
    vec![
        passing(
            (Method::GET, "/api/v1/backups"),
            ("listBackups", "The backups there are"),
            "backups",
            OK,
        ),
        passing(
            (Method::POST, "/api/v1/backups"),
            ("makeBackup", "Make a backup of the running installation"),
            "backup_make",
            StatusCode::CREATED,
        )
        .takes(Body::Optional(schema::open("How it is made.")), 16 * 1024)
        .refuses(&[504]),
        on_named(
            (Method::DELETE, "/api/v1/backups/{name}"),
            ("deleteBackup", "Delete a backup"),
            "backup_delete",
        ),
        on_named(
            (Method::POST, "/api/v1/backups/{name}/restore"),
            ("restoreBackup", "Restore a backup"),
            "backup_restore",
        )
        .takes(Body::Optional(restore), 16 * 1024),
        on_named(
            (Method::POST, "/api/v1/backups/{name}/verify"),
            ("verifyBackup", "Whether a backup is whole"),
            "backup_verify",
        )
        .takes(Body::Optional(schema::open("Its password, where it has one.")), 16 * 1024),
        passing(
            (Method::POST, "/api/v1/store/check"),
            ("checkStore", "Whether the store is whole"),
            "store_check",
            OK,
        )
        .refuses(&[504]),
    ]
}

fn records() -> Vec<Operation> {
    let erasure = schema::object(
        &[("agent", documents::agent_id())],
        &[("dry_run", schema::about(schema::switch(), "Only tell what would be erased."))],
    );
    vec![
        passing(
            (Method::GET, "/api/v1/retention-plan"),
            ("planRetention", "What is older than it is kept"),
            "retention_plan",
            OK,
        ),
        passing(
            (Method::POST, "/api/v1/retention-run"),
            ("runRetention", "Remove what is older than it is kept"),
            "retention_run",
            OK,
        )
        .refuses(&[504]),
        Operation::new(
            (Method::POST, "/api/v1/erasures"),
            "erase",
            "Erase what is kept of one person",
            ADMINISTRATORS,
            erase,
        )
        .takes(Body::Json(erasure), 16 * 1024)
        .refuses(&[404, 409])
        .gives(OK, "Erased, or what would be.", schema::open("What it was.")),
        passing(
            (Method::POST, "/api/v1/support-bundles"),
            ("makeSupportBundle", "Collect log, status and settings, without secrets"),
            "support_bundle",
            StatusCode::CREATED,
        )
        .takes(Body::Optional(schema::open("What goes into it.")), 16 * 1024)
        .refuses(&[504]),
    ]
}

fn imports() -> Vec<Operation> {
    let apply = || ("apply", schema::about(schema::switch(), "Do it; else only the plan is told."));
    let csv = schema::object(
        &[("kind", schema::short(64)), ("text", json!({"type": "string", "minLength": 1}))],
        &[apply()],
    );
    let finesse = schema::object(
        &[
            ("url", schema::short(2_048)),
            ("user", schema::short(128)),
            ("password", schema::secret(256)),
        ],
        &[apply()],
    );
    let plan = || schema::open("What is made, changed and removed.");
    vec![
        Operation::new(
            (Method::POST, "/api/v1/import/csv"),
            "importCsv",
            "Take people and phones over from a table",
            ADMINISTRATORS,
            import_csv,
        )
        .takes(Body::Json(csv), FILE_BYTES_MAX)
        .refuses(&[409])
        .gives(OK, "The plan, or what was done.", plan()),
        Operation::new(
            (Method::POST, "/api/v1/import/finesse"),
            "importFinesse",
            "Take users, teams, reasons and layouts over from a Finesse server",
            ADMINISTRATORS,
            import_finesse,
        )
        .takes(Body::Json(finesse), 16 * 1024)
        .refuses(&[409, 504])
        .gives(OK, "The plan, or what was done.", plan()),
        on_named(
            (Method::POST, "/api/v1/directories/{name}/sync"),
            ("syncDirectory", "Take agents over from a directory now"),
            "directory_sync",
        )
        .takes(Body::Optional(schema::open("How it is done.")), 16 * 1024),
    ]
}

async fn erase(console: Arc<Console>, asked: Asked) -> Given {
    let members = asked.read(|reader| {
        let agent: Option<AgentId> = reader.required("agent");
        let dry_run = reader.switch("dry_run").unwrap_or(false);
        Some(json!({"agent": agent?, "dry_run": dry_run}))
    })?;
    let done = console.perform(&asked, "erase", members).await?;
    Ok(answer::json(OK, &done))
}

async fn import_csv(console: Arc<Console>, asked: Asked) -> Given {
    let members = asked.read(|reader| {
        let kind = reader.named("kind", 64);
        let text = reader.value("text");
        let text = text.and_then(|text| text.as_str().map(str::to_owned));
        if text.as_ref().is_none_or(String::is_empty) {
            reader.problem("text", "must be the table as a text");
        }
        let apply = reader.switch("apply").unwrap_or(false);
        Some(json!({"kind": kind?, "text": text?, "apply": apply}))
    })?;
    let done = console.perform(&asked, "import_csv", members).await?;
    Ok(answer::json(OK, &done))
}

async fn import_finesse(console: Arc<Console>, asked: Asked) -> Given {
    let (url, user, password, apply) = asked.read(|reader| {
        let url = reader.named("url", 2_048);
        let user = reader.named("user", 128);
        if !reader.has("password") {
            reader.problem("password", "is missing");
        }
        let password = reader.secret("password", 256);
        let apply = reader.switch("apply").unwrap_or(false);
        Some((url?, user?, password?, apply))
    })?;
    let members = members([
        ("url", Some(json!(url))),
        ("user", Some(json!(user))),
        ("password", Some(json!(password.expose()))),
        ("apply", Some(json!(apply))),
    ]);
    let done = console.perform(&asked, "import_finesse", members).await?;
    Ok(answer::json(OK, &done))
}
