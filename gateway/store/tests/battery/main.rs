//! One battery for every store: what holds for one holds for all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

mod backup;
mod cases;
mod disk;
mod model;
mod postgres_only;
mod sqlite_only;

use std::sync::Arc;

use store::{MemoryStore, OpenError, PostgresStore, SqliteStore, Store};

/// A folder that goes with the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let unique = format!("jackfield-store-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    fn store(&self) -> std::path::PathBuf {
        self.0.join("store.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Opens a store again. The threads of one dropped without closing end a moment later, and so does a
/// program that another test starts at this moment and that has our open files until it is itself.
async fn open_when_free(path: &std::path::Path) -> Result<SqliteStore, OpenError> {
    for _ in 0..1000 {
        match SqliteStore::open(path) {
            Err(OpenError::InUse { .. }) => {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            opened => return opened,
        }
    }
    panic!("the store stays locked")
}

macro_rules! battery {
    ($($case:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $case() {
                super::cases::$case(super::Arc::new(super::MemoryStore::new())).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                let folder = super::Folder::new(stringify!($case));
                let store = super::SqliteStore::open(&folder.store()).unwrap();
                let store: super::Arc<dyn super::Store> = super::Arc::new(store);
                super::cases::$case(super::Arc::clone(&store)).await;
                store.close().await;
            })*
        }
        mod postgresql {
            $(#[tokio::test]
            async fn $case() {
                let Some(options) = super::postgres_only::database(stringify!($case)) else { return };
                let store = super::PostgresStore::open(options).await.unwrap();
                let store: super::Arc<dyn super::Store> = super::Arc::new(store);
                super::cases::$case(super::Arc::clone(&store)).await;
                store.close().await;
            })*
        }
    };
}

battery!(
    what_is_committed_is_loaded_with_its_version,
    a_guard_that_moved_writes_nothing,
    a_guard_on_nothing_fails_once_something_is_there,
    a_repeated_input_gets_its_first_outcome,
    a_conflict_leaves_the_input_free,
    an_index_follows_its_documents,
    a_range_is_sorted_and_limited,
    the_log_is_read_in_order_after_a_cursor,
    a_new_epoch_restarts_readers_of_the_log,
    a_cursor_beyond_the_end_restarts,
    what_was_decided_in_another_epoch_is_decided_anew,
    the_last_lines_are_given_in_order,
    signs_of_life_have_an_age_and_an_end,
    a_process_started_anew_ends_the_one_before,
    wakes_are_due_in_order_and_say_when_the_next_is,
    a_wake_is_claimed_once,
    a_claim_that_fails_keeps_the_other_claims,
    promises_keep_their_order_and_ids,
    a_promise_outlives_the_outcome_of_its_input,
    promises_are_closed_only_under_the_lease,
    a_lease_has_one_holder_until_it_expires,
    a_released_lease_is_free_at_once,
    a_new_epoch_ends_leases,
    a_blob_exists_once_it_is_finished,
    a_finished_blob_is_never_changed,
    a_shorter_blob_leaves_no_piece_of_a_longer_one,
    a_piece_has_a_limit,
    old_outcomes_and_lines_are_swept,
    callers_at_once_lose_nothing,
    a_commit_whose_caller_left_wakes_others,
);
