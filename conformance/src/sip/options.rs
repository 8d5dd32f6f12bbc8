//! The command line of simulated SIP phones and the endpoints file, made into settings.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::pki_types::ServerName;
use serde::Deserialize;

use super::driver;
use super::handset::{Fault, Handset};
use super::identity::{Identity, Settings, Transport};
use super::link::{Capture, Origin, Route};
use crate::tls;

/// Seconds that a registrar has to grant, and after which phones refresh.
const EXPIRES_SECONDS: u64 = 120;
const REFRESH_SECONDS: f64 = 115.0;

/// Be one or several Cisco phones that register by SIP, strict by the documents.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    jackfield-peers sip-phone --endpoints endpoints.json --device SEP001122334455\n  \
    jackfield-peers sip-phone --server 127.0.0.1:5060 --domain voice.example --device SEP001122334455 \\\n      \
    --user 1001 --password secret\n  \
    printf 'wait registered\\nping\\nwait pong\\nunregister\\nwait unregistered\\n' | \\\n      \
    jackfield-peers sip-phone --server 127.0.0.1:5061 --transport tls --domain voice.example \\\n      \
    --device SEP001122334455 --certificate phone.pem --key phone.key\n\nSee --help for the commands.",
    after_long_help = driver::HELP)]
pub(crate) struct SipPhoneArguments {
    #[command(flatten)]
    pub(crate) where_to: WhereTo,
    /// Name of a phone, `SEP` and its hardware address; may be given several times
    #[arg(long, value_name = "NAME")]
    device: Vec<String>,
    /// All phones of --endpoints
    #[arg(long, requires = "endpoints", conflicts_with = "device")]
    all_devices: bool,
    /// Digest user of each --device, in order; as the device unless named here or in --endpoints
    #[arg(long, value_name = "NAME")]
    user: Vec<String>,
    /// Digest password of each --device, in order; the last is good for the rest
    #[arg(long, value_name = "TEXT")]
    password: Vec<String>,
    /// Number of the phone's model
    #[arg(long, value_name = "N", default_value = "621")]
    model: String,
    /// What is wrong with the phones from the start
    #[arg(long, value_name = "NAME", value_enum)]
    fault: Vec<Fault>,
    /// Write every message received there, one JSON object a line: phone, transport, message in base64
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Do not register before a command says so
    #[arg(long)]
    wait: bool,
    /// Go on when standard input ends
    #[arg(long)]
    stay: bool,
    /// Do not do what service-control asks
    #[arg(long)]
    disobey: bool,
}

/// Where the server is and how phones behave towards it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WhereTo {
    /// JSON file with `sip_udp`, `sip_tcp`, `sip_tls` (host:port), `sip_domain`, `sip_devices`, `ca`
    #[arg(long, value_name = "FILE")]
    endpoints: Option<PathBuf>,
    /// Address of the server, host:port
    #[arg(long, value_name = "ADDRESS")]
    server: Option<String>,
    /// How messages travel
    #[arg(long, value_enum, default_value_t = Transport::Tcp)]
    transport: Transport,
    /// What phones register at
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// Address the phones connect from
    #[arg(long, value_name = "IP")]
    pub(crate) source: Option<IpAddr>,
    /// Certificates and authorities the phones trust (PEM); without any they trust every server
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Name the server's certificate has to hold; the host of --server unless given
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// The phones' own certificate for TLS (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Seconds the registrar has to grant
    #[arg(long, value_name = "N", default_value_t = EXPIRES_SECONDS)]
    expires_seconds: u64,
    /// How long after a registration it is refreshed
    #[arg(long, value_name = "SECONDS", default_value_t = REFRESH_SECONDS)]
    refresh_seconds: f64,
    /// Divides the time to the next refresh and ping
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    time_scale: f64,
    /// Ping that often on streams; 0 for never
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    ping_seconds: f64,
    /// Be no Cisco phone: no device parameters, no body
    #[arg(long)]
    plain: bool,
    /// Offer no remotecc
    #[arg(long)]
    no_remotecc: bool,
    /// Number of this flow (RFC 5626)
    #[arg(long, value_name = "N")]
    reg_id: Option<u32>,
    /// Wait to be challenged by each answer, also where an old nonce might still do
    #[arg(long)]
    forgetful: bool,
}

/// The members of an endpoints file that concern SIP; others are for other peers.
#[derive(Default, Deserialize)]
pub(crate) struct Endpoints {
    sip_udp: Option<String>,
    sip_tcp: Option<String>,
    sip_tls: Option<String>,
    pub(crate) sip_domain: Option<String>,
    #[serde(default)]
    pub(crate) sip_devices: Vec<Device>,
    /// Where the headset service is; it ends in `/headset/`.
    pub(crate) headset: Option<String>,
    #[serde(default)]
    nodes: Vec<NodeEndpoints>,
    pub(crate) ca: Option<PathBuf>,
}

