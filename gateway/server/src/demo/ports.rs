//! Ports of the demo: free ones, chosen at the first start and kept as long as they are free.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use super::NODES_MAX;
use crate::secret_file::write_whole;

/// Where ports are chosen from. Linux gives 32768 and up to outgoing connections.
const CHOSEN_FROM: Range<u16> = 20_000..32_000;
/// More than one demo needs.
const PORTS_OF_A_DEMO: u32 = 64;

/// How often a port that was kept is looked at, and the pause between two looks.
const LOOKS: u32 = 10;
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The ports of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodePorts {
    /// HTTPS for phones.
    pub(super) phone: u16,
    /// HTTPS for administrators.
    pub(super) console: u16,
    /// Plain HTTP for monitoring.
    pub(super) operations: u16,
    /// HTTPS for phones that ask for their headset.
    pub(super) headset: u16,
    /// HTTPS of the identity service.
    pub(super) identity: u16,
    /// SIP over UDP, TCP and TLS.
    pub(super) sip: [u16; 3],
    /// Provisioning over TFTP, HTTP and HTTPS.
    pub(super) provisioning: [u16; 3],
}

/// The demo's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ports {
    /// Those of the first node, and of others where there are any.
    pub(super) nodes: [NodePorts; NODES_MAX],
    /// The web servers of simulated phones, each on an address of its own (127.x).
    pub(super) push: u16,
    /// Sides A and B of the simulated contact-centre server, and its control socket.
    pub(super) peers: [u16; 3],
    /// The simulated identity provider, and its control socket.
    pub(super) idp: [u16; 2],
}

