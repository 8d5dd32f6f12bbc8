//! A stand-in for the service manager: it hears what a node tells it, keeps the sockets that it is handed,
//! and hands them to the next process.
//!
//! Three sockets fit a start, since a shell puts them in their places: they come as its standard streams.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::cmsg_space;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

/// Puts the sockets where a service looks for them, and becomes the service.
const LAUNCHER: &str = r#"
exec 3<&0 4<&1 5<&2 </dev/null >/dev/null 2>>"$LAUNCHER_LOG"
export LISTEN_PID=$$
exec "$@"
"#;

/// What it is told ends it.
const END: &str = "END";

pub(crate) struct Supervisor {
    socket: PathBuf,
    kept: Kept,
    listening: Option<JoinHandle<()>>,
}

type Kept = Arc<Mutex<Vec<(String, OwnedFd)>>>;

impl Supervisor {
    /// One that listens in that folder.
    pub(crate) fn start(folder: &Path) -> Self {
        let socket = folder.join("notify.sock");
        let listener = UnixDatagram::bind(&socket).unwrap();
        let kept = Kept::default();
        let keeping = Arc::clone(&kept);
        let listening = std::thread::spawn(move || while hear(&listener, &keeping) {});
        Self { socket, kept, listening: Some(listening) }
    }

    /// A command that starts `program` as a service with all that is kept; what it logs goes to a file.
    pub(crate) fn command(&self, program: &Path, log: &Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", LAUNCHER, "launcher"]).arg(program);
        command.env("NOTIFY_SOCKET", &self.socket).env("LAUNCHER_LOG", log);
        let kept = self.kept.lock().unwrap();
        let names: Vec<_> = kept.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.len() <= 3, "the launcher has three places: {names:?}");
        command.env("LISTEN_FDS", names.len().to_string()).env("LISTEN_FDNAMES", names.join(":"));
        let mut sockets = kept.iter().map(|(_, socket)| socket.try_clone().unwrap());
        let mut next = || sockets.next().map_or_else(Stdio::null, Stdio::from);
        command.stdin(next()).stdout(next()).stderr(next());
        command
    }

    /// Names under which sockets are kept, sorted.
    pub(crate) fn kept(&self) -> Vec<String> {
        let kept = self.kept.lock().unwrap();
        let mut names: Vec<_> = kept.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }
}

/// Takes one message; false at the end.
fn hear(listener: &UnixDatagram, kept: &Kept) -> bool {
    let mut bytes = [0; 4096];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(8))];
    let mut with = RecvAncillaryBuffer::new(&mut space);
    let mut into = [IoSliceMut::new(&mut bytes)];
    let received = recvmsg(listener, &mut into, &mut with, RecvFlags::CMSG_CLOEXEC).unwrap();
    let mut sockets: Vec<_> = with
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
            _ => None,
        })
        .flatten()
        .collect();
    let told = String::from_utf8_lossy(&bytes[..received.bytes]).into_owned();
    let name = told.lines().find_map(|line| line.strip_prefix("FDNAME="));
    let mut kept = kept.lock().unwrap();
    match (told.lines().next(), name) {
        (Some(END), _) => return false,
        (Some("FDSTORE=1"), Some(name)) => {
            assert!(!name.contains(':') && name.len() <= 255, "{name}");
            kept.extend(sockets.drain(..).map(|socket| (name.to_owned(), socket)));
        }
        (Some("FDSTOREREMOVE=1"), Some(name)) => kept.retain(|(its, _)| its != name),
        // Closing what came with it is the answer.
        (Some("BARRIER=1"), _) => drop(sockets),
        _ => {}
    }
    true
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let end = UnixDatagram::unbound().and_then(|it| it.send_to(END.as_bytes(), &self.socket));
        if let Some(listening) = self.listening.take().filter(|_| end.is_ok()) {
            let _ = listening.join();
        }
    }
}
