//! One node of several: a process of its own, whose log is shown behind its name.
//!
//! It ends when asked, and by itself when our end of its standard input is gone.

use std::io::Write;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use serde_json::{Value, json};

use super::endpoints::NodeEndpoints;
use crate::config::Config;
use crate::node::NodeError;

/// How much longer than its drain a node may take to end.
const ENDING_MORE: Duration = Duration::from_secs(10);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One node.
pub(super) struct NodeProcess {
    /// How it is called at the terminal.
    pub(super) label: String,
    pub(super) config: Config,
    pub(super) configuration: PathBuf,
    child: Option<Child>,
}

impl NodeProcess {
    /// A node that does not run yet.
    pub(super) fn new(label: String, config: Config, configuration: PathBuf) -> Self {
        Self { label, config, configuration, child: None }
    }

    /// Starts it.
    pub(super) fn start(&mut self) -> Result<(), NodeError> {
        let program = std::env::current_exe().map_err(|error| self.failed(error.to_string()))?;
        let mut command = Command::new(program);
        command.arg("run").arg("--config").arg(&self.configuration).arg("--until-input-ends");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        // A Ctrl-C at the terminal reaches it through us, one node after another.
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| self.failed(error.to_string()))?;
        if let Some(log) = child.stderr.take() {
            tokio::spawn(show(self.label.clone(), log));
        }
        self.child = Some(child);
        Ok(())
    }

    /// Its process, while there is one.
    pub(super) fn process(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Whether it ended, and how; told once.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        self.child = None;
        Some(status)
    }

    /// Asks it to drain and waits until it is gone.
    pub(super) async fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let process = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(process) = process {
            // Where it has ended meanwhile there is nobody to ask.
            let _ = kill_process(process, Signal::TERM);
        }
        if timeout(self.config.limits.drain + ENDING_MORE, child.wait()).await.is_err() {
            tracing::warn!(node = self.label, "the node does not end when asked and is killed");
            let _ = child.kill().await;
        }
    }

    /// Whether its phones can be served.
    pub(super) async fn is_ready(&self) -> bool {
        let asked = async {
            let address = self.config.operations.addresses.first()?;
            let mut stream = TcpStream::connect(address).await.ok()?;
            let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).await.ok()?;
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.ok()?;
            // It is ready a moment before it listens there.
            let is_asked = UnixStream::connect(self.config.admin_socket()).await.is_ok();
            Some(answer.ends_with(b" 200") && is_asked)
        };
        timeout(PATIENCE, asked).await.ok().flatten() == Some(true)
    }

    /// Asks its admin socket.
    pub(super) async fn ask(&self, mut request: Value) -> Result<Value, NodeError> {
        if let Some(members) = request.as_object_mut() {
            members.insert("id".to_owned(), json!(1));
        }
        let asked = async {
            let mut stream = UnixStream::connect(self.config.admin_socket()).await?;
            stream.write_all(format!("{request}\n").as_bytes()).await?;
            let mut answer = String::new();
            BufReader::new(stream).read_line(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        let answer = match timeout(PATIENCE, asked).await {
            Ok(answer) => answer.map_err(|error| self.failed(error.to_string()))?,
            Err(_) => return Err(self.failed("its admin socket does not answer".to_owned())),
        };
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        match (answer.get("ok"), answer.pointer("/error/message")) {
            (Some(done), _) => Ok(done.clone()),
            (None, Some(Value::String(message))) => Err(self.failed(message.clone())),
            (None, _) => Err(self.failed("its admin socket broke off".to_owned())),
        }
    }

    /// Where it is.
    pub(super) fn endpoints(&self) -> NodeEndpoints<'_> {
        NodeEndpoints {
            config: &self.config,
            configuration: Some(self.configuration.clone()),
            process: self.process(),
        }
    }

    pub(super) fn failed(&self, why: String) -> NodeError {
        NodeError::DemoNode { node: self.label.clone(), why }
    }
}

/// Copies a node's log line by line, each behind the node's name.
async fn show(label: String, log: ChildStderr) {
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // Where nobody reads standard error there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{label} {line}");
    }
}
