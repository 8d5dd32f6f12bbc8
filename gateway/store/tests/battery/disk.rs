//! Disks that take nothing: a limit on files, a file system that is read-only.
//!
//! Each test runs itself again in a process of its own, since what it takes away it takes from a
//! whole process.

use std::process::{Command, Output};

use domain::{Decision, InputId};
use store::{Commit, Committed, OpenError, SqliteStore, Store, StoreError};

use crate::Folder;
use crate::cases::{NOW, commit, empty, put, version};

/// Set in the process that is started anew, to the folder it shall use.
pub(crate) const FOLDER: &str = "JACKFIELD_BATTERY_FOLDER";

/// Runs `test` again with `program` before its command line.
pub(crate) fn again(program: &[&str], test: &str, folder: &Folder) -> std::io::Result<Output> {
    let this = std::env::current_exe()?;
    Command::new(program[0])
        .args(&program[1..])
        .arg(this)
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, &folder.0)
        .output()
}

pub(crate) fn store_path() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER).map(|folder| std::path::Path::new(&folder).join("store.db"))
}

fn write(id: &str) -> Decision {
    Decision { writes: vec![put(id, true)], ..empty() }
}

async fn try_commit(store: &SqliteStore, input: &str) -> Result<Committed, StoreError> {
    let input = InputId::new("test", input);
    store.commit(Commit { input, at: NOW, epoch: None, decision: write("b") }).await
}

/// Limits how large files of this process may become; gives why it cannot.
pub(crate) fn limit_files(limit: &str) -> Result<(), &'static str> {
    let (pid, limit) = (std::process::id().to_string(), format!("--fsize={limit}"));
    match Command::new("prlimit").args(["--pid", &pid, &limit]).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("not permitted here: to limit how large files may become"),
        Err(_) => Err("left out: prlimit of util-linux is missing"),
    }
}

/// What the other process says of things it could not do, without the harness's own words.
pub(crate) fn reasons(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout);
    let begins = ["left out:", "not permitted here:"];
    let lines = said.lines().filter(|line| begins.iter().any(|it| line.starts_with(it)));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn ops_11_a_disk_that_takes_no_more_is_told_and_recovered_from() {
    let Some(path) = store_path() else {
        let folder = Folder::new("limited");
        // A file that grows too large shall be an error, not the end of the process.
        let ignoring = ["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""];
        let test = "disk::ops_11_a_disk_that_takes_no_more_is_told_and_recovered_from";
        let output = again(&ignoring, test, &folder).unwrap();
        print!("{}", reasons(&output));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&path).unwrap();
        commit(&store, "1", write("a")).await;
        let log = std::fs::metadata(path.with_file_name("store.db-wal")).unwrap().len();
        if let Err(why) = limit_files(&format!("{log}:unlimited")) {
            // On a line of its own: the harness may have begun one.
            println!("\n{why}");
            return;
        }
        for _ in 0..3 {
            let refused = try_commit(&store, "2").await.unwrap_err();
            assert!(matches!(refused, StoreError::Unwritable { .. }), "{refused:?}");
            assert!(refused.to_string().contains("disk cannot be written"));
            assert_eq!(store.outcome(&InputId::new("test", "2")).await.unwrap(), None);
        }
        // What was kept is read still.
        assert_eq!(version(&store, "a").await, Some(1));
        assert_eq!(limit_files("unlimited"), Ok(()));
        assert!(matches!(try_commit(&store, "2").await, Ok(Committed::Done { .. })));
        store.close().await;
        drop(store);
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(version(&store, "b").await, Some(1));
        assert!(matches!(try_commit(&store, "2").await, Ok(Committed::Known(_))));
        store.close().await;
    });
}

#[test]
fn a_read_only_file_system_is_told_by_its_path() {
    let Some(path) = store_path() else {
        let folder = Folder::new("read-only");
        std::fs::write(folder.0.join("kept"), "").unwrap();
        let mount = "command -v mount > /dev/null || exit 78; \
                     mount --bind \"$JACKFIELD_BATTERY_FOLDER\" \"$JACKFIELD_BATTERY_FOLDER\" \
                     && mount -o remount,bind,ro \"$JACKFIELD_BATTERY_FOLDER\" || exit 77; \
                     exec \"$0\" \"$@\"";
        let apart = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount];
        let test = "disk::a_read_only_file_system_is_told_by_its_path";
        match again(&apart, test, &folder) {
            Ok(output) if output.status.success() => {}
            Err(_) => println!("left out: unshare of util-linux is missing"),
            Ok(output) if output.status.code() == Some(78) => {
                println!("left out: mount is missing");
            }
            Ok(output) if String::from_utf8_lossy(&output.stdout).contains("running") => {
                panic!("{}", String::from_utf8_lossy(&output.stderr))
            }
            Ok(_) => println!("not permitted here: to mount anything, even apart from others"),
        }
        return;
    };
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Failed { .. }), "{error:?}");
    assert!(error.to_string().contains("is writable"), "{error}");
    assert!(error.to_string().contains("store"), "{error}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("Read-only"), "{cause}");
}
