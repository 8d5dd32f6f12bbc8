//! Screens and notices over SIP: a phone that registered here, and takes such requests, is a channel of the engine's.
//!
//! What is to be shown goes as a REFER with two parts (`protocols::sip::body::screen`): a phone that is reached
//! so needs neither its web server nor our password at it. Phones behind a next hop did not say what they take:
//! they are channels where the settings say it for them, while a server of their hop can be used; other nodes
//! then have the same way. What a headset is told goes as REFER with the agent's state, or as NOTIFY with news
//! of its services.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::settings::Device;
use domain::{DeviceName, HeadsetNews, HeadsetState, HeadsetStatus};
use engine::{
    Channel, ChannelKind, ChannelRequest, Notice, Reach, Show, ShowFailure, ShowPriority, Wanted,
};
use protocols::phone_xml::{Execute, ExecuteItem, Object, Priority};
use protocols::sip::body::remotecc::{
    AgentState, AgentStatus, DataPassThrough, HeadsetNews as News, HeadsetServices, Request,
    ServiceClass,
};
use protocols::sip::body::{REQUEST_TYPE, Remotecc, Unsendable, multipart, screen};
use protocols::sip::registrar::Binding;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::element::{Element, State};
use crate::events::{Reached, SipEvent};
use crate::flows::locked;
use crate::outgoing::{By, Delivery, Errand};
use crate::stream::stopped;

/// What waits to be shown, of all phones.
const REQUESTS_MAX: usize = 1_024;
/// After events were missed all bindings are looked at, and then not again for so long.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What is being shown at once.
const SHOWING_MAX: usize = 4_096;
/// How often it is looked which next hops can be used.
const LOOK: Duration = Duration::from_millis(500);
/// The application of ours: none, since our pages are links of their own.
const APPLICATION: u32 = 0;

/// Offers phones as channels until it is to stop.
pub(crate) async fn run(element: Arc<Element>, mut stop: watch::Receiver<bool>) {
    let mut events = element.events().subscribe();
    let (requests, mut wanted) = mpsc::channel(REQUESTS_MAX);
    let mut offered = Offered {
        element: Arc::clone(&element),
        requests,
        channels: HashMap::new(),
        behind: BTreeMap::new(),
        seen: None,
    };
    let mut hops = tokio::time::interval(LOOK);
    let mut showing = JoinSet::new();
    offered.look();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut has_missed = false;
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            event = events.recv() => match event {
                Ok(SipEvent::Reachable(reached)) => offered.reachable(reached),
                Ok(SipEvent::Unreachable(device, _)) => offered.unreachable(&device),
                Ok(SipEvent::News { .. }) => {}
                Err(RecvError::Lagged(_)) => has_missed = true,
                Err(RecvError::Closed) => return,
            },
            _ = hops.tick() => offered.look_behind(),
            _ = looks.tick(), if has_missed => {
                has_missed = false;
                offered.look();
            }
            Some(_) = showing.join_next(), if !showing.is_empty() => {}
            Some(request) = wanted.recv(), if showing.len() < SHOWING_MAX => {
                showing.spawn(fulfil(Arc::clone(&element), request));
            }
        }
    }
}

/// Phones that are offered.
struct Offered {
    element: Arc<Element>,
    requests: mpsc::Sender<ChannelRequest>,
    channels: HashMap<DeviceName, Offer>,
    /// Phones behind next hops that can be used, with the hop's name.
    behind: BTreeMap<DeviceName, Arc<str>>,
    /// What that follows from: the settings' number, and the hops.
    seen: Option<(u64, BTreeSet<String>)>,
}

/// A phone that is offered.
struct Offer {
    channel: Channel,
    /// When the newest of its registrations had begun then; with a later one the phone began anew.
    since: Option<Instant>,
}

/// How a phone is reached.
struct Way {
    reach: Reach,
    /// When the newest of its registrations began, where it has any.
    since: Option<Instant>,
}

