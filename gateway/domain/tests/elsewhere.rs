//! The rules of agents whose voice state a contact-centre server owns, by random lives against
//! documents in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::settings::{CtiDialect, CtiPair, CtiSessions, Documents, SettingsHead};
use domain::{
    AgentCommand, AgentKey, AgentSession, Ask, Command, Decision, Document, Effect, Entropy, Heard,
    HeardState, Input, InputBody, InputId, Key, Kind, LEAVING_SECONDS, LiveAgent, Loaded,
    OWED_SECONDS, OwedSignOut, OwnerAsk, PairName, PhoneProof, PresenceState, ReasonCode, Refusal,
    Report, SessionRef, Settings, SignIn, SignInOn, SignedOutBy, Step, Timestamp, View, Wake,
    WakeChange, Wish, WriteBody, step,
};
use proptest::prelude::*;

const AGENTS: usize = 2;
const SCREENS: usize = 2;

/// What a store would hold and a node would have heard.
struct World {
    now: Timestamp,
    entropy: u8,
    documents: BTreeMap<Key, Loaded>,
    wakes: BTreeMap<String, Wake>,
    settings: Arc<Settings>,
    live: BTreeMap<usize, LiveAgent>,
    /// Every timer that was ever set, every promise that was made, everybody who held a session.
    set: Vec<Wake>,
    promises: Vec<Effect>,
    holders: Vec<(usize, SessionRef)>,
}

/// Whose word a wish is, or which session a report is about.
#[derive(Clone, Copy, Debug)]
enum Holder {
    Nobody,
    Now,
    Once(usize),
}

/// Which pairs the settings have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pairs {
    None,
    East,
    West,
    Both,
}

#[derive(Clone, Debug)]
enum Action {
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
enum Came {
    Done,
    Asked(OwnerAsk),
    Refused(Refusal),
}

fn east() -> PairName {
    "east".parse().unwrap()
}

fn agent_key(agent: usize) -> AgentKey {
    AgentKey { pair: east(), id: format!("100{agent}").parse().unwrap() }
}

fn settings(pairs: Pairs) -> Settings {
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
        };
        (name, Arc::new(pair))
    };
    let names: &[&str] = match pairs {
        Pairs::None => &[],
        Pairs::East => &["east"],
        Pairs::West => &["west"],
        Pairs::Both => &["east", "west"],
    };
    let mut settings = Settings::default();
    settings.cti_pairs = Arc::new(names.iter().copied().map(pair).collect());
    settings
}

