//! An agent at a desktop: signs in, connects here and there, walks away, comes back, or does not.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{
    AgentCommand, AgentKey, ClientPresence, Command, ConnectionNumber, Input, InputId, NodeName,
    PhoneProof, ReasonCode, Report, Secret, SessionRef, SignInOn, SignedOutBy, Timestamp, Wish,
};
use engine::testing::SeededRandom;
use engine::{ClientConnection, Port, SignInAnswer, SignInAttempt};

use crate::clients::Cluster;
use crate::elsewhere::SignedIn;

/// A connection and the node that has it.
struct Connection {
    handle: ClientConnection,
    number: usize,
}

/// One agent with all their clients.
pub(crate) struct Person {
    cluster: Arc<Cluster>,
    name: &'static str,
    agent: AgentKey,
    random: SeededRandom,
    connections: Vec<Connection>,
    /// The session that this agent knows of.
    session: Option<SessionRef>,
    /// All they ever knew of.
    sessions: Vec<SessionRef>,
}

impl Person {
    pub(crate) fn new(cluster: Arc<Cluster>, name: &'static str, random: SeededRandom) -> Self {
        let agent = cluster.key(name);
        let (connections, sessions) = (Vec::new(), Vec::new());
        Self { cluster, name, agent, random, connections, session: None, sessions }
    }

    /// Acts until then.
    pub(crate) async fn live(mut self, until: Timestamp) -> Self {
        while self.cluster.now() < until {
            // Some ended with their node.
            let ledger = &self.cluster.ledger;
            self.connections.retain(|it| ledger.is_open(it.handle.number()));
            match self.random.next() % 17 {
                0..=2 => self.sign_in_over_a_connection().await,
                3 | 4 => {
                    self.leave();
                    self.sign_in(None).await;
                }
                5 => {
                    self.leave();
                    self.sign_in_at_a_phone().await;
                }
                6 => drop(self.connect()),
                7..=8 => self.move_on().await,
                9..=12 => {
                    self.leave();
                    self.stay_away().await;
                    match self.random.next() % 4 {
                        0 => self.sign_in_over_a_connection().await,
                        1 => {}
                        _ => drop(self.connect()),
                    }
                }
                13 => self.be_signed_out().await,
                // At the desk, with what is connected; it may be that nothing is any more.
                14 => self.stay_away().await,
                _ => self.be_reported_late(),
            }
            self.pause(20_000_000).await;
        }
        self
    }

    /// A fresh connection, or the newest there is; where others were, they may linger.
    async fn sign_in_over_a_connection(&mut self) {
        let old = match self.random.next() % 3 {
            0 => Vec::new(),
            _ => std::mem::take(&mut self.connections),
        };
        let newest = self.connections.last().map(|it| it.number);
        match newest.filter(|number| self.cluster.port(*number).is_some()) {
            Some(_) if self.random.next().is_multiple_of(2) => self.sign_in(newest).await,
            _ => {
                let Some(number) = self.connect_for(None) else { return };
                self.sign_in(Some(number)).await;
            }
        }
        for connection in old {
            let after = Duration::from_micros(self.random.next() % 90_000_000);
            self.end_later(connection, after);
        }
    }

    /// Over the newest connection, which is at that node, or over none.
    async fn sign_in(&mut self, over: Option<usize>) {
        let connection = over.and(self.connections.last()).map(|it| it.handle.number());
        let on = connection.map_or(SignInOn::Local, |connection| SignInOn::Client { connection });
        let Some(session) = self.attempt(over, on).await else { return };
        if let Some(connection) = self.connections.last().filter(|_| over.is_some()) {
            connection.handle.speak_for(session);
        }
    }

    async fn sign_in_at_a_phone(&mut self) {
        let device = format!("SEPAAAAAAAA{}", self.name).parse().unwrap();
        let proof = PhoneProof { cookie_digest: String::new(), address: here() };
        self.attempt(None, SignInOn::Phone { device, proof }).await;
        // No client speaks for what a phone holds.
        self.session = None;
    }

    async fn attempt(&mut self, node: Option<usize>, on: SignInOn) -> Option<SessionRef> {
        let port = match node {
            Some(number) => self.cluster.port(number),
            None => self.cluster.any_port(&self.random),
        };
        let (node, port) = port?;
        let cluster = Arc::clone(&self.cluster);
        let number = cluster.attempts.fetch_add(1, Ordering::AcqRel);
        let attempt = format!("SEP{number:012}");
        let connection = match &on {
            SignInOn::Client { connection } => Some(*connection),
            _ => None,
        };
        if let Some(connection) = connection {
            let node = Cluster::node(node);
            cluster.ledger.begin(cluster.now(), &self.agent, &node, connection, None);
        }
        let asked = SignInAttempt {
            id: InputId::new("sign-in", number),
            account: self.name.to_owned(),
            password: Secret::new(format!("password-{}", self.name)),
            extension: Some(format!("2{}", self.name).parse().unwrap()),
            device: cluster.has_centre.then(|| attempt.parse().unwrap()),
            mobile: None,
            on,
            source: here(),
            surface: "simulation",
        };
        // It goes on should the agent not wait.
        let signing_in = tokio::spawn(async move {
            let (agent, session) = match (port.sign_in(asked).await, connection) {
                (SignInAnswer::SignedIn { agent, session }, _) => (agent, session),
                // Whether it was written nobody knows.
                (SignInAnswer::Failed(_), _) | (_, None) => return None,
                (_, Some(connection)) => {
                    cluster.ledger.is_refused(connection);
                    return None;
                }
            };
            if let Some(connection) = connection {
                cluster.ledger.speaks_for(connection, session.generation);
            }
            if cluster.has_centre {
                let recorded = cluster.centre.record().len();
                let is_signed_on = cluster.centre.is_signed_on(&agent.id);
                let generation = session.generation;
                let agent = agent.id;
                let done = SignedIn { agent, attempt, generation, recorded, is_signed_on };
                cluster.signed_in.lock().unwrap().push(done);
            }
            Some(session)
        });
        let patience = match self.random.next().is_multiple_of(8) {
            true => Duration::from_micros(self.random.next() % 3_000_000),
            false => Duration::from_secs(100),
        };
        let session = tokio::time::timeout(patience, signing_in).await.ok()?.unwrap()?;
        self.session = Some(session);
        self.sessions.push(session);
        Some(session)
    }

