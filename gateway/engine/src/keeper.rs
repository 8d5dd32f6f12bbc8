//! Housekeeping: notices when the store works again, removes what is kept no longer, signs out agents
//! who were removed, ends wrap-ups that a clock that was set back would prolong, and has an absent
//! client waited for anew then.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::{Command, Input, InputId, Timestamp};
use store::StoreError;

use crate::SubmitError;
use crate::engine::{Engine, StoreState};

/// How often a failing store is tried.
const PROBE: Duration = Duration::from_secs(2);
/// How often old outcomes and log lines are looked for, in probes.
const SWEEP_EVERY: u32 = 30;
/// How many of each are removed at once.
const SWEEP: u32 = 1_000;
/// After so long without a line of the log nothing is removed: the clock may be far ahead, and then
/// everything would look old. So it is where the clock moved that far since it was believed last.
const QUIET_MAX: Duration = Duration::from_secs(24 * 3600);
/// After so many looks, a day's worth, a clock that moved so far and stayed there is believed.
const DOUBTS_MAX: u32 = 24 * 60;
/// So many of the log's last lines are looked at when a node starts.
const LOOKED_BACK: u32 = 256;
/// How many times in a row; together more than a node can add in the meantime.
const SWEEPS_MAX: u32 = 200;

/// Keeps house until the engine stops.
pub(crate) async fn keep(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut settings = engine.settings_number.subscribe();
    // Somebody may have been removed while this node was away.
    settings.mark_changed();
    let mut round = 0u32;
    let mut removed_may_be_left = false;
    loop {
        let changed = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            changed = settings.changed() => changed.is_ok(),
            () = tokio::time::sleep(PROBE) => false,
        };
        if !changed {
            round = round.wrapping_add(1);
            if engine.store_state() != StoreState::Working {
                probe(&engine).await;
            } else if round.is_multiple_of(SWEEP_EVERY) && believes(&engine) {
                sweep(&engine).await;
            }
            if round.is_multiple_of(SWEEP_EVERY) {
                look_at_size(&engine).await;
            }
            run_overlong(&engine).await;
            engine.recorder.sweep();
        }
        if changed || removed_may_be_left {
            removed_may_be_left = !sign_out_removed(&engine).await;
        }
    }
}

/// The time of day as it was when it was believed last. It belongs to the engine, so that a keeper
/// that is started again goes on with it.
#[derive(Debug)]
pub(crate) struct Believed {
    now: Timestamp,
    doubts: u32,
}

impl Believed {
    /// Begins where the log ended before this node wrote anything: a clock that is wrong already
    /// when the node starts has nothing else to be compared with. Asked before that. Where the log's
    /// last lines lie far apart it begins before that gap, since a start before this one may have
    /// written what follows under the same wrong clock.
    pub(crate) async fn at_start(engine: &Engine) -> Result<Self, StoreError> {
        let lines = last_lines(engine, LOOKED_BACK).await?;
        let gap = lines.windows(2).find_map(|pair| match pair {
            [before, after] => (after.since(*before) > QUIET_MAX).then_some(*before),
            _ => None,
        });
        let now = gap.or(lines.last().copied()).unwrap_or_else(|| engine.clock.now());
        Ok(Self::since(now))
    }

    /// A time that is believed.
    pub(crate) const fn since(now: Timestamp) -> Self {
        Self { now, doubts: 0 }
    }

    /// Whether the clock moved that far since it was believed last.
    pub(crate) fn is_doubtful(&self, now: Timestamp) -> bool {
        now.since(self.now) > QUIET_MAX
    }

    /// Whether `now` is believed. It is looked at every minute, so a clock that moved by a day jumped.
    fn take(&mut self, now: Timestamp) -> bool {
        if now.since(self.now) > QUIET_MAX && self.doubts < DOUBTS_MAX {
            self.doubts += 1;
            return false;
        }
        *self = Self::since(now);
        true
    }
}

