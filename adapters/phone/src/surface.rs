//! The phone service as the server runs it: its routes, its readiness, its work beside answering.

use std::collections::{BTreeSet, HashSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AgentCommand, AgentKey, AgentSession, Command, DeviceName, Input, InputId, ReasonCode,
    SignedOutBy, Wish,
};
use engine::surface::{Readiness, Route, Surface};
use engine::{Outcome, Port, Registered, StoreState, SubmitError};
use rustls::crypto::CryptoProvider;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::time::Sleep;

use crate::activity::{Screen, Screens, Silence};
use crate::authentication::Guesses;
use crate::config::{LINK_KEY_PURPOSE, push_basis};
use crate::elsewhere::Elsewhere;
use crate::lines::Lines;
use crate::link::LinkKey;
use crate::metrics::Figures;
use crate::pending::Pending;
use crate::push::{Authorities, Begin, IN_FLIGHT_MAX, Pace};
use crate::texts::Library;
use crate::translate::{ScreenName, Shows};

/// How often silence and owed pushes are looked at.
const TICK: Duration = Duration::from_secs(1);
/// So long events about one agent are waited for before their phone is told of them.
const TOGETHER: Duration = Duration::from_millis(40);
/// For so long a node may be gone before another one follows its phones.
const NEWS: Duration = Duration::from_secs(20);
/// The port of the listener where nothing else is known.
const PORT: u16 = 8445;

/// The phone service.
pub struct Phone {
    pub(crate) port: Port,
    pub(crate) key: LinkKey,
    pub(crate) library: Library,
    pub(crate) figures: Figures,
    pub(crate) provider: Arc<CryptoProvider>,
    /// Under which scheme, host and port phones reach this node that have not asked since it started.
    pub(crate) base: String,
    elsewhere: Mutex<Arc<Elsewhere>>,
    /// Agents whose session another node answers for.
    away: Mutex<HashSet<AgentKey>>,
    pub(crate) pending: Mutex<Pending>,
    pub(crate) screens: Mutex<Screens>,
    pub(crate) pace: Mutex<Pace>,
    pub(crate) authorities: Mutex<Option<Authorities>>,
    pub(crate) guesses: Mutex<Guesses>,
    pub(crate) lines: Mutex<Lines>,
    /// Phones that hung up while their press was carried out.
    pub(crate) unanswered: Mutex<BTreeSet<DeviceName>>,
    pub(crate) permits: Semaphore,
    pub(crate) stopping: AtomicBool,
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("phone service")
    }
}

