//! `jackfield store`: a check of what is there, and `copy`: what a SQLite file holds goes into the database of a configuration.
//!
//! ```text
//!   file locked -> database opened, empty --one transaction--> counts compared -> kept, or rolled back
//! ```
//!
//! The gateway must be stopped: a running one holds the file's lock. The file stays as it is.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use store::{Copied, CopyError, CopyMode, OpenError, PostgresStore, SqliteStore, Store};

use super::{CONFIG, Problem, WhichNode, runtime};
use crate::config::{Config, StoreConfig};
use crate::node::NodeError;
use crate::opening;
use crate::words::with_causes;

/// So many rows of a table are copied between two lines about it.
const ROWS_A_LINE: u64 = 50_000;

/// What is done with a store as a whole.
#[derive(Debug, Subcommand)]
pub(super) enum StoreDeed {
    /// Copy a SQLite store into the PostgreSQL database that a configuration names.
    #[command(after_long_help = COPY_HELP)]
    Copy(CopyArguments),
    /// Look at all that the store holds, and tell what does not fit; a running node goes on meanwhile.
    ///
    /// Exit code 1 where something is wrong. Rows of a newer program are told, and are not wrong.
    Check {
        #[command(flatten)]
        node: WhichNode,
    },
}

const COPY_HELP: &str = "\
Stop the gateway first, and start it afterwards with the configuration that names the database. \
Everything goes over in one transaction, or nothing: settings, sessions, timers, what is owed, the \
log and bodies. The database must be empty; tables are made where there are none. The file stays as \
it is: keep it until the nodes have run a while, and start no node on it any more.

Every node needs the sealing key of the old one (sealing_key_file).

Example:
  jackfield store copy --from /var/lib/jackfield/jackfield.db --dry-run
  jackfield store copy --from /var/lib/jackfield/jackfield.db";

/// How a store is copied.
#[derive(Debug, Args)]
pub(super) struct CopyArguments {
    /// The SQLite file.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The configuration (TOML) whose store.url names the database.
    #[arg(long, value_name = "FILE", default_value = CONFIG)]
    config: PathBuf,
    /// Do all of it, compare the counts and take it back.
    #[arg(long)]
    dry_run: bool,
}

/// Does it; progress goes to standard error.
pub(super) fn store(deed: StoreDeed, out: &mut impl Write) -> Result<(), Problem> {
    let CopyArguments { from, config, dry_run } = match deed {
        StoreDeed::Copy(arguments) => arguments,
        StoreDeed::Check { node } => return super::backup::check(&node, out),
    };
    let config = Config::load(&config)?;
    let StoreConfig::Postgresql(database) = &config.store else {
        return Err(Problem(
            "store.url: is missing: name the database to copy into, such as \
             \"postgresql://jackfield@db.example.com/jackfield\""
                .to_owned(),
        ));
    };
    // Opening would make one.
    if !from.is_file() {
        return Err(Problem(format!("error: {} is not a file", from.display())));
    }
    let options = opening::options(database).map_err(NodeError::from)?;
    let mode = if dry_run { CopyMode::Rehearse } else { CopyMode::Keep };
    let copied = runtime()?.block_on(async {
        let source = open_source(&from).await?;
        let copied = match PostgresStore::open(options).await {
            Ok(target) => {
                let copied = store::copy(&source, &target, mode, &mut progress()).await;
                target.close().await;
                copied.map_err(refused)
            }
            Err(error) => Err(NodeError::from(error).into()),
        };
        source.close().await;
        copied
    })?;
    for Copied { table, rows } in &copied {
        writeln!(out, "{rows:>10} rows of {table}")?;
    }
    if dry_run {
        writeln!(out, "nothing was kept: this was a rehearsal, and all of it can be copied")?;
        return Ok(());
    }
    writeln!(out, "copied; start the nodes on the database now, and none on {}", from.display())?;
    if !config.sealing_key_file.exists() {
        writeln!(
            out,
            "warning: {} is missing: copy the sealing key of the old node there, on every node",
            config.sealing_key_file.display()
        )?;
    }
    Ok(())
}

async fn open_source(path: &Path) -> Result<SqliteStore, Problem> {
    let owned = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&owned)).await;
    match opened.map_err(|_| NodeError::StoreOpening)? {
        Err(OpenError::InUse { .. }) => Err(Problem(format!(
            "error: {} is in use: stop the gateway first, it must not change what is copied",
            path.display()
        ))),
        opened => Ok(opened.map_err(NodeError::from)?),
    }
}

fn refused(error: CopyError) -> Problem {
    Problem(format!("error: {}", with_causes(&error)))
}

/// Tells of each table that it begins, and then every so many rows.
fn progress() -> impl FnMut(&Copied) + Send {
    let mut last = Copied { table: "", rows: 0 };
    move |now: &Copied| {
        if now.table != last.table || now.rows >= last.rows + ROWS_A_LINE {
            // Where nobody reads standard error there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "copying {}: {} rows so far", now.table, now.rows);
            last = now.clone();
        }
    }
}
