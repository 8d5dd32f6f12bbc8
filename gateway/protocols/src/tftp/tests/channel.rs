//! A client and the server with a channel between them that loses, doubles and delays packets.
//!
//! The client is the simplest one that RFC 1350 allows: one timer, one packet that it sends again. It stays with the
//! first port that answers, and asks again where none did. Without progress it begins anew from another port of its
//! own. Whatever the channel does, it ends with the bytes of the file.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::*;

/// What the channel does to one packet.
#[derive(Clone, Copy, Debug)]
struct Fate {
    is_lost: bool,
    is_doubled: bool,
    delay: Duration,
    second_delay: Duration,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = (0..10_u8, 0..10_u8, 0..2_500_u64, 0..2_500_u64, 0..3_u8).prop_map(
        |(lost, doubled, delay, second, slow)| Fate {
            is_lost: lost < 3,
            is_doubled: doubled < 3,
            delay: Duration::from_millis(if slow == 0 { delay } else { delay / 50 }),
            second_delay: Duration::from_millis(second),
        },
    );
    prop::collection::vec(fate, 0..120)
}

/// Where a packet goes, and from which port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum To {
    Client { port: u16, from: u16 },
    Server { port: u16, from: u16 },
}

/// When a packet arrives, which one it is, where, and its bytes.
type Arrival = (Instant, u64, To, Vec<u8>);

/// The server's well-known port.
const KNOWN: u16 = 69;

struct World {
    now: Instant,
    /// Packets on their way, by when they arrive.
    travelling: BinaryHeap<Reverse<Arrival>>,
    fates: std::vec::IntoIter<Fate>,
    /// Lost one after the other. A channel that loses everything is none.
    lost_in_row: u8,
    sent: u64,
    file: Vec<u8>,
    /// By their ports, with the ports of their clients.
    transfers: HashMap<u16, (u16, Transfer)>,
    outcomes: Vec<Outcome>,
}

struct Client {
    request: Vec<u8>,
    /// Its own.
    here: u16,
    /// The server's, once one answered.
    port: Option<u16>,
    block_bytes: usize,
    expected: u16,
    received: Vec<u8>,
    last: Vec<u8>,
    again: Instant,
    /// How often nothing came in time, one after the other.
    misses: u8,
    is_done: bool,
}

impl World {
    fn new(file: Vec<u8>, fates: Vec<Fate>) -> Self {
        Self {
            now: Instant::now(),
            travelling: BinaryHeap::new(),
            fates: fates.into_iter(),
            lost_in_row: 0,
            sent: 0,
            file,
            transfers: HashMap::new(),
            outcomes: Vec::new(),
        }
    }

    fn send(&mut self, to: To, packet: &[u8]) {
        let calm = Fate {
            is_lost: false,
            is_doubled: false,
            delay: Duration::from_millis(1),
            second_delay: Duration::ZERO,
        };
        let fate = self.fates.next().unwrap_or(calm);
        if fate.is_lost && self.lost_in_row < 2 {
            self.lost_in_row += 1;
            return;
        }
        self.lost_in_row = 0;
        self.sent += 1;
        let arrives = self.now + fate.delay;
        self.travelling.push(Reverse((arrives, self.sent, to, packet.to_vec())));
        if fate.is_doubled {
            self.sent += 1;
            let arrives = self.now + fate.second_delay;
            self.travelling.push(Reverse((arrives, self.sent, to, packet.to_vec())));
        }
    }

    /// A request begins a transfer on a port of its own, as many as come.
    fn requested(&mut self, from: u16, packet: &[u8]) {
        let Ok(Packet::Read(request)) = decode(packet) else { panic!("no request") };
        let port = 1_000 + u16::try_from(self.transfers.len()).unwrap();
        let settings = TransferSettings::default();
        let length = self.file.len() as u64;
        let transfer = Transfer::begin(self.now, settings, &request, length);
        self.transfers.insert(port, (from, transfer));
        self.drain(port, from);
    }