/// A lock that is held for a moment only, never across a wait; what a panic left behind is still
/// consistent, since every change is one call.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Phone {
    /// The phone service of this node. Phones that were signed in before a restart are pushed to as
    /// if they reached the node under its own name on port 8445, until they ask.
    pub fn new(port: Port) -> Arc<Self> {
        let base = format!("https://{}:{PORT}", port.node());
        Self::with_base(port, base)
    }

    /// The same where phones reach the node under another scheme, host or port, for example
    /// `https://gw-a.example:8446`.
    pub fn with_base(port: Port, base: String) -> Arc<Self> {
        let key = LinkKey::new(&port.link_key(LINK_KEY_PURPOSE));
        let figures = Figures::new(port.metrics());
        Arc::new(Self {
            key,
            library: Library::read(),
            figures,
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            base,
            elsewhere: Mutex::default(),
            away: Mutex::default(),
            pending: Mutex::default(),
            screens: Mutex::default(),
            pace: Mutex::default(),
            authorities: Mutex::default(),
            guesses: Mutex::default(),
            lines: Mutex::default(),
            unanswered: Mutex::default(),
            permits: Semaphore::new(IN_FLIGHT_MAX),
            stopping: AtomicBool::new(false),
            port,
        })
    }

    /// The phone services of other nodes, as of the last look.
    pub(crate) fn elsewhere(&self) -> Arc<Elsewhere> {
        Arc::clone(&locked(&self.elsewhere))
    }

    fn look_elsewhere(&self) {
        let next = Elsewhere::of(&self.port.nodes(), self.port.node());
        let mut elsewhere = locked(&self.elsewhere);
        if **elsewhere != next {
            *elsewhere = Arc::new(next);
        }
    }

    /// Takes up the phones of all agents that are signed in here and whose phones are not known to
    /// show them.
    fn take_up_all(&self) {
        for session in self.port.signed_in() {
            self.take_up(&session);
        }
    }

    /// Takes up the phone of an agent who was signed in before this node started, or whose phone
    /// hung up before the answer to the sign-in: it counts as having asked now.
    fn take_up(&self, session: &AgentSession) {
        let came_over = self.leave_to_others(session);
        let Some(device) = self.is_placed_here(session) else { return };
        let Some(signed_in) = session.signed_in() else { return };
        let Some(proof) = &signed_in.proof else { return };
        let mut screens = locked(&self.screens);
        if screens.of(&device).is_none_or(|screen| screen.holder != session.holder()) {
            let (base, now) = (self.base.as_str(), self.port.now());
            // What changed while nobody answered for it was told to nobody.
            let shows = match came_over && self.has_changed_lately(session) {
                true => Shows::default(),
                false => self.shows(session),
            };
            let shown = (shows, ScreenName::Home);
            let screen = Screen::new(session, shown, proof.address, base, now);
            screens.show(&device, screen);
        }
    }

    /// Forgets what phones show of a session that another node answers for now, where it is that holder's
    /// still; that node follows them. Gives whether the session came from such a node to this one.
    fn leave_to_others(&self, session: &AgentSession) -> bool {
        let node = session.signed_in().map(|signed_in| &signed_in.node);
        if node.is_none_or(|node| node == self.port.node()) {
            return locked(&self.away).remove(&session.agent) && node.is_some();
        }
        locked(&self.away).insert(session.agent.clone());
        let mut screens = locked(&self.screens);
        for device in screens.of_agent(&session.agent) {
            if screens.forget(&device, session.holder()) {
                locked(&self.pace).unwant(&device);
            }
        }
        false
    }

    /// Whether what the agent does may be news to a phone whose node is gone.
    fn has_changed_lately(&self, session: &AgentSession) -> bool {
        let presence = self.port.presence(session);
        presence.is_some_and(|it| self.port.now().since(it.since) <= NEWS)
    }

    async fn follow_changes(self: &Arc<Self>) {
        let mut changes = self.port.changes();
        let mut registrations = self.port.channels().registrations();
        self.take_up_all();
        // What changed before we listened is found by looking.
        self.follow_all().await;
        // A contact-centre server tells one thing in several events; phones are told of them together.
        let mut together: BTreeSet<AgentKey> = BTreeSet::new();
        let mut due = None;
        loop {
            let changed = tokio::select! {
                biased;
                () = until(due.as_mut()) => {
                    due = None;
                    for agent in std::mem::take(&mut together) {
                        self.follow(&agent).await;
                    }
                    continue;
                }
                changed = changes.recv() => changed,
                registered = registrations.recv() => {
                    match registered {
                        Ok(registered) => self.follow_device(&registered).await,
                        Err(broadcast::error::RecvError::Lagged(_)) => self.follow_all().await,
                        Err(broadcast::error::RecvError::Closed) => {
                            return std::future::pending().await;
                        }
                    }
                    continue;
                }
            };
            match changed {
                Ok(agent) => {
                    // Of the states that others own most are of agents who have no session here: those
                    // cost no look into the store.
                    if let Some(session) = self.port.seen_session(&agent) {
                        self.take_up(&session);
                    }
                    if agent.is_owned() {
                        self.follow(&agent).await;
                    } else if !locked(&self.screens).of_agent(&agent).is_empty() {
                        together.insert(agent);
                        due.get_or_insert_with(|| Box::pin(tokio::time::sleep(TOGETHER)));
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.take_up_all();
                    self.follow_all().await;
                }
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }

    async fn follow_all(self: &Arc<Self>) {
        let agents = locked(&self.screens).agents();
        for agent in agents {
            self.follow(&agent).await;
        }
    }

    /// A phone got a channel: what it could not be told before is told now.
    async fn follow_device(self: &Arc<Self>, registered: &Registered) {
        let Registered { device, is_fresh } = registered;
        locked(&self.pace).reach(device);
        let agent = {
            let mut screens = locked(&self.screens);
            if *is_fresh {
                screens.lose(device);
            }
            screens.of(device).map(|screen| screen.agent.clone())
        };
        if let Some(agent) = agent {
            self.follow(&agent).await;
        }
    }

    async fn follow_settings(self: &Arc<Self>) {
        let mut changes = self.port.settings_changes();
        let mut basis = push_basis(&self.port, &self.port.settings());
        while changes.changed().await.is_ok() {
            let next = push_basis(&self.port, &self.port.settings());
            if next != basis {
                basis = next;
                let failed = locked(&self.pace).renew();
                for device in failed {
                    if locked(&self.screens).of(&device).is_some() {
                        self.push(&device, true);
                    }
                }
                self.follow_all().await;
            }
        }
        std::future::pending().await
    }

    async fn watch_silence(self: &Arc<Self>) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.tick().await;
        }
    }

    /// What is due now: silent phones, owed pushes, old sign-ins, figures.
    pub(crate) async fn tick(self: &Arc<Self>) {
        self.look_elsewhere();
        let now = self.port.now();
        let seconds = self.port.settings().phone_service.inactivity_seconds;
        let inactivity = Duration::from_secs(seconds.into());
        let found = locked(&self.screens).silence(now, inactivity);
        for silence in found {
            match silence {
                Silence::Ask(device) => {
                    if self.push(&device, true) == Begin::Held {
                        let silence = locked(&self.screens).ask_failed(&device, now);
                        if let Some(silence) = silence {
                            self.end_silence(silence).await;
                        }
                    }
                }
                sign_out @ Silence::SignOut { .. } => self.end_silence(sign_out).await,
            }
        }
        let unanswered = std::mem::take(&mut *locked(&self.unanswered));
        for device in unanswered {
            let agent = locked(&self.screens).of(&device).map(|screen| screen.agent.clone());
            if let Some(agent) = agent {
                self.follow(&agent).await;
            }
        }
        let due = locked(&self.pace).due(now);
        for device in due {
            if locked(&self.screens).of(&device).is_some() {
                self.push(&device, false);
            } else {
                locked(&self.pace).unwant(&device);
            }
        }
        let pending = {
            let mut pending = locked(&self.pending);
            pending.expire(now);
            pending.count()
        };
        self.show_figures(pending);
        let suppressed = locked(&self.lines).take_suppressed();
        if let Some(lines) = suppressed {
            tracing::info!(
                lines,
                "so many lines about phones stand at debug only, to bound the log"
            );
        }
    }

    /// Whether what strangers or many phones at once may cause is told above `debug` once more.
    pub(crate) fn may_log(&self) -> bool {
        locked(&self.lines).allows(self.port.now())
    }

    fn show_figures(&self, pending: usize) {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.figures.pending.set(count(pending));
        self.figures.screens.set(count(locked(&self.screens).count()));
        let mut states = Vec::new();
        for (_, reason, _) in locked(&self.pace).states() {
            match states.iter_mut().find(|(own, _)| *own == reason) {
                Some((_, count)) => *count += 1,
                None => states.push((reason, 1)),
            }
        }
        self.figures.push_states(&states);
    }

    /// Signs out the agent of a phone that gave no answer (PHN-20).
    pub(crate) async fn end_silence(self: &Arc<Self>, silence: Silence) {
        let Silence::SignOut { device, agent, holder } = silence else { return };
        // Another node may answer for it since; what this one has seen may be old.
        let session = match self.port.session_now(&agent).await {
            Ok(session) => session,
            Err(error) => return self.stays(&device, &agent, &error),
        };
        let session = session.filter(|session| session.holder() == holder);
        if self.port.is_cut_off() {
            // Whoever answers for it now judges that.
            return;
        }
        if session.and_then(|session| self.is_placed_here(&session)).is_none() {
            // It ended meanwhile, or another node answers for it.
            locked(&self.screens).forget(&device, holder);
            return;
        }
        let reason = Some(ReasonCode::CONNECTION_LOST);
        let wish = Wish::ForceSignOut { reason, by: SignedOutBy::System };
        let command =
            AgentCommand { agent: agent.clone(), holder: Some(holder), seen_changes: None, wish };
        let name = format!("{}-{}", holder.number, holder.generation);
        let id = InputId::new("phone-silent", name);
        match self.port.submit(Input::command(id, Command::Agent(command))).await {
            Ok(outcome) => {
                if matches!(outcome, Outcome::Done(_)) {
                    self.figures.inactive.increment();
                    tracing::info!(%device, "an agent's phone was silent and is signed out");
                    tracing::debug!(%agent, %device, "who was signed out");
                }
                if locked(&self.screens).forget(&device, holder) {
                    locked(&self.pace).unwant(&device);
                }
            }
            // The phone stays silent, so the next tick tries again.
            Err(error) => self.stays(&device, &agent, &error),
        }
    }

    fn stays(&self, device: &DeviceName, agent: &AgentKey, error: &SubmitError) {
        if self.may_log() {
            tracing::warn!(%device, %error, "a silent phone stays signed in");
        }
        tracing::debug!(%agent, %device, %error, "who stays signed in");
    }
}

#[async_trait]
impl Surface for Phone {
    fn name(&self) -> &'static str {
        "phone"
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        crate::routes::routes(&self)
    }

    fn readiness(&self) -> Readiness {
        if self.port.is_replaced() {
            return Readiness::Failing("another process runs as this node".to_owned());
        }
        match self.port.store_state() {
            StoreState::Working => Readiness::Ready,
            StoreState::Failing { why, .. } => Readiness::Degraded(why),
        }
    }

    async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = self.follow_changes() => {}
            () = self.follow_settings() => {}
            () = self.watch_silence() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        self.stopping.store(true, Ordering::Release);
    }
}

/// Waits for a time that was set, or for ever.
async fn until(due: Option<&mut Pin<Box<Sleep>>>) {
    match due {
        Some(sleep) => sleep.await,
        None => std::future::pending().await,
    }
}
