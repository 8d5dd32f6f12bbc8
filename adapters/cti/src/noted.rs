//! What the flight recorder is told of messages: names, ids and numbers that were picked, never a message as it
//! came. Passwords are not among them, nor what callers entered (call variables) or wrote.

use domain::{AgentId, PairName};
use engine::recorder::{Link, Note, Recorder, Way};
use protocols::cti::{
    AgentIdentity, Answer, CloseReason, Confirmation, Connection, Device, Event, EventCause,
    InvokeId, NULL, OpenConf, Outcome, Request, message_name,
};

/// Notes messages of one side of a pair.
#[derive(Clone, Copy)]
pub(crate) struct Noted<'a> {
    pub(crate) recorder: &'a Recorder,
    pub(crate) pair: &'a PairName,
    pub(crate) side: char,
}

impl Noted<'_> {
    /// Something without more to say.
    pub(crate) fn said(&self, way: Way, kind: &str) {
        self.note(way, kind, |_| {});
    }

    /// No connection was made.
    pub(crate) fn not_connected(&self, error: &std::io::Error) {
        self.note(Way::Here, "not connected", |note| said_words(note, "why", error));
    }

    /// A session is open.
    pub(crate) fn opened(&self, conf: &OpenConf) {
        self.note(Way::In, "OPEN_CONF", |note| {
            note.text("session_type", conf.session_type);
        });
    }

    /// A session is over.
    pub(crate) fn ended(&self, reason: &CloseReason) {
        self.note(Way::Here, "session ended", |note| said_words(note, "why", reason));
    }

    /// A request that was sent. Questions about agents come by thousands after a link came back; their answers
    /// say as much.
    pub(crate) fn request(&self, invoke: InvokeId, request: &Request) {
        if !matches!(request, Request::QueryAgentState(_)) {
            self.note(Way::Out, name(request.number()), |note| {
                note.number("invoke", invoke.0);
                told_request(self.pair, note, request);
            });
        }
    }

    /// An answer, about that agent where that is known.
    pub(crate) fn answer(&self, invoke: InvokeId, agent: Option<&AgentId>, answer: &Answer) {
        let kind = match answer {
            Answer::Confirmed(confirmation) => name(confirmation.number()),
            Answer::Failed(..) => "FAILURE_CONF",
            Answer::ControlFailed { .. } => "CONTROL_FAILURE_CONF",
            Answer::LinkLost => "no answer: the link was lost",
            Answer::Silent => "no answer",
        };
        self.note(Way::In, kind, |note| {
            note.number("invoke", invoke.0);
            match answer {
                Answer::Confirmed(confirmation) => match confirmation.as_ref() {
                    Confirmation::QueryAgentState(conf) => {
                        identity(note, &conf.agent);
                        note.text("state", conf.state);
                        return;
                    }
                    Confirmation::MakeCall(conf) => connection(self.pair, note, &conf.connection),
                    _ => {}
                },
                Answer::Failed(status, text) => {
                    note.text("status", status);
                    if let Some(text) = text {
                        note.words("words", text);
                    }
                }
                Answer::ControlFailed { code, peripheral_error } => {
                    note.text("status", code).number("peripheral_error", *peripheral_error);
                }
                Answer::LinkLost | Answer::Silent => {}
            }
            if let Some(agent) = agent {
                note.agent(agent);
            }
        });
    }

    /// An event.
    pub(crate) fn event(&self, event: &Event) {
        self.note(Way::In, name(event.number()), |note| told_event(self.pair, note, event));
    }

    fn note(&self, way: Way, kind: &str, tell: impl FnOnce(&mut Note)) {
        self.recorder.note(Link::Cti, way, kind, |note| {
            note.peer(format_args!("{} {}", self.pair, self.side));
            tell(note);
        });
    }
}

fn said_words(note: &mut Note, name: &str, words: impl std::fmt::Display) {
    note.words(name, words);
}

fn name(number: u32) -> &'static str {
    message_name(number).unwrap_or("unknown message")
}

