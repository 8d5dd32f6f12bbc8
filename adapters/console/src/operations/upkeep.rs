//! What keeps an installation well: backups, checks, retention, erasure, the support bundle, imports.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::AgentId;
use engine::surface::Pieces;
use http::header::CONTENT_DISPOSITION;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::FILE_BYTES_MAX;
use crate::asked::Asked;
use crate::openapi::{documents, schema};
use crate::operation::{ADMINISTRATORS, Begun, Body, Given, Operation};
use crate::problem::Problem;
use crate::{Console, answer};

const TAG: &str = "Upkeep";
const OK: StatusCode = StatusCode::OK;
const TAR: &str = "application/x-tar";
const ARCHIVE: &str = "application/octet-stream";
const TABLES: [&str; 4] = ["agents", "teams", "reasons", "devices"];

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = backups();
    operations.extend(records());
    operations.extend(imports());
    operations.into_iter().map(|operation| operation.tagged(TAG)).collect()
}

fn backups() -> Vec<Operation> {
    let passphrase = || {
        let words = "What it is encrypted with; else the sealing key of the deployment.";
        ("passphrase", schema::about(schema::secret(1_024), words))
    };
    let name = || json!({"type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$"});
    let on = |place, words: (&str, &str), deed| {
        let named = move |console, asked| on_backup(console, asked, deed);
        Operation::new(place, words.0, words.1, ADMINISTRATORS, named)
            .path_holds("name", name())
            .refuses(&[409, 422])
    };
    let inside = || schema::open("What is inside, and what is wrong with it.");
    let wish = schema::object(
        &[],
        &[
            passphrase(),
            ("dry_run", schema::about(schema::switch(), "Only tell what it would replace.")),
            (
                "other_deployment",
                schema::about(schema::switch(), "Although it is of another deployment."),
            ),
        ],
    );
    vec![
        Operation::new(
            (Method::GET, "/api/v1/backups"),
            "listBackups",
            "The backups on this node, newest first",
            ADMINISTRATORS,
            list_backups,
        )
        .gives(OK, "Backups.", schema::page(&schema::open("Its name, size, time."), false)),
        Operation::new(
            (Method::POST, "/api/v1/backups"),
            "makeBackup",
            "Make a backup of the running installation",
            ADMINISTRATORS,
            make_backup,
        )
        .takes(Body::Optional(schema::object(&[], &[passphrase()])), 16 * 1024)
        .refuses(&[409])
        .gives(StatusCode::CREATED, "Made.", schema::open("Its name, size and rows.")),
        on(
            (Method::DELETE, "/api/v1/backups/{name}"),
            ("deleteBackup", "Delete a backup"),
            "backup_delete",
        )
        .gives(OK, "Deleted.", schema::open("Nothing.")),
        on(
            (Method::POST, "/api/v1/backups/{name}/verify"),
            ("verifyBackup", "Whether a backup is whole"),
            "backup_verify",
        )
        .takes(Body::Optional(schema::object(&[], &[passphrase()])), 16 * 1024)
        .gives(OK, "What was found.", inside()),
        on(
            (Method::POST, "/api/v1/backups/{name}/restore"),
            ("restoreBackup", "Put a backup in the place of what there is"),
            "backup_restore",
        )
        .takes(Body::Optional(wish), 16 * 1024)
        .gives(OK, "Restored, or what would be.", inside()),
        Operation::in_pieces(
            (Method::GET, "/api/v1/backups/{name}/archive"),
            "getBackupArchive",
            "The file of a backup, encrypted as it was made",
            ADMINISTRATORS,
            archive,
        )
        .path_holds("name", name())
        .gives_as(OK, "The file.", vec![(ARCHIVE, json!({}))]),
    ]
}

