//! The rules that hold everywhere, by random commands and reports against documents in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::settings::{Agent, Documents, Reason, SettingsHead};
use domain::{
    AgentCommand, AgentKey, AgentSession, Ask, CallDirection, Command, Decision, Document, Entropy,
    Input, InputId, Key, Kind, Loaded, PhoneProof, ReasonCategory, ReasonCode, Refusal, Report,
    SessionRef, Settings, SignIn, SignInOn, SignedOutBy, Step, Timestamp, View, VoiceState, Wake,
    WakeChange, Wish, WriteBody, step,
};
use proptest::prelude::*;

const AGENTS: usize = 3;
const LINES: usize = 3;
const SCREENS: usize = 2;

/// What a store would hold, without the store.
struct World {
    now: Timestamp,
    entropy: u8,
    documents: BTreeMap<Key, Loaded>,
    wakes: BTreeMap<String, Wake>,
    settings: Arc<Settings>,
    /// Every timer that was ever set, and everybody who ever held a session.
    set: Vec<Wake>,
    holders: Vec<SessionRef>,
}

/// Whose word a wish is.
#[derive(Clone, Copy, Debug)]
enum Holder {
    Nobody,
    Now,
    Once(usize),
}

#[derive(Clone, Debug)]
enum Action {
    SignIn {
        agent: usize,
        line: usize,
        screen: Option<usize>,
    },
    Wish {
        agent: usize,
        wish: Wish,
        holder: Holder,
    },
    /// One of the timers that were ever set is reported as due.
    Due(usize),
    /// A timer that nobody set.
    Unheard {
        id: String,
        kind: Kind,
        subject: String,
        generation: u64,
    },
    Password {
        agent: usize,
        right: bool,
    },
    Maintenance(bool),
    Settings {
        wrap_up_seconds: u32,
        without: Option<usize>,
    },
    Clock(i64),
}

/// What came of an input.
#[derive(Debug, PartialEq)]
enum Came {
    Done,
    Refused(Refusal),
}

fn agent_key(agent: usize) -> AgentKey {
    AgentKey::owned(format!("100{agent}").parse().unwrap())
}