fn told_request(pair: &PairName, note: &mut Note, request: &Request) {
    match request {
        Request::SetAgentState(it) => {
            identity(note, &it.agent);
            note.text("state", it.state);
            if it.reason != 0 {
                note.number("reason", it.reason);
            }
            note.text("forced", it.forced);
        }
        Request::SetCallData(it) => connection(pair, note, &it.connection),
        Request::ReleaseCall(it) => connection(pair, note, &it.connection),
        Request::AnswerCall(it) | Request::ClearCall(it) | Request::RetrieveCall(it) => {
            connection(pair, note, &it.connection);
        }
        _ => {}
    }
}

fn told_event(pair: &PairName, note: &mut Note, event: &Event) {
    match event {
        Event::AgentState(it) => {
            identity(note, &it.agent);
            note.text("state", it.state);
            if it.reason != 0 {
                note.number("reason", it.reason);
            }
            if let Some(next) = it.next_state {
                note.text("next", next);
            }
            if let Some(terminal) = &it.active_terminal {
                note.text("terminal", terminal);
            }
        }
        Event::System(it) => {
            note.text("kind", it.kind);
            if let Some(text) = &it.text {
                note.words("words", text);
            }
        }
        Event::EmergencyCall(it) => {
            identity(note, &it.agent);
            connection(pair, note, &it.connection);
        }
        Event::BeginCall(it) => {
            connection(pair, note, &it.connection);
            note.text("type", it.call_type);
        }
        Event::EndCall(it) => connection(pair, note, &it.connection),
        Event::CallDataUpdate(it) => {
            connection(pair, note, &it.connection);
            if it.new_connection.call_id != NULL
                && it.new_connection.call_id != it.connection.call_id
            {
                call(pair, note, it.new_connection.call_id);
            }
        }
        Event::CallDelivered(it) => {
            connection(pair, note, &it.connection);
            line(note, &it.alerting);
            parties(note, &it.calling, &it.called);
            outcome(note, &it.outcome);
        }
        Event::CallEstablished(it) => {
            connection(pair, note, &it.connection);
            line(note, &it.answering);
            parties(note, &it.calling, &it.called);
            outcome(note, &it.outcome);
        }
        Event::CallHeld(it) | Event::CallRetrieved(it) | Event::CallConnectionCleared(it) => {
            connection(pair, note, &it.connection);
            line(note, &it.device);
            outcome(note, &it.outcome);
        }
        Event::CallCleared(it) => {
            connection(pair, note, &it.connection);
            outcome(note, &it.outcome);
        }
        Event::CallOriginated(it) => {
            connection(pair, note, &it.connection);
            line(note, &it.calling);
            parties(note, &it.calling, &it.called);
            outcome(note, &it.outcome);
        }
        Event::CallFailed(it) => {
            connection(pair, note, &it.connection);
            line(note, &it.failing);
            outcome(note, &it.outcome);
        }
        Event::CallConferenced(it) | Event::CallTransferred(it) => {
            connection(pair, note, &it.primary);
            call(pair, note, it.secondary.call_id);
            line(note, &it.by);
            outcome(note, &it.outcome);
        }
        Event::CallDiverted(it) => {
            connection(pair, note, &it.connection);
            line(note, &it.diverting);
            outcome(note, &it.outcome);
        }
        Event::CallServiceInitiated(it) => {
            connection(pair, note, &it.connection);
            line(note, &it.calling);
            outcome(note, &it.outcome);
        }
        Event::CallQueued(it) => {
            connection(pair, note, &it.connection);
            parties(note, &it.calling, &it.called);
            named(note, "queue", &it.queue);
        }
        Event::CallDequeued(it) => {
            connection(pair, note, &it.connection);
            named(note, "queue", &it.queue);
        }
        Event::CallReachedNetwork(it) => {
            connection(pair, note, &it.connection);
            outcome(note, &it.outcome);
        }
        Event::UserMessage(_)
        | Event::AgentTeamConfig(_)
        | Event::CallTranslationRoute(_)
        | Event::AgentPreCall(_) => {}
    }
}

fn identity(note: &mut Note, agent: &AgentIdentity) {
    if let Some(id) = &agent.id {
        note.agent(id);
    }
    if let Some(extension) = &agent.extension {
        note.line(extension);
    }
    if let Some(instrument) = &agent.instrument {
        note.text("instrument", instrument);
    }
}

