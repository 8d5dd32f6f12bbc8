//! The adapter's work beside answering: it follows agents, phones and settings, and tells phones.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::settings::{HeadsetMode, Settings};
use domain::{AgentKey, DeviceName, HeadsetNews, PairName, Presence};
use engine::{NodeSeen, Notice, Port, Reach, Registered, ShowFailure, TellOutcome};
use protocols::headset::Profile;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::awake::Awake;
use crate::execute::Hands;
use crate::figures::Figures;
use crate::identity::{KEY_PURPOSE, Proven, Tickets};
use crate::noted;
use crate::roster::{Place, Whose};
use crate::services::{Nodes, basis};
use crate::state::{Seen, State};
use crate::teller::Took;
use crate::time;
use crate::translate;
use crate::unknown::Unknown;

/// How many phones are told of states at once, and how many of news.
const TELLS_MAX: usize = 2_048;
/// How often nodes and figures are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How often some phones are looked at, and how many.
const SURVEY: Duration = Duration::from_millis(50);
const SURVEYED: usize = 200;
/// A phone that registered discovers its services by itself within so long, or is asked to.
const GRACE: Duration = Duration::from_secs(2);
/// The same where other nodes are there: until then one that is gone is known to be away.
const GRACE_OF_SEVERAL: Duration = Duration::from_secs(8);
/// How often it is looked whose token is half over.
const RENEWALS: u32 = 60;
/// A phone that gave no answer twice, and did not register since, is tried once more after so long.
const REVIVED: Duration = Duration::from_secs(300);
/// Phones of which is remembered when they asked.
const SEEN_MAX: usize = 50_000;

/// The headset service.
pub struct Headset {
    pub(crate) port: Port,
    /// Scheme, host and port of this node's service.
    pub(crate) base: String,
    pub(crate) profile: Profile,
    pub(crate) tickets: Tickets,
    pub(crate) figures: Figures,
    pub(crate) state: Mutex<State>,
    pub(crate) hands: Hands,
    pub(crate) awake: Awake,
    pub(crate) unknown: Mutex<Unknown>,
    pub(crate) wake: Notify,
    pub(crate) is_served: AtomicBool,
}

impl std::fmt::Debug for Headset {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("headset service")
    }
}

/// What came of telling a phone.
enum Told {
    Status { device: DeviceName, agent: Option<AgentKey>, took: Took },
    News { device: DeviceName, outcome: TellOutcome },
}

impl Headset {
    /// The service; phones reach this node under `base`, for example `https://gw-a.example:9444`.
    pub fn new(port: Port, base: String, profile: Profile) -> Arc<Self> {
        let settings = port.settings();
        let state = State::new(settings, Nodes::of(&[], port.node(), &base));
        Arc::new(Self {
            tickets: Tickets::new(&port.link_key(KEY_PURPOSE)),
            figures: Figures::new(port.metrics()),
            base,
            profile,
            state: Mutex::new(state),
            hands: Hands::default(),
            awake: Awake::default(),
            unknown: Mutex::default(),
            wake: Notify::new(),
            is_served: AtomicBool::new(true),
            port,
        })
    }

    /// Whether anybody listens for headsets at this node; as long as nothing is said somebody does.
    pub fn set_served(&self, is_served: bool) {
        self.is_served.store(is_served, Ordering::Release);
    }

    /// Whether anybody listens for headsets at this node.
    pub fn is_served(&self) -> bool {
        self.is_served.load(Ordering::Acquire)
    }

    /// The state; held for a moment only, never across a wait.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an agent does, as far as this node knows.
    pub(crate) fn presence(&self, agent: &AgentKey) -> Option<Presence> {
        if let Some(live) = self.port.live(agent) {
            return Some(live.presence());
        }
        self.port.presence(self.port.seen_session(agent)?.as_ref())
    }

