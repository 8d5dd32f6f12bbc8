//! A support bundle (OPS-12): what helps somebody else to understand a node, and no secret.
//!
//! ```text
//!   jackfield-support/README.txt   what each file is
//!                     log.txt, status.json, settings.yaml, configuration.txt, metrics.txt, store.json, process.txt
//!                     flight-recorder.txt, where it is asked for
//! ```
//!
//! Secrets of the settings, hashes and sealed ones too, are masked by their names before anything is written;
//! the configuration holds paths of secrets alone. The log holds none at any level. The flight recorder, which holds
//! personal data, is in it only where somebody asks for that.

use std::fmt::Write;
use std::io;

use domain::Timestamp;
use domain::settings::{export, masked};
use engine::recorder::{RECORDS_MAX, Wanted};
use serde_json::json;

use crate::backup::when;
use crate::node::Shared;
use crate::{admin, flight_recorder, yaml};

/// The folder in the bundle.
const FOLDER: &str = "jackfield-support";

/// The bundle, a tar file.
pub(crate) fn made(shared: &Shared, with_flight_recorder: bool) -> io::Result<Vec<u8>> {
    let now = shared.engine.now();
    let (log, dropped) = shared.log.recent.text();
    let settings = yaml::write(&masked(export(&shared.engine.settings())));
    let status = serde_json::to_vec_pretty(&admin::status::status(shared))?;
    (shared.observe)();
    let mut files: Vec<(&str, &str, Vec<u8>)> = vec![
        ("log.txt", "the last lines of the log", log),
        ("status.json", "what `jackfield status --json` says, with the list of nodes", status),
        (
            "settings.yaml",
            "the settings in force; (set) stands for a secret",
            settings.unwrap_or_else(|error| error).into_bytes(),
        ),
        (
            "configuration.txt",
            "the configuration of this node; secrets stand in files that it names",
            format!("{:#?}\n", shared.config).into_bytes(),
        ),
        ("metrics.txt", "what /metrics says", shared.port.metrics().text()),
        ("store.json", "figures of the store", store(shared)?),
        ("process.txt", "what the kernel says of the process", process().into_bytes()),
    ];
    if with_flight_recorder {
        let what = "what links said in the last minutes; personal data is in it";
        files.push(("flight-recorder.txt", what, recorded(shared).into_bytes()));
    }
    let mut readme = format!(
        "Support bundle of node {}, version {}, made {}.\n\n",
        shared.config.name,
        crate::VERSION,
        when(now)
    );
    for (name, what, bytes) in &files {
        // Writing to a string cannot fail.
        let _ = writeln!(readme, "{name:<20}{what} ({} bytes)", bytes.len());
    }
    let _ = writeln!(readme, "\nLines of the log before the first one kept: {dropped}.");
    let mut tar = tar::Builder::new(Vec::new());
    add(&mut tar, "README.txt", readme.as_bytes(), now)?;
    for (name, _, bytes) in &files {
        add(&mut tar, name, bytes, now)?;
    }
    tar.into_inner()
}

fn add(
    tar: &mut tar::Builder<Vec<u8>>,
    name: &str,
    bytes: &[u8],
    now: Timestamp,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(now.seconds()).unwrap_or(0));
    tar.append_data(&mut header, format!("{FOLDER}/{name}"), bytes)
}

/// All that the flight recorder has, as far as it is told at once.
fn recorded(shared: &Shared) -> String {
    let wanted = Wanted { limit: RECORDS_MAX, ..Wanted::default() };
    let timeline = shared.engine.timeline(&wanted);
    flight_recorder::written(shared.engine.node(), &timeline, flight_recorder::Format::Text)
}

fn store(shared: &Shared) -> io::Result<Vec<u8>> {
    let growth = shared.engine.store_growth();
    let statistics = shared.engine.store_statistics();
    Ok(serde_json::to_vec_pretty(&json!({
        "state": format!("{:?}", shared.engine.store_state()),
        "size_bytes": growth.sizes.bytes,
        "free_bytes": growth.sizes.free_bytes,
        "bytes_a_day": growth.bytes_a_day,
        "disk_fills_up": growth.is_low,
        "statistics": format!("{statistics:?}"),
    }))?)
}

/// Threads, memory, open files, limits. Never the environment or the command line.
fn process() -> String {
    let mut text = String::new();
    for name in ["status", "limits", "stat", "io"] {
        let read = std::fs::read_to_string(format!("/proc/self/{name}"));
        let read = read.unwrap_or_else(|error| format!("{error}\n"));
        let _ = writeln!(text, "== {name}\n{read}");
    }
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let _ = writeln!(text, "== open files\n{open}");
    for name in ["loadavg", "meminfo", "version"] {
        let read = std::fs::read_to_string(format!("/proc/{name}")).unwrap_or_default();
        let _ = writeln!(text, "== {name}\n{read}");
    }
    text
}
