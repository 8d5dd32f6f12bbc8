//! Clocks that jump.

use std::time::Duration;

use domain::{CallDirection, InputId, Wish};

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

#[tokio::test(start_paused = true)]
async fn a_clock_far_ahead_removes_nothing_until_the_log_agrees() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let first = InputId::new("test", 1);
    bench.clock.advance(100 * DAY);
    // Time enough for several rounds.
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(bench.store.outcome(&first).await.unwrap().is_some());
    bench.wish("1001", Wish::Ready).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(300);
    while bench.store.outcome(&first).await.unwrap().is_some() {
        assert!(tokio::time::Instant::now() < deadline, "nothing is removed any more");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
