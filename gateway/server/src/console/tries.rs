//! Tries to get in, in the audit log: so many entries at most, however many tries there are (OPS-02).
//!
//! Whoever has no password must neither fill the log nor keep others from its end.
//!
//! ```text
//!   refused --> first of this name, address and outcome in this minute --> an entry at once
//!           `-> another one ----------------------.
//!           `-> more names than a minute tells ---+--> counted --end of the minute, stop--> entries with counts
//!   right by a password that comes with every request --> an entry an hour
//! ```
//!
//! Owns the counts of this node; other nodes have theirs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Actor, Deed, Timestamp};
use engine::Engine;
use tokio::sync::watch;

/// How often what was counted is told.
const TOLD_EVERY: Duration = Duration::from_secs(60);
/// So many that differ are told apart meanwhile; the others are counted together.
const TOLD_MAX: usize = 60;
/// How long somebody who was right is not told again.
const RIGHT_LASTING: Duration = Duration::from_secs(3_600);
/// So many of those are remembered at most.
const RIGHT_MAX: usize = 10_000;
/// Stands for those that are counted together; no account can have that name.
const OTHERS: &str = "(others)";

/// Who tried what from where, and what came of it.
type Told = [String; 5];

/// The tries of this node.
pub(crate) struct Tries {
    engine: Arc<Engine>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    refused: BTreeMap<Told, Further>,
    others: u64,
    right: BTreeMap<Told, Timestamp>,
}

/// How many came after the one that was told.
struct Further {
    by: Actor,
    deed: Deed,
    count: u64,
}

impl Tries {
    pub(crate) fn new(engine: Arc<Engine>) -> Arc<Self> {
        Arc::new(Self { engine, counts: Mutex::default() })
    }

    /// Somebody was refused.
    pub(crate) async fn refused(&self, by: Actor, deed: Deed) {
        if self.with_counts(|counts| counts.is_first(&by, &deed)) {
            self.tell(by, deed).await;
        }
    }

    /// Somebody was right who shows the password again with the next request.
    pub(crate) async fn right(&self, by: Actor, deed: Deed) {
        let now = self.engine.now();
        if self.with_counts(|counts| counts.is_new(&by, &deed, now)) {
            self.tell(by, deed).await;
        }
    }

