//! A pair between its link and the engine: what is heard, what is asked, what became of it.
//!
//! Pure but for the owner it tells: no socket, no clock of its own. The link feeds it outputs of the
//! session in charge and takes requests from it.

use std::collections::BTreeSet;
use std::time::Instant;

use domain::{
    AgentId, Heard, Known, OwnerAnswer, OwnerAsk, OwnerCommand, OwnerRefusal, OwnerRefusalKind,
    PresenceState,
};
use engine::{Owner, OwnerRequest, Port};
use protocols::cti::{
    AgentStateEvent, Answer, Confirmation, Dialect, Event, InvokeId, Request, Status,
};

use crate::asks::Asks;
use crate::calls::Calls;
use crate::config::PairConfig;
use crate::figures::Figures;
use crate::queues::Queues;
use crate::translate;

/// What a pair knows beside its sessions.
pub(crate) struct Machine {
    pub(crate) owner: Owner,
    pub(crate) asks: Asks,
    calls: Calls,
    queues: Queues,
    told_queues: u32,
    port: Port,
    peripheral_id: u32,
    dialect: Dialect,
    takes_single_sign_on: bool,
    logout_reason: domain::ReasonCode,
    figures: Figures,
}

impl Machine {
    pub(crate) fn new(config: &PairConfig, owner: Owner, port: Port, figures: Figures) -> Self {
        Self {
            owner,
            asks: Asks::new(config.request),
            calls: Calls::default(),
            queues: Queues::default(),
            told_queues: 0,
            port,
            peripheral_id: config.peripheral_id,
            dialect: config.dialect,
            takes_single_sign_on: config.takes_single_sign_on,
            logout_reason: config.logout_reason,
            figures,
        }
    }

