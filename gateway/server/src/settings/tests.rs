//! Settings files against an engine in memory.

use std::sync::Arc;

use domain::Timestamp;
use engine::testing::{ManualClock, engine_on};
use serde_json::json;
use store::MemoryStore;

use domain::settings::{CLIENT_PASSWORD_PURPOSE, PUSH_PASSWORD_PURPOSE};

use super::*;

mod digital;
mod headset;
mod identity;
mod sip;

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

struct Fixture {
    engine: Arc<Engine>,
    sealing: Arc<SealingKeys>,
    pool: Arc<Pool>,
}

async fn fixture() -> Fixture {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_000_000)));
    let engine = engine_on(Arc::new(MemoryStore::new()), clock, 1).await;
    Fixture { engine, sealing: Arc::new(SealingKeys::single([7; 32])), pool: Pool::new() }
}

impl Fixture {
    /// Changes documents; the keys of all problems, or what it was.
    async fn change(&self, edits: Value) -> Result<u64, String> {
        let mut problems = Problems::default();
        let mut reader = domain::settings::Reader::new("", edits, &mut problems);
        let edits = Edits::read(&mut reader);
        reader.finish();
        let keys = |problems: &Problems| -> String {
            let keys: Vec<_> = problems.as_slice().iter().map(|it| it.key.clone()).collect();
            keys.join(" ")
        };
        if !problems.is_empty() {
            return Err(keys(&problems));
        }
        let make = Maker {
            engine: &self.engine,
            sealing: &self.sealing,
            pool: &self.pool,
            identity: None,
        };
        let context = Context { by: domain::Actor::gateway(), idempotency: None };
        let changed = change(make, &edits.unwrap(), &context).await;
        changed.map(|applied| applied.number).map_err(|error| match error {
            ApplyError::Problems(problems) => keys(&problems),
            error => error.to_string(),
        })
    }

    async fn apply(&self, text: &str) -> Result<Applied, ApplyError> {
        let make = Maker {
            engine: &self.engine,
            sealing: &self.sealing,
            pool: &self.pool,
            identity: None,
        };
        let context = Context { by: domain::Actor::gateway(), idempotency: None };
        apply(make, text.as_bytes(), &context).await
    }
}

/// Checks a text and compares the keys of all problems.
#[track_caller]
fn check_keys(text: &str, expected: &[&str]) {
    let keys: Vec<_> = match check(text.as_bytes(), Some(&SealingKeys::single([7; 32]))) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.as_slice().iter().map(|it| it.key.clone()).collect(),
    };
    assert_eq!(keys, expected, "{text}");
}

#[test]
fn every_problem_is_told_at_once() {
    check_keys("agents: [", &["file"]);
    check_keys("agents: []\nagents: []\n", &["file"]);
    check_keys(
        "agents: [{id: '1 2'}, {id: '1', password_hash: $argon2id$x}]\nodd: 1\n",
        &["agents[1].password_hash", "agents[0].id", "odd"],
    );
    let trust = |text: &str| json!({"trust": [{"name": "a", "certificates": text}]}).to_string();
    check_keys(&trust(CERTIFICATE), &["trust[0].certificates"]);
    let foreign = SealingKeys::single([8; 32]).seal(PUSH_PASSWORD_PURPOSE, &Secret::new("x"));
    let push = json!({"user": "u", "password_sealed": foreign.unwrap().as_text()});
    let text = json!({"phone_service": {"push": push}}).to_string();
    check_keys(&text, &["phone_service.push.password_sealed"]);
    let trust = json!([{"name": "a", "certificates": CERTIFICATE}]);
    let all = json!({"odd": 1, "trust": trust, "phone_service": {"push": push}}).to_string();
    check_keys(&all, &["trust[0].certificates", "odd", "phone_service.push.password_sealed"]);
}

#[test]
fn ops_02_secrets_of_alarm_receivers_open_here_and_are_seen_in_the_clear() {
    let sealed = SealingKeys::single([8; 32])
        .seal(domain::settings::ALARM_SECRET_PURPOSE, &Secret::new("x"))
        .unwrap();
    let webhook = json!({"url": "https://a.example", "signing_secret_sealed": sealed.as_text()});
    let mail = json!({"host": "a", "user": "u", "from": "a@b.example", "to": ["a@b.example"],
                      "password_sealed": sealed.as_text()});
    for (way, member, document) in
        [("webhook", "signing_secret", webhook), ("mail", "password", mail)]
    {
        let file =
            |document: &Value| json!({"alarms": {"receivers": [{"name": "a", way: document}]}});
        assert!(!holds_plain_secrets(&file(&document)));
        let key = format!("alarms.receivers[0].{way}.{member}_sealed");
        check_keys(&file(&document).to_string(), &[&key]);
        let mut plain = document.clone();
        plain[member] = json!("x");
        assert!(holds_plain_secrets(&file(&plain)));
    }
}

