//! What holds for all digital contacts (CCP-09). A change reaches contacts that come after it.

use serde::{Deserialize, Serialize};

use super::web_address::{https_origin, https_problem};
use super::{NewSecret, Reader};
use crate::Sealed;

/// What the secret of customer records is sealed for.
pub const CUSTOMER_RECORDS_SECRET_PURPOSE: &str = "customer_records";

/// The most pages of others that may show the workspace within them.
pub const FRAME_ORIGINS_MAX: usize = 10;

/// By what a contact comes in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By email.
    #[default]
    Email,
    /// By chat.
    Chat,
}

impl Channel {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] = [("email", Self::Email), ("chat", Self::Chat)];

    /// Its name in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Chat => "chat",
        }
    }
}

/// Where records of contacts are sent (CTX-02).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRecords {
    /// Its address.
    pub url: String,
    /// What it knows us by, sealed for [`CUSTOMER_RECORDS_SECRET_PURPOSE`].
    pub secret: Option<Sealed>,
}

/// The least and the most bytes of a file that may be given to a virus scanner.
pub const SCAN_BYTES_RANGE: std::ops::RangeInclusive<u32> = 65_536..=1_073_741_824;
/// The same where nobody says: 25 MB, as much as clamd takes as it comes (`StreamMaxLength`).
pub const SCAN_BYTES_MAX: u32 = 25 * 1024 * 1024;
/// A path of a socket has at most so many bytes.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// What happens to a file that the virus scanner could not look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unscanned {
    /// Nobody opens or adds it until it was looked at.
    #[default]
    Withhold,
    /// It is opened all the same.
    Allow,
}

impl Unscanned {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] =
        [("withhold", Self::Withhold), ("allow", Self::Allow)];
}

/// The virus scanner that looks at files before agents get them and before they are added to answers (MAIL-07).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirusScanner {
    /// Where it listens, with clamd's protocol: `host:port`, or `unix:` and an absolute path.
    pub address: String,
    /// Files with more bytes are not given to it.
    pub scan_bytes_max: u32,
    /// What happens to files that it could not look at.
    pub when_unreachable: Unscanned,
}

/// Where a virus scanner listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannerPlace {
    /// On a host, at a port. What goes there can be read on the way.
    Host(String, u16),
    /// At a socket of this machine.
    Socket(String),
}

impl VirusScanner {
    /// Where it listens, if the address says that.
    pub fn place(&self) -> Option<ScannerPlace> {
        if let Some(path) = self.address.strip_prefix("unix:") {
            let is_path = path.starts_with('/') && path.len() <= SOCKET_PATH_BYTES_MAX;
            return is_path.then(|| ScannerPlace::Socket(path.to_owned()));
        }
        let (host, port) = self.address.rsplit_once(':')?;
        let port = port.parse::<u16>().ok().filter(|port| *port > 0)?;
        let within = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_');
        let is_good = match within {
            Some(within) => within.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(is_host),
        };
        is_good.then(|| ScannerPlace::Host(within.unwrap_or(host).to_owned(), port))
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let address = reader.named("address", 300);
        let scan_bytes_max = reader.count("scan_bytes_max", SCAN_BYTES_RANGE, SCAN_BYTES_MAX);
        let when_unreachable =
            reader.choice("when_unreachable", &Unscanned::NAMED).unwrap_or_default();
        let scanner = Self { address: address?, scan_bytes_max, when_unreachable };
        if scanner.place().is_none() {
            let message = format_args!(
                "is {:?}; write a host and a port, as 127.0.0.1:3310, or unix: and the path of a socket, as \
                 unix:/run/clamav/clamd.ctl",
                scanner.address
            );
            reader.problem("address", message);
        }
        Some(scanner)
    }
}

