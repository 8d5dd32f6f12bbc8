//! Opening the service and signing in: at once with all three values, else by asking for the rest.

use std::sync::Arc;

use bytes::Bytes;
use domain::settings::DevicePolicy;
use domain::{
    DeviceName, Extension, InputId, Mobile, MobileMode, OwnerRefusalKind, Secret, SessionRef,
    SignInOn,
};
use engine::surface::Request;
use engine::{SignInAnswer, SignInAttempt};
use http::Response;

use super::visit::{Answer, Pressing, Visit};
use crate::link::{service_url, sign_in_url};
use crate::pending::{Kept, written};
use crate::prefill::Prefill;
use crate::query::{Query, single, text_of};
use crate::translate::{self, Field, Form, Problem};
use crate::{Phone, locked, proof};

impl Phone {
    /// Answers the service URL, and the form sent back where `submitted`.
    pub(crate) async fn open(
        self: Arc<Self>,
        request: Request,
        submitted: bool,
    ) -> Response<Bytes> {
        let visit = Visit::new(&self, &request);
        let opening = Opening::of(&visit, submitted);
        let prefill = opening.prefill();
        let reopens = opening.reopened().inspect(|device| visit.reopens(device)).is_some();
        let mut answer = opening.answer().await;
        // A page of before is not shown again by a push that the window's old cookie would open.
        if reopens && answer.cookies.is_empty() && proof::is_carried(&request.headers) {
            answer.cookies.push(proof::end());
        }
        answer.cookies.extend(prefill.and_then(|prefill| prefill.field(&request.headers)));
        visit.respond(answer)
    }
}

/// One request for the service, with what the phone gave so far.
struct Opening<'v> {
    visit: &'v Visit<'v>,
    given: Result<Given, Unreadable>,
}

/// A request that cannot be taken, with what can be taken of it.
struct Unreadable {
    problem: Problem,
    rest: Option<Box<Given>>,
}

impl From<Problem> for Unreadable {
    fn from(problem: Problem) -> Self {
        Self { problem, rest: None }
    }
}

/// What is known of a sign-in.
struct Given {
    device: DeviceName,
    /// Whether it came by the form or a choice after it, not by the service URL.
    submitted: bool,
    id: Option<String>,
    extension: Option<String>,
    password: Option<Secret>,
    /// The phone picked for the line's voice.
    phone: Option<DeviceName>,
    mobile: Option<String>,
    mode: Option<MobileMode>,
    /// The handle it came under.
    kept: Option<String>,
    /// Whether id, extension and mobile number are to be looked over.
    edit: bool,
    /// Whether a handle came that is not good any more.
    lapsed: bool,
}

/// Why a sign-in did not come about, and what may be changed before another attempt.
struct Failed {
    problem: Problem,
    again: Again,
}

/// What another attempt begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    /// The same values.
    Same,
    /// Id and extension shown for correction, the password kept.
    Edit,
    /// Id and extension shown for correction, the password asked for.
    EditAll,
}

impl<'v> Opening<'v> {
    fn of(visit: &'v Visit<'v>, submitted: bool) -> Self {
        Self { visit, given: read(visit, submitted) }
    }

    /// What the subscription prefills, where it was the subscription that opened the service.
    fn prefill(&self) -> Option<Prefill> {
        let given = self.given.as_ref().ok()?;
        let prefill = || Prefill::new(given.id.as_deref(), given.extension.as_deref());
        given.is_subscription().then(prefill)
    }

    /// The phone, where the service is opened on it anew.
    fn reopened(&self) -> Option<&DeviceName> {
        self.given.as_ref().ok().filter(|given| given.is_subscription()).map(|given| &given.device)
    }

    async fn answer(self) -> Answer {
        let visit = self.visit;
        if !visit.base_fits() {
            if visit.phone.may_log() {
                tracing::error!(
                    most = crate::link::HOST_CHARACTERS_MAX,
                    "the host name that phones reach this node by is too long for their URLs"
                );
            }
            return visit.problem(&Problem::Internal, None);
        }
        let given = match self.given {
            Ok(given) => given,
            // Who typed it may type it anew; a subscription is not the agent's to mend.
            Err(Unreadable { problem, rest: Some(rest) }) if rest.submitted => {
                return rest.failed(visit, Failed { problem, again: Again::Edit });
            }
            Err(Unreadable { problem, .. }) => return visit.problem(&problem, None),
        };
        if visit.phone.port.in_maintenance() {
            let alternates = &visit.settings.phone_service.alternates;
            let alternate = alternates.get(visit.phone.port.node()).cloned();
            visit.phone.figures.sign_in("maintenance");
            let failed = Failed { problem: Problem::Maintenance { alternate }, again: Again::Same };
            return given.failed(visit, failed);
        }
        if visit.settings.phone_service.devices == DevicePolicy::Listed
            && !visit.settings.devices.contains_key(&given.device)
        {
            visit.phone.figures.sign_in("device_unknown");
            let problem = Problem::Device(given.device.to_string());
            return given.failed(visit, Failed { problem, again: Again::Same });
        }
        if is_single_sign_on_only(visit) {
            visit.phone.figures.sign_in(Problem::SingleSignOn.name());
            let failed = Failed { problem: Problem::SingleSignOn, again: Again::Same };
            return Given { password: None, ..given }.failed(visit, failed);
        }
        given.ask_or_sign_in(visit).await
    }
}

