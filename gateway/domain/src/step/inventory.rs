//! What follows from what phones report of headsets (see `crate::inventory`).
//!
//! A report is never refused: what goes beyond a bound is left out and counted in the reply. One that is older
//! than what is known of a headset changes nothing of it, and one that says what is known already writes nothing.
//! News of a headset at another phone moves it there; the phone that it left has no say any more. None of it is
//! proven: a phone that names another's headset as connected gets it, and can then say that it is gone. One that is
//! connected elsewhere cannot be taken by saying that it is gone. Bounds of each phone and of all are kept by [`room`].

mod room;

use std::collections::BTreeMap;

use crate::inventory::SEEN_EVERY;
use crate::{
    Decision, DeviceName, Document, Event, HEADSETS_OF_REPORT_MAX, Halt, HeadsetEvent,
    HeadsetFacts, HeadsetPresence, HeadsetSerial, HeadsetTally, Key, KnownHeadset, Reply,
    SeenHeadset, Timestamp, Version, View,
};

/// The most headsets that are removed at once.
pub const HEADSETS_FORGOTTEN_MAX: usize = 200;

/// A report.
pub(super) struct Seen<'i> {
    /// By which phone.
    pub(super) device: &'i DeviceName,
    /// What it is about.
    pub(super) event: HeadsetEvent,
    /// The headsets.
    pub(super) headsets: &'i [SeenHeadset],
    /// When it came.
    pub(super) at: Timestamp,
}

/// When something is said, and when it is looked at.
#[derive(Clone, Copy)]
struct Moment {
    at: Timestamp,
    now: Timestamp,
}

impl Moment {
    /// Whether it was said before that; what lies ahead of now was written by a clock that was wrong.
    fn is_before(self, known: Timestamp) -> bool {
        self.at < known && known <= self.now
    }
}

/// A headset before and after.
struct Change {
    version: Option<Version>,
    before: Option<KnownHeadset>,
    after: KnownHeadset,
}

impl Change {
    fn key(&self) -> Key {
        Key::headset(&self.after.serial)
    }
}

/// What follows from a report.
pub(super) fn seen(now: Timestamp, report: &Seen<'_>, view: &View) -> Result<Decision, Halt> {
    // A clock that runs ahead must not outlast what comes after it.
    let at = report.at.min(now);
    let moment = Moment { at, now };
    let mut listed: BTreeMap<&HeadsetSerial, HeadsetFacts> = BTreeMap::new();
    for headset in report.headsets.iter().take(HEADSETS_OF_REPORT_MAX) {
        listed.insert(&headset.serial, headset.facts.clone().bounded());
    }
    let beyond = report.headsets.len().saturating_sub(HEADSETS_OF_REPORT_MAX);
    let mut left_out = u32::try_from(beyond).unwrap_or(u32::MAX);
    let keys: Vec<_> = listed.keys().map(|serial| Key::headset(serial)).collect();
    let others = match report.event {
        HeadsetEvent::Snapshot => others(report.device, &keys, view)?,
        HeadsetEvent::Connected | HeadsetEvent::Disconnected => Vec::new(),
    };
    view.need(&keys)?;

    let presence = match report.event {
        HeadsetEvent::Connected | HeadsetEvent::Snapshot => HeadsetPresence::Connected,
        HeadsetEvent::Disconnected => HeadsetPresence::Disconnected,
    };
    let mut changes = Vec::new();
    let mut arrivals = Vec::new();
    for (serial, facts) in listed {
        match known(&Key::headset(serial), view)? {
            Some((version, before)) => {
                let after = told(&before, report.device, presence, facts, moment);
                let Some(after) = after else { continue };
                let is_arrival = before.device != after.device;
                let change = Change { version: Some(version), before: Some(before), after };
                if is_arrival { arrivals.push(change) } else { changes.push(change) }
            }
            None => {
                let after = KnownHeadset {
                    serial: serial.clone(),
                    facts,
                    device: report.device.clone(),
                    presence,
                    since: at,
                    first_seen: at,
                    last_seen: at,
                };
                arrivals.push(Change { version: None, before: None, after });
            }
        }
    }
    for (version, before) in others {
        if !moment.is_before(before.since) && before.presence == HeadsetPresence::Connected {
            let presence = HeadsetPresence::Disconnected;
            let after = KnownHeadset { presence, since: at, ..before.clone() };
            changes.push(Change { version: Some(version), before: Some(before), after });
        }
    }
    let mut decision = Decision::already(Reply::Done);
    if !arrivals.is_empty() {
        let room = room::make(report.device, &keys, &mut arrivals, &mut changes, view)?;
        left_out = left_out.saturating_add(u32::try_from(room.left_out).unwrap_or(u32::MAX));
        let is_counted = !room.gone.is_empty() || arrivals.iter().any(|it| it.version.is_none());
        for (key, version) in room.gone {
            decision = forgotten(decision, key, version);
        }
        let (version, tally) = room.tally;
        if is_counted {
            decision = decision
                .guard(Key::headset_tally(), version)
                .put(Key::headset_tally(), Document::HeadsetTally(tally));
        }
        changes.extend(arrivals);
    }
    for change in changes {
        decision = changed(decision, change);
    }
    decision.reply = Reply::HeadsetsSeen { left_out };
    Ok(decision)
}

