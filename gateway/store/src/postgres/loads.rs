//! Loads that wait share a question, as commits that wait share a transaction: one statement, and so one
//! moment for all of them.
//!
//! ```text
//!   load of documents --> waiting --> a reader takes what waits --> one statement --> each its own answer
//!   stretches of an index, very many documents -----------------> a connection of their own
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Ask, Document, Key, Loaded};
use tokio::sync::{Notify, oneshot};
use tokio_postgres::Row;

use super::fault::Fault;
use super::link::{Bound, Link};
use super::pool::Pool;
use super::statements as own;
use crate::numbers::from_sql;
use crate::{Load, LoadAnswer, StoreError};

/// The most loads of a question.
const TOGETHER_MAX: usize = 64;
/// A load of more documents than this goes alone.
const ORDINARY_DOCUMENTS: usize = 16;
/// How many may wait; one more is answered [`StoreError::Busy`].
const WAITING_MAX: usize = 4_096;

type Answer = Result<LoadAnswer, StoreError>;

struct Waiting {
    load: Load,
    answer: oneshot::Sender<Answer>,
}

/// Loads on their way.
pub(super) struct Loads {
    pool: Arc<Pool>,
    waiting: Mutex<Vec<Waiting>>,
    arrived: Notify,
}

impl std::fmt::Debug for Loads {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("loads")
    }
}

/// Whether a load may share a question with others.
pub(super) fn is_ordinary(load: &Load) -> bool {
    load.asks.len() <= ORDINARY_DOCUMENTS
        && load.asks.iter().all(|ask| matches!(ask, Ask::Document(_)))
}

impl Loads {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self { pool, waiting: Mutex::default(), arrived: Notify::new() }
    }

    /// Asks for documents together with whoever else does.
    pub(super) async fn load(&self, load: Load) -> Answer {
        let (answer, answered) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            if self.pool.is_closed() {
                return Err(StoreError::Closed);
            }
            if waiting.len() >= WAITING_MAX {
                return Err(StoreError::Busy);
            }
            waiting.push(Waiting { load, answer });
        }
        self.arrived.notify_one();
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Asks until it is dropped; several do so at the same time.
    pub(super) async fn read(self: Arc<Self>) {
        loop {
            let arrived = self.arrived.notified();
            let mut together = self.take();
            // Whoever asked may be gone by now.
            together.retain(|waiting| !waiting.answer.is_closed());
            if together.is_empty() {
                arrived.await;
                continue;
            }
            self.arrived.notify_one();
            let (loads, answers): (Vec<_>, Vec<_>) =
                together.into_iter().map(|waiting| (waiting.load, waiting.answer)).unzip();
            let asked = self.pool.with(async |link: Arc<Link>| ask(&link, &loads).await).await;
            match asked {
                Ok(found) => {
                    for (answer, found) in answers.into_iter().zip(found) {
                        let _ = answer.send(found);
                    }
                }
                Err(error) => {
                    // Those behind would each wait for it in their turn.
                    let behind = match &error {
                        StoreError::Unavailable { .. } => std::mem::take(&mut *self.waiting()),
                        _ => Vec::new(),
                    };
                    for answer in answers.into_iter().chain(behind.into_iter().map(|it| it.answer))
                    {
                        let _ = answer.send(Err(error.again()));
                    }
                }
            }
        }
    }

    fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        let count = waiting.len().min(TOGETHER_MAX);
        waiting.drain(..count).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks for the documents and outcomes of all these loads at one moment.
pub(super) async fn ask(link: &Link, loads: &[Load]) -> Result<Vec<Answer>, Fault> {
    let (mut kinds, mut ids, mut inputs) = (Vec::new(), Vec::new(), Vec::new());
    // To which load each document and each input belongs.
    let (mut of_document, mut of_input) = (Vec::new(), Vec::new());
    let mut answers: Vec<Answer> = Vec::with_capacity(loads.len());
    for (number, load) in loads.iter().enumerate() {
        let mut answer = LoadAnswer::default();
        for key in documents(load) {
            of_document.push((number, answer.documents.len()));
            answer.documents.push((key.clone(), None));
            kinds.push(key.kind.name());
            ids.push(key.id.as_str());
        }
        if let Some(input) = &load.input {
            of_input.push(number);
            inputs.push(input.as_str());
        }
        answers.push(Ok(answer));
    }
    let wanted: Bound<'_> = &[&kinds, &ids, &inputs];
    let mut epoch = 0;
    for row in link.rows(&own::DOCUMENTS, wanted).await? {
        let place: i64 = row.try_get(0)?;
        let at = |place: i64| usize::try_from(place - 1).unwrap_or(usize::MAX);
        if place == 0 {
            epoch = from_sql(row.try_get(1)?);
        } else if place < 0 {
            let Some(Ok(answer)) =
                of_input.get(at(-place)).and_then(|number| answers.get_mut(*number))
            else {
                continue;
            };
            answer.known = Some(serde_json::from_str(row.try_get(3)?)?);
        } else if let Some((number, index)) = of_document.get(at(place))
            && let Some(answer) = answers.get_mut(*number)
        {
            take(answer, *index, &row)?;
        }
    }
    for answer in answers.iter_mut().flatten() {
        answer.epoch = epoch;
    }
    Ok(answers)
}

/// Takes in a document; one that cannot be read spoils its own load alone.
fn take(answer: &mut Answer, index: usize, row: &Row) -> Result<(), Fault> {
    let Ok(found) = answer else { return Ok(()) };
    let Some((key, loaded)) = found.documents.get_mut(index) else { return Ok(()) };
    match read(key, row)? {
        Ok(document) => *loaded = Some(document),
        Err(error) => *answer = Err(error),
    }
    Ok(())
}

fn read(key: &Key, row: &Row) -> Result<Result<Loaded, StoreError>, Fault> {
    let version = from_sql(row.try_get(1)?);
    let schema = u32::try_from(row.try_get::<_, i64>(2)?).unwrap_or(u32::MAX);
    let document = Document::decode(key.kind, schema, row.try_get(3)?);
    Ok(document.map(|document| Loaded { version, document }).map_err(StoreError::from))
}

fn documents(load: &Load) -> impl Iterator<Item = &Key> {
    load.asks.iter().filter_map(|ask| match ask {
        Ask::Document(key) => Some(key),
        Ask::Range(_) => None,
    })
}
