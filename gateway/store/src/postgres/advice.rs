//! What a database server lacks for an installation that shall lose nothing.

use std::time::Duration;

use domain::Timestamp;

use super::link::Link;
use super::options::{CONNECT, WORK};
use super::pool::within;
use super::{PostgresOptions, open, options, tls_of};
use crate::OpenError;

/// Connections that others need: operators, backups, monitoring.
const CONNECTIONS_OF_OTHERS: usize = 10;
/// How far clocks may be apart.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(1);

const ASKED: &str = "
    SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT),
           current_setting('synchronous_standby_names'), current_setting('synchronous_commit'),
           current_setting('fsync'), current_setting('full_page_writes'),
           current_setting('max_connections')::int
               - current_setting('superuser_reserved_connections')::int";

/// Connects and tells, in sentences for an operator, what should be otherwise. Nothing is changed there; what
/// keeps a store from being opened is an error here, too. `now` is this machine's clock.
pub async fn postgres_advice(
    options: &PostgresOptions,
    now: impl Fn() -> Timestamp,
) -> Result<Vec<String>, OpenError> {
    let config = options.config()?;
    let place = options::place(&config);
    let tls = tls_of(options, &config)?;
    let failed = |fault| open::failed(&place, fault);
    let link = within(CONNECT, Link::connect(&config, &tls)).await.map_err(failed)?;
    open::check(&link, &place).await?;
    let found = within(WORK, link.first(ASKED)).await.map_err(failed)?;
    let here = now();
    let mut found = found.into_iter().map(Option::unwrap_or_default);
    let mut next = || found.next().unwrap_or_default();
    let there = Timestamp::from_microseconds(next().parse().unwrap_or_default());
    let mut advice = Vec::new();
    if next().is_empty() {
        advice.push(
            "no standby of the database confirms what is committed: if its server is lost, so is what \
             was committed last; set synchronous_standby_names"
                .to_owned(),
        );
    }
    let commit = next();
    if ["off", "local"].contains(&commit.as_str()) {
        advice.push(format!(
            "the database acknowledges commits before they are safe (synchronous_commit = {commit}); \
             set it to on"
        ));
    }
    for name in ["fsync", "full_page_writes"] {
        if next() != "on" {
            advice.push(format!(
                "the database may be damaged when its server loses power ({name} = off); set it to on"
            ));
        }
    }
    let (free, wanted) = (next(), 2 * options.connections + CONNECTIONS_OF_OTHERS);
    if free.parse::<usize>().is_ok_and(|free| free < wanted) {
        advice.push(format!(
            "the database takes {free} connections, and two nodes with what others need take \
             {wanted}; raise max_connections or lower the nodes' connections"
        ));
    }
    let apart = here.since(there).max(there.since(here));
    if apart > CLOCKS_APART_MAX {
        advice.push(format!(
            "this machine's clock and the database server's are {} s apart; let both follow a time \
             server",
            apart.as_secs()
        ));
    }
    Ok(advice)
}
