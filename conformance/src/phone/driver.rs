//! The task that owns the handset: carries its requests out and its reports to whoever drives it.
//!
//! Answers, pushes and time come in through channels; reports queue up for the front end. `step` may
//! be dropped at any await without losing anything.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};

use super::handset::{Answer, Command, Failure, Handset, Output, Request, encoded};
use super::headers::header;
use super::network::Network;
use super::options::Settings;
use super::parse::{Delivery, parse};
use super::screen::Screen;
use super::uri;
use super::web::{Asked, Fault, Web, serve};
use crate::headset::machine::{Command as HeadsetCommand, Report as Told};
use crate::headset::{HeadsetSettings, Worn};
use crate::sip::event::Event;

/// Messages from the network waiting to be handled.
const WAITING_MAX: usize = 64;
/// How often a notification is tried.
const NOTIFY_TRIES: u8 = 3;
/// How long the phone tries to listen where somebody else does, and the pause between two tries.
const LISTEN_PATIENCE: Duration = Duration::from_secs(5);
const LISTEN_AGAIN: Duration = Duration::from_millis(100);

/// What happened, for the front end.
#[derive(Debug)]
pub(crate) enum Report {
    /// The display changed.
    Screen(Box<Screen>),
    /// The gateway broke a rule.
    Violation(String),
    /// A push was dealt with.
    Push(Value),
    /// A connection to the web server came to nothing before any push.
    NoHandshake(Value),
    /// Something without a screen.
    Event { name: &'static str, detail: String },
    /// Outcome of a request made by hand.
    Raw(Value),
    /// Something happened to the headset.
    Headset(Value),
}

enum Arrived {
    Answer { id: u64, answer: Result<Answer, Failure> },
    Raw(Value),
}

/// One running phone.
pub(crate) struct Driver {
    pub(crate) handset: Handset,
    network: Arc<Network>,
    arrived: (mpsc::Sender<Arrived>, mpsc::Receiver<Arrived>),
    asked: mpsc::Receiver<Asked>,
    /// Kept so that `asked` never closes.
    _asked_sender: mpsc::Sender<Asked>,
    fault: watch::Sender<Option<Fault>>,
    reports: VecDeque<Report>,
    pushes: u64,
    no_handshakes: u64,
    violations: u64,
    raw_under_way: u64,
    headset: Option<Worn>,
    /// What the headset told; the sender is kept so that it never closes.
    told: (mpsc::UnboundedSender<Told>, mpsc::UnboundedReceiver<Told>),
    /// Objects that came over SIP, as XML; kept likewise.
    over_sip: (mpsc::UnboundedSender<String>, mpsc::UnboundedReceiver<String>),
    /// Where pushes are listened for.
    pub(crate) push_address: Option<SocketAddr>,
}

impl Driver {
    /// Starts the phone: its web server listens when this returns.
    pub(crate) async fn start(settings: Settings) -> Result<Self, String> {
        let (asked_sender, asked) = mpsc::channel(WAITING_MAX);
        let (fault, fault_seen) = watch::channel(settings.fault);
        let network = Arc::new(settings.network);
        let mut push_address = None;
        if let Some(push) = settings.web {
            let listener = listen(push.listen)
                .await
                .map_err(|error| format!("the phone cannot listen at {}: {error}", push.listen))?;
            push_address = listener.local_addr().ok();
            let web = Web {
                model: settings.identity.model,
                device: settings.identity.device.clone(),
                extension: push.extension,
                authentication_url: push.authentication_url,
                expected_user: push.expected_user,
                network: Arc::clone(&network),
                asked: asked_sender.clone(),
                fault: fault_seen,
            };
            tokio::spawn(serve(listener, push.tls, Arc::new(web)));
        }
        let told = mpsc::unbounded_channel();
        let over_sip = mpsc::unbounded_channel();
        let headset =
            settings.headset.map(|headset| wear(headset, told.0.clone(), over_sip.0.clone()));
        let mut handset = Handset::new(settings.identity, settings.prefilled_password);
        if settings.quiet {
            let _ = handset.handle_command(Instant::now(), Command::Quiet(true));
        }
        Ok(Self {
            handset,
            network,
            arrived: mpsc::channel(WAITING_MAX),
            asked,
            _asked_sender: asked_sender,
            fault,
            reports: VecDeque::new(),
            pushes: 0,
            no_handshakes: 0,
            violations: 0,
            raw_under_way: 0,
            headset,
            told,
            over_sip,
            push_address,
        })
    }

