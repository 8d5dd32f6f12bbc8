//! The servers' processes: started in groups of their own, watched, and ended together.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::folder::Folder;

/// Where programs of servers are, beside the search path.
const MORE_PLACES: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];
/// Time that a server has to end by itself.
const ENDING_TIME: Duration = Duration::from_secs(10);
/// How often somebody looks whether a server is there.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The program of that name, where it is installed.
pub(super) fn program(name: &str) -> Option<PathBuf> {
    let places = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&places).chain(MORE_PLACES.map(PathBuf::from));
    places.map(|place| place.join(name)).find(|path| path.is_file())
}

/// What ends the groups it is told of when its input ends in disorder: should this program be killed, nobody is
/// left. (Servers that give their rights up lose the system's own signal for that.)
const GUARD: &str = "groups=
while read -r word; do
    case $word in
        end) exit ;;
        *) groups=\"$groups -$word\" ;;
    esac
done
kill -s TERM -- $groups";

/// Processes with their names.
#[derive(Debug)]
pub(super) struct Children {
    guard: process::Child,
    running: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    name: &'static str,
    output: PathBuf,
    group: Option<Pid>,
    child: Child,
}

impl Children {
    /// None yet.
    pub(super) fn new() -> Result<Self, String> {
        let guard = process::Command::new("sh")
            .args(["-c", GUARD])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let guard = guard.map_err(|error| format!("sh: {error}"))?;
        Ok(Self { guard, running: Vec::new() })
    }

    fn tell_guard(&mut self, word: &str) -> Result<(), String> {
        let input = self.guard.stdin.as_mut().ok_or("the guard takes nothing")?;
        input.write_all(format!("{word}\n").as_bytes()).map_err(|error| format!("sh: {error}"))
    }

    /// Starts one; what it prints goes to a file in `folder`.
    pub(super) fn start(
        &mut self,
        folder: &Folder,
        name: &'static str,
        path: &Path,
        arguments: &[&str],
    ) -> Result<(), String> {
        let output = folder.file(&format!("{name}.out"));
        let file = File::create(&output).and_then(|file| Ok((file.try_clone()?, file)));
        let (file, same) = file.map_err(|error| format!("{}: {error}", output.display()))?;
        let child = Command::new(path)
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(same)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        self.running.push(Running { name, output, group, child });
        match group {
            Some(group) => self.tell_guard(&group.as_raw_nonzero().to_string()),
            None => Ok(()),
        }
    }

    /// Waits until somebody listens at that port.
    pub(super) async fn answers(&mut self, port: u16, patience: Duration) -> Result<(), String> {
        let deadline = Instant::now() + patience;
        loop {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(());
            }
            if let Some(death) = self.dead() {
                return Err(death);
            }
            if Instant::now() > deadline {
                return Err(format!("nobody answers at port {port}"));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until one of them ends, and tells which.
    pub(super) async fn death(&mut self) -> String {
        loop {
            if let Some(death) = self.dead() {
                return death;
            }
            sleep(LOOK_EVERY * 10).await;
        }
    }

    fn dead(&mut self) -> Option<String> {
        self.running.iter_mut().find_map(|running| {
            let status = running.child.try_wait().ok().flatten()?;
            let said = std::fs::read_to_string(&running.output).unwrap_or_default();
            let said = said.lines().last().unwrap_or("its log says why");
            Some(format!("{} ended ({status}): {said}", running.name))
        })
    }

    /// Ends all of them, the last one first: those before it are asked by those after it.
    pub(super) async fn end(mut self) {
        for running in self.running.iter_mut().rev() {
            running.tell(Signal::TERM);
        }
        for running in self.running.iter_mut().rev() {
            // Their own children are in their groups, and may still be waiting for somebody.
            let _ = timeout(ENDING_TIME, running.child.wait()).await;
            running.tell(Signal::KILL);
            let _ = running.child.wait().await;
            running.group = None;
        }
        // Without the word it ends nobody who is left.
        let _ = self.tell_guard("end");
        let _ = self.guard.wait();
    }
}

impl Running {
    fn tell(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Nobody may be left in it.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    /// Whoever is ended in disorder takes the group along.
    fn drop(&mut self) {
        self.tell(Signal::TERM);
    }
}
