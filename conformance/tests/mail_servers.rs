//! The program `jackfield-peers mail-servers`: it says where it is, and leaves nobody behind.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly, and says why it was left out"
)]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_jackfield-peers");
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    ready: Value,
    folder: PathBuf,
}

impl Running {
    /// `None` where the servers cannot run, which the program says itself.
    fn start(name: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("peers-{name}-{}", std::process::id()));
        let mut child = Command::new(PROGRAM)
            .args(["mail-servers", "--mailbox", "support:pw", "--proxies", "--folder"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        if line.starts_with("left out:") || line.starts_with("not permitted here:") {
            print!("{line}");
            assert_eq!(child.wait().unwrap().code(), Some(3));
            return None;
        }
        let ready = serde_json::from_str(&line).unwrap();
        Some(Self { child, output, ready, folder })
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    /// Waits for the end; returns the exit code and what was said to it.
    fn ended(mut self) -> (Option<i32>, String) {
        // Waiting would close it.
        let _input = self.child.stdin.take();
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let mut more = String::new();
        self.output.read_to_string(&mut more).unwrap();
        assert_eq!(more, "", "one line says it all");
        let places = ["imaps", "lmtp", "smtp", "submission", "submissions"];
        for name in places.into_iter().chain(["http_proxy", "socks_proxy"]) {
            let port = self.ready[name]["port"].as_u64().unwrap();
            let port = u16::try_from(port).unwrap();
            TcpStream::connect(("127.0.0.1", port)).expect_err(name);
        }
        std::fs::remove_dir_all(&self.folder).unwrap();
        (status.code(), said)
    }
}

/// The process of Dovecot's master.
fn dovecot(folder: &Path) -> Pid {
    let text = std::fs::read_to_string(folder.join("run/master.pid")).unwrap();
    Pid::from_raw(text.trim().parse().unwrap()).unwrap()
}

#[test]
fn all_end_with_standard_input_and_on_signals() {
    let Some(mut running) = Running::start("input") else { return };
    drop(running.child.stdin.take());
    assert_eq!(running.ended(), (Some(0), String::new()));
    for signal in [Signal::TERM, Signal::INT] {
        let Some(running) = Running::start("signal") else { return };
        kill_process(running.pid(), signal).unwrap();
        assert_eq!(running.ended(), (Some(0), String::new()));
    }
}

#[test]
fn the_death_of_one_server_ends_all_with_words() {
    let Some(running) = Running::start("death") else { return };
    kill_process(dovecot(&running.folder), Signal::KILL).unwrap();
    let (code, said) = running.ended();
    assert_eq!(code, Some(2));
    assert!(said.contains("dovecot ended"), "{said}");
}

#[test]
fn nobody_is_left_where_the_program_itself_is_killed() {
    let Some(mut running) = Running::start("killed") else { return };
    let master = dovecot(&running.folder);
    running.child.kill().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let is_there = |pid: Pid| {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        status.is_ok_and(|status| !status.contains(") Z "))
    };
    while is_there(master) {
        assert!(Instant::now() < deadline, "Dovecot runs on");
        std::thread::yield_now();
    }
    let port = running.ready["smtp"]["port"].as_u64().and_then(|port| u16::try_from(port).ok());
    while TcpStream::connect(("127.0.0.1", port.unwrap())).is_ok() {
        assert!(Instant::now() < deadline, "Postfix runs on");
        std::thread::yield_now();
    }
    running.child.wait().unwrap();
    // Whoever ends may still be writing there.
    while std::fs::remove_dir_all(&running.folder).is_err() {
        assert!(Instant::now() < deadline, "the folder stays");
        std::thread::yield_now();
    }
}
