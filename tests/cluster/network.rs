//! A node that cannot reach the database, or reaches it slowly, while the others can.

use std::time::Duration;

use databases::{Mode, eventually};
use serde_json::json;

use crate::machines::{Node, now};
use crate::rounds::{ROUNDS, rounds};
use crate::run::{Lost, Run};

/// What a node says of the others: whether that one is live.
pub(crate) fn sees_live(node: &Node, other: &str) -> Option<bool> {
    let status = node.ask(json!({"do": "status"}))?;
    let nodes = status["ok"]["nodes"].as_array()?;
    nodes.iter().find(|it| it["node"] == other).map(|it| it["live"] == true)
}

/// Bytes are held in both directions as long as it lasts.
#[test]
fn a_node_cut_from_the_database_answers_for_nobody_and_comes_back() {
    let Some(server) = databases::shared() else { return };
    let mut run = Run::start(server, 2, 11);
    // What was held arrives in the end; in long rounds it is lost once, too.
    let heals = if rounds() > ROUNDS { &[true, false][..] } else { &[true] };
    for heals in heals {
        run.act(|cluster, progress| {
            let (cut, other) = (&cluster.nodes[0], &cluster.nodes[1]);
            cluster.wait_until_all_see_all();
            progress.wait_for_done(100);
            progress.let_agents_stay();
            let at = now();
            cut.proxy.set(Mode::Hold);
            eventually("a node that is missed", || (!sees_live(other, &cut.name)?).then_some(()));
            Run::wait_for_takeover(cluster, cut);
            // Phones keep what it shows (OPS-11), but nothing is taken here any more.
            eventually("a store that fails", || (!cut.says_store_works()).then_some(()));
            let wish = json!({"do": "agent_state", "agent": "1001", "state": "ready"});
            let answer = cut.ask(wish).unwrap();
            assert!(answer["error"]["code"] == "unavailable", "{answer}");
            progress.wait_for_done(8);
            let lost = Lost::since(cut, at);
            if !heals {
                cut.proxy.cut();
            }
            cut.proxy.set(Mode::Pass);
            eventually("a store that works again", || cut.says_store_works().then_some(()));
            eventually("a node that is seen again", || {
                (sees_live(other, &cut.name)?).then_some(())
            });
            progress.wait_for_done(20);
            vec![lost]
        });
    }
    run.end("a node cut from the database");
    assert!(run.ledger.takeovers() > 0, "nothing was taken over");
}

/// Each way takes 100 ms, which is more than any real network between a node and its database.
#[test]
fn a_slow_way_to_the_database_loses_nothing_and_no_node() {
    let Some(server) = databases::shared() else { return };
    let mut run = Run::start(server, 2, 12);
    run.act(|cluster, progress| {
        let (slow, other) = (&cluster.nodes[0], &cluster.nodes[1]);
        progress.wait_for_done(50);
        slow.proxy.set(Mode::Delay(Duration::from_millis(100)));
        progress.wait_for_done(60);
        assert!(slow.is_ready(), "{}", slow.log());
        assert_eq!(sees_live(other, &slow.name), Some(true));
        assert_eq!(sees_live(slow, &other.name), Some(true));
        // The slow node takes over from one that dies.
        progress.let_agents_stay();
        let at = other.kill();
        Run::wait_for_takeover(cluster, other);
        let lost = Lost::since(other, at);
        slow.proxy.set(Mode::Pass);
        other.start();
        progress.wait_for_done(20);
        vec![lost]
    });
    run.end("a slow way to the database");
}

/// Answers get lost on the way back, so that nobody knows whether a commit was done.
#[test]
fn commits_whose_answer_is_lost_are_found_by_their_inputs() {
    let Some(server) = databases::shared() else { return };
    let mut run = Run::start(server, 2, 13);
    run.act(|cluster, progress| {
        for cut in 0..40_u64 {
            progress.wait_for_done(10);
            for node in &cluster.nodes {
                let bytes = cut * 97 % 1_500;
                node.proxy.set(match cut % 2 {
                    0 => Mode::CutAnswersAfter(bytes),
                    _ => Mode::CutRequestsAfter(bytes),
                });
            }
        }
        Vec::new()
    });
    run.end("connections that end in the middle of something, 80 times");
}
