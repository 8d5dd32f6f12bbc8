//! A machine to install packages on: Debian from its archive, booted with systemd in Linux namespaces.
//!
//! ```text
//!   debootstrap -> base tree (kept below target) --overlay--> a machine, whose changes go with it
//! ```
//!
//! Has nothing of this machine but its kernel: no network beside its own loopback, no disk, no processes.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const RELEASE: &str = "bookworm";
/// What a tree has beside the least that Debian is.
const INCLUDED: &str = "systemd,systemd-sysv,dbus,rpm,curl,sqlite3";
/// Raised when what is in a tree changes, so that an older one is not taken.
const TREE: &str = "bookworm-2";

/// One machine; it ends with this.
pub(crate) struct Machine {
    child: Child,
    /// Its first process, as this machine counts.
    first: u32,
    folder: PathBuf,
}

/// The packages that `cargo xtask package-test` made: a folder for each step of a life.
pub(crate) fn packages(step: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("JACKFIELD_PACKAGES").map(PathBuf::from)?;
    Some(folder.join(step)).filter(|folder| folder.is_dir())
}

/// Why no machine can be booted here, as the line that the checks count.
pub(crate) fn hindrance() -> Option<String> {
    if std::env::var_os("JACKFIELD_PACKAGES").is_none() {
        return Some("left out: run `cargo xtask package-test`, which makes the packages".into());
    }
    if !rustix::process::geteuid().is_root() {
        return Some("not permitted here: to mount and to make namespaces".into());
    }
    let missing = ["debootstrap", "setpriv", "unshare", "nsenter"]
        .into_iter()
        .find(|program| !is_here(program));
    if let Some(program) = missing {
        return Some(format!("left out: {program} is not installed"));
    }
    let tried = Command::new("unshare").args(["--mount", "--pid", "--fork", "true"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        return Some("not permitted here: to mount and to make namespaces".into());
    }
    None
}

fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).any(|file| file.is_file())
}

fn trees() -> PathBuf {
    let packages = std::env::var_os("JACKFIELD_PACKAGES").map(PathBuf::from).unwrap();
    packages.parent().unwrap().join("package-tree")
}

/// The tree that all machines begin with, made once.
pub(crate) fn base() -> PathBuf {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let base = trees().join(TREE);
    if base.is_dir() {
        return base;
    }
    let new = trees().join(format!("{TREE}.new"));
    let _ = fs::remove_dir_all(&new);
    fs::create_dir_all(trees()).unwrap();
    println!("making a tree of Debian's {RELEASE} in {}", base.display());
    let made = Command::new("debootstrap")
        .args(["--variant=minbase", &format!("--include={INCLUDED}"), RELEASE])
        .arg(&new)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .unwrap();
    assert!(made.status.success(), "debootstrap: {}", said(&made));
    let _ = fs::remove_dir_all(new.join("var/cache/apt/archives"));
    fs::rename(&new, &base).unwrap();
    base
}

impl Machine {
    /// Boots one that sees the packages in `/packages`.
    pub(crate) fn boot(name: &str) -> Self {
        let base = base();
        let folder = trees().join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let packages = std::env::var_os("JACKFIELD_PACKAGES").unwrap();
        // Whoever ends the test in the middle leaves no machine behind.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "unshare"]);
        command.args([
            "--fork",
            "--kill-child",
            "--pid",
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--cgroup",
        ]);
        command.args(["sh", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/booted/boot.sh")]);
        command.arg(base).arg(&folder).arg(packages).stdin(Stdio::null());
        // Signals of a terminal are not for it.
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let parent = child.id();
        let mut machine = Self { child, first: 0, folder };
        machine.first = wait("the first process", || child_of(parent));
        wait("systemd", || {
            let state = machine.output(&["systemctl", "is-system-running"]);
            let state = String::from_utf8_lossy(&state.stdout).into_owned();
            ["running", "degraded"].contains(&state.trim()).then_some(())
        });
        machine
    }

    /// Runs a command in it, whatever comes of it; its input is empty.
    pub(crate) fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Starts a command in it.
    pub(crate) fn spawn(&self, words: &[&str]) -> Child {
        self.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.first.to_string()]);
        command
            .args(["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--root", "--wd=/"]);
        command.args(["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]);
        command.args(["DEBIAN_FRONTEND=noninteractive"]).args(words).current_dir("/");
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command that has to go well; gives what it wrote.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        let output = self.output(words);
        assert!(output.status.success(), "{words:?}: {}: {}", output.status, said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs lines of a shell that have to go well.
    pub(crate) fn shell(&self, lines: &str) -> String {
        self.run(&["sh", "-c", lines])
    }

    /// Whether there is such a file or folder.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.output(&["test", "-e", path]).status.success()
    }

    /// One property of the service, as systemd knows it.
    pub(crate) fn property(&self, name: &str) -> String {
        let text = self.run(&["systemctl", "show", "--value", "-p", name, "jackfield.service"]);
        text.trim().to_owned()
    }

    /// Waits until the service serves, and what it is asked for is answered.
    pub(crate) fn wait_until_it_serves(&self) {
        let serves = || (self.property("ActiveState") == "active").then_some(());
        if try_wait(serves).is_none() {
            panic!("the service does not serve: {}", self.journal());
        }
    }

    /// What the journal has of the service.
    pub(crate) fn journal(&self) -> String {
        self.run(&["journalctl", "--unit", "jackfield.service", "--no-pager", "--output", "cat"])
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Its first process goes with that, and all others with this one.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let gone = || (!Path::new("/proc").join(self.first.to_string()).exists()).then_some(());
        let _ = try_wait(gone);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn child_of(parent: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// Waits for something to be there.
pub(crate) fn wait<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    try_wait(look).unwrap_or_else(|| panic!("{what} did not come in time"))
}

fn try_wait<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > until {
            return None;
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// All that a command wrote.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
