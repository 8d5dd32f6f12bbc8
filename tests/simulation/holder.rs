//! A node's link to the simulated server: what an adapter does, without bytes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Ask, Document, LiveAgent, OwedSignOut, OwnerAnswer, OwnerAsk, OwnerCommand, OwnerRefusal,
    OwnerRefusalKind, PairName, PresenceState, Target, Unclear,
};
use engine::testing::SeededRandom;
use engine::{Owner, OwnerRequest, PairStatus};
use store::{Load, MemoryStore, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::centre::{Centre, Told};

/// Within this time something must be seen.
const WITHIN: Duration = Duration::from_secs(5);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Something asked and not answered yet.
struct Waiting {
    command: OwnerCommand,
    answer: oneshot::Sender<OwnerAnswer>,
    was_signed_on: bool,
    confirmed: bool,
    told: bool,
    asked_again: bool,
    deadline: Instant,
}

/// Holds the link of one node until the task is aborted.
pub(crate) struct Holder {
    pub(crate) owner: Owner,
    pub(crate) centre: Arc<Centre>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) random: SeededRandom,
}

/// A link that ends with the value.
struct Link {
    centre: Arc<Centre>,
    number: u64,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.centre.disconnect(self.number);
    }
}

impl Holder {
    pub(crate) async fn run(mut self) {
        loop {
            let pause = Duration::from_micros(1_000_000 + self.random.next() % 4_000_000);
            self.refuse_for(pause).await;
            let (number, told) = self.centre.connect();
            let link = Link { centre: Arc::clone(&self.centre), number };
            self.owner.set_status(PairStatus { active_side: Some('a'), ..PairStatus::default() });
            self.owner.ask_everybody();
            self.serve(&link, told).await;
            self.owner.set_status(PairStatus::default());
            self.owner.lose();
        }
    }

    /// There is no link.
    async fn refuse_for(&mut self, pause: Duration) {
        let over = tokio::time::sleep(pause);
        tokio::pin!(over);
        loop {
            tokio::select! {
                biased;
                () = &mut over => return,
                request = self.owner.next_request() => match request {
                    Some(request) => drop(request.answer.send(OwnerAnswer::Unreachable)),
                    None => return,
                },
            }
        }
    }

