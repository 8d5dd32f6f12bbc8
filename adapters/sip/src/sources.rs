//! How much each source may ask: a bucket of tokens for each, and the credit that answers to packets of
//! unproven senders are taken from.
//!
//! ```text
//!   request of a source --> tokens left         --> taken
//!                       |-> none, refusals left --> 503 with Retry-After
//!                       '-> none of either      --> dropped, unread, but for some of registered flows
//! ```
//!
//! A source is an IPv4 address or the first 64 bits of an IPv6 one. One that proved who it is may ask ten
//! times as much for a while. The table is bounded: where it is full, sources that have been quiet give
//! way, and where none has, newcomers share one bucket.
//!
//! Packets may have come from somebody else than they say. What is answered to unproven ones is paid from
//! their bytes and from a small allowance, so a reflected flood is never larger than the flood (RFC 3261,
//! section 26.1.5; RFC 4732).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use protocols::sip::Flow;

/// Sources that are remembered.
const SOURCES_MAX: usize = 65_536;
/// Refusals a second that one source is told.
const REFUSALS_PER_SECOND: f64 = 20.0;
/// Requests a second beside all others of one source that registered flows there may send.
const REGISTERED_PER_SECOND: f64 = 50.0;
/// How many times as much a source may ask that proved who it is.
const PROVEN_FACTOR: f64 = 10.0;
/// How long a source counts as proven.
const PROVEN: Duration = Duration::from_secs(3_600);
/// Bytes a second that are answered to unproven packets, whatever came.
const ALLOWANCE_PER_SECOND: f64 = 64.0 * 1024.0;
/// The most credit.
const CREDIT_MAX: f64 = 512.0 * 1024.0;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// It is taken.
    Yes,
    /// It is refused and told so.
    Refused,
    /// It is not even read.
    Dropped,
}

/// Who a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// An address.
    V4([u8; 4]),
    /// A network.
    V6([u8; 8]),
    /// All that no place is left for.
    Others,
}

impl Source {
    /// The source that address belongs to; one that is mapped counts as what it is mapped from.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => Self::V6(network(address)),
        }
    }
}

fn network(address: Ipv6Addr) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = address.octets();
    [a, b, c, d, e, f, g, h]
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    refusals: f64,
    registered: f64,
    at: Instant,
    proven_until: Option<Instant>,
}

/// Sources of one sort.
#[derive(Debug, Default)]
struct Table {
    buckets: HashMap<Source, Bucket>,
    /// Until then it is not looked for one that may give way, so that a full table costs little.
    full_until: Option<Instant>,
}

/// All sources. What comes in packets is counted apart: they may only say that they come from somewhere, and must
/// not use up what a phone may ask over a connection from there.
#[derive(Debug)]
pub(crate) struct Sources {
    packets: Table,
    connections: Table,
    rate: f64,
    credit: f64,
    credit_at: Option<Instant>,
}

impl Sources {
    /// Sources of which each may ask so much a second.
    pub(crate) fn new(requests_per_second: u32) -> Self {
        Self {
            packets: Table::default(),
            connections: Table::default(),
            rate: f64::from(requests_per_second),
            credit: ALLOWANCE_PER_SECOND,
            credit_at: None,
        }
    }

