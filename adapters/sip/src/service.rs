//! The adapter's tasks: they begin with the node, follow the settings, and end when it stops.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use domain::DeviceName;
use domain::settings::{Settings, SipAlgorithm, TrustPurpose};
use engine::Port;
use engine::probe::Probe;
use protocols::sip::body::remotecc::Request;
use protocols::sip::digest::{Algorithm, Challenger, ChallengerSettings};
use protocols::sip::registrar::{Registrar, RegistrarSettings};
use protocols::sip::{SubscriptionSettings, Subscriptions, TransactionTimers, Transactions};
use rustls::client::ResolvesClientCert;
use rustls::server::ResolvesServerCert;
use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::CertificateDer;
use socket2::SockRef;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;

use crate::accept::{self, Acceptor, Offer, Served};
use crate::device_certificates::{self, Judge};
use crate::element::{Element, Judges, State};
use crate::exchanges::Exchanges;
use crate::flows::{Datagrams, Ports, locked};
use crate::handshakes::Handshakes;
use crate::limits::{Limits, Listening, transaction_limits};
use crate::next_hops::NextHops;
use crate::outgoing::{Delivery, Errand};
use crate::rates::Rates;
use crate::site::Site;
use crate::status::{self, RegisteredDevice, SipStatus};
use crate::supervision::keep_running;
use crate::tries::Tries;
use crate::{SipEvent, channels, datagram, probe, stream, tls};

/// What nonces are authenticated with.
const NONCE_KEY: &str = "sip_nonce";
/// Nonces whose use is counted.
const NONCES_MAX: usize = 100_000;
/// Of a granted lifetime, so that phones do not come back together.
const SPREAD_PERCENT: u32 = 10;
/// How long after its expiry a phone is waited for that refreshes at its own pace.
const REGISTRATION_GRACE: Duration = Duration::from_secs(15);
/// Kernel memory for datagrams that wait to be read.
const RECEIVE_BYTES: usize = 4 * 1024 * 1024;
/// How often figures are brought up to date.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);

/// The adapter.
pub struct Sip {
    port: Port,
    element: OnceLock<Arc<Element>>,
    hops: NextHops,
}

impl std::fmt::Debug for Sip {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sip").finish_non_exhaustive()
    }
}

/// What depends on the trust of the settings.
#[derive(PartialEq, Eq)]
struct Trusting {
    devices: Vec<CertificateDer<'static>>,
    next_hops: Vec<CertificateDer<'static>>,
}

/// What following the settings needs.
struct Following {
    certificate: Arc<dyn ResolvesServerCert>,
    client_certificate: Option<Arc<dyn ResolvesClientCert>>,
    configuration: watch::Sender<Arc<ServerConfig>>,
    /// What is trusted now.
    trusting: Mutex<Option<Trusting>>,
}

impl Following {
    fn client(&self, trusting: &Trusting) -> Option<Arc<ClientConfig>> {
        tls::client(&trusting.next_hops, self.client_certificate.clone())
            .inspect_err(|error| tracing::debug!(%error, "no TLS towards next hops"))
            .ok()
    }
}

impl Sip {
    /// The adapter; it does nothing until it runs.
    pub fn new(port: Port) -> Arc<Self> {
        Arc::new(Self { port, element: OnceLock::new(), hops: NextHops::default() })
    }