    /// Takes in an event.
    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::AgentState(event) => self.agent_state(event),
            Event::System(_) | Event::UserMessage(_) | Event::AgentTeamConfig(_) => {}
            call => {
                self.queues.event(call, self.port.now());
                let touched = self.calls.event(call, self.port.now());
                self.tell_calls(touched);
                if let Some((line, phone)) = translate::phone_of_call(call) {
                    for agent in self.calls.signed_on_at(line) {
                        self.owner.hear(agent, Heard::Phone(phone.clone()));
                    }
                }
            }
        }
    }

    fn agent_state(&mut self, event: &AgentStateEvent) {
        let Some((agent, heard)) = translate::heard(event, self.peripheral_id, self.port.now())
        else {
            self.figures.events.with(&["no_agent"]).increment();
            return;
        };
        let signed_in = !matches!(heard.state, PresenceState::SignedOut { .. });
        self.hear(&agent, heard);
        // Whoever is one too many is not remembered here either.
        if self.owner.value(&agent).is_some() {
            self.queues.agent(&agent, event, signed_in);
        }
    }

    /// Tells agents with a session here what waits for them. To be called every second; where nothing
    /// changed, only now and then, for whoever signed in since.
    pub(crate) fn tell_queues(&mut self) {
        /// In calls of this.
        const NOW_AND_THEN: u32 = 5;
        self.told_queues = self.told_queues.wrapping_add(1);
        if !self.queues.take_changed() && !self.told_queues.is_multiple_of(NOW_AND_THEN) {
            return;
        }
        let pair = self.owner.pair().clone();
        for session in self.port.signed_in().iter().filter(|it| it.agent.pair == pair) {
            let agent = &session.agent.id;
            self.owner.set_queues(agent, self.queues.figures(agent));
        }
    }

    fn hear(&mut self, agent: &AgentId, heard: domain::HeardState) {
        let before = self.owner.value(agent);
        let is_placed = before.as_deref().is_some_and(|it| {
            (heard.extension.is_none() || it.extension == heard.extension)
                && (heard.instrument.is_none() || it.instrument == heard.instrument)
                && it.is_signed_in() == Some(true)
        });
        // What is shown of an agent's calls from before the link was lost may hold no longer.
        let is_new = before.as_deref().is_none_or(|it| it.known != Known::Now);
        let state = heard.state;
        self.owner.hear(agent, Heard::State(heard));
        // Whoever is one too many is not remembered, and has no place either.
        let Some(live) = self.owner.value(agent) else { return };
        let signed_on = !matches!(state, PresenceState::SignedOut { .. });
        let moved = signed_on && !is_placed && {
            let other = self.other_lines(live.extension.as_ref());
            let (line, instrument) = (live.extension.as_ref(), live.instrument.as_deref());
            self.calls.place(agent, line, instrument, &other)
        };
        if self.calls.state(agent, state) || moved || is_new {
            self.tell_calls(BTreeSet::from([agent.clone()]));
        }
        self.asks.heard(agent, &live);
    }

    /// Lines beside the agent's own on the phones that have it (CTI-09).
    fn other_lines(&self, extension: Option<&domain::Extension>) -> Vec<domain::Extension> {
        let Some(extension) = extension else { return Vec::new() };
        let settings = self.port.settings();
        let devices = settings.devices_with(extension);
        devices
            .flat_map(|device| &device.lines)
            .filter(|line| *line != extension)
            .cloned()
            .collect()
    }

    fn tell_calls(&mut self, agents: BTreeSet<AgentId>) {
        for agent in agents {
            // Calls and states come in no order: who rests already has nothing to wrap up.
            if let Some(live) = self.owner.value(&agent)
                && live.known == Known::Now
                && live.is_signed_in() == Some(true)
            {
                self.calls.state(&agent, live.state);
            }
            let calls = self.calls.of(&agent);
            self.owner.hear(&agent, Heard::Calls(calls));
        }
    }

    /// The session in charge is open: everybody is asked about.
    pub(crate) fn begin(&mut self) {
        self.owner.ask_everybody();
    }

    /// There is no session in charge any more.
    pub(crate) fn lose(&mut self) {
        self.asks.lost();
        self.calls.lost();
        self.queues.clear();
        self.owner.lose();
    }

    /// The next question about an agent, while there is room for questions.
    pub(crate) fn next_question(&mut self) -> Option<(AgentId, Request)> {
        let agent = self.owner.next_question()?;
        let request = self.question(&agent);
        Some((agent, request))
    }

    /// A question about an agent.
    pub(crate) fn question(&self, agent: &AgentId) -> Request {
        translate::query(self.peripheral_id, agent)
    }

    /// What the command comes to on the wire; `None` where it is answered already.
    pub(crate) fn request(&self, asked: OwnerRequest) -> Option<(OwnerRequest, Request)> {
        let agent = &asked.command.agent;
        let live = self.owner.value(agent);
        let instrument = |line: &Option<domain::Extension>| {
            let known = live.as_deref().and_then(|live| live.instrument.as_deref());
            known.map(Into::into).or_else(|| line.as_ref().map(|line| line.as_str().into()))
        };
        let id = self.peripheral_id;
        let request = match &asked.command.ask {
            OwnerAsk::SignIn(wish) if wish.mobile.is_some() && self.dialect == Dialect::Express => {
                let words = "the Express server takes no mobile agents";
                return refuse(asked, OwnerRefusalKind::Mobile, words);
            }
            OwnerAsk::SignIn(wish) if wish.password.is_none() && !self.takes_single_sign_on => {
                let words = "a sign-in without a password takes version 20 of the protocol";
                return refuse(asked, OwnerRefusalKind::NotOffered, words);
            }
            OwnerAsk::SignIn(wish) => translate::sign_in(id, self.dialect, agent, wish),
            OwnerAsk::CheckPassword { .. } if self.dialect == Dialect::Enterprise => {
                let words = "passwords are checked at sign-in only";
                return refuse(asked, OwnerRefusalKind::NotOffered, words);
            }
            OwnerAsk::CheckPassword { extension, password } => {
                translate::check_password(id, agent, extension, password)
            }
            OwnerAsk::Set { target, extension } => {
                translate::set(id, agent, instrument(extension), *target)
            }
            OwnerAsk::ForceOut { reason, extension } => {
                let lost = domain::ReasonCode::CONNECTION_LOST;
                let reason = if *reason == lost { self.logout_reason } else { *reason };
                translate::force_out(id, agent, instrument(extension), reason)
            }
            OwnerAsk::WrapUp { call, text } => match self.calls.connection(call) {
                Some(connection) => translate::wrap_up(id, connection, text),
                None => return refuse(asked, OwnerRefusalKind::Call, "the call is gone"),
            },
            OwnerAsk::Query => translate::query(id, agent),
        };
        Some((asked, request))
    }

    /// A command was sent.
    pub(crate) fn sent(&mut self, now: Instant, invoke: InvokeId, asked: OwnerRequest) {
        let OwnerRequest { command, answer } = asked;
        let live = self.owner.value(&command.agent);
        if matches!(command.ask, OwnerAsk::Query) {
            // Answered with the question, whoever asked it.
            let agent = command.agent.clone();
            self.asks.sent(now, invoke, command, answer, live.as_deref());
            self.asks.asked_about(invoke, agent);
        } else {
            self.asks.sent(now, invoke, command, answer, live.as_deref());
        }
    }

    /// An answer came.
    pub(crate) fn answered(&mut self, invoke: InvokeId, answer: &Answer) {
        let Some((agent, question)) = self.asks.question(invoke) else {
            // The agent's state may have come before.
            let live = self.asks.agent_of(invoke).and_then(|agent| self.owner.value(&agent));
            let confirmed = self.asks.answered(invoke, answer, live.as_deref());
            if let Some(OwnerCommand { agent, ask: OwnerAsk::WrapUp { call, text } }) = confirmed {
                // The server has it; of a call that is over it tells nothing more.
                self.calls.note_wrap_up(&call, &text);
                self.tell_calls(BTreeSet::from([agent]));
            }
            return;
        };
        let refusal = match answer {
            Answer::Confirmed(confirmation) => {
                if let Confirmation::QueryAgentState(conf) = confirmation.as_ref() {
                    let before = self.owner.value(&agent);
                    let now = self.port.now();
                    let heard = translate::answered(conf, before.as_deref(), now);
                    self.hear(&agent, heard);
                }
                None
            }
            // An agent who is not signed on is no agent to some servers' questions.
            Answer::Failed(Status(9), _) => {
                self.absent(&agent);
                None
            }
            Answer::Failed(status, text) => Some(translate::failure(*status, text.as_deref())),
            Answer::ControlFailed { code, peripheral_error } => {
                Some(translate::question_failure(*code, *peripheral_error))
            }
            Answer::LinkLost | Answer::Silent => return self.owner.question_failed(&agent),
        };
        match &refusal {
            Some(refusal) if translate::is_unknown_agent(refusal) => {
                // Whoever was heard of before is gone; others stay unheard of.
                if self.owner.value(&agent).is_some() {
                    self.absent(&agent);
                } else {
                    self.owner.question_over(&agent);
                }
            }
            Some(_) => self.owner.question_failed(&agent),
            None => {}
        }
        let live = self.owner.value(&agent);
        self.asks.settled(&agent, question, refusal.as_ref(), live.as_deref());
    }

    /// The server knows no such agent, or none who is signed on.
    fn absent(&mut self, agent: &AgentId) {
        self.owner.hear(agent, Heard::Absent);
        self.queues.forget(agent);
        self.calls.state(agent, PresenceState::SignedOut { reason: None });
        if let Some(live) = self.owner.value(agent) {
            self.asks.heard(agent, &live);
        }
    }

    /// How many calls are known.
    pub(crate) fn calls(&self) -> usize {
        self.calls.count()
    }
}

