//! A node as it is run in production: configuration, settings file, its own certificate.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::gateway::{PATIENCE, program};
use crate::supervisor::Supervisor;
use crate::wire;

pub(crate) struct Node {
    child: Child,
    supervisor: Option<Supervisor>,
    pub(crate) folder: PathBuf,
    pub(crate) phone_port: u16,
    pub(crate) operations_port: u16,
    pub(crate) console_port: u16,
}

/// Settings with one agent whose password is `secret-1001`.
pub(crate) const SETTINGS: &str = r#"
teams: [{name: Support}]
agents: [{id: "1001", team: Support, password: secret-1001}]
reason_codes:
  - {category: not_ready, code: 12, label: Lunch}
  - {category: wrap_up, code: 1, label: Sale}
  - {category: sign_out, code: 5, label: End of shift}
"#;

impl Node {
    /// A node named `localhost` that is ready, with `more` in its configuration.
    pub(crate) fn start(more: &str, arguments: &[&str]) -> Self {
        let mut node = Self::spawn(more, arguments);
        node.wait_until_ready();
        node
    }

    /// What everybody on the machine may see of the process, or its own user may: `cmdline`, `environ`.
    pub(crate) fn of_the_process(&self, file: &str) -> Vec<u8> {
        std::fs::read(format!("/proc/{}/{file}", self.child.id())).unwrap()
    }

    /// The same as soon as its process was started.
    pub(crate) fn spawn(more: &str, arguments: &[&str]) -> Self {
        Self::spawn_with(more, "", arguments)
    }

    /// The same with `operations` in the configuration of the listener for monitoring.
    pub(crate) fn spawn_with(more: &str, operations: &str, arguments: &[&str]) -> Self {
        Self::spawn_under(|_| None, more, operations, arguments)
    }

    /// One that is ready, under a supervisor that keeps its sockets.
    pub(crate) fn start_supervised(more: &str) -> Self {
        let supervisor = |folder: &Path| Some(Supervisor::start(folder));
        let mut node = Self::spawn_under(supervisor, more, "", &[]);
        node.wait_until_ready();
        node
    }

    fn spawn_under(
        supervisor: impl FnOnce(&Path) -> Option<Supervisor>,
        more: &str,
        operations: &str,
        arguments: &[&str],
    ) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-node-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = folder.join("settings.yaml");
        std::fs::write(&settings, SETTINGS).unwrap();
        std::fs::set_permissions(&settings, PermissionsExt::from_mode(0o600)).unwrap();
        let (phone_port, operations_port, console_port) = (free_port(), free_port(), free_port());
        let configuration = format!(
            "name = \"localhost\"\nstate_directory = \"{}\"\n{more}\n\
             [listeners.phone]\naddresses = [\"127.0.0.1\"]\nport = {phone_port}\n{}\n\
             [listeners.console]\naddresses = [\"127.0.0.1\"]\nport = {console_port}\n\
             [listeners.sip]\ntls_port = 0\ntcp_port = 0\n[listeners.headset]\nport = 0\n[listeners.identity]\nport = 0\n\
             [listeners.operations]\naddresses = [\"127.0.0.1\"]\nport = {operations_port}\n{operations}\n",
            folder.join("state").display(),
            arguments
                .iter()
                .filter(|it| it.contains(" = "))
                .copied()
                .collect::<Vec<_>>()
                .join("\n"),
        );
        std::fs::write(folder.join("jackfield.toml"), configuration).unwrap();
        let options: Vec<_> = arguments.iter().filter(|it| !it.contains(" = ")).copied().collect();
        let supervisor = supervisor(&folder);
        let child = run(&folder, supervisor.as_ref(), &options);
        Self { child, supervisor, folder, phone_port, operations_port, console_port }
    }

    /// Starts its process anew, which has ended.
    pub(crate) fn spawn_again(&mut self) {
        self.child = run(&self.folder, self.supervisor.as_ref(), &[]);
    }

    pub(crate) fn supervisor(&self) -> &Supervisor {
        self.supervisor.as_ref().expect("it was started under one")
    }

    /// Waits for the end of its process; gives the exit code.
    #[track_caller]
    pub(crate) fn until_ended(&mut self) -> Option<i32> {
        eventually("the node's end", || self.child.try_wait().unwrap()).code()
    }

    /// Runs the command line against it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        Command::new(program("JACKFIELD_BIN", "jackfield"))
            .args(arguments)
            .arg("--socket")
            .arg(self.folder.join("state/admin.sock"))
            .current_dir(&self.folder)
            .output()
            .unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// The certificate it shows, as a file to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        let folder = self.folder.join("state/certificates");
        let found = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        found.filter(|path| is_certificate(path)).max().expect("a certificate")
    }

    pub(crate) fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if std::net::TcpStream::connect(("127.0.0.1", self.operations_port)).is_ok() {
                let url = format!("http://127.0.0.1:{}/readyz", self.operations_port);
                if wire::get_plain(&url).status == 200 {
                    return;
                }
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{ended:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("the node's log:\n{}", self.log());
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn run(folder: &Path, supervisor: Option<&Supervisor>, options: &[&str]) -> Child {
    let program = program("JACKFIELD_BIN", "jackfield");
    let path = folder.join("log");
    let log = std::fs::File::create(&path).unwrap();
    let mut command = match supervisor {
        Some(supervisor) => supervisor.command(&program, &path),
        None => {
            let mut command = Command::new(program);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            command
        }
    };
    command
        .arg("run")
        .arg("--config")
        .arg(folder.join("jackfield.toml"))
        .args(options)
        .current_dir(folder)
        .spawn()
        .unwrap()
}

/// Waits until `found` gives something.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A port that nobody listens on; each is given once, since the system may name one again.
pub(crate) fn free_port() -> u16 {
    static GIVEN: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut given = GIVEN.lock().unwrap();
        if !given.contains(&port) {
            given.push(port);
            return port;
        }
    }
}

fn is_certificate(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.contains("BEGIN CERTIFICATE"))
}

/// nginx with the sample for old phones, until dropped.
pub(crate) struct OldPhonesProxy {
    child: Child,
}

impl OldPhonesProxy {
    /// On that port; `None` where there is no nginx.
    pub(crate) fn start(node: &Node, port: u16) -> Option<Self> {
        let sample = include_str!("../../packaging/old-phones/nginx.conf")
            .replace("PID_FILE", node.folder.join("nginx.pid").to_str().unwrap())
            .replace("LISTEN_ADDRESS", &format!("127.0.0.1:{port}"))
            .replace("GATEWAY_AUTHORITY", &format!("localhost:{}", node.phone_port))
            .replace("CA_FILE", node.certificate().to_str().unwrap());
        let file = node.folder.join("nginx.conf");
        std::fs::File::create(&file).unwrap().write_all(sample.as_bytes()).unwrap();
        let child = Command::new("nginx")
            .args(["-g", "daemon off;", "-c"])
            .arg(&file)
            .args(["-p"])
            .arg(&node.folder)
            .stderr(std::fs::File::create(node.folder.join("nginx.log")).unwrap())
            .spawn();
        let Ok(child) = child else {
            println!("left out: nginx is missing; install nginx-light");
            return None;
        };
        eventually("nginx", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Some(Self { child })
    }
}

impl Drop for OldPhonesProxy {
    fn drop(&mut self) {
        // Its workers end with it when it is asked, not when it is killed.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}
