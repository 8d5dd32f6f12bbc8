//! One settings document: read, made, replaced, patched, removed; and several of them at once.
//!
//! A change is a deed that the server judges as a whole, secrets that stay among it. What it was made
//! for is named with it: the tag that the client saw, else, for a patch, the tag of what it was merged
//! with. Where that moved meanwhile and the client named none, the patch is merged anew.

use std::sync::Arc;
use std::time::Duration;

use domain::settings::{Section, Settings, export_document, masked};
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::{Method, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::settings_lists::{TAG, shown};
use super::{DOCUMENT_BYTES_MAX, FILE_BYTES_MAX};
use crate::asked::Asked;
use crate::conditions::Tags;
use crate::merge::{merged, settled};
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Body, Conditions, Given, Operation};
use crate::problem::Problem;
use crate::sections::{RESOURCES, Resource, document, is_visible, of_file_key, visible};
use crate::{Console, answer};

/// How often a patch is merged anew for settings that moved, and how long newer ones are waited for.
const TRIES_MAX: usize = 4;
const NEWER_SETTINGS: Duration = Duration::from_millis(500);
/// The most changes of one request.
const EDITS_MAX: usize = 1_000;
/// What stays as it is in a segment of a path (RFC 3986).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn operations() -> Vec<Operation> {
    let mut operations: Vec<_> = RESOURCES.iter().flat_map(of_resource).collect();
    operations.push(changes());
    operations
}

fn of_resource(resource: &'static Resource) -> Vec<Operation> {
    let (one, called) = (resource.one, resource.with_article());
    let schema = schema::reference(one);
    let place = |method| (method, resource.item);
    let changed = || schema::reference("Changed");
    let mut operations = vec![
        Operation::new(
            place(Method::GET),
            format!("get{one}"),
            format!("The settings of {called}"),
            resource.readers,
            move |console, asked| read(console, asked, resource),
        )
        .on(Conditions::Reading)
        .gives(StatusCode::OK, "The document, secrets masked.", schema.clone())
        .with_header("ETag", "Changes with every member, secrets among them."),
        Operation::new(
            place(Method::PUT),
            format!("put{one}"),
            format!("Make or replace the settings of {called}"),
            ADMINISTRATORS,
            move |console, asked| put(console, asked, resource),
        )
        .described(
            "Members that the path has may be left out. A secret that is sent back as `(set)` stays.",
        )
        .takes(Body::Json(schema.clone()), DOCUMENT_BYTES_MAX)
        .on(Conditions::Writing)
        .refuses(&[409])
        .gives(StatusCode::OK, "Replaced.", changed())
        .with_header("ETag", "Of the document as it is now."),
        Operation::new(
            place(Method::PATCH),
            format!("patch{one}"),
            format!("Change some members of the settings of {called}"),
            ADMINISTRATORS,
            move |console, asked| patch(console, asked, resource),
        )
        .takes(Body::MergePatch(schema), DOCUMENT_BYTES_MAX)
        .on(Conditions::Writing)
        .refuses(&[409])
        .gives(StatusCode::OK, "Changed.", changed())
        .with_header("ETag", "Of the document as it is now."),
    ];
    if !resource.is_single() {
        if let Some(put) = operations.iter_mut().find(|it| it.method == Method::PUT) {
            *put = put
                .clone()
                .gives(StatusCode::CREATED, "Made.", changed())
                .with_header("ETag", "Of the document as it is now.")
                .with_header("Location", "Where it is.");
        }
        operations.push(
            Operation::new(
                place(Method::DELETE),
                format!("delete{one}"),
                format!("Remove the settings of {called}"),
                ADMINISTRATORS,
                move |console, asked| delete(console, asked, resource),
            )
            .on(Conditions::Writing)
            .refuses(&[409, 422])
            .gives(StatusCode::OK, "Removed.", changed()),
        );
    }
    let tagged = operations.into_iter().map(|it| {
        let names = resource.named_by.iter();
        names.fold(it.tagged(TAG), |it, name| it.path_holds(name, name_schema(resource, name)))
    });
    tagged.collect()
}

