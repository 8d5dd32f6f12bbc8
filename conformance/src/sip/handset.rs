//! One phone as a machine without sockets and clock: what it sends, awaits, answers and complains of.
//!
//! ```text
//!   Off --register--> Registering --200--> Registered --refresh--> Registering
//!    ^                    `--refused/silence--> Off        `--connection lost--> Off, then again
//!    `---------------------200 to Expires: 0------------------'
//! ```
//!
//! Whoever owns the socket calls `connected`, `received`, `lost`, `command` and `elapse`, drains
//! `poll`, and sleeps until `deadline`.
//!
//! - `faults`: what is wrong with the phone on purpose.
//! - `ask`: its own requests and their answers; `serve`: the server's requests.

mod ask;
mod faults;
mod serve;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::compose::{self, Registering, Telling, Thread};
use super::digest::Challenge;
use super::event::Event;
use super::identity::{Identity, Settings, uuid};
use super::judge::asked::Referral;
use super::message::{self, Item, Start};

pub(crate) use self::faults::{Fault, Faults};

use self::ask::Pending;
use self::serve::Served;

/// Resends over UDP: at first, and at most.
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// When a request without answer is given up, and how long an answer is kept over UDP.
const LIFETIME: Duration = Duration::from_secs(32);
/// How long a pong may take.
const PONG_MAX: Duration = Duration::from_secs(10);

/// What whoever drives the phone wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Register,
    Unregister(Option<&'static str>),
    /// A REGISTER as to a standby node.
    KeepAlive,
    Tell(Telling),
    Ping,
    /// Closes the connection and stays away.
    Drop,
    Fault(Fault, bool),
    NoFaults,
    /// The code to answer requests with, whatever they are; `None` for the right one.
    Answer(Option<u16>),
}

/// What is to be done now.
#[derive(Debug)]
pub(crate) enum Output {
    /// Bytes to send; over UDP one datagram.
    Send(Vec<u8>),
    /// A connection is needed.
    Connect,
    /// The connection is to be closed.
    Close,
    Tell(Event),
}

/// Where a phone is with its registrar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Off,
    Registering,
    Registered,
}

/// One phone.
pub(crate) struct Handset {
    settings: Arc<Settings>,
    pub(crate) identity: Identity,
    pub(crate) faults: Faults,
    local: Option<SocketAddr>,
    state: State,
    /// Whether the phone wants to be registered, connections or not.
    wanted: bool,
    /// Commands that wait for a connection.
    waiting: VecDeque<Command>,
    thread: Option<Thread>,
    refresh_at: Option<Instant>,
    ping_at: Option<Instant>,
    /// When the ping under way was sent.
    pinged: Option<Instant>,
    pending: Vec<Pending>,
    /// The last challenge answered and how often its nonce was used.
    proof: Option<(&'static str, Challenge, u32)>,
    served: VecDeque<Served>,
    /// Answers that are held back.
    late: VecDeque<(Instant, Vec<u8>)>,
    referrals: Vec<(Referral, Option<Instant>)>,
    /// What to do once the registrar has let the phone go.
    restart: bool,
    outputs: VecDeque<Output>,
}

impl Handset {
    /// A phone that has just been switched on.
    pub(crate) fn new(settings: Arc<Settings>, identity: Identity) -> Self {
        Self {
            settings,
            identity,
            faults: Faults::default(),
            local: None,
            state: State::Off,
            wanted: false,
            waiting: VecDeque::new(),
            thread: None,
            refresh_at: None,
            ping_at: None,
            pinged: None,
            pending: Vec::new(),
            proof: None,
            served: VecDeque::new(),
            late: VecDeque::new(),
            referrals: Vec::new(),
            restart: false,
            outputs: VecDeque::new(),
        }
    }

    /// What to do next; drain it after every call.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `elapse` is next needed.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let pending = self.pending.iter().map(|each| each.resend_at.min(each.gives_up_at));
        let awaited = self.referrals.iter().filter_map(|(_, until)| *until);
        let late = self.late.iter().map(|(at, _)| *at);
        let pong = self.pinged.map(|at| at + PONG_MAX);
        let own = [self.refresh_at, self.ping_at, pong].into_iter().flatten();
        pending.chain(awaited).chain(late).chain(own).min()
    }

    /// Whether the registrar has granted a binding that has not been given up.
    pub(crate) fn is_registered(&self) -> bool {
        self.state == State::Registered
    }

    /// Whether the phone wants to be at its registrar.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// A connection stands; for UDP a socket.
    pub(crate) fn connected(&mut self, now: Instant, local: SocketAddr, server: SocketAddr) {
        self.local = Some(local);
        let (local, server) = (local.to_string(), server.to_string());
        self.tell(Event::Connected { local, server });
        if self.wanted && self.state == State::Off {
            self.register(now);
        }
        for command in std::mem::take(&mut self.waiting) {
            self.command(now, command);
        }
    }

    /// The connection is gone, and with it whatever was under way.
    pub(crate) fn lost(&mut self, words: &str) {
        if self.local.take().is_none() {
            return;
        }
        self.state = State::Off;
        (self.refresh_at, self.ping_at, self.pinged) = (None, None, None);
        for pending in std::mem::take(&mut self.pending) {
            self.tell(Event::Unanswered { what: pending.what() });
        }
        self.late.clear();
        self.tell(Event::Lost(words.to_owned()));
    }

