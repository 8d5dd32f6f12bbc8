//! A pair's link: sockets to its sides, one session each, and the machine behind the one in charge.
//!
//! One task for each pair; see the crate for the flow. A connection's writer is a task of its own, so
//! that a peer that does not read holds up nothing but itself: what waits for it is bounded, and then
//! the connection is given up.

mod connection;

use std::time::{Duration, Instant};

use domain::Timestamp;
use engine::recorder::Way;
use engine::{OwnerRequest, PairStatus, Port};
use protocols::cti::{
    CloseReason, Event, Input, InvokeId, Output, Phase, RequestError, SessionType, Side, SideInput,
    SideOutput, Sides, Status,
};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::PairConfig;
use crate::figures::{Figures, label};
use crate::machine::Machine;
use crate::noted::Noted;

use connection::{Connection, read};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How often figures and the status are brought up to date.
const TELL: Duration = Duration::from_secs(1);
/// How long sessions have to be closed at the end.
const CLOSING: Duration = Duration::from_secs(1);

/// A pair's task.
pub(crate) struct Link {
    config: PairConfig,
    port: Port,
    figures: Figures,
    sides: Sides,
    a: Option<Connection>,
    b: Option<Connection>,
    connecting: JoinSet<(Side, std::io::Result<TcpStream>)>,
    machine: Machine,
    active: Option<Side>,
    since: Timestamp,
    /// What is wrong with a side, or between them.
    problem: Option<String>,
    /// The side in charge said that the peripheral is off-line; whatever sides do meanwhile, its agents
    /// are asked about once it is back.
    peripheral_away: bool,
}

/// What happened.
enum Happened {
    Stop,
    Replaced,
    Connected(Side, std::io::Result<TcpStream>),
    Read(Side, std::io::Result<usize>),
    Asked(OwnerRequest),
    Timer,
}

impl Link {
    /// Serves one pair until `stop` becomes true, or another link takes its place.
    pub(crate) async fn run(
        config: PairConfig,
        port: Port,
        figures: Figures,
        mut stop: watch::Receiver<bool>,
    ) {
        let owner = port.own(&config.name);
        let machine = Machine::new(&config, owner, port.clone(), figures.clone());
        let since = port.now();
        let mut link = Self {
            sides: Sides::new(config.sides, now()),
            config,
            port,
            figures,
            a: None,
            b: None,
            connecting: JoinSet::new(),
            machine,
            active: None,
            since,
            problem: None,
            peripheral_away: false,
        };
        link.tell();
        let mut tell_at = now() + TELL;
        loop {
            link.settle();
            let deadline = link.deadline().map_or(tell_at, |it| it.min(tell_at));
            match link.happens(deadline, &mut stop).await {
                Happened::Stop => break,
                Happened::Replaced => return,
                Happened::Connected(side, connected) => link.connected(side, connected),
                Happened::Read(side, read) => link.read(side, read),
                Happened::Asked(asked) => link.asked(asked),
                Happened::Timer => {}
            }
            link.timers();
            if now() >= tell_at {
                tell_at = now() + TELL;
                link.tell();
            }
        }
        link.close().await;
    }

    async fn happens(&mut self, deadline: Instant, stop: &mut watch::Receiver<bool>) -> Happened {
        let Self { a, b, connecting, machine, .. } = self;
        // In no order, so that a side that never stops talking keeps nobody else waiting.
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => Happened::Stop,
            read = read(a.as_mut()) => Happened::Read(Side::A, read),
            read = read(b.as_mut()) => Happened::Read(Side::B, read),
            Some(connected) = connecting.join_next(), if !connecting.is_empty() => match connected {
                Ok((side, stream)) => Happened::Connected(side, stream),
                // Only a panic ends such a task early; the side's own deadline tries again.
                Err(_) => Happened::Timer,
            },
            asked = machine.owner.next_request() => match asked {
                Some(asked) => Happened::Asked(asked),
                None => Happened::Replaced,
            },
            () = tokio::time::sleep_until(deadline.into()) => Happened::Timer,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let sessions = [&self.a, &self.b].into_iter().flatten();
        let sessions = sessions.filter_map(|connection| connection.session.deadline());
        sessions.chain(self.sides.deadline()).chain(self.machine.asks.deadline()).min()
    }

