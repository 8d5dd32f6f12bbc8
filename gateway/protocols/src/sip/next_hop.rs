//! Which of a next hop's servers to use: the first in their order that is there and has not asked to be left
//! alone.
//!
//! ```text
//!   Up --misses one after the other, or its connection is lost--> Down
//!   Down --it answers anything--> Up
//!   each of them: held until a time after a 503, or until it answers a ping with success
//! ```
//!
//! - While all is well each server is asked by OPTIONS every `ping`; whatever it answers to anything puts that off.
//!   One that does not answer is asked again at once. One that is down is asked after a pause that doubles up
//!   to a ceiling, with some chance in it, so that many of us do not come back at the same moment.
//! - Without pings a server that is down is tried again by the next request after its pause.
//! - A request that gets no answer says little: a phone behind the server may be silent. So it only has the
//!   server asked; without pings it counts as a miss.
//! - A 503 to what was meant for somebody behind the server may be theirs, and says as little: the server is asked.
//!   One that gave it to us is left alone, and asked now and then whether it is well again.
//! - Requests with one Call-ID stay with one server while it can be used, though a better one comes back.
//!
//! Knows no addresses: servers are called by their place in the settings.

mod conversations;
mod server;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use conversations::Conversations;
use server::Server;

pub use server::Standing;

/// How a next hop is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextHopSettings {
    /// How many servers it has.
    pub servers: usize,
    /// How long between two pings; zero for none.
    pub ping: Duration,
    /// How long a ping may go without an answer before it counts as missed.
    pub answer: Duration,
    /// So many misses one after the other mean that the server is down.
    pub misses_max: u8,
    /// The first pause after it went down.
    pub pause_first: Duration,
    /// The longest pause.
    pub pause_max: Duration,
    /// The longest that a server is left alone because it said so.
    pub hold_max: Duration,
    /// How many conversations stay with their server; the one that was used least lately is let go first.
    pub conversations_max: usize,
}

impl Default for NextHopSettings {
    fn default() -> Self {
        Self {
            servers: 1,
            ping: Duration::from_secs(30),
            answer: Duration::from_secs(5),
            misses_max: 3,
            pause_first: Duration::from_secs(2),
            pause_max: Duration::from_secs(60),
            hold_max: Duration::from_secs(3_600),
            conversations_max: 50_000,
        }
    }
}

/// What went wrong with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HopFailure {
    /// A request got no answer. A ping that got none need not be told.
    Silent,
    /// Its connection is gone, or none came about.
    Lost,
    /// It answered 503 to what was meant for somebody behind it.
    Elsewhere,
    /// It answered 503 to what was meant for itself.
    Unavailable {
        /// What its Retry-After says.
        retry_after_seconds: Option<u32>,
    },
}

/// What to do, or to tell; each names a server by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextHopOutput {
    /// Send it an OPTIONS.
    Ping(usize),
    /// It is there again.
    Up(usize),
    /// It is not there any more.
    Down(usize),
}

/// The servers of one next hop. `random` is a new number with each call.
#[derive(Debug)]
pub struct NextHop {
    settings: NextHopSettings,
    servers: Vec<Server>,
    conversations: Conversations,
    outputs: VecDeque<NextHopOutput>,
}

impl NextHop {
    /// All servers count as there, and are asked at once where there are pings.
    #[must_use]
    pub fn new(now: Instant, settings: NextHopSettings) -> Self {
        let settings = settings.usable();
        let servers = (0..settings.servers).map(|_| Server::new(now, &settings)).collect();
        Self {
            settings,
            servers,
            conversations: Conversations::new(settings.conversations_max),
            outputs: VecDeque::new(),
        }
    }

    /// Which server a request with that Call-ID goes to, those left out that were `tried` with it. `None` where
    /// none can be used now.
    pub fn choose(&mut self, now: Instant, call_id: &str, tried: &[usize]) -> Option<usize> {
        let is_usable = |place: &usize| {
            let server = self.servers.get(*place);
            !tried.contains(place) && server.is_some_and(|server| server.is_usable(now))
        };
        let kept = self.conversations.server_of(call_id).filter(is_usable);
        let place = kept.or_else(|| (0..self.servers.len()).find(is_usable))?;
        self.conversations.keep(call_id, place);
        Some(place)
    }

    /// The conversation with that Call-ID is over.
    pub fn finished(&mut self, call_id: &str) {
        self.conversations.forget(call_id);
    }

    /// A server answered something that is no 503.
    pub fn answered(&mut self, now: Instant, place: usize, random: u64) {
        let chance = chance(random, place);
        if let Some(server) = self.servers.get_mut(place)
            && server.answered(now, &self.settings, chance)
        {
            self.outputs.push_back(NextHopOutput::Up(place));
        }
    }

    /// A server answered a ping with success: nothing that it said before has it left alone any longer.
    pub fn well(&mut self, now: Instant, place: usize, random: u64) {
        if let Some(server) = self.servers.get_mut(place) {
            server.end_hold();
        }
        self.answered(now, place, random);
    }

    /// Something went wrong with a server.
    pub fn failed(&mut self, now: Instant, place: usize, why: HopFailure, random: u64) {
        let chance = chance(random, place);
        let Some(server) = self.servers.get_mut(place) else { return };
        let was_up = server.is_up();
        server.failed(now, &self.settings, why, chance);
        self.tell(place, was_up);
    }

    /// Does what became due.
    pub fn elapse(&mut self, now: Instant, random: u64) {
        for place in 0..self.servers.len() {
            let Some(server) = self.servers.get_mut(place) else { return };
            let was_up = server.is_up();
            let is_pinged = server.elapse(now, &self.settings, chance(random, place));
            self.tell(place, was_up);
            if is_pinged {
                self.outputs.push_back(NextHopOutput::Ping(place));
            }
        }
    }

    /// When to call [`NextHop::elapse`] next.
    pub fn deadline(&self) -> Option<Instant> {
        self.servers.iter().filter_map(Server::deadline).min()
    }

    /// What to do now. Drain it after every call.
    pub fn poll(&mut self) -> Option<NextHopOutput> {
        self.outputs.pop_front()
    }

    /// How each server stands, in their order.
    pub fn standings(&self, now: Instant) -> Vec<Standing> {
        self.servers.iter().map(|server| server.standing(now)).collect()
    }

    fn tell(&mut self, place: usize, was_up: bool) {
        let is_up = self.servers.get(place).is_some_and(Server::is_up);
        if is_up != was_up {
            let output = if is_up { NextHopOutput::Up } else { NextHopOutput::Down };
            self.outputs.push_back(output(place));
        }
    }
}

impl NextHopSettings {
    /// Nothing below a second but no pings at all, and nothing above a day.
    fn usable(mut self) -> Self {
        let usable =
            |time: Duration| time.clamp(Duration::from_secs(1), Duration::from_secs(86_400));
        if !self.ping.is_zero() {
            self.ping = usable(self.ping);
        }
        self.answer = usable(self.answer);
        self.pause_first = usable(self.pause_first);
        self.pause_max = usable(self.pause_max).max(self.pause_first);
        self.hold_max = usable(self.hold_max);
        self.misses_max = self.misses_max.max(1);
        self
    }
}

/// A number of 0 to 255 for a server, so that several do not wait equally long.
fn chance(random: u64, place: usize) -> u8 {
    let shift = u32::try_from(place % 8).unwrap_or(0) * 8;
    random.rotate_right(shift).to_be_bytes().last().copied().unwrap_or(0)
}
