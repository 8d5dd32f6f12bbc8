//! Where a document lives: its kind and id, and the agent it speaks of.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    AgentId, ContactId, DeviceName, Extension, HeadsetSerial, InvalidIdentifier, NodeName,
    PairName, Revoked,
};

/// What sort of document it is; each has a schema number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An agent's session, keyed by agent.
    Session,
    /// Who uses a line, keyed by extension.
    Line,
    /// Who uses a phone's screen, keyed by device name.
    Device,
    /// Wrong passwords counted for an account, keyed by agent id.
    Account,
    /// What is so for one node only, keyed by its name.
    Node,
    /// One settings document, keyed by section and name.
    Setting,
    /// The number of the settings as a whole.
    SettingsHead,
    /// Secrets that every node of the deployment shares, sealed.
    Deployment,
    /// What an agent's password is compared with while a server that owns voice state cannot check
    /// it, keyed by agent.
    Verifier,
    /// An entry of the audit log, keyed by its number.
    Audit,
    /// The end of the audit log.
    AuditHead,
    /// Somebody signed in with a browser, keyed by the digest of what their cookie holds.
    WebSession,
    /// A token of a program, keyed by its public half.
    AccessToken,
    /// The link by which the first administrator is made.
    SetUpLink,
    /// The last one-time password that was taken, keyed by account.
    SecondFactor,
    /// A headset that a phone reported, keyed by its serial number.
    Headset,
    /// How many headsets are kept.
    HeadsetTally,
    /// The identity service's keys.
    IdentityKeys,
    /// A browser whose owner an IdP proved, keyed by the digest of what its cookie holds.
    SignOnSession,
    /// What an application trades for tokens, keyed by its digest.
    AuthorizationCode,
    /// What was granted to an application.
    TokenFamily,
    /// A message of an IdP that must not count twice, keyed by a digest.
    UsedMessage,
    /// Tokens that are good no more.
    Revocation,
    /// The last test of each component of single sign-on.
    TrustTests,
    /// A customer's contact, keyed by its number.
    Contact,
    /// What held when contacts came, keyed by its digest.
    ContactTerms,
    /// Where an agent works on digital contacts, keyed by agent id.
    Desk,
    /// An answer that is being written, keyed by contact.
    Draft,
    /// Mails that belong together, keyed by their number.
    Conversation,
    /// A mail of a server that was dealt with, keyed by a digest.
    MailSeen,
    /// A mail that a CSQ has, keyed by a digest.
    MailKnown,
    /// To which conversation a Message-ID belongs, keyed by a digest.
    MailThread,
    /// How far a folder was read, keyed by a digest.
    MailCursor,
    /// A mail that goes out, keyed by its number.
    MailOut,
    /// A sender who was told that a mail arrived, keyed by a digest.
    Acknowledged,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 35] = [
        Self::Session,
        Self::Line,
        Self::Device,
        Self::Account,
        Self::Node,
        Self::Setting,
        Self::SettingsHead,
        Self::Deployment,
        Self::Verifier,
        Self::Audit,
        Self::AuditHead,
        Self::WebSession,
        Self::AccessToken,
        Self::SetUpLink,
        Self::SecondFactor,
        Self::Headset,
        Self::HeadsetTally,
        Self::IdentityKeys,
        Self::SignOnSession,
        Self::AuthorizationCode,
        Self::TokenFamily,
        Self::UsedMessage,
        Self::Revocation,
        Self::TrustTests,
        Self::Contact,
        Self::ContactTerms,
        Self::Desk,
        Self::Draft,
        Self::Conversation,
        Self::MailSeen,
        Self::MailKnown,
        Self::MailThread,
        Self::MailCursor,
        Self::MailOut,
        Self::Acknowledged,
    ];

    /// The name under which the store keeps it. It never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Line => "line",
            Self::Device => "device",
            Self::Account => "account",
            Self::Node => "node",
            Self::Setting => "setting",
            Self::SettingsHead => "settings_head",
            Self::Deployment => "deployment",
            Self::Verifier => "verifier",
            Self::Audit => "audit",
            Self::AuditHead => "audit_head",
            Self::WebSession => "web_session",
            Self::AccessToken => "access_token",
            Self::SetUpLink => "set_up_link",
            Self::SecondFactor => "second_factor",
            Self::Headset => "headset",
            Self::HeadsetTally => "headset_tally",
            Self::IdentityKeys => "identity_keys",
            Self::SignOnSession => "sign_on_session",
            Self::AuthorizationCode => "authorization_code",
            Self::TokenFamily => "token_family",
            Self::UsedMessage => "used_message",
            Self::Revocation => "revocation",
            Self::TrustTests => "trust_tests",
            Self::Contact => "contact",
            Self::ContactTerms => "contact_terms",
            Self::Desk => "desk",
            Self::Draft => "draft",
            Self::Conversation => "conversation",
            Self::MailSeen => "mail_seen",
            Self::MailKnown => "mail_known",
            Self::MailThread => "mail_thread",
            Self::MailCursor => "mail_cursor",
            Self::MailOut => "mail_out",
            Self::Acknowledged => "acknowledged",
        }
    }

    /// Whether documents of this kind may stand in an index.
    pub fn is_indexed(self) -> bool {
        matches!(
            self,
            Self::Session
                | Self::Setting
                | Self::Audit
                | Self::WebSession
                | Self::AccessToken
                | Self::Headset
                | Self::SignOnSession
                | Self::AuthorizationCode
                | Self::TokenFamily
                | Self::UsedMessage
                | Self::Revocation
                | Self::Contact
                | Self::Conversation
                | Self::MailSeen
                | Self::MailOut
                | Self::Desk
        )
    }

    /// The kind of that stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The address of one document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// What sort of document.
    pub kind: Kind,
    /// Which one of its kind.
    pub id: String,
}

