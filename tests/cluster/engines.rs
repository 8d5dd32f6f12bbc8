//! Engines in this process on one database, with clocks that a test sets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::settings::{Agent, Reason};
use domain::{
    AgentCommand, AgentKey, CallDirection, Command, Input, InputId, NodeName, ReasonCategory,
    ReasonCode, Settings, SignIn, SignInOn, SignedOutBy, Timestamp, Wish,
};
use engine::testing::{PlainAuthenticator, SeededRandom, engine_at};
use engine::{Clock, Engine, Outcome, Port, StoreClock};
use store::{PostgresOptions, PostgresStore};

use crate::ledger::{Deed, Told};
use crate::machines::{REASONS, agent, next};

/// A clock that follows the database's, which seems to jump.
#[derive(Default)]
pub(crate) struct JumpingClock {
    clock: StoreClock,
    ahead_microseconds: Arc<AtomicI64>,
}

impl JumpingClock {
    pub(crate) fn new(ahead_microseconds: &Arc<AtomicI64>) -> Self {
        let ahead_microseconds = Arc::clone(ahead_microseconds);
        Self { clock: StoreClock::default(), ahead_microseconds }
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn follow(&self, store: Timestamp, round_trip: Duration) {
        let ahead = self.ahead_microseconds.load(Ordering::Acquire);
        self.clock.follow(
            Timestamp::from_microseconds(store.microseconds().saturating_add(ahead)),
            round_trip,
        );
    }
}

/// An engine as that node.
pub(crate) async fn engine(node: &str, url: &str, clock: Arc<dyn Clock>) -> Arc<Engine> {
    let options = PostgresOptions { connections: 8, ..PostgresOptions::new(url) };
    let store = PostgresStore::open(options).await.unwrap();
    let seed = u64::from(std::process::id()) << 32 | u64::from(next());
    engine_at(node, Arc::new(store), clock, seed).await
}

pub(crate) fn port(engine: &Arc<Engine>) -> Port {
    engine.port(Arc::new(PlainAuthenticator))
}

/// Those agents, each with a wrap-up of a second and a reason for each act.
pub(crate) fn settings(agents: usize) -> Settings {
    let agents = (0..agents).map(|number| Agent {
        id: agent(number).parse().unwrap(),
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
    let reasons = (1..=REASONS).flat_map(|code| {
        [ReasonCategory::NotReady, ReasonCategory::SignOut].map(|category| Reason {
            category,
            code: ReasonCode(code),
            label: format!("R{code}"),
            teams: Vec::new(),
        })
    });
    let reasons = reasons.map(|reason| ((reason.category, reason.code), Arc::new(reason)));
    let mut settings = Settings {
        agents: Arc::new(agents.map(|agent| (agent.id.clone(), Arc::new(agent))).collect()),
        reasons: Arc::new(reasons.collect()),
        ..Settings::default()
    };
    Arc::make_mut(&mut settings.voice).wrap_up_seconds = 1;
    settings
}

/// What an agent does next in that state, as an input under that id.
pub(crate) fn next_act(
    random: &SeededRandom,
    agent: &AgentKey,
    state: &str,
    number: u16,
    node: &NodeName,
) -> Option<(Deed, Input)> {
    let deed = match (state, random.next() % 6) {
        ("signed_out", _) => Deed::SignIn,
        ("not_ready", 0) => Deed::SignOut(number),
        ("not_ready", _) => Deed::Ready,
        ("ready", 0..=1) => Deed::NotReady(number),
        ("ready", _) => Deed::CallBegins,
        ("talking", _) => Deed::CallEnds,
        _ => return None,
    };
    let reason = |number| Some(ReasonCode(number));
    let wish = match deed {
        Deed::SignIn => None,
        Deed::Ready => Some(Wish::Ready),
        Deed::NotReady(code) => Some(Wish::NotReady(reason(code))),
        Deed::SignOut(code) => {
            let by = SignedOutBy::Supervisor;
            Some(Wish::ForceSignOut { reason: reason(code), by })
        }
        Deed::CallBegins => Some(Wish::CallBegins {
            id: format!("call-{number}"),
            direction: CallDirection::Inbound,
            number: "1".into(),
            variables: Vec::new(),
        }),
        Deed::CallEnds => Some(Wish::CallEnds { id: None }),
    };
    let command = match wish {
        Some(wish) => Command::Agent(AgentCommand {
            agent: agent.clone(),
            holder: None,
            seen_changes: None,
            wish,
        }),
        None => Command::SignIn(Box::new(SignIn {
            agent: agent.clone(),
            extension: format!("3{}", agent.id).parse().unwrap(),
            device: None,
            mobile: None,
            on: SignInOn::Local,
            node: node.clone(),
            verifier: None,
            follows: None,
        })),
    };
    let id = InputId::new("act", format_args!("{agent}/{number}"));
    Some((deed, Input::command(id, command)))
}

/// The same input at several engines at once, as from a peer that does not know which of them lives: it
/// is done once, and all that answer say the same.
pub(crate) async fn submit_everywhere(engines: &[Arc<Engine>], input: &Input) -> Told {
    let mut told = Vec::new();
    let submitted = engines.iter().map(|engine| {
        let (engine, input) = (Arc::clone(engine), input.clone());
        tokio::spawn(async move { engine.submit(input).await })
    });
    let submitted: Vec<_> = submitted.collect();
    for outcome in submitted {
        if let Ok(outcome) = outcome.await.unwrap() {
            told.push(outcome);
        }
    }
    let mut done = told.iter().filter(|outcome| matches!(outcome, Outcome::Done(_)));
    match done.next() {
        Some(first) => {
            assert!(done.all(|other| other == first), "{input:?} gave {told:?}");
            Told::Done
        }
        None if told.is_empty() => Told::Nothing,
        None => Told::Refused,
    }
}
