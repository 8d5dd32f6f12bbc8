//! What headsets ask for, one thing at a time for each phone, carried out by whoever owns the state.
//!
//! ```text
//!   update --turn of the phone--> judge --Ask--> owner --> done
//!                                   ^             |--> refused, in the owner's words
//!                                   |             `--> link lost, unreachable: wait for a side
//!                                   '--- once more, while there is time ------'
//! ```
//!
//! What was asked goes on when whoever waited for it is gone. Where the link to the active server breaks, the
//! update in hand is judged anew and sent again once a side serves us (HST-08), within the time that a phone
//! waits; beyond it the phone turns to its secondary service, and the state is told when it is known again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::time::now;
use domain::{
    AgentCommand, AgentKey, Command, DeviceName, Input, InputId, OwnerAnswer, OwnerAsk,
    OwnerCommand, OwnerRefusalKind, Refusal, Target, Timestamp, Unclear, Wish,
};
use engine::{Outcome, Port};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::judge::Wanted;

/// So long a phone's answer may take; what is not over then goes on, and the state is told.
pub(crate) const ANSWER: Duration = Duration::from_millis(1_500);
/// What is left of that at least, where a phone waited for its turn.
pub(crate) const ANSWER_LEAST: Duration = Duration::from_millis(300);
/// Within that time it is settled, or given up, so that the answer says which.
pub(crate) const SETTLED: Duration = Duration::from_millis(1_300);
/// An update is sent so often where links break under it.
pub(crate) const SENT_MAX: usize = 3;
/// How often it is looked whether a side serves us again.
const LOOK: Duration = Duration::from_millis(50);
/// Requests of one phone that wait for their turn.
const WAITING_MAX: usize = 3;
/// Requests of one phone at once, and how many come back in a second.
const BURST: f64 = 20.0;
const PER_SECOND: f64 = 4.0;
/// Updates of one phone that are remembered.
const DONE_MAX: usize = 8;
/// So many updates make a phone's clock known.
const KNOWN_FROM: usize = 4;
/// Within so long a phone repeats an update under its id.
const REPEATED_WITHIN: Duration = Duration::from_secs(60);
/// Within so long the same state asked for twice, without an id and a time, is one update.
const SAME_WITHIN: Duration = Duration::from_secs(5);
/// Phones that are remembered.
const PHONES_MAX: usize = 50_000;
/// A phone that asked nothing for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// What phones have in hand.
#[derive(Default)]
pub(crate) struct Hands(Mutex<HashMap<DeviceName, Hand>>);

struct Hand {
    turn: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// What it asked for last and was carried out.
    done: VecDeque<Done>,
    /// By how much our clock was ahead of the phone's when its latest updates came, in microseconds.
    ahead: VecDeque<i64>,
    /// When the newest of them was sent, by the phone's clock.
    newest_sent: Option<i64>,
    tokens: f64,
    at: Instant,
}

/// An update that was carried out.
struct Done {
    id: Option<String>,
    wanted: Wanted,
    at: Instant,
}

/// A phone's turn; the next one begins when it is dropped.
pub(crate) struct Turn {
    _turn: OwnedSemaphorePermit,
}

