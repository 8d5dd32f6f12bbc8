//! The log to syslog receivers, beside standard error.
//!
//! ```text
//!   event --Layer--> Message --> Queue (one for each receiver, bounded) --sender task--> receiver
//!   receivers replaced: what did not change goes on; what has the same name keeps its queue
//! ```
//!
//! An event costs its texts and a push; nobody who logs waits for a network. A receiver that is away
//! is tried again and again, and told how many messages it missed. Events of this module itself are
//! never sent: they would cause each other. What is logged before the first receivers are set is kept
//! for them, as far as there is room.
//!
//! A message leaves its queue when the network took it, so one that is on its way when a connection
//! breaks is lost or comes twice: syslog has no receipts.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use domain::NodeName;
use engine::{Clock, Metrics};
use protocols::syslog::{Message, Origin, Severity};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::told::Told;

mod connection;
mod figures;
mod probe;
mod queue;
mod receiver;
mod sender;
mod tls;

pub use protocols::syslog::{Facility, Framing};
pub use receiver::{SyslogReceiver, Transport};

use figures::Figures;
use queue::Queue;
use sender::Trouble;

/// What messages of this program are named after.
const APPLICATION: &str = "jackfield";
/// Where events of syslog itself come from.
const OWN: &str = module_path!();
/// The most messages kept until receivers are set for the first time.
const EARLY_MAX: usize = 1_000;

/// The receivers of one process; clones are the same.
#[derive(Clone, Debug)]
pub struct Syslog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    origin: Origin,
    figures: OnceLock<Figures>,
    /// Whether anybody is there to be told, now or later.
    is_wanted: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    lanes: Vec<Lane>,
    /// What was logged before receivers were set.
    early: Option<Vec<(Level, Arc<Message>)>>,
}

/// A receiver with what waits for it; its task ends with it.
#[derive(Debug)]
struct Lane {
    receiver: SyslogReceiver,
    queue: Arc<Queue>,
    trouble: Arc<Trouble>,
    sending: JoinHandle<()>,
}

/// How a receiver is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogState {
    /// Its name.
    pub name: String,
    /// How many messages wait for it.
    pub waiting: usize,
    /// Why it is away, in words, where it is.
    pub away: Option<String>,
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.sending.abort();
    }
}

impl Syslog {
    /// Nobody yet; messages will name `node`.
    pub fn new(node: Option<&NodeName>) -> Self {
        let host_name = node.map(NodeName::as_str).unwrap_or_default();
        let process_id = std::process::id().to_string();
        Self(Arc::new(Inner {
            origin: Origin::new(host_name, APPLICATION, &process_id),
            figures: OnceLock::new(),
            is_wanted: AtomicBool::new(true),
            state: Mutex::new(State { lanes: Vec::new(), early: Some(Vec::new()) }),
        }))
    }

    /// What hands events of a log over; messages get their time from `clock`.
    pub fn layer(&self, clock: Arc<dyn Clock>) -> SyslogLayer {
        SyslogLayer { syslog: self.clone(), clock }
    }

    /// Shows its figures among these from now on; of several calls the first one counts.
    pub fn observe(&self, metrics: &Metrics) {
        self.0.figures.get_or_init(|| Figures::new(metrics));
    }

    /// Tells these and nobody else from now on; to be called within a runtime.
    ///
    /// Who did not change is not disturbed. Who is told otherwise now, under the same name, gets what
    /// waited too.
    pub fn set_receivers(&self, receivers: Vec<SyslogReceiver>) {
        // Whoever calls this outside of one must not hold the lock when that is told.
        let runtime = Handle::current();
        let mut state = self.0.state();
        let mut before = mem::take(&mut state.lanes);
        let early = state.early.take().unwrap_or_default();
        for receiver in receivers {
            let is_same = |lane: &Lane| lane.receiver.name == receiver.name;
            if state.lanes.iter().any(is_same) {
                continue;
            }
            let known = before.iter().position(is_same).map(|at| before.swap_remove(at));
            let lane = match known {
                Some(lane) if lane.receiver == receiver => lane,
                Some(lane) => self.lane(&runtime, receiver, Arc::clone(&lane.queue)),
                None => {
                    let figures = self.0.figures.get().map(|it| it.of(&receiver.name));
                    let queue = Arc::new(Queue::new(figures));
                    early.iter().filter(|(level, _)| *level <= receiver.level).for_each(
                        |(_, message)| {
                            queue.push(Arc::clone(message));
                        },
                    );
                    self.lane(&runtime, receiver, queue)
                }
            };
            state.lanes.push(lane);
        }
        before.iter().for_each(|lane| lane.queue.close());
        self.0.is_wanted.store(!state.lanes.is_empty(), Ordering::Release);
    }

