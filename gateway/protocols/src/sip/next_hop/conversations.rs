//! Which conversation is with which server.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// How many uses are remembered beyond twice the conversations.
const ROOM: usize = 1_024;

#[derive(Debug)]
struct Kept {
    place: usize,
    used: u64,
}

/// Conversations by their Call-ID; beyond a number the one is let go that was used least lately.
#[derive(Debug)]
pub(super) struct Conversations {
    max: usize,
    all: HashMap<Arc<str>, Kept>,
    /// Uses in their order; only the last one of each conversation counts.
    uses: VecDeque<(u64, Arc<str>)>,
    number: u64,
}

impl Conversations {
    pub(super) fn new(max: usize) -> Self {
        Self { max, all: HashMap::new(), uses: VecDeque::new(), number: 0 }
    }

    pub(super) fn server_of(&self, call_id: &str) -> Option<usize> {
        self.all.get(call_id).map(|kept| kept.place)
    }

    pub(super) fn keep(&mut self, call_id: &str, place: usize) {
        self.number += 1;
        let used = self.number;
        let call_id: Arc<str> = match self.all.get_key_value(call_id) {
            Some((known, _)) => Arc::clone(known),
            None => call_id.into(),
        };
        self.all.insert(Arc::clone(&call_id), Kept { place, used });
        self.uses.push_back((used, call_id));
        while self.all.len() > self.max
            && let Some((used, call_id)) = self.uses.pop_front()
        {
            if self.is_last(used, &call_id) {
                self.all.remove(&call_id);
            }
        }
        if self.uses.len() > ROOM + 2 * self.all.len() {
            let Self { all, uses, .. } = self;
            uses.retain(|(used, call_id)| all.get(call_id).is_some_and(|kept| kept.used == *used));
        }
    }

    pub(super) fn forget(&mut self, call_id: &str) {
        self.all.remove(call_id);
    }

    fn is_last(&self, used: u64, call_id: &str) -> bool {
        self.all.get(call_id).is_some_and(|kept| kept.used == used)
    }

    /// How much is remembered.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        (self.all.len(), self.uses.len())
    }
}
