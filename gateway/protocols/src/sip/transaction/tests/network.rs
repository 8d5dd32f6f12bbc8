//! Two sides and a network between them that loses, doubles, delays and reorders.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use proptest::prelude::*;

use super::*;

/// How bad the network is, and who answers how late.
#[derive(Clone, Debug)]
struct Weather {
    seed: u64,
    requests: u64,
    loss_percent: u64,
    doubled_percent: u64,
    delay_milliseconds_max: u64,
    thought_milliseconds_max: u64,
    silent_percent: u64,
    is_breaking: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ask(u64),
    ToServer { text: (Kind, u64, u16), stream: Option<u64> },
    ToClient { text: (Kind, u64, u16), stream: Option<u64> },
    Answer { server: ServerId, request: u64 },
    Break(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Request,
    Ack,
    Answer,
}

struct World {
    weather: Weather,
    state: u64,
    start: Instant,
    after: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    numbers: u64,
    client: Transactions,
    server: Transactions,
    asked: HashMap<ClientId, u64>,
    over: HashSet<u64>,
    done: HashMap<u64, u32>,
    answered: HashMap<u64, u64>,
    acknowledged: HashSet<u64>,
}

fn stream_of(request: u64) -> Option<u64> {
    request.is_multiple_of(3).then_some(request % 4)
}

fn method_of(request: u64) -> &'static str {
    ["REFER", "INVITE", "REGISTER", "NOTIFY"][(request / 3 % 4) as usize]
}

fn flow(stream: Option<u64>, peer: u8) -> Flow {
    stream.map_or(udp(peer), tcp)
}

impl World {
    fn new(weather: Weather) -> Self {
        let new = || Transactions::new(TransactionTimers::default(), TransactionLimits::default());
        let mut world = Self {
            state: weather.seed | 1,
            weather,
            start: Instant::now(),
            after: 0,
            events: BinaryHeap::new(),
            numbers: 0,
            client: new(),
            server: new(),
            asked: HashMap::new(),
            over: HashSet::new(),
            done: HashMap::new(),
            answered: HashMap::new(),
            acknowledged: HashSet::new(),
        };
        for request in 0..world.weather.requests {
            let at = world.random(20_000);
            world.plan(at, Event::Ask(request));
        }
        if world.weather.is_breaking {
            for stream in 0..4 {
                let at = world.random(40_000);
                world.plan(at, Event::Break(stream));
            }
        }
        world
    }

    /// Below `below`; xorshift, so that a seed says everything.
    fn random(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below.max(1)
    }

