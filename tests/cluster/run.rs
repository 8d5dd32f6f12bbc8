//! One run: nodes, clients and their ledger.

use std::time::{Duration, Instant};

use databases::{Server, eventually};
use domain::Timestamp;
use store::Cursor;

use crate::clients::{Clients, Progress};
use crate::ledger::Ledger;
use crate::machines::{Cluster, Node, now};
use crate::record::Line;

const AGENTS: usize = 8;

pub(crate) struct Run {
    pub(crate) cluster: Cluster,
    pub(crate) clients: Clients,
    pub(crate) ledger: Ledger,
    cursor: Cursor,
    /// The epoch of the store that is expected.
    epoch: u64,
    began: Instant,
}

/// A node that was lost for a while.
pub(crate) struct Lost {
    node: String,
    at: Timestamp,
    until: Timestamp,
}

impl Lost {
    /// That node was lost from then until now.
    pub(crate) fn since(node: &Node, at: Timestamp) -> Self {
        Self { node: node.name.clone(), at, until: now() }
    }
}

impl Run {
    pub(crate) fn start(server: &Server, nodes: usize, seed: u64) -> Self {
        let began = Instant::now();
        Self::on(Cluster::start(server, nodes, AGENTS), seed, began)
    }

    /// On an empty database that is there.
    pub(crate) fn start_on(server: &Server, database: &str, nodes: usize, seed: u64) -> Self {
        let began = Instant::now();
        Self::on(Cluster::start_on(server, database, nodes, AGENTS), seed, began)
    }

    fn on(cluster: Cluster, seed: u64, began: Instant) -> Self {
        let cursor = cluster.record.end();
        let clients = Clients::new(AGENTS, seed);
        Self { cluster, clients, ledger: Ledger::default(), cursor, epoch: cursor.epoch, began }
    }

    /// The content counts as replaced, and should not be but for that.
    pub(crate) fn expect_new_epoch(&mut self) {
        self.epoch += 1;
    }

    /// What was written since is lost: a new ledger begins.
    pub(crate) fn forget(&mut self) {
        self.ledger = Ledger::default();
        self.cursor = self.cluster.record.end();
    }

    /// Clients act while `during` goes on; then what they were told is compared. Of the nodes that it
    /// lost it is noted how long their sessions were with nobody.
    #[track_caller]
    pub(crate) fn act(&mut self, during: impl FnOnce(&Cluster, &Progress) -> Vec<Lost>) {
        let cluster = &self.cluster;
        let (acted, lost) = self.clients.act_while(cluster, |progress| during(cluster, progress));
        let lines = self.lines();
        for lost in lost {
            let moved = lines.iter().filter(|line| {
                line.name == "session_moved"
                    && line.details["from"] == lost.node
                    && (lost.at..lost.until).contains(&line.at)
            });
            for line in moved {
                self.ledger.note_takeover(line.at.since(lost.at));
            }
        }
        self.ledger.note_wait(acted.longest_wait);
        self.ledger.take(acted.acts, &lines);
        self.ledger.assert_sound();
    }

    /// What the log got since, all of which is there in a new epoch too.
    fn lines(&mut self) -> Vec<Line> {
        let record = &self.cluster.record;
        assert_eq!(record.end().epoch, self.epoch, "the epoch of the store");
        self.cursor.epoch = self.epoch;
        record.lines(&mut self.cursor)
    }

    /// Waits until no session is with that node any more.
    pub(crate) fn wait_for_takeover(cluster: &Cluster, node: &Node) {
        eventually("the takeover of all sessions", || {
            cluster.record.sessions_of(&node.name).is_empty().then_some(())
        });
    }

    /// Whatever is due gets done, the last of it is compared, and the ledger is told.
    #[track_caller]
    pub(crate) fn end(&mut self, what: &str) {
        for agent in self.clients.agents() {
            eventually("the end of a wrap-up", || {
                (self.cluster.record.state(&agent) != "wrap_up").then_some(())
            });
        }
        let lines = self.lines();
        let none = self.clients.agents().into_iter().map(|agent| (agent, Vec::new()));
        self.ledger.take(none.collect(), &lines);
        self.ledger.close();
        let ledger = &self.ledger;
        println!("{what} ({:.0} s)\n{ledger}\n", self.seconds().as_secs_f64());
        self.ledger.assert_sound();
    }

    fn seconds(&self) -> Duration {
        self.began.elapsed()
    }
}
