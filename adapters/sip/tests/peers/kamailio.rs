//! A Kamailio with a configuration of ours, on a port of its own at 127.0.0.2.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{PATIENCE, Running, found, fresh_folder, shipped};

/// Where every Kamailio is.
pub(crate) const ADDRESS: &str = "127.0.0.2";

/// A running one.
pub(crate) struct Kamailio {
    program: PathBuf,
    configuration: &'static str,
    defines: Vec<String>,
    pub(crate) port: u16,
    running: Option<Running>,
}

impl Kamailio {
    /// Starts one; `None` where it is not installed.
    pub(crate) fn start(configuration: &'static str, defines: &[String]) -> Option<Self> {
        let program = found("kamailio")?;
        let (defines, port) = (defines.to_vec(), free_port());
        let mut it = Self { program, configuration, defines, port, running: None };
        it.again();
        Some(it)
    }

    /// Starts it anew where it was.
    pub(crate) fn again(&mut self) {
        self.stop();
        let folder = fresh_folder("kamailio");
        let mut command = Command::new(&self.program);
        command
            .arg("-f")
            .arg(shipped(self.configuration))
            .args(["-DD", "-E", "-m", "32", "-M", "4"]);
        command.arg("-Y").arg(&folder).arg("-P").arg(folder.join("pid"));
        for transport in ["udp", "tcp"] {
            command.args(["-l", &format!("{transport}:{ADDRESS}:{}", self.port)]);
        }
        for define in &self.defines {
            command.args(["-A", define]);
        }
        let mut running = Running::start(command, folder);
        // It takes connections before it serves; an answer says that it does.
        let asking = UdpSocket::bind("127.0.0.3:0").unwrap();
        asking.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let own = asking.local_addr().unwrap();
        let deadline = Instant::now() + PATIENCE;
        for number in 0_u32.. {
            let options = format!(
                "OPTIONS sip:{ADDRESS}:{} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKstart{number}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:test@{own}>;tag=1\r\nTo: <sip:test@{own}>\r\n\
                 Call-ID: start\r\nCSeq: {} OPTIONS\r\nContent-Length: 0\r\n\r\n",
                self.port,
                number + 1,
            );
            let _ = asking.send_to(options.as_bytes(), (ADDRESS, self.port));
            if asking.recv(&mut [0; 2_000]).is_ok()
                && TcpStream::connect((ADDRESS, self.port)).is_ok()
            {
                break;
            }
            let ended = running.ended();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "Kamailio does not start ({ended:?}):\n{}",
                running.log()
            );
        }
        self.running = Some(running);
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        self.running = None;
    }
}

/// A port that nobody listens on, for TCP nor UDP.
fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind((ADDRESS, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if UdpSocket::bind((ADDRESS, port)).is_ok() {
            return port;
        }
    }
}
