//! One session of a client with a CTI server: open it, keep it alive, notice when it dies.
//!
//! ```text
//!   Opening --OPEN_CONF--> Active | Standby --close--> Closing --CLOSE_CONF, 5 s--> Closed
//!      |                      ^---277-----'                                           ^
//!      `--refused, silence----------heartbeats unanswered, idle, 2, malformed --------'
//! ```
//!
//! Pure: feed one input, drain [`Session::poll`], sleep until [`Session::deadline`]. Rules from
//! "Session Management". Every request is answered exactly once, whatever happens to the session.

mod settings;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::confirmation::Confirmation;
use super::enumerations::SessionType;
use super::error::{DecodeError, EncodeError};
use super::event::Event;
use super::framing::{Framer, Framing};
use super::message::{InvokeId, Message, decode, encode};
use super::open::{OpenConf, StoppingRequests};
use super::request::Request;
use super::status::{ControlFailureCode, Status};
use super::{OUTSTANDING_MAX, Text};

pub use settings::SessionSettings;

/// How long the session remembers a request that nobody answers.
const ANSWER_WAIT: Duration = Duration::from_secs(60);

/// What may happen to a session from outside.
#[derive(Debug)]
pub enum Input<'a> {
    /// Bytes came, however they were cut.
    Received(&'a [u8]),
    /// The connection is gone.
    LinkClosed,
    /// [`Session::deadline`] has passed.
    Timer,
}

/// What to do, and what became known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes.
    Transmit(Vec<u8>),
    /// The session is open; what was granted.
    Opened(Box<OpenConf>),
    /// A request was answered.
    Answer {
        /// Which one.
        invoke: InvokeId,
        /// How.
        answer: Answer,
    },
    /// The server tells something.
    Event(Event),
    /// The standby side is in charge from now on.
    Promoted,
    /// The server asks whether it may go into maintenance; see [`Session::answer_maintenance`].
    MaintenanceAsked,
    /// The server decided about maintenance; where it goes on, see [`Session::stopping_requests`].
    MaintenanceDecided {
        /// Whether it goes into maintenance.
        proceeds: bool,
    },
    /// The session is over and the connection has to be reset. Nothing follows.
    Closed(CloseReason),
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Confirmed; for states of agents that only means received.
    Confirmed(Box<Confirmation>),
    /// `FAILURE_CONF`.
    Failed(Status, Text),
    /// `CONTROL_FAILURE_CONF`.
    ControlFailed {
        /// Why.
        code: ControlFailureCode,
        /// The peripheral's own code.
        peripheral_error: u32,
    },
    /// The session ended before an answer came; whether it was done is not known.
    LinkLost,
    /// No answer came for a minute.
    Silent,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// We asked for it.
    #[error("closed as asked")]
    Asked,
    /// The connection went away.
    #[error("the connection was closed")]
    LinkClosed,
    /// No answer to `OPEN_REQ` in time.
    #[error("no answer to the open request")]
    OpenTimeout,
    /// `OPEN_REQ` was refused.
    #[error("open refused: {0}")]
    Refused(Status),
    /// Heartbeats remained without an answer.
    #[error("heartbeats remained unanswered")]
    HeartbeatsUnanswered,
    /// Nothing came for the idle time.
    #[error("nothing came for the idle time")]
    Idle,
    /// A heartbeat was answered by a failure: the server is off-line.
    #[error("the server answered a heartbeat with {0}")]
    Offline(Status),
    /// `FAILURE_EVENT`: the server ended the session.
    #[error("the server ended the session: {0}")]
    Ended(Status),
    /// The peer sent what cannot be read.
    #[error("malformed message")]
    Malformed(#[source] DecodeError),
    /// The peer broke the protocol.
    #[error("protocol error: {0}")]
    Protocol(ProtocolBreach),
}

/// How a peer broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolBreach {
    /// A second `OPEN_CONF`.
    #[error("the session was confirmed twice")]
    OpenedTwice,
    /// An `OPEN_CONF` for another request.
    #[error("the session was confirmed with another invoke id")]
    OtherInvokeId,
}

/// Why a request is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The session is not open, or closing.
    #[error("the session is not open")]
    NotOpen,
    /// A standby side takes no requests.
    #[error("this side is standby")]
    Standby,
    /// We told this side that no more requests come.
    #[error("this side goes into maintenance")]
    Stopping,
    /// Too many requests wait for an answer.
    #[error("{OUTSTANDING_MAX} requests wait for an answer")]
    TooMany,
    /// It cannot be written.
    #[error("the request cannot be written")]
    Encode(#[from] EncodeError),
}

