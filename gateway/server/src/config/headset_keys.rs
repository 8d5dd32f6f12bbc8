//! The listener for phones that ask for their headset: whether there is one, where, and under which name.

use std::net::SocketAddr;
use std::path::PathBuf;

use domain::{NodeName, Problems};

use super::raw::Raw;
use super::{port, with_port};

const ADDRESSES: &str = "listeners.headset.addresses";
const PORT: &str = "listeners.headset.port";

/// The listener for phones that ask for their headset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadsetListener {
    /// Where it listens; nowhere where it is off.
    pub addresses: Vec<SocketAddr>,
    /// Whether the operator chose the addresses, so that each must be there.
    pub addresses_chosen: bool,
    /// Whether the operator wrote where it is. Else a port that is taken is done without: a node that was
    /// there before this listener may stand beside a program that has it.
    pub chosen: bool,
    /// The name in URLs.
    pub public_name: NodeName,
    /// The port in URLs.
    pub public_port: u16,
    /// The file with what phones say and are told, where it is not what is built in.
    pub profile_file: Option<PathBuf>,
}

impl HeadsetListener {
    /// Scheme, host and port under which phones reach it, without a slash at the end.
    pub fn base(&self) -> String {
        match self.public_port {
            443 => format!("https://{}", self.public_name),
            port => format!("https://{}:{port}", self.public_name),
        }
    }

    /// Reads it; `others` are the ports of the other listeners.
    pub(super) fn read(
        raw: &Raw,
        name: &NodeName,
        others: &[Option<u16>],
        problems: &mut Problems,
    ) -> Self {
        let own = Some(port(raw.number(PORT))).filter(|port| *port > 0);
        if let Some(port) = own.filter(|port| others.contains(&Some(*port))) {
            let message = format_args!(
                "must differ from the other listeners' ports, {port} is one; 0 switches it off"
            );
            problems.add(PORT, message);
        }
        let public_port = raw.written_number("listeners.headset.public_port").map(port);
        let public_name = raw.name("listeners.headset.public_name");
        Self {
            addresses: own.map_or_else(Vec::new, |port| with_port(&raw.addresses(ADDRESSES), port)),
            addresses_chosen: raw.is_written(ADDRESSES),
            chosen: raw.is_written(ADDRESSES) || raw.is_written(PORT),
            public_name: public_name.unwrap_or_else(|| name.clone()),
            public_port: public_port.or(own).unwrap_or_default(),
            profile_file: raw.path("listeners.headset.profile_file"),
        }
    }
}
