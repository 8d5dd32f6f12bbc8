//! The nodes of the deployment: this one's signs of life, who else is there, and who is whose heir.
//!
//! ```text
//!   beat every 2 s --> signs of all nodes --> live: age up to 6 s, not left
//!   a node of a session is not live --> its heir among the live ones reports NodeGone --> the session is there
//!   no beat got through for 4.8 s, and others were there --> cut off: others may answer for what was ours,
//!     until the log was followed to where it ended when one got through again
//!   another process began under our name --> replaced: nothing is taken here any more
//! ```
//!
//! Ages come from the store, by its clock, and as of the last answer: a node that cannot reach the store
//! judges nobody. Heirs are found by rendezvous hashing, so that every node names the same one without
//! a word, and what one leaves spreads over all others. Who could not look for a while judges nobody until
//! it looked for as long as it takes to be gone: the others may have been as cut off as this one. Where two nodes see different signs for a moment,
//! both may report a session; the second report finds it elsewhere and writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::{AgentSession, Client, Input, InputId, NodeName, Report, Timestamp};
use store::{Beat, Beats, NodeRow, StoreError};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::engine::Engine;

/// How often a node leaves a sign of life.
pub(crate) const BEAT: Duration = Duration::from_secs(2);
/// How often where nobody else can look; each sign is a sync of the disk.
const BEAT_ALONE: Duration = Duration::from_secs(60);
/// A node without one for so long is gone.
pub(crate) const GONE: Duration = Duration::from_secs(6);
/// A node whose own signs do not get through stops sooner than others take it for gone.
const CUT_OFF: Duration = Duration::from_millis(4_800);
/// A node that was there so recently may be there again.
const RECENT: Duration = Duration::from_secs(300);
/// How often it is looked whether the log was followed.
const FOLLOWS: Duration = Duration::from_millis(50);
/// How many sessions of nodes that are gone are moved at once.
const MOVED_AT_ONCE: usize = 128;

/// What a node says of itself for others to see: names and values, some dozen short ones. A newer program
/// may say more.
pub type Said = BTreeMap<String, String>;
/// Tells what this node says of itself now.
pub type Describe = Arc<dyn Fn() -> Said + Send + Sync>;
/// Under this name a node says where phones reach it: scheme, host and port.
pub const SAID_PHONE: &str = "phone";
/// Under this name a node says where phones ask for their headset: scheme, host and port. A node that serves no
/// headsets says nothing.
pub const SAID_HEADSET: &str = "headset";
/// Under this name a node says where browsers reach its console: scheme, host and port.
pub const SAID_CONSOLE: &str = "console";
/// Under this name a node says which next hops it can use now, as [`said_hops`] writes them. A node that can use
/// none says nothing.
pub const SAID_HOPS: &str = "hops";
/// Bytes of that; hops that have no room in it count as not usable.
const SAID_HOPS_BYTES_MAX: usize = 4_096;

/// One node as this one knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSeen {
    /// Its name.
    pub node: NodeName,
    /// Whether it is there.
    pub live: bool,
    /// Whether it said that it leaves.
    pub left: bool,
    /// How long ago its last sign was, as of the last look.
    pub age: Duration,
    /// What it says of itself.
    pub said: Arc<Said>,
}

impl NodeSeen {
    /// Whether it said that it can use that next hop.
    pub fn has_hop(&self, hop: &str) -> bool {
        self.said.get(SAID_HOPS).is_some_and(|hops| hops.lines().any(|it| it == hop))
    }
}

/// What a node says of the next hops that it can use, one a line, since names have no control characters.
pub fn said_hops(hops: impl IntoIterator<Item = String>) -> Option<String> {
    let mut said = String::new();
    for hop in hops {
        if said.len() + hop.len() < SAID_HOPS_BYTES_MAX {
            said.push_str(&hop);
            said.push('\n');
        }
    }
    (!said.is_empty()).then_some(said)
}

/// What is known of nodes.
pub(crate) struct Nodes {
    /// A number of this process alone.
    pub(crate) run: u64,
    seen: RwLock<Vec<NodeSeen>>,
    /// When the last sign that got through was begun.
    heard_at: RwLock<Instant>,
    /// The store's time at that sign, where it has a clock: it goes on while a machine sleeps.
    heard_now: RwLock<Option<Timestamp>>,
    /// From when on silence of others counts.
    judges_from: RwLock<Instant>,
    /// Set after a cut, until the log was followed.
    behind: AtomicBool,
    /// Rung after each sign of life that got through.
    looked: Notify,
    leaving: AtomicBool,
    replaced: AtomicBool,
    describe: RwLock<Option<Describe>>,
    /// Rung to beat at once.
    soon: Notify,
}

