//! Device files of the demo's phones, for provisioning: made anew with every start.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::ports::{self, NodePorts};
use super::{NAME, NodeError, unwritable};
use crate::config::ProvisioningListeners;
use crate::secret_file::{make_folder, write_whole};

/// The listeners as a node's configuration has them.
pub(super) fn listener(folder: &Path, [tftp, http, https]: [u16; 3]) -> Value {
    json!({
        "addresses": ports::loopback(), "folder": folder,
        "tftp_port": tftp, "http_port": http, "https_port": https,
    })
}

/// Where TFTP is, as `host:port`, and the URLs of HTTP and HTTPS.
pub(super) fn places(provisioning: &ProvisioningListeners) -> [Option<String>; 3] {
    let first = |addresses: &[std::net::SocketAddr]| {
        addresses.iter().find(|address| address.is_ipv4()).copied()
    };
    [
        first(&provisioning.tftp).map(|address| address.to_string()),
        first(&provisioning.http).map(|address| format!("http://{address}/")),
        first(&provisioning.https).map(|address| format!("https://{NAME}:{}/", address.port())),
    ]
}

/// Writes one for each phone of the settings that speaks SIP.
pub(super) fn write(folder: &Path, settings: &Value, nodes: &[NodePorts]) -> Result<(), NodeError> {
    make_folder(folder).map_err(|source| NodeError::Folder { path: folder.to_owned(), source })?;
    let devices = settings.get("devices").and_then(Value::as_array).into_iter().flatten();
    let names = devices.filter(|device| device.get("sip").is_some());
    for name in names.filter_map(|device| device.get("name")?.as_str()) {
        let path: PathBuf = folder.join(format!("{name}.cnf.xml"));
        write_whole(&path, file(name, nodes).as_bytes(), 0o600).map_err(unwritable(&path))?;
    }
    Ok(())
}

/// The least that a phone needs to find its nodes. Whoever reaches the port may read it, so it has no
/// password; our elements are merged in when it is asked for.
fn file(name: &str, nodes: &[NodePorts]) -> String {
    let members: String = nodes
        .iter()
        .enumerate()
        .map(|(priority, node)| {
            let [_, tcp, tls] = node.sip;
            format!(
                "        <member priority=\"{priority}\">\n          <callManager>\n            \
                 <ports><sipPort>{tcp}</sipPort><securedSipPort>{tls}</securedSipPort></ports>\n            \
                 <processNodeName>{NAME}</processNodeName>\n          </callManager>\n        </member>\n"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- A sample, made anew with every start. -->\n\
         <device>\n  <fullConfig>true</fullConfig>\n  <deviceProtocol>SIP</deviceProtocol>\n  \
         <devicePool>\n    <callManagerGroup>\n      <members>\n{members}      </members>\n    \
         </callManagerGroup>\n  </devicePool>\n  <sipProfile>\n    <sipLines>\n      \
         <line button=\"1\"><featureID>9</featureID><name>{name}</name><authName>{name}</authName></line>\n    \
         </sipLines>\n  </sipProfile>\n  <transportLayerProtocol>3</transportLayerProtocol>\n</device>\n"
    )
}

#[cfg(test)]
mod tests {
    use protocols::device_file::DeviceFile;

    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn hst_11_every_phone_of_the_demo_has_a_file_that_can_be_merged_into() {
        let folder = Folder::new();
        let phones = folder.path().join("phones");
        let settings = json!({"devices": [{"name": "SEP1", "sip": {}}, {"name": "EM2"}]});
        let node = NodePorts {
            phone: 1,
            console: 2,
            operations: 3,
            headset: 10,
            identity: 11,
            sip: [4, 5, 6],
            provisioning: [7, 8, 9],
        };
        write(&phones, &settings, &[node, node]).unwrap();
        write(&phones, &settings, &[node, node]).unwrap();
        let bytes = std::fs::read(phones.join("SEP1.cnf.xml")).unwrap();
        let file = DeviceFile::read(bytes.clone().into()).unwrap();
        let merged = file.merge(&[("discoveryURL", "https://x/".to_owned())]).unwrap();
        let text = String::from_utf8(merged).unwrap();
        assert!(text.ends_with("  <discoveryURL>https://x/</discoveryURL>\n</device>\n"), "{text}");
        assert_eq!(text.matches("<securedSipPort>6<").count(), 2);
        assert!(!phones.join("EM2.cnf.xml").exists());
    }
}