/// Reads query, form and what is kept.
fn read(visit: &Visit<'_>, submitted: bool) -> Result<Given, Unreadable> {
    let request = visit.request;
    let device = request.parameters.get("device").and_then(|name| name.parse().ok());
    let device: DeviceName = device.ok_or(Problem::DeviceName)?;
    visit.concerns(&device);
    let body = text_of(request.body.to_vec());
    let pieces = [request.uri.query().unwrap_or_default(), body.as_str()];
    let (query, bad) = Query::read(&pieces);
    visit.phone.note_opened(request, &device, submitted, query.id.as_deref());
    let phone = match &query.device {
        Some(name) => Some(name.parse().map_err(|_| Problem::Link)?),
        None => None,
    };
    let mode = match query.mode.as_deref() {
        None => None,
        Some("call") => Some(MobileMode::CallByCall),
        Some("nailed") => Some(MobileMode::NailedConnection),
        Some(_) => return Err(Problem::Link.into()),
    };
    let found = query.kept.as_deref().and_then(|handle| {
        locked(&visit.phone.pending).find(handle, &device, request.peer.address, visit.now)
    });
    let lapsed = query.kept.is_some() && found.is_none();
    let kept_handle = query.kept.filter(|_| found.is_some());
    let kept = found.unwrap_or_else(|| {
        let nothing = Kept::nothing(device.clone(), request.peer.address);
        if !lapsed {
            return nothing;
        }
        // What the subscription gave is still known, but a field that came back empty was cleared.
        let Prefill { id, extension } = Prefill::of(&request.headers);
        let is_left = |name| single(&pieces, name).is_none();
        let id = id.filter(|_| is_left("id"));
        Kept { id, extension: extension.filter(|_| is_left("extension")), ..nothing }
    });
    let given = Given {
        id: query.id.or(kept.id),
        extension: query.extension.or(kept.extension),
        password: query.password.or(kept.password),
        phone: phone.or(kept.phone),
        mobile: query.mobile.or(kept.mobile),
        mode: mode.or(kept.mode),
        kept: kept_handle,
        edit: kept.edit,
        lapsed,
        submitted,
        device,
    };
    // A subscription that holds a password knows no PIN, and would use up its tries.
    let is_pin = visit.settings.identity.single_sign_on && given.is_subscription();
    let given = if is_pin { Given { password: None, ..given } } else { given };
    match bad {
        None => Ok(given),
        Some(bad) => {
            Err(Unreadable { problem: Problem::Parameter(bad), rest: Some(Box::new(given)) })
        }
    }
}

impl Given {
    /// Whether it is the subscription's service URL that gave all of it.
    fn is_subscription(&self) -> bool {
        !self.submitted && self.kept.is_none() && !self.lapsed
    }

    async fn ask_or_sign_in(mut self, visit: &Visit<'_>) -> Answer {
        if self.mobile.is_some() && !visit.settings.phone_service.mobile_agents {
            // No form asks for a number here, so that another attempt is one without it.
            (self.mobile, self.mode) = (None, None);
            visit.phone.figures.sign_in(Problem::Mobile.name());
            return self.failed(visit, Failed { problem: Problem::Mobile, again: Again::Edit });
        }
        if self.edit && !self.submitted || visit.is_head() {
            return self.ask(visit, None);
        }
        let texts = visit.client.texts;
        let Some((id, password)) = self.complete() else {
            let notice = match (self.lapsed, self.submitted) {
                (true, _) => Some(texts.text("notice-again")),
                (false, true) => Some(texts.text("sign-in-incomplete")),
                (false, false) => None,
            };
            return self.ask(visit, notice);
        };
        match self.sign_in(visit, id, password).await {
            Ok(answer) => answer,
            Err(failed) => {
                visit.phone.figures.sign_in(failed.problem.name());
                self.failed(visit, failed)
            }
        }
    }

    /// Id and password, where an attempt can be made. In a form the line may be left empty by
    /// somebody with a line of their own; whether they have one is nobody's business before the
    /// password was right.
    fn complete(&self) -> Option<(String, Secret)> {
        let has_line = self.extension.is_some() || self.submitted;
        has_line.then_some((self.id.clone()?, self.password.clone()?))
    }

