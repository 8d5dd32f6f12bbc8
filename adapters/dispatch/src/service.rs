//! The work of alarms: looks at parts again and again, keeps what it told, and sends.
//!
//! ```text
//!   every 5 s: look --Seen--> judge --Notice--> waits for each receiver --Letter--> kept --> sent
//!   own parts: every node, whatever the store does; other nodes: the node that holds the lease
//! ```
//!
//! One task owns all of it. A letter is kept before it is sent, and again once it is; in between it may come twice,
//! under the same id. While the store is away a node goes on with its own parts, and says so in its log: what it
//! tells then may be told again after a restart.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::settings::{AlarmReceiver, AlarmSeverity, AlarmState, Settings};
use engine::probe::{Probe, StepOutcome};
use engine::{HeldLease, Port};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::figures::Figures;
use crate::judge::{Event, Notice, PartKey, Seen};
use crate::kept::{self, Book};
use crate::outgoing::{Failed, Failure, Letter};
use crate::receiver::{self, Kind};

/// How often parts are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// A look, or a word with the store, that takes longer is done without.
const PATIENCE: Duration = Duration::from_secs(10);
/// The lease on what nodes share.
const LEASE: &str = "alarms";
const LEASE_LASTS: Duration = Duration::from_secs(30);
/// The book of what nodes share; no node has that name.
const SHARED: &str = "/shared";
/// The sort of part that nodes share: another node.
const SHARED_PART: &str = "nodes";

/// Looks at every part of this node.
pub type Look = Arc<dyn Fn() -> Looking + Send + Sync>;
/// A look that is under way.
pub type Looking = Pin<Box<dyn Future<Output = Vec<Seen>> + Send>>;

/// How a receiver is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverState {
    /// Its name.
    pub name: String,
    /// Why the last try to send failed, in words, where it did.
    pub away: Option<String>,
}

/// Alarms of one node.
pub struct Alarms {
    port: Port,
    figures: Figures,
    away: Mutex<BTreeMap<String, String>>,
}

/// A book in use.
#[derive(Default)]
struct Scope {
    name: String,
    book: Book,
    /// As it was kept last.
    kept: Book,
    /// Whether what was kept before is known.
    is_read: bool,
    is_failing: bool,
}

/// What came of a letter.
struct Done {
    is_shared: bool,
    name: String,
    kind: Kind,
    result: Result<String, Failure>,
}

impl Alarms {
    /// Alarms of the node of that port; they begin with [`Alarms::run`].
    pub fn new(port: Port) -> Arc<Self> {
        let figures = Figures::new(port.metrics());
        Arc::new(Self { port, figures, away: Mutex::default() })
    }

    /// How each receiver of the settings is doing.
    pub fn states(&self) -> Vec<ReceiverState> {
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = self.port.settings();
        let receivers = settings.alarms.receivers.iter();
        let state = |it: &AlarmReceiver| ReceiverState {
            name: it.name.clone(),
            away: away.get(&it.name).cloned(),
        };
        receivers.map(state).collect()
    }

    /// Sends a test to the receiver of that name, past all that waits; `None` where there is none.
    pub async fn probe(&self, name: &str) -> Option<Probe> {
        let settings = self.port.settings();
        let receiver = settings.alarms.receivers.iter().find(|it| it.name == name)?;
        let mut probe = Probe::new(format!("alarm {name}"));
        let Some(id) = new_id(&self.port) else {
            probe.note("random numbers", StepOutcome::Failed, "the machine gives none");
            return Some(probe);
        };
        let at = self.port.now().seconds();
        let notice = Notice {
            event: Event::Test,
            key: PartKey { part: "node".to_owned(), name: Some(self.port.node().to_string()) },
            severity: AlarmSeverity::Warning,
            state: AlarmState::Partial,
            code: "test".to_owned(),
            reason: "a test that an administrator asked for; nothing is amiss".to_owned(),
            since: at,
            at,
        };
        let letter = Letter { id, at, notices: vec![notice], left_out: 0 };
        let sending = async {
            let sent = receiver::send(&self.port, &settings, receiver, &letter).await;
            sent.map(|words| ((), words)).map_err(|failure| failure.words)
        };
        probe.step(format!("send by {}", Kind::of(receiver).name()), sending).await;
        Some(probe)
    }

    /// Works until `stop` becomes true.
    pub async fn run(self: Arc<Self>, look: Look, stop: watch::Receiver<bool>) {
        self.run_every(LOOK, look, stop).await;
    }

