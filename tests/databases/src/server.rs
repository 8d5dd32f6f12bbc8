//! One server: started, broken and started again.
//!
//! Running (with or without a pause) or ended: only the test that owns it changes that. The postmaster
//! is a child of the test program; its backends are found by the folder they run in.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::process::{Pid, Signal};

use crate::failure::must;
use crate::folder::Folder;
use crate::installed::Installed;
use crate::processes;
use crate::waiting::eventually;

/// The number in the socket's name; nothing listens on TCP.
const PORT: u16 = 5432;

/// What every server here has, unless its options say otherwise. Shared memory for queries lies with
/// the data, so that nothing stays behind when it is killed.
const SETTINGS: [(&str, &str); 7] = [
    ("max_connections", "200"),
    ("shared_buffers", "32MB"),
    ("dynamic_shared_memory_type", "mmap"),
    ("max_parallel_workers_per_gather", "0"),
    ("log_line_prefix", "%m [%p] %d "),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
];

/// How a server is to be.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Syncs to the disk. What a killed process had acknowledged is there without it too; only a
    /// machine that fails needs it.
    pub durable: bool,
    /// Names and values for its configuration.
    pub settings: Vec<(String, String)>,
    /// The folder in which its data lies, for disks that are full.
    pub data_within: Option<PathBuf>,
}

/// How a server is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Ends its clients, writes everything out and ends.
    Fast,
    /// Ends at once and recovers at the next start.
    Immediate,
}

/// A PostgreSQL server of its own, gone once dropped.
#[derive(Debug)]
pub struct Server {
    // Dropped first, which ends what still runs.
    folder: Folder,
    postmaster: Mutex<Postmaster>,
    installed: Installed,
}

/// Our child, while it runs; none is left behind as a zombie.
#[derive(Debug, Default)]
struct Postmaster(Option<Child>);

/// The server of this test program, started once; `None` where PostgreSQL is missing. It ends with the
/// program.
pub fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(Server::start).as_ref()
}

impl Server {
    /// With the usual options; `None` where PostgreSQL is missing.
    pub fn start() -> Option<Self> {
        Self::start_with(&Options::default())
    }

    /// A new server, running; `None` where PostgreSQL is missing.
    pub fn start_with(options: &Options) -> Option<Self> {
        let installed = Installed::find()?;
        let folder = Folder::create(&installed, options.data_within.as_deref());
        let data = folder.data().display().to_string();
        let common = ["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"];
        installed
            .run("initdb", &[&common[..], &["--locale=C.UTF-8", "--no-instructions"]].concat());
        let mut configuration = String::new();
        let usual = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let durable = ("fsync".to_owned(), if options.durable { "on" } else { "off" }.to_owned());
        for (name, value) in usual.iter().chain([&durable]).chain(&options.settings) {
            configuration.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
        }
        append(&folder.data().join("postgresql.conf"), &configuration);
        let server = Self::in_folder(installed, folder);
        server.start_again();
        Some(server)
    }

    /// One that does not run yet, on data that is there.
    pub(crate) fn in_folder(installed: Installed, folder: Folder) -> Self {
        Self { folder, postmaster: Mutex::default(), installed }
    }

    /// Its folder with the socket, as clients name the host.
    pub fn host(&self) -> &Path {
        self.folder.path()
    }