    /// Judges one request by that flow.
    pub(crate) fn admit(&mut self, now: Instant, flow: &Flow) -> Admitted {
        let rate = self.rate;
        let bucket = self.bucket(now, flow);
        bucket.fill(now, rate);
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            Admitted::Yes
        } else if bucket.refusals >= 1.0 {
            bucket.refusals -= 1.0;
            Admitted::Refused
        } else {
            Admitted::Dropped
        }
    }

    /// Judges one request of a registered flow that was refused beside others.
    pub(crate) fn admit_registered(&mut self, now: Instant, flow: &Flow) -> Admitted {
        let rate = self.rate;
        let bucket = self.bucket(now, flow);
        bucket.fill(now, rate);
        if bucket.registered < 1.0 {
            return Admitted::Dropped;
        }
        bucket.registered -= 1.0;
        Admitted::Yes
    }

    /// Whoever is there proved who they are.
    pub(crate) fn prove(&mut self, now: Instant, flow: &Flow) {
        self.bucket(now, flow).proven_until = now.checked_add(PROVEN);
    }

    /// An unproven packet of so many bytes came.
    pub(crate) fn credit(&mut self, bytes: usize) {
        self.credit = (self.credit + as_number(bytes)).min(CREDIT_MAX);
    }

    /// Whether an answer of so many bytes to an unproven packet may be sent; it is paid for then.
    pub(crate) fn pay(&mut self, now: Instant, bytes: usize) -> bool {
        let passed = self.credit_at.map_or(0.0, |at| seconds(now, at));
        self.credit_at = Some(now);
        self.credit = (self.credit + passed * ALLOWANCE_PER_SECOND).min(CREDIT_MAX);
        let bytes = as_number(bytes);
        if self.credit < bytes {
            return false;
        }
        self.credit -= bytes;
        true
    }

    /// How many sources are remembered.
    pub(crate) fn len(&self) -> usize {
        self.packets.buckets.len().saturating_add(self.connections.buckets.len())
    }

    fn bucket(&mut self, now: Instant, flow: &Flow) -> &mut Bucket {
        let rate = self.rate;
        let table = if flow.is_reliable() { &mut self.connections } else { &mut self.packets };
        table.bucket(now, rate, Source::of(flow.peer().ip()))
    }
}

impl Table {
    fn bucket(&mut self, now: Instant, rate: f64, source: Source) -> &mut Bucket {
        let is_full = self.buckets.len() >= SOURCES_MAX && !self.buckets.contains_key(&source);
        let source = if is_full && !self.make_room(now, rate) { Source::Others } else { source };
        self.buckets.entry(source).or_insert_with(|| Bucket {
            tokens: rate * 2.0,
            refusals: REFUSALS_PER_SECOND,
            registered: REGISTERED_PER_SECOND,
            at: now,
            proven_until: None,
        })
    }

    /// Forgets sources whose buckets are full again, but for proven ones; where none is, that is not looked for
    /// again soon.
    fn make_room(&mut self, now: Instant, rate: f64) -> bool {
        if self.full_until.is_some_and(|until| now < until) {
            return false;
        }
        self.buckets.retain(|_, bucket| {
            bucket.fill(now, rate);
            bucket.proven_until.is_some() || bucket.tokens < bucket.most(rate)
        });
        let has_room = self.buckets.len() < SOURCES_MAX;
        self.full_until = if has_room { None } else { now.checked_add(Duration::from_secs(1)) };
        has_room
    }
}

impl Bucket {
    /// The most tokens: what may be asked in two seconds.
    fn most(&self, rate: f64) -> f64 {
        let factor = if self.proven_until.is_some() { PROVEN_FACTOR } else { 1.0 };
        rate * 2.0 * factor
    }

    fn fill(&mut self, now: Instant, rate: f64) {
        let passed = seconds(now, self.at);
        self.at = now;
        if self.proven_until.is_some_and(|until| until <= now) {
            self.proven_until = None;
        }
        let most = self.most(rate);
        self.tokens = (self.tokens + passed * most / 2.0).min(most);
        self.registered =
            (self.registered + passed * REGISTERED_PER_SECOND).min(REGISTERED_PER_SECOND);
        self.refusals = (self.refusals + passed * REFUSALS_PER_SECOND).min(REFUSALS_PER_SECOND);
    }
}

fn seconds(now: Instant, before: Instant) -> f64 {
    now.saturating_duration_since(before).as_secs_f64()
}