    /// The same, looking at parts that often.
    pub async fn run_every(
        self: Arc<Self>,
        every: Duration,
        look: Look,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut changes = self.port.settings_changes();
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut working = Working {
            own: Scope::new(self.port.node().as_str()),
            shared: None,
            lease: self.port.lease(LEASE, LEASE_LASTS),
            settings: self.port.settings(),
            sending: JoinSet::new(),
            alarms: self,
        };
        loop {
            let mut is_time_to_look = false;
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                _ = ticks.tick() => is_time_to_look = true,
                changed = changes.changed() => match changed {
                    Ok(()) => working.follow_settings(),
                    Err(_) => break,
                },
                Some(done) = working.sending.join_next() => match done {
                    Ok(done) => working.finish(done),
                    // A send that broke off says nothing of whose it was.
                    Err(_) => working.each_outgoing(|outgoing| outgoing.break_off()),
                },
            }
            if is_time_to_look {
                working.look(&look).await;
            }
            working.send().await;
        }
        working.keep().await;
        let _ = working.lease.release().await;
    }
}

/// What the one task owns.
struct Working {
    alarms: Arc<Alarms>,
    own: Scope,
    /// There while this node holds the lease.
    shared: Option<Scope>,
    lease: HeldLease,
    settings: Arc<Settings>,
    sending: JoinSet<Done>,
}

impl Working {
    /// Looks at all parts and judges them.
    async fn look(&mut self, look: &Look) {
        self.follow_settings();
        if !self.settings.alarms.is_on() {
            self.own.book.judge = Default::default();
            self.show_open();
            self.shared = None;
            return;
        }
        self.own.read(&self.alarms.port).await;
        self.hold_lease().await;
        let Ok(seen) = timeout(PATIENCE, look()).await else {
            tracing::warn!("parts could not be looked at in time, so no alarm was judged");
            return;
        };
        let now = self.alarms.port.now().seconds();
        let (shared, own): (Vec<_>, Vec<_>) =
            seen.into_iter().partition(|seen| seen.key.part == SHARED_PART);
        self.own.judge(&self.settings, now, &own);
        if let Some(scope) = &mut self.shared {
            scope.judge(&self.settings, now, &shared);
        }
        self.show_open();
    }

    fn show_open(&self) {
        let open = |severity| {
            let shared = self.shared.as_ref().map_or(0, |it| it.book.judge.open(severity));
            self.own.book.judge.open(severity) + shared
        };
        self.alarms.figures.set_open(open);
    }

    /// Where there are other nodes, one of them tells of those that are gone.
    async fn hold_lease(&mut self) {
        let port = &self.alarms.port;
        let is_held = match port.nodes().len() {
            0 | 1 => false,
            _ => match timeout(PATIENCE, self.lease.hold()).await {
                Ok(Ok(lease)) => lease.is_some(),
                Ok(Err(_)) | Err(_) => self.lease.surely().is_some(),
            },
        };
        match (is_held, &mut self.shared) {
            (true, None) => {
                let mut scope = Scope::new(SHARED);
                scope.read(port).await;
                // Without knowing what was told already, nothing is told.
                self.shared = Some(scope).filter(|scope| scope.is_read);
            }
            (true, Some(_)) => {}
            (false, _) => self.shared = None,
        }
    }

    /// Takes in settings in force; what is new about receivers is tried at once.
    fn follow_settings(&mut self) {
        let settings = self.alarms.port.settings();
        let is_same = settings.alarms == self.settings.alarms
            && settings.trust == self.settings.trust
            && settings.proxies == self.settings.proxies;
        self.settings = settings;
        if is_same {
            return;
        }
        self.each_outgoing(|outgoing| outgoing.begin_anew());
        let names: Vec<_> =
            self.settings.alarms.receivers.iter().map(|it| it.name.clone()).collect();
        let is_on = self.settings.alarms.is_on();
        for scope in [Some(&mut self.own), self.shared.as_mut()].into_iter().flatten() {
            scope.book.outgoing.retain(|name, _| is_on && names.contains(name));
        }
        let mut away = self.alarms.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.retain(|name, _| is_on && names.contains(name));
    }

    fn each_outgoing(&mut self, mut change: impl FnMut(&mut crate::outgoing::Outgoing)) {
        for scope in [Some(&mut self.own), self.shared.as_mut()].into_iter().flatten() {
            scope.book.outgoing.values_mut().for_each(&mut change);
        }
    }

