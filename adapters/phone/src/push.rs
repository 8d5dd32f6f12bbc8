//! Pushing: a phone whose page is old is told to open its home screen (PHN-05, PHN-12, PHN-18).
//!
//! What is pushed is only ever a URL, which the phone then fetches with its own proof. So a push
//! that comes late, twice or to a stranger shows nothing to anybody; nor does one to the agent's own
//! phone once its window was closed (see [`crate::activity`]). It goes by a channel that another adapter
//! has to the phone, else to the phone's own web server ([`channel`]).

mod certificate;
mod channel;
mod delivery;
mod pace;
mod probe;
#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::settings::Settings;
use domain::{AgentKey, AgentSession, DeviceName, SessionRef, Timestamp};
use rustls_pki_types::CertificateDer;

pub(crate) use self::channel::Way;
pub(crate) use self::pace::{Begin, Pace};
use crate::activity::{Need, Screen};
use crate::config::{fingerprint, phone_authorities, push_account};
use crate::link::{Issued, Link};
use crate::translate::{Doing, ScreenName, Shown, Shows};
use crate::{Phone, PushReason, locked};

/// How often a push is tried in all while nothing of it reaches the phone.
const ATTEMPTS_MAX: u32 = 3;
/// The shortest pause before the second attempt; the next one is twice as long, each with as much
/// jitter on top.
const RETRY_PAUSE: Duration = Duration::from_millis(400);
/// Pushes on the wire at one time, over all phones.
pub(crate) const IN_FLIGHT_MAX: usize = 64;

/// How pushes to one phone go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushState {
    /// The phone.
    pub device: DeviceName,
    /// How the last one went.
    pub reason: PushReason,
    /// Since when they go so.
    pub since: Timestamp,
}

