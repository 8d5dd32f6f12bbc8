//! The rules of a session, played with a clock of our own.

use std::time::{Duration, Instant};

use super::*;
use crate::cti::{
    Accepted, AgentIdentity, ControlFailureConf, Dialect, FailureConf, ProtocolVersion,
    QueryAgentStateConf, Secret, Services, SetAgentStateReq, SystemEvent, SystemEventKind,
};

struct Play {
    session: Session,
    start: Instant,
    framing: Framing,
}

impl Play {
    fn new(version: u32) -> Self {
        let version = ProtocolVersion::new(version).unwrap();
        Self::with(SessionSettings::gateway(
            Dialect::Enterprise,
            version,
            "client",
            Secret::new("hidden"),
        ))
    }

    fn with(settings: SessionSettings) -> Self {
        let start = Instant::now();
        let framing = settings.framing();
        Self { session: Session::new(settings, start).unwrap(), start, framing }
    }

    /// A session that is open; its first outputs are gone.
    fn opened(version: u32, session_type: SessionType) -> Self {
        let mut play = Self::new(version);
        let conf = OpenConf { session_type, ..OpenConf::default() };
        play.say(0, Message::OpenConf(InvokeId(1), Box::new(conf)));
        let outputs = play.outputs();
        assert!(matches!(&outputs[..], [Output::Transmit(_), Output::Opened(_)]), "{outputs:?}");
        play
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn say(&mut self, second: u64, message: Message) {
        let bytes = encode(&self.framing, &message).unwrap();
        self.session.handle(self.at(second), Input::Received(&bytes)).unwrap();
    }

    fn timer(&mut self, second: u64) -> Vec<Output> {
        self.session.handle(self.at(second), Input::Timer).unwrap();
        self.outputs()
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.session.poll()).collect()
    }

    fn sent(&mut self) -> Vec<Message> {
        let framing = self.framing;
        let outputs = self.outputs().into_iter();
        let sent = outputs.map(|output| match output {
            Output::Transmit(bytes) => {
                let mut framer = Framer::new(12_500);
                decode(&framing, framer.next(&mut bytes.as_slice()).unwrap().unwrap())
                    .unwrap()
                    .message
            }
            other => panic!("{other:?} instead of bytes"),
        });
        sent.collect()
    }

    fn ask(&mut self, second: u64) -> InvokeId {
        let request = Request::SetAgentState(Box::default());
        let invoke = self.session.request(self.at(second), request).unwrap();
        assert!(matches!(&self.sent()[..], [Message::Request(..)]));
        invoke
    }
}

fn accepted() -> Confirmation {
    Confirmation::Accepted(Accepted::SetAgentState)
}

#[test]
fn cti_01_the_first_message_asks_to_open_with_what_a_bridge_needs() {
    let mut play = Play::new(14);
    let [Message::OpenReq(InvokeId(1), open)] = &play.sent()[..] else { panic!() };
    assert_eq!((open.version, open.idle_timeout), (14, 20));
    assert_eq!(open.services, Services(0x16));
    assert_eq!(open.client_password, Some(Secret::new("hidden")));
    let mut play = Play::new(24);
    let [Message::OpenReq(_, open)] = &play.sent()[..] else { panic!() };
    assert!(open.services.contains(Services::ACTIVE_STANDBY));
    assert!(!format!("{:?}", play.session).contains("hidden"), "a password was printed");
}

#[test]
fn cti_01_a_session_opens_and_answers_what_was_asked() {
    let mut play = Play::opened(14, SessionType::Unknown);
    assert_eq!(play.session.phase(), Phase::Active);
    let invoke = play.ask(1);
    play.say(2, Message::Confirmation(invoke, accepted()));
    let answer = Answer::Confirmed(Box::new(accepted()));
    assert_eq!(play.outputs(), [Output::Answer { invoke, answer }]);
    let invoke = play.ask(2);
    let failure = FailureConf { status: Status::TIMEOUT, ..FailureConf::default() };
    play.say(2, Message::FailureConf(invoke, failure));
    let answer = Answer::Failed(Status::TIMEOUT, None);
    assert_eq!(play.outputs(), [Output::Answer { invoke, answer }]);
    let invoke = play.ask(2);
    let code = ControlFailureCode::ALREADY_SIGNED_ON;
    let failure = ControlFailureConf { code, peripheral_error: 7, text: None };
    play.say(2, Message::ControlFailureConf(invoke, failure));
    let answer = Answer::ControlFailed { code, peripheral_error: 7 };
    assert_eq!(play.outputs(), [Output::Answer { invoke, answer }]);
}

