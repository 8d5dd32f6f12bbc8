//! The flight recorder: the last minutes of every link's messages, in memory, within bounds (BYD-02).
//!
//! ```text
//!   adapter, engine --note(link, way, kind, |note| ...)--> bytes of a record --> newest piece of the ring
//!                                     oldest piece <-- too many bytes, or too old --> counted, gone
//!   who reads --Wanted--> records of the window --whose is it?--> one timeline over all links
//! ```
//!
//! - **A record** is what one message said, in structured parts: link, way, name of the message, whom it is
//!   about (agent, device, line, call), some named values. Nothing is put into words until it is read, so that
//!   a busy node pays for bytes only.
//! - **Bounds** are bytes and minutes, whichever ends first. What is old goes in pieces; what a piece still
//!   holds beyond the minutes is not told.
//! - **No secret gets in.** Adapters hand in values that they picked, never a message as it came: no password,
//!   cookie, token, link, credential or one-time code, and none of what customers said or wrote. Words of
//!   others, such as the reason of a refusal, pass [`Note::words`], which hides what looks like a secret.
//!   Numbers of callers are in it, since calls cannot be followed without; so what is taken out of it is
//!   personal data, and goes into the audit log as taken.
//! - **Whose is it?** Messages of phones and calls name no agent. A record that names an agent beside a device,
//!   line or call tells from then on, until it is named beside another; for what came before the first one,
//!   sessions tell. Who only claims to be an agent ([`CLAIMED`]) is found under that name, and takes nobody's
//!   device away.
//!
//! Memory only: a restart begins anew, and each node has what it saw itself.

mod note;
mod read;
mod ring;
mod taps;
#[cfg(test)]
mod tests;
mod timeline;
mod words;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Timestamp;

pub use self::note::Note;
pub use self::read::{Record, Value};
pub use self::timeline::{RECORDS_MAX, Timeline, Wanted, Whose};

use self::ring::{Piece, Ring};
use crate::metrics::{Counter, Gauge};
use crate::{Clock, Metrics};

/// The name of the value that has whom somebody claims to be, before that is proven.
pub const CLAIMED: &str = "claimed_agent";

/// A sort of link, for records and figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// What was decided here, and what came of it.
    Engine,
    /// A contact centre's CTI servers.
    Cti,
    /// SIP phones and proxies.
    Sip,
    /// Requests of phones for pages, and what was pressed on them.
    Phone,
    /// Pages pushed to phones.
    Push,
    /// Headsets behind phones.
    Headset,
    /// Files that phones load.
    Provisioning,
    /// Directories.
    Directory,
    /// Identity providers, and applications that trade codes for tokens.
    Identity,
}

impl Link {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Engine,
        Self::Cti,
        Self::Sip,
        Self::Phone,
        Self::Push,
        Self::Headset,
        Self::Provisioning,
        Self::Directory,
        Self::Identity,
    ];

    /// Its name in records and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Cti => "cti",
            Self::Sip => "sip",
            Self::Phone => "phone",
            Self::Push => "push",
            Self::Headset => "headset",
            Self::Provisioning => "provisioning",
            Self::Directory => "directory",
            Self::Identity => "identity",
        }
    }

    fn place(self) -> u8 {
        match self {
            Self::Engine => 0,
            Self::Cti => 1,
            Self::Sip => 2,
            Self::Phone => 3,
            Self::Push => 4,
            Self::Headset => 5,
            Self::Provisioning => 6,
            Self::Directory => 7,
            Self::Identity => 8,
        }
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It came to us.
    In,
    /// We sent it.
    Out,
    /// It happened here.
    Here,
}

impl Way {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Here => "here",
        }
    }

    fn place(self) -> u8 {
        match self {
            Self::In => 0,
            Self::Out => 1,
            Self::Here => 2,
        }
    }
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most bytes; 0 records nothing.
    pub bytes: usize,
    /// How long.
    pub lasting: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: 16 * 1024 * 1024, lasting: Duration::from_mins(10) }
    }
}

