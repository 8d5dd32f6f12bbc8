//! Who is served: places for transfers, and what each source may have of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::figures::Figures;
use super::limits::TftpLimits;
use super::rates::{Rates, Source};

/// Whoever takes so many bytes a second keeps the place, or those who come all at once would only displace each other.
const PACE_KEPT_BYTES_PER_SECOND: u128 = 8 * 1_024;
/// A transfer counts as that much older and further than it is, so that one which has just begun is not the slowest.
const HEAD_START: (Duration, u128) = (Duration::from_secs(1), 512);

/// Why a request meets silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Nobody there is answered.
    Network,
    /// The source asks too often.
    SourceRate,
    /// The source has as many transfers as one may have.
    SourceTransfers,
    /// There are as many transfers as there may be.
    Transfers,
    /// The same client asked the same, and its transfer has just begun.
    Repeated,
}

/// Gives out places.
#[derive(Debug)]
pub(super) struct Desk {
    limits: TftpLimits,
    figures: Arc<Figures>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rates: Rates,
    /// In the order in which they were taken.
    seats: BTreeMap<u64, Seat>,
    /// Seats of clients that were not heard since they asked.
    unheard: BTreeSet<u64>,
    /// Seats in use of each source.
    per_source: HashMap<Source, usize>,
    /// The last unheard seat of each client.
    clients: HashMap<SocketAddr, u64>,
    next: u64,
}

#[derive(Debug)]
struct Seat {
    client: SocketAddr,
    request: Bytes,
    began: Instant,
    /// Bytes of the file that the client has.
    taken: Arc<AtomicU64>,
    /// Dropped where the place is given to somebody else.
    _held: oneshot::Sender<()>,
}

/// The place of one transfer; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    desk: Arc<Desk>,
    number: u64,
    is_heard: bool,
    taken: Arc<AtomicU64>,
    displaced: oneshot::Receiver<()>,
}

impl Desk {
    pub(super) fn new(limits: TftpLimits, figures: Arc<Figures>) -> Self {
        let state = Mutex::new(State {
            rates: Rates::new(limits.requests_per_second_per_source),
            seats: BTreeMap::new(),
            unheard: BTreeSet::new(),
            per_source: HashMap::new(),
            clients: HashMap::new(),
            next: 0,
        });
        Self { limits, figures, state }
    }

    /// Whether something that came from there is looked at, which then counts.
    pub(super) fn admit(&self, now: Instant, client: SocketAddr) -> Result<(), Refused> {
        let address = client.ip();
        if !self.limits.allowed_networks.iter().any(|network| network.contains(address)) {
            return Err(Refused::Network);
        }
        let may = self.state().rates.take(now, Source::of(address));
        if may { Ok(()) } else { Err(Refused::SourceRate) }
    }

