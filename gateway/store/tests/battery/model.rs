//! Random work on SQLite and on PostgreSQL, compared step by step with the store in memory; they are closed
//! and opened again in between. Numbers of lines and promises are compared by their order alone.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::{
    Ask, Claim, Decision, Document, Effect, Event, Guard, Index, IndexRange, Key, Kind, OwedUntil,
    SessionNumber, Timestamp, Wake, WakeChange, Write, WriteBody,
};
use proptest::prelude::*;
use store::{
    BlobHead, Committed, Cursor, Load, LogEntry, LogPage, MemoryStore, PostgresStore, Promise,
    SqliteStore, Store, StoreError,
};

use crate::cases::{NOW, commit, empty, key, put, session};
use crate::{Folder, open_when_free};

/// So few of each that random work meets itself.
const IDS: u8 = 3;
const KINDS: [Kind; 4] = [Kind::Node, Kind::Session, Kind::Line, Kind::Device];

#[derive(Clone, Debug)]
struct Change {
    kind: Kind,
    id: u8,
    delete: bool,
    /// What the document says; a session stands in an index under it.
    value: u64,
}

#[derive(Clone, Debug)]
enum WakeWork {
    Set { id: u8, second: i64, generation: u64 },
    Clear { id: u8 },
    Claim { id: u8, generation: u64 },
}

#[derive(Clone, Debug)]
enum Work {
    Commit {
        input: u8,
        guard: Option<(Kind, u8, Option<u64>)>,
        changes: Vec<Change>,
        wakes: Vec<WakeWork>,
        topics: Vec<u8>,
    },
    Range {
        index: Index,
        from: u64,
        to: u64,
        limit: u32,
    },
    Due {
        second: i64,
        limit: u32,
    },
    Promises {
        topic: u8,
        after: u64,
        limit: u32,
    },
    Log {
        after: u64,
        limit: u32,
    },
    /// Taken by one of two holders, then everything promised so far is closed under it.
    Close {
        holder: u8,
        second: i64,
    },
    Blob {
        id: u8,
        number: u32,
        bytes: u8,
    },
    Finish {
        id: u8,
        pieces: u32,
        digest: u8,
    },
    Sweep {
        day: i64,
    },
    Epoch,
    Reopen,
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(&KINDS[..])
}

fn any_commit() -> impl Strategy<Value = Work> {
    let guard = prop::option::weighted(0.4, (any_kind(), 0..IDS, prop::option::of(1u64..4)));
    let change = (any_kind(), 0..IDS, prop::bool::weighted(0.3), 0u64..4)
        .prop_map(|(kind, id, delete, value)| Change { kind, id, delete, value });
    let wake = prop_oneof![
        2 => (0..IDS, 0i64..60, 1u64..3)
            .prop_map(|(id, second, generation)| WakeWork::Set { id, second, generation }),
        1 => (0..IDS).prop_map(|id| WakeWork::Clear { id }),
        1 => (0..IDS, 1u64..3).prop_map(|(id, generation)| WakeWork::Claim { id, generation }),
    ];
    let changes = prop::collection::vec(change, 0..4);
    let wakes = prop::collection::vec(wake, 0..2);
    let topics = prop::collection::vec(0..2u8, 0..2);
    (0u8..60, guard, changes, wakes, topics).prop_map(|(input, guard, changes, wakes, topics)| {
        Work::Commit { input, guard, changes, wakes, topics }
    })
}

fn any_work() -> impl Strategy<Value = Work> {
    let index = prop::sample::select(&Index::ALL[..]);
    prop_oneof![
        12 => any_commit(),
        3 => (index, 0u64..4, 0u64..4, 0u32..5)
            .prop_map(|(index, from, to, limit)| Work::Range { index, from, to, limit }),
        2 => (0i64..60, 0u32..4).prop_map(|(second, limit)| Work::Due { second, limit }),
        2 => (0..2u8, 0u64..9, 0u32..4)
            .prop_map(|(topic, after, limit)| Work::Promises { topic, after, limit }),
        1 => (0u64..20, 0u32..9).prop_map(|(after, limit)| Work::Log { after, limit }),
        1 => (0..2u8, 0i64..30).prop_map(|(holder, second)| Work::Close { holder, second }),
        2 => (0..IDS, 0u32..3, 0u8..5)
            .prop_map(|(id, number, bytes)| Work::Blob { id, number, bytes }),
        1 => (0..IDS, 0u32..3, 0u8..2)
            .prop_map(|(id, pieces, digest)| Work::Finish { id, pieces, digest }),
        1 => (0i64..200).prop_map(|day| Work::Sweep { day }),
        1 => Just(Work::Epoch),
        1 => Just(Work::Reopen),
    ]
}

fn key_of(kind: Kind, id: u8) -> Key {
    match kind {
        Kind::Session => session(&format!("100{id}"), 0).key,
        _ => Key::new(kind, id.to_string()),
    }
}

