//! The sockets of SIP: bound with those of the other listeners, so that what is taken is told before
//! anything runs.
//!
//! As long as the configuration says nothing of them, a port that another program has is done without:
//! most nodes speak no SIP, and one that does beside a proxy on the same machine is to say so.

use std::net::{SocketAddr, TcpListener, UdpSocket};

use sip::{Limits, Listening};
use socket2::{Domain, Protocol, Socket, Type};

use crate::config::{Config, SipListeners};
use crate::listener::{self, BindError};
use crate::tls::certificates::Certificates;

/// What the kernel may hold for us while we are busy. It gives less where it is not allowed more.
const DATAGRAM_BYTES: usize = 4 * 1024 * 1024;

/// Sockets that SIP comes in by.
#[derive(Debug, Default)]
pub(super) struct SipSockets {
    udp: Vec<UdpSocket>,
    tcp: Vec<TcpListener>,
    tls: Vec<TcpListener>,
}

impl SipSockets {
    pub(super) fn bind(sip: &SipListeners) -> Result<Self, BindError> {
        let streams = |name, addresses: &[SocketAddr]| {
            listener::unless_taken(
                sip.chosen,
                "sip",
                listener::bind(name, addresses, sip.addresses_chosen),
            )
        };
        let datagrams = listener::bind_each("sip_udp", &sip.udp, sip.addresses_chosen, bind_udp);
        Ok(Self {
            udp: listener::unless_taken(sip.chosen, "sip", datagrams)?,
            tcp: streams("sip_tcp", &sip.tcp)?,
            tls: streams("sip_tls", &sip.tls)?,
        })
    }
}

impl SipSockets {
    /// What SIP is served with: these, the certificate in force and the limits of the configuration.
    pub(super) fn listening(self, config: &Config, certificates: &Certificates) -> Listening {
        Listening {
            udp: self.udp,
            tcp: self.tcp,
            tls: self.tls,
            certificate: certificates.sip_server(),
            client_certificate: Some(certificates.sip_client()),
            name: config.name.to_string(),
            limits: limits(&config.sip),
        }
    }
}

fn limits(sip: &SipListeners) -> Limits {
    let limits = sip.limits;
    Limits {
        connections_max: limits.connections_max,
        connections_per_source_max: limits.connections_per_source_max,
        handshakes_max: limits.handshakes_max,
        handshake: limits.handshake,
        idle: limits.idle,
        message: limits.message,
        queue_messages_max: limits.queue_messages,
        queue_bytes_max: limits.queue_bytes,
        transactions_max: limits.transactions_max,
        requests_per_second_per_source: limits.requests_per_second_per_source,
        bindings_max: limits.bindings_max,
    }
}

pub(super) fn bind_udp(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    let _ = socket.set_recv_buffer_size(DATAGRAM_BYTES);
    let _ = socket.set_send_buffer_size(DATAGRAM_BYTES);
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use serde_json::{Value, json};

    use super::*;
    use crate::config::Config;

    fn listeners(sip: Value) -> SipListeners {
        let value = json!({
            "name": "gw-a.example", "state_directory": "/nowhere", "listeners": {"sip": sip},
        });
        Config::read(value, "/".as_ref()).unwrap().sip
    }

    #[test]
    fn what_is_usual_is_what_the_adapter_takes_for_usual() {
        assert_eq!(limits(&listeners(json!({}))), Limits::default());
    }

    #[test]
    fn a_port_that_is_taken_is_told_unless_nobody_asked_for_it() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let mut sip =
            listeners(json!({"addresses": ["127.0.0.1"], "tls_port": 0, "tcp_port": port}));
        let error = SipSockets::bind(&sip).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with("sip_tcp cannot listen on 127.0.0.1:"), "{error}");
        sip.chosen = false;
        let sockets = SipSockets::bind(&sip).unwrap();
        assert!(sockets.tcp.is_empty());
        let taken = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let sip = listeners(json!({
            "addresses": ["127.0.0.1"], "tls_port": 0, "tcp_port": 0, "udp_port": port,
        }));
        let error = SipSockets::bind(&sip).unwrap_err();
        assert!(error.to_string().starts_with("sip_udp cannot listen"), "{error}");
    }

    #[test]
    fn each_address_has_a_socket_of_its_own() {
        let any_port = |sip: Value| {
            let mut sip = listeners(sip);
            let addresses = sip.tls.iter_mut().chain(&mut sip.tcp).chain(&mut sip.udp);
            addresses.for_each(|address| address.set_port(0));
            SipSockets::bind(&sip).unwrap()
        };
        let sockets = any_port(json!({"addresses": ["127.0.0.1", "127.0.0.2"], "udp_port": 5060}));
        assert_eq!((sockets.udp.len(), sockets.tcp.len(), sockets.tls.len()), (2, 2, 2));
        let none = any_port(json!({"tls_port": 0, "tcp_port": 0}));
        assert!(none.udp.is_empty() && none.tcp.is_empty() && none.tls.is_empty());
    }
}
