//! Who is served: places for transfers, and what each source may have of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::figures::Figures;
use super::limits::TftpLimits;
use super::rates::{Rates, Source};

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
    /// Dropped where the place is given to somebody else.
    _held: oneshot::Sender<()>,
}

/// The place of one transfer; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    desk: Arc<Desk>,
    number: u64,
    is_heard: bool,
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
        if state.seats.len() >= self.limits.transfers_max && !state.displace(|_| true) {
            return Err(Refused::Transfers);
        }
        let number = state.next;
        state.next += 1;
        let (held, displaced) = oneshot::channel();
        let request = Bytes::copy_from_slice(request);
        state.seats.insert(number, Seat { client, request, _held: held });
        state.unheard.insert(number);
        state.clients.insert(client, number);
        *state.per_source.entry(source).or_default() += 1;
        self.figures.transfers(state.seats.len());
        drop(guard);
        Ok(Place { desk: Arc::clone(self), number, is_heard: false, displaced })
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

impl Place {
    /// The client was heard: nobody takes the place any more, and the same request from there is a new one.
    pub(super) fn heard(&mut self) {
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
        let desk = desk(9, 9);
        let mut place = desk.place(client(1, 1), b"a").unwrap();
        assert_eq!(desk.place(client(1, 1), b"a").unwrap_err(), Refused::Repeated);
        let _other = desk.place(client(1, 2), b"a").unwrap();
        place.heard();
        let again = desk.place(client(1, 1), b"a").unwrap();
        drop((place, again));
        assert!(desk.place(client(1, 1), b"a").is_ok());
    }

    #[test]
    fn whoever_was_not_heard_gives_way_the_oldest_first() {
        let desk = desk(3, 9);
        let [mut one, mut two, mut three] =
            [1, 2, 3].map(|host| desk.place(client(host, 1), b"a").unwrap());
        one.heard();
        let mut four = desk.place(client(4, 1), b"a").unwrap();
        assert!(is_displaced(&mut two));
        assert!(![&mut one, &mut three, &mut four].into_iter().any(is_displaced));
        three.heard();
        four.heard();
        assert_eq!(desk.place(client(5, 1), b"a").unwrap_err(), Refused::Transfers);
        drop(two);
        assert_eq!(desk.place(client(5, 1), b"a").unwrap_err(), Refused::Transfers);
        drop(one);
        assert!(desk.place(client(5, 1), b"a").is_ok());
    }

    #[test]
    fn a_source_has_so_many_places_and_displaces_only_its_own() {
        let desk = desk(9, 2);
        let mut other = desk.place(client(2, 1), b"a").unwrap();
        let mut one = desk.place(client(1, 1), b"a").unwrap();
        let mut two = desk.place(client(1, 2), b"a").unwrap();
        let mut three = desk.place(client(1, 3), b"a").unwrap();
        assert!(is_displaced(&mut one));
        two.heard();
        three.heard();
        assert_eq!(desk.place(client(1, 4), b"a").unwrap_err(), Refused::SourceTransfers);
        assert!(!is_displaced(&mut other));
        drop((one, two, three, other));
        let state = desk.state();
        assert!(state.seats.is_empty() && state.unheard.is_empty());
        assert!(state.per_source.is_empty() && state.clients.is_empty());
    }
}