    /// Begins to send what is to be sent now, once it is kept.
    async fn send(&mut self) {
        let now = self.alarms.port.now().seconds();
        let settings = Arc::clone(&self.settings);
        let alarms = &settings.alarms;
        let mut letters = Vec::new();
        for (scope, is_shared) in [(Some(&mut self.own), false), (self.shared.as_mut(), true)] {
            let Some(scope) = scope else { continue };
            for receiver in alarms.receivers.iter().filter(|_| alarms.enabled) {
                let Some(outgoing) = scope.book.outgoing.get_mut(&receiver.name) else { continue };
                let id = || new_id(&self.alarms.port);
                if let Some(letter) = outgoing.take(now, alarms.per_minute_max, id) {
                    letters.push((is_shared, receiver.clone(), letter));
                }
            }
        }
        self.keep().await;
        for (is_shared, receiver, letter) in letters {
            let (port, settings) = (self.alarms.port.clone(), Arc::clone(&settings));
            self.sending.spawn(async move {
                let result = receiver::send(&port, &settings, &receiver, &letter).await;
                Done { is_shared, kind: Kind::of(&receiver), name: receiver.name, result }
            });
        }
    }

    /// Takes in what came of a letter.
    fn finish(&mut self, done: Done) {
        let Done { is_shared, name, kind, result } = done;
        let now = self.alarms.port.now().seconds();
        let scope = if is_shared { self.shared.as_mut() } else { Some(&mut self.own) };
        let outgoing = scope.and_then(|scope| scope.book.outgoing.get_mut(&name));
        let mut away = self.alarms.away.lock().unwrap_or_else(PoisonError::into_inner);
        let figures = &self.alarms.figures;
        match result {
            Ok(_) => {
                figures.count(kind, "ok");
                if away.remove(&name).is_some() {
                    tracing::info!(receiver = name, "the receiver of alarms takes them again");
                }
                if let Some(outgoing) = outgoing {
                    outgoing.sent();
                }
            }
            Err(failure) => {
                figures.count(kind, if failure.refused { "refused" } else { "failed" });
                let failed = outgoing.map(|it| it.failed(&failure, now));
                if failed == Some(Failed::GivenUp) {
                    figures.count(kind, "given_up");
                    tracing::error!(receiver = name, "an alarm was given up after a day of tries");
                }
                let words = failure.words;
                if away.get(&name) != Some(&words) {
                    tracing::warn!(
                        receiver = name,
                        why = words,
                        "an alarm was not taken; it is tried again"
                    );
                    away.insert(name, words);
                }
            }
        }
    }

    async fn keep(&mut self) {
        let port = &self.alarms.port;
        self.own.keep(port).await;
        if let Some(shared) = &mut self.shared {
            shared.keep(port).await;
        }
    }
}

impl Scope {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Reads what was kept before, once. Where the store does not say, it begins with nothing.
    async fn read(&mut self, port: &Port) {
        if self.is_read {
            return;
        }
        if let Ok(Ok(book)) = timeout(PATIENCE, kept::read(port, &self.name)).await {
            self.is_read = true;
            if self.book == Book::default() {
                self.book = book.clone();
                self.kept = book;
            } else {
                self.book.number = book.number;
            }
        }
    }

    fn judge(&mut self, settings: &Settings, now: i64, seen: &[Seen]) {
        let alarms = &settings.alarms;
        for notice in self.book.judge.look(now, alarms, seen) {
            tracing::info!(
                event = notice.event.name(),
                part = notice.key.part,
                name = notice.key.name,
                severity = notice.severity.name(),
                "an alarm is told"
            );
            for receiver in alarms.receivers.iter().filter(|it| it.severity <= notice.severity) {
                let outgoing = self.book.outgoing.entry(receiver.name.clone()).or_default();
                outgoing.push(notice.clone());
            }
        }
        self.book.outgoing.retain(|_, outgoing| !outgoing.is_idle(now));
    }

    /// Keeps it, where something is to be kept.
    async fn keep(&mut self, port: &Port) {
        let is_kept = self.book.judge.is_kept_as(&self.kept.judge)
            && self.book.outgoing == self.kept.outgoing;
        if is_kept {
            return;
        }
        self.read(port).await;
        let written = match self.is_read {
            true => timeout(PATIENCE, kept::write(port, &self.name, &mut self.book)).await,
            false => Ok(Err("the store does not answer".to_owned())),
        };
        let failing = match written {
            Ok(Ok(())) => {
                self.kept = self.book.clone();
                None
            }
            Ok(Err(why)) => Some(why),
            Err(_) => Some("the store does not answer".to_owned()),
        };
        if let Some(why) = failing.as_ref().filter(|_| !self.is_failing) {
            tracing::warn!(
                why,
                "what is told of alarms cannot be kept: it is told all the same, and perhaps again after a restart"
            );
        }
        self.is_failing = failing.is_some();
    }
}

fn new_id(port: &Port) -> Option<String> {
    port.random::<16>().map(|random| format!("alarm_{:032x}", u128::from_be_bytes(random)))
}
