//! Both directions of meaning, pure: a session and settings become a page, a press becomes a wish.
//!
//! Pages hold links that are made here; what a link opens is decided in `routes`.

mod call;
mod calls;
mod home;
mod keys;
mod press;
mod problem;
mod reasons;
mod shows;
mod sign_in;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::fmt;

use domain::settings::Settings;
use domain::{
    AgentId, AgentSession, DeviceName, Presence, QueueFigures, ReasonCategory, ReasonCode,
    SignedIn, Timestamp,
};
use protocols::phone_xml::Object;

pub(crate) use call::call;
pub(crate) use home::{Remark, home};
pub(crate) use press::{Ended, ended, is_so, wish};
pub(crate) use problem::{Problem, Ways, problem};
pub(crate) use reasons::reasons;
pub(crate) use shows::Shows;
pub(crate) use sign_in::{Field, Form, devices, form, mobile_modes};

use crate::client::Client;
use crate::link::{Issued, Link, LinkKey};

/// Which screen a page is, for figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ScreenName {
    SignIn,
    Choice,
    Home,
    Reasons(ReasonCategory),
    Call,
    Problem,
}

impl ScreenName {
    /// Every screen; lists of reasons are one for figures.
    pub(crate) const ALL: [Self; 6] = [
        Self::SignIn,
        Self::Choice,
        Self::Home,
        Self::Reasons(ReasonCategory::NotReady),
        Self::Call,
        Self::Problem,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Choice => "choice",
            Self::Home => "home",
            Self::Reasons(_) => "reasons",
            Self::Call => "call",
            Self::Problem => "problem",
        }
    }
}

/// A page for one phone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) name: ScreenName,
    pub(crate) object: Object,
    /// After how many seconds the phone opens which URL by itself.
    pub(crate) refresh: Option<(u32, String)>,
}

impl fmt::Debug for Page {
    /// Neither what it says nor its links.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Page").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Everything around a page but the session.
pub(crate) struct Scene<'a> {
    pub(crate) client: &'a Client<'a>,
    /// Scheme, host and port under which the phone reaches us.
    pub(crate) base: &'a str,
    /// The same of another node that the phone can go to.
    pub(crate) elsewhere: Option<&'a str>,
    pub(crate) device: &'a DeviceName,
    pub(crate) settings: &'a Settings,
    pub(crate) key: &'a LinkKey,
    pub(crate) now: Timestamp,
    /// What all links of the page begin with, once the first was made.
    pub(crate) links: OnceCell<String>,
}

/// What the agent of a session is doing, as it was looked up for a page.
#[derive(Clone, Debug)]
pub(crate) struct Doing {
    /// What links of the page carry ([`engine::Port::page_mark`]).
    pub(crate) mark: u32,
    pub(crate) presence: Presence,
    pub(crate) queues: Option<QueueFigures>,
}

/// A signed-in session on its way to a page.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) session: &'a AgentSession,
    pub(crate) signed_in: &'a SignedIn,
    /// What the agent is doing, by whoever owns that.
    pub(crate) presence: &'a Presence,
    /// What links of the page carry ([`engine::Port::page_mark`]).
    pub(crate) mark: u32,
    /// The calls that wait, where that is told.
    pub(crate) queues: Option<QueueFigures>,
}

impl<'a> Shown<'a> {
    pub(crate) fn of(session: &'a AgentSession, doing: &'a Doing) -> Option<Self> {
        let Doing { mark, presence, queues } = doing;
        let (mark, queues) = (*mark, *queues);
        session.signed_in().map(|signed_in| Self { session, signed_in, presence, mark, queues })
    }

    fn agent(&self) -> &'a AgentId {
        &self.session.agent.id
    }
}

impl Scene<'_> {
    /// The URL of a link on a page that shows that session as it is.
    pub(crate) fn link(&self, shown: Shown<'_>, link: Link) -> String {
        let beginning = self.links.get_or_init(|| {
            let issued = Issued {
                holder: shown.session.holder(),
                changes: shown.mark,
                device: self.device.clone(),
                at: self.now,
            };
            self.key.beginning(self.base, &issued)
        });
        [beginning.as_str(), &link.path()].concat()
    }

    /// The same page at another node, where there is one (PHN-11).
    fn elsewhere(&self, shown: Shown<'_>) -> Option<String> {
        let elsewhere = self.elsewhere?;
        let here = self.link(shown, Link::Home);
        here.strip_prefix(self.base).map(|path| [elsewhere, path].concat())
    }

    /// What agents read for a reason; one that nobody configured is shown as the number it came as.
    fn reason(&self, category: ReasonCategory, code: ReasonCode) -> String {
        let reason = self.settings.reasons.get(&(category, code));
        reason.map_or_else(|| code.to_string(), |reason| reason.label.clone())
    }

    fn has_reasons(&self, shown: Shown<'_>, category: ReasonCategory) -> bool {
        self.settings.reasons_for(shown.agent(), category).next().is_some()
    }
}

/// How long something has lasted: hours, minutes, seconds.
fn duration(now: Timestamp, since: Timestamp) -> String {
    let seconds = now.since(since).as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