impl Nodes {
    pub(crate) fn new(run: u64) -> Self {
        Self {
            run,
            seen: RwLock::default(),
            heard_at: RwLock::new(Instant::now()),
            heard_now: RwLock::default(),
            judges_from: RwLock::new(Instant::now() + GONE),
            behind: AtomicBool::new(false),
            looked: Notify::new(),
            leaving: AtomicBool::new(false),
            replaced: AtomicBool::new(false),
            describe: RwLock::default(),
            soon: Notify::new(),
        }
    }

    fn take(&self, beats: Beats, began: Instant) {
        let gap = self.gap(&beats, began);
        if gap >= CUT_OFF {
            // Before the sign counts: what was ours meanwhile is not known yet.
            self.behind.store(true, Ordering::Release);
        }
        if gap > BEAT * 2 {
            *self.judges_from.write().unwrap_or_else(PoisonError::into_inner) = began + GONE;
        }
        let judges = self.judges();
        let mut known = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        let was_live = |node: &NodeName| known.iter().any(|it| it.live && it.node == *node);
        let mut seen: Vec<_> = beats.nodes.into_iter().filter_map(seen).collect();
        for node in &mut seen {
            node.live |= !judges && !node.left && was_live(&node.node);
        }
        *known = seen;
        drop(known);
        *self.heard_at.write().unwrap_or_else(PoisonError::into_inner) = began;
        *self.heard_now.write().unwrap_or_else(PoisonError::into_inner) = beats.now;
    }

    /// How long no sign got through before this one.
    fn gap(&self, beats: &Beats, began: Instant) -> Duration {
        let heard_at = *self.heard_at.read().unwrap_or_else(PoisonError::into_inner);
        let heard_now = *self.heard_now.read().unwrap_or_else(PoisonError::into_inner);
        let by_store = beats.now.zip(heard_now).map(|(now, before)| now.since(before));
        by_store.unwrap_or_default().max(began.duration_since(heard_at))
    }

    /// Whether silence of others counts.
    fn judges(&self) -> bool {
        Instant::now() >= *self.judges_from.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<NodeSeen> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether another process runs under this node's name.
    pub(crate) fn is_replaced(&self) -> bool {
        self.replaced.load(Ordering::Acquire)
    }
}

fn seen(row: NodeRow) -> Option<NodeSeen> {
    let live = !row.left && row.age <= GONE;
    let NodeRow { node, left, age, .. } = row;
    // A newer program may say what is no text.
    let said: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&row.status).unwrap_or_default();
    let said =
        said.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
    let said = Arc::new(said.collect());
    // Every name was one when it was written.
    Some(NodeSeen { node: node.parse().ok()?, live, left, age, said })
}

impl Engine {
    /// The nodes of the deployment as of the last look, by name; this one is among them.
    pub fn nodes(&self) -> Vec<NodeSeen> {
        self.nodes.all()
    }

    /// What this node says of itself from now on.
    pub fn describe(&self, describe: Describe) {
        *self.nodes.describe.write().unwrap_or_else(PoisonError::into_inner) = Some(describe);
        self.nodes.soon.notify_one();
    }

    /// Whether other nodes may answer by now for what was this one's: its signs do not get through.
    pub fn is_cut_off(&self) -> bool {
        if self.nodes.is_replaced() {
            return true;
        }
        let heard_at = *self.nodes.heard_at.read().unwrap_or_else(PoisonError::into_inner);
        let is_cut = heard_at.elapsed() >= CUT_OFF || self.nodes.behind.load(Ordering::Acquire);
        // One that was not there at the last look may have come since.
        let may_come = |it: &NodeSeen| it.node != self.node && it.age <= RECENT;
        is_cut && self.nodes.all().iter().any(may_come)
    }

    /// Whether this node answers for a session now.
    pub fn answers_for(&self, session: &AgentSession) -> bool {
        session.signed_in().is_some_and(|it| it.node == self.node) && !self.is_cut_off()
    }

    /// The live node that `what` falls to; this one where none is known.
    pub fn heir(&self, what: &str) -> NodeName {
        self.heir_among(what, |_| true)
    }

