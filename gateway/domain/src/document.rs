//! What the store keeps: one type for each kind, with a schema number, as JSON.

use std::collections::BTreeSet;

use serde_json::Error as JsonError;

use crate::mail::OpenMail;
use crate::settings::{SettingDocument, SettingsHead};
use crate::step::end_of;
use crate::{
    AccessToken, Account, AgentSession, AuditEntry, AuditHead, AuthorizationCode, Claim, Client,
    Contact, ContactTerms, Deployment, Desk, HeadsetPresence, HeadsetTally, IdentityKeys, Index,
    Kind, KnownHeadset, Node, Place, Revocation, SecondFactor, SetUpLink, SignOnSession,
    TokenFamily, TrustTests, UsedMessage, Verifier, WebSession, mail,
};

/// A stored document of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// An agent's session.
    Session(AgentSession),
    /// Who uses a line.
    Line(Claim),
    /// Who uses a phone's screen.
    Device(Claim),
    /// Wrong passwords counted for an account.
    Account(Account),
    /// What is so for one node only.
    Node(Node),
    /// One settings document.
    Setting(Box<SettingDocument>),
    /// The number of the settings as a whole.
    SettingsHead(SettingsHead),
    /// Secrets that all nodes share.
    Deployment(Deployment),
    /// What a password is compared with.
    Verifier(Verifier),
    /// An entry of the audit log.
    Audit(Box<AuditEntry>),
    /// The end of the audit log.
    AuditHead(AuditHead),
    /// Somebody signed in with a browser.
    WebSession(Box<WebSession>),
    /// A token of a program.
    AccessToken(Box<AccessToken>),
    /// The link by which the first administrator is made.
    SetUpLink(SetUpLink),
    /// The last one-time password that was taken.
    SecondFactor(SecondFactor),
    /// A headset that a phone reported.
    Headset(Box<KnownHeadset>),
    /// How many headsets are kept.
    HeadsetTally(HeadsetTally),
    /// The identity service's keys.
    IdentityKeys(Box<IdentityKeys>),
    /// A browser whose owner an IdP proved, keyed by the digest of what its cookie holds.
    SignOnSession(Box<SignOnSession>),
    /// What an application trades for tokens, keyed by its digest.
    AuthorizationCode(Box<AuthorizationCode>),
    /// What was granted to an application.
    TokenFamily(Box<TokenFamily>),
    /// A message of an IdP that must not count twice, keyed by a digest.
    UsedMessage(UsedMessage),
    /// Tokens that are good no more.
    Revocation(Revocation),
    /// The last test of each component of single sign-on.
    TrustTests(Box<TrustTests>),
    /// A customer's contact.
    Contact(Box<Contact>),
    /// What held when contacts came.
    ContactTerms(Box<ContactTerms>),
    /// Where an agent works on digital contacts.
    Desk(Box<Desk>),
    /// An answer that is being written.
    Draft(Box<mail::Draft>),
    /// Mails that belong together.
    Conversation(Box<mail::Conversation>),
    /// A mail of a server that was dealt with.
    MailSeen(Box<mail::MailSeen>),
    /// A mail that a CSQ has.
    MailKnown(mail::MailKnown),
    /// To which conversation a Message-ID belongs.
    MailThread(mail::MailThread),
    /// How far a folder was read.
    MailCursor(Box<mail::MailCursor>),
    /// A mail that goes out.
    MailOut(Box<mail::MailOut>),
    /// A sender who was told that a mail arrived.
    Acknowledged(mail::Acknowledged),
}

/// One line of an index that leads to a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Which index.
    pub index: Index,
    /// Under which value.
    pub value: String,
}

/// Why a stored document cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeDocumentError {
    /// A newer program wrote it; this one must not touch it.
    #[error("a {kind} document has schema {found}, this program knows up to {known}", kind = kind.name())]
    Newer {
        /// Its kind.
        kind: Kind,
        /// Its schema number.
        found: u32,
        /// The highest one known here.
        known: u32,
    },
    /// Its text is not what its kind and schema say.
    #[error("a {kind} document is damaged", kind = kind.name())]
    Damaged {
        /// Its kind.
        kind: Kind,
        /// What serde made of it.
        source: JsonError,
    },
}

