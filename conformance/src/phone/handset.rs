//! The phone itself: what is on its display, what its keys do, what an answer or a push changes.
//!
//! Pure: commands, answers, pushes and time come in; requests, screens and violations come out. The
//! task that owns the sockets calls a `handle_*` function, drains `poll`, then sleeps until
//! `deadline`. Judging pages is the parser's part; this module adds what needs more than one page.
//!
//! ```text
//!   Closed --service key / push--> request under way --answer--> page or message on display
//!      ^                                 ^                            |  |
//!      |                                 `--- key, select, timer -----'  |
//!      `------------------------ Exit, Back on the first page -----------'
//! ```
//!
//! One request is under way at a time. A key starts a new one and the former answer is ignored; a
//! page asked for by a push waits until the answer under way is shown, and the last one wins.

mod answer;
mod keys;
mod push;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::cookies::Jar;
use super::headers::{self, Headers};
use super::history::History;
use super::model::Model;
use super::screen::{Cause, Content, Screen};
use super::uri::{self, Uri};

pub(crate) use self::keys::encoded;
pub(crate) use self::push::PushReply;
#[cfg(test)]
pub(crate) use self::push::ReplyItem;

/// Who the phone is.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) model: &'static Model,
    /// `SEP` and a MAC address for a hard phone.
    pub(crate) device: String,
    /// Opened by the service key.
    pub(crate) service_url: Option<String>,
    /// Of the user, such as `en-US`.
    pub(crate) locale: String,
}

/// What a person (or a script) does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Presses the service key: opens the service URL anew.
    Services,
    /// Opens a URL as if a menu had led there.
    Open(String),
    /// Presses a soft key by its label, behind More too.
    Press(String),
    /// Presses the soft key at a visible place, from 1.
    SoftKey(usize),
    /// Chooses a menu item or directory entry, from 1.
    Select(usize),
    /// Fills fields by parameter name.
    Type(Vec<(String, String)>),
    /// Types one character into the field that has the focus.
    Character(char),
    /// Presses a hard key.
    Key(String),
    /// Moves highlight, focus or text; negative is up.
    Move(i32),
    /// Closes the application window without a key of the page.
    Close,
    /// Whether a call or another application keeps the phone busy.
    Busy(bool),
    /// Whether the page's own refreshes are held back.
    Quiet(bool),
}

/// What to do or to tell.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    /// Send this, then call `handle_answer` with its id.
    Fetch(Request),
    /// POST `DATA` to `url`, up to three times, and forget it.
    Notify { url: String, credentials: String, data: String },
    /// The display changed.
    Screen(Box<Screen>),
    /// The gateway broke a rule.
    Violation(String),
    /// Something a phone does that has no screen: a number dialled, a key passed on.
    Event { name: &'static str, detail: String },
}

/// An HTTP request of the phone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) id: u64,
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: Headers,
    pub(crate) body: Option<String>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Request")
            .field("id", &self.id)
            .field("method", &self.method)
            .field("url", &uri::redacted(&self.url))
            .finish_non_exhaustive()
    }
}

/// An HTTP answer, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer; the text is for people, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The name is unknown, or the certificate is not trusted: phones tell no difference.
    #[error("host not found or certificate not trusted: {0}")]
    HostNotFound(String),
    /// The phone's TLS ends at 1.0, so that it cannot shake hands with anybody of today.
    #[error("{0} speaks TLS 1.0 at most; give --tls-anyway, or the http URL of the site's proxy")]
    OldTls(&'static str),
    /// Nobody listens, or not in time.
    #[error("connection failed: {0}")]
    Connection(String),
    /// What came is not HTTP.
    #[error("not an HTTP answer: {0}")]
    Protocol(String),
}

impl Failure {
    /// What the phone's screen says.
    pub(crate) fn screen_text(&self) -> &'static str {
        match self {
            Self::HostNotFound(_) | Self::OldTls(_) => "Host Not Found",
            Self::Connection(_) => "HTTP Error [10]",
            Self::Protocol(_) => "HTTP Error [8]",
        }
    }
}

