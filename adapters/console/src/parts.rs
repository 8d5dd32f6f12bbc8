//! The parts of a node that the console shows, each with its state and the reason for it (CCP-01).
//!
//! Two tables say all there is: [`PartKind`], the parts and the page that mends each, and [`PartCode`], the
//! reasons with their words. A browser translates by the code and its arguments, and shows our words where it
//! has none. Words between `[` and `]` are left out where an argument in them is not told.

use domain::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer;
use crate::openapi::schema;

/// An argument that may name machines and files, which is for administrators alone.
const WHY: &str = "why";

/// How a part stands; the words are those of the source's status page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartState {
    /// All of it is as it should be.
    Ok,
    /// Some of it is not.
    Partial,
    /// None of it is there.
    Missing,
    /// It is not wanted by the settings.
    Off,
    /// That is not known, or not yet.
    Unknown,
}

impl PartState {
    /// Every name there is.
    pub const NAMES: [&'static str; 5] = ["ok", "partial", "missing", "off", "unknown"];

    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Missing => "missing",
            Self::Off => "off",
            Self::Unknown => "unknown",
        }
    }

    /// How a list stands of which so many of all are amiss.
    pub fn of_list(amiss: usize, all: usize) -> Self {
        match amiss {
            0 => Self::Ok,
            _ if amiss < all => Self::Partial,
            _ => Self::Missing,
        }
    }
}

macro_rules! parts {
    ($($(#[$about:meta])* $kind:ident = $name:literal, $page:literal;)*) => {
        /// A sort of part.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum PartKind { $($(#[$about])* $kind,)* }

        impl PartKind {
            /// Every name there is.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// Its name for programs.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// The page of the console that mends it.
            pub fn page(self) -> &'static str {
                match self { $(Self::$kind => $page,)* }
            }
        }
    };
}

parts! {
    /// This node itself.
    Node = "node", "#/nodes";
    /// Whether it refuses sign-ins.
    Maintenance = "maintenance", "#/nodes";
    /// Another node of the deployment.
    OtherNode = "nodes", "#/nodes";
    /// Where what we own is kept.
    Store = "store", "#/backups";
    /// The disk under the store.
    Disk = "disk", "#/backups";
    /// Backups on this node's disk.
    Backups = "backups", "#/backups";
    /// The file that rules the settings.
    SettingsFile = "settings_file", "#/settings-file";
    /// Secrets in the settings.
    Secrets = "secrets", "#/settings";
    /// The machine's clock.
    Clock = "clock", "#/nodes";
    /// What serves one kind of peers.
    Surface = "surface", "#/nodes";
    /// Where peers of one kind reach this node.
    Listener = "listener", "#/nodes";
    /// Certificates by what they are for.
    Certificate = "certificate", "#/certificates";
    /// Single sign-on.
    Identity = "identity", "#/identity";
    /// Pairs of contact-centre servers.
    CtiPair = "cti_pair", "#/cti";
    /// Directories that agents are taken over from.
    Directory = "directory", "#/settings/directories";
    /// Registrations of phones over SIP.
    Registrations = "registrations", "#/devices";
    /// Servers that SIP requests go to.
    SipNextHop = "sip_next_hop", "#/settings/sip";
    /// Pushes to phones.
    Phones = "phones", "#/devices";
    /// Headsets behind phones.
    Headsets = "headsets", "#/headsets";
    /// Mailboxes of CSQs.
    Mailbox = "mailbox", "#/digital";
    /// Receivers of the log.
    Syslog = "syslog", "#/settings/logging";
}

macro_rules! codes {
    ($($(#[$about:meta])* $code:ident = $name:literal, $words:literal;)*) => {
        /// Why a part is not as it should be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum PartCode { $($(#[$about])* $code,)* }

        impl PartCode {
            /// Every name there is, with its words.
            pub const TABLE: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$code, $name, $words),)*];

            /// Its name for programs, which stays as it is.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// What is wrong and what to do, with places for arguments.
            fn words(self) -> &'static str {
                match self { $(Self::$code => $words,)* }
            }
        }
    };
}

