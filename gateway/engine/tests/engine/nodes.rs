//! Several nodes on one store: who is there, who answers for what, who holds which lease.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{Command, Input, InputId, NodeName, Timestamp};
use engine::testing::{PlainAuthenticator, apply, engine_at};
use engine::{
    Clock, Engine, HeldLease, NodeSeen, Outcome, SAID_HOPS, Said, SubmitError, said_hops,
};
use store::{Cursor, LogPage, MemoryStore, Store, StoreError};
use tokio::time::Instant;

use crate::store_away::Faulty;
use crate::{START, key, settings, sign_in};

/// A clock that goes with the runtime's, which these tests pause.
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        START.after(self.0.elapsed())
    }
}

struct Nodes {
    store: Arc<MemoryStore>,
    ways: Vec<Arc<Faulty>>,
    engines: Vec<Arc<Engine>>,
}

const NAMES: [&str; 3] = ["gw-a.example", "gw-b.example", "gw-c.example"];

impl Nodes {
    async fn new(count: usize) -> Self {
        let store = Arc::new(MemoryStore::new());
        let mut nodes = Self { store, ways: Vec::new(), engines: Vec::new() };
        for name in &NAMES[..count] {
            nodes.open(name).await;
        }
        apply(&nodes.engines[0], &settings()).await;
        seconds(3).await;
        nodes
    }

    async fn open(&mut self, name: &str) -> Arc<Engine> {
        let way = Faulty::way_to(Arc::clone(&self.store));
        let clock = Arc::new(RuntimeClock(Instant::now() - self.since_start().await));
        let seed = self.engines.len() as u64 + 1;
        let engine = engine_at(name, Arc::<Faulty>::clone(&way), clock, seed).await;
        self.ways.push(way);
        self.engines.push(Arc::clone(&engine));
        engine
    }

    /// All clocks show the same time.
    async fn since_start(&self) -> Duration {
        self.engines.first().map_or(Duration::ZERO, |engine| engine.now().since(START))
    }

    async fn sign_in(&self, at: usize, agent: &str, extension: &str) {
        let mut wish = sign_in(agent, extension);
        wish.device = (extension == "2003").then(|| "SEP000000000002".parse().unwrap());
        wish.node = NAMES[at].parse().unwrap();
        let id = InputId::new("test", format!("sign-in/{agent}"));
        let input = Input::command(id, Command::SignIn(Box::new(wish)));
        let outcome = self.engines[at].submit(input).await.unwrap();
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }

    /// Who answers for that agent, as each node sees it.
    async fn answering(&self, agent: &str) -> Vec<usize> {
        let mut found = Vec::new();
        for (at, engine) in self.engines.iter().enumerate() {
            let session = engine.session_of(&key(agent)).await.ok().flatten();
            if session.is_some_and(|session| engine.answers_for(&session)) {
                found.push(at);
            }
        }
        found
    }

    async fn moves(&self) -> usize {
        let start = Cursor { number: 0, ..self.store.end_of_log().await.unwrap() };
        let LogPage::Lines(lines) = self.store.read_log(start, 1_000).await.unwrap() else {
            panic!("restarted")
        };
        lines.iter().filter(|line| line.event.name == "session_moved").count()
    }

