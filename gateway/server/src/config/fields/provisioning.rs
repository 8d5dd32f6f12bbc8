//! Keys of provisioning: what phones load before they register.

use super::Fallback::{Absent, List, Number as Default};
use super::Sort::{Addresses, Networks, Number, Path};
use super::{Field, PORT_OR_OFF, field};

/// Where it listens, and what for.
pub(super) const LISTENERS: &[Field] = &[
    field(
        "listeners.provisioning.addresses",
        Addresses,
        List(&["0.0.0.0", "::"]),
        &["Addresses to listen on."],
    ),
    field(
        "listeners.provisioning.folder",
        Path,
        Absent("/srv/jackfield/phones"),
        &[
            "The folder that is served, read-only; links in it are not followed. Device files",
            "(NAME.cnf.xml) of devices in the settings get our elements merged in; a listed device",
            "without one gets what default-device.cnf.xml makes for it, where that is there.",
        ],
    ),
    field(
        "listeners.provisioning.tftp_port",
        PORT_OR_OFF,
        Default(0),
        &["The port for TFTP, usually 69; 0 switches it off."],
    ),
    field(
        "listeners.provisioning.http_port",
        PORT_OR_OFF,
        Default(0),
        &["The port for HTTP in the clear. Phones ask on 6970; 0 switches it off."],
    ),
    field(
        "listeners.provisioning.https_port",
        PORT_OR_OFF,
        Default(0),
        &[
            "The port for HTTPS. Phones with a trust list ask on 6971, and want a certificate with an",
            "elliptic-curve key there; 0 switches it off.",
        ],
    ),
    field(
        "listeners.provisioning.allowed_networks",
        Networks,
        List(&[
            "127.0.0.0/8",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
        ]),
        &["Networks whose phones are served; others get 403, and no answer over TFTP."],
    ),
];

/// What phones may use of it.
pub(super) const LIMITS: &[Field] = &[
    field(
        "limits.provisioning_file_bytes_max",
        Number(1_048_576, 1_073_741_824),
        Default(268_435_456),
        &["Provisioning: bytes of a file. A larger one is not served."],
    ),
    field(
        "limits.provisioning_memory_bytes_max",
        Number(1_048_576, 17_179_869_184),
        Default(536_870_912),
        &[
            "Provisioning: bytes of files that are sent over HTTP at once, a file that several phones load",
            "counted once. Whoever comes beyond gets 503.",
        ],
    ),
    field(
        "limits.provisioning_transfers_max",
        Number(1, 20_000),
        Default(1_000),
        &["Provisioning: transfers over TFTP at once. Each needs an open file and a port."],
    ),
    field(
        "limits.provisioning_transfers_per_source_max",
        Number(1, 20_000),
        Default(16),
        &["Provisioning: transfers over TFTP at once to one address (one /64 network with IPv6)."],
    ),
    field(
        "limits.provisioning_requests_per_second_per_source",
        Number(1, 100_000),
        Default(20),
        &[
            "Provisioning: requests a second over TFTP from one address, twice as many for a moment. Those",
            "beyond get no answer.",
        ],
    ),
    field(
        "limits.provisioning_block_bytes_max",
        Number(512, 65_464),
        Default(1_428),
        &[
            "Provisioning: bytes of a block over TFTP, where a phone asks for more than the usual 512.",
            "1428 fits an Ethernet frame.",
        ],
    ),
];
