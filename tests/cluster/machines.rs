//! Nodes as processes on one database.
//!
//! A node is down, starting or serving; only the test that owns the cluster changes that, clients look at
//! it. Each reaches the database through a proxy of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use databases::{Proxy, Server, eventually};
use domain::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::record::Record;

/// Longer than any answer takes, whatever is broken.
const ANSWER: Duration = Duration::from_secs(60);
/// Reasons that agents give, so that each of their acts can be told from the next ones.
pub(crate) const REASONS: u16 = 400;

pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    pub(crate) record: Record,
    _folder: Folder,
}

pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) proxy: Proxy,
    folder: PathBuf,
    operations_port: u16,
    child: Mutex<Option<Child>>,
    serving: AtomicBool,
    in_hand: AtomicU32,
}

struct Folder(PathBuf);

impl Cluster {
    /// So many nodes, all serving, on an empty database of that server, with those agents.
    pub(crate) fn start(server: &Server, count: usize, agents: usize) -> Self {
        let database = format!("cluster_{}", next());
        server.database(&database);
        Self::start_on(server, &database, count, agents)
    }

    /// The same on an empty database that is there.
    pub(crate) fn start_on(server: &Server, database: &str, count: usize, agents: usize) -> Self {
        let number = next();
        let folder = format!("jackfield-cluster-{}-{number}", std::process::id());
        let folder = Folder(Path::new("/tmp").join(folder));
        let _ = std::fs::remove_dir_all(&folder.0);
        std::fs::create_dir_all(&folder.0).unwrap();
        private(&folder.0.join("settings.yaml"), &settings(agents));
        private(&folder.0.join("sealing.key"), &format!("{}\n", "5a".repeat(32)));
        let nodes = (0..count).map(|number| {
            let name = format!("gw-{}.example", ["a", "b", "c"][number]);
            Node::new(&folder.0, &name, Proxy::to(server), database)
        });
        let nodes: Vec<_> = nodes.collect();
        // All at once on an empty database, which one of them makes ready for all.
        std::thread::scope(|scope| {
            for node in &nodes {
                scope.spawn(|| node.start());
            }
        });
        let record = Record::open(server, database);
        Self { nodes, record, _folder: folder }
    }

    /// Those that serve.
    pub(crate) fn serving(&self) -> Vec<&Node> {
        self.nodes.iter().filter(|node| node.serving.load(Ordering::Acquire)).collect()
    }

    pub(crate) fn wait_until_all_see_all(&self) {
        for node in &self.nodes {
            eventually("nodes that see each other", || {
                let status = node.ask(json!({"do": "status"}))?;
                let seen = status["ok"]["nodes"].as_array()?;
                let live = seen.iter().filter(|seen| seen["live"] == true).count();
                (live == self.nodes.len()).then_some(())
            });
        }
    }
}

impl Node {
    fn new(folder: &Path, name: &str, proxy: Proxy, database: &str) -> Self {
        let own = folder.join(name);
        std::fs::create_dir_all(&own).unwrap();
        let (phone_port, operations_port, console_port) = (free_port(), free_port(), free_port());
        let configuration = format!(
            "name = \"{name}\"\nstate_directory = \"{}\"\nsealing_key_file = \"{}\"\n\
             [store]\nurl = \"{}\"\n\
             [limits]\nnotice_seconds = 0\n\
             [listeners.phone]\naddresses = [\"127.0.0.1\"]\nport = {phone_port}\n\
             [listeners.console]\naddresses = [\"127.0.0.1\"]\nport = {console_port}\n\
             [listeners.sip]\ntls_port = 0\ntcp_port = 0\n[listeners.headset]\nport = 0\n[listeners.identity]\nport = 0\n\
             [listeners.operations]\naddresses = [\"127.0.0.1\"]\nport = {operations_port}\n",
            own.join("state").display(),
            folder.join("sealing.key").display(),
            proxy.url_of(database),
        );
        std::fs::write(own.join("jackfield.toml"), configuration).unwrap();
        Self {
            name: name.to_owned(),
            proxy,
            folder: own,
            operations_port,
            child: Mutex::default(),
            serving: AtomicBool::new(false),
            in_hand: AtomicU32::new(0),
        }
    }