/// The certificates trusted for phones, as of settings of that number.
pub(crate) type Authorities = (u64, Arc<Vec<CertificateDer<'static>>>);

/// One attempt.
struct Pushed {
    /// For whose page it was.
    holder: SessionRef,
    need: Option<Need>,
    reason: PushReason,
    /// The way it went in the end.
    way: Way,
}

impl Phone {
    /// How the last push to each phone went, by name.
    pub fn push_states(&self) -> Vec<PushState> {
        let pace = locked(&self.pace);
        let states = pace.states();
        let mut states: Vec<_> = states
            .map(|(device, reason, since)| PushState { device: device.clone(), reason, since })
            .collect();
        states.sort_by(|one, other| one.device.cmp(&other.device));
        states
    }

    /// An agent's session changed, or a phone's press is over: phones that are behind are told.
    pub(crate) async fn follow(self: &Arc<Self>, agent: &AgentKey) {
        let devices = locked(&self.screens).of_agent(agent);
        if devices.is_empty() {
            return;
        }
        let Ok(session) = self.port.session_of(agent).await else { return };
        let now = session.as_deref().map(|session| (session, self.shows(session)));
        for device in devices {
            let pushes = self.way(&device).is_some();
            let mut screens = locked(&self.screens);
            match screens.need(&device, now) {
                // Nobody looks at that page any more, or nobody can be told.
                Some(Need::Over) if !pushes || screens.is_closed(&device) => {
                    let holder = screens.of(&device).map(|screen| screen.holder);
                    if let Some(holder) = holder {
                        screens.forget(&device, holder);
                    }
                }
                Some(_) if pushes => {
                    drop(screens);
                    self.push(&device, false);
                }
                Some(Need::Behind { .. } | Need::Over) | None => {}
            }
        }
    }

    /// What the agent of a session is doing; `None` once it is over.
    pub(crate) fn doing(&self, session: &AgentSession) -> Option<Doing> {
        // The mark first: should it change meanwhile, a press is stale rather than misunderstood.
        let mark = self.port.page_mark(session);
        let presence = self.port.presence(session)?;
        Some(Doing { mark, presence, queues: self.port.queue_figures(&session.agent) })
    }

    /// What pages of that session would show now.
    pub(crate) fn shows(&self, session: &AgentSession) -> Shows {
        let doing = self.doing(session);
        let shown = doing.as_ref().and_then(|doing| Shown::of(session, doing));
        shown.map_or_else(Shows::default, |shown| Shows::of(shown, &self.port.settings()))
    }

    /// Begins a push, or has the one in flight followed by another.
    pub(crate) fn push(self: &Arc<Self>, device: &DeviceName, urgent: bool) -> Begin {
        let Some(way) = self.way(device) else { return Begin::Held };
        if self.stopping.load(Ordering::Acquire) {
            return Begin::Later;
        }
        let begin = locked(&self.pace).begin(device, self.port.now(), urgent, way);
        if begin == Begin::Now {
            let (phone, device) = (Arc::clone(self), device.clone());
            tokio::spawn(async move { phone.push_while_wanted(device, urgent, way).await });
        }
        begin
    }

    async fn push_while_wanted(self: Arc<Self>, device: DeviceName, mut urgent: bool, way: Way) {
        let mut way = way;
        loop {
            let ended = self.push_patiently(&device, urgent, way).await;
            let reason = ended.map(|(reason, _)| reason);
            let now = self.port.now();
            let silence = {
                let mut screens = locked(&self.screens);
                match reason {
                    Some(PushReason::Ok) => {
                        screens.ask_delivered(&device, now);
                        None
                    }
                    Some(_) => screens.ask_failed(&device, now),
                    None => {
                        screens.ask_dropped(&device);
                        None
                    }
                }
            };
            let again = locked(&self.pace).end(&device, ended, now);
            if let Some(silence) = silence {
                self.end_silence(silence).await;
            }
            urgent = false;
            match self.way(&device) {
                Some(next) if again && self.begins_again(&device, next) => way = next,
                _ => return,
            }
        }
    }

    fn begins_again(&self, device: &DeviceName, way: Way) -> bool {
        locked(&self.pace).begin(device, self.port.now(), false, way) == Begin::Now
    }

    /// Pushes until something reached the phone or the attempts are used up; `None` where nothing
    /// had to be pushed, or could be. `way` is the one for which it began.
    async fn push_patiently(
        &self,
        device: &DeviceName,
        urgent: bool,
        way: Way,
    ) -> Option<(PushReason, Way)> {
        let mut pushed: Option<Pushed> = None;
        let mut began = None;
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 0 {
                tokio::time::sleep(self.retry_pause(attempt)).await;
            }
            // Others push while this one pauses.
            let Ok(permit) = self.permits.acquire().await else { break };
            began.get_or_insert_with(|| self.port.now());
            let next = self.push_newest(device, urgent, way).await;
            drop(permit);
            let Some(next) = next else { break };
            let is_transport = next.reason.is_transport();
            pushed = Some(next);
            if !is_transport {
                break;
            }
        }
        let Pushed { holder, need, reason, way } = pushed?;
        let now = self.port.now();
        self.figures.pushed(reason, now.since(began.unwrap_or(now)));
        if reason != PushReason::Ok {
            tracing::debug!(%device, reason = reason.name(), "a phone was not pushed to");
        }
        let mut screens = locked(&self.screens);
        match need {
            // Nobody waits for that page: one push is all it gets.
            Some(Need::Over) => {
                screens.forget(device, holder);
            }
            Some(Need::Behind { shows }) if reason == PushReason::Ok => {
                screens.told(device, shows);
            }
            _ => {}
        }
        Some((reason, way))
    }

    /// Pushes what is newest, once; `None` where the phone shows it already. An urgent push goes
    /// out in any case.
    async fn push_newest(&self, device: &DeviceName, urgent: bool, way: Way) -> Option<Pushed> {
        let screen = locked(&self.screens).of(device).cloned()?;
        // Another node may push to this phone by now.
        if self.port.is_cut_off() {
            return None;
        }
        let session = self.port.session_of(&screen.agent).await.ok()?;
        let now = session.as_deref().map(|session| (session, self.shows(session)));
        let need = {
            let screens = locked(&self.screens);
            let need = screens.need(device, now);
            if need.is_none() && !urgent && !screens.is_asked(device) {
                return None;
            }
            need
        };
        let link = match need {
            // Who looks at what came with a call is not taken away from it by more of that.
            Some(Need::Behind { shows })
                if screen.page == ScreenName::Call && screen.shows.is_same(shows, false) =>
            {
                Link::Call
            }
            _ => Link::Home,
        };
        let issued = Issued {
            holder: screen.holder,
            // It leads to a view, for which that is of no use.
            changes: screen.shows.mark,
            device: device.clone(),
            at: self.port.now(),
        };
        let url = self.key.url(&screen.base, &issued, link);
        let (reason, way) = self.tell(device, &screen, url, urgent, way).await;
        self.note_pushed(device, way, reason);
        Some(Pushed { holder: screen.holder, need, reason, way })
    }

    /// Tells the phone's web server.
    async fn push_screen(
        &self,
        device: &DeviceName,
        screen: &Screen,
        url: String,
        settings: &Settings,
    ) -> PushReason {
        let account = match push_account(&self.port, settings) {
            Ok(account) => account,
            Err(reason) => return reason,
        };
        let certificate = certificate::PhoneCertificate {
            device: device.clone(),
            authorities: self.authorities(settings),
            fingerprint: fingerprint(settings, device),
            is_listed: settings.devices.contains_key(device),
            provider: Arc::clone(&self.provider),
        };
        let Ok(tls) = certificate::tls(certificate) else { return PushReason::NotConfigured };
        delivery::deliver(screen.address, &account, tls, delivery::body(url)).await
    }

    fn retry_pause(&self, attempt: u32) -> Duration {
        let pause = RETRY_PAUSE.saturating_mul(attempt);
        let [jitter] = self.port.random::<1>().unwrap_or_default();
        pause + pause.mul_f64(f64::from(jitter) / 256.0)
    }

    fn authorities(&self, settings: &Settings) -> Arc<Vec<CertificateDer<'static>>> {
        let mut kept = self.authorities.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((number, authorities)) if *number == settings.number => Arc::clone(authorities),
            _ => {
                let authorities = Arc::new(phone_authorities(settings));
                *kept = Some((settings.number, Arc::clone(&authorities)));
                authorities
            }
        }
    }

    /// The screen of a session that is placed at this node.
    pub(crate) fn is_placed_here(&self, session: &AgentSession) -> Option<DeviceName> {
        let signed_in = session.signed_in()?;
        signed_in.screen.clone().filter(|_| signed_in.node == *self.port.node())
    }
}
