//! Every way from a command to its answer, played without a server.

use domain::{AgentKey, Heard, HeardState, MobileMode, OwnerSignIn, ReasonCode, Secret, Timestamp};
use proptest::prelude::*;
use protocols::cti::{Accepted, Confirmation, ControlFailureCode, Status};

use super::*;

const WITHIN: Duration = Duration::from_secs(5);
const NOT_READY: PresenceState = PresenceState::NotReady { reason: None };
const SIGNED_OUT: PresenceState = PresenceState::SignedOut { reason: None };

struct Play {
    asks: Asks,
    start: Instant,
    live: Option<LiveAgent>,
    invoke: u32,
}

impl Play {
    fn new(state: Option<PresenceState>) -> Self {
        let mut play =
            Self { asks: Asks::new(WITHIN), start: Instant::now(), live: None, invoke: 0 };
        if let Some(state) = state {
            play.hear(state, None);
        }
        play
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.start + Duration::from_millis(milliseconds)
    }

    fn agent() -> AgentId {
        "1001".parse().unwrap()
    }

    fn sent(&mut self, ask: OwnerAsk) -> (InvokeId, oneshot::Receiver<OwnerAnswer>) {
        self.invoke += 1;
        let invoke = InvokeId(self.invoke);
        let (answer, answered) = oneshot::channel();
        let command = OwnerCommand { agent: Self::agent(), ask };
        self.asks.sent(self.start, invoke, command, answer, self.live.as_ref());
        (invoke, answered)
    }

    fn question(&mut self) -> InvokeId {
        self.invoke += 1;
        self.asks.asked_about(InvokeId(self.invoke), Self::agent());
        InvokeId(self.invoke)
    }

    /// The answer to a question: the state as it is told, and what follows from it.
    fn told(&mut self, question: InvokeId, state: PresenceState) {
        let (agent, number) = self.asks.question(question).unwrap();
        self.hear(state, None);
        self.asks.settled(&agent, number, None, self.live.as_ref());
    }

    fn hear(&mut self, state: PresenceState, pending: Option<PresenceState>) {
        let key: AgentKey = "east:1001".parse().unwrap();
        let now = Timestamp::from_seconds(1);
        let heard = HeardState {
            state,
            since: now,
            pending,
            extension: None,
            instrument: None,
            device: None,
        };
        let next = LiveAgent::after(&key, self.live.as_ref(), now, Heard::State(heard));
        self.live = next.or(self.live.take());
        if let Some(live) = &self.live {
            self.asks.heard(&Self::agent(), live);
        }
    }

    fn confirmed(&mut self, invoke: InvokeId) {
        self.answered(
            invoke,
            &Answer::Confirmed(Box::new(Confirmation::Accepted(Accepted::SetAgentState))),
        );
    }

    fn answered(&mut self, invoke: InvokeId, answer: &Answer) {
        self.asks.answered(invoke, answer, self.live.as_ref());
    }
}

fn refused(code: u16) -> Answer {
    Answer::ControlFailed { code: ControlFailureCode(code), peripheral_error: 0 }
}

fn set(target: Target) -> OwnerAsk {
    OwnerAsk::Set { target, extension: None }
}

fn sign_in() -> OwnerAsk {
    OwnerAsk::SignIn(OwnerSignIn {
        extension: "2001".parse().unwrap(),
        password: Some(Secret::new("12345")),
        mobile: None,
        device: None,
    })
}

fn force_out() -> OwnerAsk {
    OwnerAsk::ForceOut { reason: ReasonCode(255), extension: None }
}

fn done() -> Option<OwnerAnswer> {
    Some(OwnerAnswer::Done)
}

fn code(answer: Option<OwnerAnswer>) -> Option<u32> {
    match answer? {
        OwnerAnswer::Refused(refusal) => Some(refusal.code),
        _ => None,
    }
}

const NOT_SEEN: Option<OwnerAnswer> = Some(OwnerAnswer::Unknown(Unclear::NotSeen));

#[test]
fn cti_01_confirmation_and_event_come_in_any_order() {
    for event_first in [true, false] {
        let mut play = Play::new(Some(NOT_READY));
        let (invoke, mut answer) = play.sent(set(Target::Ready));
        if event_first {
            play.hear(PresenceState::Ready, None);
            assert_eq!(answer.try_recv().ok(), done());
            play.confirmed(invoke);
        } else {
            play.confirmed(invoke);
            assert!(answer.try_recv().is_err(), "a confirmation alone means received");
            play.hear(PresenceState::Ready, None);
            assert_eq!(answer.try_recv().ok(), done());
        }
        assert_eq!((play.asks.count(), play.asks.deadline()), (0, None));
    }
}

