//! Programs of others: where they are, what they say, and their end with the test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How long anything may take; nothing here waits for a duration.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Our own scenarios and configurations.
pub(crate) fn shipped(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/live/sip").join(name);
    assert!(file.is_file(), "{} is missing", file.display());
    file
}

/// A program of that name, where there is one.
pub(crate) fn found(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    folders.into_iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A fresh folder for what a program writes.
pub(crate) fn fresh_folder(name: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("jackfield-sip-{name}-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A running program with all that it started.
pub(crate) struct Running {
    child: Child,
    folder: PathBuf,
}

impl Running {
    /// Starts it; what it says is kept in `folder`.
    pub(crate) fn start(mut command: Command, folder: PathBuf) -> Self {
        command.stdin(Stdio::null());
        Self::start_as_is(command, folder)
    }

    /// Starts it so that it can be told something.
    pub(crate) fn start_talking(mut command: Command, folder: PathBuf) -> Self {
        command.stdin(Stdio::piped());
        Self::start_as_is(command, folder)
    }

    /// What it listens to; once.
    pub(crate) fn input(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    fn start_as_is(mut command: Command, folder: PathBuf) -> Self {
        use std::os::unix::process::CommandExt as _;
        let log = File::create(folder.join("log")).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.current_dir(&folder).process_group(0).spawn().unwrap();
        Self { child, folder }
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its end, where it came to one.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end; what it wrote is in the folder that is given back.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.log());
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it in its own way, and then in ours.
    pub(crate) fn stop(&mut self) {
        let group = Pid::from_child(&self.child);
        let _ = kill_process_group(group, Signal::TERM);
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && self.child.try_wait().is_ok_and(|it| it.is_none()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        // What it started may outlive it.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            println!("what {} said:\n{}", self.folder.display(), self.log());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
