//! How the machine calls itself, for a node that nobody gave a name.
//!
//! Asks no name server: a first start must neither wait for one nor depend on its answer.

use domain::NodeName;

/// Where names of this machine stand beside what the kernel knows.
const HOSTS: &str = "/etc/hosts";
/// The most bytes of that file that are looked at.
const HOSTS_BYTES_MAX: usize = 65_536;
/// What every machine is to itself.
const ITSELF: &str = "localhost";

/// The full name of this machine, else `localhost`; `good` says what may be a node's name.
pub(super) fn read(good: impl Fn(&str) -> Result<NodeName, String>) -> Option<NodeName> {
    let kernel = rustix::system::uname();
    let hosts = std::fs::read(HOSTS).unwrap_or_default();
    let hosts = hosts.get(..HOSTS_BYTES_MAX).unwrap_or(&hosts);
    let full = full_name(&kernel.nodename().to_string_lossy(), &String::from_utf8_lossy(hosts));
    full.and_then(|name| good(&name).ok()).or_else(|| good(ITSELF).ok())
}

/// What the kernel calls the machine where that is a full name, else the full name that stands with it on
/// a line of the file.
fn full_name(kernel: &str, hosts: &str) -> Option<String> {
    let kernel = kernel.to_ascii_lowercase();
    if kernel.contains('.') {
        return Some(kernel);
    }
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or(line));
    lines.map(str::to_ascii_lowercase).find_map(|line| {
        let names: Vec<_> = line.split_whitespace().skip(1).collect();
        let is_own = names.contains(&kernel.as_str());
        let full = names.into_iter().filter(|_| is_own && kernel != ITSELF);
        full.filter(|name| name.contains('.')).map(str::to_owned).next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_01_a_node_without_a_name_has_the_full_one_of_its_machine() {
        let hosts = "127.0.0.1 localhost localhost.localdomain\n\
                     # 127.0.1.1 old.example.com gw-a\n\
                     127.0.1.1\tGW-A.example.com gw-a # set at installation\n\
                     192.0.2.7 gw-b.example.com gw-b\n";
        assert_eq!(full_name("gw-a", hosts).as_deref(), Some("gw-a.example.com"));
        assert_eq!(full_name("gw-b.example.org", hosts).as_deref(), Some("gw-b.example.org"));
        assert_eq!(full_name("gw-c", hosts), None);
        assert_eq!(full_name("localhost", hosts), None);
        let good = |name: &str| crate::config::host_name(name);
        assert!(read(good).is_some());
        assert_eq!(
            read(|name| if name == ITSELF { good(name) } else { Err(String::new()) })
                .map(|it| it.to_string())
                .as_deref(),
            Some(ITSELF)
        );
    }
}
