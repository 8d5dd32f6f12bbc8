//! What phones ask for, and what they are answered.
//!
//! ```text
//!   Request --profile--> Asked --proof--> discovery | configuration | update | inventory | template
//!                          `-- unknown: kept masked, 404
//! ```
//!
//! Discovery answers everybody who names a phone that may take part, since it says little; but only who is
//! proven gets a token, and everything else needs a proof.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use domain::settings::{DevicePolicy, HeadsetMode, Settings};
use domain::{DeviceName, HeadsetNews, HeadsetState, Presence, ReasonCategory, Timestamp};
use engine::surface::Request;
use http::{Response, StatusCode, header};
use protocols::headset::{
    self as wire, AgentState, Answer, Asked, BadBody, Configuration, Current, Discovery, Lights,
    Mode, Moment, Reason, Refusal, Routed, Service, ServiceClass,
};
use ring::digest;

use crate::identity::{Proven, Shown, proven};
use crate::judge::{Wanted, takes_updates};
use crate::noted;
use crate::roster::Whose;
use crate::service::Headset;
use crate::services::services;
use crate::time::now;
use crate::translate;

/// When a phone is to discover again at the latest, where the profile tells it.
const RETRY_SECONDS: u32 = 60;
/// What a phone waits before it asks again where it asked too often.
const PAUSE_SECONDS: &str = "2";

/// What became known of a request while it was answered, for the flight recorder.
#[derive(Default)]
struct About {
    device: OnceLock<DeviceName>,
    wanted: OnceLock<Wanted>,
}

impl Headset {
    /// Answers one request.
    pub(crate) async fn answer(self: Arc<Self>, request: Request) -> Response<Bytes> {
        // The server leaves the body of an answer to HEAD away.
        let is_head = request.method == http::Method::HEAD;
        let method = if is_head { "GET" } else { request.method.as_str() };
        let routed = self.profile.route(method, request.uri.path());
        let (source, reference) = (request.peer.address, request.reference.clone());
        let about = About::default();
        let (name, response) = match routed {
            Routed::Unknown => ("unknown", self.unknown(&request)),
            Routed::WrongMethod(methods) => {
                let mut response =
                    self.refuse(Refusal::WrongMethod, "this path takes other methods");
                if let Ok(allow) = methods.join(", ").parse() {
                    response.headers_mut().insert(header::ALLOW, allow);
                }
                ("unknown", response)
            }
            Routed::Asked(asked) => self.asked_for(asked, request, &about).await,
        };
        let status = response.status().as_u16();
        self.figures.answered(name, status);
        let (device, wanted) = (about.device.get(), about.wanted.get().copied());
        noted::answered(self.port.recorder(), name, (source, &reference), device, wanted, status);
        response
    }

