//! Ways to devices: who can reach a phone says so here, who has something to show finds the best way.
//!
//! ```text
//!   adapter with a way --register--> Channel (there until dropped) --> registrations
//!                      --refreshed, while it is there--> refreshes
//!   who shows --Show--> best channel --ChannelRequest--> adapter --answer--> Shown
//!                         |`--refused, silent, busy, gone--> next best --> ... --> Failed
//!                         `--none--> NoChannel
//!   key pressed --> adapter --pressed--> the presenter who showed last on that device
//!   who tells --Notice--> the channel that carries notices --ChannelRequest--> adapter --answer--> Told
//! ```
//!
//! Neither side knows the other. A device has one channel of a kind, the one registered last; how many
//! devices there are is bounded by the adapters that register. Nothing here is kept over a restart: devices
//! register anew, and what they show or were told can be shown or told again. A show that came late and was shown in another way
//! too does no harm, since what is shown is fetched.

mod figures;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{DeviceName, HeadsetNews, HeadsetStatus};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::timeout;

use self::figures::{Figures, PressResult};
use crate::Metrics;

/// How long a channel may take to say that something is shown.
pub const SHOW_TIME: Duration = Duration::from_secs(3);
/// How many devices may register before a slow listener misses some.
const REGISTRATIONS_MAX: usize = 4_096;
/// How many keys that were pressed wait for a presenter; more are refused.
const PRESSES_MAX: usize = 256;
/// Bytes that a key which was pressed may carry; what phones take in a URI is less.
pub const PRESS_BYTES_MAX: usize = 1_024;

/// Through what a device is reached; the best comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// The flow that a SIP phone opened.
    Sip,
    /// The web server of a phone.
    WebPush,
}

/// A page that a device is to open.
#[derive(Clone, PartialEq, Eq)]
pub struct Show {
    /// Where it is.
    pub url: String,
    /// When.
    pub priority: ShowPriority,
}

impl fmt::Debug for Show {
    /// Where it is stays hidden: links name a session.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Show").field("priority", &self.priority).finish_non_exhaustive()
    }
}

/// When a device opens a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowPriority {
    /// At once.
    Now,
    /// Once the device is idle.
    WhenIdle,
    /// If the device is idle, else never.
    IfIdle,
}

/// What a device is told without showing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// What its headset is to show of the agent.
    AgentStatus(HeadsetStatus),
    /// What changed for its headset.
    HeadsetNews(HeadsetNews),
}

impl Notice {
    /// The names of all sorts, in figures.
    pub const NAMES: [&'static str; 2] = ["agent_status", "headset_news"];

    /// The name of its sort.
    pub fn name(self) -> &'static str {
        match self {
            Self::AgentStatus(_) => "agent_status",
            Self::HeadsetNews(_) => "headset_news",
        }
    }
}

/// What is wanted of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It opens a page.
    Show(Show),
    /// It takes notice; asked only of channels that carry notices.
    Tell(Notice),
}

/// What an adapter is asked for that registered a channel.
#[derive(Debug)]
pub struct ChannelRequest {
    /// The device.
    pub device: DeviceName,
    /// What it is to do.
    pub wanted: Wanted,
    /// Where the answer goes; dropping it means that the way to the device is gone.
    pub answer: oneshot::Sender<Result<(), ShowFailure>>,
}

/// Why a channel did not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowFailure {
    /// Too much waits for it.
    Busy,
    /// The way to the device is gone.
    Gone,
    /// The device did not answer in time.
    NoAnswer,
    /// The device answered that it does not.
    Refused,
}

/// What became of something to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowOutcome {
    /// The device took it, through that.
    Shown(ChannelKind),
    /// Every channel of the device failed; the last one so.
    Failed(ShowFailure),
    /// The device has no channel.
    NoChannel,
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TellOutcome {
    /// The device took it.
    Told,
    /// It did not.
    Failed(ShowFailure),
    /// The device has no channel that carries notices.
    NoChannel,
}

/// How a device is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Where it is, where that is known.
    pub address: Option<IpAddr>,
    /// Whether other nodes have the same way, so that one of them is enough.
    pub is_shared: bool,
    /// The next hop that it goes by then; nodes say which of them they can use ([`crate::NodeSeen::has_hop`]).
    pub hop: Option<Arc<str>>,
}