fn connection(pair: &PairName, note: &mut Note, connection: &Connection) {
    call(pair, note, connection.call_id);
    if let Some(device) = &connection.device_id {
        note.text("connection", device);
    }
}

fn call(pair: &PairName, note: &mut Note, id: u32) {
    if id != NULL {
        note.call(format_args!("{pair}/{id}"));
    }
}

/// The line of the party whom an event is about.
fn line(note: &mut Note, device: &Device) {
    if let Some(id) = &device.id {
        note.line(id);
    }
}

fn parties(note: &mut Note, calling: &Device, called: &Device) {
    named(note, "calling", calling);
    named(note, "called", called);
}

fn named(note: &mut Note, name: &str, device: &Device) {
    if let Some(id) = &device.id {
        note.text(name, id);
    }
}

fn outcome(note: &mut Note, outcome: &Outcome) {
    if outcome.cause != EventCause::NONE {
        note.text("cause", outcome.cause);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::settings::Settings;
    use engine::SystemClock;
    use engine::recorder::Wanted;
    use engine::testing::{PlainAuthenticator, memory_port};
    use protocols::cti::{
        AgentState, BeginCallEvent, CallContext, CallDeliveredEvent, DeviceType, Secret,
        SetAgentStateReq, Status,
    };

    use super::*;

    #[tokio::test]
    async fn byd_02_neither_passwords_nor_what_callers_entered_is_noted() {
        let authenticator = Arc::new(PlainAuthenticator);
        let port = memory_port(&Settings::default(), authenticator, Arc::new(SystemClock)).await;
        let pair: PairName = "east".parse().unwrap();
        let noted = Noted { recorder: port.recorder(), pair: &pair, side: 'a' };
        let agent = AgentIdentity {
            id: Some("1001".into()),
            extension: Some("2001".into()),
            instrument: None,
        };
        let sign_in = SetAgentStateReq {
            agent: agent.clone(),
            state: AgentState::Login,
            password: Some(Secret::new("planted")),
            ..SetAgentStateReq::default()
        };
        noted.request(InvokeId(7), &Request::SetAgentState(Box::new(sign_in)));
        let words = Some("wrong password: planted".into());
        noted.answer(InvokeId(7), None, &Answer::Failed(Status(1), words));
        let mut context = CallContext {
            ani: Some("planted".into()),
            caller_entered_digits: Some("planted".into()),
            customer_account_number: Some("planted".into()),
            wrapup: Some("planted".into()),
            ..CallContext::default()
        };
        context.variables[0] = Some("planted".into());
        let connection = Connection { call_id: 9, ..Connection::default() };
        noted.event(&Event::BeginCall(BeginCallEvent {
            connection: connection.clone(),
            context: Box::new(context.clone()),
            ..BeginCallEvent::default()
        }));
        let device = |id: &str| Device { kind: DeviceType::AgentDevice, id: Some(id.into()) };
        noted.event(&Event::CallDelivered(Box::new(CallDeliveredEvent {
            connection,
            alerting: device("2001"),
            calling: device("5551234"),
            context: Box::new(context),
            ..CallDeliveredEvent::default()
        })));
        let wanted = Wanted { agent: Some("1001".to_owned()), limit: 10, ..Wanted::default() };
        let records = port.recorder().timeline(&wanted, &[]).records;
        let lines: Vec<_> = records.iter().map(ToString::to_string).collect();
        let expected = [
            "cti          -> SET_AGENT_STATE_REQ  east a, agent 1001, line 2001: invoke=7 \
             state=login forced=no",
            "cti          <- CALL_DELIVERED_EVENT  east a, agent ~1001, line 2001, call east/9: \
             calling=5551234",
        ];
        assert_eq!(lines, expected);
        let all = Wanted { limit: 10, ..Wanted::default() };
        let all = port.recorder().timeline(&all, &[]).records;
        assert_eq!(all.len(), 4);
        for record in &all {
            assert!(!record.to_string().contains("planted"), "{record}");
        }
    }
}
