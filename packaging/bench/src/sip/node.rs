//! The gateway as it is shipped, with ten thousand phones in its settings.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::scenario::{answers, folder, free_ports};
use super::{DOMAIN, FIRST, PASSWORD};
use crate::AnyError;
use crate::gateway::{cpu_seconds, program, resident_megabytes};

const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;

pub(super) struct Node {
    child: Child,
    folder: PathBuf,
    /// For UDP and TCP.
    pub(super) port: SocketAddr,
    pub(super) tls: SocketAddr,
}

impl Node {
    /// Starts one in a fresh folder.
    pub(super) fn start(phones: usize) -> Result<Self, AnyError> {
        let folder = folder("gateway")?;
        let [sip, tls, phone, console, operations] = free_ports("127.0.0.1")?;
        let (port, tls) = (SocketAddr::from((ADDRESS, sip)), SocketAddr::from((ADDRESS, tls)));
        // All phones come from one address here, as those behind a proxy do.
        let text = format!(
            "name = \"gw-a.example\"\nstate_directory = \"{}\"\n\
             [limits]\nnotice_seconds = 0\nsip_connections_per_source_max = 20000\n\
             sip_requests_per_second_per_source = 100000\n\
             [listeners.phone]\naddresses = [\"{ADDRESS}\"]\nport = {phone}\n\
             [listeners.console]\naddresses = [\"{ADDRESS}\"]\nport = {console}\n\
             [listeners.operations]\naddresses = [\"{ADDRESS}\"]\nport = {operations}\n\
             [listeners.headset]\nport = 0\n[listeners.identity]\nport = 0\n\
             [listeners.sip]\naddresses = [\"{ADDRESS}\"]\ntls_port = {}\ntcp_port = {}\nudp_port = {}\n",
            folder.join("state").display(),
            tls.port(),
            port.port(),
            port.port(),
        );
        fs::write(folder.join("jackfield.toml"), text)?;
        let devices: Vec<_> = (FIRST..FIRST + phones)
            .map(|number| {
                let sip = json!({"user": number.to_string(), "password": PASSWORD});
                json!({"name": format!("SEP{number:012X}"), "sip": sip})
            })
            .collect();
        // SIPp knows no other algorithm.
        let sip = json!({"domains": [DOMAIN], "digest_algorithms": ["md5"]});
        let settings = folder.join("settings.yaml");
        fs::write(&settings, json!({"sip": sip, "devices": devices}).to_string())?;
        // It holds passwords in the clear.
        fs::set_permissions(&settings, PermissionsExt::from_mode(0o600))?;
        let child = spawn(&folder)?;
        let mut it = Self { child, folder, port, tls };
        it.ready()?;
        Ok(it)
    }

    fn ready(&mut self) -> Result<(), AnyError> {
        let ready = answers(self.port, &mut self.child);
        ready.map_err(|error| {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            format!("{error}\n{log}").into()
        })
    }

    /// Kills it without a word and starts it again.
    pub(super) fn restart(&mut self) -> Result<(), AnyError> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = spawn(&self.folder)?;
        self.ready()
    }

    pub(super) fn cpu_seconds(&self) -> Result<f64, AnyError> {
        cpu_seconds(self.child.id())
    }

    pub(super) fn resident_megabytes(&self) -> Result<f64, AnyError> {
        resident_megabytes(self.child.id())
    }
}

fn spawn(folder: &std::path::Path) -> Result<Child, AnyError> {
    let log = File::options().create(true).append(true).open(folder.join("log"))?;
    let mut command = Command::new(program()?);
    command.args(["run", "--config"]).arg(folder.join("jackfield.toml"));
    command.arg("--settings").arg(folder.join("settings.yaml"));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    Ok(command.spawn()?)
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
