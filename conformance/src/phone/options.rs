//! The command line of the phone and the endpoints file, made into settings with nothing left to check.
//!
//! A flag wins over the file. Without a local address given, a phone whose gateway is on loopback
//! takes an address of its own in 127.0.0.0/8, made from its device name, so that many phones can
//! listen on one port of one machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::handset::{Identity, encoded};
use super::model::Model;
use super::network::{Network, lookup};
use super::uri::with_parameter;
use super::web::Fault;
use crate::headset::{Around, HeadsetArguments, HeadsetSettings};
use crate::tls;

/// Be a Cisco IP phone for XML services.
///
/// Without --script the phone is drawn in the terminal and opens its service at once: F1 to F5 or the
/// digits press soft keys, arrows and Enter choose, typing fills fields, Esc leaves the application,
/// s opens the service anew, q quits. With --headset, m presses the mute key, c takes a call or ends it,
/// u unplugs the headset or plugs it in.
///
/// Every departure of the gateway from the documents of IP phone services is shown as a violation.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = "Examples:\n  \
    jackfield-peers phone --endpoints endpoints.json --device SEP001122334455 --model CP-8845\n  \
    jackfield-peers phone --url https://gw.example:8445/fippa/ --ca gateway.pem \\\n      \
    --device SEP001122334455 --model CP-7841 --id 1001 --extension 2001\n  \
    jackfield-peers phone --endpoints endpoints.json --device SEP001122334455 --model CP-7942G \\\n      \
    --tls-anyway\n  \
    jackfield-peers phone --endpoints endpoints.json --node node-b --device SEP001122334455 \\\n      \
    --model CP-8845\n  \
    echo '{\"services\":true}' | jackfield-peers phone --script --url ... --device ... --model ...")]
pub(crate) struct PhoneArguments {
    /// Service URL. `#DEVICENAME#` in it is replaced by the device name, which is appended where the
    /// URL ends in `/fippa/`; a query is kept
    #[arg(long)]
    url: Option<String>,
    /// JSON file that says where the gateway is: `phone` (URL ending in /fippa/), `ca` (PEM file),
    /// `phone_push` (port, user, password), `phone_authentication` (URL), `phone_ca` (certificate,
    /// key: PEM files); `nodes` lists several, each with `name`, `phone` and `phone_authentication`
    #[arg(long, value_name = "FILE")]
    endpoints: Option<PathBuf>,
    /// Which of the nodes in --endpoints the phone's service is at: a name, its first part, or a number
    /// from 1; the first one unless named
    #[arg(long, value_name = "NODE", requires = "endpoints")]
    node: Option<String>,
    /// Device name, such as SEP001122334455
    #[arg(long)]
    device: String,
    /// Model, such as CP-8845; `jackfield-peers models` lists them
    #[arg(long)]
    model: String,
    /// Agent ID that a subscription on the call manager would put into the URL
    #[arg(long)]
    id: Option<String>,
    /// Extension that a subscription would put into the URL
    #[arg(long)]
    extension: Option<String>,
    /// Password that a subscription would put into the URL
    #[arg(long)]
    password: Option<String>,
    /// PEM file of certificates the phone trusts; without any, certificates are not checked
    #[arg(long, value_name = "PEM")]
    ca: Option<PathBuf>,
    /// Port of the phone's web server, which takes pushes; a free one unless named here or in --endpoints
    #[arg(long, value_name = "PORT")]
    push_port: Option<u16>,
    /// URL the phone asks whether a push may be done; /phone-auth beside the service unless named here
    /// or in --endpoints; an empty one lets every push in
    #[arg(long, value_name = "URL")]
    authentication_url: Option<String>,
    /// Authority that issues the certificate of the phone's web server
    #[arg(long, value_name = "PEM", requires = "phone_ca_key")]
    phone_ca_certificate: Option<PathBuf>,
    /// Key of that authority
    #[arg(long, value_name = "PEM", requires = "phone_ca_certificate")]
    phone_ca_key: Option<PathBuf>,
    /// Language of the phone's user
    #[arg(long, default_value = "en-US")]
    locale: String,
    /// The phone's web server is off: nobody can push
    #[arg(long)]
    no_web_access: bool,
    /// The web server's certificate is self-signed, whatever authority is configured
    #[arg(long)]
    no_push_certificate: bool,
    /// The web server speaks plain HTTP instead of HTTPS
    #[arg(long)]
    push_plain: bool,
    /// Let a 69xx or 79xx speak TLS 1.2 and 1.3, which a real one cannot, to look at its screens without
    /// a proxy
    #[arg(long)]
    tls_anyway: bool,
    /// Local address of the phone's requests and of its web server
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,
    /// Address of a host name that DNS does not know; may be repeated
    #[arg(long, value_name = "HOST=ADDRESS")]
    resolve: Vec<String>,
    /// What is wrong with the phone's web server
    #[arg(long)]
    fault: Option<Fault>,
    /// Hold back the pages' own refreshes, like a phone whose user opened another application
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    headset: HeadsetArguments,
    /// Take commands as JSON lines from standard input and report as JSON lines
    #[arg(long)]
    pub(crate) script: bool,
    /// Exit with 3 after any violation, with 4 after any command that could not be done
    #[arg(long)]
    pub(crate) strict_exit: bool,
}

