//! Contact service queues for digital contacts (CCP-03), and the mailbox of those for email (CCP-04).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CalendarDay, Channel, MailServer, SecretOf};
use crate::Sealed;

mod check;
mod read;

pub(super) use check::{check_mailboxes, warnings};
pub use read::WrittenCsq;

/// The most CSQs.
pub const CSQS_MAX: usize = 1_000;
/// The most CSQs for email.
pub const EMAIL_CSQS_MAX: usize = 100;
/// The most characters of a CSQ's name.
pub const CSQ_CHARACTERS_MAX: usize = 64;
/// The most further addresses of a mailbox.
pub const ALIASES_MAX: usize = 20;
/// The most characters of an acknowledgement's subject.
pub const ACKNOWLEDGEMENT_SUBJECT_CHARACTERS_MAX: usize = 200;
/// The most characters of what an acknowledgement says.
pub const ACKNOWLEDGEMENT_CHARACTERS_MAX: usize = 1_500;
/// What passwords of mailboxes are sealed for.
pub const MAILBOX_PASSWORD_PURPOSE: &str = "mailbox";
/// What keys of Google's service accounts are sealed for.
pub const GOOGLE_KEY_PURPOSE: &str = "google_key";
/// What our secrets at Office 365 are sealed for.
pub const MAIL_CLIENT_SECRET_PURPOSE: &str = "mail_client";

/// By what an agent is selected out of those who qualify.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Who waits for the longest time.
    #[default]
    LongestAvailable,
    /// Whose competence in the CSQ's skills is the highest in sum.
    MostSkilled,
}

impl Selection {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] =
        [("longest_available", Self::LongestAvailable), ("most_skilled", Self::MostSkilled)];

    /// Its name in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::LongestAvailable => "longest_available",
            Self::MostSkilled => "most_skilled",
        }
    }
}

/// How the gateway proves to a mail server who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailProof {
    /// By user name and password.
    #[default]
    Basic,
    /// By a token.
    Oauth,
}

impl MailProof {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] = [("basic", Self::Basic), ("oauth", Self::Oauth)];
}

/// What customers get at once when their mail has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Its subject.
    pub subject: String,
    /// What it says, plain.
    pub text: String,
}

/// The mailbox of a CSQ for email.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailCsq {
    /// The mail server it is on.
    pub mail_server: String,
    /// Its address, which answers come from.
    pub address: String,
    /// Who signs in there; the address where not set.
    pub user_name: Option<String>,
    /// The password, sealed for [`MAILBOX_PASSWORD_PURPOSE`].
    pub password: Option<Sealed>,
    /// How we sign in to read.
    pub reading: MailProof,
    /// How we sign in to send.
    pub sending: MailProof,
    /// The file with the key of Google's service account, sealed for [`GOOGLE_KEY_PURPOSE`].
    pub google_key: Option<Sealed>,
    /// The tenant at Office 365.
    pub tenant: Option<String>,
    /// Our id there.
    pub client_id: Option<String>,
    /// Our secret there, sealed for [`MAIL_CLIENT_SECRET_PURPOSE`].
    pub client_secret: Option<Sealed>,
    /// The last day on which the secret holds, so that somebody is told before.
    pub client_secret_expires_on: Option<CalendarDay>,
    /// The folder that mails are read from.
    pub inbox_folder: String,
    /// The folder for sent mails; the mail server's where not set.
    pub sent_folder: Option<String>,
    /// How often is looked for new mails at least: every 60 to 3,600 seconds.
    pub poll_seconds: u32,
    /// Mails no older than so long are taken when a folder is read for the first time: 60 to 43,200
    /// minutes.
    pub snapshot_minutes: u32,
    /// Whether older mails are left out later too, after an outage say.
    pub is_snapshot_strict: bool,
    /// Further addresses that come into this mailbox.
    pub aliases: Vec<String>,
    /// What customers get at once, where they do.
    pub acknowledgement: Option<Acknowledgement>,
}

impl EmailCsq {
    /// Who signs in.
    pub fn user_name(&self) -> &str {
        self.user_name.as_deref().unwrap_or(&self.address)
    }

    /// The folder for sent mails, as the CSQ says, its mail server or the server's kind.
    pub fn sent_folder<'a>(&'a self, server: &'a MailServer) -> &'a str {
        self.sent_folder.as_deref().unwrap_or(server.sent_folder())
    }

    /// Where tokens for it are fetched, unless a key of Google's names another address.
    pub fn token_url(&self, server: &MailServer) -> Option<String> {
        server.token_url(self.tenant.as_deref())
    }

    /// Every address of the mailbox, the one that answers come from first.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.address.as_str()).chain(self.aliases.iter().map(String::as_str))
    }
}

/// A contact service queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Csq {
    /// Its name.
    pub name: String,
    /// By what its contacts come in.
    pub channel: Channel,
    /// By what an agent is selected.
    pub selection: Selection,
    /// The least competence in each of its skills, 1 to 10; who has all of it qualifies.
    pub skills: BTreeMap<String, u8>,
    /// The mailbox, of those for email.
    pub email: Option<EmailCsq>,
}

impl Csq {
    /// Its secrets, each with what it is.
    pub(super) fn secrets(&self) -> Vec<(SecretOf, Option<&Sealed>)> {
        let Some(email) = &self.email else { return Vec::new() };
        vec![
            (SecretOf::Mailbox(self.name.clone()), email.password.as_ref()),
            (SecretOf::GoogleKey(self.name.clone()), email.google_key.as_ref()),
            (SecretOf::MailClient(self.name.clone()), email.client_secret.as_ref()),
        ]
    }

    /// The place of that secret, where there is one.
    pub(super) fn secret_mut(&mut self, of: &SecretOf) -> Option<&mut Sealed> {
        let email = self.email.as_mut()?;
        match of {
            SecretOf::Mailbox(_) => email.password.as_mut(),
            SecretOf::GoogleKey(_) => email.google_key.as_mut(),
            SecretOf::MailClient(_) => email.client_secret.as_mut(),
            _ => None,
        }
    }
}
