//! The demo: a whole gateway on loopback, with nothing to set up, that keeps its state in a folder.
//!
//! ```text
//!   folder -> ports, authorities -> one node in this process ------------> it answers -> endpoints
//!                              `--> database -> several nodes' processes --> all answer -> endpoints
//! ```
//!
//! The same nodes as in production with configurations made up here; only agents, phones and
//! certificates are the demo's own. Killed at any moment, it starts again in the same folder.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{NodeName, Secret, Timestamp};
use engine::{Clock, StoreClock};
use serde_json::{Value, json};

use crate::config::{CertificateFiles, Config};
use crate::inherited::Inherited;
use crate::log::LogControl;
use crate::node::{FirstSettings, Node, NodeError, Options, Signals};
use crate::secret_file;
use crate::tls::Certificate;
use crate::tls::making::Authority;

mod database;
mod endpoints;
mod mail;
mod node_process;
mod peers;
mod phone_files;
mod ports;
mod several;
mod sip;
mod sso;

use endpoints::{Endpoints, NodeEndpoints};
use mail::Mail;
use peers::Peers;
use ports::{NodePorts, Ports};
use sso::Idp;

/// Agents, teams, reason codes, a layout and devices, as a person would write them.
const SETTINGS: &str = include_str!("../../../packaging/demo-settings.yaml");
/// The name in the demo's URLs and certificate.
const NAME: &str = "localhost";
/// The demo's authority.
const AUTHORITY: &str = "Jackfield demo CA";
/// The most nodes of a demo.
pub const NODES_MAX: usize = 3;
/// The folder with what the demo's phones load.
const PHONE_FILES: &str = "phones";
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
    /// Whether a simulated identity provider signs people on.
    pub sso: bool,
    /// Whether private mail servers are there.
    pub mail: bool,
    /// How many nodes, 1 to 3; several share a private database.
    pub nodes: usize,
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
    secret_file::make_folder(&demo.dir)
        .map_err(|source| NodeError::Folder { path: demo.dir.clone(), source })?;
    // Held to the end: a second demo must not touch the files of this one.
    let _lock = lock(&demo.dir)?;
    let clock = Arc::new(StoreClock::default());
    let prepared = Prepared::new(&demo, clock.as_ref())?;
    let endpoints = prepared.endpoints.clone();
    let ran = match demo.nodes {
        0 | 1 => one(demo, prepared, clock, signals).await,
        nodes => several::run(prepared, nodes, clock.as_ref(), signals).await,
    };
    // Nobody answers there any more.
    let _ = std::fs::remove_file(endpoints);
    ran
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

/// What all nodes of a demo work with.
struct Prepared {
    folder: Folder,
    /// The endpoints file.
    endpoints: PathBuf,
    ports: Ports,
    push_password: Secret,
    settings: Value,
    /// The simulated server ends with this, after its links were closed.
    peers: Option<Peers>,
    /// The same of the simulated identity provider.
    idp: Option<Idp>,
    /// The same of the mail servers.
    mail: Option<Mail>,
}

impl Prepared {
    fn new(demo: &Demo, clock: &dyn Clock) -> Result<Self, NodeError> {
        // A file of an earlier run would send people to where nobody answers.
        match std::fs::remove_file(&demo.endpoints) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(unwritable(&demo.endpoints)(error));
            }
            _ => {}
        }
        let unmade = |source| NodeError::Folder { path: demo.dir.clone(), source };
        let folder = Folder { path: std::path::absolute(&demo.dir).map_err(unmade)? };
        let endpoints =
            std::path::absolute(&demo.endpoints).map_err(unwritable(&demo.endpoints))?;
        let now = clock.now();
        Authority::keep(&folder.files("ca"), AUTHORITY, now)?;
        Authority::keep(&folder.files("phone-ca"), "Jackfield demo phone CA", now)?;
        let ports = Ports::keep(&folder.file("ports.json"), demo.port)
            .map_err(unwritable(&folder.file("ports.json")))?;
        let push_password = secret(&folder.file("push-password"))?;
        let mut settings = settings(&folder, &ports, &push_password)?;
        sip::add_to(&mut settings, &secret(&folder.file("sip-secret"))?);
        let nodes = ports.nodes.get(..demo.nodes.clamp(1, NODES_MAX)).unwrap_or_default();
        phone_files::write(&folder.file(PHONE_FILES), &settings, nodes)?;
        let peers = match demo.cti {
            true => {
                let peers = Peers::start(&folder, &ports, &settings)?;
                peers.add_to(&mut settings);
                Some(peers)
            }
            false => None,
        };
        let idp = match demo.sso {
            true => {
                let idp = Idp::start(&folder, &ports, nodes, &settings, now)?;
                let path = folder.files("ca").certificate;
                let ca = std::fs::read_to_string(&path).map_err(unwritable(&path))?;
                idp.add_to(&mut settings, nodes, &ca);
                Some(idp)
            }
            false => None,
        };
        let mail = match demo.mail {
            true => {
                let mail = Mail::start(&folder)?;
                mail.add_to(&mut settings)?;
                Some(mail)
            }
            false => None,
        };
        Ok(Self { folder, endpoints, ports, push_password, settings, peers, idp, mail })
    }

    /// Writes the endpoints file.
    fn write_endpoints(&self, nodes: &[NodeEndpoints<'_>]) -> Result<(), NodeError> {
        let endpoints = Endpoints {
            folder: &self.folder,
            ports: &self.ports,
            push_password: &self.push_password,
            peers: self.peers.as_ref(),
            idp: self.idp.as_ref(),
            mail: self.mail.as_ref(),
        };
        let value = endpoints.value(&self.settings, nodes);
        endpoints::write(&self.endpoints, &value).map_err(unwritable(&self.endpoints))
    }
}