fn settings(wrap_up_seconds: u32, without: Option<usize>) -> Settings {
    let mut settings = Settings::default();
    let agents = (0..AGENTS).filter(|agent| Some(*agent) != without).map(|agent| Agent {
        id: agent_key(agent).id,
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
    });
    settings.agents = Arc::new(agents.map(|agent| (agent.id.clone(), Arc::new(agent))).collect());
    let reasons = [ReasonCategory::NotReady, ReasonCategory::WrapUp].map(|category| {
        let (label, teams) = ("Reason".to_owned(), Vec::new());
        let reason = Reason { category, code: ReasonCode(1), label, teams };
        ((category, reason.code), Arc::new(reason))
    });
    settings.reasons = Arc::new(BTreeMap::from(reasons));
    Arc::make_mut(&mut settings.voice).wrap_up_seconds = wrap_up_seconds;
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
            set: Vec::new(),
            holders: Vec::new(),
        };
        world.play(&Action::Settings { wrap_up_seconds: 20, without: None });
        world
    }

    fn input(&self, action: &Action) -> Option<Input> {
        let id = InputId::new("test", "any");
        let command = match action.clone() {
            Action::SignIn { agent, line, screen } => Command::SignIn(Box::new(SignIn {
                agent: agent_key(agent),
                extension: format!("200{line}").parse().unwrap(),
                device: None,
                mobile: None,
                on: match screen {
                    Some(screen) => SignInOn::Phone {
                        device: format!("SEP00000000000{screen}").parse().unwrap(),
                        proof: PhoneProof {
                            cookie_digest: String::new(),
                            address: [127, 0, 0, 1].into(),
                        },
                    },
                    None => SignInOn::Local,
                },
                node: "gw-a.example".parse().unwrap(),
                verifier: None,
                follows: None,
            })),
            Action::Wish { agent, wish, holder } => {
                let holder = match holder {
                    Holder::Nobody => None,
                    Holder::Now => self.session(agent).map(AgentSession::holder),
                    Holder::Once(place) => {
                        let place = place.checked_rem(self.holders.len())?;
                        Some(self.holders[place])
                    }
                };
                let (agent, seen_changes) = (agent_key(agent), None);
                Command::Agent(AgentCommand { agent, holder, seen_changes, wish })
            }
            Action::Due(place) => {
                let wake = self.set[place.checked_rem(self.set.len())?].clone();
                return Some(Input::report(id, Report::WakeDue(wake)));
            }
            Action::Unheard { id: name, kind, subject, generation } => {
                let subject = Key::new(kind, subject);
                let wake = Wake { id: name, due_at: self.now, subject, generation };
                return Some(Input::report(id, Report::WakeDue(wake)));
            }
            Action::Password { agent, right } => {
                let agent = agent_key(agent).id;
                return Some(Input::report(id, Report::PasswordChecked { agent, right }));
            }
            Action::Maintenance(on) => {
                Command::SetMaintenance { node: "gw-a.example".parse().unwrap(), on }
            }
            Action::Settings { wrap_up_seconds, without } => {
                let documents = Documents(settings(wrap_up_seconds, without).documents());
                Command::ApplySettings { documents, source: None }
            }
            Action::Clock(_) => return None,
        };
        Some(Input::command(id, command))
    }

    fn play(&mut self, action: &Action) -> Option<Came> {
        if let Action::Clock(seconds) = action {
            let moved = self.now.microseconds() + seconds * 1_000_000;
            self.now = Timestamp::from_microseconds(moved);
            return None;
        }
        let input = self.input(action)?;
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
                    self.check_decision(action, &decision);
                    self.commit(decision);
                    return Some(Came::Done);
                }
                Step::Refuse(refusal) => return Some(Came::Refused(refusal)),
            }
        }
        panic!("{action:?} comes to no decision")
    }

    /// A late report changes nothing; what was read from the settings depends on them.
    fn check_decision(&self, action: &Action, decision: &Decision) {
        match action {
            Action::Due(_) | Action::Unheard { .. } if !decision.writes.is_empty() => {
                let claims = decision.wakes.iter().any(|change| {
                    let WakeChange::Claim { id, generation } = change else { return false };
                    self.wakes.get(id).is_some_and(|wake| wake.generation == *generation)
                });
                assert!(claims, "{action:?} is late, and changes something: {decision:?}");
            }
            Action::Wish { wish: Wish::CallEnds { .. }, .. } if !decision.is_empty() => {
                let head = Key::settings_head();
                assert!(decision.guards.iter().any(|guard| guard.key == head), "{decision:?}");
            }
            _ => {}
        }
        for write in decision.writes.iter().filter(|write| write.key.kind == Kind::Session) {
            let guarded = decision.guards.iter().any(|guard| guard.key == write.key);
            assert!(guarded, "{action:?} writes a session without a guard");
        }
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
                        self.holders.push(session.holder());
                    }
                    let before = self.documents.get(&write.key).map_or(0, |loaded| loaded.version);
                    self.documents.insert(write.key, Loaded { version: before + 1, document });
                }
                WriteBody::Delete => {
                    self.documents.remove(&write.key);
                }
            }
        }
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

    /// All that an agent, a line or a timer could tell.
    fn picture(&self) -> String {
        format!("{:?} {:?}", self.documents, self.wakes)
    }

    fn generations(&self) -> Vec<u32> {
        (0..AGENTS).map(|agent| self.session(agent).map_or(0, |it| it.generation)).collect()
    }

    /// One agent on each line and screen, each claimed by its session and by nothing else; a timer
    /// for each wrap-up and none beside.
    fn check(&self) {
        let (mut claims, mut timers) = (BTreeSet::new(), BTreeSet::new());
        for agent in 0..AGENTS {
            let Some(session) = self.session(agent) else { continue };
            let Some(signed_in) = session.signed_in() else { continue };
            let keys =
                [Some(Key::line(&signed_in.extension)), signed_in.screen.as_ref().map(Key::device)];
            for key in keys.into_iter().flatten() {
                let claim = match self.documents.get(&key).map(|loaded| &loaded.document) {
                    Some(Document::Line(claim) | Document::Device(claim)) => claim,
                    other => panic!("{key} of {} is claimed by {other:?}", session.agent),
                };
                assert_eq!((&claim.agent, claim.session), (&session.agent, session.number));
                assert!(claims.insert(key.clone()), "{key} has two agents");
            }
            if let VoiceState::WrapUp { until, .. } = signed_in.voice.unwrap().state {
                timers.insert((Key::session(&session.agent), until));
            }
        }
        let is_claim = |key: &&Key| matches!(key.kind, Kind::Line | Kind::Device);
        assert!(self.documents.keys().filter(is_claim).eq(&claims), "a claim is left over");
        let set: BTreeSet<_> =
            self.wakes.values().map(|wake| (wake.subject.clone(), wake.due_at)).collect();
        assert_eq!(set, timers);
    }
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let reason = || prop::option::of((0u16..3).prop_map(ReasonCode));
    let call = || (0u8..3).prop_map(|call| format!("c{call}"));
    let direction = prop_oneof![Just(CallDirection::Inbound), Just(CallDirection::Outbound)];
    prop_oneof![
        3 => Just(Wish::Ready),
        3 => reason().prop_map(Wish::NotReady),
        1 => (0u16..3).prop_map(|code| Wish::WrapUpReason(ReasonCode(code))),
        1 => Just(Wish::SignOut(None)),
        1 => reason().prop_map(|reason| Wish::ForceSignOut { reason, by: SignedOutBy::System }),
        4 => (call(), direction).prop_map(|(id, direction)| Wish::CallBegins {
            id,
            direction,
            number: "1".into(),
            variables: Vec::new(),
        }),
        4 => prop::option::of(call()).prop_map(|id| Wish::CallEnds { id }),
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    let holder = prop_oneof![
        3 => Just(Holder::Nobody),
        2 => Just(Holder::Now),
        1 => any::<usize>().prop_map(Holder::Once),
    ];
    let kind = prop::sample::select(&Kind::ALL[..]);
    let subject = prop_oneof![Just("owned:1000".to_owned()), "\\PC{0,12}"];
    let id = prop_oneof![Just("wrap_up/owned:1000".to_owned()), "\\PC{0,12}"];
    prop_oneof![
        6 => (0..AGENTS, 0..LINES, prop::option::of(0..SCREENS))
            .prop_map(|(agent, line, screen)| Action::SignIn { agent, line, screen }),
        16 => (0..AGENTS, any_wish(), holder)
            .prop_map(|(agent, wish, holder)| Action::Wish { agent, wish, holder }),
        4 => any::<usize>().prop_map(Action::Due),
        1 => (id, kind, subject, any::<u64>()).prop_map(|(id, kind, subject, generation)| {
            Action::Unheard { id, kind, subject, generation }
        }),
        2 => (0..AGENTS, any::<bool>())
            .prop_map(|(agent, right)| Action::Password { agent, right }),
        1 => any::<bool>().prop_map(Action::Maintenance),
        1 => (0u32..3, prop::option::of(0..AGENTS)).prop_map(|(tens, without)| {
            Action::Settings { wrap_up_seconds: tens * 10, without }
        }),
        3 => (-60i64..600).prop_map(Action::Clock),
    ]
}