    fn lease(&self, at: usize, name: &str) -> HeldLease {
        let port = self.engines[at].port(Arc::new(PlainAuthenticator));
        port.lease(name, Duration::from_secs(6))
    }
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn hst_12_what_goes_by_a_next_hop_falls_to_a_node_that_can_use_it() {
    let nodes = Nodes::new(3).await;
    let hops: [&[&str]; 3] = [&[], &["edge", "a, b"], &["edge", "far"]];
    for (engine, hops) in nodes.engines.iter().zip(hops) {
        let hops: Vec<_> = hops.iter().map(ToString::to_string).collect();
        let said = said_hops(hops).map(|hops| (SAID_HOPS.to_owned(), hops));
        let said: Said = said.into_iter().collect();
        engine.describe(Arc::new(move || said.clone()));
    }
    seconds(3).await;
    let heirs = |hop: &str, phone: &str| {
        let by = |engine: &Arc<Engine>| engine.heir_among(phone, |it: &NodeSeen| it.has_hop(hop));
        nodes.engines.iter().map(by).collect::<BTreeSet<_>>()
    };
    let mut all = BTreeMap::new();
    for number in 0..40 {
        let phone = format!("SEP{number}");
        for hop in ["edge", "far", "a, b", "a", "none"] {
            let named = heirs(hop, &phone);
            // Every node names the same one.
            assert_eq!(named.len(), 1, "{named:?}");
            all.entry(hop).or_insert_with(BTreeSet::new).extend(named);
        }
        // Where nobody has the way it is as ever.
        assert_eq!(heirs("none", &phone), BTreeSet::from([nodes.engines[0].heir(&phone)]));
    }
    let names = |at: &[usize]| -> BTreeSet<NodeName> {
        at.iter().map(|at| NAMES[*at].parse().unwrap()).collect()
    };
    assert_eq!((&all["edge"], &all["far"]), (&names(&[1, 2]), &names(&[2])));
    assert_eq!((&all["a, b"], &all["a"]), (&names(&[1]), &names(&[0, 1, 2])));
    // One that leaves is nobody's heir.
    nodes.engines[2].leave().await;
    seconds(3).await;
    let left = nodes.engines[..2].iter().map(|it| it.heir_among("SEP1", |it| it.has_hop("edge")));
    assert_eq!(left.collect::<BTreeSet<_>>(), names(&[1]));
}

#[test]
fn only_so_much_is_said_of_next_hops() {
    let many = (0..1_000).map(|number| format!("{number:064}"));
    let said = said_hops(many).unwrap();
    assert!(said.len() <= 4_096 && said.lines().count() == 63, "{}", said.len());
    assert_eq!(said_hops([]), None);
}

#[tokio::test(start_paused = true)]
async fn ops_03_what_a_dead_node_answered_for_goes_to_others_once() {
    let nodes = Nodes::new(3).await;
    for (agent, extension) in [("1001", "2001"), ("1002", "2003")] {
        nodes.sign_in(0, agent, extension).await;
    }
    seconds(3).await;
    assert_eq!(nodes.answering("1001").await, [0]);
    nodes.engines[0].abandon();
    let died = Instant::now();
    while nodes.moves().await < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(died.elapsed() <= Duration::from_secs(8), "six seconds and a sign of life");
    }
    assert!(died.elapsed() > Duration::from_secs(3), "a node that is slow is not gone");
    seconds(10).await;
    assert_eq!(nodes.moves().await, 2);
    for agent in ["1001", "1002"] {
        let session = nodes.engines[1].session_of(&key(agent)).await.unwrap().unwrap();
        let heir = nodes.engines[1].heir(&key(agent).to_string());
        assert_eq!(session.signed_in().unwrap().node, heir);
        assert_ne!(heir.as_str(), NAMES[0]);
    }
    let seen = nodes.engines[1].nodes();
    let live: Vec<_> = seen.iter().map(|it| (it.node.as_str(), it.live, it.left)).collect();
    assert_eq!(live, [(NAMES[0], false, false), (NAMES[1], true, false), (NAMES[2], true, false)]);
}

#[tokio::test(start_paused = true)]
async fn ops_03_a_node_that_leaves_is_not_waited_for() {
    let nodes = Nodes::new(2).await;
    nodes.sign_in(0, "1001", "2001").await;
    nodes.engines[0].leave().await;
    let left = Instant::now();
    while nodes.answering("1001").await != [1] {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(left.elapsed() <= Duration::from_secs(3), "a sign of life later");
    }
    assert!(nodes.engines[1].nodes()[0].left);
}

#[tokio::test(start_paused = true)]
async fn ops_03_a_node_that_is_cut_off_stops_before_another_begins() {
    let nodes = Nodes::new(2).await;
    nodes.sign_in(0, "1001", "2001").await;
    seconds(1).await;
    nodes.ways[0].cut(true);
    let cut = Instant::now();
    let mut stopped = None;
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let session = |at: usize| nodes.engines[at].port(Arc::new(PlainAuthenticator));
        let seen = [0, 1].map(|at| session(at).seen_session(&key("1001")).unwrap());
        let answers = [0, 1].map(|at| nodes.engines[at].answers_for(&seen[at]));
        assert_ne!(answers, [true, true], "two at once");
        if !answers[0] {
            stopped.get_or_insert_with(Instant::now);
        }
        if answers[1] {
            break;
        }
        assert!(cut.elapsed() <= Duration::from_secs(9));
    }
    assert!(stopped.is_some() && nodes.engines[0].is_cut_off());
    // It is there again, and what went over stays over: it does not answer for it by what it saw before.
    nodes.ways[0].cut(false);
    let back = Instant::now();
    while back.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let port = nodes.engines[0].port(Arc::new(PlainAuthenticator));
        assert!(!port.answers_for(&port.seen_session(&key("1001")).unwrap()), "it is B's");
    }
    assert!(!nodes.engines[0].is_cut_off());
    assert_eq!(nodes.answering("1001").await, [1]);
    assert_eq!(nodes.moves().await, 1);
}

#[tokio::test(start_paused = true)]
async fn ops_03_after_the_database_was_away_nobody_passes_for_gone() {
    let nodes = Nodes::new(3).await;
    nodes.sign_in(0, "1001", "2001").await;
    seconds(5).await;
    for way in &nodes.ways {
        way.cut(true);
    }
    seconds(12).await;
    // They come back one after the other; the first to look sees old signs of all others.
    for at in [1, 2, 0] {
        nodes.ways[at].cut(false);
        seconds(2).await;
    }
    seconds(20).await;
    assert_eq!(nodes.moves().await, 0);
    assert_eq!(nodes.answering("1001").await, [0]);
}

