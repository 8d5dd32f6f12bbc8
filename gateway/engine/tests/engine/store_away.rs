//! A store that fails, forgets to answer, or is slow.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Ask, Command, Index, Input, InputId, Key, Reply, Timestamp, Wish};
use engine::{Outcome, StoreState, SubmitError};
use store::{
    Beat, Beats, BlobHead, Commit, Committed, Cursor, DueWakes, Lease, Load, LoadAnswer, LogEntry,
    LogPage, MemoryStore, Promise, Statistics, Store, StoreError,
};
use tokio::sync::watch;

use crate::{Bench, command, sign_in};

const WORKS: u8 = 0;
const FULL: u8 = 1;
/// Commits, then says that it does not know.
const SILENT: u8 = 2;
/// Says that it does not know, and did nothing.
const LOST: u8 = 3;

/// Says each time that it does not know, and does nothing: a disk whose sync fails.
const TRACELESS: u8 = 4;

/// Says that it does not know; the commit arrives with the next one, before it.
const LATE: u8 = 5;

/// Refuses to sign out agents who were removed, and to forget rows of the ledger.
const REMOVAL: u8 = 6;

/// Has no thread any more.
const GONE: u8 = 7;
/// Panics once when timers are asked for.
const PANICS: u8 = 8;
/// Cannot be reached.
const AWAY: u8 = 9;
/// Says that it does not know, and is full from then on.
const LOST_THEN_FULL: u8 = 10;
/// Lets others go ahead after each load.
const SLOW: u8 = 11;

/// A store in memory whose commits go wrong as told.
pub(crate) struct Faulty {
    inner: Arc<MemoryStore>,
    fault: AtomicU8,
    under_way: Mutex<Option<Commit>>,
    /// A document that a newer program wrote.
    pub(crate) newer: Mutex<Option<Key>>,
    /// Whether mails stand in their index as a program before this one had them.
    pub(crate) is_former: AtomicBool,
}

impl Faulty {
    /// A way of its own to that store.
    pub(crate) fn way_to(inner: Arc<MemoryStore>) -> Arc<Self> {
        let (under_way, newer) = (Mutex::default(), Mutex::default());
        let (fault, is_former) = (AtomicU8::new(WORKS), AtomicBool::new(false));
        Arc::new(Self { inner, fault, under_way, newer, is_former })
    }

    pub(crate) fn cut(&self, cut: bool) {
        self.fault.store(if cut { AWAY } else { WORKS }, Ordering::Release);
    }

    pub(crate) fn be_slow(&self) {
        self.fault.store(SLOW, Ordering::Release);
    }

    fn reach(&self) -> Result<(), StoreError> {
        match self.fault.load(Ordering::Acquire) {
            AWAY => Err(StoreError::Unavailable { source: "as told".into() }),
            _ => Ok(()),
        }
    }

    pub(crate) fn refuse_removals(&self, on: bool) {
        self.fault.store(if on { REMOVAL } else { WORKS }, Ordering::Release);
    }
}

