//! Events of calls that wait or are announced ("Application Level Interfaces").

use super::SKILL_GROUPS_MAX;
use super::call::{
    CallContext, Connection, Device, Outcome, Service, SkillGroup, SkillGroupEntry, Source,
};
use super::fields;
use super::walk::{Layout, Text, Walk};

/// `CALL_QUEUED_EVENT` (21): a call waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallQueuedEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// The service.
    pub service: Service,
    /// Where it waits.
    pub queue: Device,
    /// Who calls.
    pub calling: Device,
    /// Who was called.
    pub called: Device,
    /// Who had it before.
    pub last_redirect: Device,
    /// Calls that wait there, this one included.
    pub queued: u16,
    /// State and cause.
    pub outcome: Outcome,
    /// Skill groups it waits for, at most 20.
    pub skill_groups: Vec<SkillGroupEntry>,
}

impl Layout for CallQueuedEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        self.service.walk(walk)?;
        walk.fixed("QueueDeviceType", &mut self.queue.kind)?;
        walk.fixed("CallingDeviceType", &mut self.calling.kind)?;
        walk.fixed("CalledDeviceType", &mut self.called.kind)?;
        walk.fixed("LastRedirectDeviceType", &mut self.last_redirect.kind)?;
        walk.fixed("NumQueued", &mut self.queued)?;
        let groups = walk.count("NumSkillGroups", self.skill_groups.len(), SKILL_GROUPS_MAX)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::QUEUE_DEVICE, &mut self.queue.id)?;
        walk.text(&fields::CALLING_DEVICE, &mut self.calling.id)?;
        walk.text(&fields::CALLED_DEVICE, &mut self.called.id)?;
        walk.text(&fields::LAST_REDIRECT_DEVICE, &mut self.last_redirect.id)?;
        walk.list(groups, &mut self.skill_groups)
    }
}

/// `CALL_DEQUEUED_EVENT` (86): a call waits no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallDequeuedEvent {
    /// Where it comes from.
    pub source: Source,
    /// The call.
    pub connection: Connection,
    /// Where it waited; the id is not sent.
    pub queue: Device,
    /// The service.
    pub service: Service,
    /// Calls that still wait there.
    pub queued: u16,
    /// State and cause.
    pub outcome: Outcome,
    /// Skill groups it waited for, at most 20.
    pub skill_groups: Vec<SkillGroupEntry>,
}

impl Layout for CallDequeuedEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.source.walk(walk)?;
        self.connection.type_first(walk)?;
        walk.fixed("QueueDeviceType", &mut self.queue.kind)?;
        self.service.walk(walk)?;
        walk.fixed("NumQueued", &mut self.queued)?;
        let groups = walk.count("NumSkillGroups", self.skill_groups.len(), SKILL_GROUPS_MAX)?;
        self.outcome.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::QUEUE_DEVICE, &mut self.queue.id)?;
        walk.list(groups, &mut self.skill_groups)
    }
}

/// `CALL_TRANSLATION_ROUTE_EVENT` (22): what a call will carry that is about to arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallTranslationRouteEvent {
    /// The call, where it is known.
    pub connection_device_id: Text,
    /// What the call will carry.
    pub context: Box<CallContext>,
}

impl Layout for CallTranslationRouteEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        let counts = self.context.counts(walk)?;
        walk.floating()?;
        walk.text(&fields::CONNECTION_DEVICE, &mut self.connection_device_id)?;
        self.context.walk(walk, counts)
    }
}

/// `AGENT_PRE_CALL_EVENT` (105): a call will be routed to an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentPreCallEvent {
    /// `MonitorID`.
    pub monitor_id: u32,
    /// The service.
    pub service: Service,
    /// The skill group.
    pub skill_group: SkillGroup,
    /// `MRDID`; 1 is voice.
    pub media_routing_domain: i32,
    /// `AgentSkillTargetID`, from version 20 on; where it stands is inferred.
    pub agent_skill_target_id: u32,
    /// The agent's instrument.
    pub instrument: Text,
    /// What the call will carry.
    pub context: Box<CallContext>,
}

impl Layout for AgentPreCallEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("MonitorID", &mut self.monitor_id)?;
        let counts = self.context.counts(walk)?;
        self.service.walk(walk)?;
        self.skill_group.walk(walk)?;
        walk.fixed("MRDID", &mut self.media_routing_domain)?;
        if walk.framing().since(20) {
            walk.fixed("AgentSkillTargetID", &mut self.agent_skill_target_id)?;
        }
        walk.floating()?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)?;
        self.context.walk(walk, counts)
    }
}
