//! The home screen: what the agent is doing, since when, what comes next, and what they may do.

use domain::{AfterCall, CallDirection, ReasonCategory, VoiceState};
use protocols::phone_xml::{Object, Text};

use super::keys::{Key, Keys, screen};
use super::{Page, Scene, ScreenName, Shown, duration};
use crate::link::{Link, Press};

/// One line on the home screen about what was just asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remark {
    ReasonGone,
    NotReadyFirst,
    CallGone,
    InCall,
    /// The state is another than the page showed, and not what was asked for.
    Changed,
}

impl Remark {
    fn text(self) -> &'static str {
        match self {
            Self::ReasonGone => "notice-reason-gone",
            Self::NotReadyFirst => "notice-not-ready-first",
            Self::CallGone => "notice-call-gone",
            Self::InCall => "notice-in-call",
            Self::Changed => "notice-changed",
        }
    }
}

/// The home screen of a session.
pub(crate) fn home(scene: &Scene<'_>, shown: Shown<'_>, remark: Option<Remark>) -> Page {
    let texts = scene.client.texts;
    let signed_in = shown.signed_in;
    let state = scene.state(signed_in.voice.state);
    let mut lines = Vec::new();
    lines.extend(remark.map(|remark| texts.text(remark.text())));
    lines.push(texts.with("home-state", &[("state", &state)]));
    let lasting = duration(scene.now, signed_in.voice.since);
    lines.push(texts.with("home-since", &[("duration", &lasting)]));
    if let Some(pending) = signed_in.voice.state.pending() {
        lines.push(texts.with("home-pending", &[("state", &scene.after_call(pending))]));
    }
    lines.extend(scene.call_line(shown));
    lines.extend(scene.wrap_up_line(shown));
    if let Some(mobile) = &signed_in.mobile {
        lines.push(texts.with("home-mobile", &[("number", mobile.number.as_str())]));
    }
    let line = texts.with("home-line", &[("extension", signed_in.extension.as_str())]);
    let agent = scene.settings.agents.get(shown.agent());
    let called = agent.map_or(shown.agent().as_str(), |agent| agent.called());
    lines.push(format!("{called}, {line}"));

    let keys = Keys { others: scene.home_keys(shown), ..Keys::default() };
    let screen = screen(scene.client, &state, Some(&line), keys);
    let seconds = scene.settings.phone_service.home_refresh_seconds;
    Page {
        name: ScreenName::Home,
        object: Object::Text(Text { screen, text: lines.join("\n") }),
        refresh: Some((seconds, scene.link(shown, Link::Home))),
    }
}

impl Scene<'_> {
    /// A voice state in words, with its reason.
    fn state(&self, state: VoiceState) -> String {
        match state {
            VoiceState::NotReady { reason } => self.after_call(AfterCall::NotReady(reason)),
            VoiceState::Ready => self.after_call(AfterCall::Ready),
            VoiceState::Talking { .. } => self.client.texts.text("state-talking"),
            VoiceState::WrapUp { .. } => self.client.texts.text("state-wrap-up"),
        }
    }

    fn after_call(&self, after: AfterCall) -> String {
        let texts = self.client.texts;
        let AfterCall::NotReady(reason) = after else { return texts.text("state-ready") };
        let state = texts.text("state-not-ready");
        let Some(code) = reason else { return state };
        let reason = self.reason(ReasonCategory::NotReady, code);
        texts.with("state-reason", &[("state", &state), ("reason", &reason)])
    }

    /// Who calls or is called.
    pub(super) fn call_line(&self, shown: Shown<'_>) -> Option<String> {
        let call = shown.signed_in.call.as_ref()?;
        let text = match call.direction {
            CallDirection::Inbound => "call-from",
            CallDirection::Outbound => "call-to",
        };
        Some(self.client.texts.with(text, &[("number", &call.number)]))
    }

    /// The reason noted for the call.
    pub(super) fn wrap_up_line(&self, shown: Shown<'_>) -> Option<String> {
        let code = shown.signed_in.call.as_ref()?.wrap_up_reason?;
        let reason = self.reason(ReasonCategory::WrapUp, code);
        Some(self.client.texts.with("home-wrap-up", &[("reason", &reason)]))
    }

    pub(super) fn ready_key(&self, shown: Shown<'_>) -> Key {
        Key::new(self.client, "key-ready", self.link(shown, Link::Press(Press::Ready)))
    }

    /// Opens the list of reasons, or does it at once where there are none.
    pub(super) fn not_ready_key(&self, shown: Shown<'_>) -> Key {
        let link = match self.has_reasons(shown, ReasonCategory::NotReady) {
            true => Link::Reasons(ReasonCategory::NotReady),
            false => Link::Press(Press::NotReady(None)),
        };
        Key::new(self.client, "key-not-ready", self.link(shown, link))
    }

    pub(super) fn wrap_up_key(&self, shown: Shown<'_>) -> Option<Key> {
        let link = Link::Reasons(ReasonCategory::WrapUp);
        let offered =
            shown.signed_in.call.is_some() && self.has_reasons(shown, ReasonCategory::WrapUp);
        offered.then(|| Key::new(self.client, "key-wrap-up", self.link(shown, link)))
    }

    fn call_key(&self, shown: Shown<'_>) -> Option<Key> {
        let has_call = shown.signed_in.call.is_some();
        has_call.then(|| Key::new(self.client, "key-call", self.link(shown, Link::Call)))
    }

    fn sign_out_key(&self, shown: Shown<'_>) -> Key {
        let link = match self.has_reasons(shown, ReasonCategory::SignOut) {
            true => Link::Reasons(ReasonCategory::SignOut),
            false => Link::Press(Press::SignOut(None)),
        };
        Key::new(self.client, "key-sign-out", self.link(shown, link))
    }

    /// Most wanted first, since phones hide what is beyond their row behind More.
    fn home_keys(&self, shown: Shown<'_>) -> Vec<Key> {
        let mut keys = Vec::new();
        match shown.signed_in.voice.state {
            VoiceState::NotReady { .. } => {
                keys.push(self.ready_key(shown));
                // Without reasons there is nothing to change.
                if self.has_reasons(shown, ReasonCategory::NotReady) {
                    keys.push(self.not_ready_key(shown));
                }
                keys.push(self.sign_out_key(shown));
            }
            VoiceState::Ready => keys.push(self.not_ready_key(shown)),
            VoiceState::Talking { then, .. } => {
                if then != AfterCall::Ready {
                    keys.push(self.ready_key(shown));
                }
                keys.push(self.not_ready_key(shown));
                keys.extend(self.call_key(shown));
                keys.extend(self.wrap_up_key(shown));
            }
            VoiceState::WrapUp { .. } => {
                keys.push(self.ready_key(shown));
                keys.push(self.not_ready_key(shown));
                keys.extend(self.wrap_up_key(shown));
                keys.extend(self.call_key(shown));
            }
        }
        keys.push(Key::new(self.client, "key-refresh", self.link(shown, Link::Home)));
        keys
    }
}