/// Keeps the last minutes. Cheap to clone.
#[derive(Clone)]
pub struct Recorder(Arc<Shared>);

struct Shared {
    ring: Mutex<Ring>,
    clock: Arc<dyn Clock>,
    records: [Counter; Link::ALL.len()],
    evicted: Counter,
    bytes: Gauge,
    /// The most bytes, to be looked at without the lock.
    bytes_max: AtomicUsize,
}

impl std::fmt::Debug for Recorder {
    /// What it holds stays hidden: it is personal data.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("flight recorder")
    }
}

impl Recorder {
    /// One with the usual bounds.
    pub(crate) fn new(metrics: &Metrics, clock: Arc<dyn Clock>) -> Self {
        let bounds = Bounds::default();
        let records = metrics.counters(
            "jackfield_flight_recorder_records_total",
            "Messages noted in the flight recorder, by link.",
            &["link"],
        );
        let evicted = metrics.counters(
            "jackfield_flight_recorder_evicted_total",
            "Records that left the flight recorder, being too old or too many.",
            &[],
        );
        let bytes = metrics.gauges(
            "jackfield_flight_recorder_bytes",
            "Bytes that the flight recorder holds.",
            &[],
        );
        Self(Arc::new(Shared {
            ring: Mutex::new(Ring::new(bounds)),
            clock,
            records: Link::ALL.map(|link| records.with(&[link.name()])),
            evicted: evicted.with(&[]),
            bytes: bytes.with(&[]),
            bytes_max: AtomicUsize::new(bounds.bytes),
        }))
    }

    /// Sets how much is kept from now on; what is beyond goes at once.
    pub fn set_bounds(&self, bounds: Bounds) {
        self.0.bytes_max.store(bounds.bytes, Ordering::Relaxed);
        let now = self.0.clock.now();
        let mut ring = self.ring();
        let evicted = ring.set_bounds(bounds, now);
        self.figure(&ring, evicted);
    }

    /// Whether anything is noted at all.
    pub fn is_on(&self) -> bool {
        self.0.bytes_max.load(Ordering::Relaxed) > 0
    }

    /// Notes a message; `tell` adds what it said, and is not called where nothing is kept.
    pub fn note(&self, link: Link, way: Way, kind: &str, tell: impl FnOnce(&mut Note)) {
        if !self.is_on() {
            return;
        }
        let now = self.0.clock.now();
        let mut note = Note::new(link, way, now, kind);
        tell(&mut note);
        let record = note.into_bytes();
        let mut ring = self.ring();
        let evicted = ring.push(&record, now);
        if let Some(evicted) = evicted {
            self.figure(&ring, evicted);
        }
        drop(ring);
        if let Some(counter) = self.0.records.get(usize::from(link.place())) {
            counter.increment();
        }
    }

    /// Lets go of what is too old; to be called now and then, since a node to which nothing comes notes
    /// nothing.
    pub fn sweep(&self) {
        let now = self.0.clock.now();
        let mut ring = self.ring();
        let evicted = ring.sweep(now);
        self.figure(&ring, evicted);
    }

    /// All that is kept now, to be read without the lock.
    fn kept(&self) -> Kept {
        self.sweep();
        let mut ring = self.ring();
        Kept { pieces: ring.pieces(), lasting: ring.bounds().lasting, now: self.0.clock.now() }
    }

    fn figure(&self, ring: &Ring, evicted: u64) {
        self.0.evicted.add(evicted);
        self.0.bytes.set(i64::try_from(ring.bytes()).unwrap_or(i64::MAX));
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was kept at some time.
struct Kept {
    pieces: Vec<Arc<Piece>>,
    lasting: Duration,
    now: Timestamp,
}

impl Kept {
    /// All records that are not too old, in the order in which they were noted.
    fn records(&self) -> impl Iterator<Item = Record> {
        let is_young = |record: &Record| self.now.since(record.at) <= self.lasting;
        self.pieces.iter().flat_map(|piece| piece.records()).filter(is_young)
    }
}
