//! The listeners of a node: sockets first, so that what is taken is told before anything runs.

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;

use engine::{Authenticator, Clock};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::provisioning_sockets::{self, ProvisioningSockets};
use super::sip_sockets::SipSockets;
use crate::config::{AcmeConfig, Config};
use crate::http::{HttpMetrics, Proofs, Proxies, RouteTable, Site};
use crate::listener::{self, BindError, Content, Listener, PlainRefusal, Setup};
use crate::log::LineLimit;
use crate::tls::acme::Challenges;
use crate::tls::{DeviceCertificates, Tls};

/// Listeners that routes may name.
pub(super) const NAMES: [&str; 6] =
    ["phone", "console", "headset", "operations", "provisioning", "provisioning_tls"];

/// Sockets of all listeners.
pub(super) struct Sockets {
    phone: Vec<TcpListener>,
    console: Vec<TcpListener>,
    headset: Vec<TcpListener>,
    operations: Vec<TcpListener>,
    /// The plain port that only refuses (PHN-02).
    refusal: Vec<TcpListener>,
    /// The plain port that answers an ACME authority.
    challenges: Vec<TcpListener>,
    /// SIP, which its adapter serves.
    sip: SipSockets,
    /// Files that phones load; TFTP, which its adapter serves, among them.
    provisioning: ProvisioningSockets,
}

/// What all listeners share.
pub(super) struct Serving<'a> {
    pub(super) config: &'a Config,
    pub(super) tables: BTreeMap<&'static str, RouteTable>,
    pub(super) phone_tls: Arc<Tls>,
    pub(super) console_tls: Arc<Tls>,
    pub(super) headset_tls: Arc<Tls>,
    /// Devices that prove themselves by a certificate.
    pub(super) devices: Arc<DeviceCertificates>,
    /// What an ACME authority is answered, where one is configured.
    pub(super) challenges: Option<Arc<Challenges>>,
    pub(super) authenticator: Arc<dyn Authenticator>,
    pub(super) proofs: Arc<dyn Proofs>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: HttpMetrics,
    pub(super) lines: LineLimit,
}

/// Listeners at work; monitoring goes on while the others drain.
pub(super) struct Listeners {
    peers: JoinSet<()>,
    stop_peers: watch::Sender<bool>,
    monitoring: JoinSet<()>,
    stop_monitoring: watch::Sender<bool>,
    abort: watch::Sender<bool>,
}

impl Sockets {
    /// Whether phones can ask here for their headset.
    pub(super) fn serve_headsets(&self) -> bool {
        !self.headset.is_empty()
    }

    /// Takes those of SIP out.
    pub(super) fn take_sip(&mut self) -> SipSockets {
        std::mem::take(&mut self.sip)
    }

    /// Takes that of TFTP out.
    pub(super) fn take_tftp(&mut self) -> Vec<UdpSocket> {
        std::mem::take(&mut self.provisioning.tftp)
    }

    pub(super) fn bind(config: &Config) -> Result<Self, BindError> {
        let phone = &config.phone;
        let plain = |name, port: Option<u16>| match port {
            None => Ok(Vec::new()),
            Some(port) => {
                let mut addresses = phone.addresses.clone();
                addresses.iter_mut().for_each(|address| address.set_port(port));
                listener::bind(name, &addresses, phone.addresses_chosen)
            }
        };
        let refusal = plain("phone_refusal", phone.refusal_port)?;
        let challenges = plain("acme", config.acme.as_ref().and_then(AcmeConfig::http_port))?;
        let operations = &config.operations;
        let headset = &config.headset;
        let bound = listener::bind("headset", &headset.addresses, headset.addresses_chosen);
        Ok(Self {
            headset: listener::unless_taken(headset.chosen, "headset", bound)?,
            phone: listener::bind("phone", &phone.addresses, phone.addresses_chosen)?,
            console: listener::bind(
                "console",
                &config.console.addresses,
                config.console.addresses_chosen,
            )?,
            operations: listener::bind(
                "operations",
                &operations.addresses,
                operations.addresses_chosen,
            )?,
            refusal,
            challenges,
            sip: SipSockets::bind(&config.sip)?,
            provisioning: ProvisioningSockets::bind(&config.provisioning)?,
        })
    }
}

