//! A message as a whole, and its way from bytes and back.

use super::confirmation::Confirmation;
use super::error::{DecodeError, EncodeError};
use super::event::Event;
use super::framing::{Frame, Framing};
use super::number;
use super::open::{ControlFailureConf, FailureConf, OpenConf, OpenReq, StoppingRequests};
use super::reader::Reader;
use super::request::Request;
use super::status::Status;
use super::walk::{Layout, Scalar, Walk};
use super::writer::Writer;

/// `InvokeID`: chosen by whoever asks, repeated by whoever answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvokeId(pub u32);

impl Scalar for InvokeId {
    const BYTES: usize = 4;
    fn from_wire(number: u32) -> Self {
        Self(number)
    }
    fn to_wire(self) -> u32 {
        self.0
    }
}

/// A message of either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// `OPEN_REQ` (3).
    OpenReq(InvokeId, Box<OpenReq>),
    /// `OPEN_CONF` (4).
    OpenConf(InvokeId, Box<OpenConf>),
    /// `HEARTBEAT_REQ` (5), which only clients send.
    HeartbeatReq(InvokeId),
    /// `HEARTBEAT_CONF` (6).
    HeartbeatConf(InvokeId),
    /// `CLOSE_REQ` (7).
    CloseReq(InvokeId, Status),
    /// `CLOSE_CONF` (8).
    CloseConf(InvokeId),
    /// `FAILURE_CONF` (1).
    FailureConf(InvokeId, FailureConf),
    /// `FAILURE_EVENT` (2): the server ends the session.
    FailureEvent(Status),
    /// `CONTROL_FAILURE_CONF` (35).
    ControlFailureConf(InvokeId, ControlFailureConf),
    /// `STANDBY_ACTIVE_EVENT` (277): this side is in charge from now on.
    StandbyActive,
    /// `ACTIVE_MAINTENANCE_REQ` (278): may this side go into maintenance?
    MaintenanceReq(InvokeId),
    /// `ACTIVE_MAINTENANCE_RESP` (279): whether it may.
    MaintenanceResp(InvokeId, bool),
    /// `ACTIVE_MAINTENANCE_EVENT` (280): whether it will.
    MaintenanceEvent(bool),
    /// `STOPPING_REQUESTS_TO_THIS_SIDE_IND` (281).
    StoppingRequests(StoppingRequests),
    /// A request.
    Request(InvokeId, Request),
    /// Its answer.
    Confirmation(InvokeId, Confirmation),
    /// An event.
    Event(Event),
    /// A message whose layout is not known; its body was passed over.
    Unknown {
        /// Its number.
        number: u32,
        /// Bytes of its body.
        length: usize,
    },
}

/// A message that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The message.
    pub message: Message,
    /// Floating fields that it has and that are not known, or not expected there.
    pub ignored_fields: u32,
}

/// Reads one message. Unknown messages and fields are no error; whatever does not hold together is.
pub fn decode(framing: &Framing, frame: Frame<'_>) -> Result<Decoded, DecodeError> {
    let Some(mut message) = Message::empty(frame.number) else {
        let message = Message::Unknown { number: frame.number, length: frame.body.len() };
        return Ok(Decoded { message, ignored_fields: 0 });
    };
    let mut reader = Reader::new(framing, frame);
    message.walk(&mut reader)?;
    let ignored_fields = reader.finish()?;
    Ok(Decoded { message, ignored_fields })
}

/// Writes one message with its header.
pub fn encode(framing: &Framing, message: &Message) -> Result<Vec<u8>, EncodeError> {
    let number = message.number();
    if let Message::Unknown { .. } = message {
        return Err(EncodeError::Unknown { number });
    }
    let since = number::since(number);
    if !framing.since(since) {
        let version = framing.version.number();
        return Err(EncodeError::MessageTooNew { number, since, version });
    }
    let mut out = Vec::with_capacity(128);
    let mut writer = Writer::new(framing, number, &mut out);
    // Layouts are walked in both directions and therefore want something that may change.
    message.clone().walk(&mut writer)?;
    writer.finish()?;
    Ok(out)
}

