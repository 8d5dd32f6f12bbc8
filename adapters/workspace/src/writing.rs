//! Answers that agents write, and the ends of contacts.

use std::sync::Arc;

use domain::mail::{AnswerMode, DraftFile, Writing};
use domain::{
    AgentId, Command, ContactCommand, ContactId, ContactWish, DraftChange, Input, Reply,
    WrapUpChoice,
};
use engine::Outcome;
use http::{Method, StatusCode};
use protocols::mail::{self, Remote};
use serde::Deserialize;
use serde_json::json;

use crate::answer;
use crate::problem::{Problem, done};
use crate::surface::{Asked, Given, Workspace};

/// What a page sends of a draft.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    mode: AnswerMode,
    #[serde(default)]
    to: Vec<String>,
    #[serde(default)]
    cc: Vec<String>,
    #[serde(default)]
    bcc: Vec<String>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    html: String,
    #[serde(default)]
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Queue {
    csq: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    chosen: Vec<WrapUpChoice>,
}

async fn wish(
    workspace: &Workspace,
    contact: ContactId,
    agent: &AgentId,
    wish: ContactWish,
) -> Result<Reply, Problem> {
    let by = Some(agent.clone());
    workspace.submit(Command::Contact(ContactCommand { contact, by, wish })).await
}

/// Addresses as an agent typed them: each is checked, and none comes twice in a field.
fn addresses(field: &str, typed: &[String]) -> Result<Vec<String>, Problem> {
    let mut all = Vec::new();
    for text in typed.iter().filter(|text| !text.trim().is_empty()) {
        let address = mail::address(text).map_err(|error| {
            Problem::field(
                field,
                format!("{field}: {} {error}", text.chars().take(100).collect::<String>()),
            )
        })?;
        if !all.iter().any(|it: &String| it.eq_ignore_ascii_case(&address.address)) {
            all.push(address.address);
        }
    }
    Ok(all)
}

/// Keeps or discards what is being written (MAIL-08).
pub(crate) async fn draft(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    let contact = asked.contact_id()?;
    if asked.request.method == Method::DELETE {
        let change = Box::new(DraftChange::Discard);
        wish(&workspace, contact, &agent, ContactWish::SaveDraft { change }).await?;
        return Ok(answer::nothing());
    }
    let written: Written = asked.body()?;
    workspace.in_hand(&agent, contact).await?;
    let html = written.html;
    // What goes to the customer has passed the same rules as what came from one.
    let cleaned = tokio::task::spawn_blocking(move || mail::clean_html(&html, Remote::Shown)).await;
    let cleaned = cleaned.map_err(|_| Problem::field("html", "cannot be read; write it anew"))?;
    let subject = written.subject.replace(char::is_control, " ").trim().to_owned();
    let writing = Writing {
        mode: written.mode,
        to: addresses("to", &written.to)?,
        cc: addresses("cc", &written.cc)?,
        bcc: addresses("bcc", &written.bcc)?,
        subject,
        html: cleaned.html.clone(),
    };
    let change = Box::new(DraftChange::Write { writing, follows: written.version });
    let reply = wish(&workspace, contact, &agent, ContactWish::SaveDraft { change }).await?;
    let version = match reply {
        Reply::Draft { version } => version,
        _ => written.version,
    };
    let saved_at = answer::time(workspace.port.now());
    Ok(answer::json(&json!({"version": version, "saved_at": saved_at, "html": cleaned.html})))
}

/// Takes in a file of an answer (MAIL-07).
pub(crate) async fn add_file(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    let contact = asked.contact_id()?;
    workspace.in_hand(&agent, contact).await?;
    let Ok(place) = Arc::clone(&workspace.uploads).try_acquire_owned() else {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many files are being taken in; try again in a moment",
        ));
    };
    let name = asked.query("name").unwrap_or_default();
    let name = clean_name(&name);
    if name.is_empty() {
        return Err(Problem::field("name", "name: give the file a name"));
    }
    let bytes = asked.request.body.clone();
    if bytes.is_empty() {
        return Err(Problem::field("body", "the file is empty"));
    }
    let media_type = asked.request.headers.get(http::header::CONTENT_TYPE);
    let media_type = media_type.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
    let is_type = media_type.len() <= 100
        && media_type.split('/').count() == 2
        && media_type.chars().all(|it| it.is_ascii_alphanumeric() || "/.+-_".contains(it));
    let media_type = if is_type { media_type } else { "application/octet-stream".to_owned() };
    let is_inline = asked.query("inline").as_deref() == Some("yes");
    if is_inline
        && !matches!(media_type.as_str(), "image/png" | "image/jpeg" | "image/gif" | "image/webp")
    {
        return Err(Problem::field("file", "a picture in the text must be PNG, JPEG, GIF or WebP"));
    }
    let random: [u8; 16] = workspace.port.random().ok_or_else(Problem::not_found)?;
    let file = DraftFile {
        id: ContactId(u128::from_be_bytes(random)),
        name,
        media_type,
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        is_inline,
    };
    workspace.passes_scan(&file.blob(), &file.name, &bytes).await?;
    let kept = file.clone();
    // Whoever goes away meanwhile leaves no bytes behind that nobody knows of.
    let keeping = tokio::spawn(async move {
        let _place = place;
        keep_file(&workspace, contact, &agent, kept, &bytes).await
    });
    let reply = keeping.await.map_err(|_| Problem::not_found())??;
    let version = if let Reply::Draft { version } = reply { version } else { 0 };
    Ok(answer::json(&json!({
        "version": version,
        "file": {
            "id": file.id,
            "name": file.name,
            "media_type": file.media_type,
            "bytes": file.bytes,
            "is_inline": file.is_inline,
        },
    })))
}

