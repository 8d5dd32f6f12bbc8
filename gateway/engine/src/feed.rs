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
    /// Whether anybody listens.
    pub(crate) fn has_listener(&self) -> bool {
        self.listener.strong_count() > 0
    }

    /// Adds a change; false where nobody listens any more.
    pub(crate) fn push(&self, value: &Arc<LiveAgent>) -> bool {
        if !self.has_listener() {
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
