//! A record of the agent states that were written, for whoever measures what became of them.
//!
//! One JSON object a line, in the order of writing on each session:
//! `{"at":MICROSECONDS_SINCE_1970,"session":1,"agent":"1001","state":"available","reason":0}`. `at` is the
//! time right before the event was handed to the socket. The file is flushed with each batch.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use serde_json::json;

use super::numbers::state_name;

/// The state of an agent that a session is told.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) agent: String,
    pub(crate) state: u16,
    pub(crate) reason: u16,
}

/// What was written at once.
struct Batch {
    at: u64,
    session: u64,
    told: Vec<Told>,
}

/// Takes what was written; a thread of its own puts it into the file.
#[derive(Clone, Debug)]
pub(crate) struct Recorder(Sender<Batch>);

impl Recorder {
    /// Makes the file anew; it is written until the last clone is gone.
    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        let named = |error: std::io::Error| format!("--record {}: {error}", path.display());
        let mut file = BufWriter::new(File::create(path).map_err(named)?);
        let (sender, batches) = channel::<Batch>();
        let path = path.to_owned();
        std::thread::spawn(move || {
            for batch in batches {
                if let Err(error) = write(&mut file, &batch) {
                    // A record with gaps would tell of events that were lost.
                    let _ = writeln!(std::io::stderr(), "--record {}: {error}", path.display());
                    return;
                }
            }
        });
        Ok(Self(sender))
    }

    /// These were written to a session at that time.
    pub(crate) fn written(&self, at: u64, session: u64, told: &mut Vec<Told>) {
        if !told.is_empty() {
            // A file that cannot be written has been complained of.
            let _ = self.0.send(Batch { at, session, told: std::mem::take(told) });
        }
    }
}

fn write(file: &mut BufWriter<File>, batch: &Batch) -> std::io::Result<()> {
    for told in &batch.told {
        let line = json!({
            "at": batch.at,
            "session": batch.session,
            "agent": told.agent,
            "state": state_name(told.state),
            "reason": told.reason,
        });
        writeln!(file, "{line}")?;
    }
    file.flush()
}
