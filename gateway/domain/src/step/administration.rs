//! Settings as a whole, maintenance of a node, shared secrets.

use std::collections::BTreeMap;

use crate::settings::{CtiPair, CtiSessions, Documents, Section, SettingDocument, SettingsHead};

use crate::view::Loaded;
use crate::{
    Decision, Deployment, Document, Event, Halt, Key, Node, NodeName, PairName, Refusal, Reply,
    Sealed, Settings, View, administrators,
};

/// So many documents at most are named in the head, for who has the settings of before.
const CHANGED_MAX: usize = 100;

/// All documents there shall be, in one commit: what is new or changed is written, what is gone is
/// removed. Equal settings change nothing.
pub(super) fn apply_settings(
    documents: &Documents,
    source: Option<&str>,
    view: &View,
) -> Result<Decision, Halt> {
    let head_key = Key::settings_head();
    let head = view.document(&head_key)?;
    let number = view.settings.number;
    let by_key = |documents: Vec<SettingDocument>| -> BTreeMap<Key, SettingDocument> {
        documents.into_iter().map(|document| (document.key(), document)).collect()
    };
    let now = by_key(view.settings.documents());
    let wanted = by_key(documents.0.clone());
    let same_source = view.settings.source.as_deref() == source;
    if head.is_some() && now == wanted && same_source {
        return Ok(Decision::already(Reply::Settings { number }));
    }
    let pairs = wanted.values().filter_map(pair).collect::<Vec<_>>();
    refuse_change_of_owner(&pairs, view)?;
    refuse_several_nodes(&pairs, view)?;
    // Before the first apply nothing stands in the store, though defaults are in force.
    let is_new = |(key, document): &(&Key, &SettingDocument)| {
        head.is_none() || now.get(*key) != Some(*document)
    };
    let put = wanted.iter().filter(is_new).map(|(_, document)| document.clone()).collect();
    let removed: Vec<_> = now.keys().filter(|key| !wanted.contains_key(*key)).cloned().collect();
    refuse_removal_of_queues(&removed, view)?;
    let decision = written(put, removed, source.map(str::to_owned), view)?;
    let after = || Settings::from_documents(&SettingsHead::default(), documents.0.clone());
    without_set_up_link(decision, after, view)
}

/// A few documents in the place of those there are, made for the settings of that number.
pub(super) fn change_settings(
    base: u64,
    put: &[SettingDocument],
    removed: &[Key],
    view: &View,
) -> Result<Decision, Halt> {
    let decision = changed(base, put, removed, view)?;
    let after = || view.settings.changed(&SettingsHead::default(), put.iter().cloned(), removed);
    without_set_up_link(decision, after, view)
}

/// With an administrator in the settings the set-up link is over, used or not.
fn without_set_up_link(
    decision: Decision,
    after: impl FnOnce() -> Settings,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::set_up_link();
    let Some(loaded) = view.document(&key)? else { return Ok(decision) };
    if administrators(&after()) == 0 {
        return Ok(decision);
    }
    Ok(decision.guard(key.clone(), Some(loaded.version)).delete(key))
}

/// What a change of settings writes.
pub(super) fn changed(
    base: u64,
    put: &[SettingDocument],
    removed: &[Key],
    view: &View,
) -> Result<Decision, Halt> {
    // Loads the head, so that the settings in view are those it speaks of.
    let head = view.document(&Key::settings_head())?;
    let settings = &view.settings;
    if settings.number != base {
        return Err(Refusal::SettingsMoved.into());
    }
    let touches_pairs = put.iter().any(|it| pair(it).is_some())
        || removed.iter().any(|key| key.id.starts_with(Section::CtiPair.name()));
    if touches_pairs {
        let after = settings.changed(&SettingsHead::default(), put.iter().cloned(), removed);
        let pairs: Vec<_> = after.cti_pairs.values().map(AsRef::as_ref).collect();
        refuse_change_of_owner(&pairs, view)?;
        refuse_several_nodes(&pairs, view)?;
    }
    refuse_removal_of_queues(removed, view)?;
    if head.is_none() {
        // The defaults in force are written with the first change.
        let documents = settings.changed(&SettingsHead::default(), put.iter().cloned(), removed);
        return written(documents.documents(), Vec::new(), None, view);
    }
    if put.is_empty() && removed.is_empty() {
        return Ok(Decision::already(Reply::Settings { number: base }));
    }
    written(put.to_vec(), removed.to_vec(), None, view)
}

