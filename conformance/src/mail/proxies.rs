//! The configurations of the proxies, which carry to the servers here and to nowhere else.

use std::path::PathBuf;

use super::accounts::Accounts;
use super::folder::{Folder, Ports};

/// The HTTP proxy, tinyproxy.
pub(super) fn write_http(
    folder: &Folder,
    ports: &Ports,
    accounts: &Accounts,
) -> Result<PathBuf, String> {
    let place = folder.path().display();
    accounts.give_to_nobody(&folder.write("tinyproxy.log", 0o644, "")?)?;
    let (group, port) = (&accounts.nobody_group, ports.http_proxy);
    let allowed = carried(ports).map(|port| format!("ConnectPort {port}\n")).concat();
    let text = format!(
        "User nobody
Group {group}
Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
Timeout 3600
LogFile \"{place}/tinyproxy.log\"
LogLevel Connect
{allowed}"
    );
    folder.write("tinyproxy.conf", 0o644, &text)
}

/// The SOCKS proxy, Dante.
pub(super) fn write_socks(folder: &Folder, ports: &Ports) -> Result<PathBuf, String> {
    let place = folder.path().display();
    let port = ports.socks_proxy;
    let allowed = carried(ports).map(|port| {
        format!(
            "socks pass {{
  from: 127.0.0.0/8 to: 127.0.0.1/32 port = {port}
  command: connect
  log: connect
}}
"
        )
    });
    let allowed = allowed.concat();
    // The protocol has to be said before the addresses that it is about.
    let text = format!(
        "logoutput: {place}/danted.log
internal: 127.0.0.1 port = {port}
external.protocol: ipv4
external: lo
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {{
  from: 127.0.0.0/8 to: 0.0.0.0/0
}}
{allowed}socks block {{
  from: 0.0.0.0/0 to: 0.0.0.0/0
  log: connect
}}
"
    );
    folder.write("danted.conf", 0o644, &text)
}

fn carried(ports: &Ports) -> [u16; 4] {
    [ports.imaps, ports.submission, ports.submissions, ports.token]
}