/// A request under way.
#[derive(Debug)]
struct Flight {
    id: u64,
    url: String,
    cause: Cause,
    post: bool,
    /// The URL carries what was typed into a hidden field.
    secret: bool,
    /// The page on display is replaced rather than left.
    in_place: bool,
}

/// The state machine.
#[derive(Debug)]
pub(crate) struct Handset {
    identity: Identity,
    screen: Screen,
    jar: Jar,
    history: History,
    flight: Option<Flight>,
    ids: u64,
    refresh_at: Option<Instant>,
    /// A pushed page to fetch when the answer under way is shown.
    pushed_next: Option<String>,
    /// A page of priority 1 that an execute object named, to fetch when the phone is idle.
    pushed_when_idle: Option<(String, Cause)>,
    busy: bool,
    quiet: bool,
    chosen: Option<String>,
    status_line: Option<String>,
    secrets: Vec<String>,
    outputs: VecDeque<Output>,
}

impl Handset {
    /// A phone at rest; `prefilled_password` is what the service URL carries, if anything.
    pub(crate) fn new(identity: Identity, prefilled_password: Option<String>) -> Self {
        Self {
            identity,
            screen: Screen::closed(0),
            jar: Jar::default(),
            history: History::default(),
            flight: None,
            ids: 0,
            refresh_at: None,
            pushed_next: None,
            pushed_when_idle: None,
            busy: false,
            quiet: false,
            chosen: None,
            status_line: None,
            secrets: prefilled_password.into_iter().collect(),
            outputs: VecDeque::new(),
        }
    }

    /// The display.
    pub(crate) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Who the phone is.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether no answer is awaited.
    pub(crate) fn is_settled(&self) -> bool {
        self.flight.is_none()
    }

    /// The line a status object put on the call plane.
    pub(crate) fn status_line(&self) -> Option<&str> {
        self.status_line.as_deref()
    }