    /// Something whole came.
    pub(crate) fn received(&mut self, now: Instant, item: Item) {
        let raw = match item {
            Item::EmptyLine => return self.pong(now),
            Item::Message(raw) => raw,
        };
        if self.faults.silent {
            return;
        }
        let parsed = message::parse(&raw, self.settings.transport.is_stream());
        match parsed {
            Err(words) => {
                let line = raw.split(|byte| *byte == b'\r').next().unwrap_or_default();
                self.problem(words, &String::from_utf8_lossy(line));
            }
            Ok(message) => match message.start {
                Start::Status { .. } => self.answered(now, &message),
                Start::Request { .. } => self.serve(now, &message, &raw),
            },
        }
    }

    /// What the server sent is no SIP: nothing after it can be read.
    pub(crate) fn unreadable(&mut self, words: String) {
        self.problem(words, "the stream");
        self.outputs.push_back(Output::Close);
    }

    /// Does what is due.
    pub(crate) fn elapse(&mut self, now: Instant) {
        while self.late.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, bytes)) = self.late.pop_front() {
                self.outputs.push_back(Output::Send(bytes));
            }
        }
        if self.pinged.is_some_and(|at| at + PONG_MAX <= now) {
            self.pinged = None;
            self.problem(format!("no pong within {} s", PONG_MAX.as_secs()), "a ping");
        }
        if self.ping_at.is_some_and(|at| at <= now) {
            self.ping(now);
        }
        if self.refresh_at.is_some_and(|at| at <= now) {
            self.refresh_at = None;
            self.refresh(now);
        }
        self.resend(now);
        let due = |until: &Option<Instant>| until.is_some_and(|until| until <= now);
        let (over, rest) = std::mem::take(&mut self.referrals)
            .into_iter()
            .partition::<Vec<_>, _>(|(_, until)| due(until));
        self.referrals = rest;
        for (referral, _) in over {
            let about = format!("REFER {}", referral.call_id);
            self.problem("no NOTIFY told the outcome of an accepted REFER".to_owned(), &about);
        }
    }

    /// Does what is wanted, or says why it cannot be done.
    pub(crate) fn command(&mut self, now: Instant, command: Command) {
        let needs_connection = matches!(
            command,
            Command::Unregister(_) | Command::KeepAlive | Command::Tell(_) | Command::Ping
        );
        let Some(local) = self.local.filter(|_| needs_connection) else {
            return self.command_offline(now, command, needs_connection);
        };
        match command {
            Command::Unregister(last) => {
                self.wanted = false;
                self.refresh_at = None;
                self.send_register(now, Registering::End(last));
            }
            Command::KeepAlive => self.send_register(now, Registering::KeepAlive),
            Command::Tell(telling) => {
                let refer = compose::refer(&self.settings, &self.identity, local, &telling);
                if matches!(telling, Telling::SoftKey(_)) {
                    self.expect_outcome(&refer);
                }
                self.ask(now, ask::Purpose::Tell(telling), refer);
            }
            Command::Ping => self.ping(now),
            _ => {}
        }
    }

    fn command_offline(&mut self, now: Instant, command: Command, needs_connection: bool) {
        match command {
            Command::Register => {
                self.wanted = true;
                match self.local {
                    None => self.outputs.push_back(Output::Connect),
                    Some(_) => self.register(now),
                }
            }
            Command::Drop => {
                self.wanted = false;
                self.outputs.push_back(Output::Close);
            }
            Command::Fault(fault, on) => self.faults.set(fault, on),
            Command::NoFaults => self.faults = Faults::default(),
            Command::Answer(code) => self.faults.code = code,
            other if needs_connection => {
                self.waiting.push_back(other);
                self.outputs.push_back(Output::Connect);
            }
            _ => {}
        }
    }

    fn register(&mut self, now: Instant) {
        let registering = match (self.state, &self.thread) {
            (State::Registered, Some(_)) => Registering::Refresh,
            _ => Registering::Fresh,
        };
        self.send_register(now, registering);
    }

    fn refresh(&mut self, now: Instant) {
        match self.state {
            State::Registered => self.send_register(now, Registering::Refresh),
            State::Off if self.wanted => self.register(now),
            State::Off | State::Registering => {}
        }
    }

    fn send_register(&mut self, now: Instant, registering: Registering) {
        let Some(local) = self.local else { return };
        if registering == Registering::Fresh {
            self.identity.contact_user = uuid();
            self.thread = None;
            self.state = State::Registering;
        }
        let (settings, identity) = (Arc::clone(&self.settings), self.identity.clone());
        // A keep-alive is addressed to another node: it has a thread of its own.
        let mut own = Thread::new(local);
        let thread = match registering {
            Registering::KeepAlive => &mut own,
            _ => self.thread.get_or_insert_with(|| Thread::new(local)),
        };
        let request = compose::register(&settings, &identity, local, thread, registering);
        self.ask(now, ask::Purpose::Register(registering), request);
    }

    fn ping(&mut self, now: Instant) {
        if self.settings.transport.is_stream() {
            self.outputs.push_back(Output::Send(b"\r\n\r\n".to_vec()));
            self.pinged = Some(now);
        }
        self.ping_at = self.settings.ping.map(|every| now + every);
    }

    fn pong(&mut self, now: Instant) {
        match self.pinged.take() {
            Some(at) => self.tell(Event::Pong { took: now.saturating_duration_since(at) }),
            None => self.problem("an empty line that answers no ping".to_owned(), "the stream"),
        }
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Tell(event));
    }

    fn problem(&mut self, words: String, about: &str) {
        self.tell(Event::Problem { words, about: about.to_owned() });
    }

    fn problems(&mut self, problems: Vec<String>, about: &str) {
        for words in problems {
            self.problem(words, about);
        }
    }
}
