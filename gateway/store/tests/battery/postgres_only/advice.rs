//! What an operator is told of a database server that is not set up well.

use std::time::Duration;

use databases::{Options, Server, Standby};
use domain::Timestamp;
use store::{OpenError, PostgresOptions, postgres_advice};

use super::{database, open, session};

/// What the database's clock says, by which this machine goes, too.
async fn clock(options: &PostgresOptions) -> Timestamp {
    let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
    let row = session(&options.url).await.query_one(sql, &[]).await.unwrap();
    Timestamp::from_microseconds(row.get(0))
}

#[tokio::test]
async fn what_a_database_lacks_is_told_in_sentences() {
    let Some(server) = databases::shared() else { return };
    let options = PostgresOptions::new(server.database("advice"));
    let now = clock(&options).await;
    let advice = postgres_advice(&options, || now).await.unwrap().join("\n");
    assert!(advice.contains("set synchronous_standby_names"), "{advice}");
    assert!(advice.contains("fsync = off"), "{advice}");
    assert!(!advice.contains("full_page_writes"), "{advice}");
    assert!(!advice.contains("max_connections") && !advice.contains("clock"), "{advice}");
    let late = now.after(Duration::from_secs(3600));
    let many = PostgresOptions { connections: 100, ..options.clone() };
    let advice = postgres_advice(&many, || late).await.unwrap().join("\n");
    assert!(advice.contains("two nodes with what others need take 210"), "{advice}");
    assert!(advice.contains("s apart"), "{advice}");
    // Nothing was made there.
    let sql = "SELECT to_regclass('meta') IS NULL";
    assert!(session(&options.url).await.query_one(sql, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn a_database_with_a_standby_that_confirms_has_nothing_to_be_told() {
    let Some(server) = Server::start_with(&Options { durable: true, ..Options::default() }) else {
        return;
    };
    let options = PostgresOptions::new(server.database("gateway"));
    let standby = Standby::of(&server, "second");
    standby.make_synchronous(&server);
    open(&options).await;
    let now = clock(&options).await;
    let advice = postgres_advice(&options, || now).await.unwrap();
    assert!(advice.is_empty(), "{advice:?}");
    server.set("synchronous_commit", "local");
    let advice = postgres_advice(&options, || now).await.unwrap().join("\n");
    assert!(advice.contains("synchronous_commit = local"), "{advice}");
    let there = PostgresOptions::new(standby.server().url_of("gateway"));
    let error = postgres_advice(&there, || now).await.unwrap_err();
    assert!(matches!(error, OpenError::Standby { .. }), "{error:?}");
}

#[tokio::test]
async fn a_newer_schema_is_told_before_it_is_opened() {
    let Some(options) = database("advice_newer") else { return };
    open(&options).await;
    let text = "UPDATE meta SET value = '99' WHERE name = 'schema'";
    session(&options.url).await.batch_execute(text).await.unwrap();
    let error = postgres_advice(&options, Timestamp::default).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error:?}");
}
