//! Commands, events and results between Cisco phones and their server.
//!
//! A document has one request, or one response. Elements that nobody knows are counted and passed over; a
//! request that is not known is [`BadRemotecc::Unknown`], which deserves another answer than bytes that are no
//! request.

mod dialog;
mod read;
mod request;
mod write;

use bytes::Bytes;

pub use dialog::DialogId;
pub use request::{
    AgentState, AgentStatus, CallForward, ContactUpdate, DataPassThrough, Direction, DoNotDisturb,
    Feature, FeatureNotice, FeatureStatus, HeadsetNews, HeadsetServices, Lines, Request, Sequence,
    ServiceClass, SoftKey, SoftKeyEvent, StatusLine, Tone, VoiceMessages,
};

use super::{OptionsIndication, Unsendable, pen::Pen};
use crate::phone_xml::DecodeError;

/// How deep elements may be nested; the deepest request has seven levels.
pub const DEPTH_MAX: usize = 10;
/// Elements and attributes of one document.
pub const NODES_MAX: usize = 1_000;

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remotecc {
    /// A command or an event: `x-cisco-remotecc-request`.
    Request(Request),
    /// A result: `x-cisco-remotecc-response`.
    Response(Response),
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// As status codes of SIP.
    pub code: u16,
    /// What was accepted of what a phone offered.
    pub options: Option<OptionsIndication>,
}

/// A document that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What it says.
    pub remotecc: Remotecc,
    /// How many elements were passed over.
    pub ignored: usize,
}

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRemotecc {
    /// It is no XML, has an entity of its own or is too large.
    #[error("the document cannot be read")]
    Xml(#[source] DecodeError),
    /// Its root is neither a request nor a response.
    #[error("the root element is neither a request nor a response")]
    Root,
    /// It has no request at all.
    #[error("the document is empty")]
    Empty,
    /// It is a request that is not known here.
    #[error("the request {0} is not known")]
    Unknown(String),
    /// An element is missing.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// An element does not say what it should.
    #[error("{0} has a value that it cannot have")]
    Value(&'static str),
}

/// How the element is spelled that gives a reason: the only published example is not XML. All spellings are
/// read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReasonElement {
    /// `reasoncode`.
    #[default]
    Plain,
    /// `reasonCode`.
    Camel,
    /// `reason_code`.
    Underscore,
    /// `reason-code`.
    Hyphen,
}

impl ReasonElement {
    /// All spellings.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Camel, Self::Underscore, Self::Hyphen];

    /// The spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "reasoncode",
            Self::Camel => "reasonCode",
            Self::Underscore => "reason_code",
            Self::Hyphen => "reason-code",
        }
    }

    /// The one that is spelled so.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Reads one document.
pub fn decode(bytes: &[u8]) -> Result<Decoded, BadRemotecc> {
    read::document(bytes)
}

impl Remotecc {
    /// Writes it with its declaration.
    pub fn encode(&self, reason: ReasonElement) -> Result<Bytes, Unsendable> {
        let mut pen = Pen::document();
        match self {
            Self::Request(request) => {
                pen.within("x-cisco-remotecc-request", |pen| write::request(request, reason, pen))
            }
            Self::Response(response) => {
                pen.within("x-cisco-remotecc-response", |pen| write::response(response, pen))
            }
        }
        pen.finish()
    }
}