/// Runs one node in this process.
async fn one(
    demo: Demo,
    prepared: Prepared,
    clock: Arc<StoreClock>,
    signals: Signals,
) -> Result<(), NodeError> {
    let folder = &prepared.folder;
    let certificate = folder.files("server");
    let names: Vec<NodeName> = NAME.parse().into_iter().collect();
    issue(folder, &certificate, &names, clock.now())?;
    // Who owns voice state does not change with agents signed in, so each way has a state of its own.
    let state = if demo.cti { folder.file("cti") } else { folder.path.clone() };
    let [ports, ..] = prepared.ports.nodes;
    let value = json!({
        "name": NAME,
        "state_directory": state,
        "certificate": written(&certificate),
        "listeners": listeners(folder, ports),
        "limits": limits(),
    });
    let config = Config::read(value, &folder.path).map_err(NodeError::Problems)?;
    let options = Options {
        config: config.clone(),
        settings_file: None,
        first_settings: Some(FirstSettings {
            bytes: prepared.settings.to_string().into_bytes(),
            applied: state.join("demo-settings.applied"),
        }),
        log: demo.log,
        clock,
        surfaces: crate::surfaces::product(),
        inherited: Inherited::default(),
    };
    let node = Node::start(options).await?;
    let process = Some(std::process::id());
    prepared.write_endpoints(&[NodeEndpoints { config: &config, configuration: None, process }])?;
    node.run(signals).await;
    Ok(())
}

fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> NodeError {
    let path = path.to_owned();
    move |source| NodeError::Write { path: path.clone(), source }
}

/// A certificate of the authority that browsers and phones of the demo trust, unless it is there.
fn issue(
    folder: &Folder,
    files: &CertificateFiles,
    names: &[NodeName],
    now: Timestamp,
) -> Result<(), NodeError> {
    if Certificate::load(files, names, now).is_err() {
        let authority = Authority::keep(&folder.files("ca"), AUTHORITY, now)?;
        let addresses =
            [std::net::Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()];
        authority.issue(files, names, &addresses, now)?;
    }
    Ok(())
}

/// The certificate as a configuration names it.
fn written(files: &CertificateFiles) -> Value {
    json!({"certificate_file": files.certificate, "key_file": files.key})
}

/// The listeners of a node as its configuration has them.
fn listeners(folder: &Folder, ports: NodePorts) -> Value {
    let addresses = ports::loopback();
    json!({
        "phone": {"addresses": addresses, "port": ports.phone},
        "console": {"addresses": addresses, "port": ports.console},
        "operations": {"addresses": addresses, "port": ports.operations},
        "headset": {"addresses": addresses, "port": ports.headset},
        "identity": {"addresses": addresses, "port": ports.identity},
        "sip": sip::listener(ports.sip),
        "provisioning": phone_files::listener(&folder.file(PHONE_FILES), ports.provisioning),
    })
}

/// Fewer connections of SIP than in production, for machines that allow few open files; and no
/// balancer has to notice that a node stops.
fn limits() -> Value {
    json!({"notice_seconds": 0, "sip_connections_max": 2_000, "sip_connections_per_source_max": 2_000})
}

/// 32 digits that nobody can guess.
fn random() -> Result<String, NodeError> {
    let random = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
    let random = random.map_err(|_| NodeError::NoRandomness)?;
    Ok(format!("{:032x}", u128::from_be_bytes(random.expose())))
}

/// The secret in that file, made where there is none.
fn secret(path: &Path) -> Result<Secret, NodeError> {
    if path.exists() {
        let bytes = secret_file::read(path)?;
        return Ok(Secret::new(String::from_utf8_lossy(&bytes).trim()));
    }
    let secret = random()?;
    secret_file::write(path, secret.as_bytes())?;
    Ok(Secret::new(secret))
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
    let trust = json!([{"name": "demo phones", "certificates": authority,
                        "purposes": ["phones", "sip_devices", "headset_devices"]}]);
    if let Some(members) = settings.as_object_mut() {
        members.insert("trust".to_owned(), trust);
        let service = members.get_mut("phone_service").and_then(Value::as_object_mut);
        service.and_then(|service| service.insert("push".to_owned(), push));
    }
    Ok(settings)
}