    /// Does what a person asked; reports queue up.
    pub(crate) fn command(&mut self, command: Command) -> Result<(), String> {
        let outcome = self.handset.handle_command(Instant::now(), command);
        self.pump();
        outcome
    }

    /// Sends a request that has nothing to do with the display.
    pub(crate) fn raw(
        &mut self,
        method: &'static str,
        url: String,
        overrides: &[(String, String)],
        body: Option<String>,
    ) {
        let identity = self.handset.identity();
        let mut sent = super::headers::request_headers(identity.model, &identity.locale);
        for (name, value) in overrides {
            sent.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            if !value.is_empty() {
                sent.push((name.clone(), value.clone()));
            }
        }
        let request = Request { id: 0, method, url, headers: sent, body };
        let (network, sender) = (Arc::clone(&self.network), self.arrived.0.clone());
        self.raw_under_way += 1;
        tokio::spawn(async move {
            let value = match network.send(&request).await {
                Ok(answer) => json!({
                    "url": uri::redacted(&request.url),
                    "status": answer.status,
                    "headers": headers_json(&answer),
                    "body": String::from_utf8_lossy(&answer.body),
                }),
                Err(failure) => {
                    json!({"url": uri::redacted(&request.url), "failure": failure.to_string()})
                }
            };
            let _ = sender.send(Arrived::Raw(value)).await;
        });
    }

    /// Changes what is wrong with the phone's web server.
    pub(crate) fn set_fault(&mut self, fault: Option<Fault>) {
        self.fault.send_replace(fault);
    }

    /// Whether nothing asked for is still under way.
    pub(crate) fn is_settled(&self) -> bool {
        self.handset.is_settled() && self.raw_under_way == 0
    }

    /// Does what a person does with the headset.
    pub(crate) fn headset_command(&self, command: HeadsetCommand) -> Result<(), String> {
        self.headset()?.command(command)
    }

    /// The headset, where the phone has one.
    pub(crate) fn headset(&self) -> Result<&Worn, String> {
        self.headset.as_ref().ok_or_else(|| "the phone has no headset; see --headset".to_owned())
    }

    /// Pushes dealt with since the start.
    pub(crate) fn pushes(&self) -> u64 {
        self.pushes
    }

    /// Connections to the web server that ended before TLS stood, since the start.
    pub(crate) fn no_handshakes(&self) -> u64 {
        self.no_handshakes
    }

    /// Violations since the start.
    pub(crate) fn violations(&self) -> u64 {
        self.violations
    }

    /// The next report, if any. Drain it after every `command` and `step`.
    pub(crate) fn report(&mut self) -> Option<Report> {
        while let Ok(told) = self.told.1.try_recv() {
            self.heard(told);
        }
        self.reports.pop_front()
    }

    /// Waits for one thing to happen, and handles it.
    pub(crate) async fn step(&mut self) {
        let deadline = self.handset.deadline();
        tokio::select! {
            arrived = self.arrived.1.recv() => match arrived {
                Some(Arrived::Answer { id, answer }) => {
                    let date = SystemTime::now();
                    self.handset.handle_answer(Instant::now(), date, id, answer);
                }
                Some(Arrived::Raw(value)) => {
                    self.raw_under_way = self.raw_under_way.saturating_sub(1);
                    self.reports.push_back(Report::Raw(value));
                }
                None => {}
            },
            Some(asked) = self.asked.recv() => self.asked(asked),
            Some(told) = self.told.1.recv() => self.heard(told),
            Some(xml) = self.over_sip.1.recv() => self.shown(&xml),
            () = sleep_until(deadline) => self.handset.handle_timeout(Instant::now()),
        }
        self.pump();
    }

    fn asked(&mut self, asked: Asked) {
        match asked {
            Asked::Push { parsed, xml, reply } => {
                for violation in parsed.violations {
                    self.violation(violation);
                }
                let outcome = self.handset.handle_push(Instant::now(), parsed.object, &xml);
                // The gateway may have hung up; what it pushed is done all the same.
                let _ = reply.send(outcome);
            }
            Asked::Report(value) => {
                self.pushes += 1;
                self.reports.push_back(Report::Push(value));
            }
            Asked::NoHandshake(value) => {
                self.no_handshakes += 1;
                self.reports.push_back(Report::NoHandshake(value));
            }
            Asked::Violation(text) => self.violation(text),
        }
    }

