//! The home screen: what the agent is doing, since when, what comes next, and what they may do.

use domain::{AfterCall, OwnerRefusalKind, PresenceState, ReasonCategory, VoiceState};
use protocols::phone_xml::{Object, Text};

use super::keys::{Key, Keys, screen};
use super::{Page, Scene, ScreenName, Shown, duration};
use crate::link::{Link, Press};
use crate::texts::Texts;

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
    /// The contact centre cannot be reached.
    Away,
    /// What the agent is doing is not known, so nothing is changed.
    NotKnown,
    /// The contact centre refused, for that reason and with that code.
    Owner {
        kind: OwnerRefusalKind,
        code: u32,
    },
}

impl Remark {
    fn words(self, texts: &Texts) -> String {
        texts.text(match self {
            Self::ReasonGone => "notice-reason-gone",
            Self::NotReadyFirst => "notice-not-ready-first",
            Self::CallGone => "notice-call-gone",
            Self::InCall => "notice-in-call",
            Self::Changed => "notice-changed",
            Self::NotConfirmed => "notice-not-confirmed",
            Self::Away => "notice-away",
            Self::NotKnown => "notice-not-known",
            Self::Owner { kind, code } => {
                let text = match kind {
                    OwnerRefusalKind::State => "notice-owner-state",
                    OwnerRefusalKind::Reason => "notice-owner-reason",
                    OwnerRefusalKind::Call => "notice-owner-call",
                    OwnerRefusalKind::Away => "notice-owner-away",
                    OwnerRefusalKind::NotOffered => "notice-owner-not-offered",
                    _ => "notice-refused",
                };
                return texts.with(text, &[("code", &code.to_string())]);
            }
        })
    }
}

/// The home screen of a session.
pub(crate) fn home(scene: &Scene<'_>, shown: Shown<'_>, remark: Option<Remark>) -> Page {
    let texts = scene.client.texts;
    let signed_in = shown.signed_in;
    let presence = shown.presence;
    let state = match presence.not_known_since {
        None => scene.state(presence.state),
        Some(_) => texts.text("state-unknown"),
    };
    let mut lines = Vec::new();
    lines.extend(remark.map(|remark| remark.words(texts)));
    lines.push(texts.with("home-state", &[("state", &state)]));
    match presence.not_known_since {
        // What was so before is no news any more, and may be wrong.
        Some(since) => {
            let lasting = duration(scene.now, since);
            lines.push(texts.with("home-not-known", &[("duration", &lasting)]));
        }
        None => {
            let lasting = duration(scene.now, presence.since);
            lines.push(texts.with("home-since", &[("duration", &lasting)]));
            if let Some(next) = Scene::comes_next(shown) {
                lines.push(texts.with("home-pending", &[("state", &scene.state(next))]));
            }
            lines.extend(scene.call_line(shown));
            lines.extend(scene.queue_line(shown));
            lines.extend(scene.wrap_up_line(shown));
            lines.extend(scene.other_calls(shown));
            lines.extend(scene.waiting_line(shown));
        }
    }
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

    /// How many calls wait, where that is told.
    fn waiting_line(&self, shown: Shown<'_>) -> Option<String> {
        let queues = shown.queues?;
        let texts = self.client.texts;
        let calls = queues.calls.to_string();
        Some(match queues.longest_since.filter(|_| queues.calls > 0) {
            None => texts.with("home-waiting", &[("calls", &calls)]),
            Some(since) => {
                let arguments = [("calls", &*calls), ("duration", &*duration(self.now, since))];
                texts.with("home-waiting-longest", &arguments)
            }
        })
    }

    /// What follows, where it was asked for or the owner of the agent's state tells.
    fn comes_next(shown: Shown<'_>) -> Option<PresenceState> {
        let after = match shown.presence.state {
            PresenceState::WrapUp { ready_afterwards } if shown.signed_in.voice.is_none() => {
                Some(match ready_afterwards {
                    true => PresenceState::Ready,
                    false => PresenceState::NotReady { reason: None },
                })
            }
            _ => None,
        };
        shown.presence.pending.or(after)
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
                // One that rings, or that the agent placed.
                keys.extend(self.call_key(shown));
            }
            PresenceState::Ready => {
                keys.push(self.not_ready_key(shown));
                keys.extend(self.call_key(shown));
            }
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
        let elsewhere = self.elsewhere(shown);
        keys.extend(elsewhere.map(|url| Key::new(self.client, "key-elsewhere", url)));
        keys
    }
}