    /// Serves until it is to stop; ends when connections have.
    pub async fn run(self: Arc<Self>, listening: Listening, stop: watch::Receiver<bool>) {
        let Listening { udp, tcp, tls, certificate, client_certificate, name, limits } = listening;
        let settings = self.port.settings();
        let Some(state) = self.state(&settings, &limits) else {
            return tracing::error!("SIP is off: the machine gives no randomness");
        };
        let element = Element::new(self.port.clone(), name, limits, state);
        if self.element.set(Arc::clone(&element)).is_err() {
            return tracing::error!("the SIP adapter runs already");
        }
        element.set_site(Site::of(Arc::clone(&settings), &element.name).map(Arc::new));

        let trusting = Trusting::of(&settings);
        let configured = trusting.judges().and_then(|(judges, all)| {
            element.set_judges(judges);
            tls::server(Arc::clone(&certificate), &all)
        });
        let configuration = match configured {
            Ok(configuration) => watch::Sender::new(configuration),
            Err(error) => return tracing::error!(%error, "TLS for SIP cannot be set up"),
        };
        let following = Following {
            certificate,
            client_certificate,
            configuration,
            trusting: Mutex::default(),
        };
        element.set_client_tls(following.client(&trusting));
        *locked(&following.trusting) = Some(trusting);

        let mut tasks = JoinSet::new();
        self.listen(&element, udp, tcp, tls, &following.configuration, &stop, &mut tasks);
        let restarts = element.figures().restarts();
        let (timed, timed_until) = (Arc::clone(&element), stop.clone());
        tasks.spawn(keep_running(restarts.clone(), "time", stop.clone(), move || {
            Arc::clone(&timed).keep_time(timed_until.clone())
        }));
        let (offered, offered_until) = (Arc::clone(&element), stop.clone());
        tasks.spawn(keep_running(restarts.clone(), "screens", stop.clone(), move || {
            channels::run(Arc::clone(&offered), offered_until.clone())
        }));

        let (following, until) = (Arc::new(following), stop.clone());
        let adapter = Arc::clone(&self);
        keep_running(restarts, "settings", stop, move || {
            let (adapter, element) = (Arc::clone(&adapter), Arc::clone(&element));
            let (following, mut until) = (Arc::clone(&following), until.clone());
            async move {
                let mut changes = adapter.port.settings_changes();
                let mut observe = tokio::time::interval(OBSERVE_EVERY);
                // What changed before is found by looking.
                adapter.take_over(&element, &following);
                loop {
                    tokio::select! {
                        biased;
                        () = stream::stopped(&mut until) => return,
                        _ = observe.tick() => { element.observe(); continue; }
                        changed = changes.changed() => if changed.is_err() { return },
                    }
                    adapter.take_over(&element, &following);
                }
            }
        })
        .await;
        self.hops.end().await;
        while tasks.join_next().await.is_some() {}
    }

    /// Takes over the settings in force: who is known, who is trusted, which next hops there are.
    fn take_over(&self, element: &Arc<Element>, following: &Following) {
        let settings = self.port.settings();
        self.follow(element, &settings);
        let new = Trusting::of(&settings);
        let mut trusting = locked(&following.trusting);
        let old = trusting.as_ref();
        let has_other_hops = old.is_none_or(|old| new.next_hops != old.next_hops);
        if has_other_hops {
            element.set_client_tls(following.client(&new));
        }
        if old != Some(&new) {
            let judged = new.judges().and_then(|(judges, all)| {
                element.set_judges(judges);
                tls::server(Arc::clone(&following.certificate), &all)
            });
            match judged {
                Ok(new) => {
                    following.configuration.send_replace(new);
                    element.end_proven(has_other_hops);
                }
                Err(error) => tracing::error!(%error, "trust for SIP cannot be used"),
            }
        }
        *trusting = Some(new);
        drop(trusting);
        self.hops.reconcile(element);
    }

    /// Conversations of which none was begun; `None` without randomness.
    pub(crate) fn state(&self, settings: &Settings, limits: &Limits) -> Option<State> {
        let timers = timers(settings);
        let challenger = Challenger::new(challenger(settings, self.port.link_key(NONCE_KEY)));
        Some(State {
            transactions: Transactions::new(timers, transaction_limits(limits)),
            registrar: Registrar::new(registrar(settings, limits)),
            challenger,
            subscriptions: Subscriptions::new(SubscriptionSettings {
                first_notify: timers.give_up(),
                ..SubscriptionSettings::default()
            }),
            exchanges: Exchanges::new(limits.transactions_max),
            rates: Rates::default(),
            strengths: std::collections::HashMap::new(),
            tries: Tries::default(),
            nonces: std::collections::HashMap::new(),
            held_off: std::collections::HashMap::new(),
        })
    }

