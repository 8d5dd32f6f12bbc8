//! The gateway as it is shipped, with a contact centre, its agents, and phones with headsets.

use std::collections::HashMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::Size;
use crate::AnyError;
use crate::centre::Peers;
use crate::gateway::{cpu_seconds, program};
use crate::sip::{answers, free_ports};

/// Also the domain of phones; a name that the certificate and every machine know.
const NAME: &str = "localhost";
const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// As the simulated contact centre counts them.
const FIRST_AGENT: usize = 100_001;
const FIRST_EXTENSION: usize = 200_001;

pub(super) struct Node {
    child: Child,
    folder: PathBuf,
}

impl Node {
    /// Starts one in that folder, which is its own.
    pub(super) fn start(folder: &Path, size: &Size, peers: &Peers) -> Result<Self, AnyError> {
        let [headset, sip, phone, console, operations] = free_ports("127.0.0.1")?;
        let sip = SocketAddr::from((ADDRESS, sip));
        let state = folder.join("state");
        // All phones come from one address here, as those behind a proxy do.
        let text = format!(
            "name = \"{NAME}\"\nstate_directory = \"{}\"\n\
             [limits]\nnotice_seconds = 0\nsip_connections_per_source_max = 20000\n\
             sip_requests_per_second_per_source = 100000\n\
             connections_max = 2000\nconnections_per_source_max = 2000\n\
             [listeners.identity]\nport = 0\n[listeners.headset]\naddresses = [\"{ADDRESS}\"]\nport = {headset}\n\
             [listeners.phone]\naddresses = [\"{ADDRESS}\"]\nport = {phone}\n\
             [listeners.console]\naddresses = [\"{ADDRESS}\"]\nport = {console}\n\
             [listeners.operations]\naddresses = [\"{ADDRESS}\"]\nport = {operations}\n\
             [listeners.sip]\naddresses = [\"{ADDRESS}\"]\ntls_port = 0\n\
             tcp_port = {port}\nudp_port = {port}\n",
            state.display(),
            port = sip.port(),
        );
        fs::write(folder.join("jackfield.toml"), text)?;
        let mut it = Self { child: spawn(folder, size, peers)?, folder: folder.to_owned() };
        it.write_endpoints(size, sip, headset)?;
        answers(sip, &mut it.child)?;
        Ok(it)
    }

    /// What the simulated phones go by, in the form of the demo's endpoints file.
    fn write_endpoints(&self, size: &Size, sip: SocketAddr, headset: u16) -> Result<(), AnyError> {
        let devices = devices(size).into_iter().map(|device| {
            let part = |pointer: &str| device.pointer(pointer).cloned().unwrap_or_default();
            let (user, password) = (part("/sip/user"), part("/sip/password"));
            json!({"name": part("/name"), "user": user, "password": password})
        });
        let endpoints = json!({
            "ca": self.folder.join("state/certificates/server.pem"),
            "headset": format!("https://{NAME}:{headset}/headset/"),
            "sip_tcp": sip.to_string(),
            "sip_domain": NAME,
            "sip_devices": devices.collect::<Vec<_>>(),
        });
        Ok(fs::write(self.endpoints(), endpoints.to_string())?)
    }

    pub(super) fn endpoints(&self) -> PathBuf {
        self.folder.join("endpoints.json")
    }

    /// Puts headsets into another mode, as an administrator does.
    pub(super) fn set_mode(&self, mode: &str, size: &Size, peers: &Peers) -> Result<(), AnyError> {
        write_settings(&self.folder, mode, size, peers)?;
        let done = Command::new(program()?)
            .args(["reload", "--socket"])
            .arg(self.folder.join("state/admin.sock"))
            .stdin(Stdio::null())
            .output()?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            return Err(format!("the settings were not applied: {said}").into());
        }
        Ok(())
    }

    pub(super) fn cpu_seconds(&self) -> Result<f64, AnyError> {
        cpu_seconds(self.child.id())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, size: &Size, peers: &Peers) -> Result<Child, AnyError> {
    write_settings(folder, "notification", size, peers)?;
    let log = File::options().create(true).append(true).open(folder.join("log"))?;
    let mut command = Command::new(program()?);
    command.args(["run", "--config"]).arg(folder.join("jackfield.toml"));
    command.arg("--settings").arg(folder.join("settings.yaml"));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    Ok(command.spawn()?)
}

fn write_settings(folder: &Path, mode: &str, size: &Size, peers: &Peers) -> Result<(), AnyError> {
    let agents: Vec<_> = (0..size.agents)
        .map(|number| {
            let extension = (FIRST_EXTENSION + number).to_string();
            json!({"id": (FIRST_AGENT + number).to_string(), "extension": extension})
        })
        .collect();
    let settings = json!({
        "agents": agents,
        "devices": devices(size),
        "sip": {"domains": [NAME]},
        "cti_pairs": [{
            "name": "east", "side_a": peers.side_a, "side_b": peers.side_b, "peripheral_id": 5000,
        }],
        // Phones here have neither certificates of their own nor files from us.
        "headset": {"mode": mode, "proof": ["token", "address"]},
    });
    let path = folder.join("settings.yaml");
    fs::write(&path, settings.to_string())?;
    // It holds passwords in the clear.
    fs::set_permissions(&path, PermissionsExt::from_mode(0o600))?;
    Ok(())
}

/// Phones of the first agents, one line each.
fn devices(size: &Size) -> Vec<Value> {
    (0..size.phones)
        .map(|number| {
            let name = phone(number);
            json!({
                "name": name,
                "lines": [(FIRST_EXTENSION + number).to_string()],
                "sip": {"user": name, "password": format!("secret-{number}")},
            })
        })
        .collect()
}

fn phone(number: usize) -> String {
    format!("SEP{:012X}", FIRST_AGENT + number)
}

/// The phone of each agent that has one.
pub(super) fn phones(size: &Size) -> HashMap<String, String> {
    (0..size.phones).map(|number| ((FIRST_AGENT + number).to_string(), phone(number))).collect()
}
