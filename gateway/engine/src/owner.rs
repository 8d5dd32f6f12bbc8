//! Whoever holds the link to a pair of servers: what it hears, what it is asked, whom it asks about.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::{AgentId, AgentKey, Heard, LiveAgent, PairName, QueueFigures, Timestamp};
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::live::{OwnerRequest, PairLive, PairStatus};

/// How many questions about agents are in flight at once while everything is asked anew.
pub const QUESTIONS_MAX: usize = 64;
/// A question without an answer counts no longer after this time.
const QUESTION_LASTS: Duration = Duration::from_secs(10);
/// How often an agent is asked about who never came to be known.
const QUESTIONS_EACH: u8 = 3;

/// The holder of a pair's link. Dropping it means that nothing of the pair is known any more.
#[derive(Debug)]
pub struct Owner {
    engine: Arc<Engine>,
    pair: PairName,
    live: Arc<PairLive>,
    requests: mpsc::Receiver<OwnerRequest>,
    questions: Questions,
}

/// Who is asked about, in order; those with a session first.
#[derive(Debug, Default)]
struct Questions {
    waiting: VecDeque<(AgentId, u8)>,
    in_flight: Vec<(AgentId, Timestamp, u8)>,
}

impl Engine {
    /// Makes the caller the owner of that pair's voice state on this node, in the place of any before.
    pub fn own(self: &Arc<Self>, pair: &PairName) -> Owner {
        let live = self.live.pair(pair);
        let requests = live.attach();
        Owner {
            engine: Arc::clone(self),
            pair: pair.clone(),
            live,
            requests,
            questions: Questions::default(),
        }
    }
}

impl Owner {
    /// The pair.
    pub fn pair(&self) -> &PairName {
        &self.pair
    }

    /// The next thing asked; `None` once another owner took this one's place.
    pub async fn next_request(&mut self) -> Option<OwnerRequest> {
        self.requests.recv().await
    }

    /// Takes in what was heard of an agent; true where it was news.
    pub fn hear(&mut self, agent: &AgentId, heard: Heard) -> bool {
        if matches!(heard, Heard::State(_) | Heard::Absent) {
            self.questions.heard(agent);
        }
        let key = AgentKey { pair: self.pair.clone(), id: agent.clone() };
        let news = self.live.hear(&key, self.engine.now(), heard);
        if news {
            if self.live.value(agent).and_then(|value| value.is_signed_in()) == Some(false) {
                self.engine.mirror.tell_end(key.clone());
            }
            self.engine.mirror.tell(key);
        }
        news
    }

    /// Takes in how many calls wait in an agent's queues. Listeners are told where their number is
    /// another; how long one waits grows by itself.
    pub fn set_queues(&mut self, agent: &AgentId, figures: Option<QueueFigures>) {
        if self.live.set_queues(agent, figures) {
            self.engine.mirror.tell(AgentKey { pair: self.pair.clone(), id: agent.clone() });
        }
    }

    /// What is known of an agent.
    pub fn value(&self, agent: &AgentId) -> Option<Arc<LiveAgent>> {
        self.live.value(agent)
    }

    /// The link is lost: nothing of the pair is known any more.
    pub fn lose(&mut self) {
        self.questions = Questions::default();
        for agent in self.live.lose(self.engine.now()) {
            self.engine.mirror.tell(agent);
        }
    }

    /// The link is there: everybody is to be asked about, whoever has a session first, then whoever was
    /// heard of, then the pair's agents by the settings.
    pub fn ask_everybody(&mut self) {
        let settings = self.engine.settings();
        let sessions = self.engine.mirror.signed_in();
        let here = sessions.iter().map(|session| &session.agent).filter(|it| it.pair == self.pair);
        let mut wanted: Vec<AgentId> = here.map(|agent| agent.id.clone()).collect();
        wanted.extend(self.live.values().iter().map(|value| value.agent.id.clone()));
        let of_pair = |id: &&AgentId| settings.pair_of(id).may_be(&self.pair);
        wanted.extend(settings.agents.keys().filter(of_pair).cloned());
        let mut seen = HashSet::new();
        wanted.retain(|id| seen.insert(id.clone()));
        let waiting = wanted.into_iter().map(|id| (id, 0)).collect();
        self.questions = Questions { waiting, in_flight: Vec::new() };
    }

    /// The next agent to ask about, while there is room for questions; to be called until `None`, after
    /// every answer and now and then.
    pub fn next_question(&mut self) -> Option<AgentId> {
        let now = self.engine.now();
        let known = |id: &AgentId| {
            self.live.value(id).is_some_and(|value| value.known == domain::Known::Now)
        };
        self.questions.next(now, known)
    }

