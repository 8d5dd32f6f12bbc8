//! Sends what waits for one receiver, for as long as it is one.
//!
//! ```text
//!   opening --fails--> pause, twice as long each time --> opening
//!      `-- open: batches --breaks--> pause --> opening
//!                  `-- closed by the receiver: opened again when there is something to say
//! ```
//!
//! The log is told once that a receiver is away and once that it is back.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocols::syslog::{Message, Origin, Severity, encode};
use tokio::time::sleep;

use super::SyslogReceiver;
use super::connection::Connection;
use super::queue::{Batch, Queue};

/// The first pause after a failure.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest one; each is twice the one before.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Messages that are handed over together.
const BATCH_MAX: usize = 64;
/// So often the name of a receiver of datagrams is looked up again: no connection tells that it moved.
const FOUND_AGAIN: Duration = Duration::from_secs(300);
/// That nobody takes datagrams may show this long after one was sent.
const REFUSAL_MAX: Duration = Duration::from_secs(2);

/// How a way ended.
enum End {
    /// The receiver closed it.
    Closed,
    /// It is time to look where the receiver is.
    Old,
    /// It broke.
    Broken(String),
}

/// Why a receiver is away, as the log was told.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Option<String>>);

/// Sends messages in order until this is dropped.
pub(super) async fn send(
    receiver: &SyslogReceiver,
    queue: &Queue,
    origin: &Origin,
    trouble: &Trouble,
) {
    let mut pause = PAUSE;
    loop {
        let mut delivered = 0;
        let end = match Connection::open(receiver).await {
            Ok(connection) => {
                let way = Way { connection, receiver, queue, origin };
                way.serve(trouble, &mut delivered).await
            }
            Err(why) => End::Broken(why),
        };
        let was_useful = delivered > 0;
        if was_useful {
            pause = PAUSE;
        }
        match &end {
            End::Old => {}
            // Many close what is silent.
            End::Closed if was_useful || queue.length() == 0 => {
                tracing::debug!(receiver = receiver.name, "a syslog receiver closed");
            }
            End::Closed => trouble.tell(receiver, "it closed the connection and took nothing"),
            End::Broken(why) => trouble.tell(receiver, why),
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
        if !matches!(end, End::Broken(_)) {
            // They are not asked again before there is need.
            let _ = queue.next(1).await;
        }
    }
}

/// An open way to a receiver, and what goes over it.
struct Way<'a> {
    connection: Connection,
    receiver: &'a SyslogReceiver,
    queue: &'a Queue,
    origin: &'a Origin,
}

impl Way<'_> {
    /// Sends until the way ends; counts what went over it.
    async fn serve(mut self, trouble: &Trouble, delivered: &mut usize) -> End {
        let mut find_again = std::pin::pin!(sleep(FOUND_AGAIN));
        let mut proven = std::pin::pin!(sleep(REFUSAL_MAX));
        let is_datagrams = self.connection.is_datagrams();
        let mut is_proven = false;
        loop {
            let batch = tokio::select! {
                // What is closed already must take no more.
                biased;
                closed = self.connection.until_closed() => match closed {
                    Ok(()) => return End::Closed,
                    Err(why) => return End::Broken(why),
                },
                () = &mut find_again, if is_datagrams => return End::Old,
                () = &mut proven, if is_datagrams && *delivered > 0 && !is_proven => {
                    is_proven = true;
                    trouble.over(self.receiver);
                    continue;
                }
                batch = self.queue.next(BATCH_MAX) => batch,
            };
            let written = match is_datagrams {
                true => self.write_datagrams(&batch).await,
                false => self.write_stream(&batch).await,
            };
            match written {
                Ok(count) => *delivered += count,
                Err(why) => return End::Broken(why),
            }
            if !is_datagrams {
                trouble.over(self.receiver);
            }
        }
    }

    async fn write_datagrams(&mut self, batch: &Batch) -> Result<usize, String> {
        let envelope = self.receiver.envelope();
        if let Some(missing) = missing(batch) {
            self.connection.write(&encode(&missing, self.origin, &envelope)).await?;
            self.queue.told_of_dropped(batch);
        }
        let mut sent = 0;
        for message in &batch.messages {
            let written = self.connection.write(&encode(message, self.origin, &envelope)).await;
            if let Err(why) = written {
                self.queue.done(batch, sent);
                return Err(why);
            }
            sent += 1;
        }
        self.queue.done(batch, sent);
        Ok(sent)
    }

    async fn write_stream(&mut self, batch: &Batch) -> Result<usize, String> {
        let (envelope, framing) = (self.receiver.envelope(), self.receiver.framing());
        let mut bytes = Vec::new();
        let missing = missing(batch);
        for message in missing.iter().chain(batch.messages.iter().map(AsRef::as_ref)) {
            framing.push(&mut bytes, &encode(message, self.origin, &envelope));
        }
        self.connection.write(&bytes).await?;
        self.queue.told_of_dropped(batch);
        self.queue.done(batch, batch.messages.len());
        Ok(batch.messages.len())
    }
}

/// What the receiver is told where messages are missing; it has the time of the first one after them.
fn missing(batch: &Batch) -> Option<Message> {
    let next = batch.messages.first().filter(|_| batch.dropped > 0)?;
    Some(Message {
        severity: Severity::Warning,
        microseconds: next.microseconds,
        id: "messages_dropped".to_owned(),
        parameters: vec![("count".to_owned(), batch.dropped.to_string())],
        text: format!("messages for this receiver were dropped count={}", batch.dropped),
    })
}

impl Trouble {
    /// Why it is away, where it is.
    pub(super) fn reason(&self) -> Option<String> {
        self.reason_now().clone()
    }

    fn tell(&self, receiver: &SyslogReceiver, reason: &str) {
        let before = self.reason_now().replace(reason.to_owned());
        if before.is_none() {
            tracing::warn!(
                receiver = receiver.name,
                reason,
                "a syslog receiver is away; messages wait for it"
            );
        }
    }

    fn over(&self, receiver: &SyslogReceiver) {
        let before = self.reason_now().take();
        if before.is_some() {
            tracing::info!(receiver = receiver.name, "a syslog receiver takes messages again");
        }
    }

    fn reason_now(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