    async fn asked_for(
        self: &Arc<Self>,
        asked: Asked,
        request: Request,
        about: &About,
    ) -> (&'static str, Response<Bytes>) {
        let (name, named) = match &asked {
            Asked::Discovery { device } => ("discovery", Some(device)),
            Asked::Configuration { device } => ("configuration", Some(device)),
            Asked::Update { device } => ("update", device.as_ref()),
            Asked::Inventory { device } => ("inventory", device.as_ref()),
            Asked::Template { device, .. } => ("template", device.as_ref()),
        };
        let settings = self.port.settings();
        // Where the path names no device the body must, and it is read before anything is done.
        let body = match &asked {
            Asked::Update { .. } if !self.profile.takes(content_type(&request)) => {
                self.figures.updated("malformed");
                return (name, self.wrong_type());
            }
            Asked::Update { .. } => match self.profile.read_update(&request.body) {
                Ok(update) => Some(update),
                Err(bad) => {
                    self.figures.updated("malformed");
                    return (name, self.malformed(&bad));
                }
            },
            _ => None,
        };
        let told = body.as_ref().and_then(|update| update.device.as_ref());
        let Some(device) = named.or(told).and_then(|it| it.as_str().parse::<DeviceName>().ok())
        else {
            return (name, self.refuse(Refusal::Malformed, "the request names no device"));
        };
        let device = as_listed(&settings, device);
        if told.is_some_and(|told| !told.as_str().eq_ignore_ascii_case(device.as_str())) {
            let words = "the body names another device than the path";
            return (name, self.refuse(Refusal::AnotherDevice, words));
        }
        if !takes_part(&settings, &device) {
            let words = "no such phone is listed; add it to devices";
            return (name, self.refuse(Refusal::NotFound, words));
        }
        about.device.get_or_init(|| device.clone());
        if let Some(wanted) = body.as_ref().and_then(|update| Wanted::of(update.state)) {
            about.wanted.get_or_init(|| wanted);
        }
        let is_discovery = matches!(asked, Asked::Discovery { .. });
        let proof = self.proof(&settings, &device, &request, is_discovery);
        self.figures.proven(proof);
        if proof.is_none() && !is_discovery {
            let refusal = match request.principal {
                Some(_) => Refusal::AnotherDevice,
                None => Refusal::NoProof,
            };
            let words = "nothing proves that this is the device; show its certificate, or the token \
                         that discovery gives to a device that is proven";
            return (name, self.refuse(refusal, words));
        }
        if proof.is_some() {
            self.is_alive(&device);
        }
        // Who proves nothing has no share of the phone's to use up.
        if proof.is_some() && !self.hands.admits(&device, now()) {
            return (name, self.too_many());
        }
        let response = match asked {
            Asked::Discovery { .. } => self.discovery(&settings, &device, proof, &request),
            Asked::Configuration { .. } => self.configuration(&settings, &device, proof),
            Asked::Update { .. } => match body {
                Some(update) => self.update(&device, update).await,
                None => self.refuse(Refusal::Malformed, "the request has no body"),
            },
            Asked::Inventory { .. } => self.inventory(&device, &request).await,
            Asked::Template { model, .. } => self.template(&settings, &model),
        };
        (name, response)
    }

