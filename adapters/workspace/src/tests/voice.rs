//! Calls beside contacts: signing in with a line, and the state of voice.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{
    AgentKey, Heard, HeardState, Identity, OwnerAnswer, OwnerAsk, OwnerRefusal, OwnerRefusalKind,
    PresenceState, Target, Timestamp,
};
use engine::OwnerRequest;
use engine::surface::Source;
use serde_json::{Value, json};

use super::place::{Place, agent, settings};

async fn until(stream: &mut Box<dyn Source>, what: &str) {
    let mut told = String::new();
    let told_so = async {
        while !told.contains(what) {
            let piece = stream.next().await.expect("it goes on").expect("it is whole");
            told.push_str(std::str::from_utf8(&piece).unwrap());
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), told_so).await.is_ok();
    assert!(in_time, "{what}: {told}");
}

async fn me(place: &Place) -> Value {
    place.get(&agent("1001"), "me").await.good().json()
}

#[tokio::test]
async fn dsk_07_an_agent_with_a_line_has_two_states_and_changes_each_alone() {
    let place = Place::new().await;
    let it = agent("1001");
    // Who holds the session of a line is a browser that is there.
    let told = place.put(&it, "desk", json!({"extension": "2001"})).await;
    let words = told.problem(409, "no_stream");
    assert!(words.contains("stream of events"), "{words}");
    let mut stream = place.events("1001").await;
    place.put(&it, "desk", json!({"extension": "x!"})).await.problem(422, "invalid");
    let desk = place.put(&it, "desk", json!({"extension": "2001"})).await.good().json();
    assert_eq!((&desk["has_extension"], &desk["state"]), (&json!(true), &json!("not_ready")));
    until(&mut stream, "\"extension\":\"2001\"").await;
    let told = me(&place).await;
    assert_eq!(told["needs_password_for_voice"], false);
    assert_eq!(
        (&told["voice"]["state"], &told["voice"]["extension"]),
        (&json!("not_ready"), &json!("2001"))
    );

    let voice = place.put(&it, "voice/state", json!({"state": "ready"})).await.good().json();
    assert_eq!(voice["state"], "ready");
    until(&mut stream, "\"state\":\"ready\"").await;
    assert_eq!(me(&place).await["desk"]["state"], "not_ready", "the other state is another");
    let lunch = json!({"state": "not_ready", "reason": 12});
    let voice = place.put(&it, "voice/state", lunch).await.good().json();
    assert_eq!((&voice["state"], &voice["reason"]), (&json!("not_ready"), &json!(12)));
    place.put(&it, "desk/state", json!({"state": "ready"})).await.good();
    assert_eq!(me(&place).await["voice"]["state"], "not_ready");
    let unknown = json!({"state": "not_ready", "reason": 99});
    place.put(&it, "voice/state", unknown).await.problem(422, "reason_unknown");
    for bad in [json!({"state": "talking"}), json!({}), json!({"state": "ready", "x": 1})] {
        place.put(&it, "voice/state", bad).await.problem(422, "invalid");
    }
    // The same line again, as after a reload, is no new session.
    let key = AgentKey::owned("1001".parse().unwrap());
    let before = place.port.seen_session(&key).unwrap();
    place.put(&it, "desk", json!({"extension": "2001"})).await.good();
    let after = place.port.seen_session(&key).unwrap();
    assert_eq!((before.number, before.generation), (after.number, after.generation));

    // The end of the work is the end of both.
    place.delete(&it, "desk").await.good();
    let told = me(&place).await;
    assert_eq!((&told["desk"], &told["voice"]), (&json!(null), &json!(null)));
    place.put(&it, "voice/state", json!({"state": "ready"})).await.problem(409, "not_signed_in");
}

#[tokio::test]
async fn rte_08_who_works_without_a_line_has_no_state_of_voice() {
    let place = Place::new().await;
    let _stream = place.ready("1001").await;
    let told = me(&place).await;
    assert_eq!((&told["voice"], &told["desk"]["has_extension"]), (&json!(null), &json!(false)));
    let it = agent("1001");
    place.put(&it, "voice/state", json!({"state": "ready"})).await.problem(409, "not_signed_in");
}