fn write(change: &Change) -> Write {
    let key = key_of(change.kind, change.id);
    let session = session(&format!("100{}", change.id), change.value);
    let body = match (change.delete, change.kind) {
        (true, _) => WriteBody::Delete,
        (_, Kind::Session) => session.body,
        (_, Kind::Node) => put("", change.value.is_multiple_of(2)).body,
        (_, kind) => {
            let agent = format!("owned:{}", change.value).parse().unwrap();
            let claim = Claim { agent, session: SessionNumber(change.value) };
            WriteBody::Put(match kind {
                Kind::Line => Document::Line(claim),
                _ => Document::Device(claim),
            })
        }
    };
    Write { key, body }
}

fn effect(topic: u8, place: usize) -> Effect {
    let owed = (topic == 1).then(|| OwedUntil {
        subject: key_of(Kind::Session, topic),
        generation: u64::MAX,
        deadline: NOW,
    });
    Effect { topic: topic.to_string(), payload: place.to_string(), owed }
}

fn wake(work: &WakeWork) -> WakeChange {
    match *work {
        WakeWork::Set { id, second, generation } => WakeChange::Set(Wake {
            id: id.to_string(),
            due_at: Timestamp::from_seconds(second),
            subject: key("w"),
            generation,
        }),
        WakeWork::Clear { id } => WakeChange::Clear(id.to_string()),
        WakeWork::Claim { id, generation } => WakeChange::Claim { id: id.to_string(), generation },
    }
}

/// Does `work` and says all that came of it.
async fn play(store: &dyn Store, work: &Work) -> String {
    match work.clone() {
        Work::Commit { input, guard, changes, wakes, topics } => {
            let guards = guard.map(|(kind, id, version)| Guard { key: key_of(kind, id), version });
            let effects = topics.iter().enumerate().map(|(place, topic)| effect(*topic, place));
            let events = changes.iter().map(|change| {
                Event::new("changed", key_of(change.kind, change.id)).with("to", change.value)
            });
            let decision = Decision {
                guards: guards.into_iter().collect(),
                writes: changes.iter().map(write).collect(),
                events: events.collect(),
                effects: effects.collect(),
                wakes: wakes.iter().map(wake).collect(),
                ..empty()
            };
            let writes_lines = !changes.is_empty();
            match commit(store, &input.to_string(), decision).await {
                Committed::Done { cursor } if writes_lines => {
                    assert_eq!(cursor, store.end_of_log().await.unwrap());
                    format!("done in {}", cursor.epoch)
                }
                Committed::Done { cursor } => format!("done in {}", cursor.epoch),
                other => format!("{other:?}"),
            }
        }
        Work::Range { index, from, to, limit } => {
            let (from, to) = (SessionNumber(from).to_string(), SessionNumber(to).to_string());
            let range = IndexRange { index, from, to, limit };
            let load = Load { asks: vec![Ask::Range(range)], input: None };
            format!("{:?}", store.load(load).await.unwrap().ranges)
        }
        Work::Due { second, limit } => {
            let due = store.due_wakes(Timestamp::from_seconds(second), limit).await.unwrap();
            // When a page is full, each may look again in its own time.
            format!("{:?}", due.due)
        }
        Work::Promises { topic, after, limit } => {
            let topic = topic.to_string();
            let all = store.promises(&topic, 0, 100).await.unwrap();
            let after = numbered(all.iter().map(|promise| promise.number), after);
            without_numbers(store.promises(&topic, after, limit).await.unwrap())
        }
        Work::Log { after, limit } => {
            let end = store.end_of_log().await.unwrap();
            let all = lines(store).await;
            let number = numbered(all.iter().map(|line| line.cursor.number), after);
            match store.read_log(Cursor { number, ..end }, limit).await.unwrap() {
                LogPage::Lines(lines) => said(&lines),
                LogPage::Restarted(now) => {
                    assert_eq!(now, end);
                    "restarted".to_owned()
                }
            }
        }
        Work::Close { holder, second } => {
            let now = NOW.after(Duration::from_secs(second.unsigned_abs()));
            let (holder, lasting) = (holder.to_string(), Duration::from_secs(6));
            let taken = store.acquire_lease("outbox", &holder, now, lasting).await.unwrap();
            if let Some(lease) = &taken {
                let open = store.promises("0", 0, 9).await.unwrap();
                let ids = open.into_iter().map(|promise| promise.id).collect();
                store.close_promises(ids, lease).await.unwrap();
            }
            format!("{taken:?}")
        }
        Work::Blob { id, number, bytes } => {
            let put = store.put_piece(&id.to_string(), number, vec![bytes; bytes.into()]).await;
            match put {
                Ok(()) => "put".to_owned(),
                Err(StoreError::BlobFinished { .. }) => "finished".to_owned(),
                Err(error) => panic!("{error}"),
            }
        }
        Work::Finish { id, pieces, digest } => {
            let (id, digest) = (id.to_string(), digest.to_string());
            let head = BlobHead { id, bytes: pieces.into(), pieces, digest, at: NOW };
            match store.finish_blob(head).await {
                Ok(()) => "done".to_owned(),
                Err(StoreError::BlobFinished { .. }) => "finished".to_owned(),
                Err(error) => panic!("{error}"),
            }
        }
        Work::Sweep { day } => {
            let now = NOW.after(Duration::from_secs(day.unsigned_abs() * 24 * 3600));
            store.sweep(now, 1_000).await.unwrap().to_string()
        }
        Work::Epoch => store.raise_epoch().await.unwrap().to_string(),
        Work::Reopen => String::new(),
    }
}

