//! A server on a port of its own that gives a few files, ended with the test.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use engine::metrics::Metrics;
use provisioning::{Files, NotServed, ServedFile, TftpLimits, Via, serve};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Longer than anything here takes, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(60);

/// Files by name; a name with a slash is none.
struct Few(HashMap<String, ServedFile>);

#[async_trait]
impl Files for Few {
    async fn open(&self, source: IpAddr, name: &str, by: Via) -> Result<ServedFile, NotServed> {
        assert_eq!((by, source), (Via::Tftp, source.to_canonical()));
        if name.contains('/') {
            return Err(NotServed::BadName);
        }
        match name {
            "forbidden" => Err(NotServed::Forbidden),
            "too-large" => Err(NotServed::TooLarge),
            "unreadable" => Err(NotServed::Unreadable),
            "busy" => Err(NotServed::Busy),
            "panics" => panic!("as planned"),
            "hangs" => std::future::pending().await,
            name => self.0.get(name).cloned().ok_or(NotServed::Unknown),
        }
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) folder: Folder,
    metrics: Metrics,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
    runtime: Runtime,
}

impl Server {
    /// Serves these to everybody on this machine.
    pub(crate) fn start(files: &[(&str, &[u8])]) -> Self {
        Self::with(limits(), "127.0.0.1", files)
    }

    pub(crate) fn with(limits: TftpLimits, address: &str, files: &[(&str, &[u8])]) -> Self {
        let files = files
            .iter()
            .map(|(name, content)| (*name, ServedFile::made(Bytes::copy_from_slice(content))));
        Self::serving(limits, address, files.collect())
    }

    /// Serves one file that is open.
    pub(crate) fn with_open(limits: TftpLimits, name: &str, file: File) -> Self {
        let length = file.metadata().unwrap().len();
        let file = ServedFile::kept(Arc::new(file), length);
        Self::serving(limits, "127.0.0.1", vec![(name, file)])
    }

    fn serving(limits: TftpLimits, address: &str, files: Vec<(&str, ServedFile)>) -> Self {
        let socket = UdpSocket::bind((address, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let files = files.into_iter().map(|(name, file)| (name.to_owned(), file)).collect();
        let (metrics, (stop, stopping)) = (Metrics::new(), watch::channel(false));
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        let files = Arc::new(Few(files));
        let serving = runtime.spawn(serve(vec![socket], files, limits, metrics.clone(), stopping));
        // Figures are there from its first moment on.
        wait_until("it serves", || !metrics.text().is_empty());
        Self { address, folder: Folder::new(), metrics, stop, serving, runtime }
    }

    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(self) {
        self.stop.send_replace(true);
        let serving = self.serving;
        let ended = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, serving).await });
        ended.expect("it ends").unwrap();
    }

    /// Tells it to stop, without waiting.
    pub(crate) fn begin_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// The value of one figure.
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let text = String::from_utf8(self.metrics.text()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }

    /// How many transfers ended like that.
    pub(crate) fn ended(&self, how: &str) -> u64 {
        self.figure(&format!("jackfield_tftp_transfers_ended_total{{result=\"{how}\"}}"))
    }

    /// How many requests met silence for that reason.
    pub(crate) fn dropped(&self, reason: &str) -> u64 {
        self.figure(&format!("jackfield_tftp_dropped_total{{reason=\"{reason}\"}}"))
    }

    /// How many requests were answered like that.
    pub(crate) fn answered(&self, result: &str) -> u64 {
        self.figure(&format!("jackfield_tftp_requests_total{{result=\"{result}\"}}"))
    }

    pub(crate) fn sent_bytes(&self) -> u64 {
        self.figure("jackfield_tftp_sent_bytes_total")
    }
}

/// Limits under which clients of this machine get what they ask for, and nothing twice since the machine is busy.
pub(crate) fn limits() -> TftpLimits {
    TftpLimits {
        timeout: Duration::from_secs(5),
        allowed_networks: ["127.0.0.0/8", "::1/128"].map(|it| it.parse().unwrap()).into(),
        ..TftpLimits::default()
    }
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} does not come true");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Bytes without a pattern that a block could repeat.
pub(crate) fn content(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A folder of one test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-tftp-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An open file of which nothing is left in any folder.
pub(crate) fn open_file(content: &[u8]) -> File {
    let folder = Folder::new();
    let mut options = File::options();
    let options = options.read(true).write(true).create_new(true);
    let mut file = options.open(folder.file("open")).unwrap();
    file.write_all(content).unwrap();
    file
}
