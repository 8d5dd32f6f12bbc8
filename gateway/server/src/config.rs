//! The configuration of a node: what it needs before it can open its store, and what is its own.
//!
//! ```text
//!   TOML text --read--> Raw (what was written) --> Config (nothing left to check) --> files::check
//! ```
//!
//! All problems come at once, each under its key; unknown keys are refused. What the keys are
//! stands in one table (`config/fields.rs`). Everything else is settings in the store.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{NodeName, Problems};
use ipnet::IpNet;
use serde_json::Value;

mod acme_keys;
pub(crate) mod credential;
mod field;
mod fields;
mod files;
mod flight_recorder_keys;
mod headset_keys;
mod identity_keys;
mod machine_name;
mod provisioning_keys;
mod public_name;
mod raw;
mod render;
mod sip_keys;
mod store_keys;

pub use acme_keys::{AcmeChallenge, AcmeConfig};
pub use files::check_files;
pub(crate) use files::{Expiry, check_files_for};
pub use headset_keys::HeadsetListener;
pub use identity_keys::IdentityListener;
pub use provisioning_keys::{ProvisioningLimits, ProvisioningListeners};
pub use public_name::PublicName;
pub use render::{sample, schema};
pub use sip_keys::{SipLimits, SipListeners};

pub(crate) use raw::host_name;

use raw::Raw;

/// The most characters of a host name that phones get in URLs.
pub const NAME_CHARACTERS_MAX: usize = phone::HOST_CHARACTERS_MAX;
/// Stand for two keys that cannot be read, so that the others can be checked.
const UNNAMED: &str = "unnamed.invalid";
const UNPLACED: &str = "/nonexistent";
/// The most bytes of a configuration file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A configuration with nothing left to check but the files it names.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The node's full host name.
    pub name: NodeName,
    /// The folder for what the gateway keeps.
    pub state_directory: PathBuf,
    /// The file with the key that secrets are sealed with.
    pub sealing_key_file: PathBuf,
    /// Proxies whose word about the client counts.
    pub trusted_proxies: Vec<IpNet>,
    /// The form in which they speak of it.
    pub forwarded_fields: ForwardedFields,
    /// What they may call us in URLs.
    pub public_names: Vec<PublicName>,
    /// Where the gateway keeps what it owns.
    pub store: StoreConfig,
    /// Certificate and key, where they are not made by the gateway itself.
    pub certificate: Option<CertificateFiles>,
    /// Who signs the certificate by itself, where anybody does.
    pub acme: Option<AcmeConfig>,
    /// HTTPS for phones.
    pub phone: PhoneListener,
    /// HTTPS for administrators.
    pub console: ConsoleListener,
    /// HTTPS for phones that ask for their headset.
    pub headset: HeadsetListener,
    /// HTTPS of the identity service.
    pub identity: IdentityListener,
    /// Plain HTTP for monitoring.
    pub operations: OperationsListener,
    /// SIP.
    pub sip: SipListeners,
    /// Files that phones load.
    pub provisioning: ProvisioningListeners,
    /// What peers may use.
    pub limits: Limits,
    /// How much the flight recorder keeps.
    pub flight_recorder: engine::recorder::Bounds,
    /// How the log looks.
    pub log: LogConfig,
}

/// Fields of a request in which proxies speak of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardedFields {
    /// `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`.
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Which store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreConfig {
    /// One file on this machine.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// A database that several nodes share.
    Postgresql(DatabaseConfig),
}

/// A PostgreSQL database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseConfig {
    /// User, host, port and name of the database; no password.
    pub url: String,
    /// The file with the password.
    pub password_file: Option<PathBuf>,
    /// The file with the authorities that sign for the server.
    pub authority_file: Option<PathBuf>,
    /// The most connections of this node.
    pub connections: usize,
}

/// A server certificate on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// PEM: the server's certificate, then those that signed it.
    pub certificate: PathBuf,
    /// PEM: its private key.
    pub key: PathBuf,
}

/// The listener for phones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneListener {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// Whether the operator chose the addresses, so that each must be there.
    pub addresses_chosen: bool,
    /// The name in URLs.
    pub public_name: NodeName,
    /// The port in URLs.
    pub public_port: u16,
    /// Whether connections begin with a PROXY protocol header.
    pub proxy_protocol: bool,
    /// The plain port that only refuses (PHN-02).
    pub refusal_port: Option<u16>,
}

