//! The simulated peripheral: its sides and sessions, agents, calls and faults, as one pure machine.
//!
//! Feed it one input with the time, drain `outputs`, call `wake` when `deadline` has come. It knows no
//! socket. What a client does against the guide is refused and kept in `violations`.

mod agent_requests;
mod agents;
mod call_control;
mod calls;
mod commands;
mod faults;
mod lines;
mod load;
mod sessions;
mod sides;
mod teams;
mod waiting;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::agents::Agent;
use self::calls::{Call, PastCall};
use self::faults::Faults;
use self::load::Load;
use self::sessions::Session;
use self::waiting::Waiter;
use super::events;
use super::numbers::{status, status_name};
use super::options::Settings;
use super::record::Told;
use super::request::Malformed;
use super::wire::{Framing, Message};

/// Violations kept; later ones are only counted.
const VIOLATIONS_MAX: usize = 1_000;
/// Requests kept in the log.
const LOG_MAX: usize = 500;

/// One of the two CTI servers of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    A,
    B,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

/// The time, as the machine is told it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) instant: Instant,
    /// Seconds since 1970.
    pub(crate) epoch: u32,
}

/// What is to be done outside.
#[derive(Debug)]
pub(crate) enum Output {
    /// Bytes for a session, `after` a delay.
    Send { session: u64, bytes: Arc<Vec<u8>>, after: Duration },
    /// What the bytes before this one were about, where states are recorded.
    Told { session: u64, told: Told },
    /// The link ends: what is queued is still written, or the connection is reset at once.
    Close { session: u64, reset: bool },
    /// A side's listener opens or closes.
    Listen { side: Side, up: bool },
    /// The answer to a control request.
    Reply { ticket: u64, answer: Value },
    /// A line for whoever watches the program.
    Line(String),
}

/// Something that happens at a time.
#[derive(Clone, Debug)]
enum Timer {
    Idle(u64),
    Ring { leg: u32, generation: u32 },
    WrapUp { agent: usize, generation: u32 },
    ExternalAnswer { leg: u32 },
    MaintenanceDecision { number: u32 },
    MaintenanceEnd { number: u32 },
    Waiter(u64),
    Load,
    Flood,
}

/// State of the two sides.
struct Sides {
    active: Side,
    up: [bool; 2],
    /// A number for each maintenance under way.
    maintenance: Option<u32>,
    maintenances: u32,
}

pub(crate) struct World {
    settings: Settings,
    now: Now,
    agents: Vec<Agent>,
    by_id: HashMap<String, usize>,
    /// Extensions, instruments and second lines; the flag says that it is a second line.
    by_line: HashMap<String, (usize, bool)>,
    /// Who signed on at whose lines.
    occupants: HashMap<usize, usize>,
    calls: BTreeMap<u32, Call>,
    /// Calls that are over: data may still be set for a while.
    past_calls: BTreeMap<u32, PastCall>,
    calls_made: u32,
    legs_made: u32,
    sessions: BTreeMap<u64, Session>,
    sides: Sides,
    online: bool,
    timers: BTreeMap<(Instant, u64), Timer>,
    timers_made: u64,
    monitors_made: u32,
    violations: Vec<Value>,
    violations_count: u64,
    log: VecDeque<Value>,
    faults: Faults,
    /// Confirmations that wait for the events of their request.
    held: Vec<Output>,
    outputs: Vec<Output>,
    /// Where the outputs of the request at hand begin.
    request_start: usize,
    waiters: Vec<Waiter>,
    load: Option<Load>,
    load_report: Value,
}

impl World {
    pub(crate) fn new(settings: Settings, now: Now) -> Self {
        let mut world = Self {
            sides: Sides {
                active: Side::A,
                up: [true, settings.two_sides],
                maintenance: None,
                maintenances: 0,
            },
            settings,
            now,
            agents: Vec::new(),
            by_id: HashMap::new(),
            by_line: HashMap::new(),
            occupants: HashMap::new(),
            calls: BTreeMap::new(),
            past_calls: BTreeMap::new(),
            calls_made: 0,
            legs_made: 0,
            sessions: BTreeMap::new(),
            online: true,
            timers: BTreeMap::new(),
            timers_made: 0,
            monitors_made: 0,
            violations: Vec::new(),
            violations_count: 0,
            log: VecDeque::new(),
            faults: Faults::default(),
            held: Vec::new(),
            outputs: Vec::new(),
            request_start: 0,
            waiters: Vec::new(),
            load: None,
            load_report: Value::Null,
        };
        world.populate();
        world
    }

