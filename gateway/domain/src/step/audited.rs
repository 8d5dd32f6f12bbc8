//! What is done together with its entry in the audit log.

use crate::settings::{changes, name};
use crate::{
    Actor, AuditHead, CHANGES_MAX, Decision, Deed, Document, Halt, Key, Kind, Settings, Timestamp,
    View, WriteBody,
};

/// Adds the entry to what was decided. What changed nothing is not told, nor what is asked of another,
/// whose answer is told once it is there.
pub(super) fn audited(
    now: Timestamp,
    by: &Actor,
    deed: Option<&Deed>,
    with_command: bool,
    decision: Decision,
    view: &View,
) -> Result<Decision, Halt> {
    if with_command && decision.is_empty() {
        return Ok(decision);
    }
    let key = Key::audit_head();
    let loaded = view.document(&key)?;
    // What removes entries moves the head too.
    let (moved, mut decision) = take_head(decision);
    let head = match (moved, loaded.map(|loaded| &loaded.document)) {
        (Some(head), _) => head,
        (None, Some(Document::AuditHead(head))) => head.clone(),
        _ => AuditHead::default(),
    };
    let version = loaded.map(|loaded| loaded.version);
    decision.guards.retain(|guard| guard.key != key);
    let deed = deed.cloned().unwrap_or_else(|| of_settings(&decision, &view.settings));
    let (head, entry) = head.followed_by(now, by.clone(), deed);
    Ok(decision
        .guard(key.clone(), version)
        .put(Key::audit(entry.number), Document::Audit(Box::new(entry)))
        .put(key, Document::AuditHead(head)))
}

/// Takes the audit log's head out of what a decision writes.
fn take_head(mut decision: Decision) -> (Option<AuditHead>, Decision) {
    let mut head = None;
    decision.writes.retain(|write| match &write.body {
        WriteBody::Put(Document::AuditHead(moved)) => {
            head = Some(moved.clone());
            false
        }
        _ => true,
    });
    (head, decision)
}

/// What a decision does to settings.
fn of_settings(decision: &Decision, before: &Settings) -> Deed {
    let mut deed = Deed::done("settings_changed", "settings");
    let writes = decision.writes.iter().filter(|write| write.key.kind == Kind::Setting);
    // Of many, those come first that say who may do what.
    let mut writes: Vec<_> = writes.collect();
    let grants = ["account/", "role/", "directory/", "sign_on", "trust/"];
    writes.sort_by_key(|write| !grants.iter().any(|start| write.key.id.starts_with(start)));
    let mut documents = 0_u64;
    for write in writes {
        documents += 1;
        let old = before.document(&write.key);
        let new = match &write.body {
            WriteBody::Put(Document::Setting(document)) => Some(document.as_ref()),
            _ => None,
        };
        let Some(name) = new.or(old.as_ref()).map(name) else { continue };
        if documents == 1 {
            deed.object.clone_from(&name);
        } else {
            "settings".clone_into(&mut deed.object);
        }
        for change in changes(&name, old.as_ref(), new) {
            if deed.changes.len() < CHANGES_MAX {
                deed.changes.push(change);
            } else {
                deed.more += 1;
            }
        }
    }
    deed
}
