//! What a press wishes for, and what is said on a page whose session is over.

use domain::settings::Settings;
use domain::{
    AfterCall, AgentSession, PresenceState, ReasonCategory, ReasonCode, SignedOutBy, Status,
    VoiceState, Wish,
};

use super::Shown;
use crate::client::Client;
use crate::link::{Issued, Press};

/// What a press wishes for.
pub(crate) fn wish(press: Press) -> Wish {
    match press {
        Press::Ready => Wish::Ready,
        Press::NotReady(reason) => Wish::NotReady(reason),
        Press::WrapUp(reason) => Wish::WrapUpReason(reason),
        Press::SignOut(reason) => Wish::SignOut(reason),
    }
}

/// Whether what a press wishes for is so: now, or in a call afterwards.
pub(crate) fn is_so(press: Press, shown: Shown<'_>, settings: &Settings) -> bool {
    let presence = shown.presence;
    let is = |wanted: AfterCall| match shown.signed_in.voice.map(|voice| voice.state) {
        Some(VoiceState::Talking { then, .. }) => then == wanted,
        _ if presence.pending.is_some() => presence.pending == Some(wanted.into()),
        _ => presence.state == PresenceState::from(wanted),
    };
    match press {
        Press::Ready => is(AfterCall::Ready),
        Press::NotReady(reason) => is(AfterCall::NotReady(reason)),
        Press::WrapUp(code) => presence.call().is_some_and(|call| {
            let reason = settings.reasons.get(&(ReasonCategory::WrapUp, code));
            // Another owner keeps the beginning of the text alone.
            let is_kept = |text: &String| {
                !text.is_empty() && reason.is_some_and(|it| it.label.starts_with(text.as_str()))
            };
            call.wrap_up_reason == Some(code) || call.wrap_up_text.as_ref().is_some_and(is_kept)
        }),
        Press::SignOut(_) => false,
    }
}

/// Why a page no longer speaks for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The agent signed out.
    SignedOut,
    /// A supervisor signed the agent out.
    BySupervisor,
    /// The gateway did, with this code.
    BySystem(Option<ReasonCode>),
    /// The agent signed in elsewhere, or in a newer session.
    Elsewhere,
    /// Nothing is known of it, or it cannot be proven.
    Unknown,
}

impl Ended {
    /// The line on the sign-in page.
    pub(crate) fn notice(self, client: &Client<'_>) -> String {
        let texts = client.texts;
        match self {
            Self::SignedOut => texts.text("notice-signed-out"),
            Self::BySupervisor => texts.text("notice-supervisor"),
            Self::BySystem(None) => texts.text("notice-system"),
            Self::BySystem(Some(code)) => {
                let text = match code {
                    ReasonCode::CONNECTION_LOST => "notice-no-contact",
                    _ => "notice-system-code",
                };
                texts.with(text, &[("code", &code.to_string())])
            }
            Self::Elsewhere => texts.text("notice-elsewhere"),
            Self::Unknown => texts.text("notice-again"),
        }
    }
}

/// Why the page made for `issued` no longer speaks for the session of its number; `None` where it
/// still does.
pub(crate) fn ended(session: Option<&AgentSession>, issued: &Issued) -> Option<Ended> {
    let Some(session) = session.filter(|session| session.number == issued.holder.number) else {
        return Some(Ended::Unknown);
    };
    // Signing out ends the last holder's generation; earlier holders lost the session before.
    match &session.status {
        Status::SignedIn(_) if session.generation == issued.holder.generation => None,
        Status::SignedIn(_) => Some(Ended::Elsewhere),
        _ if session.generation != issued.holder.generation.saturating_add(1) => {
            Some(Ended::Elsewhere)
        }
        Status::Leaving(end) => Some(ended_by(end.by, end.reason)),
        Status::SignedOut(end) => Some(ended_by(end.by, end.reason)),
    }
}

fn ended_by(by: SignedOutBy, reason: Option<ReasonCode>) -> Ended {
    match by {
        SignedOutBy::Agent => Ended::SignedOut,
        SignedOutBy::Supervisor => Ended::BySupervisor,
        SignedOutBy::System => Ended::BySystem(reason),
    }
}
