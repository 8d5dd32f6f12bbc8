//! A contact centre that owns agents' voice state: it does what it is asked, or answers as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::settings::{CtiDialect, CtiPair, CtiSessions, Settings};
use domain::{
    AgentId, AgentKey, Call, CallDirection, CallState, CallVariable, Extension, Heard, HeardState,
    OwnerAnswer, OwnerAsk, OwnerRefusal, OwnerRefusalKind, PresenceState, QueueFigures, Target,
};
use engine::{Owner, OwnerRequest};
use tokio::sync::{mpsc, oneshot};

use super::{NOW, Node, settings};
use crate::locked;

const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until it is so, or fails.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn pair(name: &str) -> CtiPair {
    CtiPair {
        name: name.parse().unwrap(),
        dialect: CtiDialect::Enterprise,
        side_a: "cti-a.example:42027".parse().unwrap(),
        side_b: None,
        version: 24,
        tag_width: None,
        peripheral_id: 5000,
        client_id: "jackfield".to_owned(),
        client_password: None,
        heartbeat_seconds: 5,
        reconnect_seconds: 300,
        request_seconds: 5,
        open_seconds: 30,
        sessions: CtiSessions::PerNode,
        logout_reason: 255,
        rmcm_user: None,
        primary_node: None,
        secondary_node: None,
    }
}

/// The settings of tests, where those pairs of servers own the voice state of all agents.
pub(crate) fn settings_with(pairs: &[&str]) -> Settings {
    let pairs = pairs.iter().map(|name| pair(name));
    let pairs = pairs.map(|pair| (pair.name.clone(), Arc::new(pair))).collect();
    Settings { cti_pairs: Arc::new(pairs), ..settings() }
}

/// The agent of that id at the contact centre `north`.
pub(crate) fn at_north(agent: &str) -> AgentKey {
    AgentKey { pair: "north".parse().unwrap(), id: agent.parse().unwrap() }
}

/// A call that came to the agent.
pub(crate) fn inbound(id: &str, state: CallState) -> Call {
    let variable =
        |name: &str, value: &str| CallVariable { name: name.to_owned(), value: value.to_owned() };
    Call {
        id: id.to_owned(),
        direction: CallDirection::Inbound,
        number: "+4930555".to_owned(),
        began_at: NOW,
        variables: vec![variable("name", "Grün"), variable("secret", "not in the layout")],
        wrap_up_reason: None,
        wrap_up_text: None,
        state,
        other_line: None,
        queue: Some("Orders".to_owned()),
    }
}

pub(crate) fn refused(kind: OwnerRefusalKind, code: u32) -> OwnerAnswer {
    OwnerAnswer::Refused(OwnerRefusal { kind, code, words: "in English".to_owned() })
}

/// What is answered instead of doing what is asked.
#[derive(Default)]
struct Script {
    sign_in: Option<OwnerAnswer>,
    check: Option<OwnerAnswer>,
    set: Option<OwnerAnswer>,
}

enum Told {
    Heard(AgentId, Heard),
    Queues(AgentId, QueueFigures),
    Lost,
}

/// One contact centre, until dropped.
pub(crate) struct Centre {
    tells: mpsc::UnboundedSender<(Told, oneshot::Sender<bool>)>,
    script: Arc<Mutex<Script>>,
    asked: Arc<Mutex<Vec<OwnerAsk>>>,
}

