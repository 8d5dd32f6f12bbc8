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