/// The members of an endpoints file that concern a phone; others are for other peers.
#[derive(Clone, Default, Deserialize)]
struct Endpoints {
    phone: Option<String>,
    ca: Option<PathBuf>,
    phone_push: Option<PhonePush>,
    phone_authentication: Option<String>,
    phone_ca: Option<PhoneCa>,
    #[serde(default)]
    nodes: Vec<NodeEndpoints>,
}

/// One node of several.
#[derive(Clone, Deserialize)]
struct NodeEndpoints {
    name: String,
    phone: String,
    phone_authentication: Option<String>,
}

impl Endpoints {
    /// The same file as it is for a phone whose service is at that node.
    fn at(mut self, wanted: &str) -> Result<Self, String> {
        let number: Option<usize> = wanted.parse().ok();
        let found = self.nodes.iter().enumerate().find(|(at, node)| {
            node.name == wanted
                || node.name.split('.').next() == Some(wanted)
                || number == Some(at + 1)
        });
        let Some((_, node)) = found else {
            let names: Vec<_> = self.nodes.iter().map(|node| node.name.as_str()).collect();
            return Err(format!(
                "--node {wanted:?} is none of the nodes in --endpoints: {}",
                names.join(", ")
            ));
        };
        self.phone = Some(node.phone.clone());
        self.phone_authentication = node.phone_authentication.clone();
        Ok(self)
    }
}

#[derive(Clone, Deserialize)]
struct PhonePush {
    port: Option<u16>,
    user: Option<String>,
}

#[derive(Clone, Deserialize)]
struct PhoneCa {
    certificate: PathBuf,
    key: PathBuf,
}

/// Everything a phone needs to start.
pub(crate) struct Settings {
    pub(crate) identity: Identity,
    pub(crate) prefilled_password: Option<String>,
    pub(crate) network: Network,
    pub(crate) web: Option<WebSettings>,
    pub(crate) fault: Option<Fault>,
    pub(crate) quiet: bool,
    pub(crate) headset: Option<HeadsetSettings>,
    /// Worth a line at the start.
    pub(crate) warnings: Vec<String>,
}

/// The phone's web server.
pub(crate) struct WebSettings {
    pub(crate) listen: SocketAddr,
    /// `None` for plain HTTP.
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) authentication_url: Option<String>,
    pub(crate) expected_user: Option<String>,
    pub(crate) extension: Option<String>,
}

