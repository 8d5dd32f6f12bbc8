//! The folder of one server, which ends with the test program.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::failure::must;
use crate::installed::Installed;

/// Ends whatever runs in the data folder and removes both folders, once nobody holds its input any
/// more. First asked (QUIT, which also gives shared memory back), then killed; a frozen process has to
/// be woken for that. A killed postmaster leaves a segment, whose number is in its file.
const WATCH: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
running() { find /proc/[0-9]*/cwd -maxdepth 0 -lname "$2" 2>/dev/null | cut -d/ -f3; }
segment=$(sed -n 7p "$2/postmaster.pid" 2>/dev/null)
for signal in QUIT KILL; do
  for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    processes=$(running "$@")
    [ -n "$processes" ] || break
    [ $try -gt 1 ] || kill -$signal $processes 2>/dev/null
    kill -CONT $processes 2>/dev/null
    sleep 0.05
  done
done
if [ -e "$2/postmaster.pid" ] && [ -n "$segment" ]; then ipcrm -m "${segment##* }" 2>/dev/null; fi
rm -rf "$2" "$1"
"#;

/// Holds sockets, log and usually the data; gone with everything that runs in it once dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    data: PathBuf,
    watcher: Child,
}

impl Folder {
    /// With the data within another folder where one is given. A socket's path must stay below 108
    /// bytes, so the folder is not where `TMPDIR` may point.
    pub(crate) fn create(installed: &Installed, data_within: Option<&Path>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-pg-{}-{number}", std::process::id());
        let path = Path::new("/tmp").join(&name);
        let data = match data_within {
            Some(within) => within.join(format!("{name}-data")),
            None => path.join("data"),
        };
        // An earlier program of the same number may have left one behind.
        let _ = std::fs::remove_dir_all(&path);
        // The server takes no data that others could read.
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        must("creating a database's folder", builder.create(&path));
        must("creating a database's folder", builder.create(&data));
        // The kernel tells where processes run without symbolic links.
        let path = must("finding a database's folder", path.canonicalize());
        let data = must("finding a database's folder", data.canonicalize());
        installed.give(&path);
        installed.give(&data);
        let watcher = must("starting a database's watcher", watch(&path, &data));
        Self { path, data, watcher }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

/// Nobody else has the other end of its input: files of this program are closed in what it starts.
fn watch(path: &Path, data: &Path) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", WATCH, "watcher"])
        .arg(path)
        .arg(data)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
