//! Requests as values: what a server asks of a phone, and what a phone tells.

use super::super::{OptionsIndication, words::words};
use super::DialogId;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// From a phone: these lines register with one REGISTER (`bulkregisterreq`).
    BulkRegister(Vec<Lines>),
    /// From a phone: what it can do (`optionsind`).
    Options(OptionsIndication),
    /// From a phone: a key of its own was pressed (`softkeyeventmsg`).
    SoftKey(SoftKeyEvent),
    /// From a phone: which wireless access point it uses (`x-cisco-location`); not read further.
    Location,
    /// In both directions: an object to show, or what a key of such an object carries, is in the next part
    /// (`datapassthroughreq`).
    DataPassThrough(DataPassThrough),
    /// A line of text is shown (`statuslineupdatereq`).
    StatusLine(StatusLine),
    /// A tone is played (`playtonereq`).
    PlayTone {
        /// In which call.
        dialog: Option<DialogId>,
        /// Which one.
        tone: Tone,
        /// To whom.
        direction: Direction,
    },
    /// A feature has done something (`notifyreq`).
    Notify(FeatureNotice),
    /// A held call is taken up again (`holdretrievereq`).
    RetrieveHeld(DialogId),
    /// A call is answered (`answercallreq`).
    AnswerCall(DialogId),
    /// A call is made (`initiatecallreq`).
    InitiateCall {
        /// What is dialled.
        dialled: String,
        /// On which line.
        line: u32,
    },
    /// Whether the line is logged on to its hunt group (`hlogupdate`).
    HuntGroupLogOn(bool),
    /// Whether calls disturb (`dndupdate`).
    DoNotDisturb(DoNotDisturb),
    /// Where calls are forwarded to (`cfwdallupdate`).
    CallForward(CallForward),
    /// The states of several lines (`bulkupdate`).
    BulkUpdate(Vec<ContactUpdate>),
    /// The state of the agent, for a headset's light (`agentstatusupdate`).
    AgentStatus(AgentStatus),
    /// The services of a headset have news (`hsintegrationservices`).
    HeadsetServices(HeadsetServices),
}

/// Lines of a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// All of them.
    All,
    /// One, counted from 1.
    Line(u32),
}

/// A key of a phone's own that was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftKeyEvent {
    /// Which one.
    pub key: SoftKey,
    /// In which call.
    pub dialog: Option<DialogId>,
    /// The call that was made to ask first.
    pub consult_dialog: Option<DialogId>,
    /// The call that is to be joined.
    pub join_dialog: Option<DialogId>,
}

words! {
    /// A key of a phone's own.
    SoftKey {
        /// Parks the call.
        Park = "Park",
        /// Parks the call and watches it.
        ParkMonitor = "ParkMonitor",
        /// Logs on to the hunt group, or off.
        HuntGroup = "HLog",
        /// Makes a conference.
        Conference = "Conference",
        /// Shows who is in it.
        ConferenceList = "ConfList",
        /// Shows more of it.
        ConferenceDetails = "ConfDetails",
        /// Removes who came last.
        RemoveLast = "RmLastConf",
        /// Ends what was begun.
        Cancel = "Cancel",
        /// Selects a call.
        Select = "Select",
        /// Selects it no more.
        Unselect = "Unselect",
        /// Joins selected calls.
        Join = "Join",
        /// Begins a recording.
        StartRecording = "StartRecording",
        /// Ends it.
        StopRecording = "StopRecording",
        /// Sends the call to voice mail.
        Divert = "IDivert",
        /// Reports bad quality.
        QualityReport = "QRT",
        /// Reports a malicious call.
        MaliciousCall = "MCID",
        /// Asks to be called back.
        CallBack = "CallBack",
    }
}

/// How the part beside it is to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataPassThrough {
    /// The application; keys of its objects come back with it. 0 where nothing is to come back.
    pub application: u32,
    /// The application's number for this exchange.
    pub transaction: u32,
    /// Whether more follows.
    pub sequence: Sequence,
    /// How urgently it is shown.
    pub display_priority: u32,
    /// Which of several instances of the application.
    pub application_instance: u32,
    /// The way through a call manager.
    pub routing: u32,
    /// Which conference; applications use it for what they like.
    pub conference: u32,
}

