//! What messages about calls have in common: connections, devices, lines, and what a call carries.
//!
//! From "Application Level Interfaces", call event messages.

use super::call_enumerations::{ConnectionDeviceType, ConnectionState, DeviceType, LineType};
use super::call_type::EventCause;
use super::enumerations::{AgentState, PeripheralType};
use super::fields::{self, Field};
use super::walk::{Entry, Layout, Text, Walk, always};
use super::{CLIENTS_MAX, LIST_ENTRIES_MAX, NULL};

/// Where an event comes from; call events begin with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// `MonitorID`; 0 for sessions with all events.
    pub monitor_id: u32,
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// `PeripheralType`.
    pub peripheral_type: PeripheralType,
}

impl Layout for Source {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("MonitorID", &mut self.monitor_id)?;
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("PeripheralType", &mut self.peripheral_type)
    }
}

/// One party of one call. All three together identify it; the device id is opaque, and no
/// extension may be read out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// `ConnectionCallID`; [`NULL`] for none, or for whichever call is active.
    pub call_id: u32,
    /// `ConnectionDeviceIDType`.
    pub device_type: ConnectionDeviceType,
    /// `ConnectionDeviceID`.
    pub device_id: Text,
}

impl Default for Connection {
    fn default() -> Self {
        Self { call_id: NULL, device_type: ConnectionDeviceType::None, device_id: None }
    }
}

impl Connection {
    /// Requests give the call first.
    pub(super) fn call_first<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("ConnectionCallID", &mut self.call_id)?;
        walk.fixed("ConnectionDeviceIDType", &mut self.device_type)
    }

    /// Events, and requests about call data, give the type first.
    pub(super) fn type_first<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("ConnectionDeviceIDType", &mut self.device_type)?;
        walk.fixed("ConnectionCallID", &mut self.call_id)
    }

    pub(super) fn device<W: Walk>(&mut self, walk: &mut W, field: &Field) -> Result<(), W::Error> {
        walk.text(field, &mut self.device_id)
    }
}

/// A device in a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// What the id names.
    pub kind: DeviceType,
    /// The id, such as a directory number.
    pub id: Text,
}

/// A line of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `LineHandle`; 0xFFFF for none.
    pub handle: u16,
    /// `LineType`.
    pub kind: LineType,
}

impl Default for Line {
    fn default() -> Self {
        Self { handle: u16::MAX, kind: LineType::default() }
    }
}

impl Layout for Line {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("LineHandle", &mut self.handle)?;
        walk.fixed("LineType", &mut self.kind)
    }
}

/// The service a call is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `ServiceNumber`; [`NULL`] for none.
    pub number: u32,
    /// `ServiceID`; [`NULL`] for none.
    pub id: u32,
}

impl Default for Service {
    fn default() -> Self {
        Self { number: NULL, id: NULL }
    }
}

impl Layout for Service {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("ServiceNumber", &mut self.number)?;
        walk.fixed("ServiceID", &mut self.id)
    }
}

/// The skill group a call or an agent is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkillGroup {
    /// `SkillGroupNumber`; [`NULL`] for none.
    pub number: u32,
    /// `SkillGroupID`; [`NULL`] for none.
    pub id: u32,
    /// `SkillGroupPriority`; 0 means that there is none, not that it is the highest.
    pub priority: u16,
}

impl Default for SkillGroup {
    fn default() -> Self {
        Self { number: NULL, id: NULL, priority: 0 }
    }
}

impl Layout for SkillGroup {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("SkillGroupNumber", &mut self.number)?;
        walk.fixed("SkillGroupID", &mut self.id)?;
        walk.fixed("SkillGroupPriority", &mut self.priority)
    }
}

/// An entry of a list of skill groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkillGroupEntry {
    /// `SkillGroupNumber`.
    pub number: u32,
    /// `SkillGroupID`.
    pub id: Option<u32>,
    /// `SkillGroupPriority`.
    pub priority: Option<u16>,
    /// `SkillGroupState`.
    pub state: Option<AgentState>,
}

