//! A phone's headset software as a machine without sockets and clock: what it asks of the service, what
//! it makes of the answers and of what its registrar tells.
//!
//! ```text
//!   Unknown --registered anew, at another node, or told to--> discovery under way
//!      ^                                                        |          |
//!      |------------------- anything but 200 or 304 <-----------'          |
//!      |                                                                   v
//!      `--restart-- Known: mode and services; its configuration is fetched, again when told to
//!
//!   mute key --> update to the primary --no answer, or 5xx--> the same to the secondary
//! ```
//!
//! A discovery that failed is not tried again by itself. Whoever owns the sockets calls `heard`,
//! `command` and `answered`, then drains `poll`.
//!
//! - `requests`: what is asked; `answers`: what answers do.

mod answers;
mod requests;

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use super::base::{AgentState, Base, Light, Mode, Press};
use super::documents::Discovery;
use crate::sip::event::{Event, milliseconds};

pub(crate) use self::answers::{Answer, Answered};
pub(crate) use self::requests::{Request, escaped};

use self::requests::{Purpose, Update};

/// When something happens: on the clock that never jumps, and by date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) date: SystemTime,
}

impl Moment {
    /// This very one.
    pub(crate) fn present() -> Self {
        Self { now: Instant::now(), date: SystemTime::now() }
    }
}

/// What is wrong with the headset's software on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Repeats an update to the secondary although the primary answered.
    LateAnswerIgnored,
    /// Answers nothing that its registrar asks.
    Dead,
    /// Asks for states during a call, too.
    ReadyInCall,
    /// The clock is that far behind.
    ClockBack(Duration),
}

impl std::str::FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once([' ', '=', ':']).unwrap_or((text, "")) {
            ("late-answer-ignored", "") => Ok(Self::LateAnswerIgnored),
            ("dead", "") => Ok(Self::Dead),
            ("ready-in-call", "") => Ok(Self::ReadyInCall),
            ("clock-back", seconds) => seconds
                .trim()
                .parse()
                .map(|seconds| Self::ClockBack(Duration::from_secs(seconds)))
                .map_err(|_| format!("{seconds:?} is no number of seconds")),
            _ => Err(format!(
                "{text:?} is none of late-answer-ignored, dead, ready-in-call, clock-back=SECONDS"
            )),
        }
    }
}

/// What a person does with headset and phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Mute,
    /// A call comes in on the phone's line and is answered.
    Call,
    HangUp,
    Plug,
    Unplug,
    /// Sends the last update again, to the secondary where there is one.
    Repeat,
    /// Forgets everything and registers anew.
    Restart,
    /// Makes that wrong, and nothing else.
    Fault(Option<Fault>),
}

/// Where a registrar's headset service is found.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Address of the registrar, where it matters.
    pub(crate) registrar: Option<String>,
    /// The URL of discovery, its query included.
    pub(crate) discovery: String,
}

/// Who the headset's phone is.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) device: String,
    /// The headset's model and serial number.
    pub(crate) model: String,
    pub(crate) serial: String,
    /// The phone's file, which holds the URL of discovery; else `places` say where it is.
    pub(crate) file: Option<String>,
    /// The first is good for every registrar that has none of its own.
    pub(crate) places: Vec<Place>,
    /// How long an update may take before it goes to the secondary.
    pub(crate) update_patience: Duration,
    /// Whether it tells what headset it has, and asks for its template.
    pub(crate) has_inventory: bool,
}

/// Something to tell whoever watches.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Report {
    /// An object with the member `event`.
    Event(Value),
    Violation(String),
}

/// What is to be done now.
#[derive(Debug)]
pub(crate) enum Output {
    Fetch(Request),
    Tell(Report),
    /// The phone is to unregister and come back.
    Restart,
    /// The phone is to be dead towards its registrar, or not any more.
    Dead(bool),
}

