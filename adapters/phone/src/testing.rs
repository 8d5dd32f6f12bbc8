//! An engine in memory and phones in front of it, driven by calls: no network, a clock by hand.

pub(crate) mod centre;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::settings::{Agent, Device, Layout, LayoutField, PhoneService, Reason, Settings, Team};
use domain::{
    AgentCommand, AgentKey, AgentSession, Command, Input, InputId, Principal, Proof,
    ReasonCategory, ReasonCode, Role, Secret, Timestamp, Wish,
};
use engine::surface::{Peer, Request, Route, Surface};
use engine::testing::{
    ManualClock, OpenAdmission, PlainAuthenticator, apply, memory_engines, memory_port,
};
use engine::{
    Admission, Applicant, Attempt, AuthenticationRefusal, Authenticator, Engine, Outcome, Port,
    SAID_PHONE,
};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use protocols::phone_xml::{Object, Screen, decode};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::{Phone, locked};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const BASE: &str = "https://gw-a.example:8445";
pub(crate) const OTHER_BASE: &str = "https://gw-b.example:8445";
pub(crate) const LOCKED: &str = "8888";
pub(crate) const BUSY: &str = "9999";
pub(crate) const CLERK: &str = "6666";

/// Takes `password-ID` for the password of ID; some ids stand for trouble.
struct Judge;

#[async_trait]
impl Authenticator for Judge {
    async fn authenticate(&self, attempt: Attempt) -> Result<Principal, AuthenticationRefusal> {
        assert_eq!(attempt.surface, "phone");
        let roles = match attempt.account.as_str() {
            LOCKED => {
                let until = NOW.after(Duration::from_secs(299));
                return Err(AuthenticationRefusal::Locked { until });
            }
            BUSY => return Err(AuthenticationRefusal::Busy { retry_seconds: 7 }),
            CLERK => vec![Role::Administrator],
            "1003" => vec![Role::Supervisor],
            _ => vec![Role::Agent],
        };
        if attempt.password.expose() != format!("password-{}", attempt.account) {
            return Err(AuthenticationRefusal::Wrong);
        }
        Ok(Principal {
            who: attempt.account,
            roles,
            how: Proof::Password,
            session: None,
            identity: None,
            teams: Vec::new(),
        })
    }

    async fn admit(&self, _: Applicant) -> Result<Box<dyn Admission>, AuthenticationRefusal> {
        Ok(Box::new(OpenAdmission))
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, AuthenticationRefusal> {
        PlainAuthenticator.verify(password, hash).await
    }

    async fn hash(&self, password: &Secret) -> Option<String> {
        PlainAuthenticator.hash(password).await
    }
}

fn by<K: Ord, V>(values: Vec<V>, key: impl Fn(&V) -> K) -> Arc<BTreeMap<K, Arc<V>>> {
    Arc::new(values.into_iter().map(|value| (key(&value), Arc::new(value))).collect())
}

pub(crate) fn reason(category: ReasonCategory, code: u16, label: &str, team: &str) -> Reason {
    let teams = if team.is_empty() { Vec::new() } else { vec![team.parse().unwrap()] };
    Reason { category, code: ReasonCode(code), label: label.to_owned(), teams }
}

/// Three agents in two teams, reasons of all sorts, a layout, and a shared line.
pub(crate) fn settings() -> Settings {
    let agent = |id: &str, name: Option<&str>, team: &str, line: Option<&str>| Agent {
        id: id.parse().unwrap(),
        name: name.map(str::to_owned),
        team: Some(team.parse().unwrap()),
        pair: None,
        extension: line.map(|line| line.parse().unwrap()),
        roles: vec![Role::Agent],
        alias: None,
        skills: BTreeMap::new(),
        origin: None,
        password_hash: None,
        pin_hash: None,
    };
    let device = |name: &str, description: Option<&str>, lines: &[&str]| Device {
        name: name.parse().unwrap(),
        description: description.map(str::to_owned),
        lines: lines.iter().map(|line| line.parse().unwrap()).collect(),
        profile: false,
        certificate_sha256: None,
        sip: None,
        pair: None,
    };
    let field = |label: &str, variable: &str| LayoutField {
        label: label.to_owned(),
        variable: variable.to_owned(),
    };
    use ReasonCategory::{NotReady, SignOut, WrapUp};
    Settings {
        agents: by(
            vec![
                agent("1001", Some("Ada"), "sales", Some("2001")),
                agent("1002", None, "service", None),
                agent("1003", None, "sales", None),
                agent(CLERK, None, "sales", None),
                agent(LOCKED, None, "sales", None),
                agent(BUSY, None, "sales", None),
            ],
            |agent| agent.id.clone(),
        ),
        teams: by(
            ["sales", "service"]
                .map(|name| Team {
                    name: name.parse().unwrap(),
                    pair: None,
                    supervisors: Vec::new(),
                    layout: None,
                    wrap_up_seconds: None,
                })
                .into(),
            |team| team.name.clone(),
        ),
        reasons: by(
            vec![
                reason(NotReady, 12, "Lunch", ""),
                reason(NotReady, 13, "Training", "sales"),
                reason(NotReady, 14, "Workshop", "service"),
                reason(WrapUp, 21, "Sale", "sales"),
                reason(SignOut, 31, "End of shift", "sales"),
            ],
            |reason| (reason.category, reason.code),
        ),
        layouts: by(
            vec![Layout {
                name: "default".to_owned(),
                header: Some(field("Customer", "name")),
                left: vec![field("Account", "account"), field("Gone", "gone")],
                right: vec![field("Tier", "tier")],
            }],
            |layout| layout.name.clone(),
        ),
        devices: by(
            vec![
                device("SEP1", None, &["2001"]),
                device("SEP7", Some("Desk by the window"), &["2050"]),
                device("SEP8", None, &["2050"]),
            ],
            |device| device.name.clone(),
        ),
        phone_service: Arc::new(PhoneService {
            alternates: BTreeMap::from([(
                "gw-a.example".parse().unwrap(),
                "Agent service B".to_owned(),
            )]),
            ..PhoneService::default()
        }),
        ..Settings::default()
    }
}

/// A node with its phone service.
pub(crate) struct Node {
    pub(crate) phone: Arc<Phone>,
    pub(crate) port: Port,
    pub(crate) clock: Arc<ManualClock>,
    /// The engine, where there are several.
    pub(crate) engine: Option<Arc<Engine>>,
    routes: Vec<Route>,
    base: &'static str,
}

impl Node {
    pub(crate) async fn with(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let port = memory_port(&settings, Arc::new(Judge), Arc::<ManualClock>::clone(&clock)).await;
        let phone = Phone::new(port.clone());
        let routes = Arc::<Phone>::clone(&phone).routes();
        Self { phone, port, clock, routes, base: BASE, engine: None }
    }

