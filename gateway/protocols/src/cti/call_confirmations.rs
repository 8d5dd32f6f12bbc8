//! Answers to requests about calls and devices ("Application Level Interfaces", call control).

use super::call::{CallContext, Connection, Line, Party};
use super::call_enumerations::{ConnectionDeviceType, ConnectionState, DeviceType, LineType};
use super::call_type::CallType;
use super::enumerations::PeripheralType;
use super::fields::{self, Field};
use super::walk::{Entry, Layout, Text, Walk, always};
use super::{CALLS_MAX, LINES_MAX, PARTIES_MAX};

/// A call was made: `MAKE_CALL_CONF` (57) and `CONSULTATION_CALL_CONF` (51).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCallConf {
    /// The call.
    pub connection: Connection,
    /// The line.
    pub line: Line,
}

impl Layout for NewCallConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.connection.call_first(walk)?;
        self.line.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::NEW_CONNECTION_DEVICE)
    }
}

/// Calls were joined: `CONFERENCE_CALL_CONF` (49) and `TRANSFER_CALL_CONF` (65).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinedCallConf {
    /// The call.
    pub connection: Connection,
    /// The line.
    pub line: Line,
    /// Everyone in the call, at most 16.
    pub parties: Vec<Party>,
}

impl Layout for JoinedCallConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.connection.call_first(walk)?;
        let parties = walk.count("NumParties", self.parties.len(), PARTIES_MAX)?;
        self.line.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::NEW_CONNECTION_DEVICE)?;
        walk.list(parties, &mut self.parties)
    }
}

/// `SNAPSHOT_CALL_CONF` (83).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotCallConf {
    /// Kind of the call.
    pub call_type: CallType,
    /// `CalledPartyDisposition`.
    pub disposition: u16,
    /// What the call carries.
    pub context: Box<CallContext>,
    /// Devices in the call, at most 16.
    pub devices: Vec<CallDevice>,
}

/// A device in a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallDevice {
    /// `CallConnectionCallID`.
    pub call_id: u32,
    /// `CallConnectionDeviceIDType`.
    pub connection_type: ConnectionDeviceType,
    /// `CallConnectionDeviceID`.
    pub connection_id: Text,
    /// `CallDeviceType`.
    pub kind: Option<DeviceType>,
    /// `CallDeviceID`.
    pub id: Text,
    /// `CallDeviceConnectionState`.
    pub state: Option<ConnectionState>,
}

impl Entry for CallDevice {
    const LEAD: &'static Field = &fields::CALL_CONNECTION_CALL_ID;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        always(walk, &fields::CALL_CONNECTION_CALL_ID, &mut self.call_id)?;
        always(walk, &fields::CALL_CONNECTION_DEVICE_TYPE, &mut self.connection_type)?;
        walk.text(&fields::CALL_CONNECTION_DEVICE, &mut self.connection_id)?;
        walk.float(&fields::CALL_DEVICE_TYPE, &mut self.kind)?;
        walk.text(&fields::CALL_DEVICE, &mut self.id)?;
        walk.float(&fields::CALL_DEVICE_STATE, &mut self.state)
    }
}

impl Layout for SnapshotCallConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("CallType", &mut self.call_type)?;
        let clients = self.context.client_count(walk)?;
        let devices = walk.count("NumCallDevices", self.devices.len(), PARTIES_MAX)?;
        let counts = self.context.counts(walk)?.with_clients(clients);
        walk.fixed("CalledPartyDisposition", &mut self.disposition)?;
        walk.floating()?;
        self.context.walk(walk, counts)?;
        walk.list(devices, &mut self.devices)
    }
}

/// `SNAPSHOT_DEVICE_CONF` (85).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotDeviceConf {
    /// Calls of the device, at most 16.
    pub calls: Vec<DeviceCall>,
}

/// A call of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceCall {
    /// `CallConnectionCallID`.
    pub call_id: u32,
    /// `CallConnectionDeviceIDType`.
    pub connection_type: ConnectionDeviceType,
    /// `CallConnectionDeviceID`.
    pub connection_id: Text,
    /// `CallState`.
    pub state: Option<ConnectionState>,
    /// `SilentMonitorStatus`.
    pub silent_monitor_status: Option<u16>,
}

impl Entry for DeviceCall {
    const LEAD: &'static Field = &fields::CALL_CONNECTION_CALL_ID;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        always(walk, &fields::CALL_CONNECTION_CALL_ID, &mut self.call_id)?;
        always(walk, &fields::CALL_CONNECTION_DEVICE_TYPE, &mut self.connection_type)?;
        walk.text(&fields::CALL_CONNECTION_DEVICE, &mut self.connection_id)?;
        walk.float(&fields::CALL_STATE, &mut self.state)?;
        walk.float(&fields::SILENT_MONITOR_STATUS, &mut self.silent_monitor_status)
    }
}

impl Layout for SnapshotDeviceConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        let calls = walk.count("NumCalls", self.calls.len(), CALLS_MAX)?;
        walk.floating()?;
        walk.list(calls, &mut self.calls)
    }
}

/// `QUERY_DEVICE_INFO_CONF` (79).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryDeviceInfoConf {
    /// `PeripheralType`.
    pub peripheral_type: PeripheralType,
    /// `TypeOfDevice`.
    pub type_of_device: u16,
    /// `ClassOfDevice`.
    pub class_of_device: u16,
    /// A reserved field.
    pub reserved: u16,
    /// `MaxActiveCalls`.
    pub active_calls_max: u16,
    /// `MaxHeldCalls`.
    pub held_calls_max: u16,
    /// `MaxDevicesInConference`.
    pub conference_devices_max: u16,
    /// `MakeCallSetup`, `TransferConferenceSetup`, `CallEventsSupported`, `CallControlSupported`
    /// and `OtherFeatures`: sets of bits.
    pub features: [u32; 5],
    /// Lines, at most 10.
    pub lines: Vec<DeviceLine>,
}

/// A line of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceLine {
    /// `LineHandle`.
    pub handle: u16,
    /// `LineType`.
    pub kind: LineType,
}

impl Entry for DeviceLine {
    const LEAD: &'static Field = &fields::LINE_HANDLE;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        always(walk, &fields::LINE_HANDLE, &mut self.handle)?;
        always(walk, &fields::LINE_TYPE, &mut self.kind)
    }
}

impl Layout for QueryDeviceInfoConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralType", &mut self.peripheral_type)?;
        walk.fixed("TypeOfDevice", &mut self.type_of_device)?;
        walk.fixed("ClassOfDevice", &mut self.class_of_device)?;
        let lines = walk.count("NumLines", self.lines.len(), LINES_MAX)?;
        walk.fixed("Reserved", &mut self.reserved)?;
        walk.fixed("MaxActiveCalls", &mut self.active_calls_max)?;
        walk.fixed("MaxHeldCalls", &mut self.held_calls_max)?;
        walk.fixed("MaxDevicesInConference", &mut self.conference_devices_max)?;
        for feature in &mut self.features {
            walk.fixed("features", feature)?;
        }
        walk.floating()?;
        walk.list(lines, &mut self.lines)
    }
}
