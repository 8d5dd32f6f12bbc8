//! The agents of a queue, and tests of mailboxes and mail servers.

use std::sync::Arc;

use domain::settings::{Csq, MailServer, MailServerKind, Selection, Settings, SubmissionSecurity};
use domain::{Channel, Command, DeskCommand, DeskWish, Input, InputId};
use http::Method;
use serde_json::{Value, json};

use crate::testing::{Ask, Done, Place, administrator, settings, supervisor};

/// Three agents, two of whom qualify for `support`.
fn with_queue() -> Settings {
    let mut settings = settings();
    let agents = Arc::make_mut(&mut settings.agents);
    for (id, english) in [("1001", 5), ("1002", 8), ("2001", 2)] {
        let agent = Arc::make_mut(agents.get_mut(&id.parse().unwrap()).unwrap());
        agent.skills = [("english".to_owned(), english), ("other".to_owned(), 9)].into();
    }
    let csq = Csq {
        name: "support".to_owned(),
        channel: Channel::Email,
        selection: Selection::MostSkilled,
        skills: [("english".to_owned(), 3)].into(),
        email: None,
    };
    Arc::make_mut(&mut settings.csqs).insert(csq.name.clone(), csq.into());
    let server = MailServer {
        name: "own".to_owned(),
        kind: MailServerKind::Imap,
        imap_host: "imap.example.test".to_owned(),
        imap_port: 993,
        smtp_host: "smtp.example.test".to_owned(),
        smtp_port: 587,
        smtp_security: SubmissionSecurity::StartTls,
        sent_folder: None,
        unclear_sending: None,
        proof_seconds: domain::settings::PROOF_SECONDS,
        http_proxy: false,
        socks_proxy: false,
        token_url: None,
        token_scope: None,
        mechanism: domain::settings::TokenMechanism::Xoauth2,
        description: None,
    };
    Arc::make_mut(&mut settings.mail_servers).insert(server.name.clone(), server.into());
    settings
}

#[tokio::test]
async fn ccp_14_who_qualifies_for_a_queue_is_told_in_pages_with_competence_places_and_states() {
    let place = Place::with(with_queue()).await;
    for (number, wish) in
        [DeskWish::SignIn { has_extension: false }, DeskWish::Ready].into_iter().enumerate()
    {
        let command =
            Command::Desk(DeskCommand { agent: "1002".parse().unwrap(), desk: None, wish });
        let input = Input::command(InputId::new("test", number), command);
        place.port.submit(input).await.unwrap();
    }
    let all = place.get("/api/v1/csqs/support/agents", administrator()).await.json();
    let told: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["agent"], &it["competence"], &it["state"], &it["channels"][0]["free"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("1001"), &json!(5), &json!("signed_out"), &Value::Null),
            (&json!("1002"), &json!(8), &json!("ready"), &json!(3)),
        ]
    );
    assert_eq!((&all["total"], &all["next"]), (&json!(2), &Value::Null));
    assert_eq!(all["items"][0]["skills"], json!({"english": 5}), "those of the queue alone");
    assert_eq!(all["items"][0]["voice_state"], json!("signed_out"));
    let first = place.get("/api/v1/csqs/support/agents?limit=1", administrator()).await.json();
    let next = first["next"].as_str().unwrap();
    let rest = format!("/api/v1/csqs/support/agents?limit=1&after={next}");
    let rest = place.get(&rest, administrator()).await.json();
    assert_eq!((&rest["items"][0]["agent"], &rest["next"]), (&json!("1002"), &Value::Null));
    place.get("/api/v1/csqs/none/agents", administrator()).await.assert_problem(404, "not_found");
    let odd = place.get("/api/v1/csqs/support/agents?after=%21", administrator()).await;
    odd.assert_problem(400, "bad_query");
    let refused = place.get("/api/v1/csqs/support/agents", supervisor()).await;
    refused.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn ccp_04_a_test_takes_what_is_saved_or_what_stands_in_the_form() {
    let place = Place::with(with_queue()).await;
    let path = "/api/v1/mail-servers/own/test";
    let ask = || Ask::new(Method::POST, path, Some(administrator()));
    let (answer, mut lines) = place.stream(ask()).await;
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    let line = lines.next().await.unwrap().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&line).unwrap(), json!({"planned": []}));
    assert!(line.ends_with(b"\n") && lines.next().await.is_none());
    let unsaved = json!({"kind": "imap", "imap_host": "a.test", "smtp_host": "b.test"});
    place.stream(ask().json(&unsaved)).await;
    let asked: Vec<Value> =
        place.node.done().into_iter().map(|Done { members, .. }| members).collect();
    let mut named = unsaved.clone();
    named["name"] = json!("own");
    assert_eq!(
        asked,
        [json!({"name": "own", "unsaved": null}), json!({"name": "own", "unsaved": named})]
    );
    let other =
        json!({"name": "other", "kind": "imap", "imap_host": "a.test", "smtp_host": "b.test"});
    place.ask(ask().json(&other)).await.assert_problem(422, "invalid");
    let refused = place.ask(Ask::new(Method::POST, path, Some(supervisor()))).await;
    refused.assert_problem(403, "forbidden");
}