/// One headset and the phone's software for it.
pub(crate) struct Headset {
    setup: Setup,
    pub(crate) base: Base,
    faults: Option<Fault>,
    /// What the last discovery found.
    found: Option<Discovery>,
    agent: Option<String>,
    agent_problem: Option<String>,
    default_reason: Option<u64>,
    registrar: Option<String>,
    registered: bool,
    /// Whether the phone's file was asked for since it started, and the URL of discovery in it.
    file_asked: bool,
    in_file: Option<String>,
    /// The place where discovery was last begun since the phone started.
    tried: Option<String>,
    pending: Vec<(u64, Purpose, Instant)>,
    ids: u64,
    /// Ids of the newest discovery and configuration under way: answers to older ones are ignored.
    discovering: Option<u64>,
    configuring: Option<u64>,
    /// Updates that wait for a token.
    waiting: Vec<Update>,
    last_update: Option<Update>,
    /// When which state was asked for, until it is told.
    asked: Option<(AgentState, Instant)>,
    inventory_due: bool,
    template_due: bool,
    /// Which service answered the last update.
    service: Option<&'static str>,
    last_answer: Option<u16>,
    counts: Counts,
    shown: Light,
    outputs: VecDeque<Output>,
}

/// How often what happened since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) refers: u64,
    pub(crate) discoveries: u64,
    pub(crate) failed_discoveries: u64,
    pub(crate) configurations: u64,
    pub(crate) updates: u64,
    pub(crate) inventories: u64,
}

impl Headset {
    /// A headset that has just been plugged in.
    pub(crate) fn new(setup: Setup) -> Self {
        let has_inventory = setup.has_inventory;
        Self {
            setup,
            base: Base::default(),
            faults: None,
            found: None,
            agent: None,
            agent_problem: None,
            default_reason: None,
            registrar: None,
            registered: false,
            file_asked: false,
            in_file: None,
            tried: None,
            pending: Vec::new(),
            ids: 0,
            discovering: None,
            configuring: None,
            waiting: Vec::new(),
            last_update: None,
            asked: None,
            inventory_due: has_inventory,
            template_due: has_inventory,
            service: None,
            last_answer: None,
            counts: Counts::default(),
            shown: Light::Off,
            outputs: VecDeque::new(),
        }
    }

