//! Sessions, clients and timers in memory, and what may happen to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::settings::{Agent, CtiDialect, CtiPair, CtiSessions};
use domain::{
    AgentCommand, AgentKey, AgentSession, Ask, CLIENT_SECONDS, Client, ClientPresence, Command,
    ConnectionNumber, Decision, Document, Effect, Entropy, Input, InputId, Key, Loaded, NodeName,
    OwedSignOut, PhoneProof, Report, SessionRef, Settings, SignIn, SignInOn, SignedOutBy, Step,
    Timestamp, View, Wake, WakeChange, Wish, WriteBody, step,
};

/// The first has owned voice state, the second a contact centre's.
pub(crate) const AGENTS: usize = 2;
pub(crate) const NODES: usize = 3;

/// What a store would hold.
pub(crate) struct World {
    pub(crate) now: Timestamp,
    /// How much time passed, however the clock was set back meanwhile.
    pub(crate) elapsed_seconds: u64,
    entropy: u8,
    pub(crate) documents: BTreeMap<Key, Loaded>,
    pub(crate) wakes: BTreeMap<String, Wake>,
    settings: Arc<Settings>,
    /// Every timer that was ever set, every promise, and everybody who ever held a session.
    pub(crate) set: Vec<Wake>,
    pub(crate) promises: Vec<Effect>,
    pub(crate) holders: Vec<(usize, SessionRef)>,
}

/// From where somebody signs in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At {
    Phone,
    Client { connection: u64 },
    Nowhere,
}

/// Which holder a report is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder {
    Now,
    Once(usize),
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    SignIn {
        agent: usize,
        node: usize,
        at: At,
    },
    SignOut {
        agent: usize,
    },
    Presence {
        agent: usize,
        holder: Holder,
        node: usize,
        connection: u64,
        presence: ClientPresence,
    },
    NodeGone {
        agent: usize,
        holder: Holder,
        node: usize,
    },
    Left {
        agent: usize,
    },
    /// One of the timers that were ever set is reported as due, whenever.
    Due(usize),
    /// Time passes, or the clock is set back; timers that are due then run.
    Clock(i64),
}

pub(crate) fn agent_key(agent: usize) -> AgentKey {
    let pair = ["owned", "east"][agent].parse().unwrap();
    AgentKey { pair, id: format!("100{agent}").parse().unwrap() }
}

pub(crate) fn node_name(node: usize) -> NodeName {
    format!("gw-{node}.example").parse().unwrap()
}