async fn archive(console: Arc<Console>, asked: Asked) -> Begun {
    let name = asked.path("name");
    let archive = console.administration.backup_archive(name, asked.context()).await;
    let archive = archive.map_err(|failure| Problem::of_failure(failure, asked.body()))?;
    let answer: Response<_> = answer::bytes(OK, ARCHIVE, Vec::new());
    // The node has only names that are plain.
    let named = format!("attachment; filename=\"{name}\"");
    let answer = answer::with(answer, CONTENT_DISPOSITION, &named);
    let pieces = Pieces::whole(archive.pieces, Some(archive.bytes));
    Ok(answer.map(|_| engine::surface::Body::Pieces(pieces)))
}

async fn list_backups(console: Arc<Console>, asked: Asked) -> Given {
    let listed = console.perform(&asked, "backups", json!({})).await?;
    let listed = answer::with_times_of_seconds(listed);
    let items = listed.get("backups").and_then(Value::as_array).cloned();
    Ok(answer::json(OK, &answer::page(items.unwrap_or_default(), None, None)))
}

async fn make_backup(console: Arc<Console>, asked: Asked) -> Given {
    let members = asked.members();
    let made = console.perform(&asked, "backup_make", members.into()).await?;
    Ok(answer::json(StatusCode::CREATED, &made))
}

/// Does a deed on the backup of the path, whatever else the body names.
async fn on_backup(console: Arc<Console>, asked: Asked, deed: &'static str) -> Given {
    let mut members = asked.members();
    if members.contains_key("name") {
        return Err(Problem::field("name", "stands in the path; leave it out"));
    }
    members.insert("name".to_owned(), json!(asked.path("name")));
    done(console, asked, deed, members.into()).await
}

fn records() -> Vec<Operation> {
    let erasure = schema::object(
        &[("agent", documents::agent_id())],
        &[("dry_run", schema::about(schema::switch(), "Only tell what would be erased."))],
    );
    let operation = |place, id: &str, summary: &str, deed, members: Value| {
        Operation::new(place, id, summary, ADMINISTRATORS, move |console, asked| {
            done(console, asked, deed, members.clone())
        })
    };
    let retained = || schema::open("Each kind with how many, from when, to when.");
    vec![
        operation(
            (Method::POST, "/api/v1/store/check"),
            "checkStore",
            "Whether the store is whole",
            "store_check",
            json!({}),
        )
        .refuses(&[409])
        .gives(OK, "What was found.", schema::open("Figures and findings.")),
        operation(
            (Method::GET, "/api/v1/retention-plan"),
            "planRetention",
            "What is older than it is kept",
            "retention_plan",
            json!({}),
        )
        .gives(OK, "What would be removed.", retained()),
        operation(
            (Method::POST, "/api/v1/retention-run"),
            "runRetention",
            "Remove what is older than it is kept",
            "retention_run",
            json!({}),
        )
        .refuses(&[409])
        .gives(OK, "What was removed.", retained()),
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
        Operation::new(
            (Method::POST, "/api/v1/support-bundles"),
            "makeSupportBundle",
            "Collect log, status and settings, without secrets",
            ADMINISTRATORS,
            support_bundle,
        )
        .refuses(&[409])
        .gives_as(OK, "A tar file.", vec![(TAR, json!({}))]),
    ]
}