    fn received(&mut self, port: u16, from: u16, packet: &[u8]) {
        let client = self.transfers[&port].0;
        let is_client = client == from;
        let input = if is_client { Input::Received(packet) } else { Input::Stranger(packet) };
        self.handle(port, from, input);
    }

    fn handle(&mut self, port: u16, stranger: u16, input: Input<'_>) {
        let now = self.now;
        self.transfers.get_mut(&port).unwrap().1.handle(now, input);
        self.drain(port, stranger);
    }

    fn drain(&mut self, port: u16, stranger: u16) {
        let (now, from) = (self.now, port);
        loop {
            let (client, transfer) = self.transfers.get_mut(&port).unwrap();
            let client = *client;
            match transfer.poll() {
                Some(Output::Send(packet) | Output::SendAgain(packet)) => {
                    self.send(To::Client { port: client, from }, &packet);
                }
                Some(Output::SendToStranger(packet)) => {
                    self.send(To::Client { port: stranger, from }, &packet);
                }
                Some(Output::Read { offset, length }) => {
                    let begin = usize::try_from(offset).unwrap();
                    transfer.handle(now, Input::Content(&self.file[begin..begin + length]));
                }
                Some(Output::Closed(outcome)) => self.outcomes.push(outcome),
                None => return,
            }
        }
    }

    fn deadline(&self) -> Option<(Instant, u16)> {
        let all = self.transfers.iter();
        all.filter_map(|(port, (_, transfer))| Some((transfer.deadline()?, *port))).min()
    }
}

impl Client {
    fn ask(world: &mut World, request: &Request<'_>) -> Self {
        let request = encode(&Packet::Read(*request)).to_vec();
        let mut client = Self {
            last: request.clone(),
            request,
            here: 40_000,
            port: None,
            block_bytes: BLOCK_BYTES.into(),
            expected: 1,
            received: Vec::new(),
            again: world.now,
            misses: 0,
            is_done: false,
        };
        client.begin(world);
        client
    }

    fn begin(&mut self, world: &mut World) {
        self.here += 1;
        self.port = None;
        self.block_bytes = BLOCK_BYTES.into();
        self.expected = 1;
        self.received.clear();
        self.misses = 0;
        self.tell(world, self.request.clone());
    }

    fn tell(&mut self, world: &mut World, packet: Vec<u8>) {
        let port = self.port.unwrap_or(KNOWN);
        world.send(To::Server { port, from: self.here }, &packet);
        self.last = packet;
        self.again = world.now + Duration::from_secs(5);
    }

    fn hear(&mut self, world: &mut World, from: u16, packet: &[u8]) {
        let packet = decode(packet).unwrap();
        if self.port.is_some_and(|port| port != from) {
            // Not the transfer that it stays with (RFC 1350, section 4).
            let code = ErrorCode::UNKNOWN_TRANSFER;
            let told = encode(&Packet::Error { code, message: b"another transfer" });
            if !matches!(packet, Packet::Error { .. }) {
                world.send(To::Server { port: from, from: self.here }, &told);
            }
            return;
        }
        self.port = Some(from);
        match packet {
            Packet::Options(agreed) if self.expected == 1 => {
                self.block_bytes = agreed.block_bytes.unwrap_or(BLOCK_BYTES).into();
                self.tell(world, acknowledgement(0));
            }
            Packet::Data { block, content } if block == self.expected && !self.is_done => {
                self.received.extend_from_slice(content);
                self.is_done = content.len() < self.block_bytes;
                self.expected = self.expected.wrapping_add(1);
                self.misses = 0;
                self.tell(world, acknowledgement(block));
            }
            // It was acknowledged before; that may have been lost.
            Packet::Data { block, .. } => {
                if block == self.expected.wrapping_sub(1) {
                    self.tell(world, acknowledgement(block));
                }
            }
            Packet::Options(_) => {}
            other => panic!("{other:?}"),
        }
    }

    fn time_out(&mut self, world: &mut World) {
        self.misses += 1;
        if self.misses > 5 {
            return self.begin(world);
        }
        self.tell(world, self.last.clone());
    }
}