    /// Follows agents, phones and settings until it is to stop.
    pub(crate) async fn follow(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut changes = self.port.changes();
        let mut registrations = self.port.channels().registrations();
        let mut refreshes = self.port.channels().refreshes();
        let mut settings = self.port.settings_changes();
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut survey = tokio::time::interval(SURVEY);
        survey.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tells: JoinSet<Told> = JoinSet::new();
        // What came before we listened is found by looking.
        self.state().roster.set_lines(&self.port.settings());
        let is_centre_known = self.is_centre_known();
        self.state().is_centre_known = is_centre_known;
        self.take_over();
        self.look_at_all();
        loop {
            self.awake.beat(time::now());
            let due = self.send(&mut tells);
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                Some(told) = tells.join_next(), if !tells.is_empty() => self.note(told),
                changed = changes.recv() => match changed {
                    Ok(agent) => self.follow_agent(&agent),
                    Err(RecvError::Lagged(_)) => self.look_at_all(),
                    Err(RecvError::Closed) => return,
                },
                registered = registrations.recv() => match registered {
                    Ok(registered) => self.register(&registered),
                    Err(RecvError::Lagged(_)) => self.register_all(),
                    Err(RecvError::Closed) => return,
                },
                refreshed = refreshes.recv() => match refreshed {
                    // A phone that refreshes its registration is alive. What was missed comes again.
                    Ok(device) => self.is_alive(&device),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                changed = settings.changed() => match changed {
                    Ok(()) => self.take_over(),
                    Err(_) => return,
                },
                _ = look.tick() => self.tick(),
                _ = survey.tick() => self.survey(),
                () = self.wake.notified() => {}
                () = until(due) => {}
            }
        }
    }

    /// Begins to tell whom there is something to tell; gives when to look again.
    fn send(&self, tells: &mut JoinSet<Told>) -> Option<Instant> {
        let now = time::now();
        let mut state = self.state();
        let is_on = state.settings.headset.mode != HeadsetMode::Disabled;
        while let Some(device) = state.teller.next(TELLS_MAX) {
            let Some(reach) = self.port.channels().reach(&device) else {
                state.teller.forget(&device);
                state.rounds.forget(&device);
                continue;
            };
            if !is_on || !self.is_told_here(&device, &reach) {
                continue;
            }
            let whose = state.roster.agent_of(&device);
            let agent = whose.agent();
            let before = state.teller.told(&device, agent);
            let presence = agent.and_then(|agent| self.presence(agent));
            let status = match (agent, &presence) {
                // An agent of whom nothing was heard yet.
                (Some(_), None) => None,
                // Somebody may be signed in of whom their owner did not tell yet.
                (None, None) if before.is_none() && !state.is_centre_known => {
                    state.later.insert(device);
                    continue;
                }
                (_, presence) => translate::status(presence.as_ref(), before),
            };
            let Some(status) = status else { continue };
            state.teller.begin(&device);
            let (port, agent) = (self.port.clone(), agent.cloned());
            tells.spawn(async move {
                let outcome = port.channels().tell(&device, Notice::AgentStatus(status)).await;
                let recorder = port.recorder();
                noted::told_status(recorder, &device, agent.as_ref(), status, outcome);
                let took = match outcome {
                    TellOutcome::Told => Took::It(status),
                    TellOutcome::Failed(ShowFailure::Busy | ShowFailure::Gone)
                    | TellOutcome::NoChannel => Took::Later,
                    TellOutcome::Failed(ShowFailure::NoAnswer | ShowFailure::Refused) => Took::No,
                };
                Told::Status { device, agent, took }
            });
        }
        while tells.len() < 2 * TELLS_MAX
            && let Some((device, news)) = state.rounds.next(now)
        {
            let reach = self.port.channels().reach(&device);
            let is_told = reach.is_some_and(|reach| self.is_told_here(&device, &reach));
            // A node may be known to be away by now.
            let is_due = news != HeadsetNews::ServicesChanged || state.may_discover(&device);
            if !is_told || !is_due {
                state.rounds.forget(&device);
                continue;
            }
            let port = self.port.clone();
            tells.spawn(async move {
                let outcome = port.channels().tell(&device, Notice::HeadsetNews(news)).await;
                noted::told_news(port.recorder(), &device, news, outcome);
                Told::News { device, outcome }
            });
        }
        // Without room an answer wakes.
        state.rounds.deadline().filter(|_| tells.len() < 2 * TELLS_MAX)
    }

