//! One run: nodes, clients and their ledger.

use std::time::{Duration, Instant};

use databases::{Server, eventually};
use domain::Timestamp;
use store::Cursor;

use crate::clients::{Clients, Progress};
use crate::ledger::Ledger;
use crate::machines::{Cluster, Node};

const AGENTS: usize = 8;

pub(crate) struct Run {
    pub(crate) cluster: Cluster,
    pub(crate) clients: Clients,
    pub(crate) ledger: Ledger,
    cursor: Cursor,
    began: Instant,
}

impl Run {
    pub(crate) fn start(server: &Server, nodes: usize, seed: u64) -> Self {
        let began = Instant::now();
        let cluster = Cluster::start(server, nodes, AGENTS);
        let cursor = cluster.record.beginning();
        let clients = Clients::new(AGENTS, seed);
        Self { cluster, clients, ledger: Ledger::default(), cursor, began }
    }

    /// Clients act while `during` goes on; then what they were told is compared. Of those nodes, with
    /// the moment they were lost, it is noted how long their sessions were with nobody.
    #[track_caller]
    pub(crate) fn act(
        &mut self,
        during: impl FnOnce(&Cluster, &Progress) -> Vec<(String, Timestamp)>,
    ) {
        let cluster = &self.cluster;
        let (acted, lost) = self.clients.act_while(cluster, |progress| during(cluster, progress));
        let lines = cluster.record.lines(&mut self.cursor);
        for (node, at) in lost {
            let moved = lines.iter().filter(|line| {
                line.name == "session_moved" && line.at >= at && line.details["from"] == node
            });
            for line in moved {
                self.ledger.note_takeover(line.at.since(at));
            }
        }
        self.ledger.note_wait(acted.longest_wait);
        self.ledger.take(acted.acts, &lines);
        self.ledger.assert_sound();
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
        let lines = self.cluster.record.lines(&mut self.cursor);
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