/// Plays it to its end; tells what the client has, and how the transfers ended.
fn play(file: Vec<u8>, mode: Mode, options: Options, fates: Vec<Fate>) -> (Vec<u8>, Vec<Outcome>) {
    let mut world = World::new(file, fates);
    let mut client = Client::ask(&mut world, &request(mode, options));
    for _ in 0..10_000 {
        let arrival = world.travelling.peek().map(|Reverse((at, ..))| *at);
        let (timer, port) = world.deadline().unzip();
        let again = (!client.is_done).then_some(client.again);
        let Some(next) = [arrival, timer, again].into_iter().flatten().min() else {
            assert!(client.is_done, "all is quiet and the file is not there");
            return (client.received, world.outcomes);
        };
        world.now = world.now.max(next);
        if arrival == Some(next) {
            let Some(Reverse((_, _, to, packet))) = world.travelling.pop() else { continue };
            match to {
                To::Client { port, from } if port == client.here => {
                    client.hear(&mut world, from, &packet);
                }
                To::Client { .. } => {}
                To::Server { port: KNOWN, from } => world.requested(from, &packet),
                To::Server { port, from } => world.received(port, from, &packet),
            }
        } else if timer == Some(next) {
            world.handle(port.unwrap(), 0, Input::Timer);
        } else {
            client.time_out(&mut world);
        }
    }
    panic!("it goes on for ever");
}

fn readable(text: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    let mut bytes = text.iter().peekable();
    while let Some(&byte) = bytes.next() {
        let next = if byte == b'\r' { bytes.next() } else { None };
        match (byte, next) {
            (b'\r', Some(b'\n')) => read.push(b'\n'),
            (b'\r', Some(0)) => read.push(b'\r'),
            (b'\r', other) => panic!("a CR with {other:?} behind it"),
            (other, _) => read.push(other),
        }
    }
    read
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_lost_doubled_or_late_the_same_bytes_arrive(
        length in 0_usize..900,
        octet in any::<bool>(),
        block in prop::option::of(8_u16..64),
        fates in fates(),
    ) {
        let pattern = b"a line\nanother\r\nand one more\r";
        let file: Vec<u8> = pattern.iter().copied().cycle().take(length).collect();
        let options = block.map(block_of).unwrap_or_default();
        let mode = if octet { Mode::Octet } else { Mode::Netascii };
        let (received, outcomes) = play(file.clone(), mode, options, fates);
        let received = if octet { received } else { readable(&received) };
        prop_assert!(received == file, "{} bytes instead of {}", received.len(), file.len());
        prop_assert!(!outcomes.is_empty());
    }
}

/// A channel that doubles every packet: what is sent grows with the file, not with its square.
#[test]
fn doubled_packets_do_not_double_what_follows() {
    let fate = Fate {
        is_lost: false,
        is_doubled: true,
        delay: Duration::from_millis(1),
        second_delay: Duration::from_millis(2),
    };
    let mut world = World::new(vec![1; 64 * 100 + 1], vec![fate; 10_000]);
    let mut client = Client::ask(&mut world, &request(Mode::Octet, block_of(64)));
    while let Some(Reverse((at, _, to, packet))) = world.travelling.pop() {
        world.now = at;
        match to {
            To::Client { from, .. } => client.hear(&mut world, from, &packet),
            // The service takes a request only once while its transfer has not begun.
            To::Server { port: KNOWN, .. } if !world.transfers.is_empty() => {}
            To::Server { port: KNOWN, from } => world.requested(from, &packet),
            To::Server { port, from } => world.received(port, from, &packet),
        }
    }
    assert!(client.is_done);
    assert_eq!(world.outcomes, [Outcome::Done]);
    // Options and 101 blocks twice each; each copy of theirs is acknowledged, and each of that comes twice.
    assert!(world.sent <= 2 * 102 + 4 * 102 + 2, "{} packets", world.sent);
}
