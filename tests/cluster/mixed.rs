//! Faults of all kinds, several at once and at random: what no scenario thought of.

use std::time::Duration;

use databases::{Mode, Server, Stop, eventually};

use crate::clients::{Clients, Progress};
use crate::database::wait_until_all_work;
use crate::machines::Cluster;
use crate::rounds::{ROUNDS, rounds};
use crate::run::Run;

/// What happens to a node.
#[derive(Clone, Copy, Debug)]
enum OfNode {
    Nothing,
    Killed,
    Frozen,
    Held,
    AnswersHeld,
    Slow,
    CutInTheMidst,
}

/// What happens to the database.
#[derive(Clone, Copy, Debug)]
enum OfDatabase {
    Nothing,
    Restarted,
    Killed,
    Frozen,
}

#[test]
fn faults_of_all_kinds_at_once_lose_and_double_nothing() {
    let Some(server) = Server::start() else { return };
    let rounds = if rounds() > ROUNDS { rounds() / 5 } else { 1 };
    let mut run = Run::start(&server, 3, 31);
    for _ in 0..rounds {
        let faults: Vec<_> = run.cluster.nodes.iter().map(|_| of_node(&run.clients)).collect();
        let database = of_database(&run.clients);
        let before = run.clients.below(100);
        let during = run.clients.below(60);
        run.act(|cluster, progress| {
            progress.wait_for_done(before);
            begin(cluster, &faults);
            meanwhile(&server, database, progress, during);
            end(cluster, &faults);
            wait_until_all_work(cluster);
            progress.wait_for_done(30);
            Vec::new()
        });
    }
    run.end(&format!("{rounds} rounds of faults of all kinds among 3 nodes"));
}

fn of_node(clients: &Clients) -> OfNode {
    match clients.below(9) {
        0 => OfNode::Killed,
        1 => OfNode::Frozen,
        2 => OfNode::Held,
        3 => OfNode::AnswersHeld,
        4 => OfNode::Slow,
        5 => OfNode::CutInTheMidst,
        _ => OfNode::Nothing,
    }
}

fn of_database(clients: &Clients) -> OfDatabase {
    match clients.below(6) {
        0 => OfDatabase::Restarted,
        1 => OfDatabase::Killed,
        2 => OfDatabase::Frozen,
        _ => OfDatabase::Nothing,
    }
}

fn begin(cluster: &Cluster, faults: &[OfNode]) {
    for (node, fault) in cluster.nodes.iter().zip(faults) {
        match fault {
            OfNode::Nothing => {}
            OfNode::Killed => drop(node.kill()),
            OfNode::Frozen => drop(node.freeze()),
            OfNode::Held => node.proxy.set(Mode::Hold),
            OfNode::AnswersHeld => node.proxy.set(Mode::HoldAnswers),
            OfNode::Slow => node.proxy.set(Mode::Delay(Duration::from_millis(40))),
            OfNode::CutInTheMidst => node.proxy.set(Mode::CutAnswersAfter(900)),
        }
    }
}

/// The database's own fault, and some acts where any node can still take them.
fn meanwhile(server: &Server, fault: OfDatabase, progress: &Progress, acts: u64) {
    match fault {
        OfDatabase::Nothing => {}
        OfDatabase::Restarted => server.stop(Stop::Fast),
        OfDatabase::Killed => server.kill(),
        OfDatabase::Frozen => server.pause(),
    }
    progress.wait_a_while_for_done(acts);
    match fault {
        OfDatabase::Nothing => {}
        OfDatabase::Restarted | OfDatabase::Killed => server.start_again(),
        OfDatabase::Frozen => server.resume(),
    }
}

fn end(cluster: &Cluster, faults: &[OfNode]) {
    for (node, fault) in cluster.nodes.iter().zip(faults) {
        match fault {
            OfNode::Killed => node.start(),
            OfNode::Frozen => node.thaw(),
            _ => node.proxy.set(Mode::Pass),
        }
    }
    for node in &cluster.nodes {
        eventually("a node that is ready", || node.is_ready().then_some(()));
    }
}
