//! What was asked of a pair and what became of it; pure but for the channel an answer goes to.
//!
//! ```text
//!   sent --- seen in the state asked for, or announced as next ---> done
//!     |----- refused (failure, control failure), unless seen -----> refused
//!     |----- link lost -------------------------------------------> unknown
//!     `----- not seen in time -> the agent is asked about -> seen: done, else unknown (not seen)
//! ```
//!
//! A confirmation alone means received. Two things need one besides: a sign-in, since it proves the
//! password, and a forced sign-out, since the agent may have gone or rested before it arrived, and one
//! that is still on its way would end the next sign-in.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use domain::{
    AgentId, LiveAgent, OwnerAnswer, OwnerAsk, OwnerCommand, OwnerRefusal, OwnerRefusalKind,
    PresenceState, Target, Unclear,
};
use protocols::cti::{Answer, InvokeId};
use tokio::sync::oneshot;

use crate::translate;

/// What an answer of the server is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Use {
    /// For a command.
    Command(u64),
    /// For a question about that agent, of the engine's or of a command that was not seen. Commands
    /// that were sent after it are not judged by it.
    Question(AgentId, u64),
}

#[derive(Debug)]
struct Waiting {
    command: OwnerCommand,
    answer: oneshot::Sender<OwnerAnswer>,
    /// Whether the agent surely was signed on when it was asked.
    was_signed_on: bool,
    confirmed: bool,
    /// Whether the agent's state was told since.
    told: bool,
    /// Set once the agent is to be asked about, since nothing was seen in time.
    asked_again: bool,
    /// The first question that may judge it, once one is sent.
    question: Option<u64>,
    deadline: Instant,
}

/// Everything asked and not answered yet.
#[derive(Debug)]
pub(crate) struct Asks {
    within: Duration,
    uses: HashMap<InvokeId, Use>,
    waiting: HashMap<u64, Waiting>,
    by_agent: HashMap<AgentId, Vec<u64>>,
    deadlines: BTreeSet<(Instant, u64)>,
    next: u64,
}

impl Asks {
    /// A command is to be seen within that time.
    pub(crate) fn new(within: Duration) -> Self {
        Self {
            within,
            uses: HashMap::new(),
            waiting: HashMap::new(),
            by_agent: HashMap::new(),
            deadlines: BTreeSet::new(),
            next: 0,
        }
    }

    /// A command was sent as that request.
    pub(crate) fn sent(
        &mut self,
        now: Instant,
        invoke: InvokeId,
        command: OwnerCommand,
        answer: oneshot::Sender<OwnerAnswer>,
        live: Option<&LiveAgent>,
    ) {
        self.next += 1;
        let (number, deadline) = (self.next, now + self.within);
        self.uses.insert(invoke, Use::Command(number));
        self.by_agent.entry(command.agent.clone()).or_default().push(number);
        self.deadlines.insert((deadline, number));
        let was_signed_on = live.and_then(LiveAgent::is_signed_in) == Some(true);
        let waiting = Waiting {
            command,
            answer,
            was_signed_on,
            confirmed: false,
            told: false,
            asked_again: false,
            question: None,
            deadline,
        };
        self.waiting.insert(number, waiting);
    }

    /// A question about an agent was sent as that request.
    pub(crate) fn asked_about(&mut self, invoke: InvokeId, agent: AgentId) {
        self.next += 1;
        for number in self.by_agent.get(&agent).into_iter().flatten() {
            if let Some(waiting) = self.waiting.get_mut(number)
                && waiting.waits_for_question()
                && waiting.question.is_none()
            {
                waiting.question = Some(self.next);
            }
        }
        self.uses.insert(invoke, Use::Question(agent, self.next));
    }

    /// Whom a command was about that was sent as that request.
    pub(crate) fn agent_of(&self, invoke: InvokeId) -> Option<AgentId> {
        match self.uses.get(&invoke)? {
            Use::Command(number) => Some(self.waiting.get(number)?.command.agent.clone()),
            Use::Question(agent, _) => Some(agent.clone()),
        }
    }

    /// The question that an answer came for: whom it was about, and its number for
    /// [`Asks::settled`].
    pub(crate) fn question(&mut self, invoke: InvokeId) -> Option<(AgentId, u64)> {
        let Use::Question(agent, number) = self.uses.get(&invoke)? else { return None };
        let question = (agent.clone(), *number);
        self.uses.remove(&invoke);
        Some(question)
    }

