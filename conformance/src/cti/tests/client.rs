//! A client of the machine: writes requests byte by byte, reads what comes back by the tables.

use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};

use crate::cti::numbers::{message, tag};
use crate::cti::options::{CtiArguments, Settings};
use crate::cti::request::text;
use crate::cti::wire::{Framing, Message, NONE, Reader, Width, header};
use crate::cti::world::{Now, Output, Side, World};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    cti: CtiArguments,
}

/// Settings of a command line; two sides unless it says otherwise.
pub(super) fn arguments(words: &str) -> CtiArguments {
    let words = format!("cti-server --listen-b 127.0.0.1:0 {words}");
    Line::try_parse_from(words.split_whitespace()).unwrap().cti
}

fn settings(words: &str) -> Settings {
    arguments(words).settle().unwrap()
}

/// One message received: number, fixed part with whatever floats follow, read on demand.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) number: u32,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn long(&self, at: usize) -> u32 {
        Reader::new(&self.body[at..]).number(4).unwrap()
    }

    pub(super) fn short(&self, at: usize) -> u32 {
        Reader::new(&self.body[at..]).number(2).unwrap()
    }

    /// The data of a floating field after a fixed part of `fixed` bytes.
    pub(super) fn float(&self, fixed: usize, width: Width, tag: u16) -> Option<Vec<u8>> {
        let floats = Reader::new(&self.body[fixed..]).floats(width).unwrap();
        floats.iter().find(|(each, _)| *each == tag).map(|(_, data)| data.to_vec())
    }
}

/// The machine with one or more clients.
pub(super) struct Site {
    pub(super) world: World,
    now: Instant,
    sessions: u64,
    pub(super) received: Vec<(u64, Received)>,
    pub(super) closed: Vec<u64>,
    pub(super) replies: Vec<(u64, Value)>,
    tickets: u64,
    framing: Framing,
}

impl Site {
    pub(super) fn new(words: &str) -> Self {
        let now = Instant::now();
        let settings = settings(words);
        let framing = Framing::of(14, settings.express, settings.width);
        Self {
            world: World::new(settings, Now { instant: now, epoch: 1_000 }),
            now,
            sessions: 0,
            received: Vec::new(),
            closed: Vec::new(),
            replies: Vec::new(),
            tickets: 0,
            framing,
        }
    }

    pub(super) fn now(&self) -> Now {
        Now { instant: self.now, epoch: 1_000 }
    }

    pub(super) fn connect(&mut self, side: Side) -> u64 {
        self.sessions += 1;
        let now = self.now();
        self.world.link_opened(now, self.sessions, side, "test".to_owned());
        self.sessions
    }

    /// Sends a message and answers everything that came for this session.
    pub(super) fn send(&mut self, session: u64, message: &Message) -> Vec<Received> {
        let bytes = message.encode(self.framing);
        self.raw(session, &bytes)
    }

    pub(super) fn raw(&mut self, session: u64, bytes: &[u8]) -> Vec<Received> {
        let (_, number) = header(bytes[..8].try_into().unwrap());
        let now = self.now();
        self.received.clear();
        self.world.frame(now, session, number, &bytes[8..]);
        self.collect();
        self.of(session)
    }

    /// What came for a session since the last input.
    pub(super) fn of(&self, session: u64) -> Vec<Received> {
        let own = self.received.iter().filter(|(each, _)| *each == session);
        own.map(|(_, received)| received.clone()).collect()
    }

    fn collect(&mut self) {
        for output in self.world.take_outputs() {
            match output {
                Output::Send { session, bytes, .. } => {
                    let mut rest = bytes.as_slice();
                    while rest.len() >= 8 {
                        let (length, number) = header(rest[..8].try_into().unwrap());
                        let end = (8 + length as usize).min(rest.len());
                        let body = rest[8..end].to_vec();
                        self.received.push((session, Received { number, body }));
                        rest = &rest[end..];
                    }
                }
                Output::Close { session, .. } => self.closed.push(session),
                Output::Reply { ticket, answer } => self.replies.push((ticket, answer)),
                Output::Told { .. } | Output::Listen { .. } | Output::Line(_) => {}
            }
        }
    }

