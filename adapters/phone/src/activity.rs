//! Which phone shows what, and when it last asked: who is behind is pushed to, who is silent is
//! asked and then signed out.
//!
//! ```text
//!   shown --session changes elsewhere--> behind --push--> (phone fetches) --> shown
//!   shown --silent for the inactivity time--> to be asked --push delivered--> asked --fetch--> shown
//!                                               |                              `--15 s--> signed out
//!                                               `--push fails--> signed out with code 255
//!   shown --session ended or taken over--> over --one push, or fetch--> forgotten
//! ```
//!
//! Whoever left without signing out never ended the session, so a push would put its page back on the
//! screen, for whoever stands there by then. But with its window, or by a reset, the phone dropped its
//! cookies. So for some time after it showed the session's cookie (`cookie_idle_minutes`, 30 unless
//! configured) a request without it is refused, whether the phone was asked, pushed to or neither; it
//! counts as no answer, and the window as closed: from then on the phone is left alone, and silence
//! ends the session without a question. The same follows from opening the service anew. A phone that
//! showed the cookie longer ago has dropped it as documented, and one that never showed it keeps none:
//! these are judged by their address. [`cookie`] has the states.
//!
//! In memory, at most one entry for each phone that shows a signed-in agent. Pure: time comes as an
//! argument. After a restart all phones count as having asked at that moment and as never having
//! shown a cookie.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use domain::{AgentKey, AgentSession, DeviceName, SessionRef, Timestamp};
use http::HeaderMap;

use crate::client::Told;
use crate::proof::Proven;
use crate::translate::{ScreenName, Shows};

mod cookie;
#[cfg(test)]
mod tests;

use cookie::Cookie;

/// How long a phone that was asked by a push may take to fetch a page.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(15);

/// What one phone shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    pub(crate) agent: AgentKey,
    /// The holder its links speak for.
    pub(crate) holder: SessionRef,
    /// What its page shows.
    pub(crate) shows: Shows,
    /// Which page that is.
    pub(crate) page: ScreenName,
    /// Where it was last seen.
    pub(crate) address: IpAddr,
    /// Under which scheme, host and port it reaches us.
    pub(crate) base: String,
    fetched_at: Timestamp,
    asked: Asked,
    /// What a push told it of.
    told: Option<Shows>,
    /// Whether it began anew since, and shows nothing of the page any more.
    is_lost: bool,
    /// What is known of the cookie of that holder's sign-in.
    cookie: Cookie,
    /// What the phone said of itself when it was given the page.
    said: Told,
}

/// How far the question to a silent phone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// It is not silent.
    No,
    /// A push is wanted and was not tried yet, which takes its time while many are in flight.
    Wanted,
    /// The push was delivered then, or failed then and the sign-out has to be tried again.
    Since(Timestamp),
}

/// What a phone needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Its page shows something else than this, which one made now would.
    Behind { shows: Shows },
    /// Its page speaks for a session that ended or was taken over.
    Over,
}

/// What silence leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The phone is to be asked by a push.
    Ask(DeviceName),
    /// The phone did not answer; its agent is to be signed out.
    SignOut { device: DeviceName, agent: AgentKey, holder: SessionRef },
}

/// All phones that show something.
#[derive(Default)]
pub(crate) struct Screens {
    screens: HashMap<DeviceName, Screen>,
    by_agent: HashMap<AgentKey, BTreeSet<DeviceName>>,
    /// Phones whose press is being carried out; their answer is the new page.
    pressing: HashMap<DeviceName, u32>,
}

impl Screens {
    /// A phone is being given a page of that session.
    pub(crate) fn show(&mut self, device: &DeviceName, mut screen: Screen) {
        if let Some(before) = self.held(device, screen.holder) {
            screen.cookie = before.cookie;
        }
        let agent = screen.agent.clone();
        if let Some(before) = self.screens.insert(device.clone(), screen)
            && before.agent != agent
        {
            self.unlist(device, &before.agent);
        }
        self.by_agent.entry(agent).or_default().insert(device.clone());
    }

    /// A phone that showed a page of that session and came by that base is being given another, as
    /// mostly happens; gives whether that is so. Otherwise [`Screens::show`] has to follow.
    pub(crate) fn show_again(
        &mut self,
        device: &DeviceName,
        session: &AgentSession,
        (shows, page): (Shows, ScreenName),
        (address, base): (IpAddr, &str),
        now: Timestamp,
    ) -> bool {
        let Some(screen) = self.screens.get_mut(device) else { return false };
        if screen.holder != session.holder() || screen.agent != session.agent || screen.base != base
        {
            return false;
        }
        (screen.shows, screen.page) = (shows, page);
        (screen.address, screen.fetched_at) = (address, now);
        (screen.asked, screen.told, screen.is_lost) = (Asked::No, None, false);
        true
    }