    /// An answer to a command came; gives what was asked where the answer confirms it.
    pub(crate) fn answered(
        &mut self,
        invoke: InvokeId,
        answer: &Answer,
        live: Option<&LiveAgent>,
    ) -> Option<OwnerCommand> {
        let Some(Use::Command(number)) = self.uses.remove(&invoke) else { return None };
        let waiting = self.waiting.get_mut(&number)?;
        let confirmed = matches!(answer, Answer::Confirmed(_));
        let command = confirmed.then(|| waiting.command.clone());
        let end = match answer {
            Answer::Confirmed(_) => {
                waiting.confirmed = true;
                waiting.after_confirmation(live)
            }
            Answer::Failed(status, text) => {
                Some(waiting.refused(translate::failure(*status, text.as_deref()), live))
            }
            Answer::ControlFailed { code, peripheral_error } => {
                let refusal = translate::control_failure(*code, *peripheral_error);
                Some(waiting.refused(refusal, live))
            }
            Answer::LinkLost => Some(OwnerAnswer::Unknown(Unclear::LinkLost)),
            // Its time is over long since.
            Answer::Silent => None,
        };
        if let Some(end) = end {
            self.end(number, end);
        }
        command
    }

    /// An agent's state was told.
    pub(crate) fn heard(&mut self, agent: &AgentId, live: &LiveAgent) {
        let numbers = self.by_agent.get(agent).cloned().unwrap_or_default();
        for number in numbers {
            let Some(waiting) = self.waiting.get_mut(&number) else { continue };
            waiting.told = true;
            if live.is_signed_in() == Some(false) {
                // Whoever is seen signed on after that was signed on since.
                waiting.was_signed_on = false;
            }
            if waiting.is_reached(live) {
                self.end(number, OwnerAnswer::Done);
            }
        }
    }

    /// That question about an agent came back: whoever waited for it is judged by it, and by what is
    /// known of the agent now.
    pub(crate) fn settled(
        &mut self,
        agent: &AgentId,
        question: u64,
        refusal: Option<&OwnerRefusal>,
        live: Option<&LiveAgent>,
    ) {
        let numbers = self.by_agent.get(agent).cloned().unwrap_or_default();
        for number in numbers {
            let Some(waiting) = self.waiting.get(&number) else { continue };
            if waiting.question.is_none_or(|first| first > question) {
                continue;
            }
            let is_question = matches!(waiting.command.ask, OwnerAsk::Query);
            let end = match (is_question, refusal) {
                (true, None) => OwnerAnswer::Done,
                (true, Some(refusal)) => OwnerAnswer::Refused(refusal.clone()),
                (false, _) if live.is_some_and(|live| waiting.is_nearly_reached(live)) => {
                    OwnerAnswer::Done
                }
                (false, _) => OwnerAnswer::Unknown(Unclear::NotSeen),
            };
            self.end(number, end);
        }
    }

    /// The next moment something is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Agents who are to be asked about now, since something was not seen in time.
    pub(crate) fn overdue(&mut self, now: Instant) -> Vec<AgentId> {
        let mut ask_about = Vec::new();
        while let Some((deadline, number)) = self.deadlines.first().copied() {
            if deadline > now {
                break;
            }
            let Some(waiting) = self.waiting.get_mut(&number) else {
                self.deadlines.pop_first();
                continue;
            };
            let no_state = matches!(
                waiting.command.ask,
                OwnerAsk::Query | OwnerAsk::CheckPassword { .. } | OwnerAsk::WrapUp { .. }
            );
            if waiting.asked_again || no_state {
                self.end(number, OwnerAnswer::Unknown(Unclear::NotSeen));
                continue;
            }
            self.deadlines.pop_first();
            waiting.asked_again = true;
            waiting.deadline = now + self.within;
            self.deadlines.insert((waiting.deadline, number));
            ask_about.push(waiting.command.agent.clone());
        }
        ask_about
    }

    /// The link is lost: nobody knows what became of anything.
    pub(crate) fn lost(&mut self) {
        let numbers: Vec<_> = self.waiting.keys().copied().collect();
        for number in numbers {
            self.end(number, OwnerAnswer::Unknown(Unclear::LinkLost));
        }
        self.uses.clear();
    }

