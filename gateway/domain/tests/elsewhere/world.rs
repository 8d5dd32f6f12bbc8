//! What a store would hold and a node would have heard, and what may happen to both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::settings::{CtiDialect, CtiPair, CtiSessions, Documents, SettingsHead};
use domain::{
    AgentCommand, AgentKey, AgentSession, Ask, Command, Decision, Document, Effect, Entropy, Heard,
    HeardState, Input, InputId, Key, Kind, LiveAgent, Loaded, OWED_SECONDS, OwedSignOut, OwnerAsk,
    PairName, PhoneProof, PresenceState, ReasonCode, Refusal, Report, SessionRef, Settings, SignIn,
    SignInOn, SignedOutBy, Step, Timestamp, View, Wake, WakeChange, Wish, WriteBody, step,
};
pub(crate) const AGENTS: usize = 2;
pub(crate) const SCREENS: usize = 2;

/// What a store would hold and a node would have heard.
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) entropy: u8,
    pub(crate) documents: BTreeMap<Key, Loaded>,
    pub(crate) wakes: BTreeMap<String, Wake>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) live: BTreeMap<usize, LiveAgent>,
    /// Every timer that was ever set, every promise that was made, everybody who held a session.
    pub(crate) set: Vec<Wake>,
    pub(crate) promises: Vec<Effect>,
    pub(crate) holders: Vec<(usize, SessionRef)>,
}

/// Whose word a wish is, or which session a report is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder {
    Nobody,
    Now,
    Once(usize),
}

/// Which pairs the settings have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pairs {
    None,
    East,
    West,
    Both,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    SignIn { agent: usize, line: usize, screen: Option<usize> },
    Wish { agent: usize, wish: Wish, holder: Holder },
    Heard { agent: usize, state: PresenceState },
    VoiceSignedOut { agent: usize, holder: Holder },
    Left { agent: usize, holder: Holder },
    Due(usize),
    Settings(Pairs),
    Clock(u64),
}

/// What came of an input.
#[derive(Debug, PartialEq)]
pub(crate) enum Came {
    Done,
    Asked(OwnerAsk),
    Refused(Refusal),
}

pub(crate) fn east() -> PairName {
    "east".parse().unwrap()
}

pub(crate) fn agent_key(agent: usize) -> AgentKey {
    AgentKey { pair: east(), id: format!("100{agent}").parse().unwrap() }
}

