//! What must hold whatever comes, and whenever.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::super::{
    Flow, Headers, Limits, Message, Method, Name, StartLine, Status, Value, datagram,
};
use super::via::TopVia;
use super::{
    ClientId, Received, ServerId, TransactionLimits, TransactionOutput, TransactionTimers,
    Transactions,
};

/// Plays a life of transactions: steps with a tilde between them, each a letter for what happens, a byte for
/// how much time goes by before, a byte for the flow, and a message or a few bytes that one is made of. Panics
/// where something does not hold, which is what a fuzzer looks for. `start` is any moment.
pub fn fuzz_transactions(data: &[u8], start: Instant) {
    let mut life = Life::new(start);
    for step in data.split(|byte| *byte == b'~') {
        let [what, time, flow, rest @ ..] = step else { continue };
        // Up to a minute or so, short times more often.
        life.now += Duration::from_millis(u64::from(*time).pow(2));
        life.happen(*what, flow_of(*flow), rest);
        life.drain();
        life.check();
    }
    life.end();
}

const LIMITS: TransactionLimits = TransactionLimits {
    pending_max: 12,
    pending_per_source_max: 6,
    kept_max: 5,
    kept_bytes_max: 400,
};

struct Life {
    transactions: Transactions,
    now: Instant,
    /// Requests of peers that wait for our answer, in their order.
    pending: Vec<ServerId>,
    /// All there ever were.
    servers: HashSet<ServerId>,
    /// Requests of ours that wait, by what they are sent as.
    waiting: HashMap<ClientId, Bytes>,
    /// What may be sent: answers that were given, and requests of ours that wait.
    sendable: HashSet<Bytes>,
    number: u32,
}

impl Life {
    fn new(start: Instant) -> Self {
        Self {
            transactions: Transactions::new(TransactionTimers::default(), LIMITS),
            now: start,
            pending: Vec::new(),
            servers: HashSet::new(),
            waiting: HashMap::new(),
            sendable: HashSet::new(),
            number: 0,
        }
    }

    fn happen(&mut self, what: u8, flow: Flow, rest: &[u8]) {
        match what {
            // A message as it came.
            b'm' => {
                let message = datagram(&lines(rest), &Limits::default());
                if let Ok(message) = message {
                    agrees_with_types(&message);
                    self.receive(flow, &message);
                }
            }
            // A message that is made.
            b'r' => self.receive(flow, &request_of(rest)),
            b's' => self.receive(flow, &response_of(rest)),
            b'q' => self.ask(flow, &request_of(rest)),
            b'a' => self.answer(rest),
            b'x' => {
                if let Some(server) = self.picked(rest) {
                    self.transactions.release(server);
                    self.pending.retain(|other| *other != server);
                }
            }
            b'l' => self.transactions.lost(self.now, flow),
            b'g' => self.quieten(rest),
            // Whoever has the clock may be late.
            b'w' => {}
            _ => self.transactions.elapse(self.now),
        }
    }

    fn receive(&mut self, flow: Flow, message: &Message) {
        let before = self.transactions.counts();
        match self.transactions.received(self.now, flow, message) {
            Received::Request(server) => self.begin(server),
            Received::Cancelled { cancel, invite } => {
                assert_eq!(message.method(), Some(&Method::Cancel));
                assert_ne!(Some(cancel), invite, "a CANCEL is its own INVITE");
                self.begin(cancel);
            }
            Received::Answered { client, is_final } => {
                let is_final_status = message.status().is_some_and(|it| !it.is_provisional());
                assert_eq!(is_final, is_final_status);
                let sent = self.waiting.get(&client).cloned();
                assert!(sent.is_some(), "an answer to what does not wait");
                if is_final {
                    self.waiting.remove(&client);
                    self.sendable.retain(|bytes| Some(bytes) != sent.as_ref());
                }
            }
            Received::Acknowledged => assert_eq!(message.method(), Some(&Method::Ack)),
            Received::Unmatched | Received::Overloaded => {
                assert_eq!(self.transactions.counts(), before, "what is dropped changes something");
            }
            Received::Repeated => {}
        }
    }

