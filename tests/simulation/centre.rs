//! A contact centre's server as far as agents go: who is signed on, and what reaches it when.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{
    AgentId, Extension, HeardState, OwnerAsk, OwnerCommand, OwnerRefusal, OwnerRefusalKind,
    PresenceState, ReasonCode, Target, Timestamp,
};
use engine::testing::SeededRandom;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// What is on the wire of a link that is lost arrives within this time, or never. The next link of the
/// same node takes longer than that.
const FLUSHED_WITHIN_MICROSECONDS: u64 = 500_000;

/// What reached the server or was sent to it, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Record {
    /// A node put a sign-in on the wire; the phone named in it stands for the attempt.
    LoginSent { agent: AgentId, attempt: String },
    /// It arrived, and the agent was signed on then or is now.
    LoginSeen { agent: AgentId, attempt: String },
    /// A forced sign-out that is owed to that generation arrived.
    OwedArrived { agent: AgentId, generation: u32, reason: ReasonCode },
    /// One arrived that an operator asked for where there was no session.
    ForceArrived { agent: AgentId },
    /// The agent signed out by their own wish, or at the contact centre's own desktop.
    SignedOut { agent: AgentId },
    /// A sign-in was taken back.
    Undone { agent: AgentId },
}

/// What a server tells a node.
pub(crate) enum Told {
    /// An agent's state.
    State(AgentId, HeardState),
    /// What came of a request.
    Answer(u64, Result<(), OwnerRefusal>),
    /// The link is lost.
    Closed,
}

#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) state: PresenceState,
    pub(crate) extension: Option<Extension>,
}

struct Link {
    told: mpsc::UnboundedSender<Told>,
    /// No event overtakes another, and no request.
    last_event: Instant,
    last_request: Instant,
    /// Goes with the link.
    up: watch::Sender<()>,
}

struct State {
    seats: BTreeMap<AgentId, Seat>,
    links: HashMap<u64, Link>,
    next_link: u64,
    record: Vec<Record>,
    calm: bool,
}

/// The server.
pub(crate) struct Centre {
    state: Mutex<State>,
    random: SeededRandom,
    /// Whether forced sign-outs log out (LOAD=1), or make Not Ready.
    logs_out: bool,
    /// Whether passwords are checked without a sign-in.
    checks: bool,
    start: Instant,
}

