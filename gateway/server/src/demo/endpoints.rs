//! The endpoints file: where everything is, and who may sign in.
//!
//! `nodes` lists every node; the members of the first one stand at the top too, beside what all share.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use domain::Secret;
use serde_json::{Value, json};

use super::mail::Mail;
use super::peers::{PAIR, Peers};
use super::sso::Idp;
use super::{Folder, PUSH_USER, Ports, phone_files, sip};
use crate::config::Config;
use crate::secret_file::{make_folder, write_whole};

/// What the file is made of.
pub(super) struct Endpoints<'a> {
    pub(super) folder: &'a Folder,
    pub(super) ports: &'a Ports,
    pub(super) push_password: &'a Secret,
    pub(super) peers: Option<&'a Peers>,
    pub(super) idp: Option<&'a Idp>,
    pub(super) mail: Option<&'a Mail>,
}

/// Where one node is.
pub(super) struct NodeEndpoints<'a> {
    pub(super) config: &'a Config,
    /// Its configuration, where it has a file of its own.
    pub(super) configuration: Option<PathBuf>,
    /// Its process; `None` while there is none.
    pub(super) process: Option<u32>,
}

impl NodeEndpoints<'_> {
    fn value(&self) -> Value {
        let base = self.config.phone.base();
        let port = self.config.operations.addresses.first().map_or(0, |address| address.port());
        let operations = format!("http://127.0.0.1:{port}");
        let [sip_udp, sip_tcp, sip_tls] = sip::places(&self.config.sip);
        let [tftp, provisioning, provisioning_tls] = phone_files::places(&self.config.provisioning);
        json!({
            "name": self.config.name,
            "phone": format!("{base}/fippa/"),
            "phone_authentication": format!("{base}/phone-auth"),
            "headset": format!("{}/headset/", self.config.headset.base()),
            "identity": self.config.identity.base(),
            "console": format!("{}/", self.config.console.base),
            "api": format!("{}/api/v1", self.config.console.base),
            "metrics": format!("{operations}/metrics"),
            "health": format!("{operations}/readyz"),
            "sip_udp": sip_udp,
            "sip_tcp": sip_tcp,
            "sip_tls": sip_tls,
            "tftp": tftp,
            "provisioning": provisioning,
            "provisioning_tls": provisioning_tls,
            "admin_socket": self.config.admin_socket(),
            "state_directory": self.config.state_directory,
            "configuration": self.configuration,
            "pid": self.process,
        })
    }
}

impl Endpoints<'_> {
    /// The file's content for a demo with those settings and nodes.
    pub(super) fn value(&self, settings: &Value, nodes: &[NodeEndpoints<'_>]) -> Value {
        let phone_ca = self.folder.files("phone-ca");
        let list = |name: &str| settings.get(name).and_then(Value::as_array).into_iter().flatten();
        let agents: Vec<_> = list("agents")
            .map(|agent| {
                let members = ["id", "extension", "password"];
                members.into_iter().map(|name| (name, agent.get(name))).collect::<BTreeMap<_, _>>()
            })
            .collect();
        let devices: Vec<_> = list("devices").filter_map(|device| device.get("name")).collect();
        let nodes: Vec<_> = nodes.iter().map(NodeEndpoints::value).collect();
        let (sip_domain, sip_devices) = sip::told(settings);
        let mut value = json!({
            "ca": self.folder.files("ca").certificate,
            "agents": agents,
            "devices": devices,
            "phone_push": {
                "port": self.ports.push,
                "user": PUSH_USER,
                "password": self.push_password.expose(),
            },
            "phone_ca": {"certificate": phone_ca.certificate, "key": phone_ca.key},
            "sip_domain": sip_domain,
            "sip_devices": sip_devices,
        });
        let Some(members) = value.as_object_mut() else { return value };
        if let Some(account) = list("accounts").next() {
            let part = |name: &str| account.get(name).cloned().unwrap_or_default();
            let admin = json!({"user": part("name"), "password": part("password")});
            members.insert("admin".to_owned(), admin);
        }
        if let Some(Value::Object(first)) = nodes.first() {
            members.extend(first.clone());
        }
        members.insert("nodes".to_owned(), nodes.into());
        members.insert("demo_pid".to_owned(), std::process::id().into());
        if let Some(peers) = self.peers {
            let (a, b) = (&peers.side_a, &peers.side_b);
            members.insert("cti".to_owned(), json!({"pair": PAIR, "a": a, "b": b}));
            members.insert("peers".to_owned(), json!(peers.control));
        }
        if let Some(idp) = self.idp {
            members.extend(idp.told().map(|(name, value)| (name.to_owned(), value)));
        }
        if let Some(mail) = self.mail {
            members.extend(mail.told().map(|(name, value)| (name.to_owned(), value)));
            let console = members.get("console").and_then(Value::as_str).unwrap_or_default();
            members.insert("workspace".to_owned(), format!("{console}workspace").into());
        }
        value
    }
}

/// Writes the file so that it is there whole or not at all, for the owner alone.
pub(super) fn write(path: &Path, endpoints: &Value) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        make_folder(folder)?;
    }
    let text = serde_json::to_string_pretty(endpoints).unwrap_or_default();
    write_whole(path, format!("{text}\n").as_bytes(), 0o600)
}