/// What is kept under that key.
fn known(key: &Key, view: &View) -> Result<Option<(Version, KnownHeadset)>, Halt> {
    Ok(view.document(key)?.and_then(|loaded| match &loaded.document {
        Document::Headset(headset) => Some((loaded.version, (**headset).clone())),
        _ => None,
    }))
}

/// What is connected to that phone beside what is listed.
fn others(
    device: &DeviceName,
    listed: &[Key],
    view: &View,
) -> Result<Vec<(Version, KnownHeadset)>, Halt> {
    let range = room::connected_at(device);
    let keys: Vec<_> =
        view.range(&range)?.iter().filter(|key| !listed.contains(key)).cloned().collect();
    view.need(&keys)?;
    let mut others = Vec::new();
    for key in keys {
        // It may have gone to another phone since the index was read.
        others.extend(known(&key, view)?.filter(|(_, headset)| headset.device == *device));
    }
    Ok(others)
}

/// What a headset becomes by what a phone says of it; `None` where nothing is to be written.
fn told(
    before: &KnownHeadset,
    device: &DeviceName,
    presence: HeadsetPresence,
    facts: HeadsetFacts,
    moment: Moment,
) -> Option<KnownHeadset> {
    let is_elsewhere = before.device != *device;
    let was_left = presence == HeadsetPresence::Disconnected
        && before.presence == HeadsetPresence::Connected
        && is_elsewhere;
    if moment.is_before(before.since) || was_left {
        return None;
    }
    let (at, is_older) = (moment.at, moment.is_before(before.last_seen));
    let (facts, last_seen) = match is_older {
        true => (before.facts.clone(), before.last_seen),
        false => (before.facts.clone().with(facts), at),
    };
    let is_moved = is_elsewhere || before.presence != presence;
    let after = KnownHeadset {
        serial: before.serial.clone(),
        facts,
        device: device.clone(),
        presence,
        since: if is_moved { at } else { before.since },
        first_seen: before.first_seen,
        last_seen,
    };
    let is_news = is_moved || after.facts != before.facts;
    (is_news || at.since(before.last_seen) >= SEEN_EVERY).then_some(after)
}

fn changed(decision: Decision, change: Change) -> Decision {
    let Change { version, before, after } = change;
    let key = Key::headset(&after.serial);
    let is_same =
        |before: &KnownHeadset| before.device == after.device && before.presence == after.presence;
    let decision = match before.as_ref().is_some_and(is_same) {
        true => decision,
        false => {
            let name = match after.presence {
                HeadsetPresence::Connected => "headset_connected",
                HeadsetPresence::Disconnected => "headset_disconnected",
            };
            decision.event(Event::new(name, key.clone()).with("device", &after.device))
        }
    };
    decision.guard(key.clone(), version).put(key, Document::Headset(Box::new(after)))
}

/// How many there are, and the version of the count.
fn tally(view: &View) -> Result<(Option<Version>, u32), Halt> {
    let loaded = view.document(&Key::headset_tally())?;
    let count = match loaded.map(|loaded| &loaded.document) {
        Some(Document::HeadsetTally(tally)) => tally.count,
        _ => 0,
    };
    Ok((loaded.map(|loaded| loaded.version), count))
}

/// Removes those of the headsets that were seen last before that time.
pub(super) fn forget(
    before: Timestamp,
    serials: &[HeadsetSerial],
    view: &View,
) -> Result<Decision, Halt> {
    let keys: Vec<_> = serials.iter().take(HEADSETS_FORGOTTEN_MAX).map(Key::headset).collect();
    view.need(&keys)?;
    let mut decision = Decision::already(Reply::Done);
    let mut removed = 0_u32;
    for key in keys {
        let Some((version, _)) =
            known(&key, view)?.filter(|(_, headset)| headset.last_seen < before)
        else {
            continue;
        };
        removed = removed.saturating_add(1);
        decision = forgotten(decision, key, version);
    }
    without(decision, removed, view)
}

fn forgotten(decision: Decision, key: Key, version: Version) -> Decision {
    let event = Event::new("headset_forgotten", key.clone());
    decision.guard(key.clone(), Some(version)).event(event).delete(key)
}

/// The same decision, which removes so many headsets, with their count.
pub(super) fn without(decision: Decision, removed: u32, view: &View) -> Result<Decision, Halt> {
    if removed == 0 {
        return Ok(decision);
    }
    let (version, count) = tally(view)?;
    let tally = HeadsetTally { count: count.saturating_sub(removed) };
    Ok(decision
        .guard(Key::headset_tally(), version)
        .put(Key::headset_tally(), Document::HeadsetTally(tally)))
}