/// What stands in the path for that member.
pub(super) fn name_schema(resource: &Resource, name: &str) -> Value {
    let documents = crate::openapi::documents::schema(resource.section);
    let place = format!("/properties/{name}");
    let mut schema = documents.pointer(&place).cloned().unwrap_or_default();
    if let Some(members) = schema.as_object_mut() {
        let is_number = members
            .get("type")
            .is_some_and(|it| it.as_array().is_some_and(|it| !it.iter().any(|it| it == "string")));
        members.insert("type".to_owned(), json!(if is_number { "integer" } else { "string" }));
        if !is_number {
            members.remove("minimum");
            members.remove("maximum");
        }
        if let Some(Value::Array(choices)) = members.get_mut("enum") {
            choices.retain(|choice| !choice.is_null());
        }
    }
    schema
}

fn changes() -> Operation {
    let section: Vec<_> = Section::ALL.into_iter().map(Section::file_key).collect();
    let name = schema::about(
        json!({"type": "string", "maxLength": 128}),
        "As its path has it; left out where there is one document only.",
    );
    let put = schema::object(
        &[
            ("section", schema::choice(&section)),
            ("document", schema::open("As the section's own resource takes it.")),
        ],
        &[("name", name.clone())],
    );
    let remove = schema::object(&[("section", schema::choice(&section)), ("name", name)], &[]);
    let edit = json!({"oneOf": [
        schema::object(&[("put", put)], &[]),
        schema::object(&[("remove", remove)], &[]),
    ]});
    let mut edits = schema::list(edit, EDITS_MAX);
    if let Some(members) = edits.as_object_mut() {
        members.insert("minItems".to_owned(), json!(1));
    }
    Operation::new(
        (Method::POST, "/api/v1/settings/changes"),
        "changeSettings",
        "Change several documents, all of them or none",
        ADMINISTRATORS,
        several,
    )
    .tagged(TAG)
    .takes(Body::Json(schema::object(&[("edits", edits)], &[])), FILE_BYTES_MAX)
    .refuses(&[404, 409, 412])
    .gives(StatusCode::OK, "Changed.", schema::reference("Changed"))
}

/// The name of the document that the path names; `None` where nothing can have it.
pub(super) fn name_of(resource: &Resource, asked: &Asked) -> Option<String> {
    let parts: Vec<_> = resource.named_by.iter().map(|part| asked.path(part)).collect();
    if resource.section == Section::Reason {
        let code = parts.get(1)?;
        // One spelling for one number.
        let canonical = code.parse::<u16>().ok()?.to_string();
        (canonical == *code).then_some(())?;
    }
    Some(parts.join("/"))
}

fn nothing(resource: &Resource) -> Problem {
    Problem::not_found(format!("there is no such {}", resource.called))
}

async fn read(console: Arc<Console>, asked: Asked, resource: &Resource) -> Given {
    let settings = console.port.settings();
    let name = name_of(resource, &asked).ok_or_else(|| nothing(resource))?;
    let document = resource.document(&settings, &name);
    let document = document.filter(|document| match asked.principal() {
        Ok(principal) => is_visible(document, visible(principal)),
        Err(_) => false,
    });
    let document = document.ok_or_else(|| nothing(resource))?;
    let tag = console.tag(&export_document(&document));
    let seen = Tags::read(&asked.request.headers, &IF_NONE_MATCH)?;
    if seen.is_some_and(|seen| seen.name_weakly(&tag)) {
        return Ok(answer::tagged(answer::bare(StatusCode::NOT_MODIFIED), &tag));
    }
    let shown = shown(&document, &asked);
    Ok(answer::tagged(answer::json(StatusCode::OK, &shown), &tag))
}

async fn put(console: Arc<Console>, asked: Asked, resource: &Resource) -> Given {
    let name = name_of(resource, &asked).ok_or_else(|| nothing(resource))?;
    let body = named(resource, asked.body().clone(), &name)?;
    change(&console, &asked, resource, &name, |_| Ok(Some(body.clone()))).await
}

async fn patch(console: Arc<Console>, asked: Asked, resource: &Resource) -> Given {
    let name = name_of(resource, &asked).ok_or_else(|| nothing(resource))?;
    change(&console, &asked, resource, &name, |current| {
        let current = current.ok_or_else(|| nothing(resource))?;
        let document = merged(masked(current.clone()), asked.body().clone());
        named(resource, document, &name).map(Some)
    })
    .await
}

async fn delete(console: Arc<Console>, asked: Asked, resource: &Resource) -> Given {
    let name = name_of(resource, &asked).ok_or_else(|| nothing(resource))?;
    change(&console, &asked, resource, &name, |_| Ok(None)).await
}