impl PhoneArguments {
    /// Checks everything; the error says which flag or member to change.
    pub(crate) async fn settle(self) -> Result<Settings, String> {
        let endpoints = match &self.endpoints {
            None => Endpoints::default(),
            Some(path) => {
                let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
                let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
                let read: Endpoints = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
                match &self.node {
                    Some(node) => read.at(node)?,
                    None => read,
                }
            }
        };
        let model = Model::find(&self.model).ok_or_else(|| {
            format!("--model {:?} is unknown; `jackfield-peers models` lists them", self.model)
        })?;
        check_device(&self.device)?;
        let base = self.url.clone().or(endpoints.phone).ok_or(
            "neither --url nor a member `phone` in --endpoints says which service to open",
        )?;
        let prefill = [
            ("id", self.id.as_deref()),
            ("extension", self.extension.as_deref()),
            ("password", self.password.as_deref()),
        ];
        let service_url = service_url(&base, &self.device, &prefill)?;
        let resolve = read_resolve(&self.resolve)?;
        let mut warnings = Vec::new();
        let ca = self.ca.or(endpoints.ca);
        if ca.is_none() && service_url.starts_with("https://") {
            warnings.push(
                "the gateway's certificate is not checked: name the certificates to trust with --ca"
                    .to_owned(),
            );
        }
        let source = match self.bind {
            Some(address) => Some(address),
            None => local_address(&service_url, &self.device, &resolve).await,
        };
        let push = endpoints.phone_push;
        let port = self.push_port.or(push.as_ref().and_then(|push| push.port)).unwrap_or(0);
        let authority = match (self.phone_ca_certificate, self.phone_ca_key, endpoints.phone_ca) {
            (Some(certificate), Some(key), _) => Some((certificate, key)),
            (_, _, from_file) => from_file.map(|ca| (ca.certificate, ca.key)),
        };
        let web = if self.no_web_access {
            None
        } else {
            let authority = authority
                .as_ref()
                .filter(|_| !self.no_push_certificate)
                .map(|(certificate, key)| (certificate.as_path(), key.as_path()));
            let server = tls::server_config(&self.device, authority)?;
            Some(WebSettings {
                listen: SocketAddr::new(source.unwrap_or(unspecified()), port),
                tls: (!self.push_plain).then_some(server),
                authentication_url: self
                    .authentication_url
                    .or(endpoints.phone_authentication)
                    .or_else(|| authentication_url(&service_url))
                    .filter(|url| !url.is_empty()),
                expected_user: push.and_then(|push| push.user),
                extension: self.extension.clone(),
            })
        };
        let headset_authority =
            authority.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()));
        let around = Around {
            device: &self.device,
            endpoints: self.endpoints.as_deref(),
            node: self.node.as_deref(),
            ca: ca.as_deref(),
            authority: headset_authority,
            source,
            resolve: &resolve,
        };
        let headset = self.headset.settle(&around).await?;
        Ok(Settings {
            prefilled_password: prefilled_password(&service_url),
            identity: Identity {
                model,
                device: self.device,
                service_url: Some(service_url),
                locale: self.locale,
            },
            network: Network {
                tls: tls::client_config(ca.as_deref())?,
                source,
                resolve,
                model,
                tls_anyway: self.tls_anyway,
            },
            web,
            fault: self.fault,
            quiet: self.quiet,
            headset,
            warnings,
        })
    }
}

fn check_device(device: &str) -> Result<(), String> {
    let fits = (1..=15).contains(&device.len())
        && device.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    fits.then_some(()).ok_or_else(|| {
        format!("--device {device:?} must be 1 to 15 letters, digits, '_', '.' or '-'")
    })
}

/// The URL behind the service key, as the phone's configuration would give it.
fn service_url(
    base: &str,
    device: &str,
    prefill: &[(&str, Option<&str>)],
) -> Result<String, String> {
    let (path, query) = base.split_once('?').map_or((base, None), |(p, q)| (p, Some(q)));
    let mut url = path.replace("#DEVICENAME#", device);
    if url.ends_with("/fippa/") {
        url.push_str(device);
    }
    if let Some(query) = query {
        url = format!("{url}?{}", query.replace("#DEVICENAME#", device));
    }
    for (name, value) in prefill {
        if let Some(value) = value {
            url = with_parameter(&url, &format!("{name}={}", encoded(value)));
        }
    }
    match url.parse::<http::Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() => {
            Ok(url)
        }
        _ => {
            Err(format!("the service URL {base:?} must begin with https:// or http:// and a host"))
        }
    }
}

/// Where the phone asks about pushes if nobody says: beside the service.
fn authentication_url(service_url: &str) -> Option<String> {
    let uri: http::Uri = service_url.parse().ok()?;
    Some(format!("{}://{}/phone-auth", uri.scheme_str()?, uri.authority()?))
}

/// The password in a service URL; none where it equals the ID, which pages may show.
fn prefilled_password(url: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    let value = |wanted: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned())
    };
    let password = value("password").filter(|password| !password.is_empty())?;
    (value("id").as_ref() != Some(&password) && value("extension").as_ref() != Some(&password))
        .then_some(password)
}

fn read_resolve(pairs: &[String]) -> Result<Vec<(String, IpAddr)>, String> {
    pairs
        .iter()
        .map(|pair| {
            pair.split_once('=')
                .and_then(|(name, address)| Some((name.to_owned(), address.parse().ok()?)))
                .ok_or_else(|| format!("--resolve {pair:?} must be HOST=ADDRESS"))
        })
        .collect()
}