    /// A place for the transfer that the request asks for.
    pub(super) fn place(
        self: &Arc<Self>,
        now: Instant,
        client: SocketAddr,
        request: &[u8],
    ) -> Result<Place, Refused> {
        let source = Source::of(client.ip());
        let mut guard = self.state();
        let state = &mut *guard;
        let last = state.clients.get(&client).and_then(|number| state.seats.get(number));
        if last.is_some_and(|seat| seat.request == request) {
            return Err(Refused::Repeated);
        }
        let of_source = state.per_source.get(&source).copied().unwrap_or(0);
        if of_source >= self.limits.transfers_per_source_max
            && !state.displace(|seat| Source::of(seat.client.ip()) == source)
        {
            return Err(Refused::SourceTransfers);
        }
        if state.seats.len() >= self.limits.transfers_max
            && !state.displace(|_| true)
            && !state.displace_slowest(now)
        {
            return Err(Refused::Transfers);
        }
        let number = state.next;
        state.next += 1;
        let (held, displaced) = oneshot::channel();
        let request = Bytes::copy_from_slice(request);
        let taken = Arc::default();
        let seat = Seat { client, request, began: now, taken: Arc::clone(&taken), _held: held };
        state.seats.insert(number, seat);
        state.unheard.insert(number);
        state.clients.insert(client, number);
        *state.per_source.entry(source).or_default() += 1;
        self.figures.transfers(state.seats.len());
        drop(guard);
        Ok(Place { desk: Arc::clone(self), number, is_heard: false, taken, displaced })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives up the oldest place whose client was not heard; tells whether there was one.
    fn displace(&mut self, may: impl Fn(&Seat) -> bool) -> bool {
        let oldest = self.unheard.iter().find(|it| self.seats.get(it).is_some_and(&may)).copied();
        oldest.is_some_and(|number| self.leave(number))
    }

    /// Gives up the place of whoever takes the fewest bytes in their time; tells whether anybody is that slow.
    fn displace_slowest(&mut self, now: Instant) -> bool {
        let paces = self.seats.iter().map(|(number, seat)| (seat.pace(now), *number));
        let slowest = paces.min().filter(|(pace, _)| *pace < PACE_KEPT_BYTES_PER_SECOND);
        slowest.is_some_and(|(_, number)| self.leave(number))
    }

    fn leave(&mut self, number: u64) -> bool {
        let Some(seat) = self.seats.remove(&number) else { return false };
        self.no_longer_unheard(number, seat.client);
        let source = Source::of(seat.client.ip());
        if let Some(count) = self.per_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.per_source.remove(&source);
            }
        }
        true
    }

    fn no_longer_unheard(&mut self, number: u64, client: SocketAddr) {
        self.unheard.remove(&number);
        if self.clients.get(&client) == Some(&number) {
            self.clients.remove(&client);
        }
    }
}

impl Seat {
    /// Bytes a second since it began.
    fn pace(&self, now: Instant) -> u128 {
        let (age, bytes) = HEAD_START;
        let passed = now.saturating_duration_since(self.began).saturating_add(age).as_millis();
        let bytes = bytes + u128::from(self.taken.load(Ordering::Relaxed));
        bytes * 1_000 / passed.max(1)
    }
}

impl Place {
    /// The client was heard and has so many bytes: only if it is slow does anybody take the place any more, and the
    /// same request from there is a new one.
    pub(super) fn heard(&mut self, bytes: u64) {
        self.taken.store(bytes, Ordering::Relaxed);
        if std::mem::replace(&mut self.is_heard, true) {
            return;
        }
        let mut state = self.desk.state();
        if let Some(client) = state.seats.get(&self.number).map(|seat| seat.client) {
            state.no_longer_unheard(self.number, client);
        }
    }

    /// Waits until the place is given to somebody else.
    pub(super) async fn displaced(&mut self) {
        // Nothing is ever sent.
        let _ = (&mut self.displaced).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.desk.state();
        state.leave(self.number);
        self.desk.figures.transfers(state.seats.len());
    }
}

#[cfg(test)]
mod tests {
    use engine::metrics::Metrics;

    use super::*;

    fn desk(transfers_max: usize, transfers_per_source_max: usize) -> Arc<Desk> {
        let limits = TftpLimits {
            allowed_networks: vec!["192.0.2.0/24".parse().unwrap()],
            transfers_max,
            transfers_per_source_max,
            ..TftpLimits::default()
        };
        Arc::new(Desk::new(limits, Arc::new(Figures::new(&Metrics::new()))))
    }

