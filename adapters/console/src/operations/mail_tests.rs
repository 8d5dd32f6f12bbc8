//! Tests of mailboxes and mail servers (CCP-04): what is saved, or what stands in a form, told check by check.
//!
//! An answer is one JSON object a line. Whoever hangs up ends the test.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::settings::{Section, export_document};
use engine::surface::{Body as Answered, BrokenOff, Pieces, Source};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::sync::mpsc;

use super::DOCUMENT_BYTES_MAX;
use super::settings_documents::{name_of, name_schema, named};
use super::settings_lists::TAG;
use crate::asked::Asked;
use crate::merge::settled;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Begun, Body, Operation};
use crate::problem::Problem;
use crate::sections::{RESOURCES, Resource};
use crate::{Console, MailTest, MailTested};

const LINES: &str = "application/x-ndjson";

pub(super) fn operations() -> Vec<Operation> {
    let of = [
        (MailTested::Csq, Section::Csq, "/api/v1/csqs/{name}/test", "testCsq"),
        (
            MailTested::MailServer,
            Section::MailServer,
            "/api/v1/mail-servers/{name}/test",
            "testMailServer",
        ),
    ];
    of.into_iter()
        .filter_map(|(of, section, path, id)| {
            let resource = RESOURCES.iter().find(|it| it.section == section)?;
            Some(operation(of, resource, path, id))
        })
        .collect()
}

fn operation(
    of: MailTested,
    resource: &'static Resource,
    path: &'static str,
    id: &str,
) -> Operation {
    let summary = match of {
        MailTested::Csq => "Test the mailbox of a contact service queue",
        MailTested::MailServer => "Test a mail server",
    };
    Operation::in_pieces((Method::POST, path), id, summary, ADMINISTRATORS, move |console, asked| {
        test(console, asked, of, resource)
    })
    .described(
        "Without a body what is saved is tested, else the document in the body, of which nothing is saved; `(set)` \
         stands for a secret that is kept, which is refused where it would go to another server than it was kept \
         for. Nothing in a mailbox changes, and nothing is sent. The first line has `planned`, the checks to come, \
         and `hosts`; each further one a `check` with `side`, `check`, `outcome` (ok, failed, not_tried, \
         not_applicable), and where it failed `code`, `words` and `remedy`; the last one `end` with the `verdict` \
         (ok, partial, failed, timed_out). Whoever hangs up ends the test.",
    )
    .tagged(TAG)
    .path_holds("name", name_schema(resource, "name"))
    .takes(Body::Optional(schema::reference(resource.one)), DOCUMENT_BYTES_MAX)
    .refuses(&[404, 409])
    .gives_as(StatusCode::OK, "What was tried, as it was tried.", vec![(
        LINES,
        schema::open("One line: planned, check or end."),
    )])
}

async fn test(
    console: Arc<Console>,
    asked: Asked,
    of: MailTested,
    resource: &'static Resource,
) -> Begun {
    let nothing = || Problem::not_found(format!("there is no such {}", resource.called));
    let name = name_of(resource, &asked).ok_or_else(nothing)?;
    let unsaved = match asked.body() {
        Value::Null => None,
        document => {
            let settings = console.port.settings();
            let current = resource.document(&settings, &name).map(|it| export_document(&it));
            Some(settled(named(resource, document.clone(), &name)?, current.as_ref()))
        }
    };
    let wish = MailTest { of, name, unsaved };
    let told = console.administration.mail_test(wish, asked.context()).await;
    let told = told.map_err(|failure| Problem::of_failure(failure, asked.body()))?;
    let lines = Pieces::news(Lines(told), Bytes::new());
    let mut answer = Response::new(Answered::Pieces(lines));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(LINES));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that gathers an answer would tell all of it at the end.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(answer)
}

/// What a test tells, a line each.
struct Lines(mpsc::Receiver<Value>);

#[async_trait]
impl Source for Lines {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        let told = self.0.recv().await?;
        Some(Ok(Bytes::from(format!("{told}\n"))))
    }
}
