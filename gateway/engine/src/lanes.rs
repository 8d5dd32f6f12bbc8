//! Inputs of one lane run one after the other in their order of arrival, those of others at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// How many inputs may wait in one lane; one more is told that too much is in hand.
const WAITING_MAX: usize = 256;

#[derive(Debug, Default)]
struct Lane {
    /// Gives turns in order of arrival.
    turn: Arc<Turn<()>>,
    /// Who has the turn or waits for it.
    inside: usize,
}

/// All lanes in use.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Arc<Mutex<HashMap<String, Lane>>>);

/// A turn in a lane, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct InLane {
    lanes: Arc<Mutex<HashMap<String, Lane>>>,
    name: String,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Lanes {
    /// Waits for a turn in the lane; `None` where too many wait already.
    pub(crate) async fn enter(&self, name: String) -> Option<InLane> {
        let turn = {
            let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let lane = lanes.entry(name.clone()).or_default();
            if lane.inside > WAITING_MAX {
                return None;
            }
            lane.inside += 1;
            Arc::clone(&lane.turn)
        };
        // From here on a dropped wait must leave the lane as well.
        let mut inside = InLane { lanes: Arc::clone(&self.0), name, turn: None };
        inside.turn = Some(turn.lock_owned().await);
        Some(inside)
    }

    /// How many lanes are in use.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for InLane {
    fn drop(&mut self) {
        self.turn.take();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get_mut(&self.name) {
            lane.inside -= 1;
            if lane.inside == 0 {
                lanes.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lane_keeps_the_order_of_arrival_and_goes_when_it_is_empty() {
        let lanes = Arc::new(Lanes::default());
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = lanes.enter("a".into()).await.unwrap();
        let mut tasks = Vec::new();
        for number in 0..10 {
            let (lanes, order) = (Arc::clone(&lanes), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _turn = lanes.enter("a".into()).await.unwrap();
                order.lock().unwrap().push(number);
            }));
            tokio::task::yield_now().await;
        }
        let other = lanes.enter("b".into()).await.unwrap();
        assert_eq!(lanes.len(), 2);
        drop((first, other));
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
        assert_eq!(lanes.len(), 0);
    }

    #[tokio::test]
    async fn a_wait_that_is_dropped_leaves_the_lane() {
        let lanes = Lanes::default();
        let first = lanes.enter("a".into()).await.unwrap();
        {
            let waiting = lanes.enter("a".into());
            tokio::select! {
                biased;
                _ = waiting => panic!("the lane is taken"),
                () = std::future::ready(()) => {}
            }
        }
        drop(first);
        assert_eq!(lanes.len(), 0);
    }

    #[tokio::test]
    async fn a_lane_has_a_limit() {
        let lanes = Arc::new(Lanes::default());
        let _first = lanes.enter("a".into()).await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..WAITING_MAX {
            let lanes = Arc::clone(&lanes);
            waiting.push(tokio::spawn(async move { lanes.enter("a".into()).await.is_some() }));
        }
        for _ in 0..=WAITING_MAX {
            tokio::task::yield_now().await;
        }
        assert!(lanes.enter("a".into()).await.is_none());
        for task in waiting {
            task.abort();
        }
    }
}
