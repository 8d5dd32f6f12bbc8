//! Values out of a fixed set, each with its name in a profile and its usual text on the wire.

/// A set of values that a profile may write in its own way.
pub(super) trait Enumeration: Copy + PartialEq + 'static {
    /// The table of a profile that has them, below `values`.
    const SECTION: &'static str;
    /// Each value, its key in that table and its usual text.
    const ALL: &'static [(Self, &'static str, &'static str)];

    fn key(self) -> &'static str {
        Self::ALL.iter().find(|(value, ..)| *value == self).map_or("", |(_, key, _)| key)
    }
}

/// Keys and usual texts of one set.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) says: &'static str,
    pub(super) rows: Vec<(&'static str, &'static str)>,
}

/// All sets, for whoever reads or prints a profile.
pub(super) fn sections() -> [Section; 10] {
    [
        section::<ServiceClass>("Classes of services."),
        section::<Mode>("How far the integration goes."),
        section::<AgentState>("States of an agent."),
        section::<MuteButton>("What the mute button does while no call is up."),
        section::<Light>("Colours of the base."),
        section::<HeadsetEvent>("Why an inventory was sent."),
        section::<HeadsetStatus>("Whether a headset is there."),
        section::<HeadsetKind>("Sorts of headsets; what is not listed is taken for unknown."),
        section::<FirmwareChoice>("Which firmware a headset is to have."),
        section::<Refusal>("Codes of refusals."),
    ]
}

fn section<E: Enumeration>(says: &'static str) -> Section {
    let rows = E::ALL.iter().map(|(_, key, usual)| (*key, *usual)).collect();
    Section { name: E::SECTION, says, rows }
}

/// A part of the headset service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceClass {
    /// State of the agent at the contact centre, both ways.
    ContactCentre,
    /// What headsets are attached.
    Inventory,
    /// Templates of headsets.
    Configuration,
}

impl Enumeration for ServiceClass {
    const SECTION: &'static str = "service_class";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::ContactCentre, "contact_centre", "cc"),
        (Self::Inventory, "inventory", "inventory"),
        (Self::Configuration, "configuration", "config"),
    ];
}

/// How far the integration goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The headset deals with mute alone.
    Disabled,
    /// The base shows the agent's state.
    Notification,
    /// The mute button changes it, too.
    NotificationAndControl,
}

impl Enumeration for Mode {
    const SECTION: &'static str = "mode";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Disabled, "disabled", "disabled"),
        (Self::Notification, "notification", "notify"),
        (Self::NotificationAndControl, "notification_and_control", "control"),
    ];
}

/// What phones know of an agent's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// Signed in.
    Login,
    /// Signed out.
    Logout,
    /// Not ready.
    NotReady,
    /// Ready.
    Ready,
}

impl AgentState {
    /// Its number in SIP messages.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Self::Login => 0,
            Self::Logout => 1,
            Self::NotReady => 2,
            Self::Ready => 3,
        }
    }
}

impl Enumeration for AgentState {
    const SECTION: &'static str = "state";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Login, "login", "Login"),
        (Self::Logout, "logout", "Logout"),
        (Self::NotReady, "not_ready", "NotReady"),
        (Self::Ready, "ready", "Ready"),
    ];
}

/// What the mute button does while no call is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MuteButton {
    /// It mutes.
    Mute,
    /// It changes between ready and not ready.
    ReadyToggle,
}

impl Enumeration for MuteButton {
    const SECTION: &'static str = "mute_button";
    const ALL: &'static [(Self, &'static str, &'static str)] =
        &[(Self::Mute, "mute", "mute"), (Self::ReadyToggle, "ready_toggle", "readyToggle")];
}

/// A colour of the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// None.
    Off,
    /// Green.
    Green,
    /// Red.
    Red,
}

impl Enumeration for Light {
    const SECTION: &'static str = "light";
    const ALL: &'static [(Self, &'static str, &'static str)] =
        &[(Self::Off, "off", "off"), (Self::Green, "green", "green"), (Self::Red, "red", "red")];
}