pub(crate) fn settings(pairs: Pairs) -> Settings {
    let pair = |name: &str| {
        let name: PairName = name.parse().unwrap();
        let pair = CtiPair {
            name: name.clone(),
            dialect: CtiDialect::Enterprise,
            side_a: "cti.example:42027".parse().unwrap(),
            side_b: None,
            version: 24,
            tag_width: None,
            peripheral_id: 1,
            client_id: "gateway".to_owned(),
            client_password: None,
            heartbeat_seconds: 5,
            reconnect_seconds: 300,
            request_seconds: 5,
            open_seconds: 5,
            sessions: CtiSessions::PerNode,
            logout_reason: 255,
            rmcm_user: None,
            primary_node: None,
            secondary_node: None,
        };
        (name, Arc::new(pair))
    };
    let names: &[&str] = match pairs {
        Pairs::None => &[],
        Pairs::East => &["east"],
        Pairs::West => &["west"],
        Pairs::Both => &["east", "west"],
    };
    let cti_pairs = Arc::new(names.iter().copied().map(pair).collect());
    Settings { cti_pairs, ..Settings::default() }
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self {
            now: Timestamp::from_seconds(1_700_000_000),
            entropy: 0,
            documents: BTreeMap::new(),
            wakes: BTreeMap::new(),
            settings: Arc::default(),
            live: BTreeMap::new(),
            set: Vec::new(),
            promises: Vec::new(),
            holders: Vec::new(),
        };
        world.play(&Action::Settings(Pairs::East));
        world
    }

    pub(crate) fn holder(&self, agent: usize, holder: Holder) -> Option<SessionRef> {
        match holder {
            Holder::Nobody => None,
            Holder::Now => self.session(agent).map(AgentSession::holder),
            Holder::Once(place) => {
                let of_agent: Vec<_> = self.holders.iter().filter(|(of, _)| *of == agent).collect();
                Some(of_agent[place.checked_rem(of_agent.len())?].1)
            }
        }
    }

    pub(crate) fn input(&self, action: &Action) -> Option<Input> {
        let id = InputId::new("test", "any");
        let report = match action.clone() {
            Action::SignIn { agent, line, screen } => {
                return Some(Input::command(
                    id,
                    Command::SignIn(Box::new(sign_in(agent, line, screen))),
                ));
            }
            Action::Wish { agent, wish, holder } => {
                let holder = self.holder(agent, holder);
                let (agent, seen_changes) = (agent_key(agent), None);
                let command = AgentCommand { agent, holder, seen_changes, wish };
                return Some(Input::command(id, Command::Agent(command)));
            }
            Action::Settings(pairs) => {
                let documents = Documents(settings(pairs).documents());
                return Some(Input::command(
                    id,
                    Command::ApplySettings { documents, source: None },
                ));
            }
            Action::VoiceSignedOut { agent, holder } => Report::VoiceSignedOut {
                agent: agent_key(agent),
                session: self.holder(agent, holder)?,
                reason: Some(ReasonCode(999)),
                by: SignedOutBy::Supervisor,
            },
            Action::Left { agent, holder } => Report::Left {
                agent: agent_key(agent),
                generation: self.holder(agent, holder)?.generation,
                reason: Some(ReasonCode(255)),
            },
            Action::Due(place) => {
                Report::WakeDue(self.set[place.checked_rem(self.set.len())?].clone())
            }
            Action::Heard { .. } | Action::Clock(_) => return None,
        };
        Some(Input::report(id, report))
    }

    pub(crate) fn play(&mut self, action: &Action) -> Option<Came> {
        match action {
            Action::Clock(seconds) => self.now = self.now.after(Duration::from_secs(*seconds)),
            Action::Heard { agent, state } => {
                let heard = Heard::State(HeardState {
                    state: *state,
                    since: self.now,
                    pending: None,
                    extension: Some("2000".parse().unwrap()),
                    instrument: None,
                    device: None,
                });
                let before = self.live.get(agent);
                if let Some(live) = LiveAgent::after(&agent_key(*agent), before, self.now, heard) {
                    self.live.insert(*agent, live);
                }
            }
            _ => {}
        }
        let input = self.input(action)?;
        self.entropy = self.entropy.wrapping_add(1);
        let mut view = View::new(Arc::clone(&self.settings));
        let about = input.agent();
        let about = about.and_then(|key| (0..AGENTS).find(|agent| agent_key(*agent) == *key));
        view.live = about.and_then(|agent| self.live.get(&agent)).cloned().map(Arc::new);
        view.occupied = self.occupied();
        for _ in 0..16 {
            match step(self.now, Entropy([self.entropy; 16]), &input, &view) {
                Step::Load(asks) => {
                    for ask in asks {
                        let Ask::Document(key) = ask else { panic!("no index is needed") };
                        let loaded = self.documents.get(&key).cloned();
                        view.add_document(key, loaded);
                    }
                }
                Step::Decide(Decision { ask: Some(asked), writes, effects, .. }) => {
                    assert!(writes.is_empty() && effects.is_empty(), "a question writes nothing");
                    return Some(Came::Asked(asked.command.ask));
                }
                Step::Decide(decision) => {
                    self.commit(decision);
                    return Some(Came::Done);
                }
                Step::Refuse(refusal) => return Some(Came::Refused(refusal)),
            }
        }
        panic!("{action:?} comes to no decision")
    }

    fn commit(&mut self, decision: Decision) {
        for guard in &decision.guards {
            let version = self.documents.get(&guard.key).map(|loaded| loaded.version);
            assert_eq!(version, guard.version, "{:?}", guard.key);
        }
        for change in &decision.wakes {
            if let WakeChange::Claim { id, generation } = change
                && self.wakes.get(id).is_none_or(|wake| wake.generation != *generation)
            {
                return;
            }
        }
        for change in decision.wakes {
            match change {
                WakeChange::Set(wake) => {
                    self.set.push(wake.clone());
                    self.wakes.insert(wake.id.clone(), wake);
                }
                WakeChange::Clear(id) | WakeChange::Claim { id, .. } => {
                    self.wakes.remove(&id);
                }
            }
        }
        for write in decision.writes {
            match write.body {
                WriteBody::Put(document) => {
                    if let Document::Session(session) = &document {
                        assert!(decision.guards.iter().any(|guard| guard.key == write.key));
                        let agent = (0..AGENTS).find(|it| agent_key(*it) == session.agent).unwrap();
                        self.holders.push((agent, session.holder()));
                    }
                    let before = self.documents.get(&write.key).map_or(0, |loaded| loaded.version);
                    self.documents.insert(write.key, Loaded { version: before + 1, document });
                }
                WriteBody::Delete => {
                    self.documents.remove(&write.key);
                }
            }
        }
        self.promises.extend(decision.effects);
        self.take_settings();
    }

    fn take_settings(&mut self) {
        let head = match self.documents.get(&Key::settings_head()) {
            Some(Loaded { document: Document::SettingsHead(head), .. }) => head.clone(),
            _ => SettingsHead::default(),
        };
        if head.number != self.settings.number {
            let settings = self.documents.values().filter_map(|loaded| match &loaded.document {
                Document::Setting(setting) => Some((**setting).clone()),
                _ => None,
            });
            self.settings = Arc::new(Settings::from_documents(&head, settings));
        }
    }

    pub(crate) fn session(&self, agent: usize) -> Option<&AgentSession> {
        match self.documents.get(&Key::session(&agent_key(agent))) {
            Some(Loaded { document: Document::Session(session), .. }) => Some(session),
            _ => None,
        }
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = &AgentSession> {
        (0..AGENTS).filter_map(|agent| self.session(agent))
    }

    /// Pairs with somebody signed in or leaving, as a node's mirror shows them.
    pub(crate) fn occupied(&self) -> BTreeSet<PairName> {
        let lasts = |it: &&AgentSession| it.signed_in().is_some() || it.leaving().is_some();
        self.sessions().filter(lasts).map(|session| session.agent.pair.clone()).collect()
    }

    /// The promises that would still be sent now, as the outbox judges them.
    pub(crate) fn due_promises(&self, agent: usize) -> Vec<OwedSignOut> {
        let generation = self.session(agent).map_or(0, |session| session.generation);
        let subject = Key::session(&agent_key(agent));
        let due = |promise: &&Effect| {
            let owed = promise.owed.as_ref().unwrap();
            owed.subject == subject
                && owed.generation == u64::from(generation)
                && self.now < owed.deadline
        };
        let promises = self.promises.iter().filter(due);
        promises.map(|promise| serde_json::from_str(&promise.payload).unwrap()).collect()
    }

    pub(crate) fn generations(&self) -> Vec<u32> {
        (0..AGENTS).map(|agent| self.session(agent).map_or(0, |it| it.generation)).collect()
    }

    /// All that an agent, a timer or a server could tell.
    pub(crate) fn picture(&self) -> String {
        format!("{:?} {:?} {:?}", self.documents, self.wakes, self.promises)
    }

    /// One timer for each sign-out that is under way and none beside; a promise is due only while one
    /// is; screens are claimed by sessions that last; lines are nobody's here.
    pub(crate) fn check(&self) {
        let (mut timers, mut claims) = (BTreeSet::new(), BTreeSet::new());
        for agent in 0..AGENTS {
            let due = self.due_promises(agent);
            let Some(session) = self.session(agent) else { continue };
            if let Some(leaving) = session.leaving() {
                let wake = (Key::session(&session.agent), leaving.until, session.generation.into());
                timers.insert(wake);
                let asked_for = self.now < leaving.at.after(Duration::from_secs(OWED_SECONDS));
                assert_eq!(due.len(), usize::from(asked_for), "{session:?}");
                assert!(due.iter().all(|owed| owed.agent == session.agent.id));
            } else {
                assert_eq!(due, [], "nothing is owed to {session:?}");
            }
            if let Some(screen) = session.signed_in().and_then(|it| it.screen.as_ref()) {
                let key = Key::device(screen);
                match self.documents.get(&key).map(|loaded| &loaded.document) {
                    Some(Document::Device(claim)) => assert_eq!(claim.agent, session.agent),
                    other => panic!("{key} is claimed by {other:?}"),
                }
                assert!(claims.insert(key), "a screen has two agents");
            }
        }
        let set = self.wakes.values();
        let set: BTreeSet<_> =
            set.map(|it| (it.subject.clone(), it.due_at, it.generation)).collect();
        assert_eq!(set, timers);
        let claimed = self.documents.keys().filter(|key| key.kind == Kind::Device);
        assert!(claimed.eq(&claims), "a claim on a screen is left over");
        assert!(self.documents.keys().all(|key| key.kind != Kind::Line), "a line is claimed");
    }
}

pub(crate) fn sign_in(agent: usize, line: usize, screen: Option<usize>) -> SignIn {
    SignIn {
        agent: agent_key(agent),
        extension: format!("200{line}").parse().unwrap(),
        device: None,
        mobile: None,
        on: match screen {
            Some(screen) => SignInOn::Phone {
                device: format!("SEP00000000000{screen}").parse().unwrap(),
                proof: PhoneProof { cookie_digest: String::new(), address: [127, 0, 0, 1].into() },
            },
            None => SignInOn::Local,
        },
        node: "gw-a.example".parse().unwrap(),
        verifier: None,
        follows: None,
    }
}
