//! The listeners of a node: sockets first, so that what is taken is told before anything runs.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use engine::{Authenticator, Clock};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::provisioning_sockets::{self, ProvisioningSockets};
use super::sip_sockets::SipSockets;
use crate::config::{AcmeConfig, Config};
use crate::http::{HttpMetrics, Proofs, Proxies, RouteTable, Site};
use crate::inherited::{Inherited, Transport, Wanted};
use crate::listener::{self, BindError, Content, Listener, PlainRefusal, Setup};
use crate::log::LineLimit;
use crate::tls::acme::Challenges;
use crate::tls::{DeviceCertificates, Tls};

/// Listeners that routes may name.
pub(super) const NAMES: [&str; 7] =
    ["phone", "console", "headset", "identity", "operations", "provisioning", "provisioning_tls"];

/// Sockets of all listeners.
pub(super) struct Sockets {
    phone: Vec<TcpListener>,
    console: Vec<TcpListener>,
    headset: Vec<TcpListener>,
    identity: Vec<TcpListener>,
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

    /// Whether browsers can reach the identity service here.
    pub(super) fn serve_identity(&self) -> bool {
        !self.identity.is_empty()
    }

    /// Takes those of SIP out.
    pub(super) fn take_sip(&mut self) -> SipSockets {
        std::mem::take(&mut self.sip)
    }

    /// Takes that of TFTP out.
    pub(super) fn take_tftp(&mut self) -> Vec<UdpSocket> {
        std::mem::take(&mut self.provisioning.tftp)
    }

    /// Takes what was handed over and belongs to a listener of `config`, closes the rest of it, and binds
    /// what is missing. The supervisor keeps all of them from here on, where there is one that does.
    pub(super) fn bind(config: &Config, mut inherited: Inherited) -> Result<Self, BindError> {
        inherited.keep_only(&wanted(config));
        let phone = &config.phone;
        let inherited = &mut inherited;
        let refusal = plain(config, phone.refusal_port);
        let refusal = listener::bind("phone_refusal", &refusal, phone.addresses_chosen, inherited)?;
        let challenges = plain(config, config.acme.as_ref().and_then(AcmeConfig::http_port));
        let challenges = listener::bind("acme", &challenges, phone.addresses_chosen, inherited)?;
        let operations = &config.operations;
        let headset = &config.headset;
        let bound =
            listener::bind("headset", &headset.addresses, headset.addresses_chosen, inherited);
        let headset = listener::unless_taken(headset.chosen, "headset", bound)?;
        let identity = &config.identity;
        let bound =
            listener::bind("identity", &identity.addresses, identity.addresses_chosen, inherited);
        let console = &config.console;
        let sockets = Self {
            headset,
            identity: listener::unless_taken(identity.chosen, "identity", bound)?,
            phone: listener::bind("phone", &phone.addresses, phone.addresses_chosen, inherited)?,
            console: listener::bind(
                "console",
                &console.addresses,
                console.addresses_chosen,
                inherited,
            )?,
            operations: listener::bind(
                "operations",
                &operations.addresses,
                operations.addresses_chosen,
                inherited,
            )?,
            refusal,
            challenges,
            sip: SipSockets::bind(&config.sip, inherited)?,
            provisioning: ProvisioningSockets::bind(&config.provisioning, inherited)?,
        };
        inherited.have_kept(sockets.each());
        Ok(sockets)
    }

    /// All of them, under the names of their listeners.
    fn each(&self) -> impl Iterator<Item = (&'static str, BorrowedFd<'_>)> {
        let streams = [
            ("phone", &self.phone),
            ("console", &self.console),
            ("headset", &self.headset),
            ("identity", &self.identity),
            ("operations", &self.operations),
            ("phone_refusal", &self.refusal),
            ("acme", &self.challenges),
        ];
        let streams = streams
            .into_iter()
            .flat_map(|(name, sockets)| sockets.iter().map(move |socket| (name, socket.as_fd())));
        streams.chain(self.sip.each()).chain(self.provisioning.each())
    }
}

