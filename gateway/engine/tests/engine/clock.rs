//! Clocks that jump.

use std::time::Duration;

use domain::{CallDirection, InputId, Wish};
use engine::testing::engine_on;

use crate::Bench;

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn wrap_up(bench: &mut Bench) {
    bench.sign_in("1001", "2001").await;
    let (id, number, direction) = ("c1".into(), "1".into(), CallDirection::Inbound);
    bench.wish("1001", Wish::CallBegins { id, direction, number, variables: Vec::new() }).await;
    bench.wish("1001", Wish::CallEnds { id: None }).await;
    assert_eq!(bench.state("1001").await, "wrap_up");
}

#[tokio::test(start_paused = true)]
async fn a_wrap_up_does_not_outlast_a_clock_that_was_set_back() {
    let mut bench = Bench::new().await;
    bench.clock.advance(DAY);
    wrap_up(&mut bench).await;
    bench.clock.set_back(DAY);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while bench.state("1001").await == "wrap_up" {
        assert!(tokio::time::Instant::now() < deadline, "the agent wraps up for a day");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(
        bench.store.due_wakes(bench.engine.now().after(2 * DAY), 9).await.unwrap().due.is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrap_up_lasts_as_long_as_it_was_meant_to() {
    let mut bench = Bench::new().await;
    wrap_up(&mut bench).await;
    bench.clock.set_back(Duration::from_secs(30));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(bench.state("1001").await, "wrap_up");
}

/// Long enough for old outcomes to be looked for, more than once.
const LOOK: Duration = Duration::from_secs(150);

#[tokio::test(start_paused = true)]
async fn a_clock_far_ahead_removes_nothing() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let first = InputId::new("test", 1);
    tokio::time::sleep(LOOK).await;
    bench.clock.advance(100 * DAY);
    tokio::time::sleep(LOOK).await;
    assert!(bench.store.outcome(&first).await.unwrap().is_some());
    // Not even when the log goes on under that clock.
    bench.wish("1001", Wish::Ready).await;
    tokio::time::sleep(LOOK).await;
    assert!(bench.store.outcome(&first).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_starts_with_its_clock_far_ahead_removes_nothing() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let first = InputId::new("test", 1);
    bench.clock.advance(365 * DAY);
    // The log goes on under that clock, so its end is fresh, also for the start after that.
    for (seed, wish) in [(2, Wish::Ready), (3, Wish::NotReady(None))] {
        bench.engine.abandon();
        let engine = engine_on(bench.store.clone(), bench.clock.clone(), seed).await;
        bench = Bench { engine, ..bench };
        bench.wish("1001", wish).await;
        tokio::time::sleep(LOOK).await;
        assert!(bench.store.outcome(&first).await.unwrap().is_some());
    }
    // A node that was away for so long removes what is old once that clock has stayed for a day.
    tokio::time::sleep(DAY + LOOK).await;
    assert_eq!(bench.store.outcome(&first).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_removed_as_time_passes() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let first = InputId::new("test", 1);
    for wish in [Wish::Ready, Wish::NotReady(None)] {
        bench.clock.advance(DAY * 4 / 5);
        bench.wish("1001", wish).await;
        tokio::time::sleep(LOOK).await;
    }
    assert_eq!(bench.store.outcome(&first).await.unwrap(), None);
    assert!(bench.store.outcome(&InputId::new("test", 3)).await.unwrap().is_some());
}