impl Offered {
    fn reachable(&mut self, Reached { device, is_fresh }: Reached) {
        let way = way(&locked(&self.element.state), &device);
        let way = way.or_else(|| self.behind.get(&device).map(behind));
        match way {
            Some(way) => self.offer(device, is_fresh, way),
            None => self.unreachable(&device),
        }
    }

    fn offer(&mut self, device: DeviceName, is_fresh: bool, Way { reach, since }: Way) {
        let Self { element, requests, channels, .. } = self;
        let all = element.port.channels();
        if is_fresh {
            // In the place of the one before, which takes nothing of it with it.
            let requests = requests.clone();
            let channel = all.register_anew(&device, ChannelKind::Sip, requests, reach);
            channels.insert(device, Offer { channel, since });
        } else {
            let offer = channels.entry(device).or_insert_with_key(|device| {
                let requests = requests.clone();
                let channel = all.register(device, ChannelKind::Sip, requests, reach.clone());
                Offer { channel, since }
            });
            offer.channel.set_reach(reach);
        }
    }

    fn unreachable(&mut self, device: &DeviceName) {
        self.channels.remove(device);
    }

    /// Looks at phones behind next hops, where the settings or the hops are others than before.
    fn look_behind(&mut self) {
        let settings = self.element.port.settings();
        let seen = Some((settings.number, self.element.usable_hops()));
        if self.seen == seen {
            return;
        }
        let hops = seen.as_ref().map(|(_, hops)| hops);
        let behind = |device: &Device| {
            let sip = device.sip.as_ref().filter(|sip| sip.remotecc)?;
            let hop = sip.next_hop.as_ref().filter(|hop| hops.is_some_and(|it| it.contains(*hop)));
            Some((device.name.clone(), hop?.as_str().into()))
        };
        let behind: BTreeMap<DeviceName, Arc<str>> =
            settings.devices.values().filter_map(|device| behind(device)).collect();
        let devices: BTreeSet<_> = self.behind.keys().chain(behind.keys()).cloned().collect();
        self.behind = behind;
        self.seen = seen;
        for device in devices {
            self.reachable(Reached { device, is_fresh: false });
        }
    }

    /// Looks at all bindings, where events were missed. Phones count as having begun anew where that may be: to be
    /// shown something once more does no harm.
    fn look(&mut self) {
        let all: BTreeMap<DeviceName, Way> = {
            let state = locked(&self.element.state);
            let takes = state.registrar.bindings().filter(|it| it.is_live && it.remotecc);
            let devices: BTreeSet<_> = takes.filter_map(|it| it.device.as_deref()).collect();
            let named = devices.into_iter().filter_map(|device| device.parse().ok());
            let found = named.filter_map(|device| Some((way(&state, &device)?, device)));
            found.map(|(way, device)| (device, way)).collect()
        };
        let is_there = |device: &DeviceName| all.contains_key(device);
        self.channels.retain(|device, _| is_there(device) || self.behind.contains_key(device));
        for (device, way) in all {
            let before = self.channels.get(&device);
            let is_fresh = before.is_none_or(|offer| offer.since < way.since);
            self.offer(device, is_fresh, way);
        }
    }
}

/// How a phone behind a next hop is reached.
fn behind(hop: &Arc<str>) -> Way {
    let reach = Reach { address: None, is_shared: true, hop: Some(Arc::clone(hop)) };
    Way { reach, since: None }
}

/// How a phone is reached that registered here: by the newest of its bindings that takes such requests.
fn way(state: &State, device: &DeviceName) -> Option<Way> {
    let bindings = state.registrar.reach_device(device.as_str());
    let reach = bindings.into_iter().find(|it| it.is_live && it.remotecc).map(reach)?;
    Some(Way { reach, since: state.registrar.began(device.as_str()) })
}

