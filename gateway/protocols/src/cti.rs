//! The CTI protocol (GED-188): what a contact centre's CTI server and its clients say.
//!
//! [`Framer`] cuts the stream, [`decode()`] and [`encode()`] turn messages of both directions into
//! values and back; [`Session`] keeps one connection as a client, [`Sides`] decides which of a
//! pair's two sides to connect when. Versions 9 to 25, Unified CCE and Unified CCX.
//!
//! Source: Cisco's "CTI Server Message Reference Guide", protocol version 25 and older editions, and
//! the "Unified CCX CTI Protocol Developer Guide". Knows nothing of sockets, agents of ours or
//! settings files.

mod agent;
mod call;
mod call_confirmations;
mod call_enumerations;
mod call_events;
mod call_requests;
mod call_type;
mod confirmation;
mod enumerations;
mod error;
mod event;
mod fields;
mod framing;
mod fuzz;
mod masks;
mod message;
mod number;
mod open;
mod queue_events;
mod reader;
mod request;
mod secret;
mod session;
mod sides;
mod status;
mod system;
mod team;
#[cfg(test)]
mod tests;
mod walk;
mod writer;

pub use agent::{
    AgentIdentity, AgentStateEvent, QueryAgentStateConf, QueryAgentStateReq,
    REASON_CONNECTION_LOST, SetAgentStateReq, VOICE,
};
pub use call::{
    CallClient, CallContext, Connection, Device, Line, NamedArray, NamedVariable, Outcome, Party,
    RouterCallKey, Service, SkillGroup, SkillGroupEntry, Source, Trunk,
};
pub use call_confirmations::{
    CallDevice, DeviceCall, DeviceLine, JoinedCallConf, NewCallConf, QueryDeviceInfoConf,
    SnapshotCallConf, SnapshotDeviceConf,
};
pub use call_enumerations::{
    ConnectionDeviceType, ConnectionState, ConsultType, DeviceType, LineType, SupervisoryAction,
};
pub use call_events::{
    BeginCallEvent, CallClearedEvent, CallDataUpdateEvent, CallDeliveredEvent, CallDeviceEvent,
    CallDivertedEvent, CallEstablishedEvent, CallFailedEvent, CallOriginatedEvent,
    CallReachedNetworkEvent, CallServiceInitiatedEvent, CallsJoinedEvent, EndCallEvent,
};
pub use call_requests::{
    CallCodes, CallOptions, ClearConnectionReq, ConnectionReq, ConsultationCallReq, DeflectCallReq,
    DeviceReq, HoldCallReq, JoinCallsReq, MakeCallReq, ReleaseCallReq, SendDtmfReq, SetCallDataReq,
    SwitchCallReq,
};
pub use call_type::{CallType, EventCause};
pub use confirmation::{Accepted, Confirmation};
pub use enumerations::{
    AgentState, Availability, ClientState, Direction, Distribution, ForcedFlag, PeripheralType,
    SessionType, SystemEventKind, TeamOperation, WorkMode, WrapupMode,
};
pub use error::{DecodeError, EncodeError, Problem};
pub use event::Event;
pub use framing::{Dialect, Frame, Framer, Framing, ProtocolVersion, TagWidth};
pub use fuzz::fuzz;
pub use masks::{AgentMask, CallMask, ConfigMask, GatewayStatus, Services};
pub use message::{Decoded, InvokeId, Message, decode, encode};
pub use number::message_name;
pub use open::{ControlFailureConf, FailureConf, OpenConf, OpenReq, Peripheral, StoppingRequests};
pub use queue_events::{
    AgentPreCallEvent, CallDequeuedEvent, CallQueuedEvent, CallTranslationRouteEvent,
};
pub use request::Request;
pub use secret::Secret;
pub use session::{
    Answer, CloseReason, Counts, Input, Output, Phase, ProtocolBreach, RequestError, Session,
    SessionSettings,
};
pub use sides::{Side, SideInput, SideOutput, Sides, SidesSettings};
pub use status::{ControlFailureCode, Status};
pub use system::{
    ChangeMonitorMaskReq, ClientEventReportReq, MonitorNumber, MonitorStartReq,
    RegisterVariablesReq, SystemEvent, UserMessageEvent, UserMessageReq,
};
pub use team::{
    AgentDeskSettingsConf, AgentDeskSettingsReq, AgentTeamConfigEvent, AssistConf, AssistReq,
    EmergencyCallEvent, ListAgentTeamConf, ListAgentTeamReq, MonitorAgentTeamStartReq,
    SuperviseCallConf, SuperviseCallReq, TeamId, TeamMember,
};
pub use walk::Text;

/// "None" of call ids, peripherals, services and skill groups.
pub const NULL: u32 = u32::MAX;
/// Bytes of the header: length of the rest, and number of the message.
pub const HEADER_BYTES: usize = 8;
/// Bytes of a message, header included ("Messaging Conventions", version 24).
pub const MESSAGE_BYTES_MAX: usize = 12_500;
/// Parties of a call.
pub const PARTIES_MAX: usize = 16;
/// Calls of a device.
pub const CALLS_MAX: usize = 16;
/// Clients that use one call.
pub const CLIENTS_MAX: usize = 16;
/// Lines of a device.
pub const LINES_MAX: usize = 10;
/// Skill groups of an answer about an agent or of a queued call.
pub const SKILL_GROUPS_MAX: usize = 20;
/// Skill groups of an `AGENT_STATE_EVENT`.
pub const EVENT_SKILL_GROUPS_MAX: usize = 99;
/// Skill groups of a `SET_AGENT_STATE_REQ`.
pub const REQUEST_SKILL_GROUPS_MAX: usize = 10;
/// Teams, or members of a team, in one message.
pub const TEAM_ENTRIES_MAX: usize = 64;
/// Entries of lists for which the guide has no limit; a full message holds fewer that say anything.
pub const LIST_ENTRIES_MAX: usize = 1_000;
/// Bytes of the name of a named variable, its NUL included.
pub const NAME_BYTES_MAX: usize = 33;
/// Bytes of the value of a named variable, its NUL included.
pub const NAMED_VALUE_BYTES_MAX: usize = 211;
/// Bytes of all named variables and arrays of one message that we write; what servers allow a call.
pub const NAMED_BYTES_MAX: usize = 2_000;
/// Requests of a session that wait for an answer at the same time.
pub const OUTSTANDING_MAX: usize = 4_096;
