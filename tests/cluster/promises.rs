//! Promises are kept by one node at a time, and by another one when that is gone.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use databases::{Mode, Proxy, Server};
use domain::{Decision, Effect, InputId, Reply};
use engine::{Engine, StoreClock};
use store::{Commit, PostgresOptions, PostgresStore, Store as _};
use tokio::task::JoinHandle;

use crate::clocks::wait_for;
use crate::engines::{engine, port};
use crate::machines::next;

const NODES: [&str; 2] = ["gw-a.example", "gw-b.example"];
const PROMISES: usize = 30;
/// So many are taken at once.
const BATCH: u32 = 3;

/// What was sent to the outside, by which node, in order.
type Sent = Arc<Mutex<Vec<(String, usize, Instant)>>>;

struct Keeper {
    engine: Arc<Engine>,
    task: JoinHandle<()>,
}

impl Keeper {
    async fn start(number: usize, proxy: &Proxy, database: &str, sent: &Sent) -> Self {
        let clock = Arc::new(StoreClock::default());
        let engine = engine(NODES[number], &proxy.url_of(database), clock).await;
        let task = tokio::spawn(keep(Arc::clone(&engine), number, Arc::clone(sent)));
        Self { engine, task }
    }

    /// As a process that is killed.
    fn kill(self) {
        self.task.abort();
        self.engine.abandon();
    }
}

/// Keeps what is promised until it is killed.
async fn keep(engine: Arc<Engine>, number: usize, sent: Sent) {
    let mut outbox = port(&engine).outbox("test");
    loop {
        for promise in outbox.take(0, BATCH).await.unwrap_or_default() {
            if outbox.still_due(&promise).await.is_ok_and(|due| due) {
                let payload = promise.effect.payload.clone();
                sent.lock().unwrap().push((payload, number, Instant::now()));
                // Refused where the lease was lost meanwhile: whoever has it repeats the promise.
                let _ = outbox.close(vec![promise.id]).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn promise(store: &PostgresStore, name: &str) {
    let effect = Effect { topic: "test".into(), payload: name.into(), owed: None };
    let decision = Decision { effects: vec![effect], ..Decision::already(Reply::Done) };
    let input = InputId::new("promise", name);
    let commit = Commit { input, at: crate::machines::now(), epoch: None, decision };
    store.commit(commit).await.unwrap();
}

/// How often each of those promises was sent.
fn counts(sent: &Sent, phase: &str) -> Vec<usize> {
    let sent = sent.lock().unwrap();
    let count = |name: String| sent.iter().filter(|(payload, ..)| *payload == name).count();
    (0..PROMISES).map(|number| count(format!("{phase}/{number}"))).collect()
}

/// Makes promises and waits until each was sent; does `midway` after the first half.
async fn make(
    store: &PostgresStore,
    sent: &Sent,
    phase: &str,
    midway: impl AsyncFnOnce() -> Instant,
) -> Duration {
    let mut since = Instant::now();
    let mut midway = Some(midway);
    for number in 0..PROMISES {
        if number == PROMISES / 2
            && let Some(midway) = midway.take()
        {
            wait_for("the first promises", || counts(sent, phase).iter().sum::<usize>() > 5).await;
            since = midway().await;
        }
        promise(store, &format!("{phase}/{number}")).await;
    }
    wait_for("all promises", || counts(sent, phase).iter().all(|count| *count > 0)).await;
    since.elapsed()
}

fn keeper_of_last(sent: &Sent) -> usize {
    sent.lock().unwrap().last().unwrap().1
}

#[test]
fn promises_are_kept_once_and_by_another_node_when_one_is_gone() {
    let Some(server) = databases::shared() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(keep_promises(server));
}

async fn keep_promises(server: &Server) {
    let database = format!("promises_{}", next());
    server.database(&database);
    let proxies = [Proxy::to(server), Proxy::to(server)];
    let sent = Sent::default();
    let mut keepers = Vec::new();
    for (number, proxy) in proxies.iter().enumerate() {
        keepers.push(Some(Keeper::start(number, proxy, &database, &sent).await));
    }
    let store = PostgresStore::open(PostgresOptions::new(server.url_of(&database))).await.unwrap();

    make(&store, &sent, "quiet", async || Instant::now()).await;
    assert_eq!(counts(&sent, "quiet"), [1; PROMISES]);

    let first = keeper_of_last(&sent);
    let killed = keepers[first].take().unwrap();
    let after_kill = make(&store, &sent, "killed", async || {
        killed.kill();
        Instant::now()
    })
    .await;
    let other = keeper_of_last(&sent);
    assert_ne!(other, first);
    // What was sent and not closed yet is sent once more, under its id; nothing else is.
    let twice = counts(&sent, "killed").iter().filter(|count| **count > 1).count();
    assert!(twice <= 1 && counts(&sent, "killed").iter().max() <= Some(&2), "{twice}");

    keepers[first] = Some(Keeper::start(first, &proxies[first], &database, &sent).await);
    let after_cut = make(&store, &sent, "cut", async || {
        proxies[other].set(Mode::Hold);
        Instant::now()
    })
    .await;
    assert_eq!(keeper_of_last(&sent), first);
    {
        let sent = sent.lock().unwrap();
        let cut = sent.iter().filter(|(payload, ..)| payload.starts_with("cut/"));
        let began = cut.clone().find(|(_, number, _)| *number == first).unwrap().2;
        let late = cut.clone().filter(|(_, number, at)| *number == other && *at > began).count();
        assert_eq!(late, 0, "a node sent what another one keeps by now");
    }
    // While it is sure of its lease a node goes on with what it has taken.
    let again = counts(&sent, "cut").iter().filter(|count| **count > 1).count();
    assert!(again <= usize::try_from(BATCH).unwrap(), "{again}");
    assert!(counts(&sent, "cut").iter().max() <= Some(&2));
    proxies[other].set(Mode::Pass);
    for keeper in keepers.into_iter().flatten() {
        keeper.kill();
    }
    println!(
        "promises          {} kept; {twice} repeated when their keeper was killed, {again} when it was \
         cut off; all kept {:.2} s and {:.2} s later\n",
        3 * PROMISES,
        after_kill.as_secs_f64(),
        after_cut.as_secs_f64()
    );
}
