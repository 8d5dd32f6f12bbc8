//! The sockets of provisioning: TFTP, and HTTP with and without TLS.

use std::net::{SocketAddr, TcpListener, UdpSocket};

use provisioning::TftpLimits;

use crate::config::{Config, ProvisioningListeners};
use crate::listener::{self, BindError};

use super::sip_sockets::bind_udp;

/// Sockets that phones load files by.
#[derive(Debug, Default)]
pub(super) struct ProvisioningSockets {
    pub(super) tftp: Vec<UdpSocket>,
    pub(super) http: Vec<TcpListener>,
    pub(super) https: Vec<TcpListener>,
}

impl ProvisioningSockets {
    pub(super) fn bind(provisioning: &ProvisioningListeners) -> Result<Self, BindError> {
        let chosen = provisioning.addresses_chosen;
        let streams = |name, addresses: &[SocketAddr]| listener::bind(name, addresses, chosen);
        Ok(Self {
            tftp: listener::bind_each("tftp", &provisioning.tftp, chosen, bind_udp)?,
            http: streams("provisioning", &provisioning.http)?,
            https: streams("provisioning_tls", &provisioning.https)?,
        })
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
        let off = ProvisioningSockets::bind(&listeners(json!({"folder": "/srv"}))).unwrap();
        assert!(off.tftp.is_empty() && off.http.is_empty() && off.https.is_empty());
        let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let listeners = listeners(json!({
            "folder": "/srv", "addresses": ["127.0.0.1"], "tftp_port": port,
        }));
        let error = ProvisioningSockets::bind(&listeners).unwrap_err();
        assert!(error.to_string().starts_with("tftp cannot listen on 127.0.0.1:"), "{error}");
    }
}