    /// When the page on display wants to be refreshed.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.quiet { None } else { self.refresh_at }
    }

    /// What to do now. Drain it after every `handle_*`.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Does what a person asked; the error says why it cannot be done.
    pub(crate) fn handle_command(&mut self, now: Instant, command: Command) -> Result<(), String> {
        match command {
            Command::Services => self.services(now),
            Command::Open(url) => match Uri::parse(&url)? {
                Uri::Http(url) => {
                    self.get(now, &url, Cause::Open, false);
                    Ok(())
                }
                _ => self.run(now, &url, Cause::Open),
            },
            Command::Press(label) => self.press(now, &label),
            Command::SoftKey(place) => self.press_slot(now, place),
            Command::Select(number) => self.select(now, number),
            Command::Type(fields) => self.type_fields(&fields),
            Command::Character(character) => self.type_character(character),
            Command::Key(key) => self.hard_key(now, &key),
            Command::Move(steps) => {
                self.move_highlight(steps);
                Ok(())
            }
            Command::Close => {
                self.close(now);
                Ok(())
            }
            Command::Busy(busy) => {
                self.busy = busy;
                self.run_when_idle(now);
                Ok(())
            }
            Command::Quiet(quiet) => {
                self.quiet = quiet;
                Ok(())
            }
        }
    }

    /// Refreshes the page if its time has come.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let Some(due) = self.deadline().filter(|due| *due <= now) else { return };
        if self.flight.is_some() {
            self.refresh_at = Some(due.max(now) + Duration::from_secs(1));
            return;
        }
        self.refresh_at = None;
        let refresh_url = self.screen.refresh.as_ref().and_then(|refresh| refresh.url.clone());
        if let Some(url) = refresh_url.or_else(|| self.screen.url.clone()) {
            self.get(now, &url, Cause::Refresh, true);
        }
    }

    fn services(&mut self, now: Instant) -> Result<(), String> {
        self.close(now);
        let model = self.identity.model;
        match self.identity.service_url.clone().filter(|_| model.has_services_key) {
            Some(url) => {
                self.get(now, &url, Cause::Service, false);
                Ok(())
            }
            None => {
                self.show(Screen {
                    content: Content::Message("No services configured".to_owned()),
                    cause: Cause::Service,
                    ..Screen::closed(0)
                });
                Err(format!("{} has no service to open by a key", model.name))
            }
        }
    }

    /// Closes the application window: its cookies and its history go with it.
    fn close(&mut self, now: Instant) {
        let event = self.screen.page().and_then(|page| page.event("onAppClosed"));
        if let Some(uri) = event.map(str::to_owned)
            && let Err(problem) = self.run(now, &uri, Cause::Key)
        {
            self.event("refused", problem);
        }
        self.jar.clear();
        self.history.clear();
        self.flight = None;
        self.refresh_at = None;
        self.pushed_next = None;
        self.chosen = None;
        if self.screen.is_open() {
            self.screen = Screen::closed(self.screen.number + 1);
            self.tell_screen();
        }
        self.run_when_idle(now);
    }

    fn run_when_idle(&mut self, now: Instant) {
        if self.is_idle()
            && let Some((url, cause)) = self.pushed_when_idle.take()
        {
            self.get(now, &url, cause, false);
        }
    }

    fn is_idle(&self) -> bool {
        !self.busy && !self.screen.is_open() && self.flight.is_none()
    }

    /// Fetches a page; whatever was under way is forgotten.
    fn get(&mut self, now: Instant, url: &str, cause: Cause, in_place: bool) {
        let flight =
            Flight { id: 0, url: url.to_owned(), cause, post: false, secret: false, in_place };
        self.send(now, flight, None);
    }

    fn send(&mut self, now: Instant, mut flight: Flight, body: Option<String>) {
        self.ids += 1;
        flight.id = self.ids;
        let mut sent = headers::request_headers(self.identity.model, &self.identity.locale);
        if let Some(cookie) = host(&flight.url).and_then(|host| self.jar.cookie_header(&host, now))
        {
            sent.push(("Cookie".to_owned(), cookie));
        }
        if body.is_some() {
            let form = "application/x-www-form-urlencoded".to_owned();
            sent.push(("Content-Type".to_owned(), form));
        }
        self.outputs.push_back(Output::Fetch(Request {
            id: flight.id,
            method: if body.is_some() { "POST" } else { "GET" },
            url: flight.url.clone(),
            headers: sent,
            body,
        }));
        self.flight = Some(flight);
    }

    /// Runs a URI of a page, a push or an event.
    fn run(&mut self, now: Instant, text: &str, cause: Cause) -> Result<(), String> {
        match Uri::follow(text, self.identity.model)? {
            Uri::Http(url) => self.get(now, &url, cause, false),
            Uri::SoftKey(name) => return self.own_soft_key(now, &name),
            Uri::Key(name) => return self.hard_key(now, &name),
            Uri::Init(name) => match name.as_str() {
                "AppStatus" => self.status_line = None,
                "Services" => self.close(now),
                _ => self.event("init", name),
            },
            Uri::Dial { edit, digits } => {
                self.event(if edit { "edit_dial" } else { "dial" }, digits);
            }
            Uri::Notify { host, port, path, credentials, data } => {
                let url = format!("http://{host}:{port}/{path}");
                self.outputs.push_back(Output::Notify { url, credentials, data });
            }
            Uri::QueryStringParam(_) => {
                return Err(format!("{text:?} does nothing by itself"));
            }
            Uri::Other(uri) => {
                if let Some(verb) = uri.strip_prefix("App:")
                    && verb.starts_with("Close")
                {
                    self.close(now);
                }
                self.event("uri", uri);
            }
        }
        Ok(())
    }

    /// Puts a screen on display in place of the present one.
    fn show(&mut self, screen: Screen) {
        let number = self.screen.number + 1;
        self.screen = Screen { number, ..screen };
        self.tell_screen();
    }

    fn tell_screen(&mut self) {
        self.outputs.push_back(Output::Screen(Box::new(self.screen.clone())));
    }

    fn event(&mut self, name: &'static str, detail: impl Into<String>) {
        self.outputs.push_back(Output::Event { name, detail: detail.into() });
    }

    fn report(&mut self, violation: String) {
        self.outputs.push_back(Output::Violation(violation));
    }
}

/// The host of a URL, lower case, as cookies are kept for it.
fn host(url: &str) -> Option<String> {
    url.parse::<http::Uri>().ok()?.host().map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests;
