//! One stream of server-sent events, from what is so now on.
//!
//! ```text
//!   begin -> settings, overview, states, log as they are now -> what changes ... -> bye
//!                                     ^                             |
//!                                     `------ resync, states -------'  too slow: begun anew
//! ```
//!
//! The next piece is made when the reader took the one before, out of what is so then: a slow reader loses what
//! was in between and holds nothing up. The server ends a stream whose session, token or role is gone, and all of
//! them when the node stops.

use std::ops::Bound;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::settings::Agent;
use domain::{AgentId, TeamName};
use engine::surface::{BrokenOff, Source};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Sleep, sleep};

use crate::news::{AGENTS_MAX, Batch, Place};
use crate::operations::{log_line, overview_told, state_of};
use crate::{Console, LogLines};

/// After so long without news something is sent, so that both sides see that the other one is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Lines of the log are told together that come within this.
const LOG_TOGETHER: Duration = Duration::from_millis(200);
/// The most lines of one message, and those that a stream begins with.
const LINES_MAX: usize = 200;
/// After so many milliseconds a browser that lost the stream asks anew.
const RETRY_MILLISECONDS: u32 = 2_000;

/// Said last where the stream is ended from here.
pub(crate) const FAREWELL: &str = "event: bye\ndata: {}\n\n";

/// Whose states somebody may see and wants to.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// Those of these teams alone.
    pub(crate) teams: Option<Vec<TeamName>>,
    /// Whether they see what is for administrators.
    pub(crate) is_administrator: bool,
}

impl View {
    fn has(&self, team: Option<&TeamName>) -> bool {
        match &self.teams {
            None => true,
            Some(teams) => team.is_some_and(|team| teams.contains(team)),
        }
    }
}

/// A stream of the topics that were asked for.
pub(crate) struct EventStream {
    console: Arc<Console>,
    view: View,
    begun: bool,
    heartbeat: Pin<Box<Sleep>>,
    settings: Option<watch::Receiver<u64>>,
    overview: Option<watch::Receiver<Option<Arc<Value>>>>,
    states: Option<States>,
    log: Option<Log>,
    _place: Place,
}

/// States of agents, on their way.
struct States {
    batches: broadcast::Receiver<Arc<Batch>>,
    /// Behind which agent the states as they are now go on; `None` once all were told.
    from: Option<Bound<AgentId>>,
}

struct Log {
    level: String,
    last: u64,
    /// Whether the lines that were there already were told.
    begun: bool,
    moves: watch::Receiver<u64>,
    pause: Pin<Box<Sleep>>,
}

/// What happens next.
enum Next {
    Settings,
    Overview(Option<Arc<Value>>),
    Batch(Result<Arc<Batch>, RecvError>),
    Log,
    Nothing,
}

impl EventStream {
    pub(crate) fn new(console: Arc<Console>, view: View, place: Place) -> Self {
        Self {
            console,
            view,
            begun: false,
            heartbeat: Box::pin(sleep(HEARTBEAT)),
            settings: None,
            overview: None,
            states: None,
            log: None,
            _place: place,
        }
    }

    /// The same with changes of the settings.
    #[must_use]
    pub(crate) fn with_settings(mut self) -> Self {
        let mut changes = self.console.port.settings_changes();
        changes.mark_changed();
        self.settings = Some(changes);
        self
    }

    /// The same with the overview.
    #[must_use]
    pub(crate) fn with_overview(mut self) -> Self {
        self.overview = Some(self.console.news.overview());
        self
    }

    /// The same with states of agents.
    #[must_use]
    pub(crate) fn with_states(mut self) -> Self {
        let batches = self.console.news.batches();
        self.states = Some(States { batches, from: Some(Bound::Unbounded) });
        self
    }

    /// The same with lines of the log of that level, which `moves` with every line.
    #[must_use]
    pub(crate) fn with_log(mut self, level: &str, moves: watch::Receiver<u64>) -> Self {
        let pause = Box::pin(sleep(Duration::ZERO));
        self.log = Some(Log { level: level.to_owned(), last: 0, begun: false, moves, pause });
        self
    }

    /// The next states as they are now, where the stream is not through with those.
    fn states_now(&mut self) -> Option<Bytes> {
        let states = self.states.as_mut()?;
        let from = states.from.take()?;
        let settings = self.console.port.settings();
        let agents = settings.agents.range((from, Bound::Unbounded)).map(|(_, agent)| agent);
        let mut agents = agents.filter(|agent| self.view.has(agent.team.as_ref())).peekable();
        let told: Vec<&Arc<Agent>> = agents.by_ref().take(AGENTS_MAX).collect();
        if agents.peek().is_some() {
            states.from = told.last().map(|agent| Bound::Excluded(agent.id.clone()));
        }
        let told = told.into_iter().map(|it| state_of(&self.console, &settings, it).to_string());
        Some(states_event(told))
    }

