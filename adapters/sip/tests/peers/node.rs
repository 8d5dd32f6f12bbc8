//! Our adapter in this process, with settings of the test, listening at 127.0.0.1.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::settings::{
    Device, DeviceSip, SIP_DEVICE_PASSWORD_PURPOSE, SIP_NEXT_HOP_PASSWORD_PURPOSE, Settings,
    SipAlgorithm, SipNextHop, SipServer, SipTransport,
};
use domain::{DeviceName, Sealed, Secret};
use engine::probe::Probe;
use engine::testing::{PlainAuthenticator, memory_port};
use engine::{SealingKeys, SystemClock};
use protocols::sip::body::remotecc::{ReasonElement, Request, StatusLine};
use protocols::sip::body::{Action, REQUEST_TYPE, Remotecc, SERVICE_CONTROL_TYPE, ServiceControl};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sip::{By, Delivery, Errand, Limits, Listening, NextHopStatus, Sip};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What phones register at where that is us.
pub(crate) const DOMAIN: &str = "gateway.example";
/// What phones register at where that is Kamailio.
pub(crate) const PHONES: &str = "phones.example";
/// The password of every phone, and ours at next hops.
pub(crate) const PASSWORD: &str = "secret";

/// A running adapter.
pub(crate) struct Node {
    pub(crate) sip: Arc<Sip>,
    /// The port, the same one for UDP and TCP.
    pub(crate) port: u16,
    stop: watch::Sender<bool>,
    _task: JoinHandle<()>,
}

/// Shows no certificate: nobody here speaks TLS.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesServerCert for NoCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

/// A port that is reserved before the node starts, so that others can be told of it.
pub(crate) struct Place {
    udp: UdpSocket,
    tcp: TcpListener,
    pub(crate) port: u16,
}

impl Place {
    pub(crate) fn take() -> Self {
        loop {
            let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = tcp.local_addr().unwrap().port();
            let Ok(udp) = UdpSocket::bind(("127.0.0.1", port)) else { continue };
            tcp.set_nonblocking(true).unwrap();
            udp.set_nonblocking(true).unwrap();
            return Self { udp, tcp, port };
        }
    }
}

impl Node {
    /// Starts one with these phones and next hops. SIPp knows MD5 alone.
    pub(crate) async fn start(place: Place, phones: Vec<Device>, hops: Vec<SipNextHop>) -> Self {
        let written = domain::settings::Sip {
            domains: vec![DOMAIN.to_owned()],
            digest_algorithms: vec![SipAlgorithm::Md5],
            next_hops: hops,
            ..domain::settings::Sip::default()
        };
        Self::start_with(place, phones, written).await
    }

    /// Starts one with these phones, SIP set like that.
    pub(crate) async fn start_with(
        place: Place,
        phones: Vec<Device>,
        written: domain::settings::Sip,
    ) -> Self {
        let named = phones.into_iter().map(|device| (device.name.clone(), Arc::new(device)));
        let settings = Settings {
            sip: Arc::new(written),
            devices: Arc::new(named.collect::<BTreeMap<_, _>>()),
            ..Settings::default()
        };
        let port =
            memory_port(&settings, Arc::new(PlainAuthenticator), Arc::new(SystemClock)).await;
        let sip = Sip::new(port);
        let listening = Listening {
            udp: vec![place.udp],
            tcp: vec![place.tcp],
            tls: Vec::new(),
            certificate: Arc::new(NoCertificate),
            client_certificate: None,
            name: "gw-a.example".to_owned(),
            limits: Limits { connections_per_source_max: 5_000, ..Limits::default() },
        };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(Arc::clone(&sip).run(listening, stopped));
        let it = Self { sip, port: place.port, stop, _task: task };
        crate::process::until("the adapter", || it.sip.status().is_on).await;
        it
    }

    /// Where it is.
    pub(crate) fn address(&self) -> String {
        SocketAddr::from(([127, 0, 0, 1], self.port)).to_string()
    }

    /// How its only next hop stands.
    pub(crate) fn hop(&self) -> Option<NextHopStatus> {
        self.sip.status().next_hops.pop()
    }