#[test]
fn cti_01_a_lost_confirmation_does_not_matter_where_the_state_is_seen() {
    let mut play = Play::new(Some(NOT_READY));
    let (_, mut answer) = play.sent(set(Target::Ready));
    play.hear(PresenceState::Ready, None);
    assert_eq!(answer.try_recv().ok(), done());
}

#[test]
fn phn_21_what_is_announced_as_next_counts_as_seen() {
    let mut play = Play::new(Some(PresenceState::Talking));
    let (_, mut answer) = play.sent(set(Target::NotReady(Some(ReasonCode(7)))));
    play.hear(PresenceState::Talking, Some(NOT_READY));
    assert_eq!(answer.try_recv().ok(), done());
}

#[test]
fn cti_01_a_target_that_is_reached_already_is_done_with_the_confirmation_or_a_refusal() {
    for answer_is in [None, Some(refused(22))] {
        let mut play = Play::new(Some(PresenceState::Ready));
        let (invoke, mut answer) = play.sent(set(Target::Ready));
        match answer_is {
            None => play.confirmed(invoke),
            Some(refusal) => play.answered(invoke, &refusal),
        }
        assert_eq!(answer.try_recv().ok(), done());
    }
}

#[test]
fn cti_01_a_refusal_ends_a_command_with_its_code() {
    let failure = Answer::Failed(Status(50), Some("not now".into()));
    for (answer, expected) in [(refused(281), 281), (failure, 50)] {
        let mut play = Play::new(Some(NOT_READY));
        let (invoke, mut ended) = play.sent(set(Target::Ready));
        play.answered(invoke, &answer);
        assert_eq!(code(ended.try_recv().ok()), Some(expected));
    }
}

#[test]
fn cti_01_what_is_not_seen_in_time_is_asked_about() {
    for (told, expected) in [(PresenceState::Ready, done()), (NOT_READY, NOT_SEEN)] {
        let mut play = Play::new(Some(NOT_READY));
        let (invoke, mut answer) = play.sent(set(Target::Ready));
        play.confirmed(invoke);
        assert_eq!(play.asks.deadline(), Some(play.at(5_000)));
        assert_eq!(play.asks.overdue(play.at(4_999)), []);
        assert_eq!(play.asks.overdue(play.at(5_000)), [Play::agent()]);
        let question = play.question();
        assert!(answer.try_recv().is_err());
        play.told(question, told);
        assert_eq!(answer.try_recv().ok(), expected);
    }
}

#[test]
fn cti_01_a_question_without_an_answer_ends_in_time_too() {
    let mut play = Play::new(Some(NOT_READY));
    let (_, mut answer) = play.sent(set(Target::Ready));
    assert_eq!(play.asks.overdue(play.at(5_000)), [Play::agent()]);
    play.question();
    assert_eq!(play.asks.overdue(play.at(9_999)), []);
    assert_eq!(play.asks.overdue(play.at(10_000)), []);
    assert_eq!(answer.try_recv().ok(), NOT_SEEN);
    assert_eq!(play.asks.deadline(), None);
}

#[test]
fn cti_01_a_question_asked_before_a_command_does_not_judge_it() {
    let mut play = Play::new(Some(NOT_READY));
    let early = play.question();
    let (_, mut answer) = play.sent(OwnerAsk::Query);
    let own = play.question();
    let (_, mut ready) = play.sent(set(Target::Ready));
    play.told(early, NOT_READY);
    assert!(answer.try_recv().is_err());
    assert_eq!(play.asks.overdue(play.at(5_000)), [Play::agent()]);
    assert_eq!(answer.try_recv().ok(), NOT_SEEN, "a question has no second chance");
    play.told(own, NOT_READY);
    assert!(ready.try_recv().is_err(), "that question is older than the doubt");
    let later = play.question();
    play.told(later, PresenceState::Ready);
    assert_eq!(ready.try_recv().ok(), done());
}

#[test]
fn cti_01_a_reason_of_the_servers_own_is_no_other_state() {
    let own = PresenceState::NotReady { reason: Some(ReasonCode(50_005)) };
    for is_confirmed in [true, false] {
        let mut play = Play::new(Some(PresenceState::Ready));
        let (invoke, mut answer) = play.sent(set(Target::NotReady(None)));
        if is_confirmed {
            play.confirmed(invoke);
        }
        play.hear(own, None);
        assert!(answer.try_recv().is_err());
        play.asks.overdue(play.at(5_000));
        let question = play.question();
        play.told(question, own);
        assert_eq!(answer.try_recv().ok(), if is_confirmed { done() } else { NOT_SEEN });
    }
}

