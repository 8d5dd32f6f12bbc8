//! One request of a phone, with what is needed to answer it.

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use domain::settings::Settings;
use domain::{AgentSession, DeviceName, Input, InputId, Report, SessionRef, SignedIn, Timestamp};
use engine::surface::Request;
use http::header::{CONTENT_TYPE, EXPIRES, HeaderValue, REFRESH, SET_COOKIE};
use http::{Method, Response};

use crate::activity::Screen;
use crate::client::Client;
use crate::elsewhere::Elsewhere;
use crate::link::{BASE_CHARACTERS_MAX, Issued, Link};
use crate::prefill::Prefill;
use crate::proof::Proven;
use crate::translate::{
    self, Ended, Form, Page, Problem, Remark, Scene, ScreenName, Shown, Shows, Ways,
};
use crate::{Phone, locked, proof};

/// In the past, so that the Back key does not lead to the page; after 1970, since 8800 phones do not
/// understand earlier dates.
const PAST: &str = "Sat, 01 Jan 2000 00:00:00 GMT";

/// One request of a phone.
pub(super) struct Visit<'a> {
    pub(super) phone: &'a Arc<Phone>,
    pub(super) request: &'a Request,
    pub(super) settings: Arc<Settings>,
    pub(super) client: Client<'a>,
    pub(super) now: Timestamp,
    elsewhere: Arc<Elsewhere>,
    /// The phone, once it is known, and what it is told is wrong; for the flight recorder.
    concerns: OnceLock<DeviceName>,
    told: OnceLock<&'static str>,
}

/// What a request is answered with.
pub(super) struct Answer {
    page: Box<Page>,
    /// The fields of cookies to set or to take away.
    pub(super) cookies: Vec<String>,
}

impl From<Page> for Answer {
    fn from(page: Page) -> Self {
        Self { page: Box::new(page), cookies: Vec::new() }
    }
}

impl Answer {
    pub(super) fn with_cookie(page: Page, cookie: String) -> Self {
        Self { page: Box::new(page), cookies: vec![cookie] }
    }
}

impl<'a> Visit<'a> {
    pub(super) fn new(phone: &'a Arc<Phone>, request: &'a Request) -> Self {
        let settings = phone.port.settings();
        let client = Client::of(&request.headers, &settings.phone_service, &phone.library);
        let elsewhere = phone.elsewhere();
        let now = phone.port.now();
        let (concerns, told) = Default::default();
        Self { phone, request, settings, client, now, elsewhere, concerns, told }
    }

    /// The request is that phone's.
    pub(super) fn concerns(&self, device: &DeviceName) {
        self.concerns.get_or_init(|| device.clone());
    }

    /// Whether it asks what a page would be: that changes nothing, neither what is kept nor what the
    /// phone is thought to show.
    pub(super) fn is_head(&self) -> bool {
        self.request.method == Method::HEAD
    }

    /// Whether every URL of a page fits a phone under the name by which it reaches us.
    pub(super) fn base_fits(&self) -> bool {
        self.request.peer.base.chars().count() <= BASE_CHARACTERS_MAX
    }

    pub(super) fn scene<'s>(&'s self, device: &'s DeviceName) -> Scene<'s> {
        Scene {
            client: &self.client,
            base: &self.request.peer.base,
            elsewhere: self.elsewhere_of(device),
            device,
            settings: &self.settings,
            key: &self.phone.key,
            now: self.now,
            links: OnceCell::new(),
        }
    }

    /// A page that says what went wrong. The log line is found by the number on the page; where
    /// there are too many of them, at `debug`, and who asked only there.
    pub(super) fn problem(&self, problem: &Problem, retry: Option<String>) -> Answer {
        self.tell(problem, Ways { retry, ..Ways::default() })
    }