impl Centre {
    pub(crate) fn new(seed: u64, logs_out: bool, checks: bool, start: Instant) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                seats: BTreeMap::new(),
                links: HashMap::new(),
                next_link: 0,
                record: Vec::new(),
                calm: false,
            }),
            random: SeededRandom::new(seed),
            logs_out,
            checks,
            start,
        })
    }

    pub(crate) fn hire(&self, agent: AgentId) {
        let state = PresenceState::SignedOut { reason: None };
        let seat = Seat { state, extension: None };
        self.state.lock().unwrap().seats.insert(agent, seat);
    }

    pub(crate) fn seats(&self) -> BTreeMap<AgentId, Seat> {
        self.state.lock().unwrap().seats.clone()
    }

    pub(crate) fn record(&self) -> Vec<Record> {
        self.state.lock().unwrap().record.clone()
    }

    pub(crate) fn is_signed_on(&self, agent: &AgentId) -> bool {
        let state = self.state.lock().unwrap();
        !matches!(state.seats[agent].state, PresenceState::SignedOut { .. })
    }

    pub(crate) fn be_calm(&self, calm: bool) {
        self.state.lock().unwrap().calm = calm;
    }

    /// A new link; what is told comes by the receiver.
    pub(crate) fn connect(&self) -> (u64, mpsc::UnboundedReceiver<Told>) {
        let (told, telling) = mpsc::unbounded_channel();
        let mut state = self.state.lock().unwrap();
        state.next_link += 1;
        let (number, now) = (state.next_link, Instant::now());
        let up = watch::channel(()).0;
        state.links.insert(number, Link { told, last_event: now, last_request: now, up });
        (number, telling)
    }

    /// Loses a link; what is on its way arrives soon or never.
    pub(crate) fn disconnect(&self, link: u64) {
        let gone = self.state.lock().unwrap().links.remove(&link);
        if let Some(link) = gone {
            let _ = link.told.send(Told::Closed);
        }
    }

    /// Loses any link.
    pub(crate) fn lose_one(&self) {
        let mut links: Vec<u64> = self.state.lock().unwrap().links.keys().copied().collect();
        links.sort_unstable();
        if !links.is_empty() {
            let place = self.below(u64::try_from(links.len()).unwrap());
            self.disconnect(links[usize::try_from(place).unwrap()]);
        }
    }

    /// Puts a request on the wire of a link; with the generation that a sign-out is owed to.
    pub(crate) fn send(
        self: &Arc<Self>,
        link: u64,
        invoke: u64,
        command: OwnerCommand,
        owed: Option<u32>,
    ) {
        let way = self.way();
        let (arrives, mut up) = {
            let mut state = self.state.lock().unwrap();
            if let OwnerAsk::SignIn(sign_in) = &command.ask {
                let attempt = sign_in.device.as_ref().unwrap().to_string();
                let sent = Record::LoginSent { agent: command.agent.clone(), attempt };
                state.record.push(sent);
            }
            let Some(link) = state.links.get_mut(&link) else { return };
            link.last_request = link.last_request.max(Instant::now() + way);
            (link.last_request, link.up.subscribe())
        };
        let is_flushed = self.below(2) == 0;
        let flushed = Duration::from_micros(self.below(FLUSHED_WITHIN_MICROSECONDS));
        let centre = Arc::clone(self);
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(arrives) => {}
                _ = up.changed() => {
                    if !is_flushed {
                        return;
                    }
                    tokio::time::sleep(flushed).await;
                }
            }
            centre.arrive(link, invoke, &command, owed);
        });
    }

    /// Somebody signs out or on at the contact centre's own desktop.
    pub(crate) fn at_the_desktop(self: &Arc<Self>, agent: &AgentId, signs_on: bool) {
        let state = match signs_on {
            true => PresenceState::NotReady { reason: None },
            false => PresenceState::SignedOut { reason: None },
        };
        if self.is_signed_on(agent) != signs_on {
            if !signs_on {
                self.note(Record::SignedOut { agent: agent.clone() });
            }
            self.become_so(agent, state, Some("2999".parse().unwrap()));
        }
    }

    fn arrive(self: &Arc<Self>, link: u64, invoke: u64, command: &OwnerCommand, owed: Option<u32>) {
        let agent = &command.agent;
        let is_on = self.is_signed_on(agent);
        let refuse = |kind, code| {
            Err(OwnerRefusal { kind, code, words: "as the simulated server likes".to_owned() })
        };
        let not_on = || refuse(OwnerRefusalKind::State, 50);
        let answer = match &command.ask {
            OwnerAsk::SignIn(sign_in) => {
                let attempt = sign_in.device.as_ref().unwrap().to_string();
                self.note(Record::LoginSeen { agent: agent.clone(), attempt });
                if is_on {
                    refuse(OwnerRefusalKind::AlreadySignedOn, 259)
                } else {
                    let state = PresenceState::NotReady { reason: None };
                    self.become_so(agent, state, Some(sign_in.extension.clone()));
                    Ok(())
                }
            }
            OwnerAsk::CheckPassword { .. } if self.checks => Ok(()),
            OwnerAsk::CheckPassword { .. } => refuse(OwnerRefusalKind::NotOffered, 0),
            OwnerAsk::ForceOut { reason, .. } => {
                let (agent, reason) = (agent.clone(), *reason);
                self.note(match owed {
                    Some(generation) => Record::OwedArrived { agent, generation, reason },
                    None => Record::ForceArrived { agent },
                });
                if is_on {
                    let reason = Some(reason);
                    let state = match self.logs_out {
                        true => PresenceState::SignedOut { reason },
                        false => PresenceState::NotReady { reason },
                    };
                    self.become_so(&command.agent, state, None);
                    Ok(())
                } else {
                    not_on()
                }
            }
            OwnerAsk::Set { .. } if !is_on => not_on(),
            OwnerAsk::Set { target, .. } => {
                let agent = agent.clone();
                let state = match target {
                    Target::Ready => PresenceState::Ready,
                    Target::NotReady(reason) => PresenceState::NotReady { reason: *reason },
                    Target::SignedOut(reason) => {
                        // Whoever signs out gives a reason here; what is taken back has none.
                        self.note(match reason {
                            Some(_) => Record::SignedOut { agent },
                            None => Record::Undone { agent },
                        });
                        PresenceState::SignedOut { reason: *reason }
                    }
                };
                self.become_so(&command.agent, state, None);
                Ok(())
            }
            OwnerAsk::Query => {
                let seat = self.state.lock().unwrap().seats[agent].clone();
                self.tell(link, Told::State(agent.clone(), self.heard(&seat)));
                self.tell(link, Told::Answer(invoke, Ok(())));
                return;
            }
            OwnerAsk::WrapUp { .. } => Ok(()),
        };
        // Confirmations overtake events and are overtaken; some are lost.
        if !self.is_calm() && self.below(20) == 0 {
            return;
        }
        let way = self.way();
        let centre = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(way).await;
            let state = centre.state.lock().unwrap();
            if let Some(link) = state.links.get(&link) {
                let _ = link.told.send(Told::Answer(invoke, answer));
            }
        });
    }

    fn become_so(
        self: &Arc<Self>,
        agent: &AgentId,
        to: PresenceState,
        extension: Option<Extension>,
    ) {
        let (seat, mut links) = {
            let mut state = self.state.lock().unwrap();
            let seat = state.seats.get_mut(agent).unwrap();
            seat.state = to;
            if extension.is_some() {
                seat.extension = extension;
            }
            (seat.clone(), state.links.keys().copied().collect::<Vec<_>>())
        };
        links.sort_unstable();
        for link in links {
            self.tell(link, Told::State(agent.clone(), self.heard(&seat)));
        }
    }

    fn tell(self: &Arc<Self>, link: u64, told: Told) {
        let way = self.way();
        let arrives = {
            let mut state = self.state.lock().unwrap();
            let Some(link) = state.links.get_mut(&link) else { return };
            link.last_event = link.last_event.max(Instant::now() + way);
            link.last_event
        };
        let centre = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep_until(arrives).await;
            let state = centre.state.lock().unwrap();
            if let Some(link) = state.links.get(&link) {
                let _ = link.told.send(told);
            }
        });
    }

    fn heard(&self, seat: &Seat) -> HeardState {
        HeardState {
            state: seat.state,
            since: Timestamp::from_seconds(1_700_000_000).after(self.start.elapsed()),
            pending: None,
            extension: seat.extension.clone(),
            instrument: None,
            device: None,
        }
    }

    fn note(&self, record: Record) {
        self.state.lock().unwrap().record.push(record);
    }

    fn is_calm(&self) -> bool {
        self.state.lock().unwrap().calm
    }

    /// How long something takes on the wire: mostly little, at times seconds.
    fn way(&self) -> Duration {
        match self.below(12) {
            0 if !self.is_calm() => Duration::from_micros(self.below(2_500_000)),
            1..=3 => Duration::from_micros(self.below(200_000)),
            _ => Duration::from_micros(self.below(5_000)),
        }
    }

    fn below(&self, bound: u64) -> u64 {
        self.random.next() % bound
    }
}
