//! Numbers of the day, and what supervisors watch.

use std::time::Duration;

use domain::Role;
use serde_json::{Value, json};

use super::place::{Place, agent, lead, person};

const MAIL: &[u8] = b"Subject: Hi\r\n\r\nx";

async fn numbers(place: &Place, id: &str) -> Value {
    place.workspace.look().await;
    place.get(&agent(id), "numbers").await.good().json()
}

/// Those members of an agent's numbers, in this order: replied, discarded, requeued, taken, in hand.
fn counts(work: &Value) -> Value {
    ["replied", "discarded", "requeued", "taken", "in_hand"]
        .map(|it| work[it].clone())
        .to_vec()
        .into()
}

#[tokio::test]
async fn rpt_02_an_agent_sees_the_own_numbers_and_what_waits_since_when() {
    let place = Place::new().await;
    let (_stream, first) = place.one_in_hand().await;
    place.clock.advance(Duration::from_secs(40));
    place.post(&agent("1001"), &format!("{first}/discard"), Value::Null).await.good();
    place.mail("support", "bob@example.test", MAIL, false).await;
    place.until_in_hand("1001", 1).await;
    let second = place.contacts("1001").await.remove(0);
    place.clock.advance(Duration::from_secs(10));
    place
        .post(&agent("1001"), &format!("{second}/requeue"), json!({"csq": "support"}))
        .await
        .good();
    place.mail("support", "cy@example.test", MAIL, false).await;
    place.mail("staff", "dee@example.test", MAIL, false).await;
    place.until_in_hand("1001", 1).await;
    for _ in 0..2 {
        // What was counted is not counted again, while it stands open or once it is over.
        let told = numbers(&place, "1001").await;
        assert_eq!(counts(&told["own"]), json!([0, 1, 1, 0, 1]), "{told}");
        assert_eq!(told["own"]["handling_mean_seconds"], 25);
        assert_eq!(told["own"]["handling_longest_seconds"], 40);
        // Its own queue alone, with the one that was given back.
        let waiting =
            json!([{"csq": "support", "waiting": 1, "longest_since": "2023-11-14T22:14:10Z"}]);
        assert_eq!((&told["queues"], &told["is_whole"]), (&waiting, &json!(true)));
    }
    let _other = place.ready("1002").await;
    place.until_in_hand("1002", 1).await;
    let back = place.contacts("1002").await.remove(0);
    place.post(&agent("1002"), &format!("{back}/discard"), Value::Null).await.good();
    assert_eq!(counts(&numbers(&place, "1001").await["own"]), json!([0, 1, 1, 0, 1]));
    assert_eq!(counts(&numbers(&place, "1002").await["own"]), json!([0, 1, 0, 0, 0]));
    // Whoever did nothing has numbers, too; a node that starts finds them in the store.
    assert_eq!(counts(&numbers(&place, "2001").await["own"]), json!([0, 0, 0, 0, 0]));
    let fresh = crate::Workspace::new(place.port.clone());
    fresh.look().await;
    let open = place.port.open_contacts();
    let seen = fresh.lately.lock().unwrap().seen(place.port.now(), &open);
    let id = "1001".parse().unwrap();
    for own in [seen.all()[&id], seen.of(&id)] {
        assert_eq!((own.discarded, own.requeued, own.in_hand), (1, 1, 1));
    }
}

#[tokio::test]
async fn rpt_02_numbers_are_of_the_time_that_is_asked_for() {
    let place = Place::new().await;
    let (_stream, first) = place.one_in_hand().await;
    place.post(&agent("1001"), &format!("{first}/discard"), Value::Null).await.good();
    let discarded = async |query: &str| {
        place.workspace.look().await;
        let told = place.get(&agent("1001"), &format!("numbers{query}")).await.good().json();
        told["own"]["discarded"].clone()
    };
    assert_eq!(discarded("").await, 1);
    place.clock.advance(Duration::from_secs(1_800));
    // It ended at 22:13:20; quarters of an hour are what days of all time zones begin with.
    assert_eq!(discarded("?since=2023-11-14T22:00:00Z").await, 1);
    assert_eq!(discarded("?since=2023-11-14T23:15:00%2B01:00").await, 0);
    place.clock.advance(Duration::from_secs(23 * 3_600));
    assert_eq!(discarded("").await, 1);
    place.clock.advance(Duration::from_secs(8 * 3_600));
    assert_eq!(discarded("").await, 0);
    assert!(place.workspace.lately.lock().unwrap().seen(place.port.now(), &[]).all().is_empty());
    for (query, words) in [
        ("?since=noon", "since: must be a time such as"),
        ("?since=2023-11-14T00:00:00Z", "since: must be in the last 30 hours"),
    ] {
        for (who, what) in [(agent("1001"), "numbers"), (lead(), "team")] {
            let refused = place.get(&who, &format!("{what}{query}")).await;
            let told = refused.problem(422, "invalid");
            assert!(told.contains(words), "{told}");
        }
    }
    // Midnight of a browser whose clock is ahead.
    for (who, what) in [(agent("1001"), "numbers"), (lead(), "team")] {
        let told = place.get(&who, &format!("{what}?since=2033-11-14T00:00:00Z")).await.good();
        assert_eq!(told.json()["since"], "2023-11-16T05:43:20Z");
    }
    let reader = person("1001", &[Role::Report], &[]);
    place.get(&reader, "numbers").await.problem(403, "forbidden");
    place.get(&lead(), "numbers").await.problem(403, "forbidden");
}

