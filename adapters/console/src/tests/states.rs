//! What agents are doing, and who may look and ask for what.

use domain::{
    AgentCommand, AgentKey, Command, Input, InputId, Principal, Role, SignIn, SignInOn, Wish,
};
use http::Method;
use serde_json::{Value, json};

use crate::Failure;
use crate::testing::{Ask, Place, administrator, agent_person, person, settings, supervisor};

async fn signed_in() -> Place {
    let mut with_phones = settings();
    let device = domain::settings::Device {
        name: "SEP1".parse().unwrap(),
        description: None,
        lines: vec!["2001".parse().unwrap()],
        profile: false,
        certificate_sha256: None,
        sip: None,
        pair: None,
    };
    std::sync::Arc::make_mut(&mut with_phones.devices).insert(device.name.clone(), device.into());
    let place = Place::with(with_phones).await;
    let agent = AgentKey::owned("1001".parse().unwrap());
    let sign_in = SignIn {
        agent: agent.clone(),
        extension: "2001".parse().unwrap(),
        device: None,
        mobile: None,
        on: SignInOn::Local,
        node: place.port.node().clone(),
        verifier: None,
        follows: None,
    };
    let commands = [
        Command::SignIn(Box::new(sign_in)),
        Command::Agent(AgentCommand {
            agent,
            holder: None,
            seen_changes: None,
            wish: Wish::NotReady(Some(domain::ReasonCode(7))),
        }),
    ];
    for (number, command) in commands.into_iter().enumerate() {
        let input = Input::command(InputId::new("test", number), command);
        let outcome = place.port.submit(input).await.unwrap();
        assert!(matches!(outcome, engine::Outcome::Done(_)), "{outcome:?}");
    }
    place
}

fn agents(page: &Value) -> Vec<(&str, &str)> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|it| (it["agent"].as_str().unwrap(), it["state"].as_str().unwrap())).collect()
}

fn put(id: &str, who: Principal, body: &Value) -> Ask {
    Ask::new(Method::PUT, &format!("/api/v1/agents/{id}/state"), Some(who)).json(body)
}

#[tokio::test]
async fn ops_06_a_supervisor_sees_what_the_own_team_does_and_no_other() {
    let place = signed_in().await;
    let all = place.get("/api/v1/team-states", administrator()).await.json();
    assert_eq!(
        agents(&all),
        [("1001", "not_ready"), ("1002", "signed_out"), ("2001", "signed_out")]
    );
    let own = place.get("/api/v1/team-states", supervisor()).await.json();
    assert_eq!(agents(&own), [("1001", "not_ready"), ("1002", "signed_out")]);
    let first = &own["items"][0];
    // What somebody wrote as a label comes back as data.
    assert_eq!(first["reason"], json!({"code": 7, "label": "<script>alert(1)</script>"}));
    assert_eq!((&first["extension"], &first["device"]), (&json!("2001"), &json!("SEP1")));
    assert_eq!((&first["since"], &first["call"]), (&json!("2027-01-15T08:00:00Z"), &Value::Null));
    let page = place.get("/api/v1/team-states?team=sales&limit=1", supervisor()).await.json();
    assert_eq!((page["total"].as_u64(), page["next"].is_string()), (Some(2), true));
    for target in [
        "/api/v1/team-states?team=a%2Fb%20c",
        "/api/v1/team-states?team=nobody",
        "/api/v1/agents/2001/state",
        "/api/v1/agents/7777/state",
        "/api/v1/agents/a%2Fb/state",
        "/api/v1/agents/2001",
        "/api/v1/teams/a%2Fb%20c",
    ] {
        place.get(target, supervisor()).await.assert_problem(404, "not_found");
    }
    let list = place.get("/api/v1/agents", supervisor()).await.json();
    assert_eq!(list["total"], 2);
    assert_eq!(place.get("/api/v1/teams", supervisor()).await.json()["total"], 1);
    // A filter shows nothing of others either.
    let list = place.get("/api/v1/agents?team=a%2Fb%20c", supervisor()).await.json();
    assert_eq!(list["total"], 0);
}

#[tokio::test]
async fn ops_06_states_are_asked_for_within_the_own_team_and_for_oneself() {
    let place = signed_in().await;
    let ready = json!({"state": "ready"});
    let reply = place.ask(put("1001", supervisor(), &ready)).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["agent"]), (200, &json!("1001")));
    let reason = json!({"state": "not_ready", "reason_code": 12});
    assert_eq!(place.ask(put("1001", agent_person("1001"), &reason)).await.status, 200);
    assert_eq!(place.ask(put("2001", administrator(), &reason)).await.status, 200);
    let done = place.node.done();
    assert_eq!(done[0].members, json!({"agent": "1001", "state": "ready"}));
    assert_eq!(done[1].members, json!({"agent": "1001", "state": "not_ready", "reason": 12}));
    assert_eq!(done[1].context.by.who, "1001");
    for (id, who) in [
        ("2001", supervisor()),
        ("1002", agent_person("1001")),
        ("7777", administrator()),
        // An account with the name of an agent is no agent.
        ("1001", person("1001", &[Role::Agent], &["sales"])),
    ] {
        place.ask(put(id, who, &ready)).await.assert_problem(404, "not_found");
    }
    for (body, pointer) in [
        (json!({}), "/state"),
        (json!({"state": "talking"}), "/state"),
        (json!({"state": "ready", "reason_code": 1}), "/reason_code"),
        (json!({"state": "not_ready", "reason_code": 65_536}), "/reason_code"),
        (json!({"state": "not_ready", "reason_code": "1"}), "/reason_code"),
        (json!({"state": "ready", "agent": "2001"}), "/agent"),
    ] {
        let reply = place.ask(put("1001", supervisor(), &body)).await;
        reply.assert_problem(422, "invalid");
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(place.node.done(), []);
}

#[tokio::test]
async fn ops_06_an_agent_signs_out_only_when_not_ready_and_a_supervisor_forces_it() {
    let place = signed_in().await;
    let out = json!({"state": "signed_out"});
    assert_eq!(place.ask(put("1001", agent_person("1001"), &out)).await.status, 200);
    // The node is told so, and asks by the agent's own rule.
    let own = json!({"agent": "1001", "state": "signed_out", "own": true});
    assert_eq!(place.node.done()[0].members, own);
    let ready = AgentCommand {
        agent: AgentKey::owned("1001".parse().unwrap()),
        holder: None,
        seen_changes: None,
        wish: Wish::Ready,
    };
    let input = Input::command(InputId::new("test", "ready"), Command::Agent(ready));
    place.port.submit(input).await.unwrap();
    place.node.done();
    let reply = place.ask(put("1001", agent_person("1001"), &out)).await;
    reply.assert_problem(409, "sign_out_needs_not_ready");
    assert_eq!(place.node.done(), []);
    assert_eq!(place.ask(put("1001", supervisor(), &out)).await.status, 200);
    assert_eq!(place.node.done()[0].members, json!({"agent": "1001", "state": "signed_out"}));
    // A supervisor of others is an agent as all are.
    let other = Principal { roles: vec![Role::Agent, Role::Supervisor], ..agent_person("1001") };
    place.ask(put("1001", other, &out)).await.assert_problem(409, "sign_out_needs_not_ready");
    for (code, status) in [
        ("not_signed_in", 409),
        ("reason_unknown", 409),
        ("call_in_progress", 409),
        ("agent_unknown", 404),
        ("owner_away", 503),
        ("unclear", 504),
    ] {
        place.node.answers("agent_state", Err(Failure::new(code, "why")));
        place.ask(put("1001", supervisor(), &out)).await.assert_problem(status, code);
    }
}
