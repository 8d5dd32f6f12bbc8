//! Where Back leads: the pages left behind, save those that were expired when they came.
//!
//! Pure. A page that is refreshed in place leaves nothing behind; the phone caches nothing, so Back
//! fetches anew.

use super::limits;

/// URLs of pages left, the latest last.
#[derive(Debug, Default)]
pub(crate) struct History {
    visits: Vec<String>,
}

impl History {
    /// Notes that `url` was left for another page.
    pub(crate) fn leave(&mut self, url: &str) {
        if self.visits.last().is_some_and(|last| last == url) {
            return;
        }
        self.visits.push(url.to_owned());
        if self.visits.len() > limits::HISTORY_VISITS_MAX {
            self.visits.remove(0);
        }
    }

    /// The page to fetch for Back; it leaves the history.
    pub(crate) fn back(&mut self) -> Option<String> {
        self.visits.pop()
    }

    /// Forgets everything: the application window closed.
    pub(crate) fn clear(&mut self) {
        self.visits.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_goes_through_the_pages_left_latest_first() {
        let mut history = History::default();
        for url in ["a", "b", "b", "c"] {
            history.leave(url);
        }
        let back: Vec<String> = std::iter::from_fn(|| history.back()).collect();
        assert_eq!(back, ["c", "b", "a"]);
    }

    #[test]
    fn the_oldest_visit_is_forgotten_first() {
        let mut history = History::default();
        for index in 0..=limits::HISTORY_VISITS_MAX {
            history.leave(&index.to_string());
        }
        let back: Vec<String> = std::iter::from_fn(|| history.back()).collect();
        assert_eq!(back.len(), limits::HISTORY_VISITS_MAX);
        assert_eq!(back.last().map(String::as_str), Some("1"));
    }
}