/// Thousands of agents look every few seconds: none of them holds up the others, nor what is counted meanwhile.
#[tokio::test]
async fn rpt_02_whoever_looks_at_numbers_holds_nobody_up() {
    let place = Place::new().await;
    let (_stream, first) = place.one_in_hand().await;
    place.post(&agent("1001"), &format!("{first}/discard"), Value::Null).await.good();
    place.workspace.look().await;
    let looked = || place.workspace.lately.lock().unwrap().seen(place.port.now(), &[]);
    let id = "1001".parse().unwrap();
    let before = looked();
    place.mail("support", "bob@example.test", MAIL, false).await;
    place.until_in_hand("1001", 1).await;
    let second = place.contacts("1001").await.remove(0);
    place.post(&agent("1001"), &format!("{second}/discard"), Value::Null).await.good();
    place.workspace.look().await;
    assert_eq!((before.of(&id).discarded, looked().of(&id).discarded), (1, 2));
}

#[tokio::test]
async fn rpt_02_a_supervisor_watches_states_contacts_queues_and_how_they_changed() {
    let place = Place::new().await;
    place.workspace.look().await;
    let (_stream, first) = place.one_in_hand().await;
    let _other = place.ready("2001").await;
    place.mail("staff", "dee@example.test", MAIL, false).await;
    place.until_in_hand("2001", 1).await;
    place.clock.advance(Duration::from_secs(10));
    place.workspace.look().await;
    place.post(&agent("1001"), &format!("{first}/discard"), Value::Null).await.good();
    place
        .put(&agent("1001"), "desk/state", json!({"state": "not_ready", "reason": 12}))
        .await
        .good();
    place.mail("support", "bob@example.test", MAIL, false).await;
    place.clock.advance(Duration::from_secs(10));
    place.workspace.look().await;
    let team = place.get(&lead(), "team").await.good().json();
    let agents = team["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 1, "{team}");
    assert_eq!(
        (&agents[0]["agent"], &agents[0]["desk"]["state"]),
        (&json!("1001"), &json!("not_ready"))
    );
    assert_eq!((&agents[0]["desk"]["reason"], &agents[0]["contacts"]), (&json!(12), &json!([])));
    assert_eq!(counts(&agents[0]["done"]), json!([0, 1, 0, 0, 0]));
    let queue = &team["queues"][1];
    assert_eq!(
        (&queue["csq"], &queue["waiting"], &queue["active"]),
        (&json!("support"), &json!(1), &json!(0))
    );
    assert_eq!(queue["longest_since"], "2023-11-14T22:13:30Z");
    let plot = |name: &str, index: usize| team["history"][name][index].clone();
    assert_eq!(plot("series", 1), json!({"name": "support", "values": [0, 0, 1]}));
    assert_eq!(plot("in_hand", 1), json!({"name": "support", "values": [0, 1, 0]}));
    assert_eq!(plot("in_hand", 0), json!({"name": "staff", "values": [0, 1, 1]}));
    // Agents of other teams are in no supervisor's plot.
    assert_eq!(plot("agents", 0), json!({"name": "ready", "values": [0, 1, 0]}));
    assert_eq!(plot("agents", 1), json!({"name": "not_ready", "values": [0, 0, 1]}));
    let all = person("admin", &[Role::Administrator], &[]);
    let team = place.get(&all, "team").await.good().json();
    assert_eq!(team["history"]["agents"][0], json!({"name": "ready", "values": [0, 2, 1]}));
}