    /// What to do next; drain it after every call.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether no request is under way.
    pub(crate) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether discovery found the service and it is on.
    pub(crate) fn is_on(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.contact_centre.enabled)
    }

    /// The agent that the configuration named.
    pub(crate) fn agent(&self) -> Option<&str> {
        self.agent.as_deref()
    }

    /// Whether the phone is registered.
    pub(crate) fn is_registered(&self) -> bool {
        self.registered
    }

    /// Why there is none, where the service said so.
    pub(crate) fn agent_problem(&self) -> Option<&str> {
        self.agent_problem.as_deref()
    }

    /// How the last update went, for people.
    pub(crate) fn last_update_words(&self) -> String {
        let is_under_way = |it: &(u64, Purpose, Instant)| matches!(it.1, Purpose::Update { .. });
        match (self.service, self.last_answer) {
            _ if self.pending.iter().any(is_under_way) => "under way".to_owned(),
            (Some(service), Some(status)) => format!("{status} from the {service}"),
            _ if self.last_update.is_some() => "no answer".to_owned(),
            _ => "none yet".to_owned(),
        }
    }

    /// A phone without registrar starts.
    pub(crate) fn start(&mut self, moment: Moment) {
        self.begin(moment, "start");
    }

    /// A phone without registrar starts anew.
    pub(crate) fn restart(&mut self, moment: Moment) {
        self.forget();
        self.start(moment);
    }

    /// Something happened between the phone and its registrar.
    pub(crate) fn heard(&mut self, moment: Moment, event: &Event) {
        match event {
            Event::Connected { server, .. } => self.registrar = Some(server.clone()),
            Event::NotConnected(words) => {
                self.event(json!({"event": "not_connected", "words": words}));
            }
            Event::Registered { fresh, .. } => self.registered(moment, *fresh),
            Event::Lost(words) => {
                self.registered = false;
                self.event(json!({"event": "lost", "words": words}));
            }
            Event::Unregistered { .. } => self.forget(),
            Event::Refused { what, status, reason, .. } => {
                self.event(json!({"event": "refused", "what": what, "status": status,
                    "reason": reason}));
            }
            Event::Request { asked, answer: Some(0..300), at, .. } => {
                self.asked(Moment { now: *at, ..moment }, asked);
            }
            Event::Problem { words, about } => self.violation(format!("SIP: {words} ({about})")),
            _ => {}
        }
        self.show();
    }

    /// Does what a person did.
    pub(crate) fn command(&mut self, moment: Moment, command: Command) -> Result<(), String> {
        let outcome = self.obey(moment, command);
        self.show();
        outcome
    }

    fn obey(&mut self, moment: Moment, command: Command) -> Result<(), String> {
        match command {
            Command::Mute if !self.base.plugged => return Err("there is no headset".to_owned()),
            Command::Mute => self.press(moment),
            Command::Call if self.base.in_call => return Err("there is a call already".to_owned()),
            Command::Call => {
                self.base.call_begins();
                self.event(json!({"event": "call", "in_call": true}));
            }
            Command::HangUp if !self.base.in_call => return Err("there is no call".to_owned()),
            Command::HangUp => {
                self.base.call_ends();
                self.event(json!({"event": "call", "in_call": false}));
            }
            Command::Plug | Command::Unplug => {
                let plugs = command == Command::Plug;
                if self.base.plugged == plugs {
                    return Err("so it is already".to_owned());
                }
                self.base.plugged = plugs;
                self.base.muted = false;
                self.inventory_due = self.setup.has_inventory;
                self.tell_inventory(moment);
            }
            Command::Repeat => {
                let update = self.last_update.clone().ok_or("no update was sent yet")?;
                if !self.send_update(moment, update.clone(), true, true)
                    && !self.send_update(moment, update, false, true)
                {
                    return Err("no service is known".to_owned());
                }
            }
            Command::Restart => self.outputs.push_back(Output::Restart),
            Command::Fault(fault) => {
                if (self.faults == Some(Fault::Dead)) != (fault == Some(Fault::Dead)) {
                    self.outputs.push_back(Output::Dead(fault == Some(Fault::Dead)));
                }
                self.faults = fault;
            }
        }
        Ok(())
    }

    fn press(&mut self, moment: Moment) {
        let was_in_call = self.base.in_call;
        let wanted = match self.base.press() {
            Press::Ask(state) => Some(state),
            Press::Muted(muted) => {
                self.event(json!({"event": "mute", "muted": muted}));
                let asks_anyway = was_in_call && self.faults == Some(Fault::ReadyInCall);
                asks_anyway.then(|| self.base.other_state())
            }
        };
        if let Some(state) = wanted {
            self.ask_for(moment, state);
        }
    }

    /// Asks the service for that state, whatever the key would do.
    pub(crate) fn ask_for(&mut self, moment: Moment, state: AgentState) {
        self.asked = Some((state, moment.now));
        let update = self.update(moment, state);
        self.last_update = Some(update.clone());
        if self.is_token_over(moment) {
            self.waiting.push(update);
            self.discover(moment, "token", false);
        } else if !self.send_update(moment, update, false, false) {
            self.event(json!({"event": "not_sent", "state": state.name(),
                "words": "no service is known"}));
        }
    }

    fn registered(&mut self, moment: Moment, fresh: bool) {
        self.registered = true;
        self.event(json!({"event": "registered", "fresh": fresh, "registrar": self.registrar}));
        // A phone's file is not fetched again for another registrar, and its URL stays.
        let is_new = match &self.setup.file {
            Some(_) => !self.file_asked,
            None => self.tried != self.place(),
        };
        if fresh && is_new {
            let why = if self.tried.is_some() { "another_node" } else { "start" };
            self.begin(moment, why);
        }
    }

    /// The phone is let go by its registrar: what follows is a restart.
    fn forget(&mut self) {
        self.event(json!({"event": "unregistered"}));
        let setup = self.setup.clone();
        let kept = (self.base.plugged, self.base.in_call, self.faults, self.counts, self.ids);
        let outputs = std::mem::take(&mut self.outputs);
        let (shown, registrar) = (self.shown, self.registrar.take());
        *self = Self { outputs, shown, registrar, ..Self::new(setup) };
        (self.base.plugged, self.base.in_call, self.faults, self.counts, self.ids) = kept;
    }

    /// The registrar asked something of the phone, and the phone said yes.
    fn asked(&mut self, moment: Moment, asked: &Value) {
        for request in asked.as_array().into_iter().flatten() {
            let number = |name: &str| request.get(name).and_then(Value::as_u64);
            if request.get("request") == Some(&json!("agentstatusupdate"))
                && let Some(state) = number("status").and_then(AgentState::numbered)
            {
                self.told(moment, state, number("reason").unwrap_or_default());
            }
        }
        let content = asked.get("content");
        let says = |name: &str| content.and_then(|it| it.get(name)).and_then(Value::as_str);
        if says("request") == Some("hsintegrationservices") {
            let status = says("status").unwrap_or_default().to_owned();
            self.event(json!({"event": "service_change", "status": status}));
            match status.as_str() {
                "SERVICE_CONFIG_CHANGE" => self.discover(moment, "told", false),
                _ => self.configure(moment, false),
            }
        } else if says("action") == Some("check-version") {
            // The file may hold another URL; a phone without one can only ask where it did.
            self.event(json!({"event": "check_version"}));
            self.begin(moment, "check_version");
        }
    }

    fn told(&mut self, moment: Moment, state: AgentState, reason: u64) {
        self.counts.refers += 1;
        self.base.told(state, reason);
        if state == AgentState::Logout {
            self.agent = None;
        }
        let since = self.asked.filter(|(wanted, _)| *wanted == state).map(|(_, at)| at);
        if since.is_some() {
            self.asked = None;
        }
        let after = since.map(|at| milliseconds(moment.now.saturating_duration_since(at)));
        self.event(json!({"event": "told", "status": state.number(), "state": state.name(),
            "reason": reason, "after_milliseconds": after}));
    }

    /// Tells of the light where it changed.
    fn show(&mut self) {
        let light = self.base.light();
        if light != self.shown {
            self.shown = light;
            self.event(json!({"event": "light", "light": light.name()}));
        }
    }

    /// The mode as far as the service is known.
    fn set_mode(&mut self, mode: Mode) {
        self.base.mode = if self.is_on() { mode } else { Mode::Disabled };
    }

    /// All there is to know, for programs and for conditions.
    pub(crate) fn to_json(&self) -> Value {
        let mut told = self.base.to_json();
        let more = json!({
            "agent": self.agent, "agent_problem": self.agent_problem,
            "default_reason": self.default_reason,
            "registered": self.registered, "registrar": self.registrar,
            "discovered": self.found.is_some(), "enabled": self.is_on(),
            "has_token": self.found.as_ref().is_some_and(|it| it.token.is_some()),
            "service": self.service, "last_answer": self.last_answer,
            "refers": self.counts.refers, "updates": self.counts.updates,
            "discoveries": self.counts.discoveries,
            "failed_discoveries": self.counts.failed_discoveries,
            "configurations": self.counts.configurations,
            "inventories": self.counts.inventories,
        });
        if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
            told.extend(more);
        }
        told
    }

    fn event(&mut self, event: Value) {
        self.outputs.push_back(Output::Tell(Report::Event(event)));
    }

    fn violation(&mut self, words: String) {
        self.outputs.push_back(Output::Tell(Report::Violation(words)));
    }
}

#[cfg(test)]
mod tests;
