//! One node's life: it starts in order, serves, reloads when asked, and drains.
//!
//! ```text
//!   keys, certificate -> store -> engine -> surfaces -> settings -> listeners -> ready
//!   stop: not ready -> others notice -> this node leaves, listeners end within a limit -> surfaces
//!         -> engine and store closed
//! ```
//!
//! Owns what belongs to the whole process; surfaces and listeners get their share of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use directory::{Directories, Keeper};
use dispatch::Alarms;
use domain::{Problems, Timestamp};
use engine::surface::Surface;
use engine::{
    Authenticator, Clock, Engine, EngineOptions, Metrics, Port, SealingKey, SealingKeys,
    SystemClock, SystemRandom, UnsealError,
};
use headset::Headset;
use identity::Identity;
use mail::Mailboxes;
use provisioning::Files;
use sip::Sip;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use crate::admin::mail_tests::MailTests;
use crate::authentication::{Frame, NodeAccounts, Pool};
use crate::config::Config;
use crate::console::{Handle, StoredProofs, Tries, set_up};
use crate::history::{self, History};
use crate::http::{HttpMetrics, RouteTable, route_tables};
use crate::inherited::Inherited;
use crate::log::{LineLimit, LogControl};
use crate::metadata_keeper::{self, MetadataNews};
use crate::operations::{Health, Operations};
use crate::phone_elements::PhoneElements;
use crate::surfaces::{MakeSurfaces, ProbePhone, Push, Sights, Surfaces};
use crate::tls::acme::Challenges;
use crate::tls::certificates::{Certificates, Loaded, Purpose};
use crate::tls::{DeviceCertificates, Tls};
use crate::{admin, opening, sealing_file, surfaces, token_file};

mod alarms;
mod applying;
mod certificate;
mod drift;
mod error;
mod listeners;
mod logging;
mod nodes;
pub(crate) mod notify;
mod preparing;
mod provisioning_sockets;
mod sealing;
mod signals;
mod sip_sockets;
mod supervision;
mod watchdog;

pub(crate) use certificate::useless_trust;
use drift::Drift;
pub(crate) use drift::DriftTold;
pub use error::NodeError;
pub(crate) use signals::Asked;
pub use signals::Signals;

use applying::Applying;
use listeners::{Listeners, Serving, Sockets};

/// How much longer than requests the work of surfaces may take to end.
const SURFACES_MORE: Duration = Duration::from_secs(1);

/// How long a stop waits for a store that is being opened.
const OPENING_MORE: Duration = Duration::from_secs(1);
/// How long the last words to syslog receivers may take.
const SYSLOG_MORE: Duration = Duration::from_secs(2);
/// What the log says of a stop during a start.
const STOPPED_BEFORE: &str = "stopped before it was ready";

/// What a node is started with.
pub struct Options {
    /// Its configuration, read and without problems.
    pub config: Config,
    /// A settings file to apply at start and at every reload; settings are read-only elsewhere.
    pub settings_file: Option<PathBuf>,
    /// Settings to begin with, until somebody applies others.
    pub first_settings: Option<FirstSettings>,
    /// Changes what is logged.
    pub log: LogControl,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Makes the surfaces beside the one for monitoring.
    pub surfaces: MakeSurfaces,
    /// Sockets of the process before this one.
    pub inherited: Inherited,
}

/// Settings to begin with; they do not replace what somebody applied later.
pub struct FirstSettings {
    /// The settings file.
    pub bytes: Vec<u8>,
    /// Where it is noted which of them were applied.
    pub applied: PathBuf,
}

/// A node that serves.
pub struct Node {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    listeners: Listeners,
    others: JoinSet<()>,
}

