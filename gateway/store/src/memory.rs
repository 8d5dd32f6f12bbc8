//! The store in memory: for tests and simulation, forgotten with the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Ask, Document, IndexRange, InputId, Key, Loaded, Reply, Timestamp, Wake, WakeChange, WriteBody,
};
use tokio::sync::watch;

use crate::store::fence;
use crate::{
    Beat, Beats, BlobHead, Commit, Committed, Cursor, DueWakes, Indexed, LOG_SECONDS, Lease, Load,
    LoadAnswer, LogEntry, LogPage, NODE_SECONDS, NodeRow, OUTCOME_SECONDS, PIECE_BYTES_MAX,
    Promise, Statistics, Store, StoreError, holder,
};

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    wake_up: watch::Sender<u64>,
}

#[derive(Debug)]
struct Record {
    version: u64,
    schema: u32,
    body: String,
    indexed: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct Held {
    holder: String,
    token: u64,
    expires_at: Timestamp,
}

#[derive(Debug, Default)]
struct State {
    epoch: u64,
    documents: BTreeMap<Key, Record>,
    indexes: BTreeSet<(&'static str, String, Key)>,
    outcomes: BTreeMap<InputId, (Reply, Timestamp)>,
    log: BTreeMap<u64, LogEntry>,
    log_end: u64,
    wakes: BTreeMap<String, Wake>,
    promises: BTreeMap<u64, Promise>,
    promises_end: u64,
    leases: BTreeMap<String, Held>,
    pieces: BTreeMap<(String, u32), Vec<u8>>,
    blobs: BTreeMap<String, BlobHead>,
    nodes: BTreeMap<String, Sign>,
    statistics: Statistics,
}

#[derive(Debug)]
struct Sign {
    run: u64,
    status: String,
    at: Timestamp,
    left: bool,
    left_for_good: bool,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        let state = State { epoch: 1, ..State::default() };
        Self { state: Mutex::new(state), wake_up: watch::channel(0).0 }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn loaded(&self, key: &Key) -> Result<Option<Loaded>, StoreError> {
        let Some(record) = self.documents.get(key) else { return Ok(None) };
        let document = Document::decode(key.kind, record.schema, &record.body)?;
        Ok(Some(Loaded { version: record.version, document }))
    }

    fn range(&self, range: &IndexRange) -> Vec<Indexed> {
        let name = range.index.name();
        self.indexes
            .iter()
            .filter(|(index, value, _)| {
                *index == name
                    && (range.from.as_str()..=range.to.as_str()).contains(&value.as_str())
            })
            .map(|(_, value, key)| Indexed { value: value.clone(), key: key.clone() })
            .take(usize::try_from(range.limit).unwrap_or(usize::MAX))
            .collect()
    }

    fn guards_hold(&self, commit: &Commit) -> bool {
        commit.decision.guards.iter().all(|guard| {
            self.documents.get(&guard.key).map(|record| record.version) == guard.version
        })
    }

    fn claims_hold(&self, commit: &Commit) -> bool {
        commit.decision.wakes.iter().all(|change| match change {
            WakeChange::Claim { id, generation } => {
                self.wakes.get(id).is_some_and(|wake| wake.generation == *generation)
            }
            WakeChange::Set(_) | WakeChange::Clear(_) => true,
        })
    }

    fn put(&mut self, key: Key, document: &Document) -> Result<(), StoreError> {
        let schema = Document::schema(key.kind);
        let body = document.encode()?;
        let old = self.documents.get(&key);
        if let Some(old) = old.filter(|old| old.schema > schema) {
            return Err(StoreError::Newer { kind: key.kind, found: old.schema, known: schema });
        }
        let version = old.map_or(1, |old| old.version + 1);
        self.unindex(&key);
        let entries = document.index_entries().into_iter();
        let indexed: Vec<_> = entries.map(|entry| (entry.index.name(), entry.value)).collect();
        for (index, value) in &indexed {
            self.indexes.insert((index, value.clone(), key.clone()));
        }
        self.documents.insert(key, Record { version, schema, body, indexed });
        Ok(())
    }

