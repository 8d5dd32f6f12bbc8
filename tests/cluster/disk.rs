//! The disk of the database gets full: that of the tables, which refuses commits one by one, and that of
//! the write-ahead log, which ends the server.

use std::path::{Path, PathBuf};
use std::process::Command;

use databases::{Options, Server, eventually};
use serde_json::json;

use crate::database::{wait_until_all_fail, wait_until_all_work};
use crate::machines::next;
use crate::run::Run;

/// Nodes say so, take nothing that would not be kept, and go on by themselves once there is space.
#[test]
fn a_full_disk_of_the_database_is_told_and_recovered_from() {
    let Some(disk) = SmallDisk::mount(40) else { return };
    let Some(server) = Server::start() else { return };
    disk.give_to_owner_of(server.data());
    let place = disk.0.display();
    server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{place}'"));
    server.sql("postgres", "CREATE DATABASE full_disk TABLESPACE small");
    let mut run = Run::start_on(&server, "full_disk", 2, 24);
    run.act(|cluster, progress| {
        progress.wait_for_done(100);
        disk.fill();
        for node in &cluster.nodes {
            // Now and then something fits into what the tables have already.
            eventually("a disk that is told to be full", || {
                let status = node.ask(json!({"do": "status"}))?;
                status["ok"]["store"]["why"].as_str()?.contains("full").then_some(())
            });
        }
        disk.empty();
        wait_until_all_work(cluster);
        progress.wait_for_done(100);
        Vec::new()
    });
    run.end("a full disk of the tables");
}

/// A server that cannot write its log any more ends; with space and a start it is as it was.
#[test]
fn a_database_that_ends_since_its_log_has_no_space_loses_nothing() {
    let Some(disk) = SmallDisk::mount(160) else { return };
    let settings = [("max_wal_size", "32MB"), ("min_wal_size", "32MB")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let options = Options {
        settings: settings.into(),
        data_within: Some(disk.0.clone()),
        ..Options::default()
    };
    let Some(server) = Server::start_with(&options) else { return };
    let mut run = Run::start(&server, 2, 25);
    run.act(|cluster, progress| {
        progress.wait_for_done(100);
        disk.fill();
        // Each time the log needs a new file.
        eventually("a server that cannot go on", || {
            let written = "SELECT pg_switch_wal() FROM pg_logical_emit_message(true, '', '')";
            server.try_sql("postgres", written).err()
        });
        wait_until_all_fail(cluster);
        disk.empty();
        // It may be about to end still: it tries by itself once, and without space it gives up.
        eventually("the server again", || {
            server.start_again();
            server.try_sql("postgres", "SELECT 1").ok()
        });
        wait_until_all_work(cluster);
        progress.wait_for_done(100);
        Vec::new()
    });
    assert!(server.log().contains("No space left on device"), "{}", server.log());
    run.end("a full disk of the database's log");
}

/// A disk with little room.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<Self> {
        let path = format!("jackfield-disk-{}-{}", std::process::id(), next());
        let path = Path::new("/tmp").join(path);
        std::fs::create_dir_all(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(&path)
            .output();
        if !mounted.as_ref().is_ok_and(|output| output.status.success()) {
            match mounted {
                Ok(_) => println!("not permitted here: mounting a small disk; run as root"),
                Err(_) => println!("left out: mount is missing; install mount"),
            }
            let _ = std::fs::remove_dir(&path);
            return None;
        }
        Some(Self(path))
    }

    fn give_to_owner_of(&self, other: &Path) {
        use std::os::unix::fs::MetadataExt as _;
        let owner = std::fs::metadata(other).unwrap();
        std::os::unix::fs::chown(&self.0, Some(owner.uid()), Some(owner.gid())).unwrap();
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
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}