    fn client(host: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, host], port))
    }

    fn is_displaced(place: &mut Place) -> bool {
        place.displaced.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }

    #[test]
    fn only_allowed_networks_are_answered_each_source_so_often() {
        let desk = desk(9, 9);
        let now = Instant::now();
        assert_eq!(desk.admit(now, "198.51.100.1:9".parse().unwrap()), Err(Refused::Network));
        assert_eq!(desk.admit(now, "[2001:db8::1]:9".parse().unwrap()), Err(Refused::Network));
        let admitted = (0..100).filter(|_| desk.admit(now, client(1, 9)).is_ok()).count();
        assert_eq!(admitted, 40);
        assert_eq!(desk.admit(now, client(1, 10)), Err(Refused::SourceRate));
        assert_eq!(desk.admit(now, "[::ffff:192.0.2.2]:9".parse().unwrap()), Ok(()));
    }

    #[test]
    fn a_request_that_comes_again_before_its_answer_is_answered_once() {
        let (desk, now) = (desk(9, 9), Instant::now());
        let mut place = desk.place(now, client(1, 1), b"a").unwrap();
        assert_eq!(desk.place(now, client(1, 1), b"a").unwrap_err(), Refused::Repeated);
        let _other = desk.place(now, client(1, 2), b"a").unwrap();
        place.heard(0);
        let again = desk.place(now, client(1, 1), b"a").unwrap();
        drop((place, again));
        assert!(desk.place(now, client(1, 1), b"a").is_ok());
    }

    #[test]
    fn whoever_was_not_heard_gives_way_the_oldest_first() {
        let (desk, now) = (desk(3, 9), Instant::now());
        let [mut one, mut two, mut three] =
            [1, 2, 3].map(|host| desk.place(now, client(host, 1), b"a").unwrap());
        one.heard(0);
        let mut four = desk.place(now, client(4, 1), b"a").unwrap();
        assert!(is_displaced(&mut two));
        assert!(![&mut one, &mut three, &mut four].into_iter().any(is_displaced));
        for place in [&mut one, &mut three, &mut four] {
            place.heard(1_000_000);
        }
        assert_eq!(desk.place(now, client(5, 1), b"a").unwrap_err(), Refused::Transfers);
        drop(two);
        assert_eq!(desk.place(now, client(5, 1), b"a").unwrap_err(), Refused::Transfers);
        drop(one);
        assert!(desk.place(now, client(5, 1), b"a").is_ok());
    }

    #[test]
    fn where_all_were_heard_the_slowest_gives_way_and_whoever_is_fast_does_not() {
        let (desk, began) = (desk(3, 9), Instant::now());
        let [mut slow, mut fast, mut slower] =
            [1, 2, 3].map(|host| desk.place(began, client(host, 1), b"a").unwrap());
        slow.heard(20_000);
        fast.heard(2_000_000);
        slower.heard(10_000);
        let now = began + Duration::from_secs(10);
        let mut new = desk.place(now, client(4, 1), b"a").unwrap();
        assert!(is_displaced(&mut slower));
        assert!(![&mut slow, &mut fast, &mut new].into_iter().any(is_displaced));
        // One that has nothing yet is not slower than one that has little for a long time.
        slow.heard(2_000);
        new.heard(0);
        let mut newer = desk.place(now, client(5, 1), b"a").unwrap();
        assert!(is_displaced(&mut slow) && !is_displaced(&mut new));
        // Whoever asked and was never heard goes first all the same.
        let mut newest = desk.place(now, client(6, 1), b"a").unwrap();
        assert!(is_displaced(&mut newer));
        for place in [&mut new, &mut newest] {
            place.heard(100_000);
        }
        assert_eq!(desk.place(now, client(7, 1), b"a").unwrap_err(), Refused::Transfers);
        drop((slow, fast, slower, new, newer, newest));
        assert!(desk.state().seats.is_empty());
    }

    #[test]
    fn a_source_has_so_many_places_and_displaces_only_its_own() {
        let (desk, now) = (desk(9, 2), Instant::now());
        let mut other = desk.place(now, client(2, 1), b"a").unwrap();
        let mut one = desk.place(now, client(1, 1), b"a").unwrap();
        let mut two = desk.place(now, client(1, 2), b"a").unwrap();
        let mut three = desk.place(now, client(1, 3), b"a").unwrap();
        assert!(is_displaced(&mut one));
        two.heard(0);
        three.heard(0);
        assert_eq!(desk.place(now, client(1, 4), b"a").unwrap_err(), Refused::SourceTransfers);
        assert!(!is_displaced(&mut other));
        drop((one, two, three, other));
        let state = desk.state();
        assert!(state.seats.is_empty() && state.unheard.is_empty());
        assert!(state.per_source.is_empty() && state.clients.is_empty());
    }
}