impl Entry for SkillGroupEntry {
    const LEAD: &'static Field = &fields::SKILL_GROUP_NUMBER;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        always(walk, &fields::SKILL_GROUP_NUMBER, &mut self.number)?;
        walk.float(&fields::SKILL_GROUP_ID, &mut self.id)?;
        walk.float(&fields::SKILL_GROUP_PRIORITY, &mut self.priority)?;
        walk.float(&fields::SKILL_GROUP_STATE, &mut self.state)
    }
}

/// State and cause, with which most call events end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// `LocalConnectionState`.
    pub state: ConnectionState,
    /// `EventCause`.
    pub cause: EventCause,
}

impl Layout for Outcome {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("LocalConnectionState", &mut self.state)?;
        walk.fixed("EventCause", &mut self.cause)
    }
}

/// Trunks of a call to or from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trunk {
    /// `TrunkNumber`.
    pub number: Option<u32>,
    /// `TrunkGroupNumber`.
    pub group: Option<u32>,
}

impl Layout for Trunk {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.float(&fields::TRUNK_NUMBER, &mut self.number)?;
        walk.float(&fields::TRUNK_GROUP_NUMBER, &mut self.group)
    }
}

/// A party of a conference or a transferred call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// `ConnectedPartyCallID`.
    pub call_id: u32,
    /// `ConnectedPartyDeviceIDType`.
    pub device_type: ConnectionDeviceType,
    /// `ConnectedPartyDeviceID`.
    pub device_id: Text,
}

impl Entry for Party {
    const LEAD: &'static Field = &fields::PARTY_CALL_ID;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        always(walk, &fields::PARTY_CALL_ID, &mut self.call_id)?;
        always(walk, &fields::PARTY_DEVICE_TYPE, &mut self.device_type)?;
        walk.text(&fields::PARTY_DEVICE, &mut self.device_id)
    }
}

/// A client that uses a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallClient {
    /// `CTIClientSignature`.
    pub signature: Text,
    /// `CTIClientTimestamp`, seconds since 1970.
    pub since: u32,
}

impl Entry for CallClient {
    const LEAD: &'static Field = &fields::CTI_CLIENT_SIGNATURE;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        let mut signature = Some(self.signature.take().unwrap_or_default());
        walk.text(&fields::CTI_CLIENT_SIGNATURE, &mut signature)?;
        self.signature = signature;
        always(walk, &fields::CTI_CLIENT_TIMESTAMP, &mut self.since)
    }
}

/// A named variable of a call ("expanded call context").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedVariable {
    /// The name, at most 32 bytes.
    pub name: Box<str>,
    /// The value, at most 210 bytes.
    pub value: Box<str>,
}

impl Entry for NamedVariable {
    const LEAD: &'static Field = &fields::NAMED_VARIABLE;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.named(&fields::NAMED_VARIABLE, None, &mut self.name, &mut self.value)
    }
}

/// One element of a named array of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedArray {
    /// Index of the element.
    pub index: u8,
    /// The name, at most 32 bytes.
    pub name: Box<str>,
    /// The value, at most 210 bytes.
    pub value: Box<str>,
}

impl Entry for NamedArray {
    const LEAD: &'static Field = &fields::NAMED_ARRAY;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        let index = Some(&mut self.index);
        walk.named(&fields::NAMED_ARRAY, index, &mut self.name, &mut self.value)
    }
}

/// The key under which the routing server knows a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouterCallKey {
    /// `RouterCallKeyDay`.
    pub day: Option<u32>,
    /// `RouterCallKeyCallID`.
    pub call_id: Option<u32>,
    /// `RouterCallKeySequenceNumber`.
    pub sequence: Option<u32>,
}

