//! Places of connections that came, and who has to give theirs up.
//!
//! ```text
//!   accepted --> Unproven --a proof--> known, and safe
//!                   |-- keep-alive of a phone that waits --> Standing by --a proof--^
//!                   '-- oldest of too many, or all is full --> gives way      (so do those that stand by)
//! ```
//!
//! Who proved who they are is never displaced, and whoever comes next always finds a place as long as somebody
//! has one who proved nothing. A phone may stand by: it keeps a connection to the node that it would turn to,
//! and proves nothing there. What it says of itself is not looked up, or strangers could learn names by it.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::Notify;

use crate::flows::{Connection, locked};
use crate::limits::Limits;
use crate::sources::Source;

/// Why there is no room for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// There are too many.
    All,
    /// There are too many of that source.
    Source,
}

/// All places.
#[derive(Debug)]
pub(crate) struct Places {
    taken: Mutex<Taken>,
    all_max: usize,
    of_source_max: usize,
}

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    of_sources: HashMap<Source, usize>,
    next: u64,
    /// By number, so the oldest first; some may have become known meanwhile.
    unproven: BTreeMap<u64, Arc<Seat>>,
    standing_by: BTreeMap<u64, Arc<Seat>>,
}

/// What is known of the holder of a place.
#[derive(Debug, Default)]
struct Seat {
    gives_way: AtomicBool,
    told: Notify,
    connection: OnceLock<Arc<Connection>>,
}

impl Seat {
    fn is_safe(&self) -> bool {
        self.connection.get().is_some_and(|connection| connection.is_trusted())
    }

    fn give_way(&self) {
        self.gives_way.store(true, Ordering::SeqCst);
        self.told.notify_one();
        if let Some(connection) = self.connection.get() {
            connection.give_way();
        }
    }
}

/// A connection's place; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    source: Source,
    number: u64,
    seat: Arc<Seat>,
}

impl Place {
    /// The connection that has it from now on.
    pub(crate) fn taken_by(&self, connection: &Arc<Connection>) {
        connection.sits_at(self.number);
        // It is told once.
        let _ = self.seat.connection.set(Arc::clone(connection));
        if self.seat.gives_way.load(Ordering::SeqCst) {
            connection.give_way();
        }
    }

    /// Waits until it is to be given up.
    pub(crate) async fn given_up(&self) {
        while !self.seat.gives_way.load(Ordering::SeqCst) {
            self.seat.told.notified().await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = locked(&self.places.taken);
        taken.count = taken.count.saturating_sub(1);
        taken.unproven.remove(&self.number);
        taken.standing_by.remove(&self.number);
        if let Some(count) = taken.of_sources.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.of_sources.remove(&self.source);
            }
        }
    }
}

/// The oldest that is not known by now has to go; `false` where all are.
fn oldest_gives_way(seats: &mut BTreeMap<u64, Arc<Seat>>) -> bool {
    while let Some((_, seat)) = seats.pop_first() {
        if !seat.is_safe() {
            seat.give_way();
            return true;
        }
    }
    false
}

/// Leaves so many of them; those that are known are not among them.
fn keep(seats: &mut BTreeMap<u64, Arc<Seat>>, most: usize) {
    while seats.len() > most {
        if let Some((_, seat)) = seats.pop_first()
            && !seat.is_safe()
        {
            seat.give_way();
        }
    }
}