    /// Whether this node tells a phone that is reached so, or another one that has the same way to it.
    fn is_told_here(&self, device: &DeviceName, reach: &Reach) -> bool {
        if !reach.is_shared {
            return true;
        }
        let has_way = |node: &NodeSeen| match &reach.hop {
            Some(hop) => node.has_hop(hop),
            None => true,
        };
        self.port.heir_among(device.as_str(), has_way) == *self.port.node()
    }

    fn note(&self, told: Result<Told, tokio::task::JoinError>) {
        let Ok(told) = told else { return };
        let mut state = self.state();
        match told {
            Told::Status { device, agent, took } => {
                // The next try is not made at once.
                if took == Took::Later || took == Took::No {
                    state.later.insert(device.clone());
                }
                state.teller.done(&device, agent, took);
            }
            Told::News { device, outcome: TellOutcome::Failed(ShowFailure::Busy) } => {
                state.rounds.put_back(&device);
            }
            Told::News { device, outcome } => {
                state.rounds.done(&device, outcome == TellOutcome::Told);
                if outcome == TellOutcome::Told {
                    state.missed.remove(&device);
                } else {
                    state.missed.insert(device);
                }
            }
        }
    }

    /// An agent's session or state changed.
    fn follow_agent(&self, agent: &AgentKey) {
        let session = self.port.seen_session(agent);
        let live = self.port.live(agent);
        let place = Place::of(session.as_deref(), live.as_deref());
        let number = session.as_ref().filter(|it| it.signed_in().is_some()).map(|it| it.number);
        let mut state = self.state();
        let phones = state.roster.place(agent, place);
        let is_anew = state.is_anew(agent, number, live.as_deref());
        let news: Vec<_> =
            phones.iter().filter(|phone| state.has_other_pair(phone)).cloned().collect();
        if !news.is_empty() {
            state.rounds.announce(news, HeadsetNews::ServicesChanged);
        }
        for phone in phones {
            if is_anew {
                state.teller.doubt(&phone);
            } else {
                state.teller.look(&phone);
            }
        }
    }

    /// A phone can be told: it is told what is so, and discovers its services unless it just did.
    fn register(&self, registered: &Registered) {
        let device = &registered.device;
        if self.port.channels().reach(device).is_none() {
            return;
        }
        let mut state = self.state();
        if state.settings.headset.mode == HeadsetMode::Disabled && !state.seen.contains_key(device)
        {
            // Nothing is said to phones of a site that has no headsets.
            return;
        }
        state.teller.register(device);
        let discovered_at = state.seen.get(device).and_then(|seen| seen.discovered_at);
        // A phone may ask before we hear that it registered.
        if discovered_at.is_none_or(|at| self.port.now().since(at) >= GRACE) {
            // It may have come since its node is gone, which is known only after a while.
            let grace = if state.nodes.has_others() { GRACE_OF_SEVERAL } else { GRACE };
            state.rounds.invite(device, time::now() + grace);
        }
    }

    /// Which phones registered was missed: any may have.
    fn register_all(&self) {
        for device in self.port.channels().told_devices() {
            self.register(&Registered { device, is_fresh: false });
        }
    }

    /// Looks at all agents and all phones.
    fn look_at_all(&self) {
        let settings = self.port.settings();
        let mut agents: HashSet<AgentKey> = self.state().roster.agents().into_iter().collect();
        agents.extend(self.port.signed_in().iter().map(|session| session.agent.clone()));
        for pair in settings.cti_pairs.keys() {
            agents.extend(self.port.live_agents(pair).iter().map(|live| live.agent.clone()));
        }
        for agent in agents {
            self.follow_agent(&agent);
        }
        let known: HashSet<DeviceName> = self.state().teller.devices().into_iter().collect();
        for device in self.port.channels().told_devices() {
            if known.contains(&device) {
                self.state().teller.look(&device);
            } else {
                self.register(&Registered { device, is_fresh: false });
            }
        }
    }