    /// The live node that `what` falls to among those that may have it; among all where none may. All nodes name
    /// the same one if they judge by what nodes say of themselves.
    pub fn heir_among(&self, what: &str, may_have: impl Fn(&NodeSeen) -> bool) -> NodeName {
        let seen = self.nodes.seen.read().unwrap_or_else(PoisonError::into_inner);
        let mut live: Vec<_> = seen.iter().filter(|it| it.live).collect();
        live.retain(|it| it.node != self.node || !self.is_leaving());
        if live.iter().any(|it| may_have(it)) {
            live.retain(|it| may_have(it));
        }
        let heir = live.into_iter().map(|it| &it.node).max_by_key(|node| weight(node, what));
        heir.unwrap_or(&self.node).clone()
    }

    /// Says that this node serves nobody from now on, so that others need not wait for its silence.
    pub async fn leave(&self) {
        self.nodes.leaving.store(true, Ordering::Release);
        if let Err(error) = self.store.leave(self.node.as_str(), self.nodes.run).await {
            tracing::warn!(%error, "other nodes are not told that this one leaves");
        }
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.nodes.leaving.load(Ordering::Acquire)
    }

    /// Leaves one sign of life and looks at those of others.
    pub(crate) async fn beat(&self, first: bool) -> Result<(), StoreError> {
        let describe = self.nodes.describe.read().unwrap_or_else(PoisonError::into_inner).clone();
        let said = describe.map(|describe| describe()).unwrap_or_default();
        let status = serde_json::to_string(&said)?;
        let beat = Beat { node: self.node.to_string(), run: self.nodes.run, first, status };
        let began = Instant::now();
        match self.store.beat(beat, self.clock.now()).await {
            Ok(beats) => {
                if let Some(now) = beats.now {
                    self.clock.follow(now, began.elapsed());
                }
                self.nodes.take(beats, began);
                Ok(())
            }
            Err(StoreError::Replaced) => {
                if !self.nodes.replaced.swap(true, Ordering::AcqRel) {
                    tracing::error!(node = %self.node, "{}", StoreError::Replaced);
                }
                Err(StoreError::Replaced)
            }
            Err(error) => self.noting(Err(error)),
        }
    }

    /// Waits until the log was followed to where it ends now; false where that has to be tried again.
    pub(crate) async fn has_followed(&self) -> bool {
        let Ok(end) = self.noting(self.store.end_of_log().await) else { return false };
        let deadline = Instant::now() + GONE;
        loop {
            let followed = *self.followed.lock().unwrap_or_else(PoisonError::into_inner);
            if followed >= end {
                self.nodes.behind.store(false, Ordering::Release);
                return true;
            }
            if Instant::now() > deadline || self.is_stopping() {
                return false;
            }
            tokio::time::sleep(FOLLOWS).await;
        }
    }

    /// Moves sessions of nodes that are gone here, as far as this node is their heir.
    async fn inherit(self: &Arc<Self>) {
        let mut orphans = self.orphans();
        while !orphans.is_empty() {
            let rest = orphans.split_off(orphans.len().min(MOVED_AT_ONCE));
            let mut moving = tokio::task::JoinSet::new();
            for (session, node) in std::mem::replace(&mut orphans, rest) {
                let engine = Arc::clone(self);
                moving.spawn(async move { engine.take_over(&session, node).await });
            }
            // One that cannot be moved, as one that a commit of the lost node still holds or that a newer
            // program wrote, keeps back none of the others.
            let mut any = false;
            while let Some(moved) = moving.join_next().await {
                any |= matches!(moved, Ok(true));
            }
            if !any {
                // What is left is found again after the next sign of life.
                return;
            }
        }
    }

    /// Sessions that this node is the heir of, and the node that is gone: the one that answered for the
    /// session, or one that its client was connected to.
    fn orphans(&self) -> Vec<(Arc<AgentSession>, NodeName)> {
        let nodes = self.nodes.all();
        let judges = self.nodes.judges();
        // Who says that it leaves need not be judged.
        let is_gone = |node: &NodeName| match nodes.iter().find(|it| it.node == *node) {
            Some(seen) => seen.left || (!seen.live && judges),
            None => judges,
        };
        let mut orphans = Vec::new();
        let mut sessions = self.mirror.signed_in();
        // In one order always, so that what happens once can be played again.
        sessions.sort_by(|one, other| one.agent.cmp(&other.agent));
        for session in sessions {
            let Some(signed_in) = session.signed_in() else { continue };
            let client = signed_in.client.iter().flat_map(Client::nodes);
            let of_session = std::iter::once(&signed_in.node).chain(client);
            let gone = of_session.filter(|node| **node != self.node && is_gone(node));
            let gone: BTreeSet<_> = gone.cloned().collect();
            if !gone.is_empty() && self.heir(&session.agent.to_string()) == self.node {
                orphans.extend(gone.into_iter().map(|node| (Arc::clone(&session), node)));
            }
        }
        orphans
    }