#[async_trait]
impl Store for Faulty {
    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        self.reach()?;
        match self.fault.load(Ordering::Acquire) {
            FULL => Err(StoreError::Full),
            REMOVAL
                if ["removed/", "forget_ledger/"]
                    .iter()
                    .any(|it| commit.input.as_str().starts_with(it)) =>
            {
                Err(StoreError::Full)
            }
            TRACELESS => Err(StoreError::Unknown),
            GONE => Err(StoreError::Closed),
            SILENT => {
                self.fault.store(WORKS, Ordering::Release);
                self.inner.commit(commit).await?;
                Err(StoreError::Unknown)
            }
            LOST_THEN_FULL => {
                self.fault.store(FULL, Ordering::Release);
                Err(StoreError::Unknown)
            }
            LOST => {
                self.fault.store(WORKS, Ordering::Release);
                Err(StoreError::Unknown)
            }
            LATE => {
                self.fault.store(WORKS, Ordering::Release);
                *self.under_way.lock().unwrap() = Some(commit);
                Err(StoreError::Unknown)
            }
            _ => {
                let late = self.under_way.lock().unwrap().take();
                if let Some(late) = late {
                    let arrived = self.inner.commit(late).await?;
                    assert!(matches!(arrived, Committed::Done { .. }), "{arrived:?}");
                }
                self.inner.commit(commit).await
            }
        }
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.reach()?;
        match self.fault.load(Ordering::Acquire) {
            FULL => return Err(StoreError::Full),
            TRACELESS => return Err(StoreError::Unknown),
            _ => {}
        }
        self.inner.acquire_lease(name, holder, now, lasting).await
    }

    async fn load(&self, load: Load) -> Result<LoadAnswer, StoreError> {
        let newer = self.newer.lock().unwrap().clone();
        if let Some(key) = newer
            && load.asks.contains(&Ask::Document(key.clone()))
        {
            return Err(StoreError::Newer { kind: key.kind, found: 2, known: 1 });
        }
        self.reach()?;
        let mut answer = self.inner.load(load).await;
        if self.is_former.load(Ordering::Acquire)
            && let Ok(answer) = &mut answer
        {
            let mails = answer.ranges.iter_mut().filter(|(it, _)| it.index == Index::MailOutOpen);
            for indexed in mails.flat_map(|(_, page)| page) {
                // They were there by when they were asked for, which is all of that.
                indexed.value = indexed.value.split('/').nth(1).unwrap().to_owned();
            }
        }
        if self.fault.load(Ordering::Acquire) == SLOW {
            tokio::task::yield_now().await;
        }
        answer
    }
    async fn outcome(&self, input: &InputId) -> Result<Option<Reply>, StoreError> {
        self.inner.outcome(input).await
    }
    async fn read_log(&self, after: Cursor, limit: u32) -> Result<LogPage, StoreError> {
        self.reach()?;
        self.inner.read_log(after, limit).await
    }
    async fn end_of_log(&self) -> Result<Cursor, StoreError> {
        self.inner.end_of_log().await
    }
    async fn due_wakes(&self, now: Timestamp, limit: u32) -> Result<DueWakes, StoreError> {
        let panics =
            self.fault.compare_exchange(PANICS, WORKS, Ordering::AcqRel, Ordering::Acquire);
        assert!(panics.is_err(), "a panic as told");
        self.inner.due_wakes(now, limit).await
    }
    async fn promises(
        &self,
        topic: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Promise>, StoreError> {
        self.inner.promises(topic, after, limit).await
    }
    async fn close_promises(&self, ids: Vec<String>, lease: &Lease) -> Result<(), StoreError> {
        self.inner.close_promises(ids, lease).await
    }
    async fn renew_lease(
        &self,
        lease: &Lease,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Lease, StoreError> {
        self.reach()?;
        self.inner.renew_lease(lease, now, lasting).await
    }
    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release_lease(lease).await
    }
    async fn beat(&self, beat: Beat, now: Timestamp) -> Result<Beats, StoreError> {
        self.reach()?;
        self.inner.beat(beat, now).await
    }

    async fn leave(&self, node: &str, run: u64) -> Result<(), StoreError> {
        self.inner.leave(node, run).await
    }

    async fn last_lines(&self, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.inner.last_lines(limit).await
    }

    async fn put_piece(&self, id: &str, number: u32, body: Vec<u8>) -> Result<(), StoreError> {
        self.inner.put_piece(id, number, body).await
    }
    async fn finish_blob(&self, head: BlobHead) -> Result<(), StoreError> {
        self.inner.finish_blob(head).await
    }
    async fn blob(&self, id: &str) -> Result<Option<BlobHead>, StoreError> {
        self.inner.blob(id).await
    }
    async fn piece(&self, id: &str, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.piece(id, number).await
    }
    async fn delete_blob(&self, id: &str) -> Result<(), StoreError> {
        self.inner.delete_blob(id).await
    }
    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.sweep(now, limit).await
    }
    async fn raise_epoch(&self) -> Result<u64, StoreError> {
        self.inner.raise_epoch().await
    }
    fn wake_up(&self) -> watch::Receiver<u64> {
        self.inner.wake_up()
    }
    fn statistics(&self) -> Statistics {
        self.inner.statistics()
    }
    async fn close(&self) {
        self.inner.close().await;
    }
}

pub(crate) async fn bench() -> (Bench, Arc<Faulty>) {
    let store = Faulty::way_to(Arc::new(MemoryStore::new()));
    (Bench::on(store.clone()).await, store)
}

fn ready(number: u32) -> Input {
    let command = Command::Agent(command("1001", Wish::Ready));
    Input::command(InputId::new("ready", number), command)
}