    fn unindex(&mut self, key: &Key) {
        if let Some(record) = self.documents.get(key) {
            for (index, value) in record.indexed.clone() {
                self.indexes.remove(&(index, value, key.clone()));
            }
        }
    }

    fn refuse_newer(&self, commit: &Commit) -> Result<(), StoreError> {
        for write in &commit.decision.writes {
            let known = Document::schema(write.key.kind);
            if let Some(old) = self.documents.get(&write.key).filter(|old| old.schema > known) {
                let kind = write.key.kind;
                return Err(StoreError::Newer { kind, found: old.schema, known });
            }
        }
        Ok(())
    }

    fn apply(&mut self, commit: Commit) -> Result<Cursor, StoreError> {
        self.refuse_newer(&commit)?;
        let decision = commit.decision;
        for write in decision.writes {
            match write.body {
                WriteBody::Put(document) => self.put(write.key, &document)?,
                WriteBody::Delete => {
                    self.unindex(&write.key);
                    self.documents.remove(&write.key);
                }
            }
        }
        for event in decision.events {
            self.log_end += 1;
            let cursor = Cursor { epoch: self.epoch, number: self.log_end };
            self.log.insert(self.log_end, LogEntry { cursor, at: commit.at, event });
        }
        for (place, effect) in decision.effects.into_iter().enumerate() {
            let id = format!("{}/{place}", commit.input.as_str());
            self.promises_end += 1;
            let number = self.promises_end;
            if self.promises.values().any(|promise| promise.id == id) {
                continue;
            }
            self.promises.insert(number, Promise { number, id, at: commit.at, effect });
        }
        for change in decision.wakes {
            match change {
                WakeChange::Set(wake) => {
                    self.wakes.insert(wake.id.clone(), wake);
                }
                WakeChange::Clear(id) | WakeChange::Claim { id, .. } => {
                    self.wakes.remove(&id);
                }
            }
        }
        self.outcomes.insert(commit.input, (decision.reply, commit.at));
        Ok(Cursor { epoch: self.epoch, number: self.log_end })
    }

    fn held(&self, lease: &Lease) -> bool {
        lease.fence.epoch == self.epoch
            && self
                .leases
                .get(&lease.name)
                .is_some_and(|held| held.holder == lease.holder && held.token == lease.fence.number)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, load: Load) -> Result<LoadAnswer, StoreError> {
        let state = self.state();
        let mut answer = LoadAnswer { epoch: state.epoch, ..LoadAnswer::default() };
        for ask in load.asks {
            match ask {
                Ask::Document(key) => {
                    let loaded = state.loaded(&key)?;
                    answer.documents.push((key, loaded));
                }
                Ask::Range(range) => {
                    let keys = state.range(&range);
                    answer.ranges.push((range, keys));
                }
            }
        }
        let known = load.input.and_then(|input| state.outcomes.get(&input).cloned());
        answer.known = known.map(|(reply, _)| reply);
        Ok(answer)
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let cursor = {
            let mut state = self.state();
            if let Some((reply, _)) = state.outcomes.get(&commit.input) {
                return Ok(Committed::Known(reply.clone()));
            }
            if !state.claims_hold(&commit) {
                return Ok(Committed::ClaimGone);
            }
            let is_of_this = commit.epoch.is_none_or(|epoch| epoch == state.epoch);
            if !is_of_this || !state.guards_hold(&commit) {
                state.statistics.conflicts += 1;
                return Ok(Committed::Conflict);
            }
            let cursor = state.apply(commit)?;
            state.statistics.commits += 1;
            state.statistics.transactions += 1;
            state.statistics.batched += 1;
            if let Some(batches) = state.statistics.batches.first_mut() {
                *batches += 1;
            }
            cursor
        };
        self.wake_up.send_modify(|count| *count += 1);
        Ok(Committed::Done { cursor })
    }