/// What a session met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages read.
    pub received: u64,
    /// Messages of unknown layout.
    pub unknown_messages: u64,
    /// Fields that were passed over.
    pub ignored_fields: u64,
    /// Answers to no request of ours; also those meant for other clients.
    pub unknown_answers: u64,
    /// Messages that make no sense where they came.
    pub out_of_place: u64,
    /// Heartbeats sent.
    pub heartbeats: u64,
    /// Heartbeats that were still unanswered when the next was due.
    pub heartbeats_missed: u64,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for the answer to `OPEN_REQ`.
    Opening,
    /// Open, with the side in charge.
    Active,
    /// Open, with the standby side.
    Standby,
    /// Waiting for the answer to `CLOSE_REQ`.
    Closing,
    /// Over.
    Closed,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Opening { invoke: InvokeId, give_up: Instant },
    Open { is_standby: bool },
    Closing { give_up: Instant },
    Closed,
}

/// A session of a client; see the module for how to drive it.
#[derive(Debug)]
pub struct Session {
    settings: SessionSettings,
    framing: Framing,
    framer: Framer,
    state: State,
    outputs: VecDeque<Output>,
    counts: Counts,
    last_invoke: InvokeId,
    /// Number of the request and when it is given up.
    outstanding: BTreeMap<InvokeId, (u32, Instant)>,
    expiries: BTreeSet<(Instant, InvokeId)>,
    heartbeats: BTreeSet<InvokeId>,
    last_sent: Instant,
    last_received: Instant,
    maintenance: Option<InvokeId>,
    is_stopping: bool,
}