codes! {
    /// The node stops.
    NodeDrains = "node_drains", "this node stops; sign in at another one";
    /// Another process has its name.
    NodeReplaced = "node_replaced",
        "another process runs under this node's name, so nothing is taken here any more; stop one of them";
    /// Its signs of life do not get through.
    NodeCutOff = "node_cut_off",
        "this node's signs of life do not reach the store, so others answer for its phones; look at the \
         network and the database";
    /// Sign-ins are refused.
    MaintenanceOn = "maintenance_on", "sign-ins are refused here while maintenance is on; end it when you are done";
    /// Another node is silent.
    OtherNodeGone = "other_node_gone",
        "nothing is heard of {node}; start it, or remove it from the load balancer for good";
    /// Another node said that it leaves.
    OtherNodeLeft = "other_node_left", "{node} was stopped; start it when it is wanted again";
    /// Another node gets by.
    OtherNodeAmiss = "other_node_amiss", "{node} says that it is {state}; open its own console for the reason";
    /// Another node has older settings.
    OtherNodeBehind = "other_node_behind",
        "{node} has other settings in force ({number} instead of {expected}); if that lasts, look whether it \
         reaches the database";
    /// Another node runs another version.
    OtherNodeVersion = "other_node_version",
        "{node} runs version {version}; bring all nodes to the same one when the upgrade is done";
    /// The store does not work.
    StoreFailing = "store_failing",
        "the store does not work, so nothing can be changed and nobody signs in; signed-in agents go on[: \
         {why}]. Look at its disk or its database";
    /// Its disk fills up.
    DiskFillsUp = "disk_fills_up",
        "the store's disk fills up: {free_mebibytes} MiB are free beside {store_mebibytes} MiB; make room, \
         shorten retention, or move the store";
    /// Its disk is elsewhere.
    DiskElsewhere = "disk_elsewhere",
        "the store is a database on another machine, whose disk is not seen from here; watch it there";
    /// Nobody ever made a backup here.
    BackupsNone = "backups_none",
        "there is no backup on this node; make one, or see that your own schedule calls jackfield backup";
    /// The last one is old.
    BackupsOld = "backups_old",
        "the newest backup on this node is {days} days old; make another one, or see that your own schedule \
         calls jackfield backup";
    /// They cannot be looked at.
    BackupsUnreadable = "backups_unreadable",
        "the folder of backups cannot be read[: {why}]. Give the service's user the right to it";
    /// No file rules them.
    SettingsWithoutFile = "settings_without_file",
        "no file rules the settings: they are changed here and by programs";
    /// The file differs from them.
    SettingsDrift = "settings_drift",
        "the settings file differs from what is in force in {changes} places; look at the plan, then reload";
    /// The file cannot be applied.
    SettingsFileWrong = "settings_file_wrong",
        "the settings file cannot be applied, so what was in force stays so[: {why}]. Mend it, then reload";
    /// That is being compared.
    SettingsBeingCompared = "settings_being_compared", "the settings file is being compared; look again in a moment";
    /// Some do not open.
    SecretsShut = "secrets_shut",
        "{count} secrets in the settings do not open with this node's sealing keys; give it the key they were \
         sealed with, or enter them anew";
    /// The machine's clock is wrong.
    ClockApart = "clock_apart",
        "this machine's clock is {seconds} seconds away from the database's; set it by NTP";
    /// A surface gets by.
    SurfaceDegraded = "surface_degraded", "this is served in part only[: {why}]";
    /// A surface serves nobody.
    SurfaceFailing = "surface_failing", "nobody is served here[: {why}]";
    /// Nobody listens there, since the configuration has it off.
    ListenerOff = "listener_off", "the node's configuration has this listener off";
    /// Nobody listens there.
    ListenerMissing = "listener_missing",
        "nobody listens here although the settings need it: the port is off or taken; look into the node's \
         configuration and log";
    /// It ends soon.
    CertificateExpires = "certificate_expires",
        "the certificate ends in {days} days; put another one in place before that";
    /// It has ended.
    CertificateExpired = "certificate_expired",
        "the certificate has ended, so that phones and browsers refuse it; put another one in place";
    /// The authority does not sign.
    CertificateNotRenewed = "certificate_not_renewed",
        "the authority did not sign a new certificate in {failures} tries[: {why}]; the one in force stays";
    /// Some that we trust are of no use.
    TrustUseless = "trust_useless",
        "{count} of the certificates that are trusted cannot be used: they are broken or have ended; remove or \
         replace them";
    /// Nobody asked for single sign-on.
    IdentityOff = "identity_off", "no host of the identity service is named: set it up to have single sign-on";
    /// The identity service gets by.
    IdentityAmiss = "identity_amiss", "the identity service works in part only[: {why}]";
    /// The identity service serves nobody.
    IdentityDown = "identity_down", "the identity service serves nobody here[: {why}]";
    /// Our certificate for the identity provider ends soon.
    IdentityCertificateExpires = "identity_certificate_expires",
        "the certificate that the identity provider knows us by ends in {days} days; make another, and give the \
         identity provider our metadata";
    /// A certificate of the identity provider ends soon.
    ProviderCertificateExpires = "provider_certificate_expires",
        "the last certificate of the identity provider {provider} ends in {days} days; ask for its new metadata \
         and take them over";
    /// The identity provider offers other metadata.
    ProviderMetadataChanged = "provider_metadata_changed",
        "the identity provider {provider} offers other metadata than are kept; take them over, and test again";
    /// Its metadata cannot be had.
    ProviderMetadataAway = "provider_metadata_away",
        "the metadata of the identity provider {provider} cannot be had from their address[: {why}]";
    /// There is no contact-centre server.
    CtiNone = "cti_none",
        "no contact-centre server is configured: the gateway keeps the agents' states itself";
    /// No link was tried yet.
    CtiNotBegun = "cti_not_begun", "the link to this pair was not begun yet; look again in a moment";
    /// No side serves us.
    CtiDown = "cti_down",
        "neither side of the pair serves us, so its agents' states are not known[: {why}]. Test both sides, and \
         look at the servers and the network";
    /// One serves, and something is amiss.
    CtiAmiss = "cti_amiss", "side {side} of the pair serves us, and something is not as it should be[: {why}]";
    /// Not all agents are known again.
    CtiCatchingUp = "cti_catching_up",
        "the link is back, and {agents} agents are not known again yet; this passes by itself";
    /// It is not asked by itself.
    DirectoryByHand = "directory_by_hand",
        "agents are taken over from this directory when somebody asks for it; set sync to have it done regularly";
    /// It was not asked yet.
    DirectoryNotYet = "directory_not_yet", "nothing was taken over since this node started; start a take-over";
    /// It went wrong.
    DirectoryFailed = "directory_failed",
        "the last take-over came to nothing[: {why}]. Test the directory, and look at its account and address";
    /// It refused our own account.
    DirectoryLeftAlone = "directory_left_alone",
        "the directory refused our own account and is left alone for a while, lest that be locked[: {why}]. Correct \
         its user or password: then it is asked at once";
    /// Too many would have gone.
    DirectoryTooManyRemovals = "directory_too_many_removals",
        "the last take-over was stopped, since {removed} agents would have gone; if that is meant, take over by \
         hand with removals";
    /// Some were not taken.
    DirectoryNotAll = "directory_not_all",
        "{count} entries of the directory were not taken over; the report of the last take-over names them";
    /// SIP is off.
    SipOff = "sip_off", "SIP is off: set a domain to have phones register here";
    /// Not all phones are registered.
    RegistrationsAmiss = "registrations_amiss",
        "{missing} of {all} phones that are to register here are not registered; see that they are there and have \
         this node as their server";
    /// Some of its servers are away.
    NextHopPartly = "next_hop_partly", "{up} of {all} servers of this next hop can be used[: {why}]";
    /// All of its servers are away.
    NextHopDown = "next_hop_down",
        "no server of this next hop can be used, so phones behind it are not reached[: {why}]. Test it, and look \
         at the servers and the network";
    /// Pushes have no credentials.
    PushNotConfigured = "push_not_configured",
        "no user for pushes is set, so phones see changes only when they ask; set phone_service.push";
    /// Some phones take no pushes.
    PhonesRefusePushes = "phones_refuse_pushes",
        "{amiss} of {all} phones did not take the last push; the list of devices says why for each";
    /// They are off.
    HeadsetsOff = "headsets_off", "headset integration is off; set headset.mode to have it";
    /// With some something is amiss.
    HeadsetsAmiss = "headsets_amiss",
        "with {amiss} of {all} phones with headsets something is amiss; the list of headsets says what for each";
    /// No CSQ takes emails.
    MailboxNone = "mailbox_none", "no CSQ takes emails: add one with its mailbox to have them come to agents";
    /// Nothing was read yet.
    MailboxNotYet = "mailbox_not_yet", "this mailbox was not read yet; look again in a moment";
    /// Another node reads it.
    MailboxElsewhere = "mailbox_elsewhere", "another node reads this mailbox; its own console says how it stands";
    /// It is read, and something is amiss.
    MailboxAmiss = "mailbox_amiss", "this mailbox is read, and something is not as it should be[: {why}]";
    /// It is not read.
    MailboxDown = "mailbox_down",
        "this mailbox is not read, so that its mails wait at the mail server[: {why}]. Test it, and look at its \
         account, its mail server and the network";
    /// The store takes no mails.
    MailboxNotKept = "mailbox_not_kept",
        "no new emails are fetched, since the store takes none[: {why}]. Look at its disk or its database";
    /// There is none.
    SyslogNone = "syslog_none", "no syslog receiver is set: the log stays on this machine";
    /// It is away.
    SyslogAway = "syslog_away",
        "the receiver is not reached, and {waiting} messages wait for it[: {why}]. Test it, and look at its \
         address and the network";
}