/// What listens by that configuration.
pub(super) fn wanted(config: &Config) -> Vec<Wanted> {
    let challenges = config.acme.as_ref().and_then(AcmeConfig::http_port);
    let (refusal, challenges) =
        (plain(config, config.phone.refusal_port), plain(config, challenges));
    let (sip, provisioning) = (&config.sip, &config.provisioning);
    let listeners: [(_, _, &[SocketAddr]); 13] = [
        ("phone", Transport::Tcp, &config.phone.addresses),
        ("console", Transport::Tcp, &config.console.addresses),
        ("headset", Transport::Tcp, &config.headset.addresses),
        ("identity", Transport::Tcp, &config.identity.addresses),
        ("operations", Transport::Tcp, &config.operations.addresses),
        ("phone_refusal", Transport::Tcp, &refusal),
        ("acme", Transport::Tcp, &challenges),
        ("sip_udp", Transport::Udp, &sip.udp),
        ("sip_tcp", Transport::Tcp, &sip.tcp),
        ("sip_tls", Transport::Tcp, &sip.tls),
        ("tftp", Transport::Udp, &provisioning.tftp),
        ("provisioning", Transport::Tcp, &provisioning.http),
        ("provisioning_tls", Transport::Tcp, &provisioning.https),
    ];
    let each = listeners.into_iter().flat_map(|(listener, transport, addresses)| {
        addresses.iter().map(move |&address| Wanted { listener, transport, address })
    });
    each.collect()
}

/// Where a plain port beside that of phones listens.
fn plain(config: &Config, port: Option<u16>) -> Vec<SocketAddr> {
    let addresses = config.phone.addresses.iter();
    let at = |port| addresses.map(|address| SocketAddr::new(address.ip(), port)).collect();
    port.map(at).unwrap_or_default()
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
        let base = self.config.identity.base();
        let identity = self.site("identity", base, Proxies::configured(self.config));
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
        if !sockets.identity.is_empty() {
            let tls = Some(Arc::clone(&self.console_tls));
            let served = self.listener("identity", tls, false, identity);
            listeners.peers.spawn(served.serve(sockets.identity, stop.subscribe(), abort()));
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Ports of their own, so that nothing else has them.
    fn config() -> Config {
        let ports: [u16; 13] = std::array::from_fn(|_| {
            let socket = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            socket.local_addr().unwrap().port()
        });
        let at = |place: usize| ports[place];
        let listen = |place| json!({"addresses": ["127.0.0.1"], "port": at(place)});
        let mut phone = listen(0);
        phone["refusal_port"] = at(1).into();
        let value = json!({
            "name": "gw-a.example", "state_directory": "/nowhere",
            "certificate": {"acme": {
                "directory": "https://acme.example/", "terms_agreed": true, "http_port": at(2),
            }},
            "listeners": {
                "phone": phone, "console": listen(3), "headset": listen(4), "identity": listen(12),
                "operations": listen(5),
                "sip": {
                    "addresses": ["127.0.0.1"],
                    "udp_port": at(6), "tcp_port": at(7), "tls_port": at(8),
                },
                "provisioning": {
                    "folder": "/srv", "addresses": ["127.0.0.1"],
                    "tftp_port": at(9), "http_port": at(10), "https_port": at(11),
                },
            },
        });
        Config::read(value, "/".as_ref()).unwrap()
    }

    #[test]
    fn ops_01_every_socket_of_every_listener_survives_a_restart() {
        let config = config();
        let inodes = |sockets: &Sockets| -> Vec<_> {
            let inode = |(name, socket)| (name, rustix::fs::fstat(socket).unwrap().st_ino);
            sockets.each().map(inode).collect()
        };
        let before = Sockets::bind(&config, Inherited::default()).unwrap();
        let wanted = wanted(&config);
        assert_eq!((wanted.len(), before.each().count()), (13, 13));
        let handed = Inherited::of_tests(before.each()).unwrap();
        let sockets = inodes(&before);
        // While those of before are open nothing else can be bound there.
        drop(before);
        let after = Sockets::bind(&config, handed).unwrap();
        assert_eq!(inodes(&after), sockets);
    }
}