/// What the admin socket and signals work on.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) settings_file: Option<PathBuf>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) port: Port,
    pub(crate) health: Arc<Health>,
    pub(crate) pushes: Arc<dyn Fn() -> Vec<Push> + Send + Sync>,
    pub(crate) probe_phone: ProbePhone,
    pub(crate) sights: Sights,
    pub(crate) headset: Option<Arc<Headset>>,
    /// The identity service.
    pub(crate) identity: Option<Arc<Identity>>,
    /// What is known of changes of identity providers' metadata.
    pub(crate) metadata: MetadataNews,
    pub(crate) sip: Option<Arc<Sip>>,
    /// Mailboxes of CSQs, as this node reads them.
    pub(crate) mailboxes: Option<Arc<Mailboxes>>,
    files: Option<Arc<dyn Files>>,
    pub(crate) phone_elements: PhoneElements,
    pub(crate) directories: Arc<Directories>,
    pub(crate) keeper: Arc<Keeper>,
    /// Brings figures that are looked up up to date.
    pub(crate) observe: Arc<dyn Fn() + Send + Sync>,
    pub(crate) log: LogControl,
    pub(crate) started_at: Timestamp,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) sealing: Arc<SealingKeys>,
    pub(crate) tries: Arc<Tries>,
    unopened: std::sync::Mutex<Option<sealing::Unopened>>,
    pool: Arc<Pool>,
    /// One apply or reload at a time.
    changing: Mutex<()>,
    /// One backup onto this node's disk at a time.
    pub(crate) backing_up: Mutex<()>,
    drift: Drift,
    /// Tests of mailboxes and mail servers that somebody waits for.
    pub(crate) mail_tests: MailTests,
    pub(crate) alarms: Arc<Alarms>,
    pub(crate) history: History,
}

impl Node {
    /// Starts a node; when this returns, every listener answers.
    pub async fn start(options: Options) -> Result<Self, NodeError> {
        let starting = Starting::prepare(options).await?;
        let applied = starting.apply().await;
        starting.begin(applied).await
    }

    /// Starts a node, unless the process is asked to stop before it serves.
    pub async fn start_unless_stopped(
        options: Options,
        signals: &mut Signals,
    ) -> Result<Option<Self>, NodeError> {
        let mut preparing = Box::pin(Starting::prepare(options));
        let starting = tokio::select! {
            starting = &mut preparing => starting?,
            () = signals.stop() => {
                notify::tell("STOPPING=1");
                // Most stores are open in a moment and can be closed. The check of a large one is
                // not waited for: what it only reads stays as it is.
                if let Ok(Ok(starting)) = tokio::time::timeout(OPENING_MORE, preparing).await {
                    starting.shared.engine.close().await;
                }
                tracing::info!(STOPPED_BEFORE);
                return Ok(None);
            }
        };
        let applied = tokio::select! {
            applied = starting.apply() => applied,
            () = signals.stop() => {
                notify::tell("STOPPING=1");
                starting.shared.engine.close().await;
                tracing::info!(STOPPED_BEFORE);
                return Ok(None);
            }
        };
        starting.begin(applied).await.map(Some)
    }

    /// Serves until the process is asked to stop, then drains.
    pub async fn run(self, mut signals: Signals) {
        signals.until_stopped(&self.shared).await;
        self.stop().await;
    }

    /// Stops accepting, lets requests in hand end, closes the engine and its store.
    pub async fn stop(mut self) {
        notify::tell("STOPPING=1");
        tracing::info!("stopping");
        self.shared.health.drain();
        self.shared.let_others_notice().await;
        // What was this node's goes to others from here on.
        self.shared.engine.leave().await;
        // One limit for all of it, from now on.
        let (too_late, late) = watch::channel(false);
        let drain = self.shared.config.limits.drain;
        let limit = tokio::spawn(async move {
            tokio::time::sleep(drain).await;
            too_late.send_replace(true);
            // Surfaces have nothing in hand without listeners; what hangs must not keep us.
            tokio::time::sleep(SURFACES_MORE).await;
        });
        self.listeners.drain(late).await;
        self.stop.send_replace(true);
        let ended = async { while self.others.join_next().await.is_some() {} };
        tokio::select! {
            biased;
            () = ended => {}
            _ = limit => {
                tracing::warn!("a surface did not end in time");
                self.others.shutdown().await;
            }
        }
        self.shared.engine.close().await;
        let _ = std::fs::remove_file(self.shared.config.admin_socket());
        tracing::info!("stopped");
        self.shared.log.syslog().finish(SYSLOG_MORE).await;
    }
}

impl Shared {
    /// Load balancers look at readiness now and then; until they did, connections still come.
    async fn let_others_notice(&self) {
        let own = self.engine.node();
        if self.engine.nodes().iter().any(|it| it.live && it.node != *own) {
            tokio::time::sleep(self.config.limits.notice).await;
        }
    }
}