impl Key {
    /// The document `id` of that kind.
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }

    /// The session of that agent.
    pub fn session(agent: &AgentKey) -> Self {
        Self::new(Kind::Session, agent.to_string())
    }

    /// The claim on that line.
    pub fn line(extension: &Extension) -> Self {
        Self::new(Kind::Line, extension.as_str())
    }

    /// The claim on that phone's screen.
    pub fn device(device: &DeviceName) -> Self {
        Self::new(Kind::Device, device.as_str())
    }

    /// The wrong passwords counted for that agent.
    pub fn account(agent: &AgentId) -> Self {
        Self::new(Kind::Account, agent.as_str())
    }

    /// What that agent's password is compared with.
    pub fn verifier(agent: &AgentKey) -> Self {
        Self::new(Kind::Verifier, agent.to_string())
    }

    /// What is so for that node only.
    pub fn node(node: &NodeName) -> Self {
        Self::new(Kind::Node, node.as_str())
    }

    /// The number of the settings as a whole.
    pub fn settings_head() -> Self {
        Self::new(Kind::SettingsHead, "head")
    }

    /// The entry of the audit log with that number.
    pub fn audit(number: u64) -> Self {
        Self::new(Kind::Audit, number.to_string())
    }

    /// The end of the audit log.
    pub fn audit_head() -> Self {
        Self::new(Kind::AuditHead, "head")
    }

    /// The session whose cookie has that digest, in hexadecimal.
    pub fn web_session(digest: &str) -> Self {
        Self::new(Kind::WebSession, digest)
    }

    /// The token of that public half.
    pub fn access_token(id: &str) -> Self {
        Self::new(Kind::AccessToken, id)
    }

    /// The link by which the first administrator is made.
    pub fn set_up_link() -> Self {
        Self::new(Kind::SetUpLink, "link")
    }

    /// The last one-time password that was taken for that account.
    pub fn second_factor(account: &AgentId) -> Self {
        Self::new(Kind::SecondFactor, account.as_str())
    }

    /// The headset of that serial number.
    pub fn headset(serial: &HeadsetSerial) -> Self {
        Self::new(Kind::Headset, serial.as_str())
    }

    /// How many headsets are kept.
    pub fn headset_tally() -> Self {
        Self::new(Kind::HeadsetTally, "tally")
    }

    /// The identity service's keys.
    pub fn identity_keys() -> Self {
        Self::new(Kind::IdentityKeys, "keys")
    }

    /// The sign-on whose cookie has that digest.
    pub fn sign_on_session(digest: &str) -> Self {
        Self::new(Kind::SignOnSession, digest)
    }

    /// The authorization code of that digest.
    pub fn authorization_code(digest: &str) -> Self {
        Self::new(Kind::AuthorizationCode, digest)
    }

    /// The family of tokens of that id.
    pub fn token_family(id: &str) -> Self {
        Self::new(Kind::TokenFamily, id)
    }

    /// The message of that digest.
    pub fn used_message(digest: &str) -> Self {
        Self::new(Kind::UsedMessage, digest)
    }

    /// That those tokens are good no more.
    pub fn revocation(what: &Revoked) -> Self {
        Self::new(Kind::Revocation, what.id())
    }

    /// The last test of each component.
    pub fn trust_tests() -> Self {
        Self::new(Kind::TrustTests, "tests")
    }

    /// The contact of that number.
    pub fn contact(contact: ContactId) -> Self {
        Self::new(Kind::Contact, contact.to_string())
    }

    /// What held, by its digest.
    pub fn contact_terms(digest: &str) -> Self {
        Self::new(Kind::ContactTerms, digest)
    }

    /// The desk of that agent.
    pub fn desk(agent: &AgentId) -> Self {
        Self::new(Kind::Desk, agent.as_str())
    }

    /// What is being written to that contact.
    pub fn draft(contact: ContactId) -> Self {
        Self::new(Kind::Draft, contact.to_string())
    }

    /// The conversation of that number.
    pub fn conversation(conversation: ContactId) -> Self {
        Self::new(Kind::Conversation, conversation.to_string())
    }

    /// The mail of that number in a folder.
    pub fn mail_seen(csq: &str, folder: &str, uid_validity: u32, uid: u32) -> Self {
        let numbers = format!("{uid_validity}/{uid}");
        Self::new(Kind::MailSeen, digest_of(&[csq, folder, &numbers]))
    }

    /// The mail with that identity.
    pub fn mail_known(csq: &str, identity: &str) -> Self {
        Self::new(Kind::MailKnown, digest_of(&[csq, identity]))
    }

    /// Where that Message-ID belongs.
    pub fn mail_thread(message_id: &str) -> Self {
        Self::new(Kind::MailThread, digest_of(&[message_id]))
    }

    /// How far that folder was read.
    pub fn mail_cursor(csq: &str, folder: &str) -> Self {
        Self::new(Kind::MailCursor, digest_of(&[csq, folder]))
    }

    /// The outgoing mail of that number.
    pub fn mail_out(out: ContactId) -> Self {
        Self::new(Kind::MailOut, out.to_string())
    }

    /// That this sender was told.
    pub fn acknowledged(csq: &str, address: &str) -> Self {
        Self::new(Kind::Acknowledged, digest_of(&[csq, address]))
    }

    /// The secrets that all nodes share.
    pub fn deployment() -> Self {
        Self::new(Kind::Deployment, "secrets")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind.name(), self.id)
    }
}