impl Message {
    /// An empty message of this number, `None` where its layout is not known.
    pub(super) fn empty(number: u32) -> Option<Self> {
        let id = InvokeId::default();
        Some(match number {
            number::OPEN_REQ => Self::OpenReq(id, Box::default()),
            number::OPEN_CONF => Self::OpenConf(id, Box::default()),
            number::HEARTBEAT_REQ => Self::HeartbeatReq(id),
            number::HEARTBEAT_CONF => Self::HeartbeatConf(id),
            number::CLOSE_REQ => Self::CloseReq(id, Status::NONE),
            number::CLOSE_CONF => Self::CloseConf(id),
            number::FAILURE_CONF => Self::FailureConf(id, FailureConf::default()),
            number::FAILURE_EVENT => Self::FailureEvent(Status::NONE),
            number::CONTROL_FAILURE_CONF => {
                Self::ControlFailureConf(id, ControlFailureConf::default())
            }
            number::STANDBY_ACTIVE_EVENT => Self::StandbyActive,
            number::ACTIVE_MAINTENANCE_REQ => Self::MaintenanceReq(id),
            number::ACTIVE_MAINTENANCE_RESP => Self::MaintenanceResp(id, false),
            number::ACTIVE_MAINTENANCE_EVENT => Self::MaintenanceEvent(false),
            number::STOPPING_REQUESTS_IND => Self::StoppingRequests(StoppingRequests::default()),
            _ => {
                if let Some(event) = Event::empty(number) {
                    Self::Event(event)
                } else if let Some(confirmation) = Confirmation::empty(number) {
                    Self::Confirmation(id, confirmation)
                } else {
                    Self::Request(id, Request::empty(number)?)
                }
            }
        })
    }

    /// Number of the message.
    #[must_use]
    pub fn number(&self) -> u32 {
        match self {
            Self::OpenReq(..) => number::OPEN_REQ,
            Self::OpenConf(..) => number::OPEN_CONF,
            Self::HeartbeatReq(_) => number::HEARTBEAT_REQ,
            Self::HeartbeatConf(_) => number::HEARTBEAT_CONF,
            Self::CloseReq(..) => number::CLOSE_REQ,
            Self::CloseConf(_) => number::CLOSE_CONF,
            Self::FailureConf(..) => number::FAILURE_CONF,
            Self::FailureEvent(_) => number::FAILURE_EVENT,
            Self::ControlFailureConf(..) => number::CONTROL_FAILURE_CONF,
            Self::StandbyActive => number::STANDBY_ACTIVE_EVENT,
            Self::MaintenanceReq(_) => number::ACTIVE_MAINTENANCE_REQ,
            Self::MaintenanceResp(..) => number::ACTIVE_MAINTENANCE_RESP,
            Self::MaintenanceEvent(_) => number::ACTIVE_MAINTENANCE_EVENT,
            Self::StoppingRequests(_) => number::STOPPING_REQUESTS_IND,
            Self::Request(_, request) => request.number(),
            Self::Confirmation(_, confirmation) => confirmation.number(),
            Self::Event(event) => event.number(),
            Self::Unknown { number, .. } => *number,
        }
    }

    pub(super) fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        const INVOKE_ID: &str = "InvokeID";
        match self {
            Self::OpenReq(id, message) => {
                walk.fixed(INVOKE_ID, id)?;
                message.walk(walk)
            }
            Self::OpenConf(id, message) => {
                walk.fixed(INVOKE_ID, id)?;
                message.walk(walk)
            }
            Self::FailureConf(id, message) => {
                walk.fixed(INVOKE_ID, id)?;
                message.walk(walk)
            }
            Self::ControlFailureConf(id, message) => {
                walk.fixed(INVOKE_ID, id)?;
                message.walk(walk)
            }
            Self::Request(id, message) => {
                walk.fixed(INVOKE_ID, id)?;
                message.walk(walk)
            }
            Self::Confirmation(id, message) => {
                walk.fixed(INVOKE_ID, id)?;
                message.walk(walk)
            }
            Self::HeartbeatReq(id)
            | Self::HeartbeatConf(id)
            | Self::CloseConf(id)
            | Self::MaintenanceReq(id) => walk.fixed(INVOKE_ID, id),
            Self::CloseReq(id, status) => {
                walk.fixed(INVOKE_ID, id)?;
                walk.fixed("Status", status)
            }
            Self::FailureEvent(status) => walk.fixed("Status", status),
            Self::MaintenanceResp(id, accepted) => {
                walk.fixed(INVOKE_ID, id)?;
                walk.fixed("MaintenanceAccepted", accepted)
            }
            Self::MaintenanceEvent(proceeds) => walk.fixed("MaintenanceContinue", proceeds),
            Self::StoppingRequests(message) => message.walk(walk),
            Self::Event(event) => event.walk(walk),
            Self::StandbyActive => {
                walk.unknown_rest();
                Ok(())
            }
            Self::Unknown { .. } => Ok(()),
        }
    }
}