impl Serving<'_> {
    /// Begins to answer on all sockets.
    pub(super) fn serve(mut self, sockets: Sockets) -> Listeners {
        let mut listeners = Listeners {
            peers: JoinSet::new(),
            stop_peers: watch::channel(false).0,
            monitoring: JoinSet::new(),
            stop_monitoring: watch::channel(false).0,
            abort: watch::channel(false).0,
        };
        let abort = || listeners.abort.subscribe();
        let base = self.config.phone.base();
        let refusal = Content::Refusal(Arc::new(PlainRefusal::new(&base)));
        let phone = self.site("phone", base, Proxies::configured(self.config));
        let base = self.config.console.base.clone();
        let console = self.site("console", base, Proxies::configured(self.config));
        let base = self.config.headset.base();
        let headset = self.site("headset", base, Proxies::configured(self.config));
        let port = self.config.operations.addresses.first().map_or(0, |address| address.port());
        // Who may read the metrics without a token is a matter of the connection's own address.
        let base_of_operations = format!("http://{}:{port}", self.config.name);
        let operations = self.site("operations", base_of_operations, Proxies::none());

        let proxied = self.config.phone.proxy_protocol;
        let stop = &listeners.stop_peers;
        let tls = Some(Arc::clone(&self.phone_tls));
        let served = self.listener("phone", tls, proxied, phone);
        listeners.peers.spawn(served.serve(sockets.phone, stop.subscribe(), abort()));
        let tls = Some(Arc::clone(&self.console_tls));
        let served = self.listener("console", tls, false, console);
        listeners.peers.spawn(served.serve(sockets.console, stop.subscribe(), abort()));
        if !sockets.headset.is_empty() {
            let served = Listener::new(Setup {
                devices: Some(Arc::clone(&self.devices)),
                ..self.setup("headset", Some(Arc::clone(&self.headset_tls)), false, headset)
            });
            listeners.peers.spawn(served.serve(sockets.headset, stop.subscribe(), abort()));
        }
        if !sockets.refusal.is_empty() {
            let served = self.listener("phone_refusal", None, proxied, refusal);
            listeners.peers.spawn(served.serve(sockets.refusal, stop.subscribe(), abort()));
        }
        if let Some(challenges) = &self.challenges
            && !sockets.challenges.is_empty()
        {
            let content = Content::Challenges(Arc::clone(challenges));
            let served = self.listener("acme", None, false, content);
            listeners.peers.spawn(served.serve(sockets.challenges, stop.subscribe(), abort()));
        }
        let tls = Some(Arc::clone(&self.phone_tls));
        let provisioning = sockets.provisioning;
        for (name, sockets, tls) in [
            ("provisioning", provisioning.http, None),
            ("provisioning_tls", provisioning.https, tls),
        ] {
            if !sockets.is_empty() {
                let base = provisioning_sockets::base(self.config, name);
                let site = self.site(name, base, Proxies::none());
                let served = self.listener(name, tls, false, site);
                listeners.peers.spawn(served.serve(sockets, stop.subscribe(), abort()));
            }
        }
        let served = self.listener("operations", None, false, operations);
        let stop = listeners.stop_monitoring.subscribe();
        listeners.monitoring.spawn(served.serve(sockets.operations, stop, abort()));
        listeners
    }

    fn site(&mut self, name: &'static str, base: String, proxies: Proxies) -> Content {
        Content::Site(Arc::new(Site {
            listener: name,
            routes: self.tables.remove(name).unwrap_or_default(),
            base,
            proxies,
            limits: self.config.limits,
            authenticator: Arc::clone(&self.authenticator),
            proofs: Arc::clone(&self.proofs),
            clock: Arc::clone(&self.clock),
            metrics: self.metrics.clone(),
        }))
    }

    fn listener(
        &self,
        name: &'static str,
        tls: Option<Arc<Tls>>,
        proxy_protocol: bool,
        content: Content,
    ) -> Arc<Listener> {
        Listener::new(self.setup(name, tls, proxy_protocol, content))
    }

    fn setup(
        &self,
        name: &'static str,
        tls: Option<Arc<Tls>>,
        proxy_protocol: bool,
        content: Content,
    ) -> Setup {
        Setup {
            name,
            tls,
            devices: None,
            proxy_protocol,
            trusted_proxies: self.config.trusted_proxies.clone().into(),
            limits: self.config.limits,
            metrics: self.metrics.listener(name),
            clock: Arc::clone(&self.clock),
            lines: self.lines.clone(),
            content,
        }
    }
}

impl Listeners {
    /// Becomes true when they are asked to stop.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop_peers.subscribe()
    }

    /// Stops accepting and lets requests in hand end until `late`; monitoring sees it until the
    /// last moment.
    pub(super) async fn drain(mut self, late: watch::Receiver<bool>) {
        self.stop_peers.send_replace(true);
        ended(&mut self.peers, late.clone(), &self.abort).await;
        self.stop_monitoring.send_replace(true);
        ended(&mut self.monitoring, late, &self.abort).await;
    }
}

/// Waits for the end of all; from `late` on they are cut off.
async fn ended(
    tasks: &mut JoinSet<()>,
    mut late: watch::Receiver<bool>,
    abort: &watch::Sender<bool>,
) {
    let all = async { while tasks.join_next().await.is_some() {} };
    let mut all = std::pin::pin!(all);
    tokio::select! {
        biased;
        () = &mut all => return,
        _ = late.wait_for(|late| *late) => {}
    }
    abort.send_replace(true);
    all.await;
}