/// The number at that place of those there are; 0 before the first, and one beyond the last.
fn numbered(numbers: impl Iterator<Item = u64>, place: u64) -> u64 {
    let numbers: Vec<_> = numbers.collect();
    match usize::try_from(place).unwrap().checked_sub(1) {
        None => 0,
        Some(index) => match numbers.get(index) {
            Some(number) => *number,
            None => numbers.last().map_or(place, |last| last + place),
        },
    }
}

async fn lines(store: &dyn Store) -> Vec<LogEntry> {
    let start = Cursor { number: 0, ..store.end_of_log().await.unwrap() };
    let LogPage::Lines(lines) = store.read_log(start, 1_000).await.unwrap() else {
        panic!("restarted")
    };
    assert!(lines.is_sorted_by(|a, b| a.cursor < b.cursor));
    lines
}

/// What lines say, without their numbers.
fn said(lines: &[LogEntry]) -> String {
    let said = lines.iter().map(|line| (line.cursor.epoch, line.at, &line.event));
    format!("{:?}", said.collect::<Vec<_>>())
}

fn without_numbers(promises: Vec<Promise>) -> String {
    assert!(promises.is_sorted_by(|a, b| a.number < b.number));
    let promises = promises.into_iter().map(|promise| Promise { number: 0, ..promise });
    format!("{:?}", promises.collect::<Vec<_>>())
}

/// All that a store holds.
async fn picture(store: &dyn Store) -> String {
    let documents =
        KINDS.into_iter().flat_map(|kind| (0..IDS).map(move |id| Ask::Document(key_of(kind, id))));
    let ranges = Index::ALL.map(|index| {
        Ask::Range(IndexRange { index, from: String::new(), to: "~".to_owned(), limit: 100 })
    });
    let asks = documents.chain(ranges).collect();
    let loaded = store.load(Load { asks, input: None }).await.unwrap();
    let due = store.due_wakes(Timestamp::from_seconds(100), 100).await.unwrap();
    let log = said(&lines(store).await);
    let mut kept = Vec::new();
    for topic in ["0", "1"] {
        kept.push(without_numbers(store.promises(topic, 0, 100).await.unwrap()));
    }
    let mut blobs = Vec::new();
    for id in (0..IDS).map(|id| id.to_string()) {
        blobs.push((store.blob(&id).await.unwrap(), Vec::new()));
        for number in 0..3 {
            blobs.last_mut().unwrap().1.push(store.piece(&id, number).await.unwrap());
        }
    }
    let (documents, ranges) = (loaded.documents, loaded.ranges);
    format!("{documents:?}\n{ranges:?}\n{due:?}\n{log}\n{kept:?}\n{blobs:?}")
}

/// Closed as a whole, opened again; what was not finished of blobs goes with it.
async fn reopen(sqlite: SqliteStore, path: &Path, memory: &MemoryStore) -> SqliteStore {
    sqlite.close().await;
    drop(sqlite);
    for id in (0..IDS).map(|id| id.to_string()) {
        if memory.blob(&id).await.unwrap().is_none() {
            memory.delete_blob(&id).await.unwrap();
        }
    }
    open_when_free(path).await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sqlite_does_what_memory_does(all in prop::collection::vec(any_work(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = Folder::new("model");
        runtime.block_on(async {
            let memory = MemoryStore::new();
            let mut sqlite = SqliteStore::open(&folder.store()).unwrap();
            for work in &all {
                if let Work::Reopen = work {
                    sqlite = reopen(sqlite, &folder.store(), &memory).await;
                    assert_eq!(picture(&sqlite).await, picture(&memory).await);
                }
                let expected = play(&memory, work).await;
                assert_eq!(play(&sqlite, work).await, expected, "{work:?}");
            }
            assert_eq!(picture(&sqlite).await, picture(&memory).await);
            sqlite.close().await;
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn postgresql_does_what_memory_does(all in prop::collection::vec(any_work(), 1..60)) {
        static DATABASES: AtomicUsize = AtomicUsize::new(0);
        let name = format!("model_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let Some(options) = crate::postgres_only::database(&name) else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let memory = MemoryStore::new();
            let mut postgres = PostgresStore::open(options.clone()).await.unwrap();
            for work in &all {
                if let Work::Reopen = work {
                    postgres.close().await;
                    postgres = PostgresStore::open(options.clone()).await.unwrap();
                    assert_eq!(picture(&postgres).await, picture(&memory).await);
                }
                let expected = play(&memory, work).await;
                assert_eq!(play(&postgres, work).await, expected, "{work:?}");
            }
            assert_eq!(picture(&postgres).await, picture(&memory).await);
            postgres.close().await;
        });
    }
}
