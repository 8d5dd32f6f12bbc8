//! What holds for all mail that customers send and agents answer.

use serde::{Deserialize, Serialize};

use super::Reader;
use super::web_address::is_host_name;

/// The most texts that other programs put in front of subjects.
pub const SUBJECT_TAGS_MAX: usize = 50;
/// The most characters of such a text.
pub const SUBJECT_TAG_CHARACTERS_MAX: usize = 40;
/// The most hosts that tokens may be fetched from with Google's keys.
pub const TOKEN_HOSTS_MAX: usize = 20;
/// The host that Google's keys name, and the only one unless others are written.
pub const GOOGLE_TOKEN_HOST: &str = "oauth2.googleapis.com";

/// What holds for all mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mail {
    /// Whose word counts on whether a mail is from whom it says, as its first line of results names it; then only a proven
    /// sender opens a customer's other mails. Nobody's where not set, and nothing is judged.
    pub authentication_server_id: Option<String>,
    /// What programs on the way put in front of subjects, as `[EXTERNAL]`.
    pub subject_tags: Vec<String>,
    /// An answer without any reference joins a conversation of the same customer and subject that is
    /// younger than so many days, 0 to 365; 0 means never.
    pub joins_by_subject_days: u32,
    /// Where keys of Google may send us for tokens.
    pub allowed_token_hosts: Vec<String>,
    /// A larger mail is not fetched whole: 1 to 150 megabytes.
    pub raw_megabytes_max: u32,
    /// The most acknowledgements of all CSQs in an hour, 0 to 10,000.
    pub acknowledgements_per_hour_max: u32,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            authentication_server_id: None,
            subject_tags: Vec::new(),
            joins_by_subject_days: 14,
            allowed_token_hosts: vec![GOOGLE_TOKEN_HOST.to_owned()],
            raw_megabytes_max: 35,
            acknowledgements_per_hour_max: 200,
        }
    }
}

impl Mail {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let usual = Self::default();
        let authentication_server_id = reader.short_text("authentication_server_id", 253);
        if authentication_server_id.as_ref().is_some_and(|id| !is_host_name(id)) {
            let message = "must be the name that the receiving mail server gives itself in \
                           Authentication-Results, as mx.example";
            reader.problem("authentication_server_id", message);
        }
        let subject_tags =
            reader.text_list("subject_tags", SUBJECT_TAGS_MAX, SUBJECT_TAG_CHARACTERS_MAX);
        let days = usual.joins_by_subject_days;
        let joins_by_subject_days = reader.count("joins_by_subject_days", 0..=365, days);
        let allowed_token_hosts = read_token_hosts(reader);
        let raw_megabytes_max = reader.count("raw_megabytes_max", 1..=150, usual.raw_megabytes_max);
        let most = usual.acknowledgements_per_hour_max;
        let acknowledgements_per_hour_max =
            reader.count("acknowledgements_per_hour_max", 0..=10_000, most);
        Some(Self {
            authentication_server_id,
            subject_tags,
            joins_by_subject_days,
            allowed_token_hosts,
            raw_megabytes_max,
            acknowledgements_per_hour_max,
        })
    }
}

fn read_token_hosts(reader: &mut Reader<'_>) -> Vec<String> {
    const KEY: &str = "allowed_token_hosts";
    let mut hosts = Vec::new();
    for (position, host) in
        reader.parsed_list::<String>(KEY, TOKEN_HOSTS_MAX).into_iter().enumerate()
    {
        let key = format!("{KEY}[{position}]");
        let host = host.to_ascii_lowercase();
        if !is_host_name(&host) {
            let message = format_args!(
                "is {host:?}; write a host's name without port and scheme, since addresses in numbers \
                 are refused here"
            );
            reader.problem(&key, message);
        } else if hosts.contains(&host) {
            reader.problem(&key, format_args!("has {host} more than once; keep one"));
        } else {
            hosts.push(host);
        }
    }
    if hosts.is_empty() {
        hosts.push(GOOGLE_TOKEN_HOST.to_owned());
    }
    hosts
}
