//! The simulated contact-centre server as a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::AnyError;

pub(super) struct Peers {
    child: Child,
    pub(super) side_a: String,
    pub(super) side_b: String,
    control: String,
}

impl Peers {
    pub(super) fn start(agents: usize) -> Result<Self, AnyError> {
        let mut child = Command::new(program()?)
            .args(["cti-server", "--listen-b", "127.0.0.1:0", "--until-input-ends"])
            .args(["--generate-agents", &agents.to_string(), "--no-skill-group-events"])
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

    pub(super) fn process(&self) -> String {
        self.child.id().to_string()
    }

    pub(super) async fn ask(&self, request: Value) -> Result<Value, AnyError> {
        let control = self.control.clone();
        let asking = tokio::task::spawn_blocking(move || -> Result<Value, AnyError> {
            let mut stream = TcpStream::connect(control)?;
            stream.set_read_timeout(Some(Duration::from_secs(180)))?;
            writeln!(stream, "{request}")?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line)?;
            let answer: Value = serde_json::from_str(&line)?;
            if answer.get("ok") != Some(&Value::Bool(true)) {
                return Err(format!("{request}: {answer}").into());
            }
            Ok(answer)
        });
        asking.await?
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Result<PathBuf, AnyError> {
    if let Some(path) = std::env::var_os("JACKFIELD_PEERS_BIN") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    let path = own.with_file_name("jackfield-peers");
    if path.exists() { Ok(path) } else { Err("build it first: cargo build --release".into()) }
}