impl Centre {
    /// Takes over what that pair owns on the node.
    pub(crate) fn start(node: &Node, pair: &str) -> Self {
        let mut owner = node.port.own(&pair.parse().unwrap());
        let (tells, mut told) = mpsc::unbounded_channel::<(Told, oneshot::Sender<bool>)>();
        let script = Arc::<Mutex<Script>>::default();
        let asked = Arc::<Mutex<Vec<OwnerAsk>>>::default();
        let (follows, notes) = (Arc::clone(&script), Arc::clone(&asked));
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    told = told.recv() => {
                        let Some((told, done)) = told else { return };
                        let news = match told {
                            Told::Heard(agent, heard) => owner.hear(&agent, heard),
                            Told::Queues(agent, figures) => {
                                owner.set_queues(&agent, Some(figures));
                                true
                            }
                            Told::Lost => {
                                owner.lose();
                                true
                            }
                        };
                        let _ = done.send(news);
                    }
                    request = owner.next_request() => {
                        let Some(OwnerRequest { command, answer }) = request else { return };
                        locked(&notes).push(command.ask.clone());
                        let given = answered(&mut owner, &follows, &command.agent, command.ask);
                        let _ = answer.send(given);
                    }
                }
            }
        });
        Self { tells, script, asked }
    }

    pub(crate) fn answers_sign_in(&self, answer: OwnerAnswer) {
        locked(&self.script).sign_in = Some(answer);
    }

    pub(crate) fn answers_check(&self, answer: OwnerAnswer) {
        locked(&self.script).check = Some(answer);
    }

    pub(crate) fn answers_set(&self, answer: OwnerAnswer) {
        locked(&self.script).set = Some(answer);
    }

    /// Everything it was asked so far.
    pub(crate) fn asked(&self) -> Vec<OwnerAsk> {
        locked(&self.asked).clone()
    }

    /// Tells what the agent is doing; gives whether that was news.
    pub(crate) async fn says(&self, agent: &str, state: PresenceState) -> bool {
        self.tell(Told::Heard(agent.parse().unwrap(), in_state(state, None, None))).await
    }

    /// The same with what comes next.
    pub(crate) async fn says_next(&self, agent: &str, state: PresenceState, next: PresenceState) {
        self.tell(Told::Heard(agent.parse().unwrap(), in_state(state, Some(next), None))).await;
    }

    pub(crate) async fn has_calls(&self, agent: &str, calls: Vec<Call>) -> bool {
        self.tell(Told::Heard(agent.parse().unwrap(), Heard::Calls(calls))).await
    }

    pub(crate) async fn has_waiting(&self, agent: &str, figures: QueueFigures) {
        self.tell(Told::Queues(agent.parse().unwrap(), figures)).await;
    }

    /// Its link breaks.
    pub(crate) async fn is_lost(&self) {
        self.tell(Told::Lost).await;
    }

    async fn tell(&self, told: Told) -> bool {
        let (done, is_done) = oneshot::channel();
        assert!(self.tells.send((told, done)).is_ok());
        is_done.await.unwrap()
    }
}

fn in_state(
    state: PresenceState,
    pending: Option<PresenceState>,
    extension: Option<Extension>,
) -> Heard {
    Heard::State(HeardState {
        state,
        since: NOW,
        pending,
        extension,
        instrument: None,
        device: None,
    })
}

fn answered(
    owner: &mut Owner,
    script: &Mutex<Script>,
    agent: &AgentId,
    ask: OwnerAsk,
) -> OwnerAnswer {
    let script = locked(script);
    let told = match &ask {
        OwnerAsk::SignIn(_) => script.sign_in.clone(),
        OwnerAsk::CheckPassword { .. } => {
            let not_offered = || refused(OwnerRefusalKind::NotOffered, 0);
            Some(script.check.clone().unwrap_or_else(not_offered))
        }
        OwnerAsk::Set { .. } => script.set.clone(),
        _ => None,
    };
    drop(script);
    if let Some(told) = told {
        return told;
    }
    match ask {
        OwnerAsk::SignIn(wish) => {
            let state = PresenceState::NotReady { reason: None };
            owner.hear(agent, in_state(state, None, Some(wish.extension)));
        }
        OwnerAsk::Set { target, .. } => {
            let state = match target {
                Target::Ready => PresenceState::Ready,
                Target::NotReady(reason) => PresenceState::NotReady { reason },
                Target::SignedOut(reason) => PresenceState::SignedOut { reason },
            };
            owner.hear(agent, in_state(state, None, None));
        }
        OwnerAsk::ForceOut { reason, .. } => {
            let state = PresenceState::SignedOut { reason: Some(reason) };
            owner.hear(agent, in_state(state, None, None));
        }
        OwnerAsk::WrapUp { text, .. } => {
            let live = owner.value(agent).unwrap();
            let mut calls = live.calls.clone();
            calls[0].wrap_up_text = Some(text);
            owner.hear(agent, Heard::Calls(calls));
        }
        OwnerAsk::Query if owner.value(agent).is_none() => {
            return refused(OwnerRefusalKind::AgentUnknown, 7);
        }
        OwnerAsk::Query | OwnerAsk::CheckPassword { .. } => {}
    }
    OwnerAnswer::Done
}
