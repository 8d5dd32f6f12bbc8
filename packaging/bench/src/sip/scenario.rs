//! One run of SIPp with a scenario of ours, and what it says of it.

use std::fmt;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{DOMAIN, FIRST, PASSWORD};
use crate::AnyError;

/// Where SIPp is; the servers are elsewhere.
pub(super) const ADDRESS: &str = "127.0.0.3";
/// How long a run may take beyond its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of a run.
pub(super) struct Figures {
    pub(super) answered_per_second: f64,
    pub(super) failed: f64,
    pub(super) resent: f64,
    pub(super) p99_milliseconds: f64,
    /// CPU time of the server for each request.
    pub(super) microseconds: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered_per_second, failed, resent, p99_milliseconds, microseconds } = self;
        write!(
            formatter,
            "{answered_per_second:>16.0} {failed:>6.0} {resent:>6.0} {p99_milliseconds:>5.0} {microseconds:>7.1}"
        )
    }
}

/// What a run is to be.
pub(super) struct Run<'a> {
    pub(super) scenario: &'a str,
    /// None for phones that wait to be told something.
    pub(super) server: Option<SocketAddr>,
    pub(super) transport: &'a str,
    /// Any where it is 0.
    pub(super) port: u16,
    pub(super) calls_per_second: usize,
    pub(super) calls: usize,
    /// How many users take turns.
    pub(super) users: usize,
}

/// A run that goes on.
pub(super) struct Running {
    child: Child,
    folder: PathBuf,
    begun: Instant,
    until: Instant,
}

/// What a run counted.
pub(super) struct Counts {
    pub(super) done: f64,
    pub(super) failed: f64,
    pub(super) resent: f64,
    pub(super) p99_milliseconds: f64,
    pub(super) took: Duration,
}

impl Run<'_> {
    pub(super) fn start(&self) -> Result<Running, AnyError> {
        let folder = folder("sipp")?;
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/live/sip");
        let mut command = Command::new("sipp");
        command
            .args(self.server.map(|it| it.to_string()))
            .arg("-sf")
            .arg(shipped.join(self.scenario));
        command.args([
            "-t",
            self.transport,
            "-i",
            ADDRESS,
            "-p",
            &self.port.to_string(),
            "-nostdin",
        ]);
        command.args(["-r", &self.calls_per_second.to_string(), "-m", &self.calls.to_string()]);
        command.args(["-l", "20000", "-max_socket", "20000", "-auth_uri", DOMAIN]);
        command.args(["-key", "domain", DOMAIN, "-trace_stat", "-stf", "figures", "-fd", "1"]);
        // Beyond the time of the calls themselves; what is not done then has failed.
        let seconds = self.calls / self.calls_per_second.max(1) + 40;
        command.args(["-timeout", &format!("{seconds}s")]);
        if self.users > 0 {
            let mut text = "SEQUENTIAL\n".to_owned();
            for user in FIRST..FIRST + self.users {
                text += &format!("{user};[authentication username={user} password={PASSWORD}];\n");
            }
            fs::write(folder.join("users"), text)?;
            command.args(["-inf", "users"]);
        }
        command.current_dir(&folder).stdin(Stdio::null());
        command
            .stdout(File::create(folder.join("log"))?)
            .stderr(File::create(folder.join("errors"))?);
        let begun = Instant::now();
        let until = begun + Duration::from_secs(seconds as u64) + PATIENCE;
        Ok(Running { child: command.spawn().map_err(missing("sipp"))?, folder, begun, until })
    }
}