#[test]
fn cti_01_answers_to_nothing_of_ours_are_counted() {
    let mut play = Play::opened(14, SessionType::Unknown);
    let invoke = play.ask(1);
    play.say(1, Message::Confirmation(InvokeId(77), accepted()));
    // The same id and another request: another client's.
    let other = Confirmation::QueryAgentState(Box::<QueryAgentStateConf>::default());
    play.say(1, Message::Confirmation(invoke, other));
    play.say(1, Message::HeartbeatConf(InvokeId(99)));
    play.say(1, Message::FailureConf(InvokeId(98), FailureConf::default()));
    assert_eq!(play.outputs(), []);
    assert_eq!(play.session.counts().unknown_answers, 4);
}

#[test]
fn cti_01_a_heartbeat_is_sent_only_after_a_silence_of_ours() {
    let mut play = Play::opened(14, SessionType::Unknown);
    assert_eq!(play.session.deadline(), Some(play.at(5)));
    play.ask(3);
    assert_eq!(play.session.deadline(), Some(play.at(8)));
    assert_eq!(play.timer(7), []);
    play.session.handle(play.at(8), Input::Timer).unwrap();
    let [Message::HeartbeatReq(invoke)] = play.sent()[..] else { panic!() };
    play.say(9, Message::HeartbeatConf(invoke));
    assert_eq!(play.session.counts().heartbeats_missed, 0);
    assert_eq!(play.session.deadline(), Some(play.at(13)));
}

#[test]
fn cti_01_three_unanswered_heartbeats_end_the_session() {
    let mut play = Play::opened(14, SessionType::Unknown);
    for second in [5, 10, 15] {
        // Events come, so it is not idle.
        play.say(second, Message::Event(Event::System(SystemEvent::default())));
        assert!(matches!(&play.timer(second)[..], [Output::Event(_), Output::Transmit(_)]));
    }
    play.say(20, Message::Event(Event::System(SystemEvent::default())));
    let outputs = play.timer(20);
    assert_eq!(outputs[1..], [Output::Closed(CloseReason::HeartbeatsUnanswered)]);
    assert_eq!((play.session.phase(), play.session.deadline()), (Phase::Closed, None));
}

#[test]
fn cti_01_a_session_that_hears_nothing_for_the_idle_time_ends() {
    let mut play = Play::opened(14, SessionType::Unknown);
    for second in (2..20).step_by(2) {
        play.ask(second);
    }
    let outputs = play.timer(20);
    assert_eq!(outputs.len(), 10);
    assert_eq!(outputs[9], Output::Closed(CloseReason::Idle));
}

#[test]
fn cti_01_a_failed_heartbeat_means_off_line() {
    let mut play = Play::opened(14, SessionType::Unknown);
    play.session.handle(play.at(5), Input::Timer).unwrap();
    let [Message::HeartbeatReq(invoke)] = play.sent()[..] else { panic!() };
    let failure = FailureConf { status: Status::SERVER_OFFLINE, ..FailureConf::default() };
    play.say(5, Message::FailureConf(invoke, failure));
    let closed = CloseReason::Offline(Status::SERVER_OFFLINE);
    assert_eq!(play.outputs(), [Output::Closed(closed)]);
}

#[test]
fn cti_01_a_refused_or_unanswered_open_ends_the_session() {
    let mut play = Play::new(14);
    play.outputs();
    let failure = FailureConf { status: Status::PASSWORD, ..FailureConf::default() };
    play.say(1, Message::FailureConf(InvokeId(1), failure));
    assert_eq!(play.outputs(), [Output::Closed(CloseReason::Refused(Status::PASSWORD))]);
    let mut play = Play::new(14);
    play.outputs();
    assert_eq!(play.session.deadline(), Some(play.at(30)));
    assert_eq!(play.timer(29), []);
    assert_eq!(play.timer(30), [Output::Closed(CloseReason::OpenTimeout)]);
}

