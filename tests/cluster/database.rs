//! The database itself stops, is killed, freezes, and fails over with and without its tail.

use std::collections::BTreeMap;

use databases::{Server, Standby, Stop, eventually};
use serde_json::{Value, json};

use crate::machines::Cluster;
use crate::run::Run;

pub(crate) fn wait_until_all_fail(cluster: &Cluster) {
    for node in &cluster.nodes {
        eventually("a store that fails", || (!node.says_store_works()).then_some(()));
    }
}

pub(crate) fn wait_until_all_work(cluster: &Cluster) {
    for node in &cluster.nodes {
        eventually("a store that works", || node.says_store_works().then_some(()));
    }
}

fn lead_to(cluster: &Cluster, server: &Server) {
    for node in &cluster.nodes {
        node.proxy.lead_to(server);
    }
    cluster.record.lead_to(server);
}

#[test]
fn a_database_that_stops_is_killed_or_freezes_loses_nothing() {
    let Some(server) = Server::start() else { return };
    let mut run = Run::start(&server, 2, 21);
    let faults: [fn(&Server); 4] = [
        |server| server.stop(Stop::Fast),
        |server| server.kill(),
        |server| server.stop(Stop::Immediate),
        |server| server.pause(),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        run.act(|cluster, progress| {
            progress.wait_for_done(100);
            fault(&server);
            wait_until_all_fail(cluster);
            match number {
                3 => server.resume(),
                _ => server.start_again(),
            }
            wait_until_all_work(cluster);
            progress.wait_for_done(50);
            Vec::new()
        });
    }
    run.end("a database stopped, killed, cut off and frozen");
}

/// Commits wait for the standby when the primary dies; none of them was acknowledged.
#[test]
fn a_synchronous_standby_takes_over_with_all_that_was_acknowledged() {
    let Some(primary) = Server::start() else { return };
    let standby = Standby::of(&primary, "second");
    standby.make_synchronous(&primary);
    let mut run = Run::start(&primary, 2, 22);
    run.expect_new_epoch();
    run.act(|cluster, progress| {
        progress.wait_for_done(200);
        standby.fall_behind();
        wait_until_all_fail(cluster);
        primary.kill();
        standby.promote();
        lead_to(cluster, standby.server());
        wait_until_all_work(cluster);
        progress.wait_for_done(100);
        Vec::new()
    });
    run.end("a database whose synchronous standby took over");
}

/// What was acknowledged after the standby fell behind is gone. That cannot be undone, but every node
/// notices, forgets what it knew of it, and goes on from what is there.
#[test]
fn a_lost_tail_is_noticed_by_every_node() {
    let Some(primary) = Server::start() else { return };
    let standby = Standby::of(&primary, "second");
    let mut run = Run::start(&primary, 2, 23);
    run.act(|_, progress| {
        progress.wait_for_done(200);
        Vec::new()
    });
    let agents = run.clients.agents();
    wait_for_wrap_ups(&run, &agents);
    let kept = states(&run, &agents);
    assert!(kept.values().any(|state| state != "signed_out"), "{kept:?}");
    let acknowledged = run.ledger.acknowledged();
    standby.wait_for_all_of(&primary);
    standby.fall_behind();
    run.act(|_, progress| {
        progress.wait_for_done(100);
        Vec::new()
    });
    let lost = run.ledger.acknowledged() - acknowledged;
    let [first, ..] = &run.cluster.nodes[..] else { unreachable!() };
    for agent in &agents {
        let sign_out = json!({"do": "agent_state", "agent": agent, "state": "signed_out"});
        let answer = first.ask(sign_out).unwrap();
        assert!(answer["ok"].is_object() || answer["error"]["code"] == "not_signed_in", "{answer}");
    }
    for node in &run.cluster.nodes {
        eventually("nobody who is signed in", || (signed_in(node) == Some(0)).then_some(()));
    }
    primary.kill();
    standby.promote();
    lead_to(&run.cluster, standby.server());
    run.expect_new_epoch();
    wait_until_all_work(&run.cluster);
    assert_eq!(states(&run, &agents), kept);
    let expected = kept.values().filter(|state| *state != "signed_out").count();
    for node in &run.cluster.nodes {
        eventually("what is there now", || (signed_in(node) == Some(expected)).then_some(()));
        assert!(node.log().contains("the store's content was replaced"), "{}", node.log());
    }
    println!("{lost} acts were acknowledged and lost with the tail, and every node noticed");
    run.forget();
    run.act(|_, progress| {
        progress.wait_for_done(100);
        Vec::new()
    });
    run.end("after a failover that lost its tail");
}

fn wait_for_wrap_ups(run: &Run, agents: &[String]) {
    for agent in agents {
        eventually("the end of a wrap-up", || {
            (run.cluster.record.state(agent) != "wrap_up").then_some(())
        });
    }
}

/// The state of each agent by the database.
fn states(run: &Run, agents: &[String]) -> BTreeMap<String, String> {
    agents.iter().map(|agent| (agent.clone(), run.cluster.record.state(agent))).collect()
}

/// How many agents are signed in, as a node sees it.
fn signed_in(node: &crate::machines::Node) -> Option<usize> {
    let status = node.ask(json!({"do": "status"}))?;
    let counts = status["ok"]["agents"].as_object()?.values();
    let counts: u64 = counts.filter_map(Value::as_u64).sum();
    usize::try_from(counts).ok()
}
