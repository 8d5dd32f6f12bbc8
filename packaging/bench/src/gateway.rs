//! The gateway as a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::AnyError;

pub(crate) struct Gateway {
    pub(crate) child: Child,
    pub(crate) endpoints: Value,
    pub(crate) ready_after: Duration,
    folder: PathBuf,
}

/// The program to measure.
pub(crate) fn program() -> Result<PathBuf, AnyError> {
    beside("JACKFIELD_BIN", "jackfield")
}

/// The program that plays all others.
pub(crate) fn peers_program() -> Result<PathBuf, AnyError> {
    beside("JACKFIELD_PEERS_BIN", "jackfield-peers")
}

/// A program that the environment names, else the one beside this.
fn beside(variable: &str, name: &str) -> Result<PathBuf, AnyError> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(path.into());
    }
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() { Ok(path) } else { Err("build it first: cargo build --release".into()) }
}

impl Gateway {
    /// Starts the demo in a fresh folder.
    pub(crate) fn demo() -> Result<Self, AnyError> {
        Self::demo_with(&[])
    }

    /// The same with further options.
    pub(crate) fn demo_with(options: &[&str]) -> Result<Self, AnyError> {
        let folder =
            std::env::temp_dir().join(format!("jackfield-bench-demo-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        let endpoints = folder.join("endpoints.json");
        let start = Instant::now();
        let mut child = Command::new(program()?)
            .arg("demo")
            .arg("--dir")
            .arg(folder.join("state"))
            .arg("--endpoints")
            .arg(&endpoints)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        loop {
            if let Ok(text) = std::fs::read_to_string(&endpoints) {
                let ready_after = start.elapsed();
                return Ok(Self {
                    child,
                    endpoints: serde_json::from_str(&text)?,
                    ready_after,
                    folder,
                });
            }
            if child.try_wait()?.is_some() || start.elapsed() > Duration::from_secs(30) {
                let _ = child.kill();
                return Err("the demo did not start".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn endpoint(&self, name: &str) -> Result<&str, AnyError> {
        self.endpoints.get(name).and_then(Value::as_str).ok_or_else(|| format!("no {name}").into())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// CPU seconds that a process has used.
pub(crate) fn cpu_seconds(id: u32) -> Result<f64, AnyError> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name in brackets may hold anything; fields are counted after it.
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks =
        |place: usize| fields.split_whitespace().nth(place).and_then(|it| it.parse::<f64>().ok());
    let (user, system) = (ticks(11).unwrap_or(0.0), ticks(12).unwrap_or(0.0));
    Ok((user + system) / 100.0)
}

/// Resident memory of a process, in megabytes.
pub(crate) fn resident_megabytes(id: u32) -> Result<f64, AnyError> {
    let text = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}

/// The size of a file, in megabytes.
pub(crate) fn megabytes(path: &Path) -> Result<f64, AnyError> {
    let bytes = u32::try_from(std::fs::metadata(path)?.len())?;
    Ok(f64::from(bytes) / 1024.0 / 1024.0)
}
