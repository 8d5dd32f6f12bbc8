//! The last lines of the log, kept in memory: for a support bundle, and for whoever watches the log.
//!
//! What is kept is what the log tells, and nothing beside it; the oldest go first. A line that is far too long
//! is cut. Lines are numbered, so that a watcher asks for what came after the last one it has, and sees when lines
//! went before it could read them.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Timestamp;
use engine::Clock;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::told::Told;

/// So many lines are kept at most.
const LINES_MAX: usize = 5_000;
/// Bytes of all of them together.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of one line.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// What a line takes beside its texts.
const LINE_BYTES_MORE: usize = 128;

/// The last lines; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    lines: Arc<Mutex<Lines>>,
    moves: Arc<watch::Sender<u64>>,
}

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<Arc<Kept>>,
    bytes: usize,
    dropped: u64,
    last: u64,
}

/// One line.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Its number; the first one's is 1.
    pub(crate) number: u64,
    /// When it was told.
    pub(crate) at: Timestamp,
    /// What it says.
    pub(crate) told: Told,
}

/// Lines that were asked for.
#[derive(Debug)]
pub(crate) struct Found {
    /// The oldest first.
    pub(crate) lines: Vec<Arc<Kept>>,
    /// The number of the last line there is, of whatever level.
    pub(crate) last: u64,
    /// How many lines came before these that are not among them, of those asked for where that is known.
    pub(crate) missed: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self { lines: Arc::default(), moves: Arc::new(watch::Sender::new(0)) }
    }
}

impl Recent {
    /// Takes in what is logged from now on.
    pub(super) fn layer(&self, clock: Arc<dyn Clock>) -> RecentLayer {
        RecentLayer { recent: self.clone(), clock }
    }

    /// All that is kept, the oldest first, as people read it, and how many lines came before.
    pub(crate) fn text(&self) -> (Vec<u8>, u64) {
        let (lines, dropped) = {
            let kept = self.lines();
            (Vec::from_iter(kept.lines.iter().cloned()), kept.dropped)
        };
        let mut text = Vec::new();
        for line in lines {
            let Told { level, target, .. } = &line.told;
            // Writing into memory cannot fail.
            let _ = writeln!(text, "{} {level:>5} {target}: {}", when(line.at), line.told.line());
        }
        (text, dropped)
    }

    /// The newest lines after that number that matter as much as `least` or more, at most so many.
    pub(crate) fn after(&self, number: u64, least: Level, most: usize) -> Found {
        let kept = self.lines();
        let oldest = kept.lines.front().map_or(kept.last + 1, |line| line.number);
        let gone = if number == 0 { 0 } else { oldest.saturating_sub(number + 1) };
        let newer = kept.lines.iter().rev().take_while(|line| line.number > number);
        let mut wanted = newer.filter(|line| line.told.level <= least);
        let mut lines: Vec<_> = wanted.by_ref().take(most).cloned().collect();
        let more = if number == 0 { 0 } else { wanted.count() as u64 };
        lines.reverse();
        Found { lines, last: kept.last, missed: gone + more }
    }

    /// Moves with every line, to its number.
    pub(crate) fn moves(&self) -> watch::Receiver<u64> {
        self.moves.subscribe()
    }