    fn timers(&mut self) {
        let now = now();
        for side in [Side::A, Side::B] {
            if let Some(connection) = self.connection(side)
                && connection.session.deadline().is_some_and(|deadline| deadline <= now)
            {
                // A timer reads nothing that could be malformed.
                let _ = connection.session.handle(now, Input::Timer);
            }
        }
        if self.sides.deadline().is_some_and(|deadline| deadline <= now) {
            let random = self.random();
            self.sides.handle(now, &SideInput::Timer, random);
        }
        for agent in self.machine.asks.overdue(now) {
            let request = self.machine.question(&agent);
            if let Ok(invoke) = self.send(request) {
                self.machine.asks.asked_about(invoke, agent);
            }
        }
    }

    /// Does everything that follows from what happened.
    fn settle(&mut self) {
        loop {
            let mut idle = !self.do_sides();
            for side in [Side::A, Side::B] {
                while let Some(output) =
                    self.connection(side).and_then(|connection| connection.session.poll())
                {
                    idle = false;
                    self.do_session(side, output);
                    // What follows in the same read may be for a side that has just become active.
                    self.do_sides();
                }
            }
            if self.active.is_some() {
                idle &= !self.ask_questions();
            }
            if idle {
                return;
            }
        }
    }

    /// Does what is said about sides; true where anything was.
    fn do_sides(&mut self) -> bool {
        let mut any = false;
        while let Some(output) = self.sides.poll() {
            any = true;
            self.do_side(output);
        }
        any
    }

    fn do_side(&mut self, output: SideOutput) {
        match output {
            SideOutput::Connect(side) => {
                let Some(address) = self.config.address(side).cloned() else {
                    return self.side_closed(side, &CloseReason::LinkClosed);
                };
                self.connecting.spawn(async move {
                    let target = (address.host().to_owned(), address.port());
                    let connecting = TcpStream::connect(target);
                    let late = || std::io::Error::from(std::io::ErrorKind::TimedOut);
                    let connected = tokio::time::timeout(CONNECT, connecting).await;
                    (side, connected.unwrap_or_else(|_| Err(late())))
                });
            }
            SideOutput::Disconnect(side) => {
                let now = now();
                if let Some(connection) = self.connection(side) {
                    connection.session.close(now, Status::NONE);
                }
            }
            SideOutput::ActiveChanged(active) => self.active_changed(active),
        }
    }

    fn active_changed(&mut self, active: Option<Side>) {
        if self.active.is_some() {
            self.machine.lose();
        }
        self.active = active;
        // The side that serves from now on says so itself.
        self.peripheral_away = false;
        self.since = self.port.now();
        let pair = &self.config.name;
        match active {
            Some(side) => {
                tracing::info!(%pair, side = %name(side), "a contact-centre server serves the pair");
                self.problem = None;
                self.machine.begin();
            }
            None => tracing::warn!(%pair, "no contact-centre server serves the pair"),
        }
        self.tell();
    }

    fn connected(&mut self, side: Side, connected: std::io::Result<TcpStream>) {
        let opened = connected.and_then(|stream| {
            let mut settings = self.config.session.clone();
            settings.first_invoke = InvokeId(self.random() >> 1 | 1);
            Connection::new(stream, settings, now())
        });
        match opened {
            Ok(connection) => {
                *self.place(side) = Some(connection);
                self.noted(side).said(Way::Out, "OPEN_REQ");
            }
            Err(error) => {
                self.noted(side).not_connected(&error);
                let address = self.config.address(side).map(ToString::to_string);
                let address = address.unwrap_or_default();
                self.problem = Some(format!("side {} at {address}: {error}", name(side)));
                self.count_closed(side, "unreachable");
                self.side_closed(side, &CloseReason::LinkClosed);
            }
        }
    }

    fn read(&mut self, side: Side, read: std::io::Result<usize>) {
        let now = now();
        let Some(connection) = self.connection(side) else { return };
        let Connection { session, buffer, .. } = connection;
        let received = match read {
            Ok(0) | Err(_) => session.handle(now, Input::LinkClosed),
            Ok(bytes) => {
                session.handle(now, Input::Received(buffer.get(..bytes).unwrap_or_default()))
            }
        };
        if let Err(error) = received {
            let pair = &self.config.name;
            tracing::warn!(%pair, side = %name(side), %error, "a server sent what cannot be read");
        }
    }

