//! The adapter's tasks: they begin with the node, follow the settings, and end when it stops.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::DeviceName;
use domain::settings::{Settings, SipAlgorithm, TrustPurpose};
use engine::Port;
use engine::probe::Probe;
use protocols::sip::digest::{Algorithm, Challenger, ChallengerSettings};
use protocols::sip::registrar::{Registrar, RegistrarSettings};
use protocols::sip::{SubscriptionSettings, Subscriptions, TransactionTimers, Transactions};
use rustls::ServerConfig;
use rustls_pki_types::CertificateDer;
use socket2::SockRef;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::task::JoinSet;

use crate::accept::{self, Acceptor, Offer};
use crate::element::{Element, Judges, State, transaction_limits};
use crate::flows::{Datagrams, Ports, locked};
use crate::limits::{Limits, Listening};
use crate::next_hops::NextHops;
use crate::outgoing::{Delivery, Errand};
use crate::site::Site;
use crate::status::SipStatus;
use crate::tls::Judge;
use crate::tries::Tries;
use crate::{SipEvent, channels, datagram, probe, stream, tls};

/// What nonces are authenticated with.
const NONCE_KEY: &str = "sip_nonce";
/// Nonces whose use is counted.
const NONCES_MAX: usize = 100_000;
/// Bindings of one address of record.
const BINDINGS_PER_ADDRESS_MAX: usize = 8;
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

        let mut trusting = Trusting::of(&settings);
        let configured = trusting.judges().and_then(|(judges, all)| {
            element.set_judges(judges);
            tls::server(Arc::clone(&certificate), &all)
        });
        let configuration = match configured {
            Ok(configuration) => watch::Sender::new(configuration),
            Err(error) => return tracing::error!(%error, "TLS for SIP cannot be set up"),
        };
        let client = |trusting: &Trusting| {
            tls::client(&trusting.next_hops, client_certificate.clone())
                .inspect_err(|error| tracing::debug!(%error, "no TLS towards next hops"))
                .ok()
        };
        element.set_client_tls(client(&trusting));

        let mut tasks = JoinSet::new();
        self.listen(&element, udp, tcp, tls, &configuration, &stop, &mut tasks);
        tasks.spawn(Arc::clone(&element).keep_time(stop.clone()));
        tasks.spawn(channels::run(Arc::clone(&element), stop.clone()));
        self.hops.reconcile(&element);

        let mut changes = self.port.settings_changes();
        let mut stopped = stop.clone();
        let mut observe = tokio::time::interval(OBSERVE_EVERY);
        loop {
            tokio::select! {
                biased;
                () = stream::stopped(&mut stopped) => break,
                _ = observe.tick() => { element.observe(); continue; }
                changed = changes.changed() => if changed.is_err() { break },
            }
            let settings = self.port.settings();
            self.follow(&element, &settings);
            let new = Trusting::of(&settings);
            let has_other_hops = new.next_hops != trusting.next_hops;
            if has_other_hops {
                element.set_client_tls(client(&new));
            }
            if new != trusting {
                let judged = new.judges().and_then(|(judges, all)| {
                    element.set_judges(judges);
                    tls::server(Arc::clone(&certificate), &all)
                });
                match judged {
                    Ok(new) => {
                        configuration.send_replace(new);
                        element.end_proven(has_other_hops);
                    }
                    Err(error) => tracing::error!(%error, "trust for SIP cannot be used"),
                }
            }
            trusting = new;
            self.hops.reconcile(&element);
        }
        self.hops.end().await;
        while tasks.join_next().await.is_some() {}
    }

    fn state(&self, settings: &Settings, limits: &Limits) -> Option<State> {
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
            exchanges: std::collections::HashMap::new(),
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
        let port = |listeners: &[std::net::TcpListener]| {
            listeners.first().and_then(|it| it.local_addr().ok()).map(|it| it.port())
        };
        element.flows().set_ports(Ports { tcp: port(&tcp), tls: port(&tls) });
        for (number, datagrams) in (0_u16..).zip(sockets) {
            for _ in 0..readers {
                let element = Arc::clone(element);
                tasks.spawn(datagram::run(Arc::clone(&datagrams), number, element, stop.clone()));
            }
        }
        let acceptor = Acceptor {
            element: Arc::clone(element),
            handshakes: Arc::new(Semaphore::new(element.limits().handshakes_max)),
            stop: stop.clone(),
        };
        for listener in tcp {
            match TcpListener::from_std(listener) {
                Ok(listener) => {
                    tasks.spawn(accept::run(listener, Offer::Plain, acceptor.clone()));
                }
                Err(error) => tracing::error!(%error, "a SIP listener cannot be used"),
            }
        }
        for listener in tls {
            match TcpListener::from_std(listener) {
                Ok(listener) => {
                    let offer = Offer::Tls(configuration.subscribe());
                    tasks.spawn(accept::run(listener, offer, acceptor.clone()));
                }
                Err(error) => tracing::error!(%error, "a SIP listener cannot be used"),
            }
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

    /// How it stands.
    pub fn status(&self) -> SipStatus {
        self.element.get().map(|element| SipStatus::of(element)).unwrap_or_default()
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
            devices: tls::trusted(settings, TrustPurpose::SipDevices),
            next_hops: tls::trusted(settings, TrustPurpose::SipNextHops),
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
        bindings_per_aor_max: BINDINGS_PER_ADDRESS_MAX,
        bindings_max: limits.bindings_max,
        spread_percent: SPREAD_PERCENT,
        grace: REGISTRATION_GRACE,
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