    /// The path of its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(format!(".s.PGSQL.{PORT}"))
    }

    /// Where its data lies.
    pub fn data(&self) -> &Path {
        self.folder.data()
    }

    /// The address of its own database, as superuser and without a password.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The address of a database that is there.
    pub fn url_of(&self, database: &str) -> String {
        let host = self.folder.path().display();
        format!("postgresql:///{}?host={host}&user=postgres", percent_encoded(database))
    }

    /// Creates an empty database and gives its address.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\"")));
        self.url_of(name)
    }

    /// Runs SQL and gives what it found: fields between `|`, a line for each row.
    #[track_caller]
    pub fn sql(&self, database: &str, sql: &str) -> String {
        must(sql, self.try_sql(database, sql))
    }

    /// Runs SQL, which may be refused.
    ///
    /// # Errors
    /// What the server or the client said.
    pub fn try_sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let host = self.folder.path().display().to_string();
        let quiet = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
        let whom = ["-h", &host, "-U", "postgres", "-d", database, "-c", sql];
        self.installed.try_run("psql", &[&quiet[..], &whom].concat())
    }

    /// Changes its configuration while it runs.
    pub fn set(&self, name: &str, value: &str) {
        let value = value.replace('\'', "''");
        self.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"));
        self.sql("postgres", "SELECT pg_reload_conf()");
        eventually("the new setting", || {
            (self.sql("postgres", &format!("SHOW {name}")) == value).then_some(())
        });
    }

    /// Every process of it is killed at once, as when its machine dies but for the disk's cache.
    pub fn kill(&self) {
        let mut postmaster = self.postmaster();
        // A new backend could be made between looking and killing, but not by a frozen postmaster.
        postmaster.signal(Signal::STOP);
        eventually("the end of a killed server", || {
            let running = processes::of(self.folder.data());
            processes::signal(&running, Signal::KILL);
            running.is_empty().then_some(())
        });
        postmaster.reap();
    }

    /// Asks it to stop and waits until it did.
    pub fn stop(&self, how: Stop) {
        let mut postmaster = self.postmaster();
        postmaster.signal(match how {
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
        });
        self.resume();
        eventually("the end of a stopped server", || {
            processes::of(self.folder.data()).is_empty().then_some(())
        });
        postmaster.reap();
    }

    /// Starts it after it was stopped or killed or has given up, and waits until it answers.
    pub fn start_again(&self) {
        let mut postmaster = self.postmaster();
        if postmaster.runs() {
            return;
        }
        let data = self.folder.data();
        let log = File::options().create(true).append(true).open(self.folder.path().join("log"));
        let log = must("opening a database's log", log);
        let mut child = self.installed.command("postgres");
        child.arg("-D").arg(data).arg("-k").arg(self.folder.path());
        child.args(["-p", &PORT.to_string(), "-c", "listen_addresses="]);
        let child = child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let mut child = must("starting PostgreSQL", child);
        let number = child.id().to_string();
        eventually("PostgreSQL's answer", || {
            if let Ok(Some(status)) = child.try_wait() {
                must("starting PostgreSQL", Err(format!("{status}\n{}", self.log())))
            }
            let about = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
            let mut lines = about.lines().map(str::trim);
            let is_ours = lines.next() == Some(number.as_str());
            let answers = matches!(lines.nth(6), Some("ready" | "standby"));
            (is_ours && answers).then_some(())
        });
        postmaster.0 = Some(child);
    }

    /// Freezes all of it: connections stay open and nothing is answered.
    pub fn pause(&self) {
        self.postmaster().signal(Signal::STOP);
        processes::signal(&processes::of(self.folder.data()), Signal::STOP);
    }

    /// Ends a pause.
    pub fn resume(&self) {
        processes::signal(&processes::of(self.folder.data()), Signal::CONT);
    }

    /// What it wrote to its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn installed(&self) -> &Installed {
        &self.installed
    }

    fn postmaster(&self) -> MutexGuard<'_, Postmaster> {
        self.postmaster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Postmaster {
    fn signal(&self, signal: Signal) {
        if let Some(child) = &self.0 {
            processes::signal(&[Pid::from_child(child)], signal);
        }
    }

    fn runs(&mut self) -> bool {
        self.0.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    fn reap(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.wait();
        }
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
        }
        self.reap();
    }
}

/// Writes to the end of a file that keeps its owner.
pub(crate) fn append(file: &Path, text: &str) {
    use std::io::Write as _;
    let opened = File::options().append(true).open(file);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    must("configuring PostgreSQL", written);
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests;