    /// The same on the way to `link` of somebody's session, which the problem does not end.
    pub(super) fn problem_at(&self, problem: &Problem, issued: &Issued, link: Link) -> Answer {
        /// Long enough to read what went wrong.
        const SECONDS_MIN: u32 = 15;
        let url = |link| self.phone.key.url(&self.request.peer.base, issued, link);
        let seconds = self.settings.phone_service.home_refresh_seconds.max(SECONDS_MIN);
        let elsewhere = self.elsewhere_of(&issued.device);
        let elsewhere = elsewhere.map(|base| self.phone.key.url(base, issued, Link::Home));
        let home = Some((seconds, url(Link::Home)));
        self.tell(problem, Ways { retry: Some(url(link)), home, elsewhere })
    }

    /// Another node for that phone. One that comes through a proxy is brought to one by that.
    fn elsewhere_of(&self, device: &DeviceName) -> Option<&str> {
        let is_direct = self.request.peer.base == self.phone.base;
        self.elsewhere.for_device(device).filter(|_| is_direct)
    }

    fn tell(&self, problem: &Problem, ways: Ways) -> Answer {
        let reference = self.request.reference.as_str();
        let source = self.request.peer.address;
        let name = problem.name();
        self.told.get_or_init(|| name);
        if self.phone.may_log() {
            match problem {
                Problem::Internal => {
                    tracing::error!(reference, "a phone's request failed by a fault of ours");
                }
                _ => tracing::info!(reference, problem = name, "a phone is told of a problem"),
            }
        }
        tracing::debug!(reference, %source, problem = name, "who is told of a problem");
        translate::problem(&self.client, problem, ways, reference).into()
    }

    /// The home screen, or another page of the session; from now on the phone shows it.
    pub(super) fn show(
        &self,
        device: &DeviceName,
        session: &AgentSession,
        page: impl FnOnce(&Scene<'_>, Shown<'_>) -> Page,
    ) -> Option<Page> {
        let doing = self.phone.doing(session)?;
        let shown = Shown::of(session, &doing)?;
        let page = page(&self.scene(device), shown);
        if self.is_head() {
            return Some(page);
        }
        let peer = &self.request.peer;
        let place = (peer.address, peer.base.as_str());
        let mut screens = locked(&self.phone.screens);
        let is = (Shows::of(shown, &self.settings), page.name);
        if !screens.show_again(device, session, is, place, self.now) {
            let screen = Screen::new(session, is, peer.address, place.1, self.now);
            screens.show(device, screen);
        }
        screens.note_said(device, &self.request.headers);
        drop(screens);
        locked(&self.phone.pace).hear(device);
        Some(page)
    }

    /// The phone came here with a page of another node, which is to leave it to this one from now on.
    pub(super) fn seen_here(&self, session: &AgentSession, signed_in: &SignedIn) {
        let port = &self.phone.port;
        if self.is_head() || signed_in.node == *port.node() || !port.takes_sessions() {
            return;
        }
        // The phone may come back to the same node, so no two of these are the same.
        let Some(random) = port.random::<8>() else { return };
        let id = InputId::new("seen-at", format_args!("{:016x}", u64::from_be_bytes(random)));
        let report = Report::SeenAt {
            agent: session.agent.clone(),
            session: session.holder(),
            from: signed_in.node.clone(),
            node: port.node().clone(),
        };
        let phone = Arc::clone(self.phone);
        tokio::spawn(async move {
            // Not written now, the next request of the phone brings it again.
            if let Err(error) = phone.port.submit(Input::report(id, report)).await {
                tracing::debug!(%error, "where a phone was seen is not written");
            }
        });
    }

    /// The request may speak for that holder's session, by what it shows.
    pub(super) fn believe(&self, device: &DeviceName, holder: SessionRef, proven: Proven) {
        if !self.is_head() {
            locked(&self.phone.screens).believe(device, holder, proven, self.now);
        }
    }

