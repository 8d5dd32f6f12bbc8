//! Random work on SQLite, compared step by step with the store in memory.

use domain::{Decision, Event, Guard, WakeChange, Write, WriteBody};
use proptest::prelude::*;
use store::{Cursor, MemoryStore, SqliteStore, Store};

use crate::Folder;
use crate::cases::{commit, empty, key, put, version};

#[derive(Clone, Debug)]
struct Work {
    input: u8,
    document: u8,
    guard: Option<Option<u64>>,
    delete: bool,
    on: bool,
    wake: Option<(u8, u64, bool)>,
}

fn any_work() -> impl Strategy<Value = Work> {
    let guard = prop::option::of(prop::option::of(1u64..5));
    let wake = prop::option::of((0u8..3, 1u64..3, any::<bool>()));
    (0u8..40, 0u8..3, guard, any::<bool>(), any::<bool>(), wake).prop_map(
        |(input, document, guard, delete, on, wake)| Work {
            input,
            document,
            guard,
            delete,
            on,
            wake,
        },
    )
}

fn decision(work: &Work) -> Decision {
    let id = work.document.to_string();
    let body = if work.delete { WriteBody::Delete } else { put(&id, work.on).body };
    let wakes = work.wake.map(|(id, generation, claim)| {
        let id = id.to_string();
        if claim {
            WakeChange::Claim { id, generation }
        } else {
            let due_at = domain::Timestamp::from_seconds(i64::from(work.input));
            WakeChange::Set(domain::Wake { id, due_at, subject: key("w"), generation })
        }
    });
    Decision {
        guards: work.guard.map(|version| Guard { key: key(&id), version }).into_iter().collect(),
        writes: vec![Write { key: key(&id), body }],
        events: vec![Event::new("changed", key(&id))],
        wakes: wakes.into_iter().collect(),
        ..empty()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn sqlite_does_what_memory_does(all in prop::collection::vec(any_work(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = Folder::new("model");
        runtime.block_on(async {
            let memory = MemoryStore::new();
            let sqlite = SqliteStore::open(&folder.store()).unwrap();
            for work in &all {
                let input = work.input.to_string();
                let expected = commit(&memory, &input, decision(work)).await;
                let actual = commit(&sqlite, &input, decision(work)).await;
                assert_eq!(actual, expected, "{work:?}");
            }
            for id in 0..3 {
                let id = id.to_string();
                assert_eq!(version(&sqlite, &id).await, version(&memory, &id).await);
            }
            let end = domain::Timestamp::from_seconds(20);
            let due = memory.due_wakes(end, 100).await.unwrap();
            assert_eq!(sqlite.due_wakes(end, 100).await.unwrap(), due);
            let start = Cursor { epoch: 1, number: 0 };
            let log = memory.read_log(start, 100).await.unwrap();
            assert_eq!(sqlite.read_log(start, 100).await.unwrap(), log);
            sqlite.close().await;
        });
    }
}
