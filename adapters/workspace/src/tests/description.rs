//! The published description is what is served, and every answer is as it says.

use std::collections::BTreeSet;
use std::path::Path;

use engine::surface::Callers;
use http::Method;
use serde_json::{Value, json};

use super::place::{Place, agent, lead};
use crate::openapi;

/// What is wrong with a value by a schema of the description, where anything is.
fn wrong(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = document.pointer(reference.trim_start_matches('#'));
        let found = found.unwrap_or_else(|| panic!("{reference} leads nowhere"));
        return wrong(document, found, value, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let all: Vec<_> = any.iter().map(|it| wrong(document, it, value, at)).collect();
        return match all.iter().any(Option::is_none) {
            true => None,
            // Of null and something else the something else says more.
            false => all.into_iter().next().flatten(),
        };
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(several) => several.iter().any(|it| it == kind),
        _ => true,
    };
    if !fits {
        return Some(format!("{at} is {value}, not {}", schema["type"]));
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        return Some(format!("{at} is {value}, none of {choices:?}"));
    }
    if let Some(elements) = value.as_array() {
        let mut elements = elements.iter().enumerate();
        return elements.find_map(|(number, element)| {
            wrong(document, &schema["items"], element, &format!("{at}[{number}]"))
        });
    }
    let members = value.as_object()?;
    for name in schema["required"].as_array().into_iter().flatten() {
        if !members.contains_key(name.as_str().unwrap()) {
            return Some(format!("{at} lacks {name}"));
        }
    }
    members.iter().find_map(|(name, member)| {
        let at = format!("{at}.{name}");
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(known), _) => wrong(document, known, member, &at),
            (None, Value::Bool(false)) => Some(format!("{at} is not described")),
            (None, others) => wrong(document, others, member, &at),
        }
    })
}

/// Fails where an answer is not as the description says.
#[track_caller]
pub(super) fn check(method: &Method, template: &str, reply: &super::place::Reply) {
    let document = openapi::document();
    let operation = &document["paths"][template][method.as_str().to_lowercase()];
    assert!(operation.is_object(), "{method} {template} is not described");
    let status = reply.status.as_u16().to_string();
    let mut response = &operation["responses"][&status];
    if let Some(reference) = response["$ref"].as_str() {
        response = document.pointer(reference.trim_start_matches('#')).unwrap();
    }
    assert!(response.is_object(), "{method} {template} gives {status}: {}", reply.text());
    let told = reply.header("content-type").split(';').next().unwrap();
    let Some(content) = response["content"].as_object() else {
        return assert!(reply.body.is_empty(), "{method} {template} says more than is described");
    };
    // A file is of its own type.
    if content.contains_key("application/octet-stream") {
        return;
    }
    let schema = content.get(told).unwrap_or_else(|| panic!("{method} {template} gives {told}"));
    if told.ends_with("json") {
        let wrong = wrong(&document, &schema["schema"], &reply.json(), "the answer");
        assert_eq!(wrong, None, "{method} {template}: {}", reply.text());
    }
}

/// Compares the published description; JACKFIELD_WRITE=1 writes it anew.
#[test]
fn ops_06_the_workspaces_published_description_is_what_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/workspace-openapi.json");
    let mut text = serde_json::to_string_pretty(&openapi::document()).unwrap();
    text.push('\n');
    if std::env::var_os("JACKFIELD_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == text,
        "schemas/workspace-openapi.json is not what the program says; set JACKFIELD_WRITE=1 to write it"
    );
}

#[tokio::test]
async fn ops_06_every_route_of_the_workspace_is_described_and_everything_described_is_served() {
    let place = Place::new().await;
    let document = openapi::document();
    let mut described = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert(format!("{} {path}", method.to_uppercase()));
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()));
            assert!(!operation["summary"].as_str().unwrap().is_empty());
            let parameters = operation["parameters"].as_array().unwrap();
            let told = parameters.iter().filter(|it| it["in"] == "path").count();
            assert_eq!(path.matches('{').count(), told, "{path}");
        }
    }
    // Files for anybody describe themselves.
    let routes = place.routes.iter().filter(|route| route.callers != Callers::Anyone);
    let served: BTreeSet<_> = routes
        .flat_map(|route| route.methods.iter().map(|method| format!("{method} {}", route.path)))
        .collect();
    assert_eq!(served, described);
    let open = place.routes.iter().filter(|route| route.callers == Callers::Anyone);
    let open: Vec<_> = open.map(|route| route.path).collect();
    assert_eq!(open, [openapi::PATH, "/workspace/gadget.xml"]);
}

#[tokio::test]
async fn ops_06_bodies_that_the_description_refuses_are_refused() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let it = agent("1001");
    for (target, body) in [
        ("desk", json!({"extension": 2001})),
        ("desk/state", json!({"state": "talking"})),
        ("desk/state", json!({"state": "ready", "since": "now"})),
        ("voice/state", json!({})),
        (&format!("{contact}/draft"), json!({"html": "x"})),
        (&format!("{contact}/draft"), json!({"mode": "answer"})),
        (&format!("{contact}/wrap-up"), json!({"chosen": [{"category": "Kind"}]})),
    ] {
        place.put(&it, target, body).await.problem(422, "invalid");
    }
    place
        .post(&it, &format!("{contact}/send"), json!({"version": "1"}))
        .await
        .problem(422, "invalid");
    let skills = json!({"skills": {"english": 11}});
    place.put(&lead(), "agents/1001/skills", skills).await.problem(422, "invalid");
}