    async fn outcome(&self, input: &InputId) -> Result<Option<Reply>, StoreError> {
        Ok(self.state().outcomes.get(input).map(|(reply, _)| reply.clone()))
    }

    async fn read_log(&self, after: Cursor, limit: u32) -> Result<LogPage, StoreError> {
        let state = self.state();
        let end = Cursor { epoch: state.epoch, number: state.log_end };
        if after.epoch != end.epoch || after.number > end.number {
            return Ok(LogPage::Restarted(end));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let lines = state.log.range(after.number + 1..).take(limit);
        // Lines of an older epoch are reached by cursors of this one.
        let current = |(number, entry): (&u64, &LogEntry)| LogEntry {
            cursor: Cursor { number: *number, ..end },
            ..entry.clone()
        };
        Ok(LogPage::Lines(lines.map(current).collect()))
    }

    async fn end_of_log(&self) -> Result<Cursor, StoreError> {
        let state = self.state();
        Ok(Cursor { epoch: state.epoch, number: state.log_end })
    }

    async fn last_lines(&self, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        let state = self.state();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let lines = state.log.iter().rev().take(limit);
        let mut lines: Vec<_> = lines
            .map(|(number, entry)| LogEntry {
                cursor: Cursor { epoch: state.epoch, number: *number },
                ..entry.clone()
            })
            .collect();
        lines.reverse();
        Ok(lines)
    }

    async fn due_wakes(&self, now: Timestamp, limit: u32) -> Result<DueWakes, StoreError> {
        let mut wakes: Vec<_> = self.state().wakes.values().cloned().collect();
        wakes.sort_by(|a, b| (a.due_at, &a.id).cmp(&(b.due_at, &b.id)));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let due = wakes.iter().take(limit).take_while(|wake| wake.due_at <= now).count();
        let next_at = wakes.get(due).map(|wake| wake.due_at);
        wakes.truncate(due);
        Ok(DueWakes { due: wakes, next_at })
    }

    async fn promises(
        &self,
        topic: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Promise>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let state = self.state();
        let later = state.promises.range(after + 1..).map(|(_, promise)| promise);
        Ok(later.filter(|it| it.effect.topic == topic).take(limit).cloned().collect())
    }

    async fn close_promises(&self, ids: Vec<String>, lease: &Lease) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.held(lease) {
            return Err(StoreError::LeaseLost);
        }
        state.promises.retain(|_, promise| !ids.contains(&promise.id));
        Ok(())
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let mut state = self.state();
        let held = state.leases.get(name);
        let taken = held.is_some_and(|held| held.expires_at > now && held.holder != holder);
        if taken {
            return Ok(None);
        }
        let kept = held.filter(|held| held.expires_at > now).map(|held| held.token);
        let token = kept.unwrap_or_else(|| held.map_or(1, |held| held.token + 1));
        let expires_at = now.after(lasting);
        let entry = Held { holder: holder.to_owned(), token, expires_at };
        state.leases.insert(name.to_owned(), entry);
        let fence = fence(state.epoch, token);
        let (name, holder) = (name.to_owned(), holder.to_owned());
        Ok(Some(Lease { name, holder, fence, expires_at }))
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Lease, StoreError> {
        let mut state = self.state();
        if !state.held(lease) {
            return Err(StoreError::LeaseLost);
        }
        let expires_at = now.after(lasting);
        if let Some(held) = state.leases.get_mut(&lease.name) {
            held.expires_at = expires_at;
        }
        Ok(Lease { expires_at, ..lease.clone() })
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.held(lease)
            && let Some(held) = state.leases.get_mut(&lease.name)
        {
            held.expires_at = Timestamp::default();
        }
        Ok(())
    }

    async fn beat(&self, beat: Beat, now: Timestamp) -> Result<Beats, StoreError> {
        let mut state = self.state();
        let own = holder(&beat.node, beat.run);
        match state.nodes.get(&beat.node) {
            Some(sign) if sign.run != beat.run && !beat.first => return Err(StoreError::Replaced),
            _ => {}
        }
        if beat.first {
            let of_node = format!("{}/", beat.node);
            for held in state.leases.values_mut() {
                if held.holder.starts_with(&of_node) && held.holder != own {
                    held.token += 1;
                    held.expires_at = Timestamp::default();
                }
            }
        }
        let before = state.nodes.get(&beat.node);
        let (at, left) = match (beat.first, before) {
            (true, None) => (now, true),
            (true, Some(sign)) => (sign.at, sign.left),
            (false, _) => (now, before.is_some_and(|sign| sign.left_for_good)),
        };
        let left_for_good = left && !beat.first;
        let sign = Sign { run: beat.run, status: beat.status, at, left, left_for_good };
        state.nodes.insert(beat.node, sign);
        let nodes = state.nodes.iter().map(|(node, sign)| NodeRow {
            node: node.clone(),
            run: sign.run,
            status: sign.status.clone(),
            age: now.since(sign.at),
            left: sign.left,
        });
        Ok(Beats { now: None, nodes: nodes.collect() })
    }

    async fn leave(&self, node: &str, run: u64) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(sign) = state.nodes.get_mut(node).filter(|sign| sign.run == run) {
            (sign.left, sign.left_for_good) = (true, true);
        }
        Ok(())
    }

