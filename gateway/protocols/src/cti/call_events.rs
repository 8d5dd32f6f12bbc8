//! Events of calls ("Application Level Interfaces", call event messages).
//!
//! `BEGIN_CALL_EVENT` comes before every other event of its call; `END_CALL_EVENT` ends that the
//! call concerns us, not the call. Order between events and confirmations is not defined.

use super::call::{
    CallContext, Connection, Device, Line, Outcome, Party, Service, SkillGroup, Source, Trunk,
};
use super::call_enumerations::ConnectionDeviceType;
use super::call_type::CallType;
use super::fields;
use super::walk::{Layout, Text, Walk};
use super::{NULL, PARTIES_MAX};

/// `BEGIN_CALL_EVENT` (23): a call concerns us from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BeginCallEvent {
    /// Where it comes from.
    pub source: Source,
    /// Kind of the call.
    pub call_type: CallType,
    /// The call.
    pub connection: Connection,
    /// `CalledPartyDisposition`.
    pub disposition: u16,
    /// What the call carries.
    pub context: Box<CallContext>,
}

impl Layout for BeginCallEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        let counts = self.context.counts_with_clients(walk)?;
        walk.fixed("CallType", &mut self.call_type)?;
        self.connection.type_first(walk)?;
        walk.fixed("CalledPartyDisposition", &mut self.disposition)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        self.context.walk(walk, counts)
    }
}

/// `END_CALL_EVENT` (24): the call no longer concerns us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndCallEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
}

impl Layout for EndCallEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)
    }
}

/// `CALL_DATA_UPDATE_EVENT` (25): what a call carries changed, or the call got another id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallDataUpdateEvent {
    /// Where it comes from.
    pub source: Source,
    /// Kind of the call.
    pub call_type: CallType,
    /// The call as it was known.
    pub connection: Connection,
    /// The call as it is known from now on.
    pub new_connection: Connection,
    /// `CalledPartyDisposition`.
    pub disposition: u16,
    /// `CampaignID`; [`NULL`] for none.
    pub campaign_id: u32,
    /// `QueryRuleID`; [`NULL`] for none.
    pub query_rule_id: u32,
    /// What changed.
    pub context: Box<CallContext>,
}

impl Default for CallDataUpdateEvent {
    fn default() -> Self {
        Self {
            source: Source::default(),
            call_type: CallType::default(),
            connection: Connection::default(),
            new_connection: Connection::default(),
            disposition: 0,
            campaign_id: NULL,
            query_rule_id: NULL,
            context: Box::default(),
        }
    }
}

impl Layout for CallDataUpdateEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        let counts = self.context.counts_with_clients(walk)?;
        walk.fixed("CallType", &mut self.call_type)?;
        self.connection.type_first(walk)?;
        walk.fixed("NewConnectionDeviceIDType", &mut self.new_connection.device_type)?;
        walk.fixed("NewConnectionCallID", &mut self.new_connection.call_id)?;
        walk.fixed("CalledPartyDisposition", &mut self.disposition)?;
        walk.fixed("CampaignID", &mut self.campaign_id)?;
        walk.fixed("QueryRuleID", &mut self.query_rule_id)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        self.new_connection.device(walk, &fields::NEW_CONNECTION_DEVICE)?;
        self.context.walk(walk, counts)
    }
}

/// `CALL_DELIVERED_EVENT` (9): ringing where the state is alerting; a trunk was seized where it is
/// initiated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallDeliveredEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// The line.
    pub line: Line,
    /// The service.
    pub service: Service,
    /// The skill group.
    pub skill_group: SkillGroup,
    /// Where it rings.
    pub alerting: Device,
    /// Who calls.
    pub calling: Device,
    /// Who was called.
    pub called: Device,
    /// Who had it before.
    pub last_redirect: Device,
    /// State and cause.
    pub outcome: Outcome,
    /// Trunks.
    pub trunk: Trunk,
    /// `SecondaryConnectionCallID`.
    pub secondary_call_id: Option<u32>,
    /// What the call carries.
    pub context: Box<CallContext>,
}

impl Layout for CallDeliveredEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        self.line.walk(walk)?;
        self.service.walk(walk)?;
        self.skill_group.walk(walk)?;
        walk.fixed("AlertingDeviceType", &mut self.alerting.kind)?;
        walk.fixed("CallingDeviceType", &mut self.calling.kind)?;
        walk.fixed("CalledDeviceType", &mut self.called.kind)?;
        walk.fixed("LastRedirectDeviceType", &mut self.last_redirect.kind)?;
        self.outcome.walk(walk)?;
        let counts = self.context.counts(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::ALERTING_DEVICE, &mut self.alerting.id)?;
        walk.text(&fields::CALLING_DEVICE, &mut self.calling.id)?;
        walk.text(&fields::CALLED_DEVICE, &mut self.called.id)?;
        walk.text(&fields::LAST_REDIRECT_DEVICE, &mut self.last_redirect.id)?;
        self.trunk.walk(walk)?;
        walk.float(&fields::SECONDARY_CONNECTION_CALL_ID, &mut self.secondary_call_id)?;
        self.context.walk(walk, counts)
    }
}

