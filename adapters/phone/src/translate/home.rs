//! The home screen: what the agent is doing, since when, what comes next, and what they may do.

use domain::{
    AfterCall, Call, CallDirection, CallState, PresenceState, ReasonCategory, VoiceState,
};
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
    /// The contact centre was asked, and its answer is not there yet.
    NotConfirmed,
    /// The contact centre refused.
    Refused,
    /// The contact centre cannot be reached, or what the agent does is not known.
    Away,
}

impl Remark {
    fn text(self) -> &'static str {
        match self {
            Self::ReasonGone => "notice-reason-gone",
            Self::NotReadyFirst => "notice-not-ready-first",
            Self::CallGone => "notice-call-gone",
            Self::InCall => "notice-in-call",
            Self::Changed => "notice-changed",
            Self::NotConfirmed => "notice-not-confirmed",
            Self::Refused => "notice-refused",
            Self::Away => "notice-away",
        }
    }
}

/// The home screen of a session.
pub(crate) fn home(scene: &Scene<'_>, shown: Shown<'_>, remark: Option<Remark>) -> Page {
    let texts = scene.client.texts;
    let signed_in = shown.signed_in;
    let presence = shown.presence;
    let state = scene.state(presence.state);
    let mut lines = Vec::new();
    lines.extend(remark.map(|remark| texts.text(remark.text())));
    lines.push(texts.with("home-state", &[("state", &state)]));
    match presence.not_known_since {
        None => {
            let lasting = duration(scene.now, presence.since);
            lines.push(texts.with("home-since", &[("duration", &lasting)]));
        }
        Some(since) => {
            let lasting = duration(scene.now, since);
            lines.push(texts.with("home-not-known", &[("duration", &lasting)]));
        }
    }
    if let Some(pending) = presence.pending {
        lines.push(texts.with("home-pending", &[("state", &scene.state(pending))]));
    }
    lines.extend(scene.call_line(shown));
    lines.extend(scene.queue_line(shown));
    lines.extend(scene.wrap_up_line(shown));
    lines.extend(scene.other_calls(shown));
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
    /// What an agent is doing in words, with its reason.
    fn state(&self, state: PresenceState) -> String {
        let texts = self.client.texts;
        let (text, reason) = match state {
            PresenceState::NotReady { reason } => {
                ("state-not-ready", reason.map(|code| (ReasonCategory::NotReady, code)))
            }
            PresenceState::SignedOut { reason } => {
                ("state-signed-out", reason.map(|code| (ReasonCategory::SignOut, code)))
            }
            PresenceState::Ready => ("state-ready", None),
            PresenceState::Reserved => ("state-reserved", None),
            PresenceState::Talking => ("state-talking", None),
            PresenceState::Held => ("state-held", None),
            PresenceState::WrapUp { .. } => ("state-wrap-up", None),
            PresenceState::Busy => ("state-busy", None),
            PresenceState::Unknown => ("state-unknown", None),
        };
        let state = texts.text(text);
        let Some((category, code)) = reason else { return state };
        let reason = self.reason(category, code);
        texts.with("state-reason", &[("state", &state), ("reason", &reason)])
    }

    /// Who calls or is called.
    pub(super) fn call_line(&self, shown: Shown<'_>) -> Option<String> {
        shown.presence.call().map(|call| self.call_words(call))
    }

    fn call_words(&self, call: &Call) -> String {
        let text = match call.direction {
            CallDirection::Inbound => "call-from",
            CallDirection::Outbound => "call-to",
        };
        self.client.texts.with(text, &[("number", &call.number)])
    }

    /// The queue the call came through.
    fn queue_line(&self, shown: Shown<'_>) -> Option<String> {
        let queue = shown.presence.call()?.queue.as_ref()?;
        Some(self.client.texts.with("home-queue", &[("queue", queue)]))
    }

    /// Calls beside the one that matters, the agent's own line first (CTI-09).
    fn other_calls(&self, shown: Shown<'_>) -> Vec<String> {
        /// More would push what matters off small screens.
        const SHOWN_MAX: usize = 3;
        let main = shown.presence.call().map(|call| call.id.as_str());
        let calls = shown.presence.calls.iter();
        let others =
            calls.filter(|call| Some(call.id.as_str()) != main && call.state != CallState::Over);
        let words = others.map(|call| match &call.other_line {
            None => self.call_words(call),
            Some(line) => {
                let call = self.call_words(call);
                let arguments = [("extension", line.as_str()), ("call", call.as_str())];
                self.client.texts.with("home-other-line", &arguments)
            }
        });
        words.take(SHOWN_MAX).collect()
    }

    /// The reason noted for the call.
    pub(super) fn wrap_up_line(&self, shown: Shown<'_>) -> Option<String> {
        let call = shown.presence.call()?;
        let reason = match (call.wrap_up_reason, &call.wrap_up_text) {
            (Some(code), _) => self.reason(ReasonCategory::WrapUp, code),
            (None, text) => text.clone()?,
        };
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
            shown.presence.call().is_some() && self.has_reasons(shown, ReasonCategory::WrapUp);
        offered.then(|| Key::new(self.client, "key-wrap-up", self.link(shown, link)))
    }

    fn call_key(&self, shown: Shown<'_>) -> Option<Key> {
        let has_call = shown.presence.call().is_some();
        has_call.then(|| Key::new(self.client, "key-call", self.link(shown, Link::Call)))
    }

    fn sign_out_key(&self, shown: Shown<'_>) -> Key {
        let link = match self.has_reasons(shown, ReasonCategory::SignOut) {
            true => Link::Reasons(ReasonCategory::SignOut),
            false => Link::Press(Press::SignOut(None)),
        };
        Key::new(self.client, "key-sign-out", self.link(shown, link))
    }

    /// Whether an agent in a call takes the next one: what the owner announces, or where the gateway
    /// owns it what was so before.
    fn is_ready_next(&self, shown: Shown<'_>) -> bool {
        match shown.signed_in.voice.map(|voice| voice.state) {
            Some(VoiceState::Talking { then, .. }) => then == AfterCall::Ready,
            _ => shown.presence.pending == Some(PresenceState::Ready),
        }
    }

    /// Most wanted first, since phones hide what is beyond their row behind More.
    fn home_keys(&self, shown: Shown<'_>) -> Vec<Key> {
        let mut keys = Vec::new();
        let ready_next = self.is_ready_next(shown);
        match shown.presence.state {
            // What is not known is not changed either.
            _ if shown.presence.not_known_since.is_some() => {}
            PresenceState::NotReady { .. } => {
                keys.push(self.ready_key(shown));
                // Without reasons there is nothing to change.
                if self.has_reasons(shown, ReasonCategory::NotReady) {
                    keys.push(self.not_ready_key(shown));
                }
                keys.push(self.sign_out_key(shown));
            }
            PresenceState::Ready => keys.push(self.not_ready_key(shown)),
            PresenceState::Reserved
            | PresenceState::Talking
            | PresenceState::Held
            | PresenceState::Busy => {
                if !ready_next {
                    keys.push(self.ready_key(shown));
                }
                keys.push(self.not_ready_key(shown));
                keys.extend(self.call_key(shown));
                keys.extend(self.wrap_up_key(shown));
            }
            PresenceState::SignedOut { .. } | PresenceState::Unknown => {}
            PresenceState::WrapUp { .. } => {
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