fn as_number(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u32) -> Flow {
        Flow::Datagram { socket: 0, peer: (IpAddr::from(number.to_be_bytes()), 5_060).into() }
    }

    #[test]
    fn a_source_that_asks_too_much_is_refused_and_then_not_heard_while_others_are() {
        let start = Instant::now();
        let mut sources = Sources::new(10);
        let mut met = [0; 3];
        for _ in 0..100 {
            met[sources.admit(start, &source(1)) as usize] += 1;
        }
        assert_eq!(met, [20, 20, 60]);
        assert_eq!(sources.admit(start, &source(2)), Admitted::Yes);
        let later = start + Duration::from_millis(100);
        assert_eq!(sources.admit(later, &source(1)), Admitted::Yes);
        assert_eq!(sources.admit(later, &source(1)), Admitted::Refused);
    }

    #[test]
    fn who_proved_who_they_are_may_ask_more() {
        let start = Instant::now();
        let mut sources = Sources::new(10);
        while sources.admit(start, &source(1)) == Admitted::Yes {}
        sources.prove(start, &source(1));
        let later = start + Duration::from_secs(1);
        let taken =
            (0..1_000).filter(|_| sources.admit(later, &source(1)) == Admitted::Yes).count();
        assert_eq!(taken, 100);
    }

    #[test]
    fn registered_flows_are_heard_beside_a_flood_from_their_address() {
        let start = Instant::now();
        let mut sources = Sources::new(10);
        while sources.admit(start, &source(1)) != Admitted::Dropped {}
        assert_eq!(sources.admit_registered(start, &source(1)), Admitted::Yes);
        let heard = (0..1_000)
            .filter(|_| sources.admit_registered(start, &source(1)) == Admitted::Yes)
            .count();
        assert_eq!(heard, 49);
    }

    #[test]
    fn packets_use_up_nothing_of_what_connections_from_there_may_ask() {
        let start = Instant::now();
        let mut sources = Sources::new(10);
        while sources.admit(start, &source(1)) != Admitted::Dropped {}
        let peer = source(1).peer();
        let connection = Flow::Stream { number: 1, peer, secure: true };
        assert_eq!(sources.admit(start, &connection), Admitted::Yes);
    }

    #[test]
    fn a_flood_of_sources_takes_no_place_of_one_that_is_proven() {
        let mut now = Instant::now();
        let mut sources = Sources::new(10);
        assert_eq!(sources.admit(now, &source(1)), Admitted::Yes);
        sources.prove(now, &source(1));
        for number in 2..150_000 {
            sources.admit(now, &source(number));
            now += Duration::from_micros(100);
        }
        assert!(sources.packets.buckets.get(&Source::of(source(1).peer().ip())).is_some());
    }

    #[test]
    fn an_ipv6_network_is_one_source_and_a_mapped_address_the_one_it_maps() {
        let of = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn a_flood_from_more_sources_than_are_remembered_takes_no_more_memory() {
        let start = Instant::now();
        let mut sources = Sources::new(10);
        for number in 0..100_000 {
            sources.admit(start, &source(number));
        }
        assert!(sources.len() <= SOURCES_MAX + 1, "{}", sources.len());
        // Those that came first are let go as soon as their buckets are full again.
        let later = start + Duration::from_secs(5);
        assert_eq!(sources.admit(later, &source(1_000_000)), Admitted::Yes);
        assert!(sources.len() < 10, "{}", sources.len());
    }

    #[test]
    fn what_is_answered_to_unproven_packets_is_never_more_than_came_and_the_allowance() {
        let mut now = Instant::now();
        let mut sources = Sources::new(10);
        let (mut came, mut went, mut seconds) = (0_u64, 0_u64, 0_u64);
        for _ in 0..10 {
            for _ in 0..20_000 {
                sources.credit(300);
                came += 300;
                if sources.pay(now, 450) {
                    went += 450;
                }
                now += Duration::from_micros(50);
            }
            seconds += 1;
        }
        assert!(went <= came + (seconds + 1) * 64 * 1024, "{went} for {came}");
        assert!(went > came / 2, "{went} for {came}");
    }
}