#[test]
fn cti_02_a_lost_link_ends_everything_as_unclear() {
    let mut play = Play::new(Some(NOT_READY));
    let (first, mut one) = play.sent(set(Target::Ready));
    let (_, mut two) = play.sent(OwnerAsk::Query);
    play.answered(first, &Answer::LinkLost);
    play.asks.lost();
    for answer in [&mut one, &mut two] {
        assert_eq!(answer.try_recv().ok(), Some(OwnerAnswer::Unknown(Unclear::LinkLost)));
    }
    // What the old session still says is about nothing.
    play.confirmed(first);
    assert_eq!((play.asks.count(), play.asks.deadline()), (0, None));
    assert_eq!(play.asks.agent_of(first), None);
}

#[test]
fn phn_10_a_sign_in_needs_the_confirmation_since_it_proves_the_password() {
    let mut play = Play::new(Some(SIGNED_OUT));
    let (invoke, mut answer) = play.sent(sign_in());
    play.hear(NOT_READY, None);
    assert!(answer.try_recv().is_err());
    play.confirmed(invoke);
    assert_eq!(answer.try_recv().ok(), done());

    let mut play = Play::new(None);
    let (invoke, mut answer) = play.sent(sign_in());
    play.confirmed(invoke);
    assert!(answer.try_recv().is_err());
    play.hear(NOT_READY, None);
    assert_eq!(answer.try_recv().ok(), done());
}

#[test]
fn phn_10_a_sign_in_without_its_confirmation_is_never_done() {
    let mut play = Play::new(Some(SIGNED_OUT));
    let (_, mut answer) = play.sent(sign_in());
    play.hear(NOT_READY, None);
    play.asks.overdue(play.at(5_000));
    let question = play.question();
    play.told(question, NOT_READY);
    assert_eq!(answer.try_recv().ok(), NOT_SEEN);
}

#[test]
fn phn_10_a_confirmation_for_who_was_signed_on_proves_nothing() {
    let mut play = Play::new(Some(NOT_READY));
    let (invoke, mut answer) = play.sent(sign_in());
    play.confirmed(invoke);
    assert_eq!(code(answer.try_recv().ok()), Some(259));
    // But whoever was seen to leave meanwhile was signed on by it.
    let mut play = Play::new(Some(NOT_READY));
    let (invoke, mut answer) = play.sent(sign_in());
    play.hear(SIGNED_OUT, None);
    play.confirmed(invoke);
    play.hear(NOT_READY, None);
    assert_eq!(answer.try_recv().ok(), done());
}

#[test]
fn cti_03_a_forced_sign_out_ends_signed_out_or_not_ready_after_its_confirmation() {
    let mut play = Play::new(Some(PresenceState::Ready));
    let (invoke, mut answer) = play.sent(force_out());
    play.hear(SIGNED_OUT, None);
    // Ours may be on its way still, and must not hit whoever signs on next.
    assert!(answer.try_recv().is_err());
    play.confirmed(invoke);
    assert_eq!(answer.try_recv().ok(), done());

    // Who was not ready before may be so still.
    let mut play = Play::new(Some(NOT_READY));
    let (invoke, mut answer) = play.sent(force_out());
    play.confirmed(invoke);
    assert!(answer.try_recv().is_err());
    play.hear(PresenceState::NotReady { reason: Some(ReasonCode(50_002)) }, None);
    assert_eq!(answer.try_recv().ok(), done());

    let mut play = Play::new(Some(PresenceState::Talking));
    let (invoke, mut answer) = play.sent(force_out());
    play.hear(PresenceState::Talking, Some(NOT_READY));
    assert!(answer.try_recv().is_err());
    play.confirmed(invoke);
    assert_eq!(answer.try_recv().ok(), done());
}

#[test]
fn what_has_no_state_is_done_with_its_confirmation() {
    for ask in [
        OwnerAsk::WrapUp { call: "1".to_owned(), text: "Sale".to_owned() },
        OwnerAsk::CheckPassword {
            extension: "2001".parse().unwrap(),
            password: Secret::new("12345"),
        },
    ] {
        let mut play = Play::new(Some(PresenceState::Talking));
        let (invoke, mut answer) = play.sent(ask.clone());
        play.confirmed(invoke);
        assert_eq!(answer.try_recv().ok(), done());
        let (_, mut answer) = play.sent(ask);
        assert_eq!(play.asks.overdue(play.at(5_000)), []);
        assert_eq!(answer.try_recv().ok(), NOT_SEEN);
    }
}

