//! What all open pages are told alike: gathered once, however many of them there are.
//!
//! ```text
//!   changes of agents --half a second--> batches of at most 1,000 --+--> each stream: what its reader may see
//!   deed `overview` every 2 s, where it differs --------------------'
//! ```
//!
//! While nobody listens nothing is made. A stream that is too slow for the batches is told so, and begins anew.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Actor, AgentId, Principal, TeamName};
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::{Sleep, sleep};

use crate::operations::state_of;
use crate::problem::Problem;
use crate::{Console, Context};

/// Changes of so long are told together.
const TOGETHER: Duration = Duration::from_millis(500);
/// The most agents of one message.
pub(crate) const AGENTS_MAX: usize = 1_000;
/// Batches that a slow stream may be behind.
const BATCHES: usize = 64;
/// How often the overview is looked at.
const OVERVIEW: Duration = Duration::from_secs(2);
/// Streams of one session or token, of one person with all of those, and of all together.
const STREAMS_OF_ONE_MAX: usize = 8;
const STREAMS_OF_PERSON_MAX: usize = 48;
const STREAMS_MAX: usize = 256;

/// An agent's state as it is told.
#[derive(Debug)]
pub(crate) struct ToldAgent {
    /// Whose supervisors may see it.
    pub(crate) team: Option<TeamName>,
    /// The state, as JSON.
    pub(crate) json: String,
}

/// What changed within half a second.
#[derive(Debug)]
pub(crate) enum Batch {
    /// These agents.
    Agents(Vec<ToldAgent>),
    /// It is not known which.
    Lost,
}

/// What is told to all streams.
pub(crate) struct News {
    batches: broadcast::Sender<Arc<Batch>>,
    overview: watch::Sender<Option<Arc<Value>>>,
    /// Rung when somebody wants the overview.
    wanted: Notify,
    /// How many are open, by the person and the session or token.
    streams: Mutex<BTreeMap<[String; 2], usize>>,
}

/// A stream's place among those that may be open; it is free again once this is dropped.
pub(crate) struct Place {
    news: Arc<News>,
    whose: [String; 2],
}

impl News {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            batches: broadcast::Sender::new(BATCHES),
            overview: watch::Sender::new(None),
            wanted: Notify::new(),
            streams: Mutex::default(),
        })
    }

    /// A place for one more stream of that principal.
    pub(crate) fn enter(self: &Arc<Self>, principal: &Principal) -> Result<Place, Problem> {
        let person = principal.identity.as_ref();
        let person = person.map_or_else(|| principal.who.clone(), |it| it.index_value());
        let shown = principal.session.as_deref().unwrap_or_default();
        let whose = [person, format!("{:?} {shown}", principal.how)];
        let full = |most: usize, whose: &str| {
            let detail = format!("{most} event streams of {whose} are open already; close one");
            Err(Problem::new("busy", detail).after_seconds(5))
        };
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if streams.values().sum::<usize>() >= STREAMS_MAX {
            return full(STREAMS_MAX, "this node");
        }
        // Nobody keeps all others out with many sessions.
        let [person, _] = &whose;
        let of_person = streams.iter().filter(|([it, _], _)| it == person);
        if of_person.map(|(_, count)| count).sum::<usize>() >= STREAMS_OF_PERSON_MAX {
            return full(STREAMS_OF_PERSON_MAX, "this person");
        }
        let own = streams.entry(whose.clone()).or_default();
        if *own >= STREAMS_OF_ONE_MAX {
            return full(STREAMS_OF_ONE_MAX, "this session");
        }
        *own += 1;
        Ok(Place { news: Arc::clone(self), whose })
    }

    /// Batches of changed agents from now on.
    pub(crate) fn batches(&self) -> broadcast::Receiver<Arc<Batch>> {
        self.batches.subscribe()
    }

    /// The overview: the last one, where somebody watches already, and every other one that differs.
    pub(crate) fn overview(&self) -> watch::Receiver<Option<Arc<Value>>> {
        let mut overview = self.overview.subscribe();
        overview.mark_changed();
        self.wanted.notify_one();
        overview
    }

    /// Gathers them, for ever.
    pub(crate) async fn gather(&self, console: &Console) {
        tokio::join!(self.gather_states(console), self.gather_overviews(console));
    }

    async fn gather_states(&self, console: &Console) {
        let mut changes = console.port.changes();
        let mut changed = BTreeSet::new();
        let mut lost = false;
        let mut due: Option<Pin<Box<Sleep>>> = None;
        loop {
            let change = tokio::select! {
                biased;
                () = elapsed(&mut due) => None,
                change = changes.recv() => Some(change),
            };
            match change {
                None => {
                    due = None;
                    self.tell(console, std::mem::take(&mut changed), std::mem::take(&mut lost));
                    continue;
                }
                Some(Err(broadcast::error::RecvError::Closed)) => std::future::pending().await,
                Some(_) if self.batches.receiver_count() == 0 => continue,
                Some(Ok(agent)) => _ = changed.insert(agent.id),
                Some(Err(broadcast::error::RecvError::Lagged(_))) => lost = true,
            }
            due.get_or_insert_with(|| Box::pin(sleep(TOGETHER)));
        }
    }

    /// Tells of one agent at once.
    #[cfg(test)]
    pub(crate) fn tell_of(&self, console: &Console, agent: &str) {
        self.tell(console, BTreeSet::from([agent.parse().unwrap()]), false);
    }

    fn tell(&self, console: &Console, changed: BTreeSet<AgentId>, lost: bool) {
        let told = |batch| {
            // Nobody listening any more is fine.
            let _ = self.batches.send(Arc::new(batch));
        };
        if lost {
            told(Batch::Lost);
            return;
        }
        let settings = console.port.settings();
        let mut agents = changed.iter().filter_map(|id| settings.agents.get(id)).peekable();
        while agents.peek().is_some() {
            let states = agents.by_ref().take(AGENTS_MAX).map(|agent| ToldAgent {
                team: agent.team.clone(),
                json: state_of(console, &settings, agent).to_string(),
            });
            told(Batch::Agents(states.collect()));
        }
    }

    async fn gather_overviews(&self, console: &Console) {
        loop {
            if self.overview.receiver_count() == 0 {
                // Nobody is to be told of what was so long ago.
                self.overview.send_replace(None);
                self.wanted.notified().await;
                continue;
            }
            let by = Actor { who: "console".to_owned(), how: None, from: None, reference: None };
            let context = Context { by, idempotency: None };
            // Where this node has none, or cannot tell now, nothing is told.
            if let Ok(now) = console.administration.perform("overview", json!({}), context).await {
                self.overview.send_if_modified(|before| {
                    let differs = before.as_ref().is_none_or(|it| content(it) != content(&now));
                    if differs {
                        *before = Some(Arc::new(now));
                    }
                    differs
                });
            }
            tokio::select! {
                () = sleep(OVERVIEW) => {}
                () = self.wanted.notified() => {}
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = self.news.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = streams.get_mut(&self.whose) {
            *own -= 1;
            if *own == 0 {
                streams.remove(&self.whose);
            }
        }
    }
}

/// What an overview says, whenever it was made.
fn content(overview: &Value) -> Option<Vec<(&String, &Value)>> {
    Some(overview.as_object()?.iter().filter(|(name, _)| *name != "at").collect())
}

/// Waits for its end, or for ever where nothing is due.
async fn elapsed(due: &mut Option<Pin<Box<Sleep>>>) {
    match due {
        Some(due) => due.as_mut().await,
        None => std::future::pending().await,
    }
}
