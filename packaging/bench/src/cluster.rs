//! Whole inputs through the engine on PostgreSQL, beside what PostgreSQL's own bench reaches on the same
//! tables with a transaction of the same shape: read the document and whether the input is known, note the
//! input, write the document under its version, add a line to the log.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use databases::{Options, Server};
use store::{PostgresOptions, PostgresStore, Store};

use crate::demand::Demand;
use crate::durable::submits;
use crate::median::median;
use crate::{AnyError, Missed};

/// Callers that each wait for their own before the next.
const CALLERS: usize = 32;
const RATIO: Demand = Demand::AtLeast(0.6);

/// What each of pgbench's clients does, on an agent's session of its own.
const SCRIPT: &str = "\\set n random(1, 1000000000000000)
BEGIN;
SELECT reply FROM outcome WHERE input = 'bench/' || :client_id || '/' || :n;
SELECT version, schema, body FROM document
    WHERE kind = 'session' AND id = 'owned:' || (1000 + :client_id);
INSERT INTO outcome (input, reply, at)
    VALUES ('bench/' || :client_id || '/' || :n, '{\"reply\":\"done\"}', 1)
    ON CONFLICT (input) DO NOTHING;
UPDATE document SET version = version + 1, schema = 1, body = BODY
    WHERE kind = 'session' AND id = 'owned:' || (1000 + :client_id);
INSERT INTO log (number, at, event)
    VALUES (pg_current_xact_id()::text::bigint * 4096, 1, EVENT);
COMMIT;
";

pub(crate) fn run(rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    let lasting = Duration::from_secs(if quick { 2 } else { 8 });
    let options = Options { durable: true, ..Options::default() };
    let server = Server::start_with(&options).ok_or("PostgreSQL is not installed")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let script = server.host().join("bench.sql");
    std::fs::write(&script, SCRIPT.replace("BODY", &body()).replace("EVENT", &event()))?;
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let name = format!("bench{round}");
        let url = server.database(&name);
        own.push(runtime.block_on(submitted(url, lasting))?);
        theirs.push(pgbench(server.host(), &name, &script, lasting)?);
    }
    let (own, theirs) = (median(own), median(theirs));
    let ratio = own / theirs;
    println!("cluster: submit, {CALLERS} callers, PostgreSQL       {own:>9.0} /s");
    println!("cluster: pgbench, same shape, {CALLERS} clients      {theirs:>9.0} /s");
    println!("cluster: ratio submit / pgbench              {ratio:>9.2}   ({RATIO})");
    Ok(RATIO.missed("cluster: the ratio of submit to pgbench", ratio).into_iter().collect())
}

async fn submitted(url: String, lasting: Duration) -> Result<f64, AnyError> {
    let options = PostgresOptions { connections: CALLERS, ..PostgresOptions::new(url) };
    let store = PostgresStore::open(options).await?;
    let store: std::sync::Arc<dyn Store> = std::sync::Arc::new(store);
    Ok(submits(store, CALLERS, lasting).await)
}

fn pgbench(host: &Path, database: &str, script: &Path, lasting: Duration) -> Result<f64, AnyError> {
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .args([format!("--client={CALLERS}"), format!("--time={}", lasting.as_secs())])
        .arg(format!("--host={}", host.display()))
        .arg(format!("--file={}", script.display()))
        .args(["--username=postgres", database])
        .output()
        .map_err(|error| format!("pgbench of postgresql-contrib: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split(' ').next()).and_then(|rate| rate.parse().ok());
    rate.ok_or_else(|| format!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// As large as a session is.
fn body() -> String {
    format!("'{{\"agent\":\"{}\"}}'", "x".repeat(380))
}

/// As large as a line of the log is.
fn event() -> String {
    format!("'{{\"name\":\"{}\"}}'", "x".repeat(80))
}
