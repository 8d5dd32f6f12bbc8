//! What is taken over from directories and files, asked for by an administrator.

use std::sync::Arc;

use ::console::{Context, Failure};
use directory::import::csv::{self, Kind};
use directory::import::{Change, Imported, Mode, finesse};
use domain::settings::{Becomes, Planned, Reader, TrustPurpose};
use domain::{Input, InputId, Problems, Secret};
use engine::Outcome;
use serde_json::{Value, json};

use super::deeds::failure;
use super::protocol::refused;
use crate::node::Shared;
use crate::settings::check_administrators;

/// How often a plan is applied anew when settings changed meanwhile.
const TRIES: usize = 3;

/// Agents are to be taken over from a directory.
pub(super) struct Sync {
    directory: String,
    removals: bool,
}

pub(super) fn read_sync(reader: &mut Reader<'_>) -> Option<Sync> {
    let directory = reader.short_text("name", 64);
    if directory.is_none() {
        reader.problem("name", "is missing");
    }
    let removals = reader.switch("removals").unwrap_or(false);
    Some(Sync { directory: directory?, removals })
}

pub(super) async fn sync(shared: &Shared, sync: Sync, context: &Context) -> Value {
    let report = shared.keeper.take_over(&sync.directory, sync.removals, context.by.clone()).await;
    report.json()
}

/// How each directory went the last time on this node, and whether its account is left alone.
pub(super) fn status(shared: &Shared) -> Value {
    let settings = shared.engine.settings();
    let reports = shared.keeper.reports();
    let directories = settings.directories.values().map(|directory| {
        json!({
            "name": directory.name,
            "every_minutes": directory.sync.as_ref().map(|sync| sync.every_minutes),
            "last": reports.get(&directory.name).map(directory::SyncReport::json),
        })
    });
    json!({"directories": directories.collect::<Vec<_>>()})
}

/// Something is to be laid over the settings.
pub(super) struct Import {
    imported: Imported,
    mode: Mode,
    apply: bool,
}

pub(super) fn read_import(reader: &mut Reader<'_>) -> Option<Import> {
    let entries = reader.value("entries").unwrap_or_default();
    let imported = match Imported::from_json(entries) {
        Ok(imported) => Some(imported),
        Err(why) => {
            reader.problem("entries", why);
            None
        }
    };
    let mirror = reader.switch("mirror").unwrap_or(false);
    let mode = if mirror { Mode::Mirror } else { Mode::AddAndChange };
    let apply = reader.switch("apply").unwrap_or(false);
    Some(Import { imported: imported?, mode, apply })
}

/// The most faults of a table that are told.
const FAULTS_MAX: usize = 200;

/// A table in the text of a request, not read yet.
pub(super) struct Table {
    text: String,
    kind: Kind,
    mode: Mode,
    apply: bool,
}

pub(super) fn read_csv(reader: &mut Reader<'_>) -> Option<Table> {
    let kinds = [
        ("agents", Kind::Agents),
        ("teams", Kind::Teams),
        ("reasons", Kind::Reasons),
        ("devices", Kind::Devices),
    ];
    if !reader.has("kind") {
        reader.problem("kind", "is missing");
    }
    let kind = reader.choice("kind", &kinds);
    let text = reader.text("text");
    let apply = reader.switch("apply").unwrap_or(false);
    let mirror = reader.switch("mirror").unwrap_or(false);
    let mode = if mirror { Mode::Mirror } else { Mode::AddAndChange };
    Some(Table { text: text?, kind: kind?, mode, apply })
}

/// What stands in a table. A large one takes its time, so it is read where nothing else waits for it.
pub(super) async fn tabled(table: Table) -> Result<Import, Failure> {
    let Table { text, kind, mode, apply } = table;
    let read = tokio::task::spawn_blocking(move || csv::read(text.as_bytes(), kind)).await;
    let broken = || Failure::new("unavailable", "the table cannot be read: the program failed");
    let imported = read.map_err(|_| broken())?.map_err(|faults| {
        let mut problems = Problems::default();
        for fault in faults.iter().take(FAULTS_MAX) {
            problems.add("text", fault);
        }
        Failure::problems("malformed", problems)
    })?;
    Ok(Import { imported, mode, apply })
}

/// A Finesse server to be read from.
pub(super) struct Finesse {
    server: (String, String, Secret),
    mode: Mode,
    apply: bool,
}

