//! One server: whether it is there, when it is asked next.

use std::time::{Duration, Instant};

use super::{HopFailure, NextHopSettings};

/// How a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be used.
    Up,
    /// It does not answer.
    Down,
    /// It asked to be left alone until then.
    Held {
        /// When that is over.
        until: Instant,
    },
}

#[derive(Debug)]
enum State {
    Up {
        misses: u8,
    },
    /// `pauses` is how many there were; `again` when it may be tried again.
    Down {
        pauses: u32,
        again: Instant,
    },
}

#[derive(Debug)]
pub(super) struct Server {
    state: State,
    held_until: Option<Instant>,
    /// When to ask it; not while a question is open.
    ping_at: Option<Instant>,
    /// Until when it has to have answered.
    answer_by: Option<Instant>,
}

impl Server {
    pub(super) fn new(now: Instant, settings: &NextHopSettings) -> Self {
        let ping_at = (!settings.ping.is_zero()).then_some(now);
        Self { state: State::Up { misses: 0 }, held_until: None, ping_at, answer_by: None }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    /// Whether a request may go to it.
    pub(super) fn is_usable(&self, now: Instant) -> bool {
        let is_held = self.held_until.is_some_and(|until| until > now);
        let is_there = match self.state {
            State::Up { .. } => true,
            // Where it is asked, its answer decides; where it is not, somebody has to try.
            State::Down { again, .. } => {
                self.ping_at.is_none() && self.answer_by.is_none() && again <= now
            }
        };
        is_there && !is_held
    }

    pub(super) fn standing(&self, now: Instant) -> Standing {
        match (&self.state, self.held_until.filter(|until| *until > now)) {
            (State::Down { .. }, _) => Standing::Down,
            (State::Up { .. }, Some(until)) => Standing::Held { until },
            (State::Up { .. }, None) => Standing::Up,
        }
    }

    /// Whether it was down until now.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        settings: &NextHopSettings,
        chance: u8,
    ) -> bool {
        let was_down = !self.is_up();
        self.state = State::Up { misses: 0 };
        self.answer_by = None;
        self.ping_at = match self.held_until.filter(|until| *until > now) {
            _ if settings.ping.is_zero() => None,
            Some(until) => Some(until.min(now + settings.pause_max)),
            None => Some(now + spread(settings.ping, chance)),
        };
        was_down
    }

    pub(super) fn end_hold(&mut self) {
        self.held_until = None;
    }

    pub(super) fn failed(
        &mut self,
        now: Instant,
        settings: &NextHopSettings,
        why: HopFailure,
        chance: u8,
    ) {
        match (why, &self.state) {
            (HopFailure::Silent, State::Up { .. }) if settings.ping.is_zero() => {
                self.miss(now, settings, chance);
            }
            (HopFailure::Silent, State::Up { .. }) => {
                self.ping_at = self.ping_at.map(|at| at.min(now));
            }
            (HopFailure::Elsewhere, _) => {
                self.answered(now, settings, chance);
                let is_held = self.held_until.is_some_and(|until| until > now);
                self.ping_at = self.ping_at.map(|at| if is_held { at } else { now });
            }
            (HopFailure::Lost, State::Up { .. }) => self.go_down(now, settings, 0, chance),
            // Of many requests that fail with a connection, the first says all.
            (HopFailure::Silent | HopFailure::Lost, State::Down { pauses, again }) => {
                let is_tried = if settings.ping.is_zero() {
                    *again <= now
                } else {
                    why == HopFailure::Lost && self.answer_by.is_some()
                };
                if is_tried {
                    self.go_down(now, settings, pauses.saturating_add(1), chance);
                }
            }
            (HopFailure::Unavailable { retry_after_seconds }, _) => {
                let hold = match retry_after_seconds {
                    Some(seconds) => {
                        Duration::from_secs(seconds.max(1).into()).min(settings.hold_max)
                    }
                    None => settings.pause_first,
                };
                let until = now + hold + hold.mul_f64(f64::from(chance) / 2_560.0);
                self.held_until = self.held_until.max(Some(until));
                // It is there, after all.
                self.answered(now, settings, chance);
            }
        }
    }

    /// Whether it is to be asked now.
    pub(super) fn elapse(&mut self, now: Instant, settings: &NextHopSettings, chance: u8) -> bool {
        if self.answer_by.is_some_and(|by| by <= now) {
            self.answer_by = None;
            self.miss(now, settings, chance);
        }
        if self.held_until.is_some_and(|until| until <= now) {
            self.held_until = None;
        }
        let is_due = self.ping_at.is_some_and(|at| at <= now);
        if is_due {
            self.ping_at = None;
            self.answer_by = Some(now + settings.answer);
        }
        is_due
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.ping_at, self.answer_by].into_iter().flatten().min()
    }

    fn miss(&mut self, now: Instant, settings: &NextHopSettings, chance: u8) {
        match &mut self.state {
            State::Down { pauses, .. } => {
                let pauses = pauses.saturating_add(1);
                self.go_down(now, settings, pauses, chance);
            }
            State::Up { misses } if *misses + 1 < settings.misses_max => {
                *misses += 1;
                self.ping_at = (!settings.ping.is_zero()).then_some(now);
            }
            State::Up { .. } => self.go_down(now, settings, 0, chance),
        }
    }

    fn go_down(&mut self, now: Instant, settings: &NextHopSettings, pauses: u32, chance: u8) {
        let doubled = settings.pause_first.saturating_mul(1_u32 << pauses.min(16));
        let again = now + spread(doubled.min(settings.pause_max), chance);
        self.state = State::Down { pauses, again };
        self.answer_by = None;
        self.ping_at = (!settings.ping.is_zero()).then_some(again);
    }
}

/// Three quarters of the time to all of it.
fn spread(time: Duration, chance: u8) -> Duration {
    time.mul_f64(0.75 + f64::from(chance) / 1_024.0)
}
