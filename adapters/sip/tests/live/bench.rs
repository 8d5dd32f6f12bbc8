//! The adapter in process on loopback sockets, with settings that a test may change, and what it has seen of it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::time::Duration;

use domain::settings::{
    Device, DeviceSip, Documents, SIP_DEVICE_PASSWORD_PURPOSE, Settings, Sip as SipSettings,
    SipDevices, Trust, TrustPurpose,
};
use domain::{Command, DeviceName, Input, InputId, Sealed, Secret};
use engine::testing::{PlainAuthenticator, memory_port};
use engine::{Port, SealingKeys, SystemClock};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sip::{Limits, Listening, Sip, SipEvent};
use tokio::sync::{broadcast, watch};

use crate::authority::Authority;
use crate::peer::Peer;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// What phones register at.
pub(crate) const DOMAIN: &str = "voice.example.com";
/// The node's name.
pub(crate) const NODE: &str = "gw-a.example";
/// Phones that register here.
pub(crate) const FIRST: &str = "SEP001122334455";
pub(crate) const SECOND: &str = "SEP001122334466";

/// A certificate that can be exchanged.
#[derive(Debug)]
pub(crate) struct Shown(pub(crate) RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The adapter, running.
pub(crate) struct Bench {
    pub(crate) port: Port,
    pub(crate) sip: Arc<Sip>,
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
    pub(crate) tls: SocketAddr,
    /// Who signed our certificate.
    pub(crate) authority: Authority,
    pub(crate) shown: Arc<Shown>,
    pub(crate) events: broadcast::Receiver<SipEvent>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
    held: Option<mpsc::Sender<()>>,
}

/// What a bench starts with.
pub(crate) struct Start {
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) address: IpAddr,
}

impl Default for Start {
    fn default() -> Self {
        let limits = Limits { connections_per_source_max: 10_000, ..Limits::default() };
        Self { settings: settings(), limits, address: Ipv4Addr::LOCALHOST.into() }
    }
}

pub(crate) fn sealed(purpose: &str, password: &str) -> Sealed {
    SealingKeys::single([7; 32]).seal(purpose, &Secret::new(password)).unwrap()
}

/// Two phones with the passwords `password-1` and `password-2`.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings {
        sip: Arc::new(SipSettings { domains: vec![DOMAIN.to_owned()], ..Default::default() }),
        ..Settings::default()
    };
    change_device(&mut settings, FIRST, |device| {
        device.lines = vec!["1001".parse().unwrap()];
        device.sip = Some(member("phone-1", Some("password-1")));
    });
    change_device(&mut settings, SECOND, |device| {
        device.sip = Some(member("phone-2", Some("password-2")));
    });
    settings
}

pub(crate) fn member(user: &str, password: Option<&str>) -> DeviceSip {
    DeviceSip {
        user: user.to_owned(),
        password: password.map(|it| sealed(SIP_DEVICE_PASSWORD_PURPOSE, it)),
        address: None,
        next_hop: None,
        proof: None,
        remotecc: false,
    }
}

/// Changes a device, which is made where it is not there.
pub(crate) fn change_device(settings: &mut Settings, name: &str, change: impl FnOnce(&mut Device)) {
    let name: DeviceName = name.parse().unwrap();
    let mut devices: BTreeMap<_, _> = (*settings.devices).clone();
    let mut device = devices.get(&name).map_or_else(
        || Device {
            name: name.clone(),
            description: None,
            lines: Vec::new(),
            profile: false,
            certificate_sha256: None,
            sip: None,
            pair: None,
        },
        |device| (**device).clone(),
    );
    change(&mut device);
    devices.insert(name, Arc::new(device));
    settings.devices = Arc::new(devices);
    settings.sip_devices = SipDevices::default();
}

pub(crate) fn change_sip(settings: &mut Settings, change: impl FnOnce(&mut SipSettings)) {
    let mut sip = (*settings.sip).clone();
    change(&mut sip);
    settings.sip = Arc::new(sip);
}