/// A place whose voice state a contact centre's server has, and what that was asked. It takes the password `right`.
async fn with_centre() -> (Place, Arc<Mutex<Vec<OwnerAsk>>>) {
    let settings = settings(|file| {
        file["cti_pairs"] = json!([
            {"name": "east", "dialect": "enterprise", "side_a": "cti.example:42027", "peripheral_id": 5000},
        ]);
    });
    let place = Place::with(&settings).await;
    let asked: Arc<Mutex<Vec<OwnerAsk>>> = Arc::default();
    let noted = Arc::clone(&asked);
    let mut owner = place.port.own(&"east".parse().unwrap());
    tokio::spawn(async move {
        while let Some(OwnerRequest { command, answer }) = owner.next_request().await {
            noted.lock().unwrap().push(command.ask.clone());
            let state = match &command.ask {
                OwnerAsk::SignIn(wish) => {
                    let is_right = wish.password.as_ref().is_none_or(|it| it.expose() == "right");
                    is_right.then_some(PresenceState::NotReady { reason: None })
                }
                OwnerAsk::Set { target: Target::Ready, .. } => Some(PresenceState::Ready),
                OwnerAsk::Set { target: Target::NotReady(reason), .. } => {
                    Some(PresenceState::NotReady { reason: *reason })
                }
                _ => Some(PresenceState::SignedOut { reason: None }),
            };
            let said = match state {
                Some(state) => {
                    let heard = HeardState {
                        state,
                        since: Timestamp::from_seconds(1_700_000_000),
                        pending: None,
                        extension: Some("2001".parse().unwrap()),
                        instrument: None,
                        device: None,
                    };
                    owner.hear(&command.agent, Heard::State(heard));
                    OwnerAnswer::Done
                }
                None => OwnerAnswer::Refused(OwnerRefusal {
                    kind: OwnerRefusalKind::WrongPassword,
                    code: 1,
                    words: "no".to_owned(),
                }),
            };
            let _ = answer.send(said);
        }
    });
    (place, asked)
}

#[tokio::test]
async fn dsk_07_where_a_contact_centre_judges_passwords_a_line_needs_the_right_one() {
    let (place, asked) = with_centre().await;
    let it = agent("1001");
    let mut stream = place.events("1001").await;
    assert_eq!(me(&place).await["needs_password_for_voice"], true);
    let told = place.put(&it, "desk", json!({"extension": "2001"})).await;
    assert!(told.problem(409, "password_needed").contains("password"));
    let wrong = json!({"extension": "2001", "password": "hunter2"});
    let told = place.put(&it, "desk", wrong).await;
    let words = told.problem(422, "invalid");
    assert!(
        !words.contains("hunter2") && told.json()["errors"][0]["field"] == "password",
        "{words}"
    );
    // Nothing began: neither voice nor the desk.
    let told = me(&place).await;
    assert_eq!((&told["desk"], &told["voice"]), (&json!(null), &json!(null)));
    let right = json!({"extension": "2001", "password": "right"});
    let desk = place.put(&it, "desk", right).await.good().json();
    assert_eq!(desk["has_extension"], true);
    until(&mut stream, "\"extension\":\"2001\"").await;
    let voice = place.put(&it, "voice/state", json!({"state": "ready"})).await.good().json();
    assert_eq!(voice["state"], "ready");
    until(&mut stream, "\"state\":\"ready\"").await;
    let set = OwnerAsk::Set { target: Target::Ready, extension: Some("2001".parse().unwrap()) };
    assert!(asked.lock().unwrap().contains(&set), "{asked:?}");
}

#[tokio::test]
async fn dsk_07_who_is_signed_on_once_takes_a_line_without_a_password() {
    let (place, asked) = with_centre().await;
    let mut it = agent("1001");
    it.identity = Some(Identity::SignedOn {
        provider: "idp".parse().unwrap(),
        uid: "1001".to_owned(),
        principal: "1001@example.test".to_owned(),
    });
    let _stream = place.events("1001").await;
    let told = place.get(&it, "me").await.good().json();
    assert_eq!(told["needs_password_for_voice"], false);
    let desk = place.put(&it, "desk", json!({"extension": "2001"})).await.good().json();
    assert_eq!(desk["has_extension"], true);
    let asked = asked.lock().unwrap().clone();
    let signing_in = asked.iter().filter_map(|ask| match ask {
        OwnerAsk::SignIn(wish) => Some(wish.password.clone()),
        _ => None,
    });
    assert_eq!(signing_in.collect::<Vec<_>>(), [None]);
}
