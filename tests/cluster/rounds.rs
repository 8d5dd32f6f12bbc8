//! Nodes are killed at random, again and again, while agents act on those that live.

use databases::eventually;

use crate::clients::Clients;
use crate::machines::{Cluster, Node};
use crate::network::sees_live;
use crate::run::{Lost, Run};

pub(crate) const ROUNDS: u64 = 10;

/// How often a node is killed.
pub(crate) fn rounds() -> u64 {
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

/// What it had in hand goes on where it stopped, after others took its sessions over.
#[test]
fn a_node_that_was_frozen_does_nothing_twice() {
    let Some(server) = databases::shared() else { return };
    let mut run = Run::start(server, 2, 3);
    run.act(|cluster, progress| {
        let frozen = &cluster.nodes[0];
        cluster.wait_until_all_see_all();
        progress.wait_for_done(100);
        progress.let_agents_stay();
        let at = frozen.freeze();
        eventually("a node that is missed", || {
            (!sees_live(&cluster.nodes[1], &frozen.name)?).then_some(())
        });
        Run::wait_for_takeover(cluster, frozen);
        let lost = Lost::since(frozen, at);
        frozen.thaw();
        eventually("a node that is seen again", || {
            sees_live(&cluster.nodes[1], &frozen.name)?.then_some(())
        });
        progress.wait_for_done(50);
        vec![lost]
    });
    run.end("a frozen node");
}

fn kill_at_random(nodes: usize, rounds: u64, seed: u64) {
    let Some(server) = databases::shared() else { return };
    let mut run = Run::start(server, nodes, seed);
    for round in 0..rounds {
        // Others take over only from nodes that stay away for a while.
        let stays_away = round % (if rounds > ROUNDS { 3 } else { 5 }) == 0;
        let before = run.clients.below(150) + 20;
        let victims = victims(&run.cluster, &run.clients);
        run.act(|cluster, progress| {
            let victims = victims.iter().map(|number| &cluster.nodes[*number]);
            let victims: Vec<&Node> = victims.collect();
            progress.wait_for_done(before);
            if stays_away {
                progress.let_agents_stay();
            }
            let killed: Vec<_> = victims.iter().map(|node| (node, node.kill())).collect();
            for node in &victims {
                if stays_away {
                    Run::wait_for_takeover(cluster, node);
                }
            }
            let lost = killed.iter().map(|(node, at)| Lost::since(node, *at)).collect();
            for node in &victims {
                node.start();
            }
            progress.wait_for_done(20);
            lost
        });
    }
    run.end(&format!("{rounds} rounds of kill -9 among {nodes} nodes"));
    assert!(run.ledger.takeovers() > 0, "nothing was taken over");
}

/// Some nodes, but never all.
fn victims(cluster: &Cluster, clients: &Clients) -> Vec<usize> {
    let mut victims: Vec<usize> = (0..cluster.nodes.len()).collect();
    let below =
        |bound: usize| usize::try_from(clients.below(u64::try_from(bound).unwrap())).unwrap();
    let count = 1 + below(victims.len() - 1);
    while victims.len() > count {
        victims.swap_remove(below(victims.len()));
    }
    victims
}
