//! Sorted lists of documents beside the one by key, and how values stand in them.

use serde::{Deserialize, Serialize};

use crate::ContactId;
use crate::key::digest_of;
use crate::mail::Aside;
use crate::{DeviceName, Timestamp};

/// A sorted list of documents beside the one by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Index {
    /// Sessions by their number, in hexadecimal.
    SessionByNumber,
    /// Sessions of signed-in agents by the node that answers for them, and by those that their clients
    /// are connected to.
    SessionByNode,
    /// Settings documents by section.
    SettingBySection,
    /// Entries of the audit log by their number, in 20 digits.
    AuditByNumber,
    /// Sessions of browsers by who is signed in.
    WebSessionByIdentity,
    /// Access tokens by whom they act for.
    AccessTokenByIdentity,
    /// Headsets by their serial number.
    HeadsetBySerial,
    /// Connected headsets by the phone that they are at.
    HeadsetByDevice,
    /// Headsets by whose they are, in small letters.
    HeadsetByOwner,
    /// Headsets by everybody whom a phone named with them, in small letters.
    HeadsetByPerson,
    /// Headsets by when they were seen last, in 20 digits.
    HeadsetBySeen,
    /// Disconnected headsets by the phone that they were at last and since when they are gone.
    HeadsetLeftDevice,
    /// Disconnected headsets by since when they are gone, in 20 digits.
    HeadsetGone,
    /// What the identity service keeps for a time only, by its end, in 20 digits.
    IdentityByEnd,
    /// Revocations by their end, in 20 digits.
    RevocationByEnd,
    /// Contacts that are not over, by CSQ and since when they wait.
    ContactOpen,
    /// Contacts by their conversation and when they came.
    ContactByConversation,
    /// Contacts by a digest of the customer's address and when they came.
    ContactByCustomer,
    /// Contacts by when they came, in 20 digits.
    ContactByArrival,
    /// Contacts that are over by since when, in 20 digits.
    ContactByEnd,
    /// Conversations by a digest of who takes part and their subject.
    ConversationBySubject,
    /// Mails of a server by folder, UIDVALIDITY and UID.
    MailSeenByFolder,
    /// Mails of a server by when they were dealt with, in 20 digits.
    MailSeenByTime,
    /// Mails that are no contact, by when they came, in 20 digits.
    MailKnownByTime,
    /// Senders who were told that a mail arrived, by when, in 20 digits.
    AcknowledgedByTime,
    /// Mails of a server that became no contact, by CSQ, what became of them and when.
    MailSeenAside,
    /// Mails on their way out by when they are due, as [`crate::mail::OpenMail`] says.
    MailOutOpen,
    /// Desks with their agents by the nodes that their browsers are connected to.
    DeskByNode,
}

impl Index {
    /// Every index there is.
    pub const ALL: [Self; 28] = [
        Self::SessionByNumber,
        Self::SessionByNode,
        Self::SettingBySection,
        Self::AuditByNumber,
        Self::WebSessionByIdentity,
        Self::AccessTokenByIdentity,
        Self::HeadsetBySerial,
        Self::HeadsetByDevice,
        Self::HeadsetByOwner,
        Self::HeadsetByPerson,
        Self::HeadsetBySeen,
        Self::HeadsetLeftDevice,
        Self::HeadsetGone,
        Self::IdentityByEnd,
        Self::RevocationByEnd,
        Self::ContactOpen,
        Self::ContactByConversation,
        Self::ContactByCustomer,
        Self::ContactByArrival,
        Self::ContactByEnd,
        Self::ConversationBySubject,
        Self::MailSeenByFolder,
        Self::MailSeenByTime,
        Self::MailKnownByTime,
        Self::AcknowledgedByTime,
        Self::MailSeenAside,
        Self::MailOutOpen,
        Self::DeskByNode,
    ];

