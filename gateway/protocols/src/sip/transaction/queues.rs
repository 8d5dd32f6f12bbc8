//! When what is due: one queue for each timer and duration, in which entries come in their order, so that
//! setting and taking cost the same however many there are.
//!
//! Nothing is taken out of the middle: whoever sets a timer tells by the state of its transaction whether an
//! entry still counts. Entries that do not are dropped from the front, and all of them once they are the most.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::slots::{Id, ROOM};

#[derive(Debug)]
struct Queue<T> {
    timer: T,
    after: Duration,
    entries: VecDeque<(Instant, Id)>,
}

/// The queues of one kind of transaction; `T` names its timers.
#[derive(Debug)]
pub(super) struct Queues<T> {
    queues: Vec<Queue<T>>,
}

impl<T: Copy + PartialEq> Queues<T> {
    pub(super) const fn new() -> Self {
        Self { queues: Vec::new() }
    }

    /// Sets a timer that runs out at `due`; `after` is its duration, the same for each `due` of its queue up
    /// to how late the caller is. `live` is how many transactions there are.
    pub(super) fn set(
        &mut self,
        timer: T,
        after: Duration,
        due: Instant,
        id: Id,
        live: usize,
        counts: impl Fn(T, Id) -> bool,
    ) {
        let is_it = |queue: &&mut Queue<T>| queue.timer == timer && queue.after == after;
        let Some(queue) = self.queues.iter_mut().find(is_it) else {
            let entries = VecDeque::from([(due, id)]);
            return self.queues.push(Queue { timer, after, entries });
        };
        if queue.entries.len() > ROOM + 2 * live {
            queue.entries.retain(|(_, id)| counts(timer, *id));
        }
        let due = queue.entries.back().map_or(due, |(last, _)| due.max(*last));
        queue.entries.push_back((due, id));
    }

    /// Takes the entry that was due first, if it is due.
    pub(super) fn take(&mut self, now: Instant) -> Option<(T, Instant, Id)> {
        let first = |queue: &Queue<T>| queue.entries.front().map(|(due, _)| *due);
        let due = |queue: &&mut Queue<T>| first(queue).is_some_and(|due| due <= now);
        let queue = self.queues.iter_mut().filter(due).min_by_key(|queue| first(queue))?;
        let timer = queue.timer;
        let (due, id) = queue.entries.pop_front()?;
        queue.give_room_back();
        Some((timer, due, id))
    }

    /// Takes the first entry of a timer that counts, whether it is due or not.
    pub(super) fn take_oldest(&mut self, timer: T, counts: impl Fn(T, Id) -> bool) -> Option<Id> {
        let mut queues = self.queues.iter_mut().filter(|queue| queue.timer == timer);
        queues.find_map(|queue| {
            while let Some((_, id)) = queue.entries.pop_front() {
                queue.give_room_back();
                if counts(timer, id) {
                    return Some(id);
                }
            }
            None
        })
    }

    /// Drops entries that do not count from the front of the queues of a timer.
    pub(super) fn prune(&mut self, timer: T, counts: impl Fn(T, Id) -> bool) {
        for queue in self.queues.iter_mut().filter(|queue| queue.timer == timer) {
            while queue.entries.front().is_some_and(|(_, id)| !counts(timer, *id)) {
                queue.entries.pop_front();
            }
            queue.give_room_back();
        }
    }

    /// When the next entry is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.queues.iter().filter_map(|queue| queue.entries.front()).map(|(due, _)| *due).min()
    }

    /// How many entries there is room for.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.queues.iter().map(|queue| queue.entries.capacity()).sum()
    }
}

impl<T> Queue<T> {
    fn give_room_back(&mut self) {
        if self.entries.is_empty() && self.entries.capacity() > ROOM {
            self.entries = VecDeque::new();
        }
    }
}
