//! The processes of one server: those whose current folder is its data.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// All that run in this folder now, whoever started them.
pub(crate) fn of(data: &Path) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let found = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let number = entry.file_name().to_str()?.parse().ok()?;
        // One that ended meanwhile has no folder.
        let folder = std::fs::read_link(entry.path().join("cwd")).ok()?;
        (folder == data).then(|| Pid::from_raw(number)).flatten()
    });
    found.collect()
}

/// Sends a signal to all; one that ended meanwhile does not matter.
pub(crate) fn signal(processes: &[Pid], signal: Signal) {
    for process in processes {
        let _ = kill_process(*process, signal);
    }
}