    fn proof(
        &self,
        settings: &Settings,
        device: &DeviceName,
        request: &Request,
        is_discovery: bool,
    ) -> Option<Proven> {
        let certificate = request.principal.as_ref().map(|principal| principal.who.as_str());
        let header = request.headers.get(self.profile.token_header());
        let header = header.and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| self.profile.token(value));
        let ticket = token.or_else(|| self.profile.handle(request.uri.query()?));
        let reach = self.port.channels().reach(device);
        let shown = Shown {
            certificate,
            ticket,
            address: request.peer.address,
            registered: reach.and_then(|reach| reach.address),
            is_discovery,
        };
        proven(&self.tickets, &settings.headset, device, &shown, self.port.now())
    }

    fn discovery(
        &self,
        settings: &Settings,
        device: &DeviceName,
        proof: Option<Proven>,
        request: &Request,
    ) -> Response<Bytes> {
        let Ok(named) = wire::DeviceName::new(device.as_str()) else {
            return self.refuse(Refusal::Malformed, "the device has no name that can be written");
        };
        let (nodes, pair) = {
            let state = self.state();
            let agent = state.roster.agent_of(device);
            (state.nodes.clone(), agent.agent().map(|agent| agent.pair.clone()))
        };
        let found = services(settings, &nodes, device, pair.as_ref());
        let at = |base: &str, path: String| format!("{base}{path}");
        let of = |class: ServiceClass, enabled: bool, mode: Option<Mode>| {
            let path = |base: &str| at(base, self.profile.base(class, &named));
            Service {
                class,
                enabled,
                mode,
                primary: path(&found.primary),
                secondary: found.secondary.as_deref().map(path),
                configuration_url: match class {
                    ServiceClass::ContactCentre => Some(at(
                        &found.primary,
                        self.profile.path(wire::Request::Configuration, &named, ""),
                    )),
                    _ => None,
                },
            }
        };
        let is_on = found.mode != HeadsetMode::Disabled;
        let mut services = vec![of(ServiceClass::ContactCentre, is_on, Some(mode(found.mode)))];
        services.push(of(ServiceClass::Inventory, true, None));
        services.push(of(
            ServiceClass::Configuration,
            !settings.headset.templates.is_empty(),
            None,
        ));
        let mut discovery = Discovery {
            device: named,
            version: String::new(),
            services,
            retry_after_seconds: Some(RETRY_SECONDS),
            token: None,
            token_expires: None,
        };
        // A token runs out though nothing changed: half way there it is given anew.
        let half_seconds = i64::from(settings.headset.token_hours) * 1_800;
        let period = proof.map_or(0, |_| self.port.now().seconds() / half_seconds.max(1));
        let mut basis = self.profile.write_discovery(&discovery);
        basis.extend(period.to_be_bytes());
        let digest = digest::digest(&digest::SHA256, &basis);
        let version: String =
            digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let etag = format!("\"{version}\"");
        discovery.version = version;
        let asked = request.headers.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
        let has_it = asked.is_some_and(|asked| asked.split(',').any(|it| it.trim() == etag));
        self.asked(device, HeadsetNews::ServicesChanged, proof);
        let mut response = if has_it {
            status(StatusCode::NOT_MODIFIED)
        } else {
            if proof.is_some() {
                let (address, now) = (request.peer.address, self.port.now());
                let (token, ends) = self.tickets.token(&settings.headset, device, address, now);
                discovery.token = Some(wire::Token::new(token));
                discovery.token_expires = Some(moment(ends));
            }
            self.body(StatusCode::OK, self.profile.write_discovery(&discovery))
        };
        if let Ok(etag) = etag.parse() {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }

    fn configuration(
        &self,
        settings: &Settings,
        device: &DeviceName,
        proof: Option<Proven>,
    ) -> Response<Bytes> {
        let whose = self.state().roster.agent_of(device);
        let agent = whose.agent();
        let presence = agent.and_then(|agent| self.presence(agent));
        let reason = |reason: &domain::settings::Reason| Reason {
            code: reason.code.0.into(),
            label: reason.label.chars().take(100).collect(),
        };
        let reasons = match agent {
            Some(agent) => settings
                .reasons_for(&agent.id, ReasonCategory::NotReady)
                .take(wire::REASONS_MAX)
                .map(reason)
                .collect(),
            None => Vec::new(),
        };
        let is_shown = settings.headset.mode != HeadsetMode::Disabled;
        let configuration = Configuration {
            mode: mode(settings.headset.mode),
            agent: agent.map(|agent| agent.id.to_string()),
            agent_problem: whose.problem(),
            current: Some(self.current(device, &whose, presence.as_ref())),
            reasons,
            default_reason: settings.headset.default_not_ready_reason.map(|it| it.0.into()),
            mute_button: match takes_updates(settings) {
                true => wire::MuteButton::ReadyToggle,
                false => wire::MuteButton::Mute,
            },
            lights: is_shown.then_some(Lights::USUAL),
        };
        self.asked(device, HeadsetNews::ConfigurationChanged, proof);
        self.body(StatusCode::OK, self.profile.write_configuration(&configuration))
    }

    /// What the phone is told, or would be.
    fn current(&self, device: &DeviceName, whose: &Whose, presence: Option<&Presence>) -> Current {
        let told = self.state().teller.told(device, whose.agent());
        let now = match (whose.agent(), presence) {
            (Some(_), None) => None,
            (_, presence) => translate::status(presence, told),
        };
        let status = now.or(told);
        let state = match status.map(|status| status.state) {
            Some(HeadsetState::Ready) => AgentState::Ready,
            Some(HeadsetState::NotReady) => AgentState::NotReady,
            Some(HeadsetState::SignedIn) => AgentState::Login,
            Some(HeadsetState::SignedOut) | None => AgentState::Logout,
        };
        Current {
            state,
            reason: status.map(|status| status.reason),
            since: presence.map(|presence| moment(presence.since)),
        }
    }

    fn unknown(&self, request: &Request) -> Response<Bytes> {
        let headers: Vec<(&str, &[u8])> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        let masked = wire::masked(request.method.as_str(), target, &headers, &request.body);
        let is_new = {
            let mut unknown =
                self.unknown.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            unknown.note(masked, self.port.now())
        };
        if is_new {
            tracing::info!(
                reference = request.reference,
                "a headset asked for something that the profile does not know; `jackfield headsets \
                 unknown` shows it masked"
            );
        }
        self.refuse(Refusal::NotFound, "the profile knows no such request")
    }

    /// An answer that tells the current state.
    pub(crate) fn state_answer(&self, code: StatusCode, device: &DeviceName) -> Response<Bytes> {
        let answer = self.answer_of(None, device);
        self.body(code, self.profile.write_answer(&answer))
    }

    pub(crate) fn state_refusal(
        &self,
        refusal: Refusal,
        words: &str,
        device: &DeviceName,
    ) -> Response<Bytes> {
        let answer = self.answer_of(Some((refusal, words.to_owned())), device);
        self.refusal(refusal, &answer)
    }

    fn answer_of(&self, refused: Option<(Refusal, String)>, device: &DeviceName) -> Answer {
        let whose = self.state().roster.agent_of(device);
        let presence = whose.agent().and_then(|agent| self.presence(agent));
        let current = self.current(device, &whose, presence.as_ref());
        Answer { refused, current: Some(current), now: Some(moment(self.port.now())) }
    }

    pub(crate) fn refuse(&self, refusal: Refusal, words: &str) -> Response<Bytes> {
        let now = Some(moment(self.port.now()));
        self.refusal(
            refusal,
            &Answer { refused: Some((refusal, words.to_owned())), current: None, now },
        )
    }

    fn refusal(&self, refusal: Refusal, answer: &Answer) -> Response<Bytes> {
        let code = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = self.body(code, self.profile.write_answer(answer));
        if matches!(refusal, Refusal::TooMany | Refusal::Unavailable) {
            let pause = http::HeaderValue::from_static(PAUSE_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, pause);
        }
        response
    }

    pub(crate) fn too_many(&self) -> Response<Bytes> {
        self.refuse(Refusal::TooMany, "too many requests of this phone; wait a moment")
    }

    pub(crate) fn wrong_type(&self) -> Response<Bytes> {
        let words = format!("the body must be {}", self.profile.content_type());
        self.refuse(Refusal::WrongContentType, &words)
    }

    pub(crate) fn malformed(&self, bad: &BadBody) -> Response<Bytes> {
        let now = Some(moment(self.port.now()));
        self.body(StatusCode::BAD_REQUEST, self.profile.write_bad_body(bad, now))
    }

    pub(crate) fn body(&self, code: StatusCode, body: Vec<u8>) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = code;
        if let Ok(kind) = self.profile.content_type().parse() {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        let no_store = http::HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, no_store);
        response
    }
}

/// Whether a phone of that name may take part at all (PHN-16).
pub(crate) fn takes_part(settings: &Settings, device: &DeviceName) -> bool {
    settings.devices.contains_key(device) || settings.phone_service.devices == DevicePolicy::Any
}

/// A device as the settings write it: phones write their names in either case.
fn as_listed(settings: &Settings, device: DeviceName) -> DeviceName {
    if settings.devices.contains_key(&device) {
        return device;
    }
    match device.as_str().to_ascii_uppercase().parse() {
        Ok(upper) if settings.devices.contains_key(&upper) => upper,
        _ => device,
    }
}

pub(crate) fn content_type(request: &Request) -> Option<&str> {
    request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

pub(crate) fn status(code: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = code;
    response
}

pub(crate) fn mode(mode: HeadsetMode) -> Mode {
    match mode {
        HeadsetMode::Disabled => Mode::Disabled,
        HeadsetMode::Notification => Mode::Notification,
        HeadsetMode::NotificationAndControl => Mode::NotificationAndControl,
    }
}

pub(crate) fn moment(at: Timestamp) -> Moment {
    Moment::from_microseconds(at.microseconds())
}