    /// Asks for what is missing.
    fn ask(mut self, visit: &Visit<'_>, notice: Option<String>) -> Answer {
        if !visit.client.model.shows_forms {
            visit.phone.figures.sign_in("no_form");
            return visit.problem(&Problem::Form, None);
        }
        let field = |value: &Option<String>| match (value, self.edit) {
            (None, _) => Field::Missing,
            (Some(value), false) => Field::Known(value.clone()),
            (Some(value), true) => Field::Again(value.clone()),
        };
        let (id, extension) = (field(&self.id), field(&self.extension));
        let has_password = self.password.is_some();
        let device = self.device.clone();
        // The form asks for it as well.
        let mobile = self.mobile.take();
        let mut form = Form { id, extension, has_password, mobile, kept: None };
        if self.edit {
            // The form asks for these once more, and what is cleared there shall not come back.
            (self.id, self.extension, self.phone, self.mode) = (None, None, None, None);
        }
        // What no field of the form and no part of its URL can hold.
        if has_password || self.phone.is_some() || self.mode.is_some() {
            form.kept = self.keep(visit, false);
            if form.kept.is_none() {
                return visit.problem(&Problem::Internal, None);
            }
        }
        translate::form(&visit.scene(&device), &form, notice).into()
    }

    /// Keeps what is known under a new handle instead of the one it came by.
    fn keep(self, visit: &Visit<'_>, edit: bool) -> Option<String> {
        let handle = visit.phone.port.random()?;
        if visit.is_head() {
            // As long as another, and opens nothing.
            return Some(written(handle));
        }
        if let Some(handle) = &self.kept {
            locked(&visit.phone.pending).forget(handle);
        }
        let kept = Kept {
            device: self.device,
            source: visit.request.peer.address,
            id: self.id,
            extension: self.extension,
            password: self.password,
            phone: self.phone,
            mobile: self.mobile,
            mode: self.mode,
            edit,
        };
        Some(locked(&visit.phone.pending).keep(handle, kept, visit.now))
    }

    /// The page of a failure, with a way to another attempt. No password ever stands in it.
    fn failed(mut self, visit: &Visit<'_>, failed: Failed) -> Answer {
        let device = self.device.clone();
        if failed.again == Again::EditAll {
            self.password = None;
        }
        let base = &visit.request.peer.base;
        let anything = self.id.is_some()
            || self.extension.is_some()
            || self.password.is_some()
            || self.phone.is_some()
            || self.mobile.is_some();
        // The line that was left empty is not asked for when the same values are tried again.
        let resubmits = self.submitted && self.extension.is_none() && failed.again == Again::Same;
        let handle = match anything {
            true => self.keep(visit, failed.again != Again::Same),
            false => None,
        };
        let retry = match &handle {
            Some(handle) if resubmits => sign_in_url(base, &device, &[("kept", handle)]),
            Some(handle) => service_url(base, &device, &[("kept", handle)]),
            None => service_url(base, &device, &[]),
        };
        visit.problem(&failed.problem, Some(retry))
    }

