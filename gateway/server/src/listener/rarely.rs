//! A future that is looked at only when it was woken itself.
//!
//! A connection's task is woken for every byte; the end of the node and the limit of a phase come
//! once. Looking at those anew each time would take a lock that all connections share.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// What wakes the future, and whom that wakes.
struct Bell {
    rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// A future that is looked at only when it was woken itself. It stays in the task that first looks
/// at it.
pub(super) struct Rarely<F> {
    future: F,
    bell: Arc<Bell>,
    waker: Waker,
}

impl<F: Future + Unpin> Rarely<F> {
    pub(super) fn new(future: F) -> Self {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), task: Mutex::default() });
        let waker = Waker::from(Arc::clone(&bell));
        Self { future, bell, waker }
    }
}

impl<F: Future + Unpin> Future for Rarely<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if !self.bell.rung.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        let task = Some(context.waker().clone());
        *self.bell.task.lock().unwrap_or_else(PoisonError::into_inner) = task;
        // Before the look, so that what wakes it meanwhile is seen the next time.
        self.bell.rung.store(false, Ordering::Release);
        let waker = self.waker.clone();
        Pin::new(&mut self.future).poll(&mut Context::from_waker(&waker))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::AtomicU32;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn it_is_looked_at_when_it_was_woken_and_not_otherwise() {
        let (sender, mut receiver) = oneshot::channel::<u8>();
        let looks = AtomicU32::new(0);
        let counted = pin!(poll_fn(|context| {
            looks.fetch_add(1, Ordering::Relaxed);
            Pin::new(&mut receiver).poll(context)
        }));
        let mut rarely = Rarely::new(counted);
        for _ in 0..5 {
            let once = poll_fn(|context| Poll::Ready(Pin::new(&mut rarely).poll(context)));
            assert!(once.await.is_pending());
        }
        assert_eq!(looks.load(Ordering::Relaxed), 1);
        sender.send(7).unwrap();
        assert_eq!(rarely.await, Ok(7));
        assert_eq!(looks.load(Ordering::Relaxed), 2);
    }
}