/// The document with the members that name it, as the path does.
pub(super) fn named(resource: &Resource, document: Value, name: &str) -> Result<Value, Problem> {
    let Value::Object(mut members) = document else { return Ok(document) };
    let mut parts = name.splitn(resource.named_by.len().max(1), '/');
    for member in resource.named_by {
        let part = parts.next().unwrap_or_default();
        let given = members.get(*member).filter(|given| !given.is_null());
        let same = given.is_none_or(|given| match given {
            Value::String(text) => text == part,
            Value::Number(number) => number.to_string() == part,
            _ => false,
        });
        if !same {
            let message = "is not what the path says; a document keeps its name, so make a new one";
            return Err(Problem::field(member, message));
        }
        let value = match (*member, part.parse::<u16>()) {
            ("code", Ok(code)) => json!(code),
            _ => json!(part),
        };
        members.insert((*member).to_owned(), value);
    }
    Ok(Value::Object(members))
}

/// What the client said must be so, for what is there: a tag without its quotation marks, or `null`
/// where nothing must be there.
fn wanted_tag(asked: &Asked, current: Option<&str>) -> Result<Option<Value>, Problem> {
    let moved = || Problem::new("precondition_failed", "it is not what was seen; read it again");
    let bare = |tag: &str| json!(tag.trim_matches('"'));
    let headers = &asked.request.headers;
    let (same, other) = (Tags::read(headers, &IF_MATCH)?, Tags::read(headers, &IF_NONE_MATCH)?);
    if let Some(tags) = same {
        let fits = current.filter(|tag| tags.name_strongly(tag));
        return match (fits, tags) {
            (Some(tag), _) => Ok(Some(bare(tag))),
            (None, Tags::Any) => Err(moved()),
            // The server may know better: a repeat of what was done already fits no more.
            (None, Tags::These(tags)) => match tags.into_iter().find(|it| it.starts_with('"')) {
                Some(tag) => Ok(Some(bare(&tag))),
                None => Err(moved()),
            },
        };
    }
    match other {
        None => Ok(None),
        Some(Tags::Any) => Ok(Some(Value::Null)),
        Some(tags) if current.is_some_and(|tag| tags.name_weakly(tag)) => Err(moved()),
        Some(_) => Ok(None),
    }
}

/// Carries one change of one document through; `make` gives the document out of the present one, or
/// nothing where it is to be removed.
async fn change(
    console: &Arc<Console>,
    asked: &Asked,
    resource: &Resource,
    name: &str,
    make: impl Fn(Option<&Value>) -> Result<Option<Value>, Problem>,
) -> Given {
    let (section, key) = (resource.section, resource.section.file_key());
    let is_patch = asked.request.method == Method::PATCH;
    let mut tries = 0;
    loop {
        tries += 1;
        let mut newer = console.port.settings_changes();
        let settings = console.port.settings();
        let current = resource.document(&settings, name).map(|it| export_document(&it));
        let tag = current.as_ref().map(|current| console.tag(current));
        let client_tag = wanted_tag(asked, tag.as_deref())?;
        let may_merge_anew = is_patch && client_tag.is_none();
        let edit = match make(current.as_ref())? {
            None => json!({"remove": place(key, section, name)}),
            Some(document) => {
                let mut put = place(key, section, name);
                put.insert("document".to_owned(), settled(document, current.as_ref()));
                json!({"put": put})
            }
        };
        let merged_with = tag.filter(|_| is_patch).map(|tag| json!(tag.trim_matches('"')));
        let if_match = client_tag.or(merged_with).map(|tag| {
            let mut named = place(key, section, name);
            named.insert("etag".to_owned(), tag);
            named
        });
        let members = json!({"edits": [edit], "if_match": if_match});
        match console.perform(asked, "settings_change", members).await {
            Ok(done) => return Ok(changed(console, asked, resource, name, (done, &current))),
            Err(problem)
                if may_merge_anew
                    && problem.code() == "precondition_failed"
                    && tries < TRIES_MAX =>
            {
                // In vain where nothing changed; then the answer is the same once more.
                let _ = tokio::time::timeout(NEWER_SETTINGS, newer.changed()).await;
            }
            Err(problem)
                if asked.request.method == Method::DELETE && problem.code() == "invalid" =>
            {
                let detail = "others name it; change them first, each is named below";
                return Err(problem.under("in_use", detail));
            }
            Err(problem) => return Err(problem),
        }
    }
}