impl Session {
    /// A session over a connection that was just made; the first output is its `OPEN_REQ`.
    pub fn new(settings: SessionSettings, now: Instant) -> Result<Self, EncodeError> {
        let framing = settings.framing();
        let invoke = settings.first_invoke;
        let open = Message::OpenReq(invoke, Box::new(settings.open_request()));
        let bytes = encode(&framing, &open)?;
        Ok(Self {
            framer: Framer::new(settings.maximum_message_bytes),
            state: State::Opening { invoke, give_up: now + settings.open_wait },
            settings,
            framing,
            outputs: VecDeque::from([Output::Transmit(bytes)]),
            counts: Counts::default(),
            last_invoke: invoke,
            outstanding: BTreeMap::new(),
            expiries: BTreeSet::new(),
            heartbeats: BTreeSet::new(),
            last_sent: now,
            last_received: now,
            maintenance: None,
            is_stopping: false,
        })
    }

    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.state {
            State::Opening { .. } => Phase::Opening,
            State::Open { is_standby: false } => Phase::Active,
            State::Open { is_standby: true } => Phase::Standby,
            State::Closing { .. } => Phase::Closing,
            State::Closed => Phase::Closed,
        }
    }

    /// What it met.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Sends `request`; exactly one [`Output::Answer`] with the returned id follows.
    pub fn request(&mut self, now: Instant, request: Request) -> Result<InvokeId, RequestError> {
        match self.state {
            State::Open { is_standby: false } if self.is_stopping => {
                return Err(RequestError::Stopping);
            }
            State::Open { is_standby: false } => {}
            State::Open { is_standby: true } => return Err(RequestError::Standby),
            _ => return Err(RequestError::NotOpen),
        }
        if self.outstanding.len() >= OUTSTANDING_MAX {
            return Err(RequestError::TooMany);
        }
        let invoke = self.next_invoke();
        let number = request.number();
        self.send(now, &Message::Request(invoke, request))?;
        let expiry = now + ANSWER_WAIT;
        self.outstanding.insert(invoke, (number, expiry));
        self.expiries.insert((expiry, invoke));
        Ok(invoke)
    }

    /// Closes the session, telling `status`; before it is open, at once.
    pub fn close(&mut self, now: Instant, status: Status) {
        match self.state {
            State::Opening { .. } => self.end(CloseReason::Asked),
            State::Open { .. } => {
                let invoke = self.next_invoke();
                match self.send(now, &Message::CloseReq(invoke, status)) {
                    Ok(()) => {
                        let give_up = now + self.settings.close_wait;
                        self.state = State::Closing { give_up };
                    }
                    Err(_) => self.end(CloseReason::Asked),
                }
            }
            State::Closing { .. } | State::Closed => {}
        }
    }

    /// Answers [`Output::MaintenanceAsked`]; the server takes silence of 5 s for a no. Does nothing
    /// where the server did not ask.
    pub fn answer_maintenance(&mut self, now: Instant, accept: bool) -> Result<(), EncodeError> {
        let Some(invoke) = self.maintenance.take().filter(|_| self.is_open()) else {
            return Ok(());
        };
        self.send(now, &Message::MaintenanceResp(invoke, accept))
    }

    /// Tells the server that no more requests come to this side; the server then drops the
    /// connection. Requests are refused from now on.
    pub fn stopping_requests(&mut self, now: Instant) -> Result<(), EncodeError> {
        if !self.is_open() {
            return Ok(());
        }
        let invoke_id = Some(self.next_invoke());
        self.send(now, &Message::StoppingRequests(StoppingRequests { invoke_id }))?;
        self.is_stopping = true;
        Ok(())
    }

    /// Takes one input. An error tells what of the peer's could not be read; the session then ends
    /// with the same reason.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) -> Result<(), DecodeError> {
        match input {
            _ if matches!(self.state, State::Closed) => Ok(()),
            Input::Received(bytes) => self.receive(now, bytes),
            Input::LinkClosed => {
                let asked = matches!(self.state, State::Closing { .. });
                self.end(if asked { CloseReason::Asked } else { CloseReason::LinkClosed });
                Ok(())
            }
            Input::Timer => {
                self.timer(now);
                Ok(())
            }
        }
    }

    /// What to do now. Drain it after every call that takes the time.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timer`] is due, `None` once the session is over.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let state = match self.state {
            State::Opening { give_up, .. } => return Some(give_up),
            State::Closing { give_up } => Some(give_up),
            State::Open { .. } => self.settings.heartbeat.map(|interval| {
                (self.last_sent + interval).min(self.last_received + self.settings.idle_timeout)
            }),
            State::Closed => return None,
        };
        let expiry = self.expiries.first().map(|(expiry, _)| *expiry);
        state.into_iter().chain(expiry).min()
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    fn send(&mut self, now: Instant, message: &Message) -> Result<(), EncodeError> {
        self.outputs.push_back(Output::Transmit(encode(&self.framing, message)?));
        self.last_sent = now;
        Ok(())
    }

    /// The next id that nobody waits for.
    fn next_invoke(&mut self) -> InvokeId {
        loop {
            self.last_invoke = InvokeId(self.last_invoke.0.wrapping_add(1));
            let waits = self.outstanding.contains_key(&self.last_invoke)
                || self.heartbeats.contains(&self.last_invoke);
            if self.last_invoke.0 != 0 && !waits {
                return self.last_invoke;
            }
        }
    }

    fn receive(&mut self, now: Instant, mut bytes: &[u8]) -> Result<(), DecodeError> {
        while !matches!(self.state, State::Closed) {
            let read = match self.framer.next(&mut bytes) {
                Ok(Some(frame)) => decode(&self.framing, frame),
                Ok(None) => return Ok(()),
                Err(error) => Err(error),
            };
            match read {
                Ok(decoded) => {
                    self.counts.received += 1;
                    self.counts.ignored_fields += u64::from(decoded.ignored_fields);
                    self.last_received = now;
                    self.message(decoded.message);
                }
                Err(error) => {
                    self.end(CloseReason::Malformed(error.clone()));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn message(&mut self, message: Message) {
        let opening = match self.state {
            State::Opening { invoke, .. } => Some(invoke),
            _ => None,
        };
        match (message, opening) {
            (Message::Unknown { .. }, _) => self.counts.unknown_messages += 1,
            (Message::FailureEvent(status), _) => self.end(CloseReason::Ended(status)),
            (Message::OpenConf(id, conf), Some(invoke)) if id == invoke => {
                let is_standby = conf.session_type == SessionType::Standby;
                self.state = State::Open { is_standby };
                self.outputs.push_back(Output::Opened(conf));
            }
            (Message::OpenConf(..), Some(_)) => {
                self.end(CloseReason::Protocol(ProtocolBreach::OtherInvokeId));
            }
            (Message::OpenConf(..), None) => {
                self.end(CloseReason::Protocol(ProtocolBreach::OpenedTwice));
            }
            // Servers that cannot read the request may not know its id either.
            (Message::FailureConf(_, failure), Some(_)) => {
                self.end(CloseReason::Refused(failure.status));
            }
            (_, Some(_)) => self.counts.out_of_place += 1,
            (message, None) => self.open_message(message),
        }
    }

    fn open_message(&mut self, message: Message) {
        match message {
            Message::Event(event) => self.outputs.push_back(Output::Event(event)),
            Message::Confirmation(invoke, confirmation) => {
                // Without IGNORE_CONF, answers to other clients' requests may come too.
                let asked = confirmation.request_number();
                if self.outstanding.get(&invoke).is_some_and(|(number, _)| *number == asked) {
                    self.answer(invoke, Answer::Confirmed(Box::new(confirmation)));
                } else {
                    self.counts.unknown_answers += 1;
                }
            }
            Message::FailureConf(invoke, failure) if self.heartbeats.contains(&invoke) => {
                self.end(CloseReason::Offline(failure.status));
            }
            Message::FailureConf(invoke, failure) => {
                self.answer(invoke, Answer::Failed(failure.status, failure.text));
            }
            Message::ControlFailureConf(invoke, failure) => {
                let (code, peripheral_error) = (failure.code, failure.peripheral_error);
                self.answer(invoke, Answer::ControlFailed { code, peripheral_error });
            }
            Message::HeartbeatConf(invoke) if self.heartbeats.contains(&invoke) => {
                self.heartbeats.clear();
            }
            Message::HeartbeatConf(_) => self.counts.unknown_answers += 1,
            Message::CloseConf(_) if matches!(self.state, State::Closing { .. }) => {
                self.end(CloseReason::Asked);
            }
            Message::StandbyActive => {
                if let State::Open { is_standby: is_standby @ true } = &mut self.state {
                    *is_standby = false;
                    self.outputs.push_back(Output::Promoted);
                } else {
                    self.counts.out_of_place += 1;
                }
            }
            Message::MaintenanceReq(invoke) => {
                self.maintenance = Some(invoke);
                self.outputs.push_back(Output::MaintenanceAsked);
            }
            Message::MaintenanceEvent(proceeds) => {
                self.maintenance = None;
                self.outputs.push_back(Output::MaintenanceDecided { proceeds });
            }
            _ => self.counts.out_of_place += 1,
        }
    }

    fn answer(&mut self, invoke: InvokeId, answer: Answer) {
        match self.outstanding.remove(&invoke) {
            Some((_, expiry)) => {
                self.expiries.remove(&(expiry, invoke));
                self.outputs.push_back(Output::Answer { invoke, answer });
            }
            None => self.counts.unknown_answers += 1,
        }
    }

    fn timer(&mut self, now: Instant) {
        match self.state {
            State::Opening { give_up, .. } if give_up <= now => self.end(CloseReason::OpenTimeout),
            State::Closing { give_up } if give_up <= now => self.end(CloseReason::Asked),
            State::Open { .. } => self.keep_alive(now),
            _ => {}
        }
        while let Some(&(expiry, invoke)) = self.expiries.first().filter(|(at, _)| *at <= now) {
            self.expiries.remove(&(expiry, invoke));
            self.outstanding.remove(&invoke);
            self.outputs.push_back(Output::Answer { invoke, answer: Answer::Silent });
        }
    }

    fn keep_alive(&mut self, now: Instant) {
        let Some(interval) = self.settings.heartbeat else { return };
        if now >= self.last_received + self.settings.idle_timeout {
            return self.end(CloseReason::Idle);
        }
        if now < self.last_sent + interval {
            return;
        }
        let unanswered = u32::try_from(self.heartbeats.len()).unwrap_or(u32::MAX);
        self.counts.heartbeats_missed += u64::from(unanswered > 0);
        if unanswered >= self.settings.missed_heartbeats.max(1) {
            return self.end(CloseReason::HeartbeatsUnanswered);
        }
        let invoke = self.next_invoke();
        if self.send(now, &Message::HeartbeatReq(invoke)).is_ok() {
            self.counts.heartbeats += 1;
            self.heartbeats.insert(invoke);
        }
    }

    /// Nobody is left without an answer.
    fn end(&mut self, reason: CloseReason) {
        self.state = State::Closed;
        self.expiries.clear();
        for invoke in std::mem::take(&mut self.outstanding).into_keys() {
            self.outputs.push_back(Output::Answer { invoke, answer: Answer::LinkLost });
        }
        self.outputs.push_back(Output::Closed(reason));
    }
}

#[cfg(test)]
mod tests;