    fn asked(&mut self, asked: OwnerRequest) {
        if self.active.is_none() {
            let _ = asked.answer.send(domain::OwnerAnswer::Unreachable);
            return;
        }
        let Some((asked, request)) = self.machine.request(asked) else { return };
        let sent = self.send(request);
        let pair = self.config.name.as_str();
        match sent {
            Ok(invoke) => {
                self.figures.commands.with(&[pair, "sent"]).increment();
                self.machine.sent(now(), invoke, asked);
            }
            Err(error) => {
                self.figures.commands.with(&[pair, "not_sent"]).increment();
                let answer = match error {
                    RequestError::Encode(error) => {
                        let refusal = domain::OwnerRefusal {
                            kind: domain::OwnerRefusalKind::Other,
                            code: 0,
                            words: error.to_string(),
                        };
                        domain::OwnerAnswer::Refused(refusal)
                    }
                    _ => domain::OwnerAnswer::Unreachable,
                };
                let _ = asked.answer.send(answer);
            }
        }
    }

    fn send(&mut self, request: protocols::cti::Request) -> Result<InvokeId, RequestError> {
        let side = self.active.ok_or(RequestError::NotOpen)?;
        let noted = self.port.recorder().is_on().then(|| request.clone());
        let connection = self.connection(side).ok_or(RequestError::NotOpen)?;
        let invoke = connection.session.request(now(), request)?;
        if let Some(request) = noted {
            self.noted(side).request(invoke, &request);
        }
        Ok(invoke)
    }

    /// Asks about agents while there is room; true where anything was asked.
    fn ask_questions(&mut self) -> bool {
        let mut any = false;
        while let Some((agent, request)) = self.machine.next_question() {
            any = true;
            match self.send(request) {
                Ok(invoke) => self.machine.asks.asked_about(invoke, agent),
                Err(_) => {
                    self.machine.owner.question_failed(&agent);
                    return false;
                }
            }
        }
        any
    }

    fn do_session(&mut self, side: Side, output: Output) {
        match output {
            Output::Transmit(bytes) => {
                let Some(connection) = self.connection(side) else { return };
                if connection.writes.try_send(bytes).is_err() {
                    // It does not read, or is gone; either way the session is of no use.
                    let _ = connection.session.handle(now(), Input::LinkClosed);
                }
            }
            Output::Opened(conf) => {
                self.noted(side).opened(&conf);
                self.opened(side, conf.session_type);
            }
            Output::Promoted => {
                self.noted(side).said(Way::In, "STANDBY_ACTIVE_EVENT");
                let random = self.random();
                self.sides.handle(now(), &SideInput::Promoted { side }, random);
            }
            Output::Answer { invoke, answer } if self.active == Some(side) => {
                let agent = self.machine.asks.agent_of(invoke);
                self.noted(side).answer(invoke, agent.as_ref(), &answer);
                self.machine.answered(invoke, &answer);
            }
            Output::Event(event) if self.active == Some(side) => {
                self.noted(side).event(&event);
                self.event(side, &event);
            }
            // A side that is not in charge has nothing to say of agents.
            Output::Answer { .. } | Output::Event(_) => {}
            Output::MaintenanceAsked => {
                self.noted(side).said(Way::In, "ACTIVE_MAINTENANCE_REQ");
                self.maintenance_asked(side);
            }
            Output::MaintenanceDecided { proceeds } => {
                if proceeds && let Some(connection) = self.connection(side) {
                    let told = connection.session.stopping_requests(now());
                    if let Err(error) = told {
                        tracing::warn!(%error, "a server was not told that requests stop");
                    }
                }
            }
            Output::Closed(reason) => self.closed(side, &reason),
        }
    }

    fn opened(&mut self, side: Side, session_type: SessionType) {
        // Whatever kept it from opening before is over.
        self.problem = None;
        let random = self.random();
        let both_active = self.sides.both_active();
        self.sides.handle(now(), &SideInput::Opened { side, session_type }, random);
        if self.sides.both_active() != both_active {
            self.problem = Some("both sides say that they are active".to_owned());
        }
    }

    /// A server may go into maintenance where the other side can take over.
    fn maintenance_asked(&mut self, side: Side) {
        let other = self.connection(side.other());
        let accept = other
            .is_some_and(|other| matches!(other.session.phase(), Phase::Standby | Phase::Active));
        if let Some(connection) = self.connection(side)
            && let Err(error) = connection.session.answer_maintenance(now(), accept)
        {
            tracing::warn!(%error, "a server got no answer about its maintenance");
        }
    }

    fn event(&mut self, side: Side, event: &Event) {
        if let Event::System(system) = event {
            self.figures.events.with(&["system"]).increment();
            let mine = system
                .peripheral()
                .and_then(|(id, online)| (id == self.config.peripheral_id).then_some(online));
            let offline = system.says_server_offline() || system.says_gateway_offline();
            if offline {
                let pair = &self.config.name;
                tracing::warn!(%pair, side = %name(side), "a server says that it goes off-line");
                self.problem = Some(format!("side {} says that it is off-line", name(side)));
                if let Some(connection) = self.connection(side) {
                    // No time is lost with a farewell.
                    let _ = connection.session.handle(now(), Input::LinkClosed);
                }
            } else if let Some(is_online) = mine {
                let was_away = std::mem::replace(&mut self.peripheral_away, !is_online);
                // What its agents do meanwhile is told to nobody.
                if !is_online {
                    self.machine.owner.lose();
                } else if was_away {
                    self.machine.begin();
                }
            }
        }
        self.machine.event(event);
    }