    /// Two nodes on one store, which know of each other where their phones go.
    pub(crate) async fn pair() -> [Self; 2] {
        let clock = Arc::new(ManualClock::new(NOW));
        let names = ["gw-a.example", "gw-b.example"];
        let engines = memory_engines(&names, Arc::<ManualClock>::clone(&clock)).await;
        apply(&engines[0], &settings()).await;
        let mut nodes = Vec::new();
        for (engine, base) in engines.into_iter().zip([BASE, OTHER_BASE]) {
            let said = BTreeMap::from([(SAID_PHONE.to_owned(), base.to_owned())]);
            engine.describe(Arc::new(move || said.clone()));
            let port = engine.port(Arc::new(Judge));
            let phone = Phone::with_base(port.clone(), base.to_owned());
            let routes = Arc::<Phone>::clone(&phone).routes();
            let clock = Arc::<ManualClock>::clone(&clock);
            let engine = Some(engine);
            nodes.push(Self { phone, port, clock, routes, base, engine });
        }
        nodes.try_into().unwrap_or_else(|_| panic!("two were made"))
    }

    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn apply(&self, settings: &Settings) {
        let documents = domain::settings::Documents(settings.documents());
        let number = self.port.settings().number;
        let command = Command::ApplySettings { documents, source: None };
        let input = Input::command(InputId::new("test", number), command);
        self.port.submit(input).await.unwrap();
    }

    /// Wishes something for an agent, as somebody else would.
    pub(crate) async fn wish(&self, agent: &str, wish: Wish) -> Outcome {
        let [id] = self.port.random::<1>().unwrap();
        let changes = self.session(agent).await;
        let changes = changes.and_then(|it| it.signed_in().map(|it| it.changes)).unwrap_or(0);
        let command = AgentCommand { agent: key(agent), holder: None, seen_changes: None, wish };
        let id = InputId::new("test", format!("{agent}-{changes}-{id}"));
        self.port.submit(Input::command(id, Command::Agent(command))).await.unwrap()
    }

    pub(crate) async fn session(&self, agent: &str) -> Option<Arc<AgentSession>> {
        self.port.session_of(&key(agent)).await.unwrap()
    }

    pub(crate) async fn state(&self, agent: &str) -> String {
        let session = self.session(agent).await;
        match session.as_ref().and_then(|session| session.signed_in()) {
            Some(_) => {
                let presence = session.as_deref().and_then(|it| self.port.presence(it));
                presence.unwrap().state.name().to_owned()
            }
            None => "signed_out".to_owned(),
        }
    }