    /// Tells of the headset what was asked for.
    pub(crate) fn tell_headset(&mut self, event: &'static str, mut told: Value) {
        if let Some(members) = told.as_object_mut() {
            members.insert("event".to_owned(), json!(event));
        }
        self.reports.push_back(Report::Headset(told));
    }

    fn heard(&mut self, told: Told) {
        match told {
            Told::Event(event) => self.reports.push_back(Report::Headset(event)),
            Told::Violation(text) => self.violation(text),
        }
    }

    /// An object that came over SIP does what a pushed one would.
    fn shown(&mut self, xml: &str) {
        let parsed = parse(xml, self.handset.identity().model, Delivery::Push);
        for violation in parsed.violations {
            self.violation(format!("over SIP: {violation}"));
        }
        let outcome = self.handset.handle_push(Instant::now(), parsed.object, xml).summary();
        self.reports.push_back(Report::Event { name: "shown_over_sip", detail: outcome });
    }

    fn violation(&mut self, text: String) {
        self.violations += 1;
        self.reports.push_back(Report::Violation(text));
    }

    fn pump(&mut self) {
        while let Some(output) = self.handset.poll() {
            match output {
                Output::Fetch(request) => self.fetch(request),
                Output::Notify { url, credentials, data } => self.notify(url, credentials, &data),
                Output::Screen(screen) => self.reports.push_back(Report::Screen(screen)),
                Output::Violation(text) => self.violation(text),
                Output::Event { name, detail } => {
                    self.reports.push_back(Report::Event { name, detail });
                }
            }
        }
    }

    fn fetch(&self, request: Request) {
        let (network, sender) = (Arc::clone(&self.network), self.arrived.0.clone());
        tokio::spawn(async move {
            let answer = network.send(&request).await;
            let _ = sender.send(Arrived::Answer { id: request.id, answer }).await;
        });
    }

    fn notify(&self, url: String, credentials: String, data: &str) {
        let network = Arc::clone(&self.network);
        let mut headers =
            vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let engine = base64::engine::general_purpose::STANDARD;
        if engine.decode(&credentials).is_ok_and(|bytes| !bytes.is_empty()) {
            headers.push(("Authorization".to_owned(), format!("Basic {credentials}")));
        }
        let body = Some(format!("DATA={}", encoded(data)));
        tokio::spawn(async move {
            let request = Request { id: 0, method: "POST", url, headers, body };
            for _ in 0..NOTIFY_TRIES {
                if network.send(&request).await.is_ok() {
                    break;
                }
            }
        });
    }
}

/// Starts the headset and its registration.
fn wear(
    settings: HeadsetSettings,
    told: mpsc::UnboundedSender<Told>,
    over_sip: mpsc::UnboundedSender<String>,
) -> Worn {
    let HeadsetSettings { machine, fault, client, registration } = settings;
    // A phone has few requests under way, however slow the service is.
    let requests = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
    let tell = move |report| drop(told.send(report));
    let hears = move |event: &Event| {
        if let Some(xml) = object_in(event) {
            let _ = over_sip.send(xml);
        }
    };
    let worn = Worn::start(machine, client, requests, registration, hears, tell);
    if fault.is_some() {
        // A fault is a command that cannot fail.
        let _ = worn.command(HeadsetCommand::Fault(fault));
    }
    worn
}

/// The object that a request of the registrar holds for the screen, where the phone took it.
fn object_in(event: &Event) -> Option<String> {
    let Event::Request { asked, answer: Some(200..300), .. } = event else { return None };
    let parts = asked.as_array()?.iter();
    parts.filter_map(|part| part.get("xml")?.as_str()).next().map(str::to_owned)
}

/// Listens there; a port in use may be let go in a moment, by the phone of before or a connection.
async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let give_up = Instant::now() + LISTEN_PATIENCE;
    loop {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < give_up => {
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
            outcome => return outcome,
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

fn headers_json(answer: &Answer) -> Value {
    let mut members = serde_json::Map::new();
    for (name, _) in &answer.headers {
        let value = header(&answer.headers, name).unwrap_or_default();
        members.insert(name.clone(), json!(value));
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_let_go_soon_is_waited_for() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let mut listening = std::pin::pin!(listen(address));
        // It was tried at least once, and did not give up.
        let early = tokio::time::timeout(Duration::ZERO, &mut listening).await;
        assert!(early.is_err());
        drop(taken);
        assert_eq!(listening.await.unwrap().local_addr().unwrap(), address);
    }
}
