//! Transactions played with a clock and a network of our own.

mod acceptance;
mod limits;
mod mutations;
mod network;

use super::*;
use crate::sip::Value;

/// One side, and what it said.
struct Play {
    transactions: Transactions,
    start: Instant,
}

impl Play {
    fn new() -> Self {
        Self::with(TransactionLimits::default())
    }

    fn with(limits: TransactionLimits) -> Self {
        let transactions = Transactions::new(TransactionTimers::default(), limits);
        Self { transactions, start: Instant::now() }
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.start + Duration::from_millis(milliseconds)
    }

    fn receive(&mut self, milliseconds: u64, flow: Flow, message: &Message) -> Received {
        self.transactions.received(self.at(milliseconds), flow, message)
    }

    fn ask(&mut self, milliseconds: u64, flow: Flow, request: &Message) -> ClientId {
        let now = self.at(milliseconds);
        self.transactions.request(now, flow, request, Bytes::from_static(b"request")).unwrap()
    }

    fn answer(&mut self, milliseconds: u64, server: ServerId, status: Status) -> bool {
        let bytes = format!("answer {}", status.code()).into();
        self.transactions.answer(self.at(milliseconds), server, status, bytes)
    }

    fn outputs(&mut self) -> Vec<TransactionOutput> {
        std::iter::from_fn(|| self.transactions.poll()).collect()
    }

    /// What is sent and what fails, with the milliseconds, until nothing is due any more.
    fn run(&mut self) -> Vec<(u128, TransactionOutput)> {
        let mut now = self.start;
        let mut all = Vec::new();
        loop {
            let after = (now - self.start).as_millis();
            all.extend(self.outputs().into_iter().map(|output| (after, output)));
            let Some(deadline) = self.transactions.deadline() else { return all };
            assert!(deadline > now, "a deadline lies in the past");
            now = deadline;
            self.transactions.elapse(now);
        }
    }

    /// The same up to a time.
    fn run_until(&mut self, milliseconds: u64) -> Vec<(u128, TransactionOutput)> {
        let mut all = Vec::new();
        let end = self.at(milliseconds);
        while let Some(deadline) = self.transactions.deadline().filter(|due| *due <= end) {
            self.transactions.elapse(deadline);
            let after = (deadline - self.start).as_millis();
            all.extend(self.outputs().into_iter().map(|output| (after, output)));
        }
        all
    }

    fn is_empty(&self) -> bool {
        let counts = self.transactions.counts();
        let counts = [
            counts.server_pending,
            counts.server_kept,
            counts.server_kept_bytes,
            counts.client_pending,
            counts.client_kept,
        ];
        counts == [0; 5] && self.transactions.deadline().is_none()
    }
}

fn udp(last: u8) -> Flow {
    Flow::Datagram { socket: 0, peer: ([192, 0, 2, last], 5060).into() }
}

fn tcp(number: u64) -> Flow {
    Flow::Stream { number, peer: ([192, 0, 2, 1], 50_000).into(), secure: false }
}

fn transmit(flow: Flow, text: &str) -> TransactionOutput {
    TransactionOutput::Transmit { flow, bytes: text.to_owned().into() }
}

fn is_transmit(output: &TransactionOutput) -> bool {
    matches!(output, TransactionOutput::Transmit { .. })
}

fn headers(via: &str, method: &str) -> crate::sip::Headers {
    let mut headers = crate::sip::Headers::default();
    for (name, value) in [
        (Name::VIA, via),
        (Name::FROM, "<sip:a@example.com>;tag=f1"),
        (Name::TO, "<sip:b@example.com>"),
        (Name::CALL_ID, "c1"),
        (Name::CSEQ, &format!("1 {method}")),
    ] {
        headers.push(name, Value::new(value.to_owned()).unwrap());
    }
    headers
}

fn request_via(method: &str, via: &str) -> Message {
    let start = StartLine::Request { method: Method::of(method), uri: "sip:b@example.com".into() };
    Message { start, headers: headers(via, method), body: Bytes::new() }
}

fn request(method: &str, branch: &str) -> Message {
    request_via(method, &format!("SIP/2.0/UDP host.example:5060;branch=z9hG4bK{branch}"))
}

fn response(code: u16, method: &str, branch: &str) -> Message {
    let start = StartLine::Response { status: Status::new(code).unwrap(), reason: "".into() };
    Message { start, ..request(method, branch) }
}

fn with(mut message: Message, name: Name, value: &str) -> Message {
    message.headers.set(name, Value::new(value.to_owned()).unwrap());
    message
}

fn new(received: Received) -> ServerId {
    match received {
        Received::Request(server) => server,
        other => panic!("{other:?}"),
    }
}