    /// Whether a node left, or is gone as far as this one may judge.
    pub(crate) fn is_gone(&self, node: &NodeName) -> bool {
        let judges = self.nodes.judges();
        let seen = self.nodes.all().into_iter().find(|it| it.node == *node);
        // Who says that it leaves need not be judged.
        seen.map_or(judges, |seen| seen.left || (!seen.live && judges))
    }

    async fn take_over(&self, session: &AgentSession, node: NodeName) -> bool {
        let heir = self.node.clone();
        let report = Report::NodeGone {
            agent: session.agent.clone(),
            session: session.holder(),
            node,
            heir,
        };
        // Each report is for what is so now: the same node may be gone a second time.
        let mut id = [0; 8];
        if !self.random.fill(&mut id) {
            return false;
        }
        let id = InputId::new("node-gone", format_args!("{:016x}", u64::from_be_bytes(id)));
        match self.submit(Input::report(id, report)).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(%error, "a session of a node that is gone stays without one");
                false
            }
        }
    }
}

/// Leaves signs of life until the engine stops. Nothing else is waited for here: a node that is busy must
/// not pass for one that is gone.
pub(crate) async fn keep(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut beats = tokio::time::interval(if engine.store.is_shared() { BEAT } else { BEAT_ALONE });
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut live = engine.nodes.all();
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            _ = beats.tick() => {}
            () = engine.nodes.soon.notified() => {}
        }
        if engine.is_leaving() || engine.nodes.is_replaced() {
            continue;
        }
        if let Err(error) = engine.beat(false).await {
            tracing::debug!(%error, "a sign of life did not get through");
            continue;
        }
        tell_changes(&mut live, engine.nodes.all());
        engine.nodes.looked.notify_one();
    }
}

/// Takes over what nodes that are gone left, after each look at them; first of all finds out what others
/// took over, where this one was cut off.
pub(crate) async fn succeed(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = engine.nodes.looked.notified() => {}
        }
        if engine.nodes.behind.load(Ordering::Acquire) && !engine.has_followed().await {
            continue;
        }
        engine.inherit().await;
    }
}

/// Tells an operator which nodes came or went.
fn tell_changes(before: &mut Vec<NodeSeen>, now: Vec<NodeSeen>) {
    for seen in &now {
        let was_live = before.iter().any(|it| it.live && it.node == seen.node);
        match (was_live, seen.live) {
            (false, true) => tracing::info!(node = %seen.node, "a node is there"),
            (true, false) if seen.left => tracing::info!(node = %seen.node, "a node left"),
            (true, false) => {
                let seconds = seen.age.as_secs();
                tracing::warn!(node = %seen.node, seconds, "a node is gone without a word");
            }
            _ => {}
        }
    }
    *before = now;
}

/// How much `what` belongs to `node`: the highest of all live nodes has it (rendezvous hashing).
fn weight(node: &NodeName, what: &str) -> u64 {
    let bytes = node.as_str().bytes().chain([0]).chain(what.bytes());
    // FNV-1a, then splitmix64's finish, since its last bytes would move the upper bits too little.
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falls_to_nodes_spreads_and_stays_where_it_was() {
        let nodes: Vec<NodeName> =
            ["gw-a.example", "gw-b.example", "gw-c.example"].map(|it| it.parse().unwrap()).to_vec();
        let winner = |nodes: &[NodeName], what: &str| {
            nodes.iter().max_by_key(|node| weight(node, what)).cloned().unwrap()
        };
        let mut counts = [0; 3];
        for agent in 0..3_000 {
            let what = format!("owned:{agent}");
            let all = winner(&nodes, &what);
            let at = nodes.iter().position(|node| *node == all).unwrap();
            counts[at] += 1;
            // Without one of the others, what was not its stays.
            if at != 2 {
                assert_eq!(winner(&nodes[..2], &what), all);
            }
        }
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
    }
}