pub(super) fn read_finesse(reader: &mut Reader<'_>) -> Option<Finesse> {
    let url = reader.named("url", 2_048);
    let user = reader.named("user", 128);
    let password = reader.secret("password", 256);
    if password.is_none() {
        reader.problem("password", "is missing");
    }
    let apply = reader.switch("apply").unwrap_or(false);
    let mirror = reader.switch("mirror").unwrap_or(false);
    let mode = if mirror { Mode::Mirror } else { Mode::AddAndChange };
    Some(Finesse { server: (url?, user?, password?), mode, apply })
}

/// What the server holds; who signed its certificate must be in trust for `contact_centre`.
pub(super) async fn gathered(shared: &Shared, asked: Finesse) -> Result<Import, Failure> {
    let Finesse { server: (url, user, password), mode, apply } = asked;
    let settings = shared.engine.settings();
    let trusted = settings.trust.values();
    let trusted = trusted.filter(|it| it.purposes.contains(&TrustPurpose::ContactCentre));
    let authorities: Vec<_> = trusted.map(|it| it.certificates.as_str()).collect();
    let refused = |error: finesse::FinesseError| Failure::new("refused", error.to_string());
    let server = finesse::Server::new(&url, &user, password, authorities.join("\n"));
    let gathered = finesse::gather(&server.map_err(refused)?).await.map_err(refused)?;
    Ok(Import { imported: finesse::imported(&gathered), mode, apply })
}

/// Tells the plan; changes something only where that is asked for.
pub(super) async fn import(
    shared: &Arc<Shared>,
    import: Import,
    context: &Context,
) -> Result<Value, Failure> {
    if let (true, Some(file)) = (import.apply, &shared.settings_file) {
        let message = format!(
            "this node takes its settings from {}; edit that file and reload",
            file.display()
        );
        return Err(Failure::new("read_only", message));
    }
    let mut moved = Failure::new("unavailable", "the settings change all the time");
    for _ in 0..TRIES {
        let change = change(shared, &import).await?;
        let mut told = json!({
            "base": change.base,
            "plan": change.plan.iter().map(planned).collect::<Vec<_>>(),
            "added": change.count(Becomes::Added),
            "changed": change.count(Becomes::Changed),
            "removed": change.count(Becomes::Removed),
            "held_up": change.held_up,
            "left_out": import.imported.left_out,
            "applied": null,
        });
        if !import.apply || change.is_empty() {
            return Ok(told);
        }
        let id = InputId::new("import", super::agents::fresh_number()?);
        let settings = shared.engine.settings();
        check_administrators(&settings, &change.put, &change.removed, &context.by)
            .map_err(failure)?;
        let input = Input::command(id, change.command(context.by.clone()));
        let submitted = shared.engine.submit(input).await;
        match submitted? {
            Outcome::Done(_) => {
                let number = shared.engine.settings().number;
                tracing::info!(number, documents = change.plan.len(), "taken over");
                if let Some(members) = told.as_object_mut() {
                    members.insert("applied".to_owned(), json!(number));
                }
                return Ok(told);
            }
            Outcome::Refused(domain::Refusal::SettingsMoved) => {
                moved = refused(&domain::Refusal::SettingsMoved);
            }
            Outcome::Refused(refusal) => return Err(refused(&refusal)),
            Outcome::Unclear(_) => return Err(engine::SubmitError::Undecided.into()),
        }
    }
    Err(moved)
}

/// A large plan takes its time, so it is made where nothing else waits for it.
async fn change(shared: &Arc<Shared>, import: &Import) -> Result<Change, Failure> {
    let (settings, imported, mode) =
        (shared.engine.settings(), import.imported.clone(), import.mode);
    let made = tokio::task::spawn_blocking(move || Change::new(&settings, &imported, mode)).await;
    let broken = || Failure::new("unavailable", "the plan cannot be made: the program failed");
    let made: Result<Change, Problems> = made.map_err(|_| broken())?;
    made.map_err(|problems| Failure::problems("problems", problems))
}

fn planned(planned: &Planned) -> Value {
    let changes = planned.changes.iter().map(
        |change| json!({"field": change.field, "before": change.before, "after": change.after}),
    );
    json!({
        "name": planned.name,
        "becomes": planned.becomes.name(),
        "changes": changes.collect::<Vec<_>>(),
    })
}