#[test]
fn cti_01_closing_waits_five_seconds_for_the_answer() {
    for answered in [true, false] {
        let mut play = Play::opened(14, SessionType::Unknown);
        play.session.close(play.at(1), Status::NONE);
        let [Message::CloseReq(invoke, Status::NONE)] = play.sent()[..] else { panic!() };
        assert_eq!(play.session.phase(), Phase::Closing);
        assert_eq!(play.timer(5), []);
        let outputs = if answered {
            play.say(5, Message::CloseConf(invoke));
            play.outputs()
        } else {
            play.timer(6)
        };
        assert_eq!(outputs, [Output::Closed(CloseReason::Asked)]);
    }
}

#[test]
fn cti_01_the_server_may_end_the_session() {
    let mut play = Play::opened(14, SessionType::Unknown);
    play.say(1, Message::FailureEvent(Status::SERVER_OFFLINE));
    let closed = CloseReason::Ended(Status::SERVER_OFFLINE);
    assert_eq!(play.outputs(), [Output::Closed(closed)]);
}

#[test]
fn cti_01_every_request_is_answered_before_the_end() {
    let mut play = Play::opened(14, SessionType::Unknown);
    let (first, second) = (play.ask(1), play.ask(1));
    play.session.handle(play.at(2), Input::LinkClosed).unwrap();
    let answer = |invoke| Output::Answer { invoke, answer: Answer::LinkLost };
    let closed = Output::Closed(CloseReason::LinkClosed);
    assert_eq!(play.outputs(), [answer(first), answer(second), closed]);
    play.session.handle(play.at(3), Input::LinkClosed).unwrap();
    assert_eq!(play.timer(100), []);
}

#[test]
fn cti_01_a_request_is_not_remembered_for_ever() {
    let mut play = Play::opened(14, SessionType::Unknown);
    let invoke = play.ask(1);
    for second in (2..61).step_by(2) {
        play.say(second, Message::Event(Event::System(SystemEvent::default())));
        play.outputs();
    }
    let outputs = play.timer(61);
    assert!(outputs.contains(&Output::Answer { invoke, answer: Answer::Silent }), "{outputs:?}");
    play.say(62, Message::Confirmation(invoke, accepted()));
    assert_eq!(play.session.counts().unknown_answers, 1);
}

#[test]
fn cti_01_a_confirmation_that_nobody_asked_for_is_a_protocol_error() {
    let mut play = Play::opened(14, SessionType::Unknown);
    play.say(1, Message::OpenConf(InvokeId(1), Box::default()));
    let twice = CloseReason::Protocol(ProtocolBreach::OpenedTwice);
    assert_eq!(play.outputs(), [Output::Closed(twice)]);
    let mut play = Play::new(14);
    play.outputs();
    play.say(1, Message::OpenConf(InvokeId(2), Box::default()));
    let other = CloseReason::Protocol(ProtocolBreach::OtherInvokeId);
    assert_eq!(play.outputs(), [Output::Closed(other)]);
}

#[test]
fn cti_01_a_malformed_message_ends_the_session_with_the_reason() {
    let mut play = Play::opened(14, SessionType::Unknown);
    let bytes = [0, 0, 0, 1, 0, 0, 0, 30, 9];
    let error = play.session.handle(play.at(1), Input::Received(&bytes)).unwrap_err();
    assert_eq!((error.message, error.field, error.offset), (30, "MonitorID", 0));
    assert_eq!(play.outputs(), [Output::Closed(CloseReason::Malformed(error))]);
    let mut play = Play::new(14);
    play.outputs();
    let error = play.session.handle(play.at(1), Input::Received(&[0xFF; 8])).unwrap_err();
    assert_eq!(error.field, "MessageLength");
}

#[test]
fn cti_01_unknown_messages_and_early_ones_are_counted() {
    let mut play = Play::new(14);
    play.outputs();
    play.say(0, Message::Event(Event::System(SystemEvent::default())));
    let unknown = [0, 0, 0, 2, 0, 0, 0xFF, 0xFF, 1, 2];
    play.session.handle(play.at(0), Input::Received(&unknown)).unwrap();
    assert_eq!(play.outputs(), []);
    let counts = play.session.counts();
    assert_eq!((counts.out_of_place, counts.unknown_messages, counts.received), (1, 1, 2));
}