/// One node of several.
#[derive(Clone, Default, Deserialize)]
struct NodeEndpoints {
    #[serde(default)]
    name: String,
    headset: Option<String>,
    sip_udp: Option<String>,
    sip_tcp: Option<String>,
    sip_tls: Option<String>,
}

impl Endpoints {
    /// Puts the node that is named, by its name, the first part of it or its number, before the others.
    pub(crate) fn begin_with(&mut self, wanted: Option<&str>) {
        let number: Option<usize> = wanted.and_then(|it| it.parse().ok());
        let found = self.nodes.iter().enumerate().position(|(at, node)| {
            Some(node.name.as_str()) == wanted
                || node.name.split('.').next() == wanted
                || number == Some(at + 1)
        });
        if let Some(at) = found {
            self.nodes.rotate_left(at);
        }
    }

    /// Registrars: those of the nodes in order, or the one of all.
    pub(crate) fn registrars(&self, transport: Transport) -> Vec<String> {
        let of_nodes: Vec<_> = self.nodes.iter().filter_map(|it| it.sip(transport)).collect();
        let of_all = match transport {
            Transport::Udp => &self.sip_udp,
            Transport::Tcp => &self.sip_tcp,
            Transport::Tls => &self.sip_tls,
        };
        match of_nodes.is_empty() {
            true => of_all.iter().cloned().collect(),
            false => of_nodes.into_iter().cloned().collect(),
        }
    }

    /// Headset services with the registrar of their node, where a node has both.
    pub(crate) fn headset_places(&self, transport: Transport) -> Vec<(&str, Option<&String>)> {
        let of_node = |node: &'_ NodeEndpoints| node.headset.is_some();
        let of_nodes = self.nodes.iter().filter(|node| of_node(node));
        let places = of_nodes.map(|node| (node.headset.as_deref(), node.sip(transport)));
        let places = places.filter_map(|(base, registrar)| Some((base?, registrar)));
        let places: Vec<_> = places.collect();
        match places.is_empty() {
            true => self.headset.as_deref().map(|base| (base, None)).into_iter().collect(),
            false => places,
        }
    }
}

impl NodeEndpoints {
    fn sip(&self, transport: Transport) -> Option<&String> {
        match transport {
            Transport::Udp => self.sip_udp.as_ref(),
            Transport::Tcp => self.sip_tcp.as_ref(),
            Transport::Tls => self.sip_tls.as_ref(),
        }
    }
}

/// A phone in an endpoints file.
#[derive(Clone, Deserialize)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) user: String,
    #[serde(default)]
    pub(crate) password: String,
    /// What discovery of its headset shows.
    pub(crate) headset_key: Option<String>,
}

/// A server's address and what phones make of it.
pub(crate) struct Settled {
    pub(crate) route: Route,
    pub(crate) origin: Origin,
    pub(crate) settings: Settings,
    pub(crate) endpoints: Endpoints,
}

impl WhereTo {
    /// The way of one phone to one server, all else as phones do.
    pub(crate) fn of_phone(
        server: String,
        transport: Transport,
        domain: Option<String>,
        source: Option<IpAddr>,
        ca: Option<PathBuf>,
    ) -> Self {
        Self {
            endpoints: None,
            server: Some(server),
            transport,
            domain,
            source,
            ca,
            server_name: None,
            certificate: None,
            key: None,
            expires_seconds: EXPIRES_SECONDS,
            refresh_seconds: REFRESH_SECONDS,
            time_scale: 1.0,
            ping_seconds: 0.0,
            plain: false,
            no_remotecc: false,
            reg_id: None,
            forgetful: false,
        }
    }

