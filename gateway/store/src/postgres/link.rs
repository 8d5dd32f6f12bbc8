//! One connection: its statements, and the task that moves its bytes.
//!
//! Statements are prepared once for each connection, in one round trip. Their names live on the server,
//! so a pooler between must keep them (pgBouncer from 1.21 with `max_prepared_statements` of 100 or more; it
//! must be told to pass or ignore `options`, too, and the settings in there then belong to the role).

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Row, Statement};

use super::fault::Fault;
use super::statements;
use super::tls::Tls;
use crate::StoreError;
use crate::sql::Sql;

/// What a statement is bound to.
pub(super) type Bound<'a> = &'a [&'a (dyn ToSql + Sync)];
/// Something asked over a connection.
pub(super) type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// One connection.
pub(super) struct Link {
    client: Client,
    /// By the text as it was written.
    prepared: HashMap<&'static str, Statement>,
    mover: JoinHandle<()>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("connection")
    }
}

impl Drop for Link {
    /// Nobody waits for what was asked of it: the socket goes at once, whatever hangs.
    fn drop(&mut self) {
        self.mover.abort();
    }
}

impl Link {
    /// Connects. No statement is prepared yet: there may be no tables.
    pub(super) async fn connect(config: &Config, tls: &Tls) -> Result<Self, Fault> {
        let (client, connection) = config.connect(tls.clone()).await?;
        let mover = tokio::spawn(async move {
            // Whoever asked something is told of the end by what they wait for.
            let _ = connection.await;
        });
        Ok(Self { client, prepared: HashMap::new(), mover })
    }

    /// Prepares all statements, in one round trip.
    pub(super) async fn prepare(&mut self) -> Result<(), Fault> {
        let all: Vec<&'static Sql> = statements::all().collect();
        let client = &self.client;
        let asked = all.iter().map(|sql| -> Asked<'_, Statement> {
            Box::pin(async { Ok(client.prepare(sql.postgres()).await?) })
        });
        let prepared = pipelined(asked.collect()).await;
        for (sql, statement) in all.iter().zip(prepared) {
            self.prepared.insert(sql.written(), statement?);
        }
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(super) async fn rows(
        &self,
        sql: &'static Sql,
        bound: Bound<'_>,
    ) -> Result<Vec<Row>, Fault> {
        Ok(self.client.query(self.statement(sql)?, bound).await?)
    }

    pub(super) async fn row(
        &self,
        sql: &'static Sql,
        bound: Bound<'_>,
    ) -> Result<Option<Row>, Fault> {
        Ok(self.client.query_opt(self.statement(sql)?, bound).await?)
    }

    /// Gives how many rows it changed.
    pub(super) async fn execute(&self, sql: &'static Sql, bound: Bound<'_>) -> Result<u64, Fault> {
        Ok(self.client.execute(self.statement(sql)?, bound).await?)
    }

    /// The same with a text that is not prepared.
    pub(super) async fn execute_text(&self, text: &str, bound: Bound<'_>) -> Result<u64, Fault> {
        Ok(self.client.execute(text, bound).await?)
    }

    /// Runs a text that is not prepared, and may hold several statements.
    pub(super) async fn run(&self, text: &str) -> Result<(), Fault> {
        Ok(self.client.batch_execute(text).await?)
    }

    /// Asks a text that is not prepared.
    pub(super) async fn rows_of(&self, text: &str) -> Result<Vec<Row>, Fault> {
        Ok(self.client.query(text, &[]).await?)
    }

    /// Asks a text that is not prepared; gives the columns of its first row.
    pub(super) async fn first(&self, text: &str) -> Result<Vec<Option<String>>, Fault> {
        let answers = self.client.simple_query(text).await?;
        let row = answers.into_iter().find_map(|answer| match answer {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let columns = row.iter().flat_map(|row| {
            (0..row.len()).map(|column| row.try_get(column).ok().flatten().map(str::to_owned))
        });
        Ok(columns.collect())
    }

    pub(super) fn statement(&self, sql: &Sql) -> Result<&Statement, Fault> {
        let missing = || StoreError::Unavailable { source: "a statement is not prepared".into() };
        Ok(self.prepared.get(sql.written()).ok_or_else(missing)?)
    }
}

/// Asks all at once, in that order, and waits for all answers: one round trip. The server does them one
/// after the other, and goes on after one that failed, unless they stand in a transaction.
pub(super) async fn pipelined<T>(asked: Vec<Asked<'_, T>>) -> Vec<Result<T, Fault>> {
    let mut asked: Vec<_> = asked.into_iter().map(|each| (each, None)).collect();
    // What is polled for the first time is sent.
    poll_fn(|context| {
        for (each, answer) in &mut asked {
            if let Poll::Ready(ready) = each.as_mut().poll(context) {
                *answer = Some(ready);
            }
        }
        Poll::Ready(())
    })
    .await;
    let mut answers = Vec::with_capacity(asked.len());
    for (each, answer) in asked {
        answers.push(match answer {
            Some(answer) => answer,
            None => each.await,
        });
    }
    answers
}
