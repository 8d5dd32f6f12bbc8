//! A site: settings, an engine in memory, a contact centre, phones.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::settings::{
    Agent, CtiDialect, CtiPair, CtiSessions, Device, Headset as HeadsetSettings, HeadsetMode,
    HeadsetProof, Reason, Settings, Team,
};
use domain::{
    AgentId, AgentKey, Command, DeviceName, Heard, HeardState, Input, InputId, OwnerAnswer,
    PresenceState, Principal, Proof, ReasonCategory, ReasonCode, SignIn, SignInOn, Timestamp,
};
use engine::surface::{Peer, Request};
use engine::testing::{ManualClock, PlainAuthenticator, apply, memory_engines};
use engine::{
    Channel, ChannelKind, ChannelRequest, Engine, Notice, Outcome, Owner, OwnerRequest, PairStatus,
    Port, Reach, ShowFailure, Wanted,
};
use http::{HeaderMap, Method, Response};
use protocols::headset::Profile;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::Headset;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const BASE: &str = "https://gw-a.example:9444";
pub(crate) const PHONE: &str = "SEP001122334401";
pub(crate) const OTHER_PHONE: &str = "SEP001122334402";
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until it is so, or fails.
pub(crate) async fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = found() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("never: {what}"))
}

fn by<K: Ord, V>(values: Vec<V>, key: impl Fn(&V) -> K) -> Arc<BTreeMap<K, Arc<V>>> {
    Arc::new(values.into_iter().map(|value| (key(&value), Arc::new(value))).collect())
}

pub(crate) fn pair(name: &str) -> CtiPair {
    CtiPair {
        name: name.parse().unwrap(),
        dialect: CtiDialect::Enterprise,
        side_a: "cti-a.example:42027".parse().unwrap(),
        side_b: None,
        version: 24,
        tag_width: None,
        peripheral_id: 5000,
        client_id: "jackfield".to_owned(),
        client_password: None,
        heartbeat_seconds: 5,
        reconnect_seconds: 300,
        request_seconds: 5,
        open_seconds: 30,
        sessions: CtiSessions::PerNode,
        logout_reason: 255,
        rmcm_user: None,
        primary_node: None,
        secondary_node: None,
    }
}

pub(crate) fn device(name: &str, lines: &[&str]) -> Device {
    Device {
        name: name.parse().unwrap(),
        description: None,
        lines: lines.iter().map(|line| line.parse().unwrap()).collect(),
        profile: false,
        certificate_sha256: None,
        sip: None,
        pair: None,
    }
}

fn reason(code: u16, label: &str, team: &str) -> Reason {
    let teams = if team.is_empty() { Vec::new() } else { vec![team.parse().unwrap()] };
    let category = ReasonCategory::NotReady;
    Reason { category, code: ReasonCode(code), label: label.to_owned(), teams }
}

/// Two agents, two phones, reasons; headsets may do everything, and the address proves a phone.
pub(crate) fn settings() -> Settings {
    let agent = |id: &str, team: &str| Agent {
        id: id.parse().unwrap(),
        name: None,
        team: Some(team.parse().unwrap()),
        pair: None,
        extension: None,
        roles: Vec::new(),
        alias: None,
        skills: BTreeMap::new(),
        origin: None,
        password_hash: None,
        pin_hash: None,
    };
    let team = |name: &str| Team {
        name: name.parse().unwrap(),
        pair: None,
        supervisors: Vec::new(),
        layout: None,
        wrap_up_seconds: None,
    };
    let headset = HeadsetSettings {
        mode: HeadsetMode::NotificationAndControl,
        proof: HeadsetProof::ALL.to_vec(),
        ..HeadsetSettings::default()
    };
    let reasons = vec![reason(1, "Lunch", ""), reason(7, "Training", "sales")];
    Settings {
        agents: by(vec![agent("1001", "sales"), agent("1002", "service")], |it| it.id.clone()),
        teams: by(vec![team("sales"), team("service")], |it| it.name.clone()),
        reasons: by(reasons, |it| (it.category, it.code)),
        devices: by(vec![device(PHONE, &["2001"]), device(OTHER_PHONE, &["2002"])], |it| {
            it.name.clone()
        }),
        headset: Arc::new(headset),
        ..Settings::default()
    }
}

