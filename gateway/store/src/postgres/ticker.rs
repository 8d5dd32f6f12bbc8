//! Notices that something happened, here or at another node, and wakes up who waits for it.
//!
//! ```text
//!   a commit of this node --------------.
//!   watcher: every 50 ms epoch and ends -+--> moved --> waker: wake_up, at most every 50 ms
//! ```
//!
//! The watcher asks for where the log and the outbox are whole, so that a line which becomes visible late
//! wakes up its readers as well. While the database is away it tries less often, and goes on by itself.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::sleep;

use super::fault::Fault;
use super::horizon::Horizon;
use super::identity::{Because, no_row, raise};
use super::link::{Link, pipelined};
use super::options::WORK;
use super::pool::{Pool, within};
use super::statements as own;
use crate::StoreError;
use crate::numbers::{from_sql, to_sql};

/// How often it is looked.
const TICK: Duration = Duration::from_millis(50);
/// So many looks in a row, some ten seconds.
const HELD_UP_LOOKS: u32 = 200;
/// The longest pause between two tries while the database is away.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What was seen last: as long as it stays the same nothing happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    epoch: u64,
    log: u64,
    outbox: u64,
    /// Whether there is more that is not whole yet.
    more: bool,
}

/// Since when lines are there that are not whole.
#[derive(Debug, Default)]
struct HeldUp {
    looks: u32,
}

impl HeldUp {
    /// A transaction takes moments. One that takes longer is somebody else's, in this database.
    fn see(&mut self, seen: Seen) {
        self.looks = if seen.more { self.looks.saturating_add(1) } else { 0 };
        if self.looks == HELD_UP_LOOKS {
            tracing::error!(
                "a transaction that stays open in this database keeps nodes from seeing each other's work; \
                 look for it in pg_stat_activity (backend_xid) and end it"
            );
        }
    }
}

/// Wakes up at once, and then not again for a tick.
pub(super) async fn wake(moved: Arc<Notify>, wake_up: watch::Sender<u64>) {
    loop {
        moved.notified().await;
        wake_up.send_modify(|count| *count += 1);
        sleep(TICK).await;
    }
}

/// Asks to be told that the watcher is at work.
pub(super) type Question = oneshot::Sender<()>;

/// Looks until the store is closed; whoever asks whether it is at work is answered at once.
pub(super) async fn watch(
    pool: Arc<Pool>,
    moved: Arc<Notify>,
    mut questions: mpsc::Receiver<Question>,
) {
    let mut seen = None;
    let mut pause = TICK;
    let mut held_up = HeldUp::default();
    loop {
        let rest = sleep(pause);
        let looking = async {
            rest.await;
            look(&pool).await
        };
        tokio::pin!(looking);
        let looked = loop {
            tokio::select! {
                looked = &mut looking => break looked,
                question = questions.recv() => match question {
                    Some(question) => {
                        let _ = question.send(());
                    }
                    None => return,
                },
            }
        };
        match looked {
            Ok(now) => {
                held_up.see(now);
                if seen.replace(now) != Some(now) {
                    moved.notify_one();
                }
                pause = TICK;
            }
            Err(StoreError::Closed) => return,
            Err(error) => {
                if pause == TICK {
                    let reason = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(%error, reason, "the database is not followed");
                    // A pooler may keep a connection while the server behind it is another one.
                    pool.forget_idle();
                }
                pause = longer(pause);
            }
        }
    }
}

/// Twice as long, not all nodes at the same time.
fn longer(pause: Duration) -> Duration {
    let some = RandomState::new().build_hasher().finish() % 1000;
    let part =
        Duration::from_micros(some.saturating_mul(u64::try_from(pause.as_millis()).unwrap_or(0)));
    (pause * 3 / 2 + part).min(PAUSE_MAX)
}

async fn look(pool: &Pool) -> Result<Seen, StoreError> {
    // Before it is asked: it rises at any time, and falls only where older content was put back.
    let known = pool.known.epoch();
    let (seen, end) = pool.with(async |link: Arc<Link>| ends(&link).await).await?;
    pool.known.see_epoch(seen.epoch);
    if seen.epoch < known || !pool.known.see_log_end(seen.epoch, end) {
        let lent = pool.lend().await?;
        let because = Because::LostTail(seen.epoch.max(known));
        let epoch = within(WORK, raise(&lent.link, &pool.known, because)).await?;
        pool.known.see_epoch(epoch);
        return Ok(Seen { epoch, ..seen });
    }
    Ok(seen)
}

/// Where log and outbox are whole, and where the log ends.
async fn ends(link: &Link) -> Result<(Seen, u64), Fault> {
    let answers = pipelined(vec![
        Box::pin(link.rows(&own::HORIZON, &[])),
        Box::pin(link.rows(&own::UNDER_WAY, &[])),
        Box::pin(link.rows(&own::ENDS, &[])),
    ]);
    let answers = answers.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let [ended, under_way, ends] = answers.as_slice() else { return Err(no_row().into()) };
    let horizon = Horizon::of(ended, under_way)?;
    let row = ends.first().ok_or_else(no_row)?;
    let (log, outbox) = (from_sql(row.try_get(0)?), from_sql(row.try_get(1)?));
    let more = log.max(outbox) >= horizon.number;
    let mut seen = Seen { epoch: horizon.epoch, log, outbox, more };
    if more {
        let row = link.row(&own::ENDS_BELOW, &[&to_sql(horizon.number)]).await?;
        let row = row.ok_or_else(no_row)?;
        (seen.log, seen.outbox) = (from_sql(row.try_get(0)?), from_sql(row.try_get(1)?));
    }
    Ok((seen, log))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_rare_while_the_database_is_away() {
        let mut pause = TICK;
        for _ in 0..20 {
            let next = longer(pause);
            assert!(next > pause || next == PAUSE_MAX);
            pause = next;
        }
        assert_eq!(pause, PAUSE_MAX);
    }
}
