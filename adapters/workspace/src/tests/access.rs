//! Who is let in, and what they may read.

use std::sync::atomic::Ordering;

use domain::mail::{BounceSaid, Bounced};
use domain::{Identity, Role};
use http::Method;
use serde_json::json;

use super::place::{Ask, Place, agent, lead, person};

#[tokio::test]
async fn strangers_and_people_without_the_role_come_to_no_route() {
    let place = Place::new().await;
    let reader = person("1001", &[Role::Report], &[]);
    for route in &place.routes {
        // The gadget is for anybody: it says where the workspace is, and nothing else.
        if route.callers == engine::surface::Callers::Anyone {
            continue;
        }
        let Some(target) = route.path.strip_prefix("/api/v1/workspace/") else { continue };
        let target = target.replace("{contact}", "0").replace(['{', '}'], "");
        for method in route.methods {
            for (who, status, code) in
                [(None, 401, "unauthorized"), (Some(reader.clone()), 403, "forbidden")]
            {
                let method = method.clone();
                let ask =
                    Ask { who, method, target: &target, kind: "text/plain", body: Vec::new() };
                place.ask(ask).await.problem(status, code);
            }
        }
    }
}

#[tokio::test]
async fn agents_lead_nobody_and_leaders_without_a_desk_take_no_contacts() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let it = agent("1001");
    place.get(&it, "team").await.problem(403, "forbidden");
    let to = json!({"agent": "1002"});
    place.post(&it, &format!("{contact}/reassign"), to).await.problem(403, "forbidden");
    place.put(&it, "agents/1001/skills", json!({"skills": {}})).await.problem(403, "forbidden");
    place.put(&lead(), "desk", json!({})).await.problem(403, "forbidden");
    let me = place.get(&lead(), "me").await.good().json();
    assert_eq!((&me["agent"], &me["can_supervise"]), (&json!(null), &json!(true)));
    let me = place.get(&it, "me").await.good().json();
    assert_eq!((&me["agent"], &me["can_supervise"]), (&json!("1001"), &json!(false)));
    assert_eq!(me["reasons"]["not_ready"][0]["label"], "Lunch");
    // An account of the same name as an agent is not that agent.
    let mut account = agent("1001");
    account.identity = Some(Identity::Account { name: "1001".parse().unwrap() });
    place.get(&account, "contacts").await.problem(403, "forbidden");
}

#[tokio::test]
async fn mail_04_anothers_contact_is_nowhere_whatever_is_asked_of_it() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let other = agent("1002");
    let unknown = format!("contacts/{:032x}", 7);
    for at in [contact.as_str(), unknown.as_str(), "contacts/..", "contacts/-1"] {
        for rest in ["", "/body", "/raw", "/attachments/0", "/files/0"] {
            place.get(&other, &format!("{at}{rest}")).await.problem(404, "not_found");
        }
        let draft = json!({"mode": "reply", "html": "x", "version": 0});
        place.put(&other, &format!("{at}/draft"), draft).await.problem(404, "not_found");
        for (rest, body) in [
            ("send", json!({"version": 1})),
            ("discard", json!(null)),
            ("requeue", json!({"csq": "support"})),
        ] {
            place.post(&other, &format!("{at}/{rest}"), body).await.problem(404, "not_found");
        }
        let chosen = json!({"chosen": []});
        place.put(&other, &format!("{at}/wrap-up"), chosen).await.problem(404, "not_found");
        place.delete(&other, &format!("{at}/draft")).await.problem(404, "not_found");
    }
    place.get(&agent("1001"), &contact).await.good();
}

