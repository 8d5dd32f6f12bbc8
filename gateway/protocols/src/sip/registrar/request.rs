//! What a REGISTER asks of a registrar, and what it is granted.

use crate::sip::{Flow, Uri};

/// A REGISTER, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The address of record, in the one form that the caller gives all of them.
    pub aor: String,
    /// What is asked.
    pub contacts: Asked,
    /// The Expires field, in seconds.
    pub expires: Option<u32>,
    /// The Call-ID.
    pub call_id: String,
    /// The number of CSeq.
    pub cseq: u32,
    /// The Path, where it comes by someone who may write one; URIs or name-addresses as they are written.
    pub path: Vec<String>,
    /// The flow it came by.
    pub flow: Flow,
    /// The next hop it came by, where it came with a Path.
    pub hop: Option<String>,
    /// Whether the phone says that it knows outbound.
    pub supports_outbound: bool,
    /// Whether it came through others.
    pub has_many_vias: bool,
    /// The device, as it has proven to be.
    pub device: Option<String>,
    /// The lifetime that is granted whatever is asked, in seconds.
    pub fixed_expires: Option<u32>,
    /// What the phone says it is.
    pub user_agent: Option<String>,
    /// Whether it takes remotecc; `None` where it said nothing of it, as phones do that only refresh.
    pub remotecc: Option<bool>,
    /// How many remotecc messages it takes in one request, where it said that.
    pub combine_max: Option<u8>,
}

/// The Contact fields of a REGISTER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// There are none: which bindings are there?
    Query,
    /// `*`: all go.
    RemoveAll,
    /// Each is made, refreshed or removed.
    Contacts(Vec<AskedContact>),
}

/// One Contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedContact {
    /// The URI exactly as it is written.
    pub uri: String,
    /// The field's parameters exactly as they are written, each with its semicolon, without `expires`.
    pub parameters: String,
    /// `+sip.instance`.
    pub instance: Option<String>,
    /// `reg-id`.
    pub reg_id: Option<u32>,
    /// `expires`, in seconds.
    pub expires: Option<u32>,
    /// `cisco-keep-alive`: the phone asks whether we are there.
    pub keep_alive: bool,
}

/// What a REGISTER got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The bindings that the address has now, those of the request first.
    pub contacts: Vec<GrantedContact>,
    /// Whether flows are kept by instance and reg-id: the answer says `Require: outbound`.
    pub outbound_used: bool,
}

/// One binding in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedContact {
    /// The URI exactly as the phone wrote it.
    pub uri: Box<str>,
    /// The parameters exactly as the phone wrote them, without `expires`.
    pub parameters: Box<str>,
    /// The lifetime left, in seconds.
    pub expires: u32,
    /// Whether this request began a registration: Cisco phones are told `x-cisco-newreg`.
    pub is_new: bool,
}

/// Why nothing of a REGISTER was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistrarRefusal {
    /// 423 with Min-Expires.
    #[error("the lifetime is shorter than {min} s")]
    TooBrief {
        /// The shortest lifetime, in seconds.
        min: u32,
    },
    /// 500, as RFC 3261 has it: a later request of this conversation was here before.
    #[error("the CSeq is not higher than that of the binding")]
    OutOfOrder,
    /// 403: the address has as many bindings as it may.
    #[error("the address has no room for another binding: at most {max}")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// 503: there are as many bindings as there may be.
    #[error("there is no room for another binding: at most {max} here")]
    Full {
        /// The limit.
        max: usize,
    },
    /// 400: `*` without `Expires: 0`.
    #[error("the contact * needs Expires: 0")]
    WildcardMisused,
    /// 400: more than one contact with a reg-id.
    #[error("more than one contact has a reg-id")]
    SeveralFlows,
    /// 513: texts of one binding are longer than we keep.
    #[error("the texts of one contact have more than {max} bytes")]
    TooLong {
        /// The limit in bytes.
        max: usize,
    },
    /// 439.
    #[error("the first hop does not keep flows")]
    FirstHopLacksOutbound,
}

impl Registration {
    /// Whether it only asks whether we are there. It needs no proof, gets a 200 without contacts and touches
    /// nothing.
    pub fn is_keep_alive(&self) -> bool {
        match &self.contacts {
            Asked::Contacts(contacts) => {
                !contacts.is_empty() && contacts.iter().all(|contact| self.only_asks(contact))
            }
            Asked::Query | Asked::RemoveAll => false,
        }
    }

    /// Phones write the flag with a lifetime of zero; with another one it is a contact like others.
    pub(super) fn only_asks(&self, contact: &AskedContact) -> bool {
        contact.keep_alive && contact.expires.or(self.expires) == Some(0)
    }
}

/// Whether two URIs are equivalent (RFC 3261, section 19.1.4); those that are none only where they are equal.
pub(super) fn same_uri(one: &str, other: &str) -> bool {
    one == other
        || match (Uri::parse(one), Uri::parse(other)) {
            (Ok(one), Ok(other)) => one.matches(&other),
            _ => false,
        }
}