    /// Takes over the settings in force, and lets phones know what they must ask anew (HST-05).
    fn take_over(&self) {
        let settings = self.port.settings();
        let mut guard = self.state();
        let state = &mut *guard;
        let before = std::mem::replace(&mut state.settings, Arc::clone(&settings));
        state.rounds.set_pace(settings.headset.news_per_second);
        let nodes = state.nodes.clone();
        self.announce(state, (&before, &nodes), (&settings, &nodes));
        if !Arc::ptr_eq(&before.devices, &settings.devices) {
            state.roster.set_lines(&settings);
            for device in state.teller.devices() {
                state.teller.look(&device);
            }
        }
        let was_off = before.headset.mode == HeadsetMode::Disabled;
        let is_on = settings.headset.mode != HeadsetMode::Disabled;
        drop(guard);
        if was_off && is_on {
            let mut state = self.state();
            for device in self.port.channels().told_devices() {
                state.teller.register(&device);
            }
        }
    }

    /// Has all phones that this node tells hear of what changed for them.
    fn announce(&self, state: &mut State, before: (&Settings, &Nodes), now: (&Settings, &Nodes)) {
        let of = |settings: &Settings| {
            let headset = &settings.headset;
            (headset.default_not_ready_reason, headset.mute_button)
        };
        let is_other_configuration = of(before.0) != of(now.0);
        let mut devices = self.port.channels().told_devices();
        if before.0.headset.mode == HeadsetMode::Disabled
            && now.0.headset.mode == HeadsetMode::Disabled
        {
            // Phones that never asked have no headset service to ask anew.
            devices.retain(|device| state.seen.contains_key(device));
        }
        let (services, others): (Vec<_>, Vec<_>) = devices
            .into_iter()
            .partition(|device| basis(before.0, before.1, device) != basis(now.0, now.1, device));
        if !services.is_empty() {
            state.rounds.announce(services, HeadsetNews::ServicesChanged);
        }
        if is_other_configuration && !others.is_empty() {
            state.rounds.announce(others, HeadsetNews::ConfigurationChanged);
        }
    }

    /// Whether every contact centre told what its agents do.
    fn is_centre_known(&self) -> bool {
        let told = self.port.pair_statuses();
        let is_told = |pair: &PairName| {
            let status = told.iter().find(|(name, _)| name == pair).map(|(_, status)| status);
            status.is_some_and(|it| it.active_side.is_some() && it.unknown_agents == 0)
        };
        self.port.settings().cti_pairs.keys().all(is_told)
    }

    fn tick(&self) {
        let nodes = Nodes::of(&self.port.nodes(), self.port.node(), &self.base);
        let is_centre_known = self.is_centre_known();
        let mut guard = self.state();
        let state = &mut *guard;
        state.is_centre_known = is_centre_known;
        if nodes != state.nodes {
            let before = std::mem::replace(&mut state.nodes, nodes.clone());
            let settings = Arc::clone(&state.settings);
            self.announce(state, (&settings, &before), (&settings, &nodes));
            if nodes.has_back(&before) && settings.headset.mode != HeadsetMode::Disabled {
                // Whoever never asked here may have asked there while nobody answered, and whoever did was
                // told of no second node (HST-10).
                let devices = self.port.channels().told_devices();
                state.rounds.announce(devices, HeadsetNews::ServicesChanged);
            }
            // Phones that several nodes reach may be this one's now.
            for device in state.teller.devices() {
                if self.port.channels().reach(&device).is_some_and(|reach| reach.is_shared) {
                    state.teller.doubt(&device);
                }
            }
        }
        for device in std::mem::take(&mut state.later) {
            state.teller.look(&device);
        }
        state.ticks = state.ticks.wrapping_add(1);
        if state.ticks.is_multiple_of(RENEWALS) {
            let hours = u64::from(state.settings.headset.token_hours);
            let (now, half) = (self.port.now(), Duration::from_secs(hours * 1_800));
            let is_old = |seen: &Seen| {
                seen.proven.is_some_and(|proven| proven != Proven::Certificate)
                    && seen.discovered_at.is_some_and(|at| now.since(at) > half)
            };
            let old = state.seen.iter().filter(|(_, seen)| is_old(seen));
            let old: Vec<_> = old.map(|(device, _)| device.clone()).collect();
            state.rounds.announce(old, HeadsetNews::ServicesChanged);
        }
        let (_, waiting) = state.teller.counts();
        let left = state.rounds.left();
        drop(guard);
        self.figures.tells_waiting.set(count(waiting));
        self.figures.news_left.set(count(left));
        self.hands.forget_old(time::now());
    }