/// The same where a contact centre owns voice state.
pub(crate) fn settings_north() -> Settings {
    Settings { cti_pairs: by(vec![pair("north")], |it| it.name.clone()), ..settings() }
}

/// A change of the section `headset`.
pub(crate) fn with_headset(
    settings: &Settings,
    change: impl FnOnce(&mut HeadsetSettings),
) -> Settings {
    let mut headset = (*settings.headset).clone();
    change(&mut headset);
    Settings { headset: Arc::new(headset), ..settings.clone() }
}

/// A node with the service at work.
pub(crate) struct Site {
    pub(crate) engine: Arc<Engine>,
    pub(crate) port: Port,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) headset: Arc<Headset>,
    pub(crate) stop: watch::Sender<bool>,
    work: tokio::task::JoinHandle<()>,
    numbers: u64,
}

impl Site {
    pub(crate) async fn new(settings: &Settings) -> Self {
        Self::made_before(settings, settings).await
    }

    /// The same whose settings are others once it begins to follow.
    pub(crate) async fn made_before(settings: &Settings, later: &Settings) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let engine = memory_engines(&["gw-a.example"], Arc::clone(&clock) as _).await.remove(0);
        apply(&engine, settings).await;
        let port = engine.port(Arc::new(PlainAuthenticator));
        let headset = Headset::new(port.clone(), BASE.to_owned(), Profile::default());
        if settings.devices != later.devices {
            apply(&engine, later).await;
        }
        let stop = watch::Sender::new(false);
        let work = tokio::spawn(Arc::clone(&headset).follow(stop.subscribe()));
        tokio::task::yield_now().await;
        Self { engine, port, clock, headset, stop, work, numbers: 0 }
    }

    pub(crate) async fn end(self) {
        self.stop.send_replace(true);
        self.work.await.unwrap();
    }

    /// A phone that takes notices, at that address.
    pub(crate) fn phone(&self, name: &str, address: &str) -> Phone {
        self.phone_reached(name, Some(address), false)
    }

    pub(crate) fn phone_reached(&self, name: &str, address: Option<&str>, shared: bool) -> Phone {
        let device: DeviceName = name.parse().unwrap();
        let (requests, mut wanted) = mpsc::channel::<ChannelRequest>(64);
        let address = address.map(|it| it.parse().unwrap());
        let reach = Reach { address, is_shared: shared, hop: None };
        let channel = self.port.channels().register(&device, ChannelKind::Sip, requests, reach);
        let told = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(Ok(())));
        let (heard, says) = (Arc::clone(&told), Arc::clone(&answer));
        tokio::spawn(async move {
            while let Some(request) = wanted.recv().await {
                if let Wanted::Tell(notice) = request.wanted {
                    heard.lock().unwrap().push(notice);
                }
                let _ = request.answer.send(*says.lock().unwrap());
            }
        });
        Phone { _channel: channel, told, answer }
    }

    /// An agent signs in with that line, where the gateway owns voice state.
    pub(crate) async fn sign_in(&mut self, agent: &str, line: &str, device: Option<&str>) {
        let wish = SignIn {
            agent: AgentKey::owned(agent.parse().unwrap()),
            extension: line.parse().unwrap(),
            device: device.map(|it| it.parse().unwrap()),
            mobile: None,
            on: SignInOn::Local,
            node: self.port.node().clone(),
            verifier: None,
            follows: None,
        };
        self.done(Command::SignIn(Box::new(wish))).await;
    }

    /// Carries a command through.
    pub(crate) async fn done(&mut self, command: Command) {
        self.numbers += 1;
        let id = InputId::new("test", self.numbers);
        let outcome = self.port.submit(Input::command(id, command)).await.unwrap();
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }

    /// One request of a phone from that address.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        address: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Answered {
        let request = request(method, path, address, headers, body, None);
        Answered::of(Arc::clone(&self.headset).answer(request).await)
    }

    pub(crate) async fn get(&self, path: &str, address: &str) -> Answered {
        self.ask(Method::GET, path, address, &[], "").await
    }

    /// An update of `PHONE`, from its own address.
    pub(crate) async fn update(&self, body: Value) -> Answered {
        let path = format!("/headset/{PHONE}/cc/agent-state");
        let kind = [("content-type", "application/json")];
        self.ask(Method::PUT, &path, "192.0.2.1", &kind, &body.to_string()).await
    }
}