impl Places {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            taken: Mutex::default(),
            all_max: limits.connections_max,
            of_source_max: limits.connections_per_source_max,
        })
    }

    /// How many may have proved nothing, and how many may stand by: half, since after a restart all phones that
    /// two nodes share may come at once to one.
    fn share(&self) -> usize {
        (self.all_max / 2).max(1)
    }

    /// A place for a connection from there.
    pub(crate) fn place(self: &Arc<Self>, peer: SocketAddr, is_hop: bool) -> Result<Place, NoRoom> {
        let source = Source::of(peer.ip());
        let mut taken = locked(&self.taken);
        let of_source = taken.of_sources.get(&source).copied().unwrap_or_default();
        if !is_hop && of_source >= self.of_source_max {
            return Err(NoRoom::Source);
        }
        let has_room = taken.count < self.all_max
            || oldest_gives_way(&mut taken.unproven)
            || oldest_gives_way(&mut taken.standing_by);
        if !has_room {
            return Err(NoRoom::All);
        }
        let count = taken.of_sources.entry(source).or_default();
        *count = count.saturating_add(1);
        taken.count = taken.count.saturating_add(1);
        let (number, seat) = (taken.next, Arc::new(Seat::default()));
        taken.next = taken.next.saturating_add(1);
        taken.unproven.insert(number, Arc::clone(&seat));
        keep(&mut taken.unproven, self.share());
        drop(taken);
        Ok(Place { places: Arc::clone(self), source, number, seat })
    }

    /// A phone stands by over the connection that has that place.
    pub(crate) fn stands_by(&self, number: u64) {
        let mut taken = locked(&self.taken);
        let seat = taken.unproven.remove(&number).or_else(|| taken.standing_by.remove(&number));
        let Some(seat) = seat else { return };
        taken.standing_by.insert(number, seat);
        keep(&mut taken.standing_by, self.share());
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        locked(&self.taken).count
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::flows::{Flows, Proven};

    fn peer(number: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, number], 1))
    }

    fn flows(connections_max: usize) -> Arc<Flows> {
        Flows::new(&Limits { connections_max, connections_per_source_max: 2, ..Limits::default() })
    }

    fn sit(flows: &Flows, number: u8) -> (Place, Arc<Connection>) {
        let place = flows.place(peer(number), false).unwrap();
        let at = peer(number);
        let connection = flows.open(at, at, false, Proven::Nobody, true);
        place.taken_by(&connection);
        (place, connection)
    }

    #[test]
    fn a_source_has_only_so_many_connections_and_gives_them_back() {
        let flows = flows(100);
        let first = flows.place(peer(1), false).unwrap();
        let _second = flows.place(peer(1), false).unwrap();
        assert_eq!(flows.place(peer(1), false).err(), Some(NoRoom::Source));
        assert!(flows.place(peer(2), false).is_ok());
        drop(first);
        assert!(flows.place(peer(1), false).is_ok());
    }

    #[test]
    fn who_proved_nothing_gives_way_to_who_comes_and_who_did_never_does() {
        let flows = flows(4);
        let known = sit(&flows, 1);
        known.1.know(Duration::from_secs(60));
        // Half may be unproven; the oldest of them goes.
        let mut others: Vec<_> = (2..5).map(|number| sit(&flows, number)).collect();
        let gone: Vec<_> = others.iter().map(|it| it.1.gives_way()).collect();
        assert_eq!(gone, [true, false, false]);
        assert!(!known.1.gives_way());
        others.remove(0);
        for (_, connection) in &others {
            connection.know(Duration::from_secs(60));
        }
        let waits = sit(&flows, 6);
        flows.stands_by(&waits.1, Duration::from_secs(60));
        assert!(waits.1.may_stay() && !waits.1.is_trusted());
        // All is full of who is known and who stands by.
        let last = sit(&flows, 7);
        assert!(waits.1.gives_way());
        last.1.know(Duration::from_secs(60));
        assert_eq!(flows.place(peer(8), false).err(), Some(NoRoom::All));
        assert!(!known.1.gives_way() && !last.1.gives_way());
    }

    #[test]
    fn those_that_stand_by_are_bounded_and_let_the_oldest_go() {
        let flows = flows(4);
        let all: Vec<_> = (1..=3).map(|number| sit(&flows, number)).collect();
        for (_, connection) in &all {
            flows.stands_by(connection, Duration::from_secs(60));
        }
        let gone: Vec<_> = all.iter().map(|it| it.1.gives_way()).collect();
        assert_eq!(gone, [true, false, false]);
    }
}