fn place(key: &str, section: Section, name: &str) -> Map<String, Value> {
    let mut place = Map::new();
    place.insert("section".to_owned(), json!(key));
    if !section.is_single() {
        place.insert("name".to_owned(), json!(name));
    }
    place
}

fn changed(
    console: &Console,
    asked: &Asked,
    resource: &Resource,
    name: &str,
    (done, before): (Value, &Option<Value>),
) -> Response<bytes::Bytes> {
    let removed = asked.request.method == Method::DELETE;
    let made = before.is_none() && !removed;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    let mut answer = answer::json(status, &done);
    let now = resource.document(&console.port.settings(), name);
    if let Some(now) = now.filter(|_| !removed) {
        answer = answer::with(answer, ETAG, &console.tag(&export_document(&now)));
    }
    if made {
        let segments = name.splitn(resource.named_by.len().max(1), '/');
        let segments: Vec<_> =
            segments.map(|it| utf8_percent_encode(it, SEGMENT).to_string()).collect();
        let location = format!("{}/{}", resource.list, segments.join("/"));
        answer = answer::with(answer, LOCATION, &location);
    }
    answer
}

async fn several(console: Arc<Console>, asked: Asked) -> Given {
    let settings = console.port.settings();
    let given = asked.body().get("edits").and_then(Value::as_array);
    let given = given.filter(|edits| (1..=EDITS_MAX).contains(&edits.len()));
    let (Some(given), 1) = (given, asked.members().len()) else {
        let message = format!("must be a list of 1 to {EDITS_MAX} changes, and the only member");
        return Err(Problem::field("edits", message));
    };
    let mut edits = Vec::new();
    for (position, edit) in given.iter().enumerate() {
        let read = read_edit(&settings, edit);
        edits.push(read.map_err(|(key, message)| {
            Problem::field(&format!("edits[{position}]{key}"), message)
        })?);
    }
    let members = json!({"edits": edits, "if_match": null});
    let done = console.perform(&asked, "settings_change", members).await?;
    Ok(answer::json(StatusCode::OK, &done))
}

/// One change as the deed takes it; what is wrong with it, with its key.
fn read_edit(settings: &Settings, edit: &Value) -> Result<Value, (String, String)> {
    let wrong = |key: &str, message: &str| (key.to_owned(), message.to_owned());
    let edit = edit.as_object().filter(|edit| edit.len() == 1);
    let (verb, what) = edit
        .and_then(|edit| edit.iter().next())
        .ok_or_else(|| wrong("", "must have one member, put or remove"))?;
    let allowed: &[&str] = match verb.as_str() {
        "put" => &["section", "name", "document"],
        "remove" => &["section", "name"],
        _ => return Err(wrong("", "must have one member, put or remove")),
    };
    let members =
        what.as_object().ok_or_else(|| wrong(&format!(".{verb}"), "must be an object"))?;
    if let Some(name) = members.keys().find(|name| !allowed.contains(&name.as_str())) {
        return Err(wrong(&format!(".{verb}.{name}"), "is not known here"));
    }
    let section = members.get("section").and_then(Value::as_str).and_then(of_file_key);
    let section = section
        .ok_or_else(|| wrong(&format!(".{verb}.section"), "is no section of the settings"))?;
    let name = members.get("name").filter(|name| !name.is_null());
    let name = match (name, section.is_single()) {
        (Some(Value::String(name)), false) => name.clone(),
        (None, true) => String::new(),
        _ => {
            let message = "must be a text, and is left out where there is one document only";
            return Err(wrong(&format!(".{verb}.name"), message));
        }
    };
    let key = section.file_key();
    if verb == "remove" {
        return Ok(json!({"remove": place(key, section, &name)}));
    }
    let given = members.get("document").filter(|it| it.is_object()).cloned();
    let at = format!(".{verb}.document");
    let given = given.ok_or_else(|| wrong(&at, "must be an object"))?;
    let resource = RESOURCES.iter().find(|it| it.section == section);
    let resource = resource.ok_or_else(|| wrong(&at, "cannot be changed here"))?;
    let given = named(resource, given, &name)
        .map_err(|_| wrong(&at, "has another name than stands beside it"))?;
    let current = document(settings, section, &name).map(|it| export_document(&it));
    let mut put = place(key, section, &name);
    put.insert("document".to_owned(), settled(given, current.as_ref()));
    Ok(json!({"put": put}))
}