    /// Starts it and waits until it serves.
    pub(crate) fn start(&self) {
        let log = std::fs::File::options().create(true).append(true).open(self.log_file());
        let mut child = Command::new(program())
            .args(["run", "--until-input-ends", "--config"])
            .arg(self.folder.join("jackfield.toml"))
            .arg("--settings")
            .arg(self.folder.with_file_name("settings.yaml"))
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        eventually("a node that serves", || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{} {ended:?}:\n{}", self.name, self.log());
            self.is_ready().then_some(())
        });
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        self.serving.store(true, Ordering::Release);
    }

    /// Kills it without a word, in the midst of something where that comes soon; says when.
    pub(crate) fn kill(&self) -> Timestamp {
        for _ in 0..100_000 {
            if self.in_hand.load(Ordering::Acquire) > 0 {
                break;
            }
            std::thread::yield_now();
        }
        self.serving.store(false, Ordering::Release);
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = child.take().expect("a node that runs");
        let at = now();
        child.kill().unwrap();
        child.wait().unwrap();
        at
    }

    /// Freezes it, as a virtual machine that is moved; says when.
    pub(crate) fn freeze(&self) -> Timestamp {
        let at = now();
        self.signal(Signal::STOP);
        at
    }

    /// Ends that.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        kill_process(Pid::from_child(child.as_ref().expect("a node that runs")), signal).unwrap();
    }

    /// Whether it says that it is ready.
    pub(crate) fn is_ready(&self) -> bool {
        let get = || {
            let mut stream =
                std::net::TcpStream::connect(("127.0.0.1", self.operations_port)).ok()?;
            stream.set_read_timeout(Some(ANSWER)).ok()?;
            stream
                .write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .ok()?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).ok()?;
            Some(line.contains(" 200 "))
        };
        get().unwrap_or(false)
    }

    /// Whether it says that the store does its work.
    pub(crate) fn says_store_works(&self) -> bool {
        self.ask(json!({"do": "status"})).is_some_and(|it| it["ok"]["store"]["state"] == "working")
    }

    /// One request on its admin socket; `None` where it ended without an answer.
    pub(crate) fn ask(&self, mut request: Value) -> Option<Value> {
        request["id"] = json!(1);
        let mut stream = UnixStream::connect(self.folder.join("state/admin.sock")).ok()?;
        stream.set_read_timeout(Some(ANSWER)).unwrap();
        writeln!(stream, "{request}").ok()?;
        self.in_hand.fetch_add(1, Ordering::AcqRel);
        let mut line = String::new();
        let read = BufReader::new(stream).read_line(&mut line);
        self.in_hand.fetch_sub(1, Ordering::AcqRel);
        if let Err(error) = read {
            assert!(
                error.kind() != std::io::ErrorKind::WouldBlock,
                "{} gives no answer to {request}:\n{}",
                self.name,
                self.log()
            );
        }
        serde_json::from_str(&line).ok()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(child) = self.child.get_mut().unwrap_or_else(PoisonError::into_inner) {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            println!("the log of {}:\n{}", self.name, self.log());
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_microseconds(i64::try_from(since.as_micros()).unwrap())
}

/// The id of an agent by number.
pub(crate) fn agent(number: usize) -> String {
    (1001 + number).to_string()
}

/// A number that nothing else in this process has.
pub(crate) fn next() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn settings(agents: usize) -> String {
    let agents = (0..agents).map(|number| json!({"id": agent(number)}));
    let reasons = (1..=REASONS).flat_map(|code| {
        ["not_ready", "sign_out"].map(
            |category| json!({"category": category, "code": code, "label": format!("R{code}")}),
        )
    });
    // JSON is YAML too.
    json!({
        "agents": agents.collect::<Vec<_>>(),
        "reason_codes": reasons.collect::<Vec<_>>(),
        "voice": {"wrap_up_seconds": 1},
    })
    .to_string()
}

fn private(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o600)).unwrap();
}

/// Below those that Linux gives to outgoing connections, so that it stays free for a while.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("JACKFIELD_BIN") {
        return path.into();
    }
    // target/debug/deps/cluster-… stands two folders below the program.
    let own = std::env::current_exe().unwrap();
    let path = own.parent().and_then(Path::parent).unwrap().join("jackfield");
    assert!(path.exists(), "{} is not built; run cargo xtask test", path.display());
    path
}
