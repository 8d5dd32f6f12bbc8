//! What waits for one receiver: bounded, so the oldest goes when it is away for long.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocols::syslog::Message;
use tokio::sync::Notify;

use super::figures::ReceiverFigures;

/// The most messages that wait for one receiver.
pub(super) const MESSAGES_MAX: usize = 10_000;
/// The most bytes of their texts.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Messages in order.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Something came in.
    filled: Notify,
    /// Nothing waits any more.
    emptied: Notify,
    figures: Option<ReceiverFigures>,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
    /// The number of the first one; they are counted from the beginning on.
    first: u64,
    /// How many were dropped that the receiver was not told of yet.
    dropped: u64,
}

/// Messages that may be sent together; they wait on until they are done.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) messages: Vec<Arc<Message>>,
    /// How many are missing before them.
    pub(super) dropped: u64,
    first: u64,
}

impl Queue {
    pub(super) fn new(figures: Option<ReceiverFigures>) -> Self {
        Self { waiting: Mutex::default(), filled: Notify::new(), emptied: Notify::new(), figures }
    }

    /// Adds one; where there is no room, the oldest ones are dropped and counted.
    pub(super) fn push(&self, message: Arc<Message>) {
        let mut waiting = self.waiting();
        waiting.bytes += bytes(&message);
        waiting.messages.push_back(message);
        let mut dropped = 0;
        while waiting.messages.len() > MESSAGES_MAX || waiting.bytes > BYTES_MAX {
            if waiting.forget_first().is_none() {
                break;
            }
            dropped += 1;
        }
        waiting.dropped += dropped;
        self.show(&waiting);
        drop(waiting);
        if let Some(figures) = &self.figures {
            figures.dropped.add(dropped);
        }
        self.filled.notify_one();
    }

    /// Waits for messages; gives up to `messages_max` of them.
    pub(super) async fn next(&self, messages_max: usize) -> Batch {
        loop {
            // Made before the look, so that what comes in between is not missed.
            let filled = self.filled.notified();
            if let Some(batch) = self.batch(messages_max) {
                return batch;
            }
            filled.await;
        }
    }

    fn batch(&self, messages_max: usize) -> Option<Batch> {
        let waiting = self.waiting();
        if waiting.messages.is_empty() {
            return None;
        }
        let messages = waiting.messages.iter().take(messages_max).cloned().collect();
        Some(Batch { messages, dropped: waiting.dropped, first: waiting.first })
    }

    /// Takes out the first `sent` messages of a batch: they are on their way.
    pub(super) fn done(&self, batch: &Batch, sent: usize) {
        let mut waiting = self.waiting();
        let sent = u64::try_from(sent).unwrap_or(u64::MAX);
        let end = batch.first.saturating_add(sent);
        // Some may have been dropped while they were sent.
        while waiting.first < end && waiting.forget_first().is_some() {}
        self.show(&waiting);
        let is_empty = waiting.messages.is_empty();
        drop(waiting);
        if let Some(figures) = &self.figures {
            figures.sent.add(sent);
        }
        if is_empty {
            self.emptied.notify_waiters();
        }
    }

    /// The receiver was told what is missing before a batch.
    pub(super) fn told_of_dropped(&self, batch: &Batch) {
        let mut waiting = self.waiting();
        waiting.dropped = waiting.dropped.saturating_sub(batch.dropped);
    }

    /// Waits until nothing waits any more.
    pub(super) async fn until_empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.waiting().messages.is_empty() {
                return;
            }
            emptied.await;
        }
    }

    /// How many wait.
    pub(super) fn length(&self) -> usize {
        self.waiting().messages.len()
    }

    /// Nobody is there to be sent what waits: its receiver is no receiver any more.
    pub(super) fn close(&self) {
        let mut waiting = self.waiting();
        let left = mem::take(&mut *waiting).messages.len();
        if let Some(figures) = &self.figures {
            figures.dropped.add(u64::try_from(left).unwrap_or(u64::MAX));
            figures.waiting.set(0);
        }
    }

    fn show(&self, waiting: &Waiting) {
        if let Some(figures) = &self.figures {
            figures.waiting.set(i64::try_from(waiting.messages.len()).unwrap_or(i64::MAX));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn forget_first(&mut self) -> Option<()> {
        let message = self.messages.pop_front()?;
        self.bytes = self.bytes.saturating_sub(bytes(&message));
        self.first += 1;
        Some(())
    }
}

fn bytes(message: &Message) -> usize {
    let parameters = message.parameters.iter().map(|(name, value)| name.len() + value.len());
    message.text.len() + message.id.len() + parameters.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use protocols::syslog::Severity;

    use super::*;

    fn message(text: String) -> Arc<Message> {
        let (severity, id, parameters) = (Severity::Informational, String::new(), Vec::new());
        Arc::new(Message { severity, microseconds: 0, id, parameters, text })
    }

    fn texts(batch: &Batch) -> Vec<&str> {
        batch.messages.iter().map(|it| it.text.as_str()).collect()
    }

    #[tokio::test]
    async fn ops_02_the_oldest_messages_of_a_full_syslog_queue_are_dropped_and_counted() {
        let queue = Queue::new(None);
        for number in 0..MESSAGES_MAX + 5 {
            queue.push(message(number.to_string()));
        }
        let batch = queue.next(2).await;
        assert_eq!((texts(&batch), batch.dropped), (vec!["5", "6"], 5));
        // What is not done is given again.
        queue.done(&batch, 1);
        queue.told_of_dropped(&batch);
        let batch = queue.next(2).await;
        assert_eq!((texts(&batch), batch.dropped), (vec!["6", "7"], 0));
    }

    #[tokio::test]
    async fn what_was_dropped_while_it_was_sent_takes_no_other_with_it() {
        let queue = Queue::new(None);
        (0..MESSAGES_MAX).for_each(|number| queue.push(message(number.to_string())));
        let batch = queue.next(3).await;
        queue.push(message("more".to_owned()));
        queue.push(message("and more".to_owned()));
        queue.done(&batch, 3);
        assert_eq!(texts(&queue.next(1).await), ["3"]);
    }

    #[tokio::test]
    async fn large_messages_are_bounded_by_their_bytes() {
        let queue = Queue::new(None);
        let mebibyte = "x".repeat(1024 * 1024);
        (0..20).for_each(|_| queue.push(message(mebibyte.clone())));
        let batch = queue.next(100).await;
        assert_eq!((batch.messages.len(), batch.dropped), (16, 4));
    }

    #[tokio::test]
    async fn who_waits_is_woken() {
        let queue = Arc::new(Queue::new(None));
        let waiting = Arc::clone(&queue);
        let next = tokio::spawn(async move { waiting.next(9).await });
        tokio::task::yield_now().await;
        queue.push(message("one".to_owned()));
        let batch = next.await.unwrap();
        let waiting = Arc::clone(&queue);
        let empty = tokio::spawn(async move { waiting.until_empty().await });
        tokio::task::yield_now().await;
        assert!(!empty.is_finished());
        queue.done(&batch, 1);
        empty.await.unwrap();
    }
}