fn contact_entries(contact: &Contact) -> Vec<IndexEntry> {
    let entry = |index, value| IndexEntry { index, value };
    let customer = contact.customer.known_as();
    let mut entries = vec![
        entry(
            Index::ContactByConversation,
            Index::of_conversation_value(contact.conversation, contact.arrived_at),
        ),
        entry(Index::ContactByArrival, Index::seen_value(contact.arrived_at)),
        entry(Index::ContactByCustomer, Index::customer_value(&customer, contact.arrived_at)),
    ];
    entries.push(match contact.place {
        Place::Closed { at, .. } => entry(Index::ContactByEnd, Index::seen_value(at)),
        Place::Queued | Place::Active { .. } => {
            entry(Index::ContactOpen, Index::seen_value(contact.waiting_since))
        }
    });
    entries
}

impl Document {
    /// The schema number this program writes for that kind.
    pub const fn schema(kind: Kind) -> u32 {
        match kind {
            Kind::Session
            | Kind::Line
            | Kind::Device
            | Kind::Account
            | Kind::Node
            | Kind::Setting
            | Kind::SettingsHead
            | Kind::Deployment
            | Kind::Verifier
            | Kind::Audit
            | Kind::AuditHead
            | Kind::WebSession
            | Kind::AccessToken
            | Kind::SetUpLink
            | Kind::SecondFactor
            | Kind::Headset
            | Kind::HeadsetTally
            | Kind::IdentityKeys
            | Kind::SignOnSession
            | Kind::AuthorizationCode
            | Kind::TokenFamily
            | Kind::UsedMessage
            | Kind::Revocation
            | Kind::TrustTests
            | Kind::Contact
            | Kind::ContactTerms
            | Kind::Desk
            | Kind::Draft
            | Kind::Conversation
            | Kind::MailSeen
            | Kind::MailKnown
            | Kind::MailThread
            | Kind::MailCursor
            | Kind::MailOut
            | Kind::Acknowledged => 1,
        }
    }

    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Session(_) => Kind::Session,
            Self::Line(_) => Kind::Line,
            Self::Device(_) => Kind::Device,
            Self::Account(_) => Kind::Account,
            Self::Node(_) => Kind::Node,
            Self::Setting(_) => Kind::Setting,
            Self::SettingsHead(_) => Kind::SettingsHead,
            Self::Deployment(_) => Kind::Deployment,
            Self::Verifier(_) => Kind::Verifier,
            Self::Audit(_) => Kind::Audit,
            Self::AuditHead(_) => Kind::AuditHead,
            Self::WebSession(_) => Kind::WebSession,
            Self::AccessToken(_) => Kind::AccessToken,
            Self::SetUpLink(_) => Kind::SetUpLink,
            Self::SecondFactor(_) => Kind::SecondFactor,
            Self::Headset(_) => Kind::Headset,
            Self::HeadsetTally(_) => Kind::HeadsetTally,
            Self::IdentityKeys(_) => Kind::IdentityKeys,
            Self::SignOnSession(_) => Kind::SignOnSession,
            Self::AuthorizationCode(_) => Kind::AuthorizationCode,
            Self::TokenFamily(_) => Kind::TokenFamily,
            Self::UsedMessage(_) => Kind::UsedMessage,
            Self::Revocation(_) => Kind::Revocation,
            Self::TrustTests(_) => Kind::TrustTests,
            Self::Contact(_) => Kind::Contact,
            Self::ContactTerms(_) => Kind::ContactTerms,
            Self::Desk(_) => Kind::Desk,
            Self::Draft(_) => Kind::Draft,
            Self::Conversation(_) => Kind::Conversation,
            Self::MailSeen(_) => Kind::MailSeen,
            Self::MailKnown(_) => Kind::MailKnown,
            Self::MailThread(_) => Kind::MailThread,
            Self::MailCursor(_) => Kind::MailCursor,
            Self::MailOut(_) => Kind::MailOut,
            Self::Acknowledged(_) => Kind::Acknowledged,
        }
    }

    /// The indexes it stands in.
    pub fn index_entries(&self) -> Vec<IndexEntry> {
        match self {
            Self::Session(session) => {
                let number = session.number.to_string();
                let mut entries = vec![IndexEntry { index: Index::SessionByNumber, value: number }];
                if let Some(signed_in) = session.signed_in() {
                    // Whoever looks for what a node left finds its clients too.
                    let clients = signed_in.client.iter().flat_map(Client::nodes);
                    let nodes = std::iter::once(&signed_in.node).chain(clients);
                    let nodes: BTreeSet<_> = nodes.map(|node| node.as_str().to_owned()).collect();
                    let of_node = |value| IndexEntry { index: Index::SessionByNode, value };
                    entries.extend(nodes.into_iter().map(of_node));
                }
                entries
            }
            Self::Setting(setting) => {
                let value = setting.section().name().to_owned();
                vec![IndexEntry { index: Index::SettingBySection, value }]
            }
            Self::Audit(entry) => {
                let value = Index::audit_value(entry.number);
                vec![IndexEntry { index: Index::AuditByNumber, value }]
            }
            Self::WebSession(session) => {
                let value = session.identity.index_value();
                vec![IndexEntry { index: Index::WebSessionByIdentity, value }]
            }
            Self::AccessToken(token) => {
                let value = token.identity.index_value();
                vec![IndexEntry { index: Index::AccessTokenByIdentity, value }]
            }
            Self::Headset(headset) => {
                let serial = headset.serial.as_str().to_owned();
                let seen = Index::seen_value(headset.last_seen);
                let mut entries = vec![
                    IndexEntry { index: Index::HeadsetBySerial, value: serial },
                    IndexEntry { index: Index::HeadsetBySeen, value: seen },
                ];
                match headset.presence {
                    HeadsetPresence::Connected => {
                        let value = headset.device.as_str().to_owned();
                        entries.push(IndexEntry { index: Index::HeadsetByDevice, value });
                    }
                    HeadsetPresence::Disconnected => {
                        let left = Index::left_value(&headset.device, headset.since);
                        let gone = Index::seen_value(headset.since);
                        entries.extend([
                            IndexEntry { index: Index::HeadsetLeftDevice, value: left },
                            IndexEntry { index: Index::HeadsetGone, value: gone },
                        ]);
                    }
                }
                let owner = headset.owner().map(Index::person_value);
                let of_owner = |value| IndexEntry { index: Index::HeadsetByOwner, value };
                entries.extend(owner.map(of_owner));
                let people: BTreeSet<_> = headset.people().map(Index::person_value).collect();
                let of_person = |value| IndexEntry { index: Index::HeadsetByPerson, value };
                entries.extend(people.into_iter().map(of_person));
                entries
            }
            Self::Contact(contact) => contact_entries(contact),
            Self::Conversation(conversation) => conversation
                .participants
                .iter()
                .map(|it| IndexEntry {
                    index: Index::ConversationBySubject,
                    value: Index::conversation_value(it, &conversation.base_subject),
                })
                .collect(),
            Self::MailSeen(seen) => {
                let value =
                    Index::folder_value(&seen.csq, &seen.folder, seen.uid_validity, seen.uid);
                let by_time = Index::seen_value(seen.at);
                let mut entries = vec![
                    IndexEntry { index: Index::MailSeenByFolder, value },
                    IndexEntry { index: Index::MailSeenByTime, value: by_time },
                ];
                if let Some(aside) = seen.disposition.aside() {
                    let value = Index::aside_value(&seen.csq, aside, seen.at, seen.uid);
                    entries.push(IndexEntry { index: Index::MailSeenAside, value });
                }
                entries
            }
            Self::MailKnown(known) if known.contact.is_none() => {
                let value = Index::seen_value(known.at);
                vec![IndexEntry { index: Index::MailKnownByTime, value }]
            }
            Self::Acknowledged(last) => {
                let value = Index::seen_value(last.at);
                vec![IndexEntry { index: Index::AcknowledgedByTime, value }]
            }
            Self::MailOut(out) => {
                let open = OpenMail::of(out).map(|open| open.index_value());
                let entry = open.map(|value| IndexEntry { index: Index::MailOutOpen, value });
                entry.into_iter().collect()
            }
            Self::Desk(desk) => {
                let signed_in = desk.signed_in();
                let nodes = signed_in.iter().flat_map(|it| it.client.nodes());
                let nodes: Vec<_> = nodes.map(|node| node.as_str().to_owned()).collect();
                // Who is signed in without a browser is found too.
                let nowhere = (signed_in.is_some() && nodes.is_empty()).then(String::new);
                let of_node = |value| IndexEntry { index: Index::DeskByNode, value };
                nodes.into_iter().chain(nowhere).map(of_node).collect()
            }
            document => match end_of(document) {
                Some(end) => {
                    let value = Index::seen_value(end);
                    let by = |index| IndexEntry { index, value: value.clone() };
                    let mut entries = vec![by(Index::IdentityByEnd)];
                    if document.kind() == Kind::Revocation {
                        entries.push(by(Index::RevocationByEnd));
                    }
                    entries
                }
                None => Vec::new(),
            },
        }
    }

    /// Where it may stand since a program before this one wrote it, and where it should stand instead.
    pub fn former_index_entries(&self) -> Vec<(IndexEntry, IndexEntry)> {
        match self {
            Self::Contact(contact) => {
                let of = |value| IndexEntry { index: Index::ContactByConversation, value };
                let now = Index::of_conversation_value(contact.conversation, contact.arrived_at);
                vec![(of(contact.conversation.to_string()), of(now))]
            }
            Self::MailOut(out) => {
                let index = Index::MailOutOpen;
                let of = |value| IndexEntry { index, value };
                let now = OpenMail::of(out).map(|open| of(open.index_value()));
                now.map(|now| (of(OpenMail::former_value(out)), now)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Its text in the store.
    pub fn encode(&self) -> Result<String, JsonError> {
        match self {
            Self::Session(document) => serde_json::to_string(document),
            Self::Line(document) | Self::Device(document) => serde_json::to_string(document),
            Self::Account(document) => serde_json::to_string(document),
            Self::Node(document) => serde_json::to_string(document),
            Self::Setting(document) => serde_json::to_string(document),
            Self::SettingsHead(document) => serde_json::to_string(document),
            Self::Deployment(document) => serde_json::to_string(document),
            Self::Verifier(document) => serde_json::to_string(document),
            Self::Audit(document) => serde_json::to_string(document),
            Self::AuditHead(document) => serde_json::to_string(document),
            Self::WebSession(document) => serde_json::to_string(document),
            Self::AccessToken(document) => serde_json::to_string(document),
            Self::SetUpLink(document) => serde_json::to_string(document),
            Self::SecondFactor(document) => serde_json::to_string(document),
            Self::Headset(document) => serde_json::to_string(document),
            Self::HeadsetTally(document) => serde_json::to_string(document),
            Self::IdentityKeys(document) => serde_json::to_string(document),
            Self::SignOnSession(document) => serde_json::to_string(document),
            Self::AuthorizationCode(document) => serde_json::to_string(document),
            Self::TokenFamily(document) => serde_json::to_string(document),
            Self::UsedMessage(document) => serde_json::to_string(document),
            Self::Revocation(document) => serde_json::to_string(document),
            Self::TrustTests(document) => serde_json::to_string(document),
            Self::Contact(document) => serde_json::to_string(document),
            Self::ContactTerms(document) => serde_json::to_string(document),
            Self::Desk(document) => serde_json::to_string(document),
            Self::Draft(document) => serde_json::to_string(document),
            Self::Conversation(document) => serde_json::to_string(document),
            Self::MailSeen(document) => serde_json::to_string(document),
            Self::MailKnown(document) => serde_json::to_string(document),
            Self::MailThread(document) => serde_json::to_string(document),
            Self::MailCursor(document) => serde_json::to_string(document),
            Self::MailOut(document) => serde_json::to_string(document),
            Self::Acknowledged(document) => serde_json::to_string(document),
        }
    }

    /// Reads the text of a document of that kind, written under that schema number.
    pub fn decode(kind: Kind, schema: u32, body: &str) -> Result<Self, DecodeDocumentError> {
        let known = Self::schema(kind);
        if schema > known {
            return Err(DecodeDocumentError::Newer { kind, found: schema, known });
        }
        let document = match kind {
            Kind::Session => serde_json::from_str(body).map(Self::Session),
            Kind::Line => serde_json::from_str(body).map(Self::Line),
            Kind::Device => serde_json::from_str(body).map(Self::Device),
            Kind::Account => serde_json::from_str(body).map(Self::Account),
            Kind::Node => serde_json::from_str(body).map(Self::Node),
            Kind::Setting => serde_json::from_str(body).map(Self::Setting),
            Kind::SettingsHead => serde_json::from_str(body).map(Self::SettingsHead),
            Kind::Deployment => serde_json::from_str(body).map(Self::Deployment),
            Kind::Verifier => serde_json::from_str(body).map(Self::Verifier),
            Kind::Audit => serde_json::from_str(body).map(Self::Audit),
            Kind::AuditHead => serde_json::from_str(body).map(Self::AuditHead),
            Kind::WebSession => serde_json::from_str(body).map(Self::WebSession),
            Kind::AccessToken => serde_json::from_str(body).map(Self::AccessToken),
            Kind::SetUpLink => serde_json::from_str(body).map(Self::SetUpLink),
            Kind::SecondFactor => serde_json::from_str(body).map(Self::SecondFactor),
            Kind::Headset => serde_json::from_str(body).map(Self::Headset),
            Kind::HeadsetTally => serde_json::from_str(body).map(Self::HeadsetTally),
            Kind::IdentityKeys => serde_json::from_str(body).map(Self::IdentityKeys),
            Kind::SignOnSession => serde_json::from_str(body).map(Self::SignOnSession),
            Kind::AuthorizationCode => serde_json::from_str(body).map(Self::AuthorizationCode),
            Kind::TokenFamily => serde_json::from_str(body).map(Self::TokenFamily),
            Kind::UsedMessage => serde_json::from_str(body).map(Self::UsedMessage),
            Kind::Revocation => serde_json::from_str(body).map(Self::Revocation),
            Kind::TrustTests => serde_json::from_str(body).map(Self::TrustTests),
            Kind::Contact => serde_json::from_str(body).map(Self::Contact),
            Kind::ContactTerms => serde_json::from_str(body).map(Self::ContactTerms),
            Kind::Desk => serde_json::from_str(body).map(Self::Desk),
            Kind::Draft => serde_json::from_str(body).map(Self::Draft),
            Kind::Conversation => serde_json::from_str(body).map(Self::Conversation),
            Kind::MailSeen => serde_json::from_str(body).map(Self::MailSeen),
            Kind::MailKnown => serde_json::from_str(body).map(Self::MailKnown),
            Kind::MailThread => serde_json::from_str(body).map(Self::MailThread),
            Kind::MailCursor => serde_json::from_str(body).map(Self::MailCursor),
            Kind::MailOut => serde_json::from_str(body).map(Self::MailOut),
            Kind::Acknowledged => serde_json::from_str(body).map(Self::Acknowledged),
        };
        document.map_err(|source| DecodeDocumentError::Damaged { kind, source })
    }
}