    /// Whether the request, which comes from the session's address without its cookie, may speak for
    /// it. Where it may not, the window that had the cookie was closed.
    pub(super) fn is_enough_without_cookie(&self, device: &DeviceName, holder: SessionRef) -> bool {
        let mut screens = locked(&self.phone.screens);
        let is_needed = screens.needs_cookie(device, holder, self.now, self.cookie_kept());
        if is_needed && !self.is_head() {
            screens.close(device, holder);
        }
        !is_needed
    }

    /// The service is opened anew on that phone, so that a page it showed before has no window there
    /// any more. Others who name the phone close nothing.
    pub(super) fn reopens(&self, device: &DeviceName) {
        if self.is_head() || self.cookie_kept().is_zero() {
            return;
        }
        let mut screens = locked(&self.phone.screens);
        let shown = screens.of(device).filter(|screen| screen.address == self.request.peer.address);
        if let Some(holder) = shown.map(|screen| screen.holder) {
            screens.close(device, holder);
        }
    }

    /// For how long idle phones keep a cookie.
    fn cookie_kept(&self) -> Duration {
        let minutes = self.settings.phone_service.cookie_idle_minutes;
        Duration::from_secs(u64::from(minutes) * 60)
    }

    pub(super) fn home(
        &self,
        device: &DeviceName,
        session: &AgentSession,
        remark: Option<Remark>,
    ) -> Option<Page> {
        self.show(device, session, |scene, shown| translate::home(scene, shown, remark))
    }

    /// The sign-in page with a line that says why. What the subscription prefilled is not asked for.
    pub(super) fn ended(&self, device: &DeviceName, ended: Ended) -> Answer {
        let notice = ended.notice(&self.client);
        let form = Form::from(Prefill::of(&self.request.headers));
        let page = translate::form(&self.scene(device), &form, Some(notice));
        match ended {
            Ended::Unknown => page.into(),
            _ => Answer::with_cookie(page, proof::end()),
        }
    }

    pub(super) fn respond(&self, answer: Answer) -> Response<Bytes> {
        let page = answer.page.name;
        self.phone.figures.page(page);
        let told = self.told.get().copied().filter(|_| page == ScreenName::Problem);
        self.phone.note_answered(self.request, self.concerns.get(), page, told);
        let (charset, body) = self.client.encode(&answer.page.object);
        let mut response = Response::new(Bytes::from(body));
        let headers = response.headers_mut();
        let content_type = match charset {
            protocols::phone_xml::Charset::Utf8 => "text/xml; charset=utf-8",
            protocols::phone_xml::Charset::Latin1 => "text/xml; charset=iso-8859-1",
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(EXPIRES, HeaderValue::from_static(PAST));
        if let Some((seconds, url)) = &answer.page.refresh
            && let Ok(value) = HeaderValue::try_from(format!("{seconds}; url={url}"))
        {
            headers.insert(REFRESH, value);
        }
        // What is only asked for is not kept by whoever asks either.
        let cookies = answer.cookies.into_iter().filter(|_| !self.is_head());
        for mut cookie in cookies.filter_map(|it| HeaderValue::try_from(it).ok()) {
            cookie.set_sensitive(true);
            headers.append(SET_COOKIE, cookie);
        }
        response
    }
}

/// While it lives, changes of what a phone shows are not pushed to it: its answer is the new page.
pub(crate) struct Pressing<'a> {
    phone: &'a Phone,
    device: DeviceName,
    answered: bool,
}

impl<'a> Pressing<'a> {
    pub(crate) fn begin(phone: &'a Phone, device: &DeviceName) -> Self {
        locked(&phone.screens).press_begins(device);
        Self { phone, device: device.clone(), answered: false }
    }

    /// The answer is made.
    pub(super) fn end(mut self) {
        self.answered = true;
    }
}

impl Drop for Pressing<'_> {
    fn drop(&mut self) {
        locked(&self.phone.screens).press_ends(&self.device);
        if !self.answered {
            // The phone hung up before its answer, which therefore has to be pushed.
            locked(&self.phone.unanswered).insert(self.device.clone());
        }
    }
}