    /// The port of the first server of the next hop that answers.
    pub(crate) fn hop_port(&self) -> Option<u16> {
        let first = self.hop()?.servers.into_iter().find(|server| server.is_up)?;
        first.peer.map(|peer| peer.port())
    }

    /// Waits for the next hop to answer at that port.
    pub(crate) async fn hop_answers_at(&self, port: u16) {
        let deadline = Instant::now() + crate::process::PATIENCE;
        while self.hop_port() != Some(port) {
            assert!(Instant::now() < deadline, "the next hop: {:?}", self.hop());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sends a phone a REFER.
    pub(crate) async fn refer(&self, device: &str) -> Delivery {
        let shown = StatusLine {
            dialog: None,
            text: "Test".to_owned(),
            timeout_seconds: 3,
            line: 0,
            priority: 1,
        };
        let body = Remotecc::Request(Request::StatusLine(shown)).encode(ReasonElement::default());
        self.deliver(device, By::Refer, REQUEST_TYPE, body.unwrap()).await
    }

    /// Sends a phone a NOTIFY; it names no registration that there is, which SIPp does not mind.
    pub(crate) async fn notify(&self, device: &str) -> Delivery {
        let body = ServiceControl::new(Action::CheckVersion, "of-another-registration").encode();
        let by = By::Notify("service-control".to_owned());
        self.deliver(device, by, SERVICE_CONTROL_TYPE, body.unwrap()).await
    }

    async fn deliver(&self, device: &str, by: By, content_type: &str, body: Bytes) -> Delivery {
        let (device, content_type) = (device.parse().unwrap(), content_type.to_owned());
        self.sip.deliver(Errand { device, by, content_type, body, needs_remotecc: false }).await
    }

    /// Tests the way to a phone.
    pub(crate) async fn probe(&self, device: &str) -> Probe {
        self.sip.probe_device(&device.parse().unwrap()).await
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// The name of a phone by its number.
pub(crate) fn phone_name(number: usize) -> String {
    format!("SEP{number:012X}")
}

/// The user of a phone by its number.
pub(crate) fn user(number: usize) -> String {
    format!("u{number:05}")
}

/// Users with their passwords.
pub(crate) fn users(count: usize) -> Vec<(String, String)> {
    (1..=count).map(|number| (user(number), PASSWORD.to_owned())).collect()
}

/// A phone that registers with us.
pub(crate) fn registering(number: usize) -> Device {
    let secret = seal(SIP_DEVICE_PASSWORD_PURPOSE);
    device(number, Some(secret), None, None)
}

/// A phone that is registered behind a next hop.
pub(crate) fn behind(number: usize, hop: &str) -> Device {
    let address = format!("sip:{}@{PHONES}", user(number));
    device(number, None, Some(address), Some(hop.to_owned()))
}

fn device(
    number: usize,
    password: Option<Sealed>,
    address: Option<String>,
    next_hop: Option<String>,
) -> Device {
    let name: DeviceName = phone_name(number).parse().unwrap();
    let sip =
        DeviceSip { user: user(number), password, address, next_hop, proof: None, remotecc: false };
    Device {
        name,
        description: None,
        lines: Vec::new(),
        profile: false,
        certificate_sha256: None,
        sip: Some(sip),
        pair: None,
    }
}

/// A next hop with servers at those ports of Kamailio's address; what differs is changed by the test.
pub(crate) fn next_hop(name: &str, ports: &[u16], transport: SipTransport) -> SipNextHop {
    let server = |port: &u16| SipServer { host: crate::kamailio::ADDRESS.to_owned(), port: *port };
    SipNextHop {
        name: name.to_owned(),
        servers: ports.iter().map(server).collect(),
        transport,
        // Below what may be set, so that a loss is noticed soon.
        ping_seconds: 1,
        user: Some("gateway".to_owned()),
        password: Some(seal(SIP_NEXT_HOP_PASSWORD_PURPOSE)),
        realms: vec![PHONES.to_owned()],
        register_as: None,
        route: Vec::new(),
        trusted: true,
    }
}

fn seal(purpose: &str) -> Sealed {
    // The key of engines in memory.
    SealingKeys::single([7; 32]).seal(purpose, &Secret::new(PASSWORD)).unwrap()
}