    /// What is to be done outside, in order.
    pub(crate) fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Whether there is anything to be done outside.
    pub(crate) fn has_outputs(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// When `wake` is to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.keys().next().map(|(at, _)| *at)
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self, now: Now) {
        self.now = now;
        while let Some(entry) = self.timers.first_entry() {
            if entry.key().0 > now.instant {
                break;
            }
            match entry.remove() {
                Timer::Idle(session) => self.idle_over(session),
                Timer::Ring { leg, generation } => self.ring_over(leg, generation),
                Timer::WrapUp { agent, generation } => self.wrap_up_over(agent, generation),
                Timer::ExternalAnswer { leg } => self.external_answers(leg),
                Timer::MaintenanceDecision { number } => self.maintenance_decides(number),
                Timer::MaintenanceEnd { number } => self.maintenance_ends(number),
                Timer::Waiter(ticket) => self.waiter_over(ticket),
                Timer::Load => self.load_goes_on(),
                Timer::Flood => self.flood_goes_on(),
            }
        }
        self.step_over();
    }

    /// After every input: held confirmations go out, and whoever waits is looked at.
    fn step_over(&mut self) {
        self.outputs.append(&mut self.held);
        self.look_at_waiters();
    }

    fn after(&mut self, delay: Duration, timer: Timer) {
        self.timers_made += 1;
        self.timers.insert((self.now.instant + delay, self.timers_made), timer);
    }

    /// Keeps a breach of the guide by a client.
    fn violation(&mut self, session: u64, status: Option<u32>, words: &str) {
        self.violations_count += 1;
        if self.violations.len() < VIOLATIONS_MAX {
            let client = self.sessions.get(&session).map(|it| it.client_id.clone());
            self.violations.push(serde_json::json!({
                "session": session,
                "client": client,
                "status": status,
                "status_name": status.map(status_name),
                "violation": words,
            }));
        }
        self.outputs.push(Output::Line(format!("violation: session {session}: {words}")));
    }

    /// Refuses with `FAILURE_CONF` what the guide forbids, and keeps it as a violation.
    fn refuse_violation(&mut self, session: u64, invoke: u32, malformed: &Malformed) {
        self.violation(session, Some(malformed.status), &malformed.words);
        self.refuse(session, invoke, malformed.status);
    }

    /// Refuses with `FAILURE_CONF` what is allowed to be asked.
    fn refuse(&mut self, session: u64, invoke: u32, status: u32) {
        let message = events::failure_conf(invoke, status, self.settings.failure_conf_bytes);
        self.confirm(session, &message);
    }

    /// Refuses a control request in the switch's name.
    fn fail(&mut self, session: u64, invoke: u32, code: u16) {
        let error = match (self.settings.express, code) {
            // "Agent device off" in the Express table of error values.
            (true, 34 | 260) => 88_004,
            (true, _) => 88_001,
            (false, _) => 0,
        };
        self.confirm(session, &events::control_failure_conf(invoke, code, error));
    }

    /// Sends a confirmation, unless a fault loses it or keeps it until the events are out.
    fn confirm(&mut self, session: u64, message: &Message) {
        if self.faults.loses(message.number) {
            return;
        }
        if let Some(output) = self.output(session, message) {
            if self.faults.event_first {
                self.held.push(output);
            } else {
                self.outputs.push(output);
            }
        }
    }

    /// Sends a message to one session.
    fn send(&mut self, session: u64, message: &Message) {
        self.outputs.extend(self.output(session, message));
    }

    fn output(&self, session: u64, message: &Message) -> Option<Output> {
        let target = self.sessions.get(&session)?;
        let bytes = Arc::new(message.encode(target.framing));
        Some(Output::Send { session, bytes, after: self.faults.delay(target.side) })
    }

    /// Sends bytes that several sessions share.
    fn send_bytes(&mut self, session: u64, bytes: &Arc<Vec<u8>>) {
        if let Some(target) = self.sessions.get(&session) {
            let after = self.faults.delay(target.side);
            self.outputs.push(Output::Send { session, bytes: Arc::clone(bytes), after });
        }
    }

    /// Sends to many sessions, encoded once for each framing among them.
    fn send_all(&mut self, sessions: &[u64], message: &Message) {
        let mut encoded: Vec<(Framing, Arc<Vec<u8>>)> = Vec::new();
        for session in sessions {
            let Some(framing) = self.sessions.get(session).map(|it| it.framing) else { continue };
            let known = encoded.iter().find(|(each, _)| *each == framing).map(|(_, b)| b.clone());
            let bytes = known.unwrap_or_else(|| {
                let bytes = Arc::new(message.encode(framing));
                encoded.push((framing, Arc::clone(&bytes)));
                bytes
            });
            self.send_bytes(*session, &bytes);
        }
    }

    fn pg_status(&self) -> u32 {
        if self.online { 0 } else { 0x4 }
    }

    /// A violation of the form: words, and the status that refuses it.
    fn malformed(status: u32, words: impl Into<String>) -> Malformed {
        Malformed { status, words: words.into() }
    }

    fn required(words: &str) -> Malformed {
        Self::malformed(status::REQUIRED_DATA_MISSING, words)
    }
}