/// A node that does not serve yet.
struct Starting {
    shared: Arc<Shared>,
    first_settings: Option<FirstSettings>,
    tables: BTreeMap<&'static str, RouteTable>,
    phone_tls: Arc<Tls>,
    console_tls: Arc<Tls>,
    headset_tls: Arc<Tls>,
    challenges: Option<Arc<Challenges>>,
    authenticator: Arc<dyn Authenticator>,
    clock: Arc<dyn Clock>,
    http: HttpMetrics,
    lines: LineLimit,
    surfaces: Vec<Arc<dyn Surface>>,
    links: Vec<surfaces::Link>,
    metrics: Metrics,
    operations: Arc<Operations>,
    inherited: Inherited,
}

impl Starting {
    /// Opens what the node works on.
    async fn prepare(options: Options) -> Result<Self, NodeError> {
        let Options { config, settings_file, first_settings, log, clock, surfaces, inherited } =
            options;
        let now = clock.now();
        preparing::open_files(&config);
        preparing::prepare(&config, now)?;
        let (sealing, is_new) = sealing_file::read_or_make(&config.sealing_key_file)?;
        let sealing = Arc::new(sealing);
        let loaded = Loaded::read(&config, now)?;
        let tls = |purpose| loaded.tls(purpose).ok_or(NodeError::NoTls);
        let (phone_tls, console_tls) = (tls(Purpose::Phone)?, tls(Purpose::Console)?);
        let headset_tls = tls(Purpose::Headset)?;
        let challenges = loaded.challenges();
        let token = match &config.operations.metrics_token_file {
            Some(file) => Some(token_file::read(file)?),
            None => None,
        };

        let metrics = Metrics::with_process();
        build_info(&metrics);
        log.syslog().observe(&metrics);
        let opened = open_engine(&config, &clock, &sealing, &metrics).await;
        let engine = match opened {
            Err(NodeError::SealingKey { path }) if is_new => {
                // A key that opens nothing would be taken for the right one the next time.
                let _ = std::fs::remove_file(&path);
                return Err(NodeError::SealingKeyMissing { path });
            }
            opened => opened?,
        };
        if let Err(error) = nodes::refuse_second_session(&engine) {
            engine.close().await;
            return Err(error);
        }
        let pool = Pool::new();
        let lines = LineLimit::default();
        let directories = Arc::new(Directories::new(Arc::clone(&clock)));
        directories.record_by(engine.recorder().clone());
        let accounts = NodeAccounts::new(Arc::clone(&engine), Arc::clone(&directories));
        let hashing = Arc::clone(&pool);
        let http = HttpMetrics::new(&metrics, lines.clone());
        let frame = Frame::new(
            accounts,
            hashing,
            Arc::clone(&clock),
            &metrics,
            http.overload(),
            lines.clone(),
        );
        let authenticator: Arc<dyn Authenticator> = Arc::new(frame);
        let port = engine.port(Arc::clone(&authenticator));

        let handle = Handle::default();
        let administration = Arc::new(handle.clone());
        let surfaces = surfaces(port.clone(), &config, administration);
        let Surfaces {
            served,
            pushes,
            probe_phone,
            sights,
            mut links,
            headset,
            identity,
            sip,
            files,
            phone_elements,
            mailboxes,
        } = surfaces;
        let takes_over = settings_file.is_none();
        let keeper = Keeper::new(port.clone(), Arc::clone(&directories), takes_over);
        let keeping = Arc::clone(&keeper);
        links.push(Box::new(move |stop| Box::pin(keeping.run(stop))));
        let health = Health::new();
        let operations =
            Operations::new(Arc::clone(&health), Arc::clone(&engine), metrics.clone(), token);
        let mut surfaces = served.clone();
        surfaces.push(Arc::clone(&operations) as Arc<dyn Surface>);
        health.watch_over(served);

        let tables = match route_tables(&surfaces, &listeners::NAMES, &http) {
            Ok(tables) => tables,
            Err(problems) => {
                engine.close().await;
                return Err(NodeError::Routes(problems));
            }
        };
        let observing = Arc::clone(&operations);
        let shared = Arc::new(Shared {
            observe: Arc::new(move || observing.observe()),
            certificates: Certificates::new(loaded, &config, Arc::clone(&engine), &metrics),
            started_at: now,
            unopened: std::sync::Mutex::default(),
            changing: Mutex::default(),
            backing_up: Mutex::default(),
            drift: Drift::default(),
            mail_tests: MailTests::default(),
            alarms: Alarms::new(port.clone()),
            history: History::default(),
            config,
            settings_file,
            tries: Tries::new(Arc::clone(&engine)),
            engine,
            port,
            health,
            pushes,
            probe_phone,
            sights,
            headset,
            identity,
            metadata: MetadataNews::default(),
            sip,
            mailboxes,
            files,
            phone_elements,
            directories,
            keeper,
            log,
            sealing,
            pool,
        });
        handle.fill(&shared);
        Ok(Self {
            shared,
            first_settings,
            tables,
            phone_tls,
            console_tls,
            headset_tls,
            challenges,
            authenticator,
            clock,
            http,
            lines,
            surfaces,
            links,
            metrics,
            operations,
            inherited,
        })
    }

