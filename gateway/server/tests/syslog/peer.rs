//! `jackfield-peers syslog-receiver` as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use server::log::{SyslogReceiver, Transport};
use tokio::sync::mpsc;

/// How long anything may take; nothing here waits for a duration.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that goes with its test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-syslog-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
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

/// A strict receiver; it ends with the value.
pub(crate) struct Peer {
    child: Child,
    endpoints: Value,
    lines: mpsc::UnboundedReceiver<Value>,
}

impl Peer {
    /// With these options; `None` where the program is not built.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        let here = std::env::current_exe().unwrap();
        let program = here.ancestors().nth(2).unwrap().join("jackfield-peers");
        if !program.exists() {
            println!("left out: {} is not built", program.display());
            return None;
        }
        let mut child = Command::new(program)
            .arg("syslog-receiver")
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        let endpoints = serde_json::from_str(ready.strip_prefix("ready ").unwrap()).unwrap();
        let (send, lines) = mpsc::unbounded_channel();
        // It ends with the process.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = send.send(serde_json::from_str(&line).unwrap());
            }
        });
        Some(Self { child, endpoints, lines })
    }

    /// The receiver as it is reached over that transport.
    pub(crate) fn receiver(&self, name: &str, transport: Transport) -> SyslogReceiver {
        let member = match transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        };
        let address: SocketAddr = self.endpoints[member].as_str().unwrap().parse().unwrap();
        SyslogReceiver::new(name, "127.0.0.1", address.port(), transport)
    }

    /// The same over TLS by its name.
    pub(crate) fn private(&self, name: &str, authority: &Path) -> SyslogReceiver {
        SyslogReceiver {
            host: "localhost".to_owned(),
            authorities_pem: Some(std::fs::read_to_string(authority).unwrap()),
            ..self.receiver(name, Transport::Tls)
        }
    }

    /// The next line of whatever sort.
    #[track_caller]
    pub(crate) fn line(&mut self) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            match tokio::time::timeout(PATIENCE, self.lines.recv()).await {
                Ok(Some(line)) => line,
                Ok(None) => panic!("{place}: the receiver ended"),
                Err(_) => panic!("{place}: nothing was received"),
            }
        }
    }

    /// The next message; a breach of the standards fails the test.
    #[track_caller]
    pub(crate) fn message(&mut self) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            loop {
                let line = self.line().await;
                assert_eq!(line.get("violation"), None, "{place}: {line}");
                if line.get("message").is_some() {
                    return line;
                }
            }
        }
    }

    /// The text of the next message.
    pub(crate) async fn text(&mut self) -> String {
        self.message().await["message"]["text"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until somebody connects.
    pub(crate) async fn connected(&mut self) {
        while self.line().await["event"] != "connected" {}
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