    fn add(&self, at: Timestamp, mut told: Told) {
        let mut bytes = size(&told);
        while bytes > LINE_BYTES_MAX && told.fields.pop().is_some() {
            bytes = size(&told);
            if bytes <= LINE_BYTES_MAX {
                told.words.push_str(" (cut)");
            }
        }
        let number = {
            let mut kept = self.lines();
            kept.last += 1;
            let number = kept.last;
            kept.bytes += bytes;
            kept.lines.push_back(Arc::new(Kept { number, at, told }));
            while kept.lines.len() > LINES_MAX || kept.bytes > BYTES_MAX {
                let Some(oldest) = kept.lines.pop_front() else { break };
                kept.bytes = kept.bytes.saturating_sub(size(&oldest.told));
                kept.dropped += 1;
            }
            number
        };
        if self.moves.receiver_count() > 0 {
            self.moves.send_replace(number);
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps what passes it.
pub(super) struct RecentLayer {
    recent: Recent,
    clock: Arc<dyn Clock>,
}

impl<S: Subscriber> Layer<S> for RecentLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.recent.add(self.clock.now(), Told::of(event));
    }
}

fn size(told: &Told) -> usize {
    let fields = told.fields.iter().map(|(name, value)| name.len() + value.len() + 1);
    told.words.len() + fields.sum::<usize>() + LINE_BYTES_MORE
}

fn when(at: Timestamp) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.microseconds()) * 1_000);
    time.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use engine::testing::ManualClock;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::registry;

    use super::*;

    fn logged(log: impl FnOnce()) -> Recent {
        let recent = Recent::default();
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let subscriber = registry().with(recent.layer(clock));
        tracing::subscriber::with_default(subscriber, log);
        recent
    }

    fn words(found: &Found) -> Vec<String> {
        found.lines.iter().map(|line| line.told.line()).collect()
    }

    #[test]
    fn ops_12_the_last_lines_are_kept_within_bounds() {
        let recent = logged(|| {
            for number in 0..5_100 {
                tracing::info!(target: "server::x", number, "line");
            }
        });
        let (text, dropped) = recent.text();
        let text = String::from_utf8(text).unwrap();
        assert_eq!((text.lines().count(), dropped), (5_000, 100));
        assert!(
            text.starts_with("2027-01-15T08:00:00Z  INFO server::x: line number=100\n"),
            "{text}"
        );
        assert!(text.ends_with("line number=5099\n"));
        // Long lines are cut, and many of them push out the others.
        let recent = logged(|| {
            let long = "x".repeat(100_000);
            for _ in 0..400 {
                tracing::info!(a = long, b = long, c = long, d = long, e = long, "long");
            }
        });
        let (text, dropped) = recent.text();
        assert!(text.len() <= BYTES_MAX && dropped > 0, "{} {dropped}", text.len());
        let text = String::from_utf8(text).unwrap();
        assert!(text.lines().all(|line| line.contains("long (cut) a=")));
    }

    #[test]
    fn a_watcher_gets_what_came_after_what_it_has() {
        let recent = logged(|| {
            tracing::info!("one");
            tracing::debug!("two");
            tracing::warn!("three");
            tracing::error!("four");
        });
        let found = recent.after(0, Level::TRACE, 10);
        assert_eq!(words(&found), ["one", "two", "three", "four"]);
        assert_eq!((found.last, found.missed), (4, 0));
        assert_eq!(words(&recent.after(1, Level::INFO, 10)), ["three", "four"]);
        assert_eq!(words(&recent.after(0, Level::ERROR, 10)), ["four"]);
        // The newest count where there are too many; of those before the first look nothing is missed.
        let found = recent.after(0, Level::TRACE, 2);
        assert_eq!((words(&found), found.missed), (vec!["three".to_owned(), "four".to_owned()], 0));
        assert_eq!(recent.after(1, Level::TRACE, 2).missed, 1);
        assert!(recent.after(4, Level::TRACE, 10).lines.is_empty());
    }

    #[test]
    fn a_watcher_who_is_too_slow_sees_how_many_are_gone() {
        let recent = logged(|| (0..5_010).for_each(|number| tracing::info!(number, "line")));
        let found = recent.after(3, Level::INFO, 5_000);
        assert_eq!((found.lines.len(), found.missed, found.last), (5_000, 7, 5_010));
        let moves = recent.moves();
        recent.add(Timestamp::default(), Told::empty(Level::INFO));
        assert!(moves.has_changed().unwrap());
        assert_eq!(*moves.borrow(), 5_011);
    }
}