    /// A phone that was given a page said that of itself.
    pub(crate) fn note_said(&mut self, device: &DeviceName, headers: &HeaderMap) {
        if let Some(screen) = self.screens.get_mut(device)
            && !screen.said.is(headers)
        {
            screen.said = Told::of(headers);
        }
    }

    /// A push told a phone that there is something new; the rest is up to the phone.
    pub(crate) fn told(&mut self, device: &DeviceName, shows: Shows) {
        if let Some(screen) = self.screens.get_mut(device) {
            screen.told = Some(shows);
        }
    }

    /// A phone began anew: whatever it was given or told of is not on its screen any more.
    pub(crate) fn lose(&mut self, device: &DeviceName) {
        if let Some(screen) = self.screens.get_mut(device) {
            (screen.is_lost, screen.told) = (true, None);
        }
    }

    /// A phone asked for something and may speak for its session.
    pub(crate) fn hear(&mut self, device: &DeviceName, now: Timestamp) {
        if let Some(screen) = self.screens.get_mut(device) {
            screen.fetched_at = now;
            screen.asked = Asked::No;
        }
    }

    /// Whether a request of that phone without the cookie is not to be believed, since an idle phone
    /// would have kept the one it showed for `kept`.
    pub(crate) fn needs_cookie(
        &self,
        device: &DeviceName,
        holder: SessionRef,
        now: Timestamp,
        kept: Duration,
    ) -> bool {
        self.held(device, holder).is_some_and(|screen| screen.cookie.is_needed(now, kept))
    }

    /// The window that had that holder's page was closed.
    pub(crate) fn close(&mut self, device: &DeviceName, holder: SessionRef) {
        if let Some(screen) = self.screens.get_mut(device).filter(|it| it.holder == holder) {
            screen.cookie = Cookie::Gone;
        }
    }

    /// A request of that phone was believed, by what it shows.
    pub(crate) fn believe(
        &mut self,
        device: &DeviceName,
        holder: SessionRef,
        proven: Proven,
        now: Timestamp,
    ) {
        if let Some(screen) = self.screens.get_mut(device).filter(|it| it.holder == holder) {
            screen.cookie = match proven {
                Proven::Cookie => Cookie::Shown(now),
                Proven::Address => Cookie::Unseen,
            };
        }
    }

    /// Whether the window that had that phone's page was closed.
    pub(crate) fn is_closed(&self, device: &DeviceName) -> bool {
        self.screens.get(device).is_some_and(|screen| screen.cookie == Cookie::Gone)
    }

    fn held(&self, device: &DeviceName, holder: SessionRef) -> Option<&Screen> {
        self.screens.get(device).filter(|screen| screen.holder == holder)
    }

    /// What that phone shows.
    pub(crate) fn of(&self, device: &DeviceName) -> Option<&Screen> {
        self.screens.get(device)
    }

    /// The phones that show something of that agent.
    pub(crate) fn of_agent(&self, agent: &AgentKey) -> Vec<DeviceName> {
        self.by_agent.get(agent).into_iter().flatten().cloned().collect()
    }

    /// Everybody whom some phone shows.
    pub(crate) fn agents(&self) -> Vec<AgentKey> {
        self.by_agent.keys().cloned().collect()
    }

    /// How many phones show something.
    pub(crate) fn count(&self) -> usize {
        self.screens.len()
    }

    /// Forgets what a phone shows, where it is still that holder's; gives whether it was.
    pub(crate) fn forget(&mut self, device: &DeviceName, holder: SessionRef) -> bool {
        let is_theirs = self.held(device, holder).is_some();
        if is_theirs && let Some(screen) = self.screens.remove(device) {
            self.unlist(device, &screen.agent);
        }
        is_theirs
    }

    fn unlist(&mut self, device: &DeviceName, agent: &AgentKey) {
        if let Some(devices) = self.by_agent.get_mut(agent) {
            devices.remove(device);
            if devices.is_empty() {
                self.by_agent.remove(agent);
            }
        }
    }

    /// A press of that phone begins.
    pub(crate) fn press_begins(&mut self, device: &DeviceName) {
        *self.pressing.entry(device.clone()).or_default() += 1;
    }

