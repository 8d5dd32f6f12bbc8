//! rsyslog as Debian packages it, with a configuration of our own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use server::log::{Framing, SyslogReceiver, Transport};

use crate::log;
use crate::peer::{Folder, PATIENCE, free_port};

/// Debian keeps it where ordinary users do not look for programs.
const PROGRAMS: [&str; 2] = ["/usr/sbin/rsyslogd", "/sbin/rsyslogd"];

/// A running rsyslog that writes what it gets as it understood it.
struct Rsyslog {
    child: Child,
    written: PathBuf,
    port: u16,
    _folder: Folder,
}

impl Rsyslog {
    fn start() -> Option<Self> {
        let Some(program) = PROGRAMS.into_iter().find(|it| std::fs::metadata(it).is_ok()) else {
            println!("left out: rsyslogd is missing; install rsyslog");
            return None;
        };
        let (folder, port) = (Folder::new(), free_port());
        let (written, configuration) = (folder.0.join("written"), folder.0.join("rsyslog.conf"));
        let text = format!(
            "global(workDirectory=\"{}\")\n\
             module(load=\"imtcp\")\n\
             module(load=\"imudp\")\n\
             input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")\n\
             input(type=\"imudp\" address=\"127.0.0.1\" port=\"{port}\")\n\
             action(type=\"omfile\" file=\"{}\" template=\"RSYSLOG_SyslogProtocol23Format\")\n",
            folder.0.display(),
            written.display(),
        );
        std::fs::write(&configuration, text).unwrap();
        let child = Command::new(program)
            .args(["-n", "-f"])
            .arg(&configuration)
            .arg("-i")
            .arg(folder.0.join("pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { child, written, port, _folder: folder })
    }

    /// The first line it has written that holds `text`.
    async fn line(&self, text: &str) -> String {
        let found = async {
            loop {
                let written = std::fs::read_to_string(&self.written).unwrap_or_default();
                if let Some(line) = written.lines().find(|line| line.contains(text)) {
                    return line.to_owned();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("rsyslog writes what it gets")
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn ops_02_rsyslog_understands_every_part() {
    let Some(rsyslog) = Rsyslog::start() else { return };
    let (syslog, _, _guard) = log();
    let receiver = |transport| SyslogReceiver::new("one", "127.0.0.1", rsyslog.port, transport);
    let lines = SyslogReceiver { framing: Framing::Newline, ..receiver(Transport::Tcp) };
    for (number, receiver) in
        [receiver(Transport::Tcp), lines, receiver(Transport::Udp)].into_iter().enumerate()
    {
        syslog.set_receivers(vec![receiver]);
        tracing::warn!(target: "server::listener", number, why = "a \"b\" [c] ü", "nicht möglich");
        let line = rsyslog.line(&format!("number=\"{number}\"")).await;
        let (begin, rest) = line.split_once("Z ").unwrap();
        assert!(begin.starts_with("<132>1 20"), "{line}");
        let expected = format!(
            "gw-a.example.com jackfield {} listener \
             [jackfield@32473 target=\"server::listener\" number=\"{number}\" \
             why=\"a \\\"b\\\" [c\\] ü\"] ",
            std::process::id()
        );
        let text = rest.strip_prefix(&expected).unwrap_or_else(|| panic!("{line}"));
        let words = format!("nicht möglich number={number} why=\"a \\\"b\\\" [c] ü\"");
        assert_eq!(text.trim_start_matches('\u{feff}'), words, "{line}");
    }
}
