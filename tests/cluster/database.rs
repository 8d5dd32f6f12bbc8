//! The database itself stops, is killed, freezes, fails over with and without its tail, and gets a full
//! disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use databases::{Server, Standby, Stop, eventually};
use serde_json::{Value, json};

use crate::machines::Cluster;
use crate::run::Run;

fn wait_until_all_fail(cluster: &Cluster) {
    for node in &cluster.nodes {
        eventually("a store that fails", || (!node.says_store_works()).then_some(()));
    }
}

fn wait_until_all_work(cluster: &Cluster) {
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

/// The tables lie on a small disk that is filled: nodes say so, take nothing that would not be kept, and
/// go on by themselves once there is space.
#[test]
fn a_full_disk_of_the_database_is_told_and_recovered_from() {
    let Some(server) = Server::start() else { return };
    let Some(disk) = SmallDisk::mount(&server) else { return };
    let place = disk.0.display();
    server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{place}'"));
    server.sql("postgres", "CREATE DATABASE full_disk TABLESPACE small");
    let mut run = Run::start_on(&server, "full_disk", 2, 24);
    run.act(|cluster, progress| {
        progress.wait_for_done(100);
        disk.fill();
        wait_until_all_fail(cluster);
        for node in &cluster.nodes {
            let status = node.ask(json!({"do": "status"})).unwrap();
            let why = status["ok"]["store"]["why"].as_str().unwrap_or_default();
            assert!(why.contains("full"), "{status}");
        }
        disk.empty();
        wait_until_all_work(cluster);
        progress.wait_for_done(100);
        Vec::new()
    });
    run.end("a full disk");
}

/// A disk with little room, which belongs to the user that the server runs as.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(server: &Server) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let path = server.host().join("small");
        std::fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=40m", "tmpfs"])
            .arg(&path)
            .output();
        if !mounted.as_ref().is_ok_and(|output| output.status.success()) {
            match mounted {
                Ok(_) => println!("not permitted here: mounting a small disk; run as root"),
                Err(_) => println!("left out: mount is missing; install mount"),
            }
            return None;
        }
        let owner = std::fs::metadata(server.data()).unwrap();
        std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        Some(Self(path))
    }

    fn filling(&self) -> PathBuf {
        self.0.join("filling")
    }

    fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.filling()).unwrap();
        for size in [65_536, 512, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn empty(&self) {
        std::fs::remove_file(self.filling()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmount = |path: &Path| Command::new("umount").arg("-l").arg(path).status();
        let _ = unmount(&self.0);
    }
}