/// A key that was pressed.
#[derive(Clone, PartialEq, Eq)]
pub struct Pressed {
    /// On which device.
    pub device: DeviceName,
    /// What the key carried.
    pub data: String,
}

impl fmt::Debug for Pressed {
    /// What the key carried stays hidden: it may open something.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pressed").field("device", &self.device).finish_non_exhaustive()
    }
}

/// A device that registered a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The device.
    pub device: DeviceName,
    /// Whether it began anew, so that it shows nothing of what it showed before.
    pub is_fresh: bool,
}

/// All ways to devices. Cheap to clone.
#[derive(Clone)]
pub struct Channels(Arc<Shared>);

struct Shared {
    devices: Mutex<Devices>,
    registrations: broadcast::Sender<Registered>,
    refreshes: broadcast::Sender<DeviceName>,
    figures: Figures,
}

#[derive(Default)]
struct Devices {
    by_name: HashMap<DeviceName, Entry>,
    /// The last number given, to a channel or to a show.
    number: u64,
}

#[derive(Default)]
struct Entry {
    /// By the place of their kind.
    ways: [Option<Way>; ChannelKind::ALL.len()],
    /// The newest show, and who is told of keys pressed on it.
    shown: u64,
    presses: Option<mpsc::Sender<Pressed>>,
}

struct Way {
    number: u64,
    requests: mpsc::Sender<ChannelRequest>,
    reach: Reach,
}

/// A show that a channel is asked for.
struct Begun {
    number: u64,
    requests: mpsc::Sender<ChannelRequest>,
    /// Who was told of keys before.
    before: Option<mpsc::Sender<Pressed>>,
}

/// A way to a device, there until this is dropped.
#[must_use = "the way is gone when this is dropped"]
pub struct Channel {
    channels: Channels,
    device: DeviceName,
    kind: ChannelKind,
    number: u64,
}

/// Shows something and is told of keys pressed on it.
pub struct Presenter {
    channels: Channels,
    sender: mpsc::Sender<Pressed>,
    presses: mpsc::Receiver<Pressed>,
}

impl ChannelKind {
    /// All kinds, the best first.
    pub const ALL: [Self; 2] = [Self::Sip, Self::WebPush];
    /// The kind that carries notices.
    const NOTICES: Self = Self::Sip;

    /// Its name in figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::WebPush => "web_push",
        }
    }

    fn place(self) -> usize {
        match self {
            Self::Sip => 0,
            Self::WebPush => 1,
        }
    }
}

impl ShowFailure {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Busy, Self::Gone, Self::NoAnswer, Self::Refused];

    /// Its name in figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Gone => "gone",
            Self::NoAnswer => "no_answer",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Debug for Channels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "channels to {} devices", self.devices().by_name.len())
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} channel to {}", self.kind.name(), self.device)
    }
}

impl fmt::Debug for Presenter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("presenter")
    }
}

