//! What supervisors see and change: their teams, and no other.

use domain::{Document, Key};
use serde_json::{Value, json};

use super::place::{Place, agent, lead, person};

async fn agents(place: &Place) -> Vec<Value> {
    let told = place.get(&lead(), "team").await.good().json();
    told["agents"].as_array().unwrap().iter().map(|it| it["agent"].clone()).collect()
}

#[tokio::test]
async fn dsk_07_a_supervisor_sees_and_moves_what_their_own_teams_have() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    place.mail("staff", "bob@example.test", b"Subject: Pay\r\n\r\nprivate", false).await;
    let _other = place.ready("2001").await;
    place.until_in_hand("2001", 1).await;
    let private = place.contacts("2001").await.remove(0);
    assert_eq!(agents(&place).await, [json!("1001")]);
    place.get(&lead(), &private).await.problem(404, "not_found");
    place.get(&lead(), &contact).await.good();
    let to = json!({"agent": "1002"});
    let at = format!("{private}/reassign");
    place.post(&lead(), &at, to.clone()).await.problem(404, "not_found");
    place.post(&lead(), &format!("{private}/release"), json!(null)).await.problem(404, "not_found");
    let at = format!("{contact}/reassign");
    place.post(&lead(), &at, json!({"agent": "2001"})).await.problem(422, "invalid");
    place.post(&lead(), &at, json!({})).await.problem(422, "invalid");
    let words = place.post(&lead(), &at, to.clone()).await.problem(409, "no_place");
    assert!(words.contains("this agent is not signed in"), "{words}");
    let _second = place.ready("1002").await;
    place.post(&lead(), &at, to).await.good();
    place.until_in_hand("1002", 1).await;
    place.until_in_hand("1001", 0).await;
}

#[tokio::test]
async fn rte_06_changed_skills_act_at_once_and_stand_in_the_audit_log() {
    let place = Place::new().await;
    place.mail("staff", "bob@example.test", b"Subject: Pay\r\n\r\nx", false).await;
    let _stream = place.ready("1001").await;
    let skills = |all: Value| json!({ "skills": all });
    for wrong in [json!({"none": 5}), json!({"english": 0}), json!({"english": 11})] {
        place.put(&lead(), "agents/1001/skills", skills(wrong)).await.problem(422, "invalid");
    }
    let given = skills(json!({"personnel": 7}));
    place.put(&lead(), "agents/2001/skills", given.clone()).await.problem(404, "not_found");
    let before = place.port.settings().number;
    place.put(&lead(), "agents/1001/skills", given).await.good();
    assert!(place.port.settings().number > before);
    place.until_in_hand("1001", 1).await;
    let entry = place.engine.document(&Key::audit(1)).await.unwrap().unwrap().document;
    let Document::Audit(entry) = entry else { panic!("{entry:?}") };
    assert_eq!(entry.by.who, "lead");
    place.put(&lead(), "csqs/staff/skills", skills(json!({}))).await.problem(422, "invalid");
    place
        .put(&lead(), "csqs/none/skills", skills(json!({"english": 1})))
        .await
        .problem(404, "not_found");
    place.put(&lead(), "csqs/staff/skills", skills(json!({"english": 1}))).await.good();
    let known = place.port.settings();
    assert!(known.csqs["staff"].skills.contains_key("english"));
    let nobody = person("1002", &[domain::Role::Agent], &["Support"]);
    let refused = place.put(&nobody, "csqs/staff/skills", skills(json!({"english": 1}))).await;
    refused.problem(403, "forbidden");
    place.get(&agent("1001"), "me").await.good();
}

/// A mail may come while a change of settings takes its queue away: it must not wait unseen for ever.
#[tokio::test]
async fn ccp_05_contacts_of_a_queue_that_is_gone_are_shown_and_can_be_given() {
    let place = Place::new().await;
    place.mail("gone", "bob@example.test", b"Subject: Pay\r\n\r\nx", false).await;
    place.until("it waits", |port| port.open_contacts().len() == 1).await;
    let _stream = place.ready("1001").await;
    let told = place.get(&lead(), "team").await.good().json();
    let queues = told["queues"].as_array().unwrap();
    let gone: Vec<_> = queues.iter().filter(|it| it["is_gone"] == true).collect();
    assert_eq!(gone.len(), 1, "{queues:?}");
    assert_eq!((&gone[0]["csq"], &gone[0]["waiting"]), (&json!("gone"), &json!(1)));
    let id = gone[0]["contacts"][0]["id"].as_str().unwrap();
    let to = json!({"agent": "1001"});
    place.post(&lead(), &format!("contacts/{id}/reassign"), to).await.good();
    place.until_in_hand("1001", 1).await;
    // Where it is answered from is somebody's to choose: it is requeued to a queue that is there.
    let csq = json!({"csq": "support"});
    place.post(&agent("1001"), &format!("contacts/{id}/requeue"), csq).await.good();
    let told = place.get(&lead(), "team").await.good().json();
    assert!(told["queues"].as_array().unwrap().iter().all(|it| it["is_gone"] == false));
}

/// A site of many queues with much in them is looked at every few seconds.
#[tokio::test]
async fn mail_16_all_queues_tell_what_waits_longest_and_one_tells_more() {
    let place = Place::new().await;
    for number in 0..7 {
        place
            .mail("staff", &format!("c{number}@example.test"), b"Subject: Pay\r\n\r\nx", false)
            .await;
        place.clock.advance(std::time::Duration::from_secs(1));
    }
    place.until("they wait", |port| port.open_contacts().len() == 7).await;
    let all = place.get(&lead(), "team").await.good().json();
    let queue = &all["queues"][0];
    let subjects = |queue: &Value| -> Vec<String> {
        let contacts = queue["contacts"].as_array().unwrap().iter();
        contacts.map(|it| it["subject"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((&queue["csq"], &queue["waiting"]), (&json!("staff"), &json!(7)));
    assert_eq!(subjects(queue).len(), 5, "{queue}");
    assert_eq!(subjects(queue)[0], "Invoice 1 for staff");
    assert_eq!(queue.get("qualified"), None);
    let one = place.get(&lead(), "team?csq=staff").await.good().json();
    assert_eq!(one["queues"].as_array().unwrap().len(), 1);
    assert_eq!(subjects(&one["queues"][0]).len(), 7, "{one}");
    place.get(&lead(), "team?csq=none").await.problem(422, "invalid");
}

/// A mail for whoever answered before is told once, with its number where such mails are named.
#[tokio::test]
async fn mail_16_mails_that_wait_for_one_agent_are_named_by_their_number() {
    let place = Place::new().await;
    let (_stream, first) = place.one_in_hand().await;
    let draft = json!({"mode": "reply", "to": ["ada@example.test"], "html": "<p>x</p>"});
    let kept = place.put(&agent("1001"), &format!("{first}/draft"), draft).await.good().json();
    let version = json!({"version": kept["version"]});
    place.post(&agent("1001"), &format!("{first}/send"), version).await.good();
    let state = json!({"state": "not_ready", "reason": 12});
    place.put(&agent("1001"), "desk/state", state).await.good();
    place
        .answer("support", "ada@example.test", b"Subject: Re\r\n\r\nx", false, &["m1@example.test"])
        .await;
    place.until("it waits", |port| port.open_contacts().iter().any(|it| it.is_queued())).await;
    let told = place.get(&lead(), "team").await.good().json();
    let queue = &told["queues"][1];
    assert_eq!((&queue["sticky_waiting"], &queue["waiting"]), (&json!(1), &json!(1)), "{queue}");
    assert_eq!(queue["sticky"], json!([queue["contacts"][0]["id"]]));
}