    fn plan(&mut self, at: u64, event: Event) {
        self.numbers += 1;
        self.events.push(Reverse((at, self.numbers, event)));
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.after)
    }

    /// Plays until nothing is under way and nothing is due.
    fn play(&mut self) {
        loop {
            let event = self.events.peek().map(|Reverse((at, ..))| *at);
            let due = [self.client.deadline(), self.server.deadline()].into_iter().flatten().min();
            let due = due.map(|due| (due - self.start).as_nanos().div_ceil(1_000_000) as u64);
            let Some(next) = [event, due].into_iter().flatten().min() else { return };
            assert!(next >= self.after, "time stands still");
            self.after = next;
            if due == Some(next) {
                let now = self.now();
                for side in [&mut self.client, &mut self.server] {
                    side.elapse(now);
                    assert!(side.deadline().is_none_or(|due| due > now));
                }
            } else if let Some(Reverse((_, _, event))) = self.events.pop() {
                self.happen(event);
            }
            self.carry();
        }
    }

    fn happen(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Ask(request) if method_of(request) == "INVITE" => {
                // Its client is a script: it sends at some times and acknowledges what comes.
                for again in [0, 500, 1_500] {
                    let after = self.after + again;
                    self.send(after, Kind::Request, request, 0);
                    if stream_of(request).is_some() {
                        break;
                    }
                }
            }
            Event::Ask(request) => {
                let message = super::request(method_of(request), &request.to_string());
                let bytes = Bytes::from(request.to_string());
                let flow = flow(stream_of(request), 2);
                let client = self.client.request(now, flow, &message, bytes).unwrap();
                assert_eq!(self.asked.insert(client, request), None, "an id came twice");
            }
            Event::ToServer { text: (kind, request, _), stream } => {
                self.at_server(now, kind, request, stream);
            }
            Event::ToClient { text: (_, request, code), stream } => {
                if method_of(request) == "INVITE" {
                    return self.send(self.after, Kind::Ack, request, 0);
                }
                let message = response(code, method_of(request), &request.to_string());
                let received = self.client.received(now, flow(stream, 2), &message);
                if let Received::Answered { client, is_final } = received {
                    assert_eq!(self.asked.get(&client), Some(&request));
                    assert!(!is_final || self.over.insert(request), "over twice");
                } else {
                    assert!(matches!(received, Received::Repeated | Received::Unmatched));
                }
            }
            Event::Answer { server, request } => {
                let status = Status::new(if method_of(request) == "INVITE" { 488 } else { 200 });
                let bytes = Bytes::from(request.to_string());
                if self.server.answer(now, server, status.unwrap(), bytes) {
                    self.answered.insert(request, self.after);
                }
            }
            Event::Break(stream) => {
                self.client.lost(now, tcp(stream));
                self.server.lost(now, tcp(stream));
            }
        }
    }

    fn at_server(&mut self, now: Instant, kind: Kind, request: u64, stream: Option<u64>) {
        let method = if kind == Kind::Ack { "ACK" } else { method_of(request) };
        let message = super::request(method, &request.to_string());
        match self.server.received(now, flow(stream, 1), &message) {
            Received::Request(server) => {
                *self.done.entry(request).or_default() += 1;
                self.acknowledged.remove(&request);
                let silent_percent = self.weather.silent_percent;
                if self.random(100) >= silent_percent {
                    let thought = self.random(self.weather.thought_milliseconds_max);
                    self.plan(self.after + thought, Event::Answer { server, request });
                }
            }
            Received::Acknowledged => {
                assert_eq!(method, "ACK");
                self.acknowledged.insert(request);
            }
            Received::Repeated => assert_ne!(method, "ACK"),
            Received::Unmatched => assert_eq!(method, "ACK"),
            other => panic!("{other:?}"),
        }
    }

    /// What both sides want done.
    fn carry(&mut self) {
        while let Some(output) = self.client.poll() {
            match output {
                TransactionOutput::Transmit { bytes, .. } => {
                    let request = number(&bytes);
                    assert!(!self.over.contains(&request), "it is over and is sent");
                    self.send(self.after, Kind::Request, request, 0);
                }
                TransactionOutput::Failed { client, why } => {
                    let request = self.asked[&client];
                    assert!(self.over.insert(request), "over twice");
                    let may_be_lost = self.weather.is_breaking && stream_of(request).is_some();
                    assert!(why == Failure::Timeout || may_be_lost);
                }
            }
        }
        while let Some(output) = self.server.poll() {
            let TransactionOutput::Transmit { bytes, .. } = output else { panic!("{output:?}") };
            let request = number(&bytes);
            let age = self.after - self.answered[&request];
            assert!(age < 32_000 || age == 0, "an answer is sent after {age} ms");
            assert!(!self.acknowledged.contains(&request), "it is acknowledged and sent again");
            let code = if method_of(request) == "INVITE" { 488 } else { 200 };
            self.send(self.after, Kind::Answer, request, code);
        }
    }

    fn send(&mut self, after: u64, kind: Kind, request: u64, code: u16) {
        let (text, stream) = ((kind, request, code), stream_of(request));
        let event = if kind == Kind::Answer {
            Event::ToClient { text, stream }
        } else {
            Event::ToServer { text, stream }
        };
        if stream.is_some() {
            return self.plan(after + 10, event);
        }
        let (loss, doubled) = (self.weather.loss_percent, self.weather.doubled_percent);
        let copies = if self.random(100) < doubled { 2 } else { 1 };
        for _ in 0..copies {
            let delay = self.random(self.weather.delay_milliseconds_max);
            if self.random(100) >= loss {
                self.plan(after + delay, event);
            }
        }
    }

    fn is_at_rest(&self) -> bool {
        [&self.client, &self.server].into_iter().all(|side| {
            let counts = side.counts();
            let left = [counts.server_pending, counts.server_kept, counts.server_kept_bytes];
            left == [0; 3] && (counts.client_pending, counts.client_kept) == (0, 0)
        })
    }
}

fn number(bytes: &Bytes) -> u64 {
    std::str::from_utf8(bytes).unwrap().parse().unwrap()
}

fn weather(delay_milliseconds_max: u64) -> impl Strategy<Value = Weather> {
    let percents = (0..95_u64, 0..60_u64, 0..40_u64);
    (any::<u64>(), 1..80_u64, percents, 1..45_000_u64, any::<bool>()).prop_map(
        move |(seed, requests, percents, thought_milliseconds_max, is_breaking)| Weather {
            seed,
            requests,
            loss_percent: percents.0,
            doubled_percent: percents.1,
            delay_milliseconds_max,
            thought_milliseconds_max,
            silent_percent: percents.2,
            is_breaking,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn everything_is_done_at_most_once_and_ends(weather in weather(490)) {
        let requests = weather.requests;
        let mut world = World::new(weather);
        world.play();
        prop_assert!(world.done.values().all(|times| *times == 1), "{:?}", world.done);
        prop_assert!(world.is_at_rest());
        let invites = (0..requests).filter(|request| method_of(*request) == "INVITE").count();
        prop_assert_eq!(world.over.len() + invites, requests as usize);
    }

    #[test]
    fn everything_ends_however_late_packets_are(weather in weather(60_000)) {
        let mut world = World::new(weather);
        world.play();
        prop_assert!(world.is_at_rest());
    }
}