#[test]
fn cti_01_requests_have_to_wait_for_an_open_session_and_are_bounded() {
    let mut play = Play::new(14);
    let request = || Request::SetAgentState(Box::default());
    assert_eq!(play.session.request(play.at(0), request()), Err(RequestError::NotOpen));
    let mut play = Play::opened(14, SessionType::Unknown);
    // Ids wrap, and none is used twice at the same time.
    play.session.last_invoke = InvokeId(u32::MAX - 3);
    let ids: BTreeSet<_> = (0..OUTSTANDING_MAX)
        .map(|_| play.session.request(play.at(0), request()).unwrap())
        .collect();
    assert_eq!(ids.len(), OUTSTANDING_MAX);
    assert!(!ids.contains(&InvokeId(0)));
    assert_eq!(play.session.request(play.at(0), request()), Err(RequestError::TooMany));
    play.session.last_invoke = InvokeId(u32::MAX - 3);
    play.say(0, Message::Confirmation(InvokeId(2), accepted()));
    assert_eq!(play.session.request(play.at(0), request()), Ok(InvokeId(2)));
}

#[test]
fn cti_02_a_standby_session_takes_no_requests_until_it_is_promoted() {
    let mut play = Play::opened(24, SessionType::Standby);
    assert_eq!(play.session.phase(), Phase::Standby);
    let request = || Request::SetAgentState(Box::default());
    assert_eq!(play.session.request(play.at(0), request()), Err(RequestError::Standby));
    play.say(1, Message::StandbyActive);
    assert_eq!(play.outputs(), [Output::Promoted]);
    assert_eq!(play.session.phase(), Phase::Active);
    play.ask(2);
}

#[test]
fn cti_02_maintenance_is_answered_and_requests_stop() {
    let mut play = Play::opened(24, SessionType::Active);
    play.say(1, Message::MaintenanceReq(InvokeId(900)));
    assert_eq!(play.outputs(), [Output::MaintenanceAsked]);
    play.session.answer_maintenance(play.at(1), true).unwrap();
    assert_eq!(play.sent(), [Message::MaintenanceResp(InvokeId(900), true)]);
    play.session.answer_maintenance(play.at(1), true).unwrap();
    assert_eq!(play.sent(), []);
    play.say(2, Message::MaintenanceEvent(true));
    assert_eq!(play.outputs(), [Output::MaintenanceDecided { proceeds: true }]);
    play.session.stopping_requests(play.at(2)).unwrap();
    assert!(matches!(play.sent()[..], [Message::StoppingRequests(_)]));
    let request = Request::SetAgentState(Box::default());
    assert_eq!(play.session.request(play.at(3), request), Err(RequestError::Stopping));
}

#[test]
fn cti_02_what_the_session_says_of_servers_going_away_is_told() {
    let mut play = Play::opened(14, SessionType::Unknown);
    let kind = SystemEventKind::ServerOffline;
    play.say(1, Message::Event(Event::System(SystemEvent { kind, ..SystemEvent::default() })));
    let [Output::Event(Event::System(event))] = &play.outputs()[..] else { panic!() };
    assert!(event.says_server_offline() && !event.says_gateway_offline());
}

#[test]
fn cti_03_a_forced_logout_is_sent_with_code_255() {
    let mut play = Play::opened(14, SessionType::Unknown);
    let agent = AgentIdentity { id: Some("1001".into()), ..AgentIdentity::default() };
    let request = Request::SetAgentState(Box::new(SetAgentStateReq::forced_logout(5000, agent)));
    play.session.request(play.at(1), request).unwrap();
    let [Message::Request(_, Request::SetAgentState(sent))] = &play.sent()[..] else { panic!() };
    assert_eq!((sent.reason, sent.forced.code(), sent.state.code()), (255, 1, 1));
}

#[test]
fn messages_of_later_versions_are_not_sent() {
    let mut play = Play::opened(14, SessionType::Unknown);
    let error = play.session.stopping_requests(play.at(1)).unwrap_err();
    assert_eq!(error, EncodeError::MessageTooNew { number: 281, since: 24, version: 14 });
}
