//! The description of the interface (OpenAPI 3.1), out of the table that serves it.

pub(crate) mod documents;
pub(crate) mod schema;

use domain::Identity;
use engine::surface::Callers;
use serde_json::{Map, Value, json};

use crate::operation::{Body, Conditions, Kind, Operation, Success};
use crate::sections::RESOURCES;
use crate::{codes, operations, parts, problem};

/// How somebody may be proven.
pub(crate) const PROOFS: [&str; 5] =
    ["password", "cookie", "bearer", "client_certificate", "local_socket"];

/// By what somebody is known, in one word.
pub(crate) fn known_by(identity: Option<&Identity>) -> &'static str {
    match identity {
        Some(Identity::Agent { .. }) => "agent",
        Some(Identity::Account { .. }) => "account",
        Some(Identity::Directory { .. }) => "directory",
        Some(Identity::SignedOn { .. }) => "signed_on",
        None => "nothing",
    }
}

/// The whole description.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations::all() {
        let method = operation.method.as_str().to_lowercase();
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(method, described(&operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Jackfield",
            "version": "1",
            "summary": "Administration of the gateway, and agents' states.",
            "description": "Errors are problem documents (RFC 9457) whose `code` never changes its \
                meaning; `reference` finds the line of the log. Changes take `Idempotency-Key`: a \
                repeat within a day, of the same body, is done once. Members that are not known are refused.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"cookie": []}, {"bearer": []}, {"basic": []}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-jackfield",
                    "description": "Of a session; changes must come from this origin.",
                },
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token.",
                },
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Account and password, where no second factor is set.",
                },
            },
            "schemas": schemas(),
            "responses": {"Problem": problem_response()},
        },
    })
}

fn tags() -> Value {
    let mut names: Vec<&str> = Vec::new();
    for operation in operations::all() {
        if !names.contains(&operation.tag) {
            names.push(operation.tag);
        }
    }
    names.into_iter().map(|name| json!({"name": name})).collect()
}

fn schemas() -> Value {
    let mut schemas: Map<String, Value> = RESOURCES
        .iter()
        .map(|resource| (resource.one.to_owned(), documents::schema(resource.section)))
        .collect();
    let warning =
        schema::told(&[("key", json!({"type": "string"})), ("message", json!({"type": "string"}))]);
    let changed = schema::told(&[
        ("number", json!({"type": "integer", "minimum": 0})),
        ("changed", schema::about(schema::switch(), "False where all of it was so already.")),
        ("warnings", json!({"type": "array", "items": warning})),
    ]);
    schemas.insert("Changed".to_owned(), changed);
    schemas.insert("AgentState".to_owned(), operations::state_schema());
    schemas.insert("AuditEntry".to_owned(), operations::entry_schema());
    schemas.insert("SeenHeadset".to_owned(), operations::headset_schema());
    schemas.insert("HeadsetPhone".to_owned(), operations::headset_phone_schema());
    schemas.insert("HeadsetUnknownRequest".to_owned(), operations::unknown_request_schema());
    schemas.insert("AgentPhone".to_owned(), operations::agent_phone_schema());
    schemas.insert("CtiStatus".to_owned(), operations::cti_status_schema());
    schemas.insert("CsqAgent".to_owned(), operations::csq_agent_schema());
    schemas.insert("DigitalStatus".to_owned(), operations::digital_status_schema());
    schemas.insert("MailsAside".to_owned(), operations::mails_aside_schema());
    schemas.insert("DeviceState".to_owned(), operations::device_state_schema());
    schemas.insert("Overview".to_owned(), operations::overview_schema());
    schemas.insert("Part".to_owned(), parts::part_schema());
    schemas.insert("FlightRecord".to_owned(), operations::flight_record_schema());
    schemas.insert("LogLine".to_owned(), operations::log_line_schema());
    schemas.insert("Problem".to_owned(), problem_schema());
    Value::Object(schemas)
}

fn problem_schema() -> Value {
    let text = || json!({"type": "string"});
    let error = json!({
        "type": "object",
        "properties": {
            "pointer": schema::about(text(), "Where it stands in the body (RFC 6901)."),
            "field": text(),
            "message": text(),
        },
        "required": ["field", "message"],
    });
    let codes: Vec<_> = codes::CODES.iter().map(|(code, ..)| *code).collect();
    let mut schema = schema::told(&[
        ("type", json!({"type": "string", "format": "uri-reference"})),
        ("title", text()),
        ("status", schema::number(400, 599)),
        ("detail", text()),
        ("code", json!({"type": "string", "examples": codes})),
        ("reference", schema::about(text(), "Finds the line of the log.")),
    ]);
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("errors".to_owned(), json!({"type": "array", "items": error}));
    }
    schema
}

fn problem_response() -> Value {
    json!({
        "description": "What went wrong.",
        "content": {problem::MEDIA_TYPE: {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "example": {
                "type": "/api/v1/problems/invalid",
                "title": codes::title("invalid"),
                "status": 422,
                "detail": "some members are wrong; each is named below",
                "code": "invalid",
                "reference": "7K2M9QXA",
                "errors": [{
                    "pointer": "/team",
                    "field": "team",
                    "message": "names \"nobody\", which is not in teams",
                }],
            },
        }},
    })
}

