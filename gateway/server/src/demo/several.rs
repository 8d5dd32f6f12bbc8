//! A demo of several nodes on one private database, each node a process of its own.
//!
//! ```text
//!   database -> nodes --all ready--> settings applied once, seen by all -> endpoints -> watched
//!   a node ends: told, and how to start it again; the others go on. SIGHUP starts what ended
//!   stop: one node after another drains, then the contact centre's server, then the database
//! ```
//!
//! Owns the processes. Killed without a word, it takes all of them along: each looks at a pipe of ours.

use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use domain::NodeName;
use engine::Clock;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::database::Database;
use super::node_process::NodeProcess;
use super::ports::NodePorts;
use super::{Folder, NAME, Prepared, issue, limits, listeners, unwritable, written};
use crate::config::Config;
use crate::node::{Asked, NodeError, Signals};
use crate::words::with_causes;
use crate::{sealing_file, secret_file};

/// What the nodes are called: `node-a` and so on.
const LETTERS: [char; super::NODES_MAX] = ['a', 'b', 'c'];
/// How long all nodes together may take to be ready.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at the processes.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Connections of each node; the server takes 100 unless told otherwise.
const CONNECTIONS: usize = 8;

/// A running demo.
struct Cluster {
    prepared: Prepared,
    /// The name of the nodes' database.
    name: &'static str,
    database: Database,
    nodes: Vec<NodeProcess>,
}

/// Runs `count` nodes until the process is asked to stop.
pub(super) async fn run(
    mut prepared: Prepared,
    count: usize,
    clock: &dyn Clock,
    mut signals: Signals,
) -> Result<(), NodeError> {
    let database = Database::prepare(&prepared.folder).await?;
    // Who owns voice state does not change with agents signed in, so each way has a state of its own.
    let name = if prepared.peers.is_some() { "jackfield_cti" } else { "jackfield" };
    let labels: Vec<_> = LETTERS.iter().take(count).map(|it| format!("node-{it}")).collect();
    secret_file::make_folder(&prepared.folder.file("nodes"))
        .map_err(|source| NodeError::Folder { path: prepared.folder.file("nodes"), source })?;
    sealing_file::read_or_make(&prepared.folder.file("nodes/sealing.key"))?;
    let mut nodes = Vec::new();
    for (label, ports) in labels.iter().zip(prepared.ports.nodes) {
        nodes.push(node(&prepared.folder, label, ports, &database.url(name), clock)?);
    }
    add_alternates(&mut prepared.settings, &labels);
    let mut cluster = Cluster { prepared, name, database, nodes };
    let ran = tokio::select! {
        ran = cluster.start() => ran.map(|()| true),
        () = signals.stop() => Ok(false),
    };
    let ran = match ran {
        Ok(true) => cluster.watch(&mut signals).await,
        Ok(false) => Ok(()),
        Err(error) => Err(error),
    };
    cluster.stop().await;
    ran
}

impl Cluster {
    /// Starts everything; when this returns, all nodes answer and the endpoints file is written.
    async fn start(&mut self) -> Result<(), NodeError> {
        self.database.start(self.name).await?;
        for node in &mut self.nodes {
            node.start()?;
        }
        let ready = async {
            self.all_ready().await?;
            self.apply().await
        };
        match timeout(PATIENCE, ready).await {
            Ok(ready) => ready?,
            Err(_) => {
                let why = "not all nodes were ready in time; the log above says why".to_owned();
                return Err(NodeError::DemoNode { node: "the demo".to_owned(), why });
            }
        }
        self.write_endpoints()?;
        for node in &self.nodes {
            let url = node.config.phone.base();
            tracing::info!(node = node.label, url, pid = node.process(), "ready");
        }
        Ok(())
    }

