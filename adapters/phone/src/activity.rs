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

use crate::proof::Proven;

mod cookie;

use cookie::Cookie;

/// How long a phone that was asked by a push may take to fetch a page.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(15);

/// What one phone shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    pub(crate) agent: AgentKey,
    /// The holder its links speak for.
    pub(crate) holder: SessionRef,
    /// The count of changes its page shows.
    pub(crate) changes: u32,
    /// Where it was last seen.
    pub(crate) address: IpAddr,
    /// Under which scheme, host and port it reaches us.
    pub(crate) base: String,
    fetched_at: Timestamp,
    asked: Asked,
    /// The count of changes that a push told it of.
    told: Option<u32>,
    /// What is known of the cookie of that holder's sign-in.
    cookie: Cookie,
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
    /// Its page is older than the session, which has this count of changes.
    Behind { changes: u32 },
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
        changes: u32,
        (address, base): (IpAddr, &str),
        now: Timestamp,
    ) -> bool {
        let Some(screen) = self.screens.get_mut(device) else { return false };
        if screen.holder != session.holder() || screen.agent != session.agent || screen.base != base
        {
            return false;
        }
        (screen.changes, screen.address, screen.fetched_at) = (changes, address, now);
        (screen.asked, screen.told) = (Asked::No, None);
        true
    }

    /// A push told a phone of that count of changes; the rest is up to the phone.
    pub(crate) fn told(&mut self, device: &DeviceName, changes: u32) {
        if let Some(screen) = self.screens.get_mut(device) {
            screen.told = Some(changes);
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

    /// What a phone needs, given the latest session of the agent that it shows.
    pub(crate) fn need(&self, device: &DeviceName, session: Option<&AgentSession>) -> Option<Need> {
        if self.pressing.contains_key(device) {
            return None;
        }
        let screen = self.screens.get(device)?;
        let session = session.filter(|session| session.holder() == screen.holder);
        match session.and_then(AgentSession::signed_in) {
            None => Some(Need::Over),
            Some(signed_in)
                if screen.cookie != Cookie::Gone
                    && signed_in.changes != screen.changes
                    && screen.told != Some(signed_in.changes) =>
            {
                Some(Need::Behind { changes: signed_in.changes })
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
        changes: u32,
        address: IpAddr,
        base: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            agent: session.agent.clone(),
            holder: session.holder(),
            changes,
            address,
            base: base.into(),
            fetched_at: now,
            asked: Asked::No,
            told: None,
            cookie: Cookie::Unseen,
        }
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

#[cfg(test)]
mod tests {
    use domain::{
        AgentSession, PairName, SessionNumber, SignedIn, SignedOut, SignedOutBy, Status, Voice,
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const INACTIVITY: Duration = Duration::from_secs(120);
    const KEPT: Duration = Duration::from_secs(30 * 60);

    fn device(name: &str) -> DeviceName {
        name.parse().unwrap()
    }

    fn later(seconds: u64) -> Timestamp {
        NOW.after(Duration::from_secs(seconds))
    }

    fn session(generation: u32, changes: u32) -> AgentSession {
        AgentSession {
            agent: AgentKey { pair: PairName::owned(), id: "1001".parse().unwrap() },
            number: SessionNumber(7),
            generation,
            status: Status::SignedIn(Box::new(SignedIn {
                at: NOW,
                node: "gw-a.example".parse().unwrap(),
                extension: "2001".parse().unwrap(),
                device: None,
                screen: Some(device("SEP1")),
                mobile: None,
                proof: None,
                voice: Voice::signed_in(NOW),
                call: None,
                changes,
            })),
        }
    }

    fn shown() -> Screens {
        let mut screens = Screens::default();
        let screen = Screen::new(&session(1, 3), 3, [192, 0, 2, 7].into(), "https://gw", NOW);
        screens.show(&device("SEP1"), screen);
        screens
    }

    #[test]
    fn phn_05_a_phone_whose_page_is_old_needs_a_push() {
        let mut screens = shown();
        let sep1 = device("SEP1");
        let need = |screens: &Screens, session: &AgentSession| screens.need(&sep1, Some(session));
        assert_eq!(need(&screens, &session(1, 3)), None);
        assert_eq!(need(&screens, &session(1, 4)), Some(Need::Behind { changes: 4 }));
        // The phone's own press gets the new page as its answer.
        screens.press_begins(&sep1);
        screens.press_begins(&sep1);
        assert_eq!(need(&screens, &session(1, 4)), None);
        screens.press_ends(&sep1);
        assert_eq!(need(&screens, &session(1, 4)), None);
        screens.press_ends(&sep1);
        assert_eq!(need(&screens, &session(1, 4)), Some(Need::Behind { changes: 4 }));
        assert_eq!(screens.need(&device("SEP2"), Some(&session(1, 4))), None);
        // Once told, the rest is up to the phone.
        screens.told(&sep1, 4);
        assert_eq!(need(&screens, &session(1, 4)), None);
        assert_eq!(need(&screens, &session(1, 5)), Some(Need::Behind { changes: 5 }));
    }

    #[test]
    fn phn_22_a_page_whose_session_is_over_needs_a_push() {
        let screens = shown();
        let sep1 = device("SEP1");
        assert_eq!(screens.need(&sep1, Some(&session(2, 4))), Some(Need::Over));
        assert_eq!(screens.need(&sep1, None), Some(Need::Over));
        let end = SignedOut { at: NOW, reason: None, by: SignedOutBy::Supervisor };
        let ended = AgentSession { status: Status::SignedOut(end), ..session(2, 0) };
        assert_eq!(screens.need(&sep1, Some(&ended)), Some(Need::Over));
    }

    #[test]
    fn phn_20_a_silent_phone_is_asked_and_then_signed_out() {
        let mut screens = shown();
        let sep1 = device("SEP1");
        assert_eq!(screens.silence(later(119), INACTIVITY), []);
        assert_eq!(screens.silence(later(120), INACTIVITY), [Silence::Ask(sep1.clone())]);
        // While the push waits for others, nothing follows.
        assert_eq!(screens.silence(later(180), INACTIVITY), []);
        screens.ask_delivered(&sep1, later(180));
        screens.ask_delivered(&sep1, later(190));
        assert_eq!(screens.ask_failed(&sep1, later(190)), None);
        assert_eq!(screens.silence(later(194), INACTIVITY), []);
        let sign_out = Silence::SignOut {
            device: sep1.clone(),
            agent: session(1, 3).agent,
            holder: session(1, 3).holder(),
        };
        assert_eq!(screens.silence(later(195), INACTIVITY), [sign_out]);
    }

    #[test]
    fn phn_20_a_phone_that_cannot_be_asked_is_signed_out() {
        let mut screens = shown();
        let sep1 = device("SEP1");
        assert_eq!(screens.ask_failed(&sep1, NOW), None);
        assert_eq!(screens.silence(later(120), INACTIVITY).len(), 1);
        // What kept a push from being tried is not the phone's fault.
        screens.ask_dropped(&sep1);
        assert_eq!(screens.silence(later(121), INACTIVITY), [Silence::Ask(sep1.clone())]);
        let sign_out = screens.ask_failed(&sep1, later(122));
        assert!(matches!(sign_out, Some(Silence::SignOut { .. })));
        // Where that came to nothing it is tried again.
        assert_eq!(screens.silence(later(136), INACTIVITY), []);
        assert_eq!(screens.silence(later(137), INACTIVITY), Vec::from_iter(sign_out));
    }

    #[test]
    fn phn_19_a_phone_has_to_show_the_cookie_for_half_an_hour_after_it_did() {
        let mut screens = shown();
        let (sep1, holder) = (device("SEP1"), session(1, 3).holder());
        assert!(!screens.needs_cookie(&sep1, holder, NOW, KEPT), "it never showed one");
        screens.believe(&sep1, session(2, 0).holder(), Proven::Cookie, NOW);
        assert!(!screens.needs_cookie(&sep1, holder, NOW, KEPT), "that was another's");
        screens.believe(&sep1, holder, Proven::Cookie, NOW);
        assert!(screens.needs_cookie(&sep1, holder, NOW, KEPT));
        assert!(!screens.needs_cookie(&sep1, session(2, 0).holder(), NOW, KEPT));
        // Whether it was asked or answered something makes no difference.
        screens.silence(later(120), INACTIVITY);
        screens.ask_delivered(&sep1, later(121));
        assert!(screens.needs_cookie(&sep1, holder, later(121), KEPT));
        screens.hear(&sep1, later(122));
        assert!(screens.needs_cookie(&sep1, holder, later(1799), KEPT));
        // Then it dropped the cookie as documented.
        assert!(!screens.needs_cookie(&sep1, holder, later(1800), KEPT));
        // A clock that was set back does not prolong that, and with zero the address always counts.
        screens.believe(&sep1, holder, Proven::Cookie, later(86_400));
        assert!(!screens.needs_cookie(&sep1, holder, later(1), KEPT));
        assert!(!screens.needs_cookie(&sep1, holder, later(86_401), Duration::ZERO));
        screens.believe(&sep1, holder, Proven::Cookie, NOW);
        // Coming by another base is no news about cookies, another sign-in is.
        let anew = |generation| {
            let address = [192, 0, 2, 7].into();
            Screen::new(&session(generation, 3), 3, address, "https://other", later(122))
        };
        screens.show(&sep1, anew(1));
        assert!(screens.needs_cookie(&sep1, holder, later(1799), KEPT));
        screens.show(&sep1, anew(2));
        assert!(!screens.needs_cookie(&sep1, session(2, 0).holder(), later(122), KEPT));
    }

    #[test]
    fn phn_19_a_phone_whose_window_was_closed_is_left_alone_until_its_session_ends() {
        let mut screens = shown();
        let (sep1, holder) = (device("SEP1"), session(1, 3).holder());
        screens.believe(&sep1, holder, Proven::Cookie, NOW);
        screens.close(&sep1, session(2, 0).holder());
        assert!(!screens.is_closed(&sep1), "that was another's");
        screens.close(&sep1, holder);
        assert!(screens.is_closed(&sep1));
        // However long ago: whoever stands there now opened no page of that session.
        assert!(screens.needs_cookie(&sep1, holder, later(86_400), KEPT));
        assert_eq!(screens.need(&sep1, Some(&session(1, 4))), None);
        assert_eq!(screens.need(&sep1, Some(&session(2, 4))), Some(Need::Over));
        // A question would get no answer that is believed.
        assert_eq!(screens.silence(later(119), INACTIVITY), []);
        let ended = screens.silence(later(120), INACTIVITY);
        assert!(matches!(ended.as_slice(), [Silence::SignOut { .. }]), "{ended:?}");
        assert_eq!(screens.silence(later(121), INACTIVITY), []);
        assert_eq!(screens.silence(later(135), INACTIVITY), ended, "where that came to nothing");
        // The cookie itself shows that the window is there.
        screens.believe(&sep1, holder, Proven::Cookie, later(136));
        assert!(!screens.is_closed(&sep1));
        assert_eq!(screens.need(&sep1, Some(&session(1, 4))), Some(Need::Behind { changes: 4 }));
    }

    #[test]
    fn phn_20_a_phone_that_dropped_its_cookie_is_judged_by_its_address_from_then_on() {
        let mut screens = shown();
        let (sep1, holder) = (device("SEP1"), session(1, 3).holder());
        screens.believe(&sep1, holder, Proven::Cookie, NOW);
        screens.believe(&sep1, holder, Proven::Address, later(1800));
        assert!(!screens.needs_cookie(&sep1, holder, later(1801), KEPT));
        // Where the clock was set back too.
        assert!(!screens.needs_cookie(&sep1, holder, NOW, KEPT));
        screens.believe(&sep1, holder, Proven::Cookie, later(1802));
        assert!(screens.needs_cookie(&sep1, holder, later(1803), KEPT));
    }

    #[test]
    fn phn_20_a_phone_that_fetches_stays() {
        let mut screens = shown();
        let sep1 = device("SEP1");
        screens.hear(&sep1, later(119));
        assert_eq!(screens.silence(later(238), INACTIVITY), []);
        assert_eq!(screens.silence(later(239), INACTIVITY), [Silence::Ask(sep1.clone())]);
        screens.hear(&sep1, later(240));
        assert_eq!(screens.ask_failed(&sep1, later(240)), None);
        assert_eq!(screens.silence(later(300), INACTIVITY), []);
    }

    #[test]
    fn phn_20_zero_means_never() {
        let mut screens = shown();
        assert_eq!(screens.silence(later(1_000_000), Duration::ZERO), []);
        assert_eq!(screens.silence(later(1_000_000), INACTIVITY).len(), 1);
        assert_eq!(screens.silence(later(1_000_100), Duration::ZERO), []);
        assert!(!screens.is_asked(&device("SEP1")));
    }

    #[test]
    fn what_belongs_to_another_holder_is_not_forgotten() {
        let mut screens = shown();
        let sep1 = device("SEP1");
        assert!(!screens.forget(&sep1, session(2, 0).holder()));
        assert_eq!((screens.count(), screens.of_agent(&session(1, 3).agent).len()), (1, 1));
        assert!(screens.forget(&sep1, session(1, 0).holder()));
        assert_eq!((screens.count(), screens.by_agent.len()), (0, 0));
    }

    #[test]
    fn a_page_shown_again_is_as_if_it_were_shown_anew() {
        let sep1 = device("SEP1");
        let (address, base) = (IpAddr::from([192, 0, 2, 9]), "https://gw");
        let again = |screens: &mut Screens, session: &AgentSession, base: &str| {
            screens.show_again(&sep1, session, 5, (address, base), later(130))
        };
        let mut screens = shown();
        assert_eq!(screens.silence(later(120), INACTIVITY).len(), 1);
        screens.told(&sep1, 5);
        assert!(again(&mut screens, &session(1, 5), base));
        let anew = Screen::new(&session(1, 5), 5, address, base, later(130));
        assert_eq!(screens.of(&sep1), Some(&anew));
        let other = AgentKey { pair: PairName::owned(), id: "1002".parse().unwrap() };
        let other = AgentSession { agent: other, ..session(1, 5) };
        assert!(!again(&mut screens, &other, base));
        assert!(!again(&mut screens, &session(2, 5), base));
        assert!(!again(&mut screens, &session(1, 5), "https://other"));
        assert!(!again(&mut Screens::default(), &session(1, 5), base));
        assert_eq!(screens.of(&sep1), Some(&anew));
    }

    #[test]
    fn phn_19_a_phone_shows_one_agent_at_a_time() {
        let mut screens = shown();
        let other = AgentSession {
            agent: AgentKey { pair: PairName::owned(), id: "1002".parse().unwrap() },
            ..session(1, 0)
        };
        let screen = Screen::new(&other, 0, [192, 0, 2, 7].into(), "https://gw", NOW);
        screens.show(&device("SEP1"), screen);
        assert_eq!(screens.of_agent(&session(1, 3).agent), []);
        assert_eq!(screens.of_agent(&other.agent), [device("SEP1")]);
    }
}