pub(crate) fn request(
    method: Method,
    path: &str,
    address: &str,
    headers: &[(&'static str, &str)],
    body: &str,
    certificate: Option<&str>,
) -> Request {
    let mut fields = HeaderMap::new();
    for (name, value) in headers {
        fields.insert(*name, value.parse().unwrap());
    }
    let principal = certificate.map(|who| Principal {
        who: who.to_owned(),
        roles: Vec::new(),
        how: Proof::ClientCertificate,
        session: None,
        identity: None,
        teams: Vec::new(),
    });
    Request {
        method,
        uri: path.parse().unwrap(),
        headers: fields,
        body: Bytes::copy_from_slice(body.as_bytes()),
        parameters: BTreeMap::new(),
        peer: Peer { address: address.parse::<IpAddr>().unwrap(), base: BASE.to_owned() },
        principal,
        reference: "REF".to_owned(),
    }
}

/// An answer, its body read as JSON.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answered {
    pub(crate) fn of(response: Response<Bytes>) -> Self {
        let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        let status = response.status().as_u16();
        Self { status, headers: response.headers().clone(), body }
    }

    /// The answer's status and its word for what went wrong.
    pub(crate) fn problem(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }
}

/// A phone that takes notices until it is dropped.
pub(crate) struct Phone {
    _channel: Channel,
    told: Arc<Mutex<Vec<Notice>>>,
    answer: Arc<Mutex<Result<(), ShowFailure>>>,
}

impl Phone {
    /// How it answers from now on.
    pub(crate) fn answers(&self, answer: Result<(), ShowFailure>) {
        *self.answer.lock().unwrap() = answer;
    }

    /// Everything that it was told, in order.
    pub(crate) fn told(&self) -> Vec<Notice> {
        self.told.lock().unwrap().clone()
    }

    /// The states that it was told: number and reason.
    pub(crate) fn states(&self) -> Vec<(u8, u32)> {
        let states = self.told().into_iter().filter_map(|notice| match notice {
            Notice::AgentStatus(status) => Some((status.state.number(), status.reason)),
            Notice::HeadsetNews(_) => None,
        });
        states.collect()
    }

    /// The news that it was told.
    pub(crate) fn news(&self) -> Vec<domain::HeadsetNews> {
        let news = self.told().into_iter().filter_map(|notice| match notice {
            Notice::HeadsetNews(news) => Some(news),
            Notice::AgentStatus(_) => None,
        });
        news.collect()
    }

    /// Waits until these are the states that it was told.
    pub(crate) async fn was_told(&self, states: &[(u8, u32)]) {
        let what = format!("{states:?}");
        let wait = until(&what, || (self.states() == states).then_some(()));
        if tokio::time::timeout(Duration::from_secs(5), wait).await.is_err() {
            panic!("told {:?}, not {what}", self.states());
        }
    }
}

/// A contact centre that owns the states of a pair's agents.
pub(crate) struct Centre {
    asked: Arc<Mutex<Vec<domain::OwnerCommand>>>,
    commands: mpsc::UnboundedSender<Order>,
}

enum Order {
    Hear(AgentId, Heard),
    Lose,
    Status(bool),
    Answer(Option<OwnerAnswer>),
    Sync(tokio::sync::oneshot::Sender<()>),
}

impl Centre {
    /// It does what it is asked, until it is told to answer otherwise.
    pub(crate) fn new(site: &Site) -> Self {
        let mut owner: Owner = site.port.own(&"north".parse().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (commands, mut orders) = mpsc::unbounded_channel();
        let noted = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut answer = None;
            loop {
                tokio::select! {
                    order = orders.recv() => match order {
                        None => return,
                        Some(Order::Hear(agent, heard)) => { owner.hear(&agent, heard); }
                        Some(Order::Lose) => owner.lose(),
                        Some(Order::Status(is_up)) => owner.set_status(PairStatus {
                            active_side: is_up.then_some('a'),
                            ..PairStatus::default()
                        }),
                        Some(Order::Answer(next)) => answer = next,
                        Some(Order::Sync(done)) => { let _ = done.send(()); }
                    },
                    Some(request) = owner.next_request() => {
                        let OwnerRequest { command, answer: to } = request;
                        noted.lock().unwrap().push(command.clone());
                        if let Some(answer) = &answer {
                            let _ = to.send(OwnerAnswer::clone(answer));
                            continue;
                        }
                        if let Some(state) = wanted(&command) {
                            owner.hear(&command.agent, told(state));
                        }
                        let _ = to.send(OwnerAnswer::Done);
                    }
                }
            }
        });
        let centre = Self { asked, commands };
        centre.order(Order::Status(true));
        centre
    }

    fn order(&self, order: Order) {
        assert!(self.commands.send(order).is_ok());
    }

    /// It tells that an agent does that, with that line.
    pub(crate) fn tells(
        &self,
        agent: &str,
        state: PresenceState,
        line: &str,
        device: Option<&str>,
    ) {
        let heard = HeardState {
            extension: Some(line.parse().unwrap()),
            device: device.map(|it| it.parse().unwrap()),
            ..heard(state)
        };
        self.order(Order::Hear(agent.parse().unwrap(), Heard::State(heard)));
    }

    /// An agent has a call on that other line, or none any more.
    pub(crate) fn has_call_on(&self, agent: &str, line: Option<&str>) {
        let call = line.map(|line| domain::Call {
            id: "c1".to_owned(),
            direction: domain::CallDirection::Inbound,
            number: "+4930555".to_owned(),
            began_at: NOW,
            variables: vec![],
            wrap_up_reason: None,
            wrap_up_text: None,
            state: domain::CallState::Active,
            other_line: Some(line.parse().unwrap()),
            queue: None,
        });
        self.order(Order::Hear(agent.parse().unwrap(), Heard::Calls(call.into_iter().collect())));
    }

    /// The link to it is lost; nobody serves.
    pub(crate) fn loses_link(&self) {
        self.order(Order::Status(false));
        self.order(Order::Lose);
    }

    /// It serves again.
    pub(crate) fn serves(&self) {
        self.order(Order::Status(true));
    }

    /// It answers everything so; with `None` it does what it is asked.
    pub(crate) fn answers(&self, answer: Option<OwnerAnswer>) {
        self.order(Order::Answer(answer));
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<domain::OwnerAsk> {
        self.asked.lock().unwrap().iter().map(|command| command.ask.clone()).collect()
    }

    /// Waits until it took all orders.
    pub(crate) async fn settled(&self) {
        let (done, is_done) = tokio::sync::oneshot::channel();
        self.order(Order::Sync(done));
        is_done.await.unwrap();
    }
}

fn heard(state: PresenceState) -> HeardState {
    HeardState { state, since: NOW, pending: None, extension: None, instrument: None, device: None }
}

fn told(state: PresenceState) -> Heard {
    Heard::State(heard(state))
}

fn wanted(command: &domain::OwnerCommand) -> Option<PresenceState> {
    match &command.ask {
        domain::OwnerAsk::Set { target: domain::Target::Ready, .. } => Some(PresenceState::Ready),
        domain::OwnerAsk::Set { target: domain::Target::NotReady(reason), .. } => {
            Some(PresenceState::NotReady { reason: *reason })
        }
        _ => None,
    }
}