/// A loopback address of its own for a phone whose gateway is on loopback.
async fn local_address(
    service_url: &str,
    device: &str,
    resolve: &[(String, IpAddr)],
) -> Option<IpAddr> {
    let uri: http::Uri = service_url.parse().ok()?;
    let addresses = lookup(uri.host()?, 0, resolve).await.ok()?;
    let reachable = addresses.iter().any(SocketAddr::is_ipv4)
        && addresses.iter().all(|address| address.ip().is_loopback());
    reachable.then(|| IpAddr::V4(own_loopback(device)))
}

/// 127.x.y.z from the end of the device name's MAC address, else from all of the name.
fn own_loopback(device: &str) -> Ipv4Addr {
    let tail = device.len().checked_sub(6).and_then(|start| device.get(start..));
    let low = match tail.map(|digits| u32::from_str_radix(digits, 16)) {
        Some(Ok(number)) => number,
        // FNV-1a, whose low 24 bits are good enough to keep a few phones apart.
        _ => device
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)),
    };
    let low = low & 0x00FF_FFFF;
    // 127.0.0.0/16 is where gateways listen, and the very last address is a broadcast.
    let low = if low <= 0xFFFF || low == 0xFF_FFFF { low ^ 0x80_0000 } else { low };
    Ipv4Addr::from(0x7F00_0000 | low)
}

/// All addresses of both families.
fn unspecified() -> IpAddr {
    match std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)) {
        Ok(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        Err(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_url(base: &str, prefill: &[(&str, Option<&str>)], expected: &str) {
        assert_eq!(service_url(base, "SEP001122334455", prefill).as_deref(), Ok(expected));
    }

    #[test]
    fn phn_01_the_phone_puts_its_name_into_the_service_url() {
        let named = "https://gw.example:8445/fippa/SEP001122334455";
        check_url("https://gw.example:8445/fippa/", &[], named);
        check_url("https://gw.example:8445/fippa/#DEVICENAME#", &[], named);
        check_url(named, &[], named);
        let prefilled = format!("{named}?id=1001&password=a%26b");
        check_url(
            "https://gw.example:8445/fippa/?id=1001",
            &[("extension", None), ("password", Some("a&b"))],
            &prefilled,
        );
        assert_eq!(prefilled_password(&prefilled).as_deref(), Some("a&b"));
        assert!(service_url("gw.example/fippa/", "SEP1", &[]).is_err());
    }

    #[test]
    fn phn_13_the_callback_is_beside_the_service() {
        let url = |service: &str| authentication_url(service).unwrap();
        let expected = "https://gw.example:8445/phone-auth";
        assert_eq!(url("https://gw.example:8445/fippa/SEP001122334455?id=1"), expected);
        assert_eq!(url("http://proxy/x"), "http://proxy/phone-auth");
    }

    #[test]
    fn phn_10_the_service_is_at_the_node_that_is_named() {
        let file = || -> Endpoints {
            let node = |name: &str| {
                let base = format!("https://{name}:8445");
                json!({"name": name, "phone": format!("{base}/fippa/"),
                    "phone_authentication": format!("{base}/phone-auth")})
            };
            let nodes = [node("node-a.example"), node("node-b.example")];
            serde_json::from_value(json!({"phone": nodes[0]["phone"], "nodes": nodes})).unwrap()
        };
        for name in ["node-b.example", "node-b", "2"] {
            let found = file().at(name).unwrap();
            assert_eq!(found.phone.as_deref(), Some("https://node-b.example:8445/fippa/"));
            let callback = found.phone_authentication.as_deref();
            assert_eq!(callback, Some("https://node-b.example:8445/phone-auth"));
        }
        let error = file().at("3").err().unwrap();
        assert!(error.contains("node-a.example, node-b.example"), "{error}");
    }

    #[test]
    fn device_names_are_checked() {
        assert!(check_device("SEP001122334455").is_ok());
        for bad in ["", "SEP0011223344556", "SEP 1", "SEP/1"] {
            assert!(check_device(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn phones_on_one_machine_get_addresses_of_their_own() {
        assert_eq!(own_loopback("SEP001122334455"), Ipv4Addr::new(127, 0x33, 0x44, 0x55));
        assert_eq!(own_loopback("SEP000000000001"), Ipv4Addr::new(127, 0x80, 0, 1));
        assert_eq!(own_loopback("SEPFFFFFFFFFFFF"), Ipv4Addr::new(127, 0x7F, 0xFF, 0xFF));
        assert_ne!(own_loopback("CSFANNA"), own_loopback("CSFBERT"));
    }
}
