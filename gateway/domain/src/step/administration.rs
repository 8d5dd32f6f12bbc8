//! Settings as a whole, maintenance of a node, shared secrets.

use std::collections::BTreeMap;

use crate::settings::{CtiSessions, Documents, SettingDocument, SettingsHead};
use crate::view::Loaded;
use crate::{
    Decision, Deployment, Document, Event, Halt, Key, Node, NodeName, PairName, Refusal, Reply,
    Sealed, View,
};

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
    refuse_change_of_owner(&wanted, view)?;
    refuse_several_nodes(&wanted, view)?;
    let number = number.saturating_add(1);
    let mut decision = Decision::already(Reply::Settings { number })
        .guard(head_key.clone(), head.map(|loaded| loaded.version));
    let (mut written, mut removed) = (0usize, 0usize);
    for (key, document) in &wanted {
        // Before the first apply nothing stands in the store, though defaults are in force.
        if head.is_none() || now.get(key) != Some(document) {
            written += 1;
            let document = Document::Setting(Box::new(document.clone()));
            decision = decision.put(key.clone(), document);
        }
    }
    for key in now.keys().filter(|key| !wanted.contains_key(*key)) {
        removed += 1;
        decision = decision.delete(key.clone());
    }
    let head = SettingsHead { number, source: source.map(str::to_owned) };
    let event = Event::new("settings_applied", head_key.clone())
        .with("number", number)
        .with("written", written)
        .with("removed", removed);
    Ok(decision.put(head_key, Document::SettingsHead(head)).event(event))
}

/// A pair that allows one session has none for a second node.
fn refuse_several_nodes(wanted: &BTreeMap<Key, SettingDocument>, view: &View) -> Result<(), Halt> {
    let mut pairs = wanted.values().filter_map(|document| match document {
        SettingDocument::CtiPair(pair) => Some(pair),
        _ => None,
    });
    match pairs.find(|pair| pair.sessions == CtiSessions::One) {
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
fn refuse_change_of_owner(
    wanted: &BTreeMap<Key, SettingDocument>,
    view: &View,
) -> Result<(), Halt> {
    let pairs: Vec<&PairName> = wanted
        .values()
        .filter_map(|document| match document {
            SettingDocument::CtiPair(pair) => Some(&pair.name),
            _ => None,
        })
        .collect();
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
