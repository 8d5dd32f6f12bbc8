//! The simulated phones with headsets, as a process of their own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::AnyError;
use crate::gateway::{cpu_seconds, peers_program};

/// How long phones may take to register and discover, or to do so anew.
const PATIENCE: Duration = Duration::from_secs(300);

/// A process with phones; it ends with the value.
pub(super) struct Phones {
    child: Child,
    lines: Receiver<Value>,
}

impl Phones {
    pub(super) fn start(
        endpoints: &Path,
        phones: usize,
        arguments: &[&str],
    ) -> Result<Self, AnyError> {
        let mut child = Command::new(peers_program()?)
            .args(["headset-load", "--endpoints"])
            .arg(endpoints)
            .args(["--phones", &phones.to_string(), "--rate", "250"])
            .args(["--patience", &PATIENCE.as_secs().to_string()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let values = BufReader::new(output).lines().map_while(Result::ok);
            for value in values.filter_map(|line| serde_json::from_str(&line).ok()) {
                if sender.send(value).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, lines })
    }

    /// Waits for a line of that event.
    pub(super) fn wait(&self, event: &str) -> Result<Value, AnyError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line: Value = line.map_err(|error| format!("no {event} from phones: {error}"))?;
            match line.get("event").and_then(Value::as_str) {
                Some(it) if it == event => return Ok(line),
                Some("total") => return Err(format!("no {event} from phones: {line}").into()),
                _ => {}
            }
        }
    }

    pub(super) fn cpu_seconds(&self) -> Result<f64, AnyError> {
        cpu_seconds(self.child.id())
    }
}

impl Drop for Phones {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
