//! What holds for PostgreSQL alone: several stores at once, servers that go and come, lines that become
//! visible late.

use store::{LeaseClock, PostgresOptions};

/// A new database on the server of this program; none where PostgreSQL is missing.
pub(crate) fn database(name: &str) -> Option<PostgresOptions> {
    let url = databases::shared()?.database(name);
    Some(PostgresOptions {
        clock: LeaseClock::Callers,
        connections: 4,
        ..PostgresOptions::new(url)
    })
}
