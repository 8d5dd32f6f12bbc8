//! One input from arrival to outcome.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{
    Asked, CameFrom, Decision, Document, Entropy, Input, InputId, Key, Kind, Loaded, Origin,
    OwnerAnswer, Refusal, Reply, Step, Unclear, View, WriteBody,
};
use store::{Commit, Committed, Load, StoreError};

use crate::SubmitError;
use crate::engine::{Asked as AskedOfStore, Came, Engine};

/// How often a rule may ask for more before we call it a fault.
const LOADS_MAX: usize = 16;
/// How often a decision is taken anew after a guard did not hold.
const CONFLICTS_MAX: usize = 32;
/// How often a commit that left no trace is tried again before the store counts as failing.
const TRACELESS_MAX: u32 = 3;
/// The pause after the first of those; each further one is twice as long.
const TRACELESS_PAUSE: Duration = Duration::from_millis(50);
/// How often the store is asked for an outcome that nobody knows.
const QUESTIONS_MAX: u32 = 6;

/// What became of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is so now, or was already.
    Done(Reply),
    /// Nothing changed, for that reason.
    Refused(Refusal),
    /// The owner of the agent's voice state was asked, and nobody knows yet what came of it.
    Unclear(Unclear),
}

/// How far an input was carried.
enum Carried {
    /// To its outcome.
    Over(Outcome),
    /// To a question to the owner of an agent's voice state, and what is replied once that is done.
    Asks(Box<Asked>, Reply),
}

impl Carried {
    fn into_outcome(self) -> Outcome {
        match self {
            Self::Over(outcome) => outcome,
            Self::Asks(_, reply) => Outcome::Done(reply),
        }
    }
}

/// A decision, or an outcome without one.
type Decided = Result<Decision, Outcome>;

/// What became of an attempt to commit.
enum Attempt {
    Done(Outcome),
    /// Something moved: decide again.
    Again,
    /// The store did not know what became of it, and has no trace of it.
    Traceless,
}

impl Engine {
    /// Carries one input through: waits for its turn, loads, decides, commits, publishes.
    ///
    /// Dropping the wait leaves the input either done as a whole or not at all; the same input may
    /// come again and gets the same outcome.
    pub async fn submit(&self, input: Input) -> Result<Outcome, SubmitError> {
        self.note_asked(&input);
        let outcome = self.carry_through(&input).await;
        self.note_outcome(&input, &outcome);
        outcome
    }

    async fn carry_through(&self, input: &Input) -> Result<Outcome, SubmitError> {
        if self.is_stopping() {
            return Err(SubmitError::Stopping);
        }
        if self.nodes.is_replaced() {
            return Err(StoreError::Replaced.into());
        }
        let _turn = self.lanes.enter(input.lane()).await.ok_or(SubmitError::Busy)?;
        let decided = {
            // Whoever holds this waits for no lane, and for nobody's owner.
            let _head =
                if input.is_told() { Some(self.audit_head_turn.lock().await) } else { None };
            self.carry(input).await?
        };
        let Carried::Asks(asked, reply) = decided else { return Ok(decided.into_outcome()) };
        let (agent, target) = (asked.command.agent.clone(), asked.command.target());
        let answer = self.live.ask(&asked.pair, asked.command).await.ok_or(SubmitError::Busy)?;
        match answer {
            OwnerAnswer::Done => {
                let came = CameFrom { from: Origin::of(input), at: self.clock.now() };
                self.live.pair(&asked.pair).note_asked(&agent, target, came);
            }
            OwnerAnswer::Refused(why) => return Ok(Outcome::Refused(Refusal::Owner { why })),
            OwnerAnswer::Unknown(unclear) => return Ok(Outcome::Unclear(unclear)),
            OwnerAnswer::Unreachable => {
                return Ok(Outcome::Refused(Refusal::OwnerAway { pair: asked.pair }));
            }
        }
        if let Some(report) = asked.done {
            // It is done; should this not be written, the bridge finds the session.
            let report = Input::report(InputId::new("asked", input.id.as_str()), report);
            if let Err(error) = self.carry(&report).await {
                tracing::warn!(%error, "what an owner did is not written yet");
            }
        }
        Ok(Outcome::Done(reply))
    }

    /// Loads, decides, commits and publishes; whoever calls has the input's turn.
    async fn carry(&self, input: &Input) -> Result<Carried, SubmitError> {
        let mut bytes = [0; 16];
        if !self.random.fill(&mut bytes) {
            return Err(SubmitError::Undecided);
        }
        let entropy = Entropy(bytes);
        let mut traceless = 0;
        match self.try_carry(input, entropy, &mut traceless).await {
            // The first try may still arrive, so it cannot be said that nothing was accepted.
            Err(SubmitError::Busy | SubmitError::Unavailable { .. }) if traceless > 0 => {
                Err(SubmitError::Unknown)
            }
            carried => carried,
        }
    }

