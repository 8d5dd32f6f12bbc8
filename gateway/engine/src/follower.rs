//! Reads the log after a cursor, so that this node sees what others committed.
//!
//! The store's wake-up says only "look again"; the log says what to look at.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::Kind;
use store::{Cursor, LogEntry, LogPage};

use crate::SubmitError;
use crate::engine::{Engine, is_mirrored};

/// How many lines are read at once.
const PAGE: u32 = 512;
/// How long to wait after the store failed.
const RETRY: Duration = Duration::from_secs(1);

/// Follows the log until the engine stops, on from where it was followed last.
pub(crate) async fn follow(engine: Arc<Engine>) {
    let mut cursor = *engine.followed.lock().unwrap_or_else(PoisonError::into_inner);
    let mut wake_up = engine.store.wake_up();
    let mut stop = engine.stop.subscribe();
    loop {
        wake_up.mark_unchanged();
        match catch_up(&engine, cursor).await {
            Ok(now) => {
                cursor = now;
                *engine.followed.lock().unwrap_or_else(PoisonError::into_inner) = now;
            }
            Err(error) => {
                tracing::warn!(%error, "the log cannot be followed");
                tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = tokio::time::sleep(RETRY) => continue,
                }
            }
        }
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            changed = wake_up.changed() => if changed.is_err() { return },
        }
    }
}

async fn catch_up(engine: &Engine, mut cursor: Cursor) -> Result<Cursor, SubmitError> {
    loop {
        match engine.noting(engine.store.read_log(cursor, PAGE).await)? {
            LogPage::Lines(lines) if lines.is_empty() => return Ok(cursor),
            LogPage::Lines(lines) => {
                for line in lines {
                    look(engine, &line).await?;
                    cursor = line.cursor;
                }
            }
            LogPage::Restarted(end) => {
                match engine.epoch.load(Ordering::Acquire) == end.epoch {
                    // Its tail is gone, or this node was away for longer than lines are kept.
                    true => engine.load_anew().await?,
                    false => engine.meet_epoch(end.epoch).await?,
                }
                cursor = end;
            }
        }
    }
}

async fn look(engine: &Engine, line: &LogEntry) -> Result<(), SubmitError> {
    let subject = &line.event.subject;
    if engine.was_own(line.cursor) || !is_mirrored(subject.kind) {
        return Ok(());
    }
    match subject.kind {
        Kind::Session if line.event.name == domain::ERASED => engine.look_at_erased(subject).await,
        Kind::Session => engine.look_at_session(subject).await,
        // Without all of the new settings those in force stay; what depends on them is refused.
        Kind::SettingsHead => {
            let read = engine.refresh_settings().await;
            engine.passing_over(subject, read.map(Some)).map(|_| ())
        }
        kind if crate::identity::is_of_identity(kind) => engine.look_at_identity(subject).await,
        kind if crate::digital::is_digital(kind) => engine.look_at_digital(subject).await,
        _ => engine.look_at_node(subject).await,
    }
}