/// What a call carries. In `CALL_DATA_UPDATE_EVENT` an absent field did not change; since version
/// 22 the named variables are always all of them, and replace what was known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallContext {
    /// Number of the caller.
    pub ani: Text,
    /// `UserToUserInfo`, opaque.
    pub user_to_user: Option<Box<[u8]>>,
    /// Number that was dialled, as the network gave it.
    pub dnis: Text,
    /// Number that was dialled.
    pub dialed_number: Text,
    /// Digits the caller entered.
    pub caller_entered_digits: Text,
    /// The routing server's key of the call.
    pub router_call_key: RouterCallKey,
    /// `CallVariable1` to `CallVariable10`.
    pub variables: [Text; 10],
    /// `CallWrapupData`.
    pub wrapup: Text,
    /// Named variables.
    pub named_variables: Vec<NamedVariable>,
    /// Elements of named arrays.
    pub named_arrays: Vec<NamedArray>,
    /// Clients that use the call; events only.
    pub clients: Vec<CallClient>,
    /// `CallReferenceID`, opaque.
    pub call_reference_id: Option<Box<[u8]>>,
    /// `CustomerPhoneNumber` of an outbound campaign.
    pub customer_phone_number: Text,
    /// `CustomerAccountNumber` of an outbound campaign.
    pub customer_account_number: Text,
    /// `CallOriginatedFrom`.
    pub call_originated_from: Option<u8>,
}

/// Lengths of the lists of a [`CallContext`], which stand in the fixed part.
#[derive(Clone, Copy, Default)]
pub(super) struct ContextCounts {
    clients: usize,
    named_variables: usize,
    named_arrays: usize,
}

impl ContextCounts {
    pub(super) fn with_clients(self, clients: usize) -> Self {
        Self { clients, ..self }
    }
}

impl CallContext {
    /// `NumNamedVariables` and `NumNamedArrays`.
    pub(super) fn counts<W: Walk>(&self, walk: &mut W) -> Result<ContextCounts, W::Error> {
        let (variables, arrays) = (self.named_variables.len(), self.named_arrays.len());
        Ok(ContextCounts {
            clients: 0,
            named_variables: walk.count("NumNamedVariables", variables, LIST_ENTRIES_MAX)?,
            named_arrays: walk.count("NumNamedArrays", arrays, LIST_ENTRIES_MAX)?,
        })
    }

    /// `NumCTIClients`.
    pub(super) fn client_count<W: Walk>(&self, walk: &mut W) -> Result<usize, W::Error> {
        walk.count("NumCTIClients", self.clients.len(), CLIENTS_MAX)
    }

    /// `NumCTIClients`, `NumNamedVariables` and `NumNamedArrays`.
    pub(super) fn counts_with_clients<W: Walk>(
        &self,
        walk: &mut W,
    ) -> Result<ContextCounts, W::Error> {
        let clients = self.client_count(walk)?;
        Ok(self.counts(walk)?.with_clients(clients))
    }

    pub(super) fn walk<W: Walk>(
        &mut self,
        walk: &mut W,
        counts: ContextCounts,
    ) -> Result<(), W::Error> {
        walk.text(&fields::ANI, &mut self.ani)?;
        walk.bytes(&fields::USER_TO_USER, &mut self.user_to_user)?;
        walk.text(&fields::DNIS, &mut self.dnis)?;
        walk.text(&fields::DIALED_NUMBER, &mut self.dialed_number)?;
        walk.text(&fields::CALLER_ENTERED_DIGITS, &mut self.caller_entered_digits)?;
        let key = &mut self.router_call_key;
        walk.float(&fields::ROUTER_CALL_KEY_DAY, &mut key.day)?;
        walk.float(&fields::ROUTER_CALL_KEY_CALL_ID, &mut key.call_id)?;
        walk.float(&fields::ROUTER_CALL_KEY_SEQUENCE, &mut key.sequence)?;
        for (field, variable) in fields::CALL_VARIABLES.iter().zip(&mut self.variables) {
            walk.text(field, variable)?;
        }
        walk.text(&fields::CALL_WRAPUP, &mut self.wrapup)?;
        walk.list(counts.named_variables, &mut self.named_variables)?;
        walk.list(counts.named_arrays, &mut self.named_arrays)?;
        walk.list(counts.clients, &mut self.clients)?;
        walk.bytes(&fields::CALL_REFERENCE_ID, &mut self.call_reference_id)?;
        walk.text(&fields::CUSTOMER_PHONE_NUMBER, &mut self.customer_phone_number)?;
        walk.text(&fields::CUSTOMER_ACCOUNT_NUMBER, &mut self.customer_account_number)?;
        walk.float(&fields::CALL_ORIGINATED_FROM, &mut self.call_originated_from)
    }
}
