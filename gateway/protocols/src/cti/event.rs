//! What a server tells without being asked, and the number of each event.

use super::agent::AgentStateEvent;
use super::call_events::{
    BeginCallEvent, CONFERENCED, CallClearedEvent, CallDataUpdateEvent, CallDeliveredEvent,
    CallDeviceEvent, CallDivertedEvent, CallEstablishedEvent, CallFailedEvent, CallOriginatedEvent,
    CallReachedNetworkEvent, CallServiceInitiatedEvent, CallsJoinedEvent, EndCallEvent,
    TRANSFERRED,
};
use super::fields;
use super::queue_events::{
    AgentPreCallEvent, CallDequeuedEvent, CallQueuedEvent, CallTranslationRouteEvent,
};
use super::system::{SystemEvent, UserMessageEvent};
use super::team::{AgentTeamConfigEvent, EmergencyCallEvent};
use super::walk::{Layout, Walk};

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Message 30, `AGENT_STATE_EVENT`.
    AgentState(AgentStateEvent),
    /// Message 31, `SYSTEM_EVENT`.
    System(SystemEvent),
    /// Message 109, `USER_MESSAGE_EVENT`.
    UserMessage(UserMessageEvent),
    /// Message 128, `AGENT_TEAM_CONFIG_EVENT`.
    AgentTeamConfig(AgentTeamConfigEvent),
    /// Message 123, `EMERGENCY_CALL_EVENT`.
    EmergencyCall(EmergencyCallEvent),
    /// Message 23, `BEGIN_CALL_EVENT`.
    BeginCall(BeginCallEvent),
    /// Message 24, `END_CALL_EVENT`.
    EndCall(EndCallEvent),
    /// Message 25, `CALL_DATA_UPDATE_EVENT`.
    CallDataUpdate(CallDataUpdateEvent),
    /// Message 9, `CALL_DELIVERED_EVENT`.
    CallDelivered(Box<CallDeliveredEvent>),
    /// Message 10, `CALL_ESTABLISHED_EVENT`.
    CallEstablished(CallEstablishedEvent),
    /// Message 11, `CALL_HELD_EVENT`.
    CallHeld(CallDeviceEvent),
    /// Message 12, `CALL_RETRIEVED_EVENT`.
    CallRetrieved(CallDeviceEvent),
    /// Message 13, `CALL_CLEARED_EVENT`.
    CallCleared(CallClearedEvent),
    /// Message 14, `CALL_CONNECTION_CLEARED_EVENT`.
    CallConnectionCleared(CallDeviceEvent),
    /// Message 15, `CALL_ORIGINATED_EVENT`.
    CallOriginated(CallOriginatedEvent),
    /// Message 16, `CALL_FAILED_EVENT`.
    CallFailed(CallFailedEvent),
    /// Message 17, `CALL_CONFERENCED_EVENT`.
    CallConferenced(CallsJoinedEvent),
    /// Message 18, `CALL_TRANSFERRED_EVENT`.
    CallTransferred(CallsJoinedEvent),
    /// Message 19, `CALL_DIVERTED_EVENT`.
    CallDiverted(CallDivertedEvent),
    /// Message 20, `CALL_SERVICE_INITIATED_EVENT`.
    CallServiceInitiated(CallServiceInitiatedEvent),
    /// Message 21, `CALL_QUEUED_EVENT`.
    CallQueued(CallQueuedEvent),
    /// Message 86, `CALL_DEQUEUED_EVENT`.
    CallDequeued(CallDequeuedEvent),
    /// Message 34, `CALL_REACHED_NETWORK_EVENT`.
    CallReachedNetwork(CallReachedNetworkEvent),
    /// Message 22, `CALL_TRANSLATION_ROUTE_EVENT`.
    CallTranslationRoute(CallTranslationRouteEvent),
    /// Message 105, `AGENT_PRE_CALL_EVENT`.
    AgentPreCall(AgentPreCallEvent),
}

