//! The interface as OpenAPI 3.1 describes it, for programs of a site that work as agents' pages do.
//!
//! It is a document of its own beside the administrators' one, at `/api/v1/workspace/openapi.json`, and stands in
//! `schemas/workspace-openapi.json`. Tests compare it with the routes there are, and every answer that the tests of
//! this crate get with what it says.

mod schemas;

use std::sync::LazyLock;

use bytes::Bytes;
use engine::surface::{Callers, Request, ResponsePolicy, Route};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Response};
use serde_json::{Map, Value, json};

use self::schemas::{named, object};

/// Where it is served.
pub(crate) const PATH: &str = "/api/v1/workspace/openapi.json";
const ROOT: &str = "/api/v1/workspace";
static GET: [Method; 1] = [Method::GET];
/// It never changes while the program runs.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// What anybody may read: it says nothing of a deployment.
pub(crate) fn route(listener: &'static str) -> Route {
    Route {
        listener,
        path: PATH,
        methods: &GET,
        callers: Callers::Anyone,
        body_bytes_max: 0,
        policy: ResponsePolicy::Browser,
        handler: Route::handler(|_: Request| async {
            let mut answer = Response::new(Bytes::from(DOCUMENT.clone()));
            let headers = answer.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            answer
        }),
    }
}