#[tokio::test]
async fn mail_16_a_customers_other_mails_open_with_a_contact_but_not_with_a_forged_one() {
    let place = Place::new().await;
    let raw = b"From: ada@example.test\r\nSubject: Pay\r\n\r\nprivate\r\n";
    place.mail("staff", "ada@example.test", raw, false).await;
    let _stream = place.ready("2001").await;
    place.until_in_hand("2001", 1).await;
    let private = place.contacts("2001").await.remove(0);
    // A server reports of what the other queue answered.
    let about = Bounced {
        recipient: "other@example.test".to_owned(),
        action: "failed".to_owned(),
        status: "5.1.1".to_owned(),
    };
    let original = Some("m1@example.test".to_owned());
    place
        .bounce(BounceSaid { original, out: None, recipients: vec![about], is_report: true })
        .await;
    // A mail that claims to be the customer's, and need not be.
    place.answer("support", "ada@example.test", raw, true, &["m1@example.test"]).await;
    let _other = place.ready("1001").await;
    place.until_in_hand("1001", 1).await;
    let it = agent("1001");
    let forged = place.contacts("1001").await.remove(0);
    let told = place.get(&it, &forged).await.good().json();
    assert_eq!(told["earlier"], json!([]), "{told}");
    assert_eq!(told["conversation"].as_array().unwrap().len(), 1, "{told}");
    assert!(!told.to_string().contains("for staff"), "{told}");
    assert_eq!(told["notes"], json!([]), "{told}");
    place.get(&it, &private).await.problem(404, "not_found");
    place.get(&it, &format!("{private}/raw")).await.problem(404, "not_found");
    // The customer's own mail.
    place.mail("support", "ada@example.test", raw, false).await;
    place.until_in_hand("1001", 2).await;
    place.get(&it, &private).await.good();
    let told = place.get(&it, &forged).await.good().json();
    assert_eq!(told["earlier"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(told["notes"][0]["recipient"], "other@example.test", "{told}");
}

#[tokio::test]
async fn mail_16_where_a_server_judges_senders_only_a_proven_one_opens_their_other_mails() {
    let place = Place::new().await;
    place.judges_senders().await;
    let raw = b"From: ada@example.test\r\nSubject: Pay\r\n\r\nprivate\r\n";
    place.mail("staff", "ada@example.test", raw, false).await;
    let _stream = place.ready("2001").await;
    place.until_in_hand("2001", 1).await;
    let private = place.contacts("2001").await.remove(0);
    // The server did not say that it is forged, nor that it is not; and it names the customer's conversation.
    place.answer("support", "ada@example.test", raw, false, &["m1@example.test"]).await;
    let _other = place.ready("1001").await;
    place.until_in_hand("1001", 1).await;
    let it = agent("1001");
    let doubtful = place.contacts("1001").await.remove(0);
    let told = place.get(&it, &doubtful).await.good().json();
    assert_eq!(told["earlier"], json!([]), "{told}");
    for rest in ["", "/raw", "/body"] {
        place.get(&it, &format!("{private}{rest}")).await.problem(404, "not_found");
    }
    place.proves.store(true, Ordering::Relaxed);
    place.mail("support", "ada@example.test", raw, false).await;
    place.until_in_hand("1001", 2).await;
    place.get(&it, &private).await.good();
}

#[tokio::test]
async fn mail_16_a_draft_is_shown_to_whom_the_contact_is_with_and_to_nobody_else() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let draft = json!({"mode": "reply", "to": ["ada@example.test"], "html": "<p>x</p>"});
    place.put(&agent("1001"), &format!("{contact}/draft"), draft).await.good();
    let told = place.get(&agent("1001"), &contact).await.good().json();
    assert_eq!((&told["draft"]["version"], &told["is_mine"]), (&json!(1), &json!(true)));
    // No agent asks, and later no agent has it.
    let mut boss = person("boss", &[Role::Administrator], &[]);
    boss.identity = Some(Identity::Account { name: "boss".parse().unwrap() });
    for _ in 0..2 {
        let told = place.get(&boss, &contact).await.good().json();
        assert_eq!((&told["draft"], &told["is_mine"]), (&json!(null), &json!(false)));
        place.send(&agent("1001"), Method::DELETE, "desk", json!(null)).await.good();
    }
}
