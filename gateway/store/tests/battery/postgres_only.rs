//! What holds for PostgreSQL alone: several stores at once, servers that go and come, lines that become
//! visible late.

mod advice;
mod away;
mod copying;
mod lines;
mod opening;
mod replaced;
mod reports;
mod together;
mod unsure;

use std::future::poll_fn;
use std::time::Duration;

use domain::{Decision, Event};
use store::{LeaseClock, PostgresOptions, PostgresStore, Store};

use crate::cases::{empty, key, put};

/// How long anything here may take before the test fails.
const DEADLINE: Duration = Duration::from_secs(60);

/// A new database on the server of this program; none where PostgreSQL is missing.
pub(crate) fn database(name: &str) -> Option<PostgresOptions> {
    Some(options(databases::shared()?.database(name)))
}

fn options(url: String) -> PostgresOptions {
    PostgresOptions { clock: LeaseClock::Callers, connections: 8, ..PostgresOptions::new(url) }
}

async fn open(options: &PostgresOptions) -> PostgresStore {
    PostgresStore::open(options.clone()).await.unwrap()
}

fn write(id: &str) -> Decision {
    Decision { writes: vec![put(id, true)], events: vec![Event::new("x", key(id))], ..empty() }
}

/// Looks again until `look` finds something.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// A session of its own beside the stores.
pub(crate) async fn session(url: &str) -> tokio_postgres::Client {
    let (client, mut connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(async move {
        while let Some(Ok(_)) = poll_fn(|it| connection.poll_message(it)).await {}
    });
    client
}

/// Waits for the next wake-up.
async fn woken(wake_up: &mut tokio::sync::watch::Receiver<u64>) {
    tokio::time::timeout(DEADLINE, wake_up.changed()).await.unwrap().unwrap();
}

#[tokio::test]
async fn leases_end_by_the_clock_of_the_database() {
    let Some(options) = database("database_clock") else { return };
    let store = open(&PostgresOptions { clock: LeaseClock::Database, ..options.clone() }).await;
    // What the callers think is of no account.
    let (early, late) =
        (domain::Timestamp::default(), domain::Timestamp::from_seconds(i64::MAX / 2_000_000));
    let lasting = Duration::from_secs(3600);
    let lease = store.acquire_lease("poll", "a", early, lasting).await.unwrap().unwrap();
    assert_eq!(store.acquire_lease("poll", "b", late, lasting).await.unwrap(), None);
    let beat = store::Beat { node: "n".into(), run: 1, first: true, status: String::new() };
    let now = store.beat(beat, late).await.unwrap().now.unwrap();
    let left = lease.expires_at.since(now);
    assert!(left <= lasting && left > lasting - DEADLINE, "{left:?}");
    assert_eq!(store.renew_lease(&lease, late, lasting).await.unwrap().fence, lease.fence);
    store.close().await;
}