impl Channels {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self(Arc::new(Shared {
            devices: Mutex::default(),
            registrations: broadcast::Sender::new(REGISTRATIONS_MAX),
            refreshes: broadcast::Sender::new(REGISTRATIONS_MAX),
            figures: Figures::new(metrics),
        }))
    }

    /// A device can be reached: what it is to show is sent to `requests`, which should be short and may be
    /// that of many devices. Takes the place of the channel of that kind that the device had.
    pub fn register(
        &self,
        device: &DeviceName,
        kind: ChannelKind,
        requests: mpsc::Sender<ChannelRequest>,
        reach: Reach,
    ) -> Channel {
        self.add(device, kind, requests, reach, false)
    }

    /// The same of a device that began anew, and shows nothing of what it showed before.
    pub fn register_anew(
        &self,
        device: &DeviceName,
        kind: ChannelKind,
        requests: mpsc::Sender<ChannelRequest>,
        reach: Reach,
    ) -> Channel {
        self.add(device, kind, requests, reach, true)
    }

    fn add(
        &self,
        device: &DeviceName,
        kind: ChannelKind,
        requests: mpsc::Sender<ChannelRequest>,
        reach: Reach,
        is_fresh: bool,
    ) -> Channel {
        let number = {
            let mut devices = self.devices();
            let number = devices.next_number();
            let entry = devices.by_name.entry(device.clone()).or_default();
            if entry.set(kind, Some(Way { number, requests, reach })).is_none() {
                self.0.figures.add_channels(kind, 1);
            }
            number
        };
        // An error means that nobody listens.
        let _ = self.0.registrations.send(Registered { device: device.clone(), is_fresh });
        Channel { channels: self.clone(), device: device.clone(), kind, number }
    }

    /// Devices that register from now on; who lags looks at all that it has something to show on.
    pub fn registrations(&self) -> broadcast::Receiver<Registered> {
        self.0.registrations.subscribe()
    }

    /// A device said that it is there still, as it does again and again; nothing else is new of it.
    pub fn refreshed(&self, device: &DeviceName) {
        // An error means that nobody listens.
        let _ = self.0.refreshes.send(device.clone());
    }

    /// Devices that say from now on that they are there still; what a slow listener misses comes again.
    pub fn refreshes(&self) -> broadcast::Receiver<DeviceName> {
        self.0.refreshes.subscribe()
    }

    /// Whether a device has any channel.
    pub fn reaches(&self, device: &DeviceName) -> bool {
        self.devices().by_name.contains_key(device)
    }

    /// Has a device show something whose keys are links of its own; who was told of keys before is no more.
    pub async fn show(&self, device: &DeviceName, show: Show) -> ShowOutcome {
        self.show_for(device, show, None).await
    }

    /// How that device is reached with notices; `None` where it is not.
    pub fn reach(&self, device: &DeviceName) -> Option<Reach> {
        Some(self.devices().by_name.get(device)?.way(ChannelKind::NOTICES)?.reach.clone())
    }

    /// All devices that take notices.
    pub fn told_devices(&self) -> Vec<DeviceName> {
        let devices = self.devices();
        let takes = devices.by_name.iter().filter(|(_, it)| it.way(ChannelKind::NOTICES).is_some());
        takes.map(|(device, _)| device.clone()).collect()
    }

    /// Tells a device something.
    pub async fn tell(&self, device: &DeviceName, notice: Notice) -> TellOutcome {
        let requests = {
            let devices = self.devices();
            let entry = devices.by_name.get(device);
            entry.and_then(|it| it.way(ChannelKind::NOTICES)).map(|way| way.requests.clone())
        };
        let Some(requests) = requests else { return TellOutcome::NoChannel };
        let told = ask(&requests, device, Wanted::Tell(notice)).await;
        self.0.figures.told(notice, told);
        told.map_or_else(TellOutcome::Failed, |()| TellOutcome::Told)
    }

    /// Who is told of keys pressed on what they show.
    pub fn presenter(&self) -> Presenter {
        let (sender, presses) = mpsc::channel(PRESSES_MAX);
        Presenter { channels: self.clone(), sender, presses }
    }

    /// A key was pressed on a device; gives whether somebody takes it.
    pub fn pressed(&self, device: &DeviceName, data: &str) -> bool {
        let result = self.hand_over(device, data);
        self.0.figures.pressed(result);
        result == PressResult::Taken
    }

    fn hand_over(&self, device: &DeviceName, data: &str) -> PressResult {
        if data.len() > PRESS_BYTES_MAX {
            return PressResult::TooLong;
        }
        let presses = self.devices().by_name.get(device).and_then(|entry| entry.presses.clone());
        let pressed = Pressed { device: device.clone(), data: data.to_owned() };
        match presses.map(|presses| presses.try_send(pressed)) {
            Some(Ok(())) => PressResult::Taken,
            Some(Err(TrySendError::Full(_))) => PressResult::Busy,
            Some(Err(TrySendError::Closed(_))) | None => PressResult::Nobody,
        }
    }

    async fn show_for(
        &self,
        device: &DeviceName,
        show: Show,
        presses: Option<&mpsc::Sender<Pressed>>,
    ) -> ShowOutcome {
        let mut outcome = ShowOutcome::NoChannel;
        for kind in ChannelKind::ALL {
            let Some(begun) = self.begin(device, kind, presses) else { continue };
            let shown = ask(&begun.requests, device, Wanted::Show(show.clone())).await;
            self.0.figures.showed(kind, shown);
            match shown {
                Ok(()) => return ShowOutcome::Shown(kind),
                Err(failure) => {
                    self.give_back(device, begun);
                    outcome = ShowOutcome::Failed(failure);
                }
            }
        }
        outcome
    }

    /// From here on keys belong to who shows: a device may be quicker than its answer.
    fn begin(
        &self,
        device: &DeviceName,
        kind: ChannelKind,
        presses: Option<&mpsc::Sender<Pressed>>,
    ) -> Option<Begun> {
        let mut devices = self.devices();
        let number = devices.next_number();
        let entry = devices.by_name.get_mut(device)?;
        let requests = entry.way(kind)?.requests.clone();
        entry.shown = number;
        let before = std::mem::replace(&mut entry.presses, presses.cloned());
        Some(Begun { number, requests, before })
    }

    /// What was to be shown is not: the device shows what it showed before.
    fn give_back(&self, device: &DeviceName, begun: Begun) {
        let mut devices = self.devices();
        let entry = devices.by_name.get_mut(device).filter(|entry| entry.shown == begun.number);
        if let Some(entry) = entry {
            entry.presses = begun.before;
        }
    }

    fn unregister(&self, device: &DeviceName, kind: ChannelKind, number: u64) {
        let mut devices = self.devices();
        let Some(entry) = devices.by_name.get_mut(device) else { return };
        if entry.way(kind).is_some_and(|way| way.number == number) {
            entry.set(kind, None);
            self.0.figures.add_channels(kind, -1);
        }
        if entry.ways.iter().all(Option::is_none) {
            devices.by_name.remove(device);
        }
    }

    fn devices(&self) -> MutexGuard<'_, Devices> {
        // What a panic left behind is consistent: every change is one call.
        self.0.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Devices {
    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
}