/// How a registered phone is reached: what a proxy sends comes from the proxy's address.
fn reach(binding: &Binding) -> Reach {
    let is_direct = binding.path.is_empty() && binding.hop.is_none();
    let address = is_direct.then(|| binding.flow.peer().ip().to_canonical());
    Reach { address, is_shared: false, hop: None }
}

async fn fulfil(element: Arc<Element>, request: ChannelRequest) {
    let ChannelRequest { device, wanted, mut answer } = request;
    let fulfilled = async {
        match wanted {
            Wanted::Show(show) => display(&element, device, show).await,
            Wanted::Tell(notice) => tell(&element, device, notice).await,
        }
    };
    let became = tokio::select! {
        biased;
        // Whoever asked gave up and may ask for something newer: this must neither begin nor go on.
        () = answer.closed() => return,
        became = fulfilled => became,
    };
    // Whoever asked may have given up this moment.
    let _ = answer.send(became);
}

async fn tell(element: &Element, device: DeviceName, notice: Notice) -> Result<(), ShowFailure> {
    let site = element.site().ok_or(ShowFailure::Gone)?;
    let (by, request) = match notice {
        Notice::AgentStatus(status) => (By::Refer, Request::AgentStatus(agent_status(status))),
        Notice::HeadsetNews(news) => {
            let by = By::Notify(site.sip.headset_event.clone());
            (by, Request::HeadsetServices(headset_services(news)))
        }
    };
    let content_type = REQUEST_TYPE.to_owned();
    let body = Remotecc::Request(request).encode(site.reason);
    deliver(element, device, by, content_type, body).await
}

fn agent_status(status: HeadsetStatus) -> AgentStatus {
    let state = match status.state {
        HeadsetState::SignedIn => AgentState::SignedIn,
        HeadsetState::SignedOut => AgentState::SignedOut,
        HeadsetState::NotReady => AgentState::NotReady,
        HeadsetState::Ready => AgentState::Ready,
    };
    AgentStatus { state, reason: status.reason }
}

fn headset_services(news: HeadsetNews) -> HeadsetServices {
    let status = match news {
        HeadsetNews::ServicesChanged => News::ServicesChanged,
        HeadsetNews::ConfigurationChanged => News::ConfigurationChanged,
    };
    HeadsetServices { class: ServiceClass::ContactCentre, status }
}

async fn deliver(
    element: &Element,
    device: DeviceName,
    by: By,
    content_type: String,
    body: Result<Bytes, Unsendable>,
) -> Result<(), ShowFailure> {
    let body = body.map_err(|_| ShowFailure::Refused)?;
    match element.deliver(Errand { device, by, content_type, body, needs_remotecc: true }).await {
        Delivery::Accepted(_) => Ok(()),
        Delivery::Refused(..) | Delivery::Unsendable(_) => Err(ShowFailure::Refused),
        Delivery::Unreachable(_) => Err(ShowFailure::Gone),
        Delivery::Silent => Err(ShowFailure::NoAnswer),
        Delivery::HeldOff(_) => Err(ShowFailure::Busy),
    }
}

async fn display(element: &Element, device: DeviceName, show: Show) -> Result<(), ShowFailure> {
    let priority = match show.priority {
        ShowPriority::Now => Priority::Now,
        ShowPriority::WhenIdle => Priority::WhenIdle,
        ShowPriority::IfIdle => Priority::IfIdle,
    };
    let object = Object::Execute(Execute { items: vec![ExecuteItem { url: show.url, priority }] });
    match screen(&DataPassThrough::of_application(APPLICATION), &object) {
        Err(problem) => {
            tracing::warn!(%device, %problem, "a page cannot be shown over SIP");
            Err(ShowFailure::Refused)
        }
        Ok(body) => {
            let content_type = multipart::CONTENT_TYPE.to_owned();
            deliver(element, device, By::Refer, content_type, Ok(body)).await
        }
    }
}
