//! Requests that do something with calls ("Application Level Interfaces", call control).

use super::NULL;
use super::call::{CallContext, Connection, ContextCounts, Device};
use super::call_enumerations::ConsultType;
use super::call_type::CallType;
use super::fields;
use super::walk::{Layout, Text, Walk};

/// A request about one connection and nothing else: `ANSWER_CALL_REQ` (42), `CLEAR_CALL_REQ` (44),
/// `RETRIEVE_CALL_REQ` (62), `SNAPSHOT_CALL_REQ` (82).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The call.
    pub connection: Connection,
    /// `AgentInstrument`: whose device does it.
    pub instrument: Text,
}

impl ConnectionReq {
    pub(super) fn walk<W: Walk>(
        &mut self,
        walk: &mut W,
        device: &fields::Field,
    ) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        self.connection.call_first(walk)?;
        walk.floating()?;
        self.connection.device(walk, device)?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)
    }
}

/// `CLEAR_CONNECTION_REQ` (46).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClearConnectionReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The call.
    pub connection: Connection,
    /// Who asks; from version 14 on. Peers that leave the type out are understood.
    pub requesting: Device,
    /// `AgentInstrument`.
    pub instrument: Text,
}

impl Layout for ClearConnectionReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        self.connection.call_first(walk)?;
        if walk.framing().since(14) {
            walk.fixed_or_missing("RequestingDeviceIDType", &mut self.requesting.kind)?;
        }
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)?;
        walk.text(&fields::REQUESTING_DEVICE, &mut self.requesting.id)
    }
}

/// `HOLD_CALL_REQ` (54).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldCallReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The call.
    pub connection: Connection,
    /// Whether the facility is kept for a later retrieve.
    pub reservation: bool,
    /// `AgentInstrument`.
    pub instrument: Text,
}

impl Layout for HoldCallReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        self.connection.call_first(walk)?;
        walk.fixed("Reservation", &mut self.reservation)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)
    }
}

/// From one call to the other: `ALTERNATE_CALL_REQ` (40) and `RECONNECT_CALL_REQ` (60).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwitchCallReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The active call.
    pub active: Connection,
    /// The other call; the held one when reconnecting.
    pub other: Connection,
    /// `AgentInstrument`.
    pub instrument: Text,
}

impl SwitchCallReq {
    pub(super) fn walk<W: Walk>(
        &mut self,
        walk: &mut W,
        other: &fields::Field,
    ) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("ActiveConnectionCallID", &mut self.active.call_id)?;
        walk.fixed("OtherConnectionCallID", &mut self.other.call_id)?;
        walk.fixed("ActiveConnectionDeviceIDType", &mut self.active.device_type)?;
        walk.fixed("OtherConnectionDeviceIDType", &mut self.other.device_type)?;
        walk.floating()?;
        self.active.device(walk, &fields::ACTIVE_CONNECTION_DEVICE)?;
        self.other.device(walk, other)?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)
    }
}

/// `DEFLECT_CALL_REQ` (52): an alerting call goes elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeflectCallReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The call.
    pub connection: Connection,
    /// Where it goes.
    pub called: Device,
    /// `AgentInstrument`.
    pub instrument: Text,
}

impl Layout for DeflectCallReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        self.connection.call_first(walk)?;
        walk.fixed("CalledDeviceType", &mut self.called.kind)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::CALLED_DEVICE, &mut self.called.id)?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)
    }
}

/// How a call is to be made; all zero unless the switch is asked for something special.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// `CallPlacementType`.
    pub placement: u16,
    /// `CallMannerType`.
    pub manner: u16,
    /// `AlertRings`.
    pub alert_rings: u16,
    /// `CallOption`.
    pub option: u16,
    /// `FacilityType`.
    pub facility_type: u16,
    /// `AnsweringMachine`.
    pub answering_machine: u16,
    /// `Priority`.
    pub priority: bool,
    /// `PostRoute`.
    pub post_route: bool,
}

