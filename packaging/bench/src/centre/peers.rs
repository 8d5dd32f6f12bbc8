//! The simulated contact-centre server as a process of its own.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::AnyError;
use crate::gateway::peers_program;

pub(crate) struct Peers {
    child: Child,
    pub(crate) side_a: String,
    pub(crate) side_b: String,
    control: String,
}

impl Peers {
    pub(super) fn start(agents: usize) -> Result<Self, AnyError> {
        Self::with(agents, &[])
    }

    /// One that notes in a file when it wrote each state.
    pub(crate) fn recording(agents: usize, file: &Path) -> Result<Self, AnyError> {
        Self::with(agents, &["--record".as_ref(), file.as_os_str()])
    }

    fn with(agents: usize, arguments: &[&OsStr]) -> Result<Self, AnyError> {
        let mut child = Command::new(peers_program()?)
            .args(["cti-server", "--listen-b", "127.0.0.1:0", "--until-input-ends"])
            .args(["--generate-agents", &agents.to_string(), "--no-skill-group-events"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(line.trim_start_matches("ready "))?;
        let text = |pointer: &str| {
            ready.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Ok(Self { child, side_a: text("/cti/a"), side_b: text("/cti/b"), control: text("/peers") })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Has a command done; answers once it is.
    pub(crate) fn ask(&self, request: &Value) -> Result<Value, AnyError> {
        let mut stream = TcpStream::connect(&self.control)?;
        stream.set_read_timeout(Some(Duration::from_secs(180)))?;
        writeln!(stream, "{request}")?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        if answer.get("ok") != Some(&Value::Bool(true)) {
            return Err(format!("{request}: {answer}").into());
        }
        Ok(answer)
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
