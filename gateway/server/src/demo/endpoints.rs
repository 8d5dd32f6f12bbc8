//! The endpoints file: where everything is, and who may sign in.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use domain::Secret;
use serde_json::{Value, json};

use super::peers::{PAIR, Peers};
use super::{Folder, PUSH_USER, Ports};
use crate::config::Config;
use crate::secret_file::{make_folder, write_whole};

/// What the file is made of.
pub(super) struct Endpoints<'a> {
    pub(super) folder: &'a Folder,
    pub(super) config: &'a Config,
    pub(super) ports: &'a Ports,
    pub(super) push_password: &'a Secret,
    pub(super) peers: Option<&'a Peers>,
}

impl Endpoints<'_> {
    /// The file's content for a demo with those settings.
    pub(super) fn value(&self, settings: &Value) -> Value {
        let base = self.config.phone.base();
        let operations = format!("http://127.0.0.1:{}", self.ports.operations);
        let phone_ca = self.folder.files("phone-ca");
        let list = |name: &str| settings.get(name).and_then(Value::as_array).into_iter().flatten();
        let agents: Vec<_> = list("agents")
            .map(|agent| {
                let members = ["id", "extension", "password"];
                members.into_iter().map(|name| (name, agent.get(name))).collect::<BTreeMap<_, _>>()
            })
            .collect();
        let devices: Vec<_> = list("devices").filter_map(|device| device.get("name")).collect();
        let mut value = json!({
            "phone": format!("{base}/fippa/"),
            "metrics": format!("{operations}/metrics"),
            "health": format!("{operations}/readyz"),
            "admin_socket": self.config.admin_socket(),
            "ca": self.folder.files("ca").certificate,
            "agents": agents,
            "devices": devices,
            "phone_push": {
                "port": self.ports.push,
                "user": PUSH_USER,
                "password": self.push_password.expose(),
            },
            "phone_authentication": format!("{base}/phone-auth"),
            "phone_ca": {"certificate": phone_ca.certificate, "key": phone_ca.key},
        });
        if let (Some(peers), Some(members)) = (self.peers, value.as_object_mut()) {
            let (a, b) = (&peers.side_a, &peers.side_b);
            members.insert("cti".to_owned(), json!({"pair": PAIR, "a": a, "b": b}));
            members.insert("peers".to_owned(), json!(peers.control));
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