/// Trusts certificates for a purpose, under that name.
pub(crate) fn trust(settings: &mut Settings, name: &str, purpose: TrustPurpose, pem: Option<&str>) {
    let mut trust: BTreeMap<_, _> = (*settings.trust).clone();
    trust.remove(name);
    if let Some(pem) = pem {
        let entry =
            Trust { name: name.to_owned(), purposes: vec![purpose], certificates: pem.to_owned() };
        trust.insert(name.to_owned(), Arc::new(entry));
    }
    settings.trust = Arc::new(trust);
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Start)) -> Self {
        let mut start = Start::default();
        change(&mut start);
        let Start { settings, limits, address } = start;
        let port =
            memory_port(&settings, Arc::new(PlainAuthenticator), Arc::new(SystemClock)).await;
        let authority = Authority::new("Gateway");
        let shown = Arc::new(Shown(RwLock::new(authority.shown(NODE))));
        let at = SocketAddr::new(address, 0);
        let udp = std::net::UdpSocket::bind(at).unwrap();
        let (tcp, tls) = (listener(at), listener(at));
        udp.set_nonblocking(true).unwrap();
        let places = (udp.local_addr().unwrap(), tcp.local_addr().unwrap(), tls.local_addr());
        let listening = Listening {
            udp: vec![udp],
            tcp: vec![tcp],
            tls: vec![tls],
            certificate: Arc::clone(&shown) as Arc<dyn ResolvesServerCert>,
            client_certificate: None,
            name: NODE.to_owned(),
            limits,
        };
        let sip = Sip::new(port.clone());
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(Arc::clone(&sip).run(listening, stopped));
        let events = loop {
            match sip.events() {
                Some(events) => break events,
                None => tokio::task::yield_now().await,
            }
        };
        let (udp, tcp, tls) = (places.0, places.1, places.2.unwrap());
        Self { port, sip, udp, tcp, tls, authority, shown, events, stop, running, held: None }
    }

    /// Holds a paused clock: it moves by [`Self::pass`] alone, until the patience of real time is over.
    pub(crate) fn hold_time(&mut self) {
        let (held, hold) = mpsc::channel::<()>();
        // While a blocking task runs, the runtime does not move a paused clock.
        tokio::task::spawn_blocking(move || hold.recv_timeout(PATIENCE));
        self.held = Some(held);
    }

    /// Moves the clock, in steps that let everybody see it.
    pub(crate) async fn pass(&self, duration: Duration) {
        let step = Duration::from_millis(500);
        let mut left = duration;
        while !left.is_zero() {
            let now = left.min(step);
            tokio::time::advance(now).await;
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            left -= now;
        }
    }

    /// Puts settings in force that are these, changed.
    pub(crate) async fn change(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = (*self.port.settings()).clone();
        change(&mut settings);
        let documents = Documents(settings.documents());
        let number = self.port.settings().number;
        let command = Command::ApplySettings { documents, source: None };
        let input = Input::command(InputId::new("changed-settings", number), command);
        self.port.submit(input).await.unwrap();
        self.until("newer settings", || self.port.settings().number > number).await;
    }

    pub(crate) async fn until(&self, what: &str, is_so: impl FnMut() -> bool) {
        until(what, is_so).await;
    }

    /// The value of a metric with these labels, as they are printed; 0 where it was never counted.
    pub(crate) fn figure(&self, line: &str) -> u64 {
        let text = String::from_utf8(self.port.metrics().text()).unwrap();
        let found = text.lines().find_map(|it| it.strip_prefix(line)?.trim().parse().ok());
        found.unwrap_or_default()
    }

    pub(crate) async fn udp(&self) -> Peer {
        Peer::udp(self.udp).await
    }

    pub(crate) async fn tcp(&self) -> Peer {
        Peer::tcp(self.tcp).await
    }

    pub(crate) async fn tls(&self) -> Peer {
        Peer::tls(self.tls, &self.authority, None).await.unwrap()
    }

    /// The next event; it must come.
    pub(crate) async fn event(&mut self) -> SipEvent {
        let event = tokio::time::timeout(PATIENCE, self.events.recv()).await;
        event.unwrap_or_else(|_| panic!("no event came")).unwrap()
    }

    /// Stops it while the clock is held; it must end.
    pub(crate) async fn end_without_time(self) {
        let Self { stop, running, held, .. } = self;
        stop.send_replace(true);
        running.await.unwrap();
        drop(held);
    }

    /// Tells it to stop.
    pub(crate) fn stopped(self) -> Self {
        self.stop.send_replace(true);
        self
    }

    /// Whether it ended.
    pub(crate) fn is_over(&self) -> bool {
        self.running.is_finished()
    }

    /// Stops it; it must end.
    pub(crate) async fn end(mut self) {
        self.held = None;
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.running).await.unwrap().unwrap();
    }
}

fn listener(at: SocketAddr) -> std::net::TcpListener {
    let listener = std::net::TcpListener::bind(at).unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

/// Waits for something to be so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = async {
        while !is_so() {
            // No sleep: the clock may be held.
            std::thread::yield_now();
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(PATIENCE, waited).await.is_err() {
        panic!("{what} did not come");
    }
}
