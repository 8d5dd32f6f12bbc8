//! The demo: a whole gateway on loopback, with nothing to set up, that keeps its state in a folder.
//!
//! ```text
//!   folder -> ports, certificates -> configuration -> node -> every listener answers -> endpoints
//! ```
//!
//! The same node as in production with a configuration made up here; only agents, phones and
//! certificates are the demo's own. Killed at any moment, it starts again in the same folder.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{NodeName, Secret};
use engine::{Clock, StoreClock};
use serde_json::{Value, json};

use crate::config::{CertificateFiles, Config};
use crate::log::LogControl;
use crate::node::{FirstSettings, Node, NodeError, Options, Signals};
use crate::secret_file;
use crate::tls::Certificate;
use crate::tls::making::Authority;

mod endpoints;
mod peers;
mod ports;

use endpoints::{Endpoints, NodeEndpoints};
use peers::Peers;
use ports::Ports;

/// Agents, teams, reason codes, a layout and devices, as a person would write them.
const SETTINGS: &str = include_str!("../../../packaging/demo-settings.yaml");
/// The name in the demo's URLs and certificate.
const NAME: &str = "localhost";
/// The application user that the demo pushes as.
const PUSH_USER: &str = "jackfield";

/// What a demo is started with.
pub struct Demo {
    /// Where it keeps its state.
    pub dir: PathBuf,
    /// The file that tells where everything is.
    pub endpoints: PathBuf,
    /// The port for phones, where it matters.
    pub port: Option<u16>,
    /// Whether a simulated contact-centre server owns voice state.
    pub cti: bool,
    /// Changes what is logged.
    pub log: LogControl,
}

/// Files of the demo beside those of every node.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn files(&self, name: &str) -> CertificateFiles {
        CertificateFiles {
            certificate: self.file(&format!("{name}.pem")),
            key: self.file(&format!("{name}.key")),
        }
    }
}

/// Runs a demo until the process is asked to stop.
pub async fn run(demo: Demo) -> Result<(), NodeError> {
    let signals = Signals::receive().map_err(NodeError::Signals)?;
    let endpoints = demo.endpoints.clone();
    secret_file::make_folder(&demo.dir)
        .map_err(|source| NodeError::Folder { path: demo.dir.clone(), source })?;
    // Held to the end: a second demo must not touch the files of this one.
    let _lock = lock(&demo.dir)?;
    let (node, peers) = start(demo).await?;
    node.run(signals).await;
    // The simulated server ends with us, after its links were closed.
    drop(peers);
    // Nobody answers there any more.
    let _ = std::fs::remove_file(endpoints);
    Ok(())
}

/// Keeps a second demo out of the folder; the system drops the lock when the process dies.
fn lock(dir: &Path) -> Result<File, NodeError> {
    let path = dir.join("demo.lock");
    let unwritable = |source| NodeError::Write { path: path.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(unwritable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(NodeError::DemoRuns { path: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(unwritable(source)),
    }
}

/// Starts a demo; when this returns, the endpoints file is written.
async fn start(demo: Demo) -> Result<(Node, Option<Peers>), NodeError> {
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        move |source| NodeError::Write { path, source }
    };
    // A file of an earlier run would send people to where nobody answers.
    match std::fs::remove_file(&demo.endpoints) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(unwritable(&demo.endpoints)(error));
        }
        _ => {}
    }
    let folder = |source| NodeError::Folder { path: demo.dir.clone(), source };
    let folder = Folder { path: std::path::absolute(&demo.dir).map_err(folder)? };
    let endpoints_file =
        std::path::absolute(&demo.endpoints).map_err(unwritable(&demo.endpoints))?;

    let clock = Arc::new(StoreClock::default());
    certificates(&folder, clock.as_ref())?;
    let ports = Ports::keep(&folder.file("ports.json"), demo.port)
        .map_err(unwritable(&folder.file("ports.json")))?;
    let push_password = push_password(&folder.file("push-password"))?;
    // Who owns voice state does not change with agents signed in, so each way has a state of its own.
    let state = if demo.cti { folder.file("cti") } else { folder.path.clone() };
    let config = config(&folder, &ports, &state)?;
    let mut settings = settings(&folder, &ports, &push_password)?;
    let peers = match demo.cti {
        true => {
            let peers = Peers::start(&folder, &ports, &settings)?;
            peers.add_to(&mut settings);
            Some(peers)
        }
        false => None,
    };
    let endpoints = Endpoints {
        folder: &folder,
        ports: &ports,
        push_password: &push_password,
        peers: peers.as_ref(),
    }
    .value(
        &settings,
        &[NodeEndpoints {
            config: &config,
            configuration: None,
            process: Some(std::process::id()),
        }],
    );
    let options = Options {
        config,
        settings_file: None,
        first_settings: Some(FirstSettings {
            bytes: settings.to_string().into_bytes(),
            applied: state.join("demo-settings.applied"),
        }),
        log: demo.log,
        clock,
        surfaces: crate::surfaces::product(),
    };
    let node = Node::start(options).await?;
    endpoints::write(&endpoints_file, &endpoints).map_err(unwritable(&endpoints_file))?;
    Ok((node, peers))
}

