//! Screens over SIP: a phone that registered here, and takes such requests, is a channel of the engine's.
//!
//! What is to be shown goes as a REFER with two parts (`protocols::sip::body::screen`): a phone that is reached
//! so needs neither its web server nor our password at it. Phones behind a next hop did not say what they take:
//! they are channels where the settings say it for them, while a server of their hop can be used.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::DeviceName;
use domain::settings::Device;
use engine::{Channel, ChannelKind, ShowFailure, ShowPriority, ShowRequest};
use protocols::phone_xml::{Execute, ExecuteItem, Object, Priority};
use protocols::sip::body::remotecc::DataPassThrough;
use protocols::sip::body::{multipart, screen};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::element::Element;
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
        behind: BTreeSet::new(),
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
                showing.spawn(show(Arc::clone(&element), request));
            }
        }
    }
}

/// Phones that are offered.
struct Offered {
    element: Arc<Element>,
    requests: mpsc::Sender<ShowRequest>,
    channels: HashMap<DeviceName, Channel>,
    /// Phones behind next hops that can be used.
    behind: BTreeSet<DeviceName>,
    /// What that follows from: the settings' number, and the hops.
    seen: Option<(u64, BTreeSet<String>)>,
}

impl Offered {
    fn reachable(&mut self, Reached { device, is_fresh }: Reached) {
        let takes = {
            let state = locked(&self.element.state);
            let bindings = state.registrar.reach_device(device.as_str());
            bindings.iter().any(|binding| binding.is_live && binding.remotecc)
        };
        if !takes && !self.behind.contains(&device) {
            return self.unreachable(&device);
        }
        self.offer(device, is_fresh);
    }

    fn offer(&mut self, device: DeviceName, is_fresh: bool) {
        let Self { element, requests, channels, .. } = self;
        let all = element.port.channels();
        if is_fresh {
            // In the place of the one before, which takes nothing of it with it.
            let channel = all.register_anew(&device, ChannelKind::Sip, requests.clone());
            channels.insert(device, channel);
        } else {
            channels.entry(device).or_insert_with_key(|device| {
                all.register(device, ChannelKind::Sip, requests.clone())
            });
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
        let is_behind = |device: &Device| {
            let sip = device.sip.as_ref().filter(|sip| sip.remotecc);
            let hop = sip.and_then(|sip| sip.next_hop.as_ref());
            hop.is_some_and(|hop| hops.is_some_and(|hops| hops.contains(hop)))
        };
        let devices = settings.devices.values().filter(|device| is_behind(device));
        let behind: BTreeSet<DeviceName> = devices.map(|device| device.name.clone()).collect();
        let before = std::mem::replace(&mut self.behind, behind.clone());
        self.seen = seen;
        for device in before.union(&behind) {
            self.reachable(Reached { device: device.clone(), is_fresh: false });
        }
    }

    /// Looks at all bindings, where events were missed.
    fn look(&mut self) {
        let all: HashSet<DeviceName> = {
            let state = locked(&self.element.state);
            let takes = state.registrar.bindings().filter(|it| it.is_live && it.remotecc);
            let devices = takes.filter_map(|it| it.device.as_deref());
            devices.filter_map(|device| device.parse().ok()).collect()
        };
        self.channels.retain(|device, _| all.contains(device) || self.behind.contains(device));
        for device in all {
            self.offer(device, false);
        }
    }
}

async fn show(element: Arc<Element>, request: ShowRequest) {
    let ShowRequest { device, show, answer } = request;
    let priority = match show.priority {
        ShowPriority::Now => Priority::Now,
        ShowPriority::WhenIdle => Priority::WhenIdle,
        ShowPriority::IfIdle => Priority::IfIdle,
    };
    let object = Object::Execute(Execute { items: vec![ExecuteItem { url: show.url, priority }] });
    let shown = match screen(&DataPassThrough::of_application(APPLICATION), &object) {
        Err(problem) => {
            tracing::warn!(%device, %problem, "a page cannot be shown over SIP");
            Err(ShowFailure::Refused)
        }
        Ok(body) => {
            let errand = Errand {
                device,
                by: By::Refer,
                content_type: multipart::CONTENT_TYPE.to_owned(),
                body,
                needs_remotecc: true,
            };
            match element.deliver(errand).await {
                Delivery::Accepted(_) => Ok(()),
                Delivery::Refused(..) | Delivery::Unsendable(_) => Err(ShowFailure::Refused),
                Delivery::Unreachable(_) => Err(ShowFailure::Gone),
                Delivery::Silent => Err(ShowFailure::NoAnswer),
                Delivery::HeldOff(_) => Err(ShowFailure::Busy),
            }
        }
    };
    // Whoever asked may have given up.
    let _ = answer.send(shown);
}
