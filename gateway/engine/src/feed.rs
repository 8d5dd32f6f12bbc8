//! An agent's changes in order, bounded: who falls behind gets one resync and goes on from there.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use domain::LiveAgent;
use tokio::sync::Notify;

/// How many changes wait for a slow listener.
const WAITING_MAX: usize = 256;

/// What a listener is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedItem {
    /// It changed to that.
    Changed(Arc<LiveAgent>),
    /// Changes were left out; this is so now.
    Resync(Option<Arc<LiveAgent>>),
}

/// A listener to one agent's changes.
#[derive(Debug)]
pub struct Feed {
    queue: Arc<FeedQueue>,
    /// Holds the queue's place; when the listener goes, so does this.
    _here: Arc<()>,
}

#[derive(Debug)]
pub(crate) struct FeedQueue {
    waiting: Mutex<Waiting>,
    news: Notify,
    listener: Weak<()>,
}

#[derive(Debug, Default)]
struct Waiting {
    changes: VecDeque<Arc<LiveAgent>>,
    /// Set where changes were left out; what is so now.
    resync: Option<Option<Arc<LiveAgent>>>,
}

impl Feed {
    /// A feed that begins with what is so now.
    pub(crate) fn new(now: Option<Arc<LiveAgent>>) -> (Self, Arc<FeedQueue>) {
        let here = Arc::new(());
        let queue = Arc::new(FeedQueue {
            waiting: Mutex::new(Waiting { changes: VecDeque::new(), resync: Some(now) }),
            news: Notify::new(),
            listener: Arc::downgrade(&here),
        });
        (Self { queue: Arc::clone(&queue), _here: here }, queue)
    }

    /// The next item, waited for. Dropping the wait loses nothing.
    pub async fn next(&mut self) -> FeedItem {
        loop {
            if let Some(item) = self.queue.pop() {
                return item;
            }
            self.queue.news.notified().await;
        }
    }
}

impl FeedQueue {
    /// Whether anybody listens still.
    pub(crate) fn is_heard(&self) -> bool {
        self.listener.strong_count() > 0
    }

    /// Adds a change; false where nobody listens any more.
    pub(crate) fn push(&self, value: &Arc<LiveAgent>) -> bool {
        if !self.is_heard() {
            return false;
        }
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(resync) = &mut waiting.resync {
                *resync = Some(Arc::clone(value));
            } else if waiting.changes.len() < WAITING_MAX {
                waiting.changes.push_back(Arc::clone(value));
            } else {
                waiting.changes.clear();
                waiting.resync = Some(Some(Arc::clone(value)));
            }
        }
        self.news.notify_one();
        true
    }

    fn pop(&self) -> Option<FeedItem> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(now) = waiting.resync.take() {
            return Some(FeedItem::Resync(now));
        }
        waiting.changes.pop_front().map(FeedItem::Changed)
    }
}

#[cfg(test)]
mod tests {
    use domain::{AgentKey, Heard, HeardState, PresenceState, Timestamp};

    use super::*;

    /// The value after so many changes.
    fn value(second: i64) -> Arc<LiveAgent> {
        let agent: AgentKey = "east:1001".parse().unwrap();
        let since = Timestamp::from_seconds(second);
        let state = PresenceState::Ready;
        let heard = HeardState {
            state,
            since,
            pending: None,
            extension: None,
            instrument: None,
            device: None,
        };
        Arc::new(LiveAgent::after(&agent, None, since, Heard::State(heard)).unwrap())
    }

    #[tokio::test]
    async fn a_listener_gets_every_change_in_order_after_what_is_so() {
        let (mut feed, queue) = Feed::new(None);
        assert_eq!(feed.next().await, FeedItem::Resync(None));
        for second in 1..=3 {
            assert!(queue.push(&value(second)));
        }
        for second in 1..=3 {
            assert_eq!(feed.next().await, FeedItem::Changed(value(second)));
        }
    }

    #[tokio::test]
    async fn a_slow_listener_gets_one_resync_and_goes_on_from_there() {
        let (mut feed, queue) = Feed::new(None);
        feed.next().await;
        let count = i64::try_from(WAITING_MAX).unwrap() + 5;
        for second in 1..=count {
            queue.push(&value(second));
        }
        assert_eq!(feed.next().await, FeedItem::Resync(Some(value(count))));
        queue.push(&value(1_000));
        assert_eq!(feed.next().await, FeedItem::Changed(value(1_000)));
    }

    #[test]
    fn whoever_went_is_told_nothing() {
        let (feed, queue) = Feed::new(None);
        drop(feed);
        assert!(!queue.is_heard() && !queue.push(&value(1)));
    }
}
