//! The log beyond each node's own: its level, and receivers of RFC 5424 (OPS-02, IDS-12).

use serde::{Deserialize, Serialize};

use super::Reader;

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// What may go wrong.
    Warn,
    /// What happened.
    #[default]
    Info,
    /// What helps to find a fault; it may name people.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];

    /// Its name in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How messages travel to a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyslogTransport {
    /// One message in a datagram (RFC 5426); the usual port is 514.
    Udp,
    /// A plain connection (RFC 6587); the usual port is 514 or 601.
    Tcp,
    /// TLS (RFC 5425); the usual port is 6514.
    Tls,
}

/// How messages are told apart on a plain connection; TLS and UDP need no choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyslogFraming {
    /// By their length, in front.
    #[default]
    OctetCounting,
    /// By an end of line, which is taken out of messages.
    Newline,
}

/// A receiver of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyslogReceiver {
    /// Its name.
    pub name: String,
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How messages travel; a certificate is judged by trust for the purpose `syslog`.
    pub transport: SyslogTransport,
    /// How they are told apart on a plain connection.
    #[serde(default)]
    pub framing: SyslogFraming,
    /// The facility, 0 to 23; 16 is `local0`.
    pub facility: u8,
    /// What is sent: lines of that level and above.
    pub level: LogLevel,
}

/// The log beyond each node's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// What every node tells; a node's own configuration holds where it is not set.
    pub level: Option<LogLevel>,
    /// Who receives it, at most eight.
    pub syslog: Vec<SyslogReceiver>,
    /// The number that marks our structured data (`jackfield@NUMBER`); a site puts its own, 32473 is
    /// the one for documentation (RFC 5612).
    #[serde(default = "enterprise_number")]
    pub enterprise_number: u32,
}

/// That of documentation.
fn enterprise_number() -> u32 {
    32_473
}

impl Default for Logging {
    fn default() -> Self {
        Self { level: None, syslog: Vec::new(), enterprise_number: enterprise_number() }
    }
}

impl Logging {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let level = reader.choice("level", &LogLevel::NAMED);
        let syslog = reader.list("syslog", 8, SyslogReceiver::read);
        let mut names: Vec<_> = syslog.iter().map(|receiver| &receiver.name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            reader.problem("syslog", "has two receivers of one name; rename one");
        }
        let number = reader.number("enterprise_number", 1..=u64::from(u32::MAX));
        let enterprise_number =
            number.and_then(|number| number.try_into().ok()).unwrap_or_else(enterprise_number);
        Some(Self { level, syslog, enterprise_number })
    }
}

impl SyslogReceiver {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let transports = [
            ("udp", SyslogTransport::Udp),
            ("tcp", SyslogTransport::Tcp),
            ("tls", SyslogTransport::Tls),
        ];
        let framings =
            [("octet_counting", SyslogFraming::OctetCounting), ("newline", SyslogFraming::Newline)];
        let name = reader.named("name", 64);
        let host = reader.host("host");
        let transport = reader.choice("transport", &transports).unwrap_or(SyslogTransport::Tls);
        let usual = if transport == SyslogTransport::Tls { 6_514 } else { 514 };
        let port = reader.number("port", 1..=65_535).unwrap_or(usual);
        let framing = reader.choice("framing", &framings);
        if framing.is_some() && transport != SyslogTransport::Tcp {
            reader.problem("framing", "is chosen for transport tcp only; leave it out");
        }
        let facility = reader.number("facility", 0..=23).unwrap_or(16);
        let level = reader.choice("level", &LogLevel::NAMED).unwrap_or_default();
        Some(Self {
            name: name?,
            host: host?,
            port: port.try_into().ok()?,
            transport,
            framing: framing.unwrap_or_default(),
            facility: facility.try_into().ok()?,
            level,
        })
    }
}