    async fn put_piece(&self, id: &str, number: u32, body: Vec<u8>) -> Result<(), StoreError> {
        if body.len() > PIECE_BYTES_MAX {
            return Err(StoreError::PieceTooLarge { bytes: body.len() });
        }
        let mut state = self.state();
        if state.blobs.contains_key(id) {
            return Err(StoreError::BlobFinished { id: id.to_owned() });
        }
        state.pieces.insert((id.to_owned(), number), body);
        Ok(())
    }

    async fn finish_blob(&self, head: BlobHead) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(finished) = state.blobs.get(&head.id) {
            return finished.is_the_body_of(&head);
        }
        state.pieces.retain(|(blob, number), _| *blob != head.id || *number < head.pieces);
        state.blobs.insert(head.id.clone(), head);
        Ok(())
    }

    async fn blob(&self, id: &str) -> Result<Option<BlobHead>, StoreError> {
        Ok(self.state().blobs.get(id).cloned())
    }

    async fn piece(&self, id: &str, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.state();
        if !state.blobs.contains_key(id) {
            return Ok(None);
        }
        Ok(state.pieces.get(&(id.to_owned(), number)).cloned())
    }

    async fn delete_blob(&self, id: &str) -> Result<(), StoreError> {
        let mut state = self.state();
        state.blobs.remove(id);
        state.pieces.retain(|(blob, _), _| blob != id);
        Ok(())
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut state = self.state();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let old = |at: Timestamp, seconds| now.since(at) > Duration::from_secs(seconds);
        let outcomes: Vec<_> = state
            .outcomes
            .iter()
            .filter(|(_, (_, at))| old(*at, OUTCOME_SECONDS))
            .map(|(input, _)| input.clone())
            .take(limit)
            .collect();
        let lines: Vec<_> = state
            .log
            .iter()
            .filter(|(number, entry)| **number < state.log_end && old(entry.at, LOG_SECONDS))
            .map(|(number, _)| *number)
            .take(limit)
            .collect();
        state.nodes.retain(|_, sign| !old(sign.at, NODE_SECONDS));
        for input in &outcomes {
            state.outcomes.remove(input);
        }
        for number in &lines {
            state.log.remove(number);
        }
        Ok(u64::try_from(outcomes.len() + lines.len()).unwrap_or(u64::MAX))
    }

    async fn raise_epoch(&self) -> Result<u64, StoreError> {
        let epoch = {
            let mut state = self.state();
            state.epoch += 1;
            state.epoch
        };
        self.wake_up.send_modify(|count| *count += 1);
        Ok(epoch)
    }

    fn wake_up(&self) -> watch::Receiver<u64> {
        self.wake_up.subscribe()
    }

    fn statistics(&self) -> Statistics {
        self.state().statistics
    }

    async fn close(&self) {}
}