    /// How many commands wait.
    pub(crate) fn count(&self) -> usize {
        self.waiting.len()
    }

    fn end(&mut self, number: u64, answer: OwnerAnswer) {
        let Some(waiting) = self.waiting.remove(&number) else { return };
        self.deadlines.remove(&(waiting.deadline, number));
        let agent = &waiting.command.agent;
        if let Some(numbers) = self.by_agent.get_mut(agent) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_agent.remove(agent);
            }
        }
        // Whoever asked may have gone.
        let _ = waiting.answer.send(answer);
    }
}

impl Waiting {
    fn waits_for_question(&self) -> bool {
        self.asked_again || matches!(self.command.ask, OwnerAsk::Query)
    }

    fn after_confirmation(&self, live: Option<&LiveAgent>) -> Option<OwnerAnswer> {
        match &self.command.ask {
            // All there is to see of them.
            OwnerAsk::CheckPassword { .. } | OwnerAsk::WrapUp { .. } => Some(OwnerAnswer::Done),
            // Who was signed on before is told 259; a server that confirms instead proves nothing.
            OwnerAsk::SignIn(_) if self.was_signed_on => Some(OwnerAnswer::Refused(OwnerRefusal {
                kind: OwnerRefusalKind::AlreadySignedOn,
                code: 259,
                words: "the agent is signed on already".to_owned(),
            })),
            _ => live.filter(|live| self.is_reached(live)).map(|_| OwnerAnswer::Done),
        }
    }

    fn refused(&self, refusal: OwnerRefusal, live: Option<&LiveAgent>) -> OwnerAnswer {
        // It may be so all the same: another client asked for it, or it was so already.
        let is_so = |live: &LiveAgent| match self.command.ask {
            OwnerAsk::Set { .. } => self.is_reached(live),
            OwnerAsk::ForceOut { .. } => live.is_signed_in() == Some(false),
            _ => false,
        };
        match live {
            Some(live) if is_so(live) => OwnerAnswer::Done,
            _ => OwnerAnswer::Refused(refusal),
        }
    }

    /// The same once the server was asked: a reason of its own does not make another state of one that
    /// it confirmed.
    fn is_nearly_reached(&self, live: &LiveAgent) -> bool {
        let rests = matches!(live.state, PresenceState::NotReady { .. });
        let target = matches!(self.command.ask, OwnerAsk::Set { target: Target::NotReady(_), .. });
        let is_known = live.is_signed_in() == Some(true);
        self.confirmed && self.told && target && rests && is_known
    }

    /// Whether the agent is seen in the state asked for, or that is announced as next.
    fn is_reached(&self, live: &LiveAgent) -> bool {
        let Some(signed_on) = live.is_signed_in() else { return false };
        match &self.command.ask {
            OwnerAsk::SignIn(_) => self.confirmed && signed_on && !self.was_signed_on,
            OwnerAsk::Set { target, .. } => is_so(*target, live),
            OwnerAsk::ForceOut { .. } => {
                let rests = |state| matches!(state, PresenceState::NotReady { .. });
                let made_to_rest = rests(live.state) || live.pending.is_some_and(rests);
                // A question goes the same way, so its answer says as much as a confirmation.
                let arrived = self.confirmed || self.asked_again;
                !signed_on && arrived || self.confirmed && self.told && made_to_rest
            }
            OwnerAsk::Query | OwnerAsk::CheckPassword { .. } | OwnerAsk::WrapUp { .. } => false,
        }
    }
}

/// Whether a state asked for is so, or announced as next. What is announced has no reason.
fn is_so(target: Target, live: &LiveAgent) -> bool {
    match target {
        Target::Ready => {
            live.state == PresenceState::Ready && live.pending.is_none()
                || live.pending == Some(PresenceState::Ready)
        }
        Target::NotReady(reason) => {
            live.state == PresenceState::NotReady { reason }
                || matches!(live.pending, Some(PresenceState::NotReady { .. }))
        }
        Target::SignedOut(_) => {
            matches!(live.state, PresenceState::SignedOut { .. })
                || matches!(live.pending, Some(PresenceState::SignedOut { .. }))
        }
    }
}

#[cfg(test)]
mod tests;