/// Writes what is new and removes what is gone, under the next number.
pub(super) fn written(
    put: Vec<SettingDocument>,
    removed: Vec<Key>,
    source: Option<String>,
    view: &View,
) -> Result<Decision, Halt> {
    let head_key = Key::settings_head();
    let head = view.document(&head_key)?;
    let number = view.settings.number.saturating_add(1);
    let event = Event::new("settings_applied", head_key.clone())
        .with("number", number)
        .with("written", put.len())
        .with("removed", removed.len());
    let few = put.len() + removed.len() <= CHANGED_MAX;
    let changed = few.then(|| {
        let put = put.iter().map(|document| document.key().id);
        put.chain(removed.iter().map(|key| key.id.clone())).collect()
    });
    let mut decision = Decision::already(Reply::Settings { number })
        .guard(head_key.clone(), head.map(|loaded| loaded.version));
    for document in put {
        decision = decision.put(document.key(), Document::Setting(Box::new(document)));
    }
    for key in removed {
        decision = decision.delete(key);
    }
    let head = SettingsHead { number, source, changed };
    Ok(decision.put(head_key, Document::SettingsHead(head)).event(event))
}

fn pair(document: &SettingDocument) -> Option<&CtiPair> {
    match document {
        SettingDocument::CtiPair(pair) => Some(pair),
        _ => None,
    }
}

/// A pair that allows one session has none for a second node.
fn refuse_several_nodes(pairs: &[&CtiPair], view: &View) -> Result<(), Halt> {
    match pairs.iter().find(|pair| pair.sessions == CtiSessions::One) {
        Some(pair) if view.nodes > 1 => {
            let (name, nodes) = (&pair.name, view.nodes);
            let why = format!(
                "the pair {name} allows one session, and {nodes} nodes are there; stop all but one, \
                 or let its servers allow more and set sessions to per_node"
            );
            Err(Refusal::SettingsInUse { why }.into())
        }
        _ => Ok(()),
    }
}

/// Who owns an agent's voice state changes only with nobody signed in: a pair goes only with nobody
/// signed in there, and voice state that the gateway owns goes over to servers likewise. Who is signed
/// in is advice here; whoever slips through is signed out once the settings are in force.
fn refuse_change_of_owner(pairs: &[&CtiPair], view: &View) -> Result<(), Halt> {
    let pairs: Vec<&PairName> = pairs.iter().map(|pair| &pair.name).collect();
    let goes = |pair: &&PairName| match **pair == PairName::owned() {
        true => !pairs.is_empty(),
        false => !pairs.contains(pair),
    };
    let Some(pair) = view.occupied.iter().find(goes) else { return Ok(()) };
    let why = match *pair == PairName::owned() {
        true => "agents are signed in whose voice state the gateway owns itself; sign them out \
                 before a pair of servers is configured"
            .to_owned(),
        false => format!(
            "agents of the pair {pair} are signed in; sign them out before it is removed or renamed"
        ),
    };
    Err(Refusal::SettingsInUse { why }.into())
}

/// CCP-05: contacts of a CSQ that is gone would wait for ever, and answers from its account would never go out, so it goes
/// only without any. How many there are is advice here; the team view shows those that slipped through.
fn refuse_removal_of_queues(removed: &[Key], view: &View) -> Result<(), Halt> {
    let goes = |name: &str| {
        let of_csq = |key: &Key| key.id.split_once('/') == Some((Section::Csq.name(), name));
        removed.iter().any(of_csq)
    };
    let contacts = view.open_contacts.iter().find(|(name, _)| goes(name));
    let mails = view.owed_mails.iter().find(|(name, _)| goes(name));
    let why = match (contacts, mails) {
        (Some((name, count)), _) => format!(
            "the CSQ {name} has {count} contacts that are not over; have them answered, discarded or given to \
             another CSQ before it is removed or renamed"
        ),
        (None, Some((name, count))) => format!(
            "the CSQ {name} has {count} mails that are not sent yet; wait until its mail server took them, or they \
             came back to their writers, before it is removed or renamed"
        ),
        (None, None) => return Ok(()),
    };
    Err(Refusal::SettingsInUse { why }.into())
}

/// PHN-09: a node in maintenance refuses sign-ins; who is signed in goes on.
pub(super) fn set_maintenance(node: &NodeName, on: bool, view: &View) -> Result<Decision, Halt> {
    let key = Key::node(node);
    let loaded = view.document(&key)?;
    let is_on =
        matches!(loaded, Some(Loaded { document: Document::Node(Node { maintenance: true }), .. }));
    if is_on == on {
        return Ok(Decision::already(Reply::Done));
    }
    let event = Event::new(if on { "maintenance_on" } else { "maintenance_off" }, key.clone());
    Ok(Decision::already(Reply::Done)
        .guard(key.clone(), loaded.map(|loaded| loaded.version))
        .put(key, Document::Node(Node { maintenance: on }))
        .event(event))
}

/// The first node of a deployment makes the shared secrets; the others find them.
pub(super) fn keep_deployment(root: &Sealed, view: &View) -> Result<Decision, Halt> {
    let key = Key::deployment();
    if view.document(&key)?.is_some() {
        return Ok(Decision::already(Reply::Done));
    }
    let event = Event::new("deployment_made", key.clone());
    Ok(Decision::already(Reply::Done)
        .guard(key.clone(), None)
        .put(key, Document::Deployment(Deployment { root: root.clone() }))
        .event(event))
}
