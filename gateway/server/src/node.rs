//! One node's life: it starts in order, serves, reloads when asked, and drains.
//!
//! ```text
//!   keys, certificate -> store -> engine -> surfaces -> settings -> listeners -> ready
//!   stop: not ready -> listeners end within a limit -> surfaces -> engine and store closed
//! ```
//!
//! Owns what belongs to the whole process; surfaces and listeners get their share of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::{Problems, Timestamp};
use engine::surface::Surface;
use engine::{
    Authenticator, Clock, Engine, EngineOptions, Metrics, Port, SealingKey, SystemClock,
    SystemRandom,
};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use crate::authentication::{Frame, Pool};
use crate::config::{Config, StoreConfig, check_files};
use crate::http::{HttpMetrics, route_tables};
use crate::log::{LineLimit, LogControl};
use crate::operations::{Health, Operations};
use crate::surfaces::{MakeSurfaces, Push, Surfaces};
use crate::tls::{self, Tls};
use crate::{admin, open_files, sealing_file, secret_file, settings, surfaces, token_file};

mod certificate;
mod error;
mod listeners;
mod notify;
mod signals;
mod supervision;

pub use error::NodeError;
pub use signals::Signals;

use certificate::CertificateState;
use listeners::{Listeners, Serving, Sockets};

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
    pub(crate) log: LogControl,
    pub(crate) started_at: Timestamp,
    pub(crate) certificate: CertificateState,
    sealing: Arc<SealingKey>,
    pool: Arc<Pool>,
    /// One apply or reload at a time.
    changing: Mutex<()>,
}

/// What came of a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reloaded {
    /// What is in force now, in words.
    pub(crate) done: Vec<String>,
    /// What was refused and stays as it was.
    pub(crate) refused: Vec<String>,
}

impl Node {
    /// Starts a node; when this returns, every listener answers.
    pub async fn start(options: Options) -> Result<Self, NodeError> {
        let Options { config, settings_file, first_settings, log, clock, surfaces } = options;
        let now = clock.now();
        prepare_open_files(&config);
        prepare(&config, now)?;
        let sealing = Arc::new(sealing_file::read_or_make(&config.sealing_key_file)?);
        let files = config.certificate_files();
        let loaded = tls::Certificate::load(&files, &config.certificate_names(), now)?;
        let tls = Arc::new(Tls::new(&loaded)?);

        let metrics = Metrics::with_process();
        build_info(&metrics);
        let engine = open_engine(&config, &clock, &sealing, &metrics).await?;
        let pool = Pool::new();
        let lines = LineLimit::default();
        let (accounts, hashing) = (Arc::clone(&engine), Arc::clone(&pool));
        let frame = Frame::new(accounts, hashing, Arc::clone(&clock), &metrics, lines.clone());
        let authenticator: Arc<dyn Authenticator> = Arc::new(frame);
        let port = engine.port(Arc::clone(&authenticator));

        let Surfaces { served, pushes } = surfaces(port.clone(), &config);
        let health = Health::new(Arc::clone(&clock));
        let token = match &config.operations.metrics_token_file {
            Some(file) => Some(token_file::read(file)?),
            None => None,
        };
        let operations =
            Operations::new(Arc::clone(&health), Arc::clone(&engine), metrics.clone(), token);
        let mut surfaces = served.clone();
        surfaces.push(Arc::clone(&operations) as Arc<dyn Surface>);
        health.watch_over(served);

        let http = HttpMetrics::new(&metrics, lines.clone());
        let tables =
            route_tables(&surfaces, &listeners::NAMES, &http).map_err(NodeError::Routes)?;
        let shared = Arc::new(Shared {
            certificate: CertificateState::new(Arc::clone(&tls), &loaded, &metrics),
            started_at: now,
            changing: Mutex::default(),
            config,
            settings_file,
            engine,
            port,
            health,
            pushes,
            log,
            sealing,
            pool,
        });
        shared.apply_at_start(first_settings).await?;

        let sockets = Sockets::bind(&shared.config)?;
        let admin = admin::Socket::bind(&shared.config.admin_socket())?;
        let serving = Serving {
            config: &shared.config,
            tables,
            tls,
            authenticator,
            clock,
            metrics: http,
            lines,
        };
        let listeners = serving.serve(sockets);
        let (stop, stopping) = watch::channel(false);
        let mut others = JoinSet::new();
        supervision::supervise(surfaces, &metrics, &stopping, &mut others);
        others.spawn(admin.serve(Arc::clone(&shared), stopping.clone()));
        others.spawn(certificate::warn_of_expiry(Arc::clone(&shared), stopping));
        operations.observe();
        tracing::info!(
            node = %shared.config.name,
            version = crate::VERSION,
            url = shared.config.phone.base(),
            "ready"
        );
        notify::tell("READY=1");
        Ok(Self { shared, stop, listeners, others })
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
        self.listeners.drain().await;
        self.stop.send_replace(true);
        // Surfaces have nothing in hand without listeners; what hangs must not keep us.
        let drain = self.shared.config.limits.drain + Duration::from_secs(1);
        let ended = async { while self.others.join_next().await.is_some() {} };
        if tokio::time::timeout(drain, ended).await.is_err() {
            tracing::warn!("a surface did not end in time");
            self.others.shutdown().await;
        }
        self.shared.engine.close().await;
        let _ = std::fs::remove_file(self.shared.config.admin_socket());
        tracing::info!("stopped");
    }
}