    /// Looks the server up and reads certificates.
    pub(crate) async fn settle(&self, capture: Option<&Path>) -> Result<Settled, String> {
        let endpoints = match &self.endpoints {
            None => Endpoints::default(),
            Some(path) => read_endpoints(path)?,
        };
        let named = match self.transport {
            Transport::Udp => (&endpoints.sip_udp, "sip_udp"),
            Transport::Tcp => (&endpoints.sip_tcp, "sip_tcp"),
            Transport::Tls => (&endpoints.sip_tls, "sip_tls"),
        };
        let address = self.server.clone().or_else(|| named.0.clone()).ok_or_else(|| {
            format!(
                "neither --server nor a member `{}` in --endpoints says where to register",
                named.1
            )
        })?;
        let host = host_of(&address);
        let server = look_up(&address).await?;
        let server_name = in_certificate(self.server_name.clone().unwrap_or_else(|| host.clone()))?;
        let ca = self.ca.as_ref().or(endpoints.ca.as_ref());
        let own = self.certificate.as_deref().zip(self.key.as_deref());
        let tls = tls::client_config_as(ca.map(PathBuf::as_path), own)?;
        let domain = self.domain.clone().or_else(|| endpoints.sip_domain.clone()).unwrap_or(host);
        for (flag, value) in
            [("--time-scale", self.time_scale), ("--refresh-seconds", self.refresh_seconds)]
        {
            if !value.is_finite() || value <= 0.0 {
                return Err(format!("{flag} {value}: it is a number above 0"));
            }
        }
        let scaled = |seconds: f64| {
            Duration::try_from_secs_f64(seconds / self.time_scale)
                .map_err(|_| format!("{seconds} s is no time"))
        };
        let settings = Settings {
            transport: self.transport,
            domain,
            expires_seconds: self.expires_seconds,
            refresh: scaled(self.refresh_seconds)?,
            ping: match self.ping_seconds > 0.0 {
                true => Some(scaled(self.ping_seconds)?),
                false => None,
            },
            plain: self.plain,
            remotecc: !self.no_remotecc,
            obeys: true,
            flow_number: self.reg_id,
            rport: self.transport == Transport::Udp,
            proves_at_once: !self.forgetful,
            judges_date: true,
        };
        let route = Route {
            transport: self.transport,
            server,
            server_name,
            standby: Vec::new(),
            pause_first: Duration::from_secs(1),
            pause_max: Duration::from_secs(30),
            capture: capture.map(Capture::create).transpose()?,
        };
        let origin = Origin { source: self.source, tls };
        Ok(Settled { route, origin, settings, endpoints })
    }
}

fn host_of(address: &str) -> String {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_matches(['[', ']']).to_owned()
}

fn in_certificate(name: String) -> Result<ServerName<'static>, String> {
    ServerName::try_from(name.clone())
        .map_err(|error| format!("{name:?} cannot be in a certificate: {error}"))
}

/// A further server, `host:port`, with the name in its certificate.
pub(crate) async fn standby(address: &str) -> Result<(SocketAddr, ServerName<'static>), String> {
    Ok((look_up(address).await?, in_certificate(host_of(address))?))
}

/// The first address of `host:port`.
pub(crate) async fn look_up(address: &str) -> Result<SocketAddr, String> {
    let mut found =
        tokio::net::lookup_host(address).await.map_err(|error| format!("{address}: {error}"))?;
    found.next().ok_or_else(|| format!("{address}: no such host"))
}

/// Reads an endpoints file.
pub(crate) fn read_endpoints(path: &Path) -> Result<Endpoints, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    serde_json::from_str(&text).map_err(|error| wrong(&error))
}

/// What `sip-phone` runs.
pub(crate) struct Phones {
    pub(crate) handsets: Vec<Handset>,
    pub(crate) route: Route,
    pub(crate) origin: Origin,
    pub(crate) registers: bool,
    pub(crate) stays: bool,
}

impl SipPhoneArguments {
    /// Checks everything; the error says which flag to change.
    pub(crate) async fn settle(self) -> Result<Phones, String> {
        let settled = self.where_to.settle(self.capture.as_deref()).await?;
        let Settled { route, origin, mut settings, endpoints } = settled;
        settings.obeys = !self.disobey;
        let settings = std::sync::Arc::new(settings);
        let devices = self.devices(&endpoints)?;
        let handsets = devices.iter().map(|device| {
            let identity = Identity::new(&device.name, &device.user, &device.password, &self.model);
            let mut handset = Handset::new(std::sync::Arc::clone(&settings), identity);
            for fault in &self.fault {
                handset.faults.set(*fault, true);
            }
            handset
        });
        Ok(Phones {
            handsets: handsets.collect(),
            route,
            origin,
            registers: !self.wait,
            stays: self.stay,
        })
    }

    fn devices(&self, endpoints: &Endpoints) -> Result<Vec<Device>, String> {
        if self.all_devices {
            return match endpoints.sip_devices.is_empty() {
                true => Err("--all-devices: there are none in --endpoints".to_owned()),
                false => Ok(endpoints.sip_devices.clone()),
            };
        }
        if self.device.is_empty() {
            return Err("--device is needed, or --all-devices".to_owned());
        }
        let devices = self.device.iter().enumerate().map(|(at, name)| {
            let known = endpoints.sip_devices.iter().find(|device| device.name == *name);
            let user = self.user.get(at).cloned();
            let password = self.password.get(at).or(self.password.last()).cloned();
            let is_sound = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_sound || name.contains(['"', '\\', '<', '>']) {
                return Err(format!("--device {name:?}: no phone has such a name"));
            }
            Ok(Device {
                name: name.clone(),
                user: user.or_else(|| Some(known?.user.clone())).unwrap_or_else(|| name.clone()),
                password: password.or_else(|| Some(known?.password.clone())).unwrap_or_default(),
                headset_key: None,
            })
        });
        devices.collect()
    }
}