    /// One more connection, for the session that the agent knows of.
    fn connect(&mut self) -> Option<usize> {
        self.connect_for(Some(self.session?))
    }

    fn connect_for(&mut self, session: Option<SessionRef>) -> Option<usize> {
        let (number, port) = self.cluster.any_port(&self.random)?;
        let handle = port.connect_client(&self.agent)?;
        if let Some(session) = session {
            handle.speak_for(session);
            let (now, node) = (self.cluster.now(), Cluster::node(number));
            let generation = Some(session.generation);
            self.cluster.ledger.begin(now, &self.agent, &node, handle.number(), generation);
        }
        self.connections.push(Connection { handle, number });
        Some(number)
    }

    /// A new connection, and the end of one before, in either order.
    async fn move_on(&mut self) {
        if self.connections.is_empty() {
            return;
        }
        let old = self.connections.remove(0);
        let after = Duration::from_micros(self.random.next() % 3_000_000);
        if self.random.next().is_multiple_of(2) {
            end(&self.cluster, old);
            tokio::time::sleep(after).await;
            self.connect();
        } else {
            self.connect();
            self.end_later(old, after);
        }
    }

    fn leave(&mut self) {
        for connection in std::mem::take(&mut self.connections) {
            end(&self.cluster, connection);
        }
    }

    /// Long enough, not long enough, or just about a minute.
    async fn stay_away(&self) {
        let (least, most) = [(1, 45), (57, 66), (95, 140)][self.pick(3)];
        let seconds = least + self.random.next() % (most - least);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.pause(1_000_000).await;
    }

    async fn be_signed_out(&self) {
        let Some((_, port)) = self.cluster.any_port(&self.random) else { return };
        let wish = Wish::ForceSignOut { reason: Some(ReasonCode(7)), by: SignedOutBy::Supervisor };
        let agent = self.agent.clone();
        let command = AgentCommand { agent, holder: None, seen_changes: None, wish };
        let _ = port.submit(Input::command(self.input_id(), Command::Agent(command))).await;
    }

    /// An old connection is reported again, as there or as gone, for an old session or this one.
    fn be_reported_late(&self) {
        let place = self.random.next();
        let Some((connection, node, _)) = self.cluster.ledger.old(&self.agent, place) else {
            return;
        };
        if self.sessions.is_empty() {
            return;
        }
        let session = match self.random.next() % 2 {
            0 => self.sessions[self.pick(self.sessions.len())],
            _ => self.sessions[self.sessions.len() - 1],
        };
        let presence = match self.random.next() % 2 {
            0 => ClientPresence::Available,
            _ => ClientPresence::Unavailable,
        };
        let after = Duration::from_micros(self.random.next() % 90_000_000);
        let (cluster, agent, id) = (Arc::clone(&self.cluster), self.agent.clone(), self.input_id());
        let random = SeededRandom::new(self.random.next());
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            // The number of a connection that is there is never told as gone by its node.
            if cluster.ledger.is_open(connection) {
                return;
            }
            let Some((_, port)) = cluster.any_port(&random) else { return };
            report_late(&cluster, &port, id, &agent, session, (connection, node), presence).await;
        });
    }

    fn end_later(&self, connection: Connection, after: Duration) {
        let cluster = Arc::clone(&self.cluster);
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            end(&cluster, connection);
        });
    }

    fn input_id(&self) -> InputId {
        InputId::new("act", self.cluster.attempts.fetch_add(1, Ordering::AcqRel))
    }

    fn pick(&self, bound: usize) -> usize {
        usize::try_from(self.random.next()).unwrap() % bound
    }

    async fn pause(&self, microseconds_max: u64) {
        tokio::time::sleep(Duration::from_micros(self.random.next() % microseconds_max)).await;
    }
}

async fn report_late(
    cluster: &Cluster,
    port: &Port,
    id: InputId,
    agent: &AgentKey,
    session: SessionRef,
    (connection, node): (ConnectionNumber, NodeName),
    presence: ClientPresence,
) {
    let report = Report::ClientPresence {
        agent: agent.clone(),
        session,
        connection,
        node: node.clone(),
        presence,
    };
    let _ = port.submit(Input::report(id, report)).await;
    if presence == ClientPresence::Available {
        let now = cluster.now();
        cluster.ledger.looks_there(now, agent, &node, connection, session.generation);
    }
}

fn end(cluster: &Cluster, connection: Connection) {
    cluster.ledger.end(cluster.now(), connection.handle.number());
    drop(connection);
}

fn here() -> IpAddr {
    IpAddr::from([127, 0, 0, 1])
}
