//! Looks into the inventory of headsets; what is written there is decided by reports alone.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Ask, Document, HEADSETS_OF_OWNER_MAX, HeadsetSerial, Index, IndexRange, Key, KnownHeadset,
};

use store::Load;

use crate::SubmitError;
use crate::engine::Engine;

/// Behind every serial number, whose characters are printable.
const BEHIND_SERIALS: &str = "\u{7f}";

impl Engine {
    /// At most so many headsets by their serial numbers, those behind `after`.
    pub async fn headsets(
        &self,
        after: Option<&HeadsetSerial>,
        limit: u32,
    ) -> Result<Vec<KnownHeadset>, SubmitError> {
        let range = IndexRange {
            index: Index::HeadsetBySerial,
            from: after.map(ToString::to_string).unwrap_or_default(),
            to: BEHIND_SERIALS.to_owned(),
            limit: limit.saturating_add(1),
        };
        let mut keys = self.keys(range).await?;
        // Both ends of a stretch belong to it.
        keys.retain(|key| after.is_none_or(|after| key.id != after.as_str()));
        keys.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let asks = keys.iter().cloned().map(Ask::Document).collect();
        let mut found: BTreeMap<Key, _> = self.documents(asks).await?.into_iter().collect();
        let headset = |key: Key| match found.remove(&key)??.document {
            Document::Headset(headset) => Some(*headset),
            _ => None,
        };
        Ok(keys.into_iter().filter_map(headset).collect())
    }

    /// Those of the owners who have more headsets than one person should.
    pub async fn owners_of_too_many(
        &self,
        owners: BTreeSet<String>,
    ) -> Result<BTreeSet<String>, SubmitError> {
        let most = HEADSETS_OF_OWNER_MAX;
        let range = |owner: &String| {
            let value = Index::person_value(owner);
            IndexRange::exactly(Index::HeadsetByOwner, value, most.saturating_add(1))
        };
        let asks = owners.iter().map(|owner| Ask::Range(range(owner))).collect();
        let answer = self.noting(self.store.load(Load { asks, input: None }).await)?;
        let has_too_many = |found: usize| u32::try_from(found).is_ok_and(|found| found > most);
        let answered = answer.ranges.into_iter().filter(|(_, found)| has_too_many(found.len()));
        let values: BTreeSet<_> = answered.map(|(range, _)| range.from).collect();
        Ok(owners.into_iter().filter(|it| values.contains(&Index::person_value(it))).collect())
    }
}
