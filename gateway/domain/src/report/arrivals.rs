//! How many mails came, by the CSQ they came to first, step by step.
//!
//! Steps are given by their beginnings: days and hours of a time zone are not all equally long, and which they are
//! is known to whoever asks.

use std::collections::BTreeMap;

use crate::{Contact, Timestamp};

/// Counts of arrivals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    starts: Vec<Timestamp>,
    counts: BTreeMap<String, Vec<u64>>,
}

impl Arrivals {
    /// Counts of nothing yet, in steps that begin then, each lasting until the next; in ascending order.
    pub fn new(starts: Vec<Timestamp>) -> Self {
        Self { starts, counts: BTreeMap::new() }
    }

    /// Counts a contact; one from before the first step counts for none.
    pub fn add(&mut self, contact: &Contact) {
        let after = self.starts.partition_point(|start| *start <= contact.arrived_at);
        let Some(place) = after.checked_sub(1) else { return };
        let steps = self.starts.len();
        let counts = self.counts.entry(contact.routed_csq.clone());
        if let Some(count) = counts.or_insert_with(|| vec![0; steps]).get_mut(place) {
            *count += 1;
        }
    }

    /// When each step begins.
    pub fn starts(&self) -> &[Timestamp] {
        &self.starts
    }

    /// Counts by CSQ, one for each step.
    pub fn counts(&self) -> &BTreeMap<String, Vec<u64>> {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{at, contact};

    #[test]
    fn rpt_01_arrivals_count_in_the_step_that_they_came_in() {
        let mut arrivals = Arrivals::new(vec![at(100), at(200), at(1_000)]);
        let when = |seconds: i64| {
            contact(serde_json::json!({"state": "queued", "arrived_at": at(seconds)}))
        };
        for seconds in [99, 100, 199, 200, 999, 1_000, 5_000] {
            arrivals.add(&when(seconds));
        }
        assert_eq!(arrivals.counts()["support"], [2, 2, 2]);
        assert_eq!(arrivals.counts().len(), 1);
        let mut none = Arrivals::new(Vec::new());
        none.add(&when(5));
        assert!(none.counts().is_empty());
    }
}