impl PartCode {
    /// The code of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::TABLE.iter().find(|(_, known, _)| *known == name).map(|(code, ..)| *code)
    }

    /// What is wrong and what to do, in English.
    pub fn reason(self, arguments: &Map<String, Value>) -> String {
        let mut reason = String::new();
        let mut rest = self.words();
        while let Some((before, behind)) = rest.split_once('[') {
            fill(before, arguments, &mut reason);
            let (inner, after) = behind.split_once(']').unwrap_or((behind, ""));
            let mut clause = String::new();
            if fill(inner, arguments, &mut clause) {
                reason.push_str(&clause);
            }
            rest = after;
        }
        fill(rest, arguments, &mut reason);
        reason
    }
}

/// Puts arguments in their places; false where one is missing.
fn fill(words: &str, arguments: &Map<String, Value>, filled: &mut String) -> bool {
    let mut has_all = true;
    let mut rest = words;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
        match arguments.get(name) {
            Some(Value::String(text)) => filled.push_str(text),
            Some(Value::Null) | None => has_all = false,
            Some(other) => filled.push_str(&other.to_string()),
        }
        rest = after;
    }
    filled.push_str(rest);
    has_all
}

/// One part and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    kind: PartKind,
    name: Option<String>,
    state: PartState,
    code: Option<PartCode>,
    arguments: Map<String, Value>,
    since: Option<Timestamp>,
}

