//! The published description is what the table says, and whole.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::testing::Place;
use crate::{codes, openapi};

/// Compares the published description; JACKFIELD_WRITE=1 writes it anew.
#[test]
fn ops_06_the_published_description_is_what_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/openapi.json");
    let mut text = serde_json::to_string_pretty(&openapi::document()).unwrap();
    text.push('\n');
    if std::env::var_os("JACKFIELD_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == text,
        "schemas/openapi.json is not what the program says; set JACKFIELD_WRITE=1 to write it"
    );
}

#[tokio::test]
async fn ops_06_every_route_is_described_and_everything_described_is_served() {
    let place = Place::new().await;
    let document = openapi::document();
    let mut described = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert(format!("{} {path}", method.to_uppercase()));
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(ids.insert(id.clone()), "{id} stands twice");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{id}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{id}");
            assert_eq!(responses["400"], json!({"$ref": "#/components/responses/Problem"}));
            let in_path = path.matches('{').count();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let told = parameters.iter().filter(|it| it["in"] == "path").count();
            assert_eq!(in_path, told, "{id}");
        }
    }
    // Pages are for people, who need no description of them, and so is the way to the identity service and back.
    let ways = ["/api/v1/sign-on/single", "/api/v1/sign-on/callback"];
    let routes = place.routes().iter().filter(|route| route.path.starts_with("/api/"));
    let routes = routes.filter(|route| !ways.contains(&route.path));
    let routes: Vec<_> =
        routes.map(|route| format!("{} {}", route.methods[0], route.path)).collect();
    let served: BTreeSet<_> = routes.iter().cloned().collect();
    assert_eq!(served.len(), routes.len(), "an operation stands twice");
    assert_eq!(served, described);
    check_references(&document, &document);
}

fn check_references(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            members.values().for_each(|member| check_references(document, member));
        }
        Value::Array(elements) => {
            elements.iter().for_each(|element| check_references(document, element));
        }
        _ => {}
    }
}

#[test]
fn every_code_of_a_problem_stands_once() {
    let names: BTreeSet<_> = codes::CODES.iter().map(|(code, ..)| *code).collect();
    assert_eq!(names.len(), codes::CODES.len());
    for (code, status, title) in codes::CODES {
        assert!((400..600).contains(status) && !title.is_empty(), "{code}");
        assert!(code.chars().all(|it| it.is_ascii_lowercase() || it == '_'), "{code}");
    }
}