impl Event {
    /// An empty message of this number, `None` for numbers that are none of these.
    pub(super) fn empty(number: u32) -> Option<Self> {
        Some(match number {
            30 => Self::AgentState(Default::default()),
            31 => Self::System(Default::default()),
            109 => Self::UserMessage(Default::default()),
            128 => Self::AgentTeamConfig(Default::default()),
            123 => Self::EmergencyCall(Default::default()),
            23 => Self::BeginCall(Default::default()),
            24 => Self::EndCall(Default::default()),
            25 => Self::CallDataUpdate(Default::default()),
            9 => Self::CallDelivered(Default::default()),
            10 => Self::CallEstablished(Default::default()),
            11 => Self::CallHeld(Default::default()),
            12 => Self::CallRetrieved(Default::default()),
            13 => Self::CallCleared(Default::default()),
            14 => Self::CallConnectionCleared(Default::default()),
            15 => Self::CallOriginated(Default::default()),
            16 => Self::CallFailed(Default::default()),
            17 => Self::CallConferenced(Default::default()),
            18 => Self::CallTransferred(Default::default()),
            19 => Self::CallDiverted(Default::default()),
            20 => Self::CallServiceInitiated(Default::default()),
            21 => Self::CallQueued(Default::default()),
            86 => Self::CallDequeued(Default::default()),
            34 => Self::CallReachedNetwork(Default::default()),
            22 => Self::CallTranslationRoute(Default::default()),
            105 => Self::AgentPreCall(Default::default()),
            _ => return None,
        })
    }

    /// Number of the message.
    #[must_use]
    pub fn number(&self) -> u32 {
        match self {
            Self::AgentState(_) => 30,
            Self::System(_) => 31,
            Self::UserMessage(_) => 109,
            Self::AgentTeamConfig(_) => 128,
            Self::EmergencyCall(_) => 123,
            Self::BeginCall(_) => 23,
            Self::EndCall(_) => 24,
            Self::CallDataUpdate(_) => 25,
            Self::CallDelivered(_) => 9,
            Self::CallEstablished(_) => 10,
            Self::CallHeld(_) => 11,
            Self::CallRetrieved(_) => 12,
            Self::CallCleared(_) => 13,
            Self::CallConnectionCleared(_) => 14,
            Self::CallOriginated(_) => 15,
            Self::CallFailed(_) => 16,
            Self::CallConferenced(_) => 17,
            Self::CallTransferred(_) => 18,
            Self::CallDiverted(_) => 19,
            Self::CallServiceInitiated(_) => 20,
            Self::CallQueued(_) => 21,
            Self::CallDequeued(_) => 86,
            Self::CallReachedNetwork(_) => 34,
            Self::CallTranslationRoute(_) => 22,
            Self::AgentPreCall(_) => 105,
        }
    }

    pub(super) fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        match self {
            Self::AgentState(message) => message.walk(walk),
            Self::System(message) => message.walk(walk),
            Self::UserMessage(message) => message.walk(walk),
            Self::AgentTeamConfig(message) => message.walk(walk),
            Self::EmergencyCall(message) => message.walk(walk),
            Self::BeginCall(message) => message.walk(walk),
            Self::EndCall(message) => message.walk(walk),
            Self::CallDataUpdate(message) => message.walk(walk),
            Self::CallDelivered(message) => message.walk(walk),
            Self::CallEstablished(message) => message.walk(walk),
            Self::CallHeld(message) => {
                message.walk(walk, "HoldingDeviceType", &fields::HOLDING_DEVICE)
            }
            Self::CallRetrieved(message) => {
                message.walk(walk, "RetrievingDeviceType", &fields::RETRIEVING_DEVICE)
            }
            Self::CallCleared(message) => message.walk(walk),
            Self::CallConnectionCleared(message) => {
                message.walk(walk, "ReleasingDeviceType", &fields::RELEASING_DEVICE)
            }
            Self::CallOriginated(message) => message.walk(walk),
            Self::CallFailed(message) => message.walk(walk),
            Self::CallConferenced(message) => message.walk(walk, &CONFERENCED),
            Self::CallTransferred(message) => message.walk(walk, &TRANSFERRED),
            Self::CallDiverted(message) => message.walk(walk),
            Self::CallServiceInitiated(message) => message.walk(walk),
            Self::CallQueued(message) => message.walk(walk),
            Self::CallDequeued(message) => message.walk(walk),
            Self::CallReachedNetwork(message) => message.walk(walk),
            Self::CallTranslationRoute(message) => message.walk(walk),
            Self::AgentPreCall(message) => message.walk(walk),
        }
    }
}