fn refuse(
    asked: OwnerRequest,
    kind: OwnerRefusalKind,
    words: &str,
) -> Option<(OwnerRequest, Request)> {
    let refusal = OwnerRefusal { kind, code: 0, words: words.to_owned() };
    // Whoever asked may have gone.
    let _ = asked.answer.send(OwnerAnswer::Refused(refusal));
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::settings::Settings;
    use engine::SystemClock;
    use engine::testing::{PlainAuthenticator, memory_port};
    use protocols::cti::{
        AgentIdentity, AgentState, CallEstablishedEvent, Connection, ConnectionDeviceType, Device,
        DeviceType,
    };

    use super::*;

    fn state(terminal: Option<&str>) -> Event {
        Event::AgentState(AgentStateEvent {
            state: AgentState::Available,
            peripheral_id: 1,
            agent: AgentIdentity {
                id: Some("1001".into()),
                extension: Some("2001".into()),
                instrument: None,
            },
            active_terminal: terminal.map(Into::into),
            ..AgentStateEvent::default()
        })
    }

    fn answered(line: &str, phone: &str) -> Event {
        let connection = Connection {
            call_id: 7,
            device_type: ConnectionDeviceType::Static,
            device_id: Some(line.into()),
        };
        let answering = Device { kind: DeviceType::PhoneAddress, id: Some(phone.into()) };
        Event::CallEstablished(CallEstablishedEvent {
            connection,
            answering,
            ..CallEstablishedEvent::default()
        })
    }

    #[tokio::test]
    async fn hst_09_a_call_of_the_agents_own_line_names_the_phone_until_a_state_does() {
        let pair = serde_json::json!({
            "name": "east", "dialect": "express", "side_a": "127.0.0.1:1", "side_b": null,
            "version": 18, "tag_width": null, "peripheral_id": 1, "client_id": "jackfield",
            "client_password": null, "heartbeat_seconds": 5, "reconnect_seconds": 300,
            "request_seconds": 5, "open_seconds": 30, "sessions": "per_node",
            "logout_reason": 255, "rmcm_user": null,
        });
        let authenticator = Arc::new(PlainAuthenticator);
        let port = memory_port(&Settings::default(), authenticator, Arc::new(SystemClock)).await;
        let config = PairConfig::read(&serde_json::from_value(pair).unwrap(), &port).unwrap();
        let (owner, figures) = (port.own(&config.name), Figures::new(port.metrics()));
        let mut machine = Machine::new(&config, owner, port, figures);
        let agent: AgentId = "1001".parse().unwrap();
        let mut device_after = |event: &Event| {
            machine.event(event);
            machine.owner.value(&agent).and_then(|it| it.device.as_ref().map(ToString::to_string))
        };
        assert_eq!(device_after(&answered("2001", "0011223344AA")), None);
        assert_eq!(device_after(&state(None)), None);
        assert_eq!(device_after(&answered("2002", "0011223344CC")), None, "another's line");
        let by_call = Some("SEP0011223344AA".to_owned());
        assert_eq!(device_after(&answered("2001", "0011223344AA")), by_call);
        let by_state = Some("SEP0011223344BB".to_owned());
        assert_eq!(device_after(&state(Some("SEP0011223344BB"))), by_state);
        assert_eq!(device_after(&answered("2001", "0011223344AA")), by_state);
    }
}