    /// Sends a request to the route that answers its path.
    pub(crate) async fn send(&self, mut request: Request) -> http::Response<Bytes> {
        let path = request.uri.path().to_owned();
        let route = self.routes.iter().find_map(|route| {
            let parameters = parameters(route.path, &path)?;
            Some((route, parameters))
        });
        let (route, parameters) = route.unwrap_or_else(|| panic!("nothing answers {path}"));
        assert!(route.methods.contains(&request.method) || request.method == Method::HEAD);
        assert!(request.body.len() <= route.body_bytes_max);
        request.parameters.extend(parameters);
        route.handler.whole(request).await
    }
}

/// The log of one thread: each line with its level, message and fields.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Log {
    /// The lines of one level and those more urgent, or those of `debug`.
    pub(crate) fn lines(&self, debug: bool) -> Vec<String> {
        let lines = locked(&self.0);
        let lines = lines.iter().filter(|(level, _)| (*level > Level::INFO) == debug);
        lines.map(|(_, line)| line.clone()).collect()
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("phone")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?} "));
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        locked(&self.0).push((*event.metadata().level(), line.0));
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

pub(crate) fn key(agent: &str) -> AgentKey {
    AgentKey::owned(agent.parse().unwrap())
}

/// As the server does it: a whole path against a template, values percent-decoded.
fn parameters(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    if template.len() != path.len() {
        return None;
    }
    let mut found = BTreeMap::new();
    for (template, value) in template.iter().zip(path) {
        match template.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => {
                let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
                found.insert(name.to_owned(), value.into_owned());
            }
            None if *template == value => {}
            None => return None,
        }
    }
    Some(found)
}

/// A phone on somebody's desk.
pub(crate) struct Handset<'n> {
    node: &'n Node,
    pub(crate) device: &'static str,
    pub(crate) address: IpAddr,
    pub(crate) cookie: Option<String>,
    /// What it keeps of its subscription.
    prefill: Option<String>,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    /// Everything it was given so far: headers and bodies.
    pub(crate) seen: String,
}

/// What a phone shows.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) object: Object,
    pub(crate) refresh: Option<String>,
}

impl<'n> Handset<'n> {
    pub(crate) fn new(node: &'n Node, device: &'static str) -> Self {
        let address = IpAddr::from([192, 0, 2, device.len() as u8 + device.as_bytes()[3]]);
        let headers = vec![
            ("x-ciscoipphonemodelname", "CP-8845"),
            ("accept-charset", "utf-8,iso-8859-1;q=0.8"),
            ("accept-language", "en-US"),
        ];
        Self { node, device, address, cookie: None, prefill: None, headers, seen: String::new() }
    }

    /// The same phone, whose next request goes to another node; it keeps its cookies to itself.
    pub(crate) fn turns_to(&mut self, node: &'n Node) {
        self.node = node;
        (self.cookie, self.prefill) = (None, None);
    }

    pub(crate) fn speaks(mut self, language: &'static str) -> Self {
        self.headers.push(("accept-language", language));
        self.headers.retain(|header| *header != ("accept-language", "en-US"));
        self
    }

    /// Closes the application window, as a reset does; cookies and what was seen go with it.
    pub(crate) fn close(&mut self) {
        (self.cookie, self.prefill) = (None, None);
        self.seen.clear();
    }

    /// The service URL with that query.
    pub(crate) async fn open(&mut self, query: &str) -> View {
        let mark = if query.is_empty() { "" } else { "?" };
        let base = self.node.base;
        self.get(&format!("{base}/fippa/{}{mark}{query}", self.device)).await
    }

    /// Signs in with one button.
    pub(crate) async fn sign_in(&mut self, id: &str, extension: &str) -> View {
        let query = format!("id={id}&extension={extension}&password=password-{id}");
        let view = self.open(&query).await;
        assert!(view.has_key("Refresh"), "{view:?}");
        view
    }

    pub(crate) async fn get(&mut self, url: &str) -> View {
        self.request(Method::GET, url, "").await
    }

    pub(crate) async fn request(&mut self, method: Method, url: &str, body: &str) -> View {
        let base = self.node.base;
        let target = url.strip_prefix(base).unwrap_or_else(|| panic!("{url} is elsewhere"));
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let cookies: Vec<_> = self.cookie.iter().chain(&self.prefill).cloned().collect();
        if !cookies.is_empty() {
            headers.insert(COOKIE, cookies.join("; ").parse().unwrap());
        }
        let response = self
            .node
            .send(Request {
                method,
                uri: target.parse().unwrap(),
                headers,
                body: Bytes::from(body.to_owned()),
                parameters: BTreeMap::new(),
                peer: Peer { address: self.address, base: base.to_owned() },
                principal: None,
                reference: "REF-4711".to_owned(),
            })
            .await;
        self.take(response)
    }

