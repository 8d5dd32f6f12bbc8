//! What is loaded so far; a step that needs more asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::step::Halt;
use crate::{Document, IndexRange, Key, LiveAgent, PairName, Settings, Version};

/// Something a step needs to see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// A document.
    Document(Key),
    /// The keys in a stretch of an index.
    Range(IndexRange),
}

/// A document as it was when it was loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// Its version, for a guard.
    pub version: Version,
    /// What it says.
    pub document: Document,
}

/// What a step sees.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The settings in force.
    pub settings: Arc<Settings>,
    /// What the owner of the agent's voice state said last, where the input is about one; advice,
    /// never a guard.
    pub live: Option<Arc<LiveAgent>>,
    /// The pairs that own the voice state of somebody signed in; advice too.
    pub occupied: BTreeSet<PairName>,
    /// How many contacts that are not over each CSQ has, by its name; advice likewise.
    pub open_contacts: BTreeMap<String, usize>,
    /// How many mails each CSQ owes that are not sent for certain, by its name; advice likewise.
    pub owed_mails: BTreeMap<String, usize>,
    /// How many nodes are there, this one among them; advice as well.
    pub nodes: usize,
    /// Stands for this node in marks of pages.
    pub node_mark: u8,
    documents: BTreeMap<Key, Option<Loaded>>,
    ranges: BTreeMap<IndexRange, Vec<Key>>,
}

impl View {
    /// A view with nothing loaded but the settings.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Adds what was loaded under `key`; `None` where there is no such document.
    pub fn add_document(&mut self, key: Key, loaded: Option<Loaded>) {
        self.documents.insert(key, loaded);
    }

    /// Adds the keys found in a stretch of an index.
    pub fn add_range(&mut self, range: IndexRange, keys: Vec<Key>) {
        self.ranges.insert(range, keys);
    }

    /// Halts with a request for all of `keys` that are not loaded yet.
    pub fn need(&self, keys: &[Key]) -> Result<(), Halt> {
        let missing: Vec<_> = keys
            .iter()
            .filter(|key| !self.documents.contains_key(*key))
            .cloned()
            .map(Ask::Document)
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(Halt::Load(missing)) }
    }

    /// Halts with a request for all of `ranges` that are not loaded yet.
    pub fn need_ranges(&self, ranges: &[IndexRange]) -> Result<(), Halt> {
        let missing: Vec<_> = ranges
            .iter()
            .filter(|range| !self.ranges.contains_key(*range))
            .cloned()
            .map(Ask::Range)
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(Halt::Load(missing)) }
    }

    /// The document under `key`, or a halt that asks for it.
    pub fn document(&self, key: &Key) -> Result<Option<&Loaded>, Halt> {
        match self.documents.get(key) {
            Some(loaded) => Ok(loaded.as_ref()),
            None => Err(Halt::Load(vec![Ask::Document(key.clone())])),
        }
    }

    /// The version of the document under `key`, for a guard.
    pub fn version(&self, key: &Key) -> Result<Option<Version>, Halt> {
        Ok(self.document(key)?.map(|loaded| loaded.version))
    }

    /// The keys in a stretch of an index, or a halt that asks for them.
    pub fn range(&self, range: &IndexRange) -> Result<&[Key], Halt> {
        match self.ranges.get(range) {
            Some(keys) => Ok(keys),
            None => Err(Halt::Load(vec![Ask::Range(range.clone())])),
        }
    }
}
