//! What the database holds, read beside all nodes and not through their proxies.

use std::collections::BTreeMap;

use databases::{Proxy, Server};
use domain::{
    AgentKey, AgentSession, Ask, Decision, Document, Event, Index, IndexRange, InputId, Key, Reply,
    Timestamp,
};
use store::{Commit, Cursor, Load, LogEntry, LogPage, PostgresOptions, PostgresStore, Store as _};
use tokio::runtime::Runtime;

use crate::machines::{next, now};

const MARK: &str = "ledger_mark";

pub(crate) struct Record {
    runtime: Runtime,
    store: PostgresStore,
    proxy: Proxy,
}

/// One line of the log about an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) agent: String,
    pub(crate) name: String,
    pub(crate) details: BTreeMap<String, String>,
    pub(crate) at: Timestamp,
}

impl Record {
    pub(crate) fn open(server: &Server, database: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let proxy = Proxy::to(server);
        let options =
            PostgresOptions { connections: 4, ..PostgresOptions::new(proxy.url_of(database)) };
        let store = runtime.block_on(PostgresStore::open(options)).unwrap();
        Self { runtime, store, proxy }
    }

    /// From now on this server is read.
    pub(crate) fn lead_to(&self, server: &Server) {
        self.proxy.lead_to(server);
    }

    /// The session of an agent, where there ever was one; tried again while the database is away.
    pub(crate) fn session(&self, agent: &str) -> Option<AgentSession> {
        let key = Key::session(&AgentKey::owned(agent.parse().unwrap()));
        let load = Load { asks: vec![Ask::Document(key)], input: None };
        let answer = databases::eventually("an answer of the database", || {
            self.runtime.block_on(self.store.load(load.clone())).ok()
        });
        match answer.documents.into_iter().next()?.1?.document {
            Document::Session(session) => Some(session),
            other => panic!("{other:?} is no session"),
        }
    }

    /// The state in one word, as the admin socket has it.
    pub(crate) fn state(&self, agent: &str) -> String {
        let session = self.session(agent);
        let signed_in = session.as_ref().and_then(AgentSession::signed_in);
        let voice = signed_in.map(|signed_in| signed_in.voice.unwrap().state.name());
        voice.unwrap_or("signed_out").to_owned()
    }

    /// The agents for whose sessions a node answers.
    pub(crate) fn sessions_of(&self, node: &str) -> Vec<String> {
        let range = IndexRange::exactly(Index::SessionByNode, node, 100);
        let load = Load { asks: vec![Ask::Range(range)], input: None };
        let answer = databases::eventually("an answer of the database", || {
            self.runtime.block_on(self.store.load(load.clone())).ok()
        });
        let (_, indexed) = answer.ranges.into_iter().next().unwrap();
        indexed.into_iter().map(|indexed| indexed.key.id).collect()
    }

    /// Behind the last line.
    pub(crate) fn end(&self) -> Cursor {
        databases::eventually("the end of the log", || {
            self.runtime.block_on(self.store.end_of_log()).ok()
        })
    }

    /// All lines about agents after `cursor` that were committed before now; it moves behind them. A line
    /// stays unseen while an older transaction is open, so one of our own is waited for.
    pub(crate) fn lines(&self, cursor: &mut Cursor) -> Vec<Line> {
        let mark = self.mark();
        let mut lines = Vec::new();
        loop {
            let page = databases::eventually("the log", || {
                self.runtime.block_on(self.store.read_log(*cursor, 500)).ok()
            });
            let LogPage::Lines(page) = page else {
                panic!("the log restarted: {page:?}");
            };
            let Some(last) = page.last() else {
                std::thread::yield_now();
                continue;
            };
            *cursor = last.cursor;
            let is_over = page.iter().any(|entry| entry.event.details.get(MARK) == Some(&mark));
            lines.extend(page.into_iter().filter_map(line));
            if is_over {
                return lines;
            }
        }
    }

    /// Writes a line that nobody else writes.
    fn mark(&self) -> String {
        let mark = next().to_string();
        let subject = Key::account(&"mark".parse().unwrap());
        let event = Event::new(MARK, subject).with(MARK, &mark);
        let decision = Decision { events: vec![event], ..Decision::already(Reply::Done) };
        let (input, at) = (InputId::new(MARK, &mark), now());
        let commit = Commit { input, at, epoch: None, decision };
        databases::eventually("a line of our own", || {
            self.runtime.block_on(self.store.commit(commit.clone())).ok()
        });
        mark
    }
}

fn line(entry: LogEntry) -> Option<Line> {
    let LogEntry { at, event, .. } = entry;
    if event.name == MARK {
        return None;
    }
    let agent = event.subject.id.parse::<AgentKey>().ok()?.id.to_string();
    Some(Line { agent, name: event.name, details: event.details, at })
}
