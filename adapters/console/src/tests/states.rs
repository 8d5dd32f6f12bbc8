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
    assert_eq!(done[0].members, json!({"agent": "1001", "state": "ready", "by": "supervisor"}));
    let own = json!({"agent": "1001", "state": "not_ready", "reason": 12, "by": "agent"});
    assert_eq!(done[1].members, own);
    assert_eq!(done[2].members["by"], "administrator");
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
    let own = json!({"agent": "1001", "state": "signed_out", "own": true, "by": "agent"});
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
    let forced = json!({"agent": "1001", "state": "signed_out", "by": "supervisor"});
    assert_eq!(place.node.done()[0].members, forced);
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

#[tokio::test]
async fn ops_06_24000_agents_are_listed_page_by_page_and_looked_for() {
    let mut many = settings();
    let agents = (0..24_000).map(|number| {
        let agent = crate::testing::agent(&format!("{:05}", 10_000 + number), "sales");
        (agent.id.clone(), std::sync::Arc::new(agent))
    });
    many.agents = std::sync::Arc::new(agents.collect());
    let place = Place::with(many).await;
    let (mut target, mut seen, mut pages) = ("?limit=1000".to_owned(), 0, 0);
    let mut took = std::time::Duration::ZERO;
    loop {
        let began = std::time::Instant::now();
        let page = place.get(&format!("/api/v1/team-states{target}"), supervisor()).await;
        took += began.elapsed();
        let page = page.json();
        seen += page["items"].as_array().unwrap().len();
        pages += 1;
        assert_eq!(page["total"], 24_000);
        let Some(next) = page["next"].as_str() else { break };
        target = format!("?limit=1000&after={next}");
    }
    println!("{pages} pages of 1,000 agents took {} ms each", took.as_millis() / pages);
    assert_eq!((seen, pages), (24_000, 24));
    for (query, total) in [("q=1234", 13), ("q=AGENT%2010007", 1), ("q=nobody", 0)] {
        let page = place.get(&format!("/api/v1/team-states?{query}"), supervisor()).await.json();
        assert_eq!(page["total"], total, "{query}");
    }
}

#[tokio::test]
async fn byd_03_whoever_leads_an_agent_sees_what_the_phone_shows_and_nobody_else() {
    let place = signed_in().await;
    let told = json!({
        "agent": "1001",
        "page": {"kind": "home", "title": "<b>Ready</b>"},
        "shown_at": 1_800_000_000_000_000_i64,
        "screen": {"address": "192.0.2.9"},
        "states": [{"what": "voice_state", "came_from": "headset", "at": 1_800_000_000_000_000_i64}],
    });
    place.node.answers("agent_phone", Ok(told));
    let seen = place.get("/api/v1/agents/1001/phone", supervisor()).await.json();
    assert_eq!(seen["page"]["title"], "<b>Ready</b>");
    // Where a phone is stands in no supervisor's list.
    assert_eq!(seen["screen"]["address"], Value::Null);
    let at = json!("2027-01-15T08:00:00Z");
    assert_eq!((&seen["shown_at"], &seen["states"][0]["at"]), (&at, &at));
    assert_eq!(place.node.done()[0].members, json!({"agent": "1001"}));
    for (id, who) in [("2001", supervisor()), ("7777", administrator())] {
        let reply = place.get(&format!("/api/v1/agents/{id}/phone"), who).await;
        reply.assert_problem(404, "not_found");
    }
    let own = place.get("/api/v1/agents/1001/phone", agent_person("1001")).await;
    own.assert_problem(403, "forbidden");
    assert_eq!(place.node.done(), []);
}