/// `CALL_ESTABLISHED_EVENT` (10): answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallEstablishedEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// The line.
    pub line: Line,
    /// The service.
    pub service: Service,
    /// The skill group.
    pub skill_group: SkillGroup,
    /// Who answered.
    pub answering: Device,
    /// Who calls.
    pub calling: Device,
    /// Who was called.
    pub called: Device,
    /// Who had it before.
    pub last_redirect: Device,
    /// State and cause.
    pub outcome: Outcome,
    /// Trunks.
    pub trunk: Trunk,
}

impl Layout for CallEstablishedEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        self.line.walk(walk)?;
        self.service.walk(walk)?;
        self.skill_group.walk(walk)?;
        walk.fixed("AnsweringDeviceType", &mut self.answering.kind)?;
        walk.fixed("CallingDeviceType", &mut self.calling.kind)?;
        walk.fixed("CalledDeviceType", &mut self.called.kind)?;
        walk.fixed("LastRedirectDeviceType", &mut self.last_redirect.kind)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::ANSWERING_DEVICE, &mut self.answering.id)?;
        walk.text(&fields::CALLING_DEVICE, &mut self.calling.id)?;
        walk.text(&fields::CALLED_DEVICE, &mut self.called.id)?;
        walk.text(&fields::LAST_REDIRECT_DEVICE, &mut self.last_redirect.id)?;
        self.trunk.walk(walk)
    }
}

/// An event of one call in which one device did something: `CALL_HELD_EVENT` (11),
/// `CALL_RETRIEVED_EVENT` (12), `CALL_CONNECTION_CLEARED_EVENT` (14).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallDeviceEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// Who held, retrieved or released it.
    pub device: Device,
    /// State and cause.
    pub outcome: Outcome,
}

impl CallDeviceEvent {
    pub(super) fn walk<W: Walk>(
        &mut self,
        walk: &mut W,
        name: &'static str,
        field: &fields::Field,
    ) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        walk.fixed(name, &mut self.device.kind)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(field, &mut self.device.id)
    }
}

/// `CALL_CLEARED_EVENT` (13): the call is over for everyone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallClearedEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// State and cause.
    pub outcome: Outcome,
}

impl Layout for CallClearedEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)
    }
}

/// `CALL_ORIGINATED_EVENT` (15): a call was dialled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallOriginatedEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// The line.
    pub line: Line,
    /// The service.
    pub service: Service,
    /// The skill group.
    pub skill_group: SkillGroup,
    /// Who calls.
    pub calling: Device,
    /// Who is called.
    pub called: Device,
    /// State and cause.
    pub outcome: Outcome,
}

impl Layout for CallOriginatedEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        self.line.walk(walk)?;
        self.service.walk(walk)?;
        self.skill_group.walk(walk)?;
        walk.fixed("CallingDeviceType", &mut self.calling.kind)?;
        walk.fixed("CalledDeviceType", &mut self.called.kind)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::CALLING_DEVICE, &mut self.calling.id)?;
        walk.text(&fields::CALLED_DEVICE, &mut self.called.id)
    }
}

/// `CALL_FAILED_EVENT` (16): a call came to nothing. Some implementations leave out `MonitorID`;
/// the guide has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFailedEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// Where it failed.
    pub failing: Device,
    /// Who was called.
    pub called: Device,
    /// State and cause.
    pub outcome: Outcome,
}

impl Layout for CallFailedEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        walk.fixed("FailingDeviceType", &mut self.failing.kind)?;
        walk.fixed("CalledDeviceType", &mut self.called.kind)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::FAILING_DEVICE, &mut self.failing.id)?;
        walk.text(&fields::CALLED_DEVICE, &mut self.called.id)
    }
}

/// Two calls became one: `CALL_CONFERENCED_EVENT` (17) and `CALL_TRANSFERRED_EVENT` (18).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallsJoinedEvent {
    /// Where it comes from.
    pub source: Source,
    /// The first call.
    pub primary: Connection,
    /// The line.
    pub line: Line,
    /// The skill group.
    pub skill_group: SkillGroup,
    /// The second call.
    pub secondary: Connection,
    /// Who joined them: the controller of the conference, or who transferred.
    pub by: Device,
    /// Who was added, or to whom it was transferred.
    pub to: Device,
    /// State and cause.
    pub outcome: Outcome,
    /// Everyone in the call, at most 16.
    pub parties: Vec<Party>,
}

