//! What is kept for a time only, and erasure of one person.

use std::sync::Arc;
use std::time::Duration;

use domain::mail::{Disposition, MailSeen};
use domain::{
    Actor, AgentId, Decision, Deed, Document, InputId, Key, Reply, Settings, Write, WriteBody,
};
use engine::testing::{apply, engine_on};
use engine::{Engine, RetentionError};
use store::Commit;

use crate::{Bench, key, settings};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn id(agent: &str) -> AgentId {
    agent.parse().unwrap()
}

/// The settings without that agent.
fn without(agent: &str) -> Settings {
    let settings = settings();
    let mut agents = settings.agents.as_ref().clone();
    agents.remove(&id(agent));
    Settings { agents: Arc::new(agents), ..settings }
}

async fn tell(engine: &Engine, action: &str) {
    engine.tell_audit(Actor::gateway(), Deed::done(action, "x")).await;
}

async fn audit_numbers(engine: &Engine) -> Vec<u64> {
    let mut numbers = Vec::new();
    for number in 1..2_000 {
        if engine.document(&Key::audit(number)).await.unwrap().is_some() {
            numbers.push(number);
        }
    }
    numbers
}

#[tokio::test]
async fn ops_13_a_sweep_first_shows_and_then_removes_what_is_older_than_it_is_kept() {
    let mut bench = Bench::new().await;
    let began = audit_numbers(&bench.engine).await.len() as u64;
    for _ in 0..700 {
        tell(&bench.engine, "old").await;
    }
    bench.clock.advance(DAY * 200);
    for _ in 0..5 {
        tell(&bench.engine, "newer").await;
    }
    assert_eq!(bench.engine.overdue().await.unwrap()[0].count, 0);
    bench.clock.advance(DAY * 201);
    // A node that starts goes by the time of the log's last lines.
    bench.sign_in("1001", "2001").await;
    for _ in 0..150 {
        bench.wish("1001", domain::Wish::Ready).await;
        bench.wish("1001", domain::Wish::NotReady(None)).await;
    }
    bench.engine.close().await;
    let engine = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    let plan = engine.overdue().await.unwrap();
    assert_eq!((plan[0].count, plan[0].days, plan[0].kind.name()), (began + 700, 400, "audit"));
    let (oldest, newest) = plan[0].between.unwrap();
    assert!(oldest <= newest && engine.now().since(newest) >= DAY * 401);
    // Only shown so far.
    assert!(audit_numbers(&engine).await.len() as u64 >= began + 705);
    assert_eq!(engine.retain(Actor::gateway()).await.unwrap(), plan);
    let left = audit_numbers(&engine).await;
    let first = began + 701;
    // Five that are newer, and those that tell of the removal; sign-ins are told meanwhile.
    assert_eq!(left.first(), Some(&first));
    let mut told = 0;
    for number in left {
        let entry = engine.document(&Key::audit(number)).await.unwrap().unwrap();
        let Document::Audit(entry) = entry.document else { panic!("no entry") };
        if entry.deed.action == "audit_removed" {
            let count = entry.deed.changes.iter().find(|change| change.field == "count").unwrap();
            told += count.after.as_ref().unwrap().parse::<u64>().unwrap();
        }
    }
    assert_eq!(told, plan[0].count);
    assert_eq!(engine.overdue().await.unwrap()[0].count, 0);
    engine.close().await;
}