impl Hands {
    /// Whether a phone may ask anything now.
    pub(crate) fn admits(&self, device: &DeviceName, now: Instant) -> bool {
        let mut hands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hands.len() >= PHONES_MAX && !hands.contains_key(device) {
            return false;
        }
        let hand = hands.entry(device.clone()).or_insert_with(|| Hand {
            turn: Arc::new(Semaphore::new(1)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            done: VecDeque::new(),
            ahead: VecDeque::new(),
            newest_sent: None,
            tokens: BURST,
            at: now,
        });
        let passed = now.saturating_duration_since(hand.at).as_secs_f64();
        hand.at = now;
        hand.tokens = (hand.tokens + passed * PER_SECOND).min(BURST);
        if hand.tokens < 1.0 {
            return false;
        }
        hand.tokens -= 1.0;
        true
    }

    /// A phone's turn to change a state; `None` where too many of its requests wait.
    pub(crate) async fn turn(&self, device: &DeviceName) -> Option<Turn> {
        let (turn, waiting) = {
            let hands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let hand = hands.get(device)?;
            (Arc::clone(&hand.turn), Arc::clone(&hand.waiting))
        };
        let _waits = waiting.try_acquire_owned().ok()?;
        Some(Turn { _turn: turn.acquire_owned().await.ok()? })
    }

    /// Whether an update that does not say when it was sent is one that this node carried out before: the
    /// same id, or without one the same state a moment ago.
    pub(crate) fn is_repeat(
        &self,
        device: &DeviceName,
        id: Option<&str>,
        wanted: Wanted,
        now: Instant,
    ) -> bool {
        let hands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hands.get(device).is_some_and(|hand| {
            let Some(last) = hand.done.front().filter(|it| it.wanted == wanted) else {
                return false;
            };
            let since = now.saturating_duration_since(last.at);
            match id {
                Some(id) => last.id.as_deref() == Some(id) && since <= REPEATED_WITHIN,
                None => last.id.is_none() && since <= SAME_WITHIN,
            }
        })
    }

    /// When an update was sent, by our clock: phones' clocks are wrong by seconds. What the quickest of the
    /// latest updates took stands for the difference, once some came; before that the phone's word counts, so
    /// that a repeat is judged without any memory of the first.
    pub(crate) fn by_our_clock(
        &self,
        device: &DeviceName,
        sent_at: Timestamp,
        now: Timestamp,
    ) -> Timestamp {
        let mut hands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(hand) = hands.get_mut(device) else { return sent_at };
        let sent = sent_at.microseconds();
        let ahead = now.microseconds().saturating_sub(sent);
        let least = hand.ahead.iter().copied().min();
        let is_known = hand.ahead.len() >= KNOWN_FROM;
        // What comes again, or late, says how long it was on its way, and nothing of the clock.
        if hand.newest_sent.is_none_or(|newest| sent > newest) {
            hand.newest_sent = Some(sent);
            hand.ahead.push_front(ahead);
            hand.ahead.truncate(DONE_MAX);
        }
        match least.filter(|_| is_known) {
            Some(least) => {
                Timestamp::from_microseconds(sent.saturating_add(least.min(ahead).max(0)))
            }
            None => sent_at,
        }
    }

    /// Notes what was carried out.
    pub(crate) fn note(&self, device: &DeviceName, id: Option<&str>, wanted: Wanted, now: Instant) {
        let mut hands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hand) = hands.get_mut(device) {
            hand.done.push_front(Done { id: id.map(str::to_owned), wanted, at: now });
            hand.done.truncate(DONE_MAX);
        }
    }

    /// Forgets phones that asked nothing for long.
    pub(crate) fn forget_old(&self, now: Instant) {
        let mut hands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hands.retain(|_, hand| {
            hand.turn.available_permits() == 0 || now.saturating_duration_since(hand.at) < FORGOTTEN
        });
    }
}

/// What became of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// It is so.
    Done,
    /// The agent's state, or the contact centre, does not allow it; why, in words.
    Refused(String),
    /// The reason is not one.
    ReasonRefused(String),
    /// The link broke before it was seen, or there is none.
    Lost,
    /// Nothing was seen in time.
    NotSeen,
    /// The gateway cannot take it now.
    Unavailable,
}

/// Carries a wish out, once.
pub(crate) async fn carry_out(port: &Port, agent: &AgentKey, wish: &Wish, id: &str) -> Became {
    if agent.is_owned() {
        return submit(port, agent, wish, id).await;
    }
    if port.is_leaving(agent) {
        return Became::Refused("the agent is being signed out".to_owned());
    }
    let target = match wish {
        Wish::Ready => Target::Ready,
        Wish::NotReady(reason) => Target::NotReady(*reason),
        _ => return Became::Refused("headsets ask for Ready and Not Ready alone".to_owned()),
    };
    let extension = port.live(agent).and_then(|live| live.extension.clone());
    let ask = OwnerAsk::Set { target, extension };
    let command = OwnerCommand { agent: agent.id.clone(), ask };
    match port.ask_owner(&agent.pair, command).await {
        None => Became::Unavailable,
        Some(OwnerAnswer::Done) => Became::Done,
        Some(OwnerAnswer::Refused(why)) if why.kind == OwnerRefusalKind::Reason => {
            Became::ReasonRefused(why.to_string())
        }
        Some(OwnerAnswer::Refused(why)) => Became::Refused(why.to_string()),
        Some(OwnerAnswer::Unknown(Unclear::LinkLost) | OwnerAnswer::Unreachable) => Became::Lost,
        Some(OwnerAnswer::Unknown(Unclear::NotSeen)) => Became::NotSeen,
    }
}

