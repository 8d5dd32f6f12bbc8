//! Settings: what administrators decide, one document each, effective at once on every node.
//!
//! A [`SettingsFile`] is what a person wrote, read and checked as a whole: all of it is taken or
//! none, and every problem is told at once under its key. It becomes [`SettingDocument`]s, which
//! the store keeps. [`Settings`] is the map of all of them that decisions read; it is cheap to
//! clone, and every change gives it a higher number.

mod agent;
mod cti_pair;
mod device;
mod document;
mod export;
mod file;
mod layout;
mod list;
mod phone_service;
mod reader;
mod reason;
mod team;
mod trust;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use agent::{Agent, NewPassword, PASSWORD_CHARACTERS_MAX, WrittenAgent};
pub use cti_pair::{
    CLIENT_PASSWORD_PURPOSE, CLIENT_TEXT_BYTES_MAX, CTI_PAIRS_MAX, CtiDialect, CtiPair,
    CtiSessions, CtiSide, InvalidCtiSide, PairOf, WrittenCtiPair,
};
pub use device::{Device, LINES_MAX};
pub use document::{Section, SettingDocument, SettingsHead};
pub use export::export;
pub use file::{Documents, SecretOf, SettingsFile};
pub use layout::{Layout, LayoutField};
pub use phone_service::{
    DevicePolicy, FormMethod, LabelLimit, NewSecret, PUSH_PASSWORD_CHARACTERS_MAX, PhoneService,
    Push, WrittenPush,
};
pub use reader::Reader;
pub use reason::{LABEL_CHARACTERS_MAX, Reason};
pub use team::{Team, Voice};
pub use trust::{Trust, TrustPurpose};

use crate::{
    AgentId, DeviceName, Extension, PairName, Problem, ReasonCategory, ReasonCode, TeamName,
};

/// All settings in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Rises with every change; 0 before anything was applied.
    pub number: u64,
    /// A digest of the file they came from, where they came from one.
    pub source: Option<String>,
    /// Agents by id.
    pub agents: Arc<BTreeMap<AgentId, Arc<Agent>>>,
    /// Teams by name.
    pub teams: Arc<BTreeMap<TeamName, Arc<Team>>>,
    /// Reasons by category and code.
    pub reasons: Arc<BTreeMap<(ReasonCategory, ReasonCode), Arc<Reason>>>,
    /// Call-variable layouts by name.
    pub layouts: Arc<BTreeMap<String, Arc<Layout>>>,
    /// Phones and device profiles by name.
    pub devices: Arc<BTreeMap<DeviceName, Arc<Device>>>,
    /// Certificates we trust by name.
    pub trust: Arc<BTreeMap<String, Arc<Trust>>>,
    /// Pairs of contact-centre servers by name; with none the gateway owns voice state itself.
    pub cti_pairs: Arc<BTreeMap<PairName, Arc<CtiPair>>>,
    /// How phones are served.
    pub phone_service: Arc<PhoneService>,
    /// What holds for all voice state that the gateway owns.
    pub voice: Arc<Voice>,
}

impl Settings {
    /// The settings made of these documents, under that head.
    pub fn from_documents(
        head: &SettingsHead,
        documents: impl IntoIterator<Item = SettingDocument>,
    ) -> Self {
        let mut settings =
            Self { number: head.number, source: head.source.clone(), ..Self::default() };
        let (mut agents, mut teams, mut reasons) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (mut layouts, mut devices, mut trust) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut cti_pairs = BTreeMap::new();
        for document in documents {
            match document {
                SettingDocument::Agent(agent) => {
                    agents.insert(agent.id.clone(), Arc::new(agent));
                }
                SettingDocument::Team(team) => {
                    teams.insert(team.name.clone(), Arc::new(team));
                }
                SettingDocument::Reason(reason) => {
                    reasons.insert((reason.category, reason.code), Arc::new(reason));
                }
                SettingDocument::Layout(layout) => {
                    layouts.insert(layout.name.clone(), Arc::new(layout));
                }
                SettingDocument::Device(device) => {
                    devices.insert(device.name.clone(), Arc::new(device));
                }
                SettingDocument::Trust(entry) => {
                    trust.insert(entry.name.clone(), Arc::new(entry));
                }
                SettingDocument::CtiPair(pair) => {
                    cti_pairs.insert(pair.name.clone(), Arc::new(*pair));
                }
                SettingDocument::PhoneService(service) => {
                    settings.phone_service = Arc::new(*service);
                }
                SettingDocument::Voice(voice) => settings.voice = Arc::new(voice),
            }
        }
        settings.agents = Arc::new(agents);
        settings.teams = Arc::new(teams);
        settings.reasons = Arc::new(reasons);
        settings.layouts = Arc::new(layouts);
        settings.devices = Arc::new(devices);
        settings.trust = Arc::new(trust);
        settings.cti_pairs = Arc::new(cti_pairs);
        settings
    }