/// Why a phone tells of its headsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadsetEvent {
    /// One was attached.
    Connected,
    /// One was taken away.
    Disconnected,
    /// These are all there are.
    Snapshot,
}

impl Enumeration for HeadsetEvent {
    const SECTION: &'static str = "event";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Connected, "connected", "connected"),
        (Self::Disconnected, "disconnected", "disconnected"),
        (Self::Snapshot, "snapshot", "snapshot"),
    ];
}

/// Whether a headset is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadsetStatus {
    /// It is attached.
    Connected,
    /// It is not.
    Disconnected,
}

impl Enumeration for HeadsetStatus {
    const SECTION: &'static str = "headset_status";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Connected, "connected", "connected"),
        (Self::Disconnected, "disconnected", "disconnected"),
    ];
}

/// What sort of headset one is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeadsetKind {
    /// With a wire.
    Wired,
    /// Over DECT.
    DectWireless,
    /// Something else, or not said.
    #[default]
    Unknown,
}

impl Enumeration for HeadsetKind {
    const SECTION: &'static str = "headset_type";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Wired, "wired", "wired"),
        (Self::DectWireless, "dect_wireless", "dectWireless"),
        (Self::Unknown, "unknown", "unknown"),
    ];
}

/// Which firmware a headset is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirmwareChoice {
    /// The one it has.
    Remain,
    /// The newest.
    Latest,
}

impl Enumeration for FirmwareChoice {
    const SECTION: &'static str = "firmware";
    const ALL: &'static [(Self, &'static str, &'static str)] =
        &[(Self::Remain, "remain", "remain"), (Self::Latest, "latest", "latest")];
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The body or the path cannot be read.
    Malformed,
    /// Nothing proves which device asks.
    NoProof,
    /// Another device asks than the one that is named.
    AnotherDevice,
    /// There is no such device, path or template.
    NotFound,
    /// Nobody, or nobody certain, is signed in at the device.
    NoAgent,
    /// Paths of this name take other methods.
    WrongMethod,
    /// The agent's state does not allow it now.
    NotNow,
    /// It is older than what happened since.
    Stale,
    /// The integration is off, or shows states without changing them.
    NotInThisMode,
    /// The body is larger than what is read.
    TooLarge,
    /// The body is in another format.
    WrongContentType,
    /// Nobody knows that reason.
    UnknownReason,
    /// Too many requests came.
    TooMany,
    /// No server of the contact centre can be reached.
    NoContactCentre,
    /// The service is starting, or ending.
    Unavailable,
}

impl Refusal {
    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::NoProof => 401,
            Self::AnotherDevice => 403,
            Self::NotFound | Self::NoAgent => 404,
            Self::WrongMethod => 405,
            Self::NotNow | Self::Stale | Self::NotInThisMode => 409,
            Self::TooLarge => 413,
            Self::WrongContentType => 415,
            Self::UnknownReason => 422,
            Self::TooMany => 429,
            Self::NoContactCentre | Self::Unavailable => 503,
        }
    }
}

impl Enumeration for Refusal {
    const SECTION: &'static str = "error";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Malformed, "malformed", "malformed"),
        (Self::NoProof, "no_proof", "noProof"),
        (Self::AnotherDevice, "another_device", "anotherDevice"),
        (Self::NotFound, "not_found", "notFound"),
        (Self::NoAgent, "no_agent", "noAgent"),
        (Self::WrongMethod, "wrong_method", "wrongMethod"),
        (Self::NotNow, "not_now", "notNow"),
        (Self::Stale, "stale", "stale"),
        (Self::NotInThisMode, "not_in_this_mode", "notInThisMode"),
        (Self::TooLarge, "too_large", "tooLarge"),
        (Self::WrongContentType, "wrong_content_type", "wrongContentType"),
        (Self::UnknownReason, "unknown_reason", "unknownReason"),
        (Self::TooMany, "too_many", "tooMany"),
        (Self::NoContactCentre, "no_contact_centre", "noContactCentre"),
        (Self::Unavailable, "unavailable", "unavailable"),
    ];
}