    async fn sign_in(
        &self,
        visit: &Visit<'_>,
        id: String,
        password: Secret,
    ) -> Result<Answer, Failed> {
        let failed = |problem, again| Failed { problem, again };
        let line = self.extension.as_deref().map(Extension::parse).transpose();
        let line = line.map_err(|_| failed(Problem::ExtensionForm, Again::Edit))?;
        let mobile = match (&self.mobile, self.mode) {
            (None, _) => None,
            (Some(number), mode) => {
                let number =
                    number.parse().map_err(|_| failed(Problem::MobileForm, Again::Edit))?;
                let Some(mode) = mode else {
                    return self.choose(visit, translate::mobile_modes);
                };
                Some(Mobile { number, mode })
            }
        };
        let port = &visit.phone.port;
        let internal = || failed(Problem::Internal, Again::Same);
        let random: [u8; 16] = port.random().ok_or_else(internal)?;
        let request_id: [u8; 16] = port.random().ok_or_else(internal)?;
        let (cookie, proof) = proof::begin(random, visit.request.peer.address);
        // A sign-in sent twice is two: the second answer carries the cookie that is good.
        let name = u128::from_be_bytes(request_id);
        let attempt = SignInAttempt {
            id: InputId::new("phone-sign-in", format_args!("{name:032x}")),
            account: id,
            password,
            extension: line,
            device: self.phone.clone(),
            mobile,
            on: SignInOn::Phone { device: self.device.clone(), proof },
            source: visit.request.peer.address,
            surface: "phone",
        };
        let pressing = Pressing::begin(visit.phone, &self.device);
        let signed = port.sign_in(attempt).await;
        let mut follow = None;
        let answer = match signed {
            SignInAnswer::SignedIn { agent, session } => {
                follow = Some(agent);
                self.signed_in(visit, session, cookie).await.ok_or_else(internal)
            }
            SignInAnswer::NeedsExtension => {
                let notice = visit.client.texts.text("sign-in-incomplete");
                Ok(self.copy().ask(visit, Some(notice)))
            }
            SignInAnswer::NotAnAgent => Err(failed(Problem::Agent, Again::EditAll)),
            SignInAnswer::NotProven(refusal) => {
                let problem = Problem::of_authentication(refusal, visit.now);
                let is_pin = visit.settings.identity.single_sign_on;
                let problem = if is_pin { problem.of_pin() } else { problem };
                let again = again(&problem);
                Err(failed(problem, again))
            }
            SignInAnswer::SingleSignOn => Err(failed(Problem::SingleSignOn, Again::EditAll)),
            SignInAnswer::Refused(refusal) => match Problem::of_sign_in(refusal) {
                Ok(problem) => {
                    let again = again(&problem);
                    Err(failed(problem, again))
                }
                Err(phones) => {
                    self.choose(visit, |scene, kept| translate::devices(scene, &phones, kept))
                }
            },
            SignInAnswer::Unclear(_) => Err(failed(Problem::NotConfirmed, Again::Same)),
            SignInAnswer::Failed(error) => Err(failed(Problem::of_submit(&error), Again::Same)),
        };
        pressing.end();
        // What changed meanwhile of whoever the phone shows was not pushed to it.
        let here = || locked(&visit.phone.screens).of(&self.device).map(|it| it.agent.clone());
        if let Some(agent) = follow.or_else(here) {
            visit.phone.follow(&agent).await;
        }
        answer
    }

    async fn signed_in(
        &self,
        visit: &Visit<'_>,
        holder: SessionRef,
        cookie: String,
    ) -> Option<Answer> {
        if let Some(handle) = &self.kept {
            locked(&visit.phone.pending).forget(handle);
        }
        let session = visit.phone.port.session(holder.number).await.ok().flatten()?;
        let page = visit.home(&self.device, &session, None)?;
        visit.phone.figures.sign_in("ok");
        let mut answer = Answer::with_cookie(page, cookie);
        if !self.is_subscription() {
            let headers = &visit.request.headers;
            let prefill = Prefill::of(headers);
            let prefill = prefill.confirmed_by(self.id.as_deref(), self.extension.as_deref());
            answer.cookies.extend(prefill.field(headers));
        }
        Some(answer)
    }

    /// Keeps everything and asks one more question; Back from it leads to the form, where all that is
    /// known can be looked over.
    fn choose(
        &self,
        visit: &Visit<'_>,
        page: impl FnOnce(&translate::Scene<'_>, &str) -> translate::Page,
    ) -> Result<Answer, Failed> {
        let kept = self.copy().keep(visit, true);
        let kept = kept.ok_or(Failed { problem: Problem::Internal, again: Again::Same })?;
        Ok(page(&visit.scene(&self.device), &kept).into())
    }

    /// The same values, not under edit any more.
    fn copy(&self) -> Self {
        Self {
            device: self.device.clone(),
            id: self.id.clone(),
            extension: self.extension.clone(),
            password: self.password.clone(),
            phone: self.phone.clone(),
            mobile: self.mobile.clone(),
            mode: self.mode,
            kept: self.kept.clone(),
            edit: false,
            lapsed: false,
            submitted: self.submitted,
        }
    }
}

/// Whether nobody signs in at phones, since people sign in by an identity provider (PHN-15).
fn is_single_sign_on_only(visit: &Visit<'_>) -> bool {
    let settings = &visit.settings;
    settings.identity.single_sign_on && !settings.phone_service.single_sign_on_pin
}

/// Whether the values or the circumstances have to change.
fn again(problem: &Problem) -> Again {
    match problem {
        Problem::Extension(_)
        | Problem::ExtensionUsed(_)
        | Problem::Mobile
        | Problem::MobileNotOffered
        | Problem::SignedOnElsewhere(Some(_))
        | Problem::InCall => Again::Edit,
        Problem::Owner { kind, .. } => match kind {
            OwnerRefusalKind::ExtensionInUse
            | OwnerRefusalKind::Device
            | OwnerRefusalKind::Mobile => Again::Edit,
            OwnerRefusalKind::Locked => Again::EditAll,
            _ => Again::Same,
        },
        Problem::Wrong
        | Problem::Locked { .. }
        | Problem::WrongPin
        | Problem::LockedPin { .. }
        | Problem::Agent => Again::EditAll,
        _ => Again::Same,
    }
}
