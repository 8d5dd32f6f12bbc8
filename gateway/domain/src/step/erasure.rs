//! Erasure of one person (OPS-13): all documents that are about an agent who is no longer in the settings.
//!
//! Headsets of theirs go from the inventory; one that is used still is reported again.
//! Lines of the log and of the audit log name ids alone; they go when they are old enough.

use crate::client::client_wake;
use crate::{
    AgentId, AgentKey, Decision, Document, Event, Halt, Identity, Index, IndexRange, Key, Refusal,
    Reply, Settings, Status, View, WakeChange,
};

/// The name of the event of a document that was erased.
pub const ERASED: &str = "erased";
/// More sessions of browsers and tokens than one person can have, and more headsets.
const IDENTITIES_MAX: u32 = 1_000;

/// Where documents of a person may be: each is looked for.
struct Places {
    /// Under keys that follow from the id.
    keys: Vec<Key>,
    /// In stretches of indexes.
    ranges: Vec<IndexRange>,
}

impl Places {
    fn of(id: &AgentId, agents: &[AgentKey], settings: &Settings) -> Self {
        let mut keys = vec![Key::account(id), Key::second_factor(id)];
        keys.extend(agents.iter().map(Key::session));
        keys.extend(agents.iter().map(Key::verifier));
        let identities = Identity::all_of(id, settings);
        let ranges = identities.iter().flat_map(|identity| {
            [Index::WebSessionByIdentity, Index::AccessTokenByIdentity]
                .map(|index| IndexRange::exactly(index, identity.index_value(), IDENTITIES_MAX))
        });
        let person = Index::person_value(id.as_str());
        let headsets = IndexRange::exactly(Index::HeadsetByPerson, person, IDENTITIES_MAX);
        Self { keys, ranges: ranges.chain([headsets]).collect() }
    }
}

/// Removes what is kept of that person, in all the pairs named. Refused while it is still somebody: in the
/// settings, or signed in.
pub(super) fn erase(id: &AgentId, agents: &[AgentKey], view: &View) -> Result<Decision, Halt> {
    // Loads the head, so that the settings in view are those it speaks of.
    let head_key = Key::settings_head();
    let head = view.version(&head_key)?;
    if view.settings.agents.contains_key(id) || view.settings.accounts.contains_key(id) {
        let why = format!("{id} is in the settings still; remove them there first");
        return Err(Refusal::SettingsInUse { why }.into());
    }
    let Places { mut keys, ranges } = Places::of(id, agents, &view.settings);
    for range in &ranges {
        keys.extend(view.range(range)?.iter().cloned());
    }
    view.need(&keys)?;
    let mut decision = Decision::already(Reply::Done);
    let mut headsets = 0_u32;
    for key in keys {
        let Some(loaded) = view.document(&key)? else { continue };
        if let Document::Session(session) = &loaded.document
            && !matches!(session.status, Status::SignedOut(_))
        {
            let why = format!("agent {id} is signed in, or being signed out; sign them out first");
            return Err(Refusal::SettingsInUse { why }.into());
        }
        if matches!(loaded.document, Document::Headset(_)) {
            headsets = headsets.saturating_add(1);
        }
        let version = Some(loaded.version);
        if let Some(wake) = super::console::end_wake(&key) {
            decision = decision.wake(WakeChange::Clear(wake));
        }
        decision =
            decision.guard(key.clone(), version).event(Event::new(ERASED, key.clone())).delete(key);
    }
    if decision.is_empty() {
        return Ok(decision);
    }
    decision = super::inventory::without(decision, headsets, view)?;
    for agent in agents {
        let wakes = [client_wake(agent), super::agent::wrap_up_wake(agent)];
        for wake in wakes.into_iter().chain([super::owner::leaving_wake(agent)]) {
            decision = decision.wake(WakeChange::Clear(wake));
        }
    }
    Ok(decision.guard(head_key, head))
}
