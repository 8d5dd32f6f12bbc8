//! Nodes are killed at random, again and again, while agents act on those that live.

use std::time::Duration;

use databases::eventually;
use domain::Timestamp;

use crate::clients::Clients;
use crate::ledger::Ledger;
use crate::machines::{Cluster, Node};

const AGENTS: usize = 8;
const ROUNDS: u64 = 10;

fn rounds() -> u64 {
    let asked = std::env::var("JACKFIELD_ROUNDS");
    asked.map_or(ROUNDS, |rounds| rounds.parse().expect("JACKFIELD_ROUNDS is a number"))
}

/// Two nodes, one of which is killed in each round.
#[test]
fn nothing_acknowledged_is_lost_by_nodes_that_are_killed() {
    kill_at_random(2, rounds(), 1);
}

/// Three nodes, one or two of which are killed in each round.
#[test]
fn of_three_nodes_any_one_carries_on() {
    kill_at_random(3, rounds().div_ceil(5), 2);
}

fn kill_at_random(nodes: usize, rounds: u64, seed: u64) {
    let Some(server) = databases::shared() else { return };
    let cluster = Cluster::start(server, nodes, AGENTS);
    let mut clients = Clients::new(AGENTS, seed);
    let mut ledger = Ledger::default();
    let mut cursor = cluster.record.beginning();
    for round in 0..rounds {
        let victims = victims(&cluster, &clients);
        // Others take over only from nodes that stay away for a while.
        let stays_away = round % 3 == 0;
        let agents = clients.agents();
        let before = clients.below(150) + 20;
        let (acted, killed) = clients.act_while(&cluster, |progress| {
            progress.wait_for_done(before);
            let killed: Vec<_> = victims.iter().map(|node| (*node, node.kill())).collect();
            if stays_away {
                for (node, _) in &killed {
                    eventually("the takeover of all sessions", || {
                        cluster.record.sessions_of(&node.name, &agents).is_empty().then_some(())
                    });
                }
            }
            for (node, _) in &killed {
                node.start();
            }
            progress.wait_for_done(20);
            killed
        });
        let lines = cluster.record.lines(&mut cursor);
        for (node, at) in killed {
            for after in moved_from(node, at, &lines) {
                ledger.note_takeover(after);
            }
        }
        ledger.note_wait(acted.longest_wait);
        ledger.take(acted.acts, &lines);
        ledger.assert_sound();
    }
    end(&cluster, &clients, &mut ledger, cursor);
    println!("{rounds} rounds of kill -9 with {nodes} nodes\n{ledger}");
    assert!(ledger.takeovers() > 0, "nothing was taken over\n{ledger}");
}

fn victims<'c>(cluster: &'c Cluster, clients: &Clients) -> Vec<&'c Node> {
    let mut nodes: Vec<_> = cluster.nodes.iter().collect();
    let most = u64::try_from(nodes.len() - 1).unwrap();
    for _ in 0..nodes.len() - 1 - usize::try_from(clients.below(most)).unwrap() {
        let left = u64::try_from(nodes.len()).unwrap();
        nodes.swap_remove(usize::try_from(clients.below(left)).unwrap());
    }
    let kept = nodes.len().min(cluster.nodes.len() - 1);
    nodes.truncate(kept.max(1));
    nodes
}

/// How long after that moment each session of a node went to another one.
fn moved_from(node: &Node, at: Timestamp, lines: &[crate::record::Line]) -> Vec<Duration> {
    let moved = lines.iter().filter(|line| {
        line.name == "session_moved" && line.at >= at && line.details["from"] == node.name
    });
    moved.map(|line| line.at.since(at)).collect()
}

/// Whatever is due gets done, and the last of it is compared.
pub(crate) fn end(
    cluster: &Cluster,
    clients: &Clients,
    ledger: &mut Ledger,
    mut cursor: store::Cursor,
) {
    for agent in clients.agents() {
        eventually("the end of a wrap-up", || {
            (cluster.record.state(&agent) != "wrap_up").then_some(())
        });
    }
    let lines = cluster.record.lines(&mut cursor);
    ledger.take(clients.agents().into_iter().map(|agent| (agent, Vec::new())).collect(), &lines);
    ledger.close();
    ledger.assert_sound();
}