    /// Brings the settings it is started with into force, as far as they are needed to serve.
    async fn apply(&self) -> Result<Option<Applying>, NodeError> {
        self.shared.apply_at_start(self.first_settings.as_ref()).await
    }

    /// Begins to serve what was applied; where that fails, the store is left closed.
    async fn begin(self, applied: Result<Option<Applying>, NodeError>) -> Result<Node, NodeError> {
        let engine = Arc::clone(&self.shared.engine);
        let begun = applied.and_then(|applying| self.serve(applying));
        if begun.is_err() {
            engine.close().await;
        }
        begun
    }

    /// Opens the sockets and answers; what is left of `applying` goes on meanwhile.
    fn serve(self, applying: Option<Applying>) -> Result<Node, NodeError> {
        let shared = self.shared;
        let mut sockets = Sockets::bind(&shared.config, self.inherited)?;
        let admin = admin::Socket::bind(&shared.config.admin_socket())?;
        let engine = Arc::clone(&shared.engine);
        let in_force = Box::new(move || engine.settings());
        let serving = Serving {
            config: &shared.config,
            tables: self.tables,
            phone_tls: self.phone_tls,
            console_tls: self.console_tls,
            devices: DeviceCertificates::new(in_force, Arc::clone(&self.headset_tls)),
            headset_tls: self.headset_tls,
            challenges: self.challenges,
            authenticator: self.authenticator,
            proofs: Arc::new(StoredProofs::new(
                Arc::clone(&shared.engine),
                Arc::clone(&shared.tries),
                shared.identity.clone(),
            )),
            clock: self.clock,
            metrics: self.http,
            lines: self.lines,
        };
        shared.health.begin();
        if let Some(headset) = &shared.headset {
            headset.set_served(sockets.serve_headsets());
        }
        if let Some(identity) = &shared.identity {
            identity.set_served(sockets.serve_identity());
        }
        nodes::describe(&shared, sockets.serve_headsets());
        sealing::tell_unopened(&shared);
        let sockets_of_sip = sockets.take_sip();
        let sockets_of_tftp = sockets.take_tftp();
        let listeners = serving.serve(sockets);
        let (stop, stopping) = watch::channel(false);
        let mut others = JoinSet::new();
        supervision::supervise(self.surfaces, &self.metrics, &stopping, &mut others);
        for link in self.links {
            others.spawn(link(stopping.clone()));
        }
        if let Some(served) = &shared.sip {
            let listening = sockets_of_sip.listening(&shared.config, &shared.certificates);
            others.spawn(Arc::clone(served).run(listening, listeners.stopping()));
        }
        if let Some(files) = shared.files.clone().filter(|_| !sockets_of_tftp.is_empty()) {
            let limits = provisioning_sockets::limits(&shared.config.provisioning);
            let (metrics, stop) = (self.metrics.clone(), listeners.stopping());
            others.spawn(provisioning::serve(sockets_of_tftp, files, limits, metrics, stop));
        }
        others.spawn(admin.serve(Arc::clone(&shared), stopping.clone()));
        others.spawn(certificate::warn_of_expiry(Arc::clone(&shared), stopping.clone()));
        others.spawn(Arc::clone(&shared.certificates).publish(stopping.clone()));
        if let Some(acme) = shared.certificates.acme() {
            others.spawn(acme.run(Arc::clone(&shared.certificates), stopping.clone()));
        }
        let node = Arc::clone(&shared);
        others.spawn(async move { set_up::at_start(&node).await });
        others.spawn(Arc::clone(&shared.tries).run(stopping.clone()));
        others.spawn(logging::follow(Arc::clone(&shared), stopping.clone()));
        others.spawn(alarms::tell(Arc::clone(&shared), stopping.clone()));
        let figures = alarms::PartFigures::new(&self.metrics);
        others.spawn(alarms::show(Arc::clone(&shared), figures, stopping.clone()));
        others.spawn(metadata_keeper::run(Arc::clone(&shared), stopping.clone()));
        others.spawn(history::keep(Arc::clone(&shared), stopping.clone()));
        if let Some(every) = notify::watchdog() {
            others.spawn(watchdog::run(Arc::clone(&shared.health), every, stopping.clone()));
        }
        if let Some(applying) = applying {
            tracing::info!(
                "serving with the settings of before until the settings file is applied"
            );
            let rest = Arc::clone(&shared).finish_applying(applying);
            let mut stop = stopping;
            others.spawn(async move {
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => {}
                    () = rest => {}
                }
            });
        }
        self.operations.observe();
        tracing::info!(
            name = %shared.config.name,
            version = crate::VERSION,
            url = shared.config.phone.base(),
            "ready"
        );
        notify::tell("READY=1");
        Ok(Node { shared, stop, listeners, others })
    }
}

