//! Kamailio as it comes from Debian: a registrar in memory with two processes for each transport.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::DOMAIN;
use super::scenario::{answers, folder, free_port, missing};
use crate::AnyError;
use crate::gateway::cpu_seconds;

const ADDRESS: &str = "127.0.0.2";

pub(super) struct Kamailio {
    child: Child,
    folder: PathBuf,
    pub(super) port: SocketAddr,
}

impl Kamailio {
    /// Starts one with what the configuration is told beside the domain.
    pub(super) fn start(defines: &[&str]) -> Result<Self, AnyError> {
        let port = SocketAddr::new(ADDRESS.parse()?, free_port(ADDRESS)?);
        let folder = folder("kamailio")?;
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/live/sip");
        let mut command = Command::new("/usr/sbin/kamailio");
        command
            .arg("-f")
            .arg(shipped.join("registrar.cfg"))
            .args(["-DD", "-E", "-m", "512", "-M", "16"]);
        command.arg("-Y").arg(&folder).arg("-P").arg(folder.join("pid"));
        command.args(["-l", &format!("udp:{port}"), "-l", &format!("tcp:{port}")]);
        command.args(["-A", &format!("DOMAIN=\"{DOMAIN}\"")]);
        for define in defines {
            command.args(["-A", define]);
        }
        let log = File::create(folder.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let mut child = command.spawn().map_err(missing("kamailio"))?;
        match answers(port, &mut child) {
            Ok(()) => Ok(Self { child, folder, port }),
            Err(error) => {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                drop(Self { child, folder, port });
                Err(format!("{error}\n{log}").into())
            }
        }
    }

    /// CPU time of all its processes so far.
    pub(super) fn cpu_seconds(&self) -> Result<f64, AnyError> {
        let mut sum = cpu_seconds(self.child.id())?;
        for process in self.processes() {
            sum += cpu_seconds(process)?;
        }
        Ok(sum)
    }

    fn processes(&self) -> Vec<u32> {
        let own = self.child.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children"));
        let children = children.unwrap_or_default();
        children.split_whitespace().filter_map(|it| it.parse().ok()).collect()
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Its processes end with the first one where that is asked to, and only then.
        let group = format!("-{}", self.child.id());
        let signal = |name: &str| {
            let _ = Command::new("kill").args([name, "--", &group]).stderr(Stdio::null()).status();
        };
        signal("-TERM");
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && self.child.try_wait().is_ok_and(|it| it.is_none()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        signal("-KILL");
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