    /// Tells what was counted, until the node stops.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            let stopped = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => true,
                () = tokio::time::sleep(TOLD_EVERY) => false,
            };
            self.tell_counted().await;
            if stopped {
                return;
            }
        }
    }

    async fn tell_counted(&self) {
        let (refused, others) = self.with_counts(|counts| {
            (std::mem::take(&mut counts.refused), std::mem::take(&mut counts.others))
        });
        for Further { by, deed, count } in refused.into_values() {
            if count > 0 {
                let by = Actor { reference: None, ..by };
                self.tell(by, deed.with("further", &count.into())).await;
            }
        }
        if others > 0 {
            let by = Actor { who: OTHERS.to_owned(), how: None, from: None, reference: None };
            let deed = Deed::done("sign_in_refused", "sessions").with_outcome("several");
            self.tell(by, deed.with("further", &others.into())).await;
        }
    }

    /// In a task of its own: whoever hangs up after a try does not keep it out of the log.
    async fn tell(&self, by: Actor, deed: Deed) {
        let engine = Arc::clone(&self.engine);
        let telling = tokio::spawn(async move { engine.tell_audit(by, deed).await });
        if let Err(error) = telling.await {
            tracing::error!(%error, "a try is not told in the audit log");
        }
    }

    fn with_counts<T>(&self, look: impl FnOnce(&mut Counts) -> T) -> T {
        look(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Counts {
    fn is_first(&mut self, by: &Actor, deed: &Deed) -> bool {
        let told = told(by, deed);
        if let Some(further) = self.refused.get_mut(&told) {
            further.count = further.count.saturating_add(1);
            return false;
        }
        if self.refused.len() >= TOLD_MAX {
            self.others = self.others.saturating_add(1);
            return false;
        }
        let further = Further { by: by.clone(), deed: deed.clone(), count: 0 };
        self.refused.insert(told, further);
        true
    }

    fn is_new(&mut self, by: &Actor, deed: &Deed, now: Timestamp) -> bool {
        let told = told(by, deed);
        let is_recent = |at: &Timestamp| now.since(*at) < RIGHT_LASTING;
        if self.right.get(&told).is_some_and(is_recent) {
            return false;
        }
        if self.right.len() >= RIGHT_MAX {
            self.right.retain(|_, at| is_recent(at));
        }
        // They are told once more rather than not remembered.
        if self.right.len() >= RIGHT_MAX {
            self.right.clear();
        }
        self.right.insert(told, now);
        true
    }
}

fn told(by: &Actor, deed: &Deed) -> Told {
    let from = by.from.clone().unwrap_or_default();
    [by.who.clone(), from, deed.action.clone(), deed.object.clone(), deed.outcome.clone()]
}

#[cfg(test)]
mod tests {
    use domain::{AuditEntry, Document, Key};
    use engine::testing::{ManualClock, engine_on};
    use store::MemoryStore;

    use super::*;

    fn by(who: &str, from: &str) -> Actor {
        Actor { who: who.to_owned(), how: None, from: Some(from.to_owned()), reference: None }
    }

    fn wrong() -> Deed {
        Deed::done("sign_in_refused", "sessions").with_outcome("wrong")
    }

    async fn tries() -> (Arc<ManualClock>, Arc<Tries>) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_700_000_000)));
        let engine = engine_on(Arc::new(MemoryStore::new()), clock.clone(), 1).await;
        (clock, Tries::new(engine))
    }

    async fn entries(tries: &Tries) -> Vec<AuditEntry> {
        let mut entries = Vec::new();
        while let Some(loaded) =
            tries.engine.document(&Key::audit(entries.len() as u64 + 1)).await.unwrap()
        {
            let Document::Audit(entry) = loaded.document else { panic!("no entry") };
            entries.push(*entry);
        }
        entries
    }

    fn further(entry: &AuditEntry) -> Option<String> {
        entry.deed.changes.iter().find(|it| it.field == "further")?.after.clone()
    }

    #[tokio::test]
    async fn ops_02_tries_without_end_are_counted_in_few_entries() {
        let (_, tries) = tries().await;
        for _ in 0..500 {
            tries.refused(by("admin", "192.0.2.1"), wrong()).await;
        }
        tries.refused(by("admin", "192.0.2.2"), wrong()).await;
        let locked = wrong().with_outcome("locked");
        tries.refused(by("admin", "192.0.2.1"), locked.clone()).await;
        let told = entries(&tries).await;
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.iter().all(|entry| further(entry).is_none()), "{told:?}");
        tries.tell_counted().await;
        let told = entries(&tries).await;
        assert_eq!(told.len(), 4);
        assert_eq!(further(&told[3]).as_deref(), Some("499"));
        assert_eq!((told[3].by.who.as_str(), told[3].deed.outcome.as_str()), ("admin", "wrong"));
        // The next minute begins anew, and what was not tried says nothing.
        tries.tell_counted().await;
        tries.refused(by("admin", "192.0.2.1"), locked).await;
        assert_eq!(entries(&tries).await.len(), 5);
    }

    #[tokio::test]
    async fn ops_02_invented_names_fill_no_audit_log() {
        let (_, tries) = tries().await;
        for number in 0..1_000 {
            tries.refused(by(&format!("name{number}"), "192.0.2.1"), wrong()).await;
        }
        assert_eq!(entries(&tries).await.len(), TOLD_MAX);
        tries.tell_counted().await;
        let told = entries(&tries).await;
        assert_eq!(told.len(), TOLD_MAX + 1);
        let last = told.last().unwrap();
        assert_eq!(last.by.who, OTHERS);
        assert_eq!(further(last), Some((1_000 - TOLD_MAX).to_string()));
    }

    #[tokio::test]
    async fn ops_02_what_was_counted_is_told_at_a_stop() {
        let (_, tries) = tries().await;
        for _ in 0..3 {
            tries.refused(by("admin", "192.0.2.1"), wrong()).await;
        }
        Arc::clone(&tries).run(watch::channel(true).1).await;
        let told = entries(&tries).await;
        assert_eq!(further(told.last().unwrap()).as_deref(), Some("2"));
    }

    #[tokio::test]
    async fn ops_02_a_password_with_every_request_is_told_once_an_hour() {
        let (clock, tries) = tries().await;
        let right = || Deed::done("signed_in", "surfaces/console");
        for _ in 0..10 {
            tries.right(by("admin", "192.0.2.1"), right()).await;
        }
        tries.right(by("admin", "192.0.2.2"), right()).await;
        assert_eq!(entries(&tries).await.len(), 2);
        clock.advance(RIGHT_LASTING);
        tries.right(by("admin", "192.0.2.1"), right()).await;
        assert_eq!(entries(&tries).await.len(), 3);
    }
}
