//! A simulated SIP phone driven by lines of words, and the load of hostile ones.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use serde_json::{Value, json};

use crate::gateway::{Gateway, PATIENCE, program};

pub(crate) struct SipPhone {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    /// Everything it told, of which the first so many were waited for.
    told: Vec<Value>,
    seen: usize,
}

impl SipPhone {
    /// A phone of the demo over that transport, which registers at once.
    pub(crate) fn of(gateway: &Gateway, device: &str, transport: &str, more: &[&str]) -> Self {
        let endpoints = gateway.endpoints_file();
        let first = [
            "--endpoints",
            endpoints.to_str().unwrap(),
            "--device",
            device,
            "--transport",
            transport,
        ];
        Self::with(&[&first[..], more].concat())
    }

    /// A phone that is told everything by its command line.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        let mut child = Command::new(program("JACKFIELD_PEERS_BIN", "jackfield-peers"))
            .arg("sip-phone")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(json!({"garbage": line}));
                if sender.send(value).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, lines, told: Vec::new(), seen: 0 }
    }

    /// Gives it a command.
    pub(crate) fn tell(&mut self, command: &str) {
        writeln!(self.input.as_mut().unwrap(), "{command}").unwrap();
    }

    /// Waits for an event, after those waited for before.
    #[track_caller]
    pub(crate) fn until(&mut self, event: &str) -> Value {
        self.until_such(event, |_| true)
    }

    /// The same for one with that member.
    #[track_caller]
    pub(crate) fn until_such(&mut self, event: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some(line) = self.told.get(self.seen) {
                self.seen += 1;
                if line["event"] == event && is_it(line) {
                    return line.clone();
                }
            }
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.told.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("no {event}: {:#?}", self.told),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the phone ended before {event}: {:#?}", self.told)
                }
            }
        }
    }

    /// Does something, and waits until the server took it.
    #[track_caller]
    pub(crate) fn tell_and_see(&mut self, command: &str, event: &str) -> Value {
        self.tell(command);
        self.until(event)
    }

    /// Ends it; gives all it told, and its exit code.
    #[track_caller]
    pub(crate) fn end(mut self) -> (Vec<Value>, Option<i32>) {
        self.input.take();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.told.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {:#?}", self.told),
            }
        }
        let code = self.child.wait().unwrap().code();
        (std::mem::take(&mut self.told), code)
    }

    /// Ends it, and panics where the server broke a rule of the documents.
    #[track_caller]
    pub(crate) fn leave(self) {
        let (told, code) = self.end();
        assert_eq!(code, Some(0), "{told:#?}");
    }
}

impl Drop for SipPhone {
    fn drop(&mut self) {
        self.input.take();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hostile peers, until dropped.
pub(crate) struct Harm {
    child: Option<Child>,
}

impl Harm {
    /// Starts that kind of harm over that transport.
    pub(crate) fn start(gateway: &Gateway, kind: &str, transport: &str, more: &[&str]) -> Self {
        let child = Command::new(program("JACKFIELD_PEERS_BIN", "jackfield-peers"))
            .args(["sip-load", "--hostile", kind, "--transport", transport])
            .arg("--endpoints")
            .arg(gateway.endpoints_file())
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child: Some(child) }
    }

    /// Waits for its end; gives what it counted.
    #[track_caller]
    pub(crate) fn total(mut self) -> Value {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap()
    }
}

impl Drop for Harm {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Has what phones received judged by another parser (rsip); panics where it finds fault.
#[track_caller]
pub(crate) fn judge(capture: &Path) {
    let oracles = program("JACKFIELD_ORACLES_BIN", "../oracles/debug/oracles");
    let output = Command::new(oracles).arg("sip").arg(capture).output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&told));
}

/// A gauge or counter of the gateway with these labels, as they are printed; 0 where there is none.
pub(crate) fn figure(gateway: &Gateway, name: &str) -> u64 {
    let text = crate::wire::get_plain(&gateway.endpoint("metrics")).text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| value.trim().parse().unwrap())
}