    /// A press of that phone is over.
    pub(crate) fn press_ends(&mut self, device: &DeviceName) {
        if let Some(count) = self.pressing.get_mut(device) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.pressing.remove(device);
            }
        }
    }

    /// What a phone needs, given the latest session of the agent that it shows, and what a page of it
    /// would show now.
    pub(crate) fn need(
        &self,
        device: &DeviceName,
        session: Option<(&AgentSession, Shows)>,
    ) -> Option<Need> {
        if self.pressing.contains_key(device) {
            return None;
        }
        let screen = self.screens.get(device)?;
        let session = session
            .filter(|(session, _)| session.holder() == screen.holder)
            .filter(|(session, _)| session.signed_in().is_some());
        match session {
            None => Some(Need::Over),
            Some((_, shows)) if screen.cookie != Cookie::Gone && !screen.knows(shows) => {
                Some(Need::Behind { shows })
            }
            Some(_) => None,
        }
    }

    /// Whether a phone is to be asked, or was and has not answered yet.
    pub(crate) fn is_asked(&self, device: &DeviceName) -> bool {
        self.screens.get(device).is_some_and(|screen| screen.asked != Asked::No)
    }

    /// A push to a phone got through: if it was to be asked, its time to answer begins.
    pub(crate) fn ask_delivered(&mut self, device: &DeviceName, now: Timestamp) {
        if let Some(screen) = self.unasked(device) {
            screen.asked = Asked::Since(now);
        }
    }

    /// A push to a phone that was to be asked did not get through: its agent is to be signed out.
    pub(crate) fn ask_failed(&mut self, device: &DeviceName, now: Timestamp) -> Option<Silence> {
        let screen = self.unasked(device)?;
        screen.asked = Asked::Since(now);
        Some(screen.sign_out(device))
    }

    /// A push to a phone that was to be asked could not be tried; the next look asks again.
    pub(crate) fn ask_dropped(&mut self, device: &DeviceName) {
        if let Some(screen) = self.unasked(device) {
            screen.asked = Asked::No;
        }
    }

    fn unasked(&mut self, device: &DeviceName) -> Option<&mut Screen> {
        self.screens.get_mut(device).filter(|screen| screen.asked == Asked::Wanted)
    }

    /// What follows from silence at `now`; `inactivity` of zero means nothing ever does.
    pub(crate) fn silence(&mut self, now: Timestamp, inactivity: Duration) -> Vec<Silence> {
        let mut found = Vec::new();
        for (device, screen) in &mut self.screens {
            if inactivity.is_zero() {
                screen.asked = Asked::No;
                continue;
            }
            match screen.asked {
                Asked::No if now.since(screen.fetched_at) < inactivity => {}
                // No answer to a question would be believed.
                Asked::No if screen.cookie == Cookie::Gone => {
                    screen.asked = Asked::Since(now);
                    found.push(screen.sign_out(device));
                }
                Asked::No => {
                    screen.asked = Asked::Wanted;
                    found.push(Silence::Ask(device.clone()));
                }
                Asked::Since(asked_at) if now.since(asked_at) >= ANSWER_TIME => {
                    found.push(screen.sign_out(device));
                }
                _ => {}
            }
        }
        found
    }
}

impl Screen {
    /// A page that is being given to a phone now.
    pub(crate) fn new(
        session: &AgentSession,
        (shows, page): (Shows, ScreenName),
        address: IpAddr,
        base: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            agent: session.agent.clone(),
            holder: session.holder(),
            shows,
            page,
            address,
            base: base.into(),
            fetched_at: now,
            asked: Asked::No,
            told: None,
            is_lost: false,
            cookie: Cookie::Unseen,
            said: Told::default(),
        }
    }

    /// When it was given its page, or asked for something.
    pub(crate) fn fetched_at(&self) -> Timestamp {
        self.fetched_at
    }

    /// What it said of itself.
    pub(crate) fn said(&self) -> &Told {
        &self.said
    }

    /// Whether it began anew since it was given its page.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Whether the phone shows that, or was told of it. What came with a call shows on the call's page
    /// alone.
    fn knows(&self, shows: Shows) -> bool {
        let is_call_page = self.page == ScreenName::Call;
        let is_same = |known: Shows| known.is_same(shows, is_call_page);
        (!self.is_lost && is_same(self.shows)) || self.told.is_some_and(is_same)
    }

    /// Whether the phone was asked and its time to answer runs.
    #[cfg(test)]
    pub(crate) fn is_waited_for(&self) -> bool {
        matches!(self.asked, Asked::Since(_))
    }

    fn sign_out(&self, device: &DeviceName) -> Silence {
        Silence::SignOut { device: device.clone(), agent: self.agent.clone(), holder: self.holder }
    }
}