    /// Takes over other settings; what goes on goes on.
    fn follow(&self, element: &Arc<Element>, settings: &Arc<Settings>) {
        let site = Site::of(Arc::clone(settings), &element.name).map(Arc::new);
        let before = element.site();
        element.set_site(site);
        if let Some(before) = &before {
            element.dismiss(before);
        }
        if before.as_ref().is_some_and(|before| before.sip == settings.sip) {
            return;
        }
        let mut state = locked(&element.state);
        state.transactions.set_timers(timers(settings));
        state.registrar.set(registrar(settings, element.limits()));
        let of = |settings: &Settings| {
            let sip = &settings.sip;
            (sip.realm().to_owned(), sip.digest_algorithms.clone(), sip.nonce_seconds)
        };
        if before.is_none_or(|before| of(&before.settings) != of(settings)) {
            // Nonces of before are for another realm, or would live for another time.
            let key = self.port.link_key(NONCE_KEY);
            state.challenger = Challenger::new(challenger(settings, key));
        }
        element.settle(state);
    }

    #[expect(clippy::too_many_arguments, reason = "each is one sort of socket or what serves it")]
    fn listen(
        &self,
        element: &Arc<Element>,
        udp: Vec<std::net::UdpSocket>,
        tcp: Vec<std::net::TcpListener>,
        tls: Vec<std::net::TcpListener>,
        configuration: &watch::Sender<Arc<ServerConfig>>,
        stop: &watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) {
        let restarts = element.figures().restarts();
        let readers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut sockets = Vec::new();
        for socket in udp {
            let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BYTES);
            let _ = SockRef::from(&socket).set_send_buffer_size(RECEIVE_BYTES);
            let Ok(socket) = UdpSocket::from_std(socket) else { continue };
            let Ok(local) = socket.local_addr() else { continue };
            sockets.push(Arc::new(Datagrams { socket, local }));
        }
        element.flows().set_datagrams(sockets.clone());
        let streams = |name, listeners: &[std::net::TcpListener]| {
            let at = listeners.iter().filter_map(|it| it.local_addr().ok());
            at.map(|at| (name, at)).collect::<Vec<_>>()
        };
        let mut listeners: Vec<_> = sockets.iter().map(|it| ("udp", it.local)).collect();
        listeners.extend(streams("tcp", &tcp));
        listeners.extend(streams("tls", &tls));
        for (transport, address) in &listeners {
            tracing::info!(transport, %address, "SIP listens");
        }
        element.flows().set_listeners(listeners);
        let port = |listeners: &[std::net::TcpListener]| {
            listeners.first().and_then(|it| it.local_addr().ok()).map(|it| it.port())
        };
        element.flows().set_ports(Ports { tcp: port(&tcp), tls: port(&tls) });
        for (number, datagrams) in (0_u16..).zip(sockets) {
            for _ in 0..readers {
                let (datagrams, element) = (Arc::clone(&datagrams), Arc::clone(element));
                let until = stop.clone();
                tasks.spawn(keep_running(restarts.clone(), "datagrams", stop.clone(), move || {
                    let (datagrams, element) = (Arc::clone(&datagrams), Arc::clone(&element));
                    datagram::run(datagrams, number, element, until.clone())
                }));
            }
        }
        let acceptor = Acceptor {
            element: Arc::clone(element),
            handshakes: Handshakes::new(element.limits()),
            stop: stop.clone(),
        };
        let mut accept = |listener, offer: Offer| match TcpListener::from_std(listener) {
            Ok(listener) => {
                let (served, acceptor) = (Served::new(listener), acceptor.clone());
                tasks.spawn(keep_running(restarts.clone(), "accept", stop.clone(), move || {
                    accept::run(Arc::clone(&served), offer.clone(), acceptor.clone())
                }));
            }
            Err(error) => tracing::error!(%error, "a SIP listener cannot be used"),
        };
        for listener in tcp {
            accept(listener, Offer::Plain);
        }
        for listener in tls {
            accept(listener, Offer::Tls(configuration.subscribe()));
        }
    }

    /// Tells a phone something, and what became of it.
    pub async fn deliver(&self, errand: Errand) -> Delivery {
        match self.element.get() {
            Some(element) => element.deliver(errand).await,
            None => Delivery::Unsendable("SIP is off"),
        }
    }

    /// What happens to phones from now on; who lags is told so. `None` before it runs.
    pub fn events(&self) -> Option<broadcast::Receiver<SipEvent>> {
        self.element.get().map(|element| element.events().subscribe())
    }

    /// What phones ask for from now on, by whom: soft keys and the like. While somebody listens they are told
    /// that it is taken; who lags loses the oldest. `None` before it runs.
    pub fn wishes(&self) -> Option<broadcast::Receiver<(DeviceName, Request)>> {
        self.element.get().map(|element| element.wishes().subscribe())
    }

    /// The names of next hops with a server that can be used now.
    pub fn usable_hops(&self) -> BTreeSet<String> {
        self.element.get().map(|element| element.usable_hops()).unwrap_or_default()
    }

    /// How it stands.
    pub fn status(&self) -> SipStatus {
        self.element.get().map(|element| SipStatus::of(element)).unwrap_or_default()
    }

    /// Everybody who is registered, by address of record.
    pub fn registered(&self) -> Vec<RegisteredDevice> {
        let element = self.element.get();
        element.map(|element| status::registered(element, usize::MAX)).unwrap_or_default()
    }

    /// Tests the way to a phone: is it registered, and does it answer?
    pub async fn probe_device(&self, device: &DeviceName) -> Probe {
        probe::device(self.element.get(), device).await
    }

    /// Tests the servers of a next hop.
    pub async fn probe_next_hop(&self, name: &str) -> Probe {
        probe::next_hop(self.element.get(), name).await
    }
}