impl Part {
    /// A part that is as it should be.
    pub fn ok(kind: PartKind) -> Self {
        Self {
            kind,
            name: None,
            state: PartState::Ok,
            code: None,
            arguments: Map::new(),
            since: None,
        }
    }

    /// A part that is not, and why.
    pub fn not_ok(kind: PartKind, state: PartState, code: PartCode) -> Self {
        Self { state, code: Some(code), ..Self::ok(kind) }
    }

    /// The same with the name of the one among several.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same with an argument of its reason.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.arguments.insert(name.to_owned(), value.into());
        self
    }

    /// The same with what lies behind it, where that is known.
    #[must_use]
    pub fn because(self, why: Option<impl Into<String>>) -> Self {
        match why {
            Some(why) => self.with(WHY, why.into()),
            None => self,
        }
    }

    /// The same, being so since then.
    #[must_use]
    pub fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    /// How it stands.
    pub fn state(&self) -> PartState {
        self.state
    }

    /// What sort it is.
    pub fn kind(&self) -> PartKind {
        self.kind
    }

    /// Its name, where there are several.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What is wrong and what to do, for administrators; `None` where nothing is.
    pub fn reason(&self) -> Option<String> {
        self.code.map(|code| code.reason(&self.arguments))
    }

    /// Why it is not as it should be.
    pub fn code(&self) -> Option<PartCode> {
        self.code
    }

    /// The part as it is told.
    pub fn json(&self) -> Value {
        json!({
            "part": self.kind.name(),
            "name": self.name,
            "state": self.state.name(),
            "code": self.code.map(PartCode::name),
            "reason": self.reason(),
            "arguments": self.arguments,
            "since": self.since.map(answer::time),
            "page": self.kind.page(),
        })
    }
}

/// A told part without what lies behind it, and without a page that its reader may not open.
pub(crate) fn without_places(mut part: Value) -> Value {
    let Some(members) = part.as_object_mut() else { return part };
    members.insert("page".to_owned(), Value::Null);
    let code = members.get("code").and_then(Value::as_str).and_then(PartCode::of_name);
    if let (Some(code), Some(Value::Object(arguments))) = (code, members.get_mut("arguments")) {
        arguments.remove(WHY);
        let reason = code.reason(arguments);
        members.insert("reason".to_owned(), reason.into());
    }
    part
}

/// The schema of a part.
pub(crate) fn part_schema() -> Value {
    let text = || json!({"type": "string"});
    let codes: Vec<_> = PartCode::TABLE.iter().map(|(_, name, _)| *name).collect();
    let pages = "The page of the console that mends it; null where the caller may not open it.";
    schema::told(&[
        ("part", schema::choice(PartKind::NAMES)),
        ("name", schema::about(schema::or_null(text()), "Which one, where there are several.")),
        ("state", schema::choice(&PartState::NAMES)),
        ("code", schema::or_null(schema::choice(&codes))),
        ("reason", schema::about(schema::or_null(text()), "What is wrong and what to do.")),
        ("arguments", schema::open("What stands in the places of the reason's words, by name.")),
        ("since", schema::or_null(schema::time())),
        ("page", schema::about(schema::or_null(text()), pages)),
    ])
}

#[cfg(test)]
mod tests;