#[tokio::test(start_paused = true)]
async fn ops_13_what_is_a_day_overdue_is_removed_without_anybody_asking() {
    let mut bench = Bench::new().await;
    tell(&bench.engine, "old").await;
    bench.clock.advance(DAY * 402);
    tell(&bench.engine, "newer").await;
    let before = audit_numbers(&bench.engine).await;
    bench.sign_in("1001", "2001").await;
    for _ in 0..150 {
        bench.wish("1001", domain::Wish::Ready).await;
        bench.wish("1001", domain::Wish::NotReady(None)).await;
    }
    bench.engine.close().await;
    let engine = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    let removed = tokio::time::timeout(DAY, async {
        while audit_numbers(&engine).await.first() <= before.first() {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    });
    removed.await.unwrap();
    let left = audit_numbers(&engine).await;
    assert_eq!(left.first(), before.last());
    engine.close().await;
}

/// Rows of the ledger of mails that nobody looks at any more.
async fn note_mails(bench: &Bench, mails: u32) -> Vec<Key> {
    let now = bench.engine.now();
    let mut keys = Vec::new();
    for uid in 0..mails {
        let seen = MailSeen {
            csq: "support".to_owned(),
            folder: "INBOX".to_owned(),
            uid_validity: 1,
            uid,
            received_at: now,
            at: now,
            from: String::new(),
            subject: String::new(),
            disposition: Disposition::Parked,
        };
        let key = Key::mail_seen("support", "INBOX", 1, uid);
        let body = WriteBody::Put(Document::MailSeen(Box::new(seen)));
        let writes = vec![Write { key: key.clone(), body }];
        let decision = Decision { writes, ..Decision::already(Reply::Done) };
        let input = InputId::new("noted", uid);
        let commit = Commit { input, at: now, epoch: None, decision };
        bench.store.commit(commit).await.unwrap();
        keys.push(key);
    }
    keys
}

#[tokio::test]
async fn ops_13_a_row_of_the_ledger_that_cannot_be_read_keeps_no_other() {
    let (bench, store) = crate::store_away::bench().await;
    let rows = note_mails(&bench, 5).await;
    bench.clock.advance(DAY * 61);
    *store.newer.lock().unwrap() = Some(rows[2].clone());
    bench.engine.forget_ledger().await.unwrap();
    *store.newer.lock().unwrap() = None;
    let mut left = Vec::new();
    for key in &rows {
        if bench.engine.document(key).await.unwrap().is_some() {
            left.push(key);
        }
    }
    assert_eq!(left, [&rows[2]]);
    bench.engine.forget_ledger().await.unwrap();
    assert_eq!(bench.engine.document(&rows[2]).await.unwrap(), None);
    bench.engine.close().await;
}

#[tokio::test(start_paused = true)]
async fn ops_13_a_ledger_that_cannot_be_tidied_keeps_nothing_else_too_long() {
    let (mut bench, store) = crate::store_away::bench().await;
    tell(&bench.engine, "old").await;
    note_mails(&bench, 1).await;
    bench.clock.advance(DAY * 402);
    tell(&bench.engine, "newer").await;
    let before = audit_numbers(&bench.engine).await;
    bench.sign_in("1001", "2001").await;
    for _ in 0..150 {
        bench.wish("1001", domain::Wish::Ready).await;
        bench.wish("1001", domain::Wish::NotReady(None)).await;
    }
    bench.engine.close().await;
    store.refuse_removals(true);
    let engine = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    engine.forget_ledger().await.unwrap_err();
    let removed = tokio::time::timeout(DAY, async {
        while audit_numbers(&engine).await.first() <= before.first() {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    });
    removed.await.unwrap();
    engine.close().await;
}

#[tokio::test]
async fn ops_13_a_clock_that_jumped_removes_nothing() {
    let bench = Bench::new().await;
    tell(&bench.engine, "old").await;
    bench.clock.advance(DAY * 5_000);
    let refused = bench.engine.retain(Actor::gateway()).await.unwrap_err();
    assert!(matches!(refused, RetentionError::Clock), "{refused:?}");
    assert!(!audit_numbers(&bench.engine).await.is_empty());
    bench.engine.close().await;
}

#[tokio::test]
async fn ops_13_a_person_is_erased_once_they_are_nobody_here() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let refused = |error: RetentionError| match error {
        RetentionError::Refused(domain::Refusal::SettingsInUse { why }) => why,
        other => panic!("{other:?}"),
    };
    let erase =
        |engine: Arc<Engine>| async move { engine.erase(&id("1001"), Actor::gateway()).await };
    let engine = Arc::clone(&bench.engine);
    let why = refused(erase(Arc::clone(&engine)).await.unwrap_err());
    assert!(why.contains("in the settings"), "{why}");
    let wish = domain::Wish::ForceSignOut { reason: None, by: domain::SignedOutBy::Supervisor };
    bench.wish("1001", wish).await;
    apply(&engine, &without("1001")).await;
    let plan = engine.erasure(&id("1001")).await.unwrap();
    assert_eq!(plan.documents, [Key::session(&key("1001"))]);
    assert_eq!(plan.log_until, engine.now().after(DAY * 90));
    assert_eq!(plan.audit_until, engine.now().after(DAY * 400));
    let erased = erase(Arc::clone(&engine)).await.unwrap();
    assert_eq!(erased, plan);
    assert_eq!(engine.document(&Key::session(&key("1001"))).await.unwrap(), None);
    // This node forgot as well, and there is nothing left to erase.
    assert_eq!(engine.session_of(&key("1001")).await.unwrap(), None);
    let again = erase(Arc::clone(&engine)).await.unwrap();
    assert!(again.documents.is_empty());
    // Nobody else's is touched, and somebody new of that id begins anew.
    apply(&engine, &settings()).await;
    bench.sign_in("1001", "2001").await;
    assert_eq!(bench.state("1001").await, "not_ready");
    engine.close().await;
}

#[tokio::test]
async fn ops_13_whoever_is_signed_in_is_not_erased() {
    let mut bench = Bench::new().await;
    bench.sign_in("1003", "2003").await;
    // The keeper signs out who was removed; until then the session is somebody's.
    let engine = Arc::clone(&bench.engine);
    let erased = {
        apply(&engine, &without("1003")).await;
        engine.erase(&id("1003"), Actor::gateway()).await
    };
    let session = engine.document(&Key::session(&key("1003"))).await.unwrap();
    match erased {
        Err(RetentionError::Refused(_)) => assert!(session.is_some()),
        // The keeper was quicker.
        Ok(_) => assert!(session.is_none()),
        Err(error) => panic!("{error:?}"),
    }
    engine.close().await;
}

/// Phones of that number report those headsets of that owner, 50 each.
async fn headsets_seen(bench: &mut Bench, phone: u32, numbers: std::ops::Range<u32>, owner: &str) {
    for first in numbers.clone().step_by(50) {
        bench.next += 1;
        let headset = |number: u32| domain::SeenHeadset {
            serial: format!("WTN{number:05}").parse().unwrap(),
            facts: domain::HeadsetFacts {
                owner: Some(owner.to_owned()),
                ..domain::HeadsetFacts::default()
            },
        };
        let report = domain::Report::HeadsetSeen {
            device: format!("SEP{:012}", phone * 1_000 + first / 50).parse().unwrap(),
            event: domain::HeadsetEvent::Connected,
            headsets: (first..numbers.end.min(first + 50)).map(headset).collect(),
            at: bench.engine.now(),
        };
        let input = domain::Input::report(InputId::new("test", bench.next), report);
        let outcome = bench.engine.submit(input).await.unwrap();
        assert_eq!(outcome, engine::Outcome::Done(Reply::HeadsetsSeen { left_out: 0 }));
    }
}

async fn serials(engine: &Engine) -> Vec<String> {
    let all = engine.headsets(None, 10_000).await.unwrap();
    all.into_iter().map(|headset| headset.serial.to_string()).collect()
}

#[tokio::test]
async fn ops_13_headsets_that_no_phone_reports_are_removed_and_the_rest_stays() {
    let mut bench = Bench::new().await;
    headsets_seen(&mut bench, 1, 0..450, "1001").await;
    bench.clock.advance(DAY * 300);
    headsets_seen(&mut bench, 2, 440..460, "1002").await;
    bench.clock.advance(DAY * 101);
    bench.sign_in("1001", "2001").await;
    for _ in 0..150 {
        bench.wish("1001", domain::Wish::Ready).await;
        bench.wish("1001", domain::Wish::NotReady(None)).await;
    }
    bench.engine.close().await;
    // A node that starts goes by the time of the log's last lines.
    let engine = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    let of_headsets = |plan: &[engine::Overdue]| {
        let found = plan.iter().find(|it| it.kind == engine::KeptKind::Headsets).unwrap().clone();
        (found.count, found.days)
    };
    assert_eq!(of_headsets(&engine.overdue().await.unwrap()), (440, 400));
    assert_eq!(serials(&engine).await.len(), 460);
    assert_eq!(of_headsets(&engine.retain(Actor::gateway()).await.unwrap()), (440, 400));
    let left: Vec<_> = (440..460).map(|number| format!("WTN{number:05}")).collect();
    assert_eq!(serials(&engine).await, left);
    assert_eq!(of_headsets(&engine.overdue().await.unwrap()).0, 0);
    let Document::HeadsetTally(tally) =
        engine.document(&Key::headset_tally()).await.unwrap().unwrap().document
    else {
        panic!("no tally")
    };
    assert_eq!(tally.count, 20);
    let mut told = 0;
    for number in audit_numbers(&engine).await {
        let entry = engine.document(&Key::audit(number)).await.unwrap().unwrap();
        let Document::Audit(entry) = entry.document else { panic!("no entry") };
        if entry.deed.action == "headsets_removed" {
            let count = entry.deed.changes.iter().find(|change| change.field == "count").unwrap();
            told += count.after.as_ref().unwrap().parse::<u64>().unwrap();
        }
    }
    assert_eq!(told, 440);
    engine.close().await;
}

#[tokio::test]
async fn ops_13_headsets_of_a_person_are_erased_with_them() {
    let mut bench = Bench::new().await;
    headsets_seen(&mut bench, 1, 0..3, "Left").await;
    headsets_seen(&mut bench, 2, 3..5, "leftover").await;
    let engine = Arc::clone(&bench.engine);
    let erased = engine.erase(&id("left"), Actor::gateway()).await.unwrap();
    assert_eq!(erased.documents.len(), 3);
    assert_eq!(serials(&engine).await, ["WTN00003", "WTN00004"]);
    // The count is right, so what comes next is counted from there.
    headsets_seen(&mut bench, 1, 0..1, "other").await;
    let tally = engine.document(&Key::headset_tally()).await.unwrap().unwrap().document;
    assert_eq!(tally, Document::HeadsetTally(domain::HeadsetTally { count: 3 }));
    engine.close().await;
}

#[tokio::test]
async fn headsets_come_in_pages_and_an_owner_of_sixteen_has_too_many() {
    let mut bench = Bench::new().await;
    headsets_seen(&mut bench, 1, 0..15, "Fifteen").await;
    headsets_seen(&mut bench, 2, 15..30, "sixteen").await;
    headsets_seen(&mut bench, 3, 30..31, "SIXTEEN").await;
    let engine = Arc::clone(&bench.engine);
    let first = engine.headsets(None, 20).await.unwrap();
    let second = engine.headsets(Some(&first.last().unwrap().serial), 20).await.unwrap();
    assert_eq!((first.len(), second.len()), (20, 11));
    let all: Vec<_> = first.iter().chain(&second).map(|it| it.serial.to_string()).collect();
    assert_eq!(all, serials(&engine).await);
    let last = second.last().unwrap().serial.clone();
    assert!(engine.headsets(Some(&last), 20).await.unwrap().is_empty());
    let owners = ["Fifteen", "Sixteen", "nobody"].map(str::to_owned);
    let found = engine.owners_of_too_many(owners.into()).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["Sixteen"]);
    engine.close().await;
}