    async fn serve(&mut self, link: &Link, mut told: mpsc::UnboundedReceiver<Told>) {
        let mut waiting: BTreeMap<u64, Waiting> = BTreeMap::new();
        let mut questions = BTreeMap::new();
        let mut next = 0;
        loop {
            while let Some(agent) = self.owner.next_question() {
                next += 1;
                questions.insert(next, agent.clone());
                let command = OwnerCommand { agent, ask: OwnerAsk::Query };
                self.centre.send(link.number, next, command, None);
            }
            tokio::select! {
                biased;
                heard = told.recv() => match heard {
                    Some(Told::State(agent, state)) => {
                        self.owner.hear(&agent, domain::Heard::State(state));
                        for it in waiting.values_mut().filter(|it| it.command.agent == agent) {
                            it.told = true;
                        }
                    }
                    Some(Told::Answer(invoke, came)) => {
                        if questions.remove(&invoke).is_none() {
                            self.answered(&mut waiting, invoke, came);
                        }
                    }
                    Some(Told::Closed) | None => break,
                },
                request = self.owner.next_request() => {
                    let Some(OwnerRequest { command, answer }) = request else { break };
                    next += 1;
                    let owed = self.owed(&command).await;
                    let live = self.owner.value(&command.agent);
                    let was_signed_on = live.and_then(|live| live.is_signed_in()) == Some(true);
                    let deadline = Instant::now() + WITHIN;
                    let it = Waiting {
                        command: command.clone(),
                        answer,
                        was_signed_on,
                        confirmed: false,
                        told: false,
                        asked_again: false,
                        deadline,
                    };
                    waiting.insert(next, it);
                    self.centre.send(link.number, next, command, owed);
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            self.look(link, &mut waiting, &mut next);
        }
        for (_, it) in waiting {
            let _ = it.answer.send(OwnerAnswer::Unknown(Unclear::LinkLost));
        }
    }

    /// What is owed to which generation the server cannot tell; the outbox can. The one that is sent is for
    /// the session as it is, or that changed since it was compared, and then it is the latest.
    async fn owed(&self, command: &OwnerCommand) -> Option<u32> {
        let OwnerAsk::ForceOut { reason, .. } = command.ask else { return None };
        let topic = OwedSignOut::topic(self.owner.pair());
        let promises = self.store.promises(&topic, 0, 1_000).await.unwrap();
        let owed = promises.into_iter().map(|promise| {
            let owed: OwedSignOut = serde_json::from_str(&promise.effect.payload).unwrap();
            (promise.effect.owed.unwrap().subject, owed)
        });
        let owed: Vec<_> =
            owed.filter(|(_, it)| it.agent == command.agent && it.reason == reason).collect();
        let (subject, latest) = owed.last()?;
        let load = Load { asks: vec![Ask::Document(subject.clone())], input: None };
        let kept = self.store.load(load).await.unwrap().documents.pop().unwrap().1;
        let present = match kept.map(|loaded| loaded.document) {
            Some(Document::Session(session)) => session.generation,
            _ => latest.generation,
        };
        let is_present = owed.iter().any(|(_, it)| it.generation == present);
        Some(if is_present { present } else { latest.generation })
    }

    fn answered(
        &self,
        waiting: &mut BTreeMap<u64, Waiting>,
        invoke: u64,
        came: Result<(), OwnerRefusal>,
    ) {
        let Some(it) = waiting.get_mut(&invoke) else { return };
        let agent = it.command.agent.clone();
        let live = self.owner.value(&agent);
        let end = match came {
            Ok(()) => {
                it.confirmed = true;
                match it.command.ask {
                    OwnerAsk::CheckPassword { .. } | OwnerAsk::Query => Some(OwnerAnswer::Done),
                    OwnerAsk::SignIn(_) if it.was_signed_on => {
                        let kind = OwnerRefusalKind::AlreadySignedOn;
                        let words = "signed on already".to_owned();
                        Some(OwnerAnswer::Refused(OwnerRefusal { kind, code: 259, words }))
                    }
                    _ => None,
                }
            }
            Err(refusal) => {
                let is_so = live.is_some_and(|live| match it.command.ask {
                    OwnerAsk::Set { .. } => it.is_reached(&live),
                    OwnerAsk::ForceOut { .. } => live.is_signed_in() == Some(false),
                    _ => false,
                });
                Some(if is_so { OwnerAnswer::Done } else { OwnerAnswer::Refused(refusal) })
            }
        };
        if let Some(end) = end
            && let Some(it) = waiting.remove(&invoke)
        {
            let _ = it.answer.send(end);
        }
    }

    /// Ends what is seen, asks about what is not.
    fn look(&self, link: &Link, waiting: &mut BTreeMap<u64, Waiting>, next: &mut u64) {
        let now = Instant::now();
        let numbers: Vec<u64> = waiting.keys().copied().collect();
        for number in numbers {
            let Some(it) = waiting.get_mut(&number) else { continue };
            let live = self.owner.value(&it.command.agent);
            let answer = if live.is_some_and(|live| it.is_reached(&live)) {
                OwnerAnswer::Done
            } else if now < it.deadline {
                continue;
            } else if it.asked_again {
                OwnerAnswer::Unknown(Unclear::NotSeen)
            } else {
                it.asked_again = true;
                it.deadline = now + WITHIN;
                *next += 1;
                let ask = OwnerAsk::Query;
                let command = OwnerCommand { agent: it.command.agent.clone(), ask };
                self.centre.send(link.number, *next, command, None);
                continue;
            };
            if let Some(it) = waiting.remove(&number) {
                let _ = it.answer.send(answer);
            }
        }
    }
}

impl Waiting {
    fn is_reached(&self, live: &LiveAgent) -> bool {
        let Some(signed_on) = live.is_signed_in() else { return false };
        match &self.command.ask {
            OwnerAsk::SignIn(_) => self.confirmed && signed_on && !self.was_signed_on,
            OwnerAsk::Set { target, .. } => match target {
                Target::Ready => live.state == PresenceState::Ready,
                Target::NotReady(reason) => {
                    live.state == PresenceState::NotReady { reason: *reason }
                }
                Target::SignedOut(_) => !signed_on,
            },
            OwnerAsk::ForceOut { .. } => {
                let rests = matches!(live.state, PresenceState::NotReady { .. });
                !signed_on && (self.confirmed || self.asked_again)
                    || self.confirmed && self.told && rests
            }
            _ => false,
        }
    }
}

/// The pair whose server this is.
pub(crate) fn pair() -> PairName {
    "east".parse().unwrap()
}
