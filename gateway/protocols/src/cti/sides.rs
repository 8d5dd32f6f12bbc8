//! Which side of a pair to connect when ("Session Management", sides A and B).
//!
//! Pure: knows neither sessions nor sockets. Whoever runs them tells what became of each side and
//! does what [`Sides::poll`] says. Below version 24 one side is connected at a time, and a refusal
//! by a standby side only means "not this one"; from version 24 on the standby side is kept open.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::enumerations::SessionType;
use super::framing::Dialect;
use super::session::CloseReason;

/// The first pause after a side failed, and how long a session has to last to count as good.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// How long Unified CCX wants to be left alone after it refused a session.
const EXPRESS_REFUSAL_PAUSE: Duration = Duration::from_secs(10);

/// A side of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The first server.
    A,
    /// The second server.
    B,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Settings of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SidesSettings {
    /// Whether there is a side B.
    pub has_second: bool,
    /// The longest pause; zero stays at one second.
    pub reconnect: Duration,
    /// The product.
    pub dialect: Dialect,
    /// Whether the standby side is kept open: version 24 with the service for it.
    pub keeps_standby: bool,
}

/// What became of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SideInput<'a> {
    /// Its session opened.
    Opened {
        /// Which side.
        side: Side,
        /// What it says about itself.
        session_type: SessionType,
    },
    /// Its session is over, or never was.
    Closed {
        /// Which side.
        side: Side,
        /// Why.
        reason: &'a CloseReason,
    },
    /// Its session is that of the side in charge from now on.
    Promoted {
        /// Which side.
        side: Side,
    },
    /// [`Sides::deadline`] has passed.
    Timer,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SideOutput {
    /// Connect this side and open a session.
    Connect(Side),
    /// Close this side's session; its end is to be told as usual.
    Disconnect(Side),
    /// Another side, or none, is in charge.
    ActiveChanged(Option<Side>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Connecting,
    Active { since: Instant },
    Standby,
    Disconnecting,
}

#[derive(Debug)]
struct One {
    state: State,
    failures: u32,
    retry_at: Instant,
    /// Not before this, whatever happens to the other side.
    held_until: Instant,
}

/// The sides of one pair.
#[derive(Debug)]
pub struct Sides {
    settings: SidesSettings,
    a: One,
    b: One,
    last_tried: Side,
    outputs: VecDeque<SideOutput>,
    both_active: u64,
}

impl Sides {
    /// Begins with side A, at once.
    #[must_use]
    pub fn new(settings: SidesSettings, now: Instant) -> Self {
        let one = || One { state: State::Idle, failures: 0, retry_at: now, held_until: now };
        let mut sides = Self {
            settings,
            a: one(),
            b: one(),
            last_tried: Side::B,
            outputs: VecDeque::new(),
            both_active: 0,
        };
        sides.connect_what_is_due(now);
        sides
    }

    /// The side in charge.
    #[must_use]
    pub fn active(&self) -> Option<Side> {
        let is_active = |side: &Side| matches!(self.one(*side).state, State::Active { .. });
        [Side::A, Side::B].into_iter().find(is_active)
    }

    /// How often both sides said that they are in charge.
    #[must_use]
    pub fn both_active(&self) -> u64 {
        self.both_active
    }

    /// Takes one input. `random` spreads the pauses, so that clients do not come all at once.
    pub fn handle(&mut self, now: Instant, input: &SideInput<'_>, random: u32) {
        match *input {
            SideInput::Opened { side, session_type } => {
                self.opened(now, side, session_type, random)
            }
            SideInput::Promoted { side } if self.one(side).state == State::Standby => {
                self.promoted(now, side, random);
            }
            SideInput::Closed { side, reason } => self.closed(now, side, reason, random),
            SideInput::Promoted { .. } | SideInput::Timer => {}
        }
        self.connect_what_is_due(now);
    }

    /// What to do now.
    pub fn poll(&mut self) -> Option<SideOutput> {
        self.outputs.pop_front()
    }

    /// When [`SideInput::Timer`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.candidates().map(|side| self.one(side).due()).min()
    }

    fn one(&self, side: Side) -> &One {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    fn one_mut(&mut self, side: Side) -> &mut One {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    fn opened(&mut self, now: Instant, side: Side, session_type: SessionType, random: u32) {
        if self.one(side).state != State::Connecting {
            return;
        }
        if session_type != SessionType::Standby {
            return self.claim(now, side, random);
        }
        if self.settings.keeps_standby {
            let one = self.one_mut(side);
            one.state = State::Standby;
            one.failures = 0;
        } else {
            self.disconnect(now, side, random);
        }
    }

    /// `side` says at its opening that it is in charge. Whoever said so first stays.
    fn claim(&mut self, now: Instant, side: Side, random: u32) {
        if self.active().is_some() {
            self.both_active += 1;
            return self.disconnect(now, side, random);
        }
        self.one_mut(side).state = State::Active { since: now };
        self.outputs.push_back(SideOutput::ActiveChanged(Some(side)));
    }

    /// The standby side is in charge from now on: it was told so by the servers themselves, which a
    /// first side that is cut off from them does not know yet.
    fn promoted(&mut self, now: Instant, side: Side, random: u32) {
        if let Some(first) = self.active() {
            self.both_active += 1;
            self.disconnect(now, first, random);
        }
        self.one_mut(side).state = State::Active { since: now };
        self.one_mut(side).failures = 0;
        self.outputs.push_back(SideOutput::ActiveChanged(Some(side)));
    }

    fn disconnect(&mut self, now: Instant, side: Side, random: u32) {
        self.outputs.push_back(SideOutput::Disconnect(side));
        self.failed(now, side, random);
        self.one_mut(side).state = State::Disconnecting;
    }

    fn closed(&mut self, now: Instant, side: Side, reason: &CloseReason, random: u32) {
        match self.one(side).state {
            State::Idle => {}
            State::Disconnecting => self.one_mut(side).state = State::Idle,
            State::Connecting => {
                self.failed(now, side, random);
                let refused = matches!(reason, CloseReason::Refused(_));
                if refused && self.settings.dialect == Dialect::Express {
                    self.one_mut(side).held_until = now + EXPRESS_REFUSAL_PAUSE;
                }
            }
            State::Standby => self.failed(now, side, random),
            State::Active { since } => {
                // A session that lasted lets the other side be tried at once; one that did not is a
                // failure like others, or two broken sides would be tried without end.
                let lasted = now.saturating_duration_since(since) >= PAUSE_FIRST;
                if lasted {
                    self.one_mut(side).failures = 0;
                    self.one_mut(side.other()).retry_at = now;
                }
                self.failed(now, side, random);
                self.outputs.push_back(SideOutput::ActiveChanged(None));
            }
        }
    }

    /// The side pauses: 1 s, doubled with each failure, up to the ceiling; a quarter is left to chance.
    fn failed(&mut self, now: Instant, side: Side, random: u32) {
        let ceiling = self.settings.reconnect.max(PAUSE_FIRST);
        let one = self.one_mut(side);
        let full = PAUSE_FIRST.saturating_mul(1 << one.failures.min(20)).min(ceiling);
        let chance = f64::from(random) / f64::from(u32::MAX);
        one.state = State::Idle;
        one.failures = one.failures.saturating_add(1);
        one.retry_at = now + full.mul_f64(1.0 - chance / 4.0);
    }

    /// Sides that should be connected and are not.
    fn candidates(&self) -> impl Iterator<Item = Side> + use<> {
        let busy = |side| !matches!(self.one(side).state, State::Idle | State::Disconnecting);
        let enough = !self.settings.keeps_standby && (busy(Side::A) || busy(Side::B));
        let mut sides = [self.last_tried.other(), self.last_tried].map(Some);
        for side in &mut sides {
            *side = side.filter(|side| {
                !enough
                    && self.one(*side).state == State::Idle
                    && (self.settings.has_second || *side == Side::A)
            });
        }
        sides.into_iter().flatten()
    }

    fn connect_what_is_due(&mut self, now: Instant) {
        // One at a time: connecting one may make the other superfluous.
        while let Some(side) = self.candidates().find(|side| self.one(*side).due() <= now) {
            self.one_mut(side).state = State::Connecting;
            self.last_tried = side;
            self.outputs.push_back(SideOutput::Connect(side));
        }
    }
}

impl One {
    fn due(&self) -> Instant {
        self.retry_at.max(self.held_until)
    }
}

#[cfg(test)]
mod tests;