#[test]
fn a_pairs_sealed_password_must_open_here() {
    let pair = |sealing: &SealingKeys, purpose: &str| {
        let sealed = sealing.seal(purpose, &Secret::new("x")).unwrap();
        let pair = json!({
            "name": "north",
            "dialect": "express",
            "side_a": "a:12028",
            "client_password_sealed": sealed.as_text(),
        });
        json!({"cti_pairs": [pair]}).to_string()
    };
    let (ours, foreign) = (SealingKeys::single([7; 32]), SealingKeys::single([8; 32]));
    let key = "cti_pairs[0].client_password_sealed";
    check_keys(&pair(&ours, CLIENT_PASSWORD_PURPOSE), &[]);
    check_keys(&pair(&foreign, CLIENT_PASSWORD_PURPOSE), &[key]);
    check_keys(&pair(&ours, PUSH_PASSWORD_PURPOSE), &[key]);
}

/// The example that people copy.
#[test]
fn the_example_of_the_operating_guide_is_taken() {
    let guide = include_str!("../../../../packaging/docs/operating.md");
    let (_, section) = guide.split_once("\n## Pairs of contact-centre servers\n").unwrap();
    let example = section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(example.contains("cti_pairs:"), "{example}");
    check_keys(example, &[]);
}

#[test]
fn phn_12_a_push_password_phones_cannot_take_is_refused_at_apply() {
    let text = |password: &str| {
        json!({"phone_service": {"push": {"user": "u", "password": password}}}).to_string()
    };
    check_keys(&text(&"x".repeat(95)), &[]);
    check_keys(&text("p\u{e4}ss"), &["phone_service.push.password"]);
    assert!(check(text(&"x".repeat(96)).as_bytes(), None).is_err());
}

#[tokio::test]
async fn all_of_a_file_is_applied_or_nothing() {
    let it = fixture().await;
    let good = "agents: [{id: '1001', password: demo}]\n";
    assert_eq!(it.apply(good).await.unwrap(), Applied { number: 1, changed: true });
    let bad = "agents: [{id: '1002', password: demo}, {id: ''}]\n";
    assert!(matches!(it.apply(bad).await, Err(ApplyError::Problems(_))));
    let settings = it.engine.settings();
    assert_eq!((settings.number, settings.agents.len()), (1, 1));
}

#[tokio::test]
async fn a_file_that_did_not_change_is_recognised() {
    let it = fixture().await;
    let text = "agents: [{id: '1001', password: demo}]\n";
    it.apply(text).await.unwrap();
    let before = it.engine.settings();
    assert_eq!(it.apply(text).await.unwrap(), Applied { number: 1, changed: false });
    assert_eq!(it.engine.settings(), before);
    // A password that stays keeps its hash, though the file is another one.
    it.apply(&format!("{text}voice: {{wrap_up_seconds: 5}}\n")).await.unwrap();
    let after = it.engine.settings();
    assert_eq!((after.number, &after.agents), (2, &before.agents));
    // Coming back to an earlier file counts as a change again.
    assert_eq!(it.apply(text).await.unwrap(), Applied { number: 3, changed: true });
}

#[tokio::test]
async fn ops_05_secrets_are_hashed_and_sealed_before_they_are_kept() {
    let it = fixture().await;
    let text = json!({
        "agents": [{"id": "1001", "password": "hunter2-agent"}],
        "cti_pairs": [{
            "name": "north",
            "side_a": "a:42027",
            "peripheral_id": 5000,
            "client_password": "hunter2-cti",
        }],
        "phone_service": {"push": {"user": "u", "password": "hunter2-push"}},
    });
    assert!(holds_plain_secrets(&json!({"cti_pairs": text["cti_pairs"]})));
    it.apply(&text.to_string()).await.unwrap();
    let settings = it.engine.settings();
    let hash = settings.agents.values().next().unwrap().password_hash.clone().unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    let push = settings.phone_service.push.clone().unwrap();
    let opened = it.sealing.unseal(PUSH_PASSWORD_PURPOSE, &push.password).unwrap();
    assert_eq!(opened.expose(), "hunter2-push");
    let pair = settings.cti_pairs.values().next().unwrap();
    let password = pair.client_password.as_ref().unwrap();
    let opened = it.sealing.unseal(CLIENT_PASSWORD_PURPOSE, password).unwrap();
    assert_eq!(opened.expose(), "hunter2-cti");
    assert!(!exported(&settings).unwrap().contains("hunter2"));
    assert!(!format!("{settings:?}").contains("hunter2"));
}