    /// The lines that came, where there are any; what was left out is told before them.
    fn lines(&mut self) -> Option<Bytes> {
        let log = self.log.as_mut()?;
        log.pause = Box::pin(sleep(LOG_TOGETHER));
        let found = self.console.administration.log_lines(log.last, &log.level, LINES_MAX);
        let Ok(LogLines { lines, last, missed }) = found else {
            // The node starts or stops.
            self.log = None;
            return None;
        };
        (log.last, log.begun) = (last, true);
        if lines.is_empty() && missed == 0 {
            return None;
        }
        let mut text = String::new();
        if missed > 0 {
            text.push_str(&event("resync", &json!({"topics": ["log"], "missed": missed})));
        }
        let lines: Vec<_> = lines.iter().map(log_line).collect();
        text.push_str(&event("log", &json!({"lines": lines})));
        Some(Bytes::from(text))
    }

    fn batch(&mut self, batch: Result<Arc<Batch>, RecvError>) -> Option<Bytes> {
        match batch {
            Ok(batch) => match &*batch {
                Batch::Agents(agents) => {
                    let seen = agents.iter().filter(|it| self.view.has(it.team.as_ref()));
                    let mut seen = seen.map(|it| it.json.as_str()).peekable();
                    seen.peek()?;
                    Some(states_event(seen))
                }
                Batch::Lost => self.states_anew(),
            },
            Err(RecvError::Lagged(_)) => self.states_anew(),
            // The node stops, which ends the stream.
            Err(RecvError::Closed) => {
                self.states = None;
                None
            }
        }
    }

    fn states_anew(&mut self) -> Option<Bytes> {
        self.states.as_mut()?.from = Some(Bound::Unbounded);
        Some(Bytes::from(event("resync", &json!({"topics": ["states"]}))))
    }

    async fn happens(&mut self) -> Next {
        tokio::select! {
            biased;
            () = moved(&mut self.settings) => Next::Settings,
            overview = renewed(&mut self.overview) => Next::Overview(overview),
            batch = arrived(&mut self.states) => Next::Batch(batch),
            () = logged(&mut self.log) => Next::Log,
            () = self.heartbeat.as_mut() => Next::Nothing,
        }
    }
}

#[async_trait]
impl Source for EventStream {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        self.heartbeat = Box::pin(sleep(HEARTBEAT));
        if !self.begun {
            self.begun = true;
            return Some(Ok(Bytes::from(format!("retry: {RETRY_MILLISECONDS}\n\n"))));
        }
        loop {
            if let Some(states) = self.states_now() {
                return Some(Ok(states));
            }
            let piece = match self.happens().await {
                Next::Settings => {
                    let number = self.console.port.settings().number;
                    Some(Bytes::from(event("settings", &json!({"number": number}))))
                }
                Next::Overview(overview) => overview.map(|overview| {
                    let seen = overview_told((*overview).clone(), self.view.is_administrator);
                    Bytes::from(event("overview", &seen))
                }),
                Next::Batch(batch) => self.batch(batch),
                Next::Log => self.lines(),
                Next::Nothing => Some(Bytes::from_static(b": still there\n\n")),
            };
            if let Some(piece) = piece {
                return Some(Ok(piece));
            }
        }
    }
}

/// An event of that name. JSON has no line ends in it, so it is one line of data.
fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn states_event(states: impl Iterator<Item = impl AsRef<str>>) -> Bytes {
    let mut text = "event: states\ndata: {\"agents\":[".to_owned();
    for (position, state) in states.enumerate() {
        if position > 0 {
            text.push(',');
        }
        text.push_str(state.as_ref());
    }
    text.push_str("]}\n\n");
    Bytes::from(text)
}

async fn moved(settings: &mut Option<watch::Receiver<u64>>) {
    let Some(changes) = settings else { return std::future::pending().await };
    if changes.changed().await.is_err() {
        std::future::pending().await
    }
}

async fn renewed(overview: &mut Option<watch::Receiver<Option<Arc<Value>>>>) -> Option<Arc<Value>> {
    let Some(overview) = overview else { return std::future::pending().await };
    if overview.changed().await.is_err() {
        return std::future::pending().await;
    }
    overview.borrow_and_update().clone()
}

async fn arrived(states: &mut Option<States>) -> Result<Arc<Batch>, RecvError> {
    match states {
        Some(states) => states.batches.recv().await,
        None => std::future::pending().await,
    }
}

async fn logged(log: &mut Option<Log>) {
    let Some(log) = log else { return std::future::pending().await };
    let last = log.last;
    if log.begun && log.moves.wait_for(|moved| *moved > last).await.is_err() {
        return std::future::pending().await;
    }
    log.pause.as_mut().await;
}