/// The listener for administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleListener {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// Whether the operator chose the addresses, so that each must be there.
    pub addresses_chosen: bool,
    /// The name in URLs.
    pub public_name: NodeName,
    /// Scheme, host and port under which it is reached, without a slash at the end.
    pub base: String,
}

/// The listener for monitoring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationsListener {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// Whether the operator chose the addresses, so that each must be there.
    pub addresses_chosen: bool,
    /// The file with the token for `/metrics` from other machines.
    pub metrics_token_file: Option<PathBuf>,
}

/// What peers may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once on each listener.
    pub connections_max: usize,
    /// Connections at once from one source.
    pub connections_per_source_max: usize,
    /// Bytes of a request's header.
    pub header_bytes_max: usize,
    /// Bytes of a request's target.
    pub target_bytes_max: usize,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// From a header's first byte to its last.
    pub header: Duration,
    /// For the body, the answer and its delivery, each.
    pub request: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// For requests in hand when the gateway stops.
    pub drain: Duration,
    /// For others to notice that the gateway stops, where there are other nodes.
    pub notice: Duration,
}

/// How the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// Whether lines are JSON.
    pub json: bool,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: &'static str,
}

/// A configuration with problems, as far as it was read.
pub(crate) struct Partly {
    /// What was written; what was not readable has its default.
    pub(crate) config: Config,
    /// Whether the name was.
    named: bool,
}

impl Partly {
    /// The names that a certificate must cover, as far as they are known.
    pub(crate) fn certificate_names(&self) -> Vec<NodeName> {
        let mut names = self.config.certificate_names();
        names.retain(|name| self.named || *name != self.config.name);
        names
    }
}

impl PhoneListener {
    /// Scheme, host and port under which phones reach us, without a slash at the end.
    pub fn base(&self) -> String {
        match self.public_port {
            443 => format!("https://{}", self.public_name),
            port => format!("https://{}:{port}", self.public_name),
        }
    }
}