    /// Looks at some phones, in turn: at all of them at once everything else would wait.
    fn survey(&self) {
        let now = time::now();
        let mut guard = self.state();
        let state = &mut *guard;
        for _ in 0..SURVEYED {
            let Some(device) = state.survey.left.pop() else {
                let done = std::mem::take(&mut state.survey);
                state.survey.left = state.teller.devices();
                drop(guard);
                self.figures.phones.set(count(done.phones));
                self.figures.phones_dead.set(count(done.dead));
                return self.figures.phones_without_agent.set(count(done.ambiguous));
            };
            if self.port.channels().reach(&device).is_none() {
                state.forget(&device);
                continue;
            }
            let whose = state.roster.agent_of(&device);
            state.survey.phones += 1;
            state.survey.ambiguous +=
                usize::from(matches!(whose, Whose::Several(_) | Whose::SharedLine(_)));
            if !state.teller.is_dead(&device) {
                state.dead.remove(&device);
                continue;
            }
            state.survey.dead += 1;
            // Not every way to a phone ends when the phone does not answer for a while.
            if now >= *state.dead.entry(device.clone()).or_insert(now + REVIVED) {
                state.dead.remove(&device);
                state.teller.revive(&device);
            }
        }
    }

    /// A phone asked: it need not be told to. Who only says to be that phone says little.
    pub(crate) fn asked(&self, device: &DeviceName, news: HeadsetNews, proven: Option<Proven>) {
        if proven.is_none() {
            let mut state = self.state();
            if self.port.channels().reach(device).is_some()
                || state.settings.devices.contains_key(device)
            {
                state.asked.insert(device.clone());
            }
            return;
        }
        let now = self.port.now();
        let mut state = self.state();
        state.rounds.asked(device, news);
        if state.seen.len() >= SEEN_MAX && !state.seen.contains_key(device) {
            return;
        }
        let seen = state.seen.entry(device.clone()).or_insert(Seen {
            discovered_at: None,
            configured_at: None,
            proven: None,
        });
        match news {
            HeadsetNews::ServicesChanged => seen.discovered_at = Some(now),
            HeadsetNews::ConfigurationChanged => seen.configured_at = Some(now),
        }
        seen.proven = proven.or(seen.proven);
    }

    /// A phone that is proven to ask is alive, whatever it did not answer.
    pub(crate) fn is_alive(&self, device: &DeviceName) {
        let mut state = self.state();
        let has_missed = state.missed.remove(device);
        if has_missed {
            state.rounds.announce([device.clone()], HeadsetNews::ServicesChanged);
        }
        let is_dead = state.teller.is_dead(device);
        if is_dead {
            state.teller.revive(device);
        }
        drop(state);
        if has_missed || is_dead {
            self.wake.notify_one();
        }
    }

    /// What a phone shows may be wrong: it is told what is so.
    pub(crate) fn tell_anew(&self, device: &DeviceName) {
        self.state().teller.doubt(device);
        self.wake.notify_one();
    }
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