/// Where the gateway owns the state itself.
async fn submit(port: &Port, agent: &AgentKey, wish: &Wish, id: &str) -> Became {
    let command =
        AgentCommand { agent: agent.clone(), holder: None, seen_changes: None, wish: wish.clone() };
    let input = Input::command(InputId::new("headset", id), Command::Agent(command));
    match port.submit(input).await {
        Ok(Outcome::Done(_)) => Became::Done,
        Ok(Outcome::Refused(Refusal::ReasonUnknown { .. })) => {
            Became::ReasonRefused("the reason is not one of the agent's".to_owned())
        }
        Ok(Outcome::Refused(Refusal::NotSignedIn)) => {
            Became::Refused("the agent is not signed in any more".to_owned())
        }
        Ok(Outcome::Refused(Refusal::CallInProgress)) => {
            Became::Refused("the agent is in a call".to_owned())
        }
        Ok(Outcome::Refused(Refusal::OwnerAway { .. })) => Became::Lost,
        Ok(Outcome::Refused(_)) => Became::Refused("the state does not allow it".to_owned()),
        Ok(Outcome::Unclear(_)) => Became::NotSeen,
        // The phone tries its other service.
        Err(_) => Became::Unavailable,
    }
}

/// Waits until the agent's state is known again, until then.
pub(crate) async fn known_again(port: &Port, agent: &AgentKey, until: Instant) -> bool {
    loop {
        if now() + LOOK >= until {
            return false;
        }
        // First of all: a link that was just lost is not told to be lost at once.
        tokio::time::sleep(LOOK).await;
        let is_served = port
            .pair_statuses()
            .iter()
            .any(|(pair, it)| *pair == agent.pair && it.active_side.is_some());
        let live = port.live(agent);
        if is_served && live.is_some_and(|live| live.is_signed_in().is_some()) {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_phone_has_one_turn_at_a_time_and_few_waiting_and_a_share() {
        let hands = Hands::default();
        let (phone, now) = ("SEP1".parse().unwrap(), Instant::now());
        let admitted = (0..50).filter(|_| hands.admits(&phone, now)).count();
        assert_eq!(admitted, 20);
        assert!(hands.admits(&phone, now + Duration::from_millis(300)));
        assert!(hands.admits(&"SEP2".parse().unwrap(), now), "another one has its own share");
        let turn = hands.turn(&phone).await.unwrap();
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(hands.turn(&phone))).collect();
        for next in &mut waiting {
            assert!(futures_poll(next.as_mut()).is_none());
        }
        assert!(hands.turn(&phone).await.is_none(), "too many wait");
        drop(turn);
        assert!(waiting.remove(0).await.is_some());
        drop(waiting);
        hands.forget_old(now + Duration::from_secs(7_200));
        assert!(hands.turn(&phone).await.is_none(), "it is forgotten");
    }

    #[test]
    fn hst_06_a_phones_clock_that_is_wrong_is_known_after_some_updates() {
        let hands = Hands::default();
        let phone = "SEP1".parse().unwrap();
        assert!(hands.admits(&phone, Instant::now()));
        let at = |seconds: i64| Timestamp::from_seconds(seconds);
        // Its clock is 20 s behind: at first its word counts.
        assert_eq!(hands.by_our_clock(&phone, at(80), at(100)), at(80));
        for sent in 101..104 {
            assert_eq!(hands.by_our_clock(&phone, at(sent), at(sent + 21)), at(sent));
        }
        // What comes at once was sent just now, and what comes late was sent before.
        assert_eq!(hands.by_our_clock(&phone, at(110), at(130)), at(130));
        assert_eq!(hands.by_our_clock(&phone, at(111), at(136)), at(131));
        // A clock that was set right counts from then on.
        assert_eq!(hands.by_our_clock(&phone, at(140), at(140)), at(140));
        // However often one comes again, it stays as old as it is.
        for seconds in 150..170 {
            assert!(hands.by_our_clock(&phone, at(140), at(seconds)) <= at(140));
        }
        let unknown = "SEP2".parse().unwrap();
        assert_eq!(hands.by_our_clock(&unknown, at(80), at(100)), at(80));
    }

    fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(it) => Some(it),
            std::task::Poll::Pending => None,
        }
    }
}