    fn begin(&mut self, server: ServerId) {
        assert!(self.servers.insert(server), "an id comes twice");
        self.pending.push(server);
    }

    fn ask(&mut self, flow: Flow, request: &Message) {
        let bytes = self.bytes();
        let sent = self.transactions.request(self.now, flow, request, bytes.clone());
        if let Ok(client) = sent {
            assert!(self.waiting.insert(client, bytes.clone()).is_none(), "an id comes twice");
            self.sendable.insert(bytes);
        }
    }

    fn answer(&mut self, rest: &[u8]) {
        let Some(server) = self.picked(rest) else { return };
        let bytes = self.bytes();
        let status = status_of(rest.get(1).copied().unwrap_or(0));
        self.sendable.insert(bytes.clone());
        if !self.transactions.answer(self.now, server, status, bytes.clone()) {
            self.sendable.remove(&bytes);
        } else if !status.is_provisional() {
            self.pending.retain(|other| *other != server);
        }
    }

    fn quieten(&mut self, rest: &[u8]) {
        let at = usize::from(rest.first().copied().unwrap_or(0)) % self.waiting.len().max(1);
        let mut waiting: Vec<_> = self.waiting.iter().collect();
        waiting.sort_unstable();
        let Some((client, bytes)) = waiting.get(at) else { return };
        self.transactions.quieten(**client);
        self.sendable.remove(*bytes);
    }

    fn picked(&self, rest: &[u8]) -> Option<ServerId> {
        let at = usize::from(rest.first().copied().unwrap_or(0)) % self.pending.len().max(1);
        self.pending.get(at).copied()
    }

    /// Bytes that nobody sent before.
    fn bytes(&mut self) -> Bytes {
        self.number += 1;
        format!("{:030}", self.number).into()
    }

    fn drain(&mut self) {
        while let Some(output) = self.transactions.poll() {
            match output {
                TransactionOutput::Transmit { bytes, .. } => {
                    assert!(self.sendable.contains(&bytes), "what is over is sent");
                }
                TransactionOutput::Failed { client, .. } => {
                    let sent = self.waiting.remove(&client);
                    assert!(sent.is_some(), "what does not wait fails");
                    self.sendable.retain(|bytes| Some(bytes) != sent.as_ref());
                }
            }
        }
    }

    fn check(&mut self) {
        let transactions = &self.transactions;
        // What is forgotten is known by its flow no more.
        self.pending.retain(|server| transactions.flow(*server).is_some());
        let counts = transactions.counts();
        assert_eq!(counts.server_pending, self.pending.len());
        assert_eq!(counts.client_pending, self.waiting.len());
        assert!(counts.server_pending <= LIMITS.pending_max);
        assert!(counts.client_pending <= LIMITS.pending_max);
        assert!(counts.server_kept <= LIMITS.kept_max && counts.client_kept <= LIMITS.kept_max);
        assert!(counts.server_kept_bytes <= LIMITS.kept_bytes_max);
        let is_empty = counts.server_pending + counts.server_kept == 0
            && counts.client_pending + counts.client_kept == 0;
        if is_empty {
            assert_eq!(counts.server_kept_bytes, 0);
        } else {
            assert!(transactions.deadline().is_some(), "something has no end");
        }
    }

    /// All comes to an end by itself.
    fn end(&mut self) {
        for _ in 0..10_000 {
            let Some(deadline) = self.transactions.deadline() else { break };
            self.now = self.now.max(deadline);
            self.transactions.elapse(self.now);
            let next = self.transactions.deadline();
            assert!(next.is_none_or(|next| next > self.now), "a deadline lies in the past");
            self.drain();
            self.check();
        }
        let counts = self.transactions.counts();
        assert_eq!(self.transactions.deadline(), None, "it does not end: {counts:?}");
        assert_eq!((counts.server_pending, counts.server_kept), (0, 0));
        assert_eq!((counts.client_pending, counts.client_kept), (0, 0));
    }
}

