//! A gateway started for one test: the demo, in a folder that goes with it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// How long anything may take; nothing here waits for a duration.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Gateway {
    child: Child,
    folder: PathBuf,
    options: &'static [&'static str],
    pub(crate) endpoints: Value,
}

impl Gateway {
    /// Starts the demo in a fresh folder and waits until it says where it listens.
    pub(crate) fn start() -> Self {
        Self::start_in(fresh_folder(), &[])
    }

    /// The same with a simulated contact-centre server that owns voice state.
    pub(crate) fn start_with_centre() -> Self {
        Self::start_in(fresh_folder(), &["--cti"])
    }

    /// The same with a simulated identity provider that people sign on at.
    pub(crate) fn start_with_sign_on() -> Self {
        Self::start_in(fresh_folder(), &["--sso"])
    }

    /// Two nodes of that sort on a private database; `None` where PostgreSQL is missing.
    pub(crate) fn start_nodes_with_sign_on() -> Option<Self> {
        Self::start_nodes_in(fresh_folder(), &["--sso", "--nodes", "2"])
    }

    /// Two nodes on a private database; `None` where PostgreSQL is missing.
    pub(crate) fn start_nodes() -> Option<Self> {
        Self::start_nodes_in(fresh_folder(), &["--nodes", "2"])
    }

    /// The same with a simulated contact-centre server that owns voice state.
    pub(crate) fn start_nodes_with_centre() -> Option<Self> {
        Self::start_nodes_in(fresh_folder(), &["--cti", "--nodes", "2"])
    }

    /// The same with private mail servers; `None` where they or PostgreSQL are missing.
    pub(crate) fn start_nodes_with_mail() -> Option<Self> {
        for program in ["/usr/sbin/dovecot", "/usr/sbin/postfix"] {
            if !Path::new(program).exists() {
                println!("left out: {program} is missing; install it");
                return None;
            }
        }
        if !rustix::process::geteuid().is_root() {
            println!("not permitted here: postfix; run as root");
            return None;
        }
        Self::start_nodes_in(fresh_folder(), &["--mail", "--nodes", "2"])
    }

    fn start_nodes_in(folder: PathBuf, options: &'static [&'static str]) -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        if !versions.into_iter().any(|version| version.path().join("bin/postgres").exists()) {
            println!("left out: PostgreSQL is missing; install postgresql");
            return None;
        }
        Some(Self::start_in(folder, options))
    }

    pub(crate) fn start_in(folder: PathBuf, options: &'static [&'static str]) -> Self {
        let (child, endpoints) = launch(&folder, options);
        Self { child, folder, options, endpoints }
    }

    /// Kills it without a word and starts it again in the same folder.
    pub(crate) fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let (child, endpoints) = launch(&self.folder, self.options);
        self.child = child;
        self.endpoints = endpoints;
    }

    /// Asks it to stop, and gives its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not stop");
            std::thread::yield_now();
        }
    }

    /// Kills it without a word, and nothing else.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to begin again what can be.
    pub(crate) fn hang_up(&self) {
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    /// What everybody on the machine may see of the process, or its own user may: `cmdline`, `environ`.
    pub(crate) fn of_the_process(&self, file: &str) -> String {
        let bytes = std::fs::read(format!("/proc/{}/{file}", self.child.id())).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn endpoints_file(&self) -> PathBuf {
        self.folder.join("endpoints.json")
    }

    /// A text out of the endpoints file.
    pub(crate) fn endpoint(&self, name: &str) -> String {
        self.endpoints[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned()
    }

    /// The password of a demo agent.
    pub(crate) fn password(&self, agent: &str) -> String {
        let agents = self.endpoints["agents"].as_array().unwrap();
        let found = agents.iter().find(|entry| entry["id"] == agent).unwrap();
        found["password"].as_str().unwrap().to_owned()
    }

    /// Asks the admin socket for something; panics where it is refused.
    pub(crate) fn admin(&self, request: Value) -> Value {
        let answer = self.try_admin(request.clone());
        assert!(answer.get("ok").is_some(), "{request} gave {answer}");
        answer["ok"].clone()
    }

    /// Asks the admin socket for something.
    pub(crate) fn try_admin(&self, request: Value) -> Value {
        ask(&self.endpoint("admin_socket"), request)
    }

    /// Asks the simulated contact-centre server for something; panics where it is refused.
    #[track_caller]
    pub(crate) fn centre(&self, request: Value) -> Value {
        let mut socket = TcpStream::connect(self.endpoint("peers")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        writeln!(socket, "{request}").unwrap();
        let mut line = String::new();
        BufReader::new(socket).read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["ok"], true, "{request} gave {answer}");
        answer
    }

    /// Runs the gateway's command line against this gateway.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Output {
        Command::new(program("JACKFIELD_BIN", "jackfield"))
            .args(arguments)
            .args(["--socket", &self.endpoint("admin_socket")])
            .output()
            .unwrap()
    }

    /// Changes the demo's settings by `change` and applies them.
    pub(crate) fn settings(&self, change: impl FnOnce(&mut Value)) {
        let output = self.command(&["export"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let mut settings: Value = serde_saphyr::from_str(&text).unwrap();
        change(&mut settings);
        let file = self.folder.join("changed.yaml");
        // JSON is YAML too.
        std::fs::write(&file, settings.to_string()).unwrap();
        // It may hold passwords in the clear.
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        let output = self.command(&["apply", file.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// What it wrote to its log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }
}

/// Asks the admin socket of a node for something.
pub(crate) fn ask(socket: &str, mut request: Value) -> Value {
    request["id"] = json!(1);
    let mut socket = UnixStream::connect(socket).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    writeln!(socket, "{request}").unwrap();
    let mut line = String::new();
    BufReader::new(socket).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("{request} gave {line:?}"))
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("the gateway's log:\n{}", self.log());
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn fresh_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("jackfield-features-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn launch(folder: &Path, options: &[&str]) -> (Child, Value) {
    let endpoints = folder.join("endpoints.json");
    let _ = std::fs::remove_file(&endpoints);
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
    let mut child = Command::new(program("JACKFIELD_BIN", "jackfield"))
        .arg("demo")
        .arg("--dir")
        .arg(folder.join("state"))
        .arg("--endpoints")
        .arg(&endpoints)
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.unwrap())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok(text) = std::fs::read_to_string(&endpoints) {
            return (child, serde_json::from_str(&text).unwrap());
        }
        let ended = child.try_wait().unwrap();
        if ended.is_some() || Instant::now() > deadline {
            let _ = child.kill();
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            panic!("the gateway did not start ({ended:?}):\n{log}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The path of one of our programs.
pub(crate) fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    // target/debug/deps/features-… stands two folders below the programs.
    let own = std::env::current_exe().unwrap();
    let path = own.parent().and_then(Path::parent).unwrap().join(name);
    assert!(path.exists(), "{} is not built; run cargo xtask test", path.display());
    path
}
