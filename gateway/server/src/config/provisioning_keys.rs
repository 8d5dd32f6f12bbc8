//! The listeners of provisioning: which there are, where, and what phones may use of them.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use domain::Problems;
use domain::settings::Network;

use super::raw::Raw;
use super::{port, with_port};

const FOLDER: &str = "listeners.provisioning.folder";
const ADDRESSES: &str = "listeners.provisioning.addresses";
const DATAGRAMS: &str = "listeners.provisioning.tftp_port";
/// Keys of ports that carry streams.
const STREAMS: [&str; 2] =
    ["listeners.provisioning.http_port", "listeners.provisioning.https_port"];

/// The listeners of provisioning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisioningListeners {
    /// The folder that is served; nothing is without one.
    pub folder: Option<PathBuf>,
    /// Where TFTP listens; nowhere where it is off.
    pub tftp: Vec<SocketAddr>,
    /// Where HTTP in the clear does.
    pub http: Vec<SocketAddr>,
    /// Where HTTPS does.
    pub https: Vec<SocketAddr>,
    /// Whether the operator chose the addresses, so that each must be there.
    pub addresses_chosen: bool,
    /// Networks whose phones are served.
    pub allowed_networks: Vec<Network>,
    /// What phones may use.
    pub limits: ProvisioningLimits,
}

/// What phones may use of the listeners of provisioning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvisioningLimits {
    /// Bytes of a file.
    pub file_bytes_max: u64,
    /// Bytes of files that are sent over HTTP at once.
    pub memory_bytes_max: u64,
    /// Transfers over TFTP at once.
    pub transfers_max: usize,
    /// Transfers over TFTP at once to one address.
    pub transfers_per_source_max: usize,
    /// Requests a second over TFTP from one address.
    pub requests_per_second_per_source: u32,
    /// Bytes of a block over TFTP.
    pub block_bytes_max: u16,
}

impl ProvisioningListeners {
    /// How many listeners of HTTP there are.
    pub(crate) fn of_http(&self) -> u64 {
        [&self.http, &self.https].into_iter().map(|it| u64::from(!it.is_empty())).sum()
    }

    /// Reads them; `streams` and `datagrams` are the ports of the other listeners.
    pub(super) fn read(
        raw: &Raw,
        streams: &[Option<u16>],
        datagrams: Option<u16>,
        problems: &mut Problems,
    ) -> Self {
        let addresses: Vec<IpAddr> = raw.addresses(ADDRESSES);
        let number = |key| Some(port(raw.number(key))).filter(|port| *port > 0);
        let [http, https] = STREAMS.map(number);
        let tftp = number(DATAGRAMS);
        let mut taken = |key: &str, port: Option<u16>, others: &[Option<u16>]| {
            if let Some(port) = port.filter(|port| others.contains(&Some(*port))) {
                let message = format_args!(
                    "must differ from the other listeners' ports, {port} is one; 0 switches it off"
                );
                problems.add(key, message);
            }
        };
        taken(DATAGRAMS, tftp, &[datagrams]);
        taken(STREAMS[0], http, streams);
        taken(STREAMS[1], https, &[streams, &[http]].concat());
        let folder = raw.path(FOLDER);
        let any = [tftp, http, https].into_iter().flatten().next();
        if let Some(port) = any.filter(|_| folder.is_none() && !raw.was_given(FOLDER)) {
            let message = format_args!("is missing: what shall phones find on port {port}?");
            problems.add(FOLDER, message);
        }
        let sockets =
            |port: Option<u16>| port.map_or_else(Vec::new, |port| with_port(&addresses, port));
        let networks = raw.networks("listeners.provisioning.allowed_networks").into_iter();
        Self {
            folder,
            tftp: sockets(tftp),
            http: sockets(http),
            https: sockets(https),
            addresses_chosen: raw.is_written(ADDRESSES),
            allowed_networks: networks.filter_map(|it| it.to_string().parse().ok()).collect(),
            limits: ProvisioningLimits::read(raw),
        }
    }
}

impl ProvisioningLimits {
    fn read(raw: &Raw) -> Self {
        let count = |key| usize::try_from(raw.number(key)).unwrap_or(usize::MAX);
        let file_bytes_max = raw.number("limits.provisioning_file_bytes_max");
        let rate = raw.number("limits.provisioning_requests_per_second_per_source");
        let block = raw.number("limits.provisioning_block_bytes_max");
        Self {
            file_bytes_max,
            // One file has room always.
            memory_bytes_max: raw
                .number("limits.provisioning_memory_bytes_max")
                .max(file_bytes_max),
            transfers_max: count("limits.provisioning_transfers_max"),
            transfers_per_source_max: count("limits.provisioning_transfers_per_source_max"),
            requests_per_second_per_source: u32::try_from(rate).unwrap_or(u32::MAX),
            block_bytes_max: u16::try_from(block).unwrap_or(u16::MAX),
        }
    }
}