impl Config {
    /// Reads a file; the problems of all keys come at once.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let partly = Self::load_partly(path, &mut problems);
        problems.into_result()?;
        partly.map(|partly| partly.config).ok_or_else(missing_name)
    }

    /// Reads a file as far as it can be, for whoever looks for problems.
    pub(crate) fn load_partly(path: &Path, problems: &mut Problems) -> Option<Partly> {
        let text = problems.keep(path.display().to_string(), read_text(path))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = std::path::absolute(folder.unwrap_or(Path::new(".")));
        Self::parse_partly(&text, &folder.unwrap_or_else(|_| PathBuf::from("/")), problems)
    }

    /// Reads the text of a file in `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let partly = Self::parse_partly(text, folder, &mut problems);
        problems.into_result()?;
        partly.map(|partly| partly.config).ok_or_else(missing_name)
    }

    fn parse_partly(text: &str, folder: &Path, problems: &mut Problems) -> Option<Partly> {
        match toml::from_str::<toml::Table>(text) {
            Ok(table) => {
                refuse_odd_numbers("", &table, problems);
                let value = serde_json::to_value(table).unwrap_or_default();
                Self::read_partly(value, folder, problems)
            }
            Err(error) => {
                let before = error.span().and_then(|span| text.get(..span.start));
                let line = before.map_or(1, |before| before.matches('\n').count() + 1);
                problems.add(format!("line {line}"), error.message().replace('\n', ", "));
                None
            }
        }
    }

    /// Reads a configuration that is a value already; relative paths count from `folder`.
    pub fn read(value: Value, folder: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let partly = Self::read_partly(value, folder, &mut problems);
        problems.into_result()?;
        partly.map(|partly| partly.config).ok_or_else(missing_name)
    }

    fn read_partly(value: Value, folder: &Path, problems: &mut Problems) -> Option<Partly> {
        let raw = Raw::read(value, folder, problems);
        let own = || machine_name::read(host_name);
        let name = raw.name("name").or_else(|| if raw.was_given("name") { None } else { own() });
        let named = name.is_some();
        let name = name.or_else(|| UNNAMED.parse().ok())?;
        let state_directory = raw.path("state_directory").unwrap_or_else(|| UNPLACED.into());
        let config = Self::checked(&raw, name, state_directory, problems);
        Some(Partly { config, named })
    }

    fn checked(
        raw: &Raw,
        name: NodeName,
        state_directory: PathBuf,
        problems: &mut Problems,
    ) -> Self {
        let certificate = certificate_files(raw, problems);
        let acme = acme_keys::acme(raw, certificate.is_some(), problems);
        let phone_port = port(raw.number("listeners.phone.port"));
        let operations_port = port(raw.number("listeners.operations.port"));
        let phone_addresses = raw.addresses("listeners.phone.addresses");
        let refusal_port = raw.written_number("listeners.phone.refusal_port").map(port);
        if refusal_port == Some(phone_port) {
            let message =
                format_args!("must differ from listeners.phone.port, both are {phone_port}");
            problems.add("listeners.phone.refusal_port", message);
        }
        let console_port = port(raw.number("listeners.console.port"));
        let console_name =
            raw.name("listeners.console.public_name").unwrap_or_else(|| name.clone());
        if [Some(phone_port), refusal_port, Some(operations_port)].contains(&Some(console_port)) {
            let message =
                format_args!("must differ from the other listeners' ports, {console_port} is one");
            problems.add("listeners.console.port", message);
        }
        if [Some(phone_port), refusal_port].contains(&Some(operations_port)) {
            let message = format_args!(
                "must differ from the phone listener's ports, {operations_port} is one"
            );
            problems.add("listeners.operations.port", message);
        }
        let acme_port = acme.as_ref().and_then(AcmeConfig::http_port);
        let others = [Some(phone_port), refusal_port, Some(console_port), Some(operations_port)];
        if let Some(port) = acme_port.filter(|port| others.contains(&Some(*port))) {
            let message = format_args!("must differ from the listeners' ports, {port} is one");
            problems.add("certificate.acme.http_port", message);
        }
        let mut of_streams = [&others[..], &[acme_port]].concat();
        let headset = HeadsetListener::read(raw, &name, &of_streams, problems);
        of_streams.push(headset.addresses.first().map(SocketAddr::port));
        let identity = IdentityListener::read(raw, &name, &of_streams, problems);
        of_streams.push(identity.addresses.first().map(SocketAddr::port));
        let sip = SipListeners::read(raw, &of_streams, problems);
        let first_port = |sockets: &[SocketAddr]| sockets.first().map(SocketAddr::port);
        let of_streams = [&of_streams[..], &[first_port(&sip.tls), first_port(&sip.tcp)]].concat();
        let provisioning =
            ProvisioningListeners::read(raw, &of_streams, first_port(&sip.udp), problems);
        let proxy_protocol = raw.switch("listeners.phone.proxy_protocol");
        let trusted_proxies = raw.networks("trusted_proxies");
        if proxy_protocol && trusted_proxies.is_empty() {
            problems.add(
                "listeners.phone.proxy_protocol",
                "needs trusted_proxies: from nobody else a PROXY header is believed",
            );
        }
        let public_port = raw.written_number("listeners.phone.public_port").map(port);
        Self {
            sealing_key_file: raw
                .path("sealing_key_file")
                .unwrap_or_else(|| state_directory.join("sealing.key")),
            trusted_proxies,
            forwarded_fields: match raw.word("forwarded_fields") {
                "forwarded" => ForwardedFields::Forwarded,
                _ => ForwardedFields::XForwarded,
            },
            public_names: raw.public_names("public_names"),
            store: store_keys::store(raw, &state_directory, problems),
            certificate,
            acme,
            phone: PhoneListener {
                addresses: with_port(&phone_addresses, phone_port),
                addresses_chosen: raw.is_written("listeners.phone.addresses"),
                public_name: raw
                    .name("listeners.phone.public_name")
                    .unwrap_or_else(|| name.clone()),
                public_port: public_port.unwrap_or(phone_port),
                proxy_protocol,
                refusal_port,
            },
            console: ConsoleListener {
                addresses: with_port(&raw.addresses("listeners.console.addresses"), console_port),
                addresses_chosen: raw.is_written("listeners.console.addresses"),
                base: match console_port {
                    443 => format!("https://{console_name}"),
                    port => format!("https://{console_name}:{port}"),
                },
                public_name: console_name,
            },
            headset,
            identity,
            operations: OperationsListener {
                addresses: with_port(
                    &raw.addresses("listeners.operations.addresses"),
                    operations_port,
                ),
                addresses_chosen: raw.is_written("listeners.operations.addresses"),
                metrics_token_file: raw.path("listeners.operations.metrics_token_file"),
            },
            sip,
            provisioning,
            limits: limits(raw),
            flight_recorder: flight_recorder_keys::bounds(raw),
            log: LogConfig { json: raw.word("log.format") == "json", level: raw.word("log.level") },
            name,
            state_directory,
        }
    }

    /// The local admin socket.
    pub fn admin_socket(&self) -> PathBuf {
        self.state_directory.join("admin.sock")
    }

    /// The folder of certificates that are not configured.
    pub(crate) fn certificates_folder(&self) -> PathBuf {
        self.state_directory.join("certificates")
    }

    /// Certificate and key, configured or made by the gateway itself.
    pub fn certificate_files(&self) -> CertificateFiles {
        let folder = self.certificates_folder();
        self.certificate.clone().unwrap_or_else(|| CertificateFiles {
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        })
    }

    /// The names a certificate must cover.
    pub fn certificate_names(&self) -> Vec<NodeName> {
        let mut names = vec![self.name.clone()];
        let headset = (!self.headset.addresses.is_empty()).then_some(&self.headset.public_name);
        let identity = (!self.identity.addresses.is_empty()).then_some(&self.identity.public_name);
        let phone_and_console = [&self.phone.public_name, &self.console.public_name];
        for public in phone_and_console.into_iter().chain(headset).chain(identity) {
            if !names.contains(public) {
                names.push(public.clone());
            }
        }
        names
    }
}

