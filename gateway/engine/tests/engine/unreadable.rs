//! Documents that this program cannot read, since a newer one on another node wrote them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::mail::{MailOut, OpenMail, OutKind, OutState, Proof};
use domain::{
    ContactId, Customer, Decision, Document, Event, InputId, Key, Reply, Wish, Write, WriteBody,
};
use engine::testing::{PlainAuthenticator, SeededRandom, engine_on};
use engine::{Engine, EngineOptions, Metrics, OpenError, SealingKeys, StoreState};
use store::{Commit, StoreError};

use crate::store_away::bench;
use crate::{Bench, key};

/// A line of the log about a document, as a newer node would add it.
async fn touch(bench: &Bench, subject: Key) {
    let events = vec![Event::new("touched", subject)];
    let decision = Decision { events, ..Decision::already(Reply::Done) };
    let commit =
        Commit { input: InputId::new("newer", "1"), at: bench.engine.now(), epoch: None, decision };
    bench.store.commit(commit).await.unwrap();
}

#[tokio::test]
async fn a_session_that_cannot_be_read_holds_up_no_other() {
    let (mut bench, store) = bench().await;
    bench.sign_in("1001", "2001").await;
    bench.sign_in("1002", "2002").await;
    *store.newer.lock().unwrap() = Some(Key::session(&key("1001")));
    let other = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    let port = other.port(Arc::new(PlainAuthenticator));
    assert_eq!(port.signed_in().len(), 1);
    touch(&bench, Key::session(&key("1001"))).await;
    let mut latest = port.watch(&key("1002"));
    bench.wish("1002", Wish::Ready).await;
    let ready = latest.wait_for(|session| {
        session
            .as_ref()
            .and_then(|it| it.signed_in())
            .is_some_and(|it| it.voice.unwrap().state.name() == "ready")
    });
    tokio::time::timeout(Duration::from_secs(10), ready).await.expect("the log goes on").unwrap();
    assert!(other.session_of(&key("1001")).await.is_err());
    assert_eq!(other.store_state(), StoreState::Working);
}

#[tokio::test]
async fn ops_04_what_cannot_be_read_at_start_is_told_by_its_kind() {
    let (bench, store) = bench().await;
    for unreadable in [Key::deployment(), Key::settings_head()] {
        *store.newer.lock().unwrap() = Some(unreadable.clone());
        let options = EngineOptions {
            store: Arc::clone(&bench.store),
            clock: bench.clock.clone(),
            random: Arc::new(SeededRandom::new(2)),
            sealing: Arc::new(SealingKeys::single([7; 32])),
            node: "gw-b.example".parse().unwrap(),
            metrics: Metrics::new(),
        };
        let refused = Engine::open(options).await.unwrap_err();
        let OpenError::Store(StoreError::Newer { kind, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(kind, unreadable.kind);
    }
}

/// Mails that go out as they stand in a store: each a second later than the one before, and every second one is to be
/// looked at an hour from now.
async fn owe(bench: &Bench, mails: u32) -> Vec<MailOut> {
    let now = bench.engine.now();
    let mut owed = Vec::new();
    for number in 0..mails {
        let at = now.after(Duration::from_secs(u64::from(number)));
        let to = Customer { address: "ada@customer.test".to_owned(), name: String::new() };
        let mail = MailOut {
            id: ContactId(number.into()),
            contact: ContactId(1),
            csq: "support".to_owned(),
            message_id: format!("{number}@example.test"),
            at,
            kind: OutKind::Acknowledgement { to },
            state: OutState::Queued,
            tries: 0,
            proof: Proof::default(),
            next_try_at: (number % 2 == 1).then(|| now.after(Duration::from_secs(3_600))),
            other_ids: Vec::new(),
        };
        let body = WriteBody::Put(Document::MailOut(Box::new(mail.clone())));
        let writes = vec![Write { key: Key::mail_out(mail.id), body }];
        let decision = Decision { writes, ..Decision::already(Reply::Done) };
        let input = InputId::new("owed", number);
        let commit = Commit { input, at: now, epoch: None, decision };
        bench.store.commit(commit).await.unwrap();
        owed.push(mail);
    }
    owed
}

#[tokio::test]
async fn mail_05_one_mail_that_cannot_be_read_holds_up_no_other() {
    let (bench, store) = bench().await;
    let mails = owe(&bench, 6).await;
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    let ids = |open: Vec<OpenMail>| open.into_iter().map(|mail| mail.id.0).collect::<Vec<_>>();
    let later = bench.engine.now().after(Duration::from_secs(60));
    assert_eq!(ids(port.mails_out_open().await.unwrap()), [0, 2, 4, 1, 3, 5]);
    assert_eq!(ids(port.mails_out_due(later).await.unwrap()), [0, 2, 4]);
    // A program before this one told less of them in the index, so they are looked at themselves.
    store.is_former.store(true, Ordering::Release);
    assert_eq!(ids(port.mails_out_open().await.unwrap()), [0, 2, 4, 1, 3, 5]);
    *store.newer.lock().unwrap() = Some(Key::mail_out(mails[2].id));
    assert_eq!(ids(port.mails_out_open().await.unwrap()), [0, 4, 1, 3, 5]);
    assert_eq!(ids(port.mails_out_due(later).await.unwrap()), [0, 4]);
}