/// The authority that browsers and phones of the demo trust, the server's certificate, and the
/// authority that signs for simulated phones.
fn certificates(folder: &Folder, clock: &dyn Clock) -> Result<(), NodeError> {
    let now = clock.now();
    let names: Vec<NodeName> = NAME.parse().into_iter().collect();
    let server = folder.files("server");
    let authority = Authority::keep(&folder.files("ca"), "Jackfield demo CA", now)?;
    if Certificate::load(&server, &names, now).is_err() {
        let addresses =
            [std::net::Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()];
        authority.issue(&server, &names, &addresses, now)?;
    }
    Authority::keep(&folder.files("phone-ca"), "Jackfield demo phone CA", now)?;
    Ok(())
}

fn push_password(path: &Path) -> Result<Secret, NodeError> {
    if path.exists() {
        let bytes = secret_file::read(path)?;
        return Ok(Secret::new(String::from_utf8_lossy(&bytes).trim()));
    }
    let random = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
    let random = random.map_err(|_| NodeError::Write {
        path: path.to_owned(),
        source: std::io::Error::other("the machine gives no random numbers"),
    })?;
    let password = format!("{:032x}", u128::from_be_bytes(random.expose()));
    secret_file::write(path, password.as_bytes())?;
    Ok(Secret::new(password))
}

fn config(folder: &Folder, ports: &Ports, state: &Path) -> Result<Config, NodeError> {
    let addresses = ports::loopback();
    let server = folder.files("server");
    let value = json!({
        "name": NAME,
        "state_directory": state,
        "certificate": {"certificate_file": server.certificate, "key_file": server.key},
        "listeners": {
            "phone": {"addresses": addresses, "port": ports.phone},
            "operations": {"addresses": addresses, "port": ports.operations},
        },
    });
    Config::read(value, &folder.path).map_err(NodeError::Problems)
}

/// The settings of the file, with what only a running demo knows.
fn settings(folder: &Folder, ports: &Ports, push_password: &Secret) -> Result<Value, NodeError> {
    let mut settings = crate::yaml::read(SETTINGS.as_bytes())
        .map_err(|error| NodeError::Settings(error.to_string()))?;
    let path = folder.files("phone-ca").certificate;
    let authority =
        std::fs::read_to_string(&path).map_err(|source| NodeError::Write { path, source })?;
    let push = json!({
        "user": PUSH_USER,
        "password": push_password.expose(),
        "port": ports.push,
    });
    let trust = json!([{"name": "demo phones", "purposes": ["phones"], "certificates": authority}]);
    if let Some(members) = settings.as_object_mut() {
        members.insert("trust".to_owned(), trust);
        let service = members.get_mut("phone_service").and_then(Value::as_object_mut);
        service.and_then(|service| service.insert("push".to_owned(), push));
    }
    Ok(settings)
}
