//! Pieces of records, the oldest first. A piece is written until it is full or old, then only read.
//!
//! What is too old or too much goes by whole pieces, which costs nothing a record; readers take the pieces
//! along and read them without the lock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;

use super::Bounds;
use super::read::Record;

/// The bytes of a full piece.
const PIECE_BYTES: usize = 64 * 1024;
/// Of so many pieces one is begun anew within the time that is kept, whether full or not.
const PIECES_IN_TIME: u32 = 20;

/// Records one after the other, each after its length.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    bytes: Vec<u8>,
    /// The number of its first record.
    first: u64,
    count: u64,
    began_at: Timestamp,
    ended_at: Timestamp,
}

impl Piece {
    fn new(first: u64, at: Timestamp) -> Self {
        let bytes = Vec::new();
        Self { bytes, first, count: 0, began_at: at, ended_at: at }
    }

    /// Its records.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        let mut rest = self.bytes.as_slice();
        let mut number = self.first;
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (record, after) = after.split_at_checked(u16::from_le_bytes(*length).into())?;
            rest = after;
            number += 1;
            Record::read(number - 1, record)
        })
    }
}

/// All that is kept.
#[derive(Debug)]
pub(super) struct Ring {
    bounds: Bounds,
    full: VecDeque<Arc<Piece>>,
    open: Piece,
    bytes: usize,
}

impl Ring {
    pub(super) fn new(bounds: Bounds) -> Self {
        let open = Piece::new(1, Timestamp::from_seconds(0));
        Self { bounds, full: VecDeque::new(), open, bytes: 0 }
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// How many bytes are held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn set_bounds(&mut self, bounds: Bounds, now: Timestamp) -> u64 {
        self.bounds = bounds;
        self.finish(now);
        self.sweep(now)
    }

    /// Adds a record; how many went, where a piece ended.
    pub(super) fn push(&mut self, record: &[u8], now: Timestamp) -> Option<u64> {
        let length = u16::try_from(record.len()).ok()?;
        let wants = record.len() + 2;
        // A piece of a small ring is small.
        let piece_bytes = PIECE_BYTES.min(self.bounds.bytes / 4).max(wants);
        let piece_time = self.bounds.lasting / PIECES_IN_TIME;
        let is_over = self.open.bytes.len() + wants > piece_bytes
            || now.since(self.open.began_at) > piece_time;
        let evicted = (is_over && self.open.count > 0).then(|| {
            self.finish(now);
            self.make_room(wants, now)
        });
        if self.open.count == 0 {
            self.open.began_at = now;
            self.open.bytes.reserve_exact(piece_bytes.min(4 * 1024));
        }
        self.open.bytes.extend(length.to_le_bytes());
        self.open.bytes.extend(record);
        self.open.count += 1;
        self.open.ended_at = self.open.ended_at.max(now);
        self.bytes += wants;
        evicted
    }

    /// Lets go of what is too old or too much; how many records went.
    pub(super) fn sweep(&mut self, now: Timestamp) -> u64 {
        if self.is_old(&self.open, now) {
            self.finish(now);
        }
        self.make_room(0, now)
    }

    /// All pieces, for somebody who reads.
    pub(super) fn pieces(&mut self) -> Vec<Arc<Piece>> {
        let open = Arc::new(self.open.clone());
        self.full.iter().cloned().chain([open]).collect()
    }

    fn finish(&mut self, now: Timestamp) {
        if self.open.count == 0 {
            return;
        }
        let next = Piece::new(self.open.first + self.open.count, now);
        let mut ended = std::mem::replace(&mut self.open, next);
        ended.bytes.shrink_to_fit();
        self.full.push_back(Arc::new(ended));
    }

    fn make_room(&mut self, wanted: usize, now: Timestamp) -> u64 {
        let mut evicted = 0;
        // The piece that is written next is counted as full.
        let room = PIECE_BYTES.min(self.bounds.bytes / 4).max(wanted);
        while let Some(oldest) = self.full.front() {
            let too_much = self.bytes + room > self.bounds.bytes;
            if !too_much && !self.is_old(oldest, now) {
                break;
            }
            self.bytes -= oldest.bytes.len();
            evicted += oldest.count;
            self.full.pop_front();
        }
        evicted
    }

    fn is_old(&self, piece: &Piece, now: Timestamp) -> bool {
        let beyond: Duration = now.since(piece.ended_at);
        piece.count > 0 && beyond > self.bounds.lasting
    }
}
