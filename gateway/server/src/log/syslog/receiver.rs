//! Who is told, and how.

use protocols::syslog::{DATAGRAM_BYTES_MAX, STREAM_BYTES_MAX};
use protocols::syslog::{DOCUMENTATION_ENTERPRISE, ElementId, Envelope, Facility, Framing};
use tracing::Level;

/// The name of the element that holds the fields of an event.
const ELEMENT: &str = "jackfield";

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A datagram each; what is lost on the way is not noticed.
    Udp,
    /// A connection, in the clear.
    Tcp,
    /// A private connection to a server that is verified.
    Tls,
}

/// A receiver of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogReceiver {
    /// What it is called in the log, in metrics and by commands; no two have the same.
    pub name: String,
    /// Its host name or address.
    pub host: String,
    /// Its port; usual: 514 for UDP, 601 for TCP, 6514 for TLS.
    pub port: u16,
    /// How messages travel there.
    pub transport: Transport,
    /// Where a message ends in a stream; over TLS it is always [`Framing::OctetCounting`].
    pub framing: Framing,
    /// Under which facility messages are filed.
    pub facility: Facility,
    /// From which level on; what the log itself leaves out is not sent either.
    pub level: Level,
    /// Certificates of the authorities, one of which must vouch for the server; TLS needs them.
    pub authorities_pem: Option<String>,
    /// The private enterprise number in the name of the structured data. The default is the number
    /// of examples, which belongs to nobody.
    pub enterprise: u32,
}

impl SyslogReceiver {
    /// A receiver of everything from `info` on, under `local0`.
    pub fn new(name: &str, host: &str, port: u16, transport: Transport) -> Self {
        Self {
            name: name.to_owned(),
            host: host.to_owned(),
            port,
            transport,
            framing: Framing::default(),
            facility: Facility::LOCAL0,
            level: Level::INFO,
            authorities_pem: None,
            enterprise: DOCUMENTATION_ENTERPRISE,
        }
    }

    pub(super) fn envelope(&self) -> Envelope {
        Envelope {
            facility: self.facility,
            element: ElementId::private(ELEMENT, self.enterprise),
            bytes_max: match self.transport {
                Transport::Udp => DATAGRAM_BYTES_MAX,
                Transport::Tcp | Transport::Tls => STREAM_BYTES_MAX,
            },
        }
    }

    pub(super) fn framing(&self) -> Framing {
        match self.transport {
            Transport::Tls => Framing::OctetCounting,
            Transport::Udp | Transport::Tcp => self.framing,
        }
    }
}