impl Entry {
    fn way(&self, kind: ChannelKind) -> Option<&Way> {
        self.ways.get(kind.place())?.as_ref()
    }

    /// Gives what was there before.
    fn set(&mut self, kind: ChannelKind, way: Option<Way>) -> Option<Way> {
        let place = self.ways.get_mut(kind.place())?;
        std::mem::replace(place, way)
    }
}

async fn ask(
    requests: &mpsc::Sender<ChannelRequest>,
    device: &DeviceName,
    wanted: Wanted,
) -> Result<(), ShowFailure> {
    let (answer, answered) = oneshot::channel();
    let request = ChannelRequest { device: device.clone(), wanted, answer };
    requests.try_send(request).map_err(|error| match error {
        TrySendError::Full(_) => ShowFailure::Busy,
        TrySendError::Closed(_) => ShowFailure::Gone,
    })?;
    match timeout(SHOW_TIME, answered).await {
        Ok(Ok(shown)) => shown,
        Ok(Err(_)) => Err(ShowFailure::Gone),
        Err(_) => Err(ShowFailure::NoAnswer),
    }
}

impl Channel {
    /// Says how the device is reached.
    pub fn set_reach(&self, reach: Reach) {
        let mut devices = self.channels.devices();
        let entry = devices.by_name.get_mut(&self.device);
        let way = entry.and_then(|it| it.ways.get_mut(self.kind.place())?.as_mut());
        if let Some(way) = way.filter(|way| way.number == self.number) {
            way.reach = reach;
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channels.unregister(&self.device, self.kind, self.number);
    }
}

impl Presenter {
    /// Has a device show something; keys pressed on it come to this presenter until something else is shown.
    pub async fn show(&self, device: &DeviceName, show: Show) -> ShowOutcome {
        self.channels.show_for(device, show, Some(&self.sender)).await
    }

    /// The next key that was pressed. Dropping the wait loses nothing.
    pub async fn pressed(&mut self) -> Pressed {
        match self.presses.recv().await {
            Some(pressed) => pressed,
            // It cannot close: this presenter holds a sender itself.
            None => std::future::pending().await,
        }
    }
}
