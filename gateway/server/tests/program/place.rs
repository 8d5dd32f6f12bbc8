//! A folder of one test, and the program started in it.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustls_pki_types::pem::PemObject;
use serde_json::Value;

/// Nothing here may take longer; a debug build on a busy machine takes its time.
const DEADLINE: Duration = Duration::from_secs(60);

/// A folder of one test, removed afterwards.
pub(crate) struct Place {
    folder: PathBuf,
}

/// The program at work.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Place {
    pub(crate) fn new() -> Self {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-program-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        // It may hold passwords.
        let _ = std::fs::remove_file(&path);
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.unwrap().write_all(text.as_bytes()).unwrap();
        path
    }

    /// Runs the program to its end; arguments with `@` in front name files here.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts the program with its log in a file here.
    pub(crate) fn start(&self, arguments: &[&str], environment: &[(&str, &Path)]) -> Program {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let log = self.path(&format!("log-{count}"));
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
        Program { child, log }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jackfield"));
        command.env_remove("NOTIFY_SOCKET");
        for argument in arguments {
            match argument.strip_prefix('@') {
                Some(name) => command.arg(self.path(name)),
                None => command.arg(argument),
            };
        }
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Program {
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Its exit code; `None` where a signal ended it.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let status = until(|| self.child.try_wait().unwrap());
        status.code()
    }

    /// Asks it to stop and gives the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.end()
    }

    /// TCP ports it listens on, as the kernel tells.
    pub(crate) fn listening_ports(&self) -> BTreeSet<u16> {
        let process = format!("/proc/{}", self.child.id());
        let sockets: BTreeSet<String> = std::fs::read_dir(format!("{process}/fd"))
            .unwrap()
            .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
            .filter_map(|target| {
                let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
                Some(inode.to_owned())
            })
            .collect();
        // Without IPv6 there is no second table.
        let tables = ["tcp", "tcp6"].map(|table| {
            std::fs::read_to_string(format!("{process}/net/{table}")).unwrap_or_default()
        });
        let rows = tables.iter().flat_map(|table| table.lines().skip(1));
        rows.filter_map(|row| {
            let columns: Vec<_> = row.split_whitespace().collect();
            let listens = columns[3] == "0A" && sockets.contains(columns[9]);
            let port = columns[1].rsplit_once(':')?.1;
            listens.then(|| u16::from_str_radix(port, 16).unwrap())
        })
        .collect()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until the log holds `text`.
    pub(crate) fn logs(&mut self, text: &str) {
        until(|| {
            let ended = self.child.try_wait().unwrap();
            let log = self.log();
            assert!(ended.is_none() || log.contains(text), "{ended:?} without {text:?}: {log}");
            log.contains(text).then_some(())
        });
    }

    /// Waits for a JSON file that is written when all is ready.
    pub(crate) fn writes(&mut self, path: &Path) -> Value {
        until(|| {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", self.log());
            let text = std::fs::read(path).ok()?;
            Some(serde_json::from_slice(&text).expect("a file that is there is whole"))
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `look` finds something.
pub(crate) fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "it never came to that");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// GET over plain HTTP.
pub(crate) fn get(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    exchange(&mut stream, host, &format!("/{path}"))
}

/// GET over HTTPS on `127.0.0.1`, trusting the certificate in `ca` alone; an error where the
/// handshake fails.
pub(crate) fn get_secure(url: &str, ca: &Path) -> Result<String, String> {
    let (host, path) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
    let (name, port) = host.split_once(':').unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls_pki_types::CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = rustls_pki_types::ServerName::try_from(name.to_owned()).unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
    session.complete_io(&mut stream).map_err(|error| error.to_string())?;
    let mut stream = rustls::StreamOwned::new(session, stream);
    Ok(exchange(&mut stream, host, &format!("/{path}")))
}

fn exchange(stream: &mut (impl Read + Write), host: &str, path: &str) -> String {
    let asked = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // The other side may close without TLS's own goodbye.
    let _ = stream.read_to_end(&mut answer);
    text(&answer)
}

/// A port that nobody listens on; each is given once, since the system may name one again.
pub(crate) fn free_port() -> u16 {
    static GIVEN: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());
    loop {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut given = GIVEN.lock().unwrap();
        if !given.contains(&port) {
            given.push(port);
            return port;
        }
    }
}