    async fn try_carry(
        &self,
        input: &Input,
        entropy: Entropy,
        traceless: &mut u32,
    ) -> Result<Carried, SubmitError> {
        for _ in 0..CONFLICTS_MAX {
            let Some((epoch, decided)) = self.decide(input, entropy).await? else { continue };
            let decision = match decided {
                Ok(Decision { ask: Some(asked), reply, .. }) => {
                    return Ok(Carried::Asks(asked, reply));
                }
                Ok(decision) if !decision.is_empty() || input.is_always_kept() => decision,
                Ok(decision) => return Ok(Carried::Over(Outcome::Done(decision.reply))),
                Err(outcome) => return Ok(Carried::Over(outcome)),
            };
            match self.commit(input, epoch, decision).await? {
                Attempt::Done(outcome) => return Ok(Carried::Over(outcome)),
                Attempt::Again => {}
                Attempt::Traceless if *traceless == TRACELESS_MAX => {
                    self.note_failing(&StoreError::Unknown);
                    return Err(SubmitError::Unknown);
                }
                Attempt::Traceless => {
                    tokio::time::sleep(TRACELESS_PAUSE * (1 << *traceless)).await;
                    *traceless += 1;
                }
            }
        }
        Err(SubmitError::Busy)
    }

    /// Loads as often as the rule asks; ends with a decision, or with an outcome already, and the epoch
    /// all of it was read in. `None` where that changed on the way.
    async fn decide(
        &self,
        input: &Input,
        entropy: Entropy,
    ) -> Result<Option<(Option<u64>, Decided)>, SubmitError> {
        let mut epoch = None;
        let mut view = View::new(self.settings());
        view.live = input.agent().and_then(|agent| self.live.value(agent));
        view.node_mark = self.node_mark();
        if input.changes_settings() {
            let occupied = self.mirror.not_signed_out();
            view.nodes = self.nodes().iter().filter(|it| it.live).count();
            view.open_contacts = self.digital.open_by_csq();
            view.owed_mails = self.owed_by_csq().await?;
            view.occupied = occupied.iter().map(|session| session.agent.pair.clone()).collect();
        }
        for round in 0..LOADS_MAX {
            let asks = match domain::step(self.clock.now(), entropy, input, &view) {
                Step::Load(asks) => asks,
                Step::Decide(decision) => return Ok(Some((epoch, Ok(decision)))),
                Step::Refuse(refusal) => {
                    return Ok(Some((epoch, Err(Outcome::Refused(refusal)))));
                }
            };
            let load = Load { asks, input: (round == 0).then(|| input.id.clone()) };
            let began = self.clock.now();
            let answer = self.noting(self.store.load(load).await);
            self.count(
                AskedOfStore::Load,
                if answer.is_ok() { Came::Done } else { Came::Failed },
                began,
            );
            let answer = answer?;
            if let Some(reply) = answer.known {
                self.see_what_was_done(input).await;
                return Ok(Some((epoch, Err(Outcome::Done(reply)))));
            }
            self.meet_epoch(answer.epoch).await?;
            if epoch.is_some_and(|before| before != answer.epoch) {
                return Ok(None);
            }
            epoch = Some(answer.epoch);
            for (key, loaded) in answer.documents {
                if key.kind == Kind::SettingsHead {
                    let number = match loaded.as_ref().map(|loaded| &loaded.document) {
                        Some(Document::SettingsHead(head)) => head.number,
                        _ => 0,
                    };
                    view.settings = self.settings_numbered(number).await?;
                }
                // Whoever is refused now looks at the session next, and must not see an older one.
                if let Some(Loaded { version, document: Document::Session(session) }) = &loaded {
                    self.mirror.see_loaded(*version, session);
                }
                view.add_document(key, loaded);
            }
            for (range, indexed) in answer.ranges {
                view.add_range(range, indexed.into_iter().map(|indexed| indexed.key).collect());
            }
        }
        Err(SubmitError::Undecided)
    }