    fn take(&mut self, response: http::Response<Bytes>) -> View {
        assert_eq!(response.status(), 200);
        let (head, body) = response.into_parts();
        let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap());
        let charset = header("content-type").and_then(|it| it.strip_prefix("text/xml; charset="));
        assert!(matches!(charset, Some("utf-8" | "iso-8859-1")));
        assert_eq!(header("expires"), Some("Sat, 01 Jan 2000 00:00:00 GMT"));
        for name in head.headers.keys() {
            let known = ["content-type", "expires", "refresh", "set-cookie"];
            assert!(known.contains(&name.as_str()), "{name}");
        }
        self.seen.push_str(&format!("{:?}\n", head.headers));
        self.seen.extend(body.iter().map(|byte| char::from(*byte)));
        for cookie in head.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.len() <= 255);
            self.seen.push_str(cookie);
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let kept = (!attributes.contains("Max-Age=0")).then(|| pair.to_owned());
            match pair.starts_with("jackfield_prefill=") {
                true => self.prefill = kept,
                false => self.cookie = kept,
            }
        }
        let decoded = decode(&body).unwrap();
        assert_eq!((decoded.ignored, decoded.shortened), (0, 0));
        View { object: decoded.object, refresh: header("refresh").map(str::to_owned) }
    }

    /// Presses a soft key that leads somewhere.
    pub(crate) async fn press(&mut self, view: &View, key: &str) -> View {
        self.get(&view.key(key)).await
    }

    /// Chooses an item of a list.
    pub(crate) async fn choose(&mut self, view: &View, item: &str) -> View {
        self.get(&view.item(item)).await
    }

    /// Fills the form as a phone does: values appended to its URL.
    pub(crate) async fn submit(&mut self, view: &View, values: &[(&str, &str)]) -> View {
        let url = view.filled(values);
        self.get(&url).await
    }
}

impl View {
    pub(crate) fn screen(&self) -> &Screen {
        self.object.screen().unwrap()
    }

    pub(crate) fn title(&self) -> &str {
        self.screen().title.as_deref().unwrap_or_default()
    }

    pub(crate) fn prompt(&self) -> &str {
        self.screen().prompt.as_deref().unwrap_or_default()
    }

    pub(crate) fn text(&self) -> &str {
        match &self.object {
            Object::Text(text) => &text.text,
            other => panic!("no text: {other:?}"),
        }
    }

    pub(crate) fn keys(&self) -> Vec<&str> {
        self.screen().soft_keys.iter().map(|key| key.name.as_str()).collect()
    }

    pub(crate) fn has_key(&self, name: &str) -> bool {
        self.keys().contains(&name)
    }

    pub(crate) fn key(&self, name: &str) -> String {
        let key = self.screen().soft_keys.iter().find(|key| key.name == name);
        key.unwrap_or_else(|| panic!("no key {name}: {self:?}")).url.clone()
    }

    pub(crate) fn items(&self) -> Vec<&str> {
        match &self.object {
            Object::Menu(menu) => menu.items.iter().map(|item| item.name.as_str()).collect(),
            other => panic!("no menu: {other:?}"),
        }
    }

    pub(crate) fn item(&self, name: &str) -> String {
        match &self.object {
            Object::Menu(menu) => {
                let item = menu.items.iter().find(|item| item.name == name);
                item.unwrap_or_else(|| panic!("no item {name}: {self:?}")).url.clone()
            }
            other => panic!("no menu: {other:?}"),
        }
    }

    /// The fields of a form with what stands in them.
    pub(crate) fn fields(&self) -> Vec<(&str, Option<&str>)> {
        match &self.object {
            Object::Input(input) => input
                .items
                .iter()
                .map(|item| (item.parameter.as_str(), item.default.as_deref()))
                .collect(),
            other => panic!("no form: {other:?}"),
        }
    }

    pub(crate) fn filled(&self, values: &[(&str, &str)]) -> String {
        let Object::Input(input) = &self.object else { panic!("no form: {self:?}") };
        let mut url = input.url.clone();
        for (name, value) in values {
            assert!(self.fields().iter().any(|(own, _)| own == name), "no field {name}: {self:?}");
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&format!("{name}={value}"));
        }
        url
    }
}