impl CallOptions {
    fn first<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("CallPlacementType", &mut self.placement)?;
        walk.fixed("CallMannerType", &mut self.manner)
    }

    fn rest<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("AlertRings", &mut self.alert_rings)?;
        walk.fixed("CallOption", &mut self.option)?;
        walk.fixed("FacilityType", &mut self.facility_type)?;
        walk.fixed("AnsweringMachine", &mut self.answering_machine)?;
        walk.fixed("Priority", &mut self.priority)?;
        walk.fixed("PostRoute", &mut self.post_route)
    }
}

/// Codes that a switch may ask for when a call is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallCodes {
    /// `FacilityCode`.
    pub facility: Text,
    /// `AuthorizationCode`.
    pub authorization: Text,
    /// `AccountCode`.
    pub account: Text,
}

impl Layout for CallCodes {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.text(&fields::FACILITY_CODE, &mut self.facility)?;
        walk.text(&fields::AUTHORIZATION_CODE, &mut self.authorization)?;
        walk.text(&fields::ACCOUNT_CODE, &mut self.account)
    }
}

/// `MAKE_CALL_REQ` (56). The dialled number stands in the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakeCallReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// How.
    pub options: CallOptions,
    /// `SkillGroupNumber`; from version 14 on, [`NULL`] for none.
    pub skill_group_number: u32,
    /// `AgentInstrument`; required.
    pub instrument: Text,
    /// What the call carries; `dialed_number` is required.
    pub context: Box<CallContext>,
    /// Codes.
    pub codes: CallCodes,
    /// `CCT`, opaque.
    pub call_control_table: Option<Box<[u8]>>,
}

impl Default for MakeCallReq {
    fn default() -> Self {
        Self {
            peripheral_id: 0,
            options: CallOptions::default(),
            skill_group_number: NULL,
            instrument: None,
            context: Box::default(),
            codes: CallCodes::default(),
            call_control_table: None,
        }
    }
}

impl Layout for MakeCallReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        self.options.first(walk)?;
        self.options.rest(walk)?;
        let counts = self.context.counts(walk)?;
        if walk.framing().since(14) {
            walk.fixed("SkillGroupNumber", &mut self.skill_group_number)?;
        }
        walk.floating()?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)?;
        self.context.walk(walk, counts)?;
        self.codes.walk(walk)?;
        walk.bytes(&fields::CALL_CONTROL_TABLE, &mut self.call_control_table)
    }
}

/// `CONSULTATION_CALL_REQ` (50): holds the active call and makes another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsultationCallReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The active call.
    pub active: Connection,
    /// How.
    pub options: CallOptions,
    /// What for.
    pub consult_type: ConsultType,
    /// `AgentInstrument`.
    pub instrument: Text,
    /// What the call carries; `dialed_number` is required.
    pub context: Box<CallContext>,
    /// Codes.
    pub codes: CallCodes,
}

impl Layout for ConsultationCallReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("ActiveConnectionCallID", &mut self.active.call_id)?;
        walk.fixed("ActiveConnectionDeviceIDType", &mut self.active.device_type)?;
        self.options.first(walk)?;
        walk.fixed("ConsultType", &mut self.consult_type)?;
        self.options.rest(walk)?;
        let counts = self.context.counts(walk)?;
        walk.floating()?;
        self.active.device(walk, &fields::ACTIVE_CONNECTION_DEVICE)?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)?;
        self.context.walk(walk, counts)?;
        self.codes.walk(walk)
    }
}

/// Two calls become one, or one goes on to a number in a single step: `CONFERENCE_CALL_REQ` (48)
/// and `TRANSFER_CALL_REQ` (64), which write the two calls in different order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinCallsReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The active call.
    pub active: Connection,
    /// The held call; none for a single step.
    pub held: Connection,
    /// How.
    pub options: CallOptions,
    /// `AgentInstrument`.
    pub instrument: Text,
    /// What the call carries; `dialed_number` for a single step.
    pub context: Box<CallContext>,
    /// Codes.
    pub codes: CallCodes,
}