    async fn all_ready(&mut self) -> Result<(), NodeError> {
        for node in &mut self.nodes {
            while !node.is_ready().await {
                if let Some(status) = node.ended() {
                    return Err(node.failed(format!("{}; the log above says why", told(status))));
                }
                sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    }

    /// Applies the demo's settings at the first node, unless somebody applied others, and waits until
    /// all nodes have them.
    async fn apply(&mut self) -> Result<(), NodeError> {
        let Some(first) = self.nodes.first() else { return Ok(()) };
        let noted_at = self.prepared.folder.file(&format!("nodes/{}.applied", self.name));
        let current = number(&first.ask(json!({"do": "status"})).await?);
        let noted = std::fs::read_to_string(&noted_at).ok();
        if current == 0 || noted.is_some_and(|noted| noted.trim() == current.to_string()) {
            let text = self.prepared.settings.to_string();
            first.ask(json!({"do": "settings_apply", "text": text})).await?;
            let applied = number(&first.ask(json!({"do": "status"})).await?);
            secret_file::write(&noted_at, applied.to_string().as_bytes())?;
        }
        let wanted = number(&first.ask(json!({"do": "status"})).await?);
        for node in &self.nodes {
            while number(&node.ask(json!({"do": "status"})).await?) < wanted {
                sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    }

    /// Tells what ends, and starts it again when asked, until the process is asked to stop.
    async fn watch(&mut self, signals: &mut Signals) -> Result<(), NodeError> {
        loop {
            tokio::select! {
                asked = signals.asked() => match asked {
                    Asked::Stop => return Ok(()),
                    Asked::Again => {
                        if let Err(error) = self.start_again().await {
                            tracing::warn!(why = with_causes(&error), "not everything was started");
                        }
                    }
                },
                () = sleep(LOOK_EVERY) => self.look()?,
            }
        }
    }

    /// Looks for what has ended.
    fn look(&mut self) -> Result<(), NodeError> {
        let again = format!("to start it again: kill -HUP {}", std::process::id());
        if let Some(status) = self.database.ended() {
            let how = told(status);
            tracing::warn!(how, "the database ended; the nodes wait for it; {again}");
        }
        let mut changed = false;
        for at in 0..self.nodes.len() {
            let Some(node) = self.nodes.get_mut(at) else { continue };
            let Some(status) = node.ended() else { continue };
            changed = true;
            let (label, how) = (node.label.clone(), told(status));
            let others = self.nodes.iter().filter(|node| node.process().is_some());
            let others: Vec<_> = others.map(|node| node.label.as_str()).collect();
            match others.as_slice() {
                [] => tracing::warn!(node = label, how, "the last node ended; {again}"),
                [other] => {
                    tracing::warn!(node = label, how, "the node ended; {other} goes on; {again}");
                }
                others => {
                    let others = others.join(" and ");
                    tracing::warn!(node = label, how, "the node ended; {others} go on; {again}");
                }
            }
        }
        if changed { self.write_endpoints() } else { Ok(()) }
    }

    /// Starts what has ended.
    async fn start_again(&mut self) -> Result<(), NodeError> {
        self.look()?;
        if !self.database.runs() {
            self.database.start(self.name).await?;
        }
        for node in &mut self.nodes {
            if node.process().is_none() {
                node.start()?;
                tracing::info!(node = node.label, pid = node.process(), "started again");
            }
        }
        self.write_endpoints()
    }

    fn write_endpoints(&self) -> Result<(), NodeError> {
        let nodes: Vec<_> = self.nodes.iter().map(NodeProcess::endpoints).collect();
        self.prepared.write_endpoints(&nodes)
    }

    /// Stops everything, in an order that leaves nobody waiting.
    async fn stop(mut self) {
        for node in self.nodes.iter_mut().filter(|node| node.process().is_some()) {
            tracing::info!(node = node.label, "stopping");
            node.stop().await;
        }
        self.prepared.peers = None;
        self.database.stop().await;
        tracing::info!("stopped");
    }
}

/// Writes the files of one node.
fn node(
    folder: &Folder,
    label: &str,
    ports: NodePorts,
    url: &str,
    clock: &dyn Clock,
) -> Result<NodeProcess, NodeError> {
    let name = format!("{label}.{NAME}");
    let certificate = folder.files(&format!("nodes/{label}"));
    let names: Vec<NodeName> =
        [name.as_str(), NAME].iter().filter_map(|name| name.parse().ok()).collect();
    issue(folder, &certificate, &names, clock.now())?;
    let mut listeners = listeners(folder, ports);
    for listener in ["phone", "console", "headset", "identity"] {
        if let Some(listener) = listeners.get_mut(listener).and_then(Value::as_object_mut) {
            listener.insert("public_name".to_owned(), json!(NAME));
        }
    }
    let value = json!({
        "name": name,
        "state_directory": folder.file(&format!("nodes/{label}")),
        "sealing_key_file": folder.file("nodes/sealing.key"),
        "certificate": written(&certificate),
        "listeners": listeners,
        "store": {"url": url, "connections": CONNECTIONS},
        "limits": limits(),
    });
    let configuration = folder.file(&format!("nodes/{label}.toml"));
    write_configuration(&configuration, &value)?;
    let config = Config::read(value, &folder.path).map_err(NodeError::Problems)?;
    Ok(NodeProcess::new(label.to_owned(), config, configuration))
}

fn write_configuration(path: &Path, value: &Value) -> Result<(), NodeError> {
    let text = toml::to_string(value);
    let text = text.map_err(|error| unwritable(path)(std::io::Error::other(error)))?;
    secret_file::write(path, text.as_bytes())?;
    Ok(())
}

/// Each node sends phones to the next one while it is in maintenance.
fn add_alternates(settings: &mut Value, labels: &[String]) {
    let next = labels.iter().cycle().skip(1);
    let pairs = labels.iter().zip(next);
    let alternates: serde_json::Map<_, _> =
        pairs.map(|(label, next)| (format!("{label}.{NAME}"), json!(next))).collect();
    let service = settings.get_mut("phone_service").and_then(Value::as_object_mut);
    if let Some(service) = service {
        service.insert("alternates".to_owned(), alternates.into());
    }
}

/// The number of the settings in a status.
fn number(status: &Value) -> u64 {
    status.pointer("/settings/number").and_then(Value::as_u64).unwrap_or(0)
}

/// How a process ended.
fn told(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was killed by signal {signal}"),
        (None, None) => "it ended".to_owned(),
    }
}