impl World {
    fn new() -> Self {
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

    fn holder(&self, agent: usize, holder: Holder) -> Option<SessionRef> {
        match holder {
            Holder::Nobody => None,
            Holder::Now => self.session(agent).map(AgentSession::holder),
            Holder::Once(place) => {
                let of_agent: Vec<_> = self.holders.iter().filter(|(of, _)| *of == agent).collect();
                Some(of_agent[place.checked_rem(of_agent.len())?].1)
            }
        }
    }

    fn input(&self, action: &Action) -> Option<Input> {
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

    fn play(&mut self, action: &Action) -> Option<Came> {
        match action {
            Action::Clock(seconds) => self.now = self.now.after(Duration::from_secs(*seconds)),
            Action::Heard { agent, state } => {
                let heard = Heard::State(HeardState {
                    state: *state,
                    since: self.now,
                    pending: None,
                    extension: Some("2000".parse().unwrap()),
                    instrument: None,
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

    fn session(&self, agent: usize) -> Option<&AgentSession> {
        match self.documents.get(&Key::session(&agent_key(agent))) {
            Some(Loaded { document: Document::Session(session), .. }) => Some(session),
            _ => None,
        }
    }

    fn sessions(&self) -> impl Iterator<Item = &AgentSession> {
        (0..AGENTS).filter_map(|agent| self.session(agent))
    }

    /// Pairs with somebody signed in or leaving, as a node's mirror shows them.
    fn occupied(&self) -> BTreeSet<PairName> {
        let lasts = |it: &&AgentSession| it.signed_in().is_some() || it.leaving().is_some();
        self.sessions().filter(lasts).map(|session| session.agent.pair.clone()).collect()
    }

    /// The promises that would still be sent now, as the outbox judges them.
    fn due_promises(&self, agent: usize) -> Vec<OwedSignOut> {
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

    fn generations(&self) -> Vec<u32> {
        (0..AGENTS).map(|agent| self.session(agent).map_or(0, |it| it.generation)).collect()
    }

    /// All that an agent, a timer or a server could tell.
    fn picture(&self) -> String {
        format!("{:?} {:?} {:?}", self.documents, self.wakes, self.promises)
    }

    /// One timer for each sign-out that is under way and none beside; a promise is due only while one
    /// is; screens are claimed by sessions that last; lines are nobody's here.
    fn check(&self) {
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

fn sign_in(agent: usize, line: usize, screen: Option<usize>) -> SignIn {
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

fn any_state() -> impl Strategy<Value = PresenceState> {
    prop_oneof![
        2 => Just(PresenceState::SignedOut { reason: None }),
        2 => Just(PresenceState::NotReady { reason: None }),
        1 => Just(PresenceState::Ready),
        1 => Just(PresenceState::Talking),
        1 => Just(PresenceState::Unknown),
    ]
}

fn any_wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        1 => Just(Wish::Ready),
        1 => Just(Wish::NotReady(None)),
        1 => Just(Wish::SignOut(None)),
        4 => Just(Wish::ForceSignOut { reason: Some(ReasonCode(255)), by: SignedOutBy::System }),
        1 => Just(Wish::CallEnds { id: None }),
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    let holder = || {
        prop_oneof![
            2 => Just(Holder::Nobody),
            3 => Just(Holder::Now),
            2 => any::<usize>().prop_map(Holder::Once),
        ]
    };
    let pairs = prop::sample::select(&[Pairs::None, Pairs::East, Pairs::West, Pairs::Both][..]);
    prop_oneof![
        6 => (0..AGENTS, 0usize..2, prop::option::of(0..SCREENS))
            .prop_map(|(agent, line, screen)| Action::SignIn { agent, line, screen }),
        8 => (0..AGENTS, any_wish(), holder())
            .prop_map(|(agent, wish, holder)| Action::Wish { agent, wish, holder }),
        4 => (0..AGENTS, any_state()).prop_map(|(agent, state)| Action::Heard { agent, state }),
        3 => (0..AGENTS, holder())
            .prop_map(|(agent, holder)| Action::VoiceSignedOut { agent, holder }),
        3 => (0..AGENTS, holder()).prop_map(|(agent, holder)| Action::Left { agent, holder }),
        3 => any::<usize>().prop_map(Action::Due),
        1 => pairs.prop_map(Action::Settings),
        3 => (0u64..40).prop_map(Action::Clock),
    ]
}

fn any_life() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(any_action(), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn generations_never_fall_and_lines_of_servers_are_claimed_by_nobody(life in any_life()) {
        let mut world = World::new();
        world.check();
        for action in life {
            let before = world.generations();
            let came = world.play(&action);
            world.check();
            let after = world.generations();
            let fell = before.iter().zip(&after).any(|(before, after)| after < before);
            prop_assert!(!fell, "{action:?}: {before:?}, {after:?}");
            let is_report = world.input(&action).is_some_and(|it| matches!(it.body, InputBody::Report(_)));
            if is_report {
                prop_assert!(matches!(came, None | Some(Came::Done)), "{action:?}: {came:?}");
            }
        }
    }

    /// An owed sign-out alone is sent while it is owed, and nobody signs in before it is over.
    #[test]
    fn dsk_04_a_sign_in_waits_for_an_owed_sign_out_and_nothing_else_signs_out_meanwhile(
        life in any_life(),
    ) {
        let mut world = World::new();
        for action in life {
            let (Action::SignIn { agent, .. } | Action::Wish { agent, .. }) = action else {
                world.play(&action);
                continue;
            };
            let leaving = world.session(agent).and_then(|it| it.leaving()).cloned();
            let before = world.picture();
            let came = world.play(&action);
            let Some(leaving) = leaving.filter(|leaving| world.now < leaving.until) else { continue };
            prop_assert!(!matches!(came, Some(Came::Asked(_))), "{action:?}: {came:?}");
            if let Action::SignIn { screen, .. } = &action {
                let refused = Some(Came::Refused(Refusal::Leaving { until: leaving.until }));
                let screen = screen.map(|it| format!("SEP00000000000{it}").parse().unwrap());
                let in_use = matches!((&came, screen),
                    (Some(Came::Refused(Refusal::DeviceInUse { device, .. })), Some(screen))
                        if *device == screen);
                prop_assert!(came == refused || in_use, "{action:?}: {came:?}");
            }
            prop_assert_eq!(before, world.picture(), "{:?}", action);
        }
    }

    #[test]
    fn cti_03_a_sign_out_that_is_owed_always_ends(life in any_life()) {
        let mut world = World::new();
        for action in life {
            world.play(&action);
        }
        world.play(&Action::Clock(LEAVING_SECONDS));
        for place in 0..world.set.len() {
            world.play(&Action::Due(place));
        }
        world.check();
        let leaving: Vec<_> = world.sessions().filter(|it| it.leaving().is_some()).collect();
        prop_assert!(leaving.is_empty(), "{leaving:?}");
        prop_assert!(world.wakes.is_empty());
    }

    #[test]
    fn dsk_04_news_of_an_older_session_changes_nothing(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let about = match &action {
                Action::VoiceSignedOut { agent, holder } | Action::Left { agent, holder } => {
                    world.holder(*agent, *holder).map(|named| (*agent, named))
                }
                _ => None,
            };
            let present = about.and_then(|(agent, _)| world.session(agent).map(AgentSession::holder));
            let before = world.picture();
            world.play(&action);
            if let Some((_, named)) = about
                && Some(named.generation) != present.map(|present| present.generation)
            {
                prop_assert_eq!(before, world.picture(), "{:?}", action);
            }
        }
    }

    #[test]
    fn a_report_or_forced_sign_out_repeated_is_a_no_op(life in any_life()) {
        let mut world = World::new();
        for action in life {
            // Reports and wishes name what they were about when they were made first.
            let Some(input) = world.input(&action) else {
                world.play(&action);
                continue;
            };
            world.play(&action);
            let repeats = match (&input.body, &action) {
                (InputBody::Report(_), Action::VoiceSignedOut { holder, .. } | Action::Left { holder, .. }) => {
                    !matches!(holder, Holder::Now)
                }
                (_, Action::Due(_) | Action::Settings(_)) => true,
                (_, Action::Wish { holder: Holder::Nobody, .. }) => true,
                _ => false,
            };
            if repeats {
                let before = world.picture();
                world.play(&action);
                prop_assert_eq!(before, world.picture(), "{:?}", action);
            }
        }
    }

    /// The owner of an agent's voice state changes only with nobody signed in.
    #[test]
    fn settings_that_take_an_occupied_pair_away_are_refused(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let occupied = world.occupied();
            let before = world.picture();
            let came = world.play(&action);
            let Action::Settings(pairs) = action else { continue };
            let takes_away = matches!(pairs, Pairs::None | Pairs::West);
            if occupied.contains(&east()) && takes_away && !settings_are(&world, pairs) {
                let in_use = matches!(came, Some(Came::Refused(Refusal::SettingsInUse { .. })));
                prop_assert!(in_use, "{pairs:?}: {came:?}");
                prop_assert_eq!(before, world.picture());
            } else {
                prop_assert_eq!(came, Some(Came::Done));
                prop_assert!(settings_are(&world, pairs));
            }
        }
    }
}

fn settings_are(world: &World, pairs: Pairs) -> bool {
    world.settings.cti_pairs.keys().eq(settings(pairs).cti_pairs.keys())
}

/// Voice state that the gateway owns goes over to servers with nobody signed in.
#[test]
fn pairs_are_refused_while_agents_of_our_own_voice_state_are_signed_in() {
    let mut view = View::new(Arc::new(settings(Pairs::None)));
    view.occupied = BTreeSet::from([PairName::owned()]);
    view.add_document(Key::settings_head(), None);
    let apply = |pairs, view: &View| {
        let documents = Documents(settings(pairs).documents());
        let command = Command::ApplySettings { documents, source: None };
        let input = Input::command(InputId::new("test", "any"), command);
        step(Timestamp::from_seconds(1), Entropy([0; 16]), &input, view)
    };
    let refused = apply(Pairs::East, &view);
    assert!(matches!(refused, Step::Refuse(Refusal::SettingsInUse { .. })), "{refused:?}");
    assert!(matches!(apply(Pairs::None, &view), Step::Decide(_)));
    view.occupied.clear();
    assert!(matches!(apply(Pairs::East, &view), Step::Decide(_)));
}

/// One session over phone and desktop: another screen takes it over, and the old page's holder no
/// longer speaks for it.
#[test]
fn phn_22_signing_in_elsewhere_takes_the_session_over() {
    let mut world = World::new();
    let sign_in = |screen| Action::SignIn { agent: 0, line: 0, screen };
    assert_eq!(world.play(&sign_in(Some(0))), Some(Came::Done));
    let old = world.session(0).unwrap().holder();
    assert_eq!(world.play(&sign_in(Some(1))), Some(Came::Done));
    world.check();
    let new = world.session(0).unwrap().holder();
    assert_eq!((new.number, new.generation), (old.number, old.generation + 1));
    let force = Wish::ForceSignOut { reason: None, by: SignedOutBy::System };
    let by_old = Action::Wish { agent: 0, wish: force, holder: Holder::Once(0) };
    assert_eq!(world.play(&by_old), Some(Came::Refused(Refusal::NotSignedIn)));
    assert!(world.session(0).unwrap().signed_in().is_some());
}

/// Whoever the server says is signed out is so here, with its reason, on every screen.
#[test]
fn cti_07_who_is_signed_out_by_the_server_is_signed_out_here_with_the_reason() {
    let mut world = World::new();
    world.play(&Action::SignIn { agent: 0, line: 0, screen: Some(0) });
    world.play(&Action::VoiceSignedOut { agent: 0, holder: Holder::Now });
    world.check();
    let domain::Status::SignedOut(ended) = &world.session(0).unwrap().status else {
        panic!("signed in")
    };
    assert_eq!((ended.reason, ended.by), (Some(ReasonCode(999)), SignedOutBy::Supervisor));
}

/// Nothing above means anything unless the random lives get somewhere.
#[test]
fn random_lives_get_somewhere() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut left, mut over, mut ended, mut waited, mut in_use) = (0, 0, 0, 0, 0);
    for _ in 0..300 {
        let life = any_life().new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        for action in life {
            let leaving = world.sessions().filter(|it| it.leaving().is_some()).count();
            let signed_in = world.sessions().filter(|it| it.signed_in().is_some()).count();
            let came = world.play(&action);
            let fewer = world.sessions().filter(|it| it.leaving().is_some()).count() < leaving;
            let gone = world.sessions().filter(|it| it.signed_in().is_some()).count() < signed_in;
            match (action, came) {
                (Action::Left { .. }, _) => left += u32::from(fewer),
                (Action::Due(_), _) => over += u32::from(fewer),
                (Action::VoiceSignedOut { .. }, _) => ended += u32::from(gone),
                (_, Some(Came::Refused(Refusal::Leaving { .. }))) => waited += 1,
                (_, Some(Came::Refused(Refusal::SettingsInUse { .. }))) => in_use += 1,
                _ => {}
            }
        }
    }
    let counts = [left, over, ended, waited, in_use];
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}