    /// Every document, in the order of sections and names.
    pub fn documents(&self) -> Vec<SettingDocument> {
        let mut documents = Vec::new();
        documents.extend(self.teams.values().map(|it| SettingDocument::Team((**it).clone())));
        documents.extend(self.agents.values().map(|it| SettingDocument::Agent((**it).clone())));
        documents.extend(self.reasons.values().map(|it| SettingDocument::Reason((**it).clone())));
        documents.extend(self.layouts.values().map(|it| SettingDocument::Layout((**it).clone())));
        documents.extend(self.devices.values().map(|it| SettingDocument::Device((**it).clone())));
        documents.extend(self.trust.values().map(|it| SettingDocument::Trust((**it).clone())));
        let pairs = self.cti_pairs.values();
        documents.extend(pairs.map(|it| SettingDocument::CtiPair(Box::new((**it).clone()))));
        documents.push(SettingDocument::PhoneService(Box::new((*self.phone_service).clone())));
        documents.push(SettingDocument::Voice((*self.voice).clone()));
        documents
    }

    /// The reasons an agent may choose from: those for everybody and those of the agent's team, by
    /// code (PHN-06). Who shows them cuts the list where the screen ends.
    pub fn reasons_for(
        &self,
        agent: &AgentId,
        category: ReasonCategory,
    ) -> impl Iterator<Item = &Reason> {
        let team = self.agents.get(agent).and_then(|agent| agent.team.clone());
        let range = (category, ReasonCode(0))..=(category, ReasonCode(u16::MAX));
        self.reasons
            .range(range)
            .map(|(_, reason)| reason.as_ref())
            .filter(move |reason| reason.applies_to(team.as_ref()))
    }

    /// The reason of that code, where the agent may choose it.
    pub fn reason_for(
        &self,
        agent: &AgentId,
        category: ReasonCategory,
        code: ReasonCode,
    ) -> Option<&Reason> {
        let team = self.agents.get(agent).and_then(|agent| agent.team.as_ref());
        self.reasons
            .get(&(category, code))
            .map(Arc::as_ref)
            .filter(|reason| reason.applies_to(team))
    }

    /// The phones and profiles that have that line, by name.
    pub fn devices_with(&self, extension: &Extension) -> impl Iterator<Item = &Device> {
        self.devices
            .values()
            .map(Arc::as_ref)
            .filter(move |device| device.lines.contains(extension))
    }

    /// The layout of the agent's calls: the team's, else the one named `default`.
    pub fn layout_for(&self, agent: &AgentId) -> Option<&Layout> {
        let team = self.agents.get(agent).and_then(|agent| self.teams.get(agent.team.as_ref()?));
        let name = team.and_then(|team| team.layout.as_deref()).unwrap_or("default");
        self.layouts.get(name).map(Arc::as_ref)
    }

    /// The pair the agent belongs to, as far as settings say: the agent's own, else the team's, else
    /// the only one (CTI-10).
    pub fn pair_of(&self, agent: &AgentId) -> PairOf {
        let agent = self.agents.get(agent);
        let team = agent.and_then(|agent| self.teams.get(agent.team.as_ref()?));
        let own = agent.and_then(|agent| agent.pair.as_ref());
        let named = own.or(team.and_then(|team| team.pair.as_ref()));
        if let Some(pair) = named.filter(|pair| self.cti_pairs.contains_key(*pair)) {
            return PairOf::One(pair.clone());
        }
        let mut names: Vec<_> = self.cti_pairs.keys().cloned().collect();
        match names.len() {
            0 => PairOf::Owned,
            1 => PairOf::One(names.remove(0)),
            _ => PairOf::Unsettled(names),
        }
    }

    /// What is in force but looks wrong, each under the key of a settings file.
    pub fn warnings(&self) -> Vec<Problem> {
        let push_user = self.phone_service.push.as_ref().map(|push| push.user.as_str());
        let pairs = self.cti_pairs.values();
        cti_pair::warnings(push_user, pairs.map(|it| (&it.name, it.rmcm_user.as_deref())))
    }

    /// How long the agent wraps up after a call, in seconds; 0 means not at all.
    pub fn wrap_up_seconds_for(&self, agent: &AgentId) -> u32 {
        let team = self.agents.get(agent).and_then(|agent| self.teams.get(agent.team.as_ref()?));
        team.and_then(|team| team.wrap_up_seconds).unwrap_or(self.voice.wrap_up_seconds)
    }
}