impl Trusting {
    fn of(settings: &Settings) -> Self {
        Self {
            devices: device_certificates::trusted(settings, TrustPurpose::SipDevices),
            next_hops: device_certificates::trusted(settings, TrustPurpose::SipNextHops),
        }
    }

    /// Who judges each sort of certificate, and who judges in the handshake, where either may come.
    fn judges(&self) -> Result<(Judges, Judge), rustls::Error> {
        let judges =
            Judges { devices: Judge::of(&self.devices)?, next_hops: Judge::of(&self.next_hops)? };
        let all: Vec<_> = self.devices.iter().chain(&self.next_hops).cloned().collect();
        Ok((judges, Judge::of(&all)?))
    }
}

fn timers(settings: &Settings) -> TransactionTimers {
    let milliseconds = |it: u32| Duration::from_millis(it.into());
    TransactionTimers {
        t1: milliseconds(settings.sip.timer_t1_milliseconds),
        t2: milliseconds(settings.sip.timer_t2_milliseconds),
        t4: milliseconds(settings.sip.timer_t4_milliseconds),
    }
}

fn registrar(settings: &Settings, limits: &Limits) -> RegistrarSettings {
    RegistrarSettings {
        expires_min: settings.sip.expires_seconds_min,
        expires_default: settings.sip.expires_seconds_max.min(3_600),
        expires_max: settings.sip.expires_seconds_max,
        bindings_max: limits.bindings_max,
        spread_percent: SPREAD_PERCENT,
        grace: REGISTRATION_GRACE,
        ..RegistrarSettings::default()
    }
}

fn challenger(settings: &Settings, key: [u8; 32]) -> ChallengerSettings {
    let algorithm = |it: &SipAlgorithm| match it {
        SipAlgorithm::Sha512_256 => Algorithm::Sha512_256,
        SipAlgorithm::Sha256 => Algorithm::Sha256,
        SipAlgorithm::Md5 => Algorithm::Md5,
    };
    ChallengerSettings {
        realm: settings.sip.realm().to_owned(),
        algorithms: settings.sip.digest_algorithms.iter().map(algorithm).collect(),
        nonce_lifetime: Duration::from_secs(settings.sip.nonce_seconds.into()),
        kept_nonces_max: NONCES_MAX,
        key,
    }
}