impl Ports {
    /// The ports kept at `path` as far as they are free, others chosen and kept.
    pub(super) fn keep(path: &Path, phone: Option<u16>) -> io::Result<Self> {
        let kept: Value = std::fs::read(path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        // What is kept for one purpose is not chosen anew for another.
        let all_kept: Vec<u16> = kept
            .as_object()
            .into_iter()
            .flat_map(Map::values)
            .filter_map(|port| u16::try_from(port.as_u64()?).ok())
            .collect();
        let kept = |name: &str| {
            let port = kept.get(name).and_then(Value::as_u64);
            port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
        };
        let mut text = Map::new();
        let mut taken = Vec::new();
        let mut choose = |kept: Option<u16>| {
            let kept = kept.filter(|port| !taken.contains(port) && is_free_soon(*port));
            let port = kept.map_or_else(|| free(&[&taken[..], &all_kept].concat()), Ok)?;
            taken.push(port);
            io::Result::Ok(port)
        };
        let mut node = |number: usize, phone: Option<u16>| {
            let name = |what: &str| match number {
                0 => what.to_owned(),
                number => format!("{what}_{}", number + 1),
            };
            let ports = NodePorts {
                phone: match phone {
                    Some(port) => choose(Some(port)).and_then(|chosen| wanted(port, chosen))?,
                    None => choose(kept(&name("phone")))?,
                },
                operations: choose(kept(&name("operations")))?,
                console: choose(kept(&name("console")))?,
                headset: choose(kept(&name("headset")))?,
                identity: choose(kept(&name("identity")))?,
                sip: [
                    choose(kept(&name("sip_udp")))?,
                    choose(kept(&name("sip_tcp")))?,
                    choose(kept(&name("sip_tls")))?,
                ],
                provisioning: [
                    choose(kept(&name("tftp")))?,
                    choose(kept(&name("provisioning")))?,
                    choose(kept(&name("provisioning_tls")))?,
                ],
            };
            text.insert(name("phone"), ports.phone.into());
            text.insert(name("operations"), ports.operations.into());
            text.insert(name("console"), ports.console.into());
            text.insert(name("headset"), ports.headset.into());
            text.insert(name("identity"), ports.identity.into());
            let [sip_udp, sip_tcp, sip_tls] = ports.sip;
            let [tftp, http, https] = ports.provisioning;
            for (what, port) in [
                ("sip_udp", sip_udp),
                ("sip_tcp", sip_tcp),
                ("sip_tls", sip_tls),
                ("tftp", tftp),
                ("provisioning", http),
                ("provisioning_tls", https),
            ] {
                text.insert(name(what), port.into());
            }
            io::Result::Ok(ports)
        };
        let ports = Self {
            nodes: [node(0, phone)?, node(1, None)?, node(2, None)?],
            // Phones of an earlier run may listen there still, so it need not be free.
            push: match kept("push") {
                Some(port) => port,
                None => choose(None)?,
            },
            peers: [choose(kept("cti_a"))?, choose(kept("cti_b"))?, choose(kept("peers"))?],
            idp: [choose(kept("idp"))?, choose(kept("idp_control"))?],
        };
        let [cti_a, cti_b, peers] = ports.peers;
        let [idp, idp_control] = ports.idp;
        for (name, port) in [
            ("push", ports.push),
            ("cti_a", cti_a),
            ("cti_b", cti_b),
            ("peers", peers),
            ("idp", idp),
            ("idp_control", idp_control),
        ] {
            text.insert(name.to_owned(), port.into());
        }
        let text = Value::Object(text);
        write_whole(path, format!("{text}\n").as_bytes(), 0o600)?;
        Ok(ports)
    }
}

/// The loopback addresses of this machine.
pub(super) fn loopback() -> Vec<IpAddr> {
    let v6 = IpAddr::from(Ipv6Addr::LOCALHOST);
    let there = TcpListener::bind(SocketAddr::new(v6, 0)).is_ok();
    let v6 = there.then_some(v6);
    [Some(IpAddr::from(Ipv4Addr::LOCALHOST)), v6].into_iter().flatten().collect()
}

fn wanted(wanted: u16, chosen: u16) -> io::Result<u16> {
    if wanted == chosen {
        return Ok(wanted);
    }
    let message = format!("port {wanted} is in use; choose another one with --port");
    Err(io::Error::new(io::ErrorKind::AddrInUse, message))
}

fn is_free(port: u16) -> bool {
    loopback()
        .into_iter()
        .map(|address| SocketAddr::new(address, port))
        .all(|address| TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok())
}

/// Whether a port is free now or in a moment: somebody may only be looking whether it is, or a process
/// that is being started may hold it until it runs.
fn is_free_soon(port: u16) -> bool {
    (0..LOOKS).any(|look| {
        if look > 0 {
            std::thread::sleep(LOOK_EVERY);
        }
        is_free(port)
    })
}

/// A port below those that the system gives to outgoing connections: one of these could be taken by
/// anybody's connection before we listen.
fn free(taken: &[u16]) -> io::Result<u16> {
    let count = u32::from(CHOSEN_FROM.end - CHOSEN_FROM.start);
    // Demos that start at the same time look in different places.
    let first = std::process::id().wrapping_mul(PORTS_OF_A_DEMO) % count;
    let places = (0..count).map(|step| (first + step) % count);
    let ports =
        places.filter_map(|place| CHOSEN_FROM.start.checked_add(u16::try_from(place).ok()?));
    let mut free = ports.filter(|port| !taken.contains(port) && is_free(*port));
    free.next().ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "there is no free port"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn ports_are_free_below_the_systems_own_and_kept() {
        let folder = Folder::new();
        let path = folder.path().join("ports.json");
        let ports = Ports::keep(&path, None).unwrap();
        let of_node = |node: &NodePorts| {
            let of_http = [node.phone, node.operations, node.console, node.headset, node.identity];
            [&of_http[..], &node.sip[..], &node.provisioning].concat()
        };
        let nodes = ports.nodes.iter().flat_map(of_node);
        let all: Vec<_> = nodes.chain([ports.push]).chain(ports.peers).chain(ports.idp).collect();
        for (at, port) in all.iter().enumerate() {
            assert!(CHOSEN_FROM.contains(port), "{port}");
            assert!(!all[..at].contains(port), "{port} twice");
        }
        assert_eq!(Ports::keep(&path, None).unwrap(), ports);
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, ports.nodes[0].phone)).unwrap();
        let other = Ports::keep(&path, None).unwrap();
        assert_ne!(other.nodes[0].phone, ports.nodes[0].phone);
        assert_eq!(other.nodes[1], ports.nodes[1]);
        let _taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, ports.nodes[0].sip[0])).unwrap();
        assert_ne!(Ports::keep(&path, None).unwrap().nodes[0].sip[0], ports.nodes[0].sip[0]);
        assert_eq!(other.push, ports.push);
    }
}