fn described(operation: &Operation) -> Value {
    let mut described = Map::new();
    let mut set = |name: &str, value: Value| described.insert(name.to_owned(), value);
    set("operationId", json!(operation.id));
    set("summary", json!(operation.summary));
    set("tags", json!([operation.tag]));
    let roles = match operation.callers {
        Callers::Anyone => "For anybody.".to_owned(),
        Callers::Roles(roles) => {
            let names: Vec<_> =
                roles.iter().map(|role| crate::sections::role_name(*role)).collect();
            format!("For {}.", names.join(", "))
        }
    };
    let words = format!("{roles} {}", operation.description);
    set("description", json!(words.trim_end()));
    if operation.callers == Callers::Anyone {
        set("security", json!([]));
    }
    let parameters = parameters(operation);
    if !parameters.is_empty() {
        set("parameters", Value::Array(parameters));
    }
    if let Some(body) = body(&operation.body) {
        set("requestBody", body);
    }
    set("responses", responses(operation));
    Value::Object(described)
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let mut parameters = Vec::new();
    for name in operation.path_parameters() {
        let known = operation.path_schemas.iter().find(|(known, _)| *known == name);
        let schema = known.map_or_else(|| schema::only_text(512), |(_, schema)| schema.clone());
        parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }
    for parameter in &operation.query {
        let schema = match parameter.kind {
            Kind::Number(least, most) => schema::number(least, most),
            Kind::Text(most) => schema::only_text(most),
            Kind::Choice(choices) => schema::choice(choices),
            Kind::Time => schema::time(),
        };
        let (name, about) = (parameter.name, parameter.about);
        parameters.push(json!({
            "name": name,
            "in": "query",
            "description": about,
            "schema": schema,
        }));
    }
    let header = |name: &str, about: &str, schema: Value| json!({"name": name, "in": "header", "description": about, "schema": schema});
    let tag = || json!({"type": "string", "pattern": "^(\\*|\"[!#-~]*\")$"});
    match operation.conditions {
        Conditions::None => {}
        Conditions::Reading => {
            parameters.push(header("If-None-Match", "Answered with 304 where it is so.", tag()));
        }
        Conditions::Writing => {
            parameters.push(header("If-Match", "Only where it is still so.", tag()));
            parameters.push(header("If-None-Match", "`*`: only where nothing is.", tag()));
        }
    }
    if operation.is_unsafe() {
        let key = json!({"type": "string", "pattern": "^[!-~]{1,128}$"});
        parameters.push(header("Idempotency-Key", "A repeat with it is done once.", key));
    }
    parameters
}

fn body(body: &Body) -> Option<Value> {
    let (required, schema) = match body {
        Body::None => return None,
        Body::Json(schema) => (true, schema.clone()),
        Body::Optional(schema) => (false, schema.clone()),
        Body::MergePatch(schema) => {
            let what = "A merge patch (RFC 7396): members to change, null for those to take away.";
            let name = schema.get("$ref").and_then(Value::as_str).unwrap_or_default();
            let words = format!("{what} What comes out must be as {name}.");
            (true, json!({"type": "object", "description": words}))
        }
        Body::SettingsFile => {
            let file = schema::or_null(schema::open("A settings file; nothing is an empty one."));
            let content = json!({
                "application/yaml": {"schema": file},
                "application/json": {"schema": file},
            });
            return Some(json!({"required": true, "content": content}));
        }
        Body::Metadata => (true, json!({"type": "string", "description": "SAML metadata."})),
    };
    let content: Map<_, _> = body
        .media_types()
        .iter()
        .map(|media_type| ((*media_type).to_owned(), json!({"schema": schema})))
        .collect();
    Some(json!({"required": required, "content": content}))
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    for success in &operation.success {
        responses.insert(success.status.as_str().to_owned(), response(success));
    }
    if operation.conditions == Conditions::Reading {
        responses.insert("304".to_owned(), json!({"description": "It is as you have it."}));
    }
    for status in refusals(operation) {
        let problem = json!({"$ref": "#/components/responses/Problem"});
        responses.entry(status.to_string()).or_insert(problem);
    }
    Value::Object(responses)
}

fn response(success: &Success) -> Value {
    let mut told = json!({"description": success.about});
    let content: Map<_, _> = success
        .content
        .iter()
        .map(|(media_type, schema)| ((*media_type).to_owned(), json!({"schema": schema})))
        .collect();
    let headers: Map<_, _> = success
        .headers
        .iter()
        .map(|(name, about)| {
            let header = json!({"description": about, "schema": {"type": "string"}});
            ((*name).to_owned(), header)
        })
        .collect();
    if let Some(members) = told.as_object_mut() {
        if !content.is_empty() {
            members.insert("content".to_owned(), content.into());
        }
        if !headers.is_empty() {
            members.insert("headers".to_owned(), headers.into());
        }
    }
    told
}

/// Every status of a refusal that may come.
fn refusals(operation: &Operation) -> Vec<u16> {
    // What the server itself answers on every path is among them.
    let mut statuses = vec![400, 408, 413, 414, 429, 500, 503];
    if operation.callers != Callers::Anyone {
        statuses.extend([401, 403]);
    }
    if operation.path_parameters().next().is_some() {
        statuses.push(404);
    }
    if operation.is_unsafe() {
        // A change that comes with a cookie from elsewhere is refused.
        statuses.extend([403, 411]);
    }
    if operation.body != Body::None {
        statuses.extend([415, 422]);
    }
    if operation.conditions == Conditions::Writing {
        statuses.push(412);
    }
    statuses.extend(&operation.refusals);
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}