/// Whether the surfaces of a node with that configuration claim nothing twice; nothing is kept.
pub(crate) async fn check_routes(config: &Config, problems: &mut Problems) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let metrics = Metrics::new();
    let Some(sealing) = SealingKey::generate() else { return };
    let options = EngineOptions {
        store: Arc::new(store::MemoryStore::new()),
        clock: Arc::clone(&clock),
        random: Arc::new(SystemRandom::new()),
        sealing: Arc::new(SealingKeys::new(sealing, [])),
        node: config.name.clone(),
        metrics: metrics.clone(),
    };
    let Some(engine) = problems.keep("routes", Engine::open(options).await) else { return };
    let lines = LineLimit::default();
    let (accounts, clock_of_frame) = (Arc::clone(&engine), Arc::clone(&clock));
    let http = HttpMetrics::new(&metrics, lines.clone());
    let frame = Frame::new(accounts, Pool::new(), clock_of_frame, &metrics, http.overload(), lines);
    let Surfaces { mut served, .. } =
        surfaces::product()(engine.port(Arc::new(frame)), config, Arc::new(Handle::default()));
    let health = Health::new();
    served.push(Operations::new(health, Arc::clone(&engine), metrics.clone(), None));
    if let Err(found) = route_tables(&served, &listeners::NAMES, &http) {
        for problem in found.as_slice() {
            problems.add(format!("routes: {}", problem.key), &problem.message);
        }
    }
    engine.close().await;
}

async fn open_engine(
    config: &Config,
    clock: &Arc<dyn Clock>,
    sealing: &Arc<SealingKeys>,
    metrics: &Metrics,
) -> Result<Arc<Engine>, NodeError> {
    let store = opening::open(&config.store).await?;
    let options = EngineOptions {
        store: Arc::clone(&store),
        clock: Arc::clone(clock),
        random: Arc::new(SystemRandom::new()),
        sealing: Arc::clone(sealing),
        node: config.name.clone(),
        metrics: metrics.clone(),
    };
    let engine = Engine::open(options).await;
    match &engine {
        Ok(engine) => engine.recorder().set_bounds(config.flight_recorder),
        Err(_) => store.close().await,
    }
    engine.map_err(|error| match error {
        engine::OpenError::Sealed(UnsealError::Foreign | UnsealError::Missing { .. }) => {
            NodeError::SealingKey { path: config.sealing_key_file.clone() }
        }
        error => error.into(),
    })
}

fn build_info(metrics: &Metrics) {
    // Whoever builds packages says what of; a build by hand does not know.
    const COMMIT: Option<&str> = option_env!("JACKFIELD_COMMIT");
    const RUSTC: Option<&str> = option_env!("JACKFIELD_RUSTC");
    let labels = ["version", "commit", "rustc"];
    let info = metrics.gauges("jackfield_build_info", "The running program, always 1.", &labels);
    let unknown = |text: Option<&'static str>| text.unwrap_or("unknown");
    info.with(&[crate::VERSION, unknown(COMMIT), unknown(RUSTC)]).set(1);
}

#[cfg(test)]
mod tests;
