//! Room for headsets that come to a phone, and what gives way for them.
//!
//! What phones report is unproven, so none may fill the inventory of all: so many are known of each phone, and so
//! many of all together. Beyond either, the one that is disconnected for the longest time gives way; where none is
//! disconnected, the new one is left out.

use std::collections::BTreeSet;

use super::{Change, known, tally};
use crate::{
    DeviceName, HEADSETS_MAX, HEADSETS_OF_DEVICE_MAX, Halt, HeadsetPresence, HeadsetTally, Index,
    IndexRange, Key, Version, View,
};

/// More than are kept of one phone, but for what came of several reports at once.
pub(super) const AT_DEVICE_LOOKED_AT_MAX: u32 = 200;
/// More than one report can be in the way of.
const GONE_LOOKED_AT_MAX: u32 = 200;

/// How there is room.
pub(super) struct Room {
    /// What gives way.
    pub(super) gone: Vec<(Key, Version)>,
    /// How many do not come in.
    pub(super) left_out: usize,
    /// The count of all after it, and the version that it had.
    pub(super) tally: (Option<Version>, HeadsetTally),
}

/// Makes room at that phone and in the inventory for what `arrivals` bring there. Those that find none are taken
/// out of them, and what gives way is taken out of `changes`.
pub(super) fn make(
    device: &DeviceName,
    listed: &[Key],
    arrivals: &mut Vec<Change>,
    changes: &mut Vec<Change>,
    view: &View,
) -> Result<Room, Halt> {
    let connected = connected_at(device);
    let left = disconnected_at(device);
    view.need_ranges(&[connected.clone(), left.clone()])?;
    let arriving: BTreeSet<_> = arrivals.iter().map(|change| change.key()).collect();
    let here = view.range(&connected)?.iter().chain(view.range(&left)?);
    let staying: BTreeSet<_> = here.filter(|key| !arriving.contains(key)).collect();
    let most = HEADSETS_OF_DEVICE_MAX;
    let surplus = staying.len().saturating_add(arrivals.len()).saturating_sub(most);
    let mut gone = match surplus {
        0 => Vec::new(),
        _ => leaving(device, listed, changes, surplus, view)?,
    };
    // What is known already goes before what is new.
    arrivals.sort_by_key(|change| change.version.is_none());
    let missing = surplus.saturating_sub(gone.len()).min(arrivals.len());
    arrivals.truncate(arrivals.len().saturating_sub(missing));
    let mut left_out = missing;

    let (version, count) = tally(view)?;
    let added = |arrivals: &[Change]| {
        let new = arrivals.iter().filter(|change| change.version.is_none()).count();
        u32::try_from(new).unwrap_or(u32::MAX)
    };
    let after = |arrivals: &[Change], gone: &[(Key, Version)]| {
        let gone = u32::try_from(gone.len()).unwrap_or(u32::MAX);
        count.saturating_add(added(arrivals)).saturating_sub(gone)
    };
    let over = after(arrivals, &gone).saturating_sub(HEADSETS_MAX).min(added(arrivals));
    if over > 0 {
        let over = usize::try_from(over).unwrap_or(usize::MAX);
        let others = longest_gone(over, listed, &gone, view)?;
        let missing = over.saturating_sub(others.len());
        gone.extend(others);
        arrivals.truncate(arrivals.len().saturating_sub(missing));
        left_out = left_out.saturating_add(missing);
    }
    let tally = (version, HeadsetTally { count: after(arrivals, &gone) });
    Ok(Room { gone, left_out, tally })
}

/// What is connected to that phone.
pub(super) fn connected_at(device: &DeviceName) -> IndexRange {
    IndexRange::exactly(Index::HeadsetByDevice, device.as_str(), AT_DEVICE_LOOKED_AT_MAX)
}

/// What was connected to that phone last, the longest gone first.
fn disconnected_at(device: &DeviceName) -> IndexRange {
    IndexRange {
        index: Index::HeadsetLeftDevice,
        from: Index::left_value(device, crate::Timestamp::default()),
        to: Index::left_value(device, crate::Timestamp::from_microseconds(i64::MAX)),
        limit: AT_DEVICE_LOOKED_AT_MAX,
    }
}

/// At most so many of a phone's headsets that are not in the report and are disconnected, or are by it.
fn leaving(
    device: &DeviceName,
    listed: &[Key],
    changes: &mut Vec<Change>,
    most: usize,
    view: &View,
) -> Result<Vec<(Key, Version)>, Halt> {
    let keys = view.range(&disconnected_at(device))?.iter();
    let keys: Vec<_> = keys.filter(|key| !listed.contains(key)).cloned().collect();
    view.need(&keys)?;
    let mut leaving = Vec::new();
    for key in keys {
        let known = known(&key, view)?.filter(|(_, headset)| {
            headset.device == *device && headset.presence == HeadsetPresence::Disconnected
        });
        leaving.extend(known.map(|(version, _)| (key, version)));
    }
    leaving.truncate(most);
    let is_leaving = |change: &Change| {
        change.after.presence == HeadsetPresence::Disconnected && !listed.contains(&change.key())
    };
    let mut just_gone: Vec<_> = changes
        .iter()
        .filter(|change| is_leaving(change))
        .filter_map(|change| {
            let since = change.before.as_ref().map(|before| before.since);
            Some((since, change.key(), change.version?))
        })
        .collect();
    just_gone.sort_unstable();
    just_gone.truncate(most.saturating_sub(leaving.len()));
    let given_up: BTreeSet<_> = just_gone.iter().map(|(_, key, _)| key.clone()).collect();
    changes.retain(|change| !given_up.contains(&change.key()));
    leaving.extend(just_gone.into_iter().map(|(_, key, version)| (key, version)));
    Ok(leaving)
}

/// At most so many of all that are disconnected, but for those of the report and those that give way already.
fn longest_gone(
    most: usize,
    listed: &[Key],
    gone: &[(Key, Version)],
    view: &View,
) -> Result<Vec<(Key, Version)>, Halt> {
    let range = IndexRange {
        index: Index::HeadsetGone,
        from: Index::seen_value(crate::Timestamp::default()),
        to: Index::seen_value(crate::Timestamp::from_microseconds(i64::MAX)),
        limit: GONE_LOOKED_AT_MAX,
    };
    let is_free = |key: &&Key| !listed.contains(key) && gone.iter().all(|(gone, _)| gone != *key);
    let keys: Vec<_> = view.range(&range)?.iter().filter(is_free).take(most).cloned().collect();
    view.need(&keys)?;
    let mut longest = Vec::new();
    for key in keys {
        let known = known(&key, view)?
            .filter(|(_, headset)| headset.presence == HeadsetPresence::Disconnected);
        longest.extend(known.map(|(version, _)| (key, version)));
    }
    Ok(longest)
}