    fn closed(&mut self, side: Side, reason: &CloseReason) {
        self.tell_counts(side);
        if matches!(reason, CloseReason::Malformed(_)) {
            self.figures.events.with(&["malformed"]).increment();
        }
        *self.place(side) = None;
        self.noted(side).ended(reason);
        let label = label(reason);
        self.count_closed(side, label);
        let pair = &self.config.name;
        if *reason != CloseReason::Asked {
            self.problem = Some(format!("side {}: {reason}", name(side)));
            // Refusals by a standby side come again and again.
            match label {
                "refused" => tracing::debug!(%pair, side = %name(side), %reason, "no session"),
                _ => tracing::warn!(%pair, side = %name(side), %reason, "a session ended"),
            }
        }
        self.side_closed(side, reason);
    }

    fn side_closed(&mut self, side: Side, reason: &CloseReason) {
        let random = self.random();
        self.sides.handle(now(), &SideInput::Closed { side, reason }, random);
    }

    fn count_closed(&self, side: Side, reason: &str) {
        let side = name(side).to_string();
        self.figures.closed.with(&[self.config.name.as_str(), &side, reason]).increment();
    }

    /// Adds what a session met since this was last told.
    fn tell_counts(&mut self, side: Side) {
        let Some(connection) = self.place(side) else { return };
        let now = connection.session.counts().clone();
        let before = std::mem::replace(&mut connection.told, now.clone());
        self.figures.met(&before, &now);
    }

    fn tell(&mut self) {
        self.tell_counts(Side::A);
        self.tell_counts(Side::B);
        self.machine.tell_queues();
        let standby = |connection: &Option<Connection>| {
            connection.as_ref().is_some_and(|it| it.session.phase() == Phase::Standby)
        };
        let standby_side = [(Side::A, standby(&self.a)), (Side::B, standby(&self.b))]
            .into_iter()
            .find_map(|(side, is_standby)| is_standby.then(|| name(side)));
        let unknown = self.machine.owner.questions_left();
        self.machine.owner.set_status(PairStatus {
            active_side: self.active.map(name),
            standby_side,
            since: Some(self.since),
            problem: self.problem_told(),
            unknown_agents: unknown,
        });
        let pair = self.config.name.as_str();
        for side in [Side::A, Side::B] {
            let label = name(side).to_string();
            let value = i64::from(self.active == Some(side));
            self.figures.active.with(&[pair, &label]).set(value);
        }
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.figures.unknown.with(&[pair]).set(count(unknown));
        self.figures.calls.with(&[pair]).set(count(self.machine.calls()));
        self.figures.waiting.with(&[pair]).set(count(self.machine.asks.count()));
    }

    /// Everything that is wrong, in words for operators.
    fn problem_told(&self) -> Option<String> {
        let away = self.peripheral_away.then_some("the peripheral is off-line");
        let problems: Vec<_> = away.into_iter().chain(self.problem.as_deref()).collect();
        (!problems.is_empty()).then(|| problems.join("; "))
    }

    /// Takes leave of the servers.
    async fn close(&mut self) {
        self.machine.lose();
        let mut leaving = JoinSet::new();
        for side in [Side::A, Side::B] {
            if let Some(connection) = self.place(side).take() {
                leaving.spawn(connection.close(now()));
            }
        }
        let all = async { while leaving.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(CLOSING, all).await;
    }

    fn noted(&self, side: Side) -> Noted<'_> {
        Noted { recorder: self.port.recorder(), pair: &self.config.name, side: name(side) }
    }

    fn connection(&mut self, side: Side) -> Option<&mut Connection> {
        self.place(side).as_mut()
    }

    fn place(&mut self, side: Side) -> &mut Option<Connection> {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    /// Spreads attempts; without randomness they come together, which harms nobody at once.
    fn random(&self) -> u32 {
        self.port.random().map_or(0, u32::from_be_bytes)
    }
}

fn name(side: Side) -> char {
    match side {
        Side::A => 'a',
        Side::B => 'b',
    }
}

/// The runtime's monotonic clock, which tests pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