    /// The name under which the store keeps it. It never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::SessionByNumber => "session_by_number",
            Self::SessionByNode => "session_by_node",
            Self::SettingBySection => "setting_by_section",
            Self::AuditByNumber => "audit_by_number",
            Self::WebSessionByIdentity => "web_session_by_identity",
            Self::AccessTokenByIdentity => "access_token_by_identity",
            Self::HeadsetBySerial => "headset_by_serial",
            Self::HeadsetByDevice => "headset_by_device",
            Self::HeadsetByOwner => "headset_by_owner",
            Self::HeadsetByPerson => "headset_by_person",
            Self::HeadsetBySeen => "headset_by_seen",
            Self::HeadsetLeftDevice => "headset_left_device",
            Self::HeadsetGone => "headset_gone",
            Self::IdentityByEnd => "identity_by_end",
            Self::RevocationByEnd => "revocation_by_end",
            Self::ContactOpen => "contact_open",
            Self::ContactByConversation => "contact_by_conversation",
            Self::ContactByCustomer => "contact_by_customer",
            Self::ContactByArrival => "contact_by_arrival",
            Self::ContactByEnd => "contact_by_end",
            Self::ConversationBySubject => "conversation_by_subject",
            Self::MailSeenByFolder => "mail_seen_by_folder",
            Self::MailSeenByTime => "mail_seen_by_time",
            Self::MailKnownByTime => "mail_known_by_time",
            Self::AcknowledgedByTime => "acknowledged_by_time",
            Self::MailSeenAside => "mail_seen_aside",
            Self::MailOutOpen => "mail_out_open",
            Self::DeskByNode => "desk_by_node",
        }
    }
}

impl Index {
    /// How the audit log's number stands in [`Index::AuditByNumber`], so that texts sort as numbers.
    pub fn audit_value(number: u64) -> String {
        format!("{number:020}")
    }

    /// How a person's name stands in [`Index::HeadsetByOwner`] and [`Index::HeadsetByPerson`].
    pub fn person_value(name: &str) -> String {
        name.to_lowercase()
    }

    /// How a phone and since when a headset is gone stand in [`Index::HeadsetLeftDevice`].
    pub fn left_value(device: &DeviceName, since: Timestamp) -> String {
        // No name of a device has that character.
        format!("{device}/{}", Self::seen_value(since))
    }

    /// How a participant, in small letters, and a subject stand in [`Index::ConversationBySubject`].
    pub fn conversation_value(participant: &str, base_subject: &str) -> String {
        digest_of(&[participant, base_subject])
    }

    /// How a customer, in small letters, and a time stand in [`Index::ContactByCustomer`], the latest first.
    pub fn customer_value(customer: &str, at: Timestamp) -> String {
        let after = u64::try_from(at.microseconds()).map_or(u64::MAX, |it| u64::MAX - it);
        format!("{}/{after:020}", digest_of(&[customer]))
    }

    /// How a contact of a conversation stands in [`Index::ContactByConversation`], the latest first.
    pub fn of_conversation_value(conversation: ContactId, at: Timestamp) -> String {
        let after = u64::try_from(at.microseconds()).map_or(u64::MAX, |it| u64::MAX - it);
        format!("{conversation}/{after:020}")
    }

    /// How a mail of a folder stands in [`Index::MailSeenByFolder`].
    pub fn folder_value(csq: &str, folder: &str, uid_validity: u32, uid: u32) -> String {
        format!("{}/{uid_validity:010}/{uid:010}", digest_of(&[csq, folder]))
    }

    /// How a mail that became no contact stands in [`Index::MailSeenAside`], the latest first.
    pub fn aside_value(csq: &str, aside: Aside, at: Timestamp, uid: u32) -> String {
        let after = u64::try_from(at.microseconds()).map_or(u64::MAX, |it| u64::MAX - it);
        format!("{}/{}/{after:020}/{uid:010}", digest_of(&[csq]), aside.name())
    }

    /// How a point in time stands in [`Index::HeadsetBySeen`], [`Index::HeadsetGone`] and all others by time alone.
    pub fn seen_value(seen: Timestamp) -> String {
        format!("{:020}", seen.microseconds().max(0))
    }
}

/// A stretch of an index, both ends included; at most `limit` keys are given, smallest value first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexRange {
    /// Which index.
    pub index: Index,
    /// The smallest value wanted.
    pub from: String,
    /// The largest value wanted.
    pub to: String,
    /// The most keys wanted.
    pub limit: u32,
}

impl IndexRange {
    /// All that stands under exactly that value.
    pub fn exactly(index: Index, value: impl Into<String>, limit: u32) -> Self {
        let value = value.into();
        Self { index, from: value.clone(), to: value, limit }
    }
}