/// How the fields of [`CallsJoinedEvent`] are called in one of its two messages.
pub(super) struct JoinedNames {
    by: &'static str,
    to: &'static str,
    by_field: fields::Field,
    to_field: fields::Field,
}

pub(super) const CONFERENCED: JoinedNames = JoinedNames {
    by: "ControllerDeviceType",
    to: "AddedPartyDeviceType",
    by_field: fields::CONTROLLER_DEVICE,
    to_field: fields::ADDED_PARTY_DEVICE,
};

pub(super) const TRANSFERRED: JoinedNames = JoinedNames {
    by: "TransferringDeviceType",
    to: "TransferredDeviceType",
    by_field: fields::TRANSFERRING_DEVICE,
    to_field: fields::TRANSFERRED_DEVICE,
};

impl CallsJoinedEvent {
    pub(super) fn walk<W: Walk>(
        &mut self,
        walk: &mut W,
        names: &JoinedNames,
    ) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        walk.fixed("PrimaryDeviceIDType", &mut self.primary.device_type)?;
        walk.fixed("PrimaryCallID", &mut self.primary.call_id)?;
        self.line.walk(walk)?;
        self.skill_group.walk(walk)?;
        let parties = walk.count("NumParties", self.parties.len(), PARTIES_MAX)?;
        walk.fixed("SecondaryDeviceIDType", &mut self.secondary.device_type)?;
        walk.fixed("SecondaryCallID", &mut self.secondary.call_id)?;
        walk.fixed(names.by, &mut self.by.kind)?;
        walk.fixed(names.to, &mut self.to.kind)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.primary.device(walk, &fields::PRIMARY_DEVICE)?;
        self.secondary.device(walk, &fields::SECONDARY_DEVICE)?;
        walk.text(&names.by_field, &mut self.by.id)?;
        walk.text(&names.to_field, &mut self.to.id)?;
        walk.list(parties, &mut self.parties)
    }
}

/// `CALL_DIVERTED_EVENT` (19): a call went elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallDivertedEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// The service.
    pub service: Service,
    /// From where.
    pub diverting: Device,
    /// To where.
    pub called: Device,
    /// State and cause.
    pub outcome: Outcome,
}

impl Layout for CallDivertedEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        self.service.walk(walk)?;
        walk.fixed("DivertingDeviceType", &mut self.diverting.kind)?;
        walk.fixed("CalledDeviceType", &mut self.called.kind)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::DIVERTING_DEVICE, &mut self.diverting.id)?;
        walk.text(&fields::CALLED_DEVICE, &mut self.called.id)
    }
}

/// `CALL_SERVICE_INITIATED_EVENT` (20): off hook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallServiceInitiatedEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// The line.
    pub line: Line,
    /// The service.
    pub service: Service,
    /// The skill group.
    pub skill_group: SkillGroup,
    /// Who goes off hook.
    pub calling: Device,
    /// State and cause.
    pub outcome: Outcome,
    /// `CallReferenceID`, opaque.
    pub call_reference_id: Option<Box<[u8]>>,
    /// Call of the connection that this one is a consultation of.
    pub consulted_call_id: Option<u32>,
    /// Type of that connection.
    pub consulted_device_type: Option<ConnectionDeviceType>,
    /// Device of that connection.
    pub consulted_device_id: Text,
}

impl Layout for CallServiceInitiatedEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        self.line.walk(walk)?;
        self.service.walk(walk)?;
        self.skill_group.walk(walk)?;
        walk.fixed("CallingDeviceType", &mut self.calling.kind)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::CALLING_DEVICE, &mut self.calling.id)?;
        walk.bytes(&fields::CALL_REFERENCE_ID, &mut self.call_reference_id)?;
        walk.float(&fields::COC_CALL_ID, &mut self.consulted_call_id)?;
        walk.float(&fields::COC_DEVICE_TYPE, &mut self.consulted_device_type)?;
        walk.text(&fields::COC_DEVICE, &mut self.consulted_device_id)
    }
}

/// `CALL_REACHED_NETWORK_EVENT` (34): a call out left the switch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallReachedNetworkEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// The line.
    pub line: Line,
    /// The trunk.
    pub trunk_used: Device,
    /// Who is called.
    pub called: Device,
    /// State and cause.
    pub outcome: Outcome,
    /// Trunks, by number.
    pub trunk: Trunk,
}

impl Layout for CallReachedNetworkEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        self.line.walk(walk)?;
        walk.fixed("TrunkUsedDeviceType", &mut self.trunk_used.kind)?;
        walk.fixed("CalledDeviceType", &mut self.called.kind)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::TRUNK_USED_DEVICE, &mut self.trunk_used.id)?;
        walk.text(&fields::CALLED_DEVICE, &mut self.called.id)?;
        self.trunk.walk(walk)
    }
}