#[test]
fn cti_10_a_question_ends_with_what_the_server_says() {
    let mut play = Play::new(None);
    let (invoke, mut answer) = play.sent(OwnerAsk::Query);
    play.asks.asked_about(invoke, Play::agent());
    let (agent, number) = play.asks.question(invoke).unwrap();
    let refusal = translate::question_failure(ControlFailureCode(4), 0);
    play.asks.settled(&agent, number, Some(&refusal), None);
    assert_eq!(answer.try_recv().ok(), Some(OwnerAnswer::Refused(refusal)));
}

fn any_ask() -> impl Strategy<Value = OwnerAsk> {
    prop_oneof![
        Just(set(Target::Ready)),
        Just(set(Target::NotReady(Some(ReasonCode(3))))),
        Just(set(Target::SignedOut(None))),
        Just(sign_in()),
        Just(force_out()),
        Just(OwnerAsk::Query),
    ]
}

fn any_state() -> impl Strategy<Value = PresenceState> {
    prop_oneof![
        Just(PresenceState::Ready),
        Just(NOT_READY),
        Just(PresenceState::NotReady { reason: Some(ReasonCode(3)) }),
        Just(PresenceState::Talking),
        Just(SIGNED_OUT),
        Just(PresenceState::Unknown),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Ask(OwnerAsk),
    Confirm(u32),
    Refuse(u32),
    Hear(PresenceState),
    Question,
    Told(u32, PresenceState),
    Pass(u64),
    Lose,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any_ask().prop_map(Step::Ask),
        3 => (0u32..40).prop_map(Step::Confirm),
        1 => (0u32..40).prop_map(Step::Refuse),
        3 => any_state().prop_map(Step::Hear),
        1 => Just(Step::Question),
        2 => (0u32..40, any_state()).prop_map(|(invoke, state)| Step::Told(invoke, state)),
        2 => (0u64..4_000).prop_map(Step::Pass),
        1 => Just(Step::Lose),
    ]
}

proptest! {
    /// Whatever comes in whatever order, every command ends with one answer, in at most twice the
    /// time, and nothing of it is kept.
    #[test]
    fn cti_01_every_command_ends(steps in prop::collection::vec(any_step(), 1..60)) {
        let mut play = Play::new(None);
        let mut answers = Vec::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Ask(ask) => {
                    let is_query = ask == OwnerAsk::Query;
                    let begin = play.start;
                    play.start = play.at(now);
                    let (invoke, answer) = play.sent(ask);
                    play.start = begin;
                    if is_query {
                        play.asks.asked_about(invoke, Play::agent());
                    }
                    answers.push(answer);
                }
                Step::Confirm(invoke) => play.confirmed(InvokeId(invoke)),
                Step::Refuse(invoke) => play.answered(InvokeId(invoke), &refused(22)),
                Step::Hear(state) => play.hear(state, None),
                Step::Question => drop(play.question()),
                Step::Told(invoke, state) => {
                    if let Some((agent, number)) = play.asks.question(InvokeId(invoke)) {
                        play.hear(state, None);
                        play.asks.settled(&agent, number, None, play.live.as_ref());
                    }
                }
                Step::Pass(milliseconds) => {
                    now += milliseconds;
                    for _ in play.asks.overdue(play.at(now)) {
                        play.question();
                    }
                }
                Step::Lose => play.asks.lost(),
            }
        }
        for _ in 0..2 {
            now += 5_000;
            play.asks.overdue(play.at(now));
        }
        for mut answer in answers {
            prop_assert!(answer.try_recv().is_ok());
        }
        prop_assert_eq!(play.asks.count(), 0);
        prop_assert_eq!(play.asks.deadline(), None);
        prop_assert!(play.asks.by_agent.is_empty());
    }
}

#[test]
fn a_mobile_agents_sign_in_is_judged_like_any_other() {
    let mut play = Play::new(Some(SIGNED_OUT));
    let OwnerAsk::SignIn(wish) = sign_in() else { return };
    let mobile =
        Some(domain::Mobile { number: "5551234".parse().unwrap(), mode: MobileMode::CallByCall });
    let (invoke, mut answer) = play.sent(OwnerAsk::SignIn(OwnerSignIn { mobile, ..wish }));
    play.confirmed(invoke);
    play.hear(PresenceState::Reserved, None);
    assert_eq!(answer.try_recv().ok(), done());
}