fn any_life() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(any_action(), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn lines_and_screens_have_one_agent_and_generations_never_fall(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let before = world.generations();
            world.play(&action);
            world.check();
            let after = world.generations();
            let fell = before.iter().zip(&after).any(|(before, after)| after < before);
            prop_assert!(!fell, "{action:?}: {before:?}, {after:?}");
        }
    }

    /// A sign-in apart: done again under another id it is a take-over.
    #[test]
    fn a_command_repeated_is_a_no_op(life in any_life()) {
        let mut world = World::new();
        for action in life {
            world.play(&action);
            let repeats = match &action {
                // Whoever has not signed in again meanwhile speaks for an older session.
                Action::Wish { holder, .. } => !matches!(holder, Holder::Now),
                Action::Maintenance(_) | Action::Settings { .. } => true,
                _ => false,
            };
            if repeats {
                let before = world.picture();
                world.play(&action);
                prop_assert_eq!(before, world.picture(), "{:?}", action);
            }
        }
    }

    #[test]
    fn a_report_never_fails_and_a_late_one_changes_nothing(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let before = world.picture();
            let is_late = match &action {
                Action::Due(place) => {
                    let wake = place.checked_rem(world.set.len()).map(|place| &world.set[place]);
                    wake.is_some_and(|wake| world.wakes.get(&wake.id) != Some(wake))
                }
                _ => false,
            };
            let came = world.play(&action);
            if let Action::Due(_) | Action::Unheard { .. } | Action::Password { .. } = action {
                prop_assert!(matches!(came, None | Some(Came::Done)), "{action:?}: {came:?}");
            }
            if is_late {
                prop_assert_eq!(before, world.picture(), "{:?}", action);
            }
        }
    }

    #[test]
    fn an_older_holder_changes_nothing(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let present = match &action {
                Action::Wish { agent, holder: Holder::Once(_), .. } => {
                    world.session(*agent).map(AgentSession::holder)
                }
                _ => None,
            };
            let before = world.picture();
            let named = world.input(&action).and_then(|input| match input.body {
                domain::InputBody::Command(Command::Agent(command)) => command.holder,
                _ => None,
            });
            let came = world.play(&action);
            if let (Action::Wish { holder: Holder::Once(_), .. }, Some(named)) = (&action, named)
                && Some(named) != present
            {
                prop_assert_eq!(before, world.picture(), "{:?}: {:?}", action, came);
            }
        }
    }
}

/// Nothing above means anything unless the random lives get somewhere.
#[test]
fn random_lives_get_somewhere() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut talked, mut wrapped_up, mut ended, mut taken_over) = (0, 0, 0, 0);
    for _ in 0..200 {
        let life = any_life().new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        for action in life {
            world.play(&action);
            for session in (0..AGENTS).filter_map(|agent| world.session(agent)) {
                taken_over += u32::from(session.generation > 1);
                match session.signed_in().map(|signed_in| signed_in.voice.unwrap().state) {
                    Some(VoiceState::Talking { .. }) => talked += 1,
                    Some(VoiceState::WrapUp { .. }) => wrapped_up += 1,
                    None => ended += 1,
                    _ => {}
                }
            }
        }
    }
    let counts = [talked, wrapped_up, ended, taken_over];
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
}
