//! The sockets of provisioning: TFTP, and HTTP with and without TLS.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use provisioning::TftpLimits;

use crate::config::{Config, ProvisioningListeners};
use crate::inherited::Inherited;
use crate::listener::{self, BindError};

/// Sockets that phones load files by.
#[derive(Debug, Default)]
pub(super) struct ProvisioningSockets {
    pub(super) tftp: Vec<UdpSocket>,
    pub(super) http: Vec<TcpListener>,
    pub(super) https: Vec<TcpListener>,
}

impl ProvisioningSockets {
    pub(super) fn bind(
        provisioning: &ProvisioningListeners,
        inherited: &mut Inherited,
    ) -> Result<Self, BindError> {
        let chosen = provisioning.addresses_chosen;
        Ok(Self {
            tftp: listener::bind_packets("tftp", &provisioning.tftp, chosen, inherited)?,
            http: listener::bind("provisioning", &provisioning.http, chosen, inherited)?,
            https: listener::bind("provisioning_tls", &provisioning.https, chosen, inherited)?,
        })
    }

    /// All of them, under the names of their listeners.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'static str, BorrowedFd<'_>)> {
        let tftp = self.tftp.iter().map(|socket| ("tftp", socket.as_fd()));
        let http = self.http.iter().map(|socket| ("provisioning", socket.as_fd()));
        let https = self.https.iter().map(|socket| ("provisioning_tls", socket.as_fd()));
        tftp.chain(http).chain(https)
    }
}

/// Scheme, host and port of one of the listeners of HTTP.
pub(super) fn base(config: &Config, listener: &str) -> String {
    let (scheme, addresses) = match listener {
        "provisioning_tls" => ("https", &config.provisioning.https),
        _ => ("http", &config.provisioning.http),
    };
    let port = addresses.first().map_or(0, SocketAddr::port);
    format!("{scheme}://{}:{port}", config.name)
}

/// What clients of TFTP may use, by the configuration.
pub(super) fn limits(provisioning: &ProvisioningListeners) -> TftpLimits {
    let limits = provisioning.limits;
    TftpLimits {
        allowed_networks: provisioning.allowed_networks.clone(),
        transfers_max: limits.transfers_max,
        transfers_per_source_max: limits.transfers_per_source_max,
        requests_per_second_per_source: limits.requests_per_second_per_source,
        block_bytes_max: limits.block_bytes_max,
        ..TftpLimits::default()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use serde_json::{Value, json};

    use super::*;

    fn bind(provisioning: &ProvisioningListeners) -> Result<ProvisioningSockets, BindError> {
        ProvisioningSockets::bind(provisioning, &mut Inherited::default())
    }

    fn listeners(provisioning: Value) -> ProvisioningListeners {
        let value = json!({
            "name": "gw-a.example", "state_directory": "/nowhere",
            "listeners": {"provisioning": provisioning},
        });
        Config::read(value, "/".as_ref()).unwrap().provisioning
    }

    #[test]
    fn what_is_usual_is_what_the_adapter_takes_for_usual() {
        let usual = listeners(json!({}));
        let networks = usual.allowed_networks.clone();
        assert_eq!(networks.len(), 8);
        assert_eq!(limits(&usual), TftpLimits { allowed_networks: networks, ..Default::default() });
        for (address, allowed) in [
            ("127.0.0.1", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.0.2.1", false),
            ("::1", true),
            ("fe80::1", true),
            ("fd00::1", true),
            ("2001:db8::1", false),
            ("::ffff:10.1.2.3", true),
        ] {
            let address = address.parse().unwrap();
            let contained = usual.allowed_networks.iter().any(|it| it.contains(address));
            assert_eq!(contained, allowed, "{address}");
        }
    }

    #[test]
    fn hst_11_nothing_listens_unless_it_was_asked_to_and_what_is_taken_is_told() {
        let off = bind(&listeners(json!({"folder": "/srv"}))).unwrap();
        assert!(off.tftp.is_empty() && off.http.is_empty() && off.https.is_empty());
        let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let listeners = listeners(json!({
            "folder": "/srv", "addresses": ["127.0.0.1"], "tftp_port": port,
        }));
        let error = bind(&listeners).unwrap_err();
        assert!(error.to_string().starts_with("tftp cannot listen on 127.0.0.1:"), "{error}");
    }
}