fn imports() -> Vec<Operation> {
    let apply = || ("apply", schema::about(schema::switch(), "Do it; else only tell the plan."));
    let mirror = || {
        let words = "Remove, too, what is of the same sort and is not named.";
        ("mirror", schema::about(schema::switch(), words))
    };
    let text = json!({"type": ["string", "integer"], "minimum": 0});
    let csv = schema::object(
        &[
            ("kind", schema::choice(&TABLES)),
            ("text", schema::about(text, "The table (RFC 4180) with the names of its columns.")),
        ],
        &[mirror(), apply()],
    );
    let finesse = schema::object(
        &[
            ("url", schema::short(2_048)),
            ("user", schema::short(128)),
            ("password", schema::secret(256)),
        ],
        &[mirror(), apply()],
    );
    let entries = schema::open("Lists of entries by section, as in a settings file.");
    let entries = schema::object(&[("entries", entries)], &[mirror(), apply()]);
    let sync = schema::object(
        &[],
        &[("removals", schema::about(schema::switch(), "Also more than may go at once."))],
    );
    let plan = || schema::open("What is made, changed and removed.");
    vec![
        Operation::new(
            (Method::POST, "/api/v1/import"),
            "import",
            "Lay entries over the settings; members that are not named stay",
            ADMINISTRATORS,
            |console, asked| passed(console, asked, "import"),
        )
        .takes(Body::Json(entries), FILE_BYTES_MAX)
        .refuses(&[409])
        .gives(OK, "The plan, or what was done.", plan()),
        Operation::new(
            (Method::POST, "/api/v1/import/csv"),
            "importCsv",
            "Lay a table over the settings",
            ADMINISTRATORS,
            |console, asked| passed(console, asked, "import_csv"),
        )
        .takes(Body::Json(csv), FILE_BYTES_MAX)
        .refuses(&[409])
        .gives(OK, "The plan, or what was done.", plan()),
        Operation::new(
            (Method::POST, "/api/v1/import/finesse"),
            "importFinesse",
            "Lay what a Finesse server holds over the settings",
            ADMINISTRATORS,
            |console, asked| passed(console, asked, "import_finesse"),
        )
        .described("Who signed its certificate must be trusted for `contact_centre`.")
        .takes(Body::Json(finesse), 16 * 1024)
        .refuses(&[409])
        .gives(OK, "The plan, or what was done.", plan()),
        Operation::new(
            (Method::GET, "/api/v1/directory-status"),
            "getDirectoryStatus",
            "How each directory went the last time",
            ADMINISTRATORS,
            |console, asked| done(console, asked, "directory_status", json!({})),
        )
        .gives(OK, "Every directory.", schema::open("Directories, as this node saw them.")),
        Operation::new(
            (Method::POST, "/api/v1/directories/{name}/sync"),
            "syncDirectory",
            "Take agents over from a directory now",
            ADMINISTRATORS,
            sync_directory,
        )
        .path_holds("name", schema::only_text(64))
        .takes(Body::Optional(sync), 16 * 1024)
        .refuses(&[409])
        .gives(
            OK,
            "How it went.",
            schema::open("What was taken over, and what was held up."),
        ),
    ]
}

/// Does a deed with those members.
async fn done(console: Arc<Console>, asked: Asked, deed: &'static str, members: Value) -> Given {
    let done = console.perform(&asked, deed, members).await?;
    Ok(answer::json(OK, &done))
}

/// Does a deed with the members of the body.
async fn passed(console: Arc<Console>, asked: Asked, deed: &'static str) -> Given {
    let members = asked.members();
    done(console, asked, deed, members.into()).await
}

async fn erase(console: Arc<Console>, asked: Asked) -> Given {
    let members = asked.read(|reader| {
        let agent: Option<AgentId> = reader.required("agent");
        let dry_run = reader.switch("dry_run").unwrap_or(false);
        Some(json!({"agent": agent?, "dry_run": dry_run}))
    })?;
    done(console, asked, "erase", members).await
}

async fn sync_directory(console: Arc<Console>, asked: Asked) -> Given {
    let name = asked.path("name");
    if !console.port.settings().directories.contains_key(name) {
        return Err(Problem::not_found("there is no such directory"));
    }
    let removals = asked.read(|reader| Some(reader.switch("removals").unwrap_or(false)))?;
    let members = json!({"name": name, "removals": removals});
    done(console, asked, "directory_sync", members).await
}

async fn support_bundle(console: Arc<Console>, asked: Asked) -> Given {
    let made = console.perform(&asked, "support_bundle", json!({})).await?;
    let bundle = made.get("base64").and_then(Value::as_str);
    let bundle = bundle.and_then(|text| STANDARD.decode(text).ok());
    let none = || Problem::new("broken", "the bundle could not be made");
    let answer: Response<_> = answer::bytes(OK, TAR, bundle.ok_or_else(none)?);
    let name = "attachment; filename=\"support-bundle.tar\"";
    Ok(answer::with(answer, CONTENT_DISPOSITION, name))
}