fn settings() -> Settings {
    let agent = Agent {
        id: agent_key(0).id,
        name: None,
        team: None,
        pair: None,
        extension: None,
        roles: Vec::new(),
        alias: None,
        skills: BTreeMap::new(),
        origin: None,
        password_hash: None,
        pin_hash: None,
    };
    let pair = CtiPair {
        name: agent_key(1).pair,
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
    Settings {
        agents: Arc::new(BTreeMap::from([(agent.id.clone(), Arc::new(agent))])),
        cti_pairs: Arc::new(BTreeMap::from([(pair.name.clone(), Arc::new(pair))])),
        ..Settings::default()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: Timestamp::from_seconds(1_700_000_000),
            elapsed_seconds: 0,
            entropy: 0,
            documents: BTreeMap::new(),
            wakes: BTreeMap::new(),
            settings: Arc::new(settings()),
            set: Vec::new(),
            promises: Vec::new(),
            holders: Vec::new(),
        }
    }

    pub(crate) fn holder(&self, agent: usize, holder: Holder) -> Option<SessionRef> {
        match holder {
            Holder::Now => self.session(agent).map(AgentSession::holder),
            Holder::Once(place) => {
                let of_agent: Vec<_> = self.holders.iter().filter(|(of, _)| *of == agent).collect();
                Some(of_agent[place.checked_rem(of_agent.len())?].1)
            }
        }
    }

    pub(crate) fn body(&self, action: &Action) -> Option<domain::InputBody> {
        let report = match *action {
            Action::SignIn { agent, node, at } => {
                let command = Command::SignIn(Box::new(sign_in(agent, node, at)));
                return Some(domain::InputBody::Command(command));
            }
            Action::SignOut { agent } => {
                let wish = Wish::ForceSignOut { reason: None, by: SignedOutBy::Supervisor };
                let agent = agent_key(agent);
                let command = AgentCommand { agent, holder: None, seen_changes: None, wish };
                return Some(domain::InputBody::Command(Command::Agent(command)));
            }
            Action::Presence { agent, holder, node, connection, presence } => {
                Report::ClientPresence {
                    agent: agent_key(agent),
                    session: self.holder(agent, holder)?,
                    connection: ConnectionNumber(connection),
                    node: node_name(node),
                    presence,
                }
            }
            Action::NodeGone { agent, holder, node } => Report::NodeGone {
                agent: agent_key(agent),
                session: self.holder(agent, holder)?,
                node: node_name(node),
                heir: node_name((node + 1) % NODES),
            },
            Action::Left { agent } => Report::Left {
                agent: agent_key(agent),
                generation: self.session(agent)?.generation,
                reason: None,
            },
            Action::Due(place) => {
                Report::WakeDue(self.set[place.checked_rem(self.set.len())?].clone())
            }
            Action::Clock(_) => return None,
        };
        Some(domain::InputBody::Report(report))
    }

    /// Whether it was decided, or refused; `None` where there was nothing to decide.
    pub(crate) fn play(&mut self, action: &Action) -> Option<bool> {
        if let Action::Clock(seconds) = action {
            let moved = self.now.microseconds() + seconds * 1_000_000;
            self.now = Timestamp::from_microseconds(moved);
            self.elapsed_seconds += u64::try_from(*seconds).unwrap_or(0);
            self.run_due();
            return None;
        }
        let body = self.body(action)?;
        Some(self.submit(body))
    }

    /// Runs all timers that are due.
    pub(crate) fn run_due(&mut self) {
        let due = self.wakes.values().filter(|wake| wake.due_at <= self.now).cloned();
        for wake in due.collect::<Vec<_>>() {
            self.submit(domain::InputBody::Report(Report::WakeDue(wake)));
        }
    }

    pub(crate) fn submit(&mut self, body: domain::InputBody) -> bool {
        let input = Input { id: InputId::new("test", "any"), body };
        self.entropy = self.entropy.wrapping_add(1);
        let mut view = View::new(Arc::clone(&self.settings));
        for _ in 0..16 {
            match step(self.now, Entropy([self.entropy; 16]), &input, &view) {
                Step::Load(asks) => {
                    for ask in asks {
                        let Ask::Document(key) = ask else { panic!("no index is needed") };
                        let loaded = self.documents.get(&key).cloned();
                        view.add_document(key, loaded);
                    }
                }
                Step::Decide(decision) => {
                    self.commit(decision);
                    return true;
                }
                Step::Refuse(_) => return false,
            }
        }
        panic!("{input:?} comes to no decision")
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
        let sessions = decision.writes.iter().filter(|it| it.key.kind == domain::Kind::Session);
        assert_eq!(sessions.count(), decision.events.len(), "one line of the log for each session");
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
    }

    pub(crate) fn session(&self, agent: usize) -> Option<&AgentSession> {
        match self.documents.get(&Key::session(&agent_key(agent))) {
            Some(Loaded { document: Document::Session(session), .. }) => Some(session),
            _ => None,
        }
    }

    /// The client of whoever is signed in.
    pub(crate) fn client(&self, agent: usize) -> Option<&Client> {
        self.session(agent)?.signed_in()?.client.as_ref()
    }

    /// All that anybody could tell.
    pub(crate) fn picture(&self) -> String {
        format!("{:?} {:?} {:?}", self.documents, self.wakes, self.promises)
    }

    /// The owed sign-outs of that agent.
    pub(crate) fn owed(&self, agent: usize) -> Vec<OwedSignOut> {
        let subject = Key::session(&agent_key(agent));
        let promises = self.promises.iter();
        let promises = promises.filter(|it| it.owed.as_ref().unwrap().subject == subject);
        promises.map(|promise| serde_json::from_str(&promise.payload).unwrap()).collect()
    }

    /// One timer for each client that is nowhere, and none beside.
    pub(crate) fn check(&self) {
        for agent in 0..AGENTS {
            let wake = self.wakes.get(&format!("client/{}", agent_key(agent)));
            let since = self.client(agent).and_then(Client::unavailable_since);
            let due_at = since.map(|since| since.after(Duration::from_secs(CLIENT_SECONDS)));
            assert_eq!(wake.map(|wake| wake.due_at), due_at, "{:?}", self.session(agent));
            if let Some(Client::Available { connections }) = self.client(agent) {
                assert!(!connections.is_empty());
            }
            let screen = self.session(agent).and_then(|it| it.signed_in()?.screen.as_ref());
            assert!(screen.is_none() || self.client(agent).is_none(), "two hold one session");
        }
    }
}

pub(crate) fn sign_in(agent: usize, node: usize, at: At) -> SignIn {
    SignIn {
        agent: agent_key(agent),
        extension: format!("200{agent}").parse().unwrap(),
        device: None,
        mobile: None,
        on: match at {
            At::Phone => SignInOn::Phone {
                device: format!("SEP00000000000{agent}").parse().unwrap(),
                proof: PhoneProof { cookie_digest: String::new(), address: [127, 0, 0, 1].into() },
            },
            At::Client { connection } => {
                SignInOn::Client { connection: ConnectionNumber(connection) }
            }
            At::Nowhere => SignInOn::Local,
        },
        node: node_name(node),
        verifier: None,
        follows: None,
    }
}