/// One operation.
struct Row {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    about: &'static str,
    query: Vec<(&'static str, Value)>,
    takes: Option<(&'static str, Value)>,
    /// A media type and its schema; nothing is 204.
    gives: Option<(&'static str, Value)>,
}

const JSON: &str = "application/json";
const ANY: &str = "application/octet-stream";

fn row(method: &'static str, path: &'static str, id: &'static str, about: &'static str) -> Row {
    Row { method, path, id, about, query: Vec::new(), takes: None, gives: None }
}

impl Row {
    fn takes(mut self, schema: Value) -> Self {
        self.takes = Some((JSON, schema));
        self
    }

    fn gives(mut self, schema: Value) -> Self {
        self.gives = Some((JSON, schema));
        self
    }

    fn gives_as(mut self, media_type: &'static str, schema: Value) -> Self {
        self.gives = Some((media_type, schema));
        self
    }

    fn asks(mut self, name: &'static str, schema: Value) -> Self {
        self.query.push((name, schema));
        self
    }
}

fn rows() -> Vec<Row> {
    let yes = || json!({"type": "string", "enum": ["yes", "no"]});
    let bytes = || json!({"type": "string", "format": "binary"});
    let version = || object(&[("version", schemas::count())], &[]);
    let file = || named("AnswerFile");
    vec![
        row("get", "/me", "getMe", "Who works here, and what the page begins with")
            .gives(named("Me")),
        row("put", "/desk", "signInDesk", "Begin work, with a line or without one").takes(object(
            &[],
            &[
                ("extension", json!({"type": ["string", "null"], "maxLength": 24})),
                (
                    "password",
                    json!({"type": ["string", "null"], "writeOnly": true, "description":
                        "Where a contact centre's server judges it, and nobody signed on once for all."}),
                ),
            ],
        ))
        .gives(named("Desk")),
        row("delete", "/desk", "signOutDesk", "End work; contacts in hand go back to their queues")
            .takes(object(&[], &[("reason", schemas::reason_code())])),
        row("put", "/desk/state", "setDeskState", "Ready or Not Ready for emails and chats")
            .takes(named("StateWish"))
            .gives(named("Desk")),
        row("put", "/voice/state", "setVoiceState", "Ready or Not Ready for calls")
            .takes(named("StateWish"))
            .gives(named("Voice")),
        row("get", "/contacts", "getContacts", "The contacts in hand, and how many wait")
            .gives(object(
                &[
                    ("contacts", schemas::list(named("Contact"))),
                    ("waiting", json!({"type": "object", "additionalProperties": {"type": "integer"}})),
                ],
                &[],
            )),
        row("get", "/contacts/{contact}", "getContact", "One contact with all that stands beside it")
            .gives(named("OpenContact")),
        row("get", "/contacts/{contact}/body", "getContactBody", "The mail's text, cleaned, for a sandboxed frame")
            .asks("remote", yes())
            .gives_as("text/html", json!({"type": "string"})),
        row("get", "/contacts/{contact}/raw", "getContactRaw", "The mail as it came")
            .gives_as(ANY, bytes()),
        row("get", "/contacts/{contact}/attachments/{number}", "getAttachment", "A file of the mail")
            .asks("inline", yes())
            .gives_as(ANY, bytes()),
        row("get", "/contacts/{contact}/answer/body", "getAnswerBody", "The sent answer's text, cleaned, for a sandboxed frame")
            .asks("remote", yes())
            .gives_as("text/html", json!({"type": "string"})),
        row("get", "/contacts/{contact}/answer/attachments/{number}", "getAnswerAttachment", "A file of the sent answer")
            .asks("inline", yes())
            .gives_as(ANY, bytes()),
        row("put", "/contacts/{contact}/draft", "saveDraft", "Keep what is written so far")
            .takes(named("Writing"))
            .gives(object(
                &[
                    ("version", schemas::count()),
                    ("saved_at", schemas::time()),
                    ("html", json!({"type": "string", "description": "As it was cleaned."})),
                ],
                &[],
            )),
        row("delete", "/contacts/{contact}/draft", "discardDraft", "Discard what is written, and its files"),
        row("post", "/contacts/{contact}/files", "addFile", "Add a file to the answer: the body is its bytes")
            .asks("name", json!({"type": "string", "maxLength": 150}))
            .asks("inline", yes())
            .gives(object(&[("version", schemas::count()), ("file", file())], &[])),
        row("get", "/contacts/{contact}/files/{file}", "getFile", "A file of the answer")
            .gives_as(ANY, bytes()),
        row("delete", "/contacts/{contact}/files/{file}", "removeFile", "Take a file out of the answer")
            .gives(version()),
        row("post", "/contacts/{contact}/send", "send", "Send what was saved: the contact is over")
            .takes(version())
            .gives(object(&[("out", schemas::or_null(schemas::id()))], &[])),
        row("post", "/contacts/{contact}/discard", "discard", "End the contact without an answer"),
        row("post", "/contacts/{contact}/requeue", "requeue", "Give the contact back to a queue")
            .takes(object(&[("csq", schemas::name())], &[])),
        row("put", "/contacts/{contact}/wrap-up", "setWrapUp", "Say what the contact was about")
            .takes(named("Chosen"))
            .gives(named("Chosen")),
        row("post", "/contacts/{contact}/reassign", "reassign", "Give the contact to an agent or a queue; for supervisors")
            .takes(object(
                &[],
                &[("agent", schemas::or_null(schemas::name())), ("csq", schemas::or_null(schemas::name()))],
            )),
        row("post", "/contacts/{contact}/release", "release", "Let a contact go that waits for one agent; for supervisors"),
        row("get", "/search", "search", "Contacts that are over")
            .asks("q", json!({"type": "string", "maxLength": 200}))
            .asks("customer", json!({"type": "string"}))
            .asks("from", schemas::time())
            .asks("to", schemas::time())
            .gives(object(
                &[
                    ("items", schemas::list(named("Contact"))),
                    ("next", json!({"type": "null"})),
                    ("total", schemas::count()),
                    ("is_cut", json!({"type": "boolean", "description": "Whether there are more."})),
                ],
                &[],
            )),
        row("get", "/numbers", "getNumbers", "The agent's own numbers of the day, and what waits in their queues")
            .asks("since", schemas::time())
            .gives(named("Numbers")),
        row(
            "get",
            "/team",
            "getTeam",
            "A supervisor's agents, and the queues with the 5 contacts that wait longest in each; with `csq` that queue \
             alone, with 200",
        )
            .asks("since", schemas::time())
            .asks("csq", schemas::name())
            .gives(named("Team")),
        row("put", "/agents/{agent}/skills", "setAgentSkills", "Change an agent's competences; for supervisors")
            .takes(named("SkillsWish")),
        row("put", "/csqs/{csq}/skills", "setCsqSkills", "Change what a queue asks for; for supervisors")
            .takes(named("SkillsWish")),
        row(
            "get",
            "/events",
            "getEvents",
            "What changes, as server-sent events; an open stream shows that the agent is there",
        )
        .gives_as(
            "text/event-stream",
            json!({
                "type": "string",
                "description": "First all that is so, then what changes. `desk`: Desk or null. `voice`: Voice or null. `contact`: \
                    Contact, or `{id, state: gone}` where it left the agent's hands. `waiting`: how many wait, by queue. `bye`: \
                    the stream ends; ask anew. A minute without a stream gives everything back.",
            }),
        ),
    ]
}

/// The whole description.
pub(crate) fn document() -> Value {
    let mut paths = Map::new();
    for row in rows() {
        let path = format!("{ROOT}{}", row.path);
        let at = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(methods) = at.as_object_mut() {
            methods.insert(row.method.to_owned(), operation(&row));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Jackfield workspace",
            "version": "1",
            "description": "What agents' pages ask of a node. A browser shows the cookie of its session and asks from a page of \
                the node; programs show a token.",
        },
        "security": [{"cookie": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-jackfield"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": schemas::all(),
            "responses": {
                "Problem": {
                    "description": "It came to nothing. `code` says why for programs, `detail` what to do for people.",
                    "content": {"application/problem+json": {"schema": named("Problem")}},
                },
            },
        },
    })
}

fn operation(row: &Row) -> Value {
    let in_path = row.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path.map(|name| {
        let schema = if name == "number" { schemas::count() } else { json!({"type": "string"}) };
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    });
    let in_query = row.query.iter();
    let in_query =
        in_query.map(|(name, schema)| json!({"name": name, "in": "query", "schema": schema}));
    let problem = json!({"$ref": "#/components/responses/Problem"});
    let mut responses = Map::new();
    match &row.gives {
        Some((media_type, schema)) => {
            let content = json!({*media_type: {"schema": schema}});
            responses.insert("200".to_owned(), json!({"description": "Done.", "content": content}));
        }
        None => drop(responses.insert("204".to_owned(), json!({"description": "Done."}))),
    }
    for status in ["401", "403", "404", "409", "413", "422", "503"] {
        responses.insert(status.to_owned(), problem.clone());
    }
    let mut operation = json!({
        "operationId": row.id,
        "summary": row.about,
        "tags": ["Workspace"],
        "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
        "responses": responses,
    });
    let body = match (&row.takes, row.id) {
        (Some((media_type, schema)), _) => {
            // What has no member that must be there may be left out as a whole.
            let is_required = row.method != "delete";
            Some(json!({"required": is_required, "content": {*media_type: {"schema": schema}}}))
        }
        (None, "addFile") => Some(json!({"required": true, "content": {"*/*": {
            "schema": {"type": "string", "format": "binary", "maxLength": 10 * 1024 * 1024},
        }}})),
        (None, _) => None,
    };
    if let (Some(body), Some(members)) = (body, operation.as_object_mut()) {
        members.insert("requestBody".to_owned(), body);
    }
    operation
}
