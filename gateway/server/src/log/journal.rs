//! The log as entries of systemd's journal, with every field by its own name.
//!
//! Where standard error is a stream of the journal (`JOURNAL_STREAM` names it), entries go to the
//! journal's socket in its native protocol instead. What cannot be handed over is written to standard
//! error as a line, which ends up in the journal too.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;

use domain::NodeName;
use protocols::journal;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::told::Told;

/// Where the journal listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";
/// What the journal calls entries of this program.
const IDENTIFIER: &str = "jackfield";

/// Writes entries.
pub(super) struct Journal {
    socket: UnixDatagram,
    address: SocketAddr,
    node: Option<String>,
}

/// Whether standard error is the stream that the supervisor says is the journal's.
pub(super) fn is_standard_error() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    names(&stream, io::stderr().as_fd()).unwrap_or(false)
}

/// Whether `stream`, which is `device:inode`, is what `file` refers to.
fn names(stream: &str, file: BorrowedFd<'_>) -> Option<bool> {
    let (device, inode) = stream.split_once(':')?;
    let about = File::from(file.try_clone_to_owned().ok()?).metadata().ok()?;
    Some(device.parse() == Ok(about.dev()) && inode.parse() == Ok(about.ino()))
}

impl Journal {
    /// Entries of `node` to the journal that listens there.
    pub(super) fn open(path: &Path, node: Option<&NodeName>) -> io::Result<Self> {
        let (socket, address) = (UnixDatagram::unbound()?, SocketAddr::from_pathname(path)?);
        // Where nobody listens, lines on standard error are the better way from the start.
        UnixDatagram::unbound()?.connect_addr(&address)?;
        Ok(Self { socket, address, node: node.map(|node| node.to_string()) })
    }
}

impl<S: Subscriber> Layer<S> for Journal {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let told = Told::of(event);
        let entry = entry(&told, self.node.as_deref());
        if self.socket.send_to_addr(&entry, &self.address).is_err() {
            // Where this cannot be written either, nobody is left to tell.
            let _ = writeln!(io::stderr(), "{} {}", told.level, told.line());
        }
    }
}

/// What the journal calls levels.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        _ => "7",
    }
}

fn entry(told: &Told, node: Option<&str>) -> Vec<u8> {
    // Readers show this one only, so it holds the fields as well.
    let message = told.line();
    let (file, line) = told.place.unzip();
    let line = line.map(|line| line.to_string());
    let mut fields = vec![
        ("PRIORITY".to_owned(), priority(told.level)),
        ("SYSLOG_IDENTIFIER".to_owned(), IDENTIFIER),
        ("MESSAGE".to_owned(), message.as_str()),
        ("JACKFIELD_TARGET".to_owned(), told.target),
    ];
    let given =
        [("JACKFIELD_THIS_NODE", node), ("CODE_FILE", file), ("CODE_LINE", line.as_deref())];
    let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    fields.extend(given);
    let own = told.fields.iter();
    fields.extend(own.map(|(name, value)| (format!("JACKFIELD_{name}"), value.as_str())));
    journal::encode(fields.iter().map(|(name, value)| (name.as_str(), *value)))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::registry;

    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn ops_02_the_journal_gets_every_field_by_its_name() {
        let folder = Folder::new();
        let path = folder.path().join("socket");
        let receiver = UnixDatagram::bind(&path).unwrap();
        let node = "gw-a.example".parse().unwrap();
        let journal = Journal::open(&path, Some(&node)).unwrap();
        tracing::subscriber::with_default(registry().with(journal), || {
            tracing::warn!(target: "server::x", listener = "phone", why = "a\nb", "not accepted");
        });
        let mut entry = [0; 4_096];
        let length = receiver.recv(&mut entry).unwrap();
        let entry = String::from_utf8_lossy(&entry[..length]).into_owned();
        let begin = "PRIORITY=4\nSYSLOG_IDENTIFIER=jackfield\n\
                     MESSAGE=not accepted listener=phone why=\"a\\nb\"\n\
                     JACKFIELD_TARGET=server::x\nJACKFIELD_THIS_NODE=gw-a.example\nCODE_FILE=";
        assert!(entry.starts_with(begin), "{entry}");
        let end = "JACKFIELD_LISTENER=phone\nJACKFIELD_WHY\n\u{3}\0\0\0\0\0\0\0a\nb\n";
        assert!(entry.ends_with(end), "{entry}");
    }

    #[test]
    fn a_journal_that_is_away_is_not_written_to() {
        let folder = Folder::new();
        assert!(Journal::open(&folder.path().join("socket"), None).is_err());
    }

    #[test]
    fn only_the_stream_that_is_named_is_the_journals() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let about = File::from(one.as_fd().try_clone_to_owned().unwrap()).metadata().unwrap();
        let stream = format!("{}:{}", about.dev(), about.ino());
        assert_eq!(names(&stream, one.as_fd()), Some(true));
        assert_eq!(
            names(&format!("{}:{}", about.dev(), about.ino() + 1), one.as_fd()),
            Some(false)
        );
        assert_eq!(names("", one.as_fd()), None);
        assert_eq!(names("a:b", one.as_fd()), Some(false));
    }
}