impl DataPassThrough {
    /// One object of that application.
    pub fn of_application(application: u32) -> Self {
        Self { application, ..Self::default() }
    }
}

impl Default for DataPassThrough {
    /// One object of no application, shown as servers of such phones do.
    fn default() -> Self {
        Self {
            application: 0,
            transaction: 0,
            sequence: Sequence::Last,
            display_priority: 2,
            application_instance: 0,
            routing: 0,
            conference: 0,
        }
    }
}

words! {
    /// Whether more follows.
    Sequence {
        /// This is all.
        Last = "StationSequenceLast",
    }
}

/// A line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusLine {
    /// For which call.
    pub dialog: Option<DialogId>,
    /// What it says.
    pub text: String,
    /// How long it stands.
    pub timeout_seconds: u32,
    /// On which line; 0 for all.
    pub line: u32,
    /// How important it is.
    pub priority: u32,
}

words! {
    /// A tone.
    Tone {
        /// A short one that asks for attention.
        ZipZip = "DtZipZip",
        /// Something did not work.
        BeepBonk = "DtBeepBonk",
        /// Busy.
        LineBusy = "DtLineBusyTone",
    }
}

words! {
    /// Who hears a tone.
    Direction {
        /// All.
        All = "all",
    }
}

/// What a feature has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureNotice {
    /// In which call.
    pub dialog: DialogId,
    /// Which one.
    pub feature: Feature,
    /// What.
    pub status: FeatureStatus,
}

words! {
    /// A feature of a server.
    Feature {
        /// Calls were joined.
        Join = "Join",
    }
}

words! {
    /// How far a feature is.
    FeatureStatus {
        /// It is done.
        Complete = "Complete",
    }
}

/// Whether calls disturb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoNotDisturb {
    /// Whether they are kept away.
    pub enabled: bool,
    /// Whether they are rejected then; else the phone does not ring.
    pub rejects: bool,
}

/// Where calls are forwarded to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallForward {
    /// To there; empty for nowhere.
    pub address: String,
    /// Whether that is voice mail.
    pub to_voice_mail: bool,
}

/// The states of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactUpdate {
    /// Of which lines.
    pub lines: Lines,
    /// Whether messages wait.
    pub message_waiting: Option<bool>,
    /// How many.
    pub voice_messages: Option<VoiceMessages>,
    /// Where calls are forwarded to.
    pub forward: Option<CallForward>,
}

/// How many messages wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoiceMessages {
    /// Not heard yet.
    pub new: u32,
    /// Heard.
    pub old: u32,
}

/// The state of an agent, for a headset's light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentStatus {
    /// The state.
    pub state: AgentState,
    /// The code of a reason, 0 without one.
    pub reason: u32,
}

/// A state that phones know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// 0: signed in.
    SignedIn,
    /// 1: signed out.
    SignedOut,
    /// 2: takes no calls.
    NotReady,
    /// 3: takes calls.
    Ready,
}

impl AgentState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::SignedIn, Self::SignedOut, Self::NotReady, Self::Ready];

    /// Its number.
    pub fn number(self) -> u32 {
        match self {
            Self::SignedIn => 0,
            Self::SignedOut => 1,
            Self::NotReady => 2,
            Self::Ready => 3,
        }
    }

    /// The state of that number.
    pub fn of(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

/// News of a headset's services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadsetServices {
    /// Which service.
    pub class: ServiceClass,
    /// What is new.
    pub status: HeadsetNews,
}

words! {
    /// A service for headsets.
    ServiceClass {
        /// The contact centre.
        ContactCentre = "cc",
    }
}

words! {
    /// What is new for a headset.
    HeadsetNews {
        /// Services are discovered anew.
        ServicesChanged = "SERVICE_CONFIG_CHANGE",
        /// The contact centre's configuration is fetched anew.
        ConfigurationChanged = "HS_CONFIG_CHANGE",
    }
}
