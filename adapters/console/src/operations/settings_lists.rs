//! Lists of settings documents, page by page.

use std::sync::Arc;

use domain::Role;
use domain::settings::{SECRET_MEMBERS, Section, SettingDocument, export_document, masked};
use http::header::IF_NONE_MATCH;
use http::{Method, StatusCode};
use serde_json::Value;

use super::{AFTER, LIMIT, PAGE_USUAL};
use crate::asked::Asked;
use crate::conditions::Tags;
use crate::openapi::{documents, schema};
use crate::operation::{Conditions, Given, Kind, Operation, Parameter};
use crate::problem::Problem;
use crate::sections::{Page, RESOURCES, Resource, Wanted, of_cursor, visible};
use crate::{Console, answer};

/// The tag of all operations on settings.
pub(super) const TAG: &str = "Settings";

const HOLDING: Parameter = Parameter {
    name: "q",
    kind: Kind::Text(64),
    about: "Those whose name, or what they are called, holds that.",
};
const OF_AGENTS: [Parameter; 3] = [
    Parameter { name: "team", kind: Kind::Text(64), about: "Agents of that team." },
    Parameter {
        name: "role",
        kind: Kind::Choice(&documents::ROLES),
        about: "Agents with that role.",
    },
    Parameter { name: "skill", kind: Kind::Text(64), about: "Agents with that skill." },
];

pub(super) fn operations() -> Vec<Operation> {
    RESOURCES.iter().filter(|it| !it.is_single()).map(list).collect()
}

fn list(resource: &'static Resource) -> Operation {
    let document = schema::reference(resource.one);
    let operation = Operation::new(
        (Method::GET, resource.list),
        format!("list{}", resource.many),
        format!("A page of the settings of every {}", resource.called),
        resource.readers,
        move |console, asked| page(console, asked, resource),
    )
    .tagged(TAG)
    .asks(&[LIMIT, AFTER, HOLDING])
    .on(Conditions::Reading)
    .gives(StatusCode::OK, "A page.", schema::page(&document, true))
    .with_header("ETag", "Stands for the settings, and for what the caller may see of them.");
    match resource.section {
        Section::Agent => operation.asks(&OF_AGENTS),
        _ => operation,
    }
}

async fn page(console: Arc<Console>, asked: Asked, resource: &Resource) -> Given {
    let settings = console.port.settings();
    let after = match asked.query("after") {
        None => None,
        Some(cursor) => {
            let name = of_cursor(cursor);
            Some(name.ok_or_else(|| Problem::query("after", "is no cursor of a page"))?)
        }
    };
    let limit = asked.number("limit").unwrap_or(PAGE_USUAL);
    let wanted = Wanted {
        after,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        holding: asked.query("q"),
        team: asked.query("team"),
        role: asked.query("role"),
        skill: asked.query("skill"),
        visible: visible(asked.principal()?),
    };
    let tag = console.tag_of_view(settings.number, &asked);
    let seen = Tags::read(&asked.request.headers, &IF_NONE_MATCH)?;
    if seen.is_some_and(|seen| seen.name_weakly(&tag)) {
        return Ok(answer::tagged(answer::bare(StatusCode::NOT_MODIFIED), &tag));
    }
    let page = Page::of(&settings, resource.section, &wanted);
    let items = page.documents.iter().map(|document| shown(document, &asked)).collect();
    let body = answer::page(items, page.next, Some(page.total));
    Ok(answer::tagged(answer::json(StatusCode::OK, &body), &tag))
}

/// A document as the caller sees it: secrets masked, and not even told of to who is no administrator.
pub(super) fn shown(document: &SettingDocument, asked: &Asked) -> Value {
    let mut document = masked(export_document(document));
    if let (false, Some(members)) = (asked.has(Role::Administrator), document.as_object_mut()) {
        members.retain(|name, _| !SECRET_MEMBERS.contains(&name.as_str()));
    }
    document
}
