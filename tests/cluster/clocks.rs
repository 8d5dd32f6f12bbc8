//! Clocks that jump under two engines while agents act at both of them at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use domain::AgentKey;
use engine::testing::{SeededRandom, apply};
use engine::{Clock, Engine, HeldLease};
use tokio::sync::Mutex;

use crate::engines::{JumpingClock, engine, next_act, port, settings, submit_everywhere};
use crate::ledger::{Act, Ledger};
use crate::machines::{agent, next};
use crate::record::Record;

const AGENTS: usize = 4;
const NODES: [&str; 2] = ["gw-a.example", "gw-b.example"];
const HOUR: i64 = 3_600 * 1_000_000;

/// The time of day goes on by two hours, then back by five, then to what it was. The nodes learn of it one
/// after the other, with their signs of life. Wrap-ups end once each and nobody is stuck in one.
#[test]
fn a_clock_that_jumps_loses_and_doubles_nothing() {
    let Some(server) = databases::shared() else { return };
    let database = format!("clocks_{}", next());
    server.database(&database);
    let record = Arc::new(Record::open(server, &database));
    let mut cursor = record.end();
    let ahead = Arc::new(AtomicI64::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (acts, held) = runtime.block_on(async {
        let mut engines = Vec::new();
        for node in NODES {
            let clock: Arc<dyn Clock> = Arc::new(JumpingClock::new(&ahead));
            engines.push(engine(node, &server.url_of(&database), clock).await);
        }
        apply(&engines[0], &settings(AGENTS)).await;
        let ended = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicU64::new(0));
        let clients: Vec<_> = (0..AGENTS)
            .map(|number| {
                let (engines, record) = (engines.clone(), Arc::clone(&record));
                tokio::spawn(act(number, engines, record, Arc::clone(&ended), Arc::clone(&done)))
            })
            .collect();
        let leases = tokio::spawn(hold_leases(engines.clone(), Arc::clone(&ended)));
        for jump in [2, -3, 0] {
            ahead.store(jump * HOUR, Ordering::Release);
            for engine in &engines {
                wait_for("a clock that jumped", || {
                    let apart = engine.now().microseconds() - crate::machines::now().microseconds();
                    (apart - jump * HOUR).abs() < HOUR / 60
                })
                .await;
            }
            let target = done.load(Ordering::Acquire) + 100;
            wait_for("acts", || done.load(Ordering::Acquire) >= target).await;
            assert!(engines.iter().all(|engine| engine.nodes().iter().all(|node| node.live)));
        }
        ended.store(true, Ordering::Release);
        let mut acts: BTreeMap<String, Vec<Act>> = BTreeMap::new();
        for client in clients {
            let (agent, own) = client.await.unwrap();
            acts.insert(agent, own);
        }
        for number in 0..AGENTS {
            let (record, agent) = (Arc::clone(&record), agent(number));
            wait_for("the end of a wrap-up", || {
                tokio::task::block_in_place(|| record.state(&agent)) != "wrap_up"
            })
            .await;
        }
        let held = leases.await.unwrap();
        for engine in &engines {
            engine.close().await;
        }
        (acts, held)
    });
    let mut ledger = Ledger::default();
    ledger.take(acts, &record.lines(&mut cursor));
    ledger.close();
    println!("a clock that jumps, by which timers are late too\n{ledger}\n");
    ledger.assert_sound();
    assert!(held > 0, "nobody held the lease");
}

/// One agent, at both engines with each act.
async fn act(
    number: usize,
    engines: Vec<Arc<Engine>>,
    record: Arc<Record>,
    ended: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
) -> (String, Vec<Act>) {
    let agent = agent(number);
    let key = AgentKey::owned(agent.parse().unwrap());
    let random = SeededRandom::new(u64::try_from(number).unwrap());
    let (mut acts, mut code) = (Vec::new(), 0);
    while !ended.load(Ordering::Acquire) {
        let state = tokio::task::block_in_place(|| record.state(&agent));
        let node = engines[acts.len() % 2].node();
        code += 1;
        let Some((deed, input)) = next_act(&random, &key, &state, code, node) else {
            code -= 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let told = submit_everywhere(&engines, &input).await;
        acts.push(Act { deed, told });
        done.fetch_add(1, Ordering::AcqRel);
    }
    (agent, acts)
}

/// Both engines want one lease; never do both believe to have it. Gives how often it was looked at while
/// one did.
async fn hold_leases(engines: Vec<Arc<Engine>>, ended: Arc<AtomicBool>) -> u64 {
    let lease = |engine| Mutex::new(port(engine).lease("clocks", Duration::from_secs(6)));
    let leases: [Arc<Mutex<HeldLease>>; 2] = [0, 1].map(|node| Arc::new(lease(&engines[node])));
    let holders = leases.clone().map(|lease| {
        let ended = Arc::clone(&ended);
        tokio::spawn(async move {
            while !ended.load(Ordering::Acquire) {
                lease.lock().await.hold().await.unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
    });
    let mut held = 0;
    while !ended.load(Ordering::Acquire) {
        let (first, second) = (leases[0].lock().await, leases[1].lock().await);
        let both = [first.surely().is_some(), second.surely().is_some()];
        assert!(both != [true, true], "two nodes hold one lease");
        held += u64::from(both != [false, false]);
        drop((first, second));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for holder in holders {
        holder.await.unwrap();
    }
    held
}

/// Waits until it is so.
pub(crate) async fn wait_for(what: &str, mut so: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what} did not come");
}