    fn lane(&self, runtime: &Handle, receiver: SyslogReceiver, queue: Arc<Queue>) -> Lane {
        let trouble = Arc::<Trouble>::default();
        let (to, from, origin) = (receiver.clone(), Arc::clone(&queue), self.0.origin.clone());
        let telling = Arc::clone(&trouble);
        let sending =
            runtime.spawn(async move { sender::send(&to, &from, &origin, &telling).await });
        Lane { receiver, queue, trouble, sending }
    }

    /// How each receiver is doing.
    pub fn states(&self) -> Vec<SyslogState> {
        let state = |lane: &Lane| SyslogState {
            name: lane.receiver.name.clone(),
            waiting: lane.queue.length(),
            away: lane.trouble.reason(),
        };
        self.0.state().lanes.iter().map(state).collect()
    }

    /// Waits until everything is sent, at most that long; for the end of a process.
    pub async fn finish(&self, limit: Duration) {
        let queues: Vec<_> =
            self.0.state().lanes.iter().map(|lane| Arc::clone(&lane.queue)).collect();
        let all = async {
            for queue in queues {
                queue.until_empty().await;
            }
        };
        if tokio::time::timeout(limit, all).await.is_err() {
            tracing::warn!("some messages for syslog receivers were not sent");
        }
    }

    /// Sends one test message, past the queue; tells what came of it in words for administrators.
    pub async fn probe(
        &self,
        receiver: &SyslogReceiver,
        clock: &dyn Clock,
    ) -> Result<String, String> {
        probe::probe(receiver, &self.0.origin, clock.now()).await
    }

    /// The same for a receiver that is there, by its name; `None` where there is none.
    pub async fn probe_named(
        &self,
        name: &str,
        clock: &dyn Clock,
    ) -> Option<Result<String, String>> {
        let receiver = {
            let state = self.0.state();
            state.lanes.iter().find(|it| it.receiver.name == name)?.receiver.clone()
        };
        Some(self.probe(&receiver, clock).await)
    }

    fn tell(&self, told: &Told, clock: &dyn Clock) {
        let message = Arc::new(message(told, clock.now().microseconds()));
        let mut state = self.0.state();
        for lane in state.lanes.iter().filter(|lane| told.level <= lane.receiver.level) {
            lane.queue.push(Arc::clone(&message));
        }
        if let Some(early) = state.early.as_mut().filter(|early| early.len() < EARLY_MAX) {
            early.push((told.level, message));
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands events over.
pub struct SyslogLayer {
    syslog: Syslog,
    clock: Arc<dyn Clock>,
}

impl<S: Subscriber> Layer<S> for SyslogLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let is_wanted = self.syslog.0.is_wanted.load(Ordering::Acquire);
        if is_wanted && !is_own(event.metadata().target()) {
            self.syslog.tell(&Told::of(event), self.clock.as_ref());
        }
    }
}

/// Whether events from there are about syslog itself.
fn is_own(target: &str) -> bool {
    target.strip_prefix(OWN).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn message(told: &Told, microseconds: i64) -> Message {
    let own = [("target".to_owned(), told.target.to_owned())];
    let fields = told.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Message {
        severity: severity(told.level),
        microseconds,
        id: id(told).to_owned(),
        parameters: own.into_iter().chain(fields).collect(),
        // Many receivers show nothing else, so the words hold the fields as well.
        text: told.line(),
    }
}

/// What sort of message: what the event calls itself, else the part of the program.
fn id(told: &Told) -> &str {
    let part = told.target.rsplit("::").next().unwrap_or(told.target);
    told.field("event").unwrap_or(part)
}

fn severity(level: Level) -> Severity {
    match level {
        Level::ERROR => Severity::Error,
        Level::WARN => Severity::Warning,
        Level::INFO => Severity::Informational,
        _ => Severity::Debug,
    }
}

#[cfg(test)]
mod tests;
