//! Whoever holds the link to a pair of servers, without a server.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::settings::{CtiPair, Settings};
use domain::{
    AgentKey, Heard, HeardState, InputId, Known, OwnerAnswer, OwnerAsk, OwnerCommand, OwnerRefusal,
    OwnerRefusalKind, PairName, PresenceState, Secret, SignInOn, Timestamp, Unclear,
};
use engine::testing::{ManualClock, PlainAuthenticator, memory_port};
use engine::{Owner, OwnerRequest, PairStatus, Port, SignInAnswer, SignInAttempt};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn pair() -> PairName {
    "east".parse().unwrap()
}

fn agent() -> AgentKey {
    "east:1001".parse().unwrap()
}

async fn port() -> Port {
    let east: CtiPair = serde_json::from_value(serde_json::json!({
        "name": "east", "dialect": "enterprise", "side_a": "cti.example:42027", "side_b": null,
        "version": 24, "tag_width": null, "peripheral_id": 5000, "client_id": "jackfield",
        "client_password": null, "heartbeat_seconds": 5, "reconnect_seconds": 300,
        "request_seconds": 5, "open_seconds": 30, "sessions": "per_node", "logout_reason": 255,
        "rmcm_user": null,
    }))
    .unwrap();
    let cti_pairs = BTreeMap::from([(east.name.clone(), Arc::new(east))]);
    let settings = Settings { cti_pairs: Arc::new(cti_pairs), ..Settings::default() };
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_000)));
    memory_port(&settings, Arc::new(PlainAuthenticator), clock).await
}

fn not_ready() -> Heard {
    Heard::State(HeardState {
        state: PresenceState::NotReady { reason: None },
        since: Timestamp::from_seconds(1_000),
        pending: None,
        extension: Some("2001".parse().unwrap()),
        instrument: None,
        device: None,
    })
}

fn query() -> OwnerCommand {
    OwnerCommand { agent: agent().id, ask: OwnerAsk::Query }
}

/// Answers like a server that knows no agent.
async fn know_nobody(mut owner: Owner) {
    while let Some(OwnerRequest { answer, .. }) = owner.next_request().await {
        let refusal = OwnerRefusal {
            kind: OwnerRefusalKind::AgentUnknown,
            code: 4,
            words: "unknown object".to_owned(),
        };
        answer.send(OwnerAnswer::Refused(refusal)).unwrap();
    }
}

#[tokio::test]
async fn cti_07_an_agent_whom_the_server_no_longer_knows_is_signed_out_here_too() {
    let port = port().await;
    let mut owner = port.own(&pair());
    let signing_in = tokio::spawn({
        let port = port.clone();
        let attempt = SignInAttempt {
            id: InputId::new("test", 1),
            account: "1001".to_owned(),
            password: Secret::new("12345"),
            extension: Some("2001".parse().unwrap()),
            device: None,
            mobile: None,
            on: SignInOn::Local,
            source: [127, 0, 0, 1].into(),
            surface: "test",
        };
        async move { port.sign_in(attempt).await }
    });
    let OwnerRequest { answer, .. } = owner.next_request().await.unwrap();
    owner.hear(&agent().id, not_ready());
    answer.send(OwnerAnswer::Done).unwrap();
    let answer = signing_in.await.unwrap();
    assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    owner.hear(&agent().id, Heard::Absent);
    let serving = tokio::spawn(know_nobody(owner));
    let mut watch = port.watch(&agent());
    let over =
        watch.wait_for(|session| session.as_ref().is_some_and(|it| it.signed_in().is_none()));
    tokio::time::timeout(PATIENCE, over).await.unwrap().unwrap();
    serving.abort();
}

#[tokio::test]
async fn cti_02_whoever_takes_the_link_over_answers_and_the_one_before_loses_nothing() {
    let port = port().await;
    let mut first = port.own(&pair());
    let mut second = port.own(&pair());
    assert!(first.next_request().await.is_none());
    second.hear(&agent().id, not_ready());
    let status = PairStatus { active_side: Some('b'), ..PairStatus::default() };
    second.set_status(status.clone());
    drop(first);
    assert_eq!(port.live(&agent()).unwrap().known, Known::Now);
    assert_eq!(port.pair_statuses(), [(pair(), status)]);
    drop(second);
    assert!(matches!(port.live(&agent()).unwrap().known, Known::NotSince(_)));
    assert_eq!(port.pair_statuses(), []);
    let answer = port.ask_owner(&pair(), query()).await;
    assert_eq!(answer, Some(OwnerAnswer::Unreachable));
}

#[tokio::test]
async fn cti_02_what_was_asked_of_a_link_that_ends_is_unclear() {
    let port = port().await;
    let owner = port.own(&pair());
    let asking = tokio::spawn({
        let port = port.clone();
        async move { port.ask_owner(&pair(), query()).await }
    });
    // The question waits in the link's queue, unread.
    tokio::task::yield_now().await;
    drop(owner);
    let answer = asking.await.unwrap();
    assert_eq!(answer, Some(OwnerAnswer::Unknown(Unclear::LinkLost)));
}