/// What holds for all digital contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Channels {
    /// A chat that its agent does not take for so long goes to another: 5 to 600 seconds.
    pub no_answer_seconds: u32,
    /// A customer whom nobody joins for so long is told so: 1 to 60 minutes.
    pub join_minutes: u32,
    /// A chat whose customer is silent for so long ends: 1 to 1,440 minutes.
    pub inactivity_minutes: u32,
    /// Whether chats come to agents on a call.
    pub is_chat_while_on_voice: bool,
    /// Whether calls come to agents in a chat.
    pub is_voice_while_on_chat: bool,
    /// How many chats an agent has at once, those in groups among them: 1 to 5.
    pub chats_per_agent: u32,
    /// How many emails an agent has at once: 1 to 5.
    pub emails_per_agent: u32,
    /// An email waits for the agent who had the one before for so long: 1 to 120 hours.
    pub sticky_email_hours: u32,
    /// Where records of contacts are sent, where they are.
    pub customer_records: Option<CustomerRecords>,
    /// Whose pages may show the workspace within them (DSK-06): origins as browsers write them; nobody's where empty.
    pub workspace_frame_origins: Vec<String>,
    /// What looks at files before anybody gets them, where something does.
    pub virus_scanner: Option<VirusScanner>,
}

impl Default for Channels {
    fn default() -> Self {
        Self {
            no_answer_seconds: 30,
            join_minutes: 1,
            inactivity_minutes: 5,
            is_chat_while_on_voice: true,
            is_voice_while_on_chat: true,
            chats_per_agent: 3,
            emails_per_agent: 3,
            sticky_email_hours: 4,
            customer_records: None,
            workspace_frame_origins: Vec::new(),
            virus_scanner: None,
        }
    }
}

/// The same as a settings file gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenChannels {
    /// All but the secret.
    pub channels: Channels,
    /// The secret of customer records, where one is given.
    pub secret: Option<NewSecret>,
}

impl WrittenChannels {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let usual = Channels::default();
        let mut count = |name: &str, range, usual| reader.count(name, range, usual);
        let no_answer_seconds = count("no_answer_seconds", 5..=600, usual.no_answer_seconds);
        let join_minutes = count("join_minutes", 1..=60, usual.join_minutes);
        let inactivity_minutes = count("inactivity_minutes", 1..=1_440, usual.inactivity_minutes);
        let chats_per_agent = count("chats_per_agent", 1..=5, usual.chats_per_agent);
        let emails_per_agent = count("emails_per_agent", 1..=5, usual.emails_per_agent);
        let sticky_email_hours = count("sticky_email_hours", 1..=120, usual.sticky_email_hours);
        let is_chat_while_on_voice =
            reader.switch("is_chat_while_on_voice").unwrap_or(usual.is_chat_while_on_voice);
        let is_voice_while_on_chat =
            reader.switch("is_voice_while_on_chat").unwrap_or(usual.is_voice_while_on_chat);
        let records = reader.table("customer_records", |reader| {
            let url = reader.named("url", super::URL_BYTES_MAX);
            if let Some(why) = url.as_deref().and_then(https_problem) {
                reader.problem("url", why);
            }
            let secret = reader.sealable("secret", 256);
            Some((CustomerRecords { url: url?, secret: None }, secret))
        });
        let (customer_records, secret) = records.unzip();
        let workspace_frame_origins = read_origins(reader);
        let channels = Channels {
            no_answer_seconds,
            join_minutes,
            inactivity_minutes,
            is_chat_while_on_voice,
            is_voice_while_on_chat,
            chats_per_agent,
            emails_per_agent,
            sticky_email_hours,
            customer_records,
            workspace_frame_origins,
            virus_scanner: reader.table("virus_scanner", VirusScanner::read),
        };
        Some(Self { channels, secret: secret.flatten() })
    }
}

fn read_origins(reader: &mut Reader<'_>) -> Vec<String> {
    const KEY: &str = "workspace_frame_origins";
    let mut origins = Vec::new();
    let written = reader.parsed_list::<String>(KEY, FRAME_ORIGINS_MAX);
    for (position, text) in written.into_iter().enumerate() {
        let key = format!("{KEY}[{position}]");
        match https_origin(&text) {
            None => {
                let message = format_args!(
                    "is {text:?}; write https://, a host's name and where needed its port, and nothing behind \
                     them, as https://desktop.example:8445"
                );
                reader.problem(&key, message);
            }
            Some(origin) if origins.contains(&origin) => {
                reader.problem(&key, format_args!("has {origin} more than once; keep one"));
            }
            Some(origin) => origins.push(origin),
        }
    }
    origins
}