    /// Lets time pass, timer by timer.
    pub(super) fn pass(&mut self, time: Duration) {
        self.received.clear();
        let end = self.now + time;
        while let Some(at) = self.world.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let now = self.now();
            self.world.wake(now);
        }
        self.now = end;
        self.collect();
    }

    /// A control command, in words.
    #[track_caller]
    pub(super) fn control(&mut self, words: &str) -> Value {
        let answer = self.ask(words);
        assert_eq!(answer["ok"], json!(true), "{words}: {answer}");
        answer
    }

    pub(super) fn ask(&mut self, words: &str) -> Value {
        let request = crate::cti::commands::from_line(words).unwrap();
        self.tickets += 1;
        let (ticket, now) = (self.tickets, self.now());
        self.received.clear();
        self.world.control(now, ticket, &request);
        self.collect();
        let reply = self.replies.iter().find(|(each, _)| *each == ticket);
        reply.map_or(Value::Null, |(_, answer)| answer.clone())
    }

    pub(super) fn violations(&mut self) -> u64 {
        self.control("violations")["count"].as_u64().unwrap()
    }

    /// An open bridge session: all events, control, every mask.
    #[track_caller]
    pub(super) fn bridge(&mut self, side: Side, version: u32) -> u64 {
        self.bridge_with(side, version, 0x16)
    }

    #[track_caller]
    pub(super) fn bridge_with(&mut self, side: Side, version: u32, services: u32) -> u64 {
        let session = self.connect(side);
        self.framing = Framing::of(version, self.framing.express, None);
        let answer = self.send(session, &open(version, services));
        assert_eq!(answer[0].number, message::OPEN_CONF, "{answer:?}");
        session
    }

    pub(super) fn speaks(&mut self, version: u32) {
        self.framing = Framing::of(version, self.framing.express, None);
    }
}

/// `OPEN_REQ` of a bridge.
pub(super) fn open(version: u32, services: u32) -> Message {
    open_with(version, services, 120, [0; 3])
        .text(tag::CLIENT_ID, "RTP")
        .data(tag::CLIENT_PASSWORD, &[])
}

/// The fixed part of `OPEN_REQ`, with masks that hold every bit of that version.
pub(super) fn open_with(version: u32, services: u32, idle: u32, reserved: [u32; 3]) -> Message {
    let calls = if version >= 23 { u32::MAX } else { 0x0FFF_FFFF };
    Message::new(message::OPEN_REQ)
        .longs(&[7, version, idle, NONE, services, calls, 0x3FFF, 0])
        .longs(&reserved)
}

/// `SET_AGENT_STATE_REQ` without a skill group.
pub(super) fn set_state(state: u16, mode: u16, reason: u16, forced: u8) -> Message {
    let message = Message::new(message::SET_AGENT_STATE_REQ)
        .longs(&[9, 5_000])
        .shorts(&[state, mode, 0, reason]);
    message.byte(forced).long(0)
}

/// A sign-in with the password of the small population.
pub(super) fn login(id: &str, instrument: &str) -> Message {
    set_state(0, 0, 0, 0)
        .text(tag::INSTRUMENT, instrument)
        .text(tag::AGENT_ID, id)
        .text(tag::AGENT_PASSWORD, "12345")
}

/// The refusal's status, of `FAILURE_CONF`.
#[track_caller]
pub(super) fn status(answer: &[Received]) -> u32 {
    assert_eq!(answer[0].number, message::FAILURE_CONF, "{answer:?}");
    answer[0].long(4)
}

/// The switch's code, of `CONTROL_FAILURE_CONF`.
#[track_caller]
pub(super) fn failure(answer: &[Received]) -> u32 {
    assert_eq!(answer[0].number, message::CONTROL_FAILURE_CONF, "{answer:?}");
    answer[0].short(4)
}

/// Overall states and reasons of the agent state events.
pub(super) fn states(received: &[Received]) -> Vec<(u32, u32)> {
    let events = received.iter().filter(|it| it.number == message::AGENT_STATE_EVENT);
    events.map(|event| (event.short(30), event.short(32))).collect()
}

pub(super) fn numbers(received: &[Received]) -> Vec<u32> {
    received.iter().map(|it| it.number).collect()
}

pub(super) fn string(data: Option<Vec<u8>>) -> String {
    text(&data.unwrap_or_default())
}