impl Running {
    /// Waits for its end, and at the most for its time.
    pub(super) fn counts(mut self) -> Result<Counts, AnyError> {
        while self.child.try_wait()?.is_none() {
            if Instant::now() > self.until {
                return Err("SIPp does not end".into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let took = self.begun.elapsed();
        let text = fs::read_to_string(self.folder.join("figures"))?;
        let (Some(head), Some(last)) = (text.lines().next(), text.lines().next_back()) else {
            return Err("SIPp counted nothing".into());
        };
        let columns: Vec<(&str, &str)> = head.split(';').zip(last.split(';')).collect();
        let of = |name: &str| {
            let found = columns.iter().find(|(column, _)| *column == name);
            found.and_then(|(_, value)| value.parse::<f64>().ok()).unwrap_or(f64::NAN)
        };
        // What was still under way at the end of its time has failed as well.
        let (done, failed, created) =
            (of("SuccessfulCall(C)"), of("FailedCall(C)"), of("TotalCallCreated"));
        let under_way = created - done - failed;
        Ok(Counts {
            done,
            failed: failed + under_way.max(0.0),
            resent: of("Retransmissions(C)"),
            p99_milliseconds: percentile(&columns),
            took,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The bound below which 99 of 100 answers came, in milliseconds, of those that the scenarios count by.
fn percentile(columns: &[(&str, &str)]) -> f64 {
    // `ResponseTimeRepartition1_<5`, with what is in none of them under `_>=500`.
    let counted: Vec<(f64, f64)> = columns
        .iter()
        .filter_map(|(name, value)| {
            let bound = name.strip_prefix("ResponseTimeRepartition1_")?;
            let count = value.parse().ok()?;
            let bound = bound.strip_prefix('<').map_or(Ok(f64::INFINITY), str::parse);
            Some((bound.ok()?, count))
        })
        .collect();
    let all: f64 = counted.iter().map(|(_, count)| count).sum();
    let mut sum = 0.0;
    for (bound, count) in counted {
        sum += count;
        if sum >= all * 0.99 {
            return bound;
        }
    }
    f64::NAN
}

/// A fresh folder for what programs write.
pub(crate) fn folder(name: &str) -> Result<PathBuf, AnyError> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("jackfield-bench-{name}-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Says which package a program is in.
pub(super) fn missing(program: &'static str) -> impl Fn(std::io::Error) -> AnyError {
    move |error| format!("{program}: {error}; run cargo xtask setup").into()
}

/// Waits until a server answers OPTIONS over UDP with 200.
pub(crate) fn answers(server: SocketAddr, child: &mut Child) -> Result<(), AnyError> {
    let socket = UdpSocket::bind((ADDRESS, 0))?;
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    let own = socket.local_addr()?;
    let deadline = Instant::now() + PATIENCE;
    for number in 1_u32.. {
        let options = format!(
            "OPTIONS sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKstart{number};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:bench@{own}>;tag=1\r\nTo: <sip:bench@{server}>\r\n\
             Call-ID: start{number}\r\nCSeq: {number} OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
        socket.send_to(options.as_bytes(), server)?;
        let mut answer = [0; 2_000];
        let length = socket.recv(&mut answer).unwrap_or(0);
        if answer.get(..length).is_some_and(|it| it.starts_with(b"SIP/2.0 200")) {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            return Err(format!("{server}: it ended with {status}").into());
        }
        if Instant::now() > deadline {
            break;
        }
    }
    Err(format!("{server} does not answer").into())
}

/// A port of that address that nobody has, for TCP nor UDP.
pub(super) fn free_port(address: &str) -> Result<u16, AnyError> {
    let [port] = free_ports(address)?;
    Ok(port)
}

/// Different ports of that address that nobody has, for TCP nor UDP.
pub(crate) fn free_ports<const N: usize>(address: &str) -> Result<[u16; N], AnyError> {
    let (mut held, mut ports) = (Vec::new(), [0; N]);
    for port in &mut ports {
        loop {
            let listener = TcpListener::bind((address, 0))?;
            let free = listener.local_addr()?.port();
            // Held until all are chosen, so that none comes twice.
            held.push(listener);
            if UdpSocket::bind((address, free)).is_ok() {
                *port = free;
                break;
            }
        }
    }
    Ok(ports)
}
