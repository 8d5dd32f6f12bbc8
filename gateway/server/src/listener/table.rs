//! How many connections there are, in all and from each source.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::source::Source;

/// Connections open on one listener.
#[derive(Debug)]
pub(super) struct Table {
    max: usize,
    per_source_max: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_source: HashMap<Source, usize>,
}

/// What is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// There are too many connections.
    Table,
    /// There are too many from that source.
    Source,
}

/// A connection's place; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    table: Arc<Table>,
    source: Option<Source>,
}

impl Table {
    pub(super) fn new(max: usize, per_source_max: usize) -> Arc<Self> {
        Arc::new(Self { max, per_source_max, counts: Mutex::default() })
    }

    /// A place for a connection from `source`; from a trusted proxy (`None`) only the total counts.
    pub(super) fn enter(self: &Arc<Self>, source: Option<Source>) -> Result<Place, Full> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= self.max {
            return Err(Full::Table);
        }
        if let Some(source) = source {
            counts.add(source, self.per_source_max)?;
        }
        counts.all += 1;
        Ok(Place { table: Arc::clone(self), source })
    }
}

impl Counts {
    fn add(&mut self, source: Source, max: usize) -> Result<(), Full> {
        let count = self.by_source.entry(source).or_default();
        if *count >= max {
            return Err(Full::Source);
        }
        *count += 1;
        Ok(())
    }

    fn remove(&mut self, source: Source) {
        if let Some(count) = self.by_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
    }
}

impl Place {
    /// The proxy told whom the connection is for; from now on it counts as theirs.
    pub(super) fn is_for(&mut self, source: Source) -> Result<(), Full> {
        let mut counts = self.table.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.add(source, self.table.per_source_max)?;
        if let Some(before) = self.source.replace(source) {
            counts.remove(before);
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.table.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(source) = self.source {
            counts.remove(source);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn source(text: &str) -> Option<Source> {
        Some(text.parse::<IpAddr>().unwrap().into())
    }

    #[test]
    fn one_source_takes_no_more_than_its_share() {
        let table = Table::new(3, 2);
        let first = table.enter(source("192.0.2.1")).unwrap();
        let _second = table.enter(source("192.0.2.1")).unwrap();
        assert_eq!(table.enter(source("192.0.2.1")).unwrap_err(), Full::Source);
        let _other = table.enter(source("192.0.2.2")).unwrap();
        assert_eq!(table.enter(source("192.0.2.3")).unwrap_err(), Full::Table);
        drop(first);
        let _again = table.enter(source("192.0.2.1")).unwrap();
        assert_eq!(table.counts.lock().unwrap().all, 3);
    }

    #[test]
    fn ops_14_behind_a_proxy_the_clients_address_counts() {
        let table = Table::new(8, 1);
        let mut places: Vec<_> = (0..3).map(|_| table.enter(None).unwrap()).collect();
        let client = source("192.0.2.1").unwrap();
        places[0].is_for(client).unwrap();
        assert_eq!(places[1].is_for(client), Err(Full::Source));
        places.clear();
        let counts = table.counts.lock().unwrap();
        assert!(counts.all == 0 && counts.by_source.is_empty());
    }
}