/// A digest of texts of any length, which stay apart.
pub(crate) fn digest_of(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    let mut text = String::with_capacity(64);
    for byte in digest.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// How often a document was written; the first write makes it 1.
pub type Version = u64;

/// An agent inside the gateway: an id belongs to one pair of contact-centre servers (CTI-10).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AgentKey {
    /// The pair that owns the agent's voice state, or [`PairName::owned`].
    pub pair: PairName,
    /// The id the agent signs in with.
    pub id: AgentId,
}

impl AgentKey {
    /// An agent whose voice state the gateway owns itself.
    pub fn owned(id: AgentId) -> Self {
        Self { pair: PairName::owned(), id }
    }

    /// Whether the gateway owns the agent's voice state itself.
    pub fn is_owned(&self) -> bool {
        self.pair == PairName::owned()
    }
}

impl fmt::Display for AgentKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.pair, self.id)
    }
}

impl From<AgentKey> for String {
    fn from(key: AgentKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for AgentKey {
    type Error = InvalidIdentifier;

    fn try_from(text: String) -> Result<Self, InvalidIdentifier> {
        text.parse()
    }
}

impl FromStr for AgentKey {
    type Err = InvalidIdentifier;

    fn from_str(text: &str) -> Result<Self, InvalidIdentifier> {
        let (pair, id) = text.split_once(':').unwrap_or((text, ""));
        Ok(Self { pair: pair.parse()?, id: id.parse()? })
    }
}