/// Nobody has to try: the engine looks for itself.
async fn works_again(bench: &Bench) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while bench.engine.store_state() != StoreState::Working {
        assert!(tokio::time::Instant::now() < deadline, "the store is thought to be away");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn ops_11_a_full_disk_is_told_loses_nothing_and_is_recovered_from() {
    let (mut bench, store) = bench().await;
    bench.sign_in("1001", "2001").await;
    store.fault.store(FULL, Ordering::Release);
    let refused = bench.engine.submit(ready(1)).await.unwrap_err();
    assert!(matches!(refused, SubmitError::Unavailable { source: StoreError::Full }));
    let state = bench.engine.store_state();
    assert!(matches!(&state, StoreState::Failing { why, .. } if why.contains("disk is full")));
    assert_eq!(bench.state("1001").await, "not_ready");
    store.fault.store(WORKS, Ordering::Release);
    works_again(&bench).await;
    assert_eq!(bench.engine.submit(ready(1)).await.unwrap(), Outcome::Done(Reply::Done));
    assert_eq!(bench.state("1001").await, "ready");
}

#[tokio::test]
async fn a_commit_that_nobody_knows_of_is_asked_for_by_its_id() {
    let (mut bench, store) = bench().await;
    bench.sign_in("1001", "2001").await;
    for (number, fault) in [(1, SILENT), (2, LOST)] {
        store.fault.store(fault, Ordering::Release);
        let wish = if number == 1 { Wish::Ready } else { Wish::NotReady(None) };
        let input =
            Input::command(InputId::new("wish", number), Command::Agent(command("1001", wish)));
        assert_eq!(bench.engine.submit(input).await.unwrap(), Outcome::Done(Reply::Done));
        assert_eq!(store.fault.load(Ordering::Acquire), WORKS);
        // Whoever is told so sees it.
        assert_eq!(bench.state("1001").await, if number == 1 { "ready" } else { "not_ready" });
    }
    assert_eq!(store.statistics().commits, 5);
    let deadline = Duration::from_secs(10);
    let port = bench.engine.port(Arc::new(engine::testing::PlainAuthenticator));
    let mut latest = port.watch(&crate::key("1001"));
    // The commit that went silent is found in the log.
    let shown = latest
        .wait_for(|it| it.as_ref().and_then(|it| it.signed_in()).is_some_and(|it| it.changes == 2));
    tokio::time::timeout(deadline, shown).await.expect("shown").unwrap();
}

#[tokio::test]
async fn a_commit_that_arrives_after_it_was_asked_for_is_done_once() {
    let (mut bench, store) = bench().await;
    store.fault.store(LATE, Ordering::Release);
    // A sign-in taken anew would be a take-over of the one that arrived late.
    let Outcome::Done(Reply::SignedIn { session }) = bench.sign_in("1001", "2001").await else {
        panic!("not signed in")
    };
    assert!(store.under_way.lock().unwrap().is_none());
    let kept = bench.engine.document(&Key::session(&crate::key("1001"))).await.unwrap();
    let Some(domain::Loaded { version: 1, document: domain::Document::Session(kept) }) = kept
    else {
        panic!("not written once: {kept:?}")
    };
    assert_eq!(kept.holder(), session);
}

#[tokio::test(start_paused = true)]
async fn ops_11_commits_that_leave_no_trace_are_told_as_a_failing_store() {
    let (mut bench, store) = bench().await;
    bench.sign_in("1001", "2001").await;
    store.fault.store(TRACELESS, Ordering::Release);
    let refused = bench.engine.submit(ready(1)).await.unwrap_err();
    assert!(matches!(refused, SubmitError::Unknown), "{refused:?}");
    assert!(matches!(bench.engine.store_state(), StoreState::Failing { .. }));
    store.fault.store(WORKS, Ordering::Release);
    works_again(&bench).await;
    assert_eq!(bench.engine.submit(ready(1)).await.unwrap(), Outcome::Done(Reply::Done));
    assert_eq!(bench.state("1001").await, "ready");
}

#[tokio::test]
async fn a_store_that_lost_its_thread_counts_as_failing() {
    let (mut bench, store) = bench().await;
    bench.sign_in("1001", "2001").await;
    store.fault.store(GONE, Ordering::Release);
    let refused = bench.engine.submit(ready(1)).await.unwrap_err();
    assert!(matches!(refused, SubmitError::Unavailable { .. }), "{refused:?}");
    assert!(matches!(bench.engine.store_state(), StoreState::Failing { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_task_of_the_engine_that_panics_starts_again() {
    let (mut bench, store) = bench().await;
    bench.sign_in("1001", "2001").await;
    let (id, number, direction) = ("c1".into(), "1".into(), domain::CallDirection::Inbound);
    bench.wish("1001", Wish::CallBegins { id, direction, number, variables: Vec::new() }).await;
    bench.wish("1001", Wish::CallEnds { id: None }).await;
    assert_eq!(bench.state("1001").await, "wrap_up");
    store.fault.store(PANICS, Ordering::Release);
    bench.clock.advance(Duration::from_secs(20));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while bench.state("1001").await == "wrap_up" {
        assert!(tokio::time::Instant::now() < deadline, "timers stand still");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(store.fault.load(Ordering::Acquire), WORKS);
}

#[tokio::test]
async fn an_engine_that_stops_takes_nothing_more() {
    let (mut bench, _) = bench().await;
    let wish = sign_in("1001", "2001");
    bench.submit(Command::SignIn(Box::new(wish))).await;
    bench.engine.close().await;
    assert!(matches!(bench.engine.submit(ready(1)).await, Err(SubmitError::Stopping)));
}

#[tokio::test(start_paused = true)]
async fn what_may_still_arrive_is_never_told_as_not_accepted() {
    let (mut bench, store) = bench().await;
    bench.sign_in("1001", "2001").await;
    store.fault.store(LOST_THEN_FULL, Ordering::Release);
    let input =
        Input::command(InputId::new("test", "x"), Command::Agent(command("1001", Wish::Ready)));
    let came = bench.engine.submit(input).await;
    assert!(matches!(came, Err(SubmitError::Unknown)), "{came:?}");
}