/// Nothing that is in use begins anew because something else changed.
#[tokio::test]
async fn a_secret_that_stays_keeps_its_sealed_form() {
    let it = fixture().await;
    let text = |password: &str, wrap_up: u32| {
        json!({
            "cti_pairs": [{
                "name": "north",
                "side_a": "a:42027",
                "peripheral_id": 5000,
                "client_password": password,
            }],
            "phone_service": {"push": {"user": "u", "password": "push"}},
            "voice": {"wrap_up_seconds": wrap_up},
        })
        .to_string()
    };
    it.apply(&text("one", 0)).await.unwrap();
    let before = it.engine.settings();
    it.apply(&text("one", 5)).await.unwrap();
    let after = it.engine.settings();
    assert_eq!(after.number, before.number + 1);
    assert_eq!(
        (&after.cti_pairs, &after.phone_service),
        (&before.cti_pairs, &before.phone_service)
    );
    it.apply(&text("two", 5)).await.unwrap();
    assert_ne!(it.engine.settings().cti_pairs, before.cti_pairs);
}

#[tokio::test]
async fn what_is_exported_applies_to_the_same_documents() {
    let it = fixture().await;
    it.apply(include_str!("../../../../packaging/demo-settings.yaml")).await.unwrap();
    let before = it.engine.settings();
    it.apply(&exported(&before).unwrap()).await.unwrap();
    let after = it.engine.settings();
    assert_eq!(after.documents(), before.documents());
    assert_eq!(after.number, before.number + 1);
}

/// A large file takes its time, in which requests are to be answered.
#[tokio::test]
async fn a_file_is_not_read_where_requests_are_answered() {
    let it = fixture().await;
    let large = format!("agents: [{}", "1, ".repeat(300_000));
    let mut applying = std::pin::pin!(it.apply(&large));
    let begun = std::future::poll_fn(|context| {
        std::task::Poll::Ready(applying.as_mut().poll(context).is_pending())
    });
    assert!(begun.await);
    assert!(matches!(applying.await, Err(ApplyError::Problems(_))));
}

#[tokio::test]
async fn no_edit_of_a_change_undoes_another() {
    let it = fixture().await;
    it.apply("skills: [{name: a}]\n").await.unwrap();
    let edits = json!({"edits": [
        {"remove": {"section": "skills", "name": "a"}},
        {"put": {"section": "skills", "name": "a", "document": {}}},
    ]});
    assert_eq!(it.change(edits).await, Err("edits[1]".to_owned()));
    assert_eq!(it.engine.settings().skills.len(), 1);
}

#[tokio::test]
async fn a_document_is_changed_under_its_own_name() {
    let it = fixture().await;
    it.apply("reason_codes: [{category: not_ready, code: 7, label: Lunch}]\n").await.unwrap();
    let put = |section: &str, name: &str, document: Value| json!({"edits": [{"put": {"section": section, "name": name, "document": document}}]});
    for name in ["not_ready/07", "not_ready/+7"] {
        let edits = json!({"edits": [{"remove": {"section": "reason_codes", "name": name}}]});
        let refused = it.change(edits).await.unwrap_err();
        assert!(refused.starts_with("there is no"), "{refused}");
        let document = json!({"label": "Other"});
        let refused = it.change(put("reason_codes", name, document)).await.unwrap_err();
        assert!(refused.contains("code"), "{refused}");
    }
    let other = it.change(put("agents", "1001", json!({"id": "1002"}))).await;
    assert_eq!(other, Err("id".to_owned()));
    let other = it.change(put("skills", "a", json!({"name": "b"}))).await;
    assert_eq!(other, Err("name".to_owned()));
    let settings = it.engine.settings();
    assert_eq!((settings.number, settings.agents.len(), settings.skills.len()), (1, 0, 0));
    it.change(put("reason_codes", "not_ready/7", json!({"label": "Other"}))).await.unwrap();
    assert_eq!(it.engine.settings().reasons.len(), 1);
}

#[test]
fn hashes_that_cost_too_much_are_refused_for_accounts_too() {
    check_keys(
        "accounts: [{name: root, roles: [administrator], password_hash: $argon2id$x}]\n",
        &["accounts[0].password_hash"],
    );
}

#[tokio::test]
async fn a_file_is_compared_without_hashing_its_passwords() {
    let it = fixture().await;
    let text = "agents: [{id: '1001', password: demo}]\n";
    it.apply(text).await.unwrap();
    let differing = async |text: &str| {
        let make =
            Maker { engine: &it.engine, sealing: &it.sealing, pool: &it.pool, identity: None };
        differing(make, text.as_bytes()).await.unwrap()
    };
    assert_eq!(differing(text).await, 0);
    // Whether it is the same one is not found out, which would cost as much as a sign-in.
    assert_eq!(differing("agents: [{id: '1001', password: other}]\n").await, 0);
    assert_eq!(differing("agents: [{id: '1002', password: demo}]\n").await, 2);
    assert_eq!(differing("agents: [{id: '1001', name: A, password: demo}]\n").await, 1);
}