impl Shared {
    /// Reads certificate and settings files again. What does not verify is refused and stays.
    pub(crate) async fn reload(&self) -> Reloaded {
        let _changing = self.changing.lock().await;
        let mut reloaded = Reloaded::default();
        match self.certificate.reload(&self.config, self.engine.now()) {
            Ok(()) => reloaded.done.push("certificate read".to_owned()),
            Err(error) => {
                tracing::error!(%error, "the certificate was refused, the old one stays");
                reloaded.refused.push(format!("certificate: {error}"));
            }
        }
        if let Some(file) = &self.settings_file {
            match self.apply_file(file).await {
                Ok(applied) => reloaded.done.push(format!("settings number {}", applied.number)),
                Err(error) => {
                    tracing::error!(%error, "the settings were refused, the old ones stay");
                    reloaded.refused.push(format!("settings: {error}"));
                }
            }
        }
        tracing::info!(refused = reloaded.refused.len(), "reloaded");
        reloaded
    }

    /// Applies settings that somebody sent, unless a file rules them.
    pub(crate) async fn apply(
        &self,
        bytes: &[u8],
    ) -> Result<settings::Applied, settings::ApplyError> {
        let _changing = self.changing.lock().await;
        if let Some(file) = &self.settings_file {
            return Err(settings::ApplyError::Refused(format!(
                "this node takes its settings from {}; edit that file and reload",
                file.display()
            )));
        }
        self.applied(bytes).await
    }

    async fn apply_at_start(&self, first: Option<FirstSettings>) -> Result<(), NodeError> {
        if let Some(FirstSettings { bytes, applied }) = first {
            let current = self.engine.settings();
            let noted = std::fs::read_to_string(&applied).ok();
            // Without a source nothing was applied, or not from a file.
            let ours = current.number == 0 || (noted.is_some() && noted == current.source);
            if ours {
                self.applied(&bytes).await?;
                let source = self.engine.settings().source.clone().unwrap_or_default();
                secret_file::write(&applied, source.as_bytes())?;
            }
        }
        if let Some(file) = &self.settings_file {
            self.apply_file(file).await?;
        }
        Ok(())
    }

    async fn apply_file(
        &self,
        file: &std::path::Path,
    ) -> Result<settings::Applied, settings::ApplyError> {
        let bytes = settings::read_file(file).map_err(settings::ApplyError::Problems)?;
        self.applied(&bytes).await
    }

    async fn applied(&self, bytes: &[u8]) -> Result<settings::Applied, settings::ApplyError> {
        let applied = settings::apply(&self.engine, &self.sealing, &self.pool, bytes).await?;
        tracing::info!(number = applied.number, changed = applied.changed, "settings applied");
        Ok(applied)
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
        sealing: Arc::new(sealing),
        node: config.name.clone(),
        metrics: metrics.clone(),
    };
    let Some(engine) = problems.keep("routes", Engine::open(options).await) else { return };
    let lines = LineLimit::default();
    let (accounts, clock_of_frame) = (Arc::clone(&engine), Arc::clone(&clock));
    let frame = Frame::new(accounts, Pool::new(), clock_of_frame, &metrics, lines.clone());
    let Surfaces { mut served, .. } = surfaces::product()(engine.port(Arc::new(frame)), config);
    let health = Health::new(clock);
    served.push(Operations::new(health, Arc::clone(&engine), metrics.clone(), None));
    if let Err(found) = route_tables(&served, &listeners::NAMES, &HttpMetrics::new(&metrics, lines))
    {
        for problem in found.as_slice() {
            problems.add(format!("routes: {}", problem.key), &problem.message);
        }
    }
    engine.close().await;
}

/// A limit that is too low keeps phones out only on the busiest day, so the node starts.
fn prepare_open_files(config: &Config) {
    open_files::raise();
    let mut problems = Problems::default();
    open_files::check(config, &mut problems);
    for problem in problems.as_slice() {
        tracing::warn!(key = problem.key, why = problem.message, "connections may be refused");
    }
}

/// Folders, files and the certificate of a first start; then the checks of `check`, once more.
fn prepare(config: &Config, now: Timestamp) -> Result<(), NodeError> {
    let folder = |source| NodeError::Folder { path: config.state_directory.clone(), source };
    secret_file::make_folder(&config.state_directory).map_err(folder)?;
    let StoreConfig::Sqlite { path } = &config.store;
    if let Some(above) = path.parent() {
        secret_file::make_folder(above).map_err(folder)?;
    }
    if config.certificate.is_none() {
        let names = config.certificate_names();
        if tls::making::self_signed(&config.certificate_files(), &names, now)? {
            tracing::info!("a self-signed certificate was made");
        }
    }
    let mut problems = Problems::default();
    check_files(config, now, &mut problems);
    problems.into_result().map_err(NodeError::Problems)
}

async fn open_engine(
    config: &Config,
    clock: &Arc<dyn Clock>,
    sealing: &Arc<SealingKey>,
    metrics: &Metrics,
) -> Result<Arc<Engine>, NodeError> {
    let StoreConfig::Sqlite { path } = config.store.clone();
    let opened = tokio::task::spawn_blocking(move || store::SqliteStore::open(&path)).await;
    let store = opened.map_err(|_| NodeError::StoreOpening)??;
    let options = EngineOptions {
        store: Arc::new(store),
        clock: Arc::clone(clock),
        random: Arc::new(SystemRandom::new()),
        sealing: Arc::clone(sealing),
        node: config.name.clone(),
        metrics: metrics.clone(),
    };
    Ok(Engine::open(options).await?)
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