impl JoinCallsReq {
    /// A conference writes the held call first.
    pub(super) fn walk_conference<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("HeldConnectionCallID", &mut self.held.call_id)?;
        walk.fixed("ActiveConnectionCallID", &mut self.active.call_id)?;
        walk.fixed("HeldConnectionDeviceIDType", &mut self.held.device_type)?;
        walk.fixed("ActiveConnectionDeviceIDType", &mut self.active.device_type)?;
        let counts = self.last_fixed(walk)?;
        self.floats(walk, counts)
    }

    /// A transfer writes the active call first.
    pub(super) fn walk_transfer<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("ActiveConnectionCallID", &mut self.active.call_id)?;
        walk.fixed("HeldConnectionCallID", &mut self.held.call_id)?;
        walk.fixed("ActiveConnectionDeviceIDType", &mut self.active.device_type)?;
        walk.fixed("HeldConnectionDeviceIDType", &mut self.held.device_type)?;
        let counts = self.last_fixed(walk)?;
        self.floats(walk, counts)
    }

    fn last_fixed<W: Walk>(&mut self, walk: &mut W) -> Result<ContextCounts, W::Error> {
        self.options.first(walk)?;
        self.options.rest(walk)?;
        self.context.counts(walk)
    }

    fn floats<W: Walk>(&mut self, walk: &mut W, counts: ContextCounts) -> Result<(), W::Error> {
        walk.floating()?;
        self.active.device(walk, &fields::ACTIVE_CONNECTION_DEVICE)?;
        self.held.device(walk, &fields::HELD_CONNECTION_DEVICE)?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)?;
        self.context.walk(walk, counts)?;
        self.codes.walk(walk)
    }
}

/// `SEND_DTMF_SIGNAL_REQ` (91).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendDtmfReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The call.
    pub connection: Connection,
    /// `ToneDuration`, milliseconds; 0 for the switch's own.
    pub tone_duration: u16,
    /// `PauseDuration`, milliseconds; 0 for the switch's own.
    pub pause_duration: u32,
    /// `DTMFString`.
    pub digits: Text,
    /// `AgentInstrument`.
    pub instrument: Text,
}

impl Layout for SendDtmfReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        self.connection.call_first(walk)?;
        walk.fixed("ToneDuration", &mut self.tone_duration)?;
        walk.fixed("PauseDuration", &mut self.pause_duration)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::DTMF_STRING, &mut self.digits)?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)
    }
}

/// A device and one number: `QUERY_DEVICE_INFO_REQ` (78), where the number is reserved and 0, and
/// `SNAPSHOT_DEVICE_REQ` (84), where it says what the device is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// `Reserved`, or `SnapshotDeviceType`.
    pub kind: u16,
    /// `AgentInstrument`.
    pub instrument: Text,
}

impl Layout for DeviceReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("SnapshotDeviceType", &mut self.kind)?;
        walk.floating()?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)
    }
}

/// `SET_CALL_DATA_REQ` (26): changes what a call carries; absent fields stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCallDataReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The call.
    pub connection: Connection,
    /// Kind of the call.
    pub call_type: CallType,
    /// `CalledPartyDisposition`.
    pub disposition: u16,
    /// `CampaignID`; [`NULL`] for none.
    pub campaign_id: u32,
    /// `QueryRuleID`; [`NULL`] for none.
    pub query_rule_id: u32,
    /// What changes.
    pub context: Box<CallContext>,
}

impl Default for SetCallDataReq {
    fn default() -> Self {
        Self {
            peripheral_id: 0,
            connection: Connection::default(),
            call_type: CallType::default(),
            disposition: 0,
            campaign_id: NULL,
            query_rule_id: NULL,
            context: Box::default(),
        }
    }
}

impl Layout for SetCallDataReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        self.connection.type_first(walk)?;
        let counts = self.context.counts(walk)?;
        walk.fixed("CallType", &mut self.call_type)?;
        walk.fixed("CalledPartyDisposition", &mut self.disposition)?;
        walk.fixed("CampaignID", &mut self.campaign_id)?;
        walk.fixed("QueryRuleID", &mut self.query_rule_id)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        self.context.walk(walk, counts)
    }
}

/// `RELEASE_CALL_REQ` (28): nothing more will be set for this call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseCallReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The call.
    pub connection: Connection,
}

impl Layout for ReleaseCallReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        self.connection.type_first(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)
    }
}
