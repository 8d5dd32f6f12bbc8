//! The last lines of the log, kept in memory for a support bundle.
//!
//! Lines are those of the log, as people read them; the oldest go first. A line that is far too long is cut.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// So many lines are kept at most.
const LINES_MAX: usize = 5_000;
/// Bytes of all of them together.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of one line.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// The last lines; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<Box<[u8]>>,
    bytes: usize,
    dropped: u64,
}

impl Recent {
    /// All that is kept, the oldest first, and how many came before.
    pub(crate) fn text(&self) -> (Vec<u8>, u64) {
        let lines = self.lines();
        let mut text = Vec::with_capacity(lines.bytes);
        lines.lines.iter().for_each(|line| text.extend_from_slice(line));
        (text, lines.dropped)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn add(&mut self, line: &[u8]) {
        let mut kept = line.get(..LINE_BYTES_MAX).unwrap_or(line).to_vec();
        if kept.len() < line.len() {
            kept.extend_from_slice(b" (cut)\n");
        }
        self.bytes += kept.len();
        self.lines.push_back(kept.into());
        while self.lines.len() > LINES_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(oldest.len());
            self.dropped += 1;
        }
    }
}

/// Takes whole lines, as the log gives them.
impl Write for Recent {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines().add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Recent {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_12_the_last_lines_are_kept_within_bounds() {
        let mut recent = Recent::default();
        for number in 0..5_100 {
            recent.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        let (text, dropped) = recent.text();
        let text = String::from_utf8(text).unwrap();
        assert_eq!((text.lines().count(), dropped), (5_000, 100));
        assert!(text.starts_with("line 100\n") && text.ends_with("line 5099\n"));
        // Long lines are cut, and many of them push out the others.
        for _ in 0..400 {
            recent.write_all(&[b'x'; 100_000]).unwrap();
        }
        let (text, _) = recent.text();
        assert!(text.len() <= 4 * 1024 * 1024, "{}", text.len());
        assert!(text.ends_with(b"x (cut)\n"));
    }
}
