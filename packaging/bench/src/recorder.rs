//! What a message costs that the flight recorder notes, and what it costs to read all that is kept.

use std::sync::Arc;
use std::time::Instant;

use domain::Settings;
use engine::SystemClock;
use engine::recorder::{Link, RECORDS_MAX, Recorder, Wanted, Way};
use engine::testing::{PlainAuthenticator, memory_port};

use crate::demand::Demand;
use crate::median::median;
use crate::{AnyError, Missed};

const NOTED: Demand = Demand::AtMost(1_000.0);

pub(crate) fn run(rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    let count = if quick { 20_000 } else { 1_000_000u32 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (settings, clock) = (Settings::default(), Arc::new(SystemClock));
    let port = memory_port(&settings, Arc::new(PlainAuthenticator), clock);
    let port = runtime.block_on(port);
    let recorder = port.recorder();
    let (mut noted, mut read) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let start = Instant::now();
        (0..count).for_each(|number| note(recorder, number));
        noted.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(count));
        let start = Instant::now();
        let wanted =
            Wanted { agent: Some("1001".to_owned()), limit: RECORDS_MAX, ..Wanted::default() };
        std::hint::black_box(recorder.timeline(&wanted, &[]));
        read.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let (noted, read) = (median(noted), median(read));
    println!("recorder: a message noted               {noted:>9.0} ns ({NOTED})");
    println!("recorder: a timeline of what is kept    {read:>9.0} ms");
    Ok(NOTED.missed("recorder: a message noted", noted).into_iter().collect())
}

/// As much as an agent's state is.
fn note(recorder: &Recorder, number: u32) {
    recorder.note(Link::Cti, Way::In, "AGENT_STATE_EVENT", |note| {
        note.peer(format_args!("{} {}", "east", 'a'));
        note.agent(1_000 + number % 24_000).line("2001").text("instrument", "SEP001122334455");
        note.text("state", "not ready")
            .number("reason", number)
            .text("terminal", "SEP001122334455");
    });
}