fn missing_name() -> Problems {
    let mut problems = Problems::default();
    problems.add("name", "is missing");
    problems
}

/// Notes numbers that are none (`inf`, `nan`), which would be taken for keys that are not given.
fn refuse_odd_numbers(key: &str, table: &toml::Table, problems: &mut Problems) {
    for (name, value) in table {
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        refuse_odd_number(&key, value, problems);
    }
}

fn refuse_odd_number(key: &str, value: &toml::Value, problems: &mut Problems) {
    match value {
        toml::Value::Float(number) if !number.is_finite() => {
            problems.add(key, format_args!("must not be {number}, which is no number"));
        }
        toml::Value::Table(table) => refuse_odd_numbers(key, table, problems),
        toml::Value::Array(values) => {
            for (position, value) in values.iter().enumerate() {
                refuse_odd_number(&format!("{key}[{position}]"), value, problems);
            }
        }
        _ => {}
    }
}

/// Reads a text file of bounded size; the error says what to do.
fn read_text(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > FILE_BYTES_MAX {
        return Err(format!("has {length} bytes, at most {FILE_BYTES_MAX} are read"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

fn certificate_files(raw: &Raw, problems: &mut Problems) -> Option<CertificateFiles> {
    let (certificate_key, key_key) = ("certificate.certificate_file", "certificate.key_file");
    match (raw.path(certificate_key), raw.path(key_key)) {
        (Some(certificate), Some(key)) => Some(CertificateFiles { certificate, key }),
        (None, None) => None,
        (Some(_), None) => {
            problems.add(key_key, "is missing beside certificate_file");
            None
        }
        (None, Some(_)) => {
            problems.add(certificate_key, "is missing beside key_file");
            None
        }
    }
}

fn limits(raw: &Raw) -> Limits {
    let count = |key| usize::try_from(raw.number(key)).unwrap_or(usize::MAX);
    let seconds = |key| Duration::from_secs(raw.number(key));
    Limits {
        connections_max: count("limits.connections_max"),
        connections_per_source_max: count("limits.connections_per_source_max"),
        header_bytes_max: count("limits.header_bytes_max"),
        target_bytes_max: count("limits.target_bytes_max"),
        handshake: seconds("limits.handshake_seconds"),
        header: seconds("limits.header_seconds"),
        request: seconds("limits.request_seconds"),
        idle: seconds("limits.idle_seconds"),
        drain: seconds("limits.drain_seconds"),
        notice: seconds("limits.notice_seconds"),
    }
}

/// The table lets only ports pass, so nothing is cut here.
fn port(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn with_port(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()
}

#[cfg(test)]
mod tests;