    /// A question came back without telling what the agent is doing.
    pub fn question_failed(&mut self, agent: &AgentId) {
        self.questions.failed(agent);
    }

    /// The owner knows no such agent, so nobody is asked about them again.
    pub fn question_over(&mut self, agent: &AgentId) {
        self.questions.heard(agent);
    }

    /// How many agents are still to be asked about.
    pub fn questions_left(&self) -> usize {
        self.questions.waiting.len() + self.questions.in_flight.len()
    }

    /// Tells how the link stands.
    pub fn set_status(&self, status: PairStatus) {
        self.live.set_status(self.engine.now(), status);
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Whoever took its place answers for the pair now.
        if !self.requests.is_closed() {
            self.lose();
            self.live.set_status(self.engine.now(), PairStatus::default());
        }
    }
}

impl Questions {
    fn next(&mut self, now: Timestamp, known: impl Fn(&AgentId) -> bool) -> Option<AgentId> {
        let mut late = Vec::new();
        self.in_flight.retain(|(id, asked_at, tries)| {
            let is_late = now.since(*asked_at) >= QUESTION_LASTS || *asked_at > now;
            if is_late {
                late.push((id.clone(), *tries));
            }
            !is_late
        });
        self.waiting.extend(late.into_iter().filter(|(_, tries)| *tries < QUESTIONS_EACH));
        while self.in_flight.len() < QUESTIONS_MAX {
            let (id, tries) = self.waiting.pop_front()?;
            // An event may have come meanwhile.
            if !known(&id) {
                self.in_flight.push((id.clone(), now, tries + 1));
                return Some(id);
            }
        }
        None
    }

    fn heard(&mut self, agent: &AgentId) {
        if let Some(place) = self.in_flight.iter().position(|(id, ..)| id == agent) {
            self.in_flight.swap_remove(place);
        }
    }

    /// It is asked again once its time is over, not at once: what refused it may pass. Its place among
    /// the others is given up meanwhile where it was the last try.
    fn failed(&mut self, agent: &AgentId) {
        let spent =
            |(id, _, tries): &(AgentId, Timestamp, u8)| id == agent && *tries >= QUESTIONS_EACH;
        self.in_flight.retain(|question| !spent(question));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Vec<AgentId> {
        (0..count).map(|number| format!("{number}").parse().unwrap()).collect()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn cti_06_at_most_64_questions_are_in_flight_and_everybody_is_asked() {
        let waiting = ids(1_000).into_iter().map(|id| (id, 0)).collect();
        let mut questions = Questions { waiting, in_flight: Vec::new() };
        let mut asked = HashSet::new();
        while questions.waiting.len() + questions.in_flight.len() > 0 {
            while let Some(id) = questions.next(at(0), |_| false) {
                assert!(asked.insert(id));
            }
            assert!(questions.in_flight.len() <= QUESTIONS_MAX);
            let (answered, ..) = questions.in_flight.first().cloned().unwrap();
            questions.heard(&answered);
        }
        assert_eq!(asked.len(), 1_000);
    }

    #[test]
    fn who_is_known_by_an_event_is_not_asked_about() {
        let waiting = ids(3).into_iter().map(|id| (id, 0)).collect();
        let mut questions = Questions { waiting, in_flight: Vec::new() };
        let known = |id: &AgentId| id.as_str() != "2";
        assert_eq!(questions.next(at(0), known).unwrap().as_str(), "2");
        assert_eq!(questions.next(at(0), known), None);
    }

    #[test]
    fn a_question_from_before_the_clock_was_set_back_holds_no_place_for_long() {
        let waiting = ids(1).into_iter().map(|id| (id, 0)).collect();
        let mut questions = Questions { waiting, in_flight: Vec::new() };
        assert!(questions.next(at(1_000), |_| false).is_some());
        assert_eq!(questions.next(at(1_001), |_| false), None, "its answer may still come");
        // By this clock its time would be over only in a quarter of an hour.
        assert!(questions.next(at(100), |_| false).is_some());
        assert_eq!(questions.next(at(101), |_| false), None);
    }

    #[test]
    fn a_question_without_an_answer_is_asked_again_and_then_given_up() {
        let waiting = ids(1).into_iter().map(|id| (id, 0)).collect();
        let mut questions = Questions { waiting, in_flight: Vec::new() };
        for round in 0..QUESTIONS_EACH {
            let now = at(100 * i64::from(round));
            assert!(questions.next(now, |_| false).is_some());
            assert_eq!(questions.next(now, |_| false), None);
        }
        assert_eq!(questions.next(at(10_000), |_| false), None);
        assert_eq!(questions.in_flight.len() + questions.waiting.len(), 0);
    }
}