    async fn commit(
        &self,
        input: &Input,
        epoch: Option<u64>,
        decision: Decision,
    ) -> Result<Attempt, SubmitError> {
        let commit = Commit {
            input: input.id.clone(),
            at: self.clock.now(),
            epoch,
            decision: decision.clone(),
        };
        let began = self.clock.now();
        let committed = self.noting(self.store.commit(commit).await);
        let came = match &committed {
            Ok(Committed::Done { .. }) => Came::Done,
            Ok(Committed::Known(_) | Committed::Conflict | Committed::ClaimGone) => Came::Conflict,
            Err(StoreError::Unknown) => Came::Unknown,
            Err(_) => Came::Failed,
        };
        self.count(AskedOfStore::Commit, came, began);
        match committed {
            Ok(Committed::Done { cursor }) => {
                self.note_written();
                let reply = decision.reply.clone();
                self.publish(decision, epoch, cursor).await;
                Ok(Attempt::Done(Outcome::Done(reply)))
            }
            Ok(Committed::Known(reply)) => {
                self.see_what_was_done(input).await;
                Ok(Attempt::Done(Outcome::Done(reply)))
            }
            Ok(Committed::Conflict) => Ok(Attempt::Again),
            // Whoever ran the timer did all of this; a late report of it changes nothing.
            Ok(Committed::ClaimGone) => Ok(Attempt::Done(Outcome::Done(decision.reply))),
            Err(StoreError::Unknown) => self.ask(input).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Asks what became of a commit that nobody knows of, by the input's id. If it is not there it
    /// may be tried again: should it surface later, the store will know the id.
    async fn ask(&self, input: &Input) -> Result<Attempt, SubmitError> {
        for question in 0..QUESTIONS_MAX {
            match self.noting(self.store.outcome(&input.id).await) {
                Ok(Some(reply)) => {
                    self.see_what_was_done(input).await;
                    return Ok(Attempt::Done(Outcome::Done(reply)));
                }
                Ok(None) => return Ok(Attempt::Traceless),
                // Others answer for this by now, and whoever waits here may ask them.
                Err(_) if self.is_cut_off() => break,
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50 << question)).await;
                }
            }
        }
        Err(SubmitError::Unknown)
    }

    /// What turns out to be done already was not published here: whoever is told so looks at the session
    /// next, and must not see an older one. Where that cannot be read now the follower finds it.
    async fn see_what_was_done(&self, input: &Input) {
        if let Some(agent) = input.agent()
            && let Err(error) = self.see_session(&Key::session(agent)).await
        {
            tracing::debug!(%error, "what was done is shown once the log is read");
        }
    }

    /// Shows what was committed here at once; other nodes find it in the log.
    async fn publish(&self, decision: Decision, epoch: Option<u64>, cursor: store::Cursor) {
        // Where a backup was restored meanwhile, what was written is gone and its versions mean nothing.
        if epoch.is_some_and(|epoch| epoch < self.epoch.load(Ordering::Acquire)) {
            return;
        }
        let count = u64::try_from(decision.events.len()).unwrap_or(0);
        let sets_wake =
            decision.wakes.iter().any(|change| matches!(change, domain::WakeChange::Set(_)));
        let version = |key: &Key| {
            let guard = decision.guards.iter().find(|guard| guard.key == *key);
            guard.map(|guard| guard.version.map_or(1, |version| version + 1))
        };
        let mut known = true;
        let mut settings = false;
        for write in &decision.writes {
            match (&write.body, version(&write.key)) {
                (WriteBody::Put(Document::Session(session)), Some(version)) => {
                    self.mirror.see(version, session.clone());
                }
                (WriteBody::Put(Document::Session(_) | Document::Node(_)), None) => known = false,
                (WriteBody::Put(Document::Node(node)), Some(version)) => {
                    self.see_node(&write.key, version, node);
                }
                (WriteBody::Put(Document::SettingsHead(_)), _) => settings = true,
                (WriteBody::Put(document), Some(version))
                    if crate::identity::is_of_identity(write.key.kind) =>
                {
                    self.identity.see(&write.key, version, document);
                }
                (WriteBody::Put(document), Some(version))
                    if crate::digital::is_digital(write.key.kind) =>
                {
                    self.digital.see(version, document);
                }
                (WriteBody::Delete, _) if crate::digital::is_digital(write.key.kind) => {
                    known = false
                }
                (WriteBody::Delete, _) if write.key.kind == Kind::Session => {
                    self.forget_session(&write.key);
                }
                _ => {}
            }
        }
        if sets_wake {
            self.wake_set.notify_one();
        }
        if settings && let Err(error) = self.refresh_settings().await {
            tracing::warn!(%error, "new settings could not be read back");
            known = false;
        }
        // What could not be shown here is left to the follower, which tries until it can.
        if known {
            self.note_own(cursor, count);
        }
    }
}