/// Keeps a file's bytes and notes it in the draft, or does neither.
async fn keep_file(
    workspace: &Workspace,
    contact: ContactId,
    agent: &AgentId,
    file: DraftFile,
    bytes: &[u8],
) -> Result<Reply, Problem> {
    let blob = file.blob();
    workspace.port.put_blob(&blob, bytes).await?;
    let change = Box::new(DraftChange::AddFile(file));
    let by = Some(agent.clone());
    let wish = ContactWish::SaveDraft { change };
    let command = Command::Contact(ContactCommand { contact, by, wish });
    let added = workspace.port.submit(Input::command(workspace.id("workspace")?, command)).await;
    if let Ok(Outcome::Refused(_)) = &added
        && let Err(error) = workspace.port.delete_blob(&blob).await
    {
        // It stands in no draft, so nobody removes it later. Where nobody knows what came of it, it stays.
        tracing::debug!(%error, "a file that was refused stays");
    }
    done(added)
}

/// The last part of a path, without what could mislead.
fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_shown = |it: &char| {
        !it.is_control()
            && !matches!(*it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    let mut clean = String::new();
    for character in last.trim().trim_start_matches('.').chars().filter(is_shown) {
        if clean.len() + character.len_utf8() > 150 {
            break;
        }
        clean.push(character);
    }
    clean
}

/// Gives or removes a file of an answer.
pub(crate) async fn file(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    let contact = asked.contact_id()?;
    let id: ContactId = asked.path("file").parse().map_err(|_| Problem::not_found())?;
    workspace.in_hand(&agent, contact).await?;
    if asked.request.method == Method::DELETE {
        let change = Box::new(DraftChange::RemoveFile(id));
        let reply = wish(&workspace, contact, &agent, ContactWish::SaveDraft { change }).await?;
        let version = if let Reply::Draft { version } = reply { version } else { 0 };
        return Ok(answer::json(&json!({"version": version})));
    }
    let draft = workspace.port.draft(contact).await?.ok_or_else(Problem::not_found)?;
    let file = draft.files.iter().find(|it| it.id == id).ok_or_else(Problem::not_found)?;
    let bytes = workspace.port.blob(&file.blob()).await?.ok_or_else(Problem::not_found)?;
    workspace.passes_scan(&file.blob(), &file.name, &bytes).await?;
    Ok(answer::file(&file.name, &file.media_type, bytes, file.is_inline))
}

/// Sends what is written: the contact is over.
pub(crate) async fn send(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    let contact = asked.contact_id()?;
    let Version { version } = asked.body()?;
    // Whose it is, and whether it was sent already, the step judges: a browser repeats what it has no answer to.
    let kept = workspace.port.contact(contact).await?.ok_or_else(Problem::not_found)?;
    let settings = workspace.port.settings();
    let email = settings.csqs.get(&kept.csq).and_then(|csq| csq.email.as_ref());
    let email = email.ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "no_mailbox",
            "this queue has no mailbox any more; requeue the contact to another one",
        )
    })?;
    if kept.agent() == Some(&agent) {
        let draft = workspace.port.draft(contact).await?;
        if draft.and_then(|it| it.writing).is_some_and(|it| it.mode == AnswerMode::Forward) {
            // The customer's files go along.
            workspace.mail_passes_scan(&kept).await?;
        }
    }
    let domain = email.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let domain = domain.to_owned();
    let reply = wish(&workspace, contact, &agent, ContactWish::Send { version, domain }).await?;
    let out = if let Reply::Sent { out } = reply { Some(out) } else { None };
    Ok(answer::json(&json!({"out": out})))
}

/// Ends a contact without an answer (MAIL-10).
pub(crate) async fn discard(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    wish(&workspace, asked.contact_id()?, &agent, ContactWish::Discard).await?;
    Ok(answer::nothing())
}

/// Gives a contact back (MAIL-09).
pub(crate) async fn requeue(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    let Queue { csq } = asked.body()?;
    wish(&workspace, asked.contact_id()?, &agent, ContactWish::Requeue { csq }).await?;
    Ok(answer::nothing())
}

/// Says what a contact was about (CCP-16).
pub(crate) async fn wrap_up(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    let Chosen { chosen } = asked.body()?;
    let told = json!({"chosen": chosen});
    wish(&workspace, asked.contact_id()?, &agent, ContactWish::WrapUp { chosen }).await?;
    Ok(answer::json(&told))
}