fn believes(engine: &Engine) -> bool {
    let mut believed = engine.believed.lock().unwrap_or_else(PoisonError::into_inner);
    believed.take(engine.clock.now())
}

/// Signs out agents that the settings in force no longer have; false where that has to be tried
/// again. Every node does so; the input's id makes it once.
async fn sign_out_removed(engine: &Engine) -> bool {
    let settings = engine.settings();
    let mut all = true;
    for session in engine.mirror.signed_in() {
        if settings.may_stay(&session.agent) {
            continue;
        }
        let command = Command::SignOutRemoved(session.agent.clone());
        let name = format!("{}/{}/{}", settings.number, session.number, session.generation);
        let input = Input::command(InputId::new("removed", name), command);
        if let Err(error) = engine.submit(input).await {
            tracing::warn!(%error, "an agent who was removed could not be signed out");
            // A session that a newer program wrote is that program's to end.
            let is_for_good =
                matches!(&error, SubmitError::Unavailable { source } if source.is_about_one());
            all &= is_for_good;
        }
    }
    all
}

/// Runs timers that would last too long since the clock was set back, though it does not say they are due.
async fn run_overlong(engine: &Engine) {
    let now = engine.clock.now();
    for session in engine.mirror.signed_in() {
        for wake in [session.overlong_wrap_up(now), session.overlong_absence(now)] {
            let Some(wake) = wake else { continue };
            // One that could not be run is found again in the next round.
            crate::waker::run_one(engine, wake).await;
        }
    }
}

/// Looks how large the store is.
pub(crate) async fn look_at_size(engine: &Engine) {
    // One that does not answer is told elsewhere.
    if let Ok(sizes) = engine.store.sizes().await {
        engine.growth.see(engine.clock.now(), sizes);
    }
}

/// Writes something harmless: a lease of our own that nobody else wants.
async fn probe(engine: &Engine) {
    let name = format!("probe/{}", engine.node);
    let now = engine.clock.now();
    let written = engine.store.acquire_lease(&name, engine.node.as_str(), now, PROBE).await;
    if written.is_ok() {
        engine.note_written();
    }
}

/// Removes in small steps, so that commits in between do not wait long.
async fn sweep(engine: &Engine) {
    let now = engine.clock.now();
    match latest_line(engine).await {
        Ok(Some(latest)) if now.since(latest) <= QUIET_MAX => {}
        Ok(_) => return,
        Err(error) => {
            tracing::warn!(%error, "the end of the log cannot be read");
            return;
        }
    }
    for _ in 0..SWEEPS_MAX {
        match engine.noting(engine.store.sweep(now, SWEEP).await) {
            Ok(0) => return,
            Ok(removed) => tracing::debug!(removed, "old outcomes and log lines removed"),
            Err(error) => {
                tracing::warn!(%error, "old outcomes and log lines cannot be removed");
                return;
            }
        }
    }
}

/// When the latest line of the log was written.
async fn latest_line(engine: &Engine) -> Result<Option<Timestamp>, StoreError> {
    Ok(last_lines(engine, 1).await?.last().copied())
}

/// When the last `count` lines of the log were written, in their order.
async fn last_lines(engine: &Engine, count: u32) -> Result<Vec<Timestamp>, StoreError> {
    let lines = engine.noting(engine.store.last_lines(count).await)?;
    Ok(lines.iter().map(|line| line.at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumped_is_believed_after_a_day_or_once_it_is_set_right() {
        let start = Timestamp::from_seconds(1_000_000);
        let (day, minute) = (QUIET_MAX, Duration::from_secs(60));
        let mut believed = Believed::since(start);
        assert!(believed.take(start.after(minute)));
        for _ in 0..100 {
            assert!(!believed.take(start.after(50 * day)));
        }
        assert!(believed.take(start.after(100 * minute)));
        let mut looks = 1;
        while !believed.take(start.after(50 * day)) {
            looks += 1;
        }
        assert_eq!(looks, 1 + 24 * 60);
        assert!(believed.take(start.after(50 * day + minute)));
        assert!(believed.take(start));
    }
}