/// What is read for matching is what the typed values say.
fn agrees_with_types(message: &Message) {
    let field = message.headers.get(&Name::VIA).and_then(|value| TopVia::read(value.as_str()));
    let (Some(read), Ok(typed)) = (field, message.top_via()) else {
        unreadable();
    };
    assert!(typed.to_string().ends_with(&typed.parameters.to_string()));
    // A quoted branch is none that we match by.
    assert!(read.branch.is_none() || read.branch == typed.branch());
    assert!(typed.sent_by.port.is_none_or(|port| port == read.port));
}

#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
fn unreadable() -> ! {
    panic!("the Via of a message that was taken cannot be read")
}

/// With CR before each LF.
pub(super) fn lines(text: &[u8]) -> Bytes {
    let mut lines = Vec::with_capacity(text.len() + 32);
    for byte in text {
        if *byte == b'\n' && lines.last() != Some(&b'\r') {
            lines.push(b'\r');
        }
        lines.push(*byte);
    }
    lines.into()
}

fn flow_of(byte: u8) -> Flow {
    let peer = ([192, 0, 2, byte % 3], u16::from(byte) + 5_000).into();
    match byte % 5 {
        0 | 1 => Flow::Datagram { socket: 0, peer },
        2 => Flow::Datagram { socket: 1, peer },
        other => Flow::Stream { number: u64::from(other), peer, secure: byte & 0x80 != 0 },
    }
}

fn status_of(byte: u8) -> Status {
    let codes = [100, 180, 200, 202, 401, 404, 408, 481, 487, 488, 503];
    let code = codes.into_iter().cycle().nth(byte.into()).unwrap_or(200);
    Status::new(code).unwrap_or(Status::OK)
}

fn request_of(bytes: &[u8]) -> Message {
    let method = method_of(bytes);
    let headers = headers(bytes, &method);
    let uri = "sip:b@example.com".into();
    Message { start: StartLine::Request { method, uri }, headers, body: Bytes::new() }
}

fn response_of(bytes: &[u8]) -> Message {
    let status = status_of(bytes.get(2).copied().unwrap_or(0));
    let headers = headers(bytes, &method_of(bytes));
    let start = StartLine::Response { status, reason: "".into() };
    Message { start, headers, body: Bytes::new() }
}

fn method_of(bytes: &[u8]) -> Method {
    let names = ["INVITE", "ACK", "CANCEL", "REFER", "REGISTER", "NOTIFY", "OTHER"];
    let number = bytes.first().copied().unwrap_or(0);
    Method::of(names.into_iter().cycle().nth(number.into()).unwrap_or("REFER"))
}

/// The second byte chooses one of a few branches, some of them none by which one could match.
fn headers(bytes: &[u8], method: &Method) -> Headers {
    let number = bytes.get(1).copied().unwrap_or(0);
    let branch = match number % 8 {
        0 => String::new(),
        1 => ";branch=z9hG4bK".to_owned(),
        2 => ";branch=old".to_owned(),
        other => format!(";branch=z9hG4bK{other}"),
    };
    let via = format!("SIP/2.0/UDP h{}{branch}", number / 128);
    let mut headers = Headers::with_room(5);
    for (name, text) in [
        (Name::VIA, via),
        (Name::FROM, "<sip:a@example.com>;tag=f".to_owned()),
        (Name::TO, "<sip:b@example.com>".to_owned()),
        (Name::CALL_ID, "c".to_owned()),
        (Name::CSEQ, format!("1 {method}")),
    ] {
        if let Ok(value) = Value::new(text) {
            headers.push(name, value);
        }
    }
    headers
}