#[tokio::test(start_paused = true)]
async fn ops_03_one_session_that_cannot_be_moved_holds_up_no_other() {
    let nodes = Nodes::new(2).await;
    nodes.sign_in(0, "1001", "2001").await;
    nodes.sign_in(0, "1002", "2003").await;
    seconds(5).await;
    // As a newer program would have left it.
    *nodes.ways[1].newer.lock().unwrap() = Some(domain::Key::session(&key("1001")));
    nodes.engines[0].abandon();
    let died = Instant::now();
    while nodes.moves().await < 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(died.elapsed() <= Duration::from_secs(9));
    }
    assert_eq!(nodes.answering("1002").await, [1]);
    // And it is tried again.
    *nodes.ways[1].newer.lock().unwrap() = None;
    seconds(5).await;
    assert_eq!(nodes.moves().await, 2);
}

#[tokio::test(start_paused = true)]
async fn ops_11_a_node_that_is_alone_goes_on_without_its_store() {
    let nodes = Nodes::new(1).await;
    nodes.sign_in(0, "1001", "2001").await;
    nodes.ways[0].cut(true);
    seconds(60).await;
    assert!(!nodes.engines[0].is_cut_off());
    let port = nodes.engines[0].port(Arc::new(PlainAuthenticator));
    assert!(port.answers_for(&port.seen_session(&key("1001")).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn ops_03_a_process_whose_name_another_took_does_nothing_more() {
    let mut nodes = Nodes::new(1).await;
    nodes.sign_in(0, "1001", "2001").await;
    let mut lease = nodes.lease(0, "outbox/mail");
    assert!(lease.hold().await.unwrap().is_some());
    let again = nodes.open(NAMES[0]).await;
    seconds(3).await;
    let mut wish = sign_in("1002", "2003");
    wish.device = Some("SEP000000000002".parse().unwrap());
    wish.node = NAMES[0].parse().unwrap();
    let input =
        |id| Input::command(InputId::new("test", id), Command::SignIn(Box::new(wish.clone())));
    let refused = nodes.engines[0].submit(input("old")).await;
    let replaced = |it: &SubmitError| matches!(it, SubmitError::Unavailable { source } if matches!(source, StoreError::Replaced));
    assert!(refused.as_ref().is_err_and(replaced), "{refused:?}");
    // The newer one holds at once what the older one held, which has it no more.
    assert!(lease.surely().is_none());
    assert!(lease.hold().await.unwrap().is_none());
    let port = again.port(Arc::new(PlainAuthenticator));
    let mut newer = port.lease("outbox/mail", Duration::from_secs(6));
    assert!(newer.hold().await.unwrap().is_some());
    assert!(matches!(again.submit(input("new")).await, Ok(Outcome::Done(_))));
}

#[tokio::test(start_paused = true)]
async fn ops_03_leases_spread_go_over_and_come_back() {
    let mut nodes = Nodes::new(2).await;
    let names: Vec<_> = (0..16).map(|number| format!("mailbox/{number}")).collect();
    let mut leases: BTreeMap<(usize, &str), HeldLease> = BTreeMap::new();
    for name in &names {
        for at in 0..2 {
            leases.insert((at, name), nodes.lease(at, name));
        }
    }
    // Everybody asks once a second; nobody ever holds one beside another.
    async fn ask(leases: &mut BTreeMap<(usize, &str), HeldLease>) -> BTreeMap<String, usize> {
        let mut held = BTreeMap::new();
        for ((at, name), lease) in leases.iter_mut() {
            if let Ok(Some(_)) = lease.hold().await {
                assert_eq!(held.insert((*name).to_owned(), *at), None, "{name} is held twice");
            }
        }
        seconds(1).await;
        for ((at, name), lease) in leases.iter() {
            if lease.surely().is_some() {
                let other = leases.get(&(1 - *at, *name));
                assert!(other.is_none_or(|it| it.surely().is_none()), "{name} is held twice");
            }
        }
        held
    }
    let first = ask(&mut leases).await;
    assert_eq!(first.len(), 16);
    let of = |held: &BTreeMap<String, usize>, at| held.values().filter(|it| **it == at).count();
    assert!(of(&first, 0) >= 4 && of(&first, 1) >= 4, "{first:?}");
    nodes.engines[0].abandon();
    leases.retain(|(at, _), _| *at == 1);
    let died = Instant::now();
    while of(&ask(&mut leases).await, 1) < 16 {
        assert!(died.elapsed() <= Duration::from_secs(10));
    }
    // It comes back: what is its own is given back, but only once it has stayed for a while.
    let back = nodes.open(NAMES[0]).await;
    for name in &names {
        let port = back.port(Arc::new(PlainAuthenticator));
        leases.insert((0, name), port.lease(name.clone(), Duration::from_secs(6)));
    }
    let returned = Instant::now();
    while ask(&mut leases).await != first {
        assert!(returned.elapsed() <= Duration::from_secs(60));
    }
    assert!(returned.elapsed() >= Duration::from_secs(25), "{:?}", returned.elapsed());
}
