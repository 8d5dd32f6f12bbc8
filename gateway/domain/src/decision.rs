//! What a step decided: all of it is committed, or none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Document, Grant, Key, OwnerCommand, PairName, Report, SessionRef, Timestamp, Version};

/// A document whose change in the meantime would break the promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The document.
    pub key: Key,
    /// The version it had when the decision was taken; `None` where there was none.
    pub version: Option<Version>,
}

/// What becomes of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum WriteBody {
    /// It is made or replaced.
    Put(Document),
    /// It is removed.
    Delete,
}

/// One document to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Which document.
    pub key: Key,
    /// What becomes of it.
    pub body: WriteBody,
}

/// A line of the event log: ids, codes and numbers, never what a person typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened, for example `agent_ready`.
    pub name: String,
    /// The document it happened to; caches look it up again.
    pub subject: Key,
    /// Ids and codes.
    pub details: BTreeMap<String, String>,
}

impl Event {
    /// An event of that name about that document.
    pub fn new(name: &str, subject: Key) -> Self {
        Self { name: name.to_owned(), subject, details: BTreeMap::new() }
    }

    /// The same event with one more id or code.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.details.insert(name.to_owned(), value.to_string());
        self
    }
}

/// What an owed command is meant for; it is dropped when that is no longer so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedUntil {
    /// The document it is meant for.
    pub subject: Key,
    /// The generation of it.
    pub generation: u64,
    /// When it is given up.
    pub deadline: Timestamp,
}

/// Something promised to the outside, kept with the commit and repeated under the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which adapter carries it out.
    pub topic: String,
    /// What it is, as JSON of that adapter.
    pub payload: String,
    /// Set for an owed command; a durable effect is repeated until it is done.
    pub owed: Option<OwedUntil>,
}

/// A timer: at `due_at` any node asks the domain what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// Its name; setting it again replaces it.
    pub id: String,
    /// When.
    pub due_at: Timestamp,
    /// The document it is about.
    pub subject: Key,
    /// What it was set for; a wake of an older generation does nothing.
    pub generation: u64,
}

/// What becomes of a timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WakeChange {
    /// It is set or moved.
    Set(Wake),
    /// It is removed, where it is set.
    Clear(String),
    /// It is removed, and nothing is committed where it is not set with that generation: so one node
    /// alone runs it.
    Claim {
        /// Its name.
        id: String,
        /// The generation it must have.
        generation: u64,
    },
}

/// What the one who asked is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// It is so now, or was already.
    Done,
    /// The agent is signed in.
    SignedIn {
        /// The holder that may speak for the session.
        session: SessionRef,
    },
    /// The settings have that number now.
    Settings {
        /// Their number.
        number: u64,
    },
    /// The account was locked by this.
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// An application has tokens, or is to have them again.
    Granted {
        /// What they are written with.
        grant: Box<Grant>,
    },
    /// It was used before, so all that came of it is good no more.
    Reused,
    /// What a phone reported of headsets was taken in.
    HeadsetsSeen {
        /// How many were left out, since there are too many.
        left_out: u32,
    },
    /// What is written is kept.
    Draft {
        /// Its version, 0 where it went.
        version: u32,
    },
    /// An answer is on its way.
    Sent {
        /// Its number.
        out: crate::ContactId,
    },
}

/// Something asked of whoever owns the agent's voice state.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Which pair of servers.
    pub pair: PairName,
    /// What is asked.
    pub command: OwnerCommand,
    /// What is so for what we own once it is done.
    pub done: Option<Report>,
}

/// What a step decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What must not have changed.
    pub guards: Vec<Guard>,
    /// What is written.
    pub writes: Vec<Write>,
    /// What the log says.
    pub events: Vec<Event>,
    /// What is promised to the outside.
    pub effects: Vec<Effect>,
    /// What becomes of timers.
    pub wakes: Vec<WakeChange>,
    /// What is asked of whoever owns the agent's voice state; never kept, and its answer is the
    /// outcome.
    pub ask: Option<Box<Asked>>,
    /// What the one who asked is told.
    pub reply: Reply,
}

impl Decision {
    /// Nothing to do: it is already so.
    pub fn already(reply: Reply) -> Self {
        Self {
            guards: Vec::new(),
            writes: Vec::new(),
            events: Vec::new(),
            effects: Vec::new(),
            wakes: Vec::new(),
            ask: None,
            reply,
        }
    }

    /// Whether nothing has to be committed.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
            && self.events.is_empty()
            && self.effects.is_empty()
            && self.wakes.is_empty()
    }

    pub(crate) fn guard(mut self, key: Key, version: Option<Version>) -> Self {
        self.guards.push(Guard { key, version });
        self
    }

    pub(crate) fn put(mut self, key: Key, document: Document) -> Self {
        self.writes.push(Write { key, body: WriteBody::Put(document) });
        self
    }

    pub(crate) fn delete(mut self, key: Key) -> Self {
        self.writes.push(Write { key, body: WriteBody::Delete });
        self
    }

    pub(crate) fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    pub(crate) fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    pub(crate) fn wake(mut self, change: WakeChange) -> Self {
        self.wakes.push(change);
        self
    }
}
