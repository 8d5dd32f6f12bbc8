//! The sockets of SIP: bound with those of the other listeners, so that what is taken is told before
//! anything runs.
//!
//! As long as the configuration says nothing of them, a port that another program has is done without:
//! most nodes speak no SIP, and one that does beside a proxy on the same machine is to say so.

use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use sip::{Limits, Listening};

use crate::config::{Config, SipListeners};
use crate::inherited::Inherited;
use crate::listener::{self, BindError};
use crate::tls::certificates::Certificates;

/// Sockets that SIP comes in by.
#[derive(Debug, Default)]
pub(super) struct SipSockets {
    udp: Vec<UdpSocket>,
    tcp: Vec<TcpListener>,
    tls: Vec<TcpListener>,
}

impl SipSockets {
    pub(super) fn bind(sip: &SipListeners, inherited: &mut Inherited) -> Result<Self, BindError> {
        let chosen = sip.addresses_chosen;
        let udp = listener::bind_packets("sip_udp", &sip.udp, chosen, inherited);
        let tcp = listener::bind("sip_tcp", &sip.tcp, chosen, inherited);
        let tls = listener::bind("sip_tls", &sip.tls, chosen, inherited);
        Ok(Self {
            udp: listener::unless_taken(sip.chosen, "sip", udp)?,
            tcp: listener::unless_taken(sip.chosen, "sip", tcp)?,
            tls: listener::unless_taken(sip.chosen, "sip", tls)?,
        })
    }

    /// All of them, under the names of their listeners.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'static str, BorrowedFd<'_>)> {
        let udp = self.udp.iter().map(|socket| ("sip_udp", socket.as_fd()));
        let tcp = self.tcp.iter().map(|socket| ("sip_tcp", socket.as_fd()));
        udp.chain(tcp).chain(self.tls.iter().map(|socket| ("sip_tls", socket.as_fd())))
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

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use serde_json::{Value, json};

    use super::*;
    use crate::config::Config;

    fn bind(sip: &SipListeners) -> Result<SipSockets, BindError> {
        SipSockets::bind(sip, &mut Inherited::default())
    }

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
        let error = bind(&sip).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with("sip_tcp cannot listen on 127.0.0.1:"), "{error}");
        sip.chosen = false;
        let sockets = bind(&sip).unwrap();
        assert!(sockets.tcp.is_empty());
        let taken = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let sip = listeners(json!({
            "addresses": ["127.0.0.1"], "tls_port": 0, "tcp_port": 0, "udp_port": port,
        }));
        let error = bind(&sip).unwrap_err();
        assert!(error.to_string().starts_with("sip_udp cannot listen"), "{error}");
    }

    #[test]
    fn each_address_has_a_socket_of_its_own() {
        let any_port = |sip: Value| {
            let mut sip = listeners(sip);
            let addresses = sip.tls.iter_mut().chain(&mut sip.tcp).chain(&mut sip.udp);
            addresses.for_each(|address| address.set_port(0));
            bind(&sip).unwrap()
        };
        let sockets = any_port(json!({"addresses": ["127.0.0.1", "127.0.0.2"], "udp_port": 5060}));
        assert_eq!((sockets.udp.len(), sockets.tcp.len(), sockets.tls.len()), (2, 2, 2));
        let none = any_port(json!({"tls_port": 0, "tcp_port": 0}));
        assert!(none.udp.is_empty() && none.tcp.is_empty() && none.tls.is_empty());
    }
}
